#include "relay/viewer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/writer.h"
#include "relay/catchup.h"
#include "relay/config.h"
#include "relay/show.h"
#include "relay/track.h"
#include "relay/worker.h"
#include "ring/ring.h"
#include "rtc/ice.h"
#include "rtc/transport.h"
#include "wire/rtcp.h"

enum {
    REPORT_INTERVAL_US = JT_USEC_PER_SEC,
    REPORT_MAX_BYTES = 256,
};

static const double join_bounds[] = {0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.6, 1, 2, 5};
static struct jt_metric join_seconds =
    JT_HISTOGRAM("jangteo_relay_join_seconds",
                 "From the offer to the first key frame handed to the kernel.", NULL, join_bounds);
static struct jt_metric feedback_total =
    JT_COUNTER("jangteo_relay_feedback_total", "What viewers reported or asked for.", "kind");
static struct jt_metric lost_total =
    JT_COUNTER("jangteo_relay_transport_cc_packets_total",
               "Packets viewers reported by transport-cc.", "fate");
static const double rtt_bounds[] = {0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6};
static struct jt_metric rtt_seconds =
    JT_HISTOGRAM("jangteo_relay_viewer_rtt_seconds", "Round trips that viewers' reports gave.",
                 NULL, rtt_bounds);

/* ---- what the transport says ---- */

static void on_send(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to)
{
    struct relay_viewer *viewer = arg;

    relay_worker_send(viewer->worker, datagram, size, to);
}

static void on_path(void *arg, const struct jt_address *to)
{
    struct relay_viewer *viewer = arg;

    relay_worker_set_path(viewer->worker, viewer, to);
}

static void on_ready(void *arg)
{
    struct relay_viewer *viewer = arg;
    int64_t now_us = jt_clock_mono_us();

    viewer->is_ready = true;
    relay_worker_count_watcher(viewer->worker, viewer, 1);
    viewer->target.seal = jt_transport_seal(viewer->transport);
    viewer->target.to = &viewer->address;
    jt_debug("viewer.ready", KV("id", (const char *)viewer->id),
             KV("ms", (now_us - viewer->joined_at_us) / 1000));
    relay_show_attach(viewer->show, viewer, now_us);
}

static void on_closed(void *arg, const char *reason)
{
    struct relay_viewer *viewer = arg;

    if (viewer->closing)
        return;
    viewer->closing = reason;
    relay_worker_close_viewer(viewer->worker, viewer);
}

/* ---- what the viewer says ---- */

static struct relay_track *track_of_source(struct relay_viewer *viewer, uint32_t source_id)
{
    return relay_show_track_of_source(viewer->show, source_id);
}

static void on_nack(void *arg, int index, uint16_t sequence)
{
    struct relay_viewer *viewer = arg;
    struct relay_stream *stream = &viewer->streams[index];
    struct relay_track *track;
    uint32_t source_id;
    uint64_t source, sent_index;

    jt_metric_add(&feedback_total, "nack", 1);
    if (jt_rtp_out_find(&stream->rtp, sequence, &source_id, &source, &sent_index))
        return;
    track = track_of_source(viewer, source_id);
    if (track)
        relay_track_resend(track, stream, source, sequence, relay_worker_batch(viewer->worker));
}

static void on_keyframe_request(void *arg, int index)
{
    struct relay_viewer *viewer = arg;

    jt_metric_add(&feedback_total, "keyframe_request", 1);
    relay_track_restart(&viewer->streams[index], jt_clock_mono_us());
    relay_worker_hurry(viewer->worker);
}

static void on_report(void *arg, int index, uint8_t fraction_lost, int32_t lost, uint32_t jitter,
                      int64_t rtt_us)
{
    (void)arg;
    (void)index;
    (void)lost;
    (void)jitter;
    jt_metric_add(&feedback_total, fraction_lost ? "report_with_loss" : "report", 1);
    if (rtt_us > 0)
        jt_metric_observe(&rtt_seconds, NULL, (double)rtt_us / JT_USEC_PER_SEC);
}

static void on_transport_cc(void *arg, uint16_t base_sequence, uint16_t reported, uint16_t lost)
{
    (void)arg;
    (void)base_sequence;
    jt_metric_add(&feedback_total, "transport_cc", 1);
    jt_metric_add(&lost_total, "received", reported - lost);
    jt_metric_add(&lost_total, "lost", lost);
}

static void on_bye(void *arg)
{
    on_closed(arg, "bye");
}

static const struct jt_feedback_ops feedback_ops = {.on_nack = on_nack,
                                                    .on_keyframe_request = on_keyframe_request,
                                                    .on_report = on_report,
                                                    .on_transport_cc = on_transport_cc,
                                                    .on_bye = on_bye};

static void on_rtcp(void *arg, const uint8_t *data, size_t size)
{
    struct relay_viewer *viewer = arg;
    const struct jt_rtp_out *streams[RELAY_STREAMS];

    for (int i = 0; i < RELAY_STREAMS; i++)
        streams[i] = viewer->streams[i].is_offered ? &viewer->streams[i].rtp : NULL;
    if (jt_feedback_handle(&viewer->feedback, streams, data, size, jt_clock_mono_us(),
                           jt_clock_wall_us(), &feedback_ops, viewer))
        jt_metric_add(&feedback_total, "malformed", 1);
    relay_batch_flush(relay_worker_batch(viewer->worker));
}

static const struct jt_transport_ops transport_ops = {.send = on_send,
                                                      .on_ready = on_ready,
                                                      .on_path = on_path,
                                                      .on_rtcp = on_rtcp,
                                                      .on_closed = on_closed};

/* ---- life ---- */

static void stream_init(struct relay_stream *stream, struct relay_viewer *viewer,
                        enum relay_stream_index index, const struct jt_answer_media *plan)
{
    bool is_video = index == RELAY_VIDEO;

    stream->viewer = viewer;
    stream->is_video = is_video;
    stream->is_offered = plan->is_active;
    stream->plan = *plan;
    stream->resend_bytes = RELAY_RESEND_BURST_BYTES;
    jt_rtp_out_init(&stream->rtp, is_video ? JT_VIDEO_CLOCK_HZ : JT_OPUS_CLOCK_HZ,
                    plan->payload_type, is_video ? plan->rtx_payload_type : 0);
}

static void random_cname(char out[JT_ANSWER_CNAME_BYTES])
{
    uint8_t bytes[8] = {0};

    if (getrandom(bytes, sizeof(bytes), 0) < 0)
        memset(bytes, 0, sizeof(bytes)); /* a name, not a secret */
    for (size_t i = 0; i < sizeof(bytes); i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

int relay_viewer_new(struct relay_worker *worker, struct relay_show *show,
                     const struct jt_answer_plan *plan, const char *id, int64_t joined_at_us,
                     struct relay_viewer **out)
{
    struct relay_viewer *viewer = calloc(1, sizeof(*viewer));
    struct jt_transport_setup setup = {
        .identity = relay_worker_identity(worker),
        .ufrag_prefix = relay_worker_prefix(worker),
        .peer_ufrag = plan->peer_ufrag,
        .peer_pwd = plan->peer_pwd,
        .setup_timeout_us = relay_worker_config(worker)->rtc_setup_ms * JT_USEC_PER_MSEC,
    };
    int err;

    if (!viewer)
        return -ENOMEM;
    memcpy(setup.peer_fingerprint, plan->peer_fingerprint, sizeof(setup.peer_fingerprint));
    viewer->worker = worker;
    viewer->show = show;
    viewer->joined_at_us = joined_at_us;
    (void)snprintf(viewer->id, sizeof(viewer->id), "%s", id);
    random_cname(viewer->cname);
    stream_init(&viewer->streams[RELAY_VIDEO], viewer, RELAY_VIDEO, &plan->video);
    stream_init(&viewer->streams[RELAY_AUDIO], viewer, RELAY_AUDIO, &plan->audio);
    err = jt_transport_new(&setup, &transport_ops, viewer, jt_clock_mono_us(), &viewer->transport);
    if (err) {
        free(viewer);
        return err;
    }
    *out = viewer;
    return 0;
}

void relay_viewer_free(struct relay_viewer *viewer)
{
    if (!viewer)
        return;
    for (int i = 0; i < RELAY_STREAMS; i++)
        relay_track_detach(&viewer->streams[i]);
    jt_transport_free(viewer->transport);
    free(viewer);
}

void relay_viewer_receive(struct relay_viewer *viewer, uint8_t *data, size_t size,
                          const struct jt_address *from, int64_t now_us)
{
    if (!viewer->closing)
        jt_transport_receive(viewer->transport, data, size, from, now_us);
}

bool relay_viewer_may_send(struct relay_viewer *viewer, size_t bytes)
{
    struct jt_ice *ice = jt_transport_ice(viewer->transport);
    size_t allowance = viewer->has_address ? jt_ice_allowance(ice) : 0;

    if (allowance == SIZE_MAX)
        return true;
    if (allowance < bytes)
        return false;
    jt_ice_count_sent(ice, bytes);
    return true;
}

void relay_viewer_on_first_frame(struct relay_viewer *viewer)
{
    int64_t took_us = jt_clock_mono_us() - viewer->joined_at_us;

    jt_metric_observe(&join_seconds, NULL, (double)took_us / JT_USEC_PER_SEC);
    jt_info("viewer.join", KV("show", relay_show_name(viewer->show)),
            KV("id", (const char *)viewer->id), KV("first_frame_ms", took_us / JT_USEC_PER_MSEC));
}

static void send_report(struct relay_viewer *viewer, const struct relay_stream *stream,
                        int64_t now_us)
{
    uint8_t report[REPORT_MAX_BYTES];
    int64_t wall_us = now_us + jt_ring_reader_wall_offset_us(stream->track->reader);
    /* the show's time line is CLOCK_MONOTONIC's, so that now has a media time on every track */
    int64_t now_pts = now_us / JT_USEC_PER_SEC * stream->rtp.clock_hz +
                      now_us % JT_USEC_PER_SEC * stream->rtp.clock_hz / JT_USEC_PER_SEC;
    int size =
        jt_rtp_out_report(&stream->rtp, wall_us, now_pts, viewer->cname, report, sizeof(report));

    if (size > 0 && jt_transport_send_rtcp(viewer->transport, report, (size_t)size))
        jt_metric_add(&feedback_total, "report_not_sent", 1);
}

/* While a stream catches up its times are squeezed: a report would teach the player a wrong relation to sound. */
static bool is_reportable(const struct relay_viewer *viewer)
{
    const struct relay_stream *video = &viewer->streams[RELAY_VIDEO];

    return viewer->is_ready && (!video->track || video->state == RELAY_STREAM_LIVE);
}

void relay_viewer_poll(struct relay_viewer *viewer, int64_t now_us)
{
    if (viewer->closing)
        return;
    if (now_us >= jt_transport_next_us(viewer->transport))
        jt_transport_poll(viewer->transport, now_us);
    if (viewer->closing || now_us < viewer->report_at_us || !is_reportable(viewer))
        return;
    viewer->report_at_us = now_us + REPORT_INTERVAL_US;
    for (int i = 0; i < RELAY_STREAMS; i++)
        if (viewer->streams[i].track && viewer->streams[i].has_sent)
            send_report(viewer, &viewer->streams[i], now_us);
}

/* RTCP BYE for our streams, behind the empty receiver report a compound begins with (RFC 3550 §6.1). */
static void send_bye(struct relay_viewer *viewer)
{
    uint8_t bytes[REPORT_MAX_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));

    jt_rtcp_write_rr(&w, viewer->streams[RELAY_VIDEO].rtp.ssrc, NULL, 0);
    for (int i = 0; i < RELAY_STREAMS; i++)
        if (viewer->streams[i].is_offered)
            jt_rtcp_write_bye(&w, viewer->streams[i].rtp.ssrc);
    if (w.failed || jt_transport_send_rtcp(viewer->transport, bytes, w.size))
        jt_metric_add(&feedback_total, "bye_not_sent", 1);
}

void relay_viewer_close(struct relay_viewer *viewer, const char *reason)
{
    if (viewer->closing)
        return;
    if (viewer->is_ready)
        send_bye(viewer);
    on_closed(viewer, reason);
}
