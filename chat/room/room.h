/**
 * One show's room: who is in it, its four lanes, and the rules of talk. No socket, clock or thread: time and bytes come in as
 * arguments, frames go out by callbacks.
 *
 *   ctl    keyed state and events; never lost, flushed at once     state.h
 *   me     one person's own affairs; sent at once, no history: the truth is in the store
 *   chat   messages; the oldest is dropped first, a mark says so   history.h
 *   gauge  hearts, viewers, sold; only the newest, once a second
 *
 * A flush lays its pushes out once, as one JSON array in the order ctl, chat, gauge, and every member gets the same frame.
 * A page that doesn't keep up gets ctl alone, and a mark of what it missed once it does.
 *
 * Epoch and offsets: a page that comes back says how far it came (struct room_position); it gets all that it missed, or, if
 * that is not possible, the whole state and `recovered` false (pitfalls 36 to 38). Either ends with
 * {"ch":"ctl","o":318,"e":"sync","d":{"chat":77}}: only now has the page come so far.
 */
#ifndef CHAT_ROOM_ROOM_H
#define CHAT_ROOM_ROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/room/act.h"

struct room;
struct room_member;
struct room_words;

enum {
    ROOM_TICK_MS = 150,
    ROOM_CTL_GAP_MS = 50,     /* ours: at once, but 20 frames a second are enough for anybody */
    ROOM_GAUGE_GAP_MS = 1000, /* pitfall 35 */
    ROOM_MEMBERS_MAX = 20000,
    ROOM_SEED_BYTES = 16,
};

struct room_time {
    int64_t mono_ms; /* what all limits run on (pitfall 47) */
    int64_t wall_ms; /* since 1970, for pages */
};

/** Why a page is put out. */
enum room_out {
    ROOM_OUT_BAD_MESSAGE,
    ROOM_OUT_BANNED,
    ROOM_OUT_FLOOD,
    ROOM_OUT_LOST, /* memory was short: it may come back at once and is told all */
};

enum room_gauge { ROOM_GAUGE_HEARTS, ROOM_GAUGE_VIEWERS, ROOM_GAUGE_SOLD, ROOM_GAUGES };

/** What the room needs of its surroundings. `socket` is the member's, as given to room_join. */
struct room_ops {
    /** A frame that many will get: laid out once. NULL without memory. */
    void *(*frame_new)(void *arg, const char *text, size_t size);
    void (*frame_free)(void *arg, void *frame);
    /** Send it. Must not come back into the room. */
    void (*send)(void *arg, void *socket, void *frame);
    /** Is more waiting for this page than it takes? */
    bool (*is_behind)(void *arg, void *socket);
    /** Put it out. room_leave comes later, not from within. */
    void (*put_out)(void *arg, void *socket, enum room_out why);
    /** A member with the right to it has done something that outlasts the room. */
    void (*act)(void *arg, const struct room_act *act);
};

struct room_counts {
    int64_t hearts, messages;
    int members, persons;
};

/** `seed`: fresh random bytes for each life of a room: the epoch and the order of the tables come of them. */
JT_MUST_CHECK int room_new(const struct room_ops *ops, void *arg,
                           const uint8_t seed[ROOM_SEED_BYTES], struct room **out);
/** Its members are gone with it; nothing is sent. NULL is fine. */
void room_free(struct room *room);

/** The list of words from now on; takes it. NULL: none. */
void room_set_words(struct room *room, struct room_words *words);
/** What was counted in earlier lives; call before anybody is in. */
void room_set_counts(struct room *room, int64_t hearts, int64_t messages);
void room_counts(const struct room *room, struct room_counts *out);
const char *room_epoch(const struct room *room);

/**
 * A page has come in: the answer to its hello (`id`) goes out, and what it needs to go on. `since` NULL: it is new here.
 * -EACCES: banned; -EMFILE: too many pages of this person; -ENOSPC: the room is full; -ENOMEM.
 */
struct room_hello {
    int64_t id;
    const struct room_position *since;
    const struct room_identity *identity;
};
JT_MUST_CHECK int room_join(struct room *room, const struct room_hello *hello, void *socket,
                            struct room_time now, struct room_member **out);
void room_leave(struct room *room, struct room_member *member, struct room_time now);

/** A message from a page's socket; an empty one is a sign of life and has no answer. The answer goes out at once; what others see waits for the flush. */
void room_receive(struct room *room, struct room_member *member, const char *bytes, size_t size,
                  struct room_time now);

/** A keyed entry of the ctl lane; `json` is copied. As room_state_set, but 0 for both waiting and stale. */
JT_MUST_CHECK int room_publish(struct room *room, const char *key, int64_t version,
                               const char *event, const char *json);
/** An event of the ctl lane. */
JT_MUST_CHECK int room_event(struct room *room, const char *event, const char *json);
void room_set_gauge(struct room *room, enum room_gauge gauge, int64_t value);

/** To all pages of a person, at once. -ENOENT: not here. */
int room_tell(struct room *room, const char *person, const char *event, const char *json);

/**
 * An act by the service (rights were checked) or from the store at the room's beginning. Doesn't call ops.act. 0; -ENOENT: no
 * such message; -EINVAL: none of the acts; -ENOMEM.
 */
JT_MUST_CHECK int room_act(struct room *room, const struct room_act *act, struct room_time now);

/** When room_flush is due next (monotonic ms; may be in the past), or INT64_MAX: nothing waits. */
int64_t room_due_ms(const struct room *room);
/** Send what is due. Harmless when nothing is. */
void room_flush(struct room *room, struct room_time now);

/** All sockets, for whoever puts everybody out. */
void room_each(struct room *room, void (*fn)(void *arg, void *socket), void *arg);
/** The sockets of one person. */
void room_each_of(struct room *room, const char *person, void (*fn)(void *arg, void *socket),
                  void *arg);

#endif
