#include "chat/api/pool.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/metrics.h"
#include "http/server.h"

struct job {
    api_job_fn fn;
    void *arg;
    struct jt_http_request *request;
};

struct api_pool {
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    bool is_closing;
    struct job jobs[API_QUEUE_MAX]; /* a ring */
    unsigned first, count;
    int threads;
    pthread_t thread[API_THREADS_MAX];
};

static struct jt_metric waiting =
    JT_GAUGE("jangteo_chat_api_waiting", "Requests that wait for a thread.", NULL);

/** The next job; false when the pool closes. */
static bool take(struct api_pool *pool, struct job *out)
{
    bool has_one;

    (void)pthread_mutex_lock(&pool->lock);
    while (!pool->count && !pool->is_closing)
        (void)pthread_cond_wait(&pool->has_work, &pool->lock);
    has_one = pool->count && !pool->is_closing;
    if (has_one) {
        *out = pool->jobs[pool->first];
        pool->first = (pool->first + 1) % API_QUEUE_MAX;
        pool->count--;
        jt_metric_set(&waiting, NULL, pool->count);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return has_one;
}

static void *work(void *arg)
{
    struct api_pool *pool = arg;
    struct job job;

    while (take(pool, &job))
        job.fn(job.arg, job.request);
    return NULL;
}

int api_pool_new(int threads, struct api_pool **out)
{
    struct api_pool *pool = calloc(1, sizeof(*pool));
    int err = 0;

    if (!pool)
        return -ENOMEM;
    (void)pthread_mutex_init(&pool->lock, NULL);
    (void)pthread_cond_init(&pool->has_work, NULL);
    jt_metric_register(&waiting, NULL);
    while (!err && pool->threads < JT_MIN(threads, API_THREADS_MAX)) {
        err = -pthread_create(&pool->thread[pool->threads], NULL, work, pool);
        pool->threads += !err;
    }
    if (err) {
        api_pool_free(pool);
        return err;
    }
    *out = pool;
    return 0;
}

static void refuse_waiting(struct api_pool *pool)
{
    for (; pool->count; pool->count--) {
        jt_http_problem(pool->jobs[pool->first].request, 503, "shutting_down",
                        "The service is about to restart", 1);
        pool->first = (pool->first + 1) % API_QUEUE_MAX;
    }
}

void api_pool_free(struct api_pool *pool)
{
    if (!pool)
        return;
    (void)pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    (void)pthread_cond_broadcast(&pool->has_work);
    (void)pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->threads; i++)
        (void)pthread_join(pool->thread[i], NULL);
    refuse_waiting(pool);
    (void)pthread_cond_destroy(&pool->has_work);
    (void)pthread_mutex_destroy(&pool->lock);
    free(pool);
}

int api_pool_submit(struct api_pool *pool, api_job_fn fn, void *arg,
                    struct jt_http_request *request)
{
    int err = -EBUSY;

    (void)pthread_mutex_lock(&pool->lock);
    if (pool->count < API_QUEUE_MAX && !pool->is_closing) {
        pool->jobs[(pool->first + pool->count++) % API_QUEUE_MAX] =
            (struct job){.fn = fn, .arg = arg, .request = request};
        jt_metric_set(&waiting, NULL, pool->count);
        (void)pthread_cond_signal(&pool->has_work);
        err = 0;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return err;
}
