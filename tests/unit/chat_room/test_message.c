/* Reading of a page's messages. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "chat/room/message.h"

static struct room_message message;

static int read_text(const char *json)
{
    return room_message_read(json, strlen(json), &message);
}

static void test_each_verb(void **state)
{
    (void)state;
    assert_int_equal(
        read_text("{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t.x-_\",\"show\":\"a1\"}}"), 0);
    assert_int_equal(message.verb, ROOM_HELLO);
    assert_false(message.hello.has_position);
    assert_int_equal(read_text("{\"d\":{\"o\":{\"chat\":9007199254740991,\"ctl\":0},\"ep\":\"a1\","
                               "\"show\":\"s\",\"ticket\":\"t\"},\"m\":\"hello\",\"id\":0}"),
                     0);
    assert_true(message.hello.has_position);
    assert_string_equal(message.hello.position.epoch, "a1");
    assert_true(message.hello.position.chat == ROOM_INTEGER_MAX);
    assert_int_equal(message.hello.position.ctl, 0);
    assert_int_equal(read_text("{\"id\":7,\"m\":\"chat.send\",\"k\":\"0d7f0c1e-3f2b-4d6a-9a55-"
                               "1b2c3d4e5f60\",\"d\":{\"t\":\"\\uc548\\ub155 \\ud83d\\udc4d\"}}"),
                     0);
    assert_string_equal(message.send.text, "안녕 👍");
    assert_int_equal(message.send.size, strlen("안녕 👍"));
    assert_true(message.id == 7);
    assert_int_equal(read_text("{\"m\":\"heart\",\"d\":{\"n\":5}}"), 0);
    assert_true(message.id == -1 && message.hearts == 5);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.delete\",\"d\":{\"mid\":\"ab-1\"}}"), 0);
    assert_string_equal(message.mid, "ab-1");
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.mute\",\"d\":{\"person\":\"p_1\"}}"), 0);
    assert_int_equal(message.whom.seconds, 0);
    assert_int_equal(
        read_text("{\"id\":2,\"m\":\"chat.mute\",\"d\":{\"person\":\"p_1\",\"s\":60}}"), 0);
    assert_int_equal(message.whom.seconds, 60);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.ban\",\"d\":{\"person\":\"p_1\"}}"), 0);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.unban\",\"d\":{\"person\":\"p_1\"}}"), 0);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.unmute\",\"d\":{\"person\":\"p_1\"}}"), 0);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.slow\",\"d\":{\"s\":120}}"), 0);
    assert_int_equal(read_text("{\"id\":2,\"m\":\"chat.freeze\",\"d\":{\"on\":false}}"), 0);
    assert_false(message.on);
}

static const char *const refused[] = {
    "",
    "{}",
    "[]",
    "null",
    "7",
    "\"hello\"",
    "{\"m\":\"heart\"}",
    "{\"d\":{\"n\":1}}",
    "{\"m\":\"heart\",\"d\":{}}",
    "{\"m\":\"heart\",\"d\":[]}",
    "{\"m\":\"heart\",\"d\":{\"n\":0}}",
    "{\"m\":\"heart\",\"d\":{\"n\":1000000}}",
    "{\"m\":\"heart\",\"d\":{\"n\":-1}}",
    "{\"m\":\"nothing\",\"d\":{}}",
    "{\"m\":7,\"d\":{}}",
    "{\"m\":\"heart\",\"d\":{\"n\":5}} x",
    "{\"m\":\"heart\",\"d\":{\"n\":5}}{\"m\":\"heart\",\"d\":{\"n\":5}}",
    "\xef\xbb\xbf{\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"m\":\"chat.slow\",\"d\":{\"s\":1}}", /* no id */
    "{\"id\":2,\"m\":\"chat.slow\",\"d\":{\"s\":121}}",
    "{\"id\":2,\"m\":\"chat.freeze\",\"d\":{\"on\":1}}",
    "{\"id\":2,\"m\":\"chat.delete\",\"d\":{\"mid\":\"a b\"}}",
    "{\"id\":2,\"m\":\"chat.delete\",\"d\":{\"mid\":\"\"}}",
    "{\"id\":2,\"m\":\"chat.mute\",\"d\":{\"person\":\"../x\"}}",
    "{\"id\":2,\"m\":\"chat.mute\",\"d\":{\"person\":7}}",
    "{\"id\":7,\"m\":\"chat.send\",\"d\":{\"t\":\"x\"}}", /* no key */
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"short\",\"d\":{\"t\":\"x\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"\"}}",
    "{\"id\":7,\"m\":\"chat.slow\",\"k\":\"12345678\",\"d\":{\"s\":1}}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s\",\"ep\":\"x\"}}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s\",\"ep\":\"x\",\"o\":{\"ctl\":"
    "1}}}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s\",\"ep\":\"x\",\"o\":{\"ctl\":"
    "1,\"chat\":1,\"me\":1}}}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\\n\",\"show\":\"s\"}}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s/x\"}}",
};

static const char *const w9[] = {
    "{\"m\":\"heart\",\"d\":{\"n\":5,\"n\":5}}",
    "{\"m\":\"heart\",\"m\":\"heart\",\"d\":{\"n\":5}}", /* twice */
    "{\"m\":\"heart\",\"d\":{\"n\":1e400}}",
    "{\"m\":\"heart\",\"d\":{\"n\":5.0}}",
    "{\"m\":\"heart\",\"d\":{\"n\":5e0}}",
    "{\"m\":\"heart\",\"d\":{\"n\":\"5\"}}",
    "{\"id\":9007199254740992,\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"id\":9223372036854775808,\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"id\":1.0,\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"id\":-1,\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"id\":null,\"m\":\"heart\",\"d\":{\"n\":5}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"\\ud800\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"a\\u0000b\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"\xff\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":[[[[[[]]]]]]}}",
    "{\"m\":\"heart\",\"d\":{\"n\":NaN}}",
    "{\"m\":\"heart\",\"d\":{\"n\":01}}",
    "{\"m\":\"heart\",\"d\":{\"n\":5,}}",
    "{'m':'heart'}",
};

static const char *const c2[] = {
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\",\"role\":\"host\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\",\"mid\":\"1\"}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\",\"at\":1}}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\"},\"from\":{\"id\":\"me\"}"
    "}",
    "{\"id\":7,\"m\":\"chat.send\",\"k\":\"12345678\",\"d\":{\"t\":\"x\"},\"ch\":\"ctl\"}",
    "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"t\",\"show\":\"s\",\"name\":\"운영자\"}}",
    "{\"m\":\"heart\",\"d\":{\"n\":5,\"total\":1000000}}",
    "{\"id\":7,\"m\":\"pin\",\"d\":{\"product\":1}}",
    "{\"id\":7,\"m\":\"stock\",\"d\":{\"left\":1}}",
};

static void refuse_all(const char *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (read_text(texts[i]) != -EBADMSG)
            fail_msg("taken: %s", texts[i]);
}

static void test_refused(void **state)
{
    (void)state;
    refuse_all(refused, JT_COUNT(refused));
}

static void test_w9_json_torture(void **state)
{
    char *deep = malloc(200001);

    (void)state;
    refuse_all(w9, JT_COUNT(w9));
    memset(deep, '[', 100000);
    assert_int_equal(room_message_read(deep, ROOM_MESSAGE_MAX_BYTES, &message), -EBADMSG);
    assert_int_equal(room_message_read(deep, 100000, &message), -EMSGSIZE);
    free(deep);
}

static void test_c2_forged_fields(void **state)
{
    (void)state;
    refuse_all(c2, JT_COUNT(c2));
    assert_int_equal(read_text(c2[0]), -EBADMSG);
    assert_true(message.id == 7); /* the answer can name it */
}

static void test_w9_cut_anywhere_and_changed(void **state)
{
    static const char whole[] = "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"tk\",\"show\":"
                                "\"sh\",\"ep\":\"e1\",\"o\":{\"ctl\":3,\"chat\":4}}}";
    char changed[sizeof(whole)];

    (void)state;
    for (size_t cut = 0; cut < strlen(whole); cut++)
        assert_int_equal(room_message_read(whole, cut, &message), -EBADMSG);
    assert_int_equal(room_message_read(whole, strlen(whole), &message), 0);
    for (size_t i = 0; i < strlen(whole); i++)
        for (int c = 0; c < 256; c++) {
            memcpy(changed, whole, sizeof(whole));
            changed[i] = (char)c;
            (void)!room_message_read(changed, strlen(whole), &message); /* asan watches */
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_verb),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_w9_json_torture),
        cmocka_unit_test(test_c2_forged_fields),
        cmocka_unit_test(test_w9_cut_anywhere_and_changed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
