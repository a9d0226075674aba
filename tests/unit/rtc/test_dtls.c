/* The DTLS server against OpenSSL's client over a wire that loses, reorders, repeats and forges. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/clock.h"
#include "rtc/dropped.h"
#include "rtc/dtls.h"

#include "dtls_peer.h"

/* Chromium's order: CM first. */
static const char CHROMIUM_SRTP[] =
    "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_256_GCM:SRTP_AEAD_AES_128_GCM";
static const struct peer_options CHROMIUM_LIKE = {.srtp = CHROMIUM_SRTP, .filler_bytes = 1216};
static const struct peer_options SMALL = {.srtp = CHROMIUM_SRTP};

enum { STEPS_MAX = 10000, WAIT_MAX_US = 20 * JT_USEC_PER_SEC };

static struct jt_dtls_identity *identity;

struct call {
    struct peer peer;
    struct jt_dtls *dtls;
    struct wire to_server, to_peer;
    enum jt_dtls_state state;
    size_t sent; /* datagrams of the server so far */
};

static void on_send(void *arg, const uint8_t *datagram, size_t size)
{
    struct call *call = arg;

    assert_true(size >= 13 && size <= 1200);
    assert_int_equal(size, 13 + (datagram[11] << 8 | datagram[12])); /* one record, whole */
    call->sent++;
    wire_push(&call->to_peer, datagram, size);
}

static const struct jt_dtls_ops ops = {.send = on_send};

static struct call *call_new(const struct peer_options *options)
{
    struct call *call = calloc(1, sizeof(*call));

    assert_non_null(call);
    peer_init(&call->peer, options);
    assert_int_equal(jt_dtls_new(identity, call->peer.fingerprint, &ops, call, &call->dtls), 0);
    assert_int_equal(jt_dtls_next_timeout_us(call->dtls), INT64_MAX);
    peer_step(&call->peer, &call->to_server);
    return call;
}

static void call_free(struct call *call)
{
    jt_dtls_free(call->dtls);
    peer_deinit(&call->peer);
    free(call);
}

static void to_server(struct call *call, const struct datagram *datagram)
{
    uint8_t *exact =
        malloc(datagram->size ? datagram->size : 1); /* so that ASan sees a read past the end */

    memcpy(exact, datagram->data, datagram->size);
    call->state = jt_dtls_receive(call->dtls, exact, datagram->size, jt_clock_mono_us());
    free(exact);
}

static bool step(struct call *call)
{
    struct datagram datagram;

    if (wire_pop(&call->to_server, &datagram)) {
        to_server(call, &datagram);
        return true;
    }
    if (wire_pop(&call->to_peer, &datagram)) {
        peer_receive(&call->peer, &datagram, &call->to_server);
        return true;
    }
    return false;
}

static void run(struct call *call)
{
    for (int i = 0; i < STEPS_MAX && step(call); i++)
        ;
}

static void assert_same_keys(struct call *call, enum jt_srtp_profile profile)
{
    size_t salt = profile == JT_SRTP_AEAD_AES_128_GCM ? 12 : 14;
    struct jt_srtp_keys ours, peers;
    uint8_t material[60];

    assert_int_equal(call->state, JT_DTLS_DONE);
    assert_true(call->peer.is_done);
    assert_int_equal(jt_dtls_keys(call->dtls, &ours, &peers), 0);
    assert_int_equal(ours.profile, profile);
    assert_int_equal(peers.profile, profile);
    assert_int_equal(SSL_get_selected_srtp_profile(call->peer.ssl)->id, profile);
    assert_int_equal(SSL_export_keying_material(call->peer.ssl, material, 32 + 2 * salt,
                                                "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
                     1);
    assert_memory_equal(peers.key, material, 16);
    assert_memory_equal(ours.key, material + 16, 16);
    assert_memory_equal(peers.salt, material + 32, salt);
    assert_memory_equal(ours.salt, material + 32 + salt, salt);
}

static void test_handshake_prefers_gcm(void **state)
{
    struct call *call = call_new(&SMALL);

    (void)state;
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    assert_string_equal(SSL_get_cipher_name(call->peer.ssl), "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_int_equal(SSL_get_negotiated_group(call->peer.ssl), NID_X25519);
    assert_int_equal(jt_dtls_next_timeout_us(call->dtls), INT64_MAX);
    assert_null(jt_dtls_failure(call->dtls));
    call_free(call);
}

static void test_d5_cm_only_client(void **state)
{
    struct peer_options options = {.srtp = "SRTP_AES128_CM_SHA1_80"};
    struct call *call = call_new(&options);

    (void)state;
    run(call);
    assert_same_keys(call, JT_SRTP_AES128_CM_SHA1_80);
    call_free(call);
}

static void test_identity_prints_its_fingerprint(void **state)
{
    struct call *call = call_new(&SMALL);
    X509 *certificate;
    uint8_t digest[32];
    char text[97];

    (void)state;
    run(call);
    certificate = SSL_get1_peer_certificate(call->peer.ssl);
    assert_int_equal(X509_digest(certificate, EVP_sha256(), digest, NULL), 1);
    for (size_t i = 0; i < 32; i++)
        (void)snprintf(text + 3 * i, 4, "%02X:", digest[i]);
    text[95] = 0;
    assert_string_equal(jt_dtls_identity_fingerprint(identity), text);
    assert_int_equal(X509_get_version(certificate), X509_VERSION_3);
    X509_free(certificate);
    call_free(call);
}

/* Browsers of today: a ClientHello of 1,413 bytes in two datagrams. */
static void test_hello_in_two_datagrams(void **state)
{
    struct call *call = call_new(&CHROMIUM_LIKE);

    (void)state;
    assert_int_equal(call->to_server.count, 2);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void test_hello_in_two_datagrams_reversed(void **state)
{
    struct call *call = call_new(&CHROMIUM_LIKE);
    struct datagram first, second;

    (void)state;
    assert_true(wire_pop(&call->to_server, &first) && wire_pop(&call->to_server, &second));
    to_server(call, &second);
    assert_int_equal(call->state, JT_DTLS_HANDSHAKE);
    assert_int_equal(call->sent, 0);
    to_server(call, &first);
    assert_true(call->sent > 0);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void hello_with_one_datagram_lost(bool is_second)
{
    struct peer_options options = CHROMIUM_LIKE;
    struct call *call;
    struct datagram first, second;

    options.retransmit_us = 30 * JT_USEC_PER_MSEC;
    call = call_new(&options);
    assert_true(wire_pop(&call->to_server, &first) && wire_pop(&call->to_server, &second));
    to_server(call, is_second ? &first : &second);
    assert_int_equal(call->sent, 0);
    peer_retransmit(&call->peer, &call->to_server);
    assert_int_equal(call->to_server.count, 2);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void test_hello_second_datagram_lost(void **state)
{
    (void)state;
    hello_with_one_datagram_lost(true);
}

static void test_hello_first_datagram_lost(void **state)
{
    (void)state;
    hello_with_one_datagram_lost(false);
}

/* Lose every datagram the server sends from its `from`-th on, until the client is quiet. */
static void run_losing_from(struct call *call, size_t from)
{
    struct datagram datagram;

    for (;;) {
        while (wire_pop(&call->to_server, &datagram))
            to_server(call, &datagram);
        if (call->to_peer.count == 0)
            return;
        while (wire_pop(&call->to_peer, &datagram))
            if (call->sent - call->to_peer.count <= from)
                peer_receive(&call->peer, &datagram, &call->to_server);
    }
}

/* Without reading DTLS on after "done", the browser stays in "connecting" for ever. */
static void final_flight_lost(bool is_shrunk)
{
    struct peer_options options = CHROMIUM_LIKE;
    struct call *call;

    options.retransmit_us = 30 * JT_USEC_PER_MSEC;
    call = call_new(&options);
    run_losing_from(
        call,
        5); /* ServerHello, Certificate, KeyExchange, CertificateRequest, Done; not CCS, Finished */
    assert_int_equal(call->sent, 7);
    assert_int_equal(call->state, JT_DTLS_DONE);
    assert_false(call->peer.is_done);
    if (is_shrunk)
        jt_dtls_shrink(call->dtls);
    peer_retransmit(&call->peer, &call->to_server);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void test_final_flight_lost(void **state)
{
    (void)state;
    final_flight_lost(false);
}

static void test_final_flight_lost_and_shrunk(void **state)
{
    (void)state;
    final_flight_lost(true);
}

static void test_shrunk_repeats_are_limited(void **state)
{
    struct peer_options options = SMALL;
    struct call *call;
    struct wire finished = {0};
    struct datagram datagram;
    int64_t now_us = jt_clock_mono_us();

    (void)state;
    call = call_new(&options);
    while (call->state != JT_DTLS_DONE && wire_pop(&call->to_server, &datagram)) {
        if (datagram.data[4] == 1) /* epoch 1: the Finished */
            wire_push(&finished, datagram.data, datagram.size);
        to_server(call, &datagram);
        while (call->state != JT_DTLS_DONE && wire_pop(&call->to_peer, &datagram))
            peer_receive(&call->peer, &datagram, &call->to_server);
    }
    assert_int_equal(finished.count, 1);
    jt_dtls_shrink(call->dtls);
    call->sent = 0;
    assert_true(wire_pop(&finished, &datagram));
    for (int i = 0; i < 1000; i++)
        assert_int_equal(jt_dtls_receive(call->dtls, datagram.data, datagram.size, now_us + i),
                         JT_DTLS_DONE);
    assert_int_equal(call->sent, 2);
    assert_int_equal(
        jt_dtls_receive(call->dtls, datagram.data, datagram.size, now_us + JT_USEC_PER_SEC),
        JT_DTLS_DONE);
    assert_int_equal(call->sent, 4);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

/* The server's own timer: its first flight is lost and the client stays quiet. */
static void test_server_repeats_its_flight(void **state)
{
    struct call *call = call_new(&SMALL);
    int64_t start_us = jt_clock_mono_us();
    struct datagram datagram;

    (void)state;
    assert_true(wire_pop(&call->to_server, &datagram));
    to_server(call, &datagram);
    assert_int_equal(call->sent, 5);
    while (wire_pop(&call->to_peer, &datagram))
        ;
    assert_true(jt_dtls_next_timeout_us(call->dtls) <= jt_clock_mono_us() + 100 * JT_USEC_PER_MSEC);
    while (call->sent == 5 && jt_clock_mono_us() - start_us < WAIT_MAX_US) {
        int64_t left_us = jt_dtls_next_timeout_us(call->dtls) - jt_clock_mono_us();

        (void)poll(NULL, 0, left_us > 0 ? (int)(left_us / 1000) + 1 : 0);
        call->state = jt_dtls_poll(call->dtls, jt_clock_mono_us());
    }
    assert_true(jt_clock_mono_us() - start_us >=
                80 * JT_USEC_PER_MSEC); /* OpenSSL rounds 15 ms down */
    assert_true(call->sent >= 10);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void assert_failed(struct call *call, const char *reason)
{
    struct jt_srtp_keys ours, peers;

    assert_int_equal(call->state, JT_DTLS_FAILED);
    assert_string_equal(jt_dtls_failure(call->dtls), reason);
    assert_int_equal(jt_dtls_keys(call->dtls, &ours, &peers), -ENOTCONN);
    assert_false(call->peer.is_done);
    assert_int_equal(jt_dtls_next_timeout_us(call->dtls), INT64_MAX);
}

static void test_d2_wrong_fingerprint(void **state)
{
    (void)state;
    for (size_t byte = 0; byte < 32; byte += 31) {
        struct call *call = call_new(&SMALL);
        uint8_t wrong[32];

        memcpy(wrong, call->peer.fingerprint, sizeof(wrong));
        wrong[byte] ^= 1;
        jt_dtls_free(call->dtls);
        assert_int_equal(jt_dtls_new(identity, wrong, &ops, call, &call->dtls), 0);
        run(call);
        assert_failed(call, "fingerprint");
        assert_true(call->peer.is_failed); /* it was told */
        call_free(call);
    }
}

static void test_d2_no_certificate(void **state)
{
    struct peer_options options = {.srtp = CHROMIUM_SRTP, .has_no_certificate = true};
    struct call *call = call_new(&options);

    (void)state;
    run(call);
    assert_failed(call, "no_certificate");
    call_free(call);
}

static void test_d2_no_resumption(void **state)
{
    struct call *call = call_new(&SMALL);
    struct peer_options options = {.srtp = CHROMIUM_SRTP};
    SSL_SESSION *session;

    (void)state;
    run(call);
    session = SSL_get1_session(call->peer.ssl);
    call_free(call);
    options.resume = session;
    call = call_new(&options);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    assert_int_equal(SSL_session_reused(call->peer.ssl), 0);
    SSL_SESSION_free(session);
    call_free(call);
}

static void test_d5_weak_offers(void **state)
{
    static const struct {
        struct peer_options options;
        const char *reason;
    } cases[] = {
        {{.srtp = CHROMIUM_SRTP, .version = DTLS1_VERSION}, "version"},
        {{.srtp = NULL}, "no_srtp_profile"},
        {{.srtp = "SRTP_AES128_CM_SHA1_32"}, "no_srtp_profile"},
        {{.srtp = "SRTP_AEAD_AES_256_GCM"}, "no_srtp_profile"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "AES128-GCM-SHA256"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "DHE-RSA-AES128-GCM-SHA256"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "ECDHE-RSA-AES128-GCM-SHA256"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "ECDHE-ECDSA-AES128-SHA256"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "ECDHE-ECDSA-AES128-SHA"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "eNULL:@SECLEVEL=0"}, "no_shared_cipher"},
        {{.srtp = CHROMIUM_SRTP, .ciphers = "aNULL:@SECLEVEL=0"}, "no_shared_cipher"},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct call *call = call_new(&cases[i].options);

        run(call);
        assert_failed(call, cases[i].reason);
        assert_true(call->peer.is_failed);
        call_free(call);
    }
}

/* A clear handshake record cut into fragments of `piece` bytes, each in its own record, last first.
 */
static void push_fragments(struct wire *wire, const struct datagram *whole, size_t piece,
                           uint32_t *sequence)
{
    const uint8_t *message = whole->data + 13;
    size_t offset0 = (size_t)message[6] << 16 | (size_t)message[7] << 8 | message[8];
    size_t size = whole->size - 13 - 12;

    for (size_t end = size; end > 0;) {
        size_t n = JT_MIN(piece, end);
        size_t offset = offset0 + end - n;
        uint8_t record[PEER_DATAGRAM_MAX];

        memcpy(record, whole->data, 13 + 12);
        (*sequence)++;
        record[9] = (uint8_t)(*sequence >> 8);
        record[10] = (uint8_t)*sequence;
        record[11] = (uint8_t)((12 + n) >> 8);
        record[12] = (uint8_t)(12 + n);
        record[19] = (uint8_t)(offset >> 16);
        record[20] = (uint8_t)(offset >> 8);
        record[21] = (uint8_t)offset;
        record[22] = (uint8_t)(n >> 16);
        record[23] = (uint8_t)(n >> 8);
        record[24] = (uint8_t)n;
        memcpy(record + 25, message + 12 + end - n, n);
        wire_push(wire, record, 25 + n);
        end -= n;
    }
}

/* ChangeCipherSpec must not fall behind the replay window; Finished counts in its own epoch. */
static void push_renumbered(struct wire *wire, const struct datagram *datagram, uint32_t *sequence)
{
    struct datagram copy = *datagram;

    if (copy.data[4] == 0) {
        (*sequence)++;
        copy.data[9] = (uint8_t)(*sequence >> 8);
        copy.data[10] = (uint8_t)*sequence;
    }
    wire_push(wire, copy.data, copy.size);
}

static bool is_clear_handshake(const struct datagram *datagram)
{
    return datagram->data[0] == 22 && datagram->data[4] == 0;
}

static void test_d3_one_byte_fragments_in_reverse(void **state)
{
    struct call *call = call_new(&SMALL);
    struct wire *pieces = calloc(1, sizeof(*pieces));
    struct datagram datagram;
    uint32_t sequence = 1000;

    (void)state;
    for (int i = 0; i < STEPS_MAX && !(call->peer.is_done && call->state == JT_DTLS_DONE); i++) {
        while (wire_pop(&call->to_server, &datagram)) {
            if (is_clear_handshake(&datagram))
                push_fragments(pieces, &datagram, 1, &sequence);
            else
                push_renumbered(pieces, &datagram, &sequence);
        }
        while (wire_pop(pieces, &datagram))
            to_server(call, &datagram);
        while (wire_pop(&call->to_peer, &datagram))
            peer_receive(&call->peer, &datagram, &call->to_server);
    }
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    free(pieces);
    call_free(call);
}

/* Forgeries as an off-path stranger could send them, given the real datagram that comes next. */
static void send_forgeries(struct call *call, const struct datagram *next)
{
    static const struct datagram garbage[] = {
        {.size = 1, .data = {22}},
        {.size = 13, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 0}},
        {.size = 14, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 1, 1}},
        {.size = 15, .data = {20, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, 1, 1}},
        {.size = 14, .data = {23, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 1, 1}},
        {.size = 15, .data = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, 2, 40}},
        {.size = 15, .data = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, 1, 0}},
        /* declared 16,385 and 16 MiB - 1; a server's message; fragment past its message; offset
         * past it */
        {.size = 26, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 13,
                              11, 0,    0x40, 1, 0, 1, 0, 0, 0, 0, 0, 1, 7}},
        {.size = 26, .data = {22, 0xfe, 0xfd, 0,    0, 0, 0, 0, 0, 9, 9, 0, 13,
                              11, 0xff, 0xff, 0xff, 0, 1, 0, 0, 0, 0, 0, 1, 7}},
        {.size = 25, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 12,
                              14, 0,    0,    0, 0, 1, 0, 0, 0, 0, 0, 0}},
        {.size = 27, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 14, 11,
                              0,  0,    1,    0, 1, 0, 0, 0, 0, 0, 2, 7, 7}},
        {.size = 26, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 13,
                              11, 0,    0,    1, 0, 1, 0, 0, 2, 0, 0, 1, 7}},
        /* message number 8; undersized sealed record; epochs 2 and 65,535 */
        {.size = 26, .data = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 13,
                              11, 0,    0,    1, 0, 8, 0, 0, 0, 0, 0, 1, 7}},
        {.size = 36, .data = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 9, 9, 0, 23}},
        {.size = 63, .data = {22, 0xfe, 0xfd, 0, 2, 0, 0, 0, 0, 9, 9, 0, 50}},
        {.size = 63, .data = {22, 0xfe, 0xfd, 0xff, 0xff, 0, 0, 0, 0, 9, 9, 0, 50}},
    };
    struct datagram cut = *next;

    for (size_t i = 0; i < JT_COUNT(garbage); i++)
        to_server(call, &garbage[i]);
    for (cut.size = 0; cut.size < next->size; cut.size++)
        to_server(call, &cut); /* a record that is not whole is no record */
}

static void test_d3_forgeries_between_all_datagrams(void **state)
{
    struct call *call = call_new(&CHROMIUM_LIKE);
    struct datagram datagram;
    int64_t dropped = jt_rtc_dropped("dtls_epoch");

    (void)state;
    for (int i = 0; i < STEPS_MAX && !(call->peer.is_done && call->state == JT_DTLS_DONE); i++) {
        while (wire_pop(&call->to_server, &datagram)) {
            send_forgeries(call, &datagram);
            assert_in_range(call->state, JT_DTLS_HANDSHAKE, JT_DTLS_DONE);
            to_server(call, &datagram);
            to_server(call, &datagram); /* and each twice */
        }
        while (wire_pop(&call->to_peer, &datagram))
            peer_receive(&call->peer, &datagram, &call->to_server);
    }
    assert_true(jt_rtc_dropped("dtls_epoch") - dropped >= 2 * 7); /* two for each datagram */
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

/* The client's second flight in every rotation and reversed. */
static void test_d3_reordered_flight(void **state)
{
    (void)state;
    for (size_t turn = 0; turn < 10; turn++) {
        struct peer_options options = SMALL;
        struct call *call;
        struct datagram flight[16], datagram;
        size_t count = 0;

        options.retransmit_us =
            300 * JT_USEC_PER_MSEC; /* not while we are at it, however busy the machine */
        call = call_new(&options);
        while (wire_pop(&call->to_server, &datagram))
            to_server(call, &datagram);
        while (wire_pop(&call->to_peer, &datagram))
            peer_receive(&call->peer, &datagram, &call->to_server);
        while (wire_pop(&call->to_server, &flight[count]))
            count++;
        assert_int_equal(count, 5); /* Certificate, KeyExchange, CertificateVerify, CCS, Finished */
        for (size_t i = 0; i < count; i++)
            to_server(call, &flight[turn < 5 ? (i + turn) % 5 : (9 + count - 1 - i - turn) % 5]);
        for (int i = 0; i < 5 && !call->peer.is_done; i++) {
            run(call);
            if (!call->peer.is_done)
                peer_retransmit(&call->peer, &call->to_server);
        }
        assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
        call_free(call);
    }
}

static void test_d3_early_records_are_limited(void **state)
{
    struct call *call = call_new(&SMALL);
    struct datagram datagram,
        early = {.size = 63, .data = {22, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 0, 0, 50}};
    int64_t dropped = jt_rtc_dropped("dtls_early");

    (void)state;
    assert_true(wire_pop(&call->to_server, &datagram));
    to_server(call, &datagram);
    for (int i = 0; i < 1000; i++) {
        early.data[9] = (uint8_t)(i >> 8);
        early.data[10] = (uint8_t)i;
        to_server(call, &early);
    }
    assert_int_equal(jt_rtc_dropped("dtls_early") - dropped, 1000 - 8);
    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    call_free(call);
}

static void test_timeout(void **state)
{
    (void)state;
    for (int has_alert = 0; has_alert < 2; has_alert++) {
        struct call *call = call_new(&SMALL);
        struct datagram alert = {.size = 15,
                                 .data = {21, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, 2, 42}};
        struct datagram datagram;
        int64_t start_us = jt_clock_mono_us();

        assert_true(wire_pop(&call->to_server, &datagram));
        to_server(call, &datagram);
        if (has_alert)
            to_server(call, &alert);
        assert_int_equal(call->state, JT_DTLS_HANDSHAKE); /* a clear alert ends nothing */
        assert_int_equal(jt_dtls_poll(call->dtls, start_us + 9 * JT_USEC_PER_SEC),
                         JT_DTLS_HANDSHAKE);
        call->state = jt_dtls_poll(call->dtls, start_us + 11 * JT_USEC_PER_SEC);
        assert_failed(call, has_alert ? "alert" : "timeout");
        to_server(call, &datagram); /* nothing wakes it again */
        assert_int_equal(call->state, JT_DTLS_FAILED);
        call_free(call);
    }
}

static struct call *done_call(void)
{
    struct call *call = call_new(&SMALL);

    run(call);
    assert_same_keys(call, JT_SRTP_AEAD_AES_128_GCM);
    return call;
}

static void test_d4_forged_records_after_the_handshake(void **state)
{
    struct call *call = done_call();
    size_t sent = call->sent;
    int64_t dropped = jt_rtc_dropped("dtls_late");

    (void)state;
    for (unsigned type = 20; type < 24; type++)
        for (unsigned epoch = 0; epoch < 3; epoch++)
            for (uint8_t size = 0; size < 100; size++) {
                struct datagram forged = {.size = 13U + size,
                                          .data = {(uint8_t)type, 0xfe, 0xfd, 0, (uint8_t)epoch, 0,
                                                   0, 0, 0, 1, size, 0, size, 1, 0}};

                to_server(call, &forged); /* among them a clear close_notify and fatal alerts */
                assert_int_equal(call->state, JT_DTLS_DONE);
            }
    assert_int_equal(call->sent, sent); /* and nobody hears of it */
    assert_int_equal(jt_rtc_dropped("dtls_late") - dropped, 4 * 2 * 100); /* epochs 0 and 2 */
    call_free(call);
}

static void test_d4_application_data_is_ignored(void **state)
{
    struct call *call = done_call();
    int64_t dropped = jt_rtc_dropped("dtls_data");

    (void)state;
    assert_true(SSL_write(call->peer.ssl, "INIT", 4) > 0);
    peer_flush(&call->peer, &call->to_server);
    run(call);
    assert_int_equal(call->state, JT_DTLS_DONE);
    assert_int_equal(jt_rtc_dropped("dtls_data") - dropped, 1);
    call_free(call);
}

static void test_d4_authenticated_close(void **state)
{
    struct call *call = done_call();

    (void)state;
    (void)SSL_shutdown(call->peer.ssl);
    peer_flush(&call->peer, &call->to_server);
    assert_int_equal(call->to_server.count, 1);
    run(call);
    assert_int_equal(call->state, JT_DTLS_CLOSED);
    call_free(call);
}

static void test_no_renegotiation(void **state)
{
    struct call *call = done_call();

    (void)state;
    call->sent = 0;
    (void)SSL_renegotiate(call->peer.ssl);
    (void)SSL_do_handshake(call->peer.ssl);
    peer_flush(&call->peer, &call->to_server);
    while (call->to_server.count > 0)
        (void)step(call);
    assert_int_equal(call->state, JT_DTLS_DONE);
    assert_int_equal(call->sent, 1); /* the alert no_renegotiation, no ServerHello */
    call_free(call);
}

static void test_each_repeated_finished_is_answered(void **state)
{
    struct peer_options options = SMALL;
    struct call *call;

    (void)state;
    options.retransmit_us = 30 * JT_USEC_PER_MSEC;
    call = call_new(&options);
    run_losing_from(call, 5);
    for (int i = 0; i < 6; i++) {
        size_t sent = call->sent;

        peer_retransmit(&call->peer, &call->to_server);
        while (call->to_server.count > 0)
            (void)step(call);
        assert_int_equal(call->sent, sent + 2);
        call->to_peer.count = 0;
    }
    assert_int_equal(call->state, JT_DTLS_DONE);
    call_free(call);
}

static int make_identity(void **state)
{
    (void)state;
    return jt_dtls_identity_new(&identity);
}

static int free_identity(void **state)
{
    (void)state;
    jt_dtls_identity_free(identity);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_handshake_prefers_gcm),
        cmocka_unit_test(test_d5_cm_only_client),
        cmocka_unit_test(test_identity_prints_its_fingerprint),
        cmocka_unit_test(test_hello_in_two_datagrams),
        cmocka_unit_test(test_hello_in_two_datagrams_reversed),
        cmocka_unit_test(test_hello_second_datagram_lost),
        cmocka_unit_test(test_hello_first_datagram_lost),
        cmocka_unit_test(test_final_flight_lost),
        cmocka_unit_test(test_final_flight_lost_and_shrunk),
        cmocka_unit_test(test_shrunk_repeats_are_limited),
        cmocka_unit_test(test_server_repeats_its_flight),
        cmocka_unit_test(test_d2_wrong_fingerprint),
        cmocka_unit_test(test_d2_no_certificate),
        cmocka_unit_test(test_d2_no_resumption),
        cmocka_unit_test(test_d5_weak_offers),
        cmocka_unit_test(test_d3_one_byte_fragments_in_reverse),
        cmocka_unit_test(test_d3_forgeries_between_all_datagrams),
        cmocka_unit_test(test_d3_reordered_flight),
        cmocka_unit_test(test_d3_early_records_are_limited),
        cmocka_unit_test(test_timeout),
        cmocka_unit_test(test_d4_forged_records_after_the_handshake),
        cmocka_unit_test(test_d4_application_data_is_ignored),
        cmocka_unit_test(test_d4_authenticated_close),
        cmocka_unit_test(test_no_renegotiation),
        cmocka_unit_test(test_each_repeated_finished_is_answered),
    };

    return cmocka_run_group_tests(tests, make_identity, free_identity);
}
