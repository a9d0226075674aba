/**
 * One request from its headers to its answer. Held by two: its connection (server's thread) and
 * whoever has to answer it. What the accessors of http/server.h give is fixed before the handler
 * runs.
 */
#ifndef JT_HTTP_REQUEST_H
#define JT_HTTP_REQUEST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "http/fields.h"
#include "http/route.h"
#include "http/server.h"

struct jt_http_connection;
struct jt_http_outbox;
struct lws;

enum { JT_HTTP_PEER_MAX_BYTES = 46 }; /* INET6_ADDRSTRLEN */

struct jt_http_request {
    atomic_int refs;
    struct jt_http_outbox *outbox;
    struct jt_http_request *next;          /* in the outbox */
    struct jt_http_connection *connection; /* server's thread only; NULL once it is gone */
    const struct jt_http_route *route;

    enum jt_http_method method;
    bool is_head, is_secure;
    bool closes;          /* the connection ends with this answer */
    bool is_cross_origin; /* a foreign origin that may ask: it is told so */
    char peer[JT_HTTP_PEER_MAX_BYTES];
    char *path;
    struct jt_http_params params;
    struct jt_http_fields fields, query;
    uint8_t *body; /* NUL-terminated */
    size_t body_size, body_capacity, body_expected;
    bool has_large_body; /* one of the few: see jt_http_request_reserve */

    atomic_bool is_answered;
    uint8_t *answer; /* the bytes of the whole response; set by whoever answers, before the post */
    size_t answer_size, answer_sent;
    int status;
};

/** With one reference, for the connection. */
JT_MUST_CHECK int jt_http_request_new(struct jt_http_outbox *outbox, struct jt_http_request **out);
struct jt_http_request *jt_http_request_ref(struct jt_http_request *request);
/** NULL is fine. */
void jt_http_request_unref(struct jt_http_request **request);

/** Room for one more body above JT_HTTP_BODY_MAX_BYTES? It is given back with the request. */
JT_MUST_CHECK bool jt_http_request_reserve(struct jt_http_request *request);

/** Append to the body; memory follows the bytes that came. -EMSGSIZE above what was expected. */
JT_MUST_CHECK int jt_http_request_append(struct jt_http_request *request, const void *data,
                                         size_t size);

#endif
