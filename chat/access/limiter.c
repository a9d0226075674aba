#include "chat/access/limiter.h"

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"

/* Leaky buckets: an attempt pours `cost_ms` in, a millisecond runs out per millisecond, `burst` attempts have room. */
static const struct rule {
    const char *name;
    int64_t cost_ms, burst;
} rules[ACCESS_LIMITS] = {
    [ACCESS_LIMIT_ADDRESS] = {"address", ACCESS_ADDRESS_EVERY_MS, ACCESS_ADDRESS_BURST},
    [ACCESS_LIMIT_ACCOUNT] = {"account", ACCESS_ACCOUNT_EVERY_MS, ACCESS_ACCOUNT_BURST},
    [ACCESS_LIMIT_BOTH] = {"both", ACCESS_BOTH_EVERY_MS, ACCESS_BOTH_BURST},
    [ACCESS_LIMIT_GUEST] = {"guest", ACCESS_GUESTS_EVERY_MS, ACCESS_GUESTS_BURST},
    [ACCESS_LIMIT_KEY] = {"stream_key", ACCESS_ADDRESS_EVERY_MS, ACCESS_ADDRESS_BURST},
};

enum { SLOTS_PER_ROW = 8, ENTRIES_MAX = 1 << 24 };

struct entry {
    uint64_t tag;        /* the other half of the keyed hash; 0: free */
    int64_t empty_at_ms; /* when the bucket has run out, if nothing more comes */
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
    *oldest = (struct entry){.tag = tag, .empty_at_ms = now_ms};
    return oldest;
}

static int64_t pour(struct entry *entry, const struct rule *rule, int64_t now_ms)
{
    int64_t empty_at_ms = JT_MAX(entry->empty_at_ms, now_ms) + rule->cost_ms;
    int64_t over_ms = empty_at_ms - now_ms - rule->burst * rule->cost_ms;

    if (over_ms > 0)
        return over_ms;
    entry->empty_at_ms = empty_at_ms;
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
    (void)pthread_mutex_unlock(&limiter->lock);
}

/* The three keys of a login: in one buffer, address first. */
struct login_keys {
    uint8_t bytes[ACCESS_LIMIT_KEY_MAX_BYTES];
    size_t login_size;
};

static struct login_keys keys_of(const char *login, const uint8_t *address_key)
{
    struct login_keys keys = {
        .login_size = strnlen(login, ACCESS_LIMIT_KEY_MAX_BYTES - ACCESS_ADDRESS_KEY_BYTES)};

    memcpy(keys.bytes, address_key, ACCESS_ADDRESS_KEY_BYTES);
    memcpy(keys.bytes + ACCESS_ADDRESS_KEY_BYTES, login, keys.login_size);
    return keys;
}

static const struct {
    enum access_limit limit;
    bool has_address, has_login;
} login_limits[] = {{ACCESS_LIMIT_BOTH, true, true},
                    {ACCESS_LIMIT_ADDRESS, true, false},
                    {ACCESS_LIMIT_ACCOUNT, false, true}};

static size_t login_key(const struct login_keys *keys, size_t i, const uint8_t **key)
{
    *key = keys->bytes + (login_limits[i].has_address ? 0 : ACCESS_ADDRESS_KEY_BYTES);
    return (login_limits[i].has_address ? ACCESS_ADDRESS_KEY_BYTES : 0) +
           (login_limits[i].has_login ? keys->login_size : 0);
}

static void take_back(struct access_limiter *limiter, const struct login_keys *keys, size_t count,
                      int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *key;
        size_t size = login_key(keys, i, &key);

        access_limiter_succeeded(limiter, login_limits[i].limit, key, size, now_ms);
    }
}

int64_t access_login_try(struct access_limiter *limiter, const char *login,
                         const uint8_t address_key[ACCESS_ADDRESS_KEY_BYTES], int64_t now_ms)
{
    const struct login_keys keys = keys_of(login, address_key);

    for (size_t i = 0; i < JT_COUNT(login_limits); i++) {
        const uint8_t *key;
        size_t size = login_key(&keys, i, &key);
        int64_t wait_ms = access_limiter_try(limiter, login_limits[i].limit, key, size, now_ms);

        if (wait_ms) {
            take_back(limiter, &keys, i, now_ms);
            return wait_ms;
        }
    }
    return 0;
}

void access_login_succeeded(struct access_limiter *limiter, const char *login,
                            const uint8_t address_key[ACCESS_ADDRESS_KEY_BYTES], int64_t now_ms)
{
    const struct login_keys keys = keys_of(login, address_key);

    take_back(limiter, &keys, JT_COUNT(login_limits), now_ms);
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

void access_place_key(const char *address, uint8_t out[ACCESS_ADDRESS_KEY_BYTES])
{
    if (access_address_key(address, out))
        memset(out, 0, ACCESS_ADDRESS_KEY_BYTES);
}
