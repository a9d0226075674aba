#include "chat/room/limits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { USEC = 1000, KEYS_FIRST = 8 };

static int64_t interval_us(struct room_rate rate)
{
    return (int64_t)rate.period_ms * USEC / rate.count;
}

int64_t room_bucket_wait(const struct room_bucket *bucket, struct room_rate rate, int count,
                         int64_t now_ms)
{
    int64_t now_us = now_ms * USEC;
    int64_t full_at_us = JT_MAX(bucket->full_at_us, now_us) + interval_us(rate) * count;
    int64_t over_us = full_at_us - now_us - interval_us(rate) * rate.count;

    return over_us > 0 ? (over_us + USEC - 1) / USEC : 0;
}

int room_bucket_left(const struct room_bucket *bucket, struct room_rate rate, int64_t now_ms)
{
    int64_t used_us = JT_MAX(bucket->full_at_us - now_ms * USEC, 0);

    return (int)JT_MAX((interval_us(rate) * rate.count - used_us) / interval_us(rate), 0);
}

void room_bucket_take(struct room_bucket *bucket, struct room_rate rate, int count, int64_t now_ms)
{
    bucket->full_at_us = JT_MAX(bucket->full_at_us, now_ms * USEC) + interval_us(rate) * count;
}

void room_talk_deinit(struct room_talk *talk)
{
    free(talk->keys);
    *talk = (struct room_talk){0};
}

static bool is_duplicate(const struct room_talk *talk, const struct room_say *say)
{
    for (size_t i = 0; i < ROOM_DUPLICATES_KEPT; i++)
        if (talk->words[i].at_ms && talk->words[i].hash == say->words &&
            say->now_ms - talk->words[i].at_ms < ROOM_DUPLICATE_MS)
            return true;
    return false;
}

static int64_t rates_wait(const struct room_talk *talk, const struct room_say *say)
{
    struct room_rate brief = say->is_staff ? ROOM_RATE_STAFF_SHORT : ROOM_RATE_SAY_SHORT;
    struct room_rate lasting = say->is_staff ? ROOM_RATE_STAFF_LONG : ROOM_RATE_SAY_LONG;
    int64_t own = JT_MAX(room_bucket_wait(&talk->brief, brief, 1, say->now_ms),
                         room_bucket_wait(&talk->lasting, lasting, 1, say->now_ms));

    if (say->is_staff)
        return own;
    own = JT_MAX(own, room_bucket_wait(&say->address[0], ROOM_RATE_ADDRESS_SHORT, 1, say->now_ms));
    return JT_MAX(own, room_bucket_wait(&say->address[1], ROOM_RATE_ADDRESS_LONG, 1, say->now_ms));
}

enum room_refusal room_talk_may(const struct room_talk *talk, const struct room_say *say,
                                int64_t *wait_ms)
{
    int64_t slow_ms = talk->said_at_ms + (int64_t)say->slow_s * 1000 - say->now_ms;

    *wait_ms = 0;
    if (!say->is_staff && say->slow_s && talk->said_at_ms && slow_ms > 0) {
        *wait_ms = slow_ms;
        return ROOM_REFUSED_SLOW;
    }
    *wait_ms = rates_wait(talk, say);
    if (*wait_ms)
        return ROOM_REFUSED_RATE;
    return !say->is_staff && is_duplicate(talk, say) ? ROOM_REFUSED_DUPLICATE : ROOM_MAY_SAY;
}

/* The keys lie in the order of their time: the old ones are the first. */
static void forget_keys(struct room_talk *talk, int64_t now_ms)
{
    size_t old = 0;

    while (old < talk->key_count && (now_ms - talk->keys[old].at_ms >= ROOM_KEYS_KEPT_MS ||
                                     talk->key_count - old >= ROOM_KEYS_MAX))
        old++;
    talk->key_count -= old;
    if (old)
        memmove(talk->keys, talk->keys + old, talk->key_count * sizeof(*talk->keys));
}

static int remember_key(struct room_talk *talk, const char *key, const char *mid, int64_t now_ms)
{
    struct room_talk_key *keys;

    forget_keys(talk, now_ms);
    if (talk->key_count == talk->key_capacity) {
        size_t capacity = talk->key_capacity ? talk->key_capacity * 2 : KEYS_FIRST;

        keys = realloc(talk->keys, capacity * sizeof(*keys));
        if (!keys)
            return -ENOMEM;
        talk->keys = keys;
        talk->key_capacity = capacity;
    }
    keys = &talk->keys[talk->key_count++];
    *keys = (struct room_talk_key){.at_ms = now_ms};
    strncpy(keys->key, key, ROOM_KEY_MAX_BYTES);
    strncpy(keys->mid, mid, ROOM_MID_MAX_BYTES);
    return 0;
}

int room_talk_said(struct room_talk *talk, const struct room_say *say, const char *key,
                   const char *mid)
{
    room_bucket_take(&talk->brief, say->is_staff ? ROOM_RATE_STAFF_SHORT : ROOM_RATE_SAY_SHORT, 1,
                     say->now_ms);
    room_bucket_take(&talk->lasting, say->is_staff ? ROOM_RATE_STAFF_LONG : ROOM_RATE_SAY_LONG, 1,
                     say->now_ms);
    if (!say->is_staff) {
        room_bucket_take(&say->address[0], ROOM_RATE_ADDRESS_SHORT, 1, say->now_ms);
        room_bucket_take(&say->address[1], ROOM_RATE_ADDRESS_LONG, 1, say->now_ms);
    }
    talk->said_at_ms = say->now_ms;
    memmove(&talk->words[1], &talk->words[0], sizeof(talk->words) - sizeof(talk->words[0]));
    talk->words[0].hash = say->words;
    talk->words[0].at_ms = say->now_ms;
    return remember_key(talk, key, mid, say->now_ms);
}

const char *room_talk_find_key(const struct room_talk *talk, const char *key, int64_t now_ms)
{
    for (size_t i = talk->key_count; i-- > 0;)
        if (now_ms - talk->keys[i].at_ms < ROOM_KEYS_KEPT_MS && strcmp(talk->keys[i].key, key) == 0)
            return talk->keys[i].mid;
    return NULL;
}
