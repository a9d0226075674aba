#include "loop/loop.h"

#include <errno.h>
#include <stdlib.h>

#include "loop/private.h"

_Static_assert((int)JT_READABLE == (int)UV_READABLE && (int)JT_WRITABLE == (int)UV_WRITABLE,
               "our event bits are libuv's");

struct jt_watch {
    uv_poll_t uv;
    struct jt_loop *loop;
    const char *name;
    int events;
    jt_watch_fn fn;
    void *arg;
};

static void on_poll(uv_poll_t *uv, int status, int events)
{
    struct jt_watch *watch = uv->data;

    jt_loop_enter(watch->loop);
    watch->fn(watch->arg, status < 0 ? JT_READABLE | JT_WRITABLE : events);
    jt_loop_leave(watch->loop, watch->name);
    /* After an error libuv has stopped; the owner, who may have cleared the error, has not. */
    if (status < 0 && watch->events && !uv_is_closing((uv_handle_t *)uv) &&
        !uv_is_active((uv_handle_t *)uv))
        (void)uv_poll_start(uv, watch->events, on_poll);
}

static void on_closed(uv_handle_t *uv)
{
    free(uv->data);
}

int jt_watch_new(struct jt_loop *loop, const char *name, int fd, int events, jt_watch_fn fn,
                 void *arg, struct jt_watch **out)
{
    struct jt_watch *watch = calloc(1, sizeof(*watch));
    int err;

    assert(jt_loop_is_mine(loop));
    if (!watch)
        return -ENOMEM;
    err = uv_poll_init(&loop->uv, &watch->uv, fd);
    if (err) {
        free(watch);
        return err;
    }
    watch->uv.data = watch;
    watch->loop = loop;
    watch->name = name;
    watch->fn = fn;
    watch->arg = arg;
    err = jt_watch_set(watch, events);
    if (err) {
        jt_watch_free(watch);
        return err;
    }
    *out = watch;
    return 0;
}

int jt_watch_set(struct jt_watch *watch, int events)
{
    assert(jt_loop_is_mine(watch->loop) && !uv_is_closing((uv_handle_t *)&watch->uv));
    assert((events & ~(JT_READABLE | JT_WRITABLE)) == 0);
    if (events == watch->events)
        return 0;
    watch->events = events;
    return events ? uv_poll_start(&watch->uv, events, on_poll) : uv_poll_stop(&watch->uv);
}

void jt_watch_free(struct jt_watch *watch)
{
    if (!watch)
        return;
    assert(jt_loop_is_mine(watch->loop));
    uv_close((uv_handle_t *)&watch->uv, on_closed);
}
