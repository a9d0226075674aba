#include "relay/routes.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

enum { WAYS = 8 }; /* entries per bucket: the table is four times as large as it needs to be */

struct entry {
    struct jt_address from;
    int worker; /* -1: free */
};

struct relay_routes {
    pthread_rwlock_t lock;
    uint64_t seed; /* strangers choose their addresses: they shall not choose their bucket */
    size_t buckets;
    struct entry *entries;
};

int relay_routes_new(size_t capacity, struct relay_routes **out)
{
    struct relay_routes *routes = calloc(1, sizeof(*routes));

    if (!routes)
        return -ENOMEM;
    routes->buckets = capacity * 4 / WAYS + 1;
    routes->entries = calloc(routes->buckets * WAYS, sizeof(*routes->entries));
    if (!routes->entries) {
        free(routes);
        return -ENOMEM;
    }
    for (size_t i = 0; i < routes->buckets * WAYS; i++)
        routes->entries[i].worker = -1;
    if (getrandom(&routes->seed, sizeof(routes->seed), 0) < 0) {
        free(routes->entries);
        free(routes);
        return -EIO;
    }
    (void)pthread_rwlock_init(&routes->lock, NULL);
    *out = routes;
    return 0;
}

void relay_routes_free(struct relay_routes *routes)
{
    if (!routes)
        return;
    (void)pthread_rwlock_destroy(&routes->lock);
    free(routes->entries);
    free(routes);
}

static struct entry *bucket_of(struct relay_routes *routes, const struct jt_address *from)
{
    return &routes->entries[jt_address_hash(from, routes->seed) % routes->buckets * WAYS];
}

static struct entry *find(struct entry *bucket, const struct jt_address *from)
{
    for (int i = 0; i < WAYS; i++)
        if (bucket[i].worker >= 0 && jt_address_equal(&bucket[i].from, from))
            return &bucket[i];
    return NULL;
}

static struct entry *room(struct entry *bucket)
{
    for (int i = 0; i < WAYS; i++)
        if (bucket[i].worker < 0)
            return &bucket[i];
    for (int i = 0; i < WAYS - 1; i++)
        bucket[i] = bucket[i + 1];
    return &bucket[WAYS - 1];
}

void relay_routes_set(struct relay_routes *routes, const struct jt_address *from, int worker)
{
    struct entry *bucket = bucket_of(routes, from);
    struct entry *entry;

    (void)pthread_rwlock_wrlock(&routes->lock);
    entry = find(bucket, from);
    if (!entry)
        entry = room(bucket);
    *entry = (struct entry){.from = *from, .worker = worker};
    (void)pthread_rwlock_unlock(&routes->lock);
}

void relay_routes_clear(struct relay_routes *routes, const struct jt_address *from, int worker)
{
    struct entry *entry;

    (void)pthread_rwlock_wrlock(&routes->lock);
    entry = find(bucket_of(routes, from), from);
    if (entry && entry->worker == worker)
        entry->worker = -1;
    (void)pthread_rwlock_unlock(&routes->lock);
}

int relay_routes_find(struct relay_routes *routes, const struct jt_address *from)
{
    struct entry *entry;
    int worker;

    (void)pthread_rwlock_rdlock(&routes->lock);
    entry = find(bucket_of(routes, from), from);
    worker = entry ? entry->worker : -1;
    (void)pthread_rwlock_unlock(&routes->lock);
    return worker;
}
