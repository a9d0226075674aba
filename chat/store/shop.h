/** A shop: who sells, how they are paid, and the key with which they publish. Errors: store.h. */
#ifndef CHAT_STORE_SHOP_H
#define CHAT_STORE_SHOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct store;

enum {
    STORE_SHOP_TEXT_MAX_BYTES = 320,
    STORE_RETURNS_MAX_BYTES = 2000,
    STORE_KEY_SEALED_MAX_BYTES = 160,
};

/** What the owner fills in. The block of identity that Korean law wants shown is the first eight. */
struct store_shop {
    int64_t id;
    char name[STORE_NAME_MAX_BYTES], representative[STORE_NAME_MAX_BYTES];
    char address[STORE_SHOP_TEXT_MAX_BYTES];
    char phone[32], email[STORE_NAME_MAX_BYTES];
    char business_number[16], mail_order_number[64];
    char returns_text[STORE_RETURNS_MAX_BYTES];
    char bank_name[STORE_NAME_MAX_BYTES], bank_account[64], bank_holder[STORE_NAME_MAX_BYTES];
    int64_t transfer_hours; /* until an order that waits for a transfer ends: 1 to 72 */
    char pickup_place[STORE_SHOP_TEXT_MAX_BYTES]; /* "": no pick-up */
    int64_t shipping_won;
    bool is_live_at_once; /* a show goes live when its picture comes */
};

JT_MUST_CHECK int store_shop_get(struct store *store, int64_t id, struct store_shop *out);
JT_MUST_CHECK int store_shop_update(struct store *store, const struct store_shop *shop);

/** The stream key: sealed (only chat/access can open it), and the hash it is found by. */
struct store_stream_key {
    uint8_t sealed[STORE_KEY_SEALED_MAX_BYTES];
    size_t sealed_size;
    uint8_t lookup[STORE_HASH_BYTES];
};

/** -ENOENT: the shop has none yet. */
JT_MUST_CHECK int store_shop_key(struct store *store, int64_t id, struct store_stream_key *out);

struct store_key_change {
    int64_t shop_id, by_id, now_ms;
    bool only_if_none; /* the first key, not a rotation: -EEXIST when there is one */
    const struct store_stream_key *key;
};
JT_MUST_CHECK int store_shop_set_key(struct store *store, const struct store_key_change *change);
/** Whose key that is. -ENOENT. */
JT_MUST_CHECK int store_shop_by_key(struct store *store, const uint8_t lookup[STORE_HASH_BYTES],
                                    int64_t *out_shop_id);

#endif
