#include "chat/access/limiter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

/*
 * Leaky buckets. Each attempt pours `cost_ms` in, one millisecond runs out per millisecond. Up to `room_ms` costs nothing;
 * above it a guest is refused, and a failure is followed by a delay that doubles with each attempt too many.
 */
struct rule {
    const char *name;
    int64_t cost_ms, room_ms;
    int64_t delay_max_ms; /* 0: refuse above the room */
};

enum {
    MINUTE_MS = 60 * 1000,
    FAILURE_MS = MINUTE_MS / ACCESS_FAILURES_PER_MINUTE,
    GUEST_MS = MINUTE_MS / ACCESS_GUESTS_PER_MINUTE,
    SLOTS_PER_ROW = 8,
    ENTRIES_MAX = 1 << 24,
};

static const struct rule rules[ACCESS_LIMITS] = {
    [ACCESS_LIMIT_ACCOUNT] = {"account", FAILURE_MS, MINUTE_MS, ACCESS_DELAY_MAX_MS},
    [ACCESS_LIMIT_ADDRESS] = {"address", FAILURE_MS, MINUTE_MS, ACCESS_DELAY_ADDRESS_MAX_MS},
    [ACCESS_LIMIT_GUEST] = {"guest", GUEST_MS, (int64_t)GUEST_MS *ACCESS_GUESTS_BURST, 0},
};

struct entry {
    uint64_t tag;        /* the other half of the keyed hash; 0: free */
    int64_t empty_at_ms; /* when the bucket has run out, if nothing more comes */
    int64_t blocked_until_ms;
};

struct access_limiter {
    pthread_mutex_t lock;
    uint8_t key[2][crypto_shorthash_KEYBYTES];
    size_t rows;
    struct entry entries[];
};

static struct jt_metric limited =
    JT_COUNTER("jangteo_chat_limited_total", "Attempts told to wait, by limit.", "limit");
static struct jt_metric evicted = JT_COUNTER("jangteo_chat_limiter_evicted_total",
                                             "Limits forgotten early for lack of room.", NULL);

int access_limiter_new(size_t entries, struct access_limiter **out)
{
    size_t rows = 1;
    struct access_limiter *limiter;

    if (entries == 0)
        entries = ACCESS_LIMITER_DEFAULT;
    if (entries > ENTRIES_MAX)
        return -ENOMEM;
    while (rows * SLOTS_PER_ROW < entries)
        rows *= 2;
    limiter = calloc(1, sizeof(*limiter) + rows * SLOTS_PER_ROW * sizeof(limiter->entries[0]));
    if (!limiter)
        return -ENOMEM;
    (void)pthread_mutex_init(&limiter->lock, NULL);
    randombytes_buf(limiter->key, sizeof(limiter->key));
    limiter->rows = rows;
    *out = limiter;
    return 0;
}

void access_limiter_free(struct access_limiter *limiter)
{
    if (!limiter)
        return;
    (void)pthread_mutex_destroy(&limiter->lock);
    free(limiter);
}

static uint64_t hash(const uint8_t *secret, enum access_limit limit, const void *key, size_t size)
{
    uint8_t bytes[1 + ACCESS_LIMIT_KEY_MAX_BYTES] = {(uint8_t)limit};
    uint64_t value;

    if (size > ACCESS_LIMIT_KEY_MAX_BYTES)
        size = ACCESS_LIMIT_KEY_MAX_BYTES;
    if (size)
        memcpy(bytes + 1, key, size);
    (void)crypto_shorthash((uint8_t *)&value, bytes, 1 + size, secret);
    return value;
}

/* The entry of that tag; else a fresh one in the place of whichever is forgotten first. */
static struct entry *find(struct access_limiter *limiter, enum access_limit limit, const void *key,
                          size_t size, int64_t now_ms)
{
    uint64_t row = hash(limiter->key[0], limit, key, size) & (limiter->rows - 1);
    uint64_t tag = hash(limiter->key[1], limit, key, size) | 1;
    struct entry *entries = &limiter->entries[row * SLOTS_PER_ROW];
    struct entry *oldest = &entries[0];

    for (int i = 0; i < SLOTS_PER_ROW; i++) {
        if (entries[i].tag == tag)
            return &entries[i];
        if (oldest->tag && (!entries[i].tag || entries[i].empty_at_ms < oldest->empty_at_ms))
            oldest = &entries[i];
    }
    if (oldest->tag && oldest->empty_at_ms > now_ms)
        jt_metric_add(&evicted, NULL, 1);
    *oldest = (struct entry){.tag = tag, .empty_at_ms = now_ms, .blocked_until_ms = now_ms};
    return oldest;
}

/* 1 s for the first attempt over the room, twice as much for each further one. */
static int64_t delay_ms(const struct rule *rule, int64_t over_ms)
{
    int64_t delay = ACCESS_DELAY_FIRST_MS;

    for (int64_t n = rule->cost_ms; n < over_ms && delay < rule->delay_max_ms; n += rule->cost_ms)
        delay *= 2;
    return JT_MIN(delay, rule->delay_max_ms);
}

static int64_t pour(struct entry *entry, const struct rule *rule, int64_t now_ms)
{
    int64_t start_ms = JT_MAX(entry->empty_at_ms, now_ms);
    int64_t over_ms = start_ms + rule->cost_ms - now_ms - rule->room_ms;

    if (now_ms < entry->blocked_until_ms)
        return entry->blocked_until_ms - now_ms;
    if (over_ms > 0 && rule->delay_max_ms == 0)
        return over_ms;
    entry->empty_at_ms = start_ms + rule->cost_ms;
    if (over_ms >= 0 && rule->delay_max_ms) /* the room is used up: the next one waits */
        entry->blocked_until_ms = now_ms + delay_ms(rule, over_ms + 1);
    return 0;
}

int64_t access_limiter_try(struct access_limiter *limiter, enum access_limit limit, const void *key,
                           size_t size, int64_t now_ms)
{
    int64_t wait_ms;

    (void)pthread_mutex_lock(&limiter->lock);
    wait_ms = pour(find(limiter, limit, key, size, now_ms), &rules[limit], now_ms);
    (void)pthread_mutex_unlock(&limiter->lock);
    if (wait_ms)
        jt_metric_add(&limited, rules[limit].name, 1);
    return wait_ms;
}

void access_limiter_succeeded(struct access_limiter *limiter, enum access_limit limit,
                              const void *key, size_t size, int64_t now_ms)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&limiter->lock);
    entry = find(limiter, limit, key, size, now_ms);
    entry->empty_at_ms = JT_MAX(entry->empty_at_ms - rules[limit].cost_ms, now_ms);
    entry->blocked_until_ms = now_ms; /* whoever knows the password need not wait */
    (void)pthread_mutex_unlock(&limiter->lock);
}

int access_address_key(const char *address, uint8_t out[ACCESS_ADDRESS_KEY_BYTES])
{
    static const uint8_t mapped[12] = {
        [10] = 0xff, [11] = 0xff}; /* ::ffff:0:0/96, RFC 4291 §2.5.5.2 */
    uint8_t bytes[16];

    memcpy(bytes, mapped, sizeof(mapped));
    if (inet_pton(AF_INET, address, bytes + sizeof(mapped)) != 1 &&
        inet_pton(AF_INET6, address, bytes) != 1)
        return -EINVAL;
    if (memcmp(bytes, mapped, sizeof(mapped)) != 0)
        memset(bytes + 8, 0, 8);
    memcpy(out, bytes, sizeof(bytes));
    return 0;
}
