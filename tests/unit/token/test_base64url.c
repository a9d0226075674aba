/* base64url without padding: vectors of RFC 4648 §10, and what §3.2 and §3.5 say about strictness. */
#include <errno.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "token/base64url.h"

static const struct {
    const char *bytes, *text;
} vectors[] = {
    /* RFC 4648 §10, without the padding */
    {"", ""},
    {"f", "Zg"},
    {"fo", "Zm8"},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg"},
    {"fooba", "Zm9vYmE"},
    {"foobar", "Zm9vYmFy"},
    /* characters 62 and 63 of table 2 */
    {"\xfb\xff\xbf", "-_-_"},
};

static void test_rfc4648_vectors(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(vectors); i++) {
        const size_t size = strlen(vectors[i].bytes), length = strlen(vectors[i].text);
        uint8_t bytes[8];
        char text[16];

        assert_int_equal(jt_base64url_size(size), length);
        jt_base64url_write((const uint8_t *)vectors[i].bytes, size, text);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(jt_base64url_read(vectors[i].text, length, bytes, size), size);
        assert_memory_equal(bytes, vectors[i].bytes, size);
        if (size)
            assert_int_equal(jt_base64url_read(vectors[i].text, length, bytes, size - 1), -EBADMSG);
    }
}

static void test_one_spelling(void **state)
{
    static const char *const refused[] = {
        "Zg==",   "Zg=",   "Zm8=", /* padding */
        "Zh",     "Zm9",           /* stray bits, RFC 4648 §3.5 */
        "Z",      "Zm9vY",         /* no such length */
        "+/+/",                    /* the other alphabet */
        "Zm9v\n", " Zm9v", "Zm\n9v", "Zm 9v", "Zm9v.", "Zm9\xc3\xa9", "====",
    };
    uint8_t bytes[16];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++)
        if (jt_base64url_read(refused[i], strlen(refused[i]), bytes, sizeof(bytes)) != -EBADMSG)
            fail_msg("taken: %s", refused[i]);
    assert_int_equal(jt_base64url_read("Zm9v\0Zm9", 8, bytes, sizeof(bytes)), -EBADMSG);
}

/* Of all 65,536 pairs exactly the 256 canonical ones are read, each as another byte. */
static void test_every_pair(void **state)
{
    bool is_seen[256] = {false};
    int count = 0;

    (void)state;
    for (int i = 0; i < 65536; i++) {
        const char pair[] = {(char)(i >> 8), (char)(i & 255)};
        uint8_t byte;

        if (jt_base64url_read(pair, 2, &byte, 1) != 1)
            continue;
        assert_false(is_seen[byte]);
        is_seen[byte] = true;
        count++;
    }
    assert_int_equal(count, 256);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc4648_vectors),
        cmocka_unit_test(test_one_spelling),
        cmocka_unit_test(test_every_pair),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
