/** Control messages over a seqpacket link: encode and send, receive and decode. Loop thread only. */
#ifndef JT_RING_LINK_H
#define JT_RING_LINK_H

#include "base/base.h"
#include "ring/control.h"

struct jt_link;
struct jt_loop;

struct jt_link_ops {
    /** A well-formed message with as many descriptors as its type must carry. Take one by setting its entry to -1. */
    void (*on_message)(void *arg, const struct jt_control *message, int *fds);
    /** The peer went away, broke the protocol or missed a message. Comes once; free the link here or later. */
    void (*on_end)(void *arg, int error);
};

/** Takes `fd`, a connected SEQPACKET socket, on success. The first message must be a hello of this version. */
JT_MUST_CHECK int jt_link_new(struct jt_loop *loop, int fd, const struct jt_link_ops *ops,
                              void *arg, struct jt_link **out);
void jt_link_free(struct jt_link *link);

/**
 * `fds` has jt_control_fd_count(message) entries, borrowed; NULL when that is 0. What the socket does not take ends the
 * link: on_end follows in the next turn, never from within. A message with a field its type may not hold is logged and
 * left out.
 */
void jt_link_send(struct jt_link *link, const struct jt_control *message, const int *fds);

/** Send the hello every link begins with. */
void jt_link_hello(struct jt_link *link, enum jt_control_role role);

#endif
