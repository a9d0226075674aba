/* From a request to a WebSocket's descriptor, over http/server.h: what the handler is given, when it declines, whose
 * address is counted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/server.h"

enum { PATIENCE_S = 20 };

/** What the handler was given last; it declines while `declines`. */
static struct taken {
    int fd;
    struct jt_http_place *place;
    char peer[64], path[64], query[64];
    bool is_secure, declines;
    sem_t is_there;
} taken;

static int on_upgrade(void *arg, const struct jt_http_upgrade *upgrade)
{
    assert_ptr_equal(arg, &taken);
    if (taken.declines)
        return -EAGAIN;
    taken.fd = upgrade->fd;
    taken.place = upgrade->place;
    (void)snprintf(taken.peer, sizeof(taken.peer), "%s", upgrade->peer);
    (void)snprintf(taken.path, sizeof(taken.path), "%s", upgrade->path);
    (void)snprintf(taken.query, sizeof(taken.query), "%s", upgrade->query);
    taken.is_secure = upgrade->is_secure;
    (void)sem_post(&taken.is_there);
    return 0;
}

static char socket_path[64];

static struct jt_http_server *start(int peer_max)
{
    static const struct jt_http_upgrade_route routes[] = {{"/ws", on_upgrade, &taken},
                                                          {"/ws/:show", on_upgrade, &taken}};
    struct jt_http_config config = {
        .name = "test",
        .unix_socket = socket_path,
        .upgrades = routes,
        .upgrade_count = JT_COUNT(routes),
        .upgraded_peer_max = peer_max,
    };
    struct jt_http_server *server;

    taken = (struct taken){.fd = -1};
    assert_int_equal(sem_init(&taken.is_there, 0, 0), 0);
    (void)snprintf(socket_path, sizeof(socket_path), "/tmp/jt-test-upgrade-%d", (int)getpid());
    assert_int_equal(jt_http_server_new(&config, &server), 0);
    return server;
}

static int dial(void)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    strcpy(address.sun_path, socket_path);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/** Ask for `target`, `more` being field lines, as the front door does; returns the status. */
static int ask(int fd, const char *target, const char *more)
{
    char text[1024], answer[2048];
    size_t size = 0;
    int n = snprintf(text, sizeof(text),
                     "GET %s HTTP/1.1\r\nHost: shop.example\r\nConnection: upgrade\r\n"
                     "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                     target, more);

    assert_int_equal(send(fd, text, (size_t)n, MSG_NOSIGNAL), n);
    do { /* to the end of the head and no further: frames may follow */
        assert_int_equal(recv(fd, answer + size, 1, 0), 1);
        answer[++size] = '\0';
    } while (!strstr(answer, "\r\n\r\n") && size < sizeof(answer) - 1);
    return (int)strtol(answer + 9, NULL, 10);
}

#define ORIGIN "Origin: https://shop.example\r\nX-Forwarded-Proto: https\r\n"

static void give_back(void)
{
    (void)close(taken.fd);
    jt_http_place_free(taken.place);
}

static void test_h6_handler_is_told_who_and_what(void **state)
{
    struct jt_http_server *server = start(0);
    char bytes[4];
    int peer = dial(), other = dial();

    (void)state;
    assert_int_equal(
        ask(peer, "/ws/%EA%B0%80?a=%20b", ORIGIN "X-Forwarded-For: 6.6.6.6, 1.2.3.4\r\n"), 101);
    assert_int_equal(sem_wait(&taken.is_there), 0);
    assert_string_equal(taken.peer, "1.2.3.4"); /* the front door's word alone */
    assert_string_equal(taken.path, "/ws/\xea\xb0\x80");
    assert_string_equal(taken.query, "a=%20b");
    assert_true(taken.is_secure);
    assert_true(fcntl(taken.fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(taken.fd, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(send(peer, "in", 2, 0), 2);
    assert_int_equal(send(taken.fd, "out", 3, 0), 3); /* not shut down */
    assert_int_equal(recv(peer, bytes, sizeof(bytes), 0), 3);
    assert_int_equal(recv(taken.fd, bytes, sizeof(bytes), 0), 2); /* nothing of the head is left */
    assert_int_equal(send(peer, "in", 2, 0), 2);
    assert_int_equal(ask(other, "/nowhere", ORIGIN), 400); /* what came is none of its business */
    assert_int_equal(recv(taken.fd, bytes, sizeof(bytes), 0), 2);
    (void)close(other);
    jt_http_server_free(server); /* it outlives the server */
    assert_int_equal(send(taken.fd, "out", 3, 0), 3);
    assert_int_equal(recv(peer, bytes, sizeof(bytes), 0), 3);
    give_back();
    assert_int_equal(recv(peer, bytes, sizeof(bytes), 0), 0);
    (void)close(peer);
}

static void test_w6_p23_scheme_is_part_of_the_origin(void **state)
{
    struct jt_http_server *server = start(0);
    int peer = dial();

    (void)state;
    assert_int_equal(ask(peer, "/ws", "Origin: https://shop.example\r\n"), 403);
    (void)close(peer);
    peer = dial();
    assert_int_equal(ask(peer, "/ws", "X-Forwarded-Proto: https\r\n"), 403);
    (void)close(peer);
    peer = dial();
    assert_int_equal(ask(peer, "/ws", "Origin: http://shop.example\r\n"), 101);
    assert_int_equal(sem_wait(&taken.is_there), 0);
    assert_false(taken.is_secure);
    assert_string_equal(taken.peer, "unix");
    give_back();
    (void)close(peer);
    jt_http_server_free(server);
}

static void test_declined_is_told_to_try_later(void **state)
{
    static const unsigned char later[] = {0x88, 0x02, 0x03, 0xf5}; /* RFC 6455 §5.5.1: 1013 */
    struct jt_http_server *server = start(1);
    unsigned char bytes[8];

    (void)state;
    taken.declines = true;
    for (int i = 0; i < 3; i++) { /* and gives its place back */
        int peer = dial();

        assert_int_equal(ask(peer, "/ws", ORIGIN), 101);
        assert_int_equal(recv(peer, bytes, sizeof(bytes), MSG_WAITALL), sizeof(later));
        assert_memory_equal(bytes, later, sizeof(later));
        (void)close(peer);
    }
    jt_http_server_free(server);
}

static void test_h6_places_are_counted_by_the_address_behind_the_front_door(void **state)
{
    struct jt_http_server *server = start(1);
    struct jt_http_place *first_place;
    int first_fd, a = dial(), b = dial(), c = dial(), d;

    (void)state;
    assert_int_equal(ask(a, "/ws", ORIGIN "X-Forwarded-For: 1.2.3.4\r\n"), 101);
    assert_int_equal(sem_wait(&taken.is_there), 0);
    first_fd = taken.fd;
    first_place = taken.place;
    assert_int_equal(ask(b, "/ws", ORIGIN "X-Forwarded-For: 1.2.3.4\r\n"), 503);
    assert_int_equal(ask(c, "/ws", ORIGIN "X-Forwarded-For: 1.2.3.5\r\n"), 101);
    assert_int_equal(sem_wait(&taken.is_there), 0);
    give_back();
    taken.fd = first_fd;
    taken.place = first_place;
    give_back();
    d = dial();
    assert_int_equal(ask(d, "/ws", ORIGIN "X-Forwarded-For: 1.2.3.4\r\n"), 101);
    assert_int_equal(sem_wait(&taken.is_there), 0);
    give_back();
    for (int i = 0; i < 4; i++)
        (void)close((const int[]){a, b, c, d}[i]);
    jt_http_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_h6_handler_is_told_who_and_what),
        cmocka_unit_test(test_w6_p23_scheme_is_part_of_the_origin),
        cmocka_unit_test(test_declined_is_told_to_try_later),
        cmocka_unit_test(test_h6_places_are_counted_by_the_address_behind_the_front_door),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
