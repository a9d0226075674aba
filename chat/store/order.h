/**
 * From a checkout to goods handed over. One checkout makes one order for each seller, all of them or none. Three state
 * machines (README.md) move together in one transaction: order, payment, reservation; every move writes an outbox row.
 *
 * An order's id outside is 16 random bytes of the caller; its number is for people: day in Korea, count, check digit.
 * What is personal (recipient, phone, address, memo, depositor) is one sealed blob that nobody here can read.
 *
 * Errors: store.h, and
 *   -EDOM     this move is not allowed from the state it is in
 *   -ENODATA  money came after the reservation had expired, and not everything could be reserved again
 */
#ifndef CHAT_STORE_ORDER_H
#define CHAT_STORE_ORDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/store/cart.h"
#include "chat/store/money.h"

enum {
    STORE_ORDER_ID_SIZE = 16,
    STORE_HASH_SIZE = 32,
    STORE_SELLERS_MAX = 20, /* ours: orders of one checkout */
    STORE_UNPAID_MAX = 2,   /* ours: open checkouts of a guest, and of a phone number */
    STORE_BUCKET_PERCENT =
        20, /* ours: of what can still be sold of a variant, held by one address bucket; 1 at least */
    STORE_PICKUP_HOURS =
        72, /* ours: an order paid at pick-up waits so long for the seller to set it aside */
    STORE_KEY_SIZE = 129,    /* ours: of an idempotency key, with a NUL */
    STORE_KEY_HOURS = 24,    /* keys are kept at least so long */
    STORE_SEALED_MAX = 4096, /* ours */
    STORE_NUMBER_SIZE = 24,  /* 20261124-0001-7 */
    STORE_REASON_SIZE = 604,
    STORE_EXPIRE_MAX = 256, /* ours: orders in one write */
};

enum store_order_state {
    STORE_PENDING,
    STORE_PAID,
    STORE_EXPIRED,
    STORE_CANCELLED,
    STORE_READY, /* for pick-up */
    STORE_PICKED_UP,
    STORE_SHIPPING,
    STORE_DELIVERED,
};

enum store_payment_state {
    STORE_PAYMENT_READY,
    STORE_PAYMENT_CONFIRMED,
    STORE_PAYMENT_EXPIRED,
    STORE_PAYMENT_CANCELLED,  /* never came */
    STORE_PAYMENT_REFUND_DUE, /* had come: the seller owes it back */
};

enum store_tender { STORE_TRANSFER, STORE_AT_PICKUP };
enum store_delivery { STORE_SHIP, STORE_PICKUP };

/** As the REST contract writes them: "pending", "picked_up" … */
const char *store_order_state_name(enum store_order_state state);

/* ---- checkout ---- */

struct store_checkout_item {
    int64_t variant_id;
    int64_t quantity;  /* 1 … STORE_QUANTITY_MAX */
    int64_t price_won; /* what the buyer saw */
};

struct store_checkout {
    int64_t account_id;
    const char *key;                         /* idempotency key, of this account */
    uint8_t request_hash[STORE_HASH_SIZE];   /* of the whole request body */
    const struct store_checkout_item *items; /* a variant comes once */
    int item_count;                          /* 1 … STORE_CART_MAX */
    bool
        is_from_cart; /* the items leave the cart with the order: it has exactly them, or nothing is ordered */
    int64_t show_id; /* 0: outside a show */
    enum store_delivery delivery;
    enum store_tender tender; /* at pick-up only with STORE_PICKUP */
    const void *sealed;       /* goes into each order of the checkout */
    size_t sealed_size;
    uint8_t phone_hash[STORE_HASH_SIZE];     /* keyed hash of the number's digits */
    uint8_t address_bucket[STORE_HASH_SIZE]; /* keyed hash of the network the request came from */
    uint8_t order_ids[STORE_SELLERS_MAX][STORE_ORDER_ID_SIZE]; /* random: used in order */
    int64_t now_ms;
};

enum store_refusal {
    STORE_NOT_REFUSED,
    STORE_SOLD_OUT,        /* variant_id, left */
    STORE_PRICE_CHANGED,   /* variant_id, price_won now */
    STORE_SALES_STOPPED,   /* the show's, or an open show's of the seller */
    STORE_OFF_SALE,        /* variant_id: product off or gone, or not of the rehearsal's shop */
    STORE_OVER_LIMIT,      /* variant_id, left: how many one order may have */
    STORE_TOO_MANY_UNPAID, /* open checkouts of this guest or phone number */
    STORE_TOO_MANY_HELD,   /* variant_id: this network holds its share */
    STORE_NO_PICKUP,       /* a seller has no place for it */
    STORE_CART_CHANGED,    /* variant_id: the cart has not this many of it (any more) */
    STORE_KEY_MISMATCH,    /* the key came before with another request */
};

struct store_checkout_result {
    enum store_refusal refusal;
    int64_t variant_id, left, price_won; /* as the refusal says */
    bool is_repeat;                      /* these orders were made by an earlier call */
    int order_count;
    uint8_t orders[STORE_SELLERS_MAX][STORE_ORDER_ID_SIZE]; /* by seller */
};

/**
 * Order. Returns 0 when the orders are durable; -ECANCELED when it is refused, then nothing is written; -EINVAL for an item
 * list that no page of ours sends (empty, too long, a variant twice, a quantity out of range).
 *
 * The same key with the same request gives the same orders again, and makes none: those that come while the first is being
 * written wait for it. (The answer is kept as the orders' ids, not as text: the text has personal data in it.)
 * In a rehearsal (a show with access "token") orders are marked, take no stock and count nowhere.
 */
JT_MUST_CHECK int store_checkout(struct store *store, const struct store_checkout *checkout,
                                 struct store_checkout_result *out);

/* ---- moves ---- */

/* They return 1 when the order moved, 0 when it was there already (nothing is written), or an error. */

/** The money is there. After expiry everything is reserved again in the same step, or -ENODATA: give the money back. */
JT_MUST_CHECK int store_order_confirm(struct store *store, int64_t shop_id, const uint8_t order[16],
                                      int64_t now_ms);
/** To ready, picked up, shipping or delivered. What is paid at pick-up is paid by being picked up. */
JT_MUST_CHECK int store_order_move(struct store *store, int64_t shop_id, const uint8_t order[16],
                                   enum store_order_state to, int64_t now_ms);
/** By the seller, before it is handed over. Stock comes back; what was paid is owed back. */
JT_MUST_CHECK int store_order_cancel(struct store *store, int64_t shop_id, const uint8_t order[16],
                                     const char *reason, int64_t now_ms);
/** By the buyer, while nothing was done for it yet: pending or paid. */
JT_MUST_CHECK int store_order_withdraw(struct store *store, int64_t account_id,
                                       const uint8_t order[16], int64_t now_ms);

/**
 * The sweeper's: at most STORE_EXPIRE_MAX pending orders that are due expire; old idempotency keys go. Returns how many
 * expired; `out_next_ms`: when the next is due, 0 if none waits (call again at once while it is not after now_ms).
 */
JT_MUST_CHECK int store_expire(struct store *store, int64_t now_ms, int64_t *out_next_ms);

/* ---- reading ---- */

struct store_order_line {
    int64_t variant_id, product_id;
    char name[STORE_NAME_SIZE], option[STORE_OPTION_SIZE]; /* as they were */
    int quantity;
    int64_t price_won; /* of one */
    enum store_terms terms;
};

/** The seller as he was when the order was made. */
struct store_order_seller {
    char name[STORE_SHOP_NAME_SIZE], phone[64];
    char bank_name[128], bank_account[128], bank_holder[128], pickup_place[1024];
};

struct store_order {
    int64_t id; /* for paging, and inside */
    uint8_t order[STORE_ORDER_ID_SIZE];
    char number[STORE_NUMBER_SIZE];
    int64_t account_id, shop_id, show_id;
    enum store_order_state state;
    enum store_payment_state payment;
    enum store_tender tender;
    enum store_delivery delivery;
    bool is_test;
    int64_t shipping_won, total_won;
    int64_t created_ms, expires_ms, paid_ms; /* 0: never */
    char reason[STORE_REASON_SIZE];          /* of a cancellation by the seller */
    struct store_order_seller seller;
    uint8_t sealed[STORE_SEALED_MAX];
    size_t sealed_size;
    int line_count;
    struct store_order_line lines[STORE_CART_MAX];
};

typedef int (*store_order_fn)(const struct store_order *order, void *arg);

/** By anybody who knows its id: mask what is personal unless `out->account_id` asks. */
JT_MUST_CHECK int store_order_get(struct store *store, const uint8_t order[16],
                                  struct store_order *out);
JT_MUST_CHECK int store_order_get_for_shop(struct store *store, int64_t shop_id,
                                           const uint8_t order[16], struct store_order *out);
/** Newest first, those with an id below `before_id` (0: from the newest), at most `limit`. */
JT_MUST_CHECK int store_orders_of_shop(struct store *store, int64_t shop_id, int64_t before_id,
                                       int limit, store_order_fn fn, void *arg);
JT_MUST_CHECK int store_orders_of_account(struct store *store, int64_t account_id,
                                          int64_t before_id, int limit, store_order_fn fn,
                                          void *arg);

/**
 * What a show sold. Orders of its rehearsals are in none of these.
 *   orders       orders made in the show, whatever became of them
 *   paid_orders  those of them whose payment is confirmed now: neither expired, nor cancelled, nor owed back
 *   paid_won     the totals of those, shipping included
 *   units        the pieces in those
 */
struct store_report {
    int64_t orders, paid_orders, paid_won, units;
};

JT_MUST_CHECK int store_show_report(struct store *store, int64_t show_id, struct store_report *out);

/** Of the number people read aloud: is its check digit right? (Damm 2004: finds each wrong digit and each swap of neighbours.) */
bool store_order_number_ok(const char *number);

#endif
