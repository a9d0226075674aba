/**
 * Unix SOCK_SEQPACKET links that carry messages with descriptors (SCM_RIGHTS), non-blocking. Peers are strangers that
 * may crash: uid is checked by SO_PEERCRED (by the listener and by jt_seq_connect), truncated control data closes the link, descriptors nobody asked for are
 * closed (threat M4).
 */
#ifndef JT_NET_SEQPACKET_H
#define JT_NET_SEQPACKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

struct jt_loop;
struct jt_seq;
struct jt_seq_listener;

enum { JT_SEQ_MESSAGE_MAX_BYTES = 16 * 1024, JT_SEQ_FDS_MAX = 4, JT_SEQ_QUEUE_MAX = 1024 };

struct jt_seq_ops {
    /** A message. `fds` (each close-on-exec) belong to the callee: take one by setting its entry to -1; what is left
     *  is closed after the call. `data` is NUL-terminated beyond `size`. */
    void (*on_message)(void *arg, const char *data, size_t size, int *fds, int fd_count);
    /** The peer went away (0), broke the rules (-EPROTO) or did not read (-ENOBUFS). Free it here or later. */
    void (*on_end)(void *arg, int error);
};

/** Takes `fd` (a connected SEQPACKET socket) on success. */
JT_MUST_CHECK int jt_seq_new(struct jt_loop *loop, int fd, const struct jt_seq_ops *ops, void *arg,
                             struct jt_seq **out);
void jt_seq_free(struct jt_seq *seq);

/**
 * Send one message with up to JT_SEQ_FDS_MAX descriptors (borrowed: duplicated if the message must wait). When more
 * than JT_SEQ_QUEUE_MAX messages wait, the link is ended (-ENOBUFS now, on_end at the end of the turn). -EINVAL for an
 * empty message: a peer could not tell it from our end. Other errors (-EMFILE, -EPIPE) concern this message.
 */
JT_MUST_CHECK int jt_seq_send(struct jt_seq *seq, const void *data, size_t size, const int *fds,
                              int fd_count);

/** Peer's process id, for logs. */
pid_t jt_seq_peer_pid(const struct jt_seq *seq);

/** `fd` is connected; taken by the callee. Peers of another uid (root excepted) have been refused already. */
typedef void (*jt_seq_accept_fn)(void *arg, int fd);

/** Listen at `path` (mode 0660, parent must exist; a stale socket file is replaced, a live one is -EADDRINUSE). */
JT_MUST_CHECK int jt_seq_listen(struct jt_loop *loop, const char *path, jt_seq_accept_fn fn,
                                void *arg, struct jt_seq_listener **out);
/** Also removes the socket file. */
void jt_seq_listener_free(struct jt_seq_listener *listener);

/** Connect without blocking the loop (unix connects are immediate). Returns the descriptor or a negative errno. */
JT_MUST_CHECK int jt_seq_connect(const char *path);

#endif
