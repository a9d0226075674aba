#include "http/connection.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <libwebsockets.h>

#include "base/clock.h"

/* Any phase may also end by the connection closing. From headers or body straight on: refused
 * without a handler. */
#define TO(phase) (1U << (phase))
static const unsigned phase_moves[JT_HTTP_PHASE_COUNT] = {
    [JT_HTTP_HEADERS] = TO(JT_HTTP_BODY) | TO(JT_HTTP_HANDLING) | TO(JT_HTTP_SENDING) |
                        TO(JT_HTTP_IDLE) | TO(JT_HTTP_LINGERING),
    [JT_HTTP_BODY] =
        TO(JT_HTTP_HANDLING) | TO(JT_HTTP_SENDING) | TO(JT_HTTP_IDLE) | TO(JT_HTTP_LINGERING),
    [JT_HTTP_HANDLING] = TO(JT_HTTP_SENDING) | TO(JT_HTTP_IDLE) | TO(JT_HTTP_LINGERING),
    [JT_HTTP_SENDING] = TO(JT_HTTP_IDLE) | TO(JT_HTTP_LINGERING),
    [JT_HTTP_IDLE] = TO(JT_HTTP_HEADERS),
};

void jt_http_peer_text(int fd, char out[JT_HTTP_PEER_MAX_BYTES])
{
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof(address);
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address;

    (void)snprintf(out, JT_HTTP_PEER_MAX_BYTES, "unix");
    if (getpeername(fd, (struct sockaddr *)&address, &size) < 0)
        return;
    if (address.ss_family == AF_INET)
        (void)inet_ntop(AF_INET, &v4->sin_addr, out, JT_HTTP_PEER_MAX_BYTES);
    else if (address.ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        (void)inet_ntop(AF_INET, &v6->sin6_addr.s6_addr[12], out, JT_HTTP_PEER_MAX_BYTES);
    else if (address.ss_family == AF_INET6)
        (void)inet_ntop(AF_INET6, &v6->sin6_addr, out, JT_HTTP_PEER_MAX_BYTES);
}

bool jt_http_connections_admit(const struct jt_http_connections *connections, int fd,
                               const char **reason)
{
    char peer[JT_HTTP_PEER_MAX_BYTES];
    int same = 0;

    *reason = "connections";
    if (connections->count >= connections->max)
        return false;
    jt_http_peer_text(fd, peer);
    if (connections->peer_max < 0 || strcmp(peer, "unix") == 0)
        return true;
    for (const struct jt_http_connection *c = connections->first; c; c = c->next) {
        if (!c->is_trusted && strcmp(c->peer, peer) == 0)
            same++;
    }
    *reason = "peer_connections";
    return same < connections->peer_max;
}

static int64_t phase_timeout_ms(const struct jt_http_connections *connections,
                                enum jt_http_phase phase)
{
    switch (phase) {
    case JT_HTTP_HEADERS:
        return connections->header_timeout_ms;
    case JT_HTTP_BODY:
    case JT_HTTP_SENDING:
        return connections->body_timeout_ms;
    case JT_HTTP_IDLE:
        return JT_HTTP_IDLE_TIMEOUT_MS;
    case JT_HTTP_LINGERING:
        return JT_HTTP_LINGER_TIMEOUT_MS;
    default:
        return 0;
    }
}

/* Cancelling (-1) fires the timer at once in libwebsockets 4.1: a phase without deadline has a far
 * one. */
static void arm(struct jt_http_connection *connection, int64_t timeout_us)
{
    const int64_t never_us = (int64_t)365 * 24 * 3600 * JT_USEC_PER_SEC;

    lws_set_timer_usecs(connection->wsi, timeout_us > 0 ? timeout_us : never_us);
}

int jt_http_connection_open(struct jt_http_connections *connections, struct lws *wsi,
                            const struct jt_http_listener *listener,
                            struct jt_http_connection **out)
{
    struct jt_http_connection *connection = calloc(1, sizeof(*connection));

    if (!connection)
        return -ENOMEM;
    connection->wsi = wsi;
    connection->listener = listener;
    jt_http_peer_text(lws_get_socket_fd(wsi), connection->peer);
    connection->next = connections->first;
    if (connection->next)
        connection->next->prev = connection;
    connections->first = connection;
    connections->count++;
    lws_set_opaque_user_data(wsi, connection);
    arm(connection, connections->header_timeout_ms * JT_USEC_PER_MSEC);
    *out = connection;
    return 0;
}

void jt_http_connection_close(struct jt_http_connections *connections,
                              struct jt_http_connection *connection)
{
    lws_set_opaque_user_data(connection->wsi, NULL);
    if (connection->request) {
        connection->request->connection = NULL;
        jt_http_request_unref(&connection->request);
    }
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        connections->first = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    connections->count--;
    if (connections->watched == connection)
        connections->watched = NULL;
    free(connection);
}

void jt_http_connection_enter(const struct jt_http_connections *connections,
                              struct jt_http_connection *connection, enum jt_http_phase phase)
{
    int64_t timeout_us = phase_timeout_ms(connections, phase) * JT_USEC_PER_MSEC;

    assert(phase_moves[connection->phase] & 1U << phase);
    connection->phase = phase;
    connection->deadline_us = jt_clock_mono_us() + timeout_us * JT_HTTP_BODY_PATIENCE;
    if (phase == JT_HTTP_SENDING)
        connection->deadline_us +=
            (int64_t)(connection->request->answer_size / JT_HTTP_BYTES_PER_S_MIN) * JT_USEC_PER_SEC;
    arm(connection, timeout_us);
}

void jt_http_connection_progress(const struct jt_http_connections *connections,
                                 struct jt_http_connection *connection)
{
    int64_t left_us = connection->deadline_us - jt_clock_mono_us();

    arm(connection, JT_MAX(1, JT_MIN(left_us, connections->body_timeout_ms * JT_USEC_PER_MSEC)));
}
