/**
 * One unconnected UDP socket per worker: batches in by recvmmsg, out by sendmmsg with UDP_SEGMENT (GSO). Non-blocking.
 * Knows no format.
 */
#ifndef JT_NET_UDP_H
#define JT_NET_UDP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "net/address.h"

struct jt_udp;

enum {
    JT_UDP_DATAGRAM_MAX_BYTES =
        1500, /* in; longer ones are dropped and counted by the caller as truncated */
    JT_UDP_BATCH_IN = 32,
    JT_UDP_BATCH_OUT = 32,    /* messages per sendmmsg */
    JT_UDP_SEGMENTS_MAX = 64, /* per message: UDP_MAX_SEGMENTS of the kernel */
};

struct jt_datagram {
    const uint8_t *data; /* valid until the next jt_udp_receive */
    size_t size;
    bool is_truncated;
    struct jt_address from;
    struct jt_address local; /* the address it came to (IP_PKTINFO); port 0 */
};

/** One message: `size` bytes cut by the kernel into datagrams of `segment` bytes (the last may be shorter; 0: no cut). */
struct jt_udp_message {
    const uint8_t *data;
    size_t size;
    uint16_t segment;
    const struct jt_address *to;
};

/** `reuse_port` for several sockets on one address; socket buffers are asked for at 4 MiB; IP_PMTUDISC_PROBE is set. */
JT_MUST_CHECK int jt_udp_open(const struct jt_address *bind_to, bool reuse_port,
                              struct jt_udp **out);
void jt_udp_close(struct jt_udp *udp);
int jt_udp_fd(const struct jt_udp *udp);
/** The address it is bound to (with the port the kernel chose for port 0). */
struct jt_address jt_udp_local(const struct jt_udp *udp);

/** Up to JT_UDP_BATCH_IN datagrams into `out`. Returns how many (0: nothing waits) or a negative errno. */
JT_MUST_CHECK int jt_udp_receive(struct jt_udp *udp, struct jt_datagram out[JT_UDP_BATCH_IN]);

/**
 * Send up to JT_UDP_BATCH_OUT messages with one sendmmsg. Returns how many the kernel took (0 and less than `count`:
 * it can't take more now: EAGAIN, ENOBUFS), or a negative errno that concerns message 0 alone (skip it and go on).
 * Where the kernel or the device refuses UDP_SEGMENT, falls back to one datagram per segment for good.
 */
JT_MUST_CHECK int jt_udp_send(struct jt_udp *udp, const struct jt_udp_message *messages, int count);

/** One datagram. 0 or a negative errno. Safe from any thread. */
int jt_udp_send_one(struct jt_udp *udp, const void *data, size_t size, const struct jt_address *to);

#endif
