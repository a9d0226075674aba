/* HMAC-SHA256: vectors of RFC 4231 §4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "token/mac.h"

struct vector {
    uint8_t key_byte, data_byte; /* 0: the text instead */
    size_t key_size, data_size;
    const char *key, *data, *mac;
};

static const struct vector vectors[] = {
    {0x0b, 0, 20, 8, NULL, "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {0, 0, 4, 28, "Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {0xaa, 0xdd, 20, 50, NULL, NULL,
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {0, 0xcd, 25, 50,
     "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17"
     "\x18\x19",
     NULL, "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {0xaa, 0, 131, 54, NULL, "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {0xaa, 0, 131, 152, NULL,
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

static void hex(const uint8_t *bytes, size_t size, char *out)
{
    for (size_t i = 0; i < size; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static void fill(uint8_t *out, uint8_t byte, const char *text, size_t size)
{
    if (text)
        memcpy(out, text, size);
    else
        memset(out, byte, size);
}

static void test_rfc4231_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(vectors); i++) {
        const struct vector *v = &vectors[i];
        uint8_t key[160], data[160], mac[JT_MAC_BYTES];
        char text[JT_MAC_BYTES * 2 + 1];

        fill(key, v->key_byte, v->key, v->key_size);
        fill(data, v->data_byte, v->data, v->data_size);
        for (size_t cut = 0; cut <= v->data_size; cut++) {
            const struct jt_mac_piece pieces[] = {{data, cut}, {data + cut, v->data_size - cut}};

            assert_int_equal(jt_mac(key, v->key_size, pieces, 2, mac), 0);
            hex(mac, sizeof(mac), text);
            assert_string_equal(text, v->mac);
        }
    }
}

static void test_a5_equal_looks_at_every_byte(void **state)
{
    uint8_t a[JT_MAC_BYTES] = {1, 2, 3}, b[JT_MAC_BYTES] = {1, 2, 3};

    (void)state;
    assert_true(jt_mac_is_equal(a, b));
    for (size_t bit = 0; bit < sizeof(b) * 8; bit++) {
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
        assert_false(jt_mac_is_equal(a, b));
        b[bit / 8] ^= (uint8_t)(1U << bit % 8);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4231_vectors),
        cmocka_unit_test(test_a5_equal_looks_at_every_byte),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
