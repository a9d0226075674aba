/* http/handshake.h: RFC 6455 §4, on heads that http/head.h has let through; http/place.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <time.h>

#include "http/handshake.h"
#include "http/head.h"
#include "http/place.h"
#include "http/server.h"

#define LINE "GET /ws HTTP/1.1\r\n"
#define HOST "Host: shop.example\r\n"
#define UPGRADE "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define END "\r\n"

struct sample {
    const char *head, *code; /* NULL: good */
};

/** The code of the fault, or NULL. */
static const char *read_head(const char *text, struct jt_http_handshake *out)
{
    struct jt_http_head head;
    const struct jt_http_fault *fault = NULL;
    size_t size = strlen(text);
    char *copy = malloc(size); /* ASan sees one byte too far */
    int err;

    assert_non_null(copy);
    memcpy(copy, text, size);
    err = jt_http_head_check(copy, size, 1024, &head);
    if (err) {
        assert_int_equal(err, -EBADMSG);
        free(copy);
        return head.fault->code;
    }
    assert_true(head.is_websocket);
    err = jt_http_handshake_read(copy, head.size_bytes, out, &fault);
    free(copy);
    if (!err)
        return NULL;
    assert_int_equal(err, -EBADMSG);
    return fault->code;
}

static void expect(const struct sample *sample)
{
    struct jt_http_handshake handshake = {0};
    const char *code = read_head(sample->head, &handshake);

    if ((code != NULL) != (sample->code != NULL) || (code && strcmp(code, sample->code) != 0))
        fail_msg("%s: want %s, got %s", sample->head, sample->code ? sample->code : "good",
                 code ? code : "good");
    if (!code)
        jt_http_handshake_free(&handshake);
}

/* RFC 6455 §1.3: its key gives its accept. */
static void test_example_of_the_rfc(void **state)
{
    static const char head[] = "GET /chat HTTP/1.1\r\n"
                               "Host: server.example.com\r\n"
                               "Upgrade: websocket\r\n"
                               "Connection: Upgrade\r\n"
                               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                               "Origin: http://example.com\r\n"
                               "Sec-WebSocket-Protocol: chat, superchat\r\n"
                               "Sec-WebSocket-Version: 13\r\n\r\n";
    struct jt_http_handshake handshake;

    (void)state;
    assert_null(read_head(head, &handshake));
    assert_string_equal(handshake.accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_string_equal(handshake.path, "/chat");
    assert_string_equal(handshake.query, "");
    assert_string_equal(handshake.host, "server.example.com");
    assert_string_equal(handshake.origin, "http://example.com");
    assert_null(handshake.forwarded_for);
    jt_http_handshake_free(&handshake);
}

static void test_fields_are_read(void **state)
{
    static const char head[] =
        "GET /a%20b/%EA%B0%80?x=%20y&z HTTP/1.1\r\n" HOST "uPGRADE:WebSocket\r\n"
        "connection: keep-alive\r\nConnection: foo ,\tupgrade\r\n" VERSION KEY
        "X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nX-Forwarded-Proto: https\r\n" END;
    struct jt_http_handshake handshake;

    (void)state;
    assert_null(read_head(head, &handshake));
    assert_string_equal(handshake.path, "/a b/\xea\xb0\x80");
    assert_string_equal(handshake.query, "x=%20y&z");
    assert_string_equal(handshake.forwarded_for, "1.2.3.4, 5.6.7.8");
    assert_string_equal(handshake.forwarded_proto, "https");
    assert_null(handshake.origin);
    jt_http_handshake_free(&handshake);
}

static void test_w5_handshake_games(void **state)
{
    static const struct sample samples[] = {
        {LINE HOST UPGRADE CONNECTION VERSION KEY END, NULL},
        {"POST /ws HTTP/1.1\r\n" HOST UPGRADE CONNECTION VERSION KEY "Content-Length: 0\r\n" END,
         "handshake_malformed"},
        {"HEAD /ws HTTP/1.1\r\n" HOST UPGRADE CONNECTION VERSION KEY END, "handshake_malformed"},
        {"GET /ws HTTP/1.0\r\n" HOST UPGRADE CONNECTION VERSION KEY END, "handshake_malformed"},
        {LINE UPGRADE CONNECTION VERSION KEY END, "host_malformed"},
        {LINE HOST HOST UPGRADE CONNECTION VERSION KEY END, "host_malformed"},
        {LINE HOST UPGRADE UPGRADE CONNECTION VERSION KEY END, "handshake_malformed"},
        {LINE HOST "Upgrade: h2c\r\n" CONNECTION VERSION KEY END, "upgrade_unknown"},
        {LINE HOST UPGRADE VERSION KEY END, "handshake_malformed"},
        {LINE HOST UPGRADE "Connection: close\r\n" VERSION KEY END, "handshake_malformed"},
        {LINE HOST UPGRADE "Connection: upgraded\r\n" VERSION KEY END, "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION KEY END, "websocket_version"},
        {LINE HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 8\r\n" END, "websocket_version"},
        {LINE HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 013\r\n" END,
         "websocket_version"},
        {LINE HOST UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 13, 8\r\n" END,
         "websocket_version"},
        {LINE HOST UPGRADE CONNECTION KEY VERSION VERSION END, "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION END, "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION KEY KEY END, "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key:\r\n" END, "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j\r\n" END,
         "handshake_malformed"}, /* 15 bytes */
        {LINE HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQo=\r\n" END,
         "handshake_malformed"}, /* 17 bytes */
        {LINE HOST UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j*Q==\r\n" END,
         "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==\r\n" END,
         "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION KEY "Origin: http://a\r\nOrigin: http://b\r\n" END,
         "handshake_malformed"},
        {LINE HOST UPGRADE CONNECTION VERSION KEY "Content-Length: 5\r\n" END "hello",
         "body_unexpected"},
        {LINE HOST UPGRADE CONNECTION VERSION KEY "Transfer-Encoding: chunked\r\n" END,
         "length_required"},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++)
        expect(&samples[i]);
}

static void test_w4_extensions_and_protocols_are_left_alone(void **state)
{
    static const struct sample samples[] = {
        {LINE HOST UPGRADE CONNECTION VERSION KEY
         "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=99\r\n"
         "Sec-WebSocket-Protocol: a, b\r\nSec-WebSocket-Protocol: c\r\n" END,
         NULL},
    };

    (void)state;
    expect(&samples[0]);
}

static int64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* CVE-2021-32640: lists as long as a head may hold; a square would take seconds. */
static void test_w5_long_lists(void **state)
{
    enum { LIST = 8000, ROUNDS = 200 };
    static const char before[] = LINE HOST UPGRADE VERSION KEY;
    static const char *const lists[] = {"Connection: ", "Sec-WebSocket-Protocol: "};
    char head[2 * LIST + 1024];
    int64_t began_us = cpu_us();

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct jt_http_handshake handshake;
        size_t size = strlen(strcpy(head, before));

        for (size_t i = 0; i < JT_COUNT(lists); i++) {
            size += (size_t)sprintf(head + size, "%s", lists[i]);
            memset(head + size, round % 2 ? ',' : ' ', LIST);
            memcpy(head + size, "x", 1);
            size += LIST;
            size += (size_t)sprintf(head + size, i == 0 ? ",upgrade\r\n" : "\r\n");
        }
        (void)strcpy(head + size, END);
        assert_null(read_head(head, &handshake));
        jt_http_handshake_free(&handshake);
    }
    assert_true(cpu_us() - began_us < 4000000); /* 10 ms measured, without sanitizers */
}

/* --- places --- */

static void test_places_are_counted(void **state)
{
    struct jt_http_places *places;
    struct jt_http_place *a[3], *b[3];

    (void)state;
    assert_int_equal(jt_http_places_new(4, 2, &places), 0);
    assert_int_equal(jt_http_place_take(places, "1.2.3.4", &a[0]), 0);
    assert_int_equal(jt_http_place_take(places, "1.2.3.4", &a[1]), 0);
    assert_int_equal(jt_http_place_take(places, "1.2.3.4", &a[2]), -EUSERS);
    assert_int_equal(jt_http_place_take(places, "::1", &b[0]), 0);
    assert_int_equal(jt_http_place_take(places, "::1", &b[1]), 0);
    assert_int_equal(jt_http_place_take(places, "unix", &b[2]), -EMFILE);
    jt_http_place_free(a[0]);
    assert_int_equal(jt_http_place_take(places, "1.2.3.4", &a[0]), 0);
    jt_http_places_free(places); /* before its places */
    jt_http_place_free(a[0]);
    jt_http_place_free(b[0]);
    jt_http_place_free(a[1]);
    jt_http_place_free(b[1]);
    jt_http_place_free(NULL);
    jt_http_places_free(NULL);
}

static void test_places_of_many_addresses(void **state)
{
    enum { MANY = 5000 };
    static struct jt_http_place *all[MANY];
    struct jt_http_places *places;

    (void)state;
    assert_int_equal(jt_http_places_new(MANY, -1, &places), 0);
    for (int i = 0; i < MANY; i++) {
        char peer[32];

        (void)snprintf(peer, sizeof(peer), "10.0.%d.%d", i / 200, i % 100); /* each twice */
        assert_int_equal(jt_http_place_take(places, peer, &all[i]), 0);
    }
    assert_int_equal(jt_http_place_take(places, "::1", &all[0]), -EMFILE);
    for (int i = 0; i < MANY; i++)
        jt_http_place_free(all[i]);
    jt_http_places_free(places);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_example_of_the_rfc),
        cmocka_unit_test(test_fields_are_read),
        cmocka_unit_test(test_w5_handshake_games),
        cmocka_unit_test(test_w4_extensions_and_protocols_are_left_alone),
        cmocka_unit_test(test_w5_long_lists),
        cmocka_unit_test(test_places_are_counted),
        cmocka_unit_test(test_places_of_many_addresses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
