/*
 * Media workers that die (threat V14) and workers that talk out of turn. The fake worker is this program itself, started
 * by the pool with its flags: what it does, JT_TEST_WORKER says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "ingest/config.h"
#include "ingest/show.h"
#include "ingest/worker_pool.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "ring/bells.h"
#include "ring/ring.h"

enum { CEILING_US = 30 * JT_USEC_PER_SEC };

#define HELLO "{\"v\":1,\"type\":\"hello\",\"role\":\"worker\",\"pid\":7}"

/* ---- the fake ---- */

static void say(const char *text)
{
    if (send(JT_PROCESS_LINK_FD, text, strlen(text), MSG_NOSIGNAL) < 0)
        _exit(9);
}

/* Counts the tracks it is told of until the pool has had time to answer both hellos; tells by a warning. */
static int greet_twice(void)
{
    char text[16384];
    int tracks = 0;
    ssize_t n;

    say(HELLO);
    say(HELLO);
    say("{\"v\":1,\"type\":\"warning\",\"show\":\"rice\",\"name\":\"greeted\",\"reason\":\"\"}");
    while ((n = recv(JT_PROCESS_LINK_FD, text, sizeof(text) - 1, 0)) > 0) {
        text[n] = '\0';
        if (strstr(text, "\"type\":\"track\""))
            tracks++;
        if (strstr(text, "track_end"))
            break; /* the test ended the track: all that was said before is here */
    }
    say(tracks == 1
            ? "{\"v\":1,\"type\":\"warning\",\"show\":\"rice\",\"name\":\"once\",\"reason\":\"\"}"
            : "{\"v\":1,\"type\":\"warning\",\"show\":\"rice\",\"name\":\"twice\",\"reason\":"
              "\"\"}");
    (void)recv(JT_PROCESS_LINK_FD, text, sizeof(text), 0);
    return 0;
}

static int fake_worker(const char *what)
{
    if (strcmp(what, "exit") == 0)
        return 1;
    if (strcmp(what, "abuse") == 0) { /* the link breaks before the process does */
        say("no json");
        for (;;)
            (void)pause();
    }
    return greet_twice();
}

/* ---- the pool's side ---- */

struct rig {
    struct jt_loop *loop;
    struct jt_bells *bells;
    struct ingest_config config;
    struct ingest_shows *shows;
    struct ingest_show *show;
    struct ingest_workers *workers;
    struct jt_timer *ceiling;
    char warned[64];
};

static void on_warning(void *arg, const struct ingest_show *show, const char *code,
                       const char *words)
{
    struct rig *rig = arg;

    (void)show;
    (void)words;
    (void)snprintf(rig->warned, sizeof(rig->warned), "%s", code);
    jt_loop_stop(rig->loop);
}

static const struct ingest_show_events events = {.on_warning = on_warning};

static void on_ceiling(void *arg)
{
    (void)arg;
    fail_msg("waited too long");
}

static void on_stop(void *arg, const char *code, const char *words)
{
    (void)arg;
    (void)code;
    (void)words;
}

static const struct ingest_publisher_ops publisher = {.stop = on_stop};

static struct rig *rig_new(const char *what)
{
    static struct rig rig;

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(setenv("JT_TEST_WORKER", what, 1), 0);
    rig.config.worker_repair_max = 1;
    assert_true(
        readlink("/proc/self/exe", rig.config.worker_path, sizeof(rig.config.worker_path) - 1) > 0);
    assert_int_equal(jt_loop_new("test", &rig.loop), 0);
    assert_int_equal(jt_timer_new(rig.loop, "ceiling", on_ceiling, NULL, &rig.ceiling), 0);
    jt_timer_start(rig.ceiling, CEILING_US, 0);
    assert_int_equal(jt_bells_new(&rig.bells), 0);
    assert_int_equal(ingest_shows_new(rig.loop, 60000, &rig.shows), 0);
    assert_int_equal(ingest_workers_new(rig.loop, &rig.config, rig.shows, rig.bells, &rig.workers),
                     0);
    assert_int_equal(ingest_shows_listen(rig.shows, &events, &rig), 0);
    assert_int_equal(ingest_show_join(rig.shows, "rice", &publisher, &rig, &rig.show), 0);
    return &rig;
}

static void rig_free(struct rig *rig)
{
    ingest_shows_silence(rig->shows);
    ingest_workers_free(rig->workers);
    ingest_shows_free(rig->shows);
    jt_bells_free(rig->bells);
    jt_timer_free(rig->ceiling);
    jt_loop_turn(rig->loop);
    jt_loop_free(rig->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* none left */
    assert_int_equal(errno, ECHILD);
}

/* AAC, so that the pool wants a worker that makes Opus of it. */
static uint32_t add_aac(struct rig *rig)
{
    const struct jt_track_info info = {.codec = JT_CODEC_AAC,
                                       .clock_hz = 48000,
                                       .channels = 2,
                                       .sample_rate = 48000,
                                       .config_bytes = 2,
                                       .layer = "main",
                                       .config = {0x11, 0x90}};
    const struct ingest_track *track;
    struct jt_ring_writer *writer;

    assert_int_equal(jt_ring_writer_new(&info, ingest_show_epoch(rig->show), &writer), 0);
    assert_int_equal(ingest_show_add_track(rig->show, writer, &info, &track), 0);
    return track->id;
}

static void run_until_warned(struct rig *rig, const char *code)
{
    rig->warned[0] = '\0';
    while (strcmp(rig->warned, code) != 0)
        jt_loop_run(rig->loop);
}

static void test_v14_three_crashes_a_minute_are_enough(void **state)
{
    struct rig *rig = rig_new("exit");
    int64_t began_us = jt_clock_mono_us();

    (void)state;
    (void)add_aac(rig);
    run_until_warned(rig, "worker_given_up");
    /* started thrice, with a pause between */
    assert_true(jt_clock_mono_us() - began_us >= (INGEST_WORKER_CRASHES_MAX - 1) *
                                                     (int64_t)INGEST_WORKER_RESTART_MS *
                                                     JT_USEC_PER_MSEC);
    /* the publisher's return is a new chance */
    ingest_show_leave(rig->show);
    assert_int_equal(ingest_show_join(rig->shows, "rice", &publisher, rig, &rig->show), 0);
    (void)add_aac(rig);
    run_until_warned(rig, "worker_given_up");
    rig_free(rig);
}

static void test_v14_a_worker_that_breaks_its_link_is_killed(void **state)
{
    struct rig *rig = rig_new("abuse");

    (void)state;
    (void)add_aac(rig);
    run_until_warned(rig, "worker_given_up");
    rig_free(rig); /* finds no child left */
}

static void test_v14_the_rest_of_the_show_lives_on(void **state)
{
    struct rig *rig = rig_new("exit");
    const struct ingest_show *show;

    (void)state;
    (void)add_aac(rig);
    run_until_warned(rig, "worker_given_up");
    show = ingest_show_find(rig->shows, "rice");
    assert_non_null(show);
    assert_int_equal(ingest_show_state(show), JT_SHOW_LIVE);
    rig_free(rig);
}

static void test_m4_a_second_hello_tells_nothing_again(void **state)
{
    struct rig *rig = rig_new("greet");
    uint32_t track = add_aac(rig);

    (void)state;
    run_until_warned(rig, "greeted");
    ingest_show_end_track(rig->show, track);
    while (strcmp(rig->warned, "once") != 0) {
        jt_loop_run(rig->loop);
        assert_string_not_equal(rig->warned, "twice");
    }
    rig_free(rig);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v14_three_crashes_a_minute_are_enough),
        cmocka_unit_test(test_v14_a_worker_that_breaks_its_link_is_killed),
        cmocka_unit_test(test_v14_the_rest_of_the_show_lives_on),
        cmocka_unit_test(test_m4_a_second_hello_tells_nothing_again),
    };

    if (argc > 1 && strncmp(argv[1], "--worker.", strlen("--worker.")) == 0)
        return fake_worker(getenv("JT_TEST_WORKER"));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
