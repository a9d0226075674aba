/* Coming in and going. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/access/limiter.h"
#include "chat/room/private.h"

static void drop(struct room *room, struct room_welcome *welcome)
{
    if (welcome->frame)
        room->ops->frame_free(room->arg, welcome->frame);
    welcome->frame = NULL;
}

void room_welcome_drop(struct room *room)
{
    drop(room, &room->fresh);
    drop(room, &room->back);
}

static struct room_bucket *address_of(struct room *room, const char *address)
{
    uint8_t key[ACCESS_ADDRESS_KEY_BYTES] = {0};
    uint64_t hash = room->seed ^ 14695981039346656037U; /* FNV-1a */

    if (access_address_key(address, key))
        memcpy(key, address, strnlen(address, sizeof(key))); /* no address, but of some peer */
    for (size_t i = 0; i < sizeof(key); i++)
        hash = (hash ^ key[i]) * 1099511628211U;
    return room->addresses[(hash ^ hash >> 32) % ROOM_ADDRESSES];
}

static bool can_resume(const struct room *room, const struct room_position *since)
{
    return since && strcmp(since->epoch, room->epoch) == 0 &&
           room_state_can_resume(room->state, since->ctl) &&
           room_history_can_resume(room->history, since->chat);
}

/* All that a page needs, made once for all that come before the next flush. */
static void *welcome_of(struct room *room, const struct room_position *since)
{
    struct room_welcome *welcome = since ? &room->back : &room->fresh;
    int64_t ctl = since ? since->ctl : -1, chat = since ? since->chat : -1;
    struct room_buffer text = {0};
    bool lost = false;

    if (welcome->frame && welcome->ctl == ctl && welcome->chat == chat)
        return welcome->frame;
    drop(room, welcome);
    room_buffer_text(&text, "[");
    room_state_write(room->state, ctl, &text);
    room_history_write(room->history, chat, &text);
    (void)room_gauges_write(room, true, &text);
    room_buffer_text(&text, "{\"ch\":\"ctl\",\"o\":");
    room_buffer_integer(&text, room_state_offset(room->state));
    room_buffer_text(&text, ",\"e\":\"sync\",\"d\":{\"chat\":");
    room_buffer_integer(&text, room_history_offset(room->history));
    room_buffer_text(&text, "}},");
    *welcome = (struct room_welcome){
        .frame = room_frame_end(room, &text, &lost), .ctl = ctl, .chat = chat};
    room_buffer_deinit(&text);
    return welcome->frame;
}

static void answer_hello(struct room *room, struct room_member *member, int64_t id,
                         bool is_recovered, struct room_time now)
{
    const struct room_identity *you = &member->person->identity;
    struct room_buffer ok = {0};

    room_buffer_text(&ok, "{\"ep\":");
    room_buffer_quoted(&ok, room->epoch);
    room_buffer_text(&ok, is_recovered ? ",\"recovered\":true" : ",\"recovered\":false");
    room_buffer_text(&ok, ",\"you\":{\"id\":");
    room_buffer_quoted(&ok, you->person);
    room_buffer_text(&ok, ",\"name\":");
    room_buffer_quoted(&ok, you->name);
    room_buffer_text(&ok, ",\"role\":");
    room_buffer_quoted(&ok, access_role_name(member->role));
    room_buffer_text(&ok, you->is_reader ? ",\"reader\":true},\"now\":" : "},\"now\":");
    room_buffer_integer(&ok, now.wall_ms);
    room_buffer_text(&ok, "}");
    if (ok.failed)
        room_put_out(room, member, ROOM_OUT_LOST);
    else
        room_answer_ok(room, member, id, ok.data);
    room_buffer_deinit(&ok);
}

static int add_member(struct room *room, struct room_person *person,
                      const struct room_identity *identity, void *socket, struct room_member **out)
{
    struct room_member *member = calloc(1, sizeof(*member));

    if (!member)
        return -ENOMEM;
    if (!person->member_count)
        room_people_arrive(room->people, person);
    person->member_count++;
    person->identity = *identity;
    member->person = person;
    member->socket = socket;
    member->role = identity->role;
    member->address = address_of(room, identity->address);
    LIST_INSERT_HEAD(&person->members, member, of_person);
    LIST_INSERT_HEAD(&room->members, member, of_room);
    room->member_count++;
    *out = member;
    return 0;
}

int room_join(struct room *room, const struct room_hello *hello, void *socket, struct room_time now,
              struct room_member **out)
{
    const struct room_position *since = can_resume(room, hello->since) ? hello->since : NULL;
    struct room_person *person;
    void *welcome;
    int err;

    if (room->member_count == ROOM_MEMBERS_MAX)
        return -ENOSPC;
    welcome = welcome_of(room, since);
    person = room_people_get(room->people, hello->identity->person, now.mono_ms);
    if (!welcome || !person)
        return -ENOMEM;
    if (person->is_banned)
        return -EACCES;
    if (person->member_count >= ROOM_SOCKETS_PER_PERSON)
        return -EMFILE;
    err = add_member(room, person, hello->identity, socket, out);
    if (err)
        return err;
    answer_hello(room, *out, hello->id, since != NULL, now);
    if (!(*out)->is_out)
        room->ops->send(room->arg, socket, welcome);
    return 0;
}

void room_leave(struct room *room, struct room_member *member, struct room_time now)
{
    struct room_person *person = member->person;

    LIST_REMOVE(member, of_person);
    LIST_REMOVE(member, of_room);
    room->member_count--;
    if (--person->member_count == 0)
        room_people_leave(room->people, person, now.mono_ms);
    free(member);
}
