/* More shows than chat remembers at once, one after the other: each is over before the next begins. */
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

#include "base/clock.h"
#include "chat/media/control.h"
#include "loop/loop.h"
#include "net/seqpacket.h"
#include "ring/link.h"

enum { SHOWS = MEDIA_CONTROL_SHOWS_MAX + 100, AT_ONCE = 16, PATIENCE_MS = 60000 };

struct rig {
    struct jt_loop *loop;
    struct jt_link *link;
    struct media_control *control;
    int stops;
    char last[JT_SHOW_NAME_MAX_BYTES];
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
        jt_link_hello(rig->link, JT_ROLE_INGEST);
        return;
    }
    rig->stops += strcmp(message->name, "stop") == 0;
    (void)snprintf(rig->last, sizeof(rig->last), "%s", message->show);
}

static void on_end(void *arg, int error)
{
    struct rig *rig = arg;

    (void)error;
    jt_link_free(rig->link);
    rig->link = NULL;
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void on_accept(void *arg, int fd)
{
    struct rig *rig = arg;

    assert_int_equal(jt_link_new(rig->loop, fd, &link_ops, rig, &rig->link), 0);
}

static void run_show(struct rig *rig, int number)
{
    char name[32];

    (void)snprintf(name, sizeof(name), "show%d", number);
    assert_int_equal(media_set_access(rig->control, name, JT_ACCESS_PUBLIC), 0);
    assert_int_equal(media_stop_show(rig->control, name, "over"), 0);
    media_forget_show(rig->control, name);
}

/* The first ones before ingest is there: their stops are said when it comes, though they are over. */
static void test_shows_that_are_over_leave_room_for_others(void **state)
{
    char dir[] = "/tmp/jt-control-XXXXXX", path[64];
    struct jt_seq_listener *listener;
    struct jt_timer *deadline;
    struct rig rig = {0};

    (void)state;
    assert_non_null(mkdtemp(dir));
    (void)snprintf(path, sizeof(path), "%s/control", dir);
    assert_int_equal(jt_loop_new("test", &rig.loop), 0);
    assert_int_equal(jt_timer_new(rig.loop, "deadline", on_deadline, NULL, &deadline), 0);
    jt_timer_start(deadline, (int64_t)PATIENCE_MS * JT_USEC_PER_MSEC, 0);
    assert_int_equal(media_control_new(rig.loop, path, &rig.control), 0);
    for (int i = 0; i < AT_ONCE; i++)
        run_show(&rig, i);
    jt_loop_turn(rig.loop);
    assert_int_equal(jt_seq_listen(rig.loop, path, on_accept, &rig, &listener), 0);
    while (rig.stops < AT_ONCE)
        jt_loop_turn(rig.loop);
    for (int i = AT_ONCE; i < SHOWS; i++) {
        run_show(&rig, i);
        while (rig.stops <= i)
            jt_loop_turn(rig.loop);
    }
    assert_int_equal(media_set_access(rig.control, "newest", JT_ACCESS_TOKEN), 0);
    while (strcmp(rig.last, "newest") != 0)
        jt_loop_turn(rig.loop);
    media_control_free(rig.control);
    jt_link_free(rig.link);
    jt_seq_listener_free(listener);
    jt_timer_free(deadline);
    jt_loop_free(rig.loop);
    (void)unlink(path);
    (void)rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shows_that_are_over_leave_room_for_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
