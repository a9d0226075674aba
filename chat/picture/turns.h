/** How many may do a thing at once, and how many may wait for it. */
#ifndef CHAT_PICTURE_TURNS_H
#define CHAT_PICTURE_TURNS_H

#include <pthread.h>
#include <stdint.h>

#include "base/base.h"

struct picture_turns {
    pthread_mutex_t lock;
    pthread_cond_t has_room;
    int running, running_max, waiting, waiting_max;
};

void picture_turns_init(struct picture_turns *turns, int running_max, int waiting_max);
/** Nobody may be in. */
void picture_turns_deinit(struct picture_turns *turns);

/** Begin, or wait to begin. -EBUSY: too many wait, or the patience is over. Any thread. */
JT_MUST_CHECK int picture_turns_enter(struct picture_turns *turns, int64_t patience_ms);
void picture_turns_leave(struct picture_turns *turns);

#endif
