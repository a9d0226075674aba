#include "http/outbox.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <libwebsockets.h>

#include "http/request.h"
#include "http/server.h"

struct jt_http_outbox {
    atomic_int refs, large_bodies;
    pthread_mutex_t lock; /* held while waking, so that the context can't be destroyed meanwhile */
    struct lws_context *context;
    struct jt_http_request *first, **last;
};

int jt_http_outbox_new(struct jt_http_outbox **out)
{
    struct jt_http_outbox *outbox = calloc(1, sizeof(*outbox));

    if (!outbox)
        return -ENOMEM;
    atomic_init(&outbox->refs, 1);
    atomic_init(&outbox->large_bodies, 0);
    pthread_mutex_init(&outbox->lock, NULL);
    outbox->last = &outbox->first;
    *out = outbox;
    return 0;
}

struct jt_http_outbox *jt_http_outbox_ref(struct jt_http_outbox *outbox)
{
    atomic_fetch_add(&outbox->refs, 1);
    return outbox;
}

void jt_http_outbox_unref(struct jt_http_outbox **outbox)
{
    struct jt_http_outbox *old = *outbox;

    *outbox = NULL;
    if (!old || atomic_fetch_sub(&old->refs, 1) > 1)
        return;
    pthread_mutex_destroy(&old->lock);
    free(old);
}

void jt_http_outbox_open(struct jt_http_outbox *outbox, struct lws_context *context)
{
    pthread_mutex_lock(&outbox->lock);
    outbox->context = context;
    pthread_mutex_unlock(&outbox->lock);
}

struct jt_http_request *jt_http_outbox_take(struct jt_http_outbox *outbox)
{
    struct jt_http_request *request;

    pthread_mutex_lock(&outbox->lock);
    request = outbox->first;
    if (request) {
        outbox->first = request->next;
        if (!outbox->first)
            outbox->last = &outbox->first;
        request->next = NULL;
    }
    pthread_mutex_unlock(&outbox->lock);
    return request;
}

void jt_http_outbox_close(struct jt_http_outbox *outbox)
{
    struct jt_http_request *request;

    jt_http_outbox_open(outbox, NULL);
    while ((request = jt_http_outbox_take(outbox)))
        jt_http_request_unref(&request);
}

void jt_http_outbox_post(struct jt_http_outbox *outbox, struct jt_http_request *request)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->context) {
        *outbox->last = request;
        outbox->last = &request->next;
        lws_cancel_service(outbox->context);
        request = NULL;
    }
    pthread_mutex_unlock(&outbox->lock);
    if (request)
        jt_http_request_unref(&request);
}

void jt_http_outbox_wake(struct jt_http_outbox *outbox)
{
    pthread_mutex_lock(&outbox->lock);
    if (outbox->context)
        lws_cancel_service(outbox->context);
    pthread_mutex_unlock(&outbox->lock);
}

bool jt_http_outbox_enter(struct jt_http_outbox *outbox)
{
    if (atomic_fetch_add(&outbox->large_bodies, 1) < JT_HTTP_LARGE_BODIES_MAX)
        return true;
    jt_http_outbox_leave(outbox);
    return false;
}

void jt_http_outbox_leave(struct jt_http_outbox *outbox)
{
    atomic_fetch_sub(&outbox->large_bodies, 1);
}
