#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>

#include "loop/private.h"

struct jt_signal {
    uv_signal_t uv;
    struct jt_loop *loop;
    jt_signal_fn fn;
    void *arg;
};

static void on_signal(uv_signal_t *uv, int signum)
{
    struct jt_signal *signal = uv->data;

    jt_loop_enter(signal->loop);
    signal->fn(signal->arg, signum);
    jt_loop_leave(signal->loop, "signal");
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

int jt_signal_new(struct jt_loop *loop, int signum, jt_signal_fn fn, void *arg,
                  struct jt_signal **out)
{
    struct jt_signal *signal = calloc(1, sizeof(*signal));
    int err;

    assert(jt_loop_is_mine(loop));
    if (!signal)
        return -ENOMEM;
    err = uv_signal_init(&loop->uv, &signal->uv);
    if (err) {
        free(signal);
        return err;
    }
    signal->uv.data = signal;
    signal->loop = loop;
    signal->fn = fn;
    signal->arg = arg;
    err = uv_signal_start(&signal->uv, on_signal, signum);
    if (err) {
        jt_signal_free(signal);
        return err;
    }
    *out = signal;
    return 0;
}

void jt_signal_free(struct jt_signal *signal)
{
    if (!signal)
        return;
    assert(jt_loop_is_mine(signal->loop));
    uv_close((uv_handle_t *)&signal->uv, on_closed);
}
