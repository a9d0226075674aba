/**
 * The secrets the services share, in one file of mode 0600. Chat makes it at the first start; a key rotated
 * in it (jt_keyring_rotate, which no command calls yet) is taken up within a second by those who only read it. Four families, so that a key does one thing only. Keys lie
 * in guarded memory that no core dump contains, and are wiped. Nothing here logs a key. Thread-safe.
 */
#ifndef JT_TOKEN_KEYRING_H
#define JT_TOKEN_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct jt_keyring;

enum jt_key_family {
    JT_KEYS_TOKEN, /* tokens and CSRF: the newest signs, the one before it is accepted until it retires */
    JT_KEYS_HOOK, /* requests between services: as TOKEN */
    JT_KEYS_SEAL, /* columns: the newest seals, all older ones still open */
    JT_KEYS_LOOKUP, /* hashes rows are found by: one key for good (a new one means rehashing every row) */
    JT_KEY_FAMILIES
};

enum {
    JT_KEY_BYTES = 32,
    JT_KEYS_MAX = 64,            /* ours: a new seal key a week for a year */
    JT_KEY_LOOK_EVERY_MS = 1000, /* ours: a revoked key is refused by all services within that */
};

/**
 * Load `path`. When it doesn't exist: with `may_create` make it with a fresh key per family, else -ENOENT. The caller
 * says no when it isn't chat, and when a database exists already: new keys open none of its columns. Call before any
 * other thread runs. -EPERM: the file can be read by others (mode other than 0600 or 0400) or isn't ours; -EBADMSG: it
 * isn't whole (never made anew); -EIO: no libsodium; or the errno of the file call.
 */
JT_MUST_CHECK int jt_keyring_open(const char *path, bool may_create, int64_t now_ms,
                                  struct jt_keyring **out);

/** Wipes and frees. NULL is fine. */
void jt_keyring_close(struct jt_keyring *keyring);

/**
 * A new key signs or seals from now on. TOKEN and HOOK: the one before retires at now + `overlap_ms` (0: at once, after
 * a leak), older ones are dropped. The file is read, replaced (write, fsync, rename), then the new key is used. -ENOTSUP
 * for LOOKUP, -ENOSPC when the ring is full, -EINVAL for a negative overlap, or the errno of the file call. Only chat.
 * Blocks on the disk.
 */
JT_MUST_CHECK int jt_keyring_rotate(struct jt_keyring *keyring, enum jt_key_family family,
                                    int64_t now_ms, int64_t overlap_ms);

/** Read the file again now, whether it looks changed or not. On an error the old keys stay. */
JT_MUST_CHECK int jt_keyring_reload(struct jt_keyring *keyring);

/** The id of the key that signs or seals now: for operators and audit; ids are no secret. */
uint32_t jt_keyring_current(struct jt_keyring *keyring, enum jt_key_family family);

#endif
