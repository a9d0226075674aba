#include "net/seqpacket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "loop/loop.h"
#include "net/socket.h"

enum { MESSAGES_PER_TURN = 32 };

struct fds_control {
    alignas(size_t) uint8_t bytes[CMSG_SPACE(sizeof(int) * JT_SEQ_FDS_MAX)];
};

struct fd_list {
    int fds[JT_SEQ_FDS_MAX];
    int count;
};

struct queued_message {
    struct queued_message *next;
    struct fd_list fds; /* ours */
    size_t size;
    uint8_t data[];
};

struct jt_seq {
    struct jt_loop *loop;
    int fd;
    pid_t peer_pid;
    struct jt_watch *watch;
    struct jt_timer *end_timer; /* reports an error that showed while sending */
    const struct jt_seq_ops *ops;
    void *arg;
    struct queued_message *first, **last;
    size_t queued;
    int error; /* the link is broken: negative errno */
    bool has_ended;
    bool is_in_callback, is_freed;
};

static void close_fds(struct fd_list *list)
{
    for (int i = 0; i < list->count; i++)
        if (list->fds[i] >= 0)
            (void)close(list->fds[i]);
    list->count = 0;
}

static void drop_first(struct jt_seq *seq)
{
    struct queued_message *message = seq->first;

    seq->first = message->next;
    if (!seq->first)
        seq->last = &seq->first;
    seq->queued--;
    close_fds(&message->fds);
    free(message);
}

static void destroy(struct jt_seq *seq)
{
    while (seq->first)
        drop_first(seq);
    free(seq);
}

void jt_seq_free(struct jt_seq *seq)
{
    if (!seq || seq->is_freed)
        return;
    seq->is_freed = true;
    jt_watch_free(seq->watch);
    jt_timer_free(seq->end_timer);
    if (seq->fd >= 0)
        (void)close(seq->fd);
    if (!seq->is_in_callback)
        destroy(seq);
}

/* Nothing is read or sent from here on; the owner hears of it now or, from within a send, at the end of the turn. */
static void end_now(struct jt_seq *seq, int error)
{
    if (seq->is_freed || seq->has_ended)
        return;
    seq->has_ended = true;
    seq->error = error ? error : -EPIPE;
    (void)!jt_watch_set(seq->watch, 0); /* libuv only notes it: can't fail */
    seq->ops->on_end(seq->arg, error);
}

static void on_end_timer(void *arg)
{
    struct jt_seq *seq = arg;

    seq->is_in_callback = true;
    end_now(seq, seq->error);
    seq->is_in_callback = false;
    if (seq->is_freed)
        destroy(seq);
}

static void end_later(struct jt_seq *seq, int error)
{
    if (seq->error)
        return;
    seq->error = error;
    jt_timer_start(seq->end_timer, 0, 0);
}

/* ---- receiving ---- */

/* Every descriptor the kernel has installed, wanted or not: what is not taken from here leaks. */
static void collect_fds(struct msghdr *header, struct fd_list *out)
{
    out->count = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count && out->count < JT_SEQ_FDS_MAX;
             i++) /* the buffer has no room for more */
            memcpy(&out->fds[out->count++], CMSG_DATA(c) + i * sizeof(int), sizeof(int));
    }
}

/* Returns the size of the next message, 0 when the peer has gone, -EAGAIN, or another negative errno. */
static ssize_t receive(struct jt_seq *seq, uint8_t *buffer, struct fd_list *fds)
{
    struct fds_control control;
    struct iovec vector = {.iov_base = buffer, .iov_len = JT_SEQ_MESSAGE_MAX_BYTES};
    struct msghdr header = {
        .msg_iov = &vector,
        .msg_iovlen = 1,
        .msg_control = &control,
        .msg_controllen = sizeof(control),
    };
    ssize_t n;

    fds->count = 0;
    do {
        n = recvmsg(seq->fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return -errno;
    collect_fds(&header, fds);
    if (n == 0 || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
        close_fds(fds);
        return n == 0 ? 0 : -EPROTO;
    }
    return n;
}

/* Returns whether to go on. */
static bool receive_one(struct jt_seq *seq)
{
    uint8_t *buffer = jt_loop_scratch(seq->loop);
    struct fd_list fds;
    ssize_t n = buffer ? receive(seq, buffer, &fds) : -ENOMEM;

    if (n == -EAGAIN)
        return false;
    if (n <= 0) {
        end_now(seq, (int)n);
        return false;
    }
    buffer[n] = '\0';
    seq->ops->on_message(seq->arg, (const char *)buffer, (size_t)n, fds.fds, fds.count);
    close_fds(&fds);
    return !seq->is_freed && !seq->error;
}

/* ---- sending ---- */

static int send_now(const struct jt_seq *seq, const void *data, size_t size, const int *fds,
                    int fd_count)
{
    struct fds_control control = {0};
    struct iovec vector = jt_socket_iovec(data, size);
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t n;

    if (fd_count > 0) {
        size_t bytes = sizeof(int) * (size_t)fd_count;
        struct cmsghdr *c;

        header.msg_control = &control;
        header.msg_controllen = CMSG_SPACE(bytes);
        c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(c), fds, bytes);
    }
    do {
        n = sendmsg(seq->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}

static int queue_message(struct jt_seq *seq, const void *data, size_t size, const int *fds,
                         int fd_count)
{
    struct queued_message *message = malloc(sizeof(*message) + size);

    if (!message)
        return -ENOMEM;
    message->next = NULL;
    message->size = size;
    message->fds.count = 0;
    memcpy(message->data, data, size);
    for (int i = 0; i < fd_count; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 0);

        if (copy < 0) {
            int err = -errno;

            close_fds(&message->fds);
            free(message);
            return err;
        }
        message->fds.fds[message->fds.count++] = copy;
    }
    *seq->last = message;
    seq->last = &message->next;
    seq->queued++;
    (void)!jt_watch_set(seq->watch, JT_READABLE | JT_WRITABLE);
    return 0;
}

static void flush_queue(struct jt_seq *seq)
{
    while (seq->first) {
        struct queued_message *message = seq->first;
        int err = send_now(seq, message->data, message->size, message->fds.fds, message->fds.count);

        if (err == -EAGAIN)
            return;
        if (err) {
            end_now(seq, err);
            return;
        }
        drop_first(seq);
    }
    (void)!jt_watch_set(seq->watch, JT_READABLE);
}

int jt_seq_send(struct jt_seq *seq, const void *data, size_t size, const int *fds, int fd_count)
{
    int err;

    if (seq->error)
        return seq->error;
    if (size == 0 || size > JT_SEQ_MESSAGE_MAX_BYTES || fd_count < 0 || fd_count > JT_SEQ_FDS_MAX)
        return -EINVAL;
    if (!seq->first) {
        err = send_now(seq, data, size, fds, fd_count);
        if (err != -EAGAIN)
            return err; /* of a link whose peer has gone, reading finds the end */
    }
    if (seq->queued >= JT_SEQ_QUEUE_MAX) {
        end_later(seq, -ENOBUFS);
        return -ENOBUFS;
    }
    return queue_message(seq, data, size, fds, fd_count);
}

/* ---- the link ---- */

static void on_io(void *arg, int events)
{
    struct jt_seq *seq = arg;

    seq->is_in_callback = true;
    /* Reading comes first: a peer that said something and went is heard before the sending fails. */
    if (events & JT_READABLE)
        for (int i = 0; i < MESSAGES_PER_TURN && !seq->is_freed && !seq->error; i++)
            if (!receive_one(seq))
                break;
    if ((events & JT_WRITABLE) && !seq->is_freed && !seq->error)
        flush_queue(seq);
    seq->is_in_callback = false;
    if (seq->is_freed)
        destroy(seq);
}

int jt_seq_new(struct jt_loop *loop, int fd, const struct jt_seq_ops *ops, void *arg,
               struct jt_seq **out)
{
    struct ucred peer = {0};
    socklen_t peer_size = sizeof(peer);
    struct jt_seq *seq = calloc(1, sizeof(*seq));
    int err;

    if (!seq)
        return -ENOMEM;
    (void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &peer_size);
    seq->loop = loop;
    seq->fd = -1; /* the caller keeps it until nothing can fail */
    seq->peer_pid = peer.pid;
    seq->ops = ops;
    seq->arg = arg;
    seq->last = &seq->first;
    err = jt_timer_new(loop, "seq.end", on_end_timer, seq, &seq->end_timer);
    if (!err)
        err = jt_watch_new(loop, "seq.io", fd, JT_READABLE, on_io, seq, &seq->watch);
    if (err) {
        jt_seq_free(seq);
        return err;
    }
    seq->fd = fd;
    *out = seq;
    return 0;
}

pid_t jt_seq_peer_pid(const struct jt_seq *seq)
{
    return seq->peer_pid;
}
