#include "ingest/feed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/writer.h"
#include "ring/bells.h"
#include "ingest/show.h"
#include "media/aac.h"
#include "media/aac_pack.h"
#include "media/flv.h"
#include "media/h264.h"
#include "media/h264_order.h"
#include "media/h264_pack.h"
#include "media/h264_params.h"
#include "media/timeline.h"
#include "ring/ring.h"

enum {
    NORMALIZED_GROWTH = 3, /* jt_h264_au_normalize: room for 1-byte lengths */
    JOIN_POINT_PATIENCE_MS = JT_RING_RETENTION_MAX_MS,
};

static struct jt_metric frames_total =
    JT_COUNTER("jangteo_ingest_frames_total", "Frames put on rings.", "kind");
static struct jt_metric bad_total = JT_COUNTER(
    "jangteo_ingest_frames_bad_total", "Frames dropped because they made no sense.", "reason");
static struct jt_metric bytes_total =
    JT_COUNTER("jangteo_ingest_media_bytes_total", "Bytes of coded frames received.", "kind");

/** One of the publisher's tracks. */
struct lane {
    struct jt_ring_writer *writer; /* owned by the show once it is a track of it */
    struct jt_track_info info;
    uint32_t track_id; /* 0: no track yet */
};

struct ingest_feed {
    struct ingest_show *show;
    struct jt_bells *bells;
    struct jt_timeline timeline;
    struct lane video, audio;
    struct jt_h264_params params;
    struct jt_h264_order order;
    struct jt_aac_config aac;
    bool has_key; /* a key frame came: what follows can be decoded */
    int64_t video_since_us;
    uint8_t *scratch;
    size_t scratch_bytes;
    int64_t bad_at_us[INGEST_BAD_FRAMES_MAX]; /* a ring: when the last ones came; 0: none yet */
    unsigned bad_next;
    struct jt_log_gate bad_gate;
};

int ingest_feed_new(struct ingest_show *show, struct jt_bells *bells, struct ingest_feed **out)
{
    struct ingest_feed *feed = calloc(1, sizeof(*feed));

    if (!feed)
        return -ENOMEM;
    feed->show = show;
    feed->bells = bells;
    jt_timeline_init(&feed->timeline, 0);
    *out = feed;
    return 0;
}

void ingest_feed_free(struct ingest_feed *feed)
{
    if (!feed)
        return;
    free(feed->scratch);
    free(feed);
}

/* One bad frame costs itself; a hundred in ten seconds cost the publisher its connection (threat R10). */
static int count_bad(struct ingest_feed *feed, const char *reason, int64_t now_us)
{
    int suppressed = jt_log_gate_pass(&feed->bad_gate, now_us);
    int64_t first_us;

    jt_metric_add(&bad_total, reason, 1);
    if (suppressed >= 0)
        jt_warn("frame.bad", KV("show", ingest_show_name(feed->show)), KV("reason", reason),
                KV("suppressed", suppressed));
    feed->bad_at_us[feed->bad_next] = now_us;
    feed->bad_next = (feed->bad_next + 1) % INGEST_BAD_FRAMES_MAX;
    first_us = feed->bad_at_us[feed->bad_next];
    if (first_us && now_us - first_us <= (int64_t)INGEST_BAD_FRAMES_WINDOW_MS * JT_USEC_PER_MSEC)
        return -EPROTO;
    return 0;
}

static uint8_t *scratch_of(struct ingest_feed *feed, size_t bytes)
{
    uint8_t *grown;

    if (bytes <= feed->scratch_bytes)
        return feed->scratch;
    grown = realloc(feed->scratch, bytes);
    if (!grown)
        return NULL;
    feed->scratch = grown;
    feed->scratch_bytes = bytes;
    return grown;
}

/* The first configuration makes the track; a later one changes it in place, on the same ring. */
static int lane_configure(struct ingest_feed *feed, struct lane *lane,
                          const struct jt_track_info *info)
{
    const struct ingest_track *track;
    struct jt_ring_writer *writer;
    int err;

    if (lane->track_id) {
        if (memcmp(&lane->info, info, sizeof(*info)) == 0)
            return 0;
        err = jt_ring_writer_set_info(lane->writer, info);
        if (err)
            return err;
        lane->info = *info;
        ingest_show_update_track(feed->show, lane->track_id, info);
        return 0;
    }
    err = jt_ring_writer_new(info, ingest_show_epoch(feed->show), &writer);
    if (err)
        return err;
    err = ingest_show_add_track(feed->show, writer, info, &track);
    if (err) {
        jt_ring_writer_free(writer);
        return err;
    }
    lane->info = *info;
    lane->writer = writer;
    lane->track_id = track->id;
    return 0;
}

/* Until it is settled, what the SPS announces counts: a viewer's first pictures shall not be out of order. */
static bool has_b_frames(const struct ingest_feed *feed)
{
    return feed->order.has_b_frames || (feed->order.is_expected && !feed->order.is_settled);
}

static int configure_video(struct ingest_feed *feed)
{
    struct jt_track_info info;
    int err = jt_h264_params_to_track(&feed->params, &info);

    if (err)
        return err;
    info.has_b_frames = has_b_frames(feed);
    return lane_configure(feed, &feed->video, &info);
}

static int on_video_config(struct ingest_feed *feed, const struct jt_flv_message *message,
                           int64_t now_us)
{
    int err = jt_h264_params_from_record(message->data, message->size, &feed->params);

    if (!err) {
        jt_h264_order_init(&feed->order, feed->params.has_sps ? &feed->params.sps : NULL);
        err = configure_video(feed);
    }
    return err ? count_bad(feed, "video_config", now_us) : 0;
}

/* B-frames that the SPS did not announce, or announced and never sent. */
static void settle_order(struct ingest_feed *feed, const struct jt_h264_au *au,
                         const struct jt_frame *frame)
{
    (void)jt_h264_order_feed(&feed->order, au, frame->pts);
    if (has_b_frames(feed) == (bool)feed->video.info.has_b_frames)
        return;
    if (configure_video(feed))
        jt_warn("track.configure", KV("show", ingest_show_name(feed->show)));
}

static void wake_readers(struct ingest_feed *feed)
{
    jt_bells_pull(feed->bells);
    jt_bells_pull(ingest_show_bells(feed->show));
}

static int put_video(struct ingest_feed *feed, const struct jt_frame *frame, uint32_t flags)
{
    struct jt_packet_sink sink = jt_ring_writer_sink(feed->video.writer);
    int n = jt_ring_writer_begin(feed->video.writer, frame, flags);

    if (n)
        return n;
    n = jt_h264_pack(frame->data, frame->size, frame->is_key ? &feed->params : NULL, &sink);
    if (n <= 0) {
        jt_ring_writer_abort(feed->video.writer);
        return n ? n : -EBADMSG;
    }
    (void)jt_ring_writer_end(feed->video.writer);
    wake_readers(feed);
    jt_metric_add(&frames_total, "video", 1);
    jt_metric_add(&bytes_total, "video", (int64_t)frame->size);
    return 0;
}

static void watch_gop(struct ingest_feed *feed, int64_t now_us)
{
    if (jt_ring_writer_has_join_point(feed->video.writer))
        feed->video_since_us = now_us;
    else if (now_us - feed->video_since_us > (int64_t)JOIN_POINT_PATIENCE_MS * JT_USEC_PER_MSEC)
        ingest_show_warn(
            feed->show, "gop_too_long",
            "Key frames are too far apart: set the key frame interval to 2 seconds, so that "
            "viewers see the picture at once.");
}

static int on_video_frame(struct ingest_feed *feed, uint32_t time_ms,
                          const struct jt_flv_message *message, int64_t now_us)
{
    size_t room = message->size * NORMALIZED_GROWTH + 4;
    struct jt_timeline_stamp stamp;
    struct jt_h264_au au = {0};
    struct jt_frame frame;
    struct jt_writer out;
    int err;

    if (!feed->params.length_bytes)
        return count_bad(feed, "video_before_config", now_us);
    out = jt_writer_of(scratch_of(feed, room), room);
    if (!out.data)
        return -ENOMEM;
    err = jt_h264_au_normalize(jt_reader_of(message->data, message->size),
                               (enum jt_h264_form)feed->params.length_bytes, &feed->params, &out,
                               &au);
    if (au.params_changed && configure_video(feed))
        return count_bad(feed, "video_config", now_us);
    if (err)
        return err == -ENODATA ? 0 : count_bad(feed, "video_frame", now_us);
    stamp = jt_timeline_video(&feed->timeline, time_ms, message->composition_ms, now_us);
    frame = (struct jt_frame){.data = out.data,
                              .size = out.size,
                              .dts = stamp.dts,
                              .pts = stamp.pts,
                              .capture_us = stamp.capture_us,
                              .is_key = au.is_key,
                              .is_discardable = au.is_discardable};
    if (!feed->video.track_id && configure_video(feed))
        return count_bad(feed, "video_config", now_us);
    settle_order(feed, &au, &frame);
    if (!feed->has_key && !frame.is_key) {
        watch_gop(feed, now_us); /* nothing could be decoded yet */
        return 0;
    }
    feed->has_key = true;
    if (put_video(feed, &frame, stamp.is_discontinuity ? JT_RING_DISCONTINUITY : 0))
        return count_bad(feed, "video_pack", now_us);
    watch_gop(feed, now_us);
    return 0;
}

static const char *refuse_codec(struct ingest_feed *feed, const struct jt_flv_message *message,
                                const char *what, char *words, size_t capacity)
{
    (void)snprintf(words, capacity,
                   "This %s codec (%s) is not supported: choose %s in the encoder.", what,
                   message->codec_name, strcmp(what, "video") == 0 ? "H.264" : "AAC");
    ingest_show_warn(feed->show, jt_flv_refusal_name(message->refusal), words);
    return words;
}

int ingest_feed_video(struct ingest_feed *feed, uint32_t time_ms, const uint8_t *body, size_t size,
                      int64_t now_us, const char **why)
{
    static _Thread_local char words[JT_CONTROL_TEXT_MAX_BYTES];
    struct jt_flv_message message;

    if (!feed->video_since_us)
        feed->video_since_us = now_us;
    if (jt_flv_video_parse(body, size, &message))
        return count_bad(feed, "video_tag", now_us);
    switch (message.kind) {
    case JT_FLV_CONFIG:
        return on_video_config(feed, &message, now_us);
    case JT_FLV_FRAME:
        return on_video_frame(feed, time_ms, &message, now_us);
    case JT_FLV_REFUSED:
        *why = refuse_codec(feed, &message, "video", words, sizeof(words));
        return -EPROTONOSUPPORT;
    default:
        return 0;
    }
}

static int on_audio_config(struct ingest_feed *feed, const struct jt_flv_message *message,
                           int64_t now_us)
{
    struct jt_track_info info;
    int err = jt_aac_config_parse(message->data, message->size, &feed->aac);

    if (!err)
        err = jt_aac_config_to_track(message->data, message->size, &info);
    if (!err && feed->audio.track_id && feed->audio.info.clock_hz != info.clock_hz) {
        /* another clock is another time line for whoever reads the ring: end it, begin anew */
        ingest_show_end_track(feed->show, feed->audio.track_id);
        feed->audio = (struct lane){0};
    }
    if (!err)
        err = lane_configure(feed, &feed->audio, &info);
    if (err)
        return count_bad(feed, "audio_config", now_us);
    jt_timeline_set_audio(&feed->timeline, info.clock_hz);
    return 0;
}

static int on_audio_frame(struct ingest_feed *feed, uint32_t time_ms,
                          const struct jt_flv_message *message, int64_t now_us)
{
    struct jt_timeline_stamp stamp;
    struct jt_packet_sink sink;
    struct jt_frame frame;

    if (!feed->audio.track_id)
        return count_bad(feed, "audio_before_config", now_us);
    stamp = jt_timeline_audio(&feed->timeline, time_ms, feed->aac.frame_samples, now_us);
    frame = (struct jt_frame){.data = message->data,
                              .size = message->size,
                              .dts = stamp.dts,
                              .pts = stamp.pts,
                              .capture_us = stamp.capture_us,
                              .is_key = true};
    if (jt_ring_writer_begin(feed->audio.writer, &frame,
                             stamp.is_discontinuity ? JT_RING_DISCONTINUITY : 0))
        return count_bad(feed, "audio_ring", now_us);
    sink = jt_ring_writer_sink(feed->audio.writer);
    if (jt_aac_pack(message->data, message->size, &sink) <= 0) {
        jt_ring_writer_abort(feed->audio.writer);
        return count_bad(feed, "audio_pack", now_us);
    }
    (void)jt_ring_writer_end(feed->audio.writer);
    wake_readers(feed);
    jt_metric_add(&frames_total, "audio", 1);
    jt_metric_add(&bytes_total, "audio", (int64_t)message->size);
    return 0;
}

int ingest_feed_audio(struct ingest_feed *feed, uint32_t time_ms, const uint8_t *body, size_t size,
                      int64_t now_us, const char **why)
{
    static _Thread_local char words[JT_CONTROL_TEXT_MAX_BYTES];
    struct jt_flv_message message;

    if (jt_flv_audio_parse(body, size, &message))
        return count_bad(feed, "audio_tag", now_us);
    switch (message.kind) {
    case JT_FLV_CONFIG:
        return on_audio_config(feed, &message, now_us);
    case JT_FLV_FRAME:
        return on_audio_frame(feed, time_ms, &message, now_us);
    case JT_FLV_REFUSED: /* the picture is worth having without sound */
        *why = refuse_codec(feed, &message, "audio", words, sizeof(words));
        return 0;
    default:
        return 0;
    }
}
