#include "wire/text.h"

#include <errno.h>

#include "wire_test.h"

static void test_cut(void **state)
{
    struct jt_text rest = jt_text_of("a:b::c");

    (void)state;
    assert_true(jt_text_is(jt_text_cut(&rest, ':'), "a"));
    assert_true(jt_text_is(jt_text_cut(&rest, ':'), "b"));
    assert_true(jt_text_is(jt_text_cut(&rest, ':'), ""));
    assert_true(jt_text_is(jt_text_cut(&rest, ':'), "c"));
    assert_int_equal(rest.size, 0);
    assert_true(jt_text_is(jt_text_cut(&rest, ':'), ""));
}

static void check_number(const char *text, uint64_t max, int err, uint64_t want)
{
    uint64_t value = 77;

    assert_int_equal(jt_text_number(jt_text_of(text), max, &value), err);
    assert_int_equal(value, err ? 77 : want);
}

static void test_number(void **state)
{
    (void)state;
    check_number("0", 5, 0, 0);
    check_number("5", 5, 0, 5);
    check_number("6", 5, -EBADMSG, 0);
    check_number("10", 5, -EBADMSG, 0);
    check_number("65535", 65535, 0, 65535);
    check_number("65536", 65535, -EBADMSG, 0);
    check_number("18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
    check_number("18446744073709551616", UINT64_MAX, -EBADMSG, 0);
    check_number("99999999999999999999", UINT64_MAX, -EBADMSG, 0);
    check_number("000000000000000000001", UINT64_MAX, -EBADMSG, 0);
    check_number("", 5, -EBADMSG, 0);
    check_number("-1", UINT64_MAX, -EBADMSG, 0);
    check_number("+1", UINT64_MAX, -EBADMSG, 0);
    check_number("1 ", UINT64_MAX, -EBADMSG, 0);
    check_number("0x1", UINT64_MAX, -EBADMSG, 0);
}

static void test_compare_and_copy(void **state)
{
    struct jt_text text = jt_text_of("  SHA-256\t");
    char out[8];

    (void)state;
    text = jt_text_trim(text);
    assert_true(jt_text_is_nocase(text, "sha-256"));
    assert_false(jt_text_is(text, "sha-256"));
    assert_false(jt_text_is_nocase(text, "sha-25"));
    assert_int_equal(jt_text_copy(text, out, 7), -ENAMETOOLONG);
    assert_int_equal(jt_text_copy(text, out, 8), 0);
    assert_string_equal(out, "SHA-256");
    assert_true(jt_text_skip(&text, "SHA-"));
    assert_false(jt_text_skip(&text, "2560"));
    assert_true(jt_text_is(text, "256"));
    assert_true(jt_text_equal((struct jt_text){0}, jt_text_of("")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_number),
        cmocka_unit_test(test_compare_and_copy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
