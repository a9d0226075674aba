/**
 * Behind rtc/seal.h: session keys (RFC 3711 §4.3) and what a back end must do. A back end seals RTP
 * only; SRTCP is rare and has one implementation for all (seal_rtcp.c).
 */
#ifndef JT_RTC_SEAL_BACKEND_H
#define JT_RTC_SEAL_BACKEND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "rtc/hmac_sha1.h"
#include "rtc/seal.h"

enum {
    JT_SRTP_GCM_TAG_BYTES = 16, /* RFC 7714 §13.2 */
    JT_SRTP_CM_TAG_BYTES = 10,  /* RFC 5764 §4.1.2 */
    JT_SRTP_IV_BYTES = 16,      /* GCM uses the first 12 */
};

/** What one direction uses for RTP, or for RTCP. Wiped by its owner. */
struct jt_session_keys {
    enum jt_srtp_profile profile;
    uint8_t cipher[JT_SRTP_KEY_BYTES];
    uint8_t auth[JT_HMAC_SHA1_BYTES]; /* CM only */
    uint8_t salt[JT_SRTP_SALT_MAX_BYTES];
};

enum jt_session_use {
    JT_SESSION_RTP = 0,
    JT_SESSION_RTCP = 3
}; /* first label of RFC 3711 §4.3.2 */

/** Derive with a key derivation rate of 0. 0, -EINVAL for an unknown profile, -ENOMEM. */
JT_MUST_CHECK int jt_session_derive(const struct jt_srtp_keys *master, enum jt_session_use use,
                                    struct jt_session_keys *out);

struct jt_seal_backend {
    const char *name;
    bool (*is_usable)(void); /* asked once, at the first seal */
    /** Build whatever seals RTP with these keys. 0 or -ENOMEM. */
    int (*state_new)(const struct jt_session_keys *keys, void **out);
    void (*state_free)(void *state); /* wipes; takes NULL */
    /** Jobs may mix seals and profiles. */
    void (*seal)(const struct jt_seal_job *jobs, int count);
};

/** A seal from session keys instead of master keys: the vectors of RFC 7714 begin there. */
JT_MUST_CHECK int jt_seal_from_session(const struct jt_session_keys *rtp,
                                       const struct jt_session_keys *rtcp, struct jt_seal **out);
JT_MUST_CHECK int jt_unseal_from_session(const struct jt_session_keys *rtcp,
                                         struct jt_unseal **out);

/** A back end's way from a job to its state. */
void *jt_seal_state(const struct jt_seal *seal);
enum jt_srtp_profile jt_seal_profile(const struct jt_seal *seal);

extern const struct jt_seal_backend jt_seal_evp;

/** SRTCP of one direction (RFC 3711 §3.4, RFC 7714 §9). */
struct jt_srtcp {
    struct jt_session_keys keys;
    struct jt_hmac_sha1 hmac; /* CM only */
};

void jt_srtcp_init(struct jt_srtcp *srtcp, const struct jt_session_keys *keys);
void jt_srtcp_deinit(struct jt_srtcp *srtcp);
JT_MUST_CHECK int jt_srtcp_protect(const struct jt_srtcp *srtcp, uint32_t index, uint8_t *data,
                                   size_t *size, size_t capacity);

#endif
