/* One-time tokens and limits, asked by many threads at once. */
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

#include "base/base.h"
#include "chat/access/limiter.h"
#include "chat/access/used.h"
#include "token/token.h"

static const int64_t now = 1700000000000;

static struct jt_token token_of(uint64_t number, int64_t expires_ms)
{
    struct jt_token token = {.expires_ms = expires_ms};
    uint64_t mixed = number * 0x9e3779b97f4a7c15u;

    memcpy(token.nonce, &mixed, 8);
    memcpy(token.nonce + 8, &number, 8);
    return token;
}

enum { THREADS = 8, TOKENS = 2000 };

struct race {
    struct access_used *used;
    int won;
};

static void *take_all(void *arg)
{
    struct race *race = arg;

    for (uint64_t i = 1; i <= TOKENS; i++) {
        struct jt_token token = token_of(i, now + 60000);

        race->won += access_used_take(race->used, &token, now) == 0;
    }
    return NULL;
}

static void test_a2_one_winner(void **state)
{
    struct race races[THREADS] = {{0}};
    struct access_used *used = NULL;
    pthread_t threads[THREADS];
    int won = 0;

    (void)state;
    assert_int_equal(access_used_new(0, &used), 0);
    for (int i = 0; i < THREADS; i++) {
        races[i].used = used;
        assert_int_equal(pthread_create(&threads[i], NULL, take_all, &races[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        won += races[i].won;
    }
    assert_int_equal(won, TOKENS);
    access_used_free(used);
}

static void *guess(void *arg)
{
    int *through = calloc(1, sizeof(*through));

    assert_non_null(through);
    for (int i = 0; i < 1000; i++)
        *through += access_limiter_try(arg, ACCESS_LIMIT_ADDRESS, "kim", 3, 1000) == 0;
    return through;
}

static void test_a5_in_parallel(void **state)
{
    struct access_limiter *limiter = NULL;
    pthread_t threads[8];
    int through = 0;

    (void)state;
    assert_int_equal(access_limiter_new(0, &limiter), 0);
    for (int i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, guess, limiter), 0);
    for (int i = 0; i < 8; i++) {
        void *count;

        assert_int_equal(pthread_join(threads[i], &count), 0);
        through += *(int *)count;
        free(count);
    }
    assert_int_equal(through, ACCESS_ADDRESS_BURST);
    access_limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a2_one_winner),
        cmocka_unit_test(test_a5_in_parallel),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
