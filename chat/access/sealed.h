/**
 * Columns with personal data or keys, encrypted before the store sees them: AES-256-GCM (NIST SP 800-38D). The cell's
 * place is authenticated with it, so a blob moved to another row, column or table doesn't open (threat P1). And keyed
 * hashes, by which a row can be found without the value.
 *
 *   blob: 1 (version), key id u32, nonce 12 bytes, ciphertext, tag 16 bytes
 */
#ifndef CHAT_ACCESS_SEALED_H
#define CHAT_ACCESS_SEALED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_keyring;

enum {
    ACCESS_SEAL_EXTRA_BYTES = 1 + 4 + 12 + 16,
    ACCESS_SEAL_PLAIN_MAX_BYTES = 64 * 1024, /* ours: an HTTP body */
    ACCESS_LOOKUP_BYTES = 32,
};

/** Where a blob lives. `row` must be known before the insert: an outside id, or the row number in decimal. */
struct access_cell {
    const char *table, *column, *row; /* borrowed; none empty */
};

/**
 * Seal `size` bytes (0 is fine) into `out` of at least size + ACCESS_SEAL_EXTRA_BYTES. Returns the bytes written;
 * -EMSGSIZE when too large or `capacity` too small, -EINVAL for an empty name, -EIO. Any thread.
 */
JT_MUST_CHECK int access_seal(struct jt_keyring *keyring, const struct access_cell *cell,
                              const void *plain, size_t size, uint8_t *out, size_t capacity);

/**
 * Open a blob. Returns the plain bytes written to `out`; -EBADMSG when a byte was changed, it was moved, or its key is
 * unknown; -EMSGSIZE when `capacity` (size - ACCESS_SEAL_EXTRA_BYTES) is too small. On an error `out` is all zero. The
 * caller wipes what it no longer needs.
 */
JT_MUST_CHECK int access_open(struct jt_keyring *keyring, const struct access_cell *cell,
                              const uint8_t *blob, size_t size, void *out, size_t capacity);

/** Whether it was sealed with an older key: seal anew at the next write. */
bool access_seal_is_stale(struct jt_keyring *keyring, const uint8_t *blob, size_t size);

/**
 * The hash a row is found by: HMAC-SHA256(lookup key, kind NUL value). `kind` keeps hashes of different columns apart
 * ("stream_key", "phone"); the caller normalises the value first (a phone number: digits only). Returns 0 or -EIO.
 */
JT_MUST_CHECK int access_lookup(struct jt_keyring *keyring, const char *kind, const void *value,
                                size_t size, uint8_t out[ACCESS_LOOKUP_BYTES]);

#endif
