/**
 * How much one person, or one address, may say (threat C4; pitfalls 41, 44). Keyed by the person, so that a second tab or a
 * reconnect changes nothing. Pure; times are monotonic milliseconds (pitfall 47).
 */
#ifndef CHAT_ROOM_LIMITS_H
#define CHAT_ROOM_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/room/message.h"

/** So many in a period, spread as they like within it (generic cell rate algorithm, ITU-T I.371 annex A). */
struct room_rate {
    int count, period_ms;
};

/** One who is held to a rate; zero-initialised. */
struct room_bucket {
    int64_t full_at_us;
};

/** Milliseconds until `count` more are allowed; 0: now. Counts nothing. */
int64_t room_bucket_wait(const struct room_bucket *bucket, struct room_rate rate, int count,
                         int64_t now_ms);
/** How many are allowed now. */
int room_bucket_left(const struct room_bucket *bucket, struct room_rate rate, int64_t now_ms);
/** Count them. */
void room_bucket_take(struct room_bucket *bucket, struct room_rate rate, int count, int64_t now_ms);

enum {
    ROOM_KEYS_KEPT_MS = 5 * 60 * 1000, /* as long as brokers keep theirs */
    ROOM_KEYS_MAX = 400,               /* what the rates below let anybody say meanwhile */
    ROOM_DUPLICATE_MS = 30 * 1000,     /* ours: the same words again */
    ROOM_DUPLICATES_KEPT = 3,
};

#define ROOM_RATE_SAY_SHORT ((struct room_rate){3, 5000}) /* ours: 3 in 5 s, and 20 in a minute */
#define ROOM_RATE_SAY_LONG ((struct room_rate){20, 60000})
#define ROOM_RATE_STAFF_SHORT ((struct room_rate){10, 5000})
#define ROOM_RATE_STAFF_LONG ((struct room_rate){60, 60000})
#define ROOM_RATE_ADDRESS_SHORT                                                                    \
    ((struct room_rate){15, 5000}) /* ours: carriers put many behind one */
#define ROOM_RATE_ADDRESS_LONG ((struct room_rate){100, 60000})
#define ROOM_RATE_HEARTS ((struct room_rate){30, 3000}) /* as fast as fingers tap; told every 3 s */
#define ROOM_RATE_MESSAGES ((struct room_rate){50, 5000}) /* of one socket, of any kind */

/** What a person has said lately; zero-initialised. */
struct room_talk {
    struct room_bucket brief, lasting;
    int64_t said_at_ms; /* 0: nothing yet */
    struct {
        uint64_t hash;
        int64_t at_ms;
    } words[ROOM_DUPLICATES_KEPT]; /* the newest first */
    struct room_talk_key {
        int64_t at_ms;
        char key[ROOM_KEY_MAX_BYTES + 1], mid[ROOM_MID_MAX_BYTES + 1];
    } * keys; /* the oldest first */
    size_t key_count, key_capacity;
};

void room_talk_deinit(struct room_talk *talk);

/** Why somebody may not say something now. */
enum room_refusal {
    ROOM_MAY_SAY,
    ROOM_REFUSED_SLOW,
    ROOM_REFUSED_RATE,
    ROOM_REFUSED_DUPLICATE,
};

struct room_say {
    bool is_staff;
    int slow_s;
    struct room_bucket *address; /* two: short and long */
    uint64_t words;              /* hash of the words as they are compared */
    int64_t now_ms;
};

/** May they? Counts nothing. `wait_ms`: until a retry can succeed. */
enum room_refusal room_talk_may(const struct room_talk *talk, const struct room_say *say,
                                int64_t *wait_ms);
/** They did: count it, and remember `key` with the mid it got. -ENOMEM: the key isn't remembered. */
int room_talk_said(struct room_talk *talk, const struct room_say *say, const char *key,
                   const char *mid);
/** The mid that a message with this key has got already (pitfall 36), or NULL. */
const char *room_talk_find_key(const struct room_talk *talk, const char *key, int64_t now_ms);

#endif
