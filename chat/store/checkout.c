/*
 * Everything but the cart is looked at before anything is written, so hardly a refused order has cost a write. There is one
 * writer, so what was seen still holds then; and if it did not, the UPDATE that takes the stock would refuse (reservation.c).
 */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "chat/store/fail.h"
#include "chat/store/order.h"
#include "chat/store/order_number.h"
#include "chat/store/outbox_put.h"
#include "chat/store/people.h"
#include "chat/store/reservation.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

#define HOUR_MS (INT64_C(3600) * 1000)

/* An item as the catalogue has it now. */
struct line {
    const struct store_checkout_item *item;
    int64_t product_id, shop_id, price_won, left;
    int64_t unsold; /* what can still be sold: on_hand - sold */
    int64_t limit;  /* of the product, in one order */
    bool is_on, is_stopped;
};

struct seller {
    int64_t shop_id, shipping_won, transfer_hours, block_id, purchase_id;
    bool has_pickup;
};

/* One call, on its caller's stack; made anew by each run of the job. */
struct checkout {
    const struct store_checkout *in;
    struct store_checkout_result *out;
    int64_t show_shop_id; /* 0: outside a show */
    bool is_test;
    struct line lines[STORE_CART_MAX];
    struct seller sellers[STORE_SELLERS_MAX];
    int seller_count;
};

static int refuse(struct checkout *checkout, enum store_refusal refusal, int64_t variant_id,
                  int64_t left)
{
    checkout->out->refusal = refusal;
    checkout->out->variant_id = variant_id;
    checkout->out->left = left;
    return -ECANCELED;
}

static int refuse_line(struct checkout *checkout, enum store_refusal refusal,
                       const struct line *line)
{
    checkout->out->price_won = line->price_won;
    return refuse(checkout, refusal, line->item->variant_id, line->left > 0 ? line->left : 0);
}

/* ---- a key that came before ---- */

static int read_orders(struct store_db *db, int64_t checkout_id, struct store_checkout_result *out)
{
    struct store_query q = store_query(
        db, "SELECT public_id FROM purchase WHERE id >= ?1 AND id < ?1 + ?2 AND checkout_id = ?1"
            " ORDER BY id");

    store_put_int(&q, checkout_id);
    store_put_int(&q, STORE_SELLERS_MAX);
    for (out->order_count = 0; store_query_step(&q) == 1; out->order_count++)
        (void)store_get_blob(&q, 0, out->orders[out->order_count], STORE_ORDER_ID_SIZE);
    return store_query_end(&q);
}

/* 1: the key is new. 0: the orders of then are in the result. */
static int look_up_key(struct store_db *db, struct checkout *checkout)
{
    struct store_query q = store_query(
        db, "SELECT request_hash, checkout_id FROM idempotency WHERE account_id = ? AND key = ?");
    uint8_t hash[STORE_HASH_SIZE];
    int64_t checkout_id = 0;
    int found, err;

    store_put_int(&q, checkout->in->account_id);
    store_put_text(&q, checkout->in->key);
    found = store_query_step(&q);
    if (found == 1) {
        (void)store_get_blob(&q, 0, hash, sizeof(hash));
        checkout_id = store_get_int(&q, 1);
    }
    err = store_query_end(&q);
    if (err || found != 1)
        return err ? err : 1;
    if (memcmp(hash, checkout->in->request_hash, sizeof(hash)) != 0)
        return refuse(checkout, STORE_KEY_MISMATCH, 0, 0);
    checkout->out->is_repeat = true;
    return read_orders(db, checkout_id, checkout->out);
}

static int insert_key(struct store_db *db, const struct checkout *checkout)
{
    struct store_query q = store_query(
        db, "INSERT INTO idempotency (account_id, key, request_hash, checkout_id, created_ms)"
            " VALUES (?, ?, ?, ?, ?)");
    int err;

    store_put_int(&q, checkout->in->account_id);
    store_put_text(&q, checkout->in->key);
    store_put_blob(&q, checkout->in->request_hash, STORE_HASH_SIZE);
    store_put_int(&q, checkout->sellers[0].purchase_id);
    store_put_int(&q, checkout->in->now_ms);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("checkout.key");
}

/* ---- may it be ordered? ---- */

static int look_at_show(struct store_db *db, struct checkout *checkout)
{
    struct store_query q = store_query(
        db, "SELECT shop_id, access = 'token', is_sales_stopped FROM show WHERE id = ?");
    bool is_stopped = false;
    int found, err;

    if (!checkout->in->show_id)
        return 0;
    store_put_int(&q, checkout->in->show_id);
    found = store_query_step(&q);
    if (found == 1) {
        checkout->show_shop_id = store_get_int(&q, 0);
        checkout->is_test = store_get_int(&q, 1) != 0;
        is_stopped = store_get_int(&q, 2) != 0;
    }
    err = store_found(&q, found);
    if (err)
        return err;
    return is_stopped ? refuse(checkout, STORE_SALES_STOPPED, 0, 0) : 0;
}

/* Sales that the operator stopped in a seller's open show are stopped for those who leave the show out as well. */
static int read_line(struct store_db *db, struct line *line)
{
    struct store_query q = store_query(
        db, "SELECT v.product_id, v.shop_id, v.price_won, v.on_hand - v.reserved - v.sold,"
            " v.on_hand - v.sold, p.max_per_order, p.state = 'on' AND NOT p.is_gone"
            " AND NOT v.is_gone, EXISTS (SELECT 1 FROM show s WHERE s.shop_id = v.shop_id"
            "  AND s.state IN ('ready', 'live') AND s.is_sales_stopped = 1)"
            " FROM variant v JOIN product p ON p.id = v.product_id WHERE v.id = ?");

    store_put_int(&q, line->item->variant_id);
    if (store_query_step(&q) == 1) {
        line->product_id = store_get_int(&q, 0);
        line->shop_id = store_get_int(&q, 1);
        line->price_won = store_get_int(&q, 2);
        line->left = store_get_int(&q, 3);
        line->unsold = store_get_int(&q, 4);
        line->limit = store_get_int(&q, 5);
        line->is_on = store_get_int(&q, 6) != 0;
        line->is_stopped = store_get_int(&q, 7) != 0;
    }
    return store_query_end(&q);
}

/* Pieces of the line's product in this checkout, over its variants. */
static int64_t of_product(const struct checkout *checkout, const struct line *line)
{
    int64_t sum = 0;

    for (int i = 0; i < checkout->in->item_count; i++)
        if (checkout->lines[i].product_id == line->product_id)
            sum += checkout->lines[i].item->quantity;
    return sum;
}

/* A rehearsal is about its own shop's goods. */
static bool is_foreign(const struct checkout *checkout, const struct line *line)
{
    return checkout->is_test && line->shop_id != checkout->show_shop_id;
}

static int judge_line(struct checkout *checkout, struct line *line)
{
    if (!line->is_on || is_foreign(checkout, line))
        return refuse_line(checkout, STORE_OFF_SALE, line);
    if (line->is_stopped)
        return refuse_line(checkout, STORE_SALES_STOPPED, line);
    if (line->price_won != line->item->price_won)
        return refuse_line(checkout, STORE_PRICE_CHANGED, line);
    if (of_product(checkout, line) > line->limit)
        return refuse(checkout, STORE_OVER_LIMIT, line->item->variant_id, line->limit);
    if (!checkout->is_test && line->left < line->item->quantity)
        return refuse_line(checkout, STORE_SOLD_OUT, line);
    return 0;
}

/* So that nobody can take all of a thing off the market without paying (pitfall 18). */
static int judge_share(struct store_db *db, struct checkout *checkout, struct line *line)
{
    int64_t share = line->unsold * STORE_BUCKET_PERCENT / 100, held = 0;
    int err = store_held(db, line->item->variant_id, checkout->in->address_bucket, &held);

    if (err)
        return err;
    if (held + line->item->quantity > JT_MAX(share, 1))
        return refuse_line(checkout, STORE_TOO_MANY_HELD, line);
    return 0;
}

static int look_at_lines(struct store_db *db, struct checkout *checkout)
{
    int err = 0;

    for (int i = 0; !err && i < checkout->in->item_count; i++) {
        checkout->lines[i] = (struct line){.item = &checkout->in->items[i]};
        err = read_line(db, &checkout->lines[i]);
    }
    for (int i = 0; !err && i < checkout->in->item_count; i++)
        err = judge_line(checkout, &checkout->lines[i]);
    for (int i = 0; !err && !checkout->is_test && i < checkout->in->item_count; i++)
        err = judge_share(db, checkout, &checkout->lines[i]);
    return err;
}

/* Two tabs that order one cart: the second finds it empty (pitfall 4). */
static int take_from_cart(struct store_db *db, struct checkout *checkout)
{
    for (int i = 0; checkout->in->is_from_cart && i < checkout->in->item_count; i++) {
        const struct store_checkout_item *item = &checkout->in->items[i];
        struct store_query q =
            store_query(db, "DELETE FROM cart_item"
                            " WHERE account_id = ? AND variant_id = ? AND quantity = ?");
        int changed;

        store_put_int(&q, checkout->in->account_id);
        store_put_int(&q, item->variant_id);
        store_put_int(&q, item->quantity);
        changed = store_query_run(&q);
        if (changed < 0)
            return changed;
        if (!changed)
            return refuse(checkout, STORE_CART_CHANGED, item->variant_id, 0);
    }
    return 0;
}

static int count_unpaid(struct store_query *q, int64_t *out)
{
    if (store_query_step(q) == 1)
        *out = JT_MAX(*out, store_get_int(q, 0));
    return store_query_end(q);
}

static int look_at_unpaid(struct store_db *db, struct checkout *checkout)
{
    struct store_query by_guest =
        store_query(db, "SELECT count(DISTINCT p.checkout_id) FROM account a JOIN purchase p"
                        " ON p.account_id = a.id WHERE a.id = ? AND a.kind = 'guest'"
                        " AND p.state = 'pending' AND p.is_test = 0");
    struct store_query by_phone =
        store_query(db, "SELECT count(DISTINCT checkout_id) FROM purchase"
                        " WHERE phone_hash = ? AND state = 'pending' AND is_test = 0");
    int64_t count = 0;
    int err;

    store_put_int(&by_guest, checkout->in->account_id);
    store_put_blob(&by_phone, checkout->in->phone_hash, STORE_HASH_SIZE);
    err = count_unpaid(&by_guest, &count);
    if (!err)
        err = count_unpaid(&by_phone, &count);
    if (err)
        return err;
    return count >= STORE_UNPAID_MAX ? refuse(checkout, STORE_TOO_MANY_UNPAID, 0, 0) : 0;
}

/* ---- sellers ---- */

#define BLOCK                                                                                      \
    "json_object('name', s.name, 'representative', s.representative, 'address', s.address,"        \
    " 'phone', s.phone, 'email', s.email, 'business_number', s.business_number,"                   \
    " 'mail_order_number', s.mail_order_number, 'returns_text', s.returns_text,"                   \
    " 'bank_name', s.bank_name, 'bank_account', s.bank_account, 'bank_holder', s.bank_holder,"     \
    " 'pickup_place', s.pickup_place)"

static int insert_block(struct store_db *db, struct seller *seller)
{
    struct store_query q = store_query(db, "INSERT INTO seller_block (shop_id, block)"
                                           " SELECT s.id, " BLOCK " FROM shop s WHERE s.id = ?");
    int err;

    store_put_int(&q, seller->shop_id);
    err = store_changed_one(store_query_run(&q));
    if (!err)
        seller->block_id = store_last_id(db);
    return err;
}

/* The shop's last block serves again while nothing in it has changed. */
static int read_seller(struct store_db *db, struct seller *seller)
{
    struct store_query q = store_query(
        db, "SELECT s.shipping_won, s.transfer_hours, s.pickup_place <> '',"
            " (SELECT b.id FROM seller_block b WHERE b.shop_id = s.id AND b.block = " BLOCK
            "  AND b.id = (SELECT max(id) FROM seller_block WHERE shop_id = s.id))"
            " FROM shop s WHERE s.id = ?");
    int found;

    store_put_int(&q, seller->shop_id);
    found = store_query_step(&q);
    if (found == 1) {
        seller->shipping_won = store_get_int(&q, 0);
        seller->transfer_hours = store_get_int(&q, 1);
        seller->has_pickup = store_get_int(&q, 2) != 0;
        seller->block_id = store_get_int(&q, 3);
    }
    return store_found(&q, found);
}

static int add_seller(struct store_db *db, struct checkout *checkout, int64_t shop_id)
{
    struct seller *seller;
    int err;

    for (int i = 0; i < checkout->seller_count; i++)
        if (checkout->sellers[i].shop_id == shop_id)
            return 0;
    if (checkout->seller_count == STORE_SELLERS_MAX)
        return -EINVAL;
    seller = &checkout->sellers[checkout->seller_count++];
    *seller = (struct seller){.shop_id = shop_id};
    err = read_seller(db, seller);
    if (!err && checkout->in->delivery == STORE_PICKUP && !seller->has_pickup)
        return refuse(checkout, STORE_NO_PICKUP, 0, 0);
    return err;
}

static int look_at_sellers(struct store_db *db, struct checkout *checkout)
{
    int err = 0;

    for (int i = 0; !err && i < checkout->in->item_count; i++)
        err = add_seller(db, checkout, checkout->lines[i].shop_id);
    return err;
}

/* ---- writing ---- */

static int next_id(struct store_db *db, int64_t now_ms, int64_t *out)
{
    struct store_query q =
        store_query(db, "SELECT max(id) FROM purchase WHERE id > ?1 AND id < ?1 + ?2");
    int64_t day = store_order_day(now_ms), last = 0;
    int err;

    store_put_int(&q, day);
    store_put_int(&q, STORE_ORDERS_A_DAY);
    if (store_query_step(&q) == 1)
        last = store_get_int(&q, 0);
    err = store_query_end(&q);
    if (err)
        return err;
    if (last == day + STORE_ORDERS_A_DAY - 1)
        return -EBUSY;
    *out = last ? last + 1 : day + 1;
    return 0;
}

/* What one seller gets: the goods, and shipping once. */
struct sum {
    int64_t shipping_won, total_won, expires_ms;
};

static int add_up(const struct checkout *checkout, const struct seller *seller, struct sum *out)
{
    const struct store_checkout *in = checkout->in;
    int64_t hours = in->tender == STORE_AT_PICKUP ? STORE_PICKUP_HOURS : seller->transfer_hours;
    int err;

    *out = (struct sum){.expires_ms = in->now_ms + hours * HOUR_MS};
    out->shipping_won = in->delivery == STORE_PICKUP ? 0 : seller->shipping_won;
    err = store_money_add(&out->total_won, out->shipping_won, 1);
    for (int i = 0; !err && i < in->item_count; i++)
        if (checkout->lines[i].shop_id == seller->shop_id)
            err = store_money_add(&out->total_won, checkout->lines[i].price_won,
                                  checkout->lines[i].item->quantity);
    return err;
}

static int insert_purchase(struct store_db *db, const struct checkout *checkout, int number,
                           const struct sum *sum)
{
    const struct store_checkout *in = checkout->in;
    const struct seller *seller = &checkout->sellers[number];
    struct store_query q = store_query(
        db, "INSERT INTO purchase (id, checkout_id, public_id, account_id, shop_id, show_id, state,"
            " delivery, is_test, shipping_won, total_won, created_ms, expires_ms, phone_hash,"
            " address_bucket, seller_id, sealed)"
            " VALUES (?, ?, ?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int err;

    store_put_int(&q, seller->purchase_id);
    store_put_int(&q, checkout->sellers[0].purchase_id);
    store_put_blob(&q, in->order_ids[number], STORE_ORDER_ID_SIZE);
    store_put_int(&q, in->account_id);
    store_put_int(&q, seller->shop_id);
    store_put_id(&q, seller->shop_id == checkout->show_shop_id ? in->show_id : 0);
    store_put_text(&q, in->delivery == STORE_PICKUP ? "pickup" : "ship");
    store_put_int(&q, checkout->is_test);
    store_put_int(&q, sum->shipping_won);
    store_put_int(&q, sum->total_won);
    store_put_int(&q, in->now_ms);
    store_put_int(&q, sum->expires_ms);
    store_put_blob(&q, in->phone_hash, STORE_HASH_SIZE);
    store_put_blob(&q, in->address_bucket, STORE_HASH_SIZE);
    store_put_int(&q, seller->block_id);
    store_put_blob(&q, in->sealed, in->sealed_size);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("checkout.purchase");
}

static int insert_payment(struct store_db *db, const struct checkout *checkout, int64_t purchase_id,
                          int64_t amount_won)
{
    struct store_query q =
        store_query(db, "INSERT INTO payment (purchase_id, tender, state, amount_won)"
                        " VALUES (?, ?, 'ready', ?)");
    int err;

    store_put_int(&q, purchase_id);
    store_put_text(&q, checkout->in->tender == STORE_AT_PICKUP ? "at_pickup" : "transfer");
    store_put_int(&q, amount_won);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("checkout.payment");
}

static int insert_line(struct store_db *db, const struct line *line, int64_t purchase_id,
                       int position)
{
    struct store_query q = store_query(
        db, "INSERT INTO purchase_line (purchase_id, position, product_id, variant_id, name,"
            " option, quantity, price_won, terms) SELECT ?, ?, p.id, v.id, p.name, v.option, ?, ?,"
            " p.terms FROM variant v JOIN product p ON p.id = v.product_id WHERE v.id = ?");
    int err;

    store_put_int(&q, purchase_id);
    store_put_int(&q, position);
    store_put_int(&q, line->item->quantity);
    store_put_int(&q, line->price_won);
    store_put_int(&q, line->item->variant_id);
    err = store_changed_one(store_query_run(&q));
    return err ? err : store_fail_point("checkout.line");
}

static int reserve(struct store_db *db, struct checkout *checkout, struct line *line,
                   const struct store_reservation *wanted)
{
    int err = store_reserve(db, wanted);

    return err == -ENODATA ? refuse_line(checkout, STORE_SOLD_OUT, line) : err;
}

static int write_lines(struct store_db *db, struct checkout *checkout, const struct seller *seller,
                       const struct sum *sum)
{
    int position = 0, err = 0;

    for (int i = 0; !err && i < checkout->in->item_count; i++) {
        struct line *line = &checkout->lines[i];
        struct store_reservation wanted = {
            .purchase_id = seller->purchase_id,
            .attempt = 1,
            .variant_id = line->item->variant_id,
            .quantity = line->item->quantity,
            .expires_ms = sum->expires_ms,
            .address_bucket = checkout->in->address_bucket,
        };

        if (line->shop_id != seller->shop_id)
            continue;
        err = insert_line(db, line, seller->purchase_id, position++);
        if (!err && !checkout->is_test)
            err = reserve(db, checkout, line, &wanted);
    }
    return err;
}

static int write_order(struct store_db *db, struct checkout *checkout, int number)
{
    struct seller *seller = &checkout->sellers[number];
    struct sum sum;
    int err = add_up(checkout, seller, &sum);

    if (!err && !seller->block_id)
        err = insert_block(db, seller);
    if (!err)
        err = insert_purchase(db, checkout, number, &sum);
    if (!err)
        err = insert_payment(db, checkout, seller->purchase_id, sum.total_won);
    if (!err)
        err = write_lines(db, checkout, seller, &sum);
    if (err)
        return err;
    memcpy(checkout->out->orders[number], checkout->in->order_ids[number], STORE_ORDER_ID_SIZE);
    return store_put_event(db, &(struct store_new_event){.at_ms = checkout->in->now_ms,
                                                         .shop_id = seller->shop_id,
                                                         .kind = "order",
                                                         .state = "pending",
                                                         .purchase_id = seller->purchase_id});
}

static int write_orders(struct store_db *db, struct checkout *checkout)
{
    int64_t id = 0;
    int err = next_id(db, checkout->in->now_ms, &id);

    for (int i = 0; !err && i < checkout->seller_count; i++)
        checkout->sellers[i].purchase_id = id + i;
    for (int i = 0; !err && i < checkout->seller_count; i++)
        err = write_order(db, checkout, i);
    checkout->out->order_count = checkout->seller_count;
    return err ? err : insert_key(db, checkout);
}

/* ---- the job ---- */

static int look(struct store_db *db, struct checkout *checkout)
{
    int err = look_at_show(db, checkout);

    if (!err)
        err = look_at_lines(db, checkout);
    if (!err)
        err = look_at_sellers(db, checkout);
    if (!err && !checkout->is_test)
        err = look_at_unpaid(db, checkout);
    return err;
}

static int check_out(struct store_db *db, void *arg)
{
    struct checkout *checkout = arg;
    int is_new, err;

    *checkout->out = (struct store_checkout_result){0};
    checkout->seller_count = 0;
    is_new = look_up_key(db, checkout);
    if (is_new != 1)
        return is_new;
    err = look(db, checkout);
    if (!err)
        err = take_from_cart(db, checkout);
    return err ? err : write_orders(db, checkout);
}

static int check(const struct store_checkout *in)
{
    if (in->item_count < 1 || in->item_count > STORE_CART_MAX ||
        in->sealed_size > STORE_SEALED_MAX || !*in->key ||
        strnlen(in->key, STORE_KEY_SIZE) == STORE_KEY_SIZE)
        return -EINVAL;
    if (in->tender == STORE_AT_PICKUP && in->delivery != STORE_PICKUP)
        return -EINVAL;
    for (int i = 0; i < in->item_count; i++) {
        if (in->items[i].quantity < 1 || in->items[i].quantity > STORE_QUANTITY_MAX)
            return -EINVAL;
        for (int j = 0; j < i; j++)
            if (in->items[j].variant_id == in->items[i].variant_id)
                return -EINVAL;
    }
    return 0;
}

int store_checkout(struct store *store, const struct store_checkout *checkout,
                   struct store_checkout_result *out)
{
    struct checkout job = {.in = checkout, .out = out};
    int err = check(checkout);

    *out = (struct store_checkout_result){0};
    return err ? err : store_write(store, check_out, &job);
}
