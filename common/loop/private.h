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

struct jt_loop {
    uv_loop_t uv;
    uv_async_t stop;
    char name[32];
    atomic_uintptr_t owner; /* the thread it belongs to, 0: none yet */
    int64_t callback_at_us; /* when the callback that runs now began, 0: none runs */
    uint8_t *scratch;
    struct jt_loop_exit exits; /* head of a ring */
    struct slow_name {
        const char *name; /* a literal, compared by address */
        struct jt_log_gate gate;
    } slow[SLOW_NAMES_MAX];
};

/** Make the calling thread the loop's. */
void jt_loop_claim(struct jt_loop *loop);

/** Whether the calling thread may touch the loop: it is the loop's thread, or there is none yet. */
bool jt_loop_is_mine(const struct jt_loop *loop);

/** Around every callback: they keep the time of the turn and report slow ones by `name`. */
void jt_loop_enter(struct jt_loop *loop);
void jt_loop_leave(struct jt_loop *loop, const char *name);

#endif
