/* Unguessable ids. */
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

#include "chat/access/secret.h"

static void test_fresh_ones(void **state)
{
    static char ids[1000][ACCESS_SECRET_CHARACTERS + 1];
    unsigned ones[128] = {0};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(ids); i++) {
        access_secret_new(ids[i]);
        assert_int_equal(strlen(ids[i]), 22);
        assert_int_equal(strspn(ids[i], "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                        "0123456789-_"),
                         22);
        assert_true(access_secret_is_valid(ids[i], 22));
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(ids[i], ids[j]);
        for (size_t c = 0; c < 22; c++)
            ones[c] += ids[i][c] == ids[0][c];
    }
    for (size_t c = 0; c < 21; c++) /* no character stands still: 1000/64 ± 6 sigma */
        assert_in_range(ones[c], 1, 45);
}

static void test_one_form(void **state)
{
    static const char *const others[] = {
        "",
        "AAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAB", /* stray bits: 22 characters hold 132 */
        "AAAAAAAAAAAAAAAAAAAA==",
        "AAAAAAAAAAA+AAAAAAAAAA",
        "AAAAAAAAAAA/AAAAAAAAAA",
        "AAAAAAAAAAA AAAAAAAAAA",
        "AAAAAAAAAAA;AAAAAAAAAA",
        "\xc3\xa9PPPPPPPPPPPPPPPPPPPP",
    };

    (void)state;
    assert_true(access_secret_is_valid("AAAAAAAAAAAAAAAAAAAAAA", 22));
    assert_true(access_secret_is_valid("_-_-_-_-_-_-_-_-_-_-_w", 22));
    for (size_t i = 0; i < JT_COUNT(others); i++)
        assert_false(access_secret_is_valid(others[i], strlen(others[i])));
    assert_false(access_secret_is_valid("AAAAAAAAAAAAAAAAAAAAA\0", 22));
}

static void test_stored_hash(void **state)
{
    /* printf AAAAAAAAAAAAAAAAAAAAAA | sha256sum */
    static const uint8_t sha256[] = {0x8a, 0x5b, 0xdb, 0x4c, 0xc1, 0x51, 0x64, 0x12,
                                     0x6c, 0x6e, 0xf2, 0x66, 0x8d, 0xe9, 0xdd, 0x24,
                                     0x0d, 0x29, 0x9c, 0xe6, 0x39, 0x7a, 0x42, 0xc9,
                                     0x5a, 0x94, 0x11, 0xb9, 0x3d, 0x08, 0x0e, 0xd8};
    uint8_t hash[ACCESS_HASH_BYTES];

    (void)state;
    access_secret_hash("AAAAAAAAAAAAAAAAAAAAAA", 22, hash);
    assert_memory_equal(hash, sha256, sizeof(sha256));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fresh_ones),
        cmocka_unit_test(test_one_form),
        cmocka_unit_test(test_stored_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
