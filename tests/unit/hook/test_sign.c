/* Signatures of hooks. Expected ones come from openssl:
 *   printf '%s' 'ID.TIMESTAMP.BODY' | openssl dgst -sha256 -mac HMAC -macopt hexkey:KEY -binary | base64 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include <errno.h>

#include "base/base.h"
#include "hook/sign.h"
#include "token/keyring.h"

/* KEY of the vectors: 01 02 … 20 (the manner of RFC 4231 §4.5), and ab ab … */
#define KEY_A "0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20"
#define KEY_B "abababababababababababababababababababababababababababababababab"
#define OTHER "00000000000000000000000000000000000000000000000000000000000000ff"

static struct jt_keyring *keyring_of(const char *hook_lines, int hooks)
{
    char path[] = "/tmp/jt-sign-XXXXXX";
    struct jt_keyring *keyring = NULL;
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    assert_non_null(file);
    (void)fprintf(file,
                  "jangteo-keys 1\ntoken 1 1 0 " OTHER "\n%sseal 1 1 0 " OTHER
                  "\nlookup 1 1 0 " OTHER "\nend %d\n",
                  hook_lines, hooks + 3);
    (void)fclose(file);
    assert_int_equal(jt_keyring_open(path, false, 1, &keyring), 0);
    (void)unlink(path);
    return keyring;
}

static struct jt_keyring *keyring_a(void)
{
    return keyring_of("hook 1 1 0 " KEY_A "\n", 1);
}

static int verify(struct jt_keyring *keyring, const struct jt_hook_claim *claim, const char *body,
                  int64_t now_s)
{
    int64_t sent_ms = -1;
    int err = jt_hook_verify(keyring, claim, body, strlen(body), now_s * 1000 + 999, &sent_ms);

    if (!err)
        assert_true(sent_ms >= 0 && sent_ms % 1000 == 0);
    return err;
}

static const struct jt_hook_claim textbook = {"msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330",
                                              "v1,frM35V2Z51bxs4v81I6TpLnscXkhXtKLP/7WPYVyj3A="};
static const char textbook_body[] = "{\"test\": 2432232314}";

static void test_a1_openssl_vectors(void **state)
{
    struct jt_keyring *keyring = keyring_a();
    const struct jt_hook_claim empty = {"a", "1700000000",
                                        "v1,Y5Zx8f17/X9jlnGW40d4csA3fuZZscovMVI7snEKh/E="},
                               raw = {"a", "1700000000",
                                      "v1,g3tlEkQESfyK4ZWtp3FtzMLTH4mXuWc11Pa01sfyjY8="};
    int64_t sent_ms;

    (void)state;
    assert_int_equal(verify(keyring, &textbook, textbook_body, 1614265330), 0);
    assert_int_equal(verify(keyring, &empty, "", 1700000000), 0);
    assert_int_equal(jt_hook_verify(keyring, &raw, "\0\xff{", 3, 1700000000000, &sent_ms), 0);
    assert_int_equal(sent_ms, 1700000000000);
    jt_keyring_close(keyring);
}

static void test_a2_the_window_is_300_s_each_way(void **state)
{
    struct jt_keyring *keyring = keyring_a();

    (void)state;
    assert_int_equal(verify(keyring, &textbook, textbook_body, 1614265330 + 300), 0);
    assert_int_equal(verify(keyring, &textbook, textbook_body, 1614265330 - 300), 0);
    assert_int_equal(verify(keyring, &textbook, textbook_body, 1614265330 + 301), -EKEYEXPIRED);
    assert_int_equal(verify(keyring, &textbook, textbook_body, 1614265330 - 301), -EKEYEXPIRED);
    jt_keyring_close(keyring);
}

/* Every byte of every part counts, and every cut of it. */
static void test_a1_any_other_byte_is_refused(void **state)
{
    struct jt_keyring *keyring = keyring_a();
    char parts[4][64];

    (void)state;
    for (int part = 0; part < 4; part++) {
        const char *const whole[] = {textbook.id, textbook.timestamp, textbook.signature,
                                     textbook_body};

        for (size_t at = 0; at < strlen(whole[part]); at++)
            for (int way = 0; way < 3; way++) {
                struct jt_hook_claim claim = {parts[0], parts[1], parts[2]};

                for (int i = 0; i < 4; i++)
                    (void)snprintf(parts[i], sizeof(parts[i]), "%s", whole[i]);
                if (way == 0)
                    parts[part][at] = '\0'; /* cut */
                else
                    parts[part][at] ^= way == 1 ? 0x01 : 0x20;
                assert_int_not_equal(verify(keyring, &claim, parts[3], 1614265330), 0);
            }
    }
    jt_keyring_close(keyring);
}

static void test_a1_what_is_no_claim(void **state)
{
    struct jt_keyring *keyring = keyring_a();
    char long_id[80];
    const char *const s = textbook.signature;
    const struct jt_hook_claim bad[] = {
        {NULL, "1", s},        {"a", NULL, s},
        {"a", "1", NULL},      {"", "1", s},
        {long_id, "1", s},     {"a.b", "1", s},
        {"a b", "1", s},       {"a", "", s},
        {"a", "-1", s},        {"a", "+1", s},
        {"a", "1e3", s},       {"a", " 1", s},
        {"a", "1.5", s},       {"a", "1234567890123", s},
        {"a", "1", ""},        {"a", "1", "v1,"},
        {"a", "1", "v1,AAAA"}, {"a", "1", "v1,frM35V2Z51bxs4v81I6TpLnscXkhXtKLP/7WPYVyj3A= "}};

    (void)state;
    memset(long_id, 'a', sizeof(long_id) - 1);
    long_id[JT_HOOK_ID_MAX_BYTES + 1] = '\0';
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        assert_int_equal(verify(keyring, &bad[i], textbook_body, 1614265330), -EBADMSG);
    jt_keyring_close(keyring);
}

/* printf a.1700000000.x with KEY_B, and with KEY_A. */
static const struct jt_hook_claim by_b = {"a", "1700000000",
                                          "v1,QY6jGz4xgNxb69K8MPjSCa08dPdVPbleRkof9M3hgyM="},
                                  by_a = {"a", "1700000000",
                                          "v1,bwgd3Jpl/27kkw5guoaZcyBpmqhGkA+UFTPNh+HXJNA="};

static void test_a3_the_key_before_is_taken_until_it_retires(void **state)
{
    struct jt_keyring *keyring =
        keyring_of("hook 1 1 1700000100000 " KEY_A "\nhook 2 1 0 " KEY_B "\n", 2);

    (void)state;
    assert_int_equal(verify(keyring, &by_b, "x", 1700000000), 0);
    assert_int_equal(verify(keyring, &by_a, "x", 1700000000), 0);
    assert_int_equal(verify(keyring, &by_a, "x", 1700000099), 0);
    assert_int_equal(verify(keyring, &by_a, "x", 1700000100), -EKEYREJECTED);
    assert_int_equal(verify(keyring, &by_b, "x", 1700000100), 0);
    jt_keyring_close(keyring);
}

static void test_a1_another_family_signs_nothing(void **state)
{
    struct jt_keyring *keyring = keyring_of("hook 1 1 0 " OTHER "\n", 1);

    (void)state;
    assert_int_equal(verify(keyring, &by_a, "x", 1700000000), -EKEYREJECTED);
    jt_keyring_close(keyring);
}

static void test_what_we_sign_is_taken_and_ids_differ(void **state)
{
    struct jt_keyring *keyring = keyring_a();
    struct jt_hook_stamp a, b;
    struct jt_hook_claim claim;

    (void)state;
    assert_int_equal(jt_hook_sign(keyring, "x", 1, 1700000000123, &a), 0);
    assert_int_equal(jt_hook_sign(keyring, "x", 1, 1700000000123, &b), 0);
    assert_string_equal(a.timestamp, "1700000000");
    assert_int_equal(strlen(a.id), 26);
    assert_string_not_equal(a.id, b.id);
    claim = (struct jt_hook_claim){a.id, a.timestamp, a.signature};
    assert_int_equal(verify(keyring, &claim, "x", 1700000000), 0);
    claim.id = b.id;
    assert_int_equal(verify(keyring, &claim, "x", 1700000000), -EKEYREJECTED);
    jt_keyring_close(keyring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a1_openssl_vectors),
        cmocka_unit_test(test_a2_the_window_is_300_s_each_way),
        cmocka_unit_test(test_a1_any_other_byte_is_refused),
        cmocka_unit_test(test_a1_what_is_no_claim),
        cmocka_unit_test(test_a3_the_key_before_is_taken_until_it_retires),
        cmocka_unit_test(test_a1_another_family_signs_nothing),
        cmocka_unit_test(test_what_we_sign_is_taken_and_ids_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
