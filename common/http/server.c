#include "http/server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include <libwebsockets.h>

#include "base/descriptors.h"
#include "base/log.h"
#include "http/exchange.h"
#include "http/gate.h"
#include "http/lws_log.h"
#include "http/outbox.h"
#include "http/place.h"

enum {
    HEADER_MEMORY_BYTES =
        32 * 1024,       /* what libwebsockets keeps per request, its own overhead included */
    CLOSE_TIMEOUT_S = 5, /* for a peer that does not close after us; libwebsockets' other timeouts
                            are this much later than ours */
};

struct jt_http_server {
    struct jt_http_policy policy;
    struct jt_http_listener tcp, local;
    struct lws_context *context;
    struct lws_vhost *first_vhost;
    struct lws_protocols protocols[2];
    char name[16], *unix_socket;
    void *owned;
    uint16_t port;
    pthread_t thread;
    bool has_thread;
    atomic_bool is_stopping;
};

static int on_accept(struct jt_http_server *server, int fd)
{
    bool is_admin = server->policy.connections.peer_max < 0;
    const char *reason;

    if (jt_descriptor_is_reserved(fd, is_admin ? JT_DESCRIPTORS_RESERVE_ADMIN
                                               : JT_DESCRIPTORS_RESERVE)) {
        jt_http_refused(
            "descriptors"); /* before none is left: libwebsockets' accept would spin on EMFILE */
        return -1;
    }
    if (jt_http_connections_admit(&server->policy.connections, fd, &reason))
        return 0;
    jt_http_refused(reason);
    return -1;
}

static int on_connect(const struct jt_http_listener *listener, struct lws *wsi)
{
    struct jt_http_policy *policy = &listener->server->policy;
    struct jt_http_connection *connection;
    int err = jt_http_connection_open(&policy->connections, wsi, listener, &connection);

    return err ? err : jt_http_gate_add(policy->gate, connection);
}

static int on_upgrade(void)
{
    jt_http_refused("upgrade");
    return -1;
}

/** Events of a socket that we know. */
static int on_connection_event(struct jt_http_policy *policy, struct jt_http_connection *connection,
                               enum lws_callback_reasons reason, void *in, size_t len)
{
    switch ((int)reason) {
    case LWS_CALLBACK_HTTP:
        return jt_http_exchange_begin(policy, connection, in);
    case LWS_CALLBACK_HTTP_BODY:
        return jt_http_exchange_body(policy, connection, in, len);
    case LWS_CALLBACK_HTTP_BODY_COMPLETION:
        return jt_http_exchange_body_end(policy, connection);
    case LWS_CALLBACK_TIMER:
        return jt_http_exchange_timeout(policy, connection);
    case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
        return on_upgrade();
    case LWS_CALLBACK_WSI_DESTROY:
        jt_http_connection_close(&policy->connections, connection);
        return 0;
    default:
        return 0;
    }
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in,
                    size_t len)
{
    struct jt_http_listener *listener =
        wsi && lws_get_vhost(wsi) ? lws_vhost_user(lws_get_vhost(wsi)) : NULL;
    struct jt_http_connection *connection = wsi ? lws_get_opaque_user_data(wsi) : NULL;

    (void)user;
    if (!listener)
        return 0;
    switch ((int)reason) {
    case LWS_CALLBACK_FILTER_NETWORK_CONNECTION:
        return on_accept(listener->server, (int)(intptr_t)in);
    case LWS_CALLBACK_SERVER_NEW_CLIENT_INSTANTIATED:
        return on_connect(listener, wsi);
    case LWS_CALLBACK_RAW_RX_FILE:
        jt_http_gate_service(listener->server->policy.gate, &listener->server->policy);
        return 0;
    case LWS_CALLBACK_EVENT_WAIT_CANCELLED:
        jt_http_exchange_collect(&listener->server->policy);
        return 0;
    default:
        if (!connection) /* one there was no memory for, or no socket at all */
            return reason == LWS_CALLBACK_HTTP ? -1 : 0;
        return on_connection_event(&listener->server->policy, connection, reason, in, len);
    }
}

static void *run(void *arg)
{
    struct jt_http_server *server = arg;

    (void)pthread_setname_np(pthread_self(), server->name);
    while (!atomic_load(&server->is_stopping)) {
        if (lws_service(server->context, 0) < 0)
            break;
    }
    jt_http_outbox_close(server->policy.outbox);
    lws_context_destroy(server->context);
    return NULL;
}

/* "127.0.0.1:8082", "[::1]:8082": cut at the last colon, brackets off. */
static int parse_listen(const char *listen, char *host, size_t capacity, int *port)
{
    const char *colon = strrchr(listen, ':');
    size_t size = colon ? (size_t)(colon - listen) : 0;
    char *end;
    long value;

    if (size >= 2 && listen[0] == '[' && listen[size - 1] == ']') {
        listen++;
        size -= 2;
    }
    if (size == 0 || size >= capacity || colon[1] < '0' || colon[1] > '9')
        return -EINVAL;
    value = strtol(colon + 1, &end, 10);
    if (*end || value < 0 || value > UINT16_MAX)
        return -EINVAL;
    memcpy(host, listen, size);
    host[size] = '\0';
    *port = (int)value;
    return 0;
}

/** Why libwebsockets could not listen: it does not say. */
static int bind_error(const struct sockaddr *address, socklen_t size)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1, err = -EADDRINUSE;

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, address, size) < 0 || listen(fd, 1) < 0)
        err = -errno;
    (void)close(fd);
    return err;
}

static int tcp_bind_error(const char *host, int port)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)port)};

    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        return bind_error((struct sockaddr *)&v4, sizeof(v4));
    if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        return bind_error((struct sockaddr *)&v6, sizeof(v6));
    return -EINVAL;
}

static struct lws_context_creation_info vhost_info(struct jt_http_server *server,
                                                   struct jt_http_listener *listener)
{
    int64_t header_s = (server->policy.connections.header_timeout_ms + 999) / 1000;

    listener->server = server;
    return (struct lws_context_creation_info){
        .user = listener,
        .protocols = server->protocols,
        .keepalive_timeout = JT_HTTP_IDLE_TIMEOUT_MS / 1000,
        .timeout_secs = (unsigned)header_s + CLOSE_TIMEOUT_S,
        .timeout_secs_ah_idle = (unsigned)header_s + CLOSE_TIMEOUT_S,
        .options = LWS_SERVER_OPTION_FAIL_UPON_UNABLE_TO_BIND,
    };
}

static int listen_tcp(struct jt_http_server *server, const char *listen)
{
    struct lws_context_creation_info info = vhost_info(server, &server->tcp);
    char host[INET6_ADDRSTRLEN];
    struct lws_vhost *vhost;
    bool is_v6;
    int err = parse_listen(listen, host, sizeof(host), &info.port);

    if (err)
        return err;
    is_v6 = strchr(host, ':') != NULL;
    (void)snprintf(server->tcp.host, sizeof(server->tcp.host), is_v6 ? "[%s]" : "%s", host);
    info.vhost_name = "tcp";
    info.iface = host;
    if (!is_v6)
        info.options |= LWS_SERVER_OPTION_DISABLE_IPV6;
    vhost = lws_create_vhost(server->context, &info);
    if (!vhost)
        return tcp_bind_error(host, info.port);
    server->first_vhost = vhost;
    server->port = (uint16_t)lws_get_vhost_listen_port(vhost);
    return 0;
}

/** Somebody listens there already? A socket left behind by a killed process is not in the way. */
static bool is_socket_alive(const struct sockaddr_un *address)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool is_alive =
        fd >= 0 &&
        (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN);

    if (fd >= 0)
        (void)close(fd);
    return is_alive;
}

static int listen_unix(struct jt_http_server *server, const char *path)
{
    struct lws_context_creation_info info = vhost_info(server, &server->local);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct lws_vhost *vhost;

    if (strlen(path) >= sizeof(address.sun_path))
        return -ENAMETOOLONG;
    strcpy(address.sun_path, path);
    if (is_socket_alive(&address))
        return -EADDRINUSE;
    server->local.is_unix = true;
    info.vhost_name = "unix";
    info.iface = path;
    info.port = 0; /* or libwebsockets 4.1 takes the path for a network interface */
    info.options |= LWS_SERVER_OPTION_UNIX_SOCK;
    vhost = lws_create_vhost(server->context, &info);
    if (!vhost)
        return bind_error((struct sockaddr *)&address, sizeof(address));
    if (!server->first_vhost)
        server->first_vhost = vhost;
    server->unix_socket = strdup(path);
    if (!server->unix_socket)
        return -ENOMEM;
    return chmod(path, 0660) < 0 ? -errno : 0;
}

static int make_context(struct jt_http_server *server)
{
    struct lws_context_creation_info info = {
        .port = CONTEXT_PORT_NO_LISTEN,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
        .max_http_header_data2 = HEADER_MEMORY_BYTES,
        .max_http_header_pool2 = (unsigned)server->policy.connections.max,
        .options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                   LWS_SERVER_OPTION_SKIP_SERVER_CANONICAL_NAME |
                   LWS_SERVER_OPTION_NO_LWS_SYSTEM_STATES,
    };

    server->protocols[0] = (struct lws_protocols){.name = "http", .callback = on_event};
    server->context = lws_create_context(&info);
    return server->context ? 0 : -ENOMEM;
}

static char *text_copy(const char *text)
{
    return strdup(text ? text : "");
}

static int copy_config(struct jt_http_server *server, const struct jt_http_config *config)
{
    struct jt_http_policy *policy = &server->policy;

    policy->connections = (struct jt_http_connections){
        .max = config->connections_max ? config->connections_max : JT_HTTP_CONNECTIONS_MAX,
        .peer_max = config->peer_connections_max ? config->peer_connections_max
                                                 : JT_HTTP_PEER_CONNECTIONS_MAX,
        .header_timeout_ms =
            config->header_timeout_ms ? config->header_timeout_ms : JT_HTTP_HEADER_TIMEOUT_MS,
        .body_timeout_ms =
            config->body_timeout_ms ? config->body_timeout_ms : JT_HTTP_BODY_TIMEOUT_MS,
    };
    (void)snprintf(server->name, sizeof(server->name), "%s", config->name);
    policy->hosts = text_copy(config->hosts);
    policy->origins = text_copy(config->origins);
    policy->routes = calloc(config->route_count + 1, sizeof(*policy->routes));
    if (!policy->hosts || !policy->origins || !policy->routes)
        return -ENOMEM;
    policy->body_max_bytes = JT_HTTP_BODY_MAX_BYTES; /* as well where no route is: then it is 404 */
    for (size_t i = 0; i < config->route_count; i++) {
        policy->routes[i] = config->routes[i];
        policy->body_max_bytes =
            JT_MAX(policy->body_max_bytes, jt_http_route_body_max(&config->routes[i]));
    }
    policy->route_count = config->route_count;
    return jt_http_outbox_new(&policy->outbox);
}

static int copy_upgrades(struct jt_http_policy *policy, const struct jt_http_config *config)
{
    policy->upgrades = calloc(config->upgrade_count + 1, sizeof(*policy->upgrades));
    if (!policy->upgrades)
        return -ENOMEM;
    for (size_t i = 0; i < config->upgrade_count; i++)
        policy->upgrades[i] = config->upgrades[i];
    policy->upgrade_count = config->upgrade_count;
    policy->upgrades_without_origin = config->upgrades_without_origin;
    return jt_http_places_new(config->upgraded_max ? config->upgraded_max : JT_HTTP_UPGRADED_MAX,
                              config->upgraded_peer_max ? config->upgraded_peer_max
                                                        : JT_HTTP_UPGRADED_PEER_MAX,
                              &policy->places);
}

static int start(struct jt_http_server *server, const struct jt_http_config *config)
{
    int err = copy_config(server, config);

    jt_http_lws_log_init();
    if (!err)
        err = copy_upgrades(&server->policy, config);
    if (!err)
        err = make_context(server);
    if (!err && config->listen && config->listen[0])
        err = listen_tcp(server, config->listen);
    if (!err && config->unix_socket && config->unix_socket[0])
        err = listen_unix(server, config->unix_socket);
    if (err)
        return err;
    if (!server->first_vhost)
        return -EINVAL; /* nowhere to listen */
    err = jt_http_gate_new(server->first_vhost, &server->policy.gate);
    if (err)
        return err;
    jt_http_outbox_open(server->policy.outbox, server->context);
    err = -pthread_create(&server->thread, NULL, run, server);
    server->has_thread = err == 0;
    return err;
}

int jt_http_server_new(const struct jt_http_config *config, struct jt_http_server **out)
{
    struct jt_http_server *server = calloc(1, sizeof(*server));
    int err;

    if (!server)
        return -ENOMEM;
    err = start(server, config);
    if (err) {
        jt_http_server_free(server);
        return err;
    }
    *out = server;
    return 0;
}

void jt_http_server_free(struct jt_http_server *server)
{
    if (!server)
        return;
    if (server->has_thread) {
        atomic_store(&server->is_stopping, true);
        jt_http_outbox_wake(server->policy.outbox);
        (void)pthread_join(server->thread, NULL); /* it has destroyed the context */
    } else if (server->context) {
        lws_context_destroy(server->context);
    }
    if (server->unix_socket)
        (void)unlink(server->unix_socket);
    jt_http_gate_free(server->policy.gate);
    jt_http_outbox_unref(&server->policy.outbox);
    jt_http_places_free(server->policy.places);
    free(server->policy.upgrades);
    free(server->policy.routes);
    free(server->policy.hosts);
    free(server->policy.origins);
    free(server->unix_socket);
    free(server->owned);
    free(server);
}

void jt_http_server_own(struct jt_http_server *server, void *memory)
{
    server->owned = memory;
}

uint16_t jt_http_server_port(const struct jt_http_server *server)
{
    return server->port;
}
