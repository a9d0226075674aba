/* The CSRF token. The known one was made with the crypto module of Node.js. */
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

#include "../token/keys.h"
#include "chat/access/csrf.h"
#include "token/token.h"

/* Key 7 of keys.h, salt d0 to db, the session's hash 32 bytes of 5a. */
static const char known[] = "AAAAB9DR0tPU1dbX2Nna27trBpnoobPnGiH8iH3Uck2nzlNYDtWKjjjAmu_m-C5x";
static const int64_t now = 1700000000000;
static uint8_t mine[ACCESS_HASH_BYTES], other[ACCESS_HASH_BYTES];
static struct jt_keyring *keyring;

static int open_keys(void **state)
{
    (void)state;
    memset(mine, 0x5a, sizeof(mine));
    memset(other, 0x5b, sizeof(other));
    keyring = keys_open();
    return 0;
}

static int close_keys(void **state)
{
    (void)state;
    jt_keyring_close(keyring);
    return 0;
}

static int check(const char *text, size_t size)
{
    return access_csrf_check(keyring, mine, now, text, size);
}

static void test_a7_bound_to_the_session(void **state)
{
    char text[ACCESS_CSRF_CHARACTERS + 1], again[ACCESS_CSRF_CHARACTERS + 1];

    (void)state;
    assert_int_equal(check(known, 64), 0);
    assert_int_equal(access_csrf_check(keyring, other, now, known, 64), -EACCES);
    assert_int_equal(access_csrf_make(keyring, mine, now, text), 0);
    assert_int_equal(access_csrf_make(keyring, mine, now, again), 0);
    assert_string_not_equal(text, again); /* compression can't tell */
    assert_int_equal(strlen(text), ACCESS_CSRF_CHARACTERS);
    assert_int_equal(check(text, 64), 0);
    assert_int_equal(check(again, 64), 0);
    assert_int_equal(access_csrf_check(keyring, other, now, text, 64), -EACCES);
}

static void test_a7_bits_and_cuts(void **state)
{
    char text[65];

    (void)state;
    for (size_t bit = 0; bit < (sizeof(text) - 1) * 8; bit++) {
        memcpy(text, known, sizeof(text));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        assert_int_equal(check(text, 64), -EACCES);
    }
    for (size_t size = 0; size < 64; size++)
        assert_int_equal(check(known, size), -EACCES);
    assert_int_equal(check(known, 65), -EACCES);
    memset(text, 'A', 64); /* key 0, which would be the newest */
    assert_int_equal(check(text, 64), -EACCES);
}

static void test_a7_a_token_is_none(void **state)
{
    char text[JT_TOKEN_MAX_BYTES];
    int size =
        jt_token_make(keyring, JT_TOKEN_TICKET, "chat", "session:1", now, 1000, text, sizeof(text));

    (void)state;
    assert_true(size > 64);
    assert_int_equal(check(text, (size_t)size), -EACCES);
    assert_int_equal(check(text + size - 64, 64), -EACCES);
}

static void test_a3_over_a_rotation(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *ring = NULL;
    char text[ACCESS_CSRF_CHARACTERS + 1];

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, now, &ring), 0);
    assert_int_equal(access_csrf_make(ring, mine, now, text), 0);
    assert_int_equal(jt_keyring_rotate(ring, JT_KEYS_TOKEN, now, 1000), 0);
    assert_int_equal(access_csrf_check(ring, mine, now + 999, text, 64), 0);
    assert_int_equal(access_csrf_check(ring, mine, now + 1000, text, 64), -EACCES);
    jt_keyring_close(ring);
    keys_place_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a7_bound_to_the_session),
        cmocka_unit_test(test_a7_bits_and_cuts),
        cmocka_unit_test(test_a7_a_token_is_none),
        cmocka_unit_test(test_a3_over_a_rotation),
    };

    return cmocka_run_group_tests(tests, open_keys, close_keys);
}
