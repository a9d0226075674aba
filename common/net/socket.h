/** Making the sockets of this folder: what UDP sockets and TCP listeners have in common. */
#ifndef JT_NET_SOCKET_H
#define JT_NET_SOCKET_H

#include <stddef.h>
#include <sys/uio.h>

#include "base/base.h"
#include "net/address.h"

/**
 * A socket of `type` (SOCK_STREAM or SOCK_DGRAM) for `bind_to`: non-blocking, close-on-exec, dual stack for IPv6 ANY. Where
 * the kernel has no IPv6, IPv6 ANY becomes IPv4 ANY: `bind_to` is changed. Returns the descriptor or a negative errno.
 */
JT_MUST_CHECK int jt_socket_new(struct jt_address *bind_to, int type);

/** `data` for sendmsg, which takes the struct of recvmsg and so has no const. */
struct iovec jt_socket_iovec(const void *data, size_t size);

/** Set an integer option, result ignored: for options that are a wish. */
void jt_socket_wish(int fd, int level, int option, int value);

/** The address a socket is bound to (getsockname); an empty one if that fails. */
struct jt_address jt_socket_local(int fd);

#endif
