/* Many at once: nothing is sold twice, nothing is lost, and what one has seen the other can't have unseen. */
#include "shop_rig.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
enum { ROUNDS = 2000, UNITS = 200, HISTORIES = 60 };
#else
enum { ROUNDS = 10000, UNITS = 1000, HISTORIES = 300 };
#endif
enum { THREADS = 64, RETRIES = 100, BUYERS_PER_UNIT = 10 };

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

static void start(pthread_t *thread, void *(*fn)(void *), void *arg)
{
    assert_int_equal(pthread_create(thread, NULL, fn, arg), 0);
}

/* What goes wrong in a thread is counted: cmocka's asserts are for the main one. */
static atomic_int faults;

static void expect(bool is_right, const char *what)
{
    if (!is_right) {
        print_error("%s\n", what);
        faults++;
    }
}

/* ---- K1 ---- */

struct sale {
    int64_t variant;
    atomic_long sold, tried, cancelled, expired, late;
    atomic_bool is_over;
    atomic_long seen; /* by the observer */
};

struct buyer {
    struct sale *sale;
    uint64_t random;
};

static void pay(struct sale *sale, const uint8_t order[16], uint64_t *random)
{
    int err = store_order_confirm(rig.store, SHOP, order, NOON + 1);

    expect(err == 1 || err == -ENODATA, "a confirmation is a sale, or the goods are gone");
    if (err == -ENODATA)
        sale->late++;
    if (err != 1)
        return;
    sale->sold++;
    if (rig_random(random) % 10 == 0) { /* and comes back */
        expect(store_order_cancel(rig.store, SHOP, order, "", NOON + 2) == 1,
               "cancel what is paid");
        sale->sold--;
        sale->cancelled++;
    }
}

static void give_up(struct sale *sale, int64_t account_id, const uint8_t order[16])
{
    int err = store_order_withdraw(rig.store, account_id, order, NOON + 1);

    expect(err == 1 || err == -EDOM, "a withdrawal cancels, or it had expired");
    sale->cancelled += err == 1;
}

static void buy_once(struct buyer *buyer)
{
    struct sale *sale = buyer->sale;
    struct rig_order wish = {.account_id =
                                 BUYERS_FROM + (int64_t)(rig_random(&buyer->random) % 2000),
                             .variant_id = sale->variant,
                             .quantity = 1,
                             .price_won = 1000};
    struct store_checkout_result result;
    int err = rig_buy_with(rig.store, &buyer->random, &wish, &result);
    unsigned what = rig_random(&buyer->random) % 10;

    sale->tried++;
    if (err) {
        expect(err == -ECANCELED && result.refusal == STORE_SOLD_OUT && result.left == 0,
               "who gets nothing learns that none is left");
        return;
    }
    if (what < 6)
        pay(sale, result.orders[0], &buyer->random);
    else if (what < 8)
        give_up(sale, wish.account_id, result.orders[0]);
    /* else forgets it: the sweeper comes */
}

static void *buy(void *arg)
{
    struct buyer *buyer = arg;
    struct sale *sale = buyer->sale;

    while (sale->sold < UNITS || sale->tried < UNITS * BUYERS_PER_UNIT)
        buy_once(buyer);
    return NULL;
}

static void *sweep(void *arg)
{
    struct sale *sale = arg;
    int64_t next_ms;

    while (!sale->is_over) {
        int count = store_expire(rig.store, NOON + 24 * HOUR, &next_ms);

        expect(count >= 0, "expire");
        sale->expired += count;
        (void)sched_yield();
    }
    return NULL;
}

static const char stock_rule[] =
    "SELECT count(*) FROM variant v WHERE reserved < 0 OR sold < 0 OR reserved + sold > on_hand"
    " OR reserved <> (SELECT coalesce(sum(quantity), 0) FROM reservation WHERE state = 'held')"
    " OR sold <> (SELECT coalesce(sum(quantity), 0) FROM reservation WHERE state = 'committed')";

static void *observe(void *arg)
{
    struct sale *sale = arg;

    while (!sale->is_over) {
        struct rig_value value = {stock_rule, -1};

        expect(store_read(rig.store, rig_read, &value) == 0 && value.value == 0,
               "sold + reserved + free = stock at every instant");
        sale->seen++;
    }
    return NULL;
}

static void test_k1_p01_no_oversell_whatever_happens(void **state)
{
    static struct sale sale;
    static struct buyer buyers[THREADS];
    pthread_t threads[THREADS], sweeper, observer;
    int64_t next_ms;

    (void)state;
    sale.variant = rig_product(&rig, SHOP, 1000, UNITS, 5);
    start(&sweeper, sweep, &sale);
    start(&observer, observe, &sale);
    for (int i = 0; i < THREADS; i++) {
        buyers[i] = (struct buyer){&sale, UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(i + 1)};
        start(&threads[i], buy, &buyers[i]);
    }
    for (int i = 0; i < THREADS; i++)
        (void)pthread_join(threads[i], NULL);
    sale.is_over = true;
    (void)pthread_join(sweeper, NULL);
    (void)pthread_join(observer, NULL);
    assert_int_equal(faults, 0);
    assert_true(store_expire(rig.store, NOON + 48 * HOUR, &next_ms) >= 0);
    assert_int_equal(sale.sold, UNITS);
    assert_int_equal(rig_of_variant(&rig, "sold", sale.variant), UNITS);
    assert_int_equal(rig_of_variant(&rig, "reserved", sale.variant), 0);
    assert_true(sale.seen > 10 && sale.cancelled > 10 && sale.expired > 10);
    print_message("%ld tries, %ld cancelled, %ld expired, %ld paid too late, %ld looks\n",
                  sale.tried, sale.cancelled, sale.expired, sale.late, sale.seen);
}

/* ---- K2 ---- */

struct retry {
    int64_t variant;
    uint64_t random;
    uint8_t body;
    pthread_barrier_t *gate;
    struct store_checkout_result result;
    int err;
};

static void *try_again(void *arg)
{
    struct retry *retry = arg;
    struct rig_order wish = {.variant_id = retry->variant,
                             .quantity = 1,
                             .price_won = 1000,
                             .account_id = BUYERS_FROM,
                             .key = "the same",
                             .body = retry->body};

    (void)pthread_barrier_wait(retry->gate);
    retry->err = rig_buy_with(rig.store, &retry->random, &wish, &retry->result);
    return NULL;
}

/* The last ten come with another body: whoever is first decides which of the two requests the key stands for. */
static void test_k2_p08_one_key_a_hundred_times_at_once(void **state)
{
    static struct retry retries[RETRIES];
    pthread_t threads[RETRIES];
    pthread_barrier_t gate;
    const struct retry *first = NULL;
    int made = 0;

    (void)state;
    (void)pthread_barrier_init(&gate, NULL, RETRIES);
    retries[0].variant = rig_product(&rig, SHOP, 1000, 100, 5);
    for (int i = 0; i < RETRIES; i++) {
        retries[i] = (struct retry){.variant = retries[0].variant,
                                    .random = UINT64_C(88172645463325252) + (uint64_t)i * 977,
                                    .body = i >= 90,
                                    .gate = &gate};
        start(&threads[i], try_again, &retries[i]);
    }
    for (int i = 0; i < RETRIES; i++)
        (void)pthread_join(threads[i], NULL);
    for (int i = 0; i < RETRIES; i++)
        if (!retries[i].err && !retries[i].result.is_repeat) {
            first = &retries[i];
            made++;
        }
    assert_int_equal(made, 1);
    for (int i = 0; i < RETRIES; i++)
        if (retries[i].body == first->body) {
            assert_int_equal(retries[i].err, 0);
            assert_memory_equal(retries[i].result.orders[0], first->result.orders[0], 16);
        } else {
            assert_int_equal(retries[i].err, -ECANCELED);
            assert_int_equal(retries[i].result.refusal, STORE_KEY_MISMATCH);
        }
    assert_int_equal(rig_left(&rig, retries[0].variant), 99);
    (void)pthread_barrier_destroy(&gate);
}

/* ---- K4 ---- */

/* Of one piece: its buyer pays, its time runs out, and somebody else wants it, all within a millisecond. */
struct race {
    pthread_barrier_t gate;
    int64_t variant, due_ms;
    uint8_t order[16];
    atomic_bool is_over;
    int confirmed, expired, bought;
    int64_t confirm_ms;
    uint8_t rival[16];
};

static void *race_confirm(void *arg)
{
    struct race *race = arg;

    for (;;) {
        (void)pthread_barrier_wait(&race->gate);
        if (race->is_over)
            return NULL;
        race->confirmed = store_order_confirm(rig.store, SHOP, race->order, race->confirm_ms);
        (void)pthread_barrier_wait(&race->gate);
    }
}

static void *race_expire(void *arg)
{
    struct race *race = arg;
    int64_t next_ms;

    for (;;) {
        (void)pthread_barrier_wait(&race->gate);
        if (race->is_over)
            return NULL;
        race->expired = store_expire(rig.store, race->due_ms, &next_ms);
        (void)pthread_barrier_wait(&race->gate);
    }
}

static void *race_buy(void *arg)
{
    struct race *race = arg;
    uint64_t random = 4242424242;
    struct store_checkout_result result;
    struct rig_order wish = {.variant_id = race->variant, .quantity = 1, .price_won = 1000};

    for (;;) {
        (void)pthread_barrier_wait(&race->gate);
        if (race->is_over)
            return NULL;
        wish.now_ms = race->due_ms;
        race->bought = rig_buy_with(rig.store, &random, &wish, &result);
        memcpy(race->rival, result.orders[0], sizeof(race->rival));
        (void)pthread_barrier_wait(&race->gate);
    }
}

/* Exactly one has it, and whose money came too late knows. */
static void judge(struct race *race, int outcomes[3])
{
    bool has_rival = race->bought == 0;

    assert_true(race->expired == 0 || race->expired == 1);
    if (race->confirmed == 1) {
        assert_int_equal(race->bought, -ECANCELED);
        outcomes[race->expired]++; /* paid in time, or late and reserved again */
    } else {
        assert_int_equal(race->confirmed, -ENODATA);
        assert_int_equal(race->expired, 1);
        assert_true(has_rival);
        assert_int_equal(store_order_confirm(rig.store, SHOP, race->rival, race->due_ms), 1);
        outcomes[2]++;
    }
    assert_int_equal(rig_of_variant(&rig, "reserved", race->variant), 0);
    assert_int_equal(rig_left(&rig, race->variant), 0);
}

static void add_one(int64_t variant)
{
    struct store_stock_change change = {SHOP, rig_of_variant(&rig, "product_id", variant), variant,
                                        1, NOON};
    struct store_stock stock;

    assert_int_equal(store_stock_add(rig.store, &change, &stock), 0);
    assert_int_equal(stock.left, 1);
}

static void test_k4_p02_expiry_against_payment(void **state)
{
    static struct race race;
    pthread_t threads[3];
    int outcomes[3] = {0};

    (void)state;
    (void)pthread_barrier_init(&race.gate, NULL, 4);
    race.variant = rig_product(&rig, SHOP, 1000, 0, 5);
    start(&threads[0], race_confirm, &race);
    start(&threads[1], race_expire, &race);
    start(&threads[2], race_buy, &race);
    for (int i = 0; i < ROUNDS; i++) {
        struct rig_order wish = {
            .variant_id = race.variant, .quantity = 1, .price_won = 1000, .now_ms = NOON + i};

        add_one(race.variant);
        rig_must_buy(&rig, &wish, race.order);
        race.due_ms = NOON + i + 24 * HOUR;
        race.confirm_ms = race.due_ms - 1 + i % 3;
        (void)pthread_barrier_wait(&race.gate);
        (void)pthread_barrier_wait(&race.gate);
        judge(&race, outcomes);
    }
    race.is_over = true;
    (void)pthread_barrier_wait(&race.gate);
    for (int i = 0; i < 3; i++)
        (void)pthread_join(threads[i], NULL);
    (void)pthread_barrier_destroy(&race.gate);
    print_message("paid in time %d, late and reserved again %d, too late %d\n", outcomes[0],
                  outcomes[1], outcomes[2]);
    assert_true(outcomes[0] > 0 && outcomes[1] + outcomes[2] > 0);
    assert_int_equal(rig_of_variant(&rig, "sold", race.variant), ROUNDS);
}

/* ---- K8: every history of one item has an order in which each answer is right (Herlihy and Wing 1990) ---- */

enum { HANDS = 4, STEPS = 6, OPERATIONS = HANDS * STEPS, START = 20 };

struct operation {
    int64_t called, answered; /* of one clock for all */
    int change;               /* what it did to the pieces left; 0: it looked */
    int left;                 /* for those that saw it: what was left; -1 for those that did not */
    int wanted;               /* a refusal: more than was left */
};

/* Can `operation` be next when so many are left? */
static bool fits(const struct operation *operation, int left)
{
    if (operation->left >= 0 && operation->left != left)
        return false;
    if (operation->wanted && operation->wanted <= left)
        return false;
    return left + operation->change >= 0;
}

static int after(const struct operation *operations, unsigned done, int left)
{
    for (int i = 0; i < OPERATIONS; i++)
        if (done >> i & 1)
            left += operations[i].change;
    return left;
}

/* What has been done settles what is left, so a set that failed once fails always. */
static bool is_linearizable(const struct operation *operations, unsigned done, uint8_t *failed)
{
    int64_t first_answer = INT64_MAX;
    int left = after(operations, done, START);

    if (done == (1U << OPERATIONS) - 1)
        return true;
    if (failed[done >> 3] >> (done & 7) & 1)
        return false;
    for (int i = 0; i < OPERATIONS; i++)
        if (!(done >> i & 1) && operations[i].answered < first_answer)
            first_answer = operations[i].answered;
    for (int i = 0; i < OPERATIONS; i++)
        if (!(done >> i & 1) && operations[i].called < first_answer && fits(&operations[i], left) &&
            is_linearizable(operations, done | 1U << i, failed))
            return true;
    failed[done >> 3] |= (uint8_t)(1 << (done & 7));
    return false;
}

static bool judge_history(const struct operation *operations)
{
    uint8_t *failed = calloc(1, (1U << OPERATIONS) / 8);
    bool is_right;

    assert_non_null(failed);
    is_right = is_linearizable(operations, 0, failed);
    free(failed);
    return is_right;
}

/* The judge can say no: a look that misses a purchase which was answered before, a refusal of what is there. */
static void test_k8_judge_tells_wrong_histories(void **state)
{
    struct operation operations[OPERATIONS];

    (void)state;
    for (int i = 0; i < OPERATIONS; i++) /* one buys a piece, then one looks, and so on */
        operations[i] = (struct operation){2 * i, 2 * i + 1, i % 2 ? 0 : -1,
                                           i % 2 ? START - (i + 1) / 2 : -1, 0};
    assert_true(judge_history(operations));
    operations[11].left++;
    assert_false(judge_history(operations));
    operations[11].called = 0; /* unless it may have looked before */
    assert_true(judge_history(operations));
    operations[11].called = 22;
    operations[11].left--;
    operations[10] = (struct operation){20, 21, 0, START - 5, START - 5};
    operations[11].left++;
    for (int i = 13; i < OPERATIONS; i += 2)
        operations[i].left++;
    assert_false(judge_history(operations));
    operations[10].wanted++;
    assert_true(judge_history(operations));
}

struct hand {
    uint64_t random;
    int64_t variant, product;
    atomic_long *clock;
    pthread_barrier_t *gate;
    struct operation operations[STEPS];
    uint8_t orders[STEPS][16];
    int held[STEPS], orders_held;
};

static void take(struct hand *hand, struct operation *operation)
{
    int quantity = 1 + (int)(rig_random(&hand->random) % 3);
    struct rig_order wish = {.variant_id = hand->variant,
                             .quantity = quantity,
                             .price_won = 1000,
                             .account_id = BUYERS_FROM};
    struct store_checkout_result result;
    int err = rig_buy_with(rig.store, &hand->random, &wish, &result);

    if (!err) {
        operation->change = -quantity;
        memcpy(hand->orders[hand->orders_held], result.orders[0], 16);
        hand->held[hand->orders_held++] = quantity;
    } else {
        expect(result.refusal == STORE_SOLD_OUT, "no other refusal");
        operation->left = (int)result.left;
        operation->wanted = quantity;
    }
}

static void give_back(struct hand *hand, struct operation *operation)
{
    const uint8_t *order = hand->orders[--hand->orders_held];

    expect(store_order_withdraw(rig.store, BUYERS_FROM, order, NOON) == 1, "give back");
    operation->change = hand->held[hand->orders_held];
}

static int note_left(const struct store_stock *stock, void *arg)
{
    *(int *)arg = (int)stock->left;
    return 0;
}

static void *play(void *arg)
{
    struct hand *hand = arg;

    (void)pthread_barrier_wait(hand->gate);
    for (int i = 0; i < STEPS; i++) {
        struct operation *operation = &hand->operations[i];
        unsigned what = rig_random(&hand->random) % 3;

        *operation = (struct operation){.called = (*hand->clock)++, .left = -1};
        if (what == 0)
            expect(store_product_stock(rig.store, hand->product, note_left, &operation->left) == 0,
                   "look");
        else if (what == 1 && hand->orders_held)
            give_back(hand, operation);
        else
            take(hand, operation);
        operation->answered = (*hand->clock)++;
    }
    (void)pthread_barrier_wait(hand->gate); /* nobody looks any more */
    while (hand->orders_held) {
        struct operation unrecorded;

        give_back(hand, &unrecorded);
    }
    return NULL;
}

static void test_k8_histories_are_linearizable(void **state)
{
    static struct hand hands[HANDS];
    struct operation operations[OPERATIONS];
    pthread_t threads[HANDS];
    pthread_barrier_t gate;
    atomic_long clock = 0;
    uint64_t random = 1;

    (void)state;
    (void)pthread_barrier_init(&gate, NULL, HANDS);
    for (int round = 0; round < HISTORIES; round++) {
        int64_t variant = rig_product(&rig, SHOP, 1000, START, 5),
                product = rig_of_variant(&rig, "product_id", variant);

        for (int i = 0; i < HANDS; i++) {
            hands[i] = (struct hand){.random = rig_random(&random),
                                     .variant = variant,
                                     .product = product,
                                     .clock = &clock,
                                     .gate = &gate};
            start(&threads[i], play, &hands[i]);
        }
        for (int i = 0; i < HANDS; i++)
            (void)pthread_join(threads[i], NULL);
        for (int i = 0; i < OPERATIONS; i++)
            operations[i] = hands[i / STEPS].operations[i % STEPS];
        assert_true(judge_history(operations));
        assert_int_equal(rig_left(&rig, variant), START);
        assert_int_equal(store_product_delete(rig.store, SHOP, product, NOON), 0);
    }
    assert_int_equal(faults, 0);
    (void)pthread_barrier_destroy(&gate);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_k1_p01_no_oversell_whatever_happens),
        TEST(test_k2_p08_one_key_a_hundred_times_at_once),
        TEST(test_k4_p02_expiry_against_payment),
        cmocka_unit_test(test_k8_judge_tells_wrong_histories),
        TEST(test_k8_histories_are_linearizable),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
