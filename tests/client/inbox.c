/* Datagrams in batches. With GRO the kernel hands over a run of equal ones (the last may be shorter) in one piece. */
#include <errno.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <stdalign.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"

#ifndef UDP_GRO
#define UDP_GRO 104 /* linux/udp.h, which netinet/udp.h of glibc 2.36 does not always agree with */
#endif

enum { BATCH = 32, BATCH_GRO = 8, RUN_MAX = 65536, ROUNDS = 16 };

static union {
    uint8_t single[BATCH][DATAGRAM_MAX];
    uint8_t runs[BATCH_GRO][RUN_MAX];
} data;

static struct {
    alignas(size_t) uint8_t bytes[CMSG_SPACE(sizeof(int))];
} controls[BATCH];

static struct mmsghdr headers[BATCH];
static struct iovec vectors[BATCH];
static bool has_gro;
static unsigned batch;

int inbox_init(bool gro)
{
    has_gro = gro;
    batch = gro ? BATCH_GRO : BATCH;
    for (unsigned i = 0; i < batch; i++) {
        vectors[i] = gro ? (struct iovec){data.runs[i], RUN_MAX}
                         : (struct iovec){data.single[i], DATAGRAM_MAX};
        headers[i].msg_hdr = (struct msghdr){.msg_iov = &vectors[i], .msg_iovlen = 1};
    }
    return 0;
}

void inbox_wish_gro(int fd)
{
    int one = 1;

    if (has_gro)
        (void)setsockopt(fd, SOL_UDP, UDP_GRO, &one, sizeof(one));
}

/* How long each datagram of this piece is. */
static size_t segment_size(struct msghdr *header, size_t size)
{
    int segment = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(header); c; c = CMSG_NXTHDR(header, c))
        if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO)
            memcpy(&segment, CMSG_DATA(c), sizeof(segment));
    return segment > 0 ? (size_t)segment : size;
}

static void split(struct mmsghdr *message, datagram_fn each, void *arg)
{
    uint8_t *at = message->msg_hdr.msg_iov->iov_base;
    size_t left = message->msg_len, segment = segment_size(&message->msg_hdr, left);

    while (left > 0) {
        size_t size = left < segment ? left : segment;

        each(arg, at, size);
        at += size;
        left -= size;
    }
}

void inbox_read(int fd, datagram_fn each, void *arg)
{
    int n = (int)batch;

    for (int round = 0; round < ROUNDS && n == (int)batch; round++) {
        for (unsigned i = 0; has_gro && i < batch; i++) {
            headers[i].msg_hdr.msg_control = &controls[i];
            headers[i].msg_hdr.msg_controllen = sizeof(controls[i]);
        }
        n = recvmmsg(fd, headers, batch, MSG_DONTWAIT, NULL);
        for (int i = 0; i < n; i++)
            split(&headers[i], each, arg);
    }
}

uint32_t inbox_drops(int fd)
{
    uint32_t memory[SK_MEMINFO_VARS] = {0};
    socklen_t size = sizeof(memory);

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &size) != 0)
        return 0;
    return memory[SK_MEMINFO_DROPS];
}
