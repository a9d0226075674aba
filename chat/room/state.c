#include "chat/room/state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "chat/room/buffer.h"

enum { BUCKETS = 256 };

struct entry {
    struct entry *next;            /* in its bucket */
    TAILQ_ENTRY(entry) shown_link; /* in the order of offsets, once shown */
    int64_t version, offset;       /* offset 0: not shown yet */
    char *body;                    /* as shown, NULL: not yet */
    char key[ROOM_STATE_KEY_MAX_BYTES + 1];
};

struct waiting {
    STAILQ_ENTRY(waiting) link;
    struct entry *entry; /* NULL: an event */
    char *body;
};

struct event {
    int64_t offset;
    char *body;
};

struct room_state {
    struct entry *buckets[BUCKETS];
    size_t keys, waiting_count;
    TAILQ_HEAD(, entry) shown;
    STAILQ_HEAD(, waiting) waiting;
    struct event events[ROOM_EVENTS_MAX]; /* a ring */
    size_t event_first, event_count;
    int64_t offset, lost; /* the offset of the newest event that fell out of the ring */
};

int room_state_new(struct room_state **out)
{
    struct room_state *state = calloc(1, sizeof(*state));

    if (!state)
        return -ENOMEM;
    TAILQ_INIT(&state->shown);
    STAILQ_INIT(&state->waiting);
    *out = state;
    return 0;
}

static void free_waiting(struct room_state *state, struct waiting *waiting)
{
    STAILQ_REMOVE(&state->waiting, waiting, waiting, link);
    state->waiting_count--;
    free(waiting->body);
    free(waiting);
}

void room_state_free(struct room_state *state)
{
    if (!state)
        return;
    while (!STAILQ_EMPTY(&state->waiting))
        free_waiting(state, STAILQ_FIRST(&state->waiting));
    for (size_t i = 0; i < BUCKETS; i++)
        while (state->buckets[i]) {
            struct entry *entry = state->buckets[i];

            state->buckets[i] = entry->next;
            free(entry->body);
            free(entry);
        }
    for (size_t i = 0; i < ROOM_EVENTS_MAX; i++)
        free(state->events[i].body);
    free(state);
}

/* Keys are made by us, so nobody aims at a bucket. FNV-1a. */
static struct entry **bucket_of(struct room_state *state, const char *key)
{
    uint32_t hash = 2166136261U;

    for (; *key; key++)
        hash = (hash ^ (unsigned char)*key) * 16777619U;
    return &state->buckets[hash % BUCKETS];
}

static struct entry *find(struct room_state *state, const char *key)
{
    struct entry *entry = *bucket_of(state, key);

    while (entry && strcmp(entry->key, key) != 0)
        entry = entry->next;
    return entry;
}

static struct entry *add_entry(struct room_state *state, const char *key)
{
    struct entry **bucket = bucket_of(state, key), *entry = calloc(1, sizeof(*entry));

    if (!entry)
        return NULL;
    strcpy(entry->key, key);
    entry->next = *bucket;
    *bucket = entry;
    state->keys++;
    return entry;
}

static int add_waiting(struct room_state *state, struct entry *entry, char *body)
{
    struct waiting *waiting;

    if (state->waiting_count >= ROOM_STATE_PENDING_MAX) {
        free(body);
        return -ENOSPC;
    }
    waiting = calloc(1, sizeof(*waiting));
    if (!waiting) {
        free(body);
        return -ENOMEM;
    }
    waiting->entry = entry;
    waiting->body = body;
    STAILQ_INSERT_TAIL(&state->waiting, waiting, link);
    state->waiting_count++;
    return 0;
}

/* The newest of a key stands where it was said last: what depends on it was said before. */
static bool replace_waiting(struct room_state *state, const struct entry *entry, char *body)
{
    struct waiting *waiting;

    STAILQ_FOREACH(waiting, &state->waiting, link)
    if (waiting->entry == entry) {
        STAILQ_REMOVE(&state->waiting, waiting, waiting, link);
        STAILQ_INSERT_TAIL(&state->waiting, waiting, link);
        free(waiting->body);
        waiting->body = body;
        return true;
    }
    return false;
}

int room_state_set(struct room_state *state, const char *key, int64_t version, char *body)
{
    struct entry *entry;
    int err = 0;

    if (!*key || strlen(key) > ROOM_STATE_KEY_MAX_BYTES)
        err = -EINVAL;
    entry = err ? NULL : find(state, key);
    if (!err && !entry)
        entry = state->keys < ROOM_STATE_KEYS_MAX ? add_entry(state, key) : NULL;
    if (!err && !entry)
        err = state->keys < ROOM_STATE_KEYS_MAX ? -ENOMEM : -ENOSPC;
    if (err || (version && version <= entry->version)) {
        free(body);
        return err;
    }
    if (!replace_waiting(state, entry, body))
        err = add_waiting(state, entry, body);
    if (err)
        return err;
    entry->version = JT_MAX(version, entry->version);
    return 1;
}

int room_state_event(struct room_state *state, char *body)
{
    return add_waiting(state, NULL, body);
}

bool room_state_is_waiting(const struct room_state *state)
{
    return state->waiting_count > 0;
}

int64_t room_state_offset(const struct room_state *state)
{
    return state->offset;
}

static void write_push(struct room_buffer *out, int64_t offset, const char *body)
{
    room_buffer_text(out, "{\"ch\":\"ctl\",\"o\":");
    room_buffer_integer(out, offset);
    room_buffer_text(out, ",");
    room_buffer_text(out, body);
    room_buffer_text(out, ",");
}

static void show_entry(struct room_state *state, struct entry *entry, char *body)
{
    if (entry->body)
        TAILQ_REMOVE(&state->shown, entry, shown_link);
    free(entry->body);
    entry->body = body;
    entry->offset = state->offset;
    TAILQ_INSERT_TAIL(&state->shown, entry, shown_link);
}

static void show_event(struct room_state *state, char *body)
{
    struct event *event;

    if (state->event_count == ROOM_EVENTS_MAX) {
        event = &state->events[state->event_first];
        state->lost = event->offset;
        state->event_first = (state->event_first + 1) % ROOM_EVENTS_MAX;
        state->event_count--;
        free(event->body);
    }
    event = &state->events[(state->event_first + state->event_count++) % ROOM_EVENTS_MAX];
    *event = (struct event){.offset = state->offset, .body = body};
}

int room_state_flush(struct room_state *state, struct room_buffer *out)
{
    struct waiting *waiting;
    int count = 0;

    while ((waiting = STAILQ_FIRST(&state->waiting))) {
        STAILQ_REMOVE_HEAD(&state->waiting, link);
        state->waiting_count--;
        state->offset++;
        write_push(out, state->offset, waiting->body);
        if (waiting->entry)
            show_entry(state, waiting->entry, waiting->body);
        else
            show_event(state, waiting->body);
        free(waiting);
        count++;
    }
    return count;
}

bool room_state_can_resume(const struct room_state *state, int64_t offset)
{
    return offset >= state->lost && offset <= state->offset;
}

/* Two lists, each in the order of offsets, read as one. */
void room_state_write(const struct room_state *state, int64_t offset, struct room_buffer *out)
{
    const struct entry *entry = TAILQ_FIRST(&state->shown);
    size_t at = 0, count = offset < 0 ? 0 : state->event_count;

    while (entry || at < count) {
        const struct event *event =
            at < count ? &state->events[(state->event_first + at) % ROOM_EVENTS_MAX] : NULL;

        if (!event || (entry && entry->offset < event->offset)) {
            if (entry->offset > offset)
                write_push(out, entry->offset, entry->body);
            entry = TAILQ_NEXT(entry, shown_link);
        } else {
            if (event->offset > offset)
                write_push(out, event->offset, event->body);
            at++;
        }
    }
}
