#include "chat/store/product.h"

#include <errno.h>
#include <string.h>

#include "chat/store/money.h"
#include "chat/store/outbox_put.h"
#include "chat/store/people.h"
#include "chat/store/product_row.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

/* One call's arguments, on its caller's stack. */
struct change {
    const struct store_product *product;
    int64_t shop_id, product_id, now_ms;
};

static bool is_price(int64_t won)
{
    return won >= 0 && won <= STORE_PRICE_MAX_WON;
}

static int check(const struct store_product *product)
{
    if (product->variant_count < 1 || product->variant_count > STORE_VARIANTS_MAX)
        return -E2BIG;
    if (!is_price(product->price_won) || !is_price(product->list_price_won) ||
        product->max_per_order < 1 || product->max_per_order > STORE_QUANTITY_MAX)
        return -ERANGE;
    for (int i = 0; i < product->variant_count; i++) {
        const struct store_variant *variant = &product->variants[i];

        if (!is_price(variant->price_won))
            return -ERANGE;
        if (!variant->id && (variant->on_hand < 0 || variant->on_hand > STORE_STOCK_MAX))
            return -ERANGE;
    }
    return 0;
}

static int tell(struct store_db *db, const struct change *change)
{
    return store_put_event(db, &(struct store_new_event){.at_ms = change->now_ms,
                                                         .shop_id = change->shop_id,
                                                         .kind = "product",
                                                         .state = "",
                                                         .product_id = change->product_id});
}

static void put_product(struct store_query *q, const struct store_product *product)
{
    store_put_text(q, product->name);
    store_put_text(q, product->description);
    store_put_text(q, product->alt);
    store_put_text(q, product->picture);
    store_put_int(q, product->price_won);
    store_put_int(q, product->list_price_won);
    store_put_int(q, product->max_per_order);
    store_put_text(q, product->is_on ? "on" : "off");
    store_put_text(q, store_terms_name(product->terms));
    store_put_text(q, product->options);
}

/* ---- variants ---- */

#define OPTION_TEXT "(SELECT coalesce(group_concat(value, ' / '), '') FROM json_each(?))"

static int insert_variant(struct store_db *db, const struct change *change, int position)
{
    const struct store_variant *variant = &change->product->variants[position];
    struct store_query q =
        store_query(db, "INSERT INTO variant"
                        " (product_id, shop_id, position, choice, option, price_won, on_hand)"
                        " VALUES (?, ?, ?, ?, " OPTION_TEXT ", ?, ?)");

    store_put_int(&q, change->product_id);
    store_put_int(&q, change->shop_id);
    store_put_int(&q, position);
    store_put_text(&q, variant->values);
    store_put_text(&q, variant->values);
    store_put_int(&q, variant->price_won);
    store_put_int(&q, variant->on_hand);
    return store_changed_one(store_query_run(&q));
}

static int update_variant(struct store_db *db, const struct change *change, int position)
{
    const struct store_variant *variant = &change->product->variants[position];
    struct store_query q =
        store_query(db, "UPDATE variant SET position = ?, choice = ?, option = " OPTION_TEXT
                        ", price_won = ?, version = version + 1"
                        " WHERE id = ? AND product_id = ? AND position = -1 AND is_gone = 0");

    store_put_int(&q, position);
    store_put_text(&q, variant->values);
    store_put_text(&q, variant->values);
    store_put_int(&q, variant->price_won);
    store_put_int(&q, variant->id);
    store_put_int(&q, change->product_id);
    return store_changed_one(store_query_run(&q));
}

static int put_variants(struct store_db *db, const struct change *change)
{
    int err = 0;

    for (int i = 0; !err && i < change->product->variant_count; i++)
        err = change->product->variants[i].id ? update_variant(db, change, i)
                                              : insert_variant(db, change, i);
    return err;
}

static int run_for(struct store_db *db, const char *text, int64_t product_id)
{
    struct store_query q = store_query(db, text);

    store_put_int(&q, product_id);
    return store_changed(store_query_run(&q));
}

/* All are put aside, at position -1; those still there afterwards have no place any more. */
static int drop_variants(struct store_db *db, int64_t product_id)
{
    int err = run_for(db,
                      "DELETE FROM variant WHERE product_id = ? AND position = -1"
                      " AND is_ordered = 0",
                      product_id);

    if (!err)
        err = run_for(db,
                      "DELETE FROM cart_item WHERE variant_id IN (SELECT id FROM variant"
                      " WHERE product_id = ? AND position = -1)",
                      product_id);
    return err ? err
               : run_for(db,
                         "UPDATE variant SET is_gone = 1, version = version + 1"
                         " WHERE product_id = ? AND position = -1",
                         product_id);
}

static int put_variants_aside(struct store_db *db, int64_t product_id)
{
    return run_for(db, "UPDATE variant SET position = -1 WHERE product_id = ?", product_id);
}

/* ---- products ---- */

static int count_products(struct store_db *db, int64_t shop_id, int64_t *out)
{
    struct store_query q =
        store_query(db, "SELECT count(*) FROM product WHERE shop_id = ? AND is_gone = 0");

    store_put_int(&q, shop_id);
    if (store_query_step(&q) == 1)
        *out = store_get_int(&q, 0);
    return store_query_end(&q);
}

static int insert_product(struct store_db *db, struct change *change)
{
    struct store_query q = store_query(
        db, "INSERT INTO product (name, description, alt, picture, price_won, list_price_won,"
            " max_per_order, state, terms, options, shop_id, created_ms, changed_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int err;

    put_product(&q, change->product);
    store_put_int(&q, change->shop_id);
    store_put_int(&q, change->now_ms);
    store_put_int(&q, change->now_ms);
    err = store_changed(store_query_run(&q));
    if (!err)
        change->product_id = store_last_id(db);
    return err;
}

static int add(struct store_db *db, void *arg)
{
    struct change *change = arg;
    int64_t count = 0;
    int err = count_products(db, change->shop_id, &count);

    if (!err && count >= STORE_PRODUCTS_MAX)
        err = -E2BIG;
    if (!err)
        err = insert_product(db, change);
    if (!err)
        err = put_variants(db, change);
    return err ? err : tell(db, change);
}

int store_product_add(struct store *store, const struct store_product *product, int64_t now_ms,
                      int64_t *out_id)
{
    struct change change = {.product = product, .shop_id = product->shop_id, .now_ms = now_ms};
    int err = check(product);

    for (int i = 0; !err && i < product->variant_count; i++)
        err = product->variants[i].id ? -EINVAL : 0;
    if (!err)
        err = store_write(store, add, &change);
    if (!err)
        *out_id = change.product_id;
    return err;
}

/* -ENOENT, or that somebody else was faster. */
static int why_not_updated(struct store_db *db, const struct change *change)
{
    struct store_query q =
        store_query(db, "SELECT 1 FROM product WHERE id = ? AND shop_id = ? AND is_gone = 0");
    int found, err;

    store_put_int(&q, change->product_id);
    store_put_int(&q, change->shop_id);
    found = store_query_step(&q);
    err = store_found(&q, found);
    return err ? err : -ESTALE;
}

static int update_product(struct store_db *db, const struct change *change)
{
    struct store_query q = store_query(
        db, "UPDATE product SET name = ?, description = ?, alt = ?, picture = ?, price_won = ?,"
            " list_price_won = ?, max_per_order = ?, state = ?, terms = ?, options = ?,"
            " changed_ms = ?, version = version + 1"
            " WHERE id = ? AND shop_id = ? AND is_gone = 0 AND version = ?");
    int changed;

    put_product(&q, change->product);
    store_put_int(&q, change->now_ms);
    store_put_int(&q, change->product_id);
    store_put_int(&q, change->shop_id);
    store_put_int(&q, change->product->version);
    changed = store_query_run(&q);
    if (changed < 0)
        return changed;
    return changed ? 0 : why_not_updated(db, change);
}

static int update(struct store_db *db, void *arg)
{
    const struct change *change = arg;
    int err = update_product(db, change);

    if (!err)
        err = put_variants_aside(db, change->product_id);
    if (!err)
        err = put_variants(db, change);
    if (!err)
        err = drop_variants(db, change->product_id);
    return err ? err : tell(db, change);
}

int store_product_update(struct store *store, const struct store_product *product, int64_t now_ms)
{
    struct change change = {.product = product,
                            .shop_id = product->shop_id,
                            .product_id = product->id,
                            .now_ms = now_ms};
    int err = check(product);

    return err ? err : store_write(store, update, &change);
}

static int mark_gone(struct store_db *db, const struct change *change)
{
    struct store_query q = store_query(
        db, "UPDATE product SET is_gone = 1, state = 'off', version = version + 1, changed_ms = ?"
            " WHERE id = ? AND shop_id = ? AND is_gone = 0");

    store_put_int(&q, change->now_ms);
    store_put_int(&q, change->product_id);
    store_put_int(&q, change->shop_id);
    return store_changed_one(store_query_run(&q));
}

static int delete (struct store_db *db, void *arg)
{
    const struct change *change = arg;
    int64_t id = change->product_id;
    int err = mark_gone(db, change);

    if (!err)
        err = put_variants_aside(db, id);
    if (!err)
        err = drop_variants(db, id);
    if (!err)
        err = run_for(db, "DELETE FROM show_product WHERE product_id = ?", id);
    if (!err)
        err = run_for(db,
                      "DELETE FROM product WHERE id = ?1"
                      " AND NOT EXISTS (SELECT 1 FROM variant WHERE product_id = ?1)",
                      id);
    return err ? err : tell(db, change);
}

int store_product_delete(struct store *store, int64_t shop_id, int64_t product_id, int64_t now_ms)
{
    struct change change = {.shop_id = shop_id, .product_id = product_id, .now_ms = now_ms};

    return store_write(store, delete, &change);
}

/* ---- stock ---- */

struct stock_change {
    const struct store_stock_change *in;
    struct store_stock *out;
};

static int add_stock(struct store_db *db, void *arg)
{
    const struct stock_change *change = arg;
    const struct store_stock_change *in = change->in;
    struct store_query q =
        store_query(db, "UPDATE variant SET on_hand = on_hand + ?, version = version + 1"
                        " WHERE id = ? AND product_id = ? AND shop_id = ? AND is_gone = 0"
                        " RETURNING on_hand - reserved - sold, version");
    int found, err;

    store_put_int(&q, in->add);
    store_put_int(&q, in->variant_id);
    store_put_int(&q, in->product_id);
    store_put_int(&q, in->shop_id);
    found = store_query_step(&q);
    *change->out = (struct store_stock){in->shop_id, in->product_id, in->variant_id,
                                        found == 1 ? store_get_int(&q, 0) : 0,
                                        found == 1 ? store_get_int(&q, 1) : 0};
    err = store_found(&q, found);
    if (err)
        return err;
    return store_put_event(db, &(struct store_new_event){.at_ms = in->now_ms,
                                                         .shop_id = in->shop_id,
                                                         .kind = "stock",
                                                         .state = "",
                                                         .product_id = in->product_id,
                                                         .variant_id = in->variant_id});
}

int store_stock_add(struct store *store, const struct store_stock_change *change,
                    struct store_stock *out)
{
    struct store_stock stock;
    struct stock_change job = {change, &stock};
    int err;

    if (change->add < -STORE_STOCK_MAX || change->add > STORE_STOCK_MAX)
        return -ERANGE;
    err = store_write(store, add_stock, &job);
    if (!err)
        *out = stock;
    return err;
}

/* ---- the list of a show ---- */

struct show_list {
    int64_t shop_id, show_id;
    const int64_t *ids;
    int count;
};

static int is_show_of(struct store_db *db, const struct show_list *list)
{
    struct store_query q = store_query(db, "SELECT 1 FROM show WHERE id = ? AND shop_id = ?");
    int found;

    store_put_int(&q, list->show_id);
    store_put_int(&q, list->shop_id);
    found = store_query_step(&q);
    return store_found(&q, found);
}

static int insert_show_product(struct store_db *db, const struct show_list *list, int position)
{
    struct store_query q = store_query(
        db, "INSERT INTO show_product (show_id, position, product_id)"
            " SELECT ?, ?, id FROM product WHERE id = ? AND shop_id = ? AND is_gone = 0");

    store_put_int(&q, list->show_id);
    store_put_int(&q, position);
    store_put_int(&q, list->ids[position]);
    store_put_int(&q, list->shop_id);
    return store_changed_one(store_query_run(&q));
}

static int set_show_products(struct store_db *db, void *arg)
{
    const struct show_list *list = arg;
    int err = is_show_of(db, list);

    if (!err)
        err = run_for(db, "DELETE FROM show_product WHERE show_id = ?", list->show_id);
    for (int i = 0; !err && i < list->count; i++)
        err = insert_show_product(db, list, i);
    return err;
}

int store_show_products_set(struct store *store, int64_t shop_id, int64_t show_id,
                            const int64_t *product_ids, int count)
{
    struct show_list list = {shop_id, show_id, product_ids, count};

    if (count < 0 || count > STORE_SHOW_PRODUCTS_MAX)
        return -E2BIG;
    return store_write(store, set_show_products, &list);
}
