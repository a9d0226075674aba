#include "http/exchange.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <libwebsockets.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/fields.h"
#include "http/gate.h"
#include "http/head.h"
#include "http/origin.h"
#include "http/outbox.h"
#include "http/request.h"
#include "http/route.h"
#include "http/upgrade.h"

static struct jt_metric refused =
    JT_COUNTER("jangteo_http_refused_total", "Requests and connections refused.", "reason");

void jt_http_refused(const char *reason)
{
    jt_metric_add(&refused, reason, 1);
}

/* What is refused before any handler; more in http/head.c. `code` is also the metric's reason. */
static const struct jt_http_fault
    fields_too_large = {431, "fields_too_large", "Header fields too large", 0},
    field_malformed = {400, "field_malformed", "Malformed header field", 0},
    no_memory = {503, "no_memory", "Out of memory", 1},
    target_malformed = {400, "target_malformed", "Malformed request target", 0},
    method_unknown = {501, "method_unknown", "Method not known", 0},
    host_unknown = {421, "host_unknown", "This host is not served here", 0},
    origin_refused = {403, "origin_refused", "This origin may not ask", 0},
    header_timeout = {408, "header_timeout", "Header fields came too slowly", 0},
    body_too_large = {413, "body_too_large", "Content too large", 0},
    large_bodies = {503, "large_bodies", "Too much content is coming in at once", 2},
    body_timeout = {408, "body_timeout", "Content came too slowly", 0},
    path_unknown = {404, "not_found", "Nothing here", 0},
    method_not_allowed = {405, "method_not_allowed", "Method not allowed here", 0},
    upgrade_required = {426, "upgrade_required", "WebSockets are spoken here", 0};

static bool read_method(struct jt_http_request *request, struct lws *wsi)
{
    static const struct {
        enum lws_token_indexes token;
        enum jt_http_method method;
    } all[] = {
        {WSI_TOKEN_GET_URI, JT_HTTP_GET},         {WSI_TOKEN_HEAD_URI, JT_HTTP_GET},
        {WSI_TOKEN_POST_URI, JT_HTTP_POST},       {WSI_TOKEN_PUT_URI, JT_HTTP_PUT},
        {WSI_TOKEN_PATCH_URI, JT_HTTP_PATCH},     {WSI_TOKEN_DELETE_URI, JT_HTTP_DELETE},
        {WSI_TOKEN_OPTIONS_URI, JT_HTTP_OPTIONS},
    };

    for (size_t i = 0; i < JT_COUNT(all); i++) {
        if (lws_hdr_total_length(wsi, all[i].token) <= 0)
            continue;
        request->method = all[i].method;
        request->is_head = all[i].token == WSI_TOKEN_HEAD_URI;
        return true;
    }
    return false;
}

static const struct jt_http_fault *read_target(struct jt_http_request *request, struct lws *wsi,
                                               const char *path)
{
    int err;

    if (!read_method(request, wsi))
        return &method_unknown;
    if (!jt_http_path_is_clean(path))
        return &target_malformed;
    request->path = strdup(path);
    if (!request->path)
        return &no_memory;
    err = jt_http_query_read(&request->query, wsi);
    if (err)
        return err == -ENOMEM ? &no_memory : &target_malformed;
    return NULL;
}

static const struct jt_http_fault *read_fields(struct jt_http_request *request, struct lws *wsi,
                                               size_t body_max_bytes)
{
    int err = jt_http_fields_read(&request->fields, wsi);
    const char *length = jt_http_request_header(request, "content-length");

    if (err)
        return err == -E2BIG ? &fields_too_large : err == -ENOMEM ? &no_memory : &field_malformed;
    if (length) /* the gate has seen to it that it is a small number */
        request->body_expected = JT_MIN((size_t)strtoul(length, NULL, 10), body_max_bytes);
    return NULL;
}

/* Believed only from the front door. */
static void read_forwarded(struct jt_http_request *request)
{
    const char *peer = jt_http_forwarded_peer(jt_http_request_header(request, "x-forwarded-for"));

    if (peer)
        strcpy(request->peer, peer); /* a numeric address fits */
    request->is_secure =
        jt_http_forwarded_is_secure(jt_http_request_header(request, "x-forwarded-proto"));
}

static const struct jt_http_fault *read_origin(const struct jt_http_policy *policy,
                                               struct jt_http_request *request,
                                               const struct jt_http_listener *listener)
{
    const char *host = jt_http_request_header(request, "host");
    const char *origin = jt_http_request_header(request, "origin");

    if ((!listener->is_unix || policy->hosts[0]) &&
        !jt_http_host_is_served(host, listener->host, policy->hosts))
        return &host_unknown;
    if (!origin)
        return NULL;
    if (!jt_http_origin_is_served(origin, host, request->is_secure, policy->origins))
        return &origin_refused;
    request->is_cross_origin = !jt_http_origin_is_served(origin, host, request->is_secure, NULL);
    return NULL;
}

/* Anything but 1.1 that wants to stay ends with its answer. */
static void read_persistence(struct jt_http_request *request, struct lws *wsi)
{
    const char *wish = jt_http_request_header(request, "connection");
    char version[16] = "";

    if (lws_hdr_copy(wsi, version, sizeof(version), WSI_TOKEN_HTTP) < 0 || !strstr(version, "1.1"))
        request->closes = true;
    if (wish && strcasestr(wish, "close"))
        request->closes = true;
}

/** Everything of the request but its body. */
static const struct jt_http_fault *examine(const struct jt_http_policy *policy,
                                           struct jt_http_connection *connection, const char *path)
{
    struct jt_http_request *request = connection->request;
    const struct jt_http_fault *fault = read_target(request, connection->wsi, path);

    if (!fault)
        fault = read_fields(request, connection->wsi, policy->body_max_bytes);
    if (fault) {
        request->closes = true;
        return fault;
    }
    read_persistence(request, connection->wsi);
    request->closes |= connection->is_last;
    if (connection->listener->is_unix)
        read_forwarded(request);
    return read_origin(policy, request, connection->listener);
}

/* Closing at once would reset a peer that is still sending, and the reset would overtake the answer
 * (RFC 9112 §9.6). */
static void linger(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    (void)shutdown(lws_get_socket_fd(connection->wsi), SHUT_WR);
    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
    jt_http_connection_enter(&policy->connections, connection, JT_HTTP_LINGERING);
    jt_http_gate_watch(policy->gate, connection, false);
}

/** The answer is out. Returns -1 when libwebsockets shall close. */
static int finish(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    bool closes = connection->request->closes;

    connection->request->connection = NULL;
    jt_http_request_unref(&connection->request);
    if (closes) {
        linger(policy, connection);
        return 0;
    }
    jt_http_connection_enter(&policy->connections, connection, JT_HTTP_IDLE);
    if (lws_http_transaction_completed(connection->wsi))
        return -1;
    connection->is_settled = false;
    jt_http_gate_watch(policy->gate, connection, true);
    return 0;
}

/** Send what the socket takes: bytes sent, or a negative errno value. */
static ssize_t push(struct jt_http_connection *connection)
{
    struct jt_http_request *request = connection->request;
    ssize_t n = send(lws_get_socket_fd(connection->wsi), request->answer + request->answer_sent,
                     request->answer_size - request->answer_sent, MSG_DONTWAIT | MSG_NOSIGNAL);

    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    request->answer_sent += (size_t)n;
    return n;
}

/**
 * Send the answer, at once as far as the socket takes it, then whenever it takes more. Not by
 * libwebsockets: it keeps a copy of what is left, looks for input before output, and so hangs up on
 * a peer that has closed its sending side before the peer has its answer (threat H4). Returns -1
 * when the connection shall end.
 */
static int deliver(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    struct jt_http_request *request = connection->request;

    if (!request->answer || push(connection) < 0)
        return -1;
    if (request->answer_sent == request->answer_size)
        return finish(policy, connection);
    jt_http_connection_enter(&policy->connections, connection, JT_HTTP_SENDING);
    jt_http_gate_watch(policy->gate, connection, true);
    return 0;
}

static int refuse(struct jt_http_policy *policy, struct jt_http_connection *connection,
                  const struct jt_http_fault *fault, const struct jt_http_header *header)
{
    bool is_upgrade = fault->status == upgrade_required.status;
    struct jt_http_request *request = connection->request;

    jt_http_refused(fault->code);
    if (request->body_expected)
        request->closes = true; /* the body is not read */
    if (is_upgrade)
        jt_http_refuse(jt_http_request_ref(request), fault, jt_http_upgrade_fields,
                       JT_HTTP_UPGRADE_FIELDS);
    else
        jt_http_refuse(jt_http_request_ref(request), fault, header, header ? 1 : 0);
    return deliver(policy, connection);
}

static int dispatch(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    struct jt_http_request *request = connection->request;

    jt_http_connection_enter(&policy->connections, connection, JT_HTTP_HANDLING);
    lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0); /* the handler may take its time */
    policy->current = connection;
    request->route->handler(request->route->arg, jt_http_request_ref(request));
    jt_http_exchange_collect(policy);
    policy->current = NULL;
    if (connection->is_due)
        return deliver(policy, connection);
    (void)lws_rx_flow_control(connection->wsi,
                              0); /* one request at a time; a half-close waits too */
    return 0;
}

/* RFC 9110 §10.1.1; libwebsockets ignores the field and curl would wait a second. */
static void send_continue(struct jt_http_connection *connection)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\n";
    const char *expect = jt_http_request_header(connection->request, "expect");

    if (expect && strcasecmp(expect, "100-continue") == 0)
        (void)!send(lws_get_socket_fd(connection->wsi), text, sizeof(text) - 1,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
}

static int open_request(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    int err = jt_http_request_new(policy->outbox, &connection->request);

    if (err)
        return err;
    connection->request->connection = connection;
    strcpy(connection->request->peer, connection->peer);
    return 0;
}

/** May the body come that was announced? */
static const struct jt_http_fault *admit_body(struct jt_http_request *request)
{
    if (request->body_expected > jt_http_route_body_max(request->route))
        return &body_too_large;
    if (request->body_expected > JT_HTTP_BODY_MAX_BYTES && !jt_http_request_reserve(request))
        return &large_bodies;
    return NULL;
}

int jt_http_exchange_begin(struct jt_http_policy *policy, struct jt_http_connection *connection,
                           const char *path)
{
    char allow[JT_HTTP_ALLOW_MAX_BYTES];
    struct jt_http_header header = {.name = "Allow", .value = allow};
    const struct jt_http_fault *fault;
    struct jt_http_request *request;
    unsigned allowed;

    (void)lws_rx_flow_control(connection->wsi, 0); /* until the gate has seen the next one */
    connection->is_due = false;
    if (!connection->is_admitted || open_request(policy, connection) < 0)
        return -1;
    connection->is_admitted = false;
    request = connection->request;
    fault = examine(policy, connection, path);
    if (fault)
        return refuse(policy, connection, fault, NULL);
    request->route = jt_http_route_find(policy->routes, policy->route_count, path, request->method,
                                        &request->params, &allowed);
    jt_http_allow_text(allowed, allow);
    if (!request->route && jt_http_upgrade_find(policy, path))
        return refuse(policy, connection, &upgrade_required, NULL);
    if (!request->route)
        return refuse(policy, connection, allowed ? &method_not_allowed : &path_unknown,
                      allowed ? &header : NULL);
    if (!request->body_expected)
        return dispatch(policy, connection);
    fault = admit_body(request);
    if (fault)
        return refuse(policy, connection, fault, NULL);
    jt_http_connection_enter(&policy->connections, connection, JT_HTTP_BODY);
    send_continue(connection);
    (void)lws_rx_flow_control(connection->wsi, 1);
    return 0;
}

int jt_http_exchange_body(struct jt_http_policy *policy, struct jt_http_connection *connection,
                          const void *data, size_t size)
{
    if (!size) /* libwebsockets' way to say that the length was 0 */
        return 0;
    if (connection->phase == JT_HTTP_LINGERING || connection->phase == JT_HTTP_SENDING)
        return 0; /* of a request that was refused: came with its head */
    if (!connection->request || connection->phase != JT_HTTP_BODY)
        return -1;
    jt_http_connection_progress(&policy->connections, connection);
    return jt_http_request_append(connection->request, data, size) < 0 ? -1 : 0;
}

int jt_http_exchange_body_end(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    if (connection->phase != JT_HTTP_BODY)
        return 0; /* libwebsockets also says so of a body of no bytes */
    if (!connection->request ||
        connection->request->body_size != connection->request->body_expected)
        return -1;
    return dispatch(policy, connection);
}

void jt_http_exchange_end(struct jt_http_connection *connection)
{
    lws_set_timeout(connection->wsi, PENDING_TIMEOUT_KILLED_BY_PARENT, LWS_TO_KILL_SYNC);
}

void jt_http_exchange_reject(struct jt_http_policy *policy, struct jt_http_connection *connection,
                             const struct jt_http_fault *fault)
{
    int err = open_request(policy, connection);

    if (!err) {
        connection->request->closes = true;
        err = refuse(policy, connection, fault, NULL);
    }
    if (err)
        jt_http_exchange_end(connection);
}

void jt_http_exchange_writable(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    struct jt_http_request *request = connection->request;
    ssize_t n = push(connection);

    if (n > 0)
        jt_http_connection_progress(&policy->connections, connection);
    if (n < 0 || (request->answer_sent == request->answer_size && finish(policy, connection) < 0))
        jt_http_exchange_end(connection);
}

int jt_http_exchange_timeout(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    switch (connection->phase) {
    case JT_HTTP_HEADERS:
        if (open_request(policy, connection) < 0)
            return -1;
        connection->request->closes = true;
        return refuse(policy, connection, &header_timeout, NULL);
    case JT_HTTP_BODY:
        return refuse(policy, connection, &body_timeout, NULL);
    case JT_HTTP_HANDLING:
        return 0;
    case JT_HTTP_SENDING:
        jt_http_refused("send_timeout");
        return -1;
    default:
        return -1;
    }
}

void jt_http_exchange_collect(struct jt_http_policy *policy)
{
    struct jt_http_request *request;

    while ((request = jt_http_outbox_take(policy->outbox))) {
        struct jt_http_connection *connection = request->connection;

        if (connection && connection == policy->current)
            connection->is_due =
                true; /* libwebsockets must not close the one it is calling us for */
        else if (connection && deliver(policy, connection) < 0)
            jt_http_exchange_end(connection);
        jt_http_request_unref(&request);
    }
}
