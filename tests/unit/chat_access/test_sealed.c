/* Sealed columns. The known blob and hash were made with the crypto module of Node.js. */
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
#include "chat/access/sealed.h"

static const struct access_cell cell = {"orders", "recipient", "Zm9v"};
static const char name[] = "김철수";

/* Key 9 of keys.h, nonce c0 to cb, additional data "orders" 00 "recipient" 00 "Zm9v" 00. */
static const uint8_t known[] = {0x01, 0x00, 0x00, 0x00, 0x09, 0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5,
                                0xc6, 0xc7, 0xc8, 0xc9, 0xca, 0xcb, 0xb5, 0xfd, 0xb0, 0x22, 0xc8,
                                0x3a, 0xd1, 0x63, 0xec, 0xac, 0xb8, 0x58, 0x3b, 0x99, 0x7e, 0x75,
                                0xc1, 0x4e, 0x55, 0x06, 0x71, 0x15, 0x09, 0x10, 0xdc};
static const uint8_t lookup[] = {0x3b, 0x53, 0xc3, 0x84, 0xe6, 0xcb, 0x88, 0x39, 0x1e, 0x90, 0x26,
                                 0x32, 0xfa, 0x1f, 0xaf, 0x43, 0x94, 0xbe, 0xf4, 0xc6, 0xc7, 0xb8,
                                 0x2c, 0xcf, 0x4b, 0xfd, 0xbd, 0x39, 0x22, 0x43, 0x4e, 0x53};

static struct jt_keyring *keyring;

static int open_keys(void **state)
{
    (void)state;
    keyring = keys_open();
    return 0;
}

static int close_keys(void **state)
{
    (void)state;
    jt_keyring_close(keyring);
    return 0;
}

static int open_at(const struct access_cell *at, const uint8_t *blob, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1), out[64];
    int n;

    assert_non_null(copy);
    memcpy(copy, blob, size);
    memset(out, 0xee, sizeof(out));
    n = access_open(keyring, at, copy, size, out, sizeof(out));
    for (size_t i = n < 0 ? 0 : (size_t)n; i < sizeof(out); i++)
        assert_int_equal(out[i], 0); /* nothing of the plain text stays */
    free(copy);
    return n;
}

static void test_known_blob(void **state)
{
    char out[64];

    (void)state;
    assert_int_equal(access_open(keyring, &cell, known, sizeof(known), out, sizeof(out)),
                     sizeof(name) - 1);
    assert_memory_equal(out, name, sizeof(name) - 1);
    assert_int_equal(access_open(keyring, &cell, known, sizeof(known), out, sizeof(name) - 2),
                     -EMSGSIZE);
    assert_false(access_seal_is_stale(keyring, known, sizeof(known)));
}

static void test_p1_sealed_differs_each_time(void **state)
{
    uint8_t a[64], b[64];
    char out[16];
    int size = access_seal(keyring, &cell, name, sizeof(name) - 1, a, sizeof(a));

    (void)state;
    assert_int_equal(size, sizeof(name) - 1 + ACCESS_SEAL_EXTRA_BYTES);
    assert_int_equal(access_seal(keyring, &cell, name, sizeof(name) - 1, b, sizeof(b)), size);
    assert_memory_not_equal(a + 5, b + 5, 12); /* the nonces */
    assert_memory_not_equal(a + 17, b + 17, sizeof(name) - 1);
    assert_null(memmem(a, (size_t)size, name, 3));
    assert_int_equal(access_open(keyring, &cell, b, (size_t)size, out, sizeof(out)),
                     sizeof(name) - 1);
    assert_memory_equal(out, name, sizeof(name) - 1);
}

static void test_p1_bound_to_its_row(void **state)
{
    static const struct access_cell others[] = {
        {"orders", "recipient", "Zm9w"},
        {"orders", "phone", "Zm9v"},
        {"carts", "recipient", "Zm9v"},
        {"ordersr", "ecipient", "Zm9v"}, /* the parts can't slide */
        {"orders", "recipientZ", "m9v"},
        {"orders", "recipient", ""},
        {"", "recipient", "Zm9v"},
    };

    (void)state;
    assert_true(open_at(&cell, known, sizeof(known)) > 0);
    for (size_t i = 0; i < JT_COUNT(others); i++)
        assert_int_equal(open_at(&others[i], known, sizeof(known)), -EBADMSG);
}

static void test_p1_tampered_or_cut(void **state)
{
    uint8_t blob[sizeof(known) + 1];

    (void)state;
    for (size_t bit = 0; bit < sizeof(known) * 8; bit++) {
        memcpy(blob, known, sizeof(known));
        blob[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_int_equal(open_at(&cell, blob, sizeof(known)), -EBADMSG);
    }
    for (size_t size = 0; size < sizeof(known); size++)
        assert_int_equal(open_at(&cell, known, size), -EBADMSG);
    memcpy(blob, known, sizeof(known));
    blob[sizeof(known)] = 0;
    assert_int_equal(open_at(&cell, blob, sizeof(blob)), -EBADMSG);
}

static void test_sizes(void **state)
{
    const size_t most = ACCESS_SEAL_PLAIN_MAX_BYTES;
    uint8_t *plain = calloc(1, most + 1), *blob = malloc(most + 1 + ACCESS_SEAL_EXTRA_BYTES);
    const struct access_cell nowhere = {"orders", "recipient", ""};

    (void)state;
    assert_non_null(plain);
    assert_non_null(blob);
    assert_int_equal(access_seal(keyring, &cell, plain, most, blob, most + ACCESS_SEAL_EXTRA_BYTES),
                     most + ACCESS_SEAL_EXTRA_BYTES);
    assert_int_equal(access_open(keyring, &cell, blob, most + ACCESS_SEAL_EXTRA_BYTES, plain, most),
                     most);
    assert_int_equal(
        access_seal(keyring, &cell, plain, most + 1, blob, most + 1 + ACCESS_SEAL_EXTRA_BYTES),
        -EMSGSIZE);
    assert_int_equal(access_seal(keyring, &cell, plain, 8, blob, 8 + ACCESS_SEAL_EXTRA_BYTES - 1),
                     -EMSGSIZE);
    assert_int_equal(access_seal(keyring, &nowhere, plain, 8, blob, 64), -EINVAL);
    assert_int_equal(access_seal(keyring, &cell, NULL, 0, blob, 64), ACCESS_SEAL_EXTRA_BYTES);
    assert_int_equal(access_open(keyring, &cell, blob, ACCESS_SEAL_EXTRA_BYTES, NULL, 0), 0);
    free(plain);
    free(blob);
}

static void test_a3_sealed_before_a_rotation(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *mine = NULL;
    uint8_t before[64], after[64];
    char out[16];
    int size;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, 1000, &mine), 0);
    size = access_seal(mine, &cell, name, 9, before, sizeof(before));
    assert_true(size > 0);
    assert_int_equal(jt_keyring_rotate(mine, JT_KEYS_SEAL, 2000, 0), 0);
    assert_true(access_seal_is_stale(mine, before, (size_t)size));
    assert_int_equal(access_open(mine, &cell, before, (size_t)size, out, sizeof(out)), 9);
    assert_int_equal(access_seal(mine, &cell, name, 9, after, sizeof(after)), size);
    assert_false(access_seal_is_stale(mine, after, (size_t)size));
    assert_int_equal(open_at(&cell, after, (size_t)size), -EBADMSG); /* another file's keys */
    jt_keyring_close(mine);
    keys_place_free(&place);
}

static void test_known_lookup(void **state)
{
    uint8_t out[ACCESS_LOOKUP_BYTES];

    (void)state;
    assert_int_equal(access_lookup(keyring, "phone", "01012345678", 11, out), 0);
    assert_memory_equal(out, lookup, sizeof(lookup));
    assert_int_equal(access_lookup(keyring, "phone", "01012345679", 11, out), 0);
    assert_memory_not_equal(out, lookup, sizeof(lookup));
    assert_int_equal(access_lookup(keyring, "stream_key", "01012345678", 11, out), 0);
    assert_memory_not_equal(out, lookup, sizeof(lookup)); /* kinds are apart */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_blob),
        cmocka_unit_test(test_p1_sealed_differs_each_time),
        cmocka_unit_test(test_p1_bound_to_its_row),
        cmocka_unit_test(test_p1_tampered_or_cut),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_a3_sealed_before_a_rotation),
        cmocka_unit_test(test_known_lookup),
    };

    return cmocka_run_group_tests(tests, open_keys, close_keys);
}
