/**
 * ICE-lite for one session (RFC 8445 §2.5, RFC 7675): answers authenticated checks, follows the
 * validated path, and checks a new remote address itself before sending it more than three times
 * what came from it. No socket, no clock: datagrams and time come in as arguments, answers go out
 * through `send`.
 */
#ifndef JT_RTC_ICE_H
#define JT_RTC_ICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "net/address.h"

enum {
    JT_ICE_UFRAG_BYTES = 12, /* with NUL */
    JT_ICE_PWD_BYTES = 25,   /* with NUL: 24 characters, 144 bits (RFC 8445 §5.3 asks for 128) */
    JT_ICE_PEER_TEXT_BYTES = 257,
    JT_ICE_PATHS_MAX = 4,
    JT_ICE_CONSENT_TIMEOUT_MS = 30000, /* RFC 7675 §5.1 */
    JT_ICE_AMPLIFICATION = 3,
    /* Leaves 6 random characters, 36 bits (RFC 8445 §5.3 asks for 24). */
    JT_ICE_UFRAG_PREFIX_MAX = 5,
};

struct jt_ice;

struct jt_ice_ops {
    void (*send)(void *arg, const uint8_t *datagram, size_t size, const struct jt_address *to);
    /**
     * The path for media changed (or was found for the first time). `is_checked`: our own check was
     * answered.
     */
    void (*on_path)(void *arg, const struct jt_address *to, bool is_checked);
};

/**
 * `ufrag_prefix`: our ufrag begins with it (a relay puts its worker's number there, to find the
 * owner of a stray check); the rest is random. Peer's ufrag and pwd come from its SDP.
 */
JT_MUST_CHECK int jt_ice_new(const char *ufrag_prefix, const char *peer_ufrag, const char *peer_pwd,
                             const struct jt_ice_ops *ops, void *arg, int64_t now_us,
                             struct jt_ice **out);
void jt_ice_free(struct jt_ice *ice);
const char *jt_ice_ufrag(const struct jt_ice *ice);
const char *jt_ice_pwd(const struct jt_ice *ice);

/**
 * The local ufrag a Binding request is meant for (first half of USERNAME): finds the session. 0 or
 * -EBADMSG.
 */
JT_MUST_CHECK int jt_ice_peek_ufrag(const uint8_t *datagram, size_t size,
                                    char ufrag[JT_ICE_UFRAG_BYTES]);

/**
 * A STUN datagram for this session. 0: authenticated and handled; -EBADMSG, -EACCES…: dropped
 * (count it).
 */
JT_MUST_CHECK int jt_ice_receive(struct jt_ice *ice, const uint8_t *datagram, size_t size,
                                 const struct jt_address *from, int64_t now_us);

/**
 * Is `from` a path on which an authenticated check arrived? Only such may bring DTLS, SRTP or
 * SRTCP.
 */
bool jt_ice_is_known(const struct jt_ice *ice, const struct jt_address *from);

/** Path for media; NULL before the first authenticated check. */
const struct jt_address *jt_ice_path(const struct jt_ice *ice);

/**
 * Bytes we may send to the current path now (SIZE_MAX once checked); tell what was sent and what
 * was received there.
 */
size_t jt_ice_allowance(const struct jt_ice *ice);
void jt_ice_count_sent(struct jt_ice *ice, size_t bytes);
/**
 * STUN counts itself; this is for DTLS, SRTP and SRTCP from a known path. Unknown addresses are
 * ignored.
 */
void jt_ice_count_received(struct jt_ice *ice, const struct jt_address *from, size_t bytes);

/** Something authenticated other than STUN came from there: the path is not silent. */
void jt_ice_heard(struct jt_ice *ice, const struct jt_address *from, int64_t now_us);

/**
 * May `bytes` go to this known path now? If so, counts them as sent. For what answers to where it
 * came from (DTLS).
 */
JT_MUST_CHECK bool jt_ice_spend(struct jt_ice *ice, const struct jt_address *to, size_t bytes);

/**
 * The peer proved by other means that it receives at `address` (it finished a DTLS handshake
 * there): as good as an answered check. Media goes there unless another path was nominated.
 */
void jt_ice_confirm(struct jt_ice *ice, const struct jt_address *address);

/**
 * Repeat own checks, watch consent. 0; -ETIMEDOUT: consent lost (no authenticated check for 30 s).
 * Every 500 ms or so.
 */
JT_MUST_CHECK int jt_ice_poll(struct jt_ice *ice, int64_t now_us);

/**
 * ICE restart: new credentials on both sides; the old path stays in use until the new one is
 * validated.
 */
JT_MUST_CHECK int jt_ice_restart(struct jt_ice *ice, const char *peer_ufrag, const char *peer_pwd,
                                 int64_t now_us);

#endif
