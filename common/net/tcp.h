/**
 * TCP listeners and connections on a loop. A connection reads when told to, queues writes within a limit, and tells
 * when its queue has drained. No format, no copy on reading.
 */
#ifndef JT_NET_TCP_H
#define JT_NET_TCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "net/address.h"

struct jt_loop;
struct jt_tcp_listener;
struct jt_tcp;

/** Takes `fd` (non-blocking, close-on-exec, TCP_NODELAY). */
typedef void (*jt_tcp_accept_fn)(void *arg, int fd, const struct jt_address *from);

/**
 * Listen. On EMFILE/ENFILE the reserve descriptor is used to accept and close, so that the loop does not spin and the
 * peer learns it (threat V6). Accepts at most 64 per turn.
 */
JT_MUST_CHECK int jt_tcp_listen(struct jt_loop *loop, const struct jt_address *bind_to,
                                jt_tcp_accept_fn fn, void *arg, struct jt_tcp_listener **out);
struct jt_address jt_tcp_listener_address(const struct jt_tcp_listener *listener);
void jt_tcp_listener_free(struct jt_tcp_listener *listener);

struct jt_tcp_ops {
    /** Bytes came; they are valid for the call only. */
    void (*on_data)(void *arg, const uint8_t *data, size_t size);
    /** The peer closed its side (error 0; we may still write) or the connection broke (negative errno). Free it
     *  here or later; one that is kept after 0 may still break. */
    void (*on_end)(void *arg, int error);
    /** The write queue went from over half its limit to empty. May be NULL. */
    void (*on_drained)(void *arg);
};

/** Takes `fd` on success. `queue_max_bytes` bounds what may wait for the socket. */
JT_MUST_CHECK int jt_tcp_new(struct jt_loop *loop, int fd, size_t queue_max_bytes,
                             const struct jt_tcp_ops *ops, void *arg, struct jt_tcp **out);
/** Close now; what is queued is lost. No callback comes after. NULL is fine. */
void jt_tcp_free(struct jt_tcp *tcp);
/**
 * Send what is queued, say that no more comes, wait until the peer closes too (so that it has read everything: closing
 * with unread input would reset the connection), then close and free; at most `timeout_us` in all. No callback comes
 * after. May be called in a callback; what still finishes when the loop is freed is closed then. NULL is fine.
 */
void jt_tcp_finish(struct jt_tcp *tcp, int64_t timeout_us);

/**
 * Queue all of it (sent at once as far as the socket takes it) or nothing: -ENOBUFS over the limit. Any other negative
 * errno: the connection is broken, on_end follows from the loop (and not from within this call).
 */
JT_MUST_CHECK int jt_tcp_write(struct jt_tcp *tcp, const void *data, size_t size);
size_t jt_tcp_queued_bytes(const struct jt_tcp *tcp);

/** Stop or go on reading (flow control towards a peer that sends too fast). While paused its end goes unnoticed. */
void jt_tcp_pause(struct jt_tcp *tcp, bool paused);

#endif
