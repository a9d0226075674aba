/**
 * Stock that orders hold or have taken: the only place where reserved and sold change. On the writer's thread, within an
 * order's transaction. Private to chat/store.
 */
#ifndef CHAT_STORE_RESERVATION_H
#define CHAT_STORE_RESERVATION_H

#include <stdint.h>

#include "base/base.h"
#include "chat/store/order_state.h"

struct store_db;

struct store_reservation {
    int64_t purchase_id, attempt, variant_id, quantity, expires_ms; /* 0: never */
    const uint8_t *address_bucket;                                  /* STORE_HASH_SIZE bytes */
};

/** Hold pieces, if there are so many left: the statement that decides is the one that takes. -ENODATA: there are not. */
JT_MUST_CHECK int store_reserve(struct store_db *db, const struct store_reservation *wanted);

/** All of a purchase that are in one state go to another, which must be allowed; stock follows. Returns how many. */
JT_MUST_CHECK int store_reservations_move(struct store_db *db, int64_t purchase_id,
                                          enum store_reservation_state from,
                                          enum store_reservation_state to);
/** Those that are held do not end by themselves any more. */
JT_MUST_CHECK int store_reservations_keep(struct store_db *db, int64_t purchase_id);

/** Pieces of a variant held for an address bucket. */
JT_MUST_CHECK int store_held(struct store_db *db, int64_t variant_id, const uint8_t *address_bucket,
                             int64_t *out);

#endif
