/**
 * The service's own secrets, in one file of mode 0600 that is made at the first start. Four families, so that a key does
 * one thing only. Keys never leave this folder: token.h, csrf.h, sealed.h ask for what they need in keyring_private.h. They
 * lie in guarded memory that no core dump contains, and are wiped. Nothing here logs a key. Thread-safe.
 */
#ifndef CHAT_ACCESS_KEYRING_H
#define CHAT_ACCESS_KEYRING_H

#include <stdint.h>

#include "base/base.h"

struct access_keyring;

enum access_family {
    ACCESS_KEYS_TOKEN, /* tokens and CSRF: the newest signs, the one before it is accepted until it retires */
    ACCESS_KEYS_SEAL, /* columns: the newest seals, all older ones still open */
    ACCESS_KEYS_LOOKUP, /* hashes rows are found by: one key for good (a new one means rehashing every row) */
    ACCESS_FAMILIES
};

enum {
    ACCESS_KEY_BYTES = 32,
    ACCESS_KEYS_MAX = 64,                             /* ours: a rotation a week for a year */
    ACCESS_ROTATION_OVERLAP_MS = 24 * 60 * 60 * 1000, /* ours: longer than the longest play token */
    ACCESS_KEY_FILE_MAX_BYTES = 16 * 1024,
};

/**
 * Load `path`, or make it with one fresh key per family when it doesn't exist. Call once at start, after
 * access_init. -EPERM: the file can be read by others (mode other than 0600 or 0400) or isn't ours; -EBADMSG: it isn't
 * whole (never made anew: that would lose every sealed column); or the errno of the file call.
 */
JT_MUST_CHECK int access_keyring_open(const char *path, int64_t now_ms,
                                      struct access_keyring **out);

/** Wipes and frees. NULL is fine. */
void access_keyring_close(struct access_keyring *keyring);

/**
 * A new key signs or seals from now on. TOKEN: the one before retires at now + `overlap_ms` (0: at once, after a leak),
 * older ones are dropped. The file is replaced (write, fsync, rename) before the new key is used. -ENOTSUP for LOOKUP,
 * -ENOSPC when the ring is full, -EINVAL for a negative overlap, or the errno of the file call.
 */
JT_MUST_CHECK int access_keyring_rotate(struct access_keyring *keyring, enum access_family family,
                                        int64_t now_ms, int64_t overlap_ms);

/** Read the file again, after another process rotated. On an error the old keys stay. */
JT_MUST_CHECK int access_keyring_reload(struct access_keyring *keyring);

/** The id of the key that signs or seals now: for operators and audit; ids are no secret. */
uint32_t access_keyring_current(struct access_keyring *keyring, enum access_family family);

/** libsodium's start; once, before any other call of this folder and before threads. Returns 0 or -EIO. */
JT_MUST_CHECK int access_init(void);

#endif
