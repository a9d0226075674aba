/* Tokens made and checked by many threads while keys rotate under them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#include "base/base.h"
#include "keys.h"
#include "token/token.h"

enum { THREADS = 4, ROTATIONS = 30, LIFE_MS = 3600000 };

static const int64_t now = 1700000000000;

struct worker {
    pthread_t thread;
    struct jt_keyring *maker, *reader;
    atomic_bool *is_over;
    atomic_int rounds, refused;
};

static void *make_and_verify(void *arg)
{
    struct worker *worker = arg;
    char text[JT_TOKEN_MAX_BYTES];
    struct jt_token token;

    while (!atomic_load(worker->is_over)) {
        int size = jt_token_make(worker->maker, JT_TOKEN_PLAY, "relay", "s", now, LIFE_MS, text,
                                 sizeof(text));

        if (size <= 0 || jt_token_verify(worker->reader, text, (size_t)size, JT_TOKEN_PLAY, "relay",
                                         now, &token))
            atomic_fetch_add(&worker->refused, 1);
        atomic_fetch_add(&worker->rounds, 1);
    }
    return NULL;
}

/* Two more rounds of everybody: no token of before the last rotation is still on its way. */
static void wait_for_all(struct worker *workers)
{
    int before[THREADS];

    for (int i = 0; i < THREADS; i++)
        before[i] = atomic_load(&workers[i].rounds);
    for (int i = 0; i < THREADS; i++)
        while (atomic_load(&workers[i].rounds) < before[i] + 2)
            (void)sched_yield();
}

static void test_a3_rotation_under_load(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *maker = NULL, *reader = NULL;
    struct worker workers[THREADS];
    atomic_bool is_over = false;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, now, &maker), 0);
    assert_int_equal(jt_keyring_open(place.path, false, now, &reader), 0);
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.maker = maker, .reader = reader, .is_over = &is_over};
        assert_int_equal(pthread_create(&workers[i].thread, NULL, make_and_verify, &workers[i]), 0);
    }
    for (int i = 0; i < ROTATIONS; i++) {
        wait_for_all(workers);
        assert_int_equal(jt_keyring_rotate(maker, JT_KEYS_TOKEN, now, LIFE_MS), 0);
    }
    wait_for_all(workers);
    atomic_store(&is_over, true);
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(atomic_load(&workers[i].refused), 0);
    }
    assert_int_equal(jt_keyring_current(reader, JT_KEYS_TOKEN), ROTATIONS + 1);
    jt_keyring_close(maker);
    jt_keyring_close(reader);
    keys_place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a3_rotation_under_load)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
