/* A store in a directory of its own, with people, two shops, a show and a rehearsal; and what must always hold in it. */
#ifndef TESTS_CHAT_STORE_SHOP_RIG_H
#define TESTS_CHAT_STORE_SHOP_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/store/cart.h"
#include "chat/store/order.h"
#include "chat/store/outbox.h"
#include "chat/store/product.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

#define NOON INT64_C(1795489200000) /* 2026-11-24 12:00 in Korea */
#define HOUR INT64_C(3600000)

enum { SHOP = 1, OTHER_SHOP = 2, SHOW = 1, REHEARSAL = 2, GUEST = 1, BUYERS_FROM = 1001 };

struct rig {
    char directory[64], path[96];
    struct store *store;
    uint64_t random;
};

/* ---- SQL of the tests' own ---- */

static int rig_execute(struct store_db *db, void *arg)
{
    const char *text = (const char *)arg;
    char *why = NULL;
    int code = sqlite3_exec(store_db_handle(db), text, NULL, NULL, &why);

    if (code != SQLITE_OK)
        print_error("%s: %s\n", text, why);
    sqlite3_free(why);
    return store_errno(code);
}

static inline void rig_sql(struct rig *rig, const char *text)
{
    char copy[8192];

    (void)snprintf(copy, sizeof(copy), "%s", text);
    assert_int_equal(store_write(rig->store, rig_execute, copy), 0);
}

struct rig_value {
    const char *text;
    int64_t value;
};

static int rig_read(struct store_db *db, void *arg)
{
    struct rig_value *value = arg;
    sqlite3_stmt *stmt = NULL;
    int code = sqlite3_prepare_v2(store_db_handle(db), value->text, -1, &stmt, NULL);

    if (code == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW)
        value->value = sqlite3_column_int64(stmt, 0);
    else
        print_error("%s: %s\n", value->text, sqlite3_errmsg(store_db_handle(db)));
    (void)sqlite3_finalize(stmt);
    return store_errno(code);
}

/* The one number a query gives. */
static inline int64_t rig_value(struct rig *rig, const char *text)
{
    struct rig_value value = {text, INT64_MIN};

    assert_int_equal(store_read(rig->store, rig_read, &value), 0);
    return value.value;
}

/* How many rows break a rule that must hold at every instant: 0. Written from the picture of the README, not from the code. */
static const char rig_rules[] =
    "SELECT"
    /* stock is what the reservations say, and never more than there is */
    " (SELECT count(*) FROM variant v WHERE reserved < 0 OR sold < 0 OR reserved + sold > on_hand"
    "  OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM reservation"
    "   WHERE variant_id = v.id AND state = 'held')"
    "  OR sold <> (SELECT coalesce(sum(quantity), 0) FROM reservation"
    "   WHERE variant_id = v.id AND state = 'committed')"
    "  OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM held WHERE variant_id = v.id))"
    /* the three machines agree */
    " + (SELECT count(*) FROM purchase p JOIN payment y ON y.purchase_id = p.id"
    "  WHERE p.state || ':' || y.state NOT IN ('pending:ready', 'paid:confirmed', "
    "'expired:expired',"
    "   'cancelled:cancelled', 'cancelled:refund_due', 'ready:ready', 'ready:confirmed',"
    "   'picked_up:confirmed', 'shipping:confirmed', 'delivered:confirmed'))"
    " + (SELECT count(*) FROM purchase p JOIN payment y ON y.purchase_id = p.id"
    "  JOIN reservation r ON r.purchase_id = p.id AND r.attempt ="
    "   (SELECT max(attempt) FROM reservation WHERE purchase_id = p.id)"
    "  WHERE r.state <> CASE WHEN p.state = 'expired' THEN 'expired'"
    "   WHEN p.state = 'cancelled' THEN 'released' WHEN y.state = 'confirmed' THEN 'committed'"
    "   ELSE 'held' END)"
    " + (SELECT count(*) FROM reservation r WHERE state <> 'expired' AND attempt <"
    "   (SELECT max(attempt) FROM reservation WHERE purchase_id = r.purchase_id))"
    /* an order is whole: its lines are what is reserved, its total is their sum */
    " + (SELECT count(*) FROM purchase p WHERE p.is_test = 0 AND"
    "  (SELECT count(*) FROM purchase_line l WHERE l.purchase_id = p.id) <>"
    "  (SELECT count(*) FROM reservation r WHERE r.purchase_id = p.id AND r.attempt = 1))"
    " + (SELECT count(*) FROM purchase p WHERE total_won <> shipping_won +"
    "  (SELECT coalesce(sum(quantity * price_won), 0) FROM purchase_line WHERE purchase_id = p.id)"
    "  OR total_won <> (SELECT amount_won FROM payment WHERE purchase_id = p.id))"
    /* each has its payment, and its last move is in the outbox */
    " + abs((SELECT count(*) FROM purchase) - (SELECT count(*) FROM payment))"
    " + (SELECT count(*) FROM purchase p LEFT JOIN"
    "  (SELECT purchase_id, state, max(id) FROM outbox WHERE kind = 'order' GROUP BY purchase_id) o"
    "  ON o.purchase_id = p.id WHERE o.state IS NOT p.state)";

static inline void rig_check(struct rig *rig)
{
    assert_int_equal(rig_value(rig, rig_rules), 0);
}

/* ---- life ---- */

static inline int rig_reopen(struct rig *rig)
{
    struct store_config config = {.path = rig->path, .backups = rig->directory};

    return store_open(&config, &rig->store);
}

static inline void rig_people(struct rig *rig)
{
    rig_sql(rig,
            "INSERT INTO account (id, kind, name, created_ms)"
            " WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)"
            " SELECT i, 'guest', 'guest', 1 FROM n;"
            "INSERT INTO account (id, kind, login, password, name, created_ms)"
            " WITH n (i) AS (SELECT 1001 UNION ALL SELECT i + 1 FROM n WHERE i < 3000)"
            " SELECT i, 'buyer', 'buyer' || i, 'x', 'buyer', 1 FROM n;"
            "INSERT INTO shop (id, name, phone, bank_name, bank_account, bank_holder, pickup_place,"
            " transfer_hours, shipping_won, created_ms) VALUES"
            " (1, '가게', '02-1', '은행', '123', '주인', '시장 3번', 24, 3000, 1),"
            " (2, '다른 가게', '02-2', '은행', '456', '사장', '', 1, 2500, 1);"
            "INSERT INTO show (id, shop_id, link, title, state, access, created_ms) VALUES"
            " (1, 1, 'aaaaaaaaaa', 'show', 'live', 'public', 1),"
            " (2, 1, 'bbbbbbbbbb', 'rehearsal', 'scheduled', 'token', 1);");
}

static inline void rig_open(struct rig *rig)
{
    *rig = (struct rig){.random = 88172645463325252};
    (void)snprintf(rig->directory, sizeof(rig->directory), "%s/jangteo-store-XXXXXX",
                   access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
    assert_non_null(mkdtemp(rig->directory));
    (void)snprintf(rig->path, sizeof(rig->path), "%s/shop.sqlite", rig->directory);
    assert_int_equal(rig_reopen(rig), 0);
    rig_people(rig);
}

static inline void rig_close(struct rig *rig)
{
    char command[128];

    store_close(rig->store);
    (void)snprintf(command, sizeof(command), "rm -rf %s", rig->directory);
    assert_int_equal(system(command), 0);
}

static inline uint64_t rig_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state * UINT64_C(0x2545f4914f6cdd1d);
}

/* ---- goods ---- */

/* A product with one variant. Returns the variant. */
static inline int64_t rig_product(struct rig *rig, int64_t shop_id, int64_t price_won,
                                  int64_t stock, int limit)
{
    struct store_product *product = calloc(1, sizeof(*product));
    int64_t id = 0, variant;

    assert_non_null(product);
    product->shop_id = shop_id;
    (void)snprintf(product->name, sizeof(product->name), "한라봉");
    (void)snprintf(product->options, sizeof(product->options), "[]");
    product->price_won = price_won;
    product->max_per_order = limit;
    product->is_on = true;
    product->variant_count = 1;
    (void)snprintf(product->variants[0].values, sizeof(product->variants[0].values), "[]");
    product->variants[0].price_won = price_won;
    product->variants[0].on_hand = stock;
    assert_int_equal(store_product_add(rig->store, product, NOON, &id), 0);
    assert_int_equal(store_product_get(rig->store, shop_id, id, product), 0);
    variant = product->variants[0].id;
    free(product);
    return variant;
}

static inline int64_t rig_of_variant(struct rig *rig, const char *what, int64_t variant)
{
    char text[128];

    (void)snprintf(text, sizeof(text), "SELECT %s FROM variant WHERE id = %" PRId64, what, variant);
    return rig_value(rig, text);
}

static inline int64_t rig_left(struct rig *rig, int64_t variant)
{
    return rig_of_variant(rig, "on_hand - reserved - sold", variant);
}

/* ---- orders ---- */

/* Each has its own key, phone and network unless it says otherwise. */
struct rig_order {
    int64_t account_id, variant_id, quantity, price_won, show_id, now_ms;
    const struct store_checkout_item *items;
    int item_count;
    enum store_tender tender;
    enum store_delivery delivery;
    const char *key;
    const char *phone, *network; /* equal ones hash alike */
    uint8_t body;                /* equal ones are the same request */
};

static inline void rig_hash(uint64_t *random, const char *text, uint8_t out[STORE_HASH_SIZE])
{
    for (size_t i = 0; i < STORE_HASH_SIZE; i++)
        out[i] = (uint8_t)(text ? text[i % (strlen(text) + 1)] : (char)rig_random(random));
}

/* Threads bring a random state of their own. */
static inline int rig_buy_with(struct store *store, uint64_t *random, const struct rig_order *order,
                               struct store_checkout_result *out)
{
    struct store_checkout_item one = {order->variant_id, order->quantity, order->price_won};
    struct store_checkout checkout = {
        .account_id = order->account_id ? order->account_id
                                        : BUYERS_FROM + (int64_t)(rig_random(random) % 2000),
        .items = order->items ? order->items : &one,
        .item_count = order->items ? order->item_count : 1,
        .show_id = order->show_id,
        .delivery = order->delivery,
        .tender = order->tender,
        .sealed = "sealed",
        .sealed_size = 6,
        .now_ms = order->now_ms ? order->now_ms : NOON,
    };
    char key[40];

    (void)snprintf(key, sizeof(key), "%016" PRIx64, rig_random(random));
    checkout.key = order->key ? order->key : key;
    memset(checkout.request_hash, order->body, sizeof(checkout.request_hash));
    rig_hash(random, order->phone, checkout.phone_hash);
    rig_hash(random, order->network, checkout.address_bucket);
    for (int i = 0; i < STORE_SELLERS_MAX; i++)
        for (int k = 0; k < STORE_ORDER_ID_SIZE; k++)
            checkout.order_ids[i][k] = (uint8_t)(rig_random(random) >> 32);
    return store_checkout(store, &checkout, out);
}

static inline int rig_buy(struct rig *rig, const struct rig_order *order,
                          struct store_checkout_result *out)
{
    return rig_buy_with(rig->store, &rig->random, order, out);
}

/* One that must succeed; `out` is the order's id. */
static inline void rig_must_buy(struct rig *rig, const struct rig_order *order, uint8_t out[16])
{
    struct store_checkout_result result;

    assert_int_equal(rig_buy(rig, order, &result), 0);
    assert_int_equal(result.order_count, 1);
    memcpy(out, result.orders[0], STORE_ORDER_ID_SIZE);
}

#endif
