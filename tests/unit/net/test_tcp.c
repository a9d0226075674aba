/* TCP on a loop, against plain blocking sockets of the test as peers. */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/metrics.h"
#include "net/acceptor.h"
#include "net/tcp.h"
#include "rig.h"

enum { QUEUE_MAX = 256 * 1024 };

struct server {
    struct jt_loop *loop;
    struct jt_tcp_listener *listener;
    struct jt_tcp *tcp;
    struct jt_address from;
    int accepted, data_calls, ends, drained, end_error;
    uint8_t *data;
    size_t size;
    enum { KEEP, FREE_ON_DATA, FREE_ON_END, FREE_ON_DRAINED, FINISH_ON_DATA } conduct;
    int fd; /* accepted, if `keeps_fd` */
    bool keeps_fd;
};

static void on_data(void *arg, const uint8_t *data, size_t size)
{
    struct server *server = arg;

    server->data = realloc(server->data, server->size + size);
    assert_non_null(server->data);
    memcpy(server->data + server->size, data, size);
    server->size += size;
    server->data_calls++;
    if (server->conduct == FREE_ON_DATA)
        jt_tcp_free(server->tcp);
    if (server->conduct == FINISH_ON_DATA)
        jt_tcp_finish(server->tcp, CEILING_US);
    jt_loop_stop(server->loop);
}

static void on_end(void *arg, int error)
{
    struct server *server = arg;

    server->ends++;
    server->end_error = error;
    if (server->conduct == FREE_ON_END)
        jt_tcp_free(server->tcp);
    jt_loop_stop(server->loop);
}

static void on_drained(void *arg)
{
    struct server *server = arg;

    server->drained++;
    if (server->conduct == FREE_ON_DRAINED)
        jt_tcp_free(server->tcp);
    jt_loop_stop(server->loop);
}

static const struct jt_tcp_ops ops = {on_data, on_end, on_drained};

static void on_accept(void *arg, int fd, const struct jt_address *from)
{
    struct server *server = arg;

    server->accepted++;
    server->from = *from;
    if (server->keeps_fd)
        server->fd = fd;
    else
        assert_int_equal(jt_tcp_new(server->loop, fd, QUEUE_MAX, &ops, server, &server->tcp), 0);
    jt_loop_stop(server->loop);
}

static struct server open_server(void)
{
    return (struct server){.loop = new_loop()};
}

static void listen_at(struct server *server, const char *text)
{
    struct jt_address address = address_of(text);

    assert_int_equal(jt_tcp_listen(server->loop, &address, on_accept, server, &server->listener),
                     0);
}

static int connect_to(const struct server *server, const char *host)
{
    struct jt_address at = jt_tcp_listener_address(server->listener), to = address_of(host);
    int fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.v4.sin_port = at.v4.sin_port; /* at the same place in both families */
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, &to.sa, jt_address_size(&to)), 0);
    return fd;
}

/* A server with one connection; returns the peer's end. */
static int open_connection(struct server *server)
{
    int fd;

    listen_at(server, "127.0.0.1:0");
    fd = connect_to(server, "127.0.0.1:0");
    run_until(server->loop, &server->accepted, 1);
    return fd;
}

static void close_server(struct server *server)
{
    jt_tcp_listener_free(server->listener);
    jt_loop_free(server->loop);
    free(server->data);
}

static void wait_readable(int fd)
{
    struct pollfd poller = {.fd = fd, .events = POLLIN};

    assert_int_equal(poll(&poller, 1, CEILING_US / 1000), 1);
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 1021);
}

/* Read what comes to the peer while the loop runs, until the end; checks the bytes. Returns how many. */
static size_t read_to_the_end(struct server *server, int fd, int *error)
{
    static uint8_t buffer[65536];
    size_t size = 0;
    int64_t give_up_us = jt_clock_mono_us() + CEILING_US;

    for (;;) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        assert_true(jt_clock_mono_us() < give_up_us);
        if (n < 0 && errno == EAGAIN) {
            jt_loop_turn(server->loop);
            continue;
        }
        *error = n < 0 ? errno : 0;
        if (n <= 0)
            return size;
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(buffer[i], byte_at(size + (size_t)i));
        size += (size_t)n;
    }
}

/* Fill the connection until the queue is full. Returns the bytes accepted. */
static size_t write_until_full(struct jt_tcp *tcp)
{
    uint8_t chunk[10000];
    size_t size = 0;
    int err = 0;

    for (;;) {
        for (size_t i = 0; i < sizeof(chunk); i++)
            chunk[i] = byte_at(size + i);
        err = jt_tcp_write(tcp, chunk, sizeof(chunk));
        if (err)
            break;
        size += sizeof(chunk);
        assert_true(size < 64U << 20);
    }
    assert_int_equal(err, -ENOBUFS);
    assert_in_range(jt_tcp_queued_bytes(tcp), QUEUE_MAX - sizeof(chunk) + 1, QUEUE_MAX);
    return size;
}

static void test_accept_and_exchange(void **state)
{
    static const char *const binds[] = {"127.0.0.1:0", "*:0", "*:0", "[::1]:0"};
    static const char *const hosts[] = {"127.0.0.1:0", "127.0.0.1:0", "[::1]:0", "[::1]:0"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(binds); i++) {
        struct server server = open_server();
        struct jt_address peer = {0};
        socklen_t size = sizeof(peer);
        char answer[4];
        int fd;

        listen_at(&server, binds[i]);
        fd = connect_to(&server, hosts[i]);
        run_until(server.loop, &server.accepted, 1);
        assert_int_equal(getsockname(fd, &peer.sa, &size), 0);
        assert_true(jt_address_equal(&server.from, &peer));
        assert_int_equal(send(fd, "ping", 4, 0), 4);
        run_until(server.loop, &server.data_calls, 1);
        assert_memory_equal(server.data, "ping", 4);
        assert_int_equal(jt_tcp_write(server.tcp, "pong", 4), 0);
        assert_int_equal(jt_tcp_queued_bytes(server.tcp), 0);
        wait_readable(fd);
        assert_int_equal(recv(fd, answer, 4, 0), 4);
        assert_memory_equal(answer, "pong", 4);
        jt_tcp_free(server.tcp);
        assert_int_equal(recv(fd, answer, 4, 0), 0);
        (void)close(fd);
        close_server(&server);
    }
}

static void test_accepted_descriptor(void **state)
{
    struct server server = open_server();
    int fd, value = 0;
    socklen_t size = sizeof(value);

    (void)state;
    server.keeps_fd = true;
    fd = open_connection(&server);
    assert_true(fcntl(server.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(server.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(getsockopt(server.fd, IPPROTO_TCP, TCP_NODELAY, &value, &size), 0);
    assert_true(value);
    (void)close(server.fd);
    (void)close(fd);
    close_server(&server);
}

static void test_address_in_use(void **state)
{
    struct server server = open_server();
    struct jt_tcp_listener *second = NULL;
    struct jt_address address;
    int before;

    (void)state;
    listen_at(&server, "127.0.0.1:0");
    address = jt_tcp_listener_address(server.listener);
    assert_true(jt_address_port(&address) != 0);
    before = count_fds();
    assert_int_equal(jt_tcp_listen(server.loop, &address, on_accept, &server, &second),
                     -EADDRINUSE);
    assert_null(second);
    assert_int_equal(count_fds(), before);
    jt_tcp_listener_free(NULL);
    close_server(&server);
}

/* A peer that reads nothing: the queue takes its limit and not a byte more; then everything arrives, in order, once. */
static void test_queue_limit_and_drain(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server), error;
    size_t written = write_until_full(server.tcp);

    (void)state;
    assert_int_equal(jt_tcp_write(server.tcp, "x", QUEUE_MAX + 1), -ENOBUFS);
    assert_int_equal(jt_tcp_write(server.tcp, "x", SIZE_MAX), -ENOBUFS);
    assert_int_equal(server.drained, 0);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    run_until(server.loop, &server.ends, 1);
    assert_int_equal(server.end_error, 0);
    jt_tcp_finish(server.tcp, CEILING_US);
    assert_int_equal(read_to_the_end(&server, fd, &error), written);
    assert_int_equal(error, 0);
    (void)close(fd);
    close_server(&server);
}

static void test_drained_is_told_once(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server);
    size_t written = write_until_full(server.tcp), got = 0;
    static uint8_t buffer[65536];

    (void)state;
    while (got < written) {
        ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);

        if (n > 0)
            got += (size_t)n;
        else
            jt_loop_turn(server.loop);
    }
    jt_loop_turn(server.loop);
    assert_int_equal(server.drained, 1);
    assert_int_equal(jt_tcp_queued_bytes(server.tcp), 0);
    assert_int_equal(jt_tcp_write(server.tcp, "x", 1), 0); /* small: nothing to tell */
    jt_loop_turn(server.loop);
    assert_int_equal(server.drained, 1);
    jt_tcp_free(server.tcp);
    (void)close(fd);
    close_server(&server);
}

static void test_half_close_lets_us_write(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server);
    char answer[8];

    (void)state;
    assert_int_equal(send(fd, "last", 4, 0), 4);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    run_until(server.loop, &server.ends, 1);
    assert_int_equal(server.end_error, 0);
    assert_int_equal(server.size, 4);
    for (int i = 0; i < 5; i++)
        jt_loop_turn(server.loop); /* the end is told once, and does not keep the loop busy */
    assert_int_equal(server.ends, 1);
    assert_int_equal(jt_tcp_write(server.tcp, "answer", 6), 0);
    wait_readable(fd);
    assert_int_equal(recv(fd, answer, sizeof(answer), 0), 6);
    jt_tcp_free(server.tcp);
    (void)close(fd);
    close_server(&server);
}

static void reset(int fd)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)), 0);
    (void)close(fd);
}

static void test_reset_is_told_once(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server);

    (void)state;
    reset(fd);
    run_until(server.loop, &server.ends, 1);
    assert_int_equal(server.end_error, -ECONNRESET);
    for (int i = 0; i < 5; i++)
        jt_loop_turn(server.loop);
    jt_tcp_pause(server.tcp, true);
    jt_tcp_pause(server.tcp, false);
    jt_loop_turn(server.loop);
    assert_int_equal(server.ends, 1);
    assert_int_equal(jt_tcp_write(server.tcp, "x", 1), -ECONNRESET);
    jt_tcp_free(server.tcp);
    close_server(&server);
}

/* Writing finds out first, while nothing is read: the error is told from the loop, not from within the write. */
static void test_write_to_a_broken_connection(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server), err = 0;

    (void)state;
    jt_tcp_pause(server.tcp, true);
    jt_loop_turn(server.loop);
    reset(fd);
    for (int i = 0; i < 1000 && !err; i++)
        err = jt_tcp_write(server.tcp, "x", 1);
    assert_true(err == -ECONNRESET || err == -EPIPE);
    assert_int_equal(server.ends, 0);
    run_until(server.loop, &server.ends, 1);
    assert_int_equal(server.end_error, err);
    jt_tcp_free(server.tcp);
    close_server(&server);
}

static void test_pause(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server);

    (void)state;
    jt_tcp_pause(server.tcp, true);
    assert_int_equal(send(fd, "ping", 4, 0), 4);
    for (int i = 0; i < 5; i++)
        jt_loop_turn(server.loop);
    assert_int_equal(server.data_calls, 0);
    jt_tcp_pause(server.tcp, false);
    run_until(server.loop, &server.data_calls, 1);
    jt_tcp_free(server.tcp);
    (void)close(fd);
    close_server(&server);
}

static void test_free_in_each_callback(void **state)
{
    static const int conducts[] = {FREE_ON_DATA, FREE_ON_END, FREE_ON_DRAINED};
    int before = count_fds();

    (void)state;
    for (size_t i = 0; i < JT_COUNT(conducts); i++) {
        struct server server = open_server();
        int fd = open_connection(&server);

        server.conduct = conducts[i];
        if (conducts[i] == FREE_ON_DRAINED) {
            static uint8_t buffer[65536];

            (void)write_until_full(server.tcp);
            while (!server.drained)
                if (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) < 0)
                    jt_loop_turn(server.loop);
        } else {
            assert_int_equal(send(fd, "ping", 4, 0), 4);
            (void)shutdown(fd, SHUT_WR);
            run_until(server.loop, conducts[i] == FREE_ON_DATA ? &server.data_calls : &server.ends,
                      1);
        }
        for (int turn = 0; turn < 3; turn++)
            jt_loop_turn(server.loop);
        assert_int_equal(server.ends, conducts[i] == FREE_ON_END);
        (void)close(fd);
        close_server(&server);
    }
    assert_int_equal(count_fds(), before);
}

/* The peer keeps sending while we say goodbye: a plain close would reset the connection and lose our last bytes. */
static void test_finish_with_unread_input(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server), error;
    uint8_t hello[1000] = {0}, last[5000];

    (void)state;
    for (size_t i = 0; i < sizeof(last); i++)
        last[i] = byte_at(i);
    server.conduct = FINISH_ON_DATA;
    assert_int_equal(send(fd, hello, sizeof(hello), 0), (ssize_t)sizeof(hello));
    assert_int_equal(jt_tcp_write(server.tcp, last, sizeof(last)), 0);
    run_until(server.loop, &server.data_calls, 1);
    assert_int_equal(send(fd, hello, sizeof(hello), 0), (ssize_t)sizeof(hello));
    assert_int_equal(read_to_the_end(&server, fd, &error), sizeof(last));
    assert_int_equal(error, 0);
    assert_int_equal(server.data_calls, 1); /* nobody listens any more */
    (void)close(fd);
    close_server(&server);
}

static void on_time(void *arg)
{
    int *count = arg;

    ++*count;
}

/* A peer that neither reads nor closes holds a finishing connection for its time at most. */
static void test_finish_gives_up(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server), fds = count_fds(), ticks = 0;
    struct jt_timer *timer;

    (void)state;
    assert_int_equal(jt_timer_new(server.loop, "tick", on_time, &ticks, &timer), 0);
    (void)write_until_full(server.tcp);
    jt_tcp_finish(server.tcp, 20000);
    jt_timer_start(timer, 40000, 0);
    while (!ticks)
        jt_loop_turn(server.loop);
    assert_int_equal(count_fds(), fds - 1);
    jt_timer_free(timer);
    (void)close(fd);
    close_server(&server);
}

/* What still finishes when its loop goes, goes with it (LeakSanitizer and the descriptors tell). */
static void test_finish_ends_with_the_loop(void **state)
{
    int before = count_fds(), fd;
    struct server server = open_server();

    (void)state;
    fd = open_connection(&server);
    (void)write_until_full(server.tcp);
    jt_tcp_finish(server.tcp, CEILING_US);
    (void)close(fd);
    close_server(&server);
    assert_int_equal(count_fds(), before);
    jt_tcp_finish(NULL, 1);
    jt_tcp_free(NULL);
}

/* Both have said their last and nothing waits: it is over at once, also outside of a callback. */
static void test_finish_when_both_are_done(void **state)
{
    struct server server = open_server();
    int fd = open_connection(&server), fds = count_fds();

    (void)state;
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    run_until(server.loop, &server.ends, 1);
    jt_tcp_finish(server.tcp, CEILING_US);
    assert_int_equal(count_fds(), fds - 1);
    (void)close(fd);
    close_server(&server);
}

/* A finishing connection is not a sink for ever: a flood ends it. */
static void test_finish_against_a_flood(void **state)
{
    static uint8_t junk[65536];
    struct server server = open_server();
    int fd = open_connection(&server);
    int64_t give_up_us = jt_clock_mono_us() + CEILING_US;
    ssize_t n;

    (void)state;
    jt_tcp_finish(server.tcp, CEILING_US);
    do {
        n = send(fd, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL);
        jt_loop_turn(server.loop);
        assert_true(jt_clock_mono_us() < give_up_us);
    } while (n >= 0 || errno == EAGAIN);
    assert_true(errno == EPIPE || errno == ECONNRESET);
    (void)close(fd);
    close_server(&server);
}

static int64_t refused_count(void)
{
    static const char line[] = "jangteo_accept_refused_total{listener=\"tcp.accept\"} ";
    char *text = jt_metrics_text(), *at = strstr(text, line);
    int64_t count = at ? strtoll(at + sizeof(line) - 1, NULL, 10) : 0;

    free(text);
    return count;
}

static struct rlimit lower_fd_limit(rlim_t to)
{
    struct rlimit before, lowered;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    lowered = before;
    lowered.rlim_cur = to;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    return before;
}

/* V6: no descriptor is left. The peers learn it at once, live connections go on, and later ones are accepted again. */
static void test_v6_descriptors_gone(void **state)
{
    enum { CLIENTS = 10 };
    struct server server = open_server();
    int live = open_connection(&server), clients[CLIENTS], lowest;
    struct jt_tcp *live_tcp = server.tcp;
    int64_t before = refused_count();
    struct rlimit limit;
    char byte;

    (void)state;
    for (int i = 0; i < CLIENTS; i++)
        clients[i] = connect_to(&server, "127.0.0.1:0");
    lowest = dup(live);
    (void)close(lowest);
    limit = lower_fd_limit((rlim_t)lowest); /* the reserve has a number below it */
    for (int i = 0; i < 5; i++)
        jt_loop_turn(server.loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(server.accepted, 1);
    assert_int_equal(refused_count() - before, CLIENTS);
    for (int i = 0; i < CLIENTS; i++) {
        wait_readable(clients[i]);
        assert_true(recv(clients[i], &byte, 1, 0) <= 0);
        (void)close(clients[i]);
    }
    assert_int_equal(send(live, "x", 1, 0), 1);
    run_until(server.loop, &server.data_calls, 1);
    clients[0] = connect_to(&server, "127.0.0.1:0");
    run_until(server.loop, &server.accepted, 2);
    (void)close(clients[0]);
    jt_tcp_free(server.tcp);
    jt_tcp_free(live_tcp);
    (void)close(live);
    close_server(&server);
}

/* V6: not even the reserve helps (another thread was faster). The listener rests instead of spinning, and heals. */
static void test_v6_reserve_gone(void **state)
{
    struct server server = open_server();
    int64_t before = refused_count(), start_us, pauses;
    struct jt_timer *timer;
    struct rlimit limit;
    int client, ticks = 0;

    (void)state;
    listen_at(&server, "127.0.0.1:0");
    client = connect_to(&server, "127.0.0.1:0");
    assert_int_equal(jt_timer_new(server.loop, "tick", on_time, &ticks, &timer), 0);
    jt_timer_start(timer, 50000, 0);
    limit = lower_fd_limit(3);
    start_us = jt_clock_mono_us();
    while (!ticks)
        jt_loop_turn(server.loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    pauses = (jt_clock_mono_us() - start_us) / JT_USEC_PER_MSEC / JT_ACCEPT_PAUSE_MS;
    assert_in_range(refused_count() - before, 1, 1 + pauses); /* in thousands of turns */
    run_until(server.loop, &server.accepted, 1);
    jt_timer_free(timer);
    jt_tcp_free(server.tcp);
    (void)close(client);
    close_server(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accept_and_exchange),
        cmocka_unit_test(test_accepted_descriptor),
        cmocka_unit_test(test_address_in_use),
        cmocka_unit_test(test_queue_limit_and_drain),
        cmocka_unit_test(test_drained_is_told_once),
        cmocka_unit_test(test_half_close_lets_us_write),
        cmocka_unit_test(test_reset_is_told_once),
        cmocka_unit_test(test_write_to_a_broken_connection),
        cmocka_unit_test(test_pause),
        cmocka_unit_test(test_free_in_each_callback),
        cmocka_unit_test(test_finish_with_unread_input),
        cmocka_unit_test(test_finish_gives_up),
        cmocka_unit_test(test_finish_when_both_are_done),
        cmocka_unit_test(test_finish_ends_with_the_loop),
        cmocka_unit_test(test_finish_against_a_flood),
        cmocka_unit_test(test_v6_descriptors_gone),
        cmocka_unit_test(test_v6_reserve_gone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
