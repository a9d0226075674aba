/** Who did what to what, and why: written in the same transaction as the act. Errors: store.h. */
#ifndef CHAT_STORE_AUDIT_H
#define CHAT_STORE_AUDIT_H

#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct store;

enum { STORE_AUDIT_TEXT_MAX_BYTES = 320 };

struct store_audit {
    int64_t id, at_ms;
    char actor[STORE_NAME_MAX_BYTES]; /* "" for the service itself */
    char operation[40], target[STORE_AUDIT_TEXT_MAX_BYTES], reason[STORE_AUDIT_TEXT_MAX_BYTES];
};

typedef void (*store_audit_fn)(void *arg, const struct store_audit *row);

/** The newest first, at most `limit`, those before the row `before_id` (0: from the newest on). Returns 0. */
JT_MUST_CHECK int store_audit_list(struct store *store, int64_t before_id, int limit,
                                   store_audit_fn fn, void *arg);

#endif
