/* A compound RTCP packet, as it comes out of SRTCP, into the feedback of a viewer with two streams.
 */
#include <stdint.h>
#include <stdlib.h>

#include "rtc/feedback.h"
#include "rtc/rtp_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void on_nack(void *arg, int stream, uint16_t sequence)
{
    (void)sequence;
    ++*(int *)arg;
    if (stream < 0 || stream > 1)
        abort();
}

static void on_keyframe_request(void *arg, int stream)
{
    on_nack(arg, stream, 0);
}

static void on_report(void *arg, int stream, uint8_t fraction_lost, int32_t lost, uint32_t jitter,
                      int64_t rtt_us)
{
    (void)fraction_lost;
    (void)lost;
    (void)jitter;
    on_nack(arg, stream, 0);
    if (rtt_us < 0 || rtt_us > (int64_t)JT_FEEDBACK_RTT_MAX_MS * 1000)
        abort();
}

static void on_transport_cc(void *arg, uint16_t base_sequence, uint16_t reported, uint16_t lost)
{
    (void)arg;
    (void)base_sequence;
    if (lost > reported)
        abort();
}

static void on_remb(void *arg, uint64_t bitrate_bps)
{
    (void)arg;
    (void)bitrate_bps;
}

static void on_bye(void *arg)
{
    (void)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct jt_feedback_ops ops = {.on_nack = on_nack,
                                               .on_keyframe_request = on_keyframe_request,
                                               .on_report = on_report,
                                               .on_transport_cc = on_transport_cc,
                                               .on_remb = on_remb,
                                               .on_bye = on_bye};
    struct jt_rtp_out video = {.ssrc = 0xa1b2c3d4}, audio = {.ssrc = 0x0badcafe};
    const struct jt_rtp_out *const streams[2] = {&video, &audio};
    struct jt_feedback feedback = {0};
    int events = 0;

    (void)jt_feedback_handle(&feedback, streams, data, size, 1000000, 1000000000000000, &ops,
                             &events);
    (void)jt_feedback_handle(&feedback, streams, data, size, 1000001, 1000000000000001, &ops,
                             &events);
    return 0;
}
