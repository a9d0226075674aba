#include "chat/picture/turns.h"

#include <errno.h>
#include <time.h>

#include "base/clock.h"

void picture_turns_init(struct picture_turns *turns, int running_max, int waiting_max)
{
    *turns = (struct picture_turns){.running_max = running_max, .waiting_max = waiting_max};
    (void)pthread_mutex_init(&turns->lock, NULL);
    (void)pthread_cond_init(&turns->has_room, NULL);
}

void picture_turns_deinit(struct picture_turns *turns)
{
    (void)pthread_cond_destroy(&turns->has_room);
    (void)pthread_mutex_destroy(&turns->lock);
}

static struct timespec after(int64_t ms)
{
    int64_t at_us = jt_clock_mono_us() + ms * JT_USEC_PER_MSEC;

    return (struct timespec){.tv_sec = at_us / JT_USEC_PER_SEC,
                             .tv_nsec = at_us % JT_USEC_PER_SEC * 1000};
}

/** With the lock held. */
static int await_room(struct picture_turns *turns, int64_t patience_ms)
{
    struct timespec deadline = after(patience_ms);
    int err = 0;

    if (turns->running < turns->running_max)
        return 0;
    if (turns->waiting == turns->waiting_max)
        return -EBUSY;
    turns->waiting++;
    while (!err && turns->running == turns->running_max)
        err = pthread_cond_clockwait(&turns->has_room, &turns->lock, CLOCK_MONOTONIC, &deadline);
    turns->waiting--;
    return turns->running < turns->running_max ? 0 : -EBUSY;
}

int picture_turns_enter(struct picture_turns *turns, int64_t patience_ms)
{
    int err;

    (void)pthread_mutex_lock(&turns->lock);
    err = await_room(turns, patience_ms);
    turns->running += !err;
    (void)pthread_mutex_unlock(&turns->lock);
    return err;
}

void picture_turns_leave(struct picture_turns *turns)
{
    (void)pthread_mutex_lock(&turns->lock);
    turns->running--;
    (void)pthread_cond_signal(&turns->has_room);
    (void)pthread_mutex_unlock(&turns->lock);
}
