#include "rtc/transport.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "rtc/dropped.h"
#include "wire/rtcp.h"

enum {
    /* First bytes, RFC 7983 §7 */
    STUN_LAST = 3,
    DTLS_FIRST = 20,
    DTLS_LAST = 63,
    RTP_FIRST = 128,
    RTP_LAST = 191,
    DATAGRAM_MAX_BYTES = 1500, /* threats: datagram in */
    POLL_SETUP_US = 50 * JT_USEC_PER_MSEC,
    POLL_READY_US = 500 * JT_USEC_PER_MSEC,
};

struct jt_transport {
    const struct jt_transport_ops *ops;
    void *arg;
    enum jt_transport_state state;
    struct jt_ice *ice;
    struct jt_dtls *dtls;
    struct jt_seal *seal;
    struct jt_unseal *unseal;
    struct jt_address dtls_address; /* where the peer's last DTLS came from: answers go there */
    int64_t setup_until_us;
    int64_t shrink_at_us;
    int64_t poll_at_us;
    uint32_t srtcp_next, srtcp_end; /* our block of indexes */
    uint32_t *srtcp_reserved;
    uint32_t srtcp_reserved_here;
    bool has_rtcp, is_shrunk;
};

static const unsigned moves[] = {
    [JT_TRANSPORT_CHECKING] = 1U << JT_TRANSPORT_DTLS | 1U << JT_TRANSPORT_CLOSED,
    [JT_TRANSPORT_DTLS] = 1U << JT_TRANSPORT_READY | 1U << JT_TRANSPORT_CLOSED,
    [JT_TRANSPORT_READY] = 1U << JT_TRANSPORT_CLOSED,
    [JT_TRANSPORT_CLOSED] = 0,
};

/* Returns false where there is no such move: a handler was called out of turn. */
static bool move_to(struct jt_transport *transport, enum jt_transport_state state)
{
    if (!(moves[transport->state] & 1U << state))
        return false;
    transport->state = state;
    return true;
}

static void close_with(struct jt_transport *transport, const char *reason)
{
    if (move_to(transport, JT_TRANSPORT_CLOSED))
        transport->ops->on_closed(transport->arg, reason);
}

static void on_ice_send(void *arg, const uint8_t *datagram, size_t size,
                        const struct jt_address *to)
{
    struct jt_transport *transport = arg;

    transport->ops->send(transport->arg, datagram, size, to);
}

static void on_ice_path(void *arg, const struct jt_address *to, bool is_checked)
{
    struct jt_transport *transport = arg;

    (void)is_checked;
    transport->ops->on_path(transport->arg, to);
}

static void on_dtls_send(void *arg, const uint8_t *datagram, size_t size)
{
    struct jt_transport *transport = arg;

    /* Refused: the retransmission finds the path checked, or the handshake times out. */
    if (jt_ice_spend(transport->ice, &transport->dtls_address, size))
        transport->ops->send(transport->arg, datagram, size, &transport->dtls_address);
}

static const struct jt_ice_ops ice_ops = {.send = on_ice_send, .on_path = on_ice_path};
static const struct jt_dtls_ops dtls_ops = {.send = on_dtls_send};

int jt_transport_new(const struct jt_transport_setup *setup, const struct jt_transport_ops *ops,
                     void *arg, int64_t now_us, struct jt_transport **out)
{
    struct jt_transport *transport = calloc(1, sizeof(*transport));
    int64_t timeout_us = setup->setup_timeout_us;
    int err;

    if (!transport)
        return -ENOMEM;
    if (timeout_us == 0)
        timeout_us = (int64_t)JT_TRANSPORT_SETUP_TIMEOUT_MS * JT_USEC_PER_MSEC;
    transport->ops = ops;
    transport->arg = arg;
    transport->setup_until_us = now_us + timeout_us;
    transport->shrink_at_us = INT64_MAX;
    transport->poll_at_us = now_us + POLL_SETUP_US;
    transport->srtcp_reserved =
        setup->srtcp_reserved ? setup->srtcp_reserved : &transport->srtcp_reserved_here;
    err = jt_ice_new(setup->ufrag_prefix, setup->peer_ufrag, setup->peer_pwd, &ice_ops, transport,
                     now_us, &transport->ice);
    if (!err)
        err = jt_dtls_new(setup->identity, setup->peer_fingerprint, &dtls_ops, transport,
                          &transport->dtls);
    if (err) {
        jt_transport_free(transport);
        return err;
    }
    *out = transport;
    return 0;
}

void jt_transport_free(struct jt_transport *transport)
{
    if (!transport)
        return;
    jt_dtls_free(transport->dtls);
    jt_ice_free(transport->ice);
    jt_seal_free(transport->seal);
    jt_unseal_free(transport->unseal);
    free(transport);
}

enum jt_transport_state jt_transport_state(const struct jt_transport *transport)
{
    return transport->state;
}

struct jt_ice *jt_transport_ice(struct jt_transport *transport)
{
    return transport->ice;
}

struct jt_seal *jt_transport_seal(struct jt_transport *transport)
{
    return transport->seal;
}

const struct jt_address *jt_transport_path(const struct jt_transport *transport)
{
    return jt_ice_path(transport->ice);
}

static int install_keys(struct jt_transport *transport)
{
    struct jt_srtp_keys ours, peers;
    int err = jt_dtls_keys(transport->dtls, &ours, &peers);

    if (!err)
        err = jt_seal_new(&ours, &transport->seal);
    if (!err)
        err = jt_unseal_new(&peers, &transport->unseal);
    OPENSSL_cleanse(&ours, sizeof(ours));
    OPENSSL_cleanse(&peers, sizeof(peers));
    return err;
}

static void become_ready(struct jt_transport *transport, int64_t now_us)
{
    if (install_keys(transport)) {
        close_with(transport, "memory");
        return;
    }
    if (!move_to(transport, JT_TRANSPORT_READY))
        return;
    transport->shrink_at_us =
        now_us + (int64_t)JT_TRANSPORT_SHRINK_SILENT_AFTER_MS * JT_USEC_PER_MSEC;
    transport->poll_at_us = now_us + POLL_READY_US;
    /* The peer answered what we sent to that address: as good as a check. */
    jt_ice_confirm(transport->ice, &transport->dtls_address);
    transport->ops->on_ready(transport->arg);
}

static const char *dtls_close_reason(const struct jt_dtls *dtls)
{
    static const struct {
        const char *failure, *reason;
    } reasons[] = {
        {"fingerprint", "dtls_fingerprint"},
        {"no_srtp_profile", "dtls_no_srtp_profile"},
        {"timeout", "dtls_timeout"},
        {"alert", "dtls_alert"},
        {"version", "dtls_version"},
        {"no_shared_cipher", "dtls_no_shared_cipher"},
        {"no_certificate", "dtls_no_certificate"},
    };
    const char *failure = jt_dtls_failure(dtls);

    for (size_t i = 0; failure && i < JT_COUNT(reasons); i++)
        if (strcmp(failure, reasons[i].failure) == 0)
            return reasons[i].reason;
    return "dtls_protocol";
}

static void follow_dtls(struct jt_transport *transport, enum jt_dtls_state state, int64_t now_us)
{
    if (state == JT_DTLS_FAILED)
        close_with(transport, dtls_close_reason(transport->dtls));
    else if (state == JT_DTLS_CLOSED)
        close_with(transport, "dtls_closed");
    else if (state == JT_DTLS_DONE && transport->state == JT_TRANSPORT_DTLS)
        become_ready(transport, now_us);
}

static void receive_dtls(struct jt_transport *transport, const uint8_t *datagram, size_t size,
                         const struct jt_address *from, int64_t now_us)
{
    transport->dtls_address = *from;
    follow_dtls(transport, jt_dtls_receive(transport->dtls, datagram, size, now_us), now_us);
}

static void receive_rtcp(struct jt_transport *transport, uint8_t *datagram, size_t size,
                         const struct jt_address *from, int64_t now_us)
{
    if (jt_unseal_rtcp(transport->unseal, datagram, &size)) {
        jt_rtc_drop("srtcp");
        return;
    }
    jt_ice_heard(transport->ice, from, now_us);
    if (!transport->has_rtcp) {
        int64_t shrink_at_us = now_us + (int64_t)JT_TRANSPORT_SHRINK_AFTER_MS * JT_USEC_PER_MSEC;

        transport->has_rtcp = true;
        transport->shrink_at_us = JT_MIN(transport->shrink_at_us, shrink_at_us);
    }
    transport->ops->on_rtcp(transport->arg, datagram, size);
}

static void receive_media(struct jt_transport *transport, uint8_t *datagram, size_t size,
                          const struct jt_address *from, int64_t now_us)
{
    if (transport->state != JT_TRANSPORT_READY)
        jt_rtc_drop("early");
    else if (jt_rtcp_is(datagram, size))
        receive_rtcp(transport, datagram, size, from, now_us);
    else if (transport->ops->on_srtp)
        transport->ops->on_srtp(transport->arg, datagram, size);
    else
        jt_rtc_drop("srtp");
}

static void receive_stun(struct jt_transport *transport, const uint8_t *datagram, size_t size,
                         const struct jt_address *from, int64_t now_us)
{
    int err = jt_ice_receive(transport->ice, datagram, size, from, now_us);

    if (err == -EACCES)
        jt_rtc_drop("stun_unauthenticated");
    else if (err == -EPROTO)
        jt_rtc_drop("stun_refused");
    else if (err)
        jt_rtc_drop("stun_malformed");
    else if (transport->state == JT_TRANSPORT_CHECKING)
        (void)move_to(transport, JT_TRANSPORT_DTLS);
}

void jt_transport_receive(struct jt_transport *transport, uint8_t *datagram, size_t size,
                          const struct jt_address *from, int64_t now_us)
{
    uint8_t first;

    if (transport->state == JT_TRANSPORT_CLOSED)
        return;
    if (size == 0 || size > DATAGRAM_MAX_BYTES) {
        jt_rtc_drop("size");
        return;
    }
    first = datagram[0];
    if (first <= STUN_LAST) {
        receive_stun(transport, datagram, size, from, now_us);
        return;
    }
    /* D1, I5: nothing but a check may come from elsewhere. */
    if (!jt_ice_is_known(transport->ice, from)) {
        jt_rtc_drop("unknown_path");
        return;
    }
    jt_ice_count_received(transport->ice, from, size);
    if (first >= DTLS_FIRST && first <= DTLS_LAST)
        receive_dtls(transport, datagram, size, from, now_us);
    else if (first >= RTP_FIRST && first <= RTP_LAST)
        receive_media(transport, datagram, size, from, now_us);
    else
        jt_rtc_drop("demux");
}

static void shrink_if_due(struct jt_transport *transport, int64_t now_us)
{
    if (transport->is_shrunk || now_us < transport->shrink_at_us)
        return;
    jt_dtls_shrink(transport->dtls);
    transport->is_shrunk = true;
    transport->shrink_at_us = INT64_MAX;
}

void jt_transport_poll(struct jt_transport *transport, int64_t now_us)
{
    bool is_ready = transport->state == JT_TRANSPORT_READY;

    if (transport->state == JT_TRANSPORT_CLOSED)
        return;
    if (jt_ice_poll(transport->ice, now_us)) {
        close_with(transport, "consent");
        return;
    }
    if (!is_ready && now_us >= transport->setup_until_us) {
        close_with(transport, "setup_timeout");
        return;
    }
    if (jt_dtls_poll(transport->dtls, now_us) == JT_DTLS_FAILED) {
        follow_dtls(transport, JT_DTLS_FAILED, now_us);
        return; /* the owner may have freed it */
    }
    shrink_if_due(transport, now_us);
    transport->poll_at_us = now_us + (is_ready ? POLL_READY_US : POLL_SETUP_US);
}

int64_t jt_transport_next_us(const struct jt_transport *transport)
{
    if (transport->state == JT_TRANSPORT_CLOSED)
        return INT64_MAX;
    return JT_MIN(transport->poll_at_us, jt_dtls_next_timeout_us(transport->dtls));
}

/* A block is reserved in the owner's record before its first index is used. */
static int next_srtcp_index(struct jt_transport *transport, uint32_t *out)
{
    if (transport->srtcp_next == transport->srtcp_end) {
        uint32_t start = *transport->srtcp_reserved;

        if (start > INT32_MAX - JT_TRANSPORT_SRTCP_BLOCK) /* 31 bits, never reused under one key */
            return -EOVERFLOW;
        *transport->srtcp_reserved = start + JT_TRANSPORT_SRTCP_BLOCK;
        transport->srtcp_next = start;
        transport->srtcp_end = start + JT_TRANSPORT_SRTCP_BLOCK;
    }
    *out = transport->srtcp_next++;
    return 0;
}

int jt_transport_send_rtcp(struct jt_transport *transport, const uint8_t *data, size_t size)
{
    uint8_t packet[JT_TRANSPORT_RTCP_MAX_BYTES + JT_SEAL_RTCP_OVERHEAD_MAX_BYTES];
    const struct jt_address *to = jt_transport_path(transport);
    uint32_t index;
    int err;

    if (transport->state != JT_TRANSPORT_READY || !to)
        return -ENOTCONN;
    if (size > JT_TRANSPORT_RTCP_MAX_BYTES)
        return -EMSGSIZE;
    err = next_srtcp_index(transport, &index);
    if (err)
        return err;
    memcpy(packet, data, size);
    err = jt_seal_rtcp(transport->seal, index, packet, &size, sizeof(packet));
    if (err)
        return err;
    if (!jt_ice_spend(transport->ice, to, size))
        return -EAGAIN;
    transport->ops->send(transport->arg, packet, size, to);
    return 0;
}
