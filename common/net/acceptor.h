/** The accepting half of a listener, for TCP and unix sockets alike. */
#ifndef JT_NET_ACCEPTOR_H
#define JT_NET_ACCEPTOR_H

#include <sys/socket.h>

#include "base/base.h"

struct jt_loop;
struct jt_acceptor;

enum {
    JT_ACCEPT_TURN_MAX = 64,  /* connections per turn of the loop */
    JT_ACCEPT_PAUSE_MS = 100, /* after an error that only time mends */
};

/** A connection came: `fd` is non-blocking and close-on-exec, the callee takes it. May free the acceptor. */
typedef void (*jt_acceptor_fn)(void *arg, int fd, const struct sockaddr *from, socklen_t from_size);

/**
 * Accept from the listening socket `fd` (taken on success). When descriptors run out (EMFILE, ENFILE) a reserve
 * descriptor is given up for a moment to accept and close, so that peers learn it and the loop does not spin; counted
 * in jangteo_accept_refused_total{listener=name} (threat V6). `name` is a literal. Loop thread only.
 */
JT_MUST_CHECK int jt_acceptor_new(struct jt_loop *loop, const char *name, int fd, jt_acceptor_fn fn,
                                  void *arg, struct jt_acceptor **out);
/** Closes the listening socket. NULL is fine. */
void jt_acceptor_free(struct jt_acceptor *acceptor);

#endif
