/* Limits for strangers. */
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

#include "chat/access/limiter.h"

static const int64_t minute_ms = 60000;

static struct access_limiter *new_limiter(size_t entries)
{
    struct access_limiter *limiter = NULL;

    assert_int_equal(access_limiter_new(entries, &limiter), 0);
    return limiter;
}

static int64_t try_address(struct access_limiter *limiter, const char *name, int64_t now_ms)
{
    return access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, name, strlen(name), now_ms);
}

static void test_a5_five_a_minute_then_delay(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    int64_t now_ms = 1000000;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(try_address(limiter, "kim", now_ms) == 0);
    assert_true(try_address(limiter, "kim", now_ms) == 12000);
    assert_true(try_address(limiter, "kim", now_ms + 11999) == 1); /* asking makes it no longer */
    assert_true(try_address(limiter, "lee", now_ms) == 0);
    assert_true(try_address(limiter, "kim", now_ms + 12000) == 0);
    assert_true(try_address(limiter, "kim", now_ms + 12000) == 12000);
    now_ms += 20 * minute_ms;
    for (int i = 0; i < 5; i++) /* saves up to five, not more */
        assert_true(try_address(limiter, "kim", now_ms) == 0);
    assert_true(try_address(limiter, "kim", now_ms) > 0);
    access_limiter_free(limiter);
    access_limiter_free(NULL);
}

/* A hundred guesses a second for an hour: what comes through, and that nobody waits longer than a minute. */
static void test_a5_a_storm_of_guesses(void **state)
{
    static const struct {
        enum access_limit limit;
        int through, longest_ms;
    } kinds[] = {{ACCESS_LIMIT_ADDRESS, 305, 12000},
                 {ACCESS_LIMIT_ACCOUNT, 100, 45000},
                 {ACCESS_LIMIT_BOTH, 65, 60000}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        struct access_limiter *limiter = new_limiter(0);
        int64_t longest_ms = 0;
        int through = 0;

        for (int64_t now_ms = 0; now_ms < 60 * minute_ms; now_ms += 10) {
            int64_t wait_ms = access_limiter_try(limiter, kinds[i].limit, "k", 1, now_ms);

            through += wait_ms == 0;
            longest_ms = JT_MAX(longest_ms, wait_ms);
        }
        assert_in_range(longest_ms, kinds[i].longest_ms - 60, kinds[i].longest_ms);
        assert_in_range(through, kinds[i].through - 1, kinds[i].through);
        access_limiter_free(limiter);
    }
}

static void address(const char *text, uint8_t *out)
{
    assert_int_equal(access_address_key(text, out), 0);
}

/* Who tries one account from one address all day doesn't keep its owner out. */
static void test_a5_a_stranger_locks_nobody_out(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    uint8_t stranger[ACCESS_ADDRESS_KEY_BYTES], owner[ACCESS_ADDRESS_KEY_BYTES];
    int through = 0;

    (void)state;
    address("203.0.113.7", stranger);
    address("198.51.100.9", owner);
    for (int64_t now_ms = 0; now_ms < 60 * minute_ms; now_ms += 100) {
        through += access_login_try(limiter, "kim@shop", stranger, now_ms) == 0;
        if (now_ms % minute_ms == 30000) {
            assert_true(access_login_try(limiter, "kim@shop", owner, now_ms) == 0);
            access_login_succeeded(limiter, "kim@shop", owner, now_ms);
        }
    }
    assert_in_range(through, 60, 65);
    access_limiter_free(limiter);
}

static void test_a5_many_addresses_one_account(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    int through = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        uint8_t key[ACCESS_ADDRESS_KEY_BYTES];
        char text[32];

        (void)snprintf(text, sizeof(text), "198.51.%d.%d", i / 250, 1 + i % 250);
        address(text, key);
        through += access_login_try(limiter, "kim@shop", key, 9000) == 0;
    }
    assert_int_equal(through, 20);
    access_limiter_free(limiter);
}

static void test_a5_many_accounts_one_address(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    uint8_t key[ACCESS_ADDRESS_KEY_BYTES], other[ACCESS_ADDRESS_KEY_BYTES];
    int through = 0;

    (void)state;
    address("2001:db8:1:2::1", key);
    address("2001:db8:9:9::1", other);
    for (int i = 0; i < 1000; i++) {
        char login[32];

        (void)snprintf(login, sizeof(login), "shop-%d", i);
        through += access_login_try(limiter, login, key, 9000) == 0;
    }
    assert_int_equal(through, 5);
    /* What was refused for the address was not counted for the account, neither from here nor from elsewhere. */
    for (int i = 0; i < 100; i++)
        assert_true(access_login_try(limiter, "shop-999", key, 9000) > 0);
    assert_true(access_login_try(limiter, "shop-999", key, 9000 + 12000) == 0);
    for (int i = 0; i < 5; i++)
        assert_true(access_login_try(limiter, "shop-999", other, 9000) == 0);
    access_limiter_free(limiter);
}

static void test_a5_good_login_is_no_failure(void **state)
{
    struct access_limiter *limiter = new_limiter(0);

    (void)state;
    for (int i = 0; i < 100; i++) {
        assert_true(try_address(limiter, "kim", 5000) == 0);
        access_limiter_succeeded(limiter, ACCESS_LIMIT_ADDRESS, "kim", 3, 5000);
    }
    for (int i = 0; i < 4; i++) /* but it forgives no guesses that came before */
        assert_true(try_address(limiter, "kim", 5000) == 0);
    assert_true(try_address(limiter, "kim", 5000) == 0);
    access_limiter_succeeded(limiter, ACCESS_LIMIT_ADDRESS, "kim", 3, 5000);
    assert_true(try_address(limiter, "kim", 5000) == 0);
    assert_true(try_address(limiter, "kim", 5000) > 0);
    access_limiter_free(limiter);
}

/* An attacker with an account of his own, on the same address: log in, guess, log in, guess. */
static void test_a5_own_account_launders_nothing(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    int guesses = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        if (access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, "a", 1, 5000) == 0)
            guesses++;
        if (access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, "a", 1, 5000) == 0)
            access_limiter_succeeded(limiter, ACCESS_LIMIT_ADDRESS, "a", 1, 5000);
    }
    assert_in_range(guesses, 4, 5);
    access_limiter_free(limiter);
}

static void test_guests_by_address(void **state)
{
    struct access_limiter *limiter = new_limiter(0);
    int made = 0;

    (void)state;
    while (access_limiter_try(limiter, ACCESS_LIMIT_GUEST, "a", 1, 7000) == 0)
        made++;
    assert_int_equal(made, ACCESS_GUESTS_BURST);
    assert_true(access_limiter_try(limiter, ACCESS_LIMIT_GUEST, "a", 1, 7000) == 500);
    assert_true(access_limiter_try(limiter, ACCESS_LIMIT_GUEST, "b", 1, 7000) == 0);
    made = 0;
    for (int64_t now_ms = 7000; now_ms < 7000 + 10 * minute_ms; now_ms += 10)
        made += access_limiter_try(limiter, ACCESS_LIMIT_GUEST, "a", 1, now_ms) == 0;
    assert_in_range(made, 1199, 1201);
    /* Failures and guests are apart, though the key is one. */
    assert_true(access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, "a", 1, 7000) == 0);
    access_limiter_free(limiter);
}

/* Bounded: a flood of names neither grows memory nor frees the one under attack while that goes on. */
static void test_a5_flood_of_names(void **state)
{
    struct access_limiter *limiter = new_limiter(1024);
    char name[200];
    int free_tries = 0;

    (void)state;
    for (int i = 0; i < 5; i++)
        assert_true(try_address(limiter, "kim", 1000) == 0);
    for (int i = 0; i < 500; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        (void)try_address(limiter, name, 1000);
        free_tries += try_address(limiter, "kim", 1000) == 0;
    }
    assert_int_equal(free_tries, 0);
    for (int i = 0; i < 100000; i++) {
        (void)snprintf(name, sizeof(name), "name-%d", i);
        assert_true(try_address(limiter, name, 1000) >= 0);
    }
    memset(name, 'x', sizeof(name));
    for (int i = 0; i < 5; i++) /* longer names than the key takes: one and the same */
        assert_true(access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, name,
                                       sizeof(name) - (size_t)i, 5000000) == 0);
    assert_true(access_limiter_try(limiter, ACCESS_LIMIT_ADDRESS, name, 150, 5000000) > 0);
    access_limiter_free(limiter);
}

static void test_address_keys(void **state)
{
    static const struct {
        const char *a, *b;
        bool is_same;
    } pairs[] = {
        {"203.0.113.7", "203.0.113.7", true},
        {"203.0.113.7", "::ffff:203.0.113.7", true}, /* RFC 4291 §2.5.5.2 */
        {"203.0.113.7", "::ffff:cb00:7107", true},
        {"203.0.113.7", "203.0.113.8", false},
        {"2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff", true},
        {"2001:db8:1:2::1", "2001:db8:1:3::1", false},
        {"2001:db8::1", "203.0.113.7", false},
    };
    static const char *const others[] = {"",      "x",          "203.0.113",     "203.0.113.7:80",
                                         "[::1]", "fe80::1%lo", "203.0.113.07x", "unix:"};
    uint8_t a[ACCESS_ADDRESS_KEY_BYTES], b[ACCESS_ADDRESS_KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        assert_int_equal(access_address_key(pairs[i].a, a), 0);
        assert_int_equal(access_address_key(pairs[i].b, b), 0);
        assert_int_equal(!memcmp(a, b, sizeof(a)), pairs[i].is_same);
    }
    for (size_t i = 0; i < JT_COUNT(others); i++)
        assert_int_equal(access_address_key(others[i], a), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a5_five_a_minute_then_delay),
        cmocka_unit_test(test_a5_a_storm_of_guesses),
        cmocka_unit_test(test_a5_a_stranger_locks_nobody_out),
        cmocka_unit_test(test_a5_many_addresses_one_account),
        cmocka_unit_test(test_a5_many_accounts_one_address),
        cmocka_unit_test(test_a5_good_login_is_no_failure),
        cmocka_unit_test(test_a5_own_account_launders_nothing),
        cmocka_unit_test(test_guests_by_address),
        cmocka_unit_test(test_a5_flood_of_names),
        cmocka_unit_test(test_address_keys),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
