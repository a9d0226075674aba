/* Names and numbers for lists: what is told, and what never is. */
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

#include "chat/access/mask.h"

struct pair {
    const char *in, *out;
};

static void test_p50_names(void **state)
{
    static const struct pair pairs[] = {
        {"김철수", "김**"},
        {"김철", "김**"},
        {"김", "**"},
        {"남궁옥분여사님", "남**"},
        {"Ada Lovelace", "A**"},
        {"A", "**"},
        {"", "**"},
        {"😀철수", "😀**"},
        {" 철수", "**"},
        {"\xe2\x80\xae철수", "**"}, /* U+202E turns the line around */
        {"\xe2\x80\x8b철수", "**"}, /* U+200B isn't seen */
        {"\xe3\x85\xa4철수", "**"}, /* U+3164, the filler, too */
        {"\xcc\x81철수", "**"},     /* U+0301 lands on what stands before */
        {"\n철수", "**"},
        {"\xef\xbb\xbf철수", "**"},
        {"\xff철수", "**"},
        {"김\xff", "**"},
        {"김\xec", "**"},
        {"\xc0\x80x", "**"},
    };
    char out[ACCESS_MASK_NAME_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        access_mask_name(pairs[i].in, strlen(pairs[i].in), out);
        assert_string_equal(out, pairs[i].out);
    }
    access_mask_name(NULL, 0, out);
    assert_string_equal(out, "**");
}

static void test_p50_phones(void **state)
{
    static const struct pair pairs[] = {
        {"01012341234", "010-****-1234"},
        {"010-1234-1234", "010-****-1234"},
        {"010 1234 5678", "010-****-5678"},
        {"+82 10-1234-1234", "010-****-1234"},
        {"+82 010-1234-1234", "010-****-1234"},
        {"+82 (0)10 1234 1234", "010-****-1234"},
        {"+821012341234", "010-****-1234"},
        {"021231234", "02-****-1234"},
        {"02-1234-5678", "02-****-5678"},
        {"(031) 123-4567", "031-****-4567"},
        {"0505-1234-5678", "0505-****-5678"},
        {"15881234", "****"},
        {"", "****"},
        {"12345678901", "****"},
        {"+1 212 555 0123", "****"},
        {"0101234123456", "****"},
        {"010-1234-123a", "****"},
        {"김철수 01012341234", "****"},
        {"010\xe2\x80\x91"
         "1234\xe2\x80\x91"
         "1234",
         "****"},
        {"+82", "****"},
        {"----------", "****"},
    };
    char out[ACCESS_MASK_PHONE_BYTES];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(pairs); i++) {
        access_mask_phone(pairs[i].in, strlen(pairs[i].in), out);
        assert_string_equal(out, pairs[i].out);
    }
    access_mask_phone("01012341234\0", 12, out);
    assert_string_equal(out, "****");
    access_mask_phone(NULL, 0, out);
    assert_string_equal(out, "****");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_p50_names),
        cmocka_unit_test(test_p50_phones),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
