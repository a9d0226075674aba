/**
 * Limits for strangers: wrong passwords by account and by address, unknown stream keys and fresh guests by address (threats A5,
 * C4). Bounded
 * memory: a table of fixed size under a keyed hash, so that nobody can aim at another's place; what falls out is the entry
 * nearest to being forgotten. Time is passed in, monotonic (pitfall 47). Thread-safe.
 */
#ifndef CHAT_ACCESS_LIMITER_H
#define CHAT_ACCESS_LIMITER_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct access_limiter;

enum access_limit {
    ACCESS_LIMIT_ADDRESS, /* failures from an address, whatever was tried */
    ACCESS_LIMIT_ACCOUNT, /* failures at an account, from anywhere */
    ACCESS_LIMIT_BOTH, /* failures at an account from one address: less, so that one stranger alone locks nobody out */
    ACCESS_LIMIT_GUEST, /* fresh guests from an address */
    ACCESS_LIMIT_KEY, /* unknown stream keys from an address; apart, as encoders try again and again by themselves */
    ACCESS_LIMITS
};

enum {
    ACCESS_LIMITER_DEFAULT = 65536, /* entries, 1 MiB */
    ACCESS_ADDRESS_BURST = 5,       /* threat A5: five failures a minute */
    ACCESS_ADDRESS_EVERY_MS = 12000,
    ACCESS_ACCOUNT_BURST = 20, /* at most 100 in the first hour: OWASP ASVS 4.0.3, 2.2.1 */
    ACCESS_ACCOUNT_EVERY_MS = 45000,
    ACCESS_BOTH_BURST = 5, /* ours: at most 65 in the first hour */
    ACCESS_BOTH_EVERY_MS = 60000,
    ACCESS_GUESTS_BURST = 100, /* ours: a show's start behind one carrier's address */
    ACCESS_GUESTS_EVERY_MS = 500,
    ACCESS_ADDRESS_KEY_BYTES = 16,
    ACCESS_LIMIT_KEY_MAX_BYTES = 128, /* of a longer key the first ones count */
};

/** `entries` 0: the default. -ENOMEM. */
JT_MUST_CHECK int access_limiter_new(size_t entries, struct access_limiter **out);
void access_limiter_free(struct access_limiter *limiter);

/**
 * Ask before trying. 0: go on; the attempt counts as a failure from now on (so that attempts in parallel count), until
 * access_limiter_succeeded takes it back. Else the milliseconds to wait (429 with Retry-After): the attempt wasn't counted,
 * so asking again makes the wait no longer.
 */
JT_MUST_CHECK int64_t access_limiter_try(struct access_limiter *limiter, enum access_limit limit,
                                         const void *key, size_t size, int64_t now_ms);

/** The attempt was good: it doesn't count. Earlier failures stay (else an own account would launder guesses). */
void access_limiter_succeeded(struct access_limiter *limiter, enum access_limit limit,
                              const void *key, size_t size, int64_t now_ms);

/**
 * Both for a login, by address, account and the two together. `login` as typed, then lower-cased by the caller as the
 * store does: whether it exists makes no difference. 0, or the milliseconds to wait; then nothing was counted.
 */
JT_MUST_CHECK int64_t access_login_try(struct access_limiter *limiter, const char *login,
                                       const uint8_t address_key[ACCESS_ADDRESS_KEY_BYTES],
                                       int64_t now_ms);
void access_login_succeeded(struct access_limiter *limiter, const char *login,
                            const uint8_t address_key[ACCESS_ADDRESS_KEY_BYTES], int64_t now_ms);

/** A peer's address as a key: IPv4 whole (also when mapped into IPv6), IPv6 by its /64, which one household has. -EINVAL. */
JT_MUST_CHECK int access_address_key(const char *address, uint8_t out[ACCESS_ADDRESS_KEY_BYTES]);
/** The same; what is no address (a unix socket without a front door) is one place. */
void access_place_key(const char *address, uint8_t out[ACCESS_ADDRESS_KEY_BYTES]);

#endif
