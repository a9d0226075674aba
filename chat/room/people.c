#include "chat/room/people.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { BUCKETS_FIRST = 64 };

TAILQ_HEAD(away, room_person);

struct room_people {
    struct room_person **buckets;
    size_t bucket_count, count;
    size_t away_count;
    struct away away, banned; /* who is not here; the longest gone first */
    uint64_t seed;
};

int room_people_new(uint64_t seed, struct room_people **out)
{
    struct room_people *people = calloc(1, sizeof(*people));

    if (people)
        people->buckets = calloc(BUCKETS_FIRST, sizeof(struct room_person *));
    if (!people || !people->buckets) {
        free(people);
        return -ENOMEM;
    }
    people->bucket_count = BUCKETS_FIRST;
    people->seed = seed;
    TAILQ_INIT(&people->away);
    TAILQ_INIT(&people->banned);
    *out = people;
    return 0;
}

static void free_person(struct room_person *person)
{
    room_talk_deinit(&person->talk);
    free(person);
}

void room_people_free(struct room_people *people)
{
    if (!people)
        return;
    for (size_t i = 0; i < people->bucket_count; i++)
        while (people->buckets[i]) {
            struct room_person *person = people->buckets[i];

            people->buckets[i] = person->next;
            free_person(person);
        }
    free(people->buckets);
    free(people);
}

static struct room_person **bucket_of(const struct room_people *people, const char *id)
{
    uint64_t hash = people->seed ^ 14695981039346656037U; /* FNV-1a */

    for (; *id; id++)
        hash = (hash ^ (unsigned char)*id) * 1099511628211U;
    return &people->buckets[(hash ^ hash >> 32) % people->bucket_count];
}

struct room_person *room_people_find(struct room_people *people, const char *id)
{
    struct room_person *person = *bucket_of(people, id);

    while (person && strcmp(person->identity.person, id) != 0)
        person = person->next;
    return person;
}

/* Without memory for it the chains are longer: nothing else changes. */
static void spread(struct room_people *people)
{
    struct room_people wider = *people;

    wider.bucket_count = people->bucket_count * 2;
    wider.buckets = calloc(wider.bucket_count, sizeof(struct room_person *));
    if (!wider.buckets)
        return;
    for (size_t i = 0; i < people->bucket_count; i++)
        while (people->buckets[i]) {
            struct room_person *person = people->buckets[i];
            struct room_person **bucket = bucket_of(&wider, person->identity.person);

            people->buckets[i] = person->next;
            person->next = *bucket;
            *bucket = person;
        }
    free(people->buckets);
    people->buckets = wider.buckets;
    people->bucket_count = wider.bucket_count;
}

static struct away *list_of(struct room_people *people, const struct room_person *person)
{
    return person->is_banned ? &people->banned : &people->away;
}

static void forget(struct room_people *people, struct room_person *person)
{
    struct room_person **at = bucket_of(people, person->identity.person);

    while (*at != person)
        at = &(*at)->next;
    *at = person->next;
    people->count--;
    free_person(person);
}

static void drop_away(struct room_people *people, struct away *list)
{
    struct room_person *person = TAILQ_FIRST(list);

    TAILQ_REMOVE(list, person, away_link);
    people->away_count--;
    forget(people, person);
}

static void go_away(struct room_people *people, struct room_person *person, int64_t now_ms)
{
    person->away_since_ms = now_ms;
    if (people->away_count == ROOM_AWAY_MAX)
        drop_away(people, TAILQ_EMPTY(&people->away) ? &people->banned : &people->away);
    TAILQ_INSERT_TAIL(list_of(people, person), person, away_link);
    people->away_count++;
}

struct room_person *room_people_get(struct room_people *people, const char *id, int64_t now_ms)
{
    struct room_person *person = room_people_find(people, id), **bucket;

    if (person)
        return person;
    person = calloc(1, sizeof(*person));
    if (!person)
        return NULL;
    if (people->count >= people->bucket_count)
        spread(people);
    LIST_INIT(&person->members);
    strncpy(person->identity.person, id, ROOM_PERSON_MAX_BYTES);
    bucket = bucket_of(people, person->identity.person);
    person->next = *bucket;
    *bucket = person;
    people->count++;
    go_away(people, person, now_ms);
    return person;
}

void room_people_arrive(struct room_people *people, struct room_person *person)
{
    TAILQ_REMOVE(list_of(people, person), person, away_link);
    people->away_count--;
}

void room_people_leave(struct room_people *people, struct room_person *person, int64_t now_ms)
{
    if (person->identity.is_reader && !person->is_banned)
        forget(people, person);
    else
        go_away(people, person, now_ms);
}

void room_people_set_banned(struct room_people *people, struct room_person *person, bool is_banned)
{
    bool is_away = person->member_count == 0;

    if (is_away)
        TAILQ_REMOVE(list_of(people, person), person, away_link);
    person->is_banned = is_banned;
    if (is_away)
        TAILQ_INSERT_TAIL(list_of(people, person), person, away_link);
}

void room_people_expire(struct room_people *people, int64_t now_ms)
{
    struct room_person *person, *next;

    for (person = TAILQ_FIRST(&people->away); person; person = next) {
        next = TAILQ_NEXT(person, away_link);
        if (now_ms - person->away_since_ms < ROOM_AWAY_MS)
            break;
        if (person->muted_until_ms > now_ms)
            continue;
        TAILQ_REMOVE(&people->away, person, away_link);
        people->away_count--;
        forget(people, person);
    }
}

static bool is_customer(const struct room_person *person)
{
    enum access_role role = person->identity.role;

    return person->member_count > 0 && (role == ACCESS_GUEST || role == ACCESS_BUYER);
}

/* Once a second for those who count viewers, so a walk is cheap enough. */
int room_people_count(const struct room_people *people)
{
    int count = 0;

    for (size_t i = 0; i < people->bucket_count; i++)
        for (const struct room_person *person = people->buckets[i]; person; person = person->next)
            count += is_customer(person);
    return count;
}
