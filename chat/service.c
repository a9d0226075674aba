#include "chat/service.h"

#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/limiter.h"
#include "chat/access/used.h"
#include "chat/api/api.h"
#include "chat/api/pool.h"
#include "chat/config.h"
#include "chat/first.h"
#include "chat/live/live.h"
#include "chat/media/control.h"
#include "chat/media/hooks.h"
#include "chat/picture/picture.h"
#include "chat/room/channel.h"
#include "chat/store/store.h"
#include "http/server.h"
#include "token/keyring.h"

struct chat_service {
    const struct chat_config *config;
    struct jt_keyring *keyring;
    struct store *store;
    struct access_limiter *limiter;
    struct access_used *used;
    struct media_control *control;
    struct live *live;
    struct channel *channel;
    struct api_pool *pool;
    struct picture_store *pictures;
    struct api *api;
    struct media_hooks *hooks;
    struct jt_http_server *http;
};

static int step(int err, const char *what)
{
    if (err)
        jt_error("chat.start", KV("part", what), KV("err", (const char *)strerror(-err)));
    return err;
}

/* ---- parts, in the order they lean on each other ---- */

static int make_folder(const char *file)
{
    char copy[PATH_MAX];

    (void)snprintf(copy, sizeof(copy), "%s", file);
    return mkdir(dirname(copy), 0700) && errno != EEXIST ? -errno : 0;
}

/* New keys would open nothing of a store that is there already. */
static int open_keys(struct chat_service *service)
{
    const struct chat_config *config = service->config;
    bool has_store = access(config->store_path, F_OK) == 0;
    int err = make_folder(config->auth_keys);

    if (!err)
        err = jt_keyring_open(config->auth_keys, !has_store, jt_clock_wall_ms(), &service->keyring);
    if (err == -ENOENT)
        jt_error("keys.missing", KV("file", (const char *)config->auth_keys),
                 KV("why", "the store was sealed with them; bring them back from a backup"));
    return err;
}

static int open_store(struct chat_service *service)
{
    const struct store_config config = {.path = service->config->store_path,
                                        .backups = service->config->store_backups};

    return store_open(&config, &service->store);
}

static int open_live(struct chat_service *service)
{
    const struct live_parts parts = {
        .store = service->store,
        .keyring = service->keyring,
        .limiter = service->limiter,
        .used = service->used,
        .control = service->control,
        .grace_ms = service->config->show_grace_ms,
    };

    return live_new(&parts, &service->live);
}

static int open_channel(struct chat_service *service)
{
    return channel_new(&live_channel_ops, service->live, &service->channel);
}

static int open_pictures(struct chat_service *service)
{
    const struct picture_config config = {.folder = service->config->pictures_dir,
                                          .decoder = service->config->picture_path};

    return picture_store_new(&config, &service->pictures);
}

static int open_api(struct chat_service *service)
{
    const struct api_parts parts = {
        .store = service->store,
        .keyring = service->keyring,
        .limiter = service->limiter,
        .pool = service->pool,
        .live = service->live,
        .channel = service->channel,
        .pictures = service->pictures,
        .rtmp_url = service->config->rtmp_url,
    };

    return api_new(&parts, &service->api);
}

static int submit(void *pool, media_job_fn fn, void *arg, struct jt_http_request *request)
{
    return api_pool_submit(pool, fn, arg, request);
}

static int open_hooks(struct chat_service *service)
{
    const struct media_hooks_config config = {
        .socket = service->config->hooks_socket,
        .keyring = service->keyring,
        .submit = submit,
        .pool = service->pool,
        .events = &live_media_events,
        .arg = service->live,
    };

    return media_hooks_new(&config, &service->hooks);
}

static int on_upgrade(void *arg, const struct jt_http_upgrade *upgrade)
{
    struct chat_service *service = arg;

    return channel_adopt(service->channel, upgrade->fd, upgrade->place, upgrade->peer);
}

static int open_http(struct chat_service *service)
{
    const struct chat_config *config = service->config;
    const struct jt_http_upgrade_route socket = {"/ws", on_upgrade, service};
    struct jt_http_config http = {
        .name = "http",
        .listen = config->http_listen,
        .unix_socket = config->http_socket,
        .header_timeout_ms = config->http_header_timeout_ms,
        .body_timeout_ms = config->http_body_timeout_ms,
        .hosts = config->http_hosts,
        .origins = config->http_origins,
        .peer_connections_max = (int)config->http_per_address,
        .upgrades = &socket,
        .upgrade_count = 1,
        .upgraded_peer_max = (int)config->ws_per_address,
    };

    http.routes = api_routes(service->api, &http.route_count);
    return jt_http_server_new(&http, &service->http);
}

static int build(struct chat_service *service, struct jt_loop *loop)
{
    const struct chat_config *config = service->config;
    int err = step(open_keys(service), "auth.keys");

    if (!err)
        err = step(open_store(service), "store.path");
    if (!err)
        err = step(access_limiter_new(0, &service->limiter), "limits");
    if (!err)
        err = step(access_used_new(0, &service->used), "tickets");
    if (!err)
        err = step(media_control_new(loop, config->ingest_control, &service->control),
                   "ingest.control");
    if (!err)
        err = step(open_live(service), "live");
    if (!err)
        err = step(open_channel(service), "rooms");
    if (!err)
        err = step(live_start(service->live, service->channel), "live");
    if (!err)
        err = step(api_pool_new(API_THREADS_DEFAULT, &service->pool), "threads");
    if (!err)
        err = step(open_pictures(service), "picture.dir");
    if (!err)
        err = step(open_api(service), "api");
    if (!err)
        err = step(chat_first_link(service->store, config->operator_link), "operator.link");
    if (!err)
        err = step(open_hooks(service), "hook.socket");
    return err ? err : step(open_http(service), "http.listen");
}

int chat_service_new(const struct chat_config *config, struct jt_loop *loop,
                     struct chat_service **out)
{
    struct chat_service *service = calloc(1, sizeof(*service));
    int err;

    if (!service)
        return -ENOMEM;
    service->config = config;
    err = build(service, loop);
    if (err) {
        chat_service_free(service);
        return err;
    }
    *out = service;
    return 0;
}

/* First nothing comes in any more, then what runs is finished, then what it leaned on goes. */
void chat_service_free(struct chat_service *service)
{
    if (!service)
        return;
    jt_http_server_free(service->http);
    if (service->hooks)
        media_hooks_stop(service->hooks);
    api_pool_free(service->pool);
    media_hooks_free(service->hooks);
    api_free(service->api);
    live_stop(service->live);
    channel_free(service->channel);
    live_free(service->live);
    media_control_free(service->control);
    picture_store_free(service->pictures);
    access_used_free(service->used);
    access_limiter_free(service->limiter);
    store_close(service->store);
    jt_keyring_close(service->keyring);
    free(service);
}
