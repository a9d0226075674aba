/**
 * The ctl lane: keyed entries (pin, price, stock, notice …), of which only the newest counts, and events (delete, end) that
 * are never lost. What is published waits until the next flush; a newer entry takes the place of an older one that waits
 * before that has an offset, so that the offsets pages see have no holes (pitfall 40). An entry whose version isn't newer
 * is dropped (pitfall 39). To go on from an offset is to get all that came later: entries are kept for good, of the events
 * the last ROOM_EVENTS_MAX.
 *
 * Pure. `body` is what stands behind the offset: "e":"stock","d":{…}}
 */
#ifndef CHAT_ROOM_STATE_H
#define CHAT_ROOM_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct room_buffer;
struct room_state;

enum {
    ROOM_STATE_KEYS_MAX = 4096, /* ours: 300 products with a dozen variants each */
    ROOM_STATE_KEY_MAX_BYTES = 63,
    ROOM_EVENTS_MAX = 300,
    ROOM_STATE_PENDING_MAX = 8192, /* ours: between two flushes, at most 50 ms apart */
};

JT_MUST_CHECK int room_state_new(struct room_state **out);
void room_state_free(struct room_state *state);

/**
 * Set the entry `key`. `version` 0: newer than whatever is there. Takes `body` (free()d) in every case. 1: it waits for the
 * flush; 0: it was stale; -ENOSPC: too many keys or too much waiting; -EINVAL: the key's length; -ENOMEM.
 */
JT_MUST_CHECK int room_state_set(struct room_state *state, const char *key, int64_t version,
                                 char *body);

/** An event. Takes `body` in every case. 0, -ENOSPC, -ENOMEM. */
JT_MUST_CHECK int room_state_event(struct room_state *state, char *body);

bool room_state_is_waiting(const struct room_state *state);

/** Give offsets to what waits and write the pushes, each followed by a comma. Returns how many. */
int room_state_flush(struct room_state *state, struct room_buffer *out);

/** The last offset given out; 0: none yet. */
int64_t room_state_offset(const struct room_state *state);

/** Whether somebody who has seen all up to `offset` can be given all the rest. */
bool room_state_can_resume(const struct room_state *state, int64_t offset);

/** Write what came after `offset`, in order; -1: the whole state, without events. Each push is followed by a comma. */
void room_state_write(const struct room_state *state, int64_t offset, struct room_buffer *out);

#endif
