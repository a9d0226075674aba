/** One row of the outbox, within the transaction of what it tells. Private to chat/store. */
#ifndef CHAT_STORE_OUTBOX_PUT_H
#define CHAT_STORE_OUTBOX_PUT_H

#include <stdint.h>

#include "base/base.h"

struct store_db;

struct store_new_event {
    int64_t at_ms, shop_id;
    const char *kind, *state;                    /* state "": none */
    int64_t purchase_id, product_id, variant_id; /* 0: none */
};

JT_MUST_CHECK int store_put_event(struct store_db *db, const struct store_new_event *event);

#endif
