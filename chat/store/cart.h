/** What a person means to buy. A cart holds no stock and no price: both are read anew, and what changed is said. */
#ifndef CHAT_STORE_CART_H
#define CHAT_STORE_CART_H

#include <stdint.h>

#include "base/base.h"
#include "chat/store/product.h"

enum {
    STORE_CART_MAX = 50, /* ours: variants in a cart, lines in a checkout */
    STORE_SHOP_NAME_SIZE = 304,
};

/** The first that applies, by rank. */
enum store_cart_warning {
    STORE_CART_FINE,
    STORE_CART_OFF,        /* not on sale any more */
    STORE_CART_SOLD_OUT,   /* none left */
    STORE_CART_FEW,        /* fewer left than wanted */
    STORE_CART_OVER_LIMIT, /* more of the product than one order may have, over its variants */
    STORE_CART_REDUCED,    /* a merge could not keep them all */
};

struct store_cart_item {
    int64_t variant_id, product_id, shop_id;
    char shop_name[STORE_SHOP_NAME_SIZE], name[STORE_NAME_SIZE], option[STORE_OPTION_SIZE];
    char picture[STORE_PICTURE_SIZE];
    int quantity, max_per_order;
    int64_t price_won, left;
    enum store_cart_warning warning;
};

/** Return 0 to go on; anything else ends the list and is its result. Do not call the store. */
typedef int (*store_cart_fn)(const struct store_cart_item *item, void *arg);

/**
 * Put `quantity` (0 … STORE_QUANTITY_MAX; 0 removes) of a variant into the cart. -ENOENT: no such variant, or it is off;
 * -ERANGE: more than the product's max_per_order; -E2BIG: the cart is full.
 */
JT_MUST_CHECK int store_cart_set(struct store *store, int64_t account_id, int64_t variant_id,
                                 int quantity, int64_t now_ms);
/** By shop, then as they were put in. */
JT_MUST_CHECK int store_cart_read(struct store *store, int64_t account_id, store_cart_fn fn,
                                  void *arg);
/**
 * A guest signs in: the guest's items move over, quantities add up to at most what is left and what an order may have. The
 * guest's cart is empty afterwards, so a second merge changes nothing. Returns how many items had to be reduced.
 */
JT_MUST_CHECK int store_cart_merge(struct store *store, int64_t guest_id, int64_t account_id,
                                   int64_t now_ms);

#endif
