/**
 * One request of the API on its way: who asks (session cookie), whether they may (chat/access), whether the page meant it
 * (CSRF), and how the answer goes out. A handler runs on a thread of the pool, may block, and answers exactly once.
 */
#ifndef CHAT_API_CALL_H
#define CHAT_API_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/access/rights.h"
#include "chat/access/secret.h"
#include "chat/api/api.h"
#include "chat/api/body.h"
#include "chat/api/problem.h"
#include "chat/store/account.h"

struct jt_http_request;

struct api_call {
    const struct api_parts *parts;
    struct jt_http_request *request;
    int64_t now_ms; /* wall clock, once per request */
    bool has_session;
    uint8_t session_hash[ACCESS_HASH_BYTES];
    struct store_person person; /* account_id 0: nobody yet */
    unsigned roles_mask;        /* of enum access_role, towards the person's own shop */
};

typedef void (*api_handler)(struct api_call *call);

/** How a route is asked for besides by right. */
enum api_route_flags {
    API_ROUTE_NEEDS_SESSION = 1 << 0, /* 401 for who has none, before anything else */
    API_ROUTE_FREE_OF_CSRF =
        1 << 1, /* there may be no session yet; the Origin and the content's type are checked */
};

/** A row of the table in routes.c. */
struct api_route {
    unsigned method; /* one of enum jt_http_method */
    const char *path;
    enum access_operation operation;
    unsigned flags;
    api_handler handler;
    size_t body_max_bytes; /* 0: the HTTP server's default */
};

/** What the service's HTTP route points at; made once per row. */
struct api_bound {
    const struct api_parts *parts;
    const struct api_route *route;
};

/** jt_http_handler for a struct api_bound: hands the request to the pool. Server's thread. */
void api_call_serve(void *arg, struct jt_http_request *request);

/** Answer with JSON; takes `content`. NULL content: 503, memory is short. Never cached. */
void api_answer(struct api_call *call, int status, json_t *content);
/** 200 with {"items": […]}, or a refusal for a negative `err`; takes `items`. */
void api_answer_items(struct api_call *call, int err, json_t *items);
/** 204. */
void api_answer_nothing(struct api_call *call);
/** With a Set-Cookie besides. `cookie` "": none. */
void api_answer_cookie(struct api_call *call, int status, const char *cookie, json_t *content);

/** Refuse with a problem, or with what a store's errno is to a client. */
void api_refuse_call(struct api_call *call, enum api_problem problem);
void api_refuse_errno(struct api_call *call, int err);

/**
 * The request's JSON object, read by `read` (NULL for an empty object). false: refused already. `read` asks for the fields
 * it wants with api_body_*; what it stores stays valid until api_body_free(body), which the caller does in any case.
 */
bool api_call_body(struct api_call *call, struct api_body *body,
                   void (*read)(struct api_body *body, void *arg), void *arg);

/** POST without content, as JSON's empty object, so that no foreign form can send it. false: refused already. */
bool api_call_is_empty(struct api_call *call);

/**
 * The shop whose things the caller may touch, as the store takes it: 0 (any) for an operator, -1 (none has it) for whoever
 * works for no shop. Handlers of SHOP operations pass it on, so that a foreign thing is absent (pitfall 46).
 */
int64_t api_call_shop(const struct api_call *call);

/** A path parameter; "" when it is missing. */
const char *api_call_param(const struct api_call *call, const char *name);
/** A path parameter that is a decimal id. -1 when it is not: no row has it. */
int64_t api_call_id(const struct api_call *call, const char *name);

#endif
