/* http/head.h: heads from RFC 9112's own rules and from the smuggling literature; every cut gives
 * the same verdict. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "http/head.h"
#include "http/server.h"

#define H "Host: x\r\n"
#define END "\r\n"

struct sample {
    const char *head;
    const char *code; /* NULL: good */
    size_t size;      /* 0: strlen */
};

/* On a heap block of exactly that size: ASan sees one byte too far. */
static int check(const char *bytes, size_t size, struct jt_http_head *head)
{
    char *copy = malloc(size ? size : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    err = jt_http_head_check(copy, size, JT_HTTP_BODY_MAX_BYTES, head);
    free(copy);
    return err;
}

static void expect(const struct sample *sample)
{
    size_t size = sample->size ? sample->size : strlen(sample->head);
    struct jt_http_head head = {0};
    int err = check(sample->head, size, &head);

    if (!sample->code) {
        assert_int_equal(err, 0);
        assert_int_equal(head.size_bytes, size);
    } else if (err != -EBADMSG || strcmp(head.fault->code, sample->code) != 0) {
        fail_msg("%s: want %s, got %d %s", sample->head, sample->code, err,
                 err == -EBADMSG ? head.fault->code : "");
    }
    for (size_t cut = 0; cut < size; cut++) {
        struct jt_http_head part = {0};

        err = check(sample->head, cut, &part);
        if (err == -EBADMSG && (!sample->code || strcmp(part.fault->code, sample->code) != 0))
            fail_msg("%s cut at %zu: %s", sample->head, cut, part.fault->code);
        assert_int_not_equal(err, 0); /* never whole before its last byte */
    }
}

static void expect_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(&samples[i]);
}

static void test_good(void **state)
{
    const struct sample samples[] = {
        {"GET / HTTP/1.1\r\n" H END, NULL, 0},
        {"HEAD /a/b?x=%20y&z HTTP/1.0\r\n" H END, NULL, 0},
        {"GET /%E3%81%82 HTTP/1.1\r\nhOST:x\r\nX-Empty:\r\nX-Tab: a\tb \t\r\n" END, NULL, 0},
        {"DELETE /a HTTP/1.1\r\n" H END, NULL, 0},
        {"DELETE /a HTTP/1.1\r\n" H "Content-Length: 3\r\n" END, NULL, 0},
        {"POST /a HTTP/1.1\r\n" H "Content-Length:\t 65536 \r\n" END, NULL, 0},
        {"GET /ws HTTP/1.1\r\n" H "Upgrade: websocket\r\n" END, NULL, 0},
    };
    struct jt_http_head head;

    (void)state;
    expect_all(samples, JT_COUNT(samples));
    assert_int_equal(check(samples[5].head, strlen(samples[5].head), &head), 0);
    assert_int_equal(head.content_length, 65536);
    assert_int_equal(check(samples[6].head, strlen(samples[6].head), &head), 0);
    assert_true(head.is_websocket);
}

static void test_end_of_head_with_more_behind(void **state)
{
    static const char text[] = "POST /a HTTP/1.1\r\n" H "Content-Length: 3\r\n" END "abcGET ";
    struct jt_http_head head;

    (void)state;
    assert_int_equal(check(text, strlen(text), &head), 0);
    assert_int_equal(head.size_bytes, strlen(text) - 7);
}

static void test_h3_line_ends(void **state)
{
    const struct sample samples[] = {
        {"GET / HTTP/1.1\n" H END, "request_malformed", 0},
        {"GET / HTTP/1.1\r\nHost: x\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\nHost: x\r\n\n", "field_malformed", 0},
        {"GET / HTTP/1.1\r\nHost: x\rXX: y\r\n" END, "field_malformed", 0},
        {"\r\nGET / HTTP/1.1\r\n" H END, "request_malformed", 0},
        {"GET / HTTP/1.1\r\nHost: x\r\n folded\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\nHost: x\r\n\tfolded: y\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n Host: x\r\n" END, "field_malformed", 0},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_h3_message_length(void **state)
{
    const struct sample samples[] = {
        {"POST / HTTP/1.1\r\n" H "Content-Length: +5\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: -5\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 0x5\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5 5\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length:\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n" END,
         "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n" END,
         "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length : 5\r\n" END, "field_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 65537\r\n" END, "body_too_large", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 18446744073709551621\r\n" END, "body_too_large",
         0},
        {"POST / HTTP/1.1\r\n" H END, "length_required", 0},
        {"GET / HTTP/1.1\r\n" H "Content-Length: 1\r\n" END, "body_unexpected", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END, "length_required", 0},
        {"GET / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\n" END, "length_required", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n" END,
         "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n" END,
         "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: xchunked\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding:\r\n" END, "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n" END,
         "length_malformed", 0},
        {"POST / HTTP/1.1\r\n" H "Transfer\x0b-Encoding: chunked\r\n" END, "field_malformed", 0},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_h3_request_line(void **state)
{
    const struct sample samples[] = {
        {"GET /a#b HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%zz HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%2 HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%00b HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%0d%0aX-Forwarded-For:1.1.1.1 HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%7F HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a%2fb HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a\x80 HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET /a\\b HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET http://x/ HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"OPTIONS * HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"CONNECT x:80 HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET  / HTTP/1.1\r\n" H END, "target_malformed", 0},
        {"GET / HTTP/1.1 \r\n" H END, "request_malformed", 0},
        {"GET / http/1.1\r\n" H END, "request_malformed", 0},
        {"GET / HTTP/1.1x\r\n" H END, "request_malformed", 0},
        {"GET /\r\n" H END, "request_malformed", 0},
        {"GET / HTTP/2.0\r\n" H END, "version_unknown", 0},
        {"GET / HTTP/0.9\r\n" H END, "version_unknown", 0},
        {"get / HTTP/1.1\r\n" H END, "method_unknown", 0},
        {"TRACE / HTTP/1.1\r\n" H END, "method_unknown", 0},
        {"G\x01T / HTTP/1.1\r\n" H END, "request_malformed", 0},
        {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n", "request_malformed", 13},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_h2_fields(void **state)
{
    const struct sample samples[] = {
        {"GET / HTTP/1.1\r\n" H ": x\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "no colon\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "X y: z\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "XX: a\0b\r\n" END, "field_malformed",
         sizeof("GET / HTTP/1.1\r\n" H "XX: a\0b\r\n" END) - 1},
        {"GET / HTTP/1.1\r\n" H "XX: a\x7f\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "If: a\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "x-real: a\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "Delete: a\r\n" END, "field_malformed", 0},
        {"GET / HTTP/1.1\r\n" END, "host_malformed", 0},
        {"GET / HTTP/1.1\r\n" H H END, "host_malformed", 0},
        {"GET / HTTP/1.1\r\n" H "Upgrade: h2c\r\n" END, "upgrade_unknown", 0},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

/** "GET TARGET HTTP/1.1", Host, then `count` fields with values of `size` bytes. */
static char *big(size_t target, int count, size_t size)
{
    size_t capacity = target + 64 + (size_t)count * (size + 16);
    char *text = malloc(capacity), *next = text;

    assert_non_null(text);
    next += sprintf(next, "GET /");
    memset(next, 'a', target);
    next += target;
    next += sprintf(next, " HTTP/1.1\r\n" H);
    for (int i = 0; i < count; i++) {
        next += sprintf(next, "Xn%03d: ", i);
        memset(next, 'v', size);
        next += size;
        next += sprintf(next, "\r\n");
    }
    (void)sprintf(next, "\r\n");
    return text;
}

static void expect_big(size_t target, int count, size_t size, const char *code)
{
    char *text = big(target, count, size);
    struct jt_http_head head = {0};
    int err = check(text, strlen(text), &head);

    if (code) {
        assert_int_equal(err, -EBADMSG);
        assert_string_equal(head.fault->code, code);
    } else {
        assert_int_equal(err, 0);
    }
    free(text);
}

static void test_h2_header_bombs(void **state)
{
    (void)state;
    expect_big(8192 - 16, 0, 0, NULL); /* "GET /", " HTTP/1.1", CR LF: 16 bytes */
    expect_big(8192 - 15, 0, 0, "target_too_long");
    expect_big(1, 99, 10, NULL); /* and Host */
    expect_big(1, 100, 10, "fields_too_large");
    expect_big(1, 1, 16 * 1024 - 9 - 9 - 2, NULL);
    expect_big(1, 1, 16 * 1024, "fields_too_large");
    expect_big(1, 1, 65536, "fields_too_large");
}

static void test_h2_no_end(void **state)
{
    char *line = malloc(JT_HTTP_HEAD_MAX_BYTES + 1);
    struct jt_http_head head = {0};

    (void)state;
    assert_non_null(line);
    memset(line, 'a', JT_HTTP_HEAD_MAX_BYTES);
    assert_int_equal(check(line, 8192, &head), -EAGAIN);
    assert_int_equal(check(line, 8193, &head), -EBADMSG);
    assert_string_equal(head.fault->code, "target_too_long");
    memcpy(line, "GET / HTTP/1.1\r\n", 16);
    assert_int_equal(check(line, JT_HTTP_HEAD_MAX_BYTES, &head),
                     -EBADMSG); /* so the gate never waits in vain */
    assert_string_equal(head.fault->code, "fields_too_large");
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_end_of_head_with_more_behind),
        cmocka_unit_test(test_h3_line_ends),
        cmocka_unit_test(test_h3_message_length),
        cmocka_unit_test(test_h3_request_line),
        cmocka_unit_test(test_h2_fields),
        cmocka_unit_test(test_h2_header_bombs),
        cmocka_unit_test(test_h2_no_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
