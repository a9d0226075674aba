/* Random carts, random events: what must hold, holds after each step. And the edges of money, carts and products. */
#include "shop_rig.h"

#include "chat/store/money.h"

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

/* ---- K3 ---- */

static void test_k3_sums_never_wrap(void **state)
{
    const int64_t refused[][3] = {
        {0, -1, 1},
        {0, 1, -1},
        {0, INT64_MIN, 1},
        {0, INT64_MAX, 1},
        {0, 1, INT64_MAX},
        {0, 1000000000, INT64_MAX / 1000000000},
        {0, 1000000001, 1},
        {INT64_MAX, 1, 1},
        {INT64_MAX, 1000000000, INT64_MAX},
        {9007199254740991, 1, 1},
    };
    int64_t sum;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        sum = refused[i][0];
        assert_int_equal(store_money_add(&sum, refused[i][1], refused[i][2]), -ERANGE);
        assert_int_equal(sum, refused[i][0]);
    }
    sum = 9007199254740990;
    assert_int_equal(store_money_add(&sum, 1, 1), 0);
    assert_int_equal(sum, 9007199254740991);
    assert_int_equal(store_money_add(&sum, 1000000000, 0), 0);
}

/* Against sums of another kind of number, which has room for them. */
static void test_k3_p09_random_carts_add_up(void **state)
{
    (void)state;
    for (int round = 0; round < 20000; round++) {
        long double exact = 0;
        int64_t sum = 0;

        for (int i = 0; i < 50; i++) {
            int64_t price = (int64_t)(rig_random(&rig.random) % 1000000001);
            int64_t quantity = 1 + (int64_t)(rig_random(&rig.random) % 999);

            assert_int_equal(store_money_add(&sum, price, quantity), 0);
            exact += (long double)price * (long double)quantity;
            assert_true(exact == (long double)sum);
        }
    }
}

static void test_k3_p10_quantities_and_prices_at_their_edges(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000000000, 1000000, 999);
    const int64_t refused[] = {0, -1, 1000, INT64_MIN, INT64_MAX};
    struct rig_order wish = {.variant_id = variant, .price_won = 1000000000};
    struct store_checkout_result result;
    struct store_order *order = calloc(1, sizeof(*order));
    struct store_product *product = calloc(1, sizeof(*product));
    int64_t id;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(refused); i++) {
        wish.quantity = refused[i];
        assert_int_equal(rig_buy(&rig, &wish, &result), -EINVAL);
    }
    wish.quantity = 999;
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    assert_int_equal(store_order_get(rig.store, result.orders[0], order), 0);
    assert_int_equal(order->total_won, INT64_C(999000003000));

    product->shop_id = SHOP;
    product->variant_count = 1;
    product->max_per_order = 1;
    (void)strcpy(product->name, "x");
    (void)strcpy(product->options, "[]");
    (void)strcpy(product->variants[0].values, "[]");
    product->price_won = -1;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -ERANGE);
    product->price_won = 1000000001;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -ERANGE);
    product->price_won = 1;
    product->variants[0].on_hand = -1;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -ERANGE);
    product->variants[0].on_hand = 0;
    product->max_per_order = 1000;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -ERANGE);
    free(product);
    free(order);
}

/* Each order of random baskets over two sellers: what is in the file adds up (rig_rules), and to what an account book says. */
static void test_k3_random_orders_balance(void **state)
{
    int64_t variants[6], prices[6], book = 0;
    struct store_checkout_result result;

    (void)state;
    for (int i = 0; i < 6; i++) {
        prices[i] = (int64_t)(rig_random(&rig.random) % 100000);
        variants[i] = rig_product(&rig, 1 + i % 2, prices[i], 10000, 999);
    }
    for (int round = 0; round < 200; round++) {
        struct store_checkout_item items[6];
        bool has_shop[3] = {false};
        int count = 0;

        for (int i = 0; i < 6; i++)
            if (rig_random(&rig.random) % 2) {
                items[count++] = (struct store_checkout_item){
                    variants[i], 1 + (int64_t)(rig_random(&rig.random) % 9), prices[i]};
                has_shop[1 + i % 2] = true;
                book += prices[i] * items[count - 1].quantity;
            }
        if (!count)
            continue;
        book += has_shop[1] * 3000 + has_shop[2] * 2500;
        assert_int_equal(
            rig_buy(&rig, &(struct rig_order){.items = items, .item_count = count}, &result), 0);
        assert_int_equal(result.order_count, has_shop[1] + has_shop[2]);
    }
    assert_int_equal(rig_value(&rig, "SELECT sum(total_won) FROM purchase"), book);
}

/* ---- pitfall 17 ---- */

struct life {
    uint8_t order[16];
    int64_t account_id;
    int64_t quantity;
};

static void one_event(struct life *life, int64_t variant, int64_t *now_ms)
{
    struct rig_order wish = {.variant_id = variant,
                             .quantity = 1 + (int64_t)(rig_random(&rig.random) % 2),
                             .price_won = 1000,
                             .now_ms = *now_ms,
                             .account_id = BUYERS_FROM + (int64_t)(rig_random(&rig.random) % 100)};
    struct store_checkout_result result;
    int64_t next_ms;
    int err = 0;

    switch (rig_random(&rig.random) % 9) {
    case 0:
        wish.delivery = rig_random(&rig.random) % 2 ? STORE_PICKUP : STORE_SHIP;
        wish.tender = wish.delivery == STORE_PICKUP && rig_random(&rig.random) % 2 ? STORE_AT_PICKUP
                                                                                   : STORE_TRANSFER;
        err = rig_buy(&rig, &wish, &result);
        if (!err) {
            memcpy(life->order, result.orders[0], 16);
            life->account_id = wish.account_id;
        }
        break;
    case 1:
        err = store_order_confirm(rig.store, SHOP, life->order, *now_ms);
        break;
    case 2:
        err = store_order_cancel(rig.store, SHOP, life->order, "", *now_ms);
        break;
    case 3:
        err = store_order_withdraw(rig.store, life->account_id, life->order, *now_ms);
        break;
    case 4:
        *now_ms += (int64_t)(rig_random(&rig.random) % (30 * HOUR));
        err = store_expire(rig.store, *now_ms, &next_ms);
        break;
    default:
        err = store_order_move(rig.store, SHOP, life->order,
                               (enum store_order_state)(rig_random(&rig.random) % 8), *now_ms);
    }
    assert_true(err >= 0 || err == -EDOM || err == -ENOENT || err == -EINVAL || err == -ENODATA ||
                err == -ECANCELED);
}

/* Any event in any state, each as often as it likes: stock goes and comes back once. */
static void test_p17_random_events_keep_the_rules(void **state)
{
    static struct life lives[12];
    int64_t variant = rig_product(&rig, SHOP, 1000, 15, 5), now_ms = NOON;

    (void)state;
    for (int step = 0; step < 4000; step++) {
        one_event(&lives[rig_random(&rig.random) % JT_COUNT(lives)], variant, &now_ms);
        if (step % 10 == 0 || step < 500)
            rig_check(&rig);
    }
    for (enum store_order_state state_id = STORE_PENDING; state_id <= STORE_DELIVERED; state_id++) {
        char text[128];

        (void)snprintf(text, sizeof(text), "SELECT count(*) FROM outbox WHERE state = '%s'",
                       store_order_state_name(state_id));
        assert_true(rig_value(&rig, text) > 3); /* every state was reached */
    }
    assert_true(rig_value(&rig, "SELECT count(*) FROM reservation WHERE attempt > 1") > 3);
}

/* ---- carts ---- */

static int note_item(const struct store_cart_item *item, void *arg)
{
    *(struct store_cart_item *)arg = *item;
    return 0;
}

static void test_p16_merged_carts_keep_to_stock_and_limit(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 4, 5);
    struct store_cart_item item = {0};

    (void)state;
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 3, NOON), 0);
    assert_int_equal(store_cart_set(rig.store, BUYERS_FROM, variant, 3, NOON), 0);
    assert_int_equal(store_cart_merge(rig.store, GUEST, BUYERS_FROM, NOON), 1);
    assert_int_equal(store_cart_read(rig.store, BUYERS_FROM, note_item, &item), 0);
    assert_int_equal(item.quantity, 4);
    assert_int_equal(item.warning, STORE_CART_REDUCED);
    assert_int_equal(store_cart_merge(rig.store, GUEST, BUYERS_FROM, NOON), 0);
    assert_int_equal(store_cart_merge(rig.store, BUYERS_FROM, BUYERS_FROM, NOON), 0);
    assert_int_equal(store_cart_read(rig.store, BUYERS_FROM, note_item, &item), 0);
    assert_int_equal(item.quantity, 4);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM cart_item"), 1);

    rig_sql(&rig, "UPDATE variant SET on_hand = 100"); /* now the limit decides */
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 3, NOON), 0);
    assert_int_equal(store_cart_merge(rig.store, GUEST, BUYERS_FROM, NOON), 1);
    assert_int_equal(store_cart_read(rig.store, BUYERS_FROM, note_item, &item), 0);
    assert_int_equal(item.quantity, 5);
}

static void test_cart_says_what_changed(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 4, 5);
    struct store_cart_item item = {0};

    (void)state;
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 6, NOON), -ERANGE);
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, -1, NOON), -ERANGE);
    assert_int_equal(store_cart_set(rig.store, GUEST, variant + 1, 1, NOON), -ENOENT);
    assert_int_equal(store_cart_set(rig.store, 99999, variant, 1, NOON), -ENOENT);
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 5, NOON), 0);
    assert_int_equal(store_cart_read(rig.store, GUEST, note_item, &item), 0);
    assert_string_equal(item.shop_name, "가게");
    assert_int_equal(item.left, 4);
    assert_int_equal(item.warning, STORE_CART_FEW);
    rig_sql(&rig, "UPDATE variant SET on_hand = 0, price_won = 900");
    assert_int_equal(store_cart_read(rig.store, GUEST, note_item, &item), 0);
    assert_int_equal(item.warning, STORE_CART_SOLD_OUT);
    assert_int_equal(item.price_won, 900);
    rig_sql(&rig, "UPDATE variant SET on_hand = 9; UPDATE product SET max_per_order = 4");
    assert_int_equal(store_cart_read(rig.store, GUEST, note_item, &item), 0);
    assert_int_equal(item.warning, STORE_CART_OVER_LIMIT);
    rig_sql(&rig, "UPDATE product SET state = 'off'");
    assert_int_equal(store_cart_read(rig.store, GUEST, note_item, &item), 0);
    assert_int_equal(item.warning, STORE_CART_OFF);
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 0, NOON), 0);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM cart_item"), 0);
}

static void test_cart_has_room_for_fifty(void **state)
{
    int64_t variant;

    (void)state;
    for (int i = 0; i < STORE_CART_MAX; i++) {
        variant = rig_product(&rig, SHOP, 1000, 4, 5);
        assert_int_equal(store_cart_set(rig.store, GUEST, variant, 1, NOON), 0);
        assert_int_equal(store_cart_set(rig.store, GUEST + 1, variant, 1, NOON), 0);
    }
    variant = rig_product(&rig, SHOP, 1000, 4, 5);
    assert_int_equal(store_cart_set(rig.store, GUEST, variant, 1, NOON), -E2BIG);
    assert_int_equal(store_cart_set(rig.store, BUYERS_FROM, variant, 1, NOON - 1), 0);
    assert_int_equal(store_cart_merge(rig.store, GUEST, BUYERS_FROM, NOON), 1); /* one too many */
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM cart_item WHERE account_id = 1001"), 50);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM cart_item WHERE account_id = 1"), 0);
}

/* ---- products ---- */

static void set_variant(struct store_product *product, int place, const char *values, int64_t stock)
{
    struct store_variant *variant = &product->variants[place];

    *variant = (struct store_variant){.price_won = 1000 + place, .on_hand = stock};
    (void)snprintf(variant->values, sizeof(variant->values), "%s", values);
}

static void test_product_is_changed_and_what_was_ordered_stays(void **state)
{
    struct store_product *product = calloc(1, sizeof(*product));
    struct rig_order wish = {.quantity = 1, .price_won = 1000};
    int64_t id, red, blue;
    uint8_t order[16];

    (void)state;
    product->shop_id = SHOP;
    (void)strcpy(product->name, "양말");
    (void)strcpy(product->options, "[{\"name\":\"색\",\"values\":[\"빨강\",\"파랑\"]}]");
    product->price_won = 1000;
    product->max_per_order = 5;
    product->is_on = true;
    product->variant_count = 2;
    set_variant(product, 0, "[\"빨강\",\"L\"]", 10);
    set_variant(product, 1, "[\"파랑\",\"L\"]", 20);
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), 0);
    assert_int_equal(store_product_get(rig.store, 0, id, product), 0);
    assert_string_equal(product->variants[0].option, "빨강 / L");
    red = product->variants[0].id;
    blue = product->variants[1].id;
    wish.variant_id = red;
    rig_must_buy(&rig, &wish, order);
    assert_int_equal(store_cart_set(rig.store, GUEST, blue, 1, NOON), 0);

    product->variants[0] = product->variants[1]; /* only blue stays, and one is new */
    set_variant(product, 1, "[\"검정\",\"L\"]", 7);
    (void)strcpy(product->name, "긴 양말");
    assert_int_equal(store_product_update(rig.store, product, NOON), 0);
    assert_int_equal(store_product_update(rig.store, product, NOON), -ESTALE);
    assert_int_equal(store_product_get(rig.store, SHOP, id, product), 0);
    assert_int_equal(product->variant_count, 2);
    assert_int_equal(product->variants[0].id, blue);
    assert_int_equal(product->variants[0].left, 20);
    assert_int_equal(product->variants[1].left, 7);
    assert_int_equal(rig_buy(&rig, &wish, &(struct store_checkout_result){0}), -ECANCELED);
    assert_int_equal(store_order_withdraw(rig.store, BUYERS_FROM, order, NOON), -ENOENT);
    assert_int_equal(store_order_cancel(rig.store, SHOP, order, "", NOON), 1); /* still counted */
    assert_int_equal(rig_left(&rig, red), 10);

    product->variants[0].id = red; /* gone for good */
    assert_int_equal(store_product_update(rig.store, product, NOON), -ENOENT);
    assert_int_equal(store_product_delete(rig.store, SHOP, id, NOON), 0);
    assert_int_equal(store_product_get(rig.store, 0, id, product), -ENOENT);
    assert_int_equal(store_product_delete(rig.store, SHOP, id, NOON), -ENOENT);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM variant"), 1); /* the red one */
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM cart_item"), 0);
    free(product);
}

static int count_products(const struct store_product *product, void *arg)
{
    (void)product;
    ++*(int *)arg;
    return 0;
}

static int first_name(const struct store_product *product, void *arg)
{
    *(int64_t *)arg = product->id;
    return 1;
}

static void test_products_of_a_shop_and_of_a_show(void **state)
{
    int64_t ids[3], first = 0;
    int count = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        ids[i] = rig_of_variant(&rig, "product_id", rig_product(&rig, SHOP, 1000, 4, 5));
    assert_int_equal(store_show_products_set(rig.store, SHOP, SHOW, ids, 3), 0);
    assert_int_equal(store_show_products_set(rig.store, SHOP, SHOW, (int64_t[]){ids[2], ids[0]}, 2),
                     0);
    assert_int_equal(store_show_products_set(rig.store, SHOP, SHOW, (int64_t[]){ids[2], ids[2]}, 2),
                     -EEXIST);
    assert_int_equal(store_show_products(rig.store, SHOW, count_products, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_show_products(rig.store, SHOW, first_name, &first), 1);
    assert_int_equal(first, ids[2]);
    assert_int_equal(store_product_delete(rig.store, SHOP, ids[2], NOON), 0);
    assert_int_equal(store_show_products(rig.store, SHOW, first_name, &first), 1);
    assert_int_equal(first, ids[0]);
    count = 0;
    assert_int_equal(store_shop_products(rig.store, SHOP, count_products, &count), 0);
    assert_int_equal(count, 2);
    assert_int_equal(store_shop_products(rig.store, OTHER_SHOP, count_products, &count), 0);
    assert_int_equal(count, 2);
}

static void test_a_shop_has_two_hundred_products(void **state)
{
    struct store_product *product = calloc(1, sizeof(*product));
    int64_t id;

    (void)state;
    for (int i = 0; i < STORE_PRODUCTS_MAX; i++)
        (void)rig_product(&rig, SHOP, 1000, 4, 5);
    id = rig_of_variant(&rig, "product_id", rig_product(&rig, OTHER_SHOP, 1000, 4, 5));
    assert_int_equal(store_product_get(rig.store, 0, id, product), 0);
    product->shop_id = SHOP;
    product->variants[0].id = 0;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -E2BIG);
    product->variant_count = STORE_VARIANTS_MAX + 1;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -E2BIG);
    product->variant_count = 0;
    assert_int_equal(store_product_add(rig.store, product, NOON, &id), -E2BIG);
    free(product);
}

static void test_stock_is_put_in_and_corrected(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5);
    struct store_stock_change change = {SHOP, rig_of_variant(&rig, "product_id", variant), variant,
                                        5, NOON};
    struct rig_order wish = {.variant_id = variant, .quantity = 2, .price_won = 1000};
    struct store_stock stock = {0};
    uint8_t order[16];

    (void)state;
    assert_int_equal(store_stock_add(rig.store, &change, &stock), 0);
    assert_int_equal(stock.left, 15);
    assert_int_equal(stock.version, 2);
    rig_must_buy(&rig, &wish, order);
    change.add = -14;
    assert_int_equal(store_stock_add(rig.store, &change, &stock), -EDOM);
    change.add = -13;
    assert_int_equal(store_stock_add(rig.store, &change, &stock), 0);
    assert_int_equal(stock.left, 0);
    change.add = STORE_STOCK_MAX;
    assert_int_equal(store_stock_add(rig.store, &change, &stock), -EDOM);
    change.add = INT64_MAX;
    assert_int_equal(store_stock_add(rig.store, &change, &stock), -ERANGE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_k3_sums_never_wrap),
        TEST(test_k3_p09_random_carts_add_up),
        TEST(test_k3_p10_quantities_and_prices_at_their_edges),
        TEST(test_k3_random_orders_balance),
        TEST(test_p17_random_events_keep_the_rules),
        TEST(test_p16_merged_carts_keep_to_stock_and_limit),
        TEST(test_cart_says_what_changed),
        TEST(test_cart_has_room_for_fifty),
        TEST(test_product_is_changed_and_what_was_ordered_stays),
        TEST(test_products_of_a_shop_and_of_a_show),
        TEST(test_a_shop_has_two_hundred_products),
        TEST(test_stock_is_put_in_and_corrected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
