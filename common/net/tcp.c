#include "net/tcp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"
#include "net/acceptor.h"
#include "net/socket.h"

enum {
    BACKLOG = 4096,         /* what the kernel caps at net.core.somaxconn */
    QUEUE_MIN_BYTES = 4096, /* the first allocation of a write queue */
    READS_PER_TURN = 4,     /* of the scratch size: no connection keeps the loop to itself */
    FINISH_DISCARD_MAX_BYTES = 1 << 20, /* read and thrown away while a connection finishes */
};

/* ---- listening ---- */

struct jt_tcp_listener {
    struct jt_acceptor *acceptor;
    struct jt_address address;
    jt_tcp_accept_fn fn;
    void *arg;
};

static void on_accepted(void *arg, int fd, const struct sockaddr *from, socklen_t from_size)
{
    struct jt_tcp_listener *listener = arg;
    struct jt_address address = {0};

    (void)!jt_address_from(from, from_size, &address);
    jt_socket_wish(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    listener->fn(listener->arg, fd, &address);
}

static int open_listening(struct jt_address *address)
{
    int fd = jt_socket_new(address, SOCK_STREAM);
    int err;

    if (fd < 0)
        return fd;
    jt_socket_wish(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind(fd, &address->sa, jt_address_size(address)) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    err = -errno;
    (void)close(fd);
    return err;
}

int jt_tcp_listen(struct jt_loop *loop, const struct jt_address *bind_to, jt_tcp_accept_fn fn,
                  void *arg, struct jt_tcp_listener **out)
{
    struct jt_address address = *bind_to;
    struct jt_tcp_listener *listener = calloc(1, sizeof(*listener));
    int fd, err;

    if (!listener)
        return -ENOMEM;
    listener->fn = fn;
    listener->arg = arg;
    fd = open_listening(&address);
    err = fd < 0 ? fd : 0;
    if (!err)
        err = jt_acceptor_new(loop, "tcp.accept", fd, on_accepted, listener, &listener->acceptor);
    if (err) {
        if (fd >= 0)
            (void)close(fd);
        free(listener);
        return err;
    }
    listener->address = jt_socket_local(fd);
    *out = listener;
    return 0;
}

struct jt_address jt_tcp_listener_address(const struct jt_tcp_listener *listener)
{
    return listener->address;
}

void jt_tcp_listener_free(struct jt_tcp_listener *listener)
{
    if (!listener)
        return;
    jt_acceptor_free(listener->acceptor); /* no callback comes after, not even in this turn */
    free(listener);
}

/* ---- connections ---- */

struct jt_tcp {
    struct jt_loop *loop;
    int fd;
    struct jt_watch *watch;
    const struct jt_tcp_ops *ops; /* NULL: finishing, nobody listens any more */
    void *arg;

    uint8_t *queue; /* bytes [queue_at, queue_at + queued) wait for the socket */
    size_t queue_capacity, queue_at, queued, queue_max;
    bool was_over_half;

    bool is_paused;
    bool is_half_closed; /* the peer will send no more */
    int error;           /* the connection is broken: negative errno */
    bool is_error_told;
    bool is_in_callback, is_freed;

    struct jt_timer *finish_timer;
    struct jt_loop_exit finish_exit;
    size_t discarded;
};

/* Nothing happens to it any more; what is left is memory, for destroy_unless_busy. */
static void hang_up(struct jt_tcp *tcp)
{
    if (tcp->is_freed)
        return;
    tcp->is_freed = true;
    if (tcp->finish_timer) {
        jt_loop_exit_remove(&tcp->finish_exit);
        jt_timer_free(tcp->finish_timer);
    }
    jt_watch_free(tcp->watch);
    (void)close(tcp->fd);
}

static void destroy_unless_busy(struct jt_tcp *tcp)
{
    if (!tcp->is_freed || tcp->is_in_callback) /* on_io comes back here on its way out */
        return;
    free(tcp->queue);
    free(tcp);
}

void jt_tcp_free(struct jt_tcp *tcp)
{
    if (!tcp)
        return;
    hang_up(tcp);
    destroy_unless_busy(tcp);
}

static int wanted_events(const struct jt_tcp *tcp)
{
    if (tcp->error) /* comes at once, to report the error from the loop */
        return tcp->is_error_told ? 0 : JT_READABLE | JT_WRITABLE;
    return (tcp->is_paused || tcp->is_half_closed ? 0 : JT_READABLE) |
           (tcp->queued ? JT_WRITABLE : 0);
}

static void update_watch(struct jt_tcp *tcp)
{
    if (!tcp->is_freed)
        (void)!jt_watch_set(tcp->watch, wanted_events(tcp)); /* libuv only notes it: can't fail */
}

/* Returns bytes the socket took (0 or more), or a negative errno. */
static ssize_t send_now(const struct jt_tcp *tcp, const uint8_t *data, size_t size)
{
    ssize_t n;

    do {
        n = send(tcp->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    return n;
}

static int reserve_queue(struct jt_tcp *tcp, size_t size)
{
    size_t capacity = JT_MAX(tcp->queue_capacity, (size_t)QUEUE_MIN_BYTES);
    uint8_t *queue;

    if (tcp->queue_at + tcp->queued + size <= tcp->queue_capacity)
        return 0;
    if (tcp->queue_at) {
        memmove(tcp->queue, tcp->queue + tcp->queue_at, tcp->queued);
        tcp->queue_at = 0;
    }
    while (capacity < tcp->queued + size)
        capacity *= 2;
    if (capacity == tcp->queue_capacity)
        return 0;
    queue = realloc(tcp->queue, capacity);
    if (!queue)
        return -ENOMEM;
    tcp->queue = queue;
    tcp->queue_capacity = capacity;
    return 0;
}

static int append_to_queue(struct jt_tcp *tcp, const uint8_t *data, size_t size)
{
    int err = size ? reserve_queue(tcp, size) : 0;

    if (err || !size)
        return err;
    memcpy(tcp->queue + tcp->queue_at + tcp->queued, data, size);
    tcp->queued += size;
    if (tcp->queued > tcp->queue_max / 2)
        tcp->was_over_half = true;
    return 0;
}

/* Most connections never have a queue: an empty one costs no memory. */
static void free_queue(struct jt_tcp *tcp)
{
    free(tcp->queue);
    tcp->queue = NULL;
    tcp->queue_capacity = tcp->queue_at = 0;
}

static void flush_queue(struct jt_tcp *tcp)
{
    ssize_t n = tcp->queued ? send_now(tcp, tcp->queue + tcp->queue_at, tcp->queued) : 0;

    if (n < 0) {
        tcp->error = (int)n;
        return;
    }
    tcp->queue_at += (size_t)n;
    tcp->queued -= (size_t)n;
    if (tcp->queued == 0)
        free_queue(tcp);
}

static void tell_drained(struct jt_tcp *tcp)
{
    if (tcp->queued || !tcp->was_over_half)
        return;
    tcp->was_over_half = false;
    if (tcp->ops && tcp->ops->on_drained)
        tcp->ops->on_drained(tcp->arg);
}

/* Nobody listens any more: once the last byte is out say so, then wait for the peer to have read it. */
static void go_on_finishing(struct jt_tcp *tcp)
{
    if (tcp->is_freed || tcp->ops)
        return;
    if (tcp->error || (tcp->queued == 0 && tcp->is_half_closed))
        hang_up(tcp);
    else if (tcp->queued == 0)
        (void)shutdown(tcp->fd, SHUT_WR);
}

static void take_data(struct jt_tcp *tcp, const uint8_t *data, size_t size)
{
    if (tcp->ops) {
        tcp->ops->on_data(tcp->arg, data, size);
        return;
    }
    tcp->discarded += size;
    if (tcp->discarded > FINISH_DISCARD_MAX_BYTES)
        hang_up(tcp);
}

/* Returns whether more may wait. */
static bool read_once(struct jt_tcp *tcp)
{
    uint8_t *scratch = jt_loop_scratch(tcp->loop);
    ssize_t n;

    if (!scratch) {
        tcp->error = -ENOMEM;
        return false;
    }
    do {
        n = recv(tcp->fd, scratch, JT_LOOP_SCRATCH_BYTES, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        take_data(tcp, scratch, (size_t)n);
        return n == JT_LOOP_SCRATCH_BYTES;
    }
    if (n == 0) {
        tcp->is_half_closed = true;
        if (tcp->ops)
            tcp->ops->on_end(tcp->arg, 0);
    } else if (errno != EAGAIN) {
        tcp->error = -errno;
    }
    return false;
}

static bool may_read(const struct jt_tcp *tcp)
{
    return !tcp->is_freed && !tcp->error && !tcp->is_paused && !tcp->is_half_closed;
}

static void tell_error(struct jt_tcp *tcp)
{
    if (!tcp->error || tcp->is_error_told || tcp->is_freed || !tcp->ops)
        return;
    tcp->is_error_told = true;
    tcp->ops->on_end(tcp->arg, tcp->error);
}

static void on_io(void *arg, int events)
{
    struct jt_tcp *tcp = arg;

    tcp->is_in_callback = true;
    if ((events & JT_WRITABLE) && !tcp->error) {
        flush_queue(tcp);
        if (!tcp->error)
            tell_drained(tcp);
    }
    if (events & JT_READABLE)
        for (int i = 0; i < READS_PER_TURN && may_read(tcp); i++)
            if (!read_once(tcp))
                break;
    tell_error(tcp);
    go_on_finishing(tcp);
    update_watch(tcp);
    tcp->is_in_callback = false;
    destroy_unless_busy(tcp);
}

int jt_tcp_new(struct jt_loop *loop, int fd, size_t queue_max_bytes, const struct jt_tcp_ops *ops,
               void *arg, struct jt_tcp **out)
{
    struct jt_tcp *tcp = calloc(1, sizeof(*tcp));
    int err;

    if (!tcp)
        return -ENOMEM;
    tcp->loop = loop;
    tcp->fd = fd;
    tcp->ops = ops;
    tcp->arg = arg;
    tcp->queue_max = queue_max_bytes;
    err = jt_watch_new(loop, "tcp.io", fd, JT_READABLE, on_io, tcp, &tcp->watch);
    if (err) {
        free(tcp);
        return err;
    }
    *out = tcp;
    return 0;
}

int jt_tcp_write(struct jt_tcp *tcp, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    ssize_t n = 0;

    if (tcp->error)
        return tcp->error;
    if (size > tcp->queue_max || tcp->queued > tcp->queue_max - size)
        return -ENOBUFS;
    if (tcp->queued == 0)
        n = send_now(tcp, bytes, size);
    /* After a part was sent there is no way back: short of memory the connection is broken. */
    tcp->error = n < 0 ? (int)n : append_to_queue(tcp, bytes + n, size - (size_t)n);
    update_watch(tcp);
    return tcp->error;
}

size_t jt_tcp_queued_bytes(const struct jt_tcp *tcp)
{
    return tcp->queued;
}

void jt_tcp_pause(struct jt_tcp *tcp, bool paused)
{
    tcp->is_paused = paused;
    update_watch(tcp);
}

static void give_up_finishing(void *arg)
{
    jt_tcp_free(arg);
}

void jt_tcp_finish(struct jt_tcp *tcp, int64_t timeout_us)
{
    if (!tcp || tcp->is_freed)
        return;
    if (timeout_us <= 0 ||
        jt_timer_new(tcp->loop, "tcp.finish", give_up_finishing, tcp, &tcp->finish_timer) != 0) {
        jt_tcp_free(tcp);
        return;
    }
    tcp->ops = NULL;
    tcp->is_paused = false;
    tcp->finish_exit.fn = give_up_finishing;
    tcp->finish_exit.arg = tcp;
    jt_loop_exit_add(tcp->loop, &tcp->finish_exit);
    jt_timer_start(tcp->finish_timer, timeout_us, 0);
    go_on_finishing(tcp);
    update_watch(tcp);
    destroy_unless_busy(tcp);
}
