#include "ingest/report.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "hook/hook.h"
#include "hook/set.h"
#include "ingest/gauge.h"
#include "ingest/show.h"
#include "loop/loop.h"
#include "ring/control.h"

enum { BUCKETS = 256 };

struct entry {
    LIST_ENTRY(entry) link;
    uint32_t track;
    struct ingest_gauge *gauge;
};
LIST_HEAD(entries, entry);

struct ingest_report {
    struct ingest_shows *shows;
    struct jt_hooks *hooks;
    struct jt_timer *timer;
    int skipped;
    struct entries buckets[BUCKETS]; /* by the track's number, which is unique */
};

/* ---- gauges of tracks ---- */

static struct entry *find(struct ingest_report *report, uint32_t track)
{
    struct entry *entry;

    LIST_FOREACH (entry, &report->buckets[track % BUCKETS], link)
        if (entry->track == track)
            return entry;
    return NULL;
}

static void entry_free(struct entry *entry)
{
    LIST_REMOVE(entry, link);
    ingest_gauge_free(entry->gauge);
    free(entry);
}

/* A track without a gauge is told without its clock. */
static void on_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct ingest_report *report = arg;
    struct entry *entry = calloc(1, sizeof(*entry));

    if (!entry || ingest_gauge_new(track->fd, &entry->gauge)) {
        jt_warn("track.gauge", KV("show", ingest_show_name(show)), KV("track", track->id));
        free(entry);
        return;
    }
    entry->track = track->id;
    LIST_INSERT_HEAD(&report->buckets[track->id % BUCKETS], entry, link);
}

static void on_track_end(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track)
{
    struct entry *entry = find(arg, track->id);

    (void)show;
    if (entry)
        entry_free(entry);
}

/* ---- unpublish ---- */

static void tell_unpublished(struct ingest_report *report, const struct ingest_show *show,
                             const char *topic, const char *reason)
{
    struct jt_hook_post post = {
        .path = "/hooks/unpublish", .topic = topic, .retry = JT_HOOK_UNTIL_DONE};
    char body[JT_SHOW_NAME_MAX_BYTES + 128];
    int size =
        snprintf(body, sizeof(body), "{\"show\":\"%s\",\"epoch\":%" PRIu32 ",\"reason\":\"%s\"}",
                 ingest_show_name(show), ingest_show_epoch(show), reason);

    post.body = body;
    post.size = (size_t)size;
    if (jt_hooks_post(report->hooks, &post))
        jt_warn("unpublish.not_told", KV("show", ingest_show_name(show)));
}

static void on_state(void *arg, const struct ingest_show *show)
{
    struct ingest_report *report = arg;
    char topic[JT_HOOK_TOPIC_MAX_BYTES];

    (void)snprintf(topic, sizeof(topic), "unpublish/%s", ingest_show_name(show));
    switch (ingest_show_state(show)) {
    case JT_SHOW_LIVE: /* that it had left is no news any more */
        jt_hooks_drop(report->hooks, topic);
        break;
    case JT_SHOW_WAITING:
        tell_unpublished(report, show, topic, "left");
        break;
    default:
        tell_unpublished(report, show, topic, ingest_show_is_stopped(show) ? "stopped" : "ended");
        break;
    }
}

static const struct ingest_show_events show_events = {
    .on_state = on_state, .on_track = on_track, .on_track_end = on_track_end};

/* ---- live ---- */

struct page {
    struct ingest_report *report;
    struct jt_hook_set *set;
    json_t *tracks, *warnings;
    int64_t now_us;
    int err;
};

static void put_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct page *page = arg;
    struct entry *entry = find(page->report, track->id);
    struct ingest_gauge_value value = {0};

    (void)show;
    if (entry)
        value = ingest_gauge_read(entry->gauge, page->now_us);
    (void)json_array_append_new(
        page->tracks,
        json_pack("{s:s, s:s, s:i, s:i, s:I, s:I, s:I}", "codec",
                  jt_codec_name((enum jt_codec)track->info.codec), "layer", track->info.layer,
                  "width", (int)track->info.width, "height", (int)track->info.height, "bitrate_bps",
                  (json_int_t)value.bitrate_bps, "capture_us", (json_int_t)value.capture_us,
                  "wall_offset_us", (json_int_t)value.wall_offset_us));
}

static void put_warning(void *arg, const struct ingest_show *show, const char *code,
                        const char *words)
{
    struct page *page = arg;

    (void)show;
    (void)words;
    (void)json_array_append_new(page->warnings, json_string(code));
}

static void put_show(void *arg, const struct ingest_show *show)
{
    struct page *page = arg;
    json_t *object;
    char *text;

    page->tracks = json_array();
    page->warnings = json_array();
    ingest_show_each_track(show, put_track, page);
    ingest_show_each_warning(show, put_warning, page);
    object = json_pack("{s:s, s:I, s:s, s:s, s:o, s:o}", "show", ingest_show_name(show), "epoch",
                       (json_int_t)ingest_show_epoch(show), "state",
                       jt_show_state_names[ingest_show_state(show)], "access",
                       jt_show_access_names[ingest_show_access(show)], "tracks", page->tracks,
                       "warnings", page->warnings);
    text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    if (!page->err)
        page->err = text ? jt_hook_set_add(page->set, text, strlen(text)) : -ENOMEM;
    free(text);
    json_decref(object);
}

static bool is_due(struct ingest_report *report)
{
    if (ingest_shows_count(report->shows) > INGEST_REPORT_MANY_SHOWS &&
        ++report->skipped < INGEST_REPORT_MANY_EVERY)
        return false;
    report->skipped = 0;
    return true;
}

/* Half a set would tell of shows that ended: all or nothing. */
static void on_timer(void *arg)
{
    struct ingest_report *report = arg;
    struct page page = {.report = report, .now_us = jt_clock_mono_us()};

    if (!is_due(report) || jt_hook_set_new(&page.set))
        return;
    ingest_shows_each(report->shows, put_show, &page);
    if (!page.err)
        page.err = jt_hook_set_post(page.set, report->hooks, "/hooks/live", jt_clock_wall_ms());
    if (page.err)
        jt_warn("live.not_told", KV("err", page.err));
    jt_hook_set_free(page.set);
}

/* ---- life ---- */

int ingest_report_new(struct jt_loop *loop, struct ingest_shows *shows, struct jt_hooks *hooks,
                      struct ingest_report **out)
{
    struct ingest_report *report = calloc(1, sizeof(*report));
    int err;

    if (!report)
        return -ENOMEM;
    report->shows = shows;
    report->hooks = hooks;
    err = ingest_shows_listen(shows, &show_events, report);
    if (!err)
        err = jt_timer_new(loop, "report.live", on_timer, report, &report->timer);
    if (err) {
        ingest_report_free(report);
        return err;
    }
    jt_timer_start(report->timer, 0, (int64_t)INGEST_REPORT_EVERY_MS * JT_USEC_PER_MSEC);
    *out = report;
    return 0;
}

void ingest_report_free(struct ingest_report *report)
{
    if (!report)
        return;
    jt_timer_free(report->timer);
    for (size_t i = 0; i < BUCKETS; i++)
        while (!LIST_EMPTY(&report->buckets[i]))
            entry_free(LIST_FIRST(&report->buckets[i]));
    free(report);
}
