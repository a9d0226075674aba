#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

static bool is_any_v6(const struct jt_address *address)
{
    return address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

static void make_any_v4(struct jt_address *address)
{
    in_port_t port = address->v6.sin6_port;

    memset(address, 0, sizeof(*address));
    address->v4.sin_family = AF_INET;
    address->v4.sin_port = port;
}

int jt_socket_new(struct jt_address *bind_to, int type)
{
    int flags = SOCK_NONBLOCK | SOCK_CLOEXEC, zero = 0;
    int fd = socket(bind_to->sa.sa_family, type | flags, 0);

    if (fd < 0 && errno == EAFNOSUPPORT && is_any_v6(bind_to)) {
        make_any_v4(bind_to);
        fd = socket(AF_INET, type | flags, 0);
    }
    if (fd < 0)
        return -errno;
    if (is_any_v6(bind_to) && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero)) != 0) {
        int err = -errno;

        (void)close(fd);
        return err;
    }
    return fd;
}

void jt_socket_wish(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value));
}

struct jt_address jt_socket_local(int fd)
{
    struct sockaddr_storage raw;
    socklen_t size = sizeof(raw);
    struct jt_address local = {0};

    if (getsockname(fd, (struct sockaddr *)&raw, &size) == 0)
        (void)!jt_address_from((struct sockaddr *)&raw, size, &local);
    return local;
}

struct iovec jt_socket_iovec(const void *data, size_t size)
{
    union {
        const void *in;
        void *out;
    } pointer = {.in = data};

    return (struct iovec){.iov_base = pointer.out, .iov_len = size};
}
