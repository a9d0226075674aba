/**
 * Passwords: argon2id (RFC 9106) by libsodium at its interactive limits, 2 passes over 64 MiB: about 0.1 s and 64 MiB each,
 * so at most four at once. On a worker thread, never on a loop.
 */
#ifndef CHAT_ACCESS_PASSWORD_H
#define CHAT_ACCESS_PASSWORD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

enum {
    ACCESS_PASSWORD_MIN_CHARACTERS = 10,
    ACCESS_PASSWORD_MAX_BYTES = 256,  /* ours: a sentence in Korean */
    ACCESS_PASSWORD_HASH_BYTES = 128, /* crypto_pwhash_STRBYTES, NUL included */
    ACCESS_PASSWORDS_AT_ONCE = 4,     /* 256 MiB in all */
};

enum access_password_fault {
    ACCESS_PASSWORD_GOOD,
    ACCESS_PASSWORD_SHORT,
    ACCESS_PASSWORD_LONG,
    ACCESS_PASSWORD_NOT_TEXT, /* not UTF-8, or with control characters */
    ACCESS_PASSWORD_COMMON, /* on the block-list, one repeated pattern, or the account's own name */
};

/** Whether it may become somebody's password. `account` (login name) may be NULL. Any thread, quick. */
enum access_password_fault access_password_check(const char *password, size_t size,
                                                 const char *account);

/**
 * Hash for storing: "$argon2id$v=19$m=65536,t=2,p=1$…". Doesn't check the rules above. -EBUSY: four are running, answer
 * 503 with Retry-After; -EINVAL: too long; -ENOMEM. Blocks about 0.1 s.
 */
JT_MUST_CHECK int access_password_hash(const char *password, size_t size,
                                       char out[ACCESS_PASSWORD_HASH_BYTES]);

/**
 * 0 when it is the password of `hash`, else -EACCES; -EBUSY as above. `hash` NULL (no such account) takes as long and
 * gives -EACCES, so that time doesn't tell which accounts exist (threat H10). Blocks about 0.1 s.
 */
JT_MUST_CHECK int access_password_verify(const char *password, size_t size, const char *hash);

/** Whether `hash` was made with other limits than today's: hash anew at the next good login. */
bool access_password_is_stale(const char *hash);

#endif
