#include "wire/sdp.h"

#include <assert.h>

static struct jt_sdp sdp;
static struct jt_sdp_fragment fragment;

static void read_section(const struct jt_sdp_section *section)
{
    struct jt_text list = section->simulcast_send;
    struct jt_text rid;
    struct jt_text value;
    bool is_paused;

    assert(section->payload_count <= JT_SDP_PAYLOADS_MAX);
    assert(section->extmap_count <= JT_SDP_EXTMAPS_MAX);
    assert(section->transport.fingerprint_count <= JT_SDP_FINGERPRINTS_MAX);
    while (jt_sdp_simulcast_next(&list, &rid, &is_paused))
        assert(rid.size <= JT_SDP_MAX_BYTES);
    for (size_t i = 0; i < section->payload_count; i++) {
        (void)jt_sdp_rtx_find(section, section->payloads[i].type);
        (void)jt_sdp_fmtp_find(section->payloads[i].fmtp, "profile-level-id", &value);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_sdp_candidate candidate;

    if (jt_sdp_parse(data, size, &sdp) == 0)
        for (size_t i = 0; i < sdp.section_count; i++)
            read_section(&sdp.sections[i]);
    if (jt_sdp_fragment_parse(data, size, &fragment) == 0)
        for (size_t i = 0; i < fragment.candidate_count; i++)
            (void)!jt_sdp_candidate_parse(fragment.candidates[i].value, &candidate);
    return 0;
}
