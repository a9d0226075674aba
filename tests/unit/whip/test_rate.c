/* whip/rate.h */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "whip/rate.h"

enum { SECOND = 1000000 };

static void test_burst_then_one_a_second(void **state)
{
    const struct jt_rate rate = {1, 5};
    int64_t bucket = 0, now = 1000 * (int64_t)SECOND;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(jt_rate_take(&bucket, rate, now));
    assert_false(jt_rate_take(&bucket, rate, now));
    assert_false(jt_rate_take(&bucket, rate, now + SECOND - 1));
    assert_true(jt_rate_take(&bucket, rate, now + SECOND));
    assert_false(jt_rate_take(&bucket, rate, now + SECOND));
    now += 100 * (int64_t)SECOND; /* no more than the burst is saved up */
    for (int i = 0; i < 5; i++)
        assert_true(jt_rate_take(&bucket, rate, now));
    assert_false(jt_rate_take(&bucket, rate, now));
}

static void test_refusals_cost_nothing(void **state)
{
    const struct jt_rate rate = {5, 1};
    int64_t bucket = 0;

    (void)state;
    assert_true(jt_rate_take(&bucket, rate, SECOND));
    for (int i = 0; i < 1000; i++)
        assert_false(jt_rate_take(&bucket, rate, SECOND + i));
    assert_true(jt_rate_take(&bucket, rate, SECOND + SECOND / 5));
}

static void test_keys_and_kinds_apart(void **state)
{
    struct jt_rate_table *table = calloc(1, sizeof(*table));
    const struct jt_rate rate = {1, 1};

    (void)state;
    assert_non_null(table);
    table->seed = 7;
    assert_true(jt_rate_table_take(table, 't', "a", rate, SECOND));
    assert_false(jt_rate_table_take(table, 't', "a", rate, SECOND));
    assert_true(jt_rate_table_take(table, 't', "b", rate, SECOND));
    assert_true(jt_rate_table_take(table, 'p', "a", rate, SECOND));
    free(table);
}

/* However many keys came before, a new one has its burst and no more. */
static void test_many_keys(void **state)
{
    struct jt_rate_table *table = calloc(1, sizeof(*table));
    const struct jt_rate slow = {1, 1};
    char key[16];

    (void)state;
    assert_non_null(table);
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(key, sizeof(key), "%d", i);
        assert_true(jt_rate_table_take(table, 'p', key, slow, SECOND + i));
        assert_false(jt_rate_table_take(table, 'p', key, slow, SECOND + i));
    }
    free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_one_a_second),
        cmocka_unit_test(test_refusals_cost_nothing),
        cmocka_unit_test(test_keys_and_kinds_apart),
        cmocka_unit_test(test_many_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
