/**
 * Which one-time tokens were used: token id → expiry, in bounded memory. Full means refuse (fail closed). The caller
 * may keep it on disk through a callback, so that one-time means once across restarts and processes (threat A2).
 * Thread-safe.
 */
#ifndef CHAT_ACCESS_USED_H
#define CHAT_ACCESS_USED_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_token;
struct access_used;

enum { ACCESS_USED_DEFAULT = 65536 }; /* ours: 10,000 tickets a minute fill a sixth */

/**
 * Keep the id durably before the token counts. Returns 0; -EEXIST when it was kept before (another process was first);
 * other errors refuse the token. Called without locks, on the thread of access_used_take.
 */
typedef int (*access_used_keep_fn)(const uint8_t *nonce, int64_t expires_ms, void *arg);

/** For at least `capacity` live ids (0: the default). `keep` may be NULL. -ENOMEM. */
JT_MUST_CHECK int access_used_new(size_t capacity, access_used_keep_fn keep, void *arg,
                                  struct access_used **out);
void access_used_free(struct access_used *used);

/**
 * Use a verified token up. Exactly one caller per token gets 0; all others -EALREADY. -ENOSPC: too many live ones. What
 * `keep` returned otherwise: unknown whether kept, so the token stays used.
 */
JT_MUST_CHECK int access_used_take(struct access_used *used, const struct jt_token *token,
                                   int64_t now_ms);

/** Put back what the caller kept, at start. -ENOSPC. */
JT_MUST_CHECK int access_used_restore(struct access_used *used, const uint8_t *nonce,
                                      int64_t expires_ms, int64_t now_ms);

#endif
