#include "http/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libwebsockets.h>

#include "base/descriptors.h"
#include "http/connection.h"
#include "http/exchange.h"
#include "http/gate.h"
#include "http/handshake.h"
#include "http/head.h"
#include "http/origin.h"
#include "http/place.h"
#include "http/route.h"

const struct jt_http_header jt_http_upgrade_fields[JT_HTTP_UPGRADE_FIELDS] = {
    {"Upgrade", "websocket"},
    {"Connection", "Upgrade"},
    {"Sec-WebSocket-Version", JT_HTTP_WEBSOCKET_VERSION},
};

static const struct jt_http_fault
    no_memory = {503, "no_memory", "Out of memory", 1},
    target_malformed = {400, "target_malformed", "Malformed request target", 0},
    upgrade_unknown = {400, "upgrade_unknown", "No WebSockets here", 0},
    host_unknown = {421, "host_unknown", "This host is not served here", 0},
    origin_refused = {403, "origin_refused", "This origin may not ask", 0},
    origin_missing = {403, "origin_missing", "WebSockets are opened by pages", 0},
    upgraded = {503, "upgraded", "Too many WebSockets", 5},
    upgraded_peer = {503, "upgraded_peer", "Too many WebSockets from this address", 5},
    descriptors = {503, "descriptors", "Too many connections", 5};

const struct jt_http_upgrade_route *jt_http_upgrade_find(const struct jt_http_policy *policy,
                                                         const char *path)
{
    struct jt_http_params params;

    for (size_t i = 0; i < policy->upgrade_count; i++) {
        if (jt_http_route_match(policy->upgrades[i].pattern, path, &params))
            return &policy->upgrades[i];
    }
    return NULL;
}

/** A browser sends its cookies along from any page, and says from which in Origin alone (§10.2). */
static const struct jt_http_fault *judge_origin(const struct jt_http_policy *policy,
                                                const struct jt_http_connection *connection,
                                                const struct jt_http_handshake *handshake,
                                                bool is_secure)
{
    const struct jt_http_listener *listener = connection->listener;

    if ((!listener->is_unix || policy->hosts[0]) &&
        !jt_http_host_is_served(handshake->host, listener->host, policy->hosts))
        return &host_unknown;
    if (!handshake->origin)
        return policy->upgrades_without_origin ? NULL : &origin_missing;
    return jt_http_origin_is_served(handshake->origin, handshake->host, is_secure, policy->origins)
               ? NULL
               : &origin_refused;
}

static const struct jt_http_fault *take_place(struct jt_http_policy *policy, const char *peer,
                                              struct jt_http_place **out)
{
    switch (jt_http_place_take(policy->places, peer, out)) {
    case 0:
        return NULL;
    case -EMFILE:
        return &upgraded;
    case -EUSERS:
        return &upgraded_peer;
    default:
        return &no_memory;
    }
}

/** Take exactly the head off the socket, so that the first frame is next. */
static int consume(int fd, size_t size)
{
    unsigned char bytes[JT_HTTP_HEAD_MAX_BYTES];

    return recv(fd, bytes, JT_MIN(size, sizeof(bytes)), MSG_DONTWAIT) == (ssize_t)size ? 0 : -EIO;
}

static int answer(int fd, const char *accept)
{
    char text[192];
    int size = snprintf(text, sizeof(text),
                        "HTTP/1.1 101 Switching Protocols\r\n"
                        "Upgrade: websocket\r\n"
                        "Connection: Upgrade\r\n"
                        "Sec-WebSocket-Accept: %s\r\n\r\n",
                        accept);

    /* It fits: whoever asks again has read the answers before. */
    return send(fd, text, (size_t)size, MSG_DONTWAIT | MSG_NOSIGNAL) == size ? 0 : -EIO;
}

/** Nobody takes it: a close frame with 1013, try again later. */
static void turn_away(int fd)
{
    static const unsigned char frame[] = {0x88, 0x02, 1013 >> 8, 1013 & 0xff};

    jt_http_refused("upgrade_not_taken");
    (void)!send(fd, frame, sizeof(frame), MSG_DONTWAIT | MSG_NOSIGNAL);
    (void)close(fd);
}

/** The point of no return: `upgrade->fd` is the connection's, duplicated. */
static void hand_over(struct jt_http_policy *policy, struct jt_http_connection *connection,
                      const struct jt_http_upgrade_route *route, const char *accept,
                      size_t head_size, const struct jt_http_upgrade *upgrade)
{
    int err = consume(upgrade->fd, head_size);

    if (!err)
        err = answer(upgrade->fd, accept);
    jt_http_gate_release(policy->gate, connection);
    if (err) {
        (void)close(upgrade->fd);
    } else {
        err = route->handler(route->arg, upgrade);
        if (err)
            turn_away(upgrade->fd);
    }
    if (err)
        jt_http_place_free(upgrade->place);
}

/** Who asks, from where, for what: NULL, or what to answer. */
static const struct jt_http_fault *judge(const struct jt_http_policy *policy,
                                         const struct jt_http_connection *connection,
                                         const struct jt_http_handshake *handshake,
                                         const struct jt_http_upgrade_route **route,
                                         struct jt_http_upgrade *upgrade)
{
    if (!jt_http_path_is_clean(handshake->path))
        return &target_malformed;
    *route = jt_http_upgrade_find(policy, handshake->path);
    if (!*route)
        return &upgrade_unknown;
    if (connection->listener->is_unix) {
        const char *peer = jt_http_forwarded_peer(handshake->forwarded_for);

        upgrade->peer = peer ? peer : upgrade->peer;
        upgrade->is_secure = jt_http_forwarded_is_secure(handshake->forwarded_proto);
    }
    upgrade->path = handshake->path;
    upgrade->query = handshake->query;
    return judge_origin(policy, connection, handshake, upgrade->is_secure);
}

static const struct jt_http_fault *reserve(struct jt_http_policy *policy,
                                           const struct jt_http_connection *connection,
                                           struct jt_http_upgrade *upgrade)
{
    const struct jt_http_fault *fault = take_place(policy, upgrade->peer, &upgrade->place);

    if (fault)
        return fault;
    upgrade->fd = fcntl(lws_get_socket_fd(connection->wsi), F_DUPFD_CLOEXEC, 0);
    if (upgrade->fd >= 0 && !jt_descriptor_is_reserved(upgrade->fd, JT_DESCRIPTORS_RESERVE))
        return NULL;
    if (upgrade->fd >= 0)
        (void)close(upgrade->fd);
    jt_http_place_free(upgrade->place);
    return &descriptors;
}

void jt_http_upgrade_begin(struct jt_http_policy *policy, struct jt_http_connection *connection,
                           const void *head, size_t size)
{
    char peer[JT_HTTP_PEER_MAX_BYTES];
    struct jt_http_upgrade upgrade = {.fd = -1, .peer = peer};
    const struct jt_http_upgrade_route *route = NULL;
    const struct jt_http_fault *fault = NULL;
    struct jt_http_handshake handshake;
    int err = jt_http_handshake_read(head, size, &handshake, &fault);

    if (err) {
        jt_http_exchange_reject(policy, connection, fault ? fault : &no_memory);
        return;
    }
    strcpy(peer, connection->peer);
    fault = judge(policy, connection, &handshake, &route, &upgrade);
    if (!fault)
        fault = reserve(policy, connection, &upgrade);
    if (fault)
        jt_http_exchange_reject(policy, connection, fault);
    else
        hand_over(policy, connection, route, handshake.accept, size, &upgrade);
    jt_http_handshake_free(&handshake);
}
