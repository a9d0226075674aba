/**
 * Limits for strangers: wrong passwords by account and by address, fresh guests by address (threats A5, C4). Bounded
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
    ACCESS_LIMIT_ACCOUNT, /* failures, key: the login name as typed: whether it exists makes no difference */
    ACCESS_LIMIT_ADDRESS, /* failures, key: access_address_key */
    ACCESS_LIMIT_GUEST,   /* fresh guests, key: access_address_key */
    ACCESS_LIMITS
};

enum {
    ACCESS_LIMITER_DEFAULT = 65536, /* entries, 2 MiB */
    ACCESS_FAILURES_PER_MINUTE = 5, /* threat A5 */
    ACCESS_DELAY_FIRST_MS = 1000,
    ACCESS_DELAY_MAX_MS = 300 * 1000,        /* ours, for an account */
    ACCESS_DELAY_ADDRESS_MAX_MS = 30 * 1000, /* ours: carriers put many honest people behind one */
    ACCESS_GUESTS_BURST = 100,               /* ours: a show's start behind one carrier's address */
    ACCESS_GUESTS_PER_MINUTE = 120,
    ACCESS_ADDRESS_KEY_BYTES = 16,
    ACCESS_LIMIT_KEY_MAX_BYTES = 128, /* of a longer key the first ones count */
};

/** `entries` 0: the default. -ENOMEM. */
JT_MUST_CHECK int access_limiter_new(size_t entries, struct access_limiter **out);
void access_limiter_free(struct access_limiter *limiter);

/**
 * Ask before trying. 0: go on; the attempt counts as a failure from now on (so that attempts in parallel count), until
 * access_limiter_succeeded takes it back. Else the milliseconds to wait (429 with Retry-After): the attempt wasn't counted,
 * so nobody can lock another out for longer by going on.
 */
int64_t access_limiter_try(struct access_limiter *limiter, enum access_limit limit, const void *key,
                           size_t size, int64_t now_ms);

/** The attempt was good: it doesn't count. Earlier failures stay (else an own account would launder guesses). */
void access_limiter_succeeded(struct access_limiter *limiter, enum access_limit limit,
                              const void *key, size_t size, int64_t now_ms);

/** A peer's address as a key: IPv4 whole (also when mapped into IPv6), IPv6 by its /64, which one household has. -EINVAL. */
JT_MUST_CHECK int access_address_key(const char *address, uint8_t out[ACCESS_ADDRESS_KEY_BYTES]);

#endif
