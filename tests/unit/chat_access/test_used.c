/* One-time tokens: once is once, when full, when the clock is set back. */
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

static struct access_used *new_used(size_t capacity)
{
    struct access_used *used = NULL;

    assert_int_equal(access_used_new(capacity, &used), 0);
    return used;
}

static void test_a2_once(void **state)
{
    struct access_used *used = new_used(0);
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
    struct access_used *used = new_used(64);
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
    struct access_used *used = new_used(64);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a2_once),
        cmocka_unit_test(test_p47_clock_set_back),
        cmocka_unit_test(test_a2_full_means_no),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
