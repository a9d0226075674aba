/* UDP over loopback, received by a plain socket of the test (sending) or sent by one (receiving). */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net/udp.h"
#include "rig.h"

enum { SEGMENT = 1200, TAIL = 137, BUFFER = 65536 };

static uint8_t payload[BUFFER * 2];

static void wait_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&poller, 1, CEILING_US / 1000), 1);
}

/* A plain socket bound to a free port of `host`; `at` becomes its address. */
static int open_plain(const char *host, struct jt_address *at)
{
    int fd;
    socklen_t size;

    *at = address_of(host);
    fd = socket(at->sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size = jt_address_size(at);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, &at->sa, size), 0);
    assert_int_equal(getsockname(fd, &at->sa, &size), 0);
    return fd;
}

static struct jt_udp *open_udp(const char *bind_to)
{
    struct jt_address address = address_of(bind_to);
    struct jt_udp *udp = NULL;

    assert_int_equal(jt_udp_open(&address, false, &udp), 0);
    return udp;
}

static void fill_payload(void)
{
    for (size_t i = 0; i < sizeof(payload); i++)
        payload[i] = (uint8_t)(i * 7 + i / 251);
}

static void expect_datagram(int fd, const uint8_t *data, size_t size)
{
    static uint8_t got[BUFFER];
    ssize_t n;

    wait_readable(fd);
    n = recv(fd, got, sizeof(got), 0);
    assert_int_equal(n, size);
    assert_memory_equal(got, data, size);
}

static void expect_nothing(int fd)
{
    uint8_t byte;

    assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
    assert_int_equal(errno, EAGAIN);
}

static void expect_segments(int fd, const struct jt_udp_message *message)
{
    for (size_t at = 0; at < message->size; at += message->segment)
        expect_datagram(fd, message->data + at,
                        JT_MIN((size_t)message->segment, message->size - at));
    expect_nothing(fd);
}

/* Seven segments and a shorter last one: eight datagrams, right bytes, in order. */
static void send_frame(const char *bind_to, const char *host)
{
    struct jt_udp *udp = open_udp(bind_to);
    struct jt_address to;
    int fd = open_plain(host, &to);
    struct jt_udp_message message = {payload, 7 * SEGMENT + TAIL, SEGMENT, &to};

    assert_int_equal(jt_udp_send(udp, &message, 1), 1);
    expect_segments(fd, &message);
    message.size = 7 * SEGMENT; /* ends on a border */
    assert_int_equal(jt_udp_send(udp, &message, 1), 1);
    expect_segments(fd, &message);
    message.size = TAIL; /* less than one segment: nothing to cut */
    assert_int_equal(jt_udp_send(udp, &message, 1), 1);
    expect_datagram(fd, payload, TAIL);
    message = (struct jt_udp_message){payload, SEGMENT, 0, &to};
    assert_int_equal(jt_udp_send(udp, &message, 1), 1);
    expect_datagram(fd, payload, SEGMENT);
    (void)close(fd);
    jt_udp_close(udp);
}

static void test_send_segments(void **state)
{
    (void)state;
    send_frame("127.0.0.1:0", "127.0.0.1:0");
    send_frame("[::1]:0", "[::1]:0");
    send_frame("*:0", "127.0.0.1:0"); /* dual stack: to an IPv4-mapped address */
    send_frame("*:0", "[::1]:0");
}

static void test_send_batch_to_many(void **state)
{
    enum { PEERS = JT_UDP_BATCH_OUT };
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_udp_message messages[PEERS];
    struct jt_address to[PEERS];
    int fds[PEERS];

    (void)state;
    for (int i = 0; i < PEERS; i++) {
        fds[i] = open_plain("127.0.0.1:0", &to[i]);
        messages[i] =
            (struct jt_udp_message){payload + i, 3 * SEGMENT + (size_t)i, SEGMENT, &to[i]};
    }
    assert_int_equal(jt_udp_send(udp, messages, PEERS), PEERS);
    for (int i = 0; i < PEERS; i++) {
        expect_segments(fds[i], &messages[i]);
        (void)close(fds[i]);
    }
    assert_int_equal(jt_udp_send(udp, messages, 0), 0);
    jt_udp_close(udp);
}

/* One message that can't go does not keep the others: the caller skips it, as the contract says. */
static void test_one_too_long(void **state)
{
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_address to;
    int fd = open_plain("127.0.0.1:0", &to);
    struct jt_udp_message messages[] = {
        {payload, 100, 0, &to},
        {payload, 65520, 0, &to}, /* over what a UDP datagram holds: EMSGSIZE */
        {payload + 1, 100, 0, &to},
    };

    (void)state;
    assert_int_equal(jt_udp_send(udp, messages, 3), 1);
    assert_int_equal(jt_udp_send(udp, messages + 1, 2), -EMSGSIZE);
    assert_int_equal(jt_udp_send(udp, messages + 2, 1), 1);
    expect_datagram(fd, payload, 100);
    expect_datagram(fd, payload + 1, 100);
    assert_int_equal(jt_udp_send_one(udp, payload, 65520, &to), -EMSGSIZE);
    (void)close(fd);
    jt_udp_close(udp);
}

static void test_too_many_segments(void **state)
{
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_address to;
    int fd = open_plain("127.0.0.1:0", &to);
    struct jt_udp_message messages[] = {
        {payload, 64 * 100, 100, &to}, /* UDP_MAX_SEGMENTS */
        {payload, 64 * 100 + 1, 100, &to},
    };

    (void)state;
    assert_int_equal(jt_udp_send(udp, messages, 2), 1);
    expect_segments(fd, &messages[0]);
    assert_int_equal(jt_udp_send(udp, messages + 1, 1), -EINVAL);
    expect_nothing(fd);
    (void)close(fd);
    jt_udp_close(udp);
}

/*
 * Nobody reads and the buffer fills up: fewer than asked are taken, then none, and no error. UDP over loopback would
 * drop instead, so the descriptor is made that of a unix datagram pair, which has an end.
 */
static void test_no_room(void **state)
{
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_udp_message messages[JT_UDP_BATCH_OUT];
    struct jt_address peer = {0}; /* the pair is connected */
    int pair[2], n, taken = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(dup2(pair[0], jt_udp_fd(udp)), jt_udp_fd(udp));
    for (int i = 0; i < JT_UDP_BATCH_OUT; i++)
        messages[i] = (struct jt_udp_message){payload, 1000, 0, &peer};
    do {
        n = jt_udp_send(udp, messages, 7);
        assert_in_range(n, 0, 7);
        taken += n;
    } while (n == 7);
    assert_in_range(taken, 1, 10000);
    assert_int_equal(jt_udp_send(udp, messages, JT_UDP_BATCH_OUT), 0);
    assert_int_equal(jt_udp_send_one(udp, payload, 1000, &peer), -EAGAIN);
    while (taken-- > 0)
        expect_datagram(pair[1], payload, 1000);
    expect_nothing(pair[1]);
    assert_int_equal(jt_udp_send(udp, messages, 1), 1);
    (void)close(pair[0]);
    (void)close(pair[1]);
    jt_udp_close(udp);
}

/* The kernel refuses UDP_SEGMENT on a socket without checksums (EINVAL): the same datagrams leave one by one. */
static void test_segmentation_refused(void **state)
{
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_address to;
    int fd = open_plain("127.0.0.1:0", &to), one = 1, zero = 0;
    struct jt_udp_message frames[] = {
        {payload, 7 * SEGMENT + TAIL, SEGMENT, &to},
        {payload + 1, 2 * SEGMENT, SEGMENT, &to},
        {payload + 2, TAIL, SEGMENT, &to},
    };
    struct jt_udp_message too_long[] = {frames[0], {payload, 65520, 0, &to}, frames[1]};

    (void)state;
    assert_int_equal(setsockopt(jt_udp_fd(udp), SOL_SOCKET, SO_NO_CHECK, &one, sizeof(one)), 0);
    assert_int_equal(jt_udp_send(udp, frames, 3), 1); /* found out by the first */
    expect_segments(fd, &frames[0]);
    assert_int_equal(setsockopt(jt_udp_fd(udp), SOL_SOCKET, SO_NO_CHECK, &zero, sizeof(zero)), 0);
    assert_int_equal(jt_udp_send(udp, frames, 3), 3); /* and remembered */
    for (size_t at = 0; at < frames[0].size; at += SEGMENT)
        expect_datagram(fd, payload + at, JT_MIN((size_t)SEGMENT, frames[0].size - at));
    expect_datagram(fd, payload + 1, SEGMENT);
    expect_datagram(fd, payload + 1 + SEGMENT, SEGMENT);
    expect_datagram(fd, payload + 2, TAIL);
    expect_nothing(fd);

    assert_int_equal(jt_udp_send(udp, too_long, 3), 1);
    assert_int_equal(jt_udp_send(udp, too_long + 1, 2), -EMSGSIZE);
    expect_segments(fd, &frames[0]);
    (void)close(fd);
    jt_udp_close(udp);
}

static void send_plain(int fd, const struct jt_address *to, const void *data, size_t size)
{
    assert_int_equal(sendto(fd, data, size, 0, &to->sa, jt_address_size(to)), (ssize_t)size);
}

static int receive(struct jt_udp *udp, struct jt_datagram out[JT_UDP_BATCH_IN])
{
    wait_readable(jt_udp_fd(udp));
    return jt_udp_receive(udp, out);
}

/* Who sent it and which of our addresses it came to, through an ANY socket of both families. */
static void test_receive_tells_both_ends(void **state)
{
    static const char *const hosts[] = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0"};
    static const char *const targets[] = {"127.0.0.1:0", "127.0.0.9:0", "[::1]:0"};
    struct jt_udp *udp = open_udp("*:0");
    struct jt_datagram in[JT_UDP_BATCH_IN];
    struct jt_address local = jt_udp_local(udp);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(hosts); i++) {
        struct jt_address from, to = address_of(targets[i]), expected = to;
        int fd = open_plain(hosts[i], &from);

        to.v4.sin_port = local.v6.sin6_port; /* at the same place in both families */
        send_plain(fd, &to, payload, 10 + i);
        assert_int_equal(receive(udp, in), 1);
        assert_int_equal(in[0].size, 10 + i);
        assert_memory_equal(in[0].data, payload, 10 + i);
        assert_true(jt_address_equal(&in[0].from, &from));
        assert_true(jt_address_equal(&in[0].local, &expected));
        assert_false(in[0].is_truncated);
        assert_int_equal(jt_udp_receive(udp, in), 0);
        (void)close(fd);
    }
    jt_udp_close(udp);
}

/* I4: sizes from nothing to the largest: what is over the limit is marked, and harms no other. */
static void test_i4_receive_sizes(void **state)
{
    static const size_t sizes[] = {0, 1, 1499, 1500, 1501, 65507, 20};
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_datagram in[JT_UDP_BATCH_IN];
    struct jt_address from, to = jt_udp_local(udp);
    int fd = open_plain("127.0.0.1:0", &from), n = 0;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(sizes); i++)
        send_plain(fd, &to, payload + i, sizes[i]);
    n = receive(udp, in);
    assert_int_equal(n, JT_COUNT(sizes));
    for (int i = 0; i < n; i++) {
        assert_int_equal(in[i].is_truncated, sizes[i] > JT_UDP_DATAGRAM_MAX_BYTES);
        assert_int_equal(in[i].size, JT_MIN(sizes[i], (size_t)JT_UDP_DATAGRAM_MAX_BYTES));
        assert_memory_equal(in[i].data, payload + i, in[i].size);
    }
    (void)close(fd);
    jt_udp_close(udp);
}

static void test_receive_more_than_a_batch(void **state)
{
    struct jt_udp *udp = open_udp("127.0.0.1:0");
    struct jt_datagram in[JT_UDP_BATCH_IN];
    struct jt_address from, to = jt_udp_local(udp);
    int fd = open_plain("127.0.0.1:0", &from);

    (void)state;
    for (size_t i = 0; i < JT_UDP_BATCH_IN + 5; i++)
        send_plain(fd, &to, payload, i + 1);
    assert_int_equal(receive(udp, in), JT_UDP_BATCH_IN);
    assert_int_equal(in[JT_UDP_BATCH_IN - 1].size, JT_UDP_BATCH_IN);
    assert_int_equal(receive(udp, in), 5);
    assert_int_equal(in[4].size, JT_UDP_BATCH_IN + 5);
    (void)close(fd);
    jt_udp_close(udp);
}

/* What the send path counts on. */
static void test_socket_options(void **state)
{
    struct jt_udp *udp = open_udp("*:0"), *second = NULL;
    struct jt_address address = jt_udp_local(udp);
    int value = 0;
    socklen_t size = sizeof(value);

    (void)state;
    assert_int_equal(getsockopt(jt_udp_fd(udp), IPPROTO_IPV6, IPV6_V6ONLY, &value, &size), 0);
    assert_int_equal(value, 0);
    assert_int_equal(getsockopt(jt_udp_fd(udp), IPPROTO_IP, IP_MTU_DISCOVER, &value, &size), 0);
    assert_int_equal(value, IP_PMTUDISC_PROBE);
    assert_int_equal(getsockopt(jt_udp_fd(udp), IPPROTO_IPV6, IPV6_MTU_DISCOVER, &value, &size), 0);
    assert_int_equal(value, IPV6_PMTUDISC_PROBE);
    assert_int_equal(getsockopt(jt_udp_fd(udp), SOL_SOCKET, SO_RCVBUF, &value, &size), 0);
    if (geteuid() == 0)
        assert_int_equal(value, 2 * (4 << 20)); /* the kernel doubles it: socket(7) */

    assert_int_equal(jt_udp_open(&address, false, &second), -EADDRINUSE);
    assert_null(second);
    jt_udp_close(udp);
    assert_int_equal(jt_udp_open(&address, true, &udp), 0);
    assert_int_equal(jt_udp_open(&address, true, &second), 0);
    jt_udp_close(udp);
    jt_udp_close(second);
    jt_udp_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_send_segments),
        cmocka_unit_test(test_send_batch_to_many),
        cmocka_unit_test(test_one_too_long),
        cmocka_unit_test(test_too_many_segments),
        cmocka_unit_test(test_no_room),
        cmocka_unit_test(test_segmentation_refused),
        cmocka_unit_test(test_receive_tells_both_ends),
        cmocka_unit_test(test_i4_receive_sizes),
        cmocka_unit_test(test_receive_more_than_a_batch),
        cmocka_unit_test(test_socket_options),
    };

    fill_payload();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
