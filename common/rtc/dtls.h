/**
 * DTLS 1.2 server for DTLS-SRTP (RFC 5764, RFC 6347) on OpenSSL memory BIOs: datagrams in,
 * datagrams out, no socket. Role passive always; the peer's certificate is compared with the
 * fingerprint of its SDP in constant time; one datagram per record, at most 1,200 bytes; own
 * retransmission timer (100 ms doubling to 1 s). Never DTLSv1_listen.
 */
#ifndef JT_RTC_DTLS_H
#define JT_RTC_DTLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "rtc/seal.h"

/** Certificate (ECDSA P-256) and SSL_CTX: one per process, shared by its threads. */
struct jt_dtls_identity;
/** One handshake and what follows. */
struct jt_dtls;

enum {
    JT_DTLS_HANDSHAKE_TIMEOUT_MS = 10000,
    JT_DTLS_FINGERPRINT_BYTES = 32,      /* SHA-256 */
    JT_DTLS_FINGERPRINT_TEXT_BYTES = 96, /* "AB:CD:…" and NUL */
};

enum jt_dtls_state { JT_DTLS_NEW, JT_DTLS_HANDSHAKE, JT_DTLS_DONE, JT_DTLS_FAILED, JT_DTLS_CLOSED };

JT_MUST_CHECK int jt_dtls_identity_new(struct jt_dtls_identity **out);
void jt_dtls_identity_free(struct jt_dtls_identity *identity);
/** For a=fingerprint:sha-256. Valid as long as the identity. */
const char *jt_dtls_identity_fingerprint(const struct jt_dtls_identity *identity);

struct jt_dtls_ops {
    void (*send)(void *arg, const uint8_t *datagram, size_t size);
};

/** `peer_fingerprint`: SHA-256 from the peer's SDP. */
JT_MUST_CHECK int jt_dtls_new(struct jt_dtls_identity *identity,
                              const uint8_t peer_fingerprint[JT_DTLS_FINGERPRINT_BYTES],
                              const struct jt_dtls_ops *ops, void *arg, struct jt_dtls **out);
void jt_dtls_free(struct jt_dtls *dtls);

/**
 * A DTLS datagram from the validated path. Bad records are dropped and counted; returns the state
 * after it.
 */
enum jt_dtls_state jt_dtls_receive(struct jt_dtls *dtls, const uint8_t *datagram, size_t size,
                                   int64_t now_us);

/**
 * Retransmission and the handshake deadline. Returns the state after it; call when
 * jt_dtls_next_timeout_us is due.
 */
enum jt_dtls_state jt_dtls_poll(struct jt_dtls *dtls, int64_t now_us);
/** When to poll next, monotonic; INT64_MAX: not needed. */
int64_t jt_dtls_next_timeout_us(const struct jt_dtls *dtls);

/** After JT_DTLS_DONE: the keys of both directions. */
JT_MUST_CHECK int jt_dtls_keys(struct jt_dtls *dtls, struct jt_srtp_keys *ours,
                               struct jt_srtp_keys *peers);

/**
 * Why it failed: "fingerprint", "no_srtp_profile", "timeout", "alert", "protocol"…; NULL while it
 * has not.
 */
const char *jt_dtls_failure(const struct jt_dtls *dtls);

/**
 * Free the SSL object (77 KB) and keep only the last flight, which is resent when the peer repeats
 * its Finished. Call 10 s after the peer's first valid SRTCP.
 */
void jt_dtls_shrink(struct jt_dtls *dtls);

#endif
