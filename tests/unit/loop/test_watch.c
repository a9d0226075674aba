#include "rig.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct end {
    struct jt_loop *loop;
    struct jt_watch *watch;
    int fds[2];
    int count, events;
    char text[16];
};

static void on_event(void *arg, int events)
{
    struct end *end = arg;

    end->events = events;
    if (events & JT_READABLE) {
        ssize_t n = read(end->fds[0], end->text, sizeof(end->text) - 1);

        end->text[n > 0 ? n : 0] = '\0';
    }
    end->count++;
    jt_loop_stop(end->loop);
}

static struct end new_end(void)
{
    struct end end = {.loop = new_loop()};

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, end.fds), 0);
    return end;
}

static void free_end(struct end *end)
{
    jt_watch_free(end->watch);
    (void)close(end->fds[0]);
    if (end->fds[1] >= 0)
        (void)close(end->fds[1]);
    jt_loop_free(end->loop);
}

static void test_readable_and_writable(void **state)
{
    struct end end = new_end();

    (void)state;
    assert_int_equal(
        jt_watch_new(end.loop, "end", end.fds[0], JT_READABLE, on_event, &end, &end.watch), 0);
    assert_true(fcntl(end.fds[0], F_GETFL) & O_NONBLOCK);
    jt_loop_turn(end.loop);
    assert_int_equal(end.count, 0);
    assert_int_equal(write(end.fds[1], "hi", 2), 2);
    run_until(end.loop, &end.count, 1);
    assert_int_equal(end.events, JT_READABLE);
    assert_string_equal(end.text, "hi");
    assert_int_equal(jt_watch_set(end.watch, JT_READABLE | JT_WRITABLE), 0);
    run_until(end.loop, &end.count, 2);
    assert_int_equal(end.events, JT_WRITABLE);
    free_end(&end);
}

static void test_paused(void **state)
{
    struct end end = new_end();

    (void)state;
    assert_int_equal(jt_watch_new(end.loop, "end", end.fds[0], 0, on_event, &end, &end.watch), 0);
    assert_int_equal(write(end.fds[1], "hi", 2), 2);
    jt_loop_turn(end.loop);
    assert_int_equal(end.count, 0);
    assert_int_equal(jt_watch_set(end.watch, JT_READABLE), 0);
    run_until(end.loop, &end.count, 1);
    assert_int_equal(jt_watch_set(end.watch, 0), 0);
    assert_int_equal(write(end.fds[1], "hi", 2), 2);
    jt_loop_turn(end.loop);
    jt_loop_turn(end.loop);
    assert_int_equal(end.count, 1);
    free_end(&end);
}

static void test_peer_closed_is_readable(void **state)
{
    struct end end = new_end();

    (void)state;
    assert_int_equal(
        jt_watch_new(end.loop, "end", end.fds[0], JT_READABLE, on_event, &end, &end.watch), 0);
    (void)close(end.fds[1]);
    end.fds[1] = -1;
    run_until(end.loop, &end.count, 1);
    assert_true(end.events & JT_READABLE);
    assert_string_equal(end.text, "");
    free_end(&end);
}

/* The write end of a pipe whose reader is gone has POLLERR: told as both, and again as long as it is watched. */
static void test_error_shows_as_both(void **state)
{
    struct end end = {.loop = new_loop(), .fds = {-1, -1}};
    int ends[2];

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    (void)close(ends[0]);
    end.fds[0] = ends[1];
    assert_int_equal(
        jt_watch_new(end.loop, "end", ends[1], JT_WRITABLE, on_event, &end, &end.watch), 0);
    run_until(end.loop, &end.count, 1);
    assert_int_equal(end.events, JT_READABLE | JT_WRITABLE);
    run_until(end.loop, &end.count, 2);
    assert_int_equal(end.events, JT_READABLE | JT_WRITABLE);
    free_end(&end);
}

static void test_what_can_not_be_watched(void **state)
{
    struct jt_loop *loop = new_loop();
    struct jt_watch *untouched = NULL, *watch = NULL;
    char path[] = "/tmp/jangteo-watch-XXXXXX";
    int file = mkstemp(path), pair[2];

    (void)state;
    assert_true(file >= 0);
    assert_int_equal(jt_watch_new(loop, "file", file, JT_READABLE, on_event, NULL, &untouched),
                     -EPERM);
    assert_int_equal(jt_watch_new(loop, "none", -1, JT_READABLE, on_event, NULL, &untouched),
                     -EBADF);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(jt_watch_new(loop, "one", pair[0], JT_READABLE, on_event, NULL, &watch), 0);
    assert_int_equal(jt_watch_new(loop, "two", pair[0], JT_READABLE, on_event, NULL, &untouched),
                     -EEXIST);
    assert_null(untouched);
    jt_watch_free(watch);
    jt_loop_free(loop);
    (void)close(pair[0]);
    (void)close(pair[1]);
    (void)close(file);
    (void)unlink(path);
}

static struct end *twins;

/* Both are readable in the same turn; whichever is first closes both. */
static void close_twins(void *arg, int events)
{
    (void)arg;
    (void)events;
    for (int i = 0; i < 2; i++) {
        jt_watch_free(twins[i].watch);
        (void)close(twins[i].fds[0]);
    }
    twins[0].count++;
    jt_loop_stop(twins[0].loop);
}

static void test_callback_frees_itself_and_another(void **state)
{
    struct end pair[2] = {new_end(), new_end()};
    struct jt_loop *loop = pair[0].loop;

    (void)state;
    jt_loop_free(pair[1].loop);
    twins = pair;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(jt_watch_new(loop, "twin", pair[i].fds[0], JT_READABLE, close_twins, NULL,
                                      &pair[i].watch),
                         0);
        assert_int_equal(write(pair[i].fds[1], "x", 1), 1);
    }
    run_until(loop, &pair[0].count, 1);
    jt_loop_turn(loop);
    assert_int_equal(pair[0].count, 1);
    (void)close(pair[0].fds[1]);
    (void)close(pair[1].fds[1]);
    jt_loop_free(loop);
}

/* A descriptor number that comes back at once belongs to the new watch alone. */
static void test_descriptor_number_reused(void **state)
{
    struct end old = new_end(), new = {0};
    int number = old.fds[0];

    (void)state;
    assert_int_equal(jt_watch_new(old.loop, "old", number, JT_READABLE, on_event, &old, &old.watch),
                     0);
    jt_loop_turn(old.loop);
    assert_int_equal(write(old.fds[1], "x", 1), 1);
    jt_watch_free(old.watch);
    (void)close(number);
    new = new_end();
    jt_loop_free(new.loop);
    new.loop = old.loop;
    assert_int_equal(dup2(new.fds[0], number), number);
    (void)close(new.fds[0]);
    new.fds[0] = number;
    assert_int_equal(jt_watch_new(new.loop, "new", number, JT_READABLE, on_event, &new, &new.watch),
                     0);
    jt_loop_turn(new.loop);
    assert_int_equal(new.count, 0);
    assert_int_equal(write(new.fds[1], "new", 3), 3);
    run_until(new.loop, &new.count, 1);
    assert_string_equal(new.text, "new");
    assert_int_equal(old.count, 0);
    (void)close(old.fds[1]);
    free_end(&new);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readable_and_writable),
        cmocka_unit_test(test_paused),
        cmocka_unit_test(test_peer_closed_is_readable),
        cmocka_unit_test(test_error_shows_as_both),
        cmocka_unit_test(test_what_can_not_be_watched),
        cmocka_unit_test(test_callback_frees_itself_and_another),
        cmocka_unit_test(test_descriptor_number_reused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
