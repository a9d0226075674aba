#include "relay/show.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "relay/access.h"
#include "relay/message.h"
#include "relay/track.h"
#include "relay/viewer.h"
#include "relay/worker.h"

enum {
    SETTLE_MS = 3000, /* a show so young may not have all its tracks yet: both kinds are answered */
};

struct relay_show {
    LIST_ENTRY(relay_show) link; /* first: relay_shows is a list of these */
    struct relay_worker *worker;
    char name[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_state state;
    enum jt_show_access access;
    uint32_t epoch;
    int64_t epoch_at_us;
    bool is_told, has_refused_repair;
    LIST_HEAD(, relay_track) tracks;
    LIST_HEAD(, relay_viewer) viewers;
    struct jt_answer_source last; /* what it could be answered with when it last had tracks */
};

struct relay_show *relay_shows_find(struct relay_shows *shows, const char *name)
{
    struct relay_show *show;

    LIST_FOREACH (show, shows, link)
        if (strcmp(show->name, name) == 0)
            return show;
    return NULL;
}

struct relay_show *relay_shows_next(struct relay_show *show)
{
    return LIST_NEXT(show, link);
}

struct relay_show *relay_shows_update(struct relay_shows *shows, struct relay_worker *worker,
                                      const struct relay_message *message)
{
    struct relay_show *show = relay_shows_find(shows, message->show);

    if (!show) {
        show = calloc(1, sizeof(*show));
        if (!show)
            return NULL;
        show->worker = worker;
        (void)snprintf(show->name, sizeof(show->name), "%s", message->show);
        LIST_INIT(&show->tracks);
        LIST_INIT(&show->viewers);
        LIST_INSERT_HEAD(shows, show, link);
    }
    if (message->epoch != show->epoch) {
        show->epoch = message->epoch;
        show->epoch_at_us = jt_clock_mono_us();
        show->has_refused_repair = false;
    }
    show->state = message->state;
    show->access = message->access;
    show->is_told = true;
    return show;
}

void relay_show_free(struct relay_show *show)
{
    struct relay_track *track;

    while ((track = LIST_FIRST(&show->tracks))) {
        LIST_REMOVE(track, link);
        relay_track_free(track);
    }
    LIST_REMOVE(show, link);
    free(show);
}

const char *relay_show_name(const struct relay_show *show)
{
    return show->name;
}

enum jt_show_access relay_show_access(const struct relay_show *show)
{
    return show->access;
}

void relay_show_enforce(struct relay_show *show, int64_t now_ms)
{
    struct relay_viewer *viewer;

    if (show->access == JT_ACCESS_PUBLIC)
        return;
    LIST_FOREACH (viewer, &show->viewers, link)
        if (!relay_access_allows(show->access, &viewer->ticket, now_ms, NULL))
            relay_viewer_close(viewer, "access");
}

/* ---- which track a WebRTC viewer gets ---- */

static bool is_video(const struct relay_track *track)
{
    return jt_codec_is_video((enum jt_codec)track->info.codec);
}

static bool is_playable(const struct relay_track *track)
{
    if (track->is_lost || track->info.codec == JT_CODEC_AAC)
        return false;
    return !track->info.has_b_frames; /* browsers show pictures in decoding order */
}

/* The newest epoch wins, then what the publisher sent itself. */
static bool is_better(const struct relay_track *a, const struct relay_track *b)
{
    if (!b)
        return true;
    if (a->epoch != b->epoch)
        return a->epoch > b->epoch;
    return b->source && !a->source;
}

static struct relay_track *choose(const struct relay_show *show, bool video)
{
    struct relay_track *track, *best = NULL;

    LIST_FOREACH (track, &show->tracks, link)
        if (is_video(track) == video && is_playable(track) && is_better(track, best))
            best = track;
    return best;
}

static void place(struct relay_stream *stream, struct relay_track *track, int64_t now_us)
{
    if (!stream->is_offered || stream->track == track)
        return;
    if (track)
        relay_track_attach(track, stream, now_us);
    else
        relay_track_detach(stream);
}

void relay_show_attach(struct relay_show *show, struct relay_viewer *viewer, int64_t now_us)
{
    if (!viewer->is_ready)
        return;
    place(&viewer->streams[RELAY_VIDEO], choose(show, true), now_us);
    place(&viewer->streams[RELAY_AUDIO], choose(show, false), now_us);
    relay_worker_hurry(show->worker);
}

static void place_all(struct relay_show *show, int64_t now_us)
{
    struct relay_viewer *viewer;
    struct relay_track *track;

    LIST_FOREACH (viewer, &show->viewers, link)
        relay_show_attach(show, viewer, now_us);
    track = choose(show, true);
    if (track)
        show->last.video = track->info;
    track = choose(show, false);
    if (track)
        show->last.audio = track->info;
}

/* ---- tracks ---- */

void relay_show_add_track(struct relay_show *show, const struct relay_message *message, int fd,
                          int64_t now_us)
{
    struct relay_track numbers = {.id = message->track,
                                  .source = message->source,
                                  .epoch = message->epoch,
                                  .source_id = relay_worker_next_source(show->worker)};
    struct relay_track *track;
    int err = relay_track_new(&numbers, fd, &track);

    if (err) {
        jt_warn("track.refused", KV("show", show->name), KV("track", message->track),
                KV("err", err));
        (void)close(fd);
        return;
    }
    LIST_INSERT_HEAD(&show->tracks, track, link);
    place_all(show, now_us);
}

static void drop_track(struct relay_show *show, struct relay_track *track)
{
    relay_batch_flush(relay_worker_batch(show->worker));
    LIST_REMOVE(track, link);
    relay_track_free(track);
    place_all(show, jt_clock_mono_us());
}

void relay_show_end_track(struct relay_show *show, uint32_t track_id)
{
    struct relay_track *track;

    LIST_FOREACH (track, &show->tracks, link)
        if (track->id == track_id) {
            drop_track(show, track);
            return;
        }
}

void relay_show_warn(struct relay_show *show, const char *code)
{
    if (strcmp(code, "b_frames") == 0)
        show->has_refused_repair = true;
}

void relay_show_lose_ingest(struct relay_show *show)
{
    struct relay_track *track;

    show->is_told = false;
    show->state = JT_SHOW_WAITING;
    while ((track = LIST_FIRST(&show->tracks)))
        drop_track(show, track);
}

bool relay_show_is_told(const struct relay_show *show)
{
    return show->is_told;
}

/* ---- what to answer ---- */

static void assume(struct jt_track_info *info, enum jt_codec codec)
{
    if (info->codec != JT_CODEC_NONE)
        return;
    *info = (struct jt_track_info){
        .codec = (uint32_t)codec, .channels = 2, .sample_rate = JT_OPUS_CLOCK_HZ};
    if (codec == JT_CODEC_H264)
        memcpy(info->profile_level_id, (const uint8_t[]){0x42, 0xe0, 0x1f}, 3);
}

static bool has_codec(const struct relay_show *show, enum jt_codec codec, bool with_b_frames)
{
    struct relay_track *track;

    LIST_FOREACH (track, &show->tracks, link)
        if (track->info.codec == (uint32_t)codec && (!with_b_frames || track->info.has_b_frames))
            return true;
    return false;
}

int relay_show_source(const struct relay_show *show, int64_t now_us, struct jt_answer_source *out,
                      struct jt_answer_refusal *refusal)
{
    bool is_young = now_us - show->epoch_at_us < (int64_t)SETTLE_MS * JT_USEC_PER_MSEC;
    const struct relay_track *video = choose(show, true), *audio = choose(show, false);

    if (show->state == JT_SHOW_ENDED)
        return -ENOENT;
    if (!video && show->has_refused_repair && has_codec(show, JT_CODEC_H264, true)) {
        *refusal = (struct jt_answer_refusal){
            406, "b_frames", "The seller's encoder sends B-frames, which browsers can't show live"};
        return -EOPNOTSUPP;
    }
    *out = (struct jt_answer_source){0};
    if (show->state == JT_SHOW_WAITING)
        *out = show->last;
    if (video)
        out->video = video->info;
    if (audio)
        out->audio = audio->info;
    if (is_young || show->state == JT_SHOW_WAITING || has_codec(show, JT_CODEC_H264, true))
        assume(&out->video, JT_CODEC_H264);
    if (is_young || show->state == JT_SHOW_WAITING || has_codec(show, JT_CODEC_AAC, false))
        assume(&out->audio, JT_CODEC_OPUS);
    return 0;
}

/* ---- viewers ---- */

void relay_show_add_viewer(struct relay_show *show, struct relay_viewer *viewer)
{
    LIST_INSERT_HEAD(&show->viewers, viewer, link);
}

void relay_show_remove_viewer(struct relay_viewer *viewer)
{
    LIST_REMOVE(viewer, link);
}

void relay_show_dismiss(struct relay_show *show, const char *reason)
{
    struct relay_viewer *viewer;

    LIST_FOREACH (viewer, &show->viewers, link)
        relay_viewer_close(viewer, reason);
}

struct relay_track *relay_show_track_of_source(struct relay_show *show, uint32_t source_id)
{
    struct relay_track *track;

    LIST_FOREACH (track, &show->tracks, link)
        if (track->source_id == source_id)
            return track;
    return NULL;
}

bool relay_show_pump(struct relay_show *show, struct relay_batch *batch, int64_t now_us)
{
    struct relay_track *track;
    bool has_changed = false, is_behind = false;

    LIST_FOREACH (track, &show->tracks, link) {
        has_changed |= relay_track_pump(track, batch, now_us);
        is_behind |= track->is_behind;
    }
    if (has_changed)
        place_all(show, now_us);
    return is_behind;
}

int relay_show_catch_up(struct relay_show *show, struct relay_batch *batch, int64_t now_us)
{
    struct relay_track *track;
    int left = 0;

    LIST_FOREACH (track, &show->tracks, link)
        left += relay_track_catch_up(track, batch, now_us);
    return left;
}

void relay_show_poll_viewers(struct relay_show *show, int64_t now_us)
{
    struct relay_viewer *viewer;

    LIST_FOREACH (viewer, &show->viewers, link)
        relay_viewer_poll(viewer, now_us);
}
