/* The session cookie. Texts from RFC 6265 §4.1 and §4.2, RFC 6265bis §4.1.3 (the prefix). */
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

#include "chat/access/cookie.h"

#define ID "AAECAwQFBgcICQoLDA0ODw"
#define OTHER "_-_-_-_-_-_-_-_-_-_-_w"

static void expect(int size, const char *text, const char *wanted)
{
    assert_string_equal(text, wanted);
    assert_int_equal(size, strlen(wanted));
}

static void test_a7_exact_text(void **state)
{
    char text[ACCESS_COOKIE_MAX_BYTES] = "";

    (void)state;
    expect(access_cookie_write(ACCESS_HTTPS, ID, 0, text), text,
           "__Host-jangteo=" ID "; Path=/; Secure; HttpOnly; SameSite=Lax");
    expect(access_cookie_write(ACCESS_HTTPS, ID, 2592000, text), text,
           "__Host-jangteo=" ID "; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=2592000");
    expect(access_cookie_write(ACCESS_HTTP_LOOPBACK, ID, 0, text), text,
           "jangteo_dev=" ID "; Path=/; HttpOnly; SameSite=Lax");
    expect(access_cookie_clear(ACCESS_HTTPS, text), text,
           "__Host-jangteo=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0");
    expect(access_cookie_clear(ACCESS_HTTP_LOOPBACK, text), text,
           "jangteo_dev=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0");
    assert_true(access_cookie_write(ACCESS_HTTPS, ID, INT64_MAX, text) < ACCESS_COOKIE_MAX_BYTES);
    assert_int_equal(access_cookie_write(ACCESS_HTTPS, ID, -1, text), -EINVAL);
    assert_int_equal(access_cookie_write(ACCESS_HTTPS, ID "; Domain=a", 0, text), -EINVAL);
    assert_int_equal(access_cookie_write(ACCESS_HTTPS, "a\r\nb", 0, text), -EINVAL);
    assert_int_equal(access_cookie_write(ACCESS_HTTPS, "", 0, text), -EINVAL);
}

static int look(enum access_transport transport, const char *header, size_t size, const char *id)
{
    char out[ACCESS_SECRET_CHARACTERS + 1] = "untouched", *copy = malloc(size ? size : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, header, size);
    err = access_cookie_read(transport, copy, size, out);
    assert_string_equal(out, err ? "untouched" : id);
    free(copy);
    return err;
}

static void test_a7_read(void **state)
{
    static const struct {
        const char *header;
        int err;
    } cases[] = {
        {"__Host-jangteo=" ID, 0},
        {"SID=31d4d96e407aad42; __Host-jangteo=" ID "; lang=en-US", 0}, /* RFC 6265 §3.1's */
        {"a=b;__Host-jangteo=" ID ";c=d", 0},
        {"  __Host-jangteo=" ID "  ", 0},
        {"; ;;__Host-jangteo=" ID ";", 0},
        {"a=\xea\xb0\x80; __Host-jangteo=" ID, 0}, /* a neighbour's, whatever is in it */
        {"a=__Host-jangteo=" OTHER "; __Host-jangteo=" ID, 0},
        {"X__Host-jangteo=" OTHER "; __Host-jangteo=" ID, 0},
        {"__Host-jangteo2=" OTHER "; __Host-jangteo=" ID, 0},
        {"__Host-jangteo", -ENOENT},
        {"", -ENOENT},
        {"; ; ", -ENOENT},
        {"a=b", -ENOENT},
        {"jangteo_dev=" ID, -ENOENT}, /* the development name is no way in */
        {"jangteo=" ID, -ENOENT},
        {"__host-jangteo=" ID, -ENOENT},
        {"__Host-jangteo =" ID, -ENOENT},
        {"a=\"; __Host-jangteo=" ID "\"", -EBADMSG},
        {"__Host-jangteo=" ID "; __Host-jangteo=" ID, -EBADMSG},
        {"__Host-jangteo=" ID "; __Host-jangteo=" OTHER, -EBADMSG},
        {"__Host-jangteo=; __Host-jangteo=" ID, -EBADMSG},
        {"__Host-jangteo=", -EBADMSG},
        {"__Host-jangteo=\"" ID "\"", -EBADMSG},
        {"__Host-jangteo= " ID, -EBADMSG},
        {"__Host-jangteo=" ID ", a=b", -EBADMSG},
        {"__Host-jangteo=" ID "A", -EBADMSG},
        {"__Host-jangteo=" ID "\r\n", -EBADMSG},
        {"a=b\t; __Host-jangteo=" ID, -EBADMSG},
        {"a=\x7f; __Host-jangteo=" ID, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++)
        if (look(ACCESS_HTTPS, cases[i].header, strlen(cases[i].header), ID) != cases[i].err)
            fail_msg("not %d: %s", cases[i].err, cases[i].header);
    assert_int_equal(look(ACCESS_HTTPS, "__Host-jangteo=" ID "\0", 38, ID), -EBADMSG);
}

static void test_a7_loopback_takes_its_own_name_only(void **state)
{
    (void)state;
    assert_int_equal(look(ACCESS_HTTP_LOOPBACK, "jangteo_dev=" ID, 34, ID), 0);
    assert_int_equal(look(ACCESS_HTTP_LOOPBACK, "__Host-jangteo=" ID, 37, ID), -ENOENT);
}

static void test_a7_cut_anywhere(void **state)
{
    static const char header[] = "a=b; __Host-jangteo=" ID;

    (void)state;
    for (size_t size = 0; size < sizeof(header) - 1; size++)
        assert_true(look(ACCESS_HTTPS, header, size, ID) < 0);
    assert_int_equal(look(ACCESS_HTTPS, header, sizeof(header) - 1, ID), 0);
}

static void test_a7_too_much(void **state)
{
    const size_t size = ACCESS_COOKIE_HEADER_MAX_BYTES + 1;
    char *header = malloc(size + 1);

    (void)state;
    assert_non_null(header);
    memset(header, ';', size);
    header[size] = '\0';
    memcpy(header, "__Host-jangteo=" ID, 37);
    assert_int_equal(look(ACCESS_HTTPS, header, size - 1, ID), 0);
    assert_int_equal(look(ACCESS_HTTPS, header, size, ID), -EBADMSG);
    free(header);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a7_exact_text),
        cmocka_unit_test(test_a7_read),
        cmocka_unit_test(test_a7_loopback_takes_its_own_name_only),
        cmocka_unit_test(test_a7_cut_anywhere),
        cmocka_unit_test(test_a7_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
