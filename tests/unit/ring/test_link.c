/* Control links and sets of bells, with a raw socket of the test as the rude peer. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "loop/loop.h"
#include "ring/bells.h"
#include "ring/link.h"
#include "ring/wake.h"

#define HELLO "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":7}"
#define BYE "{\"v\":1,\"type\":\"bye\",\"reason\":\"\"}"
#define BELL "{\"v\":1,\"type\":\"reader\",\"track\":1,\"on\":true}"

enum { TURNS = 8 }; /* all is local: what was sent is there, and closings take a turn */

struct rig {
    struct jt_loop *loop;
    struct jt_link *link;
    int peer;
    int messages, ends, end_error;
    bool frees_on_end, takes_fds;
    int taken[2];
};

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct rig *rig = arg;

    rig->messages++;
    if (message->type == JT_CONTROL_READER && rig->takes_fds) {
        memcpy(rig->taken, fds, sizeof(rig->taken));
        fds[0] = fds[1] = -1;
    }
}

static void on_end(void *arg, int error)
{
    struct rig *rig = arg;

    rig->ends++;
    rig->end_error = error;
    if (rig->frees_on_end) {
        jt_link_free(rig->link);
        rig->link = NULL;
    }
}

static const struct jt_link_ops ops = {.on_message = on_message, .on_end = on_end};

static void rig_open(struct rig *rig)
{
    int pair[2];

    *rig = (struct rig){.taken = {-1, -1}};
    assert_int_equal(jt_loop_new("test", &rig->loop), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    rig->peer = pair[1];
    assert_int_equal(jt_link_new(rig->loop, pair[0], &ops, rig, &rig->link), 0);
}

static void rig_free(struct rig *rig)
{
    jt_link_free(rig->link);
    (void)close(rig->peer);
    jt_loop_free(rig->loop);
}

static void turns(struct rig *rig)
{
    for (int i = 0; i < TURNS; i++)
        jt_loop_turn(rig->loop);
}

/* With as many copies of the peer's own descriptor as asked for. */
static void say(struct rig *rig, const char *text, int fd_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int) * 4)];
    } control = {0};
    struct iovec vector = {(void *)(uintptr_t)text, strlen(text)};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};

    if (fd_count) {
        struct cmsghdr *c;

        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(sizeof(int) * (size_t)fd_count);
        c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * (size_t)fd_count);
        for (int i = 0; i < fd_count; i++)
            memcpy(CMSG_DATA(c) + (size_t)i * sizeof(int), &rig->peer, sizeof(int));
    }
    assert_int_equal(sendmsg(rig->peer, &header, MSG_NOSIGNAL), (ssize_t)strlen(text));
}

static void test_m4_hello_comes_first(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig.frees_on_end = true;
    say(&rig, BYE, 0);
    turns(&rig);
    assert_int_equal(rig.messages, 0);
    assert_int_equal(rig.ends, 1);
    assert_int_equal(rig.end_error, -EPROTO);
    rig_free(&rig);
}

static void test_m4_messages_with_the_wrong_descriptors_end_the_link(void **state)
{
    static const struct {
        const char *text;
        int fds;
    } wrong[] = {{BELL, 0}, {BELL, 1}, {BELL, 3}, {BYE, 1}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(wrong); i++) {
        struct rig rig;

        rig_open(&rig);
        rig.frees_on_end = true;
        say(&rig, HELLO, 0);
        say(&rig, wrong[i].text, wrong[i].fds);
        turns(&rig);
        assert_int_equal(rig.messages, 1);
        assert_int_equal(rig.ends, 1);
        assert_int_equal(rig.end_error, -EPROTO);
        rig_free(&rig);
    }
}

static void test_descriptors_move_with_their_message(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig.takes_fds = true;
    say(&rig, HELLO, 0);
    say(&rig, BELL, 2);
    turns(&rig);
    assert_int_equal(rig.messages, 2);
    assert_int_equal(rig.ends, 0);
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(rig.taken[i], F_GETFD) & FD_CLOEXEC);
        assert_int_equal(close(rig.taken[i]), 0);
    }
    rig_free(&rig);
}

static void test_unknown_types_are_ignored(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    say(&rig, HELLO, 0);
    say(&rig, "{\"v\":1,\"type\":\"weather\",\"rain\":true}", 0);
    say(&rig, "{\"v\":1,\"type\":\"weather\"}", 2); /* its descriptors are closed */
    say(&rig, BYE, 0);
    turns(&rig);
    assert_int_equal(rig.messages, 2);
    assert_int_equal(rig.ends, 0);
    rig_free(&rig);
}

/* The owner may free the link later: until then nothing more comes from a peer that broke the rules. */
static void test_m4_an_ended_link_is_silent(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig);
    say(&rig, HELLO, 0);
    say(&rig, "{", 0);
    say(&rig, BYE, 0);
    say(&rig, "{", 0);
    (void)shutdown(rig.peer, SHUT_RDWR);
    turns(&rig);
    assert_int_equal(rig.messages, 1);
    assert_int_equal(rig.ends, 1);
    rig_free(&rig);
}

/* A peer that missed a message has another picture than we: better to begin anew. */
static void test_a_message_that_cannot_be_sent_ends_the_link(void **state)
{
    struct jt_control track = {.type = JT_CONTROL_TRACK, .show = "rice", .epoch = 1, .track = 1};
    const int closed = -1;
    struct rig rig;

    (void)state;
    rig_open(&rig);
    rig.frees_on_end = true;
    jt_link_send(rig.link, &track, &closed); /* EBADF, as EMFILE would */
    assert_int_equal(rig.ends, 0);           /* not from within the call */
    turns(&rig);
    assert_int_equal(rig.ends, 1);
    assert_int_equal(rig.end_error, -EBADF);
    rig_free(&rig);
}

static void test_hello_is_what_peers_await(void **state)
{
    struct rig rig;
    char text[256] = {0};

    (void)state;
    rig_open(&rig);
    jt_link_hello(rig.link, JT_ROLE_INGEST);
    assert_true(recv(rig.peer, text, sizeof(text) - 1, MSG_DONTWAIT) > 0);
    assert_non_null(strstr(text, "\"hello\""));
    assert_non_null(strstr(text, "\"ingest\""));
    rig_free(&rig);
}

/* ---- bells ---- */

static bool rings(struct jt_bell *bell)
{
    uint64_t count;

    return read(jt_bell_fd(bell), &count, sizeof(count)) == sizeof(count);
}

static void add(struct jt_bells *bells, uint32_t number, const struct jt_bell *bell)
{
    int fds[2], copies[2];

    jt_bell_fds(bell, fds);
    for (int i = 0; i < 2; i++)
        copies[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);
    assert_int_equal(jt_bells_add(bells, number, copies), 0);
}

static void count_bell(void *arg, uint32_t number, const int fds[2])
{
    uint32_t *sum = arg;

    assert_true(fds[0] >= 0 && fds[1] >= 0);
    *sum += number;
}

static void test_every_sleeper_is_woken_and_those_taken_out_are_not(void **state)
{
    struct jt_bell *bell[3];
    struct jt_bells *bells;
    uint32_t sum = 0;

    (void)state;
    assert_int_equal(jt_bells_new(&bells), 0);
    for (uint32_t i = 0; i < 3; i++) {
        assert_int_equal(jt_bell_new(&bell[i]), 0);
        assert_int_equal(fcntl(jt_bell_fd(bell[i]), F_SETFL, O_NONBLOCK), 0);
        add(bells, i + 1, bell[i]);
        jt_bell_sleep(bell[i]);
    }
    jt_bells_remove(bells, 1);
    jt_bells_remove(bells, 9); /* nobody's */
    jt_bells_pull(bells);
    assert_false(rings(bell[0]));
    assert_true(rings(bell[1]));
    assert_true(rings(bell[2]));
    jt_bells_each(bells, count_bell, &sum);
    assert_int_equal(sum, 2 + 3);
    jt_bells_free(bells);
    for (int i = 0; i < 3; i++)
        jt_bell_free(bell[i]);
}

static void test_m4_bells_that_are_none_are_refused(void **state)
{
    struct jt_bells *bells;
    int pair[2];

    (void)state;
    assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
    assert_int_equal(jt_bells_new(&bells), 0);
    assert_true(jt_bells_add(bells, 1, pair) < 0);
    assert_int_equal(close(pair[0]), 0); /* still ours */
    assert_int_equal(close(pair[1]), 0);
    jt_bells_free(bells);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m4_hello_comes_first),
        cmocka_unit_test(test_m4_messages_with_the_wrong_descriptors_end_the_link),
        cmocka_unit_test(test_descriptors_move_with_their_message),
        cmocka_unit_test(test_unknown_types_are_ignored),
        cmocka_unit_test(test_m4_an_ended_link_is_silent),
        cmocka_unit_test(test_a_message_that_cannot_be_sent_ends_the_link),
        cmocka_unit_test(test_hello_is_what_peers_await),
        cmocka_unit_test(test_every_sleeper_is_woken_and_those_taken_out_are_not),
        cmocka_unit_test(test_m4_bells_that_are_none_are_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
