/*
 * Killed before and after each write of the order path, and at any moment with many at work: what was acknowledged is
 * there, nothing is there twice, and going on from where it broke off leads to where it would have led.
 */
#include "shop_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

enum { STEPS = 9, POINTS_MAX = 400, HANDS = 8, ORDERS_MAX = 2000 };

/* A process that a sanitizer watches takes long to fork: every sixth place is enough there. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STRIDE = 6, KILLS = 3 };
#else
enum { STRIDE = 1, KILLS = 12 };
#endif

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
    rig_close(&rig);
    return 0;
}

/* Memory that outlives the child. */
static void *shared(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    assert_ptr_not_equal(memory, MAP_FAILED);
    return memory;
}

static bool try_copy(const char *from, const char *to)
{
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    char bytes[65536];
    ssize_t size = in < 0 || out < 0 ? -1 : 1;

    while (size > 0) {
        size = read(in, bytes, sizeof(bytes));
        if (size > 0 && write(out, bytes, (size_t)size) != size)
            size = -1;
    }
    (void)close(in);
    (void)close(out);
    return size == 0;
}

static void copy_file(const char *from, const char *to)
{
    assert_true(try_copy(from, to));
}

/* ---- a story of nine steps, each of which may be told again ---- */

struct story {
    int64_t here, there;
    atomic_int acknowledged;                              /* steps */
    uint8_t first[16], second[16], third[16], fourth[16]; /* orders */
};

static int buy(const struct story *story, const char *key, bool from_both,
               struct store_checkout_result *out)
{
    struct store_checkout_item items[] = {{story->here, 2, 1000}, {story->there, 1, 500}};
    struct rig_order wish = {.items = items,
                             .item_count = from_both ? 2 : 1,
                             .account_id = BUYERS_FROM,
                             .key = key,
                             .show_id = SHOW};

    return rig_buy(&rig, &wish, out);
}

static int step_buy(struct story *story, const char *key, uint8_t out[16])
{
    struct store_checkout_result result;
    int err = buy(story, key, false, &result);

    if (!err)
        memcpy(out, result.orders[0], 16);
    return err;
}

static int step_buy_from_both(struct story *story)
{
    struct store_checkout_result result;
    int err = buy(story, "second", true, &result);

    if (!err) {
        assert_int_equal(result.order_count, 2);
        memcpy(story->second, result.orders[0], 16);
        memcpy(story->third, result.orders[1], 16);
    }
    return err;
}

/* Returns 0 or more when it is done; doing it again changes nothing. */
static int tell(struct story *story, int step)
{
    int64_t next_ms;

    switch (step) {
    case 0:
        return step_buy(story, "first", story->first);
    case 1:
        return store_order_confirm(rig.store, SHOP, story->first, NOON + 1);
    case 2:
        return step_buy_from_both(story);
    case 3:
        return store_order_withdraw(rig.store, BUYERS_FROM, story->second, NOON + 2);
    case 4:
        return step_buy(story, "fourth", story->fourth);
    case 5: /* the third, and the fourth */
        return store_expire(rig.store, NOON + 24 * HOUR, &next_ms);
    case 6:
        return store_order_confirm(rig.store, SHOP, story->fourth, NOON + 24 * HOUR);
    case 7:
        return store_order_move(rig.store, SHOP, story->first, STORE_SHIPPING, NOON + 24 * HOUR);
    default:
        return store_order_cancel(rig.store, SHOP, story->fourth, "why", NOON + 24 * HOUR);
    }
}

static void check_end(const struct story *story)
{
    rig_check(&rig);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), 4);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase WHERE state = 'shipping'"), 1);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase WHERE state = 'cancelled'"), 2);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase WHERE state = 'expired'"), 1);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM outbox WHERE kind = 'order'"), 11);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM reservation"), 5);
    assert_int_equal(rig_of_variant(&rig, "sold", story->here), 2);
    assert_int_equal(rig_of_variant(&rig, "reserved", story->here), 0);
    assert_int_equal(rig_left(&rig, story->there), 10);
}

/* In the child, from here on. Ends with 0 when the story ends. */
static void tell_all(struct story *story, const char *point)
{
    if (rig_reopen(&rig) || setenv("JANGTEO_FAIL_POINT", point, 1))
        _exit(2);
    for (int step = 0; step < STEPS; step++) {
        int result = tell(story, step);

        if (result == -EIO)
            result = tell(story, step); /* the point lets the second try through */
        if (result < 0) {
            print_error("step %d: %s\n", step, strerror(-result));
            _exit(3);
        }
        story->acknowledged++;
    }
    _exit(0);
}

/* Returns whether the child got to the point at all. */
static bool break_at(const char *base, int number, const char *action)
{
    struct story *story = shared(sizeof(*story));
    struct story promised;
    char point[32];
    int status;
    pid_t child;

    (void)snprintf(point, sizeof(point), "*=%s@%d", action, number);
    copy_file(base, rig.path);
    story->here = 1;
    story->there = 2;
    child = fork();
    assert_true(child >= 0);
    if (!child)
        tell_all(story, point);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) ? WTERMSIG(status) == SIGKILL : WEXITSTATUS(status) == 0);

    promised = *story;
    (void)rig_random(&rig.random); /* its ids are not the child's */
    assert_int_equal(rig_reopen(&rig), 0);
    rig_check(&rig);
    for (int step = story->acknowledged; step < STEPS; step++)
        assert_true(tell(story, step) >= 0);
    check_end(story);
    if (promised.acknowledged > 0)
        assert_memory_equal(promised.first, story->first, 16);
    for (int step = 0; step < STEPS; step++) /* a buyer who asks for it all again */
        if (step == 0 || step == 2 || step == 4)
            assert_true(tell(story, step) >= 0);
    if (promised.acknowledged > 2)
        assert_memory_equal(promised.second, story->second, 16);
    check_end(story);
    store_close(rig.store);
    rig.store = NULL;
    (void)munmap(story, sizeof(*story));
    return WIFSIGNALED(status);
}

/* The file as it is before the story, with two products. */
static void make_base(char base[128])
{
    assert_int_equal(rig_product(&rig, SHOP, 1000, 20, 5), 1);
    assert_int_equal(rig_product(&rig, OTHER_SHOP, 500, 10, 5), 2);
    store_close(rig.store);
    rig.store = NULL;
    (void)snprintf(base, 128, "%s/base", rig.directory);
    copy_file(rig.path, base);
}

static void test_k6_p08_killed_at_every_write(void **state)
{
    char base[128];
    int number = 1;

    (void)state;
#ifndef JT_FAIL_POINTS
    skip();
#endif
    make_base(base);
    while (break_at(base, number, "kill"))
        assert_true((number += STRIDE) < POINTS_MAX);
    print_message("killed at %d places\n", (number - 1) / STRIDE);
    assert_true(number > 80);
}

static void test_k7_each_write_may_fail_once(void **state)
{
    char base[128];

    (void)state;
#ifndef JT_FAIL_POINTS
    skip();
#endif
    make_base(base);
    for (int number = 1; number < 100; number += 2 * STRIDE)
        assert_false(break_at(base, number, "eio"));
}

/* ---- at any moment ---- */

struct hand {
    pthread_t thread;
    int number;
    int64_t variant;
    struct acknowledged *all;
};

/* What the child was told, where the parent can see it. */
struct acknowledged {
    atomic_int count[HANDS];
    uint8_t orders[HANDS][ORDERS_MAX][16];
};

static void *buy_on(void *arg)
{
    struct hand *hand = arg;
    struct acknowledged *all = hand->all;
    uint64_t random =
        UINT64_C(0x9e3779b97f4a7c15) * (uint64_t)(hand->number + 1) + (uint64_t)getpid();
    int count = 0;

    while (count < ORDERS_MAX) {
        struct rig_order wish = {.variant_id = hand->variant, .quantity = 1, .price_won = 1000};
        struct store_checkout_result result;

        if (rig_buy_with(rig.store, &random, &wish, &result))
            _exit(3);
        if (count % 3 == 1 && store_order_confirm(rig.store, SHOP, result.orders[0], NOON) != 1)
            _exit(4);
        if (count % 3 == 2 && store_order_cancel(rig.store, SHOP, result.orders[0], "", NOON) != 1)
            _exit(5);
        memcpy(all->orders[hand->number][count], result.orders[0], 16);
        all->count[hand->number] = ++count;
    }
    return NULL;
}

static void buy_until_killed(struct acknowledged *all, int64_t variant)
{
    static struct hand hands[HANDS];

    if (rig_reopen(&rig))
        _exit(2);
    for (int i = 0; i < HANDS; i++) {
        hands[i] = (struct hand){.number = i, .variant = variant, .all = all};
        if (pthread_create(&hands[i].thread, NULL, buy_on, &hands[i]))
            _exit(2);
    }
    for (int i = 0; i < HANDS; i++)
        (void)pthread_join(hands[i].thread, NULL);
    _exit(0);
}

/* Returns how many were acknowledged; each is there, as it was said to be. */
static int check_all(struct acknowledged *all)
{
    struct store_order *order = calloc(1, sizeof(*order));
    const enum store_order_state states[] = {STORE_PENDING, STORE_PAID, STORE_CANCELLED};
    int sum = 0;

    assert_non_null(order);
    for (int i = 0; i < HANDS; i++)
        for (int k = 0; k < all->count[i]; k++, sum++) {
            assert_int_equal(store_order_get(rig.store, all->orders[i][k], order), 0);
            assert_int_equal(order->state, states[k % 3]);
        }
    free(order);
    return sum;
}

static void test_k6_p01_killed_at_any_moment(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 1000000, 5), before = 0, now, next_ms;
    int sum = 0;

    (void)state;
    for (int i = 0; i < KILLS; i++) {
        struct acknowledged *all = shared(sizeof(*all));
        int wanted = 10 + (int)(rig_random(&rig.random) % 200), count, status;
        pid_t child;

        store_close(rig.store);
        rig.store = NULL;
        child = fork();
        assert_true(child >= 0);
        if (!child)
            buy_until_killed(all, variant);
        while (all->count[0] < wanted && waitpid(child, &status, WNOHANG) == 0)
            (void)nanosleep(&(struct timespec){.tv_nsec = 200000},
                            NULL); /* polls; any moment will do */
        (void)kill(child, SIGKILL);
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        assert_int_equal(rig_reopen(&rig), 0);
        rig_check(&rig);
        count = check_all(all);
        sum += count;
        now = rig_value(&rig, "SELECT count(*) FROM purchase");
        assert_in_range(now - before, count, count + HANDS); /* and those under way */
        before = now;
        (void)munmap(all, sizeof(*all));
    }
    print_message("%d orders acknowledged, %" PRId64 " in the file\n", sum, before);
    while (store_expire(rig.store, NOON + 24 * HOUR, &next_ms) > 0)
        ;
    assert_int_equal(rig_of_variant(&rig, "reserved", variant), 0); /* none outlives its time */
    rig_check(&rig);
}

/* ---- the power goes: only what was synced is there ---- */

static char durable[128];
static atomic_int syncs;

static void keep_copy(int fd)
{
    char link[64], path[256], copy[512];
    ssize_t size;
    int length;

    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof(path) - 1);
    if (size <= 0)
        return;
    path[size] = '\0';
    if (!*durable || !strstr(path, "/shop.sqlite"))
        return;
    length = snprintf(copy, sizeof(copy), "%s/%s", durable, strrchr(path, '/') + 1);
    if (length > 0 && (size_t)length < sizeof(copy) && try_copy(path, copy))
        syncs++;
}

/* In place of the C library's: SQLite's library calls this one. What has got here is what a disk would have. */
int fdatasync(int fd)
{
    keep_copy(fd);
    return 0;
}

int fsync(int fd)
{
    return fdatasync(fd);
}

static int64_t count_in(const char *directory)
{
    char path[160], again[256];
    struct store *store = NULL;
    struct rig other = {0};
    struct store_config config = {.path = again, .backups = directory};
    int64_t count;

    (void)snprintf(path, sizeof(path), "%s/shop.sqlite", directory);
    (void)snprintf(again, sizeof(again), "%s/again.sqlite", directory);
    copy_file(path, again);
    (void)snprintf(path, sizeof(path), "%s/shop.sqlite-wal", directory);
    (void)snprintf(again, sizeof(again), "%s/again.sqlite-wal", directory);
    copy_file(path, again);
    (void)snprintf(again, sizeof(again), "%s/again.sqlite", directory);
    assert_int_equal(store_open(&config, &store), 0);
    other.store = store;
    rig_check(&other);
    count = rig_value(&other, "SELECT count(*) FROM purchase");
    store_close(store);
    return count;
}

static void test_p54_acknowledged_orders_survive_the_power(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 1000, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 1000};
    uint8_t order[16];
    char path[160];

    (void)state;
    store_close(rig.store); /* all is in the file now */
    (void)snprintf(durable, sizeof(durable), "%s/durable", rig.directory);
    assert_int_equal(mkdir(durable, 0700), 0);
    (void)snprintf(path, sizeof(path), "%s/shop.sqlite", durable);
    copy_file(rig.path, path);
    assert_int_equal(rig_reopen(&rig), 0);
    for (int i = 1; i <= 25; i++) {
        rig_must_buy(&rig, &wish, order);
        assert_int_equal(count_in(durable), i);
    }
    assert_true(syncs >= 25);
    *durable = '\0';
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_k6_p08_killed_at_every_write),
        TEST(test_k7_each_write_may_fail_once),
        TEST(test_k6_p01_killed_at_any_moment),
        TEST(test_p54_acknowledged_orders_survive_the_power),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
