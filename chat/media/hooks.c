#include "chat/media/hooks.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "chat/media/ids.h"
#include "chat/media/message.h"
#include "chat/media/set.h"
#include "hook/sign.h"

enum { MSEC_PER_SEC = 1000 };

static struct jt_metric hooks_total =
    JT_COUNTER("jangteo_chat_hooks_total", "Hooks that came, by what became of them.", "outcome");

struct media_hooks {
    struct media_hooks_config config;
    struct media_ids *ids;
    struct media_set *live, *viewers;
    struct jt_http_server *server;
    int64_t began_ms; /* wall time, whole seconds as stamps are */
};

/* ---- whose it is; on the server's thread ---- */

static const struct jt_http_fault malformed = {400, "hook_malformed", "Not a hook", 0},
                                  unsigned_fault = {401, "hook_unsigned",
                                                    "The signature is missing or wrong", 0},
                                  late = {401, "hook_late", "Signed too long ago", 0},
                                  replayed = {409, "hook_replayed", "It came before", 0},
                                  crowded = {503, "hook_crowded", "Too many hooks at once", 1},
                                  busy = {503, "busy", "Try again later", 1};

static const struct jt_http_fault *judge(int err)
{
    switch (err) {
    case -EKEYEXPIRED:
        return &late;
    case -EALREADY:
        return &replayed;
    case -ENOSPC:
        return &crowded;
    default:
        return &unsigned_fault;
    }
}

static int check(struct media_hooks *hooks, const struct jt_http_request *request)
{
    const struct jt_hook_claim claim = {
        .id = jt_http_request_header(request, JT_HOOK_HEADER_ID),
        .timestamp = jt_http_request_header(request, JT_HOOK_HEADER_TIMESTAMP),
        .signature = jt_http_request_header(request, JT_HOOK_HEADER_SIGNATURE)};
    int64_t now_ms = jt_clock_wall_ms(), sent_ms;
    size_t size;
    const char *body = jt_http_request_body(request, &size);
    int err = jt_hook_verify(hooks->config.keyring, &claim, body, size, now_ms, &sent_ms);

    if (!err && sent_ms < hooks->began_ms)
        err = -EKEYEXPIRED; /* we can't know whether the one before us has taken it */
    if (!err)
        err = media_ids_take(hooks->ids, claim.id,
                             sent_ms + (int64_t)JT_HOOK_WINDOW_S * MSEC_PER_SEC, now_ms);
    return err;
}

static void refuse(struct jt_http_request *request, const struct jt_http_fault *fault)
{
    jt_metric_add(&hooks_total, fault->code, 1);
    jt_http_refuse(request, fault, NULL, 0);
}

static void take(struct media_hooks *hooks, struct jt_http_request *request, media_job_fn job)
{
    int err = check(hooks, request);

    if (err)
        refuse(request, judge(err));
    else if (hooks->config.submit(hooks->config.pool, job, hooks, request))
        refuse(request, &busy);
}

/* ---- what it says; on a thread that may block ---- */

static json_t *read_body(struct jt_http_request *request)
{
    size_t size;
    const char *body = jt_http_request_body(request, &size);
    json_t *root = NULL;

    return media_message_parse(body, size, &root) ? NULL : root;
}

static void done(struct jt_http_request *request)
{
    jt_metric_add(&hooks_total, "taken", 1);
    jt_http_respond(request, 204, NULL, 0, NULL, NULL, 0);
}

static void answer_admission(struct jt_http_request *request, const struct media_admission *given)
{
    char text[256];
    int size;

    if (!jt_show_name_is_valid(given->show, strnlen(given->show, sizeof(given->show))) ||
        (unsigned)given->access >= JT_SHOW_ACCESS_COUNT) {
        jt_error("hook.publish", KV("reason", "the service named no show"));
        refuse(request, &busy);
        return;
    }
    size = snprintf(text, sizeof(text), "{\"show\":\"%s\",\"access\":\"%s\"}", given->show,
                    jt_show_access_names[given->access]);
    jt_metric_add(&hooks_total, "taken", 1);
    jt_http_respond(request, 200, NULL, 0, "application/json", text, (size_t)size);
}

static void publish_job(void *arg, struct jt_http_request *request)
{
    struct media_hooks *hooks = arg;
    json_t *root = read_body(request);
    struct media_admission given = {.code = "refused"};
    struct media_publish who;
    int err = root ? media_message_publish(root, &who) : -EBADMSG;

    if (err) {
        refuse(request, &malformed);
    } else {
        err = hooks->config.events->publish(hooks->config.arg, &who, &given);
        if (!err)
            answer_admission(request, &given);
        else if (err == -EACCES)
            refuse(request, &(struct jt_http_fault){403, given.code, "Publishing was refused", 0});
        else
            refuse(request, &busy);
    }
    json_decref(root);
}

static void unpublish_job(void *arg, struct jt_http_request *request)
{
    struct media_hooks *hooks = arg;
    json_t *root = read_body(request);
    struct media_unpublish message;

    if (!root || media_message_unpublish(root, &message)) {
        refuse(request, &malformed);
    } else {
        hooks->config.events->unpublish(hooks->config.arg, message.show, message.epoch,
                                        message.reason);
        done(request);
    }
    json_decref(root);
}

/* All shows of the set that this part completes, or NULL; `*is_bad` says whether it was one at all. */
static json_t *collect(struct media_set *set, struct jt_http_request *request, bool *is_bad)
{
    json_t *root = read_body(request);
    struct media_part part;
    json_t *all = NULL;

    *is_bad = !root || media_message_part(root, &part);
    if (!*is_bad)
        all = media_set_add(set, &part);
    json_decref(root);
    return all;
}

static size_t count_of(const json_t *list)
{
    return JT_MIN(json_array_size(list), (size_t)MEDIA_SHOWS_MAX);
}

static void live_job(void *arg, struct jt_http_request *request)
{
    struct media_hooks *hooks = arg;
    bool is_bad;
    json_t *list = collect(hooks->live, request, &is_bad);
    size_t count = count_of(list);
    struct media_show *shows = list ? calloc(count + 1, sizeof(*shows)) : NULL;

    for (size_t i = 0; shows && i < count; i++)
        is_bad |= media_message_show(json_array_get(list, i), &shows[i]) != 0;
    if (is_bad) {
        refuse(request, &malformed);
    } else {
        if (shows)
            hooks->config.events->live(hooks->config.arg, shows, count);
        done(request);
    }
    free(shows);
    json_decref(list);
}

static void viewers_job(void *arg, struct jt_http_request *request)
{
    struct media_hooks *hooks = arg;
    bool is_bad;
    json_t *list = collect(hooks->viewers, request, &is_bad);
    size_t count = count_of(list);
    struct media_audience *shows = list ? calloc(count + 1, sizeof(*shows)) : NULL;

    for (size_t i = 0; shows && i < count; i++)
        is_bad |= media_message_audience(json_array_get(list, i), &shows[i]) != 0;
    if (is_bad) {
        refuse(request, &malformed);
    } else {
        if (shows)
            hooks->config.events->viewers(hooks->config.arg, shows, count);
        done(request);
    }
    free(shows);
    json_decref(list);
}

/* ---- routes ---- */

static void on_publish(void *arg, struct jt_http_request *request)
{
    take(arg, request, publish_job);
}

static void on_unpublish(void *arg, struct jt_http_request *request)
{
    take(arg, request, unpublish_job);
}

static void on_live(void *arg, struct jt_http_request *request)
{
    take(arg, request, live_job);
}

static void on_viewers(void *arg, struct jt_http_request *request)
{
    take(arg, request, viewers_job);
}

void media_hooks_routes(struct media_hooks *hooks, struct jt_http_route out[MEDIA_HOOK_ROUTES])
{
    out[0] = (struct jt_http_route){
        .methods = JT_HTTP_POST, .pattern = "/hooks/publish", .handler = on_publish, .arg = hooks};
    out[1] = (struct jt_http_route){.methods = JT_HTTP_POST,
                                    .pattern = "/hooks/unpublish",
                                    .handler = on_unpublish,
                                    .arg = hooks};
    out[2] = (struct jt_http_route){
        .methods = JT_HTTP_POST, .pattern = "/hooks/live", .handler = on_live, .arg = hooks};
    out[3] = (struct jt_http_route){
        .methods = JT_HTTP_POST, .pattern = "/hooks/viewers", .handler = on_viewers, .arg = hooks};
}

/* ---- life ---- */

static int listen_own(struct media_hooks *hooks, const char *socket)
{
    struct jt_http_route routes[MEDIA_HOOK_ROUTES];
    const struct jt_http_config server = {.name = "hooks",
                                          .listen = "",
                                          .unix_socket = socket,
                                          .routes = routes,
                                          .route_count = JT_COUNT(routes)};

    media_hooks_routes(hooks, routes);
    return jt_http_server_new(&server, &hooks->server);
}

int media_hooks_new(const struct media_hooks_config *config, struct media_hooks **out)
{
    struct media_hooks *hooks = calloc(1, sizeof(*hooks));
    int err;

    if (!hooks)
        return -ENOMEM;
    hooks->config = *config;
    hooks->began_ms = jt_clock_wall_us() / JT_USEC_PER_SEC * MSEC_PER_SEC;
    err = media_ids_new(MEDIA_IDS_MAX, &hooks->ids);
    if (!err)
        err = media_set_new(&hooks->live);
    if (!err)
        err = media_set_new(&hooks->viewers);
    if (!err && config->socket[0])
        err = listen_own(hooks, config->socket);
    hooks->config.socket = NULL;
    if (err) {
        media_hooks_free(hooks);
        return err;
    }
    *out = hooks;
    return 0;
}

void media_hooks_stop(struct media_hooks *hooks)
{
    jt_http_server_free(hooks->server);
    hooks->server = NULL;
}

void media_hooks_free(struct media_hooks *hooks)
{
    if (!hooks)
        return;
    media_hooks_stop(hooks);
    media_ids_free(hooks->ids);
    media_set_free(hooks->live);
    media_set_free(hooks->viewers);
    free(hooks);
}
