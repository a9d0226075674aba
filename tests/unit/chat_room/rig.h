/* A room with pages that are lists of what was sent to them. */
#ifndef TESTS_CHAT_ROOM_RIG_H
#define TESTS_CHAT_ROOM_RIG_H

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"
#include "chat/room/room.h"
#include "chat/room/words.h"

struct frame {
    int refs;
    size_t size;
    char text[];
};

struct page {
    struct room_member *member;
    struct frame *frames[4096];
    size_t count, read;
    bool is_behind;
    int out; /* enum room_out, -1: still in */
};

struct rig {
    struct room *room;
    struct room_time now;
    int frames_made, frames_alive;
    struct room_act acts[16];
    size_t act_count;
};

static void *rig_frame_new(void *arg, const char *text, size_t size)
{
    struct rig *rig = arg;
    struct frame *frame = malloc(sizeof(*frame) + size + 1);

    frame->refs = 1;
    frame->size = size;
    memcpy(frame->text, text, size);
    frame->text[size] = '\0';
    rig->frames_made++;
    rig->frames_alive++;
    return frame;
}

static void rig_frame_free(void *arg, void *data)
{
    struct rig *rig = arg;
    struct frame *frame = data;

    if (--frame->refs)
        return;
    rig->frames_alive--;
    free(frame);
}

static void rig_send(void *arg, void *socket, void *data)
{
    struct page *page = socket;
    struct frame *frame = data;

    (void)arg;
    assert_true(page->count < JT_COUNT(page->frames));
    assert_int_equal(page->out, -1);
    frame->refs++;
    page->frames[page->count++] = frame;
}

static bool rig_is_behind(void *arg, void *socket)
{
    (void)arg;
    return ((struct page *)socket)->is_behind;
}

static void rig_put_out(void *arg, void *socket, enum room_out why)
{
    (void)arg;
    ((struct page *)socket)->out = (int)why;
}

static void rig_act(void *arg, const struct room_act *act)
{
    struct rig *rig = arg;

    if (rig->act_count < JT_COUNT(rig->acts))
        rig->acts[rig->act_count++] = *act;
}

static const struct room_ops rig_ops = {
    .frame_new = rig_frame_new,
    .frame_free = rig_frame_free,
    .send = rig_send,
    .is_behind = rig_is_behind,
    .put_out = rig_put_out,
    .act = rig_act,
};

/* A room; `life` is its random part. */
static inline void rig_open(struct rig *rig, uint8_t life)
{
    uint8_t seed[ROOM_SEED_BYTES] = {1, 2, 3, [15] = life};

    assert_int_equal(room_new(&rig_ops, rig, seed, &rig->room), 0);
}

static inline struct rig *rig_new(void)
{
    struct rig *rig = calloc(1, sizeof(*rig));

    rig->now = (struct room_time){.mono_ms = 1000000, .wall_ms = 1700000000000};
    rig_open(rig, 1);
    return rig;
}

static inline struct page *page_new(void)
{
    struct page *page = calloc(1, sizeof(*page));

    page->out = -1;
    return page;
}

/* The page goes: out of the room first, if it is in. */
static inline void page_free(struct rig *rig, struct page *page)
{
    if (page->member)
        room_leave(rig->room, page->member, rig->now);
    for (size_t i = 0; i < page->count; i++)
        rig_frame_free(rig, page->frames[i]);
    free(page);
}

static inline void rig_free(struct rig *rig)
{
    room_free(rig->room);
    assert_int_equal(rig->frames_alive, 0);
    free(rig);
}

static inline struct room_identity rig_identity(const char *person, enum access_role role)
{
    struct room_identity identity = {.role = role};

    strcpy(identity.person, person);
    (void)snprintf(identity.name, sizeof(identity.name), "%.30s", person);
    (void)snprintf(identity.address, sizeof(identity.address), "10.0.%u.%u", (unsigned)person[0],
                   (unsigned)person[strlen(person) - 1]);
    return identity;
}

static inline int rig_join_as(struct rig *rig, struct page *page,
                              const struct room_identity *identity,
                              const struct room_position *since)
{
    struct room_hello hello = {.id = 1, .since = since, .identity = identity};

    return room_join(rig->room, &hello, page, rig->now, &page->member);
}

static inline struct page *rig_join(struct rig *rig, const char *person, enum access_role role)
{
    struct room_identity identity = rig_identity(person, role);
    struct page *page = page_new();

    assert_int_equal(rig_join_as(rig, page, &identity, NULL), 0);
    return page;
}

static inline void rig_wait(struct rig *rig, int64_t ms)
{
    rig->now.mono_ms += ms;
    rig->now.wall_ms += ms;
}

/* Let time go on by `ms`, flushing whenever the room wants to. */
static inline void rig_run(struct rig *rig, int64_t ms)
{
    int64_t end_ms = rig->now.mono_ms + ms;

    for (;;) {
        int64_t due_ms = JT_MAX(room_due_ms(rig->room), rig->now.mono_ms);

        if (due_ms > end_ms)
            break;
        rig_wait(rig, due_ms - rig->now.mono_ms);
        room_flush(rig->room, rig->now);
        rig_wait(rig, 1);
    }
    rig_wait(rig, JT_MAX(end_ms - rig->now.mono_ms, 0));
}

static inline void rig_say_raw(struct rig *rig, struct page *page, const char *json)
{
    room_receive(rig->room, page->member, json, strlen(json), rig->now);
}

/* The next frame that wasn't looked at; to be json_decref'd. NULL: none. */
static inline json_t *page_next(struct page *page)
{
    json_t *value;

    if (page->read == page->count)
        return NULL;
    value = json_loads(page->frames[page->read++]->text, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(value);
    return value;
}

static inline void page_skip(struct page *page)
{
    page->read = page->count;
}

/* Send and look at the answer: "" for ok, else the code. `mid` (64 bytes) may be NULL. */
static inline const char *rig_ask(struct rig *rig, struct page *page, const char *json, char *mid,
                                  int64_t *retry_ms)
{
    static char code[64];
    json_t *answer;

    page_skip(page);
    rig_say_raw(rig, page, json);
    answer = page_next(page);
    while (answer && json_is_array(answer)) { /* a push on the lane me may come before */
        json_decref(answer);
        answer = page_next(page);
    }
    assert_non_null(answer);
    (void)snprintf(code, sizeof(code), "%s",
                   json_object_get(answer, "ok")
                       ? ""
                       : json_string_value(json_object_get(json_object_get(answer, "er"), "c")));
    if (mid && !*code)
        strcpy(mid, json_string_value(json_object_get(json_object_get(answer, "ok"), "mid")));
    if (retry_ms)
        *retry_ms = json_integer_value(json_object_get(json_object_get(answer, "er"), "ra"));
    json_decref(answer);
    return code;
}

/* Say something with a key of its own. */
static inline const char *rig_say(struct rig *rig, struct page *page, const char *text, char *mid)
{
    static int key;
    char json[ROOM_MESSAGE_MAX_BYTES];

    (void)snprintf(json, sizeof(json),
                   "{\"id\":7,\"m\":\"chat.send\",\"k\":\"key-%08d\",\"d\":{\"t\":\"%s\"}}", ++key,
                   text);
    return rig_ask(rig, page, json, mid, NULL);
}

/* How often a text stands in what the page has got and nobody has looked at. */
static inline int page_count(const struct page *page, const char *text)
{
    int count = 0;

    for (size_t i = page->read; i < page->count; i++)
        for (const char *at = page->frames[i]->text; (at = strstr(at, text)); at++)
            count++;
    return count;
}

#endif
