/* Commands to ingest's control socket, played by a listener of the test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>
#include <pthread.h>

#include "base/clock.h"
#include "chat/media/control.h"
#include "loop/loop.h"
#include "net/seqpacket.h"
#include "ring/link.h"

enum { HEARD_MAX = 16, PATIENCE_MS = 20000 };

struct rig {
    char dir[32], path[64];
    struct jt_loop *loop;
    struct jt_timer *deadline;
    struct jt_seq_listener *listener;
    struct jt_link *link;
    struct media_control *control;
    struct jt_control heard[HEARD_MAX];
    int count, hellos;
};

static void on_deadline(void *arg)
{
    (void)arg;
    fail_msg("nothing came in time");
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct rig *rig = arg;

    (void)fds;
    if (message->type == JT_CONTROL_HELLO) {
        assert_int_equal(message->role, JT_ROLE_CHAT);
        rig->hellos++;
        jt_link_hello(rig->link, JT_ROLE_INGEST);
    } else {
        assert_in_range(rig->count, 0, HEARD_MAX - 1);
        rig->heard[rig->count++] = *message;
    }
    jt_loop_stop(rig->loop);
}

static void on_end(void *arg, int error)
{
    struct rig *rig = arg;

    (void)error;
    jt_link_free(rig->link);
    rig->link = NULL;
    jt_loop_stop(rig->loop);
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void on_accept(void *arg, int fd)
{
    struct rig *rig = arg;

    assert_int_equal(jt_link_new(rig->loop, fd, &link_ops, rig, &rig->link), 0);
}

static void ingest_up(struct rig *rig)
{
    assert_int_equal(jt_seq_listen(rig->loop, rig->path, on_accept, rig, &rig->listener), 0);
}

static void ingest_down(struct rig *rig)
{
    jt_link_free(rig->link);
    rig->link = NULL;
    jt_seq_listener_free(rig->listener);
    rig->listener = NULL;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    (void)snprintf(rig->dir, sizeof(rig->dir), "/tmp/jt-control-XXXXXX");
    assert_non_null(mkdtemp(rig->dir));
    (void)snprintf(rig->path, sizeof(rig->path), "%s/ingest.sock", rig->dir);
    assert_int_equal(jt_loop_new("test", &rig->loop), 0);
    assert_int_equal(jt_timer_new(rig->loop, "test.deadline", on_deadline, rig, &rig->deadline), 0);
    jt_timer_start(rig->deadline, (int64_t)PATIENCE_MS * JT_USEC_PER_MSEC, 0);
    assert_int_equal(media_control_new(rig->loop, rig->path, &rig->control), 0);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;

    media_control_free(rig->control);
    if (rig->listener)
        ingest_down(rig);
    jt_timer_free(rig->deadline);
    jt_loop_free(rig->loop);
    (void)rmdir(rig->dir);
    free(rig);
    return 0;
}

static void run_until_heard(struct rig *rig, int count)
{
    while (rig->count < count)
        jt_loop_run(rig->loop);
}

static void run_until_link_is(struct rig *rig, bool is_up)
{
    int64_t end_us = jt_clock_mono_us() + (int64_t)PATIENCE_MS * JT_USEC_PER_MSEC;

    while (media_control_is_connected(rig->control) != is_up) {
        assert_true(jt_clock_mono_us() < end_us);
        jt_loop_turn(rig->loop);
        (void)usleep(1000);
    }
}

static void assert_command(const struct jt_control *message, const char *show, const char *name)
{
    assert_int_equal(message->type, JT_CONTROL_COMMAND);
    assert_string_equal(message->show, show);
    assert_string_equal(message->name, name);
}

static void *command_elsewhere(void *arg)
{
    struct rig *rig = arg;

    assert_int_equal(media_set_access(rig->control, "rice", JT_ACCESS_TOKEN), 0);
    assert_int_equal(media_stop_show(rig->control, "fish", "No fish today."), 0);
    return NULL;
}

static void test_commands_from_another_thread(void **state)
{
    struct rig *rig = *state;
    pthread_t thread;

    ingest_up(rig);
    run_until_link_is(rig, true);
    assert_int_equal(pthread_create(&thread, NULL, command_elsewhere, rig), 0);
    run_until_heard(rig, 2);
    (void)pthread_join(thread, NULL);
    assert_command(&rig->heard[0], "rice", "access");
    assert_int_equal(rig->heard[0].access, JT_ACCESS_TOKEN);
    assert_command(&rig->heard[1], "fish", "stop");
    assert_string_equal(rig->heard[1].reason, "No fish today.");
}

/* Said before ingest is there, and again after it came back; what was forgotten and a stop once said are not. */
static void test_access_is_said_again_a_stop_once(void **state)
{
    struct rig *rig = *state;

    assert_int_equal(media_set_access(rig->control, "rice", JT_ACCESS_CLOSED), 0);
    assert_int_equal(media_stop_show(rig->control, "rice", ""), 0);
    assert_int_equal(media_set_access(rig->control, "fish", JT_ACCESS_TOKEN), 0);
    jt_loop_turn(rig->loop);
    assert_false(media_control_is_connected(rig->control));
    ingest_up(rig);
    run_until_heard(rig, 3);
    ingest_down(rig);
    run_until_link_is(rig, false);
    rig->count = 0;
    media_forget_show(rig->control, "fish");
    jt_loop_turn(rig->loop);
    ingest_up(rig);
    run_until_heard(rig, 1);
    assert_command(&rig->heard[0], "rice", "access");
    assert_int_equal(rig->heard[0].access, JT_ACCESS_CLOSED);
    assert_int_equal(media_set_access(rig->control, "last", JT_ACCESS_PUBLIC), 0);
    run_until_heard(rig, 2);
    assert_command(&rig->heard[1], "last", "access"); /* nothing in between */
    assert_int_equal(rig->hellos, 2);
}

static void test_what_can_not_be_said(void **state)
{
    struct rig *rig = *state;
    char long_words[JT_CONTROL_TEXT_MAX_BYTES + 1], long_name[JT_SHOW_NAME_MAX_BYTES + 1];

    memset(long_words, 'x', sizeof(long_words));
    long_words[JT_CONTROL_TEXT_MAX_BYTES] = '\0';
    memset(long_name, 'x', sizeof(long_name));
    long_name[JT_SHOW_NAME_MAX_BYTES] = '\0';
    assert_int_equal(media_stop_show(rig->control, "../x", "why"), -EINVAL);
    assert_int_equal(media_stop_show(rig->control, "", "why"), -EINVAL);
    assert_int_equal(media_stop_show(rig->control, long_name, "why"), -EINVAL);
    assert_int_equal(media_stop_show(rig->control, "rice", long_words), -EINVAL);
    assert_int_equal(media_stop_show(rig->control, "rice", "a\nb"), -EINVAL);
    assert_int_equal(media_set_access(rig->control, "rice", JT_SHOW_ACCESS_COUNT), -EINVAL);
}

#define WITH_RIG(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_RIG(test_commands_from_another_thread),
        WITH_RIG(test_access_is_said_again_a_stop_once),
        WITH_RIG(test_what_can_not_be_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
