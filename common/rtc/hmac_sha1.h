/**
 * HMAC-SHA1 (RFC 2104) with the key worked in once: SRTP's CM profile and STUN. The state is two
 * saved hashes in plain memory, so that a tag needs no allocation and cannot fail. Any thread.
 */
#ifndef JT_RTC_HMAC_SHA1_H
#define JT_RTC_HMAC_SHA1_H

#include <openssl/sha.h>
#include <stddef.h>
#include <stdint.h>

enum { JT_HMAC_SHA1_BYTES = 20 };

struct jt_hmac_sha1 {
    SHA_CTX inner, outer; /* after the padded key; wipe with the owner */
};

/** Any key size: over 64 bytes it is hashed first (RFC 2104 §2). */
void jt_hmac_sha1_init(struct jt_hmac_sha1 *hmac, const void *key, size_t key_size);

/** The tag of `data` followed by `tail` (which may be empty). */
void jt_hmac_sha1_tag(const struct jt_hmac_sha1 *hmac, const void *data, size_t data_size,
                      const void *tail, size_t tail_size, uint8_t out[JT_HMAC_SHA1_BYTES]);

#endif
