#include "net/acceptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "loop/loop.h"

static struct jt_metric refused_total =
    JT_COUNTER("jangteo_accept_refused_total",
               "Connections refused because descriptors or memory ran out.", "listener");

struct jt_acceptor {
    struct jt_loop *loop;
    const char *name;
    int fd;
    int reserve_fd; /* given up to accept and close when no other is left; -1 while it is gone */
    struct jt_watch *watch;
    struct jt_timer *resume;
    jt_acceptor_fn fn;
    void *arg;
    struct jt_log_gate gate;
    bool is_accepting, is_freed;
};

static void open_reserve(struct jt_acceptor *acceptor)
{
    if (acceptor->reserve_fd < 0)
        acceptor->reserve_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void destroy(struct jt_acceptor *acceptor)
{
    if (acceptor->fd >= 0)
        (void)close(acceptor->fd);
    if (acceptor->reserve_fd >= 0)
        (void)close(acceptor->reserve_fd);
    free(acceptor);
}

static void pause_a_while(struct jt_acceptor *acceptor)
{
    (void)!jt_watch_set(acceptor->watch, 0); /* libuv only notes it: can't fail */
    jt_timer_start(acceptor->resume, (int64_t)JT_ACCEPT_PAUSE_MS * JT_USEC_PER_MSEC, 0);
}

static void on_resume(void *arg)
{
    struct jt_acceptor *acceptor = arg;

    open_reserve(acceptor);
    (void)!jt_watch_set(acceptor->watch, JT_READABLE);
}

static void report_refusal(struct jt_acceptor *acceptor, int error)
{
    int suppressed = jt_log_gate_pass(&acceptor->gate, jt_loop_now_us(acceptor->loop));

    jt_metric_add(&refused_total, acceptor->name, 1);
    if (suppressed >= 0)
        jt_warn("accept.refused", KV("listener", acceptor->name), KV("errno", error),
                KV("suppressed", suppressed));
}

/* Accept and close. Returns 0, -EAGAIN if nobody waits, or another negative errno if it could not be done. */
static int refuse_one(struct jt_acceptor *acceptor)
{
    int fd, err;

    if (acceptor->reserve_fd < 0)
        return -EMFILE;
    (void)close(acceptor->reserve_fd);
    acceptor->reserve_fd = -1;
    fd = accept4(acceptor->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    err = fd < 0 ? -errno : 0;
    if (fd >= 0)
        (void)close(fd);
    open_reserve(acceptor); /* another thread may have been faster */
    return err;
}

/* Returns whether to go on accepting in this turn. */
static bool handle_no_descriptor(struct jt_acceptor *acceptor, int error)
{
    int err = refuse_one(acceptor);

    if (err == -EAGAIN) /* the kernel looks for a descriptor before it looks for a connection */
        return false;
    report_refusal(acceptor, error);
    if (err)
        pause_a_while(acceptor);
    return !err;
}

/* Returns whether to go on accepting in this turn. */
static bool handle_error(struct jt_acceptor *acceptor, int error)
{
    switch (error) {
    case EAGAIN:
        return false;
    case EMFILE:
    case ENFILE:
        return handle_no_descriptor(acceptor, error);
    case ENOBUFS:
    case ENOMEM:
        report_refusal(acceptor, error);
        pause_a_while(acceptor);
        return false;
    default: /* of the connection that was waiting, not ours: accept(2), "Error handling" */
        return true;
    }
}

static void on_readable(void *arg, int events)
{
    struct jt_acceptor *acceptor = arg;

    (void)events;
    acceptor->is_accepting = true;
    for (int i = 0; i < JT_ACCEPT_TURN_MAX && !acceptor->is_freed; i++) {
        struct sockaddr_storage from = {0};
        socklen_t size = sizeof(from);
        int fd =
            accept4(acceptor->fd, (struct sockaddr *)&from, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0)
            acceptor->fn(acceptor->arg, fd, (struct sockaddr *)&from, size);
        else if (!handle_error(acceptor, errno))
            break;
    }
    acceptor->is_accepting = false;
    if (acceptor->is_freed)
        destroy(acceptor);
}

int jt_acceptor_new(struct jt_loop *loop, const char *name, int fd, jt_acceptor_fn fn, void *arg,
                    struct jt_acceptor **out)
{
    struct jt_acceptor *acceptor = calloc(1, sizeof(*acceptor));
    int err;

    if (!acceptor)
        return -ENOMEM;
    acceptor->loop = loop;
    acceptor->name = name;
    acceptor->fd = acceptor->reserve_fd = -1;
    acceptor->fn = fn;
    acceptor->arg = arg;
    open_reserve(acceptor);
    err = jt_timer_new(loop, name, on_resume, acceptor, &acceptor->resume);
    if (!err)
        err = jt_watch_new(loop, name, fd, JT_READABLE, on_readable, acceptor, &acceptor->watch);
    if (err) {
        jt_acceptor_free(acceptor);
        return err;
    }
    acceptor->fd = fd;
    jt_metric_register(&refused_total, name);
    *out = acceptor;
    return 0;
}

void jt_acceptor_free(struct jt_acceptor *acceptor)
{
    if (!acceptor || acceptor->is_freed)
        return;
    acceptor->is_freed = true;
    jt_watch_free(acceptor->watch);
    jt_timer_free(acceptor->resume);
    if (!acceptor->is_accepting)
        destroy(acceptor);
}
