/**
 * Products, their variants and stock, and which of them a show has. A product without options has one variant. Left is
 * on_hand - reserved - sold: on_hand counts what was ever put in, and only goes down by a correction.
 *
 * Names and texts are UTF-8, checked by the caller. Errors: store.h; -E2BIG more than the limits below, -ERANGE a number
 * outside its range.
 */
#ifndef CHAT_STORE_PRODUCT_H
#define CHAT_STORE_PRODUCT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct store;

enum {
    STORE_PRODUCTS_MAX = 200,      /* ours: of a shop, those deleted not counted */
    STORE_SHOW_PRODUCTS_MAX = 100, /* ours: of a show */
    STORE_OPTIONS_MAX = 3,         /* ours: size, colour … */
    STORE_VALUES_MAX = 20,         /* ours: of one option */
    STORE_VARIANTS_MAX = 100,      /* ours: of a product, in use or not */
    STORE_STOCK_MAX = 1000000,     /* ours: ever put in, of a variant */
    STORE_NAME_SIZE = 304,         /* 100 characters, a NUL */
    STORE_OPTION_SIZE = 304,       /* the values of a variant, as people read them */
    STORE_VALUES_SIZE = 512,       /* the values of a variant, JSON */
    STORE_OPTIONS_SIZE = 6144,     /* the options of a product, JSON */
    STORE_DESCRIPTION_SIZE = 12004,
    STORE_ALT_SIZE = 604,
    STORE_PICTURE_SIZE = 68,
};

/** What a buyer may take back: the lawful exceptions, not free text (E-Commerce Act, Art. 17). */
enum store_terms { STORE_NORMAL, STORE_PERISHABLE, STORE_MADE_TO_ORDER };

struct store_variant {
    int64_t id;                     /* 0 in store_product_update: a new one */
    char values[STORE_VALUES_SIZE]; /* JSON: ["red","L"], [] without options */
    char option[STORE_OPTION_SIZE]; /* out only: "red / L" */
    int64_t price_won;
    int64_t on_hand; /* in: what a new one starts with */
    int64_t left;    /* out only, as what follows */
    int64_t reserved, sold, version;
};

struct store_product {
    int64_t id, shop_id;
    char name[STORE_NAME_SIZE], description[STORE_DESCRIPTION_SIZE];
    char alt[STORE_ALT_SIZE], picture[STORE_PICTURE_SIZE]; /* hash of the picture, "" for none */
    int64_t price_won, list_price_won;                     /* list: 0 for none */
    int max_per_order;                                     /* 1 … 999, over its variants */
    bool is_on;
    enum store_terms terms;
    char options[STORE_OPTIONS_SIZE]; /* JSON: [{"name":"…","values":["…"]}], kept as it is */
    int64_t version;                  /* out; in for update */
    int variant_count;                /* those in use */
    struct store_variant variants[STORE_VARIANTS_MAX];
};

/** Return 0 to go on; anything else ends the list and is its result. `product` is borrowed; do not call the store. */
typedef int (*store_product_fn)(const struct store_product *product, void *arg);

/** Add with its variants (1 … STORE_VARIANTS_MAX) and their first stock. -E2BIG: the shop has STORE_PRODUCTS_MAX. */
JT_MUST_CHECK int store_product_add(struct store *store, const struct store_product *product,
                                    int64_t now_ms, int64_t *out_id);
/**
 * Replace, given what was read before, changed. Variants by id; those with id 0 are new; those missing are gone: an ordered
 * one stays in its orders only. Stock is not touched (store_stock_add). -ESTALE: somebody else changed it since `version`.
 */
JT_MUST_CHECK int store_product_update(struct store *store, const struct store_product *product,
                                       int64_t now_ms);
/** Gone from lists, carts and shows; an ordered one stays in its orders. */
JT_MUST_CHECK int store_product_delete(struct store *store, int64_t shop_id, int64_t product_id,
                                       int64_t now_ms);
/** `shop_id` 0: of any shop. */
JT_MUST_CHECK int store_product_get(struct store *store, int64_t shop_id, int64_t product_id,
                                    struct store_product *out);
/** Newest first, on and off. */
JT_MUST_CHECK int store_shop_products(struct store *store, int64_t shop_id, store_product_fn fn,
                                      void *arg);
/** In the order the seller gave them, those that are on. */
JT_MUST_CHECK int store_show_products(struct store *store, int64_t show_id, store_product_fn fn,
                                      void *arg);
/** Replaces the list. -ENOENT: the show or one of them is not this shop's; -EEXIST: one comes twice. */
JT_MUST_CHECK int store_show_products_set(struct store *store, int64_t shop_id, int64_t show_id,
                                          const int64_t *product_ids, int count);

/** Of one variant, for pages: newer has the higher version. */
struct store_stock {
    int64_t shop_id, product_id, variant_id, left, version;
};

typedef int (*store_stock_fn)(const struct store_stock *stock, void *arg);

struct store_stock_change {
    int64_t shop_id, product_id, variant_id;
    int64_t add; /* below 0 takes away; -EDOM: less is there than is reserved and sold */
    int64_t now_ms;
};

JT_MUST_CHECK int store_stock_add(struct store *store, const struct store_stock_change *change,
                                  struct store_stock *out);
/** Of what is in an order, now. */
JT_MUST_CHECK int store_order_stock(struct store *store, const uint8_t order[16], store_stock_fn fn,
                                    void *arg);
/** Of all variants of a product, now. */
JT_MUST_CHECK int store_product_stock(struct store *store, int64_t product_id, store_stock_fn fn,
                                      void *arg);

#endif
