/* A whole call in memory: the transport against hand-written STUN, OpenSSL's DTLS client and
 * libsrtp. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <srtp2/srtp.h>

#include "base/clock.h"
#include "rtc/dropped.h"
#include "rtc/transport.h"

#include "dtls_peer.h"
#include "stun_peer.h"

static const char PEER_UFRAG[] = "KJJM";
static const char PEER_PWD[] = "eZHpAAAABBBBCCCCDDDDEEEE";
static const char HOME[] = "127.0.0.1:4000", STRANGER[] = "203.0.113.5:5";

static struct jt_dtls_identity *identity;

struct call {
    struct jt_transport *transport;
    struct peer peer;
    srtp_t in, out; /* the peer's */
    struct wire to_server, to_peer;
    int64_t now_us;
    struct jt_address home;
    uint32_t reserved;
    bool answers_checks, frees_on_close, is_freed;
    size_t sent_bytes, received_bytes;
    size_t readies, paths, rtcps, srtps, closes;
    uint8_t rtcp[1500];
    size_t rtcp_size;
    char reason[64];
};

static struct jt_address address(const char *text)
{
    struct jt_address out;

    assert_int_equal(jt_address_parse(text, &out), 0);
    return out;
}

static void on_send(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to)
{
    struct call *call = arg;

    assert_true(jt_address_equal(to, &call->home));
    assert_true(size <= 1200);
    call->sent_bytes += size;
    wire_push(&call->to_peer, datagram, size);
}

static void on_ready(void *arg)
{
    ((struct call *)arg)->readies++;
}

static void on_path(void *arg, const struct jt_address *to)
{
    struct call *call = arg;

    assert_true(jt_address_equal(to, &call->home));
    call->paths++;
}

static void on_rtcp(void *arg, const uint8_t *data, size_t size)
{
    struct call *call = arg;

    memcpy(call->rtcp, data, size);
    call->rtcp_size = size;
    call->rtcps++;
}

static void on_srtp(void *arg, uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    ((struct call *)arg)->srtps++;
}

static void on_closed(void *arg, const char *reason)
{
    struct call *call = arg;

    call->closes++;
    (void)snprintf(call->reason, sizeof(call->reason), "%s", reason);
    if (call->frees_on_close) {
        jt_transport_free(call->transport);
        call->transport = NULL;
        call->is_freed = true;
    }
}

static const struct jt_transport_ops ops = {.send = on_send,
                                            .on_ready = on_ready,
                                            .on_path = on_path,
                                            .on_rtcp = on_rtcp,
                                            .on_srtp = on_srtp,
                                            .on_closed = on_closed};

static void make_transport(struct call *call, const uint8_t fingerprint[32])
{
    struct jt_transport_setup setup = {.identity = identity,
                                       .ufrag_prefix = "w0",
                                       .peer_ufrag = PEER_UFRAG,
                                       .peer_pwd = PEER_PWD,
                                       .srtcp_reserved = &call->reserved};

    memcpy(setup.peer_fingerprint, fingerprint, 32);
    assert_int_equal(jt_transport_new(&setup, &ops, call, call->now_us, &call->transport), 0);
}

static int setup(void **state)
{
    static const struct peer_options options = {
        .srtp = "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM", .filler_bytes = 1216};
    struct call *call = calloc(1, sizeof(*call));

    call->now_us = 77 * JT_USEC_PER_SEC;
    call->home = address(HOME);
    call->answers_checks = true;
    call->reserved = 100;
    peer_init(&call->peer, &options);
    make_transport(call, call->peer.fingerprint);
    *state = call;
    return 0;
}

static int teardown(void **state)
{
    struct call *call = *state;

    jt_transport_free(call->transport);
    peer_deinit(&call->peer);
    if (call->in)
        srtp_dealloc(call->in);
    if (call->out)
        srtp_dealloc(call->out);
    free(call);
    return 0;
}

static void send_from(struct call *call, const uint8_t *data, size_t size, const char *from)
{
    struct jt_address at = address(from);
    uint8_t *exact = malloc(size ? size : 1);

    memcpy(exact, data, size);
    if (jt_address_equal(&at, &call->home))
        call->received_bytes += size;
    jt_transport_receive(call->transport, exact, size, &at, call->now_us);
    free(exact);
}

static void check_from(struct call *call, const char *from)
{
    struct jt_ice *ice = jt_transport_ice(call->transport);
    struct check_options options = {.to_ufrag = jt_ice_ufrag(ice),
                                    .from_ufrag = PEER_UFRAG,
                                    .password = jt_ice_pwd(ice),
                                    .has_use_candidate = true};
    struct message m = stun_check(&options);

    send_from(call, m.data, m.size, from);
}

/* What the peer does with a datagram of ours. */
static void peer_takes(struct call *call, const struct datagram *datagram)
{
    if (datagram->data[0] == 0 && datagram->data[1] == 1 && call->answers_checks) {
        struct message m = stun_answer(datagram->data, PEER_PWD);

        send_from(call, m.data, m.size, HOME);
    } else if (datagram->data[0] >= 20 && datagram->data[0] <= 63) {
        peer_receive(&call->peer, datagram, &call->to_server);
    }
}

static void run(struct call *call)
{
    struct datagram datagram;

    for (;;) {
        if (!call->is_freed && wire_pop(&call->to_peer, &datagram))
            peer_takes(call, &datagram);
        else if (!call->is_freed && wire_pop(&call->to_server, &datagram))
            send_from(call, datagram.data, datagram.size, HOME);
        else
            return;
    }
}

static srtp_t peer_srtp(struct call *call, bool is_client_side)
{
    uint8_t material[60], master[30];
    bool is_gcm = SSL_get_selected_srtp_profile(call->peer.ssl)->id == 7;
    size_t salt = is_gcm ? 12 : 14;
    srtp_profile_t profile =
        is_gcm ? srtp_profile_aead_aes_128_gcm : srtp_profile_aes128_cm_sha1_80;
    srtp_policy_t policy = {.window_size = 1024, .key = master};
    srtp_t srtp = NULL;

    assert_int_equal(SSL_export_keying_material(call->peer.ssl, material, 32 + 2 * salt,
                                                "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0),
                     1);
    memcpy(master, material + (is_client_side ? 0 : 16), 16);
    memcpy(master + 16, material + 32 + (is_client_side ? 0 : salt), salt);
    (void)srtp_crypto_policy_set_from_profile_for_rtp(&policy.rtp, profile);
    (void)srtp_crypto_policy_set_from_profile_for_rtcp(&policy.rtcp, profile);
    policy.ssrc.type = is_client_side ? ssrc_any_outbound : ssrc_any_inbound;
    assert_int_equal(srtp_create(&srtp, &policy), srtp_err_status_ok);
    return srtp;
}

static void connect_call(struct call *call)
{
    check_from(call, HOME);
    run(call);
    peer_step(&call->peer, &call->to_server);
    run(call);
    assert_int_equal(call->readies, 1);
    assert_int_equal(jt_transport_state(call->transport), JT_TRANSPORT_READY);
    assert_true(call->peer.is_done);
    call->out = peer_srtp(call, true);
    call->in = peer_srtp(call, false);
}

static const uint8_t REPORT[] = {0x80, 201, 0, 1, 0x11, 0x22, 0x33, 0x44};

static size_t sealed_report(struct call *call, uint8_t *out)
{
    int size = sizeof(REPORT);

    memcpy(out, REPORT, sizeof(REPORT));
    assert_int_equal(srtp_protect_rtcp(call->out, out, &size), srtp_err_status_ok);
    return (size_t)size;
}

static void test_call(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500], payload[1000] = {5};
    struct datagram datagram;
    size_t size;
    int opened;
    struct jt_seal_job job = {
        .payload = payload, .out = packet, .header_size = 12, .payload_size = 1000};

    assert_null(jt_transport_path(call->transport));
    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)), -ENOTCONN);
    connect_call(call);
    assert_true(jt_address_equal(jt_transport_path(call->transport), &call->home));
    size = sealed_report(call, packet); /* SRTCP in */
    send_from(call, packet, size, HOME);
    assert_int_equal(call->rtcps, 1);
    assert_int_equal(call->rtcp_size, sizeof(REPORT));
    assert_memory_equal(call->rtcp, REPORT, sizeof(REPORT));
    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)),
                     0); /* SRTCP out */
    assert_true(wire_pop(&call->to_peer, &datagram));
    opened = (int)datagram.size;
    assert_int_equal(srtp_unprotect_rtcp(call->in, datagram.data, &opened), srtp_err_status_ok);
    assert_memory_equal(datagram.data, REPORT, sizeof(REPORT));
    memcpy(packet, "\x80\x66\x00\x01\x00\x00\x00\x01\x0a\x0b\x0c\x0d", 12); /* SRTP out */
    job.seal = jt_transport_seal(call->transport);
    jt_seal_rtp(&job, 1);
    opened = 12 + 1000 + 16;
    assert_int_equal(srtp_unprotect(call->in, packet, &opened), srtp_err_status_ok);
    assert_memory_equal(packet + 12, payload, 1000);
    packet[1] = 96; /* SRTP in goes to the owner sealed */
    send_from(call, packet, 100, HOME);
    assert_int_equal(call->srtps, 1);
    assert_int_equal(call->closes, 0);
}

static void test_d1_hello_before_and_beside_the_check(void **state)
{
    struct call *call = *state;
    struct datagram hello[2];
    int64_t dropped = jt_rtc_dropped("unknown_path");

    peer_step(&call->peer, &call->to_server);
    assert_true(wire_pop(&call->to_server, &hello[0]) && wire_pop(&call->to_server, &hello[1]));
    send_from(call, hello[0].data, hello[0].size, HOME); /* before any check */
    send_from(call, hello[1].data, hello[1].size, HOME);
    assert_int_equal(jt_transport_state(call->transport), JT_TRANSPORT_CHECKING);
    check_from(call, HOME);
    run(call);
    call->to_peer.count = 0;
    call->sent_bytes = 0;
    send_from(call, hello[0].data, hello[0].size, STRANGER); /* from beside */
    send_from(call, hello[1].data, hello[1].size, STRANGER);
    assert_int_equal(call->sent_bytes, 0); /* no answer, no alert, to anyone */
    assert_int_equal(jt_rtc_dropped("unknown_path") - dropped, 4);
    send_from(call, hello[0].data, hello[0].size, HOME); /* the honest one */
    send_from(call, hello[1].data, hello[1].size, HOME);
    run(call);
    assert_int_equal(call->readies, 1);
}

static void test_i5_media_from_elsewhere(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500];
    size_t size;

    connect_call(call);
    size = sealed_report(call, packet); /* authentic, but from where no check came */
    send_from(call, packet, size, STRANGER);
    packet[1] = 96;
    send_from(call, packet, size, STRANGER);
    assert_int_equal(call->rtcps + call->srtps, 0);
    assert_true(jt_address_equal(jt_transport_path(call->transport), &call->home));
}

static void test_s2_rtcp_before_keys_and_in_clear(void **state)
{
    struct call *call = *state;

    send_from(call, REPORT, sizeof(REPORT), HOME);
    check_from(call, HOME);
    send_from(call, REPORT, sizeof(REPORT), HOME);
    run(call);
    peer_step(&call->peer, &call->to_server);
    run(call);
    assert_int_equal(call->readies, 1);
    send_from(call, REPORT, sizeof(REPORT), HOME);
    assert_int_equal(call->rtcps, 0);
    assert_int_equal(call->closes, 0);
}

static void test_s1_wrong_tags_do_not_end_the_session(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500], copy[1500];
    int64_t dropped = jt_rtc_dropped("srtcp");
    size_t size;

    connect_call(call);
    size = sealed_report(call, packet);
    for (int i = 0; i < 100000; i++) {
        memcpy(copy, packet, size);
        copy[8 + (size_t)i % (size - 8)] ^= (uint8_t)(1 + i % 255);
        send_from(call, copy, size, HOME);
    }
    assert_int_equal(call->rtcps, 0);
    assert_int_equal(jt_rtc_dropped("srtcp") - dropped, 100000);
    assert_int_equal(jt_transport_state(call->transport), JT_TRANSPORT_READY);
    send_from(call, packet, size, HOME);
    assert_int_equal(call->rtcps, 1);
    send_from(call, packet, size, HOME); /* and once only (S3) */
    assert_int_equal(call->rtcps, 1);
}

static void junk(struct call *call, const char *from)
{
    uint8_t data[2000];

    for (unsigned first = 0; first < 256; first++)
        for (size_t size = 0; size < sizeof(data); size = size < 40 ? size + 1 : size * 3 / 2) {
            memset(data, (int)first, sizeof(data));
            send_from(call, data, size, from);
        }
}

static void test_i4_every_first_byte(void **state)
{
    struct call *call = *state;

    junk(call, HOME);
    assert_int_equal(call->sent_bytes, 0);
    check_from(call, HOME);
    junk(call, STRANGER);
    run(call);
    peer_step(&call->peer, &call->to_server);
    run(call);
    assert_int_equal(call->readies, 1);
    call->sent_bytes = 0;
    call->srtps = 0;
    junk(call, HOME);
    junk(call, STRANGER);
    assert_int_equal(call->sent_bytes, 0);
    assert_int_equal(call->rtcps, 0);
    assert_int_equal(call->closes, 0);
    assert_int_equal(jt_transport_state(call->transport), JT_TRANSPORT_READY);
}

static void test_i6_handshake_stays_within_three_times(void **state)
{
    static const struct peer_options small = {.srtp = "SRTP_AEAD_AES_128_GCM"};
    struct call *call = *state;
    struct datagram datagram;
    int64_t dropped = jt_rtc_dropped("amplification");

    peer_deinit(&call->peer);
    peer_init(&call->peer, &small); /* a short hello allows little */
    jt_transport_free(call->transport);
    make_transport(call, call->peer.fingerprint);
    call->answers_checks = false;
    check_from(call, HOME);
    peer_step(&call->peer, &call->to_server);
    while (wire_pop(&call->to_server, &datagram))
        send_from(call, datagram.data, datagram.size, HOME);
    for (int i = 0; i < 20 && jt_rtc_dropped("amplification") == dropped;
         i++) { /* repeats of a silent peer's flight */
        (void)poll(NULL, 0, 50);
        jt_transport_poll(call->transport, call->now_us + i * 100 * JT_USEC_PER_MSEC);
        assert_true(call->sent_bytes <= 3 * call->received_bytes);
    }
    assert_true(jt_rtc_dropped("amplification") > dropped);
    assert_true(jt_ice_allowance(jt_transport_ice(call->transport)) < 3000);
    run(call); /* a finished handshake proves the address as well as an answer would */
    assert_int_equal(call->readies, 1);
    assert_int_equal(jt_ice_allowance(jt_transport_ice(call->transport)), SIZE_MAX);
}

static void test_h7_setup_timeout(void **state)
{
    struct call *call = *state;

    check_from(call, HOME);
    call->frees_on_close = true;
    assert_true(jt_transport_next_us(call->transport) <= call->now_us + 50 * JT_USEC_PER_MSEC);
    jt_transport_poll(call->transport, call->now_us + 15 * JT_USEC_PER_SEC - 1);
    assert_int_equal(call->closes, 0);
    jt_transport_poll(call->transport, call->now_us + 15 * JT_USEC_PER_SEC);
    assert_int_equal(call->closes, 1);
    assert_string_equal(call->reason, "setup_timeout");
}

static void test_dtls_timeout(void **state)
{
    struct call *call = *state;
    struct datagram datagram;

    check_from(call, HOME);
    run(call);
    peer_step(&call->peer, &call->to_server);
    while (wire_pop(&call->to_server, &datagram))
        send_from(call, datagram.data, datagram.size, HOME);
    call->frees_on_close = true;
    jt_transport_poll(call->transport, call->now_us + 10 * JT_USEC_PER_SEC);
    assert_string_equal(call->reason, "dtls_timeout");
}

static void test_d2_wrong_fingerprint_closes(void **state)
{
    struct call *call = *state;
    uint8_t wrong[32] = {1};

    jt_transport_free(call->transport);
    make_transport(call, wrong);
    call->frees_on_close = true;
    check_from(call, HOME);
    run(call);
    peer_step(&call->peer, &call->to_server);
    run(call);
    assert_int_equal(call->readies, 0);
    assert_int_equal(call->closes, 1);
    assert_string_equal(call->reason, "dtls_fingerprint");
}

static void test_i7_consent_is_lost_after_30_s(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500];
    size_t size;

    connect_call(call);
    for (int second = 1; second <= 29; second++) { /* SRTCP is no consent */
        call->now_us += JT_USEC_PER_SEC;
        size = sealed_report(call, packet);
        send_from(call, packet, size, HOME);
        jt_transport_poll(call->transport, call->now_us);
    }
    assert_int_equal(call->closes, 0);
    call->now_us += JT_USEC_PER_SEC;
    jt_transport_poll(call->transport, call->now_us);
    assert_int_equal(call->closes, 1);
    assert_string_equal(call->reason, "consent");
    assert_int_equal(jt_transport_next_us(call->transport), INT64_MAX);
    check_from(call, HOME); /* nothing wakes it */
    jt_transport_poll(call->transport, call->now_us);
    assert_int_equal(call->closes, 1);
    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)), -ENOTCONN);
}

static void peer_says_goodbye(struct call *call)
{
    (void)SSL_shutdown(call->peer.ssl);
    peer_flush(&call->peer, &call->to_server);
    run(call);
}

static void test_d4_authenticated_close(void **state)
{
    struct call *call = *state;

    connect_call(call);
    call->frees_on_close = true;
    peer_says_goodbye(call);
    assert_int_equal(call->closes, 1);
    assert_string_equal(call->reason, "dtls_closed");
}

/* After the SSL object is gone a close cannot be read any more: consent ends the session then. */
static void test_dtls_is_freed_10_s_after_the_first_srtcp(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500];
    size_t size;

    connect_call(call);
    size = sealed_report(call, packet);
    send_from(call, packet, size, HOME);
    jt_transport_poll(call->transport, call->now_us + 10 * JT_USEC_PER_SEC);
    peer_says_goodbye(call);
    assert_int_equal(call->closes, 0);
    size = sealed_report(call, packet); /* the keys stay */
    send_from(call, packet, size, HOME);
    assert_int_equal(call->rtcps, 2);
}

static void test_dtls_is_kept_until_then(void **state)
{
    struct call *call = *state;
    uint8_t packet[1500];
    size_t size;

    connect_call(call);
    size = sealed_report(call, packet);
    send_from(call, packet, size, HOME);
    jt_transport_poll(call->transport, call->now_us + 10 * JT_USEC_PER_SEC - 1);
    peer_says_goodbye(call);
    assert_int_equal(call->closes, 1);
}

static uint32_t sent_index(struct call *call)
{
    struct datagram datagram;
    const uint8_t *end;

    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)), 0);
    assert_true(wire_pop(&call->to_peer, &datagram));
    end = datagram.data + datagram.size;
    return ((uint32_t)end[-4] << 24 | (uint32_t)end[-3] << 16 | (uint32_t)end[-2] << 8 | end[-1]) &
           0x7fffffff;
}

static void test_srtcp_indexes_are_reserved_in_blocks(void **state)
{
    struct call *call = *state;
    uint8_t big[JT_TRANSPORT_RTCP_MAX_BYTES + 1] = {0x80, 201};

    connect_call(call);
    call->to_peer.count = 0;
    assert_int_equal(call->reserved, 100);
    for (uint32_t i = 0; i < 4096; i++) {
        assert_int_equal(sent_index(call), 100 + i);
        assert_int_equal(call->reserved, 100 + 4096);
    }
    assert_int_equal(sent_index(call), 100 + 4096);
    assert_int_equal(call->reserved, 100 + 8192);
    assert_int_equal(jt_transport_send_rtcp(call->transport, big, sizeof(big)), -EMSGSIZE);
    assert_int_equal(jt_transport_send_rtcp(call->transport, big, sizeof(big) - 1), 0);
}

static void test_srtcp_indexes_end_before_they_repeat(void **state)
{
    struct call *call = *state;

    call->reserved = INT32_MAX - 4096;
    connect_call(call);
    call->to_peer.count = 0;
    for (uint32_t i = 0; i < 4096; i++)
        (void)sent_index(call);
    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)), -EOVERFLOW);
    assert_int_equal(jt_transport_send_rtcp(call->transport, REPORT, sizeof(REPORT)), -EOVERFLOW);
}

static int start(void **state)
{
    (void)state;
    return srtp_init() != srtp_err_status_ok || jt_dtls_identity_new(&identity) ? -1 : 0;
}

static int stop(void **state)
{
    (void)state;
    jt_dtls_identity_free(identity);
    (void)srtp_shutdown();
    return 0;
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_call),
        TEST(test_d1_hello_before_and_beside_the_check),
        TEST(test_i5_media_from_elsewhere),
        TEST(test_s2_rtcp_before_keys_and_in_clear),
        TEST(test_s1_wrong_tags_do_not_end_the_session),
        TEST(test_i4_every_first_byte),
        TEST(test_i6_handshake_stays_within_three_times),
        TEST(test_h7_setup_timeout),
        TEST(test_dtls_timeout),
        TEST(test_d2_wrong_fingerprint_closes),
        TEST(test_i7_consent_is_lost_after_30_s),
        TEST(test_d4_authenticated_close),
        TEST(test_dtls_is_freed_10_s_after_the_first_srtcp),
        TEST(test_dtls_is_kept_until_then),
        TEST(test_srtcp_indexes_are_reserved_in_blocks),
        TEST(test_srtcp_indexes_end_before_they_repeat),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
