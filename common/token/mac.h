/** What is done with the keys: HMAC-SHA256 (RFC 2104, FIPS 180-4), or a private copy of one. Any thread. */
#ifndef JT_TOKEN_MAC_H
#define JT_TOKEN_MAC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "token/keyring.h"

enum { JT_MAC_BYTES = 32 };

/** Bytes for a MAC over several pieces, in this order; borrowed. */
struct jt_mac_piece {
    const void *data;
    size_t size;
};

/**
 * Copy a key; the caller wipes it. `id` 0: the newest, and `id` gets its number. -ENOKEY: no such key, or it is retired at
 * `now_ms` (a key without a retire time never is). With `now_ms` over 0 it looks whether the file has changed: at most once
 * a second, and always before it says -ENOKEY (a stat; the file is read only if it is another one).
 */
JT_MUST_CHECK int jt_keyring_key(struct jt_keyring *keyring, enum jt_key_family family,
                                 uint32_t *id, int64_t now_ms, uint8_t out[JT_KEY_BYTES]);

/** HMAC-SHA256 over the pieces with the key of that id, as jt_keyring_key. -ENOKEY, -EIO. */
JT_MUST_CHECK int jt_keyring_mac(struct jt_keyring *keyring, enum jt_key_family family,
                                 uint32_t *id, int64_t now_ms, const struct jt_mac_piece *pieces,
                                 size_t count, uint8_t out[JT_MAC_BYTES]);

/** The MAC itself, with any key. -EIO. */
JT_MUST_CHECK int jt_mac(const uint8_t *key, size_t key_size, const struct jt_mac_piece *pieces,
                         size_t count, uint8_t out[JT_MAC_BYTES]);

/** Whether two MACs are equal, in a time that does not depend on where they differ. */
JT_MUST_CHECK bool jt_mac_is_equal(const uint8_t a[JT_MAC_BYTES], const uint8_t b[JT_MAC_BYTES]);

#endif
