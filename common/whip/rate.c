#include "whip/rate.h"

#include <stddef.h>

#include "base/base.h"
#include "base/clock.h"

bool jt_rate_take(int64_t *bucket_us, struct jt_rate rate, int64_t now_us)
{
    int64_t interval_us = JT_USEC_PER_SEC / rate.per_s;
    int64_t due_us = JT_MAX(*bucket_us, now_us);

    if (due_us - now_us > interval_us * (rate.burst - 1))
        return false;
    *bucket_us = due_us + interval_us;
    return true;
}

/* FNV-1a, begun with a secret. */
static uint64_t hash(uint64_t seed, char kind, const char *key)
{
    const uint64_t prime = 1099511628211U;
    uint64_t value = (seed ^ (unsigned char)kind) * prime;

    for (; *key; key++)
        value = (value ^ (unsigned char)*key) * prime;
    return value ^ value >> 32;
}

bool jt_rate_table_take(struct jt_rate_table *table, char kind, const char *key,
                        struct jt_rate rate, int64_t now_us)
{
    uint64_t value = hash(table->seed, kind, key);
    struct jt_rate_slot *set = table->slots[value % JT_RATE_SETS];
    struct jt_rate_slot *slot = &set[0];

    for (size_t i = 0; i < JT_RATE_WAYS; i++) {
        if (set[i].key == value)
            return jt_rate_take(&set[i].bucket_us, rate, now_us);
        if (set[i].bucket_us < slot->bucket_us)
            slot = &set[i];
    }
    *slot = (struct jt_rate_slot){.key = value};
    return jt_rate_take(&slot->bucket_us, rate, now_us);
}
