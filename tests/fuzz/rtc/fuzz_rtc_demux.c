/* Datagrams into a transport: the first byte says whether the call is up and its SSL object freed,
 * then each datagram has a byte for its source and the time before it, and two for its size. */
#include <stdint.h>
#include <stdlib.h>

#define assert_true(condition)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort();                                                                               \
    } while (0)
#define assert_non_null(pointer) assert_true(pointer)
#define assert_int_equal(a, b) assert_true((a) == (b))

#define PEER_QUEUE_MAX 32 /* it is zeroed for each input */

#include "base/reader.h"
#include "rtc/transport.h"

#include "../../unit/rtc/dtls_peer.h"
#include "../../unit/rtc/stun_peer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
    struct jt_transport *transport;
    struct wire to_server, to_peer;
    struct jt_address home, stranger;
    int64_t now_us;
    int closes;
};

static void on_send(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to)
{
    struct run *run = arg;

    assert_true(size <= 1200 && jt_address_equal(to, &run->home)); /* never to a stranger */
    if (run->to_peer.count < PEER_QUEUE_MAX)
        wire_push(&run->to_peer, datagram, size);
}

static void on_ready(void *arg)
{
    (void)arg;
}

static void on_path(void *arg, const struct jt_address *to)
{
    const struct run *run = arg;

    assert_true(jt_address_equal(to, &run->home));
}

static void on_rtcp(void *arg, const uint8_t *data, size_t size)
{
    (void)arg;
    (void)data;
    (void)size;
    abort(); /* nobody here can seal */
}

static void on_closed(void *arg, const char *reason)
{
    (void)reason;
    ((struct run *)arg)->closes++;
}

static const struct jt_transport_ops ops = {.send = on_send,
                                            .on_ready = on_ready,
                                            .on_path = on_path,
                                            .on_rtcp = on_rtcp,
                                            .on_closed = on_closed};

static void check(struct run *run)
{
    struct jt_ice *ice = jt_transport_ice(run->transport);
    struct check_options options = {.to_ufrag = jt_ice_ufrag(ice),
                                    .from_ufrag = "peer",
                                    .password = jt_ice_pwd(ice),
                                    .has_use_candidate = true};
    struct message m = stun_check(&options);

    jt_transport_receive(run->transport, m.data, m.size, &run->home, run->now_us);
}

static void shake_hands(struct run *run, struct peer *peer)
{
    struct datagram datagram;

    run->to_peer.count = 0;
    peer_step(peer, &run->to_server);
    for (;;) {
        if (wire_pop(&run->to_server, &datagram))
            jt_transport_receive(run->transport, datagram.data, datagram.size, &run->home,
                                 run->now_us);
        else if (wire_pop(&run->to_peer, &datagram))
            peer_receive(peer, &datagram, &run->to_server);
        else
            break;
    }
    assert_int_equal(jt_transport_state(run->transport), JT_TRANSPORT_READY);
}

static struct jt_dtls_identity *identity;

static struct run *run_new(const uint8_t fingerprint[32])
{
    struct run *run = calloc(1, sizeof(*run));
    struct jt_transport_setup setup = {.identity = identity,
                                       .ufrag_prefix = "w",
                                       .peer_ufrag = "peer",
                                       .peer_pwd = "passwordpasswordpassword"};

    assert_int_equal(jt_address_parse("127.0.0.1:4000", &run->home), 0);
    assert_int_equal(jt_address_parse("127.0.0.1:4001", &run->stranger), 0);
    memcpy(setup.peer_fingerprint, fingerprint, sizeof(setup.peer_fingerprint));
    assert_int_equal(jt_transport_new(&setup, &ops, run, run->now_us, &run->transport), 0);
    check(run);
    return run;
}

static struct run *run_up(bool is_shrunk)
{
    static const struct peer_options options = {.srtp = "SRTP_AEAD_AES_128_GCM"};
    struct peer peer;
    struct run *run;

    peer_init(&peer, &options);
    run = run_new(peer.fingerprint);
    shake_hands(run, &peer);
    peer_deinit(&peer);
    if (is_shrunk)
        jt_transport_poll(run->transport, 25000000);
    return run;
}

static void play(struct run *run, struct jt_reader *r, bool does_time_pass)
{
    while (r->left > 3) {
        uint8_t head = jt_read_u8(r);
        size_t wanted = jt_read_be16(r);
        size_t size = wanted < r->left ? wanted : r->left;
        uint8_t *copy = malloc(size ? size : 1); /* the transport writes into it */

        memcpy(copy, jt_reader_take(r, size), size);
        if (does_time_pass)
            run->now_us += (int64_t)(head & 0x7f) * 1000;
        run->to_peer.count = 0;
        jt_transport_receive(run->transport, copy, size, head & 0x80 ? &run->stranger : &run->home,
                             run->now_us);
        jt_transport_poll(run->transport, run->now_us);
        free(copy);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run *up, *shrunk; /* one handshake each for all inputs: no input may end a call */
    static const uint8_t nobody[32];
    struct jt_reader r = jt_reader_of(data, size);
    uint8_t mode = jt_read_u8(&r);
    struct run *run;

    if (!identity) {
        assert_int_equal(jt_dtls_identity_new(&identity), 0);
        up = run_up(false);
        shrunk = run_up(true);
    }
    if (mode & 1) {
        run = mode & 2 ? shrunk : up;
        play(run, &r, false);
        assert_int_equal(jt_transport_state(run->transport), JT_TRANSPORT_READY);
        return 0;
    }
    run = run_new(nobody);
    play(run, &r, true);
    jt_transport_free(run->transport);
    assert_true(run->closes <= 1);
    free(run);
    return 0;
}
