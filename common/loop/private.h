/** What the files of this folder share; not for others. */
#ifndef JT_LOOP_PRIVATE_H
#define JT_LOOP_PRIVATE_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <uv.h>

#include "base/log.h"
#include "loop/loop.h"

enum { SLOW_NAMES_MAX = 16 };

/** Sign of life of a loop that runs. */
struct jt_loop_pulse {
    struct jt_loop_pulse *next, *prev; /* among those that run */
    uv_timer_t timer;
    _Atomic int64_t beat_us;
};

struct jt_loop {
    uv_loop_t uv;
    uv_async_t stop;
    char name[JT_LOOP_NAME_BYTES];
    struct jt_loop_pulse pulse;
    atomic_uintptr_t owner; /* the thread it belongs to, 0: none yet */
    int64_t callback_at_us; /* when the callback that runs now began, 0: none runs */
    uint8_t *scratch;
    struct jt_loop_exit exits; /* head of a ring */
    struct slow_name {
        const char *name; /* a literal, compared by address */
        struct jt_log_gate gate;
    } slow[SLOW_NAMES_MAX];
};

/** With the loop; around its running; before it is closed. */
void jt_loop_pulse_init(struct jt_loop *loop);
void jt_loop_pulse_start(struct jt_loop *loop);
void jt_loop_pulse_stop(struct jt_loop *loop);
void jt_loop_pulse_close(struct jt_loop *loop);

/** Make the calling thread the loop's. */
void jt_loop_claim(struct jt_loop *loop);

/** Whether the calling thread may touch the loop: it is the loop's thread, or there is none yet. */
bool jt_loop_is_mine(const struct jt_loop *loop);

/** Around every callback: they keep the time of the turn and report slow ones by `name`. */
void jt_loop_enter(struct jt_loop *loop);
void jt_loop_leave(struct jt_loop *loop, const char *name);

#endif
