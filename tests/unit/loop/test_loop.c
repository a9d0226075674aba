/* The loop itself: stopping, signals, time, slow callbacks, what must not outlive it; and threads with loops. */
#include "rig.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/metrics.h"
#include "loop/thread.h"

static void *stop_from_outside(void *arg)
{
    jt_loop_stop(arg);
    return NULL;
}

static void test_stop_from_another_thread_and_before_run(void **state)
{
    struct jt_loop *loop = new_loop();
    pthread_t thread;

    (void)state;
    jt_loop_stop(loop);
    jt_loop_run(loop);
    assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, loop), 0);
    jt_loop_run(loop); /* ctest's time limit is the ceiling */
    assert_int_equal(pthread_join(thread, NULL), 0);
    jt_loop_free(loop);
}

struct caught {
    struct jt_loop *loop;
    struct jt_signal *signal;
    int count, signum;
};

static void on_signal(void *arg, int signum)
{
    struct caught *caught = arg;

    caught->signum = signum;
    caught->count++;
    jt_signal_free(caught->signal);
    jt_loop_stop(caught->loop);
}

static void test_signal(void **state)
{
    struct caught caught = {.loop = new_loop()};

    (void)state;
    assert_int_equal(jt_signal_new(caught.loop, SIGTERM, on_signal, &caught, &caught.signal), 0);
    assert_int_equal(raise(SIGTERM), 0);
    run_until(caught.loop, &caught.count, 1);
    assert_int_equal(caught.signum, SIGTERM);
    jt_loop_free(caught.loop);
}

/* Caught, but its handle goes before the loop has seen it. */
static void test_signal_freed_while_pending(void **state)
{
    struct caught caught = {.loop = new_loop()};

    (void)state;
    assert_int_equal(jt_signal_new(caught.loop, SIGUSR1, on_signal, &caught, &caught.signal), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    jt_signal_free(caught.signal);
    jt_loop_free(caught.loop);
    assert_int_equal(caught.count, 0);
}

struct clock_check {
    struct jt_loop *loop;
    int64_t first_us, second_us;
    int count;
};

static void burn_us(int64_t us)
{
    int64_t start_us = jt_clock_mono_us();

    while (jt_clock_mono_us() - start_us < us)
        ;
}

static void on_clock(void *arg)
{
    struct clock_check *check = arg;

    check->first_us = jt_loop_now_us(check->loop);
    burn_us(6500);
    check->second_us = jt_loop_now_us(check->loop);
    check->count++;
    jt_loop_stop(check->loop);
}

static int64_t slow_count(const char *callback)
{
    char *text = jt_metrics_text(), line[128], *at;
    int64_t count;

    (void)snprintf(line, sizeof(line), "jangteo_loop_slow_total{callback=\"%s\"} ", callback);
    at = strstr(text, line);
    count = at ? strtoll(at + strlen(line), NULL, 10) : 0;
    free(text);
    return count;
}

static void test_time_stands_still_in_a_callback_and_slow_ones_are_counted(void **state)
{
    struct clock_check check = {.loop = new_loop()};
    struct jt_timer *timer;
    int64_t before_us = jt_clock_mono_us();

    (void)state;
    assert_true(jt_loop_now_us(check.loop) >= before_us);
    assert_int_equal(jt_timer_new(check.loop, "slow.test", on_clock, &check, &timer), 0);
    assert_int_equal(slow_count("slow.test"), 0);
    jt_timer_start(timer, 1000, 0);
    run_until(check.loop, &check.count, 1);
    assert_int_equal(check.first_us, check.second_us);
    assert_true(check.first_us >= before_us + 1000);
    assert_true(jt_loop_now_us(check.loop) >= check.first_us + 6500);
    assert_int_equal(slow_count("slow.test"), 1);
    jt_timer_free(timer);
    jt_loop_free(check.loop);
}

struct leaver {
    struct jt_loop_exit exit;
    int freed;
};

static void on_exit_loop(void *arg)
{
    struct leaver *leaver = arg;

    leaver->freed++;
    jt_loop_exit_remove(&leaver->exit);
}

static void test_exits_run_when_the_loop_is_freed(void **state)
{
    struct jt_loop *loop = new_loop();
    struct leaver leavers[3];

    (void)state;
    for (int i = 0; i < 3; i++) {
        leavers[i] = (struct leaver){.exit = {.fn = on_exit_loop, .arg = &leavers[i]}};
        jt_loop_exit_add(loop, &leavers[i].exit);
    }
    jt_loop_exit_remove(&leavers[1].exit);
    jt_loop_free(loop);
    assert_int_equal(leavers[0].freed, 1);
    assert_int_equal(leavers[1].freed, 0);
    assert_int_equal(leavers[2].freed, 1);
}

static void test_scratch_is_one_per_loop(void **state)
{
    struct jt_loop *loop = new_loop();
    uint8_t *scratch = jt_loop_scratch(loop);

    (void)state;
    assert_non_null(scratch);
    memset(scratch, 1, JT_LOOP_SCRATCH_BYTES);
    assert_ptr_equal(scratch, jt_loop_scratch(loop));
    jt_loop_free(loop);
}

/* ---- threads ---- */

struct worker {
    pthread_t started_on, stopped_on, ticked_on;
    char name[16];
    sigset_t mask;
    struct jt_timer *timer;
    struct jt_loop *main_loop;
    int start_result, ticks, stops;
};

static void on_tick(void *arg)
{
    struct worker *worker = arg;

    worker->ticked_on = pthread_self();
    worker->ticks = 1;
    jt_loop_stop(worker->main_loop);
}

static int start_worker(void *arg, struct jt_loop *loop)
{
    struct worker *worker = arg;

    worker->started_on = pthread_self();
    (void)pthread_getname_np(pthread_self(), worker->name, sizeof(worker->name));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &worker->mask);
    if (worker->start_result)
        return worker->start_result;
    if (jt_timer_new(loop, "tick", on_tick, worker, &worker->timer) != 0)
        return -ENOMEM;
    jt_timer_start(worker->timer, 1000, 0);
    return 0;
}

static void stop_worker(void *arg)
{
    struct worker *worker = arg;

    worker->stopped_on = pthread_self();
    worker->stops++;
    jt_timer_free(worker->timer);
}

static const struct jt_thread_ops worker_ops = {start_worker, stop_worker};

static void test_thread_runs_its_loop(void **state)
{
    struct worker worker = {.main_loop = new_loop()};
    struct jt_thread *thread = NULL;

    (void)state;
    assert_int_equal(jt_thread_start("a-name-that-is-too-long", &worker_ops, &worker, &thread), 0);
    assert_non_null(jt_thread_loop(thread));
    assert_string_equal(worker.name, "a-name-that-is-");
    assert_true(sigismember(&worker.mask, SIGTERM)); /* signals are for the main thread */
    assert_false(sigismember(&worker.mask, SIGSEGV));
    jt_loop_run(worker.main_loop); /* until the tick */
    jt_thread_stop(thread);
    assert_int_equal(worker.ticks, 1);
    assert_int_equal(worker.stops, 1);
    assert_true(pthread_equal(worker.started_on, worker.ticked_on));
    assert_true(pthread_equal(worker.started_on, worker.stopped_on));
    assert_false(pthread_equal(worker.started_on, pthread_self()));
    jt_loop_free(worker.main_loop);
}

static void test_thread_that_gives_up(void **state)
{
    struct worker worker = {.start_result = -EADDRINUSE};
    struct jt_thread *thread = NULL;

    (void)state;
    assert_int_equal(jt_thread_start("worker", &worker_ops, &worker, &thread), -EADDRINUSE);
    assert_null(thread);
    assert_int_equal(worker.stops, 0);
    jt_thread_stop(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stop_from_another_thread_and_before_run),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_signal_freed_while_pending),
        cmocka_unit_test(test_time_stands_still_in_a_callback_and_slow_ones_are_counted),
        cmocka_unit_test(test_exits_run_when_the_loop_is_freed),
        cmocka_unit_test(test_scratch_is_one_per_loop),
        cmocka_unit_test(test_thread_runs_its_loop),
        cmocka_unit_test(test_thread_that_gives_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
