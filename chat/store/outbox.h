/**
 * What happened, in order, for those who tell others: rooms, mail, hooks. Rows are written in the transaction of what they
 * tell about. A reader has a name and a mark; it may see an event again after a crash, never miss one.
 */
#ifndef CHAT_STORE_OUTBOX_H
#define CHAT_STORE_OUTBOX_H

#include <stdint.h>

#include "base/base.h"

struct store;

struct store_event {
    int64_t id, at_ms;
    char kind
        [16]; /* "order": order, state; "product": product_id changed; "stock": product_id, variant_id */
    char state[16];
    int64_t shop_id, show_id, account_id; /* the last two of an order; 0 for none */
    int64_t product_id, variant_id;
    uint8_t order[16];
    int is_test;
};

typedef int (*store_event_fn)(const struct store_event *event, void *arg);

/** At most `limit` events after the reader's mark, oldest first. Returns how many, or fn's result when that is not 0. */
JT_MUST_CHECK int store_outbox_read(struct store *store, const char *reader, int limit,
                                    store_event_fn fn, void *arg);
/** All up to `id` are told. A mark only goes up. */
JT_MUST_CHECK int store_outbox_mark(struct store *store, const char *reader, int64_t id);
/** Forget what every reader has told and is older than `before_ms`, but the newest. Returns how many rows. */
JT_MUST_CHECK int store_outbox_trim(struct store *store, int64_t before_ms);

#endif
