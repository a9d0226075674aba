#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/store/order.h"
#include "chat/store/order_number.h"
#include "chat/store/order_state.h"
#include "chat/store/people.h"
#include "chat/store/product_row.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

#define ORDER                                                                                      \
    "SELECT p.id, p.public_id, p.account_id, p.shop_id, p.show_id, p.state, y.state,"              \
    " y.tender = 'at_pickup', p.delivery = 'pickup', p.is_test, p.shipping_won, p.total_won,"      \
    " p.created_ms, p.expires_ms, y.confirmed_ms, p.reason, p.sealed,"                             \
    " b.block ->> 'name', b.block ->> 'phone', b.block ->> 'bank_name',"                           \
    " b.block ->> 'bank_account', b.block ->> 'bank_holder', b.block ->> 'pickup_place'"           \
    " FROM purchase p JOIN payment y ON y.purchase_id = p.id"                                      \
    " JOIN seller_block b ON b.id = p.seller_id"

static void read_states(struct store_query *q, struct store_order *out)
{
    char state[16], payment[16];

    store_get_text(q, 5, state, sizeof(state));
    store_get_text(q, 6, payment, sizeof(payment));
    out->state = (enum store_order_state)store_order_state_of(state);
    out->payment = (enum store_payment_state)store_payment_state_of(payment);
    out->tender = store_get_int(q, 7) ? STORE_AT_PICKUP : STORE_TRANSFER;
    out->delivery = store_get_int(q, 8) ? STORE_PICKUP : STORE_SHIP;
    out->is_test = store_get_int(q, 9) != 0;
}

static void read_seller(struct store_query *q, struct store_order_seller *out)
{
    store_get_text(q, 17, out->name, sizeof(out->name));
    store_get_text(q, 18, out->phone, sizeof(out->phone));
    store_get_text(q, 19, out->bank_name, sizeof(out->bank_name));
    store_get_text(q, 20, out->bank_account, sizeof(out->bank_account));
    store_get_text(q, 21, out->bank_holder, sizeof(out->bank_holder));
    store_get_text(q, 22, out->pickup_place, sizeof(out->pickup_place));
}

static void read_order(struct store_query *q, struct store_order *out)
{
    out->id = store_get_int(q, 0);
    store_order_number(out->id, out->number, sizeof(out->number));
    (void)store_get_blob(q, 1, out->order, sizeof(out->order));
    out->account_id = store_get_int(q, 2);
    out->shop_id = store_get_int(q, 3);
    out->show_id = store_get_int(q, 4);
    read_states(q, out);
    out->shipping_won = store_get_int(q, 10);
    out->total_won = store_get_int(q, 11);
    out->created_ms = store_get_int(q, 12);
    out->expires_ms = store_get_int(q, 13);
    out->paid_ms = store_get_int(q, 14);
    store_get_text(q, 15, out->reason, sizeof(out->reason));
    out->sealed_size = store_get_blob(q, 16, out->sealed, sizeof(out->sealed));
    read_seller(q, &out->seller);
}

static void read_line(struct store_query *q, struct store_order_line *out)
{
    char terms[32];

    out->variant_id = store_get_int(q, 0);
    out->product_id = store_get_int(q, 1);
    store_get_text(q, 2, out->name, sizeof(out->name));
    store_get_text(q, 3, out->option, sizeof(out->option));
    out->quantity = (int)store_get_int(q, 4);
    out->price_won = store_get_int(q, 5);
    store_get_text(q, 6, terms, sizeof(terms));
    out->terms = store_terms_of(terms);
}

static int read_lines(struct store_db *db, struct store_order *out)
{
    struct store_query q =
        store_query(db, "SELECT variant_id, product_id, name, option, quantity, price_won, terms"
                        " FROM purchase_line WHERE purchase_id = ? ORDER BY position");

    out->line_count = 0;
    store_put_int(&q, out->id);
    while (out->line_count < STORE_CART_MAX && store_query_step(&q) == 1)
        read_line(&q, &out->lines[out->line_count++]);
    return store_query_end(&q);
}

/* ---- one ---- */

struct getting {
    int64_t shop_id;
    const uint8_t *order;
    struct store_order *out;
};

static int get(struct store_db *db, void *arg)
{
    const struct getting *getting = arg;
    struct store_query q =
        store_query(db, ORDER " WHERE p.public_id = ?1 AND ?2 IN (0, p.shop_id)");
    int found, err;

    store_put_blob(&q, getting->order, STORE_ORDER_ID_SIZE);
    store_put_int(&q, getting->shop_id);
    found = store_query_step(&q);
    if (found == 1)
        read_order(&q, getting->out);
    err = store_found(&q, found);
    return err ? err : read_lines(db, getting->out);
}

int store_order_get(struct store *store, const uint8_t order[16], struct store_order *out)
{
    struct getting getting = {0, order, out};

    return store_read(store, get, &getting);
}

int store_order_get_for_shop(struct store *store, int64_t shop_id, const uint8_t order[16],
                             struct store_order *out)
{
    struct getting getting = {shop_id, order, out};

    return shop_id ? store_read(store, get, &getting) : -ENOENT;
}

/* ---- lists ---- */

struct listing {
    int64_t owner_id, before_id;
    int limit;
    store_order_fn fn;
    void *arg;
    struct store_order *order; /* the one at hand */
};

static int list(struct store_db *db, struct store_query *q, const struct listing *listing)
{
    int result = 0, err;

    store_put_int(q, listing->owner_id);
    store_put_int(q, listing->before_id ? listing->before_id : INT64_MAX);
    store_put_int(q, listing->limit);
    while (!result && store_query_step(q) == 1) {
        read_order(q, listing->order);
        result = q->err ? q->err : read_lines(db, listing->order);
        if (!result)
            result = listing->fn(listing->order, listing->arg);
    }
    err = store_query_end(q);
    return err ? err : result;
}

static int list_of_shop(struct store_db *db, void *arg)
{
    struct store_query q =
        store_query(db, ORDER " WHERE p.shop_id = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?");

    return list(db, &q, arg);
}

static int list_of_account(struct store_db *db, void *arg)
{
    struct store_query q =
        store_query(db, ORDER " WHERE p.account_id = ? AND p.id < ? ORDER BY p.id DESC LIMIT ?");

    return list(db, &q, arg);
}

static int read_list(struct store *store, store_job_fn job, struct listing *listing)
{
    int result;

    listing->order = calloc(1, sizeof(*listing->order));
    if (!listing->order)
        return -ENOMEM;
    result = store_read(store, job, listing);
    free(listing->order);
    return result;
}

int store_orders_of_shop(struct store *store, int64_t shop_id, int64_t before_id, int limit,
                         store_order_fn fn, void *arg)
{
    struct listing listing = {shop_id, before_id, limit, fn, arg, NULL};

    return read_list(store, list_of_shop, &listing);
}

int store_orders_of_account(struct store *store, int64_t account_id, int64_t before_id, int limit,
                            store_order_fn fn, void *arg)
{
    struct listing listing = {account_id, before_id, limit, fn, arg, NULL};

    return read_list(store, list_of_account, &listing);
}

/* ---- the report of a show ---- */

struct reporting {
    int64_t show_id;
    struct store_report *out;
};

static int report(struct store_db *db, void *arg)
{
    const struct reporting *reporting = arg;
    struct store_query q = store_query(
        db, "SELECT count(*), count(*) FILTER (WHERE y.state = 'confirmed'),"
            " coalesce(sum(p.total_won) FILTER (WHERE y.state = 'confirmed'), 0),"
            " coalesce(sum((SELECT sum(quantity) FROM purchase_line WHERE purchase_id = p.id))"
            "  FILTER (WHERE y.state = 'confirmed'), 0)"
            " FROM purchase p JOIN payment y ON y.purchase_id = p.id"
            " WHERE p.show_id = ? AND p.is_test = 0");

    store_put_int(&q, reporting->show_id);
    if (store_query_step(&q) == 1)
        *reporting->out = (struct store_report){.orders = store_get_int(&q, 0),
                                                .paid_orders = store_get_int(&q, 1),
                                                .paid_won = store_get_int(&q, 2),
                                                .units = store_get_int(&q, 3)};
    return store_query_end(&q);
}

int store_show_report(struct store *store, int64_t show_id, struct store_report *out)
{
    struct reporting reporting = {show_id, out};

    return store_read(store, report, &reporting);
}
