/*
 * Orders per second at the store's interface: each takes stock and writes the reservation, order, line, payment, answer
 * by key and outbox row, and returns when that is on the disk. Usage: bench-shop DIRECTORY [THREADS [SECONDS]]
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "chat/store/order.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

enum { THREADS_MAX = 1024, BUYERS = 20000, VARIANTS = 10, SAMPLES_MAX = 1 << 20 };

struct bench {
    struct store *store;
    _Atomic bool is_over;
    int64_t variants[VARIANTS];
};

struct buyer {
    pthread_t thread;
    struct bench *bench;
    uint64_t random;
    int64_t orders, refused;
    int64_t *waits_us;
};

static void check(int err, const char *what)
{
    if (err < 0) {
        (void)fprintf(stderr, "%s: %s\n", what, strerror(-err));
        exit(1);
    }
}

static uint64_t next(struct buyer *buyer)
{
    buyer->random ^= buyer->random << 13;
    buyer->random ^= buyer->random >> 7;
    buyer->random ^= buyer->random << 17;
    return buyer->random * UINT64_C(0x2545f4914f6cdd1d);
}

static void fill(struct buyer *buyer, void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 8) {
        uint64_t value = next(buyer);

        memcpy((uint8_t *)bytes + i, &value, 8);
    }
}

static int make_people(struct store_db *db, void *arg)
{
    char *why = NULL;
    int code = sqlite3_exec(
        store_db_handle(db),
        "INSERT INTO account (id, kind, login, password, name, created_ms)"
        " WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)"
        " SELECT i, 'buyer', 'buyer' || i, 'x', 'name', 1 FROM n;"
        "INSERT INTO shop (id, name, representative, address, phone, returns_text, bank_name,"
        " bank_account, bank_holder, created_ms) VALUES (1, 'shop', 'somebody', 'a street in Jeju',"
        " '064-000-0000', 'within seven days', 'a bank', '000-00-000000', 'somebody', 1);",
        NULL, NULL, &why);

    (void)arg;
    if (code != SQLITE_OK)
        (void)fprintf(stderr, "%s\n", why);
    return store_errno(code);
}

static void make_shop(struct bench *bench)
{
    static struct store_product product = {.shop_id = 1,
                                           .name = "제주 한라봉 3kg",
                                           .price_won = 12900,
                                           .max_per_order = 10,
                                           .is_on = true,
                                           .options = "[]",
                                           .variant_count = VARIANTS};
    int64_t id;

    check(store_write(bench->store, make_people, NULL), "people");
    for (int i = 0; i < VARIANTS; i++) {
        struct store_variant *variant = &product.variants[i];

        (void)snprintf(variant->values, sizeof(variant->values), "[\"%d호\"]", i);
        variant->price_won = 12900;
        variant->on_hand = STORE_STOCK_MAX;
    }
    check(store_product_add(bench->store, &product, 1, &id), "product");
    check(store_product_get(bench->store, 1, id, &product), "product");
    for (int i = 0; i < VARIANTS; i++)
        bench->variants[i] = product.variants[i].id;
}

static void buy_one(struct buyer *buyer)
{
    struct store_checkout_item item = {buyer->bench->variants[next(buyer) % VARIANTS], 1, 12900};
    struct store_checkout checkout = {.account_id = 1 + (int64_t)(next(buyer) % BUYERS),
                                      .items = &item,
                                      .item_count = 1,
                                      .now_ms = jt_clock_wall_us() / 1000};
    struct store_checkout_result result;
    char key[40], sealed[200];
    int64_t began_us = jt_clock_mono_us();
    int err;

    (void)snprintf(key, sizeof(key), "%016" PRIx64 "%016" PRIx64, next(buyer), next(buyer));
    checkout.key = key;
    fill(buyer, sealed, sizeof(sealed));
    checkout.sealed = sealed;
    checkout.sealed_size = sizeof(sealed);
    fill(buyer, checkout.request_hash, STORE_HASH_SIZE);
    fill(buyer, checkout.phone_hash, STORE_HASH_SIZE);
    fill(buyer, checkout.address_bucket, STORE_HASH_SIZE);
    fill(buyer, checkout.order_ids[0], STORE_ORDER_ID_SIZE);
    err = store_checkout(buyer->bench->store, &checkout, &result);
    if (err == -ECANCELED) {
        buyer->refused++;
        return;
    }
    check(err, "checkout");
    if (buyer->orders < SAMPLES_MAX)
        buyer->waits_us[buyer->orders] = jt_clock_mono_us() - began_us;
    buyer->orders++;
}

static void *buy(void *arg)
{
    struct buyer *buyer = arg;

    while (!buyer->bench->is_over)
        buy_one(buyer);
    return NULL;
}

static int count_orders(struct store_db *db, void *arg)
{
    int64_t *out = arg;
    struct store_query q =
        store_query(db, "SELECT count(*), (SELECT sum(reserved) FROM variant),"
                        " (SELECT count(*) FROM reservation), (SELECT count(*) FROM idempotency),"
                        " (SELECT count(*) FROM outbox WHERE kind = 'order') FROM purchase");

    if (store_query_step(&q) == 1)
        for (int i = 0; i < 5; i++)
            out[i] = store_get_int(&q, i);
    return store_query_end(&q);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

/* Every 50th wait of each buyer is enough for the percentiles. */
static void print_waits(const struct buyer *buyers, int threads)
{
    int64_t *all = malloc(sizeof(*all) * SAMPLES_MAX);
    size_t count = 0;

    for (int i = 0; all && i < threads; i++)
        for (int64_t k = 0; k < buyers[i].orders && k < SAMPLES_MAX && count < SAMPLES_MAX; k += 50)
            all[count++] = buyers[i].waits_us[k];
    if (all && count) {
        qsort(all, count, sizeof(*all), compare);
        (void)printf("wait ms: p50 %.1f, p99 %.1f, max %.1f\n", (double)all[count / 2] / 1e3,
                     (double)all[count * 99 / 100] / 1e3, (double)all[count - 1] / 1e3);
    }
    free(all);
}

static void print_usage(double seconds)
{
    struct rusage usage;

    (void)getrusage(RUSAGE_SELF, &usage);
    (void)printf("CPU: %.2f cores, of them %.2f in the kernel; voluntary switches %ld\n",
                 ((double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                  (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6) /
                     seconds,
                 ((double)usage.ru_stime.tv_sec + (double)usage.ru_stime.tv_usec / 1e6) / seconds,
                 usage.ru_nvcsw);
}

static void run(struct bench *bench, int threads, int seconds)
{
    struct buyer *buyers = calloc((size_t)threads, sizeof(*buyers));
    int64_t began_us = jt_clock_mono_us(), orders = 0, refused = 0, kept[5] = {0};
    double took;

    for (int i = 0; buyers && i < threads; i++) {
        buyers[i].bench = bench;
        buyers[i].random = UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(i + 1);
        buyers[i].waits_us = calloc(SAMPLES_MAX, sizeof(int64_t)); /* touched as it fills */
        check(-pthread_create(&buyers[i].thread, NULL, buy, &buyers[i]), "thread");
    }
    (void)sleep((unsigned)seconds);
    bench->is_over = true;
    for (int i = 0; buyers && i < threads; i++) {
        (void)pthread_join(buyers[i].thread, NULL);
        orders += buyers[i].orders;
        refused += buyers[i].refused;
    }
    took = (double)(jt_clock_mono_us() - began_us) / 1e6;
    (void)printf("%d threads, %.1f s: %.0f orders/s (%" PRId64 " made, %" PRId64 " refused)\n",
                 threads, took, (double)orders / took, orders, refused);
    print_waits(buyers, threads);
    print_usage(took);
    check(store_read(bench->store, count_orders, kept), "count");
    for (int i = 0; i < 5; i++)
        check(kept[i] == orders ? 0 : -EIO, "what was acknowledged is not what is there");
    for (int i = 0; buyers && i < threads; i++)
        free(buyers[i].waits_us);
    free(buyers);
}

int main(int argc, char **argv)
{
    struct bench bench = {0};
    char path[4096];
    struct store_config config = {.path = path};
    int threads = argc > 2 ? atoi(argv[2]) : 64, seconds = argc > 3 ? atoi(argv[3]) : 10;

    if (argc < 2 || threads < 1 || threads > THREADS_MAX || seconds < 1) {
        (void)fprintf(stderr, "usage: bench-shop DIRECTORY [THREADS [SECONDS]]\n");
        return 2;
    }
    (void)snprintf(path, sizeof(path), "%s/shop.sqlite", argv[1]);
    config.backups = argv[1];
    check(store_open(&config, &bench.store), "open");
    make_shop(&bench);
    run(&bench, threads, seconds);
    store_close(bench.store);
    return 0;
}
