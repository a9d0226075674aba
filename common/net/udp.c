#include "net/udp.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/socket.h"

enum { SOCKET_BUFFER_BYTES = 4 << 20 }; /* a second of 30 Mbps, should the loop stall */

/* Control messages are laid out in units of size_t (CMSG_ALIGN). */
struct pktinfo_control {
    alignas(size_t) uint8_t
        bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

struct segment_control {
    alignas(size_t) uint8_t bytes[CMSG_SPACE(sizeof(uint16_t))];
};

struct jt_udp {
    int fd;
    bool is_v6;
    bool is_gso_refused;
    struct jt_address local;
    struct {
        struct mmsghdr headers[JT_UDP_BATCH_IN];
        struct iovec vectors[JT_UDP_BATCH_IN];
        struct sockaddr_in6 names[JT_UDP_BATCH_IN]; /* holds a sockaddr_in as well */
        struct pktinfo_control controls[JT_UDP_BATCH_IN];
        uint8_t data[JT_UDP_BATCH_IN][JT_UDP_DATAGRAM_MAX_BYTES];
    } in;
};

/* One sendmmsg: `count` messages to one or more addresses. */
struct out_batch {
    struct mmsghdr headers[JT_UDP_SEGMENTS_MAX];
    struct iovec vectors[JT_UDP_SEGMENTS_MAX];
    struct jt_address names[JT_UDP_SEGMENTS_MAX];
    struct segment_control controls[JT_UDP_SEGMENTS_MAX];
    unsigned count;
};
_Static_assert((int)JT_UDP_BATCH_OUT <= (int)JT_UDP_SEGMENTS_MAX, "both kinds of batch fit");

static void set_buffer(int fd, int forced, int option)
{
    int bytes = SOCKET_BUFFER_BYTES;

    /* Beyond net.core.?mem_max only with CAP_NET_ADMIN. */
    if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof(bytes)) != 0)
        jt_socket_wish(fd, SOL_SOCKET, option, bytes);
}

/*
 * PROBE: the don't-fragment bit without believing ICMP's path MTU, which a stranger may forge; it also spares the IP
 * identification counter. On a dual-stack socket both levels count.
 */
static void set_options(int fd, bool is_v6)
{
    set_buffer(fd, SO_RCVBUFFORCE, SO_RCVBUF);
    set_buffer(fd, SO_SNDBUFFORCE, SO_SNDBUF);
    jt_socket_wish(fd, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_PROBE);
    if (is_v6) {
        jt_socket_wish(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_PROBE);
        jt_socket_wish(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1);
    } else {
        jt_socket_wish(fd, IPPROTO_IP, IP_PKTINFO, 1);
    }
}

static void init_receive(struct jt_udp *udp)
{
    for (int i = 0; i < JT_UDP_BATCH_IN; i++) {
        struct msghdr *header = &udp->in.headers[i].msg_hdr;

        udp->in.vectors[i].iov_base = udp->in.data[i];
        udp->in.vectors[i].iov_len = JT_UDP_DATAGRAM_MAX_BYTES;
        header->msg_iov = &udp->in.vectors[i];
        header->msg_iovlen = 1;
        header->msg_name = &udp->in.names[i];
        header->msg_control = &udp->in.controls[i];
    }
}

int jt_udp_open(const struct jt_address *bind_to, bool reuse_port, struct jt_udp **out)
{
    struct jt_address address = *bind_to;
    struct jt_udp *udp = calloc(1, sizeof(*udp));
    int one = 1, err;

    if (!udp)
        return -ENOMEM;
    udp->fd = jt_socket_new(&address, SOCK_DGRAM);
    if (udp->fd < 0) {
        err = udp->fd;
        goto fail;
    }
    udp->is_v6 = address.sa.sa_family == AF_INET6;
    set_options(udp->fd, udp->is_v6);
    if ((reuse_port && setsockopt(udp->fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0) ||
        bind(udp->fd, &address.sa, jt_address_size(&address)) != 0) {
        err = -errno;
        goto fail;
    }
    udp->local = jt_socket_local(udp->fd);
    init_receive(udp);
    *out = udp;
    return 0;

fail:
    jt_udp_close(udp);
    return err;
}

void jt_udp_close(struct jt_udp *udp)
{
    if (!udp)
        return;
    if (udp->fd >= 0)
        (void)close(udp->fd);
    free(udp);
}

int jt_udp_fd(const struct jt_udp *udp)
{
    return udp->fd;
}

struct jt_address jt_udp_local(const struct jt_udp *udp)
{
    return udp->local;
}

/* The address a datagram was sent to; empty if the kernel did not tell. */
static struct jt_address find_local(struct msghdr *header)
{
    struct jt_address local = {0};

    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            local.v4.sin_family = AF_INET;
            local.v4.sin_addr = info.ipi_addr;
        } else if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
            struct sockaddr_in6 raw = {.sin6_family = AF_INET6};
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(c), sizeof(info));
            raw.sin6_addr = info.ipi6_addr;
            (void)!jt_address_from((struct sockaddr *)&raw, sizeof(raw), &local);
        }
    }
    return local;
}

int jt_udp_receive(struct jt_udp *udp, struct jt_datagram out[JT_UDP_BATCH_IN])
{
    int n;

    for (int i = 0; i < JT_UDP_BATCH_IN; i++) { /* the kernel wrote what it used */
        udp->in.headers[i].msg_hdr.msg_namelen = sizeof(udp->in.names[i]);
        udp->in.headers[i].msg_hdr.msg_controllen = sizeof(udp->in.controls[i]);
    }
    do {
        n = recvmmsg(udp->fd, udp->in.headers, JT_UDP_BATCH_IN, MSG_DONTWAIT, NULL);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -errno;
    for (int i = 0; i < n; i++) {
        struct msghdr *header = &udp->in.headers[i].msg_hdr;

        out[i] = (struct jt_datagram){
            .data = udp->in.data[i],
            .size = udp->in.headers[i].msg_len,
            .is_truncated = header->msg_flags & MSG_TRUNC,
            .local = find_local(header),
        };
        (void)!jt_address_from(header->msg_name, header->msg_namelen, &out[i].from);
    }
    return n;
}

static void add_out(struct jt_udp *udp, struct out_batch *batch, const void *data, size_t size,
                    const struct jt_address *to)
{
    unsigned i = batch->count++;
    struct msghdr *header = &batch->headers[i].msg_hdr;

    assert(i < JT_UDP_SEGMENTS_MAX);
    batch->names[i] = udp->is_v6 ? jt_address_to_mapped(to) : *to;
    batch->vectors[i] = jt_socket_iovec(data, size);
    *header = (struct msghdr){
        .msg_name = &batch->names[i],
        .msg_namelen = jt_address_size(&batch->names[i]),
        .msg_iov = &batch->vectors[i],
        .msg_iovlen = 1,
    };
}

/* The kernel is to cut the message added last. */
static void add_segment(struct out_batch *batch, uint16_t segment)
{
    unsigned i = batch->count - 1;
    struct msghdr *header = &batch->headers[i].msg_hdr;
    struct cmsghdr *control;

    header->msg_control = &batch->controls[i];
    header->msg_controllen = sizeof(batch->controls[i]);
    control = CMSG_FIRSTHDR(header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(segment));
    memcpy(CMSG_DATA(control), &segment, sizeof(segment));
}

/* Returns how many were taken, 0 if the kernel has no room, or a negative errno of the first. */
static int send_batch(struct jt_udp *udp, struct out_batch *batch)
{
    int n;

    do {
        n = sendmmsg(udp->fd, batch->headers, batch->count, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n >= 0)
        return n;
    return errno == EAGAIN || errno == ENOBUFS ? 0 : -errno;
}

static bool is_cut(const struct jt_udp_message *message)
{
    return message->segment && message->size > message->segment;
}

static bool has_too_many_segments(const struct jt_udp_message *message)
{
    return is_cut(message) && message->size > (size_t)message->segment * JT_UDP_SEGMENTS_MAX;
}

/* One message as one datagram per segment. Returns 1 if all of them were taken, 0 if there was no room for some. */
static int send_split(struct jt_udp *udp, const struct jt_udp_message *message)
{
    struct out_batch batch = {.count = 0};
    size_t step = is_cut(message) ? message->segment : message->size;
    size_t at = 0;
    int n;

    if (has_too_many_segments(message))
        return -EINVAL;
    do {
        add_out(udp, &batch, message->data + at, JT_MIN(step, message->size - at), message->to);
        at += step;
    } while (at < message->size);
    n = send_batch(udp, &batch);
    return n < 0 ? n : n == (int)batch.count;
}

static int send_all_split(struct jt_udp *udp, const struct jt_udp_message *messages, int count)
{
    int i, n = 1;

    for (i = 0; i < count && n == 1; i++)
        n = send_split(udp, &messages[i]);
    if (n == 1)
        return count;
    return n < 0 && i == 1 ? n : i - 1;
}

/*
 * The kernel refused message 0 with EIO (the device can't checksum) or EINVAL (it knows no UDP_SEGMENT, or a segment is
 * over the device's MTU). If the segments go out one by one it was UDP_SEGMENT.
 */
static int probe_split(struct jt_udp *udp, const struct jt_udp_message *message)
{
    int n = send_split(udp, message);

    if (n > 0)
        udp->is_gso_refused = true;
    return n;
}

int jt_udp_send(struct jt_udp *udp, const struct jt_udp_message *messages, int count)
{
    struct out_batch batch;
    int n;

    assert(count <= JT_UDP_BATCH_OUT);
    if (count <= 0)
        return 0;
    if (udp->is_gso_refused)
        return send_all_split(udp, messages, count);
    batch.count = 0;
    for (int i = 0; i < count; i++) {
        if (has_too_many_segments(&messages[i])) {
            if (i == 0)
                return -EINVAL;
            break;
        }
        add_out(udp, &batch, messages[i].data, messages[i].size, messages[i].to);
        if (is_cut(&messages[i]))
            add_segment(&batch, messages[i].segment);
    }
    n = send_batch(udp, &batch);
    if ((n == -EIO || n == -EINVAL) && is_cut(&messages[0]))
        return probe_split(udp, &messages[0]);
    return n;
}

int jt_udp_send_one(struct jt_udp *udp, const void *data, size_t size, const struct jt_address *to)
{
    struct jt_address name = udp->is_v6 ? jt_address_to_mapped(to) : *to;
    ssize_t n;

    do {
        n = sendto(udp->fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL, &name.sa,
                   jt_address_size(&name));
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : 0;
}
