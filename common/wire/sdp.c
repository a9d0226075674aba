#include "wire/sdp.h"

#include <errno.h>
#include <string.h>

#include "wire/sdp_lines.h"

enum {
    UFRAG_MIN_BYTES = 4, /* RFC 8839 §5.4 */
    PWD_MIN_BYTES = 22,
    PAYLOAD_TYPE_MAX = 127,
    EXTMAP_ID_RESERVED = 15, /* RFC 8285 §4.2 */
    EXTMAP_ID_MAX = 255, /* §4.3; offers may hold 4096 and up, which nobody can use as they are */
    PREAMBLE_LINES = 3,  /* v=, o=, s=: RFC 8866 §5 fixes their order */
};

struct parse {
    struct jt_sdp *out;
    struct jt_sdp_section *section; /* NULL before the first m= */
    struct jt_sdp_transport session;
    enum jt_sdp_direction session_direction;
    bool has_session_crypto;
    bool has_time; /* t= */
};

static struct jt_sdp_transport *transport_of(struct parse *p)
{
    return p->section ? &p->section->transport : &p->session;
}

static int set_once(struct jt_text *field, struct jt_text value)
{
    if (field->size && !jt_text_equal(*field, value))
        return -EBADMSG;
    *field = value;
    return 0;
}

static int read_payload_type(struct jt_text word, uint8_t *out)
{
    uint64_t number;

    if (jt_text_number(word, PAYLOAD_TYPE_MAX, &number) < 0)
        return -EBADMSG;
    *out = (uint8_t)number;
    return 0;
}

static struct jt_sdp_payload *find_payload(struct jt_sdp_section *section, uint8_t type)
{
    for (size_t i = 0; i < section->payload_count; i++)
        if (section->payloads[i].type == type)
            return &section->payloads[i];
    return NULL;
}

/* The payload an attribute line is about. `out` is NULL when the m= line does not have it. */
static int take_payload(struct parse *p, struct jt_text *value, struct jt_sdp_payload **out)
{
    uint8_t type;

    if (read_payload_type(jt_sdp_word(value), &type) < 0)
        return -EBADMSG;
    *out = find_payload(p->section, type);
    *value = jt_text_trim(*value);
    return 0;
}

static int on_group(struct parse *p, struct jt_text value)
{
    if (jt_text_is(jt_sdp_word(&value), "BUNDLE") && !p->out->bundle.data)
        p->out->bundle = value;
    return 0;
}

static int on_ice_lite(struct parse *p, struct jt_text value)
{
    (void)value;
    p->out->has_ice_lite = true;
    return 0;
}

static int on_extmap_allow_mixed(struct parse *p, struct jt_text value)
{
    (void)value;
    p->out->has_extmap_allow_mixed = true;
    return 0;
}

static int on_ice_ufrag(struct parse *p, struct jt_text value)
{
    if (!jt_sdp_is_ice_text(value, UFRAG_MIN_BYTES))
        return -EBADMSG;
    return set_once(&transport_of(p)->ice_ufrag, value);
}

static int on_ice_pwd(struct parse *p, struct jt_text value)
{
    if (!jt_sdp_is_ice_text(value, PWD_MIN_BYTES))
        return -EBADMSG;
    return set_once(&transport_of(p)->ice_pwd, value);
}

static int on_ice_options(struct parse *p, struct jt_text value)
{
    while (value.size)
        if (jt_text_is(jt_sdp_word(&value), "trickle"))
            transport_of(p)->has_trickle = true;
    return 0;
}

static int on_setup(struct parse *p, struct jt_text value)
{
    static const char *const names[] = {
        [JT_SDP_SETUP_ACTPASS] = "actpass",
        [JT_SDP_SETUP_ACTIVE] = "active",
        [JT_SDP_SETUP_PASSIVE] = "passive",
        [JT_SDP_SETUP_HOLDCONN] = "holdconn",
    };
    struct jt_sdp_transport *transport = transport_of(p);
    unsigned setup = JT_SDP_SETUP_ACTPASS;

    while (setup < JT_COUNT(names) && !jt_text_is(value, names[setup]))
        setup++;
    if (setup == JT_COUNT(names))
        return -EBADMSG;
    if (transport->setup != JT_SDP_SETUP_NONE && transport->setup != setup)
        return -EBADMSG;
    transport->setup = (enum jt_sdp_setup)setup;
    return 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static int read_digest(struct jt_text text, struct jt_sdp_fingerprint *out)
{
    while (text.size) {
        struct jt_text pair = jt_text_cut(&text, ':');
        int high = pair.size == 2 ? hex_digit(pair.data[0]) : -1;
        int low = pair.size == 2 ? hex_digit(pair.data[1]) : -1;

        if (high < 0 || low < 0 || out->digest_bytes == JT_SDP_DIGEST_MAX_BYTES)
            return -EBADMSG;
        out->digest[out->digest_bytes++] = (uint8_t)(high << 4 | low);
    }
    return out->digest_bytes ? 0 : -EBADMSG;
}

/* RFC 8122 §5: the hash fixes the digest's size. A hash not listed may have any. */
static bool is_digest_size_right(const struct jt_sdp_fingerprint *fingerprint)
{
    static const struct {
        const char *hash;
        uint8_t bytes;
    } sizes[] = {
        {"md2", 16},     {"md5", 16},     {"sha-1", 20},   {"sha-224", 28},
        {"sha-256", 32}, {"sha-384", 48}, {"sha-512", 64},
    };

    for (size_t i = 0; i < JT_COUNT(sizes); i++)
        if (jt_text_is_nocase(fingerprint->hash, sizes[i].hash))
            return fingerprint->digest_bytes == sizes[i].bytes;
    return true;
}

static bool has_fingerprint(const struct jt_sdp_transport *transport,
                            const struct jt_sdp_fingerprint *wanted)
{
    for (size_t i = 0; i < transport->fingerprint_count; i++) {
        const struct jt_sdp_fingerprint *known = &transport->fingerprints[i];

        /* without regard to the hash's case: equal digests of equal size mean one certificate */
        if (known->digest_bytes == wanted->digest_bytes &&
            memcmp(known->digest, wanted->digest, known->digest_bytes) == 0 &&
            known->hash.size == wanted->hash.size)
            return true;
    }
    return false;
}

static int on_fingerprint(struct parse *p, struct jt_text value)
{
    struct jt_sdp_transport *transport = transport_of(p);
    struct jt_sdp_fingerprint fingerprint = {.hash = jt_sdp_word(&value)};

    if (read_digest(jt_text_trim(value), &fingerprint) < 0 || !fingerprint.hash.size ||
        !is_digest_size_right(&fingerprint))
        return -EBADMSG;
    if (has_fingerprint(transport, &fingerprint))
        return 0;
    if (transport->fingerprint_count == JT_SDP_FINGERPRINTS_MAX)
        return -EBADMSG;
    transport->fingerprints[transport->fingerprint_count++] = fingerprint;
    return 0;
}

static int set_direction(struct parse *p, enum jt_sdp_direction direction)
{
    if (p->section)
        p->section->direction = direction;
    else
        p->session_direction = direction;
    return 0;
}

static int on_sendrecv(struct parse *p, struct jt_text value)
{
    (void)value;
    return set_direction(p, JT_SDP_SENDRECV);
}

static int on_sendonly(struct parse *p, struct jt_text value)
{
    (void)value;
    return set_direction(p, JT_SDP_SENDONLY);
}

static int on_recvonly(struct parse *p, struct jt_text value)
{
    (void)value;
    return set_direction(p, JT_SDP_RECVONLY);
}

static int on_inactive(struct parse *p, struct jt_text value)
{
    (void)value;
    return set_direction(p, JT_SDP_INACTIVE);
}

static int on_crypto(struct parse *p, struct jt_text value)
{
    (void)value;
    if (p->section)
        p->section->has_crypto = true;
    else
        p->has_session_crypto = true;
    return 0;
}

static int on_mid(struct parse *p, struct jt_text value)
{
    if (!value.size || memchr(value.data, ' ', value.size) || p->section->mid.size)
        return -EBADMSG;
    for (size_t i = 0; i < p->out->section_count; i++)
        if (jt_text_equal(p->out->sections[i].mid, value))
            return -EBADMSG;
    p->section->mid = value;
    return 0;
}

static int on_rtcp_mux(struct parse *p, struct jt_text value)
{
    (void)value;
    p->section->has_rtcp_mux = true;
    return 0;
}

static int on_rtcp_rsize(struct parse *p, struct jt_text value)
{
    (void)value;
    p->section->has_rtcp_rsize = true;
    return 0;
}

static int on_bundle_only(struct parse *p, struct jt_text value)
{
    (void)value;
    p->section->is_bundle_only = true;
    return 0;
}

static int on_candidate(struct parse *p, struct jt_text value)
{
    (void)value; /* ICE-lite: counted, never looked at, never sent to (threat H13) */
    p->section->candidate_count++;
    return 0;
}

static int on_end_of_candidates(struct parse *p, struct jt_text value)
{
    (void)value;
    p->section->has_end_of_candidates = true;
    return 0;
}

/* RFC 8866 §6.6: "111 opus/48000/2" */
static int on_rtpmap(struct parse *p, struct jt_text value)
{
    struct jt_sdp_payload *payload;
    struct jt_text encoding;
    uint64_t clock_hz;
    uint64_t channels = 1;

    if (take_payload(p, &value, &payload) < 0)
        return -EBADMSG;
    encoding = jt_text_cut(&value, '/');
    if (!encoding.size || jt_text_number(jt_text_cut(&value, '/'), UINT32_MAX, &clock_hz) < 0 ||
        clock_hz == 0)
        return -EBADMSG;
    if (value.size && (jt_text_number(value, UINT8_MAX, &channels) < 0 || channels == 0))
        return -EBADMSG;
    if (!payload)
        return 0;
    payload->encoding = encoding;
    payload->clock_hz = (uint32_t)clock_hz;
    payload->channels = (uint8_t)channels;
    return 0;
}

static int on_fmtp(struct parse *p, struct jt_text value)
{
    struct jt_sdp_payload *payload;

    if (take_payload(p, &value, &payload) < 0)
        return -EBADMSG;
    if (payload && !payload->fmtp.size)
        payload->fmtp = value;
    return 0;
}

static uint8_t feedback_bit(struct jt_text text)
{
    static const struct {
        const char *text;
        uint8_t bit;
    } known[] = {
        {"nack", JT_SDP_FB_NACK},
        {"nack pli", JT_SDP_FB_NACK_PLI},
        {"ccm fir", JT_SDP_FB_CCM_FIR},
        {"goog-remb", JT_SDP_FB_REMB},
        {"transport-cc", JT_SDP_FB_TRANSPORT_CC},
    };

    for (size_t i = 0; i < JT_COUNT(known); i++)
        if (jt_text_is(text, known[i].text))
            return known[i].bit;
    return 0;
}

/* RFC 4585 §4.2: "96 nack pli" or "* nack" */
static int on_rtcp_fb(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section = p->section;
    struct jt_sdp_payload *payload;

    if (jt_text_skip(&value, "* ")) {
        for (size_t i = 0; i < section->payload_count; i++)
            section->payloads[i].feedback |= feedback_bit(jt_text_trim(value));
        return 0;
    }
    if (take_payload(p, &value, &payload) < 0)
        return -EBADMSG;
    if (payload)
        payload->feedback |= feedback_bit(value);
    return 0;
}

static int read_direction(struct jt_text text, enum jt_sdp_direction *out)
{
    for (unsigned i = JT_SDP_INACTIVE; i <= JT_SDP_SENDRECV; i++) {
        if (!jt_text_is(text, jt_sdp_direction_name((enum jt_sdp_direction)i)))
            continue;
        *out = (enum jt_sdp_direction)i;
        return 0;
    }
    return -EBADMSG;
}

static bool has_extmap_id(const struct jt_sdp_section *section, uint64_t id)
{
    for (size_t i = 0; i < section->extmap_count; i++)
        if (section->extmaps[i].id == id)
            return true;
    return false;
}

/* RFC 8285 §5: "3/recvonly URI attributes". What can't be used is left out rather than refused. */
static int on_extmap(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section = p->section;
    struct jt_text direction_text = jt_sdp_word(&value);
    struct jt_text id_text = jt_text_cut(&direction_text, '/');
    struct jt_text uri = jt_sdp_word(&value);
    enum jt_sdp_direction direction = JT_SDP_SENDRECV;
    uint64_t id;

    if (!uri.size || jt_text_number(id_text, UINT16_MAX, &id) < 0 || id == 0 ||
        (direction_text.size && read_direction(direction_text, &direction) < 0))
        return -EBADMSG;
    if (id == EXTMAP_ID_RESERVED || id > EXTMAP_ID_MAX || has_extmap_id(section, id) ||
        section->extmap_count == JT_SDP_EXTMAPS_MAX)
        return 0;
    section->extmaps[section->extmap_count++] =
        (struct jt_sdp_extmap){.id = (uint8_t)id, .direction = direction, .uri = uri};
    return 0;
}

/* RFC 8830 §2: "stream track"; the track may be missing. */
static int on_msid(struct parse *p, struct jt_text value)
{
    if (p->section->msid_stream.size)
        return 0; /* more streams of the same track */
    p->section->msid_stream = jt_sdp_word(&value);
    p->section->msid_track = jt_sdp_word(&value);
    return 0;
}

static int read_ssrc(struct jt_text word, uint32_t *out)
{
    uint64_t number;

    if (jt_text_number(word, UINT32_MAX, &number) < 0)
        return -EBADMSG;
    *out = (uint32_t)number;
    return 0;
}

/* RFC 5576 §4.1: one line per attribute of a source */
static int on_ssrc(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section = p->section;
    uint32_t ssrc;

    if (read_ssrc(jt_sdp_word(&value), &ssrc) < 0)
        return -EBADMSG;
    for (size_t i = 0; i < section->ssrc_count; i++)
        if (section->ssrcs[i] == ssrc)
            return 0;
    if (section->ssrc_count < JT_SDP_SSRCS_MAX)
        section->ssrcs[section->ssrc_count++] = ssrc;
    return 0;
}

static int on_ssrc_group(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section = p->section;
    uint32_t media;
    uint32_t rtx;

    if (!jt_text_is(jt_sdp_word(&value), "FID"))
        return 0;
    if (read_ssrc(jt_sdp_word(&value), &media) < 0 || read_ssrc(jt_sdp_word(&value), &rtx) < 0)
        return -EBADMSG;
    if (section->fid_count == JT_COUNT(section->fids))
        return 0;
    section->fids[section->fid_count][0] = media;
    section->fids[section->fid_count][1] = rtx;
    section->fid_count++;
    return 0;
}

/* RFC 8851 §4: "q send pt=96;max-width=320" */
static int on_rid(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section = p->section;
    struct jt_sdp_rid rid = {.id = jt_sdp_word(&value)};
    struct jt_text direction = jt_sdp_word(&value);

    rid.is_send = jt_text_is(direction, "send");
    rid.restrictions = jt_text_trim(value);
    if (!rid.id.size || (!rid.is_send && !jt_text_is(direction, "recv")) ||
        section->rid_count == JT_SDP_RIDS_MAX)
        return -EBADMSG;
    section->rids[section->rid_count++] = rid;
    return 0;
}

/* RFC 8853 §5.1: "send q;h;f recv a" */
static int on_simulcast(struct parse *p, struct jt_text value)
{
    while (value.size) {
        struct jt_text direction = jt_sdp_word(&value);
        struct jt_text list = jt_sdp_word(&value);
        bool is_send = jt_text_is(direction, "send");

        if (!list.size || (!is_send && !jt_text_is(direction, "recv")))
            return -EBADMSG;
        if (is_send)
            p->section->simulcast_send = list;
        else
            p->section->simulcast_recv = list;
    }
    return 0;
}

enum { SESSION = 1, MEDIA = 2, BOTH = SESSION | MEDIA };

static const struct attribute {
    const char *name;
    int levels; /* where it means something; elsewhere it is ignored */
    int (*read)(struct parse *p, struct jt_text value);
} attributes[] = {
    {"bundle-only", MEDIA, on_bundle_only},
    {"candidate", MEDIA, on_candidate},
    {"crypto", BOTH, on_crypto},
    {"end-of-candidates", MEDIA, on_end_of_candidates},
    {"extmap", MEDIA, on_extmap},
    {"extmap-allow-mixed", BOTH, on_extmap_allow_mixed},
    {"fingerprint", BOTH, on_fingerprint},
    {"fmtp", MEDIA, on_fmtp},
    {"group", SESSION, on_group},
    {"ice-lite", SESSION, on_ice_lite},
    {"ice-options", BOTH, on_ice_options},
    {"ice-pwd", BOTH, on_ice_pwd},
    {"ice-ufrag", BOTH, on_ice_ufrag},
    {"inactive", BOTH, on_inactive},
    {"mid", MEDIA, on_mid},
    {"msid", MEDIA, on_msid},
    {"recvonly", BOTH, on_recvonly},
    {"rid", MEDIA, on_rid},
    {"rtcp-fb", MEDIA, on_rtcp_fb},
    {"rtcp-mux", MEDIA, on_rtcp_mux},
    {"rtcp-rsize", MEDIA, on_rtcp_rsize},
    {"rtpmap", MEDIA, on_rtpmap},
    {"sendonly", BOTH, on_sendonly},
    {"sendrecv", BOTH, on_sendrecv},
    {"setup", BOTH, on_setup},
    {"simulcast", MEDIA, on_simulcast},
    {"ssrc", MEDIA, on_ssrc},
    {"ssrc-group", MEDIA, on_ssrc_group},
};

static int read_attribute(struct parse *p, struct jt_text value)
{
    struct jt_text name = jt_text_cut(&value, ':');
    int level = p->section ? MEDIA : SESSION;

    for (size_t i = 0; i < JT_COUNT(attributes); i++)
        if (jt_text_is(name, attributes[i].name))
            return attributes[i].levels & level ? attributes[i].read(p, jt_text_trim(value)) : 0;
    return 0;
}

static enum jt_sdp_kind kind_of(struct jt_text media)
{
    if (jt_text_is(media, "audio"))
        return JT_SDP_AUDIO;
    if (jt_text_is(media, "video"))
        return JT_SDP_VIDEO;
    return jt_text_is(media, "application") ? JT_SDP_APPLICATION : JT_SDP_OTHER;
}

static bool is_rtp(struct jt_text proto)
{
    while (proto.size)
        if (jt_text_is(jt_text_cut(&proto, '/'), "RTP"))
            return true;
    return false;
}

static int read_payload_types(struct jt_sdp_section *section, struct jt_text list)
{
    while (jt_text_trim(list).size) {
        uint8_t type;

        if (read_payload_type(jt_sdp_word(&list), &type) < 0 || find_payload(section, type) ||
            section->payload_count == JT_SDP_PAYLOADS_MAX)
            return -EBADMSG;
        section->payloads[section->payload_count++] =
            (struct jt_sdp_payload){.type = type, .channels = 1};
    }
    return section->payload_count ? 0 : -EBADMSG;
}

/* RFC 8866 §5.14: "video 9 UDP/TLS/RTP/SAVPF 96 97" */
static int read_media(struct parse *p, struct jt_text value)
{
    struct jt_sdp_section *section;
    struct jt_text port_text;
    uint64_t port;

    if (p->out->section_count == JT_SDP_SECTIONS_MAX)
        return -EBADMSG;
    section = &p->out->sections[p->out->section_count++];
    p->section = section;
    section->media = jt_sdp_word(&value);
    port_text = jt_sdp_word(&value);
    section->proto = jt_sdp_word(&value);
    if (!section->proto.size || jt_text_number(jt_text_cut(&port_text, '/'), UINT16_MAX, &port) < 0)
        return -EBADMSG;
    section->kind = kind_of(section->media);
    section->port = (uint16_t)port;
    section->direction = p->session_direction;
    section->has_crypto = p->has_session_crypto;
    return is_rtp(section->proto) ? read_payload_types(section, value) : 0;
}

/* RFC 8866 §5: v=0, o= and s= come first, in this order, and never again. */
static int read_line(struct parse *p, unsigned number, const struct jt_sdp_one_line *line)
{
    static const char preamble[PREAMBLE_LINES] = {'v', 'o', 's'};

    if (number <= PREAMBLE_LINES) {
        if (line->type != preamble[number - 1] || (number == 1 && !jt_text_is(line->value, "0")))
            return -EBADMSG;
        return 0;
    }
    switch (line->type) {
    case 'v':
    case 'o':
    case 's':
        return -EBADMSG;
    case 't':
        p->has_time = true;
        return 0;
    case 'm':
        return p->has_time ? read_media(p, line->value) : -EBADMSG;
    case 'a':
        return read_attribute(p, line->value);
    default:
        return 0;
    }
}

/* RFC 8839 §5.4, RFC 8122 §5: the session's value stands where a section has none. */
static void inherit(const struct jt_sdp_transport *from, struct jt_sdp_transport *to)
{
    if (!to->ice_ufrag.size && !to->ice_pwd.size) {
        to->ice_ufrag = from->ice_ufrag;
        to->ice_pwd = from->ice_pwd;
    }
    if (to->setup == JT_SDP_SETUP_NONE)
        to->setup = from->setup;
    to->has_trickle |= from->has_trickle;
    if (to->fingerprint_count)
        return;
    memcpy(to->fingerprints, from->fingerprints, sizeof(to->fingerprints));
    to->fingerprint_count = from->fingerprint_count;
}

static bool is_in_group(struct jt_text group, struct jt_text mid)
{
    while (mid.size && group.size)
        if (jt_text_equal(jt_sdp_word(&group), mid))
            return true;
    return false;
}

int jt_sdp_parse(const void *text, size_t size, struct jt_sdp *out)
{
    struct parse p = {.out = out, .session_direction = JT_SDP_SENDRECV};
    struct jt_sdp_lines lines = jt_sdp_lines_of(text, size);
    struct jt_sdp_one_line line;

    memset(out, 0, sizeof(*out));
    while (jt_sdp_lines_next(&lines, &line))
        if (read_line(&p, lines.count, &line) < 0)
            return -EBADMSG;
    if (lines.failed || out->section_count == 0)
        return -EBADMSG;
    for (size_t i = 0; i < out->section_count; i++) {
        struct jt_sdp_section *section = &out->sections[i];

        inherit(&p.session, &section->transport);
        section->is_bundled = is_in_group(out->bundle, section->mid);
    }
    return 0;
}
