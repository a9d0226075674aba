/**
 * Threads on which requests of the API are answered. A handler there is plain blocking code: it waits for the store, or
 * for a password's hash, while the HTTP server's thread goes on. The queue before them is bounded; what does not fit
 * is for the caller to refuse (503): waiting longer than a client does helps nobody.
 */
#ifndef CHAT_API_POOL_H
#define CHAT_API_POOL_H

#include "base/base.h"

struct api_pool;
struct jt_http_request;

enum {
    API_THREADS_DEFAULT = 64, /* ours: callers that wait for one commit of the store */
    API_THREADS_MAX = 256,
    API_QUEUE_MAX = 1024, /* two seconds of orders at 500 a second */
};

/** Must answer the request (jt_http_respond), exactly once. */
typedef void (*api_job_fn)(void *arg, struct jt_http_request *request);

JT_MUST_CHECK int api_pool_new(int threads, struct api_pool **out);
/** Requests that still wait are answered 503; returns when the running ones are done. NULL is fine. */
void api_pool_free(struct api_pool *pool);

/** Takes the request. -EBUSY when the queue is full; the request is still the caller's then. Any thread. */
JT_MUST_CHECK int api_pool_submit(struct api_pool *pool, api_job_fn fn, void *arg,
                                  struct jt_http_request *request);

#endif
