/* One-time tokens: once is once, in parallel, over a restart, when full, when the clock is set back. */
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

#include "base/base.h"

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

static struct access_used *new_used(size_t capacity, access_used_keep_fn keep, void *arg)
{
    struct access_used *used = NULL;

    assert_int_equal(access_used_new(capacity, keep, arg, &used), 0);
    return used;
}

static void test_a2_once(void **state)
{
    struct access_used *used = new_used(0, NULL, NULL);
    struct jt_token a = token_of(1, now + 60000), b = token_of(2, now + 60000);

    (void)state;
    assert_int_equal(access_used_take(used, &a, now), 0);
    assert_int_equal(access_used_take(used, &a, now), -EALREADY);
    assert_int_equal(access_used_take(used, &b, now), 0);
    assert_int_equal(access_used_take(used, &a, now + 60000 + JT_TOKEN_LEEWAY_MS), -EALREADY);
    access_used_free(used);
    access_used_free(NULL);
}

/* Pitfall 47: after the wall clock was set back an hour, a token that ran out may be valid again, but not new. */
static void test_p47_clock_set_back(void **state)
{
    struct access_used *used = new_used(64, NULL, NULL);
    struct jt_token a = token_of(1, now + 60000);

    (void)state;
    assert_int_equal(access_used_take(used, &a, now), 0);
    for (uint64_t i = 100; i < 120; i++) {
        struct jt_token later = token_of(i, now + 3700000);

        assert_int_equal(access_used_take(used, &later, now + 3600000), 0);
    }
    assert_int_equal(access_used_take(used, &a, now), -EALREADY);
    access_used_free(used);
}

static void test_a2_full_means_no(void **state)
{
    struct access_used *used = new_used(64, NULL, NULL);
    uint64_t taken = 0;
    int err = 0;

    (void)state;
    for (uint64_t i = 1; i < 10000; i++) {
        struct jt_token token = token_of(i, now + 60000);

        err = access_used_take(used, &token, now);
        assert_true(err == 0 || err == -ENOSPC);
        taken += err == 0;
    }
    assert_int_equal(err, -ENOSPC);
    assert_in_range(taken, 64, 256);
    for (uint64_t i = 1; i < 10000; i++) { /* and none that was taken was forgotten for it */
        struct jt_token token = token_of(i, now + 60000);

        assert_true(access_used_take(used, &token, now) < 0);
    }
    for (uint64_t i = 20000; i < 20032; i++) { /* room again once they have run out */
        struct jt_token token = token_of(i, now + 200000);

        assert_int_equal(access_used_take(used, &token, now + 60000 + JT_TOKEN_LEEWAY_MS), 0);
    }
    access_used_free(used);
}

/* What the store would do, for two processes: a set of ids. */
struct shelf {
    uint8_t nonces[8][16];
    int count, err;
};

static int keep(const uint8_t *nonce, int64_t expires_ms, void *arg)
{
    struct shelf *shelf = arg;

    assert_true(expires_ms == now + 60000);
    if (shelf->err)
        return shelf->err;
    for (int i = 0; i < shelf->count; i++)
        if (!memcmp(shelf->nonces[i], nonce, 16))
            return -EEXIST;
    memcpy(shelf->nonces[shelf->count++], nonce, 16);
    return 0;
}

static void test_a2_once_across_processes_and_restarts(void **state)
{
    struct shelf shelf = {.count = 0};
    struct access_used *one = new_used(0, keep, &shelf), *two = new_used(0, keep, &shelf), *three;
    struct jt_token a = token_of(1, now + 60000), b = token_of(2, now + 60000),
                    c = token_of(3, now + 60000);

    (void)state;
    assert_int_equal(access_used_take(one, &a, now), 0);
    assert_int_equal(access_used_take(two, &a, now), -EALREADY);
    assert_int_equal(access_used_take(two, &b, now), 0);
    assert_int_equal(access_used_take(one, &b, now), -EALREADY);
    shelf.err = -EIO; /* the disk is ill: nobody knows whether it was kept */
    assert_int_equal(access_used_take(one, &c, now), -EIO);
    shelf.err = 0;
    assert_int_equal(access_used_take(one, &c, now), -EALREADY);
    access_used_free(one);
    access_used_free(two);
    three = new_used(0, NULL, NULL);
    for (int i = 0; i < shelf.count; i++)
        assert_int_equal(access_used_restore(three, shelf.nonces[i], now + 60000, now), 0);
    assert_int_equal(access_used_restore(three, shelf.nonces[0], now + 60000, now), 0);
    assert_int_equal(access_used_take(three, &a, now), -EALREADY);
    assert_int_equal(access_used_take(three, &b, now), -EALREADY);
    access_used_free(three);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a2_once),
        cmocka_unit_test(test_p47_clock_set_back),
        cmocka_unit_test(test_a2_full_means_no),
        cmocka_unit_test(test_a2_once_across_processes_and_restarts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
