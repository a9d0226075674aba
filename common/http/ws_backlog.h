/** Frames that wait for one socket: references, oldest first. No memory while empty. */
#ifndef JT_HTTP_WS_BACKLOG_H
#define JT_HTTP_WS_BACKLOG_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

struct jt_ws_frame;

/** All zero is an empty one. */
struct jt_ws_backlog {
    struct jt_ws_frame **ring;
    uint16_t capacity, first, count; /* capacity is a power of two */
    uint32_t sent;                   /* bytes of the first frame that are out */
    size_t bytes;                    /* still to be sent */
};

/** Append a reference, `sent` bytes of the frame being out already (0 unless the backlog is empty).
 * -ENOBUFS above JT_WS_QUEUE_MAX_FRAMES, -ENOMEM. */
JT_MUST_CHECK int jt_ws_backlog_push(struct jt_ws_backlog *backlog, struct jt_ws_frame *frame,
                                     size_t sent);
/** Send what the socket takes. Returns its bytes (0: it takes nothing now) or a negative errno. */
JT_MUST_CHECK ssize_t jt_ws_backlog_write(struct jt_ws_backlog *backlog, int fd);
/** Forget all frames but one that is half sent: what comes next must start at a frame's end. */
void jt_ws_backlog_drop(struct jt_ws_backlog *backlog);
/** Forget everything. */
void jt_ws_backlog_clear(struct jt_ws_backlog *backlog);

#endif
