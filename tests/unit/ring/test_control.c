/* Control messages: JSON written here by hand, both ways; every field missing, wrong and out of range; every cut. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ring/control.h"

struct sample {
    const char *json;
    struct jt_control message;
    int fds;
};

static const struct sample samples[] = {
    {"{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":4711}",
     {.type = JT_CONTROL_HELLO, .role = JT_ROLE_RELAY, .pid = 4711},
     0},
    {"{\"v\":1,\"type\":\"hello\",\"role\":\"ingest\",\"pid\":2147483647}",
     {.type = JT_CONTROL_HELLO, .role = JT_ROLE_INGEST, .pid = 2147483647},
     0},
    {"{\"v\":1,\"type\":\"hello\",\"role\":\"chat\",\"pid\":1}",
     {.type = JT_CONTROL_HELLO, .role = JT_ROLE_CHAT, .pid = 1},
     0},
    {"{\"v\":1,\"type\":\"hello\",\"role\":\"worker\",\"pid\":2}",
     {.type = JT_CONTROL_HELLO, .role = JT_ROLE_WORKER, .pid = 2},
     0},
    {"{\"v\":1,\"type\":\"reader\",\"track\":3,\"on\":true}",
     {.type = JT_CONTROL_READER, .track = 3, .on = true},
     2},
    {"{\"v\":1,\"type\":\"reader\",\"track\":3,\"on\":false}",
     {.type = JT_CONTROL_READER, .track = 3},
     0},
    {"{\"v\":1,\"type\":\"show\",\"show\":\"market-1\",\"epoch\":4294967295,\"state\":\"waiting\","
     "\"access\":\"token\"}",
     {.type = JT_CONTROL_SHOW,
      .show = "market-1",
      .epoch = UINT32_MAX,
      .state = JT_SHOW_WAITING,
      .access = JT_ACCESS_TOKEN},
     0},
    {"{\"v\":1,\"type\":\"show\",\"show\":\"A_z\",\"epoch\":0,\"state\":\"live\",\"access\":"
     "\"public\"}",
     {.type = JT_CONTROL_SHOW, .show = "A_z", .state = JT_SHOW_LIVE, .access = JT_ACCESS_PUBLIC},
     0},
    {"{\"v\":1,\"type\":\"show\",\"show\":\"A_z\",\"epoch\":9,\"state\":\"ended\",\"access\":"
     "\"closed\"}",
     {.type = JT_CONTROL_SHOW,
      .show = "A_z",
      .epoch = 9,
      .state = JT_SHOW_ENDED,
      .access = JT_ACCESS_CLOSED},
     0},
    {"{\"v\":1,\"type\":\"track\",\"show\":\"m\",\"epoch\":2,\"track\":17,\"source\":16}",
     {.type = JT_CONTROL_TRACK, .show = "m", .epoch = 2, .track = 17, .source = 16},
     1},
    {"{\"v\":1,\"type\":\"track_end\",\"show\":\"m\",\"epoch\":2,\"track\":17,\"reason\":\"\"}",
     {.type = JT_CONTROL_TRACK_END, .show = "m", .epoch = 2, .track = 17},
     0},
    {"{\"v\":1,\"type\":\"track_offer\",\"show\":\"m\",\"epoch\":2,\"source\":16}",
     {.type = JT_CONTROL_TRACK_OFFER, .show = "m", .epoch = 2, .source = 16},
     1},
    {"{\"v\":1,\"type\":\"keyframe\",\"show\":\"m\",\"track\":17}",
     {.type = JT_CONTROL_KEYFRAME, .show = "m", .track = 17},
     0},
    {"{\"v\":1,\"type\":\"demand\",\"show\":\"m\",\"track\":17,\"on\":true}",
     {.type = JT_CONTROL_DEMAND, .show = "m", .track = 17, .on = true},
     0},
    {"{\"v\":1,\"type\":\"demand\",\"show\":\"m\",\"track\":17,\"on\":false,\"name\":\"opus\"}",
     {.type = JT_CONTROL_DEMAND, .show = "m", .track = 17, .name = "opus"},
     0},
    {"{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"viewers\",\"value\":-"
     "9223372036854775808}",
     {.type = JT_CONTROL_STATS, .show = "m", .name = "viewers", .value = INT64_MIN},
     0},
    {"{\"v\":1,\"type\":\"command\",\"show\":\"m\",\"access\":\"closed\",\"name\":\"access\"}",
     {.type = JT_CONTROL_COMMAND, .show = "m", .name = "access", .access = JT_ACCESS_CLOSED},
     0},
    {"{\"v\":1,\"type\":\"warning\",\"show\":\"m\",\"name\":\"gop_too_long\",\"reason\":\"장면이 "
     "\\\"길어요\\\"\"}",
     {.type = JT_CONTROL_WARNING,
      .show = "m",
      .name = "gop_too_long",
      .reason = "장면이 \"길어요\""},
     0},
    {"{\"v\":1,\"type\":\"bye\",\"reason\":\"stopping\"}",
     {.type = JT_CONTROL_BYE, .reason = "stopping"},
     0},
};

static void expect_same(const struct jt_control *a, const struct jt_control *b)
{
    assert_int_equal(a->type, b->type);
    assert_int_equal(a->role, b->role);
    assert_int_equal(a->pid, b->pid);
    assert_string_equal(a->show, b->show);
    assert_int_equal(a->epoch, b->epoch);
    assert_int_equal(a->track, b->track);
    assert_int_equal(a->source, b->source);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->access, b->access);
    assert_int_equal(a->on, b->on);
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->reason, b->reason);
    assert_true(a->value == b->value);
}

static int decode(const char *json)
{
    struct jt_control message;

    return jt_control_decode(json, strlen(json), &message);
}

static void test_samples_both_ways(void **state)
{
    unsigned seen = 0;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        const struct sample *sample = &samples[i];
        struct jt_control message;
        char json[512];

        assert_int_equal(jt_control_encode(&sample->message, json, sizeof(json)),
                         strlen(sample->json));
        assert_string_equal(json, sample->json);
        assert_int_equal(jt_control_decode(sample->json, strlen(sample->json), &message), 0);
        expect_same(&message, &sample->message);
        assert_int_equal(jt_control_fd_count(&message), sample->fds);
        seen |= 1U << message.type;
    }
    assert_int_equal(seen, (1U << JT_CONTROL_TYPE_COUNT) - 1); /* none forgotten */
}

/** On the heap and cut to size, so that a read past the end is seen. */
static int decode_cut(const char *json, size_t size)
{
    struct jt_control message;
    char *cut = malloc(size ? size : 1);
    int err;

    assert_non_null(cut);
    memcpy(cut, json, size);
    err = jt_control_decode(cut, size, &message);
    free(cut);
    return err;
}

static void test_every_cut_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++)
        for (size_t size = 0; size < strlen(samples[i].json); size++)
            assert_int_equal(decode_cut(samples[i].json, size), -EBADMSG);
}

/** Each byte of each sample changed: any answer, but no wild read. */
static void test_corrupted_bytes(void **state)
{
    static const char bytes[] = {0, '"', '\\', '{', '}', ',', '9', '-', '\x7f', '\xc3', '\xff'};
    char json[512];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        size_t size = strlen(samples[i].json);

        for (size_t at = 0; at < size; at++) {
            for (size_t k = 0; k < sizeof(bytes); k++) {
                int err;

                memcpy(json, samples[i].json, size);
                json[at] = bytes[k];
                err = decode_cut(json, size);
                assert_true(err == 0 || err == -EBADMSG || err == -EOPNOTSUPP);
            }
        }
    }
}

static void test_order_space_and_unknown_keys_are_fine(void **state)
{
    (void)state;
    assert_int_equal(decode(" { \"reason\" : \"x\" ,\n\t\"type\":\"bye\",\"v\":1 } "), 0);
    assert_int_equal(
        decode(
            "{\"v\":1,\"type\":\"bye\",\"reason\":\"x\",\"later\":{\"a\":[1,2.5,null,\"]]]\"]}}"),
        0);
    assert_int_equal(decode("{\"v\":1,\"type\":\"b\\u0079e\",\"reason\":\"\\uc7a5\"}"), 0);
}

static void test_unknown_types_are_told_apart(void **state)
{
    (void)state;
    assert_int_equal(decode("{\"v\":1,\"type\":\"dance\"}"), -EOPNOTSUPP);
    assert_int_equal(decode("{\"v\":1,\"type\":\"\"}"), -EOPNOTSUPP);
    assert_int_equal(decode("{\"v\":1,\"type\":\"hello2\"}"), -EOPNOTSUPP);
    assert_int_equal(decode("{\"v\":2,\"type\":\"dance\"}"), -EBADMSG);
}

/** All that is wrong but for one thing. */
static const char *const refused[] = {
    "",
    " ",
    "null",
    "1",
    "\"bye\"",
    "[]",
    "[{\"v\":1,\"type\":\"bye\",\"reason\":\"\"}]",
    "{}",
    "{\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":0,\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":2,\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":1.0,\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":\"1\",\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":true,\"type\":\"bye\",\"reason\":\"\"}",
    "{\"v\":1,\"reason\":\"\"}",
    "{\"v\":1,\"type\":12,\"reason\":\"\"}",
    "{\"v\":1,\"type\":null,\"reason\":\"\"}",
    "{\"v\":1,\"v\":1,\"type\":\"bye\",\"reason\":\"\"}", /* RFC 7493 §2.3 */
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\",\"reason\":\"x\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\"}x",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\"}{}",
    "\xef\xbb\xbf{\"v\":1,\"type\":\"bye\",\"reason\":\"\"}", /* a byte order mark */
    "{\"v\":1,\"type\":\"bye\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":1}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"a\\u0000b\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"a\\nb\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"a\\u001b[31m\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\x7f\"}",
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\xc3\"}",     /* cut UTF-8 */
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\xc0\xaf\"}", /* overlong */
    "{\"v\":1,\"type\":\"bye\",\"reason\":\"\\ud800\"}",  /* half a pair */
    "{\"v\":1,\"type\":\"hello\",\"pid\":1}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\"}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"Relay\",\"pid\":1}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"\",\"pid\":1}",
    "{\"v\":1,\"type\":\"hello\",\"role\":1,\"pid\":1}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":0}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":-1}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":2147483648}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":1e3}",
    "{\"v\":1,\"type\":\"hello\",\"role\":\"relay\",\"pid\":99999999999999999999}",
    "{\"v\":1,\"type\":\"reader\",\"on\":true}",
    "{\"v\":1,\"type\":\"reader\",\"track\":1}",
    "{\"v\":1,\"type\":\"reader\",\"track\":1,\"on\":1}",
    "{\"v\":1,\"type\":\"reader\",\"track\":1,\"on\":\"true\"}",
    "{\"v\":1,\"type\":\"keyframe\",\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"m\"}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"\",\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"../m\",\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"m m\",\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"장터\",\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":null,\"track\":1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"m\",\"track\":-1}",
    "{\"v\":1,\"type\":\"keyframe\",\"show\":\"m\",\"track\":4294967296}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"state\":\"live\",\"access\":\"public\"}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"epoch\":4294967296,\"state\":\"live\",\"access\":"
    "\"public\"}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"epoch\":1,\"access\":\"public\"}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"epoch\":1,\"state\":\"dead\",\"access\":"
    "\"public\"}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"epoch\":1,\"state\":\"live\"}",
    "{\"v\":1,\"type\":\"show\",\"show\":\"m\",\"epoch\":1,\"state\":\"live\",\"access\":"
    "\"secret\"}",
    "{\"v\":1,\"type\":\"track\",\"show\":\"m\",\"epoch\":1,\"track\":1}",
    "{\"v\":1,\"type\":\"track\",\"show\":\"m\",\"epoch\":1,\"source\":1}",
    "{\"v\":1,\"type\":\"track\",\"show\":\"m\",\"track\":1,\"source\":1}",
    "{\"v\":1,\"type\":\"track\",\"show\":\"m\",\"epoch\":1,\"track\":1,\"source\":-1}",
    "{\"v\":1,\"type\":\"track_end\",\"show\":\"m\",\"epoch\":1,\"track\":1}",
    "{\"v\":1,\"type\":\"track_offer\",\"show\":\"m\",\"epoch\":1}",
    "{\"v\":1,\"type\":\"demand\",\"show\":\"m\",\"track\":1}",
    "{\"v\":1,\"type\":\"demand\",\"show\":\"m\",\"track\":1,\"on\":true,\"name\":\"\"}",
    "{\"v\":1,\"type\":\"demand\",\"show\":\"m\",\"track\":1,\"on\":true,\"name\":null}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"a\"}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"value\":1}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"a\",\"value\":1e400}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"a\",\"value\":9223372036854775808}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"A\",\"value\":1}",
    "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"name\":\"a b\",\"value\":1}",
    "{\"v\":1,\"type\":\"command\",\"show\":\"m\",\"name\":\"stop\"}",
    "{\"v\":1,\"type\":\"command\",\"show\":\"m\",\"access\":\"public\"}",
    "{\"v\":1,\"type\":\"warning\",\"show\":\"m\",\"reason\":\"x\"}",
    "{\"v\":1,\"type\":\"warning\",\"show\":\"m\",\"name\":\"x\"}",
};

static void test_missing_and_wrong_fields(void **state)
{
    struct jt_control untouched = {.type = JT_CONTROL_BYE, .reason = "mine"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        struct jt_control message = untouched;

        if (jt_control_decode(refused[i], strlen(refused[i]), &message) != -EBADMSG)
            fail_msg("accepted: %s", refused[i]);
        expect_same(&message, &untouched);
    }
}

/** `count` times `c` between two pieces. */
static int decode_long(const char *before, char c, size_t count, const char *after)
{
    size_t size = strlen(before) + count + strlen(after);
    char *json = malloc(size + 1);
    int err;

    assert_non_null(json);
    memcpy(json, before, strlen(before));
    memset(json + strlen(before), c, count);
    memcpy(json + strlen(before) + count, after, strlen(after) + 1);
    err = decode(json);
    free(json);
    return err;
}

static void test_strings_have_limits(void **state)
{
    static const char show[] = "{\"v\":1,\"type\":\"keyframe\",\"track\":1,\"show\":\"";
    static const char reason[] = "{\"v\":1,\"type\":\"bye\",\"reason\":\"";
    static const char name[] = "{\"v\":1,\"type\":\"stats\",\"show\":\"m\",\"value\":1,\"name\":\"";

    (void)state;
    assert_int_equal(decode_long(show, 'x', 128, "\"}"), 0);
    assert_int_equal(decode_long(show, 'x', 129, "\"}"), -EBADMSG);
    assert_int_equal(decode_long(reason, 'x', 255, "\"}"), 0);
    assert_int_equal(decode_long(reason, 'x', 256, "\"}"), -EBADMSG);
    assert_int_equal(decode_long(name, 'x', 64, "\"}"), 0);
    assert_int_equal(decode_long(name, 'x', 65, "\"}"), -EBADMSG);
}

/** Threat W9 holds here too: deep nesting is seen before anything recurses. */
static void test_w9_size_and_depth(void **state)
{
    static const char bye[] = "{\"v\":1,\"type\":\"bye\",\"reason\":\"\"";

    (void)state;
    assert_int_equal(decode_long(bye, ' ', 16 * 1024 - strlen(bye) - 1, "}"), 0);
    assert_int_equal(decode_long(bye, ' ', 16 * 1024 - strlen(bye), "}"), -EBADMSG);
    assert_int_equal(
        decode("{\"v\":1,\"type\":\"bye\",\"reason\":\"\",\"a\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}"),
        0);
    assert_int_equal(
        decode("{\"v\":1,\"type\":\"bye\",\"reason\":\"\",\"a\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]}"),
        -EBADMSG);
    assert_int_equal(decode_long("", '[', 16000, ""), -EBADMSG);
    assert_int_equal(decode_long("{\"v\":1,\"type\":\"bye\",\"reason\":\"", '[', 200, "\"}"),
                     0); /* in a string */
    assert_int_equal(decode_long("{\"v\":1,\"type\":\"bye\",\"reason\":\"\\\"", '{', 200, "\"}"),
                     0);
}

static void test_encode_refuses_what_decode_would(void **state)
{
    struct jt_control message = {.type = JT_CONTROL_KEYFRAME, .show = "m"};
    char json[256];
    int size;

    (void)state;
    size = jt_control_encode(&message, json, sizeof(json));
    assert_int_equal(size, strlen("{\"v\":1,\"type\":\"keyframe\",\"show\":\"m\",\"track\":0}"));
    assert_int_equal(jt_control_encode(&message, json, (size_t)size + 1), size);
    for (size_t capacity = 0; capacity <= (size_t)size; capacity++)
        assert_int_equal(jt_control_encode(&message, json, capacity), -EMSGSIZE);
    memcpy(message.show, "a b", 4);
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL);
    memset(message.show, 'x', sizeof(message.show)); /* no end */
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL);
    message = (struct jt_control){.type = JT_CONTROL_TYPE_COUNT};
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL);
    message = (struct jt_control){.type = JT_CONTROL_HELLO, .role = JT_ROLE_COUNT, .pid = 1};
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL);
    message = (struct jt_control){.type = JT_CONTROL_HELLO};
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL); /* no process 0 */
    message = (struct jt_control){.type = JT_CONTROL_BYE, .reason = "\xff"};
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)), -EINVAL);
    message = (struct jt_control){.type = JT_CONTROL_STATS, .show = "m"};
    assert_int_equal(jt_control_encode(&message, json, sizeof(json)),
                     -EINVAL); /* a name is needed */
}

static void test_names(void **state)
{
    char longest[130];

    (void)state;
    memset(longest, 'q', sizeof(longest));
    assert_true(jt_show_name_is_valid(longest, 128));
    assert_false(jt_show_name_is_valid(longest, 129));
    assert_true(jt_show_name_is_valid("azAZ09_-", 8));
    assert_false(jt_show_name_is_valid("", 0));
    for (int c = -128; c < 128; c++) {
        char name = (char)c;
        bool is_letter =
            strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-", c) && c;

        assert_int_equal(jt_show_name_is_valid(&name, 1), is_letter);
    }
    assert_string_equal(jt_control_type_name(JT_CONTROL_TRACK_OFFER), "track_offer");
    assert_null(jt_control_type_name(JT_CONTROL_TYPE_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_both_ways),
        cmocka_unit_test(test_every_cut_is_refused),
        cmocka_unit_test(test_corrupted_bytes),
        cmocka_unit_test(test_order_space_and_unknown_keys_are_fine),
        cmocka_unit_test(test_unknown_types_are_told_apart),
        cmocka_unit_test(test_missing_and_wrong_fields),
        cmocka_unit_test(test_strings_have_limits),
        cmocka_unit_test(test_w9_size_and_depth),
        cmocka_unit_test(test_encode_refuses_what_decode_would),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
