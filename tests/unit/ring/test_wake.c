/* Bells: who sleeps is woken, who is awake costs no system call, and a page or eventfd that is none is refused. */
#include "rig.h"

#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

#include "ring/shared.h"
#include "ring/wake.h"

enum { WAIT_MAX_MS = 30000, ROUNDS = 100000 };

static bool has_rung(const struct jt_bell *bell)
{
    struct pollfd pollfd = {.fd = jt_bell_fd(bell), .events = POLLIN};

    return poll(&pollfd, 1, 0) == 1;
}

static struct jt_bell_rope *rope_of(const struct jt_bell *bell)
{
    struct jt_bell_rope *rope;
    int fds[2];

    jt_bell_fds(bell, fds);
    assert_int_equal(fds[0], jt_bell_fd(bell));
    fds[0] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    fds[1] = fcntl(fds[1], F_DUPFD_CLOEXEC, 0);
    assert_int_equal(jt_bell_rope_new(fds, &rope), 0);
    return rope;
}

static void test_only_sleepers_are_rung(void **state)
{
    struct jt_bell *bell;
    struct jt_bell_rope *rope, *other;
    int fds[2];

    (void)state;
    assert_int_equal(jt_bell_new(&bell), 0);
    rope = rope_of(bell);
    jt_bell_rope_pull(rope);
    assert_false(has_rung(bell)); /* born awake */
    jt_bell_sleep(bell);
    assert_false(has_rung(bell));
    jt_bell_rope_pull(rope);
    jt_bell_rope_pull(rope);
    assert_true(has_rung(bell));
    jt_bell_awake(bell);
    assert_false(has_rung(bell)); /* emptied */
    jt_bell_rope_pull(rope);
    assert_false(has_rung(bell));
    jt_bell_awake(bell); /* nothing in it: fine */

    jt_bell_rope_fds(rope, fds); /* passed on, as ingest does to its workers */
    fds[0] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    fds[1] = fcntl(fds[1], F_DUPFD_CLOEXEC, 0);
    assert_int_equal(jt_bell_rope_new(fds, &other), 0);
    jt_bell_sleep(bell);
    jt_bell_rope_pull(other);
    assert_true(has_rung(bell));
    jt_bell_rope_free(rope);
    jt_bell_rope_free(other);
    jt_bell_rope_free(NULL);
    jt_bell_free(bell);
    jt_bell_free(NULL);
}

/** A reader with work left rings its own bell, awake or not, and awake() takes it back. */
static void test_owner_rings_itself(void **state)
{
    struct jt_bell *bell;

    (void)state;
    assert_int_equal(jt_bell_new(&bell), 0);
    jt_bell_awake(bell);
    jt_bell_ring(bell);
    assert_true(has_rung(bell));
    jt_bell_awake(bell);
    assert_false(has_rung(bell));
    jt_bell_free(bell);
}

/** A peer that fills the counter of its eventfd gets no more rings, and the writer does not wait for it. */
static void test_full_counter_does_not_block(void **state)
{
    const uint64_t most = UINT64_MAX - 1;
    struct jt_bell *bell;
    struct jt_bell_rope *rope;

    (void)state;
    assert_int_equal(jt_bell_new(&bell), 0);
    rope = rope_of(bell);
    assert_int_equal(write(jt_bell_fd(bell), &most, sizeof(most)), sizeof(most));
    jt_bell_sleep(bell);
    jt_bell_rope_pull(rope);
    assert_true(has_rung(bell));
    jt_bell_rope_free(rope);
    jt_bell_free(bell);
}

/** Whoever holds the rope cannot write the word. */
static void test_m1_rope_cannot_write_page(void **state)
{
    struct jt_bell *bell;
    int fds[2];

    (void)state;
    assert_int_equal(jt_bell_new(&bell), 0);
    jt_bell_fds(bell, fds);
    assert_true(mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fds[1], 0) == MAP_FAILED);
    assert_true(pwrite(fds[1], "x", 1, 0) < 0 && errno == EPERM);
    assert_true(ftruncate(fds[1], 0) < 0 && errno == EPERM);
    jt_bell_free(bell);
}

static int rope_error(int event_fd, int page_fd)
{
    struct jt_bell_rope *rope = NULL;
    int err = jt_bell_rope_new((int[]){event_fd, page_fd}, &rope);

    assert_null(rope);
    return err;
}

static int page_of(off_t bytes, int seals)
{
    int fd = memfd_create("page", MFD_CLOEXEC | MFD_ALLOW_SEALING);

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, bytes), 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

static void test_m4_wrong_bells_are_refused(void **state)
{
    int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int blocking = eventfd(0, EFD_CLOEXEC);
    int page = page_of(4096, JT_RING_SEALS);
    int unsealed = page_of(4096, 0);
    int shrinkable = page_of(4096, JT_RING_SEALS & ~F_SEAL_SHRINK);
    int small = page_of(4095, JT_RING_SEALS);
    int large = page_of(8192, JT_RING_SEALS);
    int pipes[2];
    struct jt_bell_rope *rope;

    (void)state;
    assert_int_equal(pipe2(pipes, O_NONBLOCK | O_CLOEXEC), 0);
    assert_int_equal(rope_error(event, unsealed), -EPERM);
    assert_int_equal(rope_error(event, shrinkable), -EPERM);
    assert_int_equal(rope_error(event, event), -EPERM);
    assert_int_equal(rope_error(event, -1), -EPERM);
    assert_int_equal(rope_error(event, small), -EPROTO);
    assert_int_equal(rope_error(event, large), -EPROTO);
    assert_int_equal(rope_error(pipes[1], page), -EPROTO);
    assert_int_equal(rope_error(page, page), -EPROTO);
    assert_int_equal(rope_error(-1, page), -EPROTO);
    assert_int_equal(rope_error(blocking, page), -EPROTO);
    assert_int_equal(jt_bell_rope_new((int[]){event, page}, &rope), 0); /* takes both */
    jt_bell_rope_free(rope);
    assert_int_equal(fcntl(event, F_GETFD), -1);
    assert_int_equal(fcntl(page, F_GETFD), -1);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(close(pipes[i]), 0);
    assert_int_equal(
        close(blocking) | close(unsealed) | close(shrinkable) | close(small) | close(large), 0);
}

/* ---- no wake-up is lost: the writer counts a word up and rings; the reader acknowledges each count ---- */

struct duel {
    struct jt_bell *bell;
    struct jt_bell_rope *rope;
    _Atomic uint64_t sent;
    _Atomic uint64_t seen;
};

static void *ring_and_wait(void *arg)
{
    struct duel *duel = arg;

    for (uint64_t i = 1; i <= ROUNDS; i++) {
        jt_shared_store_release(&duel->sent, i); /* as weak as the ring's own */
        jt_bell_rope_pull(duel->rope);
        while (jt_shared_load_acquire(&duel->seen) < i) /* the next ring may not cover a lost one */
            ;
    }
    return NULL;
}

static void test_m5_no_wake_up_is_lost(void **state)
{
    struct duel duel = {.seen = 0};
    struct pollfd pollfd = {.events = POLLIN};
    uint64_t slept = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(jt_bell_new(&duel.bell), 0);
    duel.rope = rope_of(duel.bell);
    pollfd.fd = jt_bell_fd(duel.bell);
    assert_int_equal(pthread_create(&thread, NULL, ring_and_wait, &duel), 0);
    for (uint64_t i = 1; i <= ROUNDS; i++) {
        for (uint64_t k = rig_mix(i) % 64; k > 0; k--)
            (void)jt_shared_load(
                &duel.seen); /* a few nanoseconds: the two meet at each point of their ways */
        while (jt_shared_load_acquire(&duel.sent) < i) {
            jt_bell_sleep(duel.bell);
            if (jt_shared_load_acquire(&duel.sent) < i) {
                slept++;
                if (poll(&pollfd, 1, WAIT_MAX_MS) != 1)
                    abort(); /* the other thread still spins: no way to go on */
            }
            jt_bell_awake(duel.bell);
        }
        jt_shared_store_release(&duel.seen, i);
    }
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(slept > 0);
    jt_bell_rope_free(duel.rope);
    jt_bell_free(duel.bell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_only_sleepers_are_rung),
        cmocka_unit_test(test_owner_rings_itself),
        cmocka_unit_test(test_full_counter_does_not_block),
        cmocka_unit_test(test_m1_rope_cannot_write_page),
        cmocka_unit_test(test_m4_wrong_bells_are_refused),
        cmocka_unit_test(test_m5_no_wake_up_is_lost),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
