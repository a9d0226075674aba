#include "whip/h264_profile.h"

#include <errno.h>
#include <string.h>

#include "wire/sdp.h"

enum {
    CONSTRAINT_SET0 = 0x80,
    CONSTRAINT_SET1 = 0x40,
    CONSTRAINT_SET4 = 0x08,
    CONSTRAINT_SET5 = 0x04,
};

enum jt_h264_profile jt_h264_profile_of(const uint8_t profile_level_id[3])
{
    uint8_t constraints = profile_level_id[1];

    switch (profile_level_id[0]) {
    case 0x42:
        return constraints & CONSTRAINT_SET1 ? JT_H264_CONSTRAINED_BASELINE : JT_H264_BASELINE;
    case 0x4d:
        return constraints & CONSTRAINT_SET0 ? JT_H264_CONSTRAINED_BASELINE : JT_H264_MAIN;
    case 0x58: /* Extended: only where it says that it is also one of the others */
        if (!(constraints & CONSTRAINT_SET0))
            return JT_H264_PROFILE_UNKNOWN;
        return constraints & CONSTRAINT_SET1 ? JT_H264_CONSTRAINED_BASELINE : JT_H264_BASELINE;
    case 0x64:
        return constraints & CONSTRAINT_SET4 && constraints & CONSTRAINT_SET5
                   ? JT_H264_CONSTRAINED_HIGH
                   : JT_H264_HIGH;
    case 0xf4:
        return JT_H264_HIGH_444;
    default:
        return JT_H264_PROFILE_UNKNOWN;
    }
}

int jt_h264_profile_parse(const char *text, unsigned long size, uint8_t out[3])
{
    static const char digits[] = "0123456789abcdef";
    uint8_t value[3] = {0};

    if (size != 6)
        return -EBADMSG;
    for (unsigned long i = 0; i < size; i++) {
        const char *digit = memchr(digits, text[i] | 0x20, 16);

        if (!digit)
            return -EBADMSG;
        value[i / 2] = (uint8_t)(value[i / 2] << 4 | (digit - digits));
    }
    memcpy(out, value, sizeof(value));
    return 0;
}

/** The payload's profile-level-id if it is H.264 with single NAL units, STAP-A and FU-A allowed
 * (packetization-mode 1). */
static bool read_payload(const struct jt_sdp_payload *payload, uint8_t profile_level_id[3])
{
    static const uint8_t fallback[3] = {0x42, 0x00, 0x0a}; /* RFC 6184 §8.1 */
    struct jt_text mode, id;

    if (!jt_text_is_nocase(payload->encoding, "H264") ||
        !jt_sdp_fmtp_find(payload->fmtp, "packetization-mode", &mode) || !jt_text_is(mode, "1"))
        return false;
    memcpy(profile_level_id, fallback, sizeof(fallback));
    return !jt_sdp_fmtp_find(payload->fmtp, "profile-level-id", &id) ||
           jt_h264_profile_parse(id.data, id.size, profile_level_id) == 0;
}

/* The less the better. A High stream of ours has neither B-frames nor fields: that is Constrained
 * High, only unsaid. */
static int badness(enum jt_h264_profile offered, enum jt_h264_profile stream)
{
    static const int lower[JT_H264_PROFILE_UNKNOWN + 1] = {
        [JT_H264_MAIN] = 20,
        [JT_H264_CONSTRAINED_BASELINE] = 21,
        [JT_H264_BASELINE] = 22,
        [JT_H264_CONSTRAINED_HIGH] = 23,
        [JT_H264_HIGH] = 24,
        [JT_H264_HIGH_444] = 25,
        [JT_H264_PROFILE_UNKNOWN] = 26,
    };

    if (stream == JT_H264_HIGH && offered == JT_H264_CONSTRAINED_HIGH)
        return 1;
    if (offered < stream || offered == JT_H264_PROFILE_UNKNOWN)
        return lower[offered];
    return 2 * ((int)offered - (int)stream);
}

bool jt_h264_profile_choose(const struct jt_sdp_section *section, const uint8_t stream[3],
                            struct jt_h264_choice *out)
{
    enum jt_h264_profile wanted = jt_h264_profile_of(stream);
    int best = -1;

    if (wanted == JT_H264_PROFILE_UNKNOWN)
        wanted = JT_H264_CONSTRAINED_BASELINE;
    for (int i = 0; i < section->payload_count; i++) {
        uint8_t id[3];
        int cost;

        if (!read_payload(&section->payloads[i], id))
            continue;
        cost = badness(jt_h264_profile_of(id), wanted);
        if (best >= 0 && cost >= best)
            continue;
        best = cost;
        out->payload = &section->payloads[i];
        memcpy(out->profile_level_id, id, sizeof(id));
        out->is_exact = cost == 0;
    }
    return best >= 0;
}
