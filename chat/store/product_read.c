#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/store/people.h"
#include "chat/store/product.h"
#include "chat/store/product_row.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

static const char *const terms_names[] = {
    [STORE_NORMAL] = "normal",
    [STORE_PERISHABLE] = "perishable",
    [STORE_MADE_TO_ORDER] = "made_to_order",
};

const char *store_terms_name(enum store_terms terms)
{
    return terms_names[terms];
}

enum store_terms store_terms_of(const char *name)
{
    for (size_t i = 0; i < JT_COUNT(terms_names); i++)
        if (strcmp(terms_names[i], name) == 0)
            return (enum store_terms)i;
    return STORE_NORMAL;
}

#define PRODUCT_COLUMNS                                                                            \
    "p.id, p.shop_id, p.name, p.description, p.alt, p.picture, p.price_won, p.list_price_won,"     \
    " p.max_per_order, p.state = 'on', p.terms, p.options, p.version"

static void read_product(struct store_query *q, struct store_product *out)
{
    char terms[32];

    out->id = store_get_int(q, 0);
    out->shop_id = store_get_int(q, 1);
    store_get_text(q, 2, out->name, sizeof(out->name));
    store_get_text(q, 3, out->description, sizeof(out->description));
    store_get_text(q, 4, out->alt, sizeof(out->alt));
    store_get_text(q, 5, out->picture, sizeof(out->picture));
    out->price_won = store_get_int(q, 6);
    out->list_price_won = store_get_int(q, 7);
    out->max_per_order = (int)store_get_int(q, 8);
    out->is_on = store_get_int(q, 9) != 0;
    store_get_text(q, 10, terms, sizeof(terms));
    out->terms = store_terms_of(terms);
    store_get_text(q, 11, out->options, sizeof(out->options));
    out->version = store_get_int(q, 12);
}

static void read_variant(struct store_query *q, struct store_variant *out)
{
    out->id = store_get_int(q, 0);
    store_get_text(q, 1, out->values, sizeof(out->values));
    store_get_text(q, 2, out->option, sizeof(out->option));
    out->price_won = store_get_int(q, 3);
    out->on_hand = store_get_int(q, 4);
    out->reserved = store_get_int(q, 5);
    out->sold = store_get_int(q, 6);
    out->version = store_get_int(q, 7);
    out->left = out->on_hand - out->reserved - out->sold;
}

static int read_variants(struct store_db *db, struct store_product *out)
{
    struct store_query q = store_query(
        db, "SELECT id, choice, option, price_won, on_hand, reserved, sold, version FROM variant"
            " WHERE product_id = ? AND is_gone = 0 ORDER BY position");

    out->variant_count = 0;
    store_put_int(&q, out->id);
    while (out->variant_count < STORE_VARIANTS_MAX && store_query_step(&q) == 1)
        read_variant(&q, &out->variants[out->variant_count++]);
    return store_query_end(&q);
}

/* ---- one ---- */

struct getting {
    int64_t shop_id, product_id;
    struct store_product *out;
};

static int get(struct store_db *db, void *arg)
{
    const struct getting *getting = arg;
    struct store_query q =
        store_query(db, "SELECT " PRODUCT_COLUMNS " FROM product p"
                        " WHERE p.id = ?1 AND p.is_gone = 0 AND ?2 IN (0, p.shop_id)");
    int found, err;

    store_put_int(&q, getting->product_id);
    store_put_int(&q, getting->shop_id);
    found = store_query_step(&q);
    if (found == 1)
        read_product(&q, getting->out);
    err = store_found(&q, found);
    return err ? err : read_variants(db, getting->out);
}

int store_product_get(struct store *store, int64_t shop_id, int64_t product_id,
                      struct store_product *out)
{
    struct getting getting = {shop_id, product_id, out};

    return store_read(store, get, &getting);
}

/* ---- lists ---- */

struct listing {
    int64_t id;
    store_product_fn fn;
    void *arg;
    struct store_product *product; /* the one at hand */
};

static int list(struct store_db *db, struct store_query *q, const struct listing *listing)
{
    int result = 0, err;

    store_put_int(q, listing->id);
    while (!result && store_query_step(q) == 1) {
        read_product(q, listing->product);
        result = q->err ? q->err : read_variants(db, listing->product);
        if (!result)
            result = listing->fn(listing->product, listing->arg);
    }
    err = store_query_end(q);
    return err ? err : result;
}

static int list_shop(struct store_db *db, void *arg)
{
    struct store_query q =
        store_query(db, "SELECT " PRODUCT_COLUMNS " FROM product p"
                        " WHERE p.shop_id = ? AND p.is_gone = 0 ORDER BY p.id DESC");

    return list(db, &q, arg);
}

static int list_show(struct store_db *db, void *arg)
{
    struct store_query q = store_query(
        db, "SELECT " PRODUCT_COLUMNS " FROM show_product s JOIN product p ON p.id = s.product_id"
            " WHERE s.show_id = ? AND p.is_gone = 0 AND p.state = 'on' ORDER BY s.position");

    return list(db, &q, arg);
}

static int read_list(struct store *store, store_job_fn job, struct listing *listing)
{
    int result;

    listing->product = calloc(1, sizeof(*listing->product));
    if (!listing->product)
        return -ENOMEM;
    result = store_read(store, job, listing);
    free(listing->product);
    return result;
}

int store_shop_products(struct store *store, int64_t shop_id, store_product_fn fn, void *arg)
{
    struct listing listing = {.id = shop_id, .fn = fn, .arg = arg};

    return read_list(store, list_shop, &listing);
}

int store_show_products(struct store *store, int64_t show_id, store_product_fn fn, void *arg)
{
    struct listing listing = {.id = show_id, .fn = fn, .arg = arg};

    return read_list(store, list_show, &listing);
}

/* ---- stock ---- */

struct stock_listing {
    const uint8_t *order;
    int64_t product_id;
    store_stock_fn fn;
    void *arg;
};

static int list_stock(struct store_query *q, const struct stock_listing *listing)
{
    int result = 0, err;

    while (!result && store_query_step(q) == 1) {
        struct store_stock stock = {
            .shop_id = store_get_int(q, 0),
            .product_id = store_get_int(q, 1),
            .variant_id = store_get_int(q, 2),
            .left = store_get_int(q, 3),
            .version = store_get_int(q, 4),
        };

        result = listing->fn(&stock, listing->arg);
    }
    err = store_query_end(q);
    return err ? err : result;
}

#define STOCK_COLUMNS "v.shop_id, v.product_id, v.id, v.on_hand - v.reserved - v.sold, v.version"

static int stock_of_order(struct store_db *db, void *arg)
{
    const struct stock_listing *listing = arg;
    struct store_query q = store_query(
        db, "SELECT " STOCK_COLUMNS " FROM purchase p JOIN purchase_line l ON l.purchase_id = p.id"
            " JOIN variant v ON v.id = l.variant_id WHERE p.public_id = ?");

    store_put_blob(&q, listing->order, 16);
    return list_stock(&q, listing);
}

static int stock_of_product(struct store_db *db, void *arg)
{
    const struct stock_listing *listing = arg;
    struct store_query q =
        store_query(db, "SELECT " STOCK_COLUMNS " FROM variant v"
                        " WHERE v.product_id = ? AND v.is_gone = 0 ORDER BY v.position");

    store_put_int(&q, listing->product_id);
    return list_stock(&q, listing);
}

int store_order_stock(struct store *store, const uint8_t order[16], store_stock_fn fn, void *arg)
{
    struct stock_listing listing = {.order = order, .fn = fn, .arg = arg};

    return store_read(store, stock_of_order, &listing);
}

int store_product_stock(struct store *store, int64_t product_id, store_stock_fn fn, void *arg)
{
    struct stock_listing listing = {.product_id = product_id, .fn = fn, .arg = arg};

    return store_read(store, stock_of_product, &listing);
}
