#include "destinations.h"

#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST_PORT = 20000, EVENTS = 256, BATCH = 32, DATAGRAM_MAX = 2048, BUFFER_BYTES = 4 << 20 };

static volatile sig_atomic_t is_stopped;

static void on_signal(int signum)
{
    (void)signum;
    is_stopped = 1;
}

/* A socket on a free port of loopback, watched. */
static int listen_one(int epoll, struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    socklen_t size = sizeof(*address);
    int bytes = BUFFER_BYTES;

    if (fd < 0)
        return -errno;
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
    if (bind(fd, (struct sockaddr *)address, size) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &size) != 0 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0)
        return -errno;
    return 0;
}

static long long drain_one(int fd)
{
    static uint8_t data[BATCH][DATAGRAM_MAX];
    struct mmsghdr headers[BATCH] = {0};
    struct iovec vectors[BATCH];
    long long received = 0;
    int n;

    for (int i = 0; i < BATCH; i++) {
        vectors[i] = (struct iovec){data[i], DATAGRAM_MAX};
        headers[i].msg_hdr.msg_iov = &vectors[i];
        headers[i].msg_hdr.msg_iovlen = 1;
    }
    do {
        n = recvmmsg(fd, headers, BATCH, MSG_DONTWAIT, NULL);
        received += n > 0 ? n : 0;
    } while (n == BATCH);
    return received;
}

/* The child's life. A last look after the signal finds what was sent before it. */
static _Noreturn void drain(int epoll, int report)
{
    struct epoll_event events[EVENTS];
    long long received = 0;
    int n;

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    do {
        n = epoll_wait(epoll, events, EVENTS, is_stopped ? 0 : 100);
        for (int i = 0; i < n; i++)
            received += drain_one(events[i].data.fd);
    } while (n > 0 || !is_stopped);
    (void)!write(report, &received, sizeof(received));
    _exit(0);
}

static int listen_all(struct destinations *out)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC), err = epoll < 0 ? -errno : 0;
    int pipes[2];

    for (int i = 0; i < out->count && !err; i++)
        err = listen_one(epoll, &out->list[i]);
    if (err || pipe(pipes) != 0)
        return err ? err : -errno;
    (void)signal(SIGTERM, on_signal);
    out->drain = fork();
    if (out->drain == 0)
        drain(epoll, pipes[1]);
    (void)close(pipes[1]);
    (void)close(epoll); /* our copies of the sockets stay open and unread: it is the same sockets */
    out->report = pipes[0];
    return out->drain < 0 ? -errno : 0;
}

int destinations_open(struct destinations *out, int count, const char *address)
{
    *out = (struct destinations){.count = count, .list = calloc((size_t)count, sizeof(*out->list))};
    if (!out->list)
        return -ENOMEM;
    if (!address)
        return listen_all(out);
    for (int i = 0; i < count; i++) {
        out->list[i].sin_family = AF_INET;
        out->list[i].sin_port = htons((uint16_t)(FIRST_PORT + i));
        if (inet_pton(AF_INET, address, &out->list[i].sin_addr) != 1)
            return -EINVAL;
    }
    return 0;
}

long long destinations_close(struct destinations *destinations)
{
    long long received = -1;

    if (destinations->drain > 0) {
        (void)kill(destinations->drain, SIGTERM);
        if (read(destinations->report, &received, sizeof(received)) != sizeof(received))
            received = -1;
        (void)waitpid(destinations->drain, NULL, 0);
    }
    free(destinations->list);
    return received;
}
