/**
 * Requests that were answered, on any thread, on their way back to the server's thread. Outlives
 * the server while requests are out, so that a late answer finds something to fall into.
 */
#ifndef JT_HTTP_OUTBOX_H
#define JT_HTTP_OUTBOX_H

#include <stdbool.h>

#include "base/base.h"

struct jt_http_outbox;
struct jt_http_request;
struct lws_context;

JT_MUST_CHECK int jt_http_outbox_new(struct jt_http_outbox **out);
struct jt_http_outbox *jt_http_outbox_ref(struct jt_http_outbox *outbox);
/** NULL is fine. */
void jt_http_outbox_unref(struct jt_http_outbox **outbox);

/** From now on posts wake this context. */
void jt_http_outbox_open(struct jt_http_outbox *outbox, struct lws_context *context);

/** The context goes away: posts are dropped from now on. */
void jt_http_outbox_close(struct jt_http_outbox *outbox);

/** Hand over one reference of `request`. Any thread. */
void jt_http_outbox_post(struct jt_http_outbox *outbox, struct jt_http_request *request);

/** Wake the context, if it is there. Any thread. */
void jt_http_outbox_wake(struct jt_http_outbox *outbox);

/**
 * One more request with a large body? Counted here because requests may outlive the server. False
 * when there are JT_HTTP_LARGE_BODIES_MAX; after true, leave once. Any thread.
 */
JT_MUST_CHECK bool jt_http_outbox_enter(struct jt_http_outbox *outbox);
void jt_http_outbox_leave(struct jt_http_outbox *outbox);

/** Take one, the oldest first, with its reference; NULL when empty. */
struct jt_http_request *jt_http_outbox_take(struct jt_http_outbox *outbox);

#endif
