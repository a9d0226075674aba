#include "http/ws_backlog.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "http/websocket.h"
#include "http/ws_frame.h"

enum { CAPACITY_MIN = 4, FRAMES_PER_WRITE = 64, WRITES_PER_TURN = 4 };

static struct jt_ws_frame **slot(struct jt_ws_backlog *backlog, unsigned index)
{
    return &backlog->ring[(backlog->first + index) & (backlog->capacity - 1U)];
}

static int grow(struct jt_ws_backlog *backlog)
{
    unsigned capacity = backlog->capacity ? backlog->capacity * 2U : CAPACITY_MIN;
    struct jt_ws_frame **ring;

    if (capacity > JT_WS_QUEUE_MAX_FRAMES)
        return -ENOBUFS;
    ring = calloc(capacity, sizeof(struct jt_ws_frame *));
    if (!ring)
        return -ENOMEM;
    for (unsigned i = 0; i < backlog->count; i++)
        ring[i] = *slot(backlog, i);
    free(backlog->ring);
    backlog->ring = ring;
    backlog->capacity = (uint16_t)capacity;
    backlog->first = 0;
    return 0;
}

int jt_ws_backlog_push(struct jt_ws_backlog *backlog, struct jt_ws_frame *frame, size_t sent)
{
    int err = backlog->count == backlog->capacity ? grow(backlog) : 0;

    if (err)
        return err;
    if (backlog->count == 0)
        backlog->sent = (uint32_t)sent;
    *slot(backlog, backlog->count++) = jt_ws_frame_ref(frame);
    backlog->bytes += frame->size - sent;
    return 0;
}

/** `bytes` more are out. */
static void advance(struct jt_ws_backlog *backlog, size_t bytes)
{
    backlog->bytes -= bytes;
    bytes += backlog->sent;
    while (backlog->count > 0 && bytes >= (*slot(backlog, 0))->size) {
        bytes -= (*slot(backlog, 0))->size;
        jt_ws_frame_unref(slot(backlog, 0));
        backlog->first = (uint16_t)((backlog->first + 1U) & (backlog->capacity - 1U));
        backlog->count--;
    }
    backlog->sent = (uint32_t)bytes;
    if (backlog->count == 0)
        jt_ws_backlog_clear(backlog);
}

static ssize_t write_some(struct jt_ws_backlog *backlog, int fd)
{
    struct iovec parts[FRAMES_PER_WRITE];
    struct msghdr message = {.msg_iov = parts};
    size_t skip = backlog->sent;
    ssize_t n;

    for (; message.msg_iovlen < JT_MIN((size_t)backlog->count, (size_t)FRAMES_PER_WRITE);
         message.msg_iovlen++) {
        struct jt_ws_frame *frame = *slot(backlog, (unsigned)message.msg_iovlen);

        parts[message.msg_iovlen] =
            (struct iovec){.iov_base = frame->bytes + skip, .iov_len = frame->size - skip};
        skip = 0;
    }
    do {
        n = sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    advance(backlog, (size_t)n);
    return n;
}

ssize_t jt_ws_backlog_write(struct jt_ws_backlog *backlog, int fd)
{
    ssize_t total = 0;

    for (int i = 0; i < WRITES_PER_TURN && backlog->count > 0; i++) {
        ssize_t n = write_some(backlog, fd);

        if (n < 0)
            return n;
        if (n == 0)
            break;
        total += n;
    }
    return total;
}

void jt_ws_backlog_drop(struct jt_ws_backlog *backlog)
{
    unsigned kept = backlog->sent > 0 ? 1 : 0;

    while (backlog->count > kept) {
        struct jt_ws_frame **last = slot(backlog, --backlog->count);

        backlog->bytes -= (*last)->size;
        jt_ws_frame_unref(last);
    }
    if (backlog->count == 0)
        jt_ws_backlog_clear(backlog);
}

void jt_ws_backlog_clear(struct jt_ws_backlog *backlog)
{
    for (unsigned i = 0; i < backlog->count; i++)
        jt_ws_frame_unref(slot(backlog, i));
    free(backlog->ring);
    *backlog = (struct jt_ws_backlog){0};
}
