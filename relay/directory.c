#include "relay/directory.h"

#include <errno.h>
#include <jansson.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/server.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "media/track.h"
#include "net/seqpacket.h"
#include "relay/audience.h"
#include "relay/config.h"
#include "relay/message.h"
#include "relay/worker.h"
#include "ring/link.h"
#include "ring/ring.h"
#include "ring/wake.h"

enum {
    RECONNECT_MS = 100,
    TRACKS_MAX = 16,
    WARNINGS_MAX = 8,
    REQUESTS_MAX = 1024, /* of the API, on their way to the main thread */
};

static struct jt_metric connected_gauge =
    JT_GAUGE("jangteo_relay_ingest_connected", "1 while ingest is there.", NULL);
static struct jt_metric shows_gauge = JT_GAUGE("jangteo_relay_shows", "Shows known.", "state");

struct track {
    uint32_t id;
    struct jt_track_info info;
};

struct show {
    LIST_ENTRY(show) link;
    char name[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_state state;
    enum jt_show_access access;
    uint32_t epoch;
    int64_t since_us;
    bool is_told;
    struct track tracks[TRACKS_MAX];
    size_t track_count;
    struct {
        char code[64];
        char words[JT_CONTROL_TEXT_MAX_BYTES];
    } warnings[WARNINGS_MAX];
    size_t warning_count;
};

struct relay_directory {
    struct jt_loop *loop;
    const struct relay_config *config;
    struct relay_workers *workers;
    struct jt_link *link;
    struct jt_timer *reconnect, *grace;
    struct jt_mailbox *requests;
    LIST_HEAD(, show) shows;
    atomic_bool is_connected;
    struct jt_log_gate gate;
};

/* ---- to the workers ---- */

static void tell_worker(struct relay_directory *directory, int i, struct relay_message *message,
                        int fd)
{
    message->fd = fd >= 0 ? dup(fd) : -1;
    if (fd >= 0 && message->fd < 0) {
        jt_error("track.dup", KV("err", -errno));
        return;
    }
    if (relay_workers_post(directory->workers, i, message) == 0)
        return;
    jt_error("worker.mailbox_full", KV("worker", i));
    if (message->fd >= 0)
        (void)close(message->fd);
}

static void tell_workers(struct relay_directory *directory, struct relay_message *message, int fd)
{
    for (int i = 0; i < relay_workers_count(directory->workers); i++)
        tell_worker(directory, i, message, fd);
}

static struct relay_message message_of(enum relay_message_type type,
                                       const struct jt_control *control)
{
    struct relay_message message = {.type = type,
                                    .epoch = control->epoch,
                                    .track = control->track,
                                    .source = control->source,
                                    .state = control->state,
                                    .access = control->access,
                                    .fd = -1};

    (void)snprintf(message.show, sizeof(message.show), "%s", control->show);
    (void)snprintf(message.code, sizeof(message.code), "%.63s", control->name);
    return message;
}

/* ---- our own list ---- */

static struct show *find(struct relay_directory *directory, const char *name)
{
    struct show *show;

    LIST_FOREACH (show, &directory->shows, link)
        if (strcmp(show->name, name) == 0)
            return show;
    return NULL;
}

static void show_free(struct show *show)
{
    jt_metric_add(&shows_gauge, jt_show_state_names[show->state], -1);
    LIST_REMOVE(show, link);
    free(show);
}

static void set_state(struct show *show, enum jt_show_state state)
{
    jt_metric_add(&shows_gauge, jt_show_state_names[show->state], -1);
    jt_metric_add(&shows_gauge, jt_show_state_names[state], 1);
    show->state = state;
    show->since_us = jt_clock_mono_us();
}

static struct show *show_new(struct relay_directory *directory, const struct jt_control *control)
{
    struct show *show = calloc(1, sizeof(*show));

    if (!show)
        return NULL;
    (void)snprintf(show->name, sizeof(show->name), "%s", control->show);
    show->state = JT_SHOW_WAITING;
    jt_metric_add(&shows_gauge, "waiting", 1);
    LIST_INSERT_HEAD(&directory->shows, show, link);
    return show;
}

static void on_show(struct relay_directory *directory, const struct jt_control *control)
{
    struct relay_message message = message_of(RELAY_SHOW, control);
    struct show *show = find(directory, control->show);

    tell_workers(directory, &message, -1);
    if (control->state == JT_SHOW_ENDED) {
        if (show)
            show_free(show);
        jt_info("show.ended", KV("show", control->show));
        return;
    }
    if (!show)
        show = show_new(directory, control);
    if (!show)
        return;
    if (show->epoch != control->epoch)
        show->warning_count = 0;
    show->epoch = control->epoch;
    show->is_told = true;
    show->access = control->access;
    set_state(show, control->state);
    jt_info("show.state", KV("show", control->show),
            KV("state", jt_show_state_names[control->state]), KV("epoch", control->epoch),
            KV("access", jt_show_access_names[control->access]));
}

/* What the API says of a track is read from the ring itself, through a reader of our own. */
static void note_track(struct show *show, const struct jt_control *control, int fd)
{
    struct track track = {.id = control->track};
    struct jt_ring_reader *reader;
    uint32_t version;
    int own = show && show->track_count < TRACKS_MAX ? dup(fd) : -1;

    if (own < 0)
        return;
    if (jt_ring_reader_new(own, &reader)) {
        (void)close(own);
        return;
    }
    if (jt_ring_reader_info(reader, &track.info, &version) == 0)
        show->tracks[show->track_count++] = track;
    jt_ring_reader_free(reader);
}

static void on_track(struct relay_directory *directory, const struct jt_control *control, int fd)
{
    struct relay_message message = message_of(RELAY_TRACK, control);

    tell_workers(directory, &message, fd);
    note_track(find(directory, control->show), control, fd);
}

static void on_track_end(struct relay_directory *directory, const struct jt_control *control)
{
    struct relay_message message = message_of(RELAY_TRACK_END, control);
    struct show *show = find(directory, control->show);

    tell_workers(directory, &message, -1);
    for (size_t i = 0; show && i < show->track_count; i++)
        if (show->tracks[i].id == control->track) {
            show->tracks[i] = show->tracks[--show->track_count];
            return;
        }
}

static void on_warning(struct relay_directory *directory, const struct jt_control *control)
{
    struct relay_message message = message_of(RELAY_WARNING, control);
    struct show *show = find(directory, control->show);

    tell_workers(directory, &message, -1);
    if (!show || show->warning_count == WARNINGS_MAX)
        return;
    (void)snprintf(show->warnings[show->warning_count].code, sizeof(show->warnings[0].code),
                   "%.63s", control->name);
    (void)snprintf(show->warnings[show->warning_count++].words, sizeof(show->warnings[0].words),
                   "%s", control->reason);
}

/* ---- ingest comes and goes ---- */

static void end_untold(void *arg)
{
    struct relay_directory *directory = arg;
    struct relay_message message = {.type = RELAY_INGEST_BACK, .fd = -1};
    struct show *show, *next;

    tell_workers(directory, &message, -1);
    for (show = LIST_FIRST(&directory->shows); show; show = next) {
        next = LIST_NEXT(show, link);
        if (!show->is_told) {
            jt_info("show.ended", KV("show", (const char *)show->name),
                    KV("reason", "not_continued"));
            show_free(show);
        }
    }
}

static void on_hello(struct relay_directory *directory)
{
    atomic_store(&directory->is_connected, true);
    jt_metric_set(&connected_gauge, NULL, 1);
    jt_info("ingest.connected", KV("control", (const char *)directory->config->control));
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct relay_directory *directory = arg;

    switch (message->type) {
    case JT_CONTROL_HELLO:
        on_hello(directory);
        break;
    case JT_CONTROL_SHOW:
        on_show(directory, message);
        break;
    case JT_CONTROL_TRACK:
        on_track(directory, message, fds[0]);
        break;
    case JT_CONTROL_TRACK_END:
        on_track_end(directory, message);
        break;
    case JT_CONTROL_WARNING:
        on_warning(directory, message);
        break;
    default:
        break;
    }
}

static void on_end(void *arg, int error)
{
    struct relay_directory *directory = arg;
    struct relay_message message = {.type = RELAY_INGEST_GONE, .fd = -1};
    struct show *show;

    jt_link_free(directory->link);
    directory->link = NULL;
    jt_timer_start(directory->reconnect, (int64_t)RECONNECT_MS * JT_USEC_PER_MSEC, 0);
    if (!atomic_exchange(&directory->is_connected, false))
        return;
    jt_metric_set(&connected_gauge, NULL, 0);
    jt_warn("ingest.gone", KV("err", error));
    tell_workers(directory, &message, -1);
    LIST_FOREACH (show, &directory->shows, link) {
        show->is_told = false;
        show->track_count = 0;
        set_state(show, JT_SHOW_WAITING);
    }
    jt_timer_start(directory->grace, directory->config->grace_ms * JT_USEC_PER_MSEC, 0);
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void hand_over_bells(struct relay_directory *directory)
{
    struct jt_control message = {.type = JT_CONTROL_READER, .on = true};
    int fds[2];

    for (int i = 0; i < relay_workers_count(directory->workers); i++) {
        message.track = (uint32_t)i + 1;
        jt_bell_fds(relay_workers_bell(directory->workers, i), fds);
        jt_link_send(directory->link, &message, fds);
    }
}

static void try_connect(void *arg)
{
    struct relay_directory *directory = arg;
    int fd = jt_seq_connect(directory->config->control);
    int suppressed;
    int err =
        fd < 0 ? fd : jt_link_new(directory->loop, fd, &link_ops, directory, &directory->link);

    if (err) {
        if (fd >= 0)
            (void)close(fd);
        suppressed = jt_log_gate_pass(&directory->gate, jt_clock_mono_us());
        if (suppressed >= 0)
            jt_debug("ingest.connect", KV("err", err), KV("suppressed", suppressed));
        jt_timer_start(directory->reconnect, (int64_t)RECONNECT_MS * JT_USEC_PER_MSEC, 0);
        return;
    }
    jt_link_hello(directory->link, JT_ROLE_RELAY);
    hand_over_bells(directory);
}

/* ---- the API: requests come on the HTTP thread and are answered from the main thread's knowledge ---- */

static json_t *track_json(const struct track *track)
{
    json_t *object =
        json_pack("{s:s, s:s}", "codec", jt_codec_name((enum jt_codec)track->info.codec), "layer",
                  track->info.layer);

    if (jt_codec_is_video((enum jt_codec)track->info.codec)) {
        (void)json_object_set_new(object, "width", json_integer(track->info.width));
        (void)json_object_set_new(object, "height", json_integer(track->info.height));
        (void)json_object_set_new(object, "b_frames", json_boolean(track->info.has_b_frames));
    }
    return object;
}

static json_t *show_json(struct relay_directory *directory, const struct show *show)
{
    json_t *tracks = json_array(), *warnings = json_array();

    for (size_t i = 0; i < show->track_count; i++)
        (void)json_array_append_new(tracks, track_json(&show->tracks[i]));
    for (size_t i = 0; i < show->warning_count; i++)
        (void)json_array_append_new(warnings,
                                    json_pack("{s:s, s:s}", "code", show->warnings[i].code, "words",
                                              show->warnings[i].words));
    return json_pack(
        "{s:s, s:s, s:s, s:I, s:i, s:o, s:o}", "show", show->name, "state",
        jt_show_state_names[show->state], "access", jt_show_access_names[show->access], "since_s",
        (json_int_t)((jt_clock_mono_us() - show->since_us) / JT_USEC_PER_SEC), "viewers",
        relay_audience_count(relay_workers_audience(directory->workers), show->name), "tracks",
        tracks, "warnings", warnings);
}

static void answer(struct jt_http_request *request, json_t *json)
{
    static const struct jt_http_header headers[] = {{"cache-control", "no-store"}};
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    if (!text) {
        jt_http_problem(request, 503, "no_memory", "Out of memory", 1);
        return;
    }
    jt_http_respond(request, 200, headers, JT_COUNT(headers), "application/json", text,
                    strlen(text));
    free(text);
}

static void on_request(void *arg, void *message)
{
    struct relay_directory *directory = arg;
    struct jt_http_request *request = *(struct jt_http_request **)message;
    const char *name = jt_http_request_param(request, "show");
    json_t *list;
    struct show *show;

    if (name) {
        show = find(directory, name);
        if (show)
            answer(request, show_json(directory, show));
        else
            jt_http_problem(request, 404, "show_not_live", "This show is not live", 1);
        return;
    }
    list = json_array();
    LIST_FOREACH (show, &directory->shows, link) /* what not everybody may watch is not on offer */
        if (show->access == JT_ACCESS_PUBLIC)
            (void)json_array_append_new(list, show_json(directory, show));
    answer(request, list);
}

static void on_http(void *arg, struct jt_http_request *request)
{
    struct relay_directory *directory = arg;

    if (jt_mailbox_post(directory->requests, &request))
        jt_http_problem(request, 503, "busy", "Too many requests at once", 1);
}

void relay_directory_routes(struct relay_directory *directory,
                            struct jt_http_route out[RELAY_DIRECTORY_ROUTES])
{
    out[0] = (struct jt_http_route){
        .methods = JT_HTTP_GET, .pattern = "/api/v1/shows", .handler = on_http, .arg = directory};
    out[1] = (struct jt_http_route){.methods = JT_HTTP_GET,
                                    .pattern = "/api/v1/shows/:show",
                                    .handler = on_http,
                                    .arg = directory};
}

/* ---- life ---- */

int relay_directory_new(struct jt_loop *loop, const struct relay_config *config,
                        struct relay_workers *workers, struct relay_directory **out)
{
    struct relay_directory *directory = calloc(1, sizeof(*directory));
    int err;

    if (!directory)
        return -ENOMEM;
    directory->loop = loop;
    directory->config = config;
    directory->workers = workers;
    LIST_INIT(&directory->shows);
    err = jt_timer_new(loop, "ingest.reconnect", try_connect, directory, &directory->reconnect);
    if (!err)
        err = jt_timer_new(loop, "ingest.grace", end_untold, directory, &directory->grace);
    if (!err)
        err = jt_mailbox_new(loop, "relay.requests", sizeof(struct jt_http_request *), REQUESTS_MAX,
                             on_request, directory, &directory->requests);
    if (err) {
        relay_directory_free(directory);
        return err;
    }
    try_connect(directory);
    *out = directory;
    return 0;
}

void relay_directory_free(struct relay_directory *directory)
{
    struct show *show;

    if (!directory)
        return;
    if (directory->requests)
        jt_mailbox_free(directory->requests);
    jt_link_free(directory->link);
    if (directory->reconnect)
        jt_timer_free(directory->reconnect);
    if (directory->grace)
        jt_timer_free(directory->grace);
    while ((show = LIST_FIRST(&directory->shows)))
        show_free(show);
    free(directory);
}

bool relay_directory_is_connected(const struct relay_directory *directory)
{
    return atomic_load(&directory->is_connected);
}
