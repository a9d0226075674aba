/**
 * The seal interface: SRTP and SRTCP protection for one direction of one session (RFC 3711, RFC
 * 7714). Same bytes as libsrtp, proven by test. RTP is sealed in batches, from the payload where it
 * lies (the shared ring) straight into the send slab, so that a multi-buffer back end can keep
 * packets of several viewers in flight.
 */
#ifndef JT_RTC_SEAL_H
#define JT_RTC_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/**
 * In our order of preference; the numbers are those of the use_srtp extension (RFC 5764 §4.1.2, RFC
 * 7714 §14.2).
 */
enum jt_srtp_profile {
    JT_SRTP_NONE = 0,
    JT_SRTP_AES128_CM_SHA1_80 = 0x0001,
    JT_SRTP_AEAD_AES_128_GCM = 0x0007,
};

enum {
    JT_SRTP_KEY_BYTES = 16,
    JT_SRTP_SALT_MAX_BYTES = 14, /* 12 for GCM, 14 for CM */
    JT_SEAL_RTP_OVERHEAD_MAX_BYTES = 16,
    JT_SEAL_RTCP_OVERHEAD_MAX_BYTES = 20, /* tag and index */
};

/**
 * Master key and salt of one direction, as the DTLS exporter gives them: all a new owner needs to
 * go on. Wipe after use.
 */
struct jt_srtp_keys {
    enum jt_srtp_profile profile;
    uint8_t key[JT_SRTP_KEY_BYTES];
    uint8_t salt[JT_SRTP_SALT_MAX_BYTES];
};

struct jt_seal;   /* sends */
struct jt_unseal; /* receives SRTCP (ingest receives SRTP with libsrtp) */

/** One packet to seal. The RTP header must lie in out[0 … header_size) already. */
struct jt_seal_job {
    struct jt_seal *seal;
    const uint8_t *payload; /* borrowed; may be shared memory that changes under us */
    uint8_t *out; /* header_size + payload_size + JT_SEAL_RTP_OVERHEAD_MAX_BYTES of room */
    uint16_t header_size, payload_size;
    /* rollover counter: the upper 32 bits of the 48-bit index; the lower are in the header */
    uint32_t roc;
};

/**
 * Which back end seals RTP in this process: "openssl", "ipsec-mb". Chosen once, by what the
 * processor can do.
 */
const char *jt_seal_backend_name(void);

JT_MUST_CHECK int jt_seal_new(const struct jt_srtp_keys *keys, struct jt_seal **out);
void jt_seal_free(struct jt_seal *seal); /* wipes */

/** Bytes a sealed RTP packet is longer than header and payload: 16 (GCM) or 10 (CM). */
uint16_t jt_seal_overhead(const struct jt_seal *seal);

/**
 * Seal `count` packets. Jobs of one seal must not be split over threads. Never fails once a seal
 * exists.
 */
void jt_seal_rtp(const struct jt_seal_job *jobs, int count);

/**
 * Protect a compound RTCP packet in place; `*size` grows. `index` is the caller's 31-bit SRTCP
 * index, used once each.
 */
JT_MUST_CHECK int jt_seal_rtcp(struct jt_seal *seal, uint32_t index, uint8_t *data, size_t *size,
                               size_t capacity);

JT_MUST_CHECK int jt_unseal_new(const struct jt_srtp_keys *keys, struct jt_unseal **out);
void jt_unseal_free(struct jt_unseal *unseal);

/**
 * Check and decrypt SRTCP in place; `*size` shrinks. -EBADMSG: bad tag, replay (window 128), clear
 * (E bit 0), too short.
 */
JT_MUST_CHECK int jt_unseal_rtcp(struct jt_unseal *unseal, uint8_t *data, size_t *size);

#endif
