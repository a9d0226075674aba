/**
 * Who is in a room, by person: limits, mutes and bans belong to the person, whatever the number of tabs, and stay when the
 * last one closes. Bounded: of those who are away the longest gone are forgotten first, the banned last.
 *
 * Pure; times are monotonic milliseconds.
 */
#ifndef CHAT_ROOM_PEOPLE_H
#define CHAT_ROOM_PEOPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/base.h"
#include "chat/room/act.h"
#include "chat/room/limits.h"

struct room_member;
struct room_people;

enum {
    ROOM_AWAY_MAX = 20000,         /* ours: 6 MB at most */
    ROOM_AWAY_MS = 10 * 60 * 1000, /* longer than any limit lasts, but for mutes and bans */
    ROOM_SOCKETS_PER_PERSON = 16,
};

struct room_person {
    struct room_person *next; /* in its bucket */
    TAILQ_ENTRY(room_person) away_link;
    LIST_HEAD(, room_member) members;
    int member_count;
    struct room_identity identity; /* as the newest page has it */
    struct room_bucket hearts;
    struct room_talk talk;
    int64_t away_since_ms;
    int64_t muted_until_ms; /* 0: not muted */
    int mute_step;          /* how many there have been */
    bool is_banned;
};

/** `seed` makes the buckets' order unforeseeable. */
JT_MUST_CHECK int room_people_new(uint64_t seed, struct room_people **out);
void room_people_free(struct room_people *people);

struct room_person *room_people_find(struct room_people *people, const char *person);
/** Find, or add one who is away. NULL without memory. */
struct room_person *room_people_get(struct room_people *people, const char *person, int64_t now_ms);

/** Their first page came; their last one went (readers without a session are forgotten at once). */
void room_people_arrive(struct room_people *people, struct room_person *person);
void room_people_leave(struct room_people *people, struct room_person *person, int64_t now_ms);

void room_people_set_banned(struct room_people *people, struct room_person *person, bool is_banned);

/** Forget whoever is away for long enough. */
void room_people_expire(struct room_people *people, int64_t now_ms);

/** Those who are here; the shop's own people and operators watch over it, and are not counted. */
int room_people_count(const struct room_people *people);

#endif
