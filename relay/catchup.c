#include "relay/catchup.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "relay/config.h"
#include "relay/stream.h"
#include "relay/track.h"
#include "relay/viewer.h"
#include "relay/worker.h"

static struct jt_metric replays_total =
    JT_COUNTER("jangteo_relay_catchups_total", "Replays from a key frame to the live edge.", NULL);

void relay_catchup_begin(struct relay_stream *stream, int64_t now_us)
{
    stream->credit_bytes = RELAY_CATCHUP_BURST_BYTES;
    stream->credit_at_us = now_us;
    jt_metric_add(&replays_total, NULL, 1);
}

void relay_catchup_refill(struct relay_stream *stream, int64_t now_us)
{
    int64_t bytes_per_s = JT_MAX(relay_worker_config(stream->viewer->worker)->catchup_min_bps / 8,
                                 stream->track->bytes_per_s * RELAY_CATCHUP_RATE_FACTOR);
    int64_t earned = bytes_per_s * (now_us - stream->credit_at_us) / JT_USEC_PER_SEC;

    if (earned <= 0)
        return; /* keep the time, so that small steps add up */
    stream->credit_bytes = JT_MIN(stream->credit_bytes + earned, RELAY_CATCHUP_BURST_BYTES);
    stream->credit_at_us = now_us;
}

void relay_catchup_earn(struct relay_stream *stream, int64_t sent_bytes)
{
    int64_t percent = relay_worker_config(stream->viewer->worker)->rtx_percent;

    stream->resend_bytes =
        JT_MIN(stream->resend_bytes + sent_bytes * percent / 100, RELAY_RESEND_BURST_BYTES);
}
