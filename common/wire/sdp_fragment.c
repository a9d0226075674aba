/* Candidates and trickle fragments of wire/sdp.h: RFC 8839 §5.1, RFC 8840 §9. */
#include "wire/sdp.h"

#include <errno.h>
#include <string.h>

#include "wire/sdp_lines.h"

enum {
    FOUNDATION_MAX_BYTES = 32, /* RFC 8839 §5.1 */
    COMPONENT_MAX = 256,
    UFRAG_MIN_BYTES = 4,
    PWD_MIN_BYTES = 22,
};

int jt_sdp_candidate_parse(struct jt_text value, struct jt_sdp_candidate *out)
{
    struct jt_sdp_candidate candidate = {0};
    uint64_t component;
    uint64_t priority;
    uint64_t port;

    (void)jt_text_skip(&value, "candidate:");
    candidate.foundation = jt_sdp_word(&value);
    if (!jt_sdp_is_ice_text(candidate.foundation, 1) ||
        candidate.foundation.size > FOUNDATION_MAX_BYTES)
        return -EBADMSG;
    if (jt_text_number(jt_sdp_word(&value), COMPONENT_MAX, &component) < 0 || component == 0)
        return -EBADMSG;
    candidate.transport = jt_sdp_word(&value);
    if (jt_text_number(jt_sdp_word(&value), UINT32_MAX, &priority) < 0)
        return -EBADMSG;
    candidate.address = jt_sdp_word(&value);
    if (jt_text_number(jt_sdp_word(&value), UINT16_MAX, &port) < 0)
        return -EBADMSG;
    if (!jt_text_is(jt_sdp_word(&value), "typ"))
        return -EBADMSG;
    candidate.type = jt_sdp_word(&value);
    if (!candidate.type.size)
        return -EBADMSG;
    candidate.component = (uint16_t)component;
    candidate.priority = (uint32_t)priority;
    candidate.port = (uint16_t)port;
    candidate.rest = value;
    *out = candidate;
    return 0;
}

static int set_first(struct jt_text *field, struct jt_text value, size_t min_bytes)
{
    if (!jt_sdp_is_ice_text(value, min_bytes))
        return -EBADMSG;
    if (!field->size)
        *field = value;
    return 0;
}

static struct jt_text *current_mid(struct jt_sdp_fragment *out)
{
    return out->section_count ? &out->mids[out->section_count - 1] : NULL;
}

static void add_candidate(struct jt_sdp_fragment *out, struct jt_text value)
{
    struct jt_sdp_fragment_candidate *candidate;

    if (out->candidate_count == JT_SDP_CANDIDATES_MAX)
        return;
    candidate = &out->candidates[out->candidate_count++];
    candidate->value = value;
    if (out->section_count)
        candidate->mid = *current_mid(out);
}

static int read_fragment_attribute(struct jt_sdp_fragment *out, struct jt_text value)
{
    struct jt_text name = jt_text_cut(&value, ':');

    if (jt_text_is(name, "ice-ufrag"))
        return set_first(&out->ice_ufrag, value, UFRAG_MIN_BYTES);
    if (jt_text_is(name, "ice-pwd"))
        return set_first(&out->ice_pwd, value, PWD_MIN_BYTES);
    if (jt_text_is(name, "mid") && out->section_count)
        *current_mid(out) = value;
    else if (jt_text_is(name, "candidate"))
        add_candidate(out, value);
    else if (jt_text_is(name, "end-of-candidates"))
        out->has_end_of_candidates = true;
    return 0;
}

int jt_sdp_fragment_parse(const void *text, size_t size, struct jt_sdp_fragment *out)
{
    struct jt_sdp_lines lines = jt_sdp_lines_of(text, size);
    struct jt_sdp_one_line line;

    memset(out, 0, sizeof(*out));
    lines.is_last_open = true;
    while (jt_sdp_lines_next(&lines, &line)) {
        if (line.type == 'm' && out->section_count++ == JT_SDP_SECTIONS_MAX)
            return -EBADMSG;
        if (line.type == 'a' && read_fragment_attribute(out, line.value) < 0)
            return -EBADMSG;
    }
    return lines.failed ? -EBADMSG : 0;
}
