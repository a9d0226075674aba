/** What room.c, join.c and talk.c share; not for others. */
#ifndef CHAT_ROOM_PRIVATE_H
#define CHAT_ROOM_PRIVATE_H

#include "chat/room/buffer.h"
#include "chat/room/history.h"
#include "chat/room/people.h"
#include "chat/room/room.h"
#include "chat/room/state.h"
#include "chat/room/words.h"

enum { ROOM_ADDRESSES = 1024 }; /* under a keyed hash: who shares a place shares the limit */

struct room_member {
    LIST_ENTRY(room_member) of_room, of_person;
    struct room_person *person;
    void *socket;
    enum access_role role;
    struct room_bucket *address; /* two */
    struct room_bucket messages;
    int64_t skipped; /* messages it didn't get for being behind */
    bool is_behind;  /* something was left out since its last whole frame */
    bool is_out;     /* is being put out: deaf and dumb */
};

/** What newcomers get, made once and kept until something changes (threat W10). */
struct room_welcome {
    void *frame;       /* NULL: not made */
    int64_t ctl, chat; /* from where */
};

struct room {
    const struct room_ops *ops;
    void *arg;
    char epoch[ROOM_EPOCH_MAX_BYTES + 1];
    uint64_t seed;
    struct room_people *people;
    struct room_state *state;
    struct room_history *history;
    struct room_words *words;
    LIST_HEAD(, room_member) members;
    int member_count;
    struct room_bucket addresses[ROOM_ADDRESSES][2];
    int64_t gauges[ROOM_GAUGES], gauges_sent[ROOM_GAUGES];
    int64_t flushed_ms, gauged_ms; /* when; INT64_MIN / 2: never */
    int64_t expired_ms;
    int64_t spoken;   /* messages ever, for mids */
    int64_t messages; /* shown or waiting, earlier lives too */
    int slow_s;
    bool is_frozen;
    struct room_welcome fresh, back;
    struct room_buffer out, lean;
};

bool room_member_is_staff(const struct room_member *member);

/** Send text to one member, now. */
void room_send_text(struct room *room, struct room_member *member, const char *text, size_t size);

/** Put a member out, once. */
void room_put_out(struct room *room, struct room_member *member, enum room_out why);

/** [push,push,] becomes [push,push]. A frame of it, or NULL: nothing in it, or no memory (`*lost` then). */
void *room_frame_end(struct room *room, struct room_buffer *buffer, bool *lost);

/** All gauges, or those that have changed, each followed by a comma. Returns how many. */
int room_gauges_write(const struct room *room, bool all, struct room_buffer *out);

/** What newcomers get is no longer true. */
void room_welcome_drop(struct room *room);

/** ,"id":7 answers. `ok`: a JSON object. `retry_ms` below 0: not worth a retry. */
void room_answer_ok(struct room *room, struct room_member *member, int64_t id, const char *ok);
void room_answer_error(struct room *room, struct room_member *member, int64_t id, const char *code,
                       int64_t retry_ms);

/** Carry out an act. As room_act; fills in what was decided (until_ms, person). */
int room_act_do(struct room *room, struct room_act *act, struct room_time now);

#endif
