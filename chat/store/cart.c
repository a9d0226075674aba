#include "chat/store/cart.h"

#include <errno.h>

#include "chat/store/money.h"
#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

/* ---- putting in ---- */

struct setting {
    int64_t account_id, variant_id, now_ms;
    int quantity;
};

static int remove_item(struct store_db *db, const struct setting *setting)
{
    struct store_query q =
        store_query(db, "DELETE FROM cart_item WHERE account_id = ? AND variant_id = ?");

    store_put_int(&q, setting->account_id);
    store_put_int(&q, setting->variant_id);
    return store_changed(store_query_run(&q));
}

static int read_limit(struct store_db *db, int64_t variant_id, int64_t *out)
{
    struct store_query q = store_query(
        db, "SELECT p.max_per_order FROM variant v JOIN product p ON p.id = v.product_id"
            " WHERE v.id = ? AND v.is_gone = 0 AND p.is_gone = 0 AND p.state = 'on'");
    int found;

    store_put_int(&q, variant_id);
    found = store_query_step(&q);
    if (found == 1)
        *out = store_get_int(&q, 0);
    return store_found(&q, found);
}

static int put_item(struct store_db *db, const struct setting *setting)
{
    struct store_query q =
        store_query(db, "INSERT INTO cart_item (account_id, variant_id, quantity, added_ms)"
                        " VALUES (?, ?, ?, ?) ON CONFLICT (account_id, variant_id)"
                        " DO UPDATE SET quantity = excluded.quantity, was_reduced = 0");

    store_put_int(&q, setting->account_id);
    store_put_int(&q, setting->variant_id);
    store_put_int(&q, setting->quantity);
    store_put_int(&q, setting->now_ms);
    return store_changed(store_query_run(&q));
}

static int check_room(struct store_db *db, const struct setting *setting)
{
    struct store_query q = store_query(db, "SELECT count(*) FROM cart_item"
                                           " WHERE account_id = ? AND variant_id <> ?");
    bool has_room = false;
    int err;

    store_put_int(&q, setting->account_id);
    store_put_int(&q, setting->variant_id);
    if (store_query_step(&q) == 1)
        has_room = store_get_int(&q, 0) < STORE_CART_MAX;
    err = store_query_end(&q);
    if (err)
        return err;
    return has_room ? 0 : -E2BIG;
}

static int set(struct store_db *db, void *arg)
{
    const struct setting *setting = arg;
    int64_t limit = 0;
    int err;

    if (!setting->quantity)
        return remove_item(db, setting);
    err = read_limit(db, setting->variant_id, &limit);
    if (err)
        return err;
    if (setting->quantity > limit)
        return -ERANGE;
    err = check_room(db, setting);
    return err ? err : put_item(db, setting);
}

int store_cart_set(struct store *store, int64_t account_id, int64_t variant_id, int quantity,
                   int64_t now_ms)
{
    struct setting setting = {account_id, variant_id, now_ms, quantity};

    if (quantity < 0 || quantity > STORE_QUANTITY_MAX)
        return -ERANGE;
    return store_write(store, set, &setting);
}

/* ---- reading ---- */

struct reading {
    int64_t account_id;
    store_cart_fn fn;
    void *arg;
};

struct facts {
    bool is_on, was_reduced;
    int64_t of_product; /* pieces of the product in this cart, over its variants */
};

static enum store_cart_warning judge(const struct store_cart_item *item, const struct facts *facts)
{
    if (!facts->is_on)
        return STORE_CART_OFF;
    if (item->left <= 0)
        return STORE_CART_SOLD_OUT;
    if (item->left < item->quantity)
        return STORE_CART_FEW;
    if (facts->of_product > item->max_per_order)
        return STORE_CART_OVER_LIMIT;
    return facts->was_reduced ? STORE_CART_REDUCED : STORE_CART_FINE;
}

static int read_item(struct store_query *q, const struct reading *reading)
{
    struct store_cart_item item = {
        .variant_id = store_get_int(q, 0),
        .product_id = store_get_int(q, 1),
        .shop_id = store_get_int(q, 2),
        .quantity = (int)store_get_int(q, 7),
        .max_per_order = (int)store_get_int(q, 8),
        .price_won = store_get_int(q, 9),
        .left = store_get_int(q, 10),
    };
    struct facts facts = {
        .is_on = store_get_int(q, 11) != 0,
        .was_reduced = store_get_int(q, 12) != 0,
        .of_product = store_get_int(q, 13),
    };

    store_get_text(q, 3, item.shop_name, sizeof(item.shop_name));
    store_get_text(q, 4, item.name, sizeof(item.name));
    store_get_text(q, 5, item.option, sizeof(item.option));
    store_get_text(q, 6, item.picture, sizeof(item.picture));
    item.warning = judge(&item, &facts);
    return q->err ? q->err : reading->fn(&item, reading->arg);
}

static int read_cart(struct store_db *db, void *arg)
{
    const struct reading *reading = arg;
    struct store_query q = store_query(
        db, "SELECT v.id, p.id, p.shop_id, s.name, p.name, v.option, p.picture, c.quantity,"
            " p.max_per_order, v.price_won, v.on_hand - v.reserved - v.sold,"
            " p.state = 'on' AND p.is_gone = 0 AND v.is_gone = 0, c.was_reduced,"
            " sum(c.quantity) OVER (PARTITION BY p.id)"
            " FROM cart_item c JOIN variant v ON v.id = c.variant_id"
            " JOIN product p ON p.id = v.product_id JOIN shop s ON s.id = p.shop_id"
            " WHERE c.account_id = ? ORDER BY p.shop_id, c.added_ms, v.id");
    int result = 0, err;

    store_put_int(&q, reading->account_id);
    while (!result && store_query_step(&q) == 1)
        result = read_item(&q, reading);
    err = store_query_end(&q);
    return err ? err : result;
}

int store_cart_read(struct store *store, int64_t account_id, store_cart_fn fn, void *arg)
{
    struct reading reading = {account_id, fn, arg};

    return store_read(store, read_cart, &reading);
}

/* ---- merging ---- */

struct merging {
    int64_t guest_id, account_id, now_ms;
};

/* What both want together, and what of it can be: `granted` is at least what the account had by itself. */
struct wish {
    int64_t variant_id, wanted, granted;
};

static int read_wishes(struct store_db *db, const struct merging *merging, struct wish *out,
                       int *out_count)
{
    struct store_query q =
        store_query(db, "SELECT g.variant_id, g.quantity + coalesce(a.quantity, 0),"
                        " max(coalesce(a.quantity, 0), min(g.quantity + coalesce(a.quantity, 0),"
                        "  p.max_per_order, v.on_hand - v.reserved - v.sold))"
                        " FROM cart_item g JOIN variant v ON v.id = g.variant_id"
                        " JOIN product p ON p.id = v.product_id"
                        " LEFT JOIN cart_item a ON a.account_id = ? AND a.variant_id = g.variant_id"
                        " WHERE g.account_id = ? ORDER BY g.added_ms, g.variant_id");

    store_put_int(&q, merging->account_id);
    store_put_int(&q, merging->guest_id);
    for (*out_count = 0; *out_count < STORE_CART_MAX && store_query_step(&q) == 1; ++*out_count)
        out[*out_count] = (struct wish){
            .variant_id = store_get_int(&q, 0),
            .wanted = store_get_int(&q, 1),
            .granted = store_get_int(&q, 2),
        };
    return store_query_end(&q);
}

static int put_wish(struct store_db *db, const struct merging *merging, const struct wish *wish)
{
    struct store_query q = store_query(
        db, "INSERT INTO cart_item (account_id, variant_id, quantity, was_reduced, added_ms)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (account_id, variant_id) DO UPDATE"
            " SET quantity = excluded.quantity, was_reduced = excluded.was_reduced");

    store_put_int(&q, merging->account_id);
    store_put_int(&q, wish->variant_id);
    store_put_int(&q, wish->granted);
    store_put_int(&q, wish->granted < wish->wanted);
    store_put_int(&q, merging->now_ms);
    return store_changed(store_query_run(&q));
}

static int put_wishes(struct store_db *db, const struct merging *merging, const struct wish *wishes,
                      int count)
{
    int reduced = 0, err = 0;

    for (int i = 0; !err && i < count; i++) {
        reduced += wishes[i].granted < wishes[i].wanted;
        if (wishes[i].granted > 0)
            err = put_wish(db, merging, &wishes[i]);
    }
    return err ? err : reduced;
}

/* The account's older items stay; what does not fit goes, the newest of the guest's first. */
static int drop_beyond_limit(struct store_db *db, int64_t account_id)
{
    struct store_query q =
        store_query(db, "DELETE FROM cart_item WHERE account_id = ?1 AND variant_id NOT IN"
                        " (SELECT variant_id FROM cart_item WHERE account_id = ?1"
                        "  ORDER BY added_ms, variant_id LIMIT ?2)");

    store_put_int(&q, account_id);
    store_put_int(&q, STORE_CART_MAX);
    return store_query_run(&q);
}

static int empty(struct store_db *db, int64_t account_id)
{
    struct store_query q = store_query(db, "DELETE FROM cart_item WHERE account_id = ?");

    store_put_int(&q, account_id);
    return store_changed(store_query_run(&q));
}

static int merge(struct store_db *db, void *arg)
{
    const struct merging *merging = arg;
    struct wish wishes[STORE_CART_MAX];
    int count = 0, reduced, dropped, err = read_wishes(db, merging, wishes, &count);

    if (err)
        return err;
    reduced = put_wishes(db, merging, wishes, count);
    if (reduced < 0)
        return reduced;
    dropped = drop_beyond_limit(db, merging->account_id);
    if (dropped < 0)
        return dropped;
    err = empty(db, merging->guest_id);
    return err ? err : reduced + dropped;
}

int store_cart_merge(struct store *store, int64_t guest_id, int64_t account_id, int64_t now_ms)
{
    struct merging merging = {guest_id, account_id, now_ms};

    if (guest_id == account_id)
        return 0;
    return store_write(store, merge, &merging);
}
