#include "loop/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "loop/private.h"

enum { CLOSING_TURNS = 3 }; /* a signal caught while its handle closes takes one more */

static struct jt_metric slow_total =
    JT_COUNTER("jangteo_loop_slow_total", "Callbacks that held up their loop.", "callback");

/* Its address is a thread's identity. */
static _Thread_local char this_thread;

static uintptr_t my_identity(void)
{
    return (uintptr_t)&this_thread;
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

int jt_loop_new(const char *name, struct jt_loop **out)
{
    struct jt_loop *loop = calloc(1, sizeof(*loop));
    int err;

    if (!loop)
        return -ENOMEM;
    (void)snprintf(loop->name, sizeof(loop->name), "%s", name);
    loop->exits.next = loop->exits.prev = &loop->exits;
    err = uv_loop_init(&loop->uv); /* libuv's errors are negative errno values on Unix */
    if (err) {
        free(loop);
        return err;
    }
    err = uv_async_init(&loop->uv, &loop->stop, on_stop);
    if (err) {
        (void)uv_loop_close(&loop->uv);
        free(loop);
        return err;
    }
    *out = loop;
    return 0;
}

static void report_leftover(uv_handle_t *handle, void *arg)
{
    struct jt_loop *loop = arg;

    if (!uv_is_closing(handle))
        jt_error("loop.leftover", KV("loop", loop->name),
                 KV("handle", uv_handle_type_name(uv_handle_get_type(handle))));
}

void jt_loop_free(struct jt_loop *loop)
{
    int err = UV_EBUSY;

    if (!loop)
        return;
    atomic_store(&loop->owner, 0);
    while (loop->exits.next != &loop->exits)
        loop->exits.next->fn(loop->exits.next->arg);
    uv_close((uv_handle_t *)&loop->stop, NULL);
    for (int i = 0; err && i < CLOSING_TURNS; i++) {
        jt_loop_turn(loop);
        err = uv_loop_close(&loop->uv);
    }
    if (err) {
        uv_walk(&loop->uv, report_leftover, loop);
        assert(!"a timer, watch or mailbox outlived its loop");
        return; /* leaked: libuv still refers to it */
    }
    free(loop->scratch);
    free(loop);
}

void jt_loop_claim(struct jt_loop *loop)
{
    assert(jt_loop_is_mine(loop));
    atomic_store(&loop->owner, my_identity());
}

bool jt_loop_is_mine(const struct jt_loop *loop)
{
    uintptr_t owner = atomic_load_explicit(&loop->owner, memory_order_relaxed);

    return owner == 0 || owner == my_identity();
}

void jt_loop_run(struct jt_loop *loop)
{
    jt_loop_claim(loop);
    (void)uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void jt_loop_turn(struct jt_loop *loop)
{
    jt_loop_claim(loop);
    (void)uv_run(&loop->uv, UV_RUN_NOWAIT);
}

void jt_loop_stop(struct jt_loop *loop)
{
    (void)uv_async_send(&loop->stop);
}

int64_t jt_loop_now_us(const struct jt_loop *loop)
{
    return loop->callback_at_us ? loop->callback_at_us : jt_clock_mono_us();
}

struct uv_loop_s *jt_loop_uv(struct jt_loop *loop)
{
    return &loop->uv;
}

uint8_t *jt_loop_scratch(struct jt_loop *loop)
{
    assert(jt_loop_is_mine(loop));
    if (!loop->scratch)
        loop->scratch = malloc(JT_LOOP_SCRATCH_BYTES);
    return loop->scratch;
}

void jt_loop_exit_add(struct jt_loop *loop, struct jt_loop_exit *exit)
{
    assert(jt_loop_is_mine(loop));
    exit->next = &loop->exits;
    exit->prev = loop->exits.prev;
    exit->prev->next = exit;
    loop->exits.prev = exit;
}

void jt_loop_exit_remove(struct jt_loop_exit *exit)
{
    exit->prev->next = exit->next;
    exit->next->prev = exit->prev;
    exit->next = exit->prev = exit;
}

/* The log gate of `name`; when there are too many names the last is shared. */
static struct jt_log_gate *slow_gate(struct jt_loop *loop, const char *name)
{
    size_t i;

    for (i = 0; i < SLOW_NAMES_MAX - 1; i++)
        if (!loop->slow[i].name || loop->slow[i].name == name)
            break;
    loop->slow[i].name = name;
    return &loop->slow[i].gate;
}

static void report_slow(struct jt_loop *loop, const char *name, int64_t now_us, int64_t took_us)
{
    int suppressed = jt_log_gate_pass(slow_gate(loop, name), now_us);

    jt_metric_add(&slow_total, name, 1);
    if (suppressed >= 0)
        jt_warn("loop.slow", KV("loop", loop->name), KV("callback", name),
                KV("took_ms", (double)took_us / JT_USEC_PER_MSEC), KV("suppressed", suppressed));
}

void jt_loop_enter(struct jt_loop *loop)
{
    loop->callback_at_us = jt_clock_mono_us();
}

void jt_loop_leave(struct jt_loop *loop, const char *name)
{
    int64_t now_us = jt_clock_mono_us();
    int64_t took_us = now_us - loop->callback_at_us;

    loop->callback_at_us = 0;
    if (took_us > (int64_t)JT_LOOP_SLOW_MS * JT_USEC_PER_MSEC)
        report_slow(loop, name, now_us, took_us);
}
