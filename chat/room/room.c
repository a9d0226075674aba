#include "chat/room/room.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/access/rights.h"
#include "chat/room/private.h"

enum { EXPIRE_MS = 10000 };

#define NEVER_MS (INT64_MIN / 2)

static uint64_t seed_part(const uint8_t *seed)
{
    uint64_t part = 0;

    for (int i = 0; i < 8; i++)
        part = part << 8 | seed[i];
    return part;
}

int room_new(const struct room_ops *ops, void *arg, const uint8_t seed[ROOM_SEED_BYTES],
             struct room **out)
{
    struct room *room = calloc(1, sizeof(*room));
    int err;

    if (!room)
        return -ENOMEM;
    room->ops = ops;
    room->arg = arg;
    room->seed = seed_part(seed);
    (void)snprintf(room->epoch, sizeof(room->epoch), "%016llx",
                   (unsigned long long)seed_part(seed + 8));
    room->flushed_ms = room->gauged_ms = room->expired_ms = NEVER_MS;
    LIST_INIT(&room->members);
    err = room_people_new(room->seed, &room->people);
    if (!err)
        err = room_state_new(&room->state);
    if (!err)
        err = room_history_new(&room->history);
    if (err) {
        room_free(room);
        return err;
    }
    *out = room;
    return 0;
}

void room_free(struct room *room)
{
    struct room_member *member;

    if (!room)
        return;
    while ((member = LIST_FIRST(&room->members))) {
        LIST_REMOVE(member, of_room);
        free(member);
    }
    room_welcome_drop(room);
    room_people_free(room->people);
    room_state_free(room->state);
    room_history_free(room->history);
    room_words_free(room->words);
    room_buffer_deinit(&room->out);
    room_buffer_deinit(&room->lean);
    free(room);
}

void room_set_words(struct room *room, struct room_words *words)
{
    room_words_free(room->words);
    room->words = words;
}

void room_set_counts(struct room *room, int64_t hearts, int64_t messages)
{
    room->gauges[ROOM_GAUGE_HEARTS] = room->gauges_sent[ROOM_GAUGE_HEARTS] = hearts;
    room->messages = messages;
}

void room_counts(const struct room *room, struct room_counts *out)
{
    out->hearts = room->gauges[ROOM_GAUGE_HEARTS];
    out->messages = room->messages;
    out->members = room->member_count;
    out->persons = room_people_count(room->people);
}

const char *room_epoch(const struct room *room)
{
    return room->epoch;
}

bool room_member_is_staff(const struct room_member *member)
{
    return access_may(ACCESS_CHAT_DELETE, access_role_mask(member->role)) ||
           access_may(ACCESS_CHAT_SEND_FROZEN, access_role_mask(member->role));
}

void room_put_out(struct room *room, struct room_member *member, enum room_out why)
{
    if (member->is_out)
        return;
    member->is_out = true;
    room->ops->put_out(room->arg, member->socket, why);
}

void room_send_text(struct room *room, struct room_member *member, const char *text, size_t size)
{
    void *frame;

    if (member->is_out)
        return;
    frame = room->ops->frame_new(room->arg, text, size);
    if (!frame) {
        room_put_out(room, member, ROOM_OUT_LOST);
        return;
    }
    room->ops->send(room->arg, member->socket, frame);
    room->ops->frame_free(room->arg, frame);
}

/* `json` is one object; what comes out stands behind a push's offset. */
static char *body_of(const char *event, const char *json)
{
    struct room_buffer body = {0};

    room_buffer_text(&body, "\"e\":");
    room_buffer_quoted(&body, event);
    room_buffer_text(&body, ",\"d\":");
    room_buffer_text(&body, json);
    room_buffer_text(&body, "}");
    return room_buffer_take(&body);
}

int room_publish(struct room *room, const char *key, int64_t version, const char *event,
                 const char *json)
{
    char *body = body_of(event, json);
    int err = body ? room_state_set(room->state, key, version, body) : -ENOMEM;

    return err < 0 ? err : 0;
}

int room_event(struct room *room, const char *event, const char *json)
{
    char *body = body_of(event, json);

    return body ? room_state_event(room->state, body) : -ENOMEM;
}

/* Hearts only grow: nobody's late word takes some away (pitfall 41). */
void room_set_gauge(struct room *room, enum room_gauge gauge, int64_t value)
{
    if (gauge == ROOM_GAUGE_HEARTS)
        value = JT_MAX(value, room->gauges[gauge]);
    if (room->gauges[gauge] != value)
        room_welcome_drop(room);
    room->gauges[gauge] = value;
}

int room_tell(struct room *room, const char *id, const char *event, const char *json)
{
    struct room_person *person = room_people_find(room->people, id);
    struct room_buffer text = {0};
    struct room_member *member;
    char *body;

    if (!person || !person->member_count)
        return -ENOENT;
    body = body_of(event, json);
    if (!body)
        return -ENOMEM;
    room_buffer_text(&text, "[{\"ch\":\"me\",");
    room_buffer_text(&text, body);
    room_buffer_text(&text, "]");
    free(body);
    if (!text.failed)
        LIST_FOREACH (member, &person->members, of_person)
            room_send_text(room, member, text.data, text.size);
    room_buffer_deinit(&text);
    return 0;
}

int room_gauges_write(const struct room *room, bool all, struct room_buffer *out)
{
    static const char *const names[ROOM_GAUGES] = {"hearts", "viewers", "sold"};
    int count = 0;

    for (int i = 0; i < ROOM_GAUGES; i++) {
        if (!all && room->gauges[i] == room->gauges_sent[i])
            continue;
        room_buffer_text(out, "{\"ch\":\"gauge\",\"e\":\"");
        room_buffer_text(out, names[i]);
        room_buffer_text(out, "\",\"d\":{\"n\":");
        room_buffer_integer(out, room->gauges[i]);
        room_buffer_text(out, "}},");
        count++;
    }
    return count;
}

static bool is_gauge_waiting(const struct room *room)
{
    for (int i = 0; i < ROOM_GAUGES; i++)
        if (room->gauges[i] != room->gauges_sent[i])
            return true;
    return false;
}

int64_t room_due_ms(const struct room *room)
{
    int64_t due_ms = INT64_MAX;

    if (is_gauge_waiting(room))
        due_ms = JT_MAX(room->gauged_ms + ROOM_GAUGE_GAP_MS, room->flushed_ms + ROOM_TICK_MS);
    if (room_history_is_waiting(room->history))
        due_ms = JT_MIN(due_ms, room->flushed_ms + ROOM_TICK_MS);
    if (room_state_is_waiting(room->state))
        due_ms = JT_MIN(due_ms, room->flushed_ms + ROOM_CTL_GAP_MS);
    return due_ms;
}

void *room_frame_end(struct room *room, struct room_buffer *buffer, bool *lost)
{
    void *frame = NULL;

    if (!buffer->failed && buffer->size <= 1)
        return NULL;
    if (!buffer->failed) {
        buffer->data[buffer->size - 1] = ']';
        frame = room->ops->frame_new(room->arg, buffer->data, buffer->size);
    }
    *lost |= !frame;
    return frame;
}

static void free_frame(struct room *room, void *frame)
{
    if (frame)
        room->ops->frame_free(room->arg, frame);
}

/* One who has caught up: how much is missing, and the figures that were left out. */
static void catch_up(struct room *room, struct room_member *member, int64_t chat_before)
{
    struct room_buffer text = {0};

    room_buffer_text(&text, "[");
    if (member->skipped)
        room_history_skipped(chat_before, member->skipped, &text);
    (void)room_gauges_write(room, true, &text);
    if (!text.failed) {
        text.data[text.size - 1] = ']';
        room_send_text(room, member, text.data, text.size);
    }
    room_buffer_deinit(&text);
    member->skipped = 0;
    member->is_behind = false;
}

struct flush {
    void *whole, *lean;
    int64_t chat_before;
    int messages;
};

static void send_flush(struct room *room, struct room_member *member, const struct flush *flush)
{
    if (member->is_out)
        return;
    if (room->ops->is_behind(room->arg, member->socket)) {
        member->is_behind = true;
        member->skipped += flush->messages;
        if (flush->lean)
            room->ops->send(room->arg, member->socket, flush->lean);
        return;
    }
    if (member->is_behind)
        catch_up(room, member, flush->chat_before);
    room->ops->send(room->arg, member->socket, flush->whole);
}

static void lay_out(struct room *room, int64_t mono_ms, struct flush *flush, bool *lost)
{
    bool is_gauge_due = mono_ms - room->gauged_ms >= ROOM_GAUGE_GAP_MS;

    room_buffer_clear(&room->out);
    room_buffer_clear(&room->lean);
    room_buffer_text(&room->out, "[");
    if (room_state_flush(room->state, &room->out) && !room->out.failed)
        room_buffer_bytes(&room->lean, room->out.data, room->out.size);
    flush->chat_before = room_history_offset(room->history);
    flush->messages = room_history_flush(room->history, mono_ms, &room->out);
    if (is_gauge_due && room_gauges_write(room, false, &room->out)) {
        memcpy(room->gauges_sent, room->gauges, sizeof(room->gauges));
        room->gauged_ms = mono_ms;
    }
    flush->whole = room_frame_end(room, &room->out, lost);
    flush->lean = room_frame_end(room, &room->lean, lost);
}

void room_flush(struct room *room, struct room_time now)
{
    struct flush flush;
    struct room_member *member;
    bool lost = false;

    if (now.mono_ms - room->expired_ms >= EXPIRE_MS) {
        room->expired_ms = now.mono_ms;
        room_people_expire(room->people, now.mono_ms);
    }
    if (now.mono_ms < room_due_ms(room))
        return;
    room->flushed_ms = now.mono_ms;
    lay_out(room, now.mono_ms, &flush, &lost);
    if (flush.whole || lost)
        room_welcome_drop(room);
    LIST_FOREACH (member, &room->members, of_room) {
        if (lost)
            room_put_out(room, member, ROOM_OUT_LOST);
        else if (flush.whole)
            send_flush(room, member, &flush);
    }
    free_frame(room, flush.whole);
    free_frame(room, flush.lean);
}

void room_each(struct room *room, void (*fn)(void *arg, void *socket), void *arg)
{
    struct room_member *member;

    LIST_FOREACH (member, &room->members, of_room)
        fn(arg, member->socket);
}

void room_each_of(struct room *room, const char *id, void (*fn)(void *arg, void *socket), void *arg)
{
    const struct room_person *person = room_people_find(room->people, id);
    struct room_member *member;

    if (!person)
        return;
    LIST_FOREACH (member, &person->members, of_person)
        fn(arg, member->socket);
}
