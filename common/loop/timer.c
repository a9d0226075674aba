#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "loop/private.h"

struct jt_timer {
    uv_timer_t uv;
    struct jt_loop *loop;
    const char *name;
    jt_timer_fn fn;
    void *arg;
};

static void on_timer(uv_timer_t *uv)
{
    struct jt_timer *timer = uv->data;

    /* The callback may free the timer: its memory stays until the end of the turn. */
    jt_loop_enter(timer->loop);
    timer->fn(timer->arg);
    jt_loop_leave(timer->loop, timer->name);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

int jt_timer_new(struct jt_loop *loop, const char *name, jt_timer_fn fn, void *arg,
                 struct jt_timer **out)
{
    struct jt_timer *timer = calloc(1, sizeof(*timer));

    assert(jt_loop_is_mine(loop));
    if (!timer)
        return -ENOMEM;
    (void)uv_timer_init(&loop->uv, &timer->uv); /* always succeeds */
    timer->uv.data = timer;
    timer->loop = loop;
    timer->name = name;
    timer->fn = fn;
    timer->arg = arg;
    *out = timer;
    return 0;
}

static uint64_t round_up_ms(int64_t us)
{
    return ((uint64_t)us + JT_USEC_PER_MSEC - 1) / JT_USEC_PER_MSEC;
}

/*
 * libuv counts from the millisecond it saw last, which may be past by a long callback: count from now instead, so that
 * no timer fires early.
 */
static uint64_t delay_ms(const struct jt_loop *loop, int64_t delay_us)
{
    uint64_t due_ms, loop_ms = uv_now(&loop->uv);

    if (delay_us <= 0)
        return 0;
    due_ms = round_up_ms(jt_clock_mono_us() + delay_us);
    return due_ms > loop_ms ? due_ms - loop_ms : 0;
}

void jt_timer_start(struct jt_timer *timer, int64_t delay_us, int64_t repeat_us)
{
    assert(jt_loop_is_mine(timer->loop) && !uv_is_closing((uv_handle_t *)&timer->uv));
    (void)uv_timer_start(&timer->uv, on_timer, delay_ms(timer->loop, delay_us),
                         repeat_us > 0 ? round_up_ms(repeat_us) : 0);
}

void jt_timer_stop(struct jt_timer *timer)
{
    assert(jt_loop_is_mine(timer->loop));
    (void)uv_timer_stop(&timer->uv);
}

bool jt_timer_is_active(const struct jt_timer *timer)
{
    return uv_is_active((const uv_handle_t *)&timer->uv);
}

void jt_timer_free(struct jt_timer *timer)
{
    if (!timer)
        return;
    assert(jt_loop_is_mine(timer->loop));
    uv_close((uv_handle_t *)&timer->uv, on_closed);
}
