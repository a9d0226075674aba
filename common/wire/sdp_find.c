/* Looking things up in a parsed description: the rest of wire/sdp.h. */
#include "wire/sdp.h"

enum { PAYLOAD_TYPE_MAX = 127 };

const struct jt_sdp_payload *jt_sdp_payload_find(const struct jt_sdp_section *section, uint8_t type)
{
    for (size_t i = 0; i < section->payload_count; i++)
        if (section->payloads[i].type == type)
            return &section->payloads[i];
    return NULL;
}

const struct jt_sdp_payload *jt_sdp_rtx_find(const struct jt_sdp_section *section, uint8_t type)
{
    for (size_t i = 0; i < section->payload_count; i++) {
        const struct jt_sdp_payload *payload = &section->payloads[i];
        struct jt_text apt;
        uint64_t number;

        if (jt_text_is_nocase(payload->encoding, "rtx") &&
            jt_sdp_fmtp_find(payload->fmtp, "apt", &apt) &&
            jt_text_number(apt, PAYLOAD_TYPE_MAX, &number) == 0 && number == type)
            return payload;
    }
    return NULL;
}

const struct jt_sdp_extmap *jt_sdp_extmap_find(const struct jt_sdp_section *section,
                                               const char *uri)
{
    for (size_t i = 0; i < section->extmap_count; i++)
        if (jt_text_is(section->extmaps[i].uri, uri))
            return &section->extmaps[i];
    return NULL;
}

bool jt_sdp_fmtp_find(struct jt_text fmtp, const char *name, struct jt_text *value)
{
    while (fmtp.size) {
        struct jt_text parameter = jt_text_cut(&fmtp, ';');
        struct jt_text key = jt_text_trim(jt_text_cut(&parameter, '='));

        if (!jt_text_is_nocase(key, name))
            continue;
        *value = jt_text_trim(parameter);
        return true;
    }
    return false;
}

bool jt_sdp_simulcast_next(struct jt_text *list, struct jt_text *rid, bool *is_paused)
{
    struct jt_text stream;

    if (!list->size)
        return false;
    stream = jt_text_cut(list, ';');
    stream = jt_text_cut(&stream, ',');
    *is_paused = jt_text_skip(&stream, "~");
    *rid = stream;
    return true;
}

const char *jt_sdp_direction_name(enum jt_sdp_direction direction)
{
    static const char *const names[] = {
        [JT_SDP_INACTIVE] = "inactive",
        [JT_SDP_SENDONLY] = "sendonly",
        [JT_SDP_RECVONLY] = "recvonly",
        [JT_SDP_SENDRECV] = "sendrecv",
    };

    return names[direction];
}
