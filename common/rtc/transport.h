/**
 * One WebRTC transport: ICE-lite, DTLS and SRTCP of one session, put together. It belongs to one
 * thread; datagrams and time come in as arguments, datagrams go out by `send`. Media is not sent
 * through here: once ready, the owner takes the seal and the path and sends frames in batches of
 * its own.
 */
#ifndef JT_RTC_TRANSPORT_H
#define JT_RTC_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "net/address.h"
#include "rtc/dtls.h"
#include "rtc/ice.h"
#include "rtc/seal.h"

struct jt_transport;

enum jt_transport_state {
    JT_TRANSPORT_CHECKING,
    JT_TRANSPORT_DTLS,
    JT_TRANSPORT_READY,
    JT_TRANSPORT_CLOSED
};

/** Of these only on_ready, on_rtcp, on_srtp and on_closed may free the transport. */
struct jt_transport_ops {
    void (*send)(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to);
    /** Keys are there: media may flow. */
    void (*on_ready)(void *arg);
    /** The media path changed; see jt_transport_path. */
    void (*on_path)(void *arg, const struct jt_address *to);
    /** A compound RTCP packet, authenticated and in clear; borrowed. */
    void (*on_rtcp)(void *arg, const uint8_t *data, size_t size);
    /** An SRTP packet from the validated path (WHIP); still sealed. NULL: dropped and counted. */
    void (*on_srtp)(void *arg, uint8_t *data, size_t size);
    /**
     * It is over ("consent", "dtls_fingerprint", "dtls_timeout", "setup_timeout", "bye"…): free it
     * here or later.
     */
    void (*on_closed)(void *arg, const char *reason);
};

struct jt_transport_setup {
    struct jt_dtls_identity *identity;
    const char *ufrag_prefix;
    const char *peer_ufrag, *peer_pwd;
    uint8_t peer_fingerprint[JT_DTLS_FINGERPRINT_BYTES];
    int64_t setup_timeout_us; /* from POST to ready; 0: JT_TRANSPORT_SETUP_TIMEOUT_MS */
    /**
     * End of the SRTCP indexes reserved so far, in the owner's record (it may lie in shared
     * memory); moved on, a block of JT_TRANSPORT_SRTCP_BLOCK at a time, before the first index of a
     * block is used, and where a new owner begins. NULL: kept inside.
     */
    uint32_t *srtcp_reserved;
};

enum {
    JT_TRANSPORT_SETUP_TIMEOUT_MS = 15000, /* threats: WHIP, WHEP set up in 15 s */
    JT_TRANSPORT_SRTCP_BLOCK = 4096,
    JT_TRANSPORT_RTCP_MAX_BYTES = 1100,
    JT_TRANSPORT_SHRINK_AFTER_MS = 10000,        /* after the first valid SRTCP */
    JT_TRANSPORT_SHRINK_SILENT_AFTER_MS = 20000, /* after ready, if no SRTCP comes */
};

JT_MUST_CHECK int jt_transport_new(const struct jt_transport_setup *setup,
                                   const struct jt_transport_ops *ops, void *arg, int64_t now_us,
                                   struct jt_transport **out);
void jt_transport_free(struct jt_transport *transport);

enum jt_transport_state jt_transport_state(const struct jt_transport *transport);
struct jt_ice *jt_transport_ice(struct jt_transport *transport);

/**
 * Any datagram that came for this session (demultiplexed by first byte, RFC 7983). Bad ones are
 * dropped and counted.
 */
void jt_transport_receive(struct jt_transport *transport, uint8_t *datagram, size_t size,
                          const struct jt_address *from, int64_t now_us);

/**
 * Timers: call when jt_transport_next_us is due (or every 50 ms while not ready, every 500 ms when
 * ready).
 */
void jt_transport_poll(struct jt_transport *transport, int64_t now_us);
int64_t jt_transport_next_us(const struct jt_transport *transport);

/** After on_ready; owned by the transport. */
struct jt_seal *jt_transport_seal(struct jt_transport *transport);
/** Address for media; NULL when none. */
const struct jt_address *jt_transport_path(const struct jt_transport *transport);

/** Seal and send a compound RTCP packet (≤ 1,100 bytes). -ENOTCONN before ready. */
JT_MUST_CHECK int jt_transport_send_rtcp(struct jt_transport *transport, const uint8_t *data,
                                         size_t size);

#endif
