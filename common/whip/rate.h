/** Token buckets: how often something may be done, per key or for one object. Plain values, no
 * lock: the owner's. */
#ifndef JT_WHIP_RATE_H
#define JT_WHIP_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct jt_rate {
    int per_s, burst; /* both at least 1 */
};

/**
 * Take one token of a bucket, whose whole state is a time (0 for a full one): the virtual
 * scheduling of GCRA (ITU-T I.371).
 */
bool jt_rate_take(int64_t *bucket_us, struct jt_rate rate, int64_t now_us);

enum { JT_RATE_SETS = 512, JT_RATE_WAYS = 8 };

/** Buckets by key, as many as there are slots; the one that is longest full gives way. Zero it,
 * then set `seed`. */
struct jt_rate_table {
    uint64_t seed; /* random, so that nobody can aim at another's slot */
    struct jt_rate_slot {
        uint64_t key;
        int64_t bucket_us;
    } slots[JT_RATE_SETS][JT_RATE_WAYS];
};

/** `kind` keeps keys of different meaning apart. */
bool jt_rate_table_take(struct jt_rate_table *table, char kind, const char *key,
                        struct jt_rate rate, int64_t now_us);

#endif
