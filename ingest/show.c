#include "ingest/show.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "loop/loop.h"
#include "ring/bells.h"
#include "ring/ring.h"

enum {
    LISTENERS_MAX = 6,
    WARNINGS_MAX = 8,
    EPOCH_ZERO_S =
        1577836800, /* 2020-01-01: epochs are seconds since, so that a restarted ingest counts on */
    EPOCH_BUCKETS = 256,
};

static struct jt_metric shows_gauge = JT_GAUGE("jangteo_ingest_shows", "Shows by state.", "state");
static struct jt_metric joins_total =
    JT_COUNTER("jangteo_ingest_publishers_total", "Publishers that asked for a show.", "outcome");
static struct jt_metric warnings_total =
    JT_COUNTER("jangteo_ingest_warnings_total", "Warnings to sellers.", "code");

struct warning {
    char code[JT_CONTROL_TEXT_MAX_BYTES];
    char words[JT_CONTROL_TEXT_MAX_BYTES];
};

struct ingest_show {
    LIST_ENTRY(ingest_show) link;
    struct ingest_shows *shows;
    char name[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_state state;
    enum jt_show_access access;
    bool is_stopped;
    uint32_t epoch;
    struct ingest_publisher_ops publisher; /* stop NULL: nobody publishes */
    void *publisher_arg;
    struct jt_timer *grace;
    struct jt_bells *bells;
    struct ingest_track tracks[INGEST_TRACKS_MAX];
    size_t track_count;
    struct warning warnings[WARNINGS_MAX];
    size_t warning_count;
};

struct ingest_shows {
    struct jt_loop *loop;
    int64_t grace_us;
    LIST_HEAD(, ingest_show) list;
    size_t count;
    uint32_t last_track_id;
    struct {
        const struct ingest_show_events *events;
        void *arg;
    } listeners[LISTENERS_MAX];
    size_t listener_count;
};

#define TELL(show, event, ...)                                                                     \
    do {                                                                                           \
        struct ingest_shows *shows_ = (show)->shows;                                               \
        for (size_t i_ = 0; i_ < shows_->listener_count; i_++)                                     \
            if (shows_->listeners[i_].events->event)                                               \
                shows_->listeners[i_].events->event(shows_->listeners[i_].arg, __VA_ARGS__);       \
    } while (0)

static const unsigned show_moves[] = {
    [JT_SHOW_LIVE] = 1U << JT_SHOW_WAITING | 1U << JT_SHOW_ENDED,
    [JT_SHOW_WAITING] = 1U << JT_SHOW_LIVE | 1U << JT_SHOW_ENDED,
    [JT_SHOW_ENDED] = 0,
};

static void show_set_state(struct ingest_show *show, enum jt_show_state state)
{
    assert(show_moves[show->state] & 1U << state);
    jt_metric_add(&shows_gauge, jt_show_state_names[show->state], -1);
    if (state != JT_SHOW_ENDED)
        jt_metric_add(&shows_gauge, jt_show_state_names[state], 1);
    show->state = state;
    jt_info("show.state", KV("show", show->name), KV("state", jt_show_state_names[state]),
            KV("epoch", show->epoch));
    TELL(show, on_state, show);
}

int ingest_shows_new(struct jt_loop *loop, int64_t grace_ms, struct ingest_shows **out)
{
    struct ingest_shows *shows = calloc(1, sizeof(*shows));

    if (!shows)
        return -ENOMEM;
    shows->loop = loop;
    shows->grace_us = grace_ms * JT_USEC_PER_MSEC;
    LIST_INIT(&shows->list);
    jt_metric_register(&shows_gauge, "live");
    jt_metric_register(&shows_gauge, "waiting");
    *out = shows;
    return 0;
}

int ingest_shows_listen(struct ingest_shows *shows, const struct ingest_show_events *events,
                        void *arg)
{
    if (shows->listener_count == LISTENERS_MAX)
        return -ENOSPC;
    shows->listeners[shows->listener_count].events = events;
    shows->listeners[shows->listener_count++].arg = arg;
    return 0;
}

void ingest_shows_silence(struct ingest_shows *shows)
{
    shows->listener_count = 0;
}

/* The ring goes with the track: readers see "ended" and keep their mapping until they let go. */
static void track_release(struct ingest_track *track)
{
    if (track->writer)
        jt_ring_writer_free(track->writer);
    else
        (void)close(track->fd);
}

static void end_made_from(struct ingest_show *show, uint32_t source);

/* With a track ends what was made from it. */
static void end_track_at(struct ingest_show *show, size_t i)
{
    struct ingest_track track = show->tracks[i];

    memmove(&show->tracks[i], &show->tracks[i + 1], (--show->track_count - i) * sizeof(track));
    end_made_from(show, track.id);
    TELL(show, on_track_end, show, &track);
    track_release(&track);
}

static void end_made_from(struct ingest_show *show, uint32_t source)
{
    for (size_t i = show->track_count; i-- > 0;)
        if (i < show->track_count && show->tracks[i].source == source)
            end_track_at(show, i);
}

static void end_all_tracks(struct ingest_show *show)
{
    while (show->track_count)
        end_track_at(show, show->track_count - 1);
}

static void show_free(struct ingest_show *show)
{
    LIST_REMOVE(show, link);
    show->shows->count--;
    jt_timer_free(show->grace);
    jt_bells_free(show->bells);
    free(show);
}

static void show_end(struct ingest_show *show)
{
    end_all_tracks(show);
    show_set_state(show, JT_SHOW_ENDED);
    show_free(show);
}

void ingest_shows_free(struct ingest_shows *shows)
{
    struct ingest_show *show;

    if (!shows)
        return;
    while ((show = LIST_FIRST(&shows->list))) {
        end_all_tracks(show);
        show_free(show);
    }
    free(shows);
}

static void on_grace_over(void *arg)
{
    show_end(arg);
}

/* What names got last, also those whose show has ended. Names that share a place only skip numbers. */
static uint32_t last_epochs[EPOCH_BUCKETS];

static uint32_t next_epoch(const char *name)
{
    uint32_t now = (uint32_t)(jt_clock_wall_us() / JT_USEC_PER_SEC - EPOCH_ZERO_S);
    uint32_t hash = 5381;
    uint32_t *last;

    for (; *name; name++)
        hash = hash * 33 + (uint8_t)*name;
    last = &last_epochs[hash % EPOCH_BUCKETS];
    *last = JT_MAX(*last + 1, now);
    return *last;
}

static int show_new(struct ingest_shows *shows, const char *name, struct ingest_show **out)
{
    struct ingest_show *show;
    int err;

    if (shows->count >= INGEST_SHOWS_MAX)
        return -ENOSPC;
    show = calloc(1, sizeof(*show));
    if (!show)
        return -ENOMEM;
    err = jt_bells_new(&show->bells);
    if (!err)
        err = jt_timer_new(shows->loop, "show.grace", on_grace_over, show, &show->grace);
    if (err) {
        jt_bells_free(show->bells);
        free(show);
        return err;
    }
    show->shows = shows;
    show->state = JT_SHOW_WAITING;
    (void)snprintf(show->name, sizeof(show->name), "%s", name);
    LIST_INSERT_HEAD(&shows->list, show, link);
    shows->count++;
    jt_metric_add(&shows_gauge, "waiting", 1);
    *out = show;
    return 0;
}

int ingest_show_arrive(struct ingest_shows *shows, const struct ingest_arrival *arrival,
                       struct ingest_show **out)
{
    const char *name = arrival->name;
    struct ingest_show *show;
    int err;

    if (!jt_show_name_is_valid(name, strlen(name)))
        return -EINVAL;
    show = ingest_show_find(shows, name);
    if (show && show->state == JT_SHOW_LIVE) {
        jt_metric_add(&joins_total, "already_live", 1);
        return -EBUSY;
    }
    if (!show) {
        err = show_new(shows, name, &show);
        if (err) {
            jt_metric_add(&joins_total, "no_room", 1);
            return err;
        }
    }
    jt_timer_stop(show->grace);
    jt_metric_add(&joins_total, show->epoch ? "returned" : "new", 1);
    show->epoch = next_epoch(show->name);
    show->warning_count = 0;
    show->publisher = *arrival->ops;
    show->publisher_arg = arrival->arg;
    show->access = arrival->access;
    show->is_stopped = false;
    show_set_state(show, JT_SHOW_LIVE);
    *out = show;
    return 0;
}

int ingest_show_join(struct ingest_shows *shows, const char *name,
                     const struct ingest_publisher_ops *ops, void *arg, struct ingest_show **out)
{
    const struct ingest_arrival arrival = {
        .name = name, .access = JT_ACCESS_PUBLIC, .ops = ops, .arg = arg};

    return ingest_show_arrive(shows, &arrival, out);
}

void ingest_show_leave(struct ingest_show *show)
{
    assert(show->state == JT_SHOW_LIVE);
    memset(&show->publisher, 0, sizeof(show->publisher));
    end_all_tracks(show);
    if (show->shows->grace_us == 0) {
        show_end(show);
        return;
    }
    show_set_state(show, JT_SHOW_WAITING);
    jt_timer_start(show->grace, show->shows->grace_us, 0);
}

void ingest_show_stop(struct ingest_show *show, const char *code, const char *words)
{
    struct ingest_publisher_ops publisher = show->publisher;
    struct ingest_shows *shows = show->shows;
    char name[JT_SHOW_NAME_MAX_BYTES];

    memcpy(name, show->name, sizeof(name));
    show->is_stopped = true;
    if (publisher.stop)
        publisher.stop(show->publisher_arg, code, words);
    show = ingest_show_find(shows, name); /* without grace it ended as its publisher left */
    if (show && show->state == JT_SHOW_WAITING)
        jt_timer_start(show->grace, 0, 0); /* nothing is waited for */
}

struct ingest_show *ingest_show_find(struct ingest_shows *shows, const char *name)
{
    struct ingest_show *show;

    LIST_FOREACH (show, &shows->list, link)
        if (strcmp(show->name, name) == 0)
            return show;
    return NULL;
}

const char *ingest_show_name(const struct ingest_show *show)
{
    return show->name;
}

uint32_t ingest_show_epoch(const struct ingest_show *show)
{
    return show->epoch;
}

enum jt_show_state ingest_show_state(const struct ingest_show *show)
{
    return show->state;
}

enum jt_show_access ingest_show_access(const struct ingest_show *show)
{
    return show->access;
}

void ingest_show_set_access(struct ingest_show *show, enum jt_show_access access)
{
    if (show->access == access)
        return;
    show->access = access;
    jt_info("show.access", KV("show", show->name), KV("access", jt_show_access_names[access]));
    TELL(show, on_access, show);
}

bool ingest_show_is_stopped(const struct ingest_show *show)
{
    return show->is_stopped;
}

struct jt_bells *ingest_show_bells(struct ingest_show *show)
{
    return show->bells;
}

bool ingest_show_request_key_frame(struct ingest_show *show)
{
    return show->publisher.request_key_frame &&
           show->publisher.request_key_frame(show->publisher_arg);
}

static int add_track(struct ingest_show *show, struct ingest_track track)
{
    if (show->track_count == INGEST_TRACKS_MAX)
        return -ENOSPC;
    show->shows->last_track_id = show->shows->last_track_id % INT32_MAX + 1;
    track.id = show->shows->last_track_id;
    track.epoch = show->epoch;
    show->tracks[show->track_count++] = track;
    jt_info("track.new", KV("show", show->name), KV("track", track.id),
            KV("codec", jt_codec_name((enum jt_codec)track.info.codec)),
            KV("layer", (const char *)track.info.layer), KV("source", track.source));
    TELL(show, on_track, show, &show->tracks[show->track_count - 1]);
    return 0;
}

static struct ingest_track *find_track(struct ingest_show *show, uint32_t id)
{
    for (size_t i = 0; i < show->track_count; i++)
        if (show->tracks[i].id == id)
            return &show->tracks[i];
    return NULL;
}

int ingest_show_add_track(struct ingest_show *show, struct jt_ring_writer *writer,
                          const struct jt_track_info *info, const struct ingest_track **out)
{
    int err = add_track(
        show,
        (struct ingest_track){.writer = writer, .fd = jt_ring_writer_fd(writer), .info = *info});

    if (!err)
        *out = &show->tracks[show->track_count - 1];
    return err;
}

int ingest_show_offer_track(struct ingest_show *show, int fd, const struct ingest_track *offer)
{
    struct ingest_track track = *offer;

    if (offer->epoch != show->epoch || !find_track(show, offer->source))
        return -ESTALE;
    for (size_t i = 0; i < show->track_count;
         i++) /* a restarted worker replaces what it made before */
        if (!show->tracks[i].writer && show->tracks[i].source == offer->source &&
            show->tracks[i].info.codec == offer->info.codec) {
            end_track_at(show, i);
            break;
        }
    track.fd = fd;
    track.writer = NULL;
    return add_track(show, track);
}

void ingest_show_update_track(struct ingest_show *show, uint32_t track_id,
                              const struct jt_track_info *info)
{
    struct ingest_track *track = find_track(show, track_id);

    if (!track)
        return;
    track->info = *info;
    TELL(show, on_track_changed, show, track);
}

void ingest_show_end_track(struct ingest_show *show, uint32_t track_id)
{
    struct ingest_track *track = find_track(show, track_id);

    if (track)
        end_track_at(show, (size_t)(track - show->tracks));
}

void ingest_show_end_made(struct ingest_show *show, uint32_t source, enum jt_codec codec)
{
    for (size_t i = show->track_count; i-- > 0;)
        if (show->tracks[i].source == source && show->tracks[i].info.codec == (uint32_t)codec)
            end_track_at(show, i);
}

void ingest_show_end_worker_tracks(struct ingest_show *show)
{
    for (size_t i = show->track_count; i-- > 0;)
        if (!show->tracks[i].writer)
            end_track_at(show, i);
}

void ingest_show_warn(struct ingest_show *show, const char *code, const char *words)
{
    struct warning *warning;

    for (size_t i = 0; i < show->warning_count; i++)
        if (strcmp(show->warnings[i].code, code) == 0)
            return;
    if (show->warning_count == WARNINGS_MAX)
        return;
    warning = &show->warnings[show->warning_count++];
    (void)snprintf(warning->code, sizeof(warning->code), "%s", code);
    (void)snprintf(warning->words, sizeof(warning->words), "%s", words);
    jt_metric_add(&warnings_total, code, 1);
    jt_warn("show.warning", KV("show", show->name), KV("code", code), KV("words", words));
    TELL(show, on_warning, show, code, words);
}

void ingest_shows_each(struct ingest_shows *shows, ingest_show_fn fn, void *arg)
{
    struct ingest_show *show;

    LIST_FOREACH (show, &shows->list, link)
        fn(arg, show);
}

void ingest_show_each_track(const struct ingest_show *show, ingest_track_fn fn, void *arg)
{
    for (size_t i = 0; i < show->track_count; i++)
        fn(arg, show, &show->tracks[i]);
}

void ingest_show_each_warning(const struct ingest_show *show, ingest_warning_fn fn, void *arg)
{
    for (size_t i = 0; i < show->warning_count; i++)
        fn(arg, show, show->warnings[i].code, show->warnings[i].words);
}

size_t ingest_shows_count(const struct ingest_shows *shows)
{
    return shows->count;
}
