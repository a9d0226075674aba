/* Threads that answer requests: all run, the queue is bounded, closing answers nobody twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "chat/api/pool.h"

/* The pool only hands requests on; here they are numbers. */
static struct jt_http_request *request_of(uintptr_t number)
{
    return (struct jt_http_request *)number;
}

struct gate {
    pthread_mutex_t lock;
    pthread_cond_t moved;
    bool is_open;
    int inside;
    atomic_uint done;
    _Atomic(uintptr_t) sum;
};

static void count(void *arg, struct jt_http_request *request)
{
    struct gate *gate = arg;

    atomic_fetch_add(&gate->sum, (uintptr_t)request);
    atomic_fetch_add(&gate->done, 1);
}

static void wait_inside(void *arg, struct jt_http_request *request)
{
    struct gate *gate = arg;

    (void)pthread_mutex_lock(&gate->lock);
    gate->inside++;
    (void)pthread_cond_broadcast(&gate->moved);
    while (!gate->is_open)
        (void)pthread_cond_wait(&gate->moved, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
    count(arg, request);
}

static void until_inside(struct gate *gate, int threads)
{
    (void)pthread_mutex_lock(&gate->lock);
    while (gate->inside < threads)
        (void)pthread_cond_wait(&gate->moved, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    (void)pthread_cond_broadcast(&gate->moved);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void until_done(struct gate *gate, unsigned jobs)
{
    while (atomic_load(&gate->done) < jobs)
        sched_yield();
}

static void test_full_queue_is_an_error(void **state)
{
    enum { THREADS = 4, ALL = THREADS + API_QUEUE_MAX };
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct api_pool *pool;
    uintptr_t number = 1;

    (void)state;
    assert_int_equal(api_pool_new(THREADS, &pool), 0);
    for (; number <= THREADS; number++)
        assert_int_equal(api_pool_submit(pool, wait_inside, &gate, request_of(number)), 0);
    until_inside(&gate, THREADS); /* every thread is busy, all others wait in the queue */
    for (; number <= ALL; number++)
        assert_int_equal(api_pool_submit(pool, count, &gate, request_of(number)), 0);
    assert_int_equal(api_pool_submit(pool, count, &gate, request_of(number)), -EBUSY);
    open_gate(&gate);
    until_done(&gate, ALL);
    assert_int_equal(atomic_load(&gate.sum), (uintptr_t)ALL * (ALL + 1) / 2);
    api_pool_free(pool);
}

static void test_free_waits_for_those_who_run(void **state)
{
    struct gate gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .moved = PTHREAD_COND_INITIALIZER};
    struct api_pool *pool;

    (void)state;
    assert_int_equal(api_pool_new(2, &pool), 0);
    assert_int_equal(api_pool_submit(pool, wait_inside, &gate, request_of(7)), 0);
    until_inside(&gate, 1);
    open_gate(&gate);
    api_pool_free(pool);
    assert_int_equal(atomic_load(&gate.done), 1);
    api_pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_queue_is_an_error),
        cmocka_unit_test(test_free_waits_for_those_who_run),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
