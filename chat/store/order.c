#include "chat/store/order.h"

#include <assert.h>
#include <errno.h>

#include "chat/store/fail.h"
#include "chat/store/order_state.h"
#include "chat/store/outbox_put.h"
#include "chat/store/people.h"
#include "chat/store/reservation.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

/* An order as it stands, on the writer's thread. */
struct order {
    int64_t id, shop_id, account_id;
    enum store_order_state state;
    enum store_payment_state payment;
    enum store_tender tender;
    enum store_delivery delivery;
    uint8_t address_bucket[STORE_HASH_SIZE];
};

/* ---- loading ---- */

#define ORDER_COLUMNS                                                                              \
    "p.id, p.shop_id, p.account_id, p.state, y.state, y.tender = 'at_pickup',"                     \
    " p.delivery = 'pickup', p.address_bucket"                                                     \
    " FROM purchase p JOIN payment y ON y.purchase_id = p.id"

static int read_order(struct store_query *q, struct order *out)
{
    char state[16], payment[16];
    int found = store_query_step(q);

    if (found == 1) {
        *out = (struct order){.id = store_get_int(q, 0),
                              .shop_id = store_get_int(q, 1),
                              .account_id = store_get_int(q, 2),
                              .tender = store_get_int(q, 5) ? STORE_AT_PICKUP : STORE_TRANSFER,
                              .delivery = store_get_int(q, 6) ? STORE_PICKUP : STORE_SHIP};
        store_get_text(q, 3, state, sizeof(state));
        store_get_text(q, 4, payment, sizeof(payment));
        (void)store_get_blob(q, 7, out->address_bucket, sizeof(out->address_bucket));
        out->state = (enum store_order_state)store_order_state_of(state);
        out->payment = (enum store_payment_state)store_payment_state_of(payment);
    }
    return store_found(q, found);
}

/* One call's arguments. Either the shop or the buyer asks; the other is 0. */
struct asking {
    int64_t shop_id, account_id;
    const uint8_t *order;
    enum store_order_state to;
    const char *reason;
    int64_t now_ms;
};

static int load(struct store_db *db, const struct asking *asking, struct order *out)
{
    struct store_query q = store_query(db, "SELECT " ORDER_COLUMNS " WHERE p.public_id = ?1"
                                           " AND (p.shop_id = ?2 OR p.account_id = ?3)");

    store_put_blob(&q, asking->order, STORE_ORDER_ID_SIZE);
    store_put_int(&q, asking->shop_id);
    store_put_int(&q, asking->account_id);
    return read_order(&q, out);
}

static int load_by_id(struct store_db *db, int64_t id, struct order *out)
{
    struct store_query q = store_query(db, "SELECT " ORDER_COLUMNS " WHERE p.id = ?");

    store_put_int(&q, id);
    return read_order(&q, out);
}

/* ---- the two setters; the third is store_reservations_move ---- */

static int tell(struct store_db *db, const struct order *order, int64_t now_ms)
{
    return store_put_event(db,
                           &(struct store_new_event){.at_ms = now_ms,
                                                     .shop_id = order->shop_id,
                                                     .kind = "order",
                                                     .state = store_order_state_name(order->state),
                                                     .purchase_id = order->id});
}

static int set_state(struct store_db *db, struct order *order, enum store_order_state to,
                     int64_t now_ms)
{
    struct store_query q = store_query(db, "UPDATE purchase SET state = ? WHERE id = ?");
    int err;

    assert(store_order_may(order->state, to));
    order->state = to;
    store_put_text(&q, store_order_state_name(to));
    store_put_int(&q, order->id);
    err = store_changed_one(store_query_run(&q));
    if (!err)
        err = store_fail_point("order.state");
    return err ? err : tell(db, order, now_ms);
}

static int set_payment(struct store_db *db, struct order *order, enum store_payment_state to,
                       int64_t now_ms)
{
    struct store_query q =
        store_query(db, "UPDATE payment SET state = ?1,"
                        " confirmed_ms = CASE ?1 WHEN 'confirmed' THEN ?2 ELSE confirmed_ms END"
                        " WHERE purchase_id = ?3");
    int err;

    assert(store_payment_may(order->payment, to));
    order->payment = to;
    store_put_text(&q, store_payment_state_name(to));
    store_put_int(&q, now_ms);
    store_put_int(&q, order->id);
    err = store_changed_one(store_query_run(&q));
    return err ? err : store_fail_point("order.payment");
}

/* ---- money ---- */

static int read_lines(struct store_db *db, struct order *order, struct store_reservation *out,
                      int *out_count)
{
    struct store_query q =
        store_query(db, "SELECT l.variant_id, l.quantity FROM purchase_line l JOIN purchase p"
                        " ON p.id = l.purchase_id WHERE p.id = ? AND p.is_test = 0");

    store_put_int(&q, order->id);
    for (*out_count = 0; *out_count < STORE_CART_MAX && store_query_step(&q) == 1; ++*out_count)
        out[*out_count] = (struct store_reservation){.purchase_id = order->id,
                                                     .attempt = 2,
                                                     .variant_id = store_get_int(&q, 0),
                                                     .quantity = store_get_int(&q, 1),
                                                     .address_bucket = order->address_bucket};
    return store_query_end(&q);
}

static int reserve_again(struct store_db *db, struct order *order)
{
    struct store_reservation lines[STORE_CART_MAX];
    int count = 0, err = read_lines(db, order, lines, &count);

    for (int i = 0; !err && i < count; i++)
        err = store_reserve(db, &lines[i]);
    return err;
}

/* Money is there, or comes by being picked up: what was held is sold. */
static int take_money(struct store_db *db, struct order *order, int64_t now_ms)
{
    int moved = store_reservations_move(db, order->id, STORE_HELD, STORE_COMMITTED);

    return moved < 0 ? moved : set_payment(db, order, STORE_PAYMENT_CONFIRMED, now_ms);
}

static int confirm(struct store_db *db, void *arg)
{
    const struct asking *asking = arg;
    struct order order;
    int err = load(db, asking, &order);

    if (err)
        return err;
    if (order.payment == STORE_PAYMENT_CONFIRMED)
        return 0;
    if (!store_payment_may(order.payment, STORE_PAYMENT_CONFIRMED))
        return -EDOM;
    if (order.state == STORE_EXPIRED)
        err = reserve_again(db, &order);
    if (!err)
        err = take_money(db, &order, asking->now_ms);
    if (err)
        return err;
    if (order.state == STORE_READY) /* paid before it is picked up: it stays where it is */
        err = tell(db, &order, asking->now_ms);
    else
        err = set_state(db, &order, STORE_PAID, asking->now_ms);
    return err ? err : 1;
}

int store_order_confirm(struct store *store, int64_t shop_id, const uint8_t order[16],
                        int64_t now_ms)
{
    struct asking asking = {.shop_id = shop_id, .order = order, .now_ms = now_ms};

    return store_write(store, confirm, &asking);
}

/* ---- handing over ---- */

/* Beyond the table: how it is delivered, and that what is not paid at pick-up is paid before. */
static bool may_hand_over(const struct order *order, enum store_order_state to)
{
    if (!store_order_may(order->state, to))
        return false;
    switch (to) {
    case STORE_READY:
        return order->delivery == STORE_PICKUP &&
               (order->state == STORE_PAID || order->tender == STORE_AT_PICKUP);
    case STORE_SHIPPING:
        return order->delivery == STORE_SHIP;
    default:
        return true;
    }
}

/* Set aside by hand: it does not expire any more; the seller may cancel it. */
static int keep(struct store_db *db, const struct order *order)
{
    struct store_query q = store_query(db, "UPDATE purchase SET expires_ms = 0 WHERE id = ?");
    int err;

    store_put_int(&q, order->id);
    err = store_changed_one(store_query_run(&q));
    return err ? err : store_reservations_keep(db, order->id);
}

static int hand_over(struct store_db *db, void *arg)
{
    const struct asking *asking = arg;
    struct order order;
    int err = load(db, asking, &order);

    if (err || order.state == asking->to)
        return err;
    if (!may_hand_over(&order, asking->to))
        return -EDOM;
    if (asking->to == STORE_READY && order.payment == STORE_PAYMENT_READY)
        err = keep(db, &order);
    if (asking->to == STORE_PICKED_UP && order.payment == STORE_PAYMENT_READY)
        err = take_money(db, &order, asking->now_ms);
    if (!err)
        err = set_state(db, &order, asking->to, asking->now_ms);
    return err ? err : 1;
}

int store_order_move(struct store *store, int64_t shop_id, const uint8_t order[16],
                     enum store_order_state to, int64_t now_ms)
{
    struct asking asking = {.shop_id = shop_id, .order = order, .to = to, .now_ms = now_ms};

    if (to != STORE_READY && to != STORE_PICKED_UP && to != STORE_SHIPPING && to != STORE_DELIVERED)
        return -EINVAL;
    return store_write(store, hand_over, &asking);
}

/* ---- giving up ---- */

static int set_reason(struct store_db *db, const struct order *order, const char *reason)
{
    struct store_query q =
        store_query(db, "UPDATE purchase SET reason = coalesce(?, reason) WHERE id = ?");

    store_put_text(&q, reason);
    store_put_int(&q, order->id);
    return store_changed_one(store_query_run(&q));
}

/* Only one of the two moves finds something: an order's reservations are all in one state. */
static int release(struct store_db *db, const struct order *order)
{
    int held = store_reservations_move(db, order->id, STORE_HELD, STORE_RELEASED), sold = 0;

    if (held >= 0)
        sold = store_reservations_move(db, order->id, STORE_COMMITTED, STORE_RELEASED);
    return JT_MIN(JT_MIN(held, sold), 0);
}

static int cancel(struct store_db *db, void *arg)
{
    const struct asking *asking = arg;
    struct order order;
    int err = load(db, asking, &order);

    if (err || order.state == STORE_CANCELLED)
        return err;
    if (!store_order_may(order.state, STORE_CANCELLED))
        return -EDOM;
    if (asking->account_id && order.state == STORE_READY) /* set aside: ask the seller */
        return -EDOM;
    err = release(db, &order);
    if (!err)
        err = set_payment(db, &order,
                          order.payment == STORE_PAYMENT_CONFIRMED ? STORE_PAYMENT_REFUND_DUE
                                                                   : STORE_PAYMENT_CANCELLED,
                          asking->now_ms);
    if (!err)
        err = set_reason(db, &order, asking->reason);
    if (!err)
        err = set_state(db, &order, STORE_CANCELLED, asking->now_ms);
    return err ? err : 1;
}

int store_order_cancel(struct store *store, int64_t shop_id, const uint8_t order[16],
                       const char *reason, int64_t now_ms)
{
    struct asking asking = {.shop_id = shop_id, .order = order, .reason = reason, .now_ms = now_ms};

    return store_write(store, cancel, &asking);
}

int store_order_withdraw(struct store *store, int64_t account_id, const uint8_t order[16],
                         int64_t now_ms)
{
    struct asking asking = {.account_id = account_id, .order = order, .now_ms = now_ms};

    return store_write(store, cancel, &asking);
}

/* ---- time ---- */

static int expire_order(struct store_db *db, int64_t id, int64_t now_ms)
{
    struct order order;
    int err = load_by_id(db, id, &order), moved;

    if (err)
        return err;
    moved = store_reservations_move(db, id, STORE_HELD, STORE_RESERVATION_EXPIRED);
    if (moved < 0)
        return moved;
    err = set_payment(db, &order, STORE_PAYMENT_EXPIRED, now_ms);
    return err ? err : set_state(db, &order, STORE_EXPIRED, now_ms);
}

struct expiring {
    int64_t now_ms, next_ms;
};

static int read_due(struct store_db *db, int64_t now_ms, int64_t ids[STORE_EXPIRE_MAX],
                    int *out_count)
{
    struct store_query q =
        store_query(db, "SELECT id FROM purchase WHERE state = 'pending' AND expires_ms <= ?"
                        " ORDER BY expires_ms LIMIT ?");

    store_put_int(&q, now_ms);
    store_put_int(&q, STORE_EXPIRE_MAX);
    for (*out_count = 0; *out_count < STORE_EXPIRE_MAX && store_query_step(&q) == 1; ++*out_count)
        ids[*out_count] = store_get_int(&q, 0);
    return store_query_end(&q);
}

static int read_next(struct store_db *db, int64_t *out_ms)
{
    struct store_query q =
        store_query(db, "SELECT min(expires_ms) FROM purchase WHERE state = 'pending'");

    if (store_query_step(&q) == 1)
        *out_ms = store_get_int(&q, 0);
    return store_query_end(&q);
}

/* Keys are in the order they came; a few at a time from the old end. */
static int forget_keys(struct store_db *db, int64_t now_ms)
{
    struct store_query q =
        store_query(db, "DELETE FROM idempotency WHERE created_ms < ?"
                        " AND id IN (SELECT id FROM idempotency ORDER BY id LIMIT 1000)");

    store_put_int(&q, now_ms - INT64_C(3600000) * STORE_KEY_HOURS);
    return store_changed(store_query_run(&q));
}

static int expire(struct store_db *db, void *arg)
{
    struct expiring *expiring = arg;
    int64_t ids[STORE_EXPIRE_MAX];
    int count = 0, err = read_due(db, expiring->now_ms, ids, &count);

    for (int i = 0; !err && i < count; i++)
        err = expire_order(db, ids[i], expiring->now_ms);
    if (!err)
        err = forget_keys(db, expiring->now_ms);
    if (!err)
        err = read_next(db, &expiring->next_ms);
    return err ? err : count;
}

int store_expire(struct store *store, int64_t now_ms, int64_t *out_next_ms)
{
    struct expiring expiring = {.now_ms = now_ms};
    int count = store_write(store, expire, &expiring);

    if (count >= 0)
        *out_next_ms = expiring.next_ms;
    return count;
}
