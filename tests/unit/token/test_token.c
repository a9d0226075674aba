/* Tokens: expected bytes by an independent HMAC (Node.js crypto), tricks from RFC 8725 §2 and §3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "base/base.h"
#include "base/writer.h"
#include "keys.h"
#include "token/base64url.h"
#include "token/mac.h"
#include "token/token.h"

/* Key 7 of keys.h; purpose 2, issued 1700000000000, expires 60 s later, nonce a0 to af, "relay", "show:abcde01234". */
static const char sample[] =
    "jt1.AAAABwIAAAGLz-VoAAAAAYvP5lJgoKGio6SlpqeoqaqrrK2urwVyZWxheQAPc2hvdzphYmNkZTAxMjM0"
    ".5m8Jk52M78fENXiP2o-7gLDwN20JV_Fv7K2zQ6iCuU4";
static const int64_t issued = 1700000000000, expires = 1700000060000;

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

static int verify(const char *text, size_t size, int64_t now_ms)
{
    static struct jt_token token;
    static const struct jt_token untouched;
    /* Memory of just that size: the sanitizer sees a read past the end. */
    char *copy = malloc(size ? size : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, text, size);
    memset(&token, 0, sizeof(token));
    err = jt_token_verify(keyring, copy, size, JT_TOKEN_PLAY, "relay", now_ms, &token);
    if (err)
        assert_memory_equal(&token, &untouched, sizeof(token));
    free(copy);
    return err;
}

static void test_known_token(void **state)
{
    struct jt_token token;

    (void)state;
    assert_int_equal(
        jt_token_verify(keyring, sample, strlen(sample), JT_TOKEN_PLAY, "relay", issued, &token),
        0);
    assert_int_equal(token.key_id, KEYS_TOKEN_ID);
    assert_int_equal(token.purpose, JT_TOKEN_PLAY);
    assert_true(token.issued_ms == issued && token.expires_ms == expires);
    assert_memory_equal(token.nonce,
                        "\xa0\xa1\xa2\xa3\xa4\xa5\xa6\xa7\xa8\xa9\xaa\xab\xac\xad\xae\xaf", 16);
    assert_string_equal(token.audience, "relay");
    assert_string_equal(token.subject, "show:abcde01234");
}

static void test_make_and_verify(void **state)
{
    char text[JT_TOKEN_MAX_BYTES], other[JT_TOKEN_MAX_BYTES];
    struct jt_token token;

    (void)state;
    for (int p = JT_TOKEN_TICKET; p < JT_TOKEN_PURPOSES_END; p++) {
        enum jt_token_purpose purpose = (enum jt_token_purpose)p;
        int64_t life_ms = jt_token_purpose_life_ms(purpose);
        int size =
            jt_token_make(keyring, purpose, "chat", "who:1", issued, life_ms, text, sizeof(text));

        assert_int_equal(size, strlen(text));
        assert_int_equal(
            jt_token_verify(keyring, text, (size_t)size, purpose, "chat", issued, &token), 0);
        assert_string_equal(token.subject, "who:1");
        assert_true(token.expires_ms == issued + life_ms);
        assert_int_equal(
            jt_token_make(keyring, purpose, "chat", "who:1", issued, life_ms, other, sizeof(other)),
            size);
        assert_string_not_equal(text, other); /* a nonce of its own */
        assert_int_equal(jt_token_make(keyring, purpose, "chat", "who:1", issued, life_ms + 1, text,
                                       sizeof(text)),
                         -EINVAL);
    }
}

static void test_make_refuses(void **state)
{
    char text[JT_TOKEN_MAX_BYTES], longest[JT_TOKEN_SUBJECT_MAX_BYTES + 2];
    int size;

    (void)state;
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
#define MAKE(audience, subject, at, life, capacity)                                                \
    jt_token_make(keyring, JT_TOKEN_PLAY, audience, subject, at, life, text, capacity)
    assert_int_equal(MAKE("", "s", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a b", "s", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "s\n", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "\xea\xb9\x80", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", longest, issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE(longest, "s", issued, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "s", issued, 0, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "s", issued, -1, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "s", -1, 1000, sizeof(text)), -EINVAL);
    assert_int_equal(MAKE("a", "s", INT64_MAX - 1, 1000, sizeof(text)), -EINVAL);
    longest[JT_TOKEN_SUBJECT_MAX_BYTES] = '\0';
    size = MAKE("a", longest, issued, 1000, sizeof(text));
    assert_true(size > JT_TOKEN_SUBJECT_MAX_BYTES && size < JT_TOKEN_MAX_BYTES);
    assert_int_equal(MAKE("a", longest, issued, 1000, (size_t)size), -EMSGSIZE);
    assert_int_equal(MAKE("a", longest, issued, 1000, (size_t)size + 1), size);
#undef MAKE
}

static void test_a1_each_bit_flipped(void **state)
{
    char text[sizeof(sample)];

    (void)state;
    for (size_t bit = 0; bit < (sizeof(sample) - 1) * 8; bit++) {
        memcpy(text, sample, sizeof(text));
        text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
        assert_true(verify(text, sizeof(sample) - 1, issued) < 0);
    }
}

static void test_a1_cut_anywhere(void **state)
{
    (void)state;
    assert_int_equal(verify(sample, sizeof(sample) - 1, issued), 0);
    for (size_t size = 0; size < sizeof(sample) - 1; size++)
        assert_true(verify(sample, size, issued) < 0);
    for (size_t start = 1; start < sizeof(sample); start++)
        assert_true(verify(sample + start, sizeof(sample) - 1 - start, issued) < 0);
}

static void test_a1_foreign_tokens(void **state)
{
    /* RFC 7519 §6.1 and §3.1, RFC 7515 appendix A.1; the others in their manner. {"alg":"none"} and the like in base64url. */
    static const char *const tokens[] = {
        "",
        ".",
        "..",
        "jt1.",
        "jt1..",
        "eyJhbGciOiJub25lIn0.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
        "LmNvbS9pc19yb290Ijp0cnVlfQ.",
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog"
        "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_"
        "wW1gFWFOEjXk",
        /* {"alg":"HS256","kid":"../../dev/null"}, {"alg":"HS256","kid":"' OR 1=1"}, {"alg":"RS256","jku":"https://a"} */
        "eyJhbGciOiJIUzI1NiIsImtpZCI6Ii4uLy4uL2Rldi9udWxsIn0.e30."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
        "AAAAAAA",
        "eyJhbGciOiJIUzI1NiIsImtpZCI6IicgT1IgMT0xIn0.e30."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "eyJhbGciOiJSUzI1NiIsImprdSI6Imh0dHBzOi8vYSJ9.e30."
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "JT1.AAAABwIAAAGLz-VoAAAAAYvP5lJgoKGio6SlpqeoqaqrrK2urwVyZWxheQAPc2hvdzphYmNkZTAxMjM0"
        ".5m8Jk52M78fENXiP2o-7gLDwN20JV_Fv7K2zQ6iCuU4",
        "jt2.AAAABwIAAAGLz-VoAAAAAYvP5lJgoKGio6SlpqeoqaqrrK2urwVyZWxheQAPc2hvdzphYmNkZTAxMjM0"
        ".5m8Jk52M78fENXiP2o-7gLDwN20JV_Fv7K2zQ6iCuU4",
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(tokens); i++)
        assert_int_equal(verify(tokens[i], strlen(tokens[i]), issued), -EBADMSG);
}

static void test_a1_spellings_of_a_good_one(void **state)
{
    static const char *const tails[] = {"=", ".", "\n", " ", ".x", "A", "AAAA", "%00"};
    char text[sizeof(sample) * 2 + 8];
    int size;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(tails); i++) {
        size = snprintf(text, sizeof(text), "%s%s", sample, tails[i]);
        assert_true(verify(text, (size_t)size, issued) < 0);
        size = snprintf(text, sizeof(text), "%s%s", tails[i], sample);
        assert_true(verify(text, (size_t)size, issued) < 0);
    }
    assert_true(verify(sample, sizeof(sample), issued) < 0);      /* its NUL with it */
    size = snprintf(text, sizeof(text), "%s,%s", sample, sample); /* two header fields joined */
    assert_true(verify(text, (size_t)size, issued) < 0);
    size = snprintf(text, sizeof(text), "%.*s", (int)(sizeof(sample) - 1 - 43), sample);
    assert_int_equal(verify(text, (size_t)size, issued), -EBADMSG); /* an empty signature */
    memset(text + size, 'A', 43);
    assert_int_equal(verify(text, (size_t)size + 43, issued), -EKEYREJECTED);
}

static void test_a1_one_megabyte(void **state)
{
    const size_t size = 1 << 20;
    char *text = malloc(size);

    (void)state;
    assert_non_null(text);
    memset(text, 'A', size);
    memcpy(text, sample, 4);
    text[size - 44] = '.';
    assert_int_equal(verify(text, size, issued), -EBADMSG);
    assert_int_equal(verify(text, JT_TOKEN_MAX_BYTES, issued), -EBADMSG);
    free(text);
}

/* Claims as an insider would write them, signed with a key of the file that begins with byte `first_byte`. */
struct claims {
    uint32_t key_id;
    uint8_t purpose, first_byte;
    uint64_t issued_ms, expires_ms;
    const char *audience, *subject, *tail;
};

static const struct claims honest = {KEYS_TOKEN_ID, JT_TOKEN_PLAY, 0,        1700000000000,
                                     1700000060000, "relay",       "show:1", ""};

static int verify_forged(struct claims c, int64_t now_ms)
{
    uint8_t bytes[4096], key[JT_KEY_BYTES], mac[JT_MAC_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));
    char text[8192] = "jt1.";
    size_t size;

    jt_write_be32(&w, c.key_id);
    jt_write_u8(&w, c.purpose);
    jt_write_be64(&w, c.issued_ms);
    jt_write_be64(&w, c.expires_ms);
    jt_write_zeros(&w, 16);
    jt_write_u8(&w, (uint8_t)strlen(c.audience));
    jt_write_bytes(&w, c.audience, strlen(c.audience));
    jt_write_be16(&w, (uint16_t)strlen(c.subject));
    jt_write_bytes(&w, c.subject, strlen(c.subject));
    jt_write_bytes(&w, c.tail, strlen(c.tail));
    jt_base64url_write(bytes, w.size, text + 4);
    size = strlen(text);
    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)(c.first_byte + i);
    assert_int_equal(jt_mac(key, sizeof(key), &(struct jt_mac_piece){text, size}, 1, mac), 0);
    text[size++] = '.';
    jt_base64url_write(mac, sizeof(mac), text + size);
    return verify(text, size + 43, now_ms);
}

static void test_a1_well_signed_nonsense(void **state)
{
    struct claims c = honest;
    char longer[JT_TOKEN_SUBJECT_MAX_BYTES + 2];

    (void)state;
    assert_int_equal(verify_forged(honest, issued), 0);
    c.tail = "x"; /* claims twice, or more of them */
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.key_id = 0; /* "the newest" is for us to say */
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.key_id = 6;
    assert_int_equal(verify_forged(c, issued), -EKEYREJECTED);
    c = honest;
    c.purpose = 0;
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c.purpose = JT_TOKEN_PURPOSES_END;
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.audience = "";
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.subject = "two words";
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    memset(longer, 'x', sizeof(longer) - 1);
    longer[sizeof(longer) - 1] = '\0';
    c.subject = longer;
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c.subject = longer + 1;
    assert_int_equal(verify_forged(c, issued), 0);
    c = honest;
    c.audience = longer + sizeof(longer) - 2 - JT_TOKEN_AUDIENCE_MAX_BYTES; /* one too long */
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
}

static void test_a1_keys_of_other_families(void **state)
{
    static const struct {
        uint8_t first_byte;
        uint32_t id;
    } families[] = {{0x20, 8}, {0x40, 9}, {0x60, 1}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(families); i++) {
        struct claims c = honest;

        c.first_byte = families[i].first_byte;
        assert_int_equal(verify_forged(c, issued), -EKEYREJECTED);
        c.key_id = families[i].id;
        assert_int_equal(verify_forged(c, issued), -EKEYREJECTED);
    }
}

static void test_a2_expiry_and_leeway(void **state)
{
    const size_t size = sizeof(sample) - 1;

    (void)state;
    assert_int_equal(verify(sample, size, issued - JT_TOKEN_LEEWAY_MS - 1), -EKEYEXPIRED);
    assert_int_equal(verify(sample, size, issued - JT_TOKEN_LEEWAY_MS), 0);
    assert_int_equal(verify(sample, size, expires), 0);
    assert_int_equal(verify(sample, size, expires + JT_TOKEN_LEEWAY_MS - 1), 0);
    assert_int_equal(verify(sample, size, expires + JT_TOKEN_LEEWAY_MS), -EKEYEXPIRED);
    assert_int_equal(verify(sample, size, INT64_MAX), -EKEYEXPIRED);
    assert_int_equal(verify(sample, size, 0), -EKEYEXPIRED);
    assert_int_equal(verify(sample, size, -1), -EKEYEXPIRED);
    assert_int_equal(verify(sample, size, INT64_MIN), -EKEYEXPIRED);
}

static void test_a2_life_longer_than_the_purpose_has(void **state)
{
    struct claims c = honest;

    (void)state;
    c.expires_ms = c.issued_ms + 10ULL * 365 * 24 * 60 * 60 * 1000;
    assert_int_equal(verify_forged(c, issued), -EKEYEXPIRED);
    c.expires_ms = c.issued_ms + 12ULL * 60 * 60 * 1000;
    assert_int_equal(verify_forged(c, issued), 0);
    c.expires_ms++;
    assert_int_equal(verify_forged(c, issued), -EKEYEXPIRED);
    c.expires_ms = c.issued_ms;
    assert_int_equal(verify_forged(c, issued), -EKEYEXPIRED);
    c.expires_ms = 0;
    assert_int_equal(verify_forged(c, issued), -EKEYEXPIRED);
    c.expires_ms = UINT64_MAX;
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.issued_ms = 1ULL << 63;
    assert_int_equal(verify_forged(c, issued), -EBADMSG);
    c = honest;
    c.issued_ms = 0;
    c.expires_ms = INT64_MAX;
    assert_int_equal(verify_forged(c, issued), -EKEYEXPIRED);
}

static void test_a2_other_audience_or_purpose(void **state)
{
    static const char *const audiences[] = {"chat", "relay2", "rela", "Relay", ""};
    struct jt_token token;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(audiences); i++)
        assert_int_equal(jt_token_verify(keyring, sample, sizeof(sample) - 1, JT_TOKEN_PLAY,
                                         audiences[i], issued, &token),
                         -EACCES);
    for (int p = 0; p <= JT_TOKEN_PURPOSES_END; p++)
        if (p != JT_TOKEN_PLAY)
            assert_int_equal(jt_token_verify(keyring, sample, sizeof(sample) - 1,
                                             (enum jt_token_purpose)p, "relay", issued, &token),
                             -EACCES);
}

static void test_a3_tokens_over_a_rotation(void **state)
{
    struct keys_place place = keys_place_new();
    struct jt_keyring *maker = NULL, *reader = NULL;
    char before[JT_TOKEN_MAX_BYTES], after[JT_TOKEN_MAX_BYTES];
    struct jt_token token;
    const int64_t overlap_ms = 100 * 1000LL;

    (void)state;
    assert_int_equal(jt_keyring_open(place.path, true, issued, &maker), 0);
    assert_int_equal(jt_keyring_open(place.path, false, issued, &reader), 0);
#define MAKE(out)                                                                                  \
    jt_token_make(maker, JT_TOKEN_PLAY, "relay", "s", issued, 3600000, out, sizeof(out))
#define VERIFY(text, at)                                                                           \
    jt_token_verify(reader, text, strlen(text), JT_TOKEN_PLAY, "relay", at, &token)
    assert_true(MAKE(before) > 0);
    assert_int_equal(VERIFY(before, issued), 0);
    assert_int_equal(jt_keyring_rotate(maker, JT_KEYS_TOKEN, issued, overlap_ms), 0);
    assert_true(MAKE(after) > 0);
    assert_int_equal(VERIFY(after, issued), 0); /* at once, in the other process too */
    assert_int_equal(VERIFY(before, issued + overlap_ms - 1), 0);
    assert_int_equal(VERIFY(before, issued + overlap_ms), -EKEYREJECTED);
    assert_int_equal(VERIFY(after, issued + overlap_ms), 0);
    assert_int_equal(jt_keyring_rotate(maker, JT_KEYS_TOKEN, issued, 0), 0); /* a leak */
    assert_int_equal(VERIFY(after, issued + overlap_ms + JT_KEY_LOOK_EVERY_MS), -EKEYREJECTED);
#undef MAKE
#undef VERIFY
    jt_keyring_close(maker);
    jt_keyring_close(reader);
    keys_place_free(&place);
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(jt_token_purpose_name(JT_TOKEN_TICKET), "ticket");
    assert_string_equal(jt_token_purpose_name(JT_TOKEN_INVITE), "invite");
    assert_string_equal(jt_token_purpose_name((enum jt_token_purpose)0), "unknown");
    assert_string_equal(jt_token_purpose_name(JT_TOKEN_PURPOSES_END), "unknown");
    assert_true(jt_token_purpose_life_ms(JT_TOKEN_TICKET) == 60 * 1000LL); /* 60 s, once */
    assert_true(jt_token_purpose_life_ms(JT_TOKEN_PUBLISH) == 60 * 1000LL);
    assert_true(jt_token_purpose_life_ms(JT_TOKEN_PURPOSES_END) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known_token),
        cmocka_unit_test(test_make_and_verify),
        cmocka_unit_test(test_make_refuses),
        cmocka_unit_test(test_a1_each_bit_flipped),
        cmocka_unit_test(test_a1_cut_anywhere),
        cmocka_unit_test(test_a1_foreign_tokens),
        cmocka_unit_test(test_a1_spellings_of_a_good_one),
        cmocka_unit_test(test_a1_one_megabyte),
        cmocka_unit_test(test_a1_well_signed_nonsense),
        cmocka_unit_test(test_a1_keys_of_other_families),
        cmocka_unit_test(test_a2_expiry_and_leeway),
        cmocka_unit_test(test_a2_life_longer_than_the_purpose_has),
        cmocka_unit_test(test_a2_other_audience_or_purpose),
        cmocka_unit_test(test_a3_tokens_over_a_rotation),
        cmocka_unit_test(test_names),
    };

    return cmocka_run_group_tests(tests, open_keys, close_keys);
}
