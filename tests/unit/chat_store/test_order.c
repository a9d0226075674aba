/* Orders, one after another: what they check, how they move, what a retry gets. */
#include "shop_rig.h"

static struct rig rig;

static int set_up(void **state)
{
    (void)state;
    rig_open(&rig);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_check(&rig);
    rig_close(&rig);
    return 0;
}

/* ---- what an order is made of ---- */

static void test_order_is_a_snapshot(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 12900, 10, 5);
    struct store_order *order = calloc(1, sizeof(*order));
    uint8_t id[16];

    (void)state;
    rig_must_buy(&rig,
                 &(struct rig_order){.variant_id = variant, .quantity = 2, .price_won = 12900}, id);
    rig_sql(&rig,
            "UPDATE product SET name = 'another', terms = 'perishable';"
            "UPDATE variant SET price_won = 1; UPDATE shop SET name = 'x', bank_account = 'y'");
    assert_int_equal(store_order_get(rig.store, id, order), 0);
    assert_string_equal(order->lines[0].name, "한라봉");
    assert_int_equal(order->lines[0].price_won, 12900);
    assert_int_equal(order->lines[0].terms, STORE_NORMAL);
    assert_string_equal(order->seller.name, "가게");
    assert_string_equal(order->seller.bank_account, "123");
    assert_int_equal(order->shipping_won, 3000);
    assert_int_equal(order->total_won, 2 * 12900 + 3000);
    assert_int_equal(order->expires_ms, NOON + 24 * HOUR);
    assert_int_equal(order->sealed_size, 6);
    assert_memory_equal(order->sealed, "sealed", 6);
    assert_int_equal(order->state, STORE_PENDING);
    assert_int_equal(rig_left(&rig, variant), 8);
    free(order);
}

static void test_one_order_per_seller_or_none(void **state)
{
    int64_t here = rig_product(&rig, SHOP, 1000, 10, 5),
            there = rig_product(&rig, OTHER_SHOP, 500, 1, 5);
    struct store_checkout_item items[] = {{here, 2, 1000}, {there, 2, 500}};
    struct rig_order wish = {.items = items, .item_count = 2};
    struct store_checkout_result result;
    struct store_order *order = calloc(1, sizeof(*order));

    (void)state;
    assert_int_equal(rig_buy(&rig, &wish, &result), -ECANCELED);
    assert_int_equal(result.refusal, STORE_SOLD_OUT);
    assert_int_equal(result.variant_id, there);
    assert_int_equal(result.left, 1);
    assert_int_equal(rig_left(&rig, here), 10);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), 0);

    items[1].quantity = 1;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(result.order_count, 2);
    assert_int_equal(store_order_get_for_shop(rig.store, SHOP, result.orders[0], order), 0);
    assert_int_equal(order->total_won, 2000 + 3000);
    assert_int_equal(store_order_get_for_shop(rig.store, OTHER_SHOP, result.orders[1], order), 0);
    assert_int_equal(order->total_won, 500 + 2500);
    assert_int_equal(order->expires_ms, NOON + HOUR);
    free(order);
}

static enum store_refusal refusal_of(const struct rig_order *wish,
                                     struct store_checkout_result *result)
{
    assert_int_equal(rig_buy(&rig, wish, result), -ECANCELED);
    return result->refusal;
}

/* Pitfall 14 as well: a price that went up or down is asked about, never charged. */
static void test_k9_p14_what_the_request_says_is_held_against_the_catalogue(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 999};
    struct store_checkout_result result;

    (void)state;
    assert_int_equal(refusal_of(&wish, &result), STORE_PRICE_CHANGED);
    assert_int_equal(result.price_won, 1000);
    wish.price_won = 1001;
    assert_int_equal(refusal_of(&wish, &result), STORE_PRICE_CHANGED);
    wish.price_won = 1000;
    wish.quantity = 6;
    assert_int_equal(refusal_of(&wish, &result), STORE_OVER_LIMIT);
    assert_int_equal(result.left, 5);
    wish.quantity = 1;
    wish.variant_id = variant + 999;
    assert_int_equal(refusal_of(&wish, &result), STORE_OFF_SALE);
    wish.variant_id = variant;
    rig_sql(&rig, "UPDATE product SET state = 'off'");
    assert_int_equal(refusal_of(&wish, &result), STORE_OFF_SALE);
    rig_sql(&rig, "UPDATE product SET state = 'on'");
    wish.show_id = 99;
    assert_int_equal(rig_buy(&rig, &wish, &result), -ENOENT);
    wish.show_id = 0;
    wish.account_id = 9999;
    assert_int_equal(rig_buy(&rig, &wish, &result), -ENOENT);
    assert_int_equal(rig_left(&rig, variant), 10);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), 0);
}

static void test_k9_stopped_sales_are_stopped_without_the_show_too(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 1000};
    struct store_checkout_result result;

    (void)state;
    rig_sql(&rig, "UPDATE show SET is_sales_stopped = 1 WHERE id = 1");
    assert_int_equal(refusal_of(&wish, &result), STORE_SALES_STOPPED);
    wish.show_id = SHOW;
    assert_int_equal(refusal_of(&wish, &result), STORE_SALES_STOPPED);
    wish.show_id = REHEARSAL;
    assert_int_equal(refusal_of(&wish, &result), STORE_SALES_STOPPED);
    rig_sql(&rig, "UPDATE show SET is_sales_stopped = 0 WHERE id = 1");
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
}

static void test_pickup_needs_a_place(void **state)
{
    int64_t here = rig_product(&rig, SHOP, 1000, 10, 5),
            there = rig_product(&rig, OTHER_SHOP, 500, 10, 5);
    struct rig_order wish = {.variant_id = there,
                             .quantity = 1,
                             .price_won = 500,
                             .delivery = STORE_PICKUP,
                             .tender = STORE_AT_PICKUP};
    struct store_checkout_result result;
    struct store_order *order = calloc(1, sizeof(*order));

    (void)state;
    assert_int_equal(refusal_of(&wish, &result), STORE_NO_PICKUP);
    wish.variant_id = here;
    wish.price_won = 1000;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(store_order_get(rig.store, result.orders[0], order), 0);
    assert_int_equal(order->total_won, 1000); /* nothing is shipped */
    assert_int_equal(order->expires_ms, NOON + 72 * HOUR);
    wish.delivery = STORE_SHIP;
    assert_int_equal(rig_buy(&rig, &wish, &result), -EINVAL);
    free(order);
}

/* ---- a retry ---- */

static void test_k2_p08_same_key_gives_the_same_order(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {.variant_id = variant,
                             .quantity = 1,
                             .price_won = 1000,
                             .account_id = 1001,
                             .key = "a key"};
    struct store_checkout_result first, again;
    int64_t next_ms;

    (void)state;
    assert_int_equal(rig_buy(&rig, &wish, &first), 0);
    assert_false(first.is_repeat);
    rig_sql(&rig, "UPDATE variant SET price_won = 2000"); /* the answer of then, not of now */
    store_close(rig.store);
    assert_int_equal(rig_reopen(&rig), 0);
    assert_int_equal(rig_buy(&rig, &wish, &again), 0);
    assert_true(again.is_repeat);
    assert_int_equal(again.order_count, 1);
    assert_memory_equal(again.orders[0], first.orders[0], 16);
    assert_int_equal(rig_left(&rig, variant), 9);

    wish.body = 1; /* another request */
    assert_int_equal(refusal_of(&wish, &again), STORE_KEY_MISMATCH);
    wish.account_id = 1002; /* keys are one's own */
    wish.price_won = 2000;
    assert_int_equal(rig_buy(&rig, &wish, &again), 0);
    assert_false(again.is_repeat);

    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR - 1, &next_ms), 0);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM idempotency"), 2);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR + 1, &next_ms), 2);
    assert_int_equal(next_ms, 0);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM idempotency"), 0);
}

/* ---- rehearsals ---- */

static void test_p21_a_rehearsal_leaves_all_counters_equal(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 1, 5),
            there = rig_product(&rig, OTHER_SHOP, 500, 1, 5);
    struct rig_order wish = {.variant_id = variant,
                             .quantity = 3, /* more than there is */
                             .price_won = 1000,
                             .account_id = GUEST,
                             .show_id = REHEARSAL};
    struct store_checkout_result result;
    struct store_order *order = calloc(1, sizeof(*order));
    struct store_report report;
    int64_t version = rig_of_variant(&rig, "version", variant);

    (void)state;
    for (int i = 0; i < 4; i++) /* nor are they counted as unpaid */
        assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(store_order_get(rig.store, result.orders[0], order), 0);
    assert_true(order->is_test);
    assert_int_equal(store_order_confirm(rig.store, SHOP, result.orders[0], NOON), 1);
    assert_int_equal(rig_left(&rig, variant), 1);
    assert_int_equal(rig_of_variant(&rig, "version", variant), version);
    assert_int_equal(store_show_report(rig.store, REHEARSAL, &report), 0);
    assert_int_equal(report.orders + report.paid_orders + report.paid_won + report.units, 0);
    wish.variant_id = there; /* another shop's goods are no rehearsal of ours */
    wish.price_won = 500;
    assert_int_equal(refusal_of(&wish, &result), STORE_OFF_SALE);
    wish = (struct rig_order){.variant_id = variant,
                              .quantity = 1,
                              .price_won = 1000,
                              .account_id = GUEST,
                              .show_id = SHOW};
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    free(order);
}

/* ---- unpaid ---- */

static void test_p18_unpaid_orders_of_a_guest_and_of_a_phone(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 1000, 5);
    struct rig_order wish = {
        .variant_id = variant, .quantity = 1, .price_won = 1000, .account_id = GUEST};
    struct store_checkout_result result;
    int64_t next_ms;

    (void)state;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(refusal_of(&wish, &result), STORE_TOO_MANY_UNPAID);
    assert_int_equal(store_order_withdraw(rig.store, GUEST, result.orders[0], NOON), -ENOENT);

    wish.account_id = 0; /* many accounts, one phone */
    wish.phone = "010";
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(store_order_confirm(rig.store, SHOP, result.orders[0], NOON), 1);
    assert_int_equal(rig_buy(&rig, &wish, &result), 0); /* what is paid does not count */
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(refusal_of(&wish, &result), STORE_TOO_MANY_UNPAID);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR, &next_ms), 4);
    assert_int_equal(rig_left(&rig, variant), 999);
    wish.now_ms = NOON + 24 * HOUR;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
}

/* 1,000 sessions behind one address: at most a fifth is held, and comes back. */
static void test_p18_one_network_holds_its_share(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 100, 5),
            last = rig_product(&rig, SHOP, 1, 1, 5);
    struct rig_order wish = {
        .variant_id = variant, .quantity = 1, .price_won = 1000, .network = "10.0.0.0/24"};
    struct store_checkout_result result;
    int64_t next_ms;
    int held = 0;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        wish.account_id = 1 + i;
        held += rig_buy(&rig, &wish, &result) == 0;
    }
    assert_int_equal(held, 20);
    assert_int_equal(result.refusal, STORE_TOO_MANY_HELD);
    wish.network = "10.0.1.0/24";
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    wish.network = "10.0.0.0/24";
    wish.variant_id = last; /* of one piece, a fifth is one */
    wish.price_won = 1;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR, &next_ms), 22);
    assert_int_equal(rig_left(&rig, variant), 100);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM held"), 0);
}

/* ---- moves ---- */

static void test_transfer_is_paid_shipped_and_delivered(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 2, .price_won = 1000};
    struct store_order *order = calloc(1, sizeof(*order));
    uint8_t id[16];

    (void)state;
    rig_must_buy(&rig, &wish, id);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_SHIPPING, NOON), -EDOM);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_READY, NOON), -EDOM);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_PAID, NOON), -EINVAL);
    assert_int_equal(store_order_confirm(rig.store, SHOP, id, NOON + 1), 1);
    assert_int_equal(store_order_confirm(rig.store, SHOP, id, NOON + 2), 0);
    assert_int_equal(rig_of_variant(&rig, "sold", variant), 2);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_READY, NOON), -EDOM);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_SHIPPING, NOON + 3), 1);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_SHIPPING, NOON + 3), 0);
    assert_int_equal(store_order_cancel(rig.store, SHOP, id, "too late", NOON + 3), -EDOM);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_DELIVERED, NOON + 4), 1);
    assert_int_equal(store_order_get(rig.store, id, order), 0);
    assert_int_equal(order->state, STORE_DELIVERED);
    assert_int_equal(order->paid_ms, NOON + 1);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM outbox WHERE kind = 'order'"), 4);
    free(order);
}

static void test_paid_at_pickup(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5), next_ms;
    struct rig_order wish = {.variant_id = variant,
                             .quantity = 2,
                             .price_won = 1000,
                             .delivery = STORE_PICKUP,
                             .tender = STORE_AT_PICKUP};
    uint8_t id[16], other[16];

    (void)state;
    rig_must_buy(&rig, &wish, id);
    rig_must_buy(&rig, &wish, other);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_READY, NOON), 1);
    assert_int_equal(store_order_move(rig.store, SHOP, other, STORE_READY, NOON), 1);
    assert_int_equal(store_expire(rig.store, NOON + 1000 * HOUR, &next_ms), 0); /* set aside */
    assert_int_equal(rig_of_variant(&rig, "reserved", variant), 4);
    assert_int_equal(store_order_move(rig.store, SHOP, id, STORE_PICKED_UP, NOON), 1);
    assert_int_equal(rig_of_variant(&rig, "sold", variant), 2);
    assert_int_equal(store_order_confirm(rig.store, SHOP, other, NOON), 1); /* paid before */
    assert_int_equal(store_order_move(rig.store, SHOP, other, STORE_PICKED_UP, NOON), 1);
    assert_int_equal(rig_of_variant(&rig, "sold", variant), 4);
}

static void test_cancelled_stock_comes_back_and_paid_money_is_owed(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5), next_ms;
    struct rig_order wish = {
        .variant_id = variant, .quantity = 2, .price_won = 1000, .account_id = 1001};
    struct store_order *order = calloc(1, sizeof(*order));
    uint8_t unpaid[16], paid[16];

    (void)state;
    rig_must_buy(&rig, &wish, unpaid);
    rig_must_buy(&rig, &wish, paid);
    assert_int_equal(store_order_withdraw(rig.store, 1002, unpaid, NOON), -ENOENT);
    assert_int_equal(store_order_withdraw(rig.store, 1001, unpaid, NOON), 1);
    assert_int_equal(store_order_withdraw(rig.store, 1001, unpaid, NOON), 0);
    assert_int_equal(store_order_confirm(rig.store, SHOP, unpaid, NOON), -EDOM);
    assert_int_equal(store_order_confirm(rig.store, SHOP, paid, NOON), 1);
    assert_int_equal(store_order_cancel(rig.store, SHOP, paid, "품절", NOON), 1);
    assert_int_equal(store_order_cancel(rig.store, SHOP, paid, "again", NOON), 0);
    assert_int_equal(store_expire(rig.store, NOON + 48 * HOUR, &next_ms), 0);
    assert_int_equal(store_order_get(rig.store, paid, order), 0);
    assert_int_equal(order->payment, STORE_PAYMENT_REFUND_DUE);
    assert_string_equal(order->reason, "품절");
    assert_int_equal(store_order_get(rig.store, unpaid, order), 0);
    assert_int_equal(order->payment, STORE_PAYMENT_CANCELLED);
    assert_int_equal(rig_left(&rig, variant), 10);
    free(order);
}

/* Of two things one is sold meanwhile: the other one is not taken either. */
static void test_k4_late_money_reserves_again_or_is_refused(void **state)
{
    int64_t many = rig_product(&rig, SHOP, 1000, 10, 5), last = rig_product(&rig, SHOP, 1, 1, 5);
    struct store_checkout_item items[] = {{many, 2, 1000}, {last, 1, 1}};
    struct rig_order both = {.items = items, .item_count = 2};
    struct rig_order one = {
        .variant_id = last, .quantity = 1, .price_won = 1, .now_ms = NOON + 24 * HOUR};
    uint8_t first[16], second[16];
    int64_t next_ms;

    (void)state;
    rig_must_buy(&rig, &both, first);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR - 1, &next_ms), 0);
    assert_int_equal(next_ms, NOON + 24 * HOUR);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR, &next_ms), 1);
    assert_int_equal(rig_left(&rig, many), 10);
    rig_must_buy(&rig, &one, second);
    assert_int_equal(store_order_confirm(rig.store, SHOP, first, NOON + 25 * HOUR), -ENODATA);
    assert_int_equal(rig_left(&rig, many), 10);
    rig_check(&rig);
    assert_int_equal(store_expire(rig.store, NOON + 48 * HOUR, &next_ms), 1);
    assert_int_equal(store_order_confirm(rig.store, SHOP, first, NOON + 49 * HOUR), 1);
    assert_int_equal(rig_of_variant(&rig, "sold", many), 2);
    assert_int_equal(rig_left(&rig, last), 0);
    assert_int_equal(store_order_cancel(rig.store, SHOP, first, "", NOON + 50 * HOUR), 1);
    assert_int_equal(rig_left(&rig, many), 10);
}

/* ---- whose ---- */

static void test_p46_foreign_ids_are_as_if_absent(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 1000};
    struct store_order *order = calloc(1, sizeof(*order));
    struct store_product *product = calloc(1, sizeof(*product));
    struct store_stock stock;
    int64_t id = rig_of_variant(&rig, "product_id", variant);
    struct store_stock_change change = {OTHER_SHOP, id, variant, 1, NOON};
    uint8_t bought[16];

    (void)state;
    rig_must_buy(&rig, &wish, bought);
    assert_int_equal(store_order_get_for_shop(rig.store, OTHER_SHOP, bought, order), -ENOENT);
    assert_int_equal(store_order_get_for_shop(rig.store, 0, bought, order), -ENOENT);
    assert_int_equal(store_order_confirm(rig.store, OTHER_SHOP, bought, NOON), -ENOENT);
    assert_int_equal(store_order_move(rig.store, OTHER_SHOP, bought, STORE_READY, NOON), -ENOENT);
    assert_int_equal(store_order_cancel(rig.store, OTHER_SHOP, bought, "", NOON), -ENOENT);
    assert_int_equal(store_order_withdraw(rig.store, GUEST, bought, NOON), -ENOENT);
    assert_int_equal(store_stock_add(rig.store, &change, &stock), -ENOENT);
    change = (struct store_stock_change){SHOP, id + 1, variant, 1, NOON};
    assert_int_equal(store_stock_add(rig.store, &change, &stock), -ENOENT);
    assert_int_equal(store_product_get(rig.store, OTHER_SHOP, id, product), -ENOENT);
    assert_int_equal(store_product_get(rig.store, SHOP, id, product), 0);
    product->shop_id = OTHER_SHOP;
    assert_int_equal(store_product_update(rig.store, product, NOON), -ENOENT);
    assert_int_equal(store_product_delete(rig.store, OTHER_SHOP, id, NOON), -ENOENT);
    assert_int_equal(store_show_products_set(rig.store, OTHER_SHOP, SHOW, &id, 1), -ENOENT);
    id = rig_of_variant(&rig, "product_id", rig_product(&rig, OTHER_SHOP, 1, 1, 1));
    assert_int_equal(store_show_products_set(rig.store, SHOP, SHOW, &id, 1), -ENOENT);
    free(product);
    free(order);
}

/* ---- the number ---- */

static void number_of(int64_t now_ms, char out[STORE_NUMBER_SIZE])
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct rig_order wish = {
        .variant_id = variant, .quantity = 1, .price_won = 1000, .now_ms = now_ms};
    struct store_order *order = calloc(1, sizeof(*order));
    uint8_t id[16];

    rig_must_buy(&rig, &wish, id);
    assert_int_equal(store_order_get(rig.store, id, order), 0);
    memcpy(out, order->number, STORE_NUMBER_SIZE);
    free(order);
}

/* 2026-11-25 00:00 in Korea is 15:00 UTC the day before: date -d '2026-11-25T00:00+09:00' +%s */
static void test_p48_the_day_of_a_number_is_koreas(void **state)
{
    const int64_t midnight = INT64_C(1795532400000);
    char number[STORE_NUMBER_SIZE];

    (void)state;
    number_of(midnight - 1, number);
    assert_memory_equal(number, "20261124-0001-", 14);
    number_of(midnight, number);
    assert_memory_equal(number, "20261125-0001-", 14);
    number_of(midnight + 1, number);
    assert_memory_equal(number, "20261125-0002-", 14);
}

/* Pitfall 47: times are those the caller gives. A clock that steps back makes no number twice and expires nothing early. */
static void test_p47_a_clock_that_steps_back(void **state)
{
    char first[STORE_NUMBER_SIZE], second[STORE_NUMBER_SIZE], third[STORE_NUMBER_SIZE];
    int64_t next_ms;

    (void)state;
    number_of(NOON + 15 * HOUR, first);
    number_of(NOON, second);
    number_of(NOON + 15 * HOUR - 1, third);
    assert_memory_equal(first, "20261125-0001", 13);
    assert_memory_equal(second, "20261124-0001", 13);
    assert_memory_equal(third, "20261125-0002", 13);
    assert_int_equal(store_expire(rig.store, NOON - HOUR, &next_ms), 0);
    assert_int_equal(next_ms, NOON + 24 * HOUR);
    assert_int_equal(store_expire(rig.store, next_ms, &next_ms), 1);
}

/* Damm's example: 572 has the check digit 4. Then every wrong digit and every swap of unequal neighbours of a real one. */
static void test_number_finds_each_wrong_digit_and_each_swap(void **state)
{
    char number[STORE_NUMBER_SIZE], wrong[STORE_NUMBER_SIZE];

    (void)state;
    assert_true(store_order_number_ok("5724"));
    assert_false(store_order_number_ok("5723"));
    number_of(NOON, number);
    assert_true(store_order_number_ok(number));
    for (size_t i = 0; number[i]; i++) {
        for (char digit = '0'; number[i] != '-' && digit <= '9'; digit++) {
            memcpy(wrong, number, sizeof(wrong));
            wrong[i] = digit;
            assert_int_equal(store_order_number_ok(wrong), digit == number[i]);
        }
        memcpy(wrong, number, sizeof(wrong));
        wrong[i] = number[i + 1];
        wrong[i + 1] = number[i];
        if (number[i] != '-' && wrong[i] && wrong[i] != '-' && wrong[i] != number[i])
            assert_false(store_order_number_ok(wrong));
    }
}

/* ---- lists, the report, the outbox ---- */

struct ids {
    int64_t ids[16];
    int count;
};

static int note_order(const struct store_order *order, void *arg)
{
    struct ids *ids = arg;

    ids->ids[ids->count++] = order->id;
    return 0;
}

static void test_lists_are_paged_from_the_newest(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 100, 5);
    struct rig_order wish = {
        .variant_id = variant, .quantity = 1, .price_won = 1000, .account_id = 1001};
    struct ids all = {{0}, 0}, page = {{0}, 0}, none = {{0}, 0};
    uint8_t id[16];

    (void)state;
    for (int i = 0; i < 5; i++)
        rig_must_buy(&rig, &wish, id);
    assert_int_equal(store_orders_of_shop(rig.store, SHOP, 0, 10, note_order, &all), 0);
    assert_int_equal(all.count, 5);
    assert_true(all.ids[0] > all.ids[4]);
    assert_int_equal(store_orders_of_account(rig.store, 1001, all.ids[1], 2, note_order, &page), 0);
    assert_int_equal(page.count, 2);
    assert_int_equal(page.ids[0], all.ids[2]);
    assert_int_equal(store_orders_of_account(rig.store, 1002, 0, 10, note_order, &none), 0);
    assert_int_equal(store_orders_of_shop(rig.store, OTHER_SHOP, 0, 10, note_order, &none), 0);
    assert_int_equal(none.count, 0);
}

/* The SQL is written from the definition in order.h, over rows the report does not read the same way. */
static void test_p55_the_report_is_what_its_definition_says(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 100, 5), next_ms;
    struct rig_order wish = {
        .variant_id = variant, .quantity = 3, .price_won = 1000, .show_id = SHOW};
    struct store_report report;
    uint8_t paid[16], cancelled[16], expired[16], shipped[16], outside[16];

    (void)state;
    rig_must_buy(&rig, &wish, paid);
    rig_must_buy(&rig, &wish, cancelled);
    rig_must_buy(&rig, &wish, shipped);
    rig_must_buy(&rig, &wish, expired);
    wish.show_id = 0;
    rig_must_buy(&rig, &wish, outside);
    assert_int_equal(store_order_confirm(rig.store, SHOP, paid, NOON), 1);
    assert_int_equal(store_order_confirm(rig.store, SHOP, outside, NOON), 1);
    assert_int_equal(store_order_confirm(rig.store, SHOP, cancelled, NOON), 1);
    assert_int_equal(store_order_cancel(rig.store, SHOP, cancelled, "", NOON), 1);
    assert_int_equal(store_order_confirm(rig.store, SHOP, shipped, NOON), 1);
    assert_int_equal(store_order_move(rig.store, SHOP, shipped, STORE_SHIPPING, NOON), 1);
    assert_int_equal(store_expire(rig.store, NOON + 24 * HOUR, &next_ms), 1);
    assert_int_equal(store_show_report(rig.store, SHOW, &report), 0);
    assert_int_equal(report.orders, 4);
    assert_int_equal(report.paid_orders, 2);
    assert_int_equal(report.paid_won, 2 * (3 * 1000 + 3000));
    assert_int_equal(report.units, 6);
    assert_int_equal(report.paid_orders,
                     rig_value(&rig, "SELECT count(DISTINCT id) FROM purchase WHERE show_id = 1"
                                     " AND state NOT IN ('pending', 'expired', 'cancelled')"));
    assert_int_equal(report.units,
                     rig_value(&rig, "SELECT sum(r.quantity) FROM reservation r JOIN purchase p"
                                     " ON p.id = r.purchase_id WHERE p.show_id = 1"
                                     " AND r.state = 'committed'"));
}

static int note_event(const struct store_event *event, void *arg)
{
    struct ids *ids = arg;

    assert_string_equal(event->kind, ids->count == 0 ? "product" : "order");
    if (ids->count > 0)
        assert_string_equal(event->state, ids->count == 1 ? "pending" : "paid");
    ids->ids[ids->count++] = event->id;
    return 0;
}

static int note_stock(const struct store_stock *stock, void *arg)
{
    *(struct store_stock *)arg = *stock;
    return 0;
}

static void test_p52_outbox_is_read_again_until_it_is_marked(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 100, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 3, .price_won = 1000};
    struct ids first = {{0}, 0}, again = {{0}, 0}, none = {{0}, 0};
    struct store_stock stock;
    uint8_t id[16];

    (void)state;
    rig_must_buy(&rig, &wish, id);
    assert_int_equal(store_order_confirm(rig.store, SHOP, id, NOON), 1);
    assert_int_equal(store_outbox_read(rig.store, "rooms", 10, note_event, &first), 3);
    assert_int_equal(store_outbox_read(rig.store, "rooms", 10, note_event, &again), 3);
    assert_int_equal(store_outbox_mark(rig.store, "rooms", first.ids[2]), 0);
    assert_int_equal(store_outbox_mark(rig.store, "rooms", first.ids[0]), 0); /* only goes up */
    assert_int_equal(store_outbox_read(rig.store, "rooms", 10, note_event, &none), 0);
    assert_int_equal(store_outbox_read(rig.store, "mail", 10, note_event, &none), 3);
    assert_int_equal(store_outbox_mark(rig.store, "mail", first.ids[0]), 0);
    assert_int_equal(store_outbox_trim(rig.store, NOON + HOUR), 1);
    assert_int_equal(store_order_stock(rig.store, id, note_stock, &stock), 0);
    assert_int_equal(stock.left, 97);
    assert_int_equal(stock.variant_id, variant);
    assert_int_equal(stock.version, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_order_is_a_snapshot),
        TEST(test_one_order_per_seller_or_none),
        TEST(test_k9_p14_what_the_request_says_is_held_against_the_catalogue),
        TEST(test_k9_stopped_sales_are_stopped_without_the_show_too),
        TEST(test_pickup_needs_a_place),
        TEST(test_k2_p08_same_key_gives_the_same_order),
        TEST(test_p21_a_rehearsal_leaves_all_counters_equal),
        TEST(test_p18_unpaid_orders_of_a_guest_and_of_a_phone),
        TEST(test_p18_one_network_holds_its_share),
        TEST(test_transfer_is_paid_shipped_and_delivered),
        TEST(test_paid_at_pickup),
        TEST(test_cancelled_stock_comes_back_and_paid_money_is_owed),
        TEST(test_k4_late_money_reserves_again_or_is_refused),
        TEST(test_p46_foreign_ids_are_as_if_absent),
        TEST(test_p48_the_day_of_a_number_is_koreas),
        TEST(test_p47_a_clock_that_steps_back),
        TEST(test_number_finds_each_wrong_digit_and_each_swap),
        TEST(test_lists_are_paged_from_the_newest),
        TEST(test_p55_the_report_is_what_its_definition_says),
        TEST(test_p52_outbox_is_read_again_until_it_is_marked),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
