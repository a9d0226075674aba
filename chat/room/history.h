/**
 * The chat lane: messages that wait for the next flush, and the last ROOM_HISTORY_MAX that were shown. More than a person
 * can read is not shown: of what waits beyond ROOM_PENDING_MAX the oldest goes first, staff's words never, and a mark says
 * how many are missing. A deleted message that waits never goes out; one that was shown leaves a tombstone with its
 * offset, so that the offsets have no hole and nobody gets its words again (pitfalls 29, 40).
 *
 * Pure. Times are monotonic milliseconds.
 */
#ifndef CHAT_ROOM_HISTORY_H
#define CHAT_ROOM_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/room/message.h"

struct room_buffer;
struct room_history;

enum {
    ROOM_HISTORY_MAX = 300, /* what one recovery returns at most */
    ROOM_HISTORY_JOIN = 50,
    ROOM_SHOWN_PER_S = 20,               /* ours: above reading speed already */
    ROOM_PENDING_MAX = ROOM_SHOWN_PER_S, /* one second's worth: what waits longer is no talk */
    ROOM_PENDING_STAFF_MAX = 100,        /* ours: staff is limited per person, too */
};

JT_MUST_CHECK int room_history_new(struct room_history **out);
void room_history_free(struct room_history *history);

/** Add a message. Takes `body` ("e":"msg","d":{…}}) in every case. 0; -ENOMEM; -ENOSPC:
 * too many of staff wait. */
JT_MUST_CHECK int room_history_add(struct room_history *history, const char *mid,
                                   const char *person, bool is_staff, char *body);

/** 1: it was shown, and is a tombstone now; 0: it waited, and will not be shown; -ENOENT. `person` (at least
 * ROOM_PERSON_MAX_BYTES + 1, may be NULL): who had said it. */
int room_history_delete(struct room_history *history, const char *mid, char *person);

/** The newest message of `person` that can be deleted: its mid, or NULL. Borrowed until the next call that changes something. */
const char *room_history_of(const struct room_history *history, const char *person);

bool room_history_is_waiting(const struct room_history *history);

/** Show what may be shown by now; each push is followed by a comma. Returns how many messages. */
int room_history_flush(struct room_history *history, int64_t mono_ms, struct room_buffer *out);

int64_t room_history_offset(const struct room_history *history);
bool room_history_can_resume(const struct room_history *history, int64_t offset);

/** What came after `offset`; -1: the last ROOM_HISTORY_JOIN messages. Tombstones too: no offset is missing. Each push is followed by a comma. */
void room_history_write(const struct room_history *history, int64_t offset,
                        struct room_buffer *out);

/** The mark: {"ch":"chat","o":offset,"e":"skipped","d":{"n":count}} and a comma. It takes no offset of its own: it says how
 * far the reader is after it. */
void room_history_skipped(int64_t offset, int64_t count, struct room_buffer *out);

#endif
