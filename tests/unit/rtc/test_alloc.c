/* V7: each allocation of OpenSSL fails in turn, while keys are installed and while hands are shaken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "rtc/dtls.h"
#include "rtc/seal.h"

#include "dtls_peer.h"

enum { FAILURES_MAX = 100000 };

static long fail_at; /* 0: never */
static long count;

static bool is_turn(void)
{
    return fail_at > 0 && ++count == fail_at;
}

static void *test_malloc_(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_turn() ? NULL : malloc(size);
}

static void *test_realloc_(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return is_turn() ? NULL : realloc(old, size);
}

static void test_free_(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

static void arm(long at)
{
    count = 0;
    fail_at = at;
}

/* Returns whether the failure came to pass. */
static bool disarm(void)
{
    bool has_failed = count >= fail_at;

    fail_at = 0;
    return has_failed;
}

static void test_v7_seal_and_unseal(void **state)
{
    static const enum jt_srtp_profile profiles[] = {JT_SRTP_AEAD_AES_128_GCM,
                                                    JT_SRTP_AES128_CM_SHA1_80};

    (void)state;
    for (size_t p = 0; p < JT_COUNT(profiles); p++) {
        bool has_failed = true;

        for (long at = 1; has_failed; at++) {
            struct jt_srtp_keys keys = {.profile = profiles[p]};
            struct jt_seal *seal = NULL;
            struct jt_unseal *unseal = NULL;
            uint8_t packet[100] = {0x80, 201, 0, 1};
            size_t size = 8;
            int err;

            assert_true(at < FAILURES_MAX);
            if (at == 1) { /* OpenSSL's own start is not meant to survive this: let it be over */
                assert_int_equal(jt_seal_new(&keys, &seal), 0);
                jt_seal_free(seal);
                seal = NULL;
            }
            arm(at);
            err = jt_seal_new(&keys, &seal);
            if (!err)
                err = jt_unseal_new(&keys, &unseal);
            if (!err)
                err = jt_seal_rtcp(seal, 1, packet, &size, sizeof(packet));
            if (!err)
                err = jt_unseal_rtcp(unseal, packet, &size);
            has_failed = disarm();
            assert_true(has_failed ? err < 0 : err == 0);
            jt_seal_free(seal);
            jt_unseal_free(unseal);
        }
    }
}

struct call {
    struct peer peer;
    struct jt_dtls *dtls;
    struct wire to_server, to_peer;
};

static void on_send(void *arg, const uint8_t *datagram, size_t size)
{
    struct call *call = arg;

    wire_push(&call->to_peer, datagram, size);
}

static const struct jt_dtls_ops ops = {.send = on_send};

/* A handshake in which the server's `at`-th allocation fails. Returns whether it came to that. */
static bool shake_hands(struct jt_dtls_identity *identity, struct call *call, long at)
{
    static const struct peer_options options = {.srtp = "SRTP_AEAD_AES_128_GCM"};
    struct datagram datagram;
    enum jt_dtls_state state = JT_DTLS_NEW;
    bool has_failed;
    long before = 0;
    int err;

    peer_init(&call->peer, &options);
    peer_step(&call->peer, &call->to_server);
    arm(at);
    err = jt_dtls_new(identity, call->peer.fingerprint, &ops, call, &call->dtls);
    before = count;
    has_failed = disarm();
    while (!err && state < JT_DTLS_DONE) {
        if (wire_pop(&call->to_server, &datagram)) {
            count = before;
            fail_at = has_failed ? 0 : at;
            state = jt_dtls_receive(call->dtls, datagram.data, datagram.size, 1);
            before = count;
            has_failed |= disarm();
        } else if (wire_pop(&call->to_peer, &datagram)) {
            peer_receive(&call->peer, &datagram, &call->to_server);
        } else {
            break;
        }
    }
    assert_true(has_failed || state == JT_DTLS_DONE);
    jt_dtls_free(call->dtls);
    call->dtls = NULL;
    call->to_server.count = 0;
    call->to_peer.count = 0;
    peer_deinit(&call->peer);
    return has_failed;
}

static void test_v7_handshake(void **state)
{
    struct call *call = calloc(1, sizeof(*call));
    struct jt_dtls_identity *identity;

    (void)state;
    assert_int_equal(jt_dtls_identity_new(&identity), 0);
    (void)shake_hands(identity, call, 0);
    for (long at = 1; shake_hands(identity, call, at); at += at < 300 ? 1 : 7)
        assert_true(at < FAILURES_MAX);
    jt_dtls_identity_free(identity);
    free(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_v7_seal_and_unseal),
        cmocka_unit_test(test_v7_handshake),
    };

    if (!CRYPTO_set_mem_functions(test_malloc_, test_realloc_, test_free_))
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
