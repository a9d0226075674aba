/**
 * Which one-time tokens were used: token id → expiry, in bounded memory. Full means refuse (fail closed). A restart
 * forgets them: the caller takes no token that was made before it began (threat A2). Thread-safe.
 */
#ifndef CHAT_ACCESS_USED_H
#define CHAT_ACCESS_USED_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_token;
struct access_used;

enum { ACCESS_USED_DEFAULT = 65536 }; /* ours: 10,000 tickets a minute fill a sixth */

/** For at least `capacity` live ids (0: the default). -ENOMEM. */
JT_MUST_CHECK int access_used_new(size_t capacity, struct access_used **out);
void access_used_free(struct access_used *used);

/** Use a verified token up. Exactly one caller per token gets 0; all others -EALREADY. -ENOSPC: too many live ones. */
JT_MUST_CHECK int access_used_take(struct access_used *used, const struct jt_token *token,
                                   int64_t now_ms);

#endif
