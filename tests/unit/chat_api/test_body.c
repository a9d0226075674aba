/* The content of API requests, read strictly. Expected results from RFC 8259 and RFC 7493 (I-JSON). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "chat/api/body.h"

static enum api_problem parse(const char *text, size_t size)
{
    struct api_body body;
    enum api_problem problem;

    api_body_parse(text, size, &body);
    problem = api_body_end(&body);
    api_body_free(&body);
    return problem;
}

static void test_w9_json_that_is_refused(void **state)
{
    static const char *const refused[] = {
        "",
        "null",
        "[]",
        "\"{}\"",
        "{",
        "{}{}",
        "{} x",
        "{'a':1}",
        "{\"a\":1,}",
        "{\"a\":01}",
        "{\"a\":.5}",
        "{\"a\":1,\"a\":2}",
        "{\"a\":NaN}",
        "\xef\xbb\xbf{}",
        "{\"a\":\"\\ud800\"}",
        "{\"a\":\"\\udc00\\ud800\"}",
        "{\"a\":\"\xff\"}",
        "{\"a\":\"\xc0\xaf\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":1e400}",
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++)
        if (parse(refused[i], strlen(refused[i])) != API_PROBLEM_BODY_NOT_JSON)
            fail_msg("taken: %s", refused[i]);
    assert_int_equal(parse("{}\0", 3), API_PROBLEM_BODY_NOT_JSON);
    assert_int_equal(parse("{}", 2), API_PROBLEM_NONE);
}

static void test_w9_depth(void **state)
{
    enum { DEEP = 100000 };
    char *text = malloc(DEEP + 16);
    size_t at;

    (void)state;
    assert_non_null(text);
    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', DEEP);
    assert_int_equal(parse(text, DEEP + 5), API_PROBLEM_BODY_NOT_JSON);
    for (int depth = API_BODY_DEPTH_MAX - 1; depth <= API_BODY_DEPTH_MAX; depth++) {
        at = 5 + (size_t)depth;
        memset(text + at, ']', (size_t)depth);
        text[at + (size_t)depth] = '}';
        assert_int_equal(parse(text, at + (size_t)depth + 1), depth < API_BODY_DEPTH_MAX
                                                                  ? API_PROBLEM_FIELD_UNKNOWN
                                                                  : API_PROBLEM_BODY_NOT_JSON);
    }
    /* Brackets in a string do not nest. */
    assert_int_equal(parse("{\"a\":\"[[[[[[[[[[[[[[[[[[\\\"[[[[[\"}", 33),
                     API_PROBLEM_FIELD_UNKNOWN);
    free(text);
}

static void test_w9_every_cut(void **state)
{
    static const char whole[] = "{\"name\":\"\\ud55c \xed\x95\x9c\",\"n\":-12,\"t\":[true,null]}";

    (void)state;
    for (size_t cut = 0; cut < sizeof(whole) - 1; cut++)
        assert_int_equal(parse(whole, cut), API_PROBLEM_BODY_NOT_JSON);
    assert_int_equal(parse(whole, sizeof(whole) - 1), API_PROBLEM_FIELD_UNKNOWN);
}

struct number {
    const char *text;
    enum api_problem problem;
    int64_t value;
};

/* Money and ids are whole numbers, never floats; 2^63 does not fit. */
static void test_w9_p09_numbers(void **state)
{
    static const struct number numbers[] = {
        {"{\"n\":0}", API_PROBLEM_NONE, 0},
        {"{\"n\":9007199254740993}", API_PROBLEM_NONE, 9007199254740993},
        {"{\"n\":9223372036854775807}", API_PROBLEM_NONE, INT64_MAX},
        {"{\"n\":9223372036854775808}", API_PROBLEM_BODY_NOT_JSON, 0},
        {"{\"n\":1.0}", API_PROBLEM_FIELD_INVALID, 0},
        {"{\"n\":1e3}", API_PROBLEM_FIELD_INVALID, 0},
        {"{\"n\":\"1\"}", API_PROBLEM_FIELD_INVALID, 0},
        {"{\"n\":true}", API_PROBLEM_FIELD_INVALID, 0},
        {"{\"n\":null}", API_PROBLEM_FIELD_INVALID, 0},
        {"{\"n\":-1}", API_PROBLEM_FIELD_INVALID, 0},
        {"{}", API_PROBLEM_FIELD_MISSING, 0},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(numbers); i++) {
        struct api_body body;
        int64_t value;

        api_body_parse(numbers[i].text, strlen(numbers[i].text), &body);
        value = api_body_integer(&body, "n", 0, INT64_MAX);
        if (api_body_end(&body) != numbers[i].problem || value != numbers[i].value)
            fail_msg("%s: problem %d, value %lld", numbers[i].text, (int)body.problem,
                     (long long)value);
        api_body_free(&body);
    }
}

static enum api_problem text_problem(const char *text)
{
    struct api_body body;
    enum api_problem problem;

    api_body_parse(text, strlen(text), &body);
    (void)api_body_text(&body, "t", 2, 6);
    problem = api_body_end(&body);
    api_body_free(&body);
    return problem;
}

static void test_text(void **state)
{
    (void)state;
    assert_int_equal(text_problem("{\"t\":\"ab\"}"), API_PROBLEM_NONE);
    assert_int_equal(text_problem("{\"t\":\"한국\"}"), API_PROBLEM_NONE); /* six bytes */
    assert_int_equal(text_problem("{\"t\":\"a\"}"), API_PROBLEM_FIELD_INVALID);
    assert_int_equal(text_problem("{\"t\":\"abcdefg\"}"), API_PROBLEM_FIELD_INVALID);
    assert_int_equal(text_problem("{\"t\":\"a\\nb\"}"), API_PROBLEM_FIELD_INVALID);
    assert_int_equal(text_problem("{\"t\":\"a\\u007fb\"}"), API_PROBLEM_FIELD_INVALID);
    assert_int_equal(text_problem("{\"t\":12}"), API_PROBLEM_FIELD_INVALID);
    assert_int_equal(text_problem("{\"T\":\"ab\"}"), API_PROBLEM_FIELD_MISSING);
}

/* A field the server owns is refused, not passed over in silence. */
static void test_c2_fields_nobody_asked_for(void **state)
{
    (void)state;
    assert_int_equal(text_problem("{\"t\":\"ab\",\"role\":\"operator\"}"),
                     API_PROBLEM_FIELD_UNKNOWN);
    assert_int_equal(text_problem("{\"t\":\"ab\",\"price\":1}"), API_PROBLEM_FIELD_UNKNOWN);
}

/* The first thing wrong is told, and later reads give nothing. */
static void test_the_error_is_sticky(void **state)
{
    struct api_body body;

    (void)state;
    api_body_parse("{\"n\":1,\"t\":\"ab\"}", 16, &body);
    assert_int_equal(api_body_integer(&body, "n", 5, 9), 0);
    assert_null(api_body_text(&body, "t", 1, 9));
    assert_int_equal(api_body_end(&body), API_PROBLEM_FIELD_INVALID);
    api_body_free(&body);
}

/* RFC 9110 §8.3.1: the type is not case-sensitive, parameters may follow. */
static void test_a7_only_json_is_read(void **state)
{
    (void)state;
    assert_true(api_body_is_json("application/json"));
    assert_true(api_body_is_json("Application/JSON; charset=utf-8"));
    assert_false(api_body_is_json("application/jsonx"));
    assert_false(api_body_is_json("application/json-patch+json"));
    assert_false(api_body_is_json("text/plain"));
    assert_false(api_body_is_json("text/plain; application/json"));
    assert_false(api_body_is_json("application/x-www-form-urlencoded"));
    assert_false(api_body_is_json(""));
    assert_false(api_body_is_json(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_w9_json_that_is_refused),
        cmocka_unit_test(test_w9_depth),
        cmocka_unit_test(test_w9_every_cut),
        cmocka_unit_test(test_w9_p09_numbers),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_c2_fields_nobody_asked_for),
        cmocka_unit_test(test_the_error_is_sticky),
        cmocka_unit_test(test_a7_only_json_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
