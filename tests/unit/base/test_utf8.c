/* Our decoder against glibc's (iconv), over all short and many long sequences. */
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"

static iconv_t oracle;

/* What glibc reads first: the character's bytes, or 0. */
static size_t read_by_oracle(const char *text, size_t size, uint32_t *character)
{
    char copy[8], *in = copy, *out = (char *)character;
    size_t in_left = size, out_left = sizeof(*character);

    memcpy(copy, text, size);
    (void)iconv(oracle, NULL, NULL, NULL, NULL);
    (void)iconv(oracle, &in, &in_left, &out, &out_left);
    return out_left == 0 ? size - in_left : 0;
}

static void compare(const char *text, size_t size)
{
    uint32_t ours = 0, theirs = 0;
    size_t n = jt_utf8_next(text, size, &ours), expected = read_by_oracle(text, size, &theirs);

    assert_int_equal(n, expected);
    if (n)
        assert_int_equal(ours, theirs);
}

static void test_all_two_byte_sequences(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 0x10000; v++) {
        char text[2] = {(char)(v >> 8), (char)v};

        compare(text, 1);
        compare(text, 2);
    }
}

/* Around each border of the table of RFC 3629 §4. */
static void test_borders_of_long_sequences(void **state)
{
    static const unsigned char edges[] = {0x00, 0x7f, 0x80, 0x8f, 0x90,
                                          0x9f, 0xa0, 0xbf, 0xc0, 0xff};

    (void)state;
    for (unsigned lead = 0xc0; lead <= 0xff; lead++)
        for (size_t i = 0; i < sizeof(edges); i++)
            for (size_t j = 0; j < sizeof(edges); j++)
                for (size_t k = 0; k < sizeof(edges); k++) {
                    char text[4] = {(char)lead, (char)edges[i], (char)edges[j], (char)edges[k]};

                    compare(text, 3);
                    compare(text, 4);
                }
}

static void test_whole_texts(void **state)
{
    static const char korean[] = "방송 시작";

    (void)state;
    assert_true(jt_utf8_is_valid("", 0));
    assert_true(jt_utf8_is_valid("a\0b", 3));
    assert_true(jt_utf8_is_valid(korean, sizeof(korean) - 1));
    assert_false(jt_utf8_is_valid(korean, sizeof(korean) - 2)); /* cut within a character */
    assert_false(jt_utf8_is_valid("a\xed\xa0\x80", 4));         /* a surrogate */
    assert_false(jt_utf8_is_valid("\xc0\xaf", 2));              /* an overlong slash */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_two_byte_sequences),
        cmocka_unit_test(test_borders_of_long_sequences),
        cmocka_unit_test(test_whole_texts),
    };

    oracle = iconv_open("UTF-32LE", "UTF-8");
    if (oracle == (iconv_t)-1)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
