/**
 * One request and its answer on a connection: what is refused before a handler sees it, when the
 * handler is called, how the answer goes out (threats H1 to H6, H15). Called by libwebsockets'
 * events, on the server's thread. The functions that return int give 0, or -1: libwebsockets shall
 * close the connection.
 */
#ifndef JT_HTTP_EXCHANGE_H
#define JT_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"
#include "http/connection.h"
#include "http/server.h"

struct jt_http_gate;
struct jt_http_outbox;
struct jt_http_places;

/** What all exchanges of a server share. */
struct jt_http_policy {
    struct jt_http_connections connections;
    struct jt_http_outbox *outbox;
    struct jt_http_gate *gate;
    struct jt_http_route *routes;
    size_t route_count;
    struct jt_http_upgrade_route *upgrades;
    size_t upgrade_count;
    bool upgrades_without_origin;
    struct jt_http_places *places;
    size_t body_max_bytes; /* what the most generous route takes */
    char *hosts, *origins;
    struct jt_http_connection *current; /* whose handler runs */
};

/** The headers of a request are there; `path` is decoded. */
JT_MUST_CHECK int jt_http_exchange_begin(struct jt_http_policy *policy,
                                         struct jt_http_connection *connection, const char *path);
JT_MUST_CHECK int jt_http_exchange_body(struct jt_http_policy *policy,
                                        struct jt_http_connection *connection, const void *data,
                                        size_t size);
JT_MUST_CHECK int jt_http_exchange_body_end(struct jt_http_policy *policy,
                                            struct jt_http_connection *connection);
/** A connection in phase SENDING can take more. */
void jt_http_exchange_writable(struct jt_http_policy *policy,
                               struct jt_http_connection *connection);
/** A request that libwebsockets shall not see: answer and close. */
void jt_http_exchange_reject(struct jt_http_policy *policy, struct jt_http_connection *connection,
                             const struct jt_http_fault *fault);
/** Close a connection on whose behalf libwebsockets is not calling. */
void jt_http_exchange_end(struct jt_http_connection *connection);
/** A deadline of the connection passed. */
JT_MUST_CHECK int jt_http_exchange_timeout(struct jt_http_policy *policy,
                                           struct jt_http_connection *connection);
/** Answers may have come from other threads. */
void jt_http_exchange_collect(struct jt_http_policy *policy);

/** Count a refusal by its reason, one of our own words. */
void jt_http_refused(const char *reason);

#endif
