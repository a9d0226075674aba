#include "wire/rtcp.h"

#include <assert.h>

static void on_status(void *context, uint16_t sequence, bool is_received, int32_t delta_250us)
{
    unsigned *count = context;

    (void)sequence;
    assert(is_received || delta_250us == 0);
    ++*count;
    assert(*count <= JT_RTCP_TWCC_STATUSES_MAX);
}

static void read_feedback(const struct jt_rtcp_packet *packet)
{
    struct jt_rtcp_feedback feedback;
    struct jt_rtcp_twcc twcc;
    uint16_t sequences[100];
    unsigned count = 0;
    uint32_t value;

    if (jt_rtcp_parse_feedback(packet, &feedback) < 0)
        return;
    assert(jt_rtcp_nack_expand(&feedback, sequences, 100) <= 100);
    (void)jt_rtcp_asks_keyframe(&feedback, 1);
    (void)!jt_rtcp_parse_remb(&feedback, &value);
    if (jt_rtcp_parse_twcc(&feedback, &twcc, on_status, &count) == 0)
        assert(count == twcc.status_count);
    else
        assert(count == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_rtcp_report_block block;
    struct jt_rtcp_packet packet;
    struct jt_rtcp_dlrr dlrr;
    struct jt_rtcp_walk walk;
    struct jt_rtcp_sr sr;
    struct jt_text cname;
    uint64_t ntp;
    uint32_t ssrc;

    if (jt_rtcp_begin(data, size, &walk) < 0)
        return 0;
    while (jt_rtcp_next(&walk, &packet)) {
        (void)!jt_rtcp_parse_sr(&packet, &sr);
        (void)!jt_rtcp_parse_sender(&packet, &ssrc);
        (void)!jt_rtcp_sdes_cname(&packet, 1, &cname);
        (void)!jt_rtcp_xr_rrtr(&packet, &ntp);
        (void)!jt_rtcp_xr_dlrr(&packet, 1, &dlrr);
        for (size_t i = 0; jt_rtcp_report_block_at(&packet, i, &block); i++)
            assert(i < JT_RTCP_REPORT_BLOCKS_MAX);
        for (size_t i = 0; jt_rtcp_bye_at(&packet, i, &ssrc); i++)
            assert(i < 31);
        read_feedback(&packet);
    }
    assert(walk.left == 0); /* what begin accepts is walked to its end */
    return 0;
}
