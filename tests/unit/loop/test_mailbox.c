/* Mailboxes, alone and under four senders. Run under tsan. */
#include "rig.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "loop/mailbox.h"
#include "loop/thread.h"

enum { SENDERS = 4, MESSAGES = 100000, CAPACITY = 1024 };

struct letter {
    int sender;
    uint32_t number;
    void *owned; /* ownership moves with the message */
};

struct inbox {
    struct jt_loop *loop;
    struct jt_mailbox *mailbox;
    uint32_t next[SENDERS];
    int received, goal;
    bool free_in_callback;
};

static void on_letter(void *arg, void *message)
{
    struct inbox *inbox = arg;
    struct letter letter;

    memcpy(&letter, message, sizeof(letter));
    assert_int_equal(letter.number, inbox->next[letter.sender]); /* each sender's own order */
    inbox->next[letter.sender]++;
    free(letter.owned);
    if (inbox->free_in_callback) {
        inbox->free_in_callback = false;
        jt_mailbox_free(inbox->mailbox);
    }
    if (++inbox->received >= inbox->goal)
        jt_loop_stop(inbox->loop);
}

static struct inbox new_inbox(void)
{
    return (struct inbox){.loop = new_loop(), .goal = 1};
}

static void open_inbox(struct inbox *inbox, size_t capacity)
{
    assert_int_equal(jt_mailbox_new(inbox->loop, "inbox", sizeof(struct letter), capacity,
                                    on_letter, inbox, &inbox->mailbox),
                     0);
}

static int post(struct jt_mailbox *mailbox, int sender, uint32_t number)
{
    struct letter letter = {.sender = sender, .number = number};
    int err;

    letter.owned = malloc(8);
    err = jt_mailbox_post(mailbox, &letter);
    if (err)
        free(letter.owned); /* full: it is still ours */
    return err;
}

static void test_full_and_order(void **state)
{
    struct inbox inbox = new_inbox();

    (void)state;
    open_inbox(&inbox, 3);                    /* rounded up to 4 */
    for (int round = 0; round < 5; round++) { /* across the ring's end */
        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(post(inbox.mailbox, 0, (uint32_t)round * 4 + i), 0);
        assert_int_equal(post(inbox.mailbox, 0, 99), -EAGAIN);
        inbox.goal = inbox.received + 4;
        run_until(inbox.loop, &inbox.received, inbox.goal);
    }
    jt_mailbox_free(inbox.mailbox);
    jt_loop_free(inbox.loop);
}

static void test_smallest(void **state)
{
    struct inbox inbox = new_inbox();
    int held = 0;

    (void)state;
    open_inbox(&inbox, 1);
    while (post(inbox.mailbox, 0, (uint32_t)held) == 0)
        held++;
    assert_in_range(held, 1, 2);
    inbox.goal = held;
    run_until(inbox.loop, &inbox.received, held);
    assert_int_equal(post(inbox.mailbox, 0, (uint32_t)held), 0);
    run_until(inbox.loop, &inbox.received, held + 1);
    jt_mailbox_free(inbox.mailbox);
    jt_loop_free(inbox.loop);
}

static void test_sizes_out_of_range(void **state)
{
    struct jt_loop *loop = new_loop();
    struct jt_mailbox *untouched = NULL;

    (void)state;
    assert_int_equal(jt_mailbox_new(loop, "m", 0, 4, on_letter, NULL, &untouched), -EINVAL);
    assert_int_equal(jt_mailbox_new(loop, "m", 65537, 4, on_letter, NULL, &untouched), -EINVAL);
    assert_int_equal(jt_mailbox_new(loop, "m", 8, 0, on_letter, NULL, &untouched), -EINVAL);
    assert_int_equal(jt_mailbox_new(loop, "m", 8, SIZE_MAX, on_letter, NULL, &untouched), -EINVAL);
    assert_null(untouched);
    jt_loop_free(loop);
}

/* Messages that are still inside when it goes reach the callback, so that what they own is freed (LeakSanitizer sees). */
static void test_free_hands_over_the_rest(void **state)
{
    struct inbox inbox = new_inbox();

    (void)state;
    open_inbox(&inbox, 8);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(post(inbox.mailbox, 0, i), 0);
    jt_mailbox_free(inbox.mailbox);
    assert_int_equal(inbox.received, 5);
    jt_mailbox_free(NULL);
    jt_loop_free(inbox.loop);
}

static void test_free_in_its_own_callback(void **state)
{
    struct inbox inbox = new_inbox();

    (void)state;
    open_inbox(&inbox, 8);
    for (uint32_t i = 0; i < 5; i++)
        assert_int_equal(post(inbox.mailbox, 0, i), 0);
    inbox.free_in_callback = true;
    run_until(inbox.loop, &inbox.received, 5);
    assert_int_equal(inbox.received, 5);
    jt_loop_free(inbox.loop);
}

static void on_turn_timer(void *arg)
{
    int *turns = arg;

    ++*turns;
}

/* A flood in the mailbox does not keep the loop from its timers. */
static void test_flood_leaves_room_for_others(void **state)
{
    struct inbox inbox = new_inbox();
    struct jt_timer *timer;
    int turns = 0;

    (void)state;
    open_inbox(&inbox, 2048);
    for (uint32_t i = 0; i < 2048; i++)
        assert_int_equal(post(inbox.mailbox, 0, i), 0);
    assert_int_equal(jt_timer_new(inbox.loop, "turn", on_turn_timer, &turns, &timer), 0);
    inbox.goal = 2048;
    while (inbox.received < 2048) {
        jt_timer_start(timer, 0, 0);
        jt_loop_turn(inbox.loop);
    }
    assert_true(turns >= 4);
    jt_timer_free(timer);
    jt_mailbox_free(inbox.mailbox);
    jt_loop_free(inbox.loop);
}

struct sender {
    pthread_t thread;
    struct jt_mailbox *mailbox;
    int id;
    bool pauses;
    uint64_t full;
};

static void *send_all(void *arg)
{
    struct sender *sender = arg;

    for (uint32_t i = 0; i < MESSAGES; i++) {
        while (post(sender->mailbox, sender->id, i) != 0) {
            sender->full++;
            (void)sched_yield();
        }
        if (sender->pauses && i % 64 == 0)
            (void)sched_yield(); /* lets the receiver fall asleep now and then */
    }
    return NULL;
}

/* M5: a sleeping receiver never misses a message, whichever way the races go. */
static void run_senders(bool pauses)
{
    struct inbox inbox = new_inbox();
    struct sender senders[SENDERS];

    inbox.goal = SENDERS * MESSAGES;
    open_inbox(&inbox, CAPACITY);
    for (int i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.mailbox = inbox.mailbox, .id = i, .pauses = pauses};
        assert_int_equal(pthread_create(&senders[i].thread, NULL, send_all, &senders[i]), 0);
    }
    while (inbox.received < inbox.goal)
        jt_loop_run(inbox.loop); /* ctest's time limit is the ceiling */
    for (int i = 0; i < SENDERS; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        assert_int_equal(inbox.next[i], MESSAGES);
    }
    jt_mailbox_free(inbox.mailbox);
    jt_loop_free(inbox.loop);
}

static void test_m5_four_senders(void **state)
{
    (void)state;
    run_senders(false);
}

static void test_m5_four_senders_with_pauses(void **state)
{
    (void)state;
    run_senders(true);
}

/* ---- there and back between two loops, one message at a time: every message is a wake-up ---- */

struct player {
    struct jt_thread *thread;
    struct jt_mailbox *mine, *theirs;
    struct jt_loop *loop;
    int rounds;
};

static void on_ball(void *arg, void *message)
{
    struct player *player = arg;
    int ball;

    memcpy(&ball, message, sizeof(ball));
    player->rounds++;
    if (ball == 0) {
        jt_loop_stop(player->loop);
        return;
    }
    ball--;
    assert_int_equal(jt_mailbox_post(player->theirs, &ball), 0);
}

static int start_player(void *arg, struct jt_loop *loop)
{
    struct player *player = arg;

    player->loop = loop;
    return jt_mailbox_new(loop, "ball", sizeof(int), 4, on_ball, player, &player->mine);
}

static void stop_player(void *arg)
{
    struct player *player = arg;

    jt_mailbox_free(player->mine);
}

static void test_m5_ping_pong(void **state)
{
    static const struct jt_thread_ops ops = {start_player, stop_player};
    struct player here = {.loop = new_loop()}, there = {0};
    int ball = 20001;

    (void)state;
    assert_int_equal(jt_mailbox_new(here.loop, "ball", sizeof(int), 4, on_ball, &here, &here.mine),
                     0);
    there.theirs = here.mine;
    assert_int_equal(jt_thread_start("there", &ops, &there, &there.thread), 0);
    here.theirs = there.mine;
    assert_int_equal(jt_mailbox_post(there.mine, &ball), 0);
    while (here.rounds < 10001)
        jt_loop_run(here.loop);
    jt_thread_stop(there.thread);
    assert_int_equal(there.rounds, 10001);
    jt_mailbox_free(here.mine);
    jt_loop_free(here.loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_full_and_order),
        cmocka_unit_test(test_smallest),
        cmocka_unit_test(test_sizes_out_of_range),
        cmocka_unit_test(test_free_hands_over_the_rest),
        cmocka_unit_test(test_free_in_its_own_callback),
        cmocka_unit_test(test_flood_leaves_room_for_others),
        cmocka_unit_test(test_m5_four_senders),
        cmocka_unit_test(test_m5_four_senders_with_pauses),
        cmocka_unit_test(test_m5_ping_pong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
