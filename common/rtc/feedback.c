#include "rtc/feedback.h"

#include <errno.h>

#include "base/clock.h"
#include "rtc/rtp_out.h"
#include "wire/rtcp.h"

enum {
    STREAMS = 2,
    NACKS_MAX = 512, /* ours: of one packet; a compound of 1,500 bytes could name 6,000 */
    RTT_SHIFT = 3,   /* weight of a new round trip: 1/8 (RFC 6298 §2) */
};

/* One call's arguments. */
struct call {
    struct jt_feedback *feedback;
    const struct jt_rtp_out *const *streams;
    int64_t now_us;
    uint32_t now_ntp; /* middle 32 bits */
    const struct jt_feedback_ops *ops;
    void *arg;
};

/* -1: none of ours (S6: feedback about others has no effect). */
static int stream_of(const struct call *call, uint32_t ssrc)
{
    for (int i = 0; i < STREAMS; i++)
        if (call->streams[i] && call->streams[i]->ssrc == ssrc)
            return i;
    return -1;
}

static bool is_peer(const struct jt_feedback *feedback, uint32_t ssrc)
{
    for (size_t i = 0; i < feedback->peer_ssrcs_used; i++)
        if (feedback->peer_ssrcs[i] == ssrc)
            return true;
    return false;
}

static void learn_peer(const struct call *call, uint32_t ssrc)
{
    struct jt_feedback *feedback = call->feedback;

    if (stream_of(call, ssrc) < 0 && !is_peer(feedback, ssrc) &&
        feedback->peer_ssrcs_used < JT_FEEDBACK_PEER_SSRCS)
        feedback->peer_ssrcs[feedback->peer_ssrcs_used++] = ssrc;
}

/* RFC 3550 §6.4.1: now - LSR - DLSR, in 1/65536 s. A value that cannot be is passed over. */
static void measure_rtt(const struct call *call, const struct jt_rtcp_report_block *block)
{
    uint32_t units = call->now_ntp - block->last_sr - block->delay_sr;
    int64_t rtt_us = (int64_t)((uint64_t)units * JT_USEC_PER_SEC >> 16);
    int64_t *smoothed = &call->feedback->rtt_us;

    if (block->last_sr == 0 || rtt_us > (int64_t)JT_FEEDBACK_RTT_MAX_MS * JT_USEC_PER_MSEC)
        return;
    rtt_us = JT_MAX(rtt_us, 1);
    *smoothed = *smoothed == 0 ? rtt_us : *smoothed + (rtt_us - *smoothed) / (1 << RTT_SHIFT);
    *smoothed = JT_MAX(*smoothed, 1);
}

static void take_report(const struct call *call, const struct jt_rtcp_packet *packet)
{
    struct jt_rtcp_report_block block;

    for (size_t i = 0; jt_rtcp_report_block_at(packet, i, &block); i++) {
        int stream = stream_of(call, block.ssrc);

        if (stream < 0)
            continue;
        measure_rtt(call, &block);
        if (call->ops->on_report)
            call->ops->on_report(call->arg, stream, block.fraction_lost, block.packets_lost,
                                 block.jitter, call->feedback->rtt_us);
    }
}

/* Was it answered less than a round trip ago? If not, it is now. */
static bool is_repeat(const struct call *call, int stream, uint16_t sequence)
{
    struct jt_feedback *feedback = call->feedback;
    int64_t interval_us =
        JT_MAX(feedback->rtt_us, (int64_t)JT_FEEDBACK_REPEAT_FLOOR_MS * JT_USEC_PER_MSEC);

    for (size_t i = 0; i < JT_FEEDBACK_RECENT; i++) {
        if (!feedback->recent[i].used || feedback->recent[i].stream != stream ||
            feedback->recent[i].sequence != sequence)
            continue;
        if (call->now_us - feedback->recent[i].at_us < interval_us)
            return true;
        feedback->recent[i].at_us = call->now_us;
        return false;
    }
    feedback->recent[feedback->recent_next].sequence = sequence;
    feedback->recent[feedback->recent_next].stream = (uint8_t)stream;
    feedback->recent[feedback->recent_next].used = 1;
    feedback->recent[feedback->recent_next].at_us = call->now_us;
    feedback->recent_next = (uint8_t)((feedback->recent_next + 1) % JT_FEEDBACK_RECENT);
    return false;
}

static int take_nack(const struct call *call, const struct jt_rtcp_feedback *message)
{
    uint16_t sequences[NACKS_MAX];
    int stream = stream_of(call, message->media_ssrc);
    int count = jt_rtcp_nack_expand(message, sequences, JT_COUNT(sequences));

    if (count < 0)
        return count;
    for (int i = 0; stream >= 0 && i < count; i++)
        if (!is_repeat(call, stream, sequences[i]) && call->ops->on_nack)
            call->ops->on_nack(call->arg, stream, sequences[i]);
    return 0;
}

static void take_keyframe_request(const struct call *call, const struct jt_rtcp_feedback *message)
{
    for (int i = 0; i < STREAMS; i++) {
        int64_t *at_us = &call->feedback->keyframe_at_us[i];

        if (!call->streams[i] || !jt_rtcp_asks_keyframe(message, call->streams[i]->ssrc))
            continue;
        if (*at_us != 0 &&
            call->now_us - *at_us < (int64_t)JT_FEEDBACK_KEYFRAME_INTERVAL_MS * JT_USEC_PER_MSEC)
            continue;
        *at_us = call->now_us;
        if (call->ops->on_keyframe_request)
            call->ops->on_keyframe_request(call->arg, i);
    }
}

struct twcc_count {
    uint16_t reported, lost;
};

static void count_status(void *context, uint16_t sequence, bool is_received, int32_t delta_250us)
{
    struct twcc_count *count = context;

    (void)sequence;
    (void)delta_250us;
    count->reported++;
    count->lost += is_received ? 0 : 1;
}

static int take_twcc(const struct call *call, const struct jt_rtcp_feedback *message)
{
    struct jt_rtcp_twcc twcc;
    struct twcc_count count = {0};
    int err = jt_rtcp_parse_twcc(message, &twcc, count_status, &count);

    if (err)
        return err;
    if (call->ops->on_transport_cc)
        call->ops->on_transport_cc(call->arg, twcc.base_sequence, count.reported, count.lost);
    return 0;
}

static void take_remb(const struct call *call, const struct jt_rtcp_feedback *message)
{
    uint32_t bitrate_bps;

    /* Other application feedback is not ours to judge. */
    if (!jt_rtcp_parse_remb(message, &bitrate_bps) && call->ops->on_remb)
        call->ops->on_remb(call->arg, bitrate_bps);
}

static int take_feedback(const struct call *call, const struct jt_rtcp_packet *packet)
{
    struct jt_rtcp_feedback message;
    int err = jt_rtcp_parse_feedback(packet, &message);

    if (err)
        return err;
    learn_peer(call, message.sender_ssrc);
    if (message.type == JT_RTCP_RTPFB && message.format == JT_RTCP_RTPFB_NACK)
        return take_nack(call, &message);
    if (message.type == JT_RTCP_RTPFB && message.format == JT_RTCP_RTPFB_TWCC)
        return take_twcc(call, &message);
    if (message.type == JT_RTCP_PSFB && message.format == JT_RTCP_PSFB_AFB)
        take_remb(call, &message);
    else if (message.type == JT_RTCP_PSFB)
        take_keyframe_request(call, &message);
    return 0;
}

static bool says_bye(const struct call *call, const struct jt_rtcp_packet *packet)
{
    uint32_t ssrc;

    for (size_t i = 0; jt_rtcp_bye_at(packet, i, &ssrc); i++)
        if (is_peer(call->feedback, ssrc))
            return true;
    return false;
}

static int take_packet(const struct call *call, const struct jt_rtcp_packet *packet)
{
    uint32_t sender;

    switch (packet->type) {
    case JT_RTCP_SR:
    case JT_RTCP_RR:
        if (jt_rtcp_parse_sender(packet, &sender))
            return -EBADMSG;
        learn_peer(call, sender);
        take_report(call, packet);
        return 0;
    case JT_RTCP_RTPFB:
    case JT_RTCP_PSFB:
        return take_feedback(call, packet);
    default:
        return 0; /* SDES, APP, XR: nothing to do; BYE comes last */
    }
}

int jt_feedback_handle(struct jt_feedback *feedback, const struct jt_rtp_out *const streams[2],
                       const uint8_t *data, size_t size, int64_t now_us, int64_t now_wall_us,
                       const struct jt_feedback_ops *ops, void *arg)
{
    const struct call call = {.feedback = feedback,
                              .streams = streams,
                              .now_us = now_us,
                              .now_ntp = (uint32_t)(jt_clock_ntp(now_wall_us) >> 16),
                              .ops = ops,
                              .arg = arg};
    struct jt_rtcp_walk walk;
    struct jt_rtcp_packet packet;
    bool has_bye = false;

    if (jt_rtcp_begin(data, size, &walk))
        return -EBADMSG;
    while (jt_rtcp_next(&walk, &packet)) {
        if (take_packet(&call, &packet))
            return -EBADMSG;
        has_bye |= packet.type == JT_RTCP_BYE && says_bye(&call, &packet);
    }
    if (has_bye && ops->on_bye)
        ops->on_bye(arg); /* last: it may free what `feedback` lies in */
    return 0;
}
