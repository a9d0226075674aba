/* http/server.h and http/admin.h over real sockets on loopback. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <time.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "http/admin.h"
#include "http/server.h"

enum { PATIENCE_S = 20, TIMEOUT_MS = 300, LARGE_BYTES = 2 * 1024 * 1024 };

static struct jt_http_request *kept; /* what on_keep has got */
static sem_t is_kept;
static char big_body[3 * 1024 * 1024];

/* --- handlers --- */

static void answer_text(struct jt_http_request *request)
{
    char text[1024];
    size_t size;
    const char *body = jt_http_request_body(request, &size);
    const char *q = jt_http_request_query(request, "q");
    int length = snprintf(text, sizeof(text), "%s|%s|%s|%d|%.*s", jt_http_request_path(request),
                          q ? q : "-", jt_http_request_peer(request),
                          jt_http_request_is_secure(request), (int)size, body);

    jt_http_respond(request, 200, NULL, 0, "text/plain", text, (size_t)length);
}

static void on_echo(void *arg, struct jt_http_request *request)
{
    (void)arg;
    answer_text(request);
}

static void *answer_elsewhere(void *request)
{
    answer_text(request);
    return NULL;
}

static void on_late(void *arg, struct jt_http_request *request)
{
    pthread_t thread;

    (void)arg;
    assert_int_equal(pthread_create(&thread, NULL, answer_elsewhere, request), 0);
    assert_int_equal(pthread_detach(thread), 0);
}

static void on_keep(void *arg, struct jt_http_request *request)
{
    (void)arg;
    kept = request;
    sem_post(&is_kept);
}

static void on_big(void *arg, struct jt_http_request *request)
{
    (void)arg;
    jt_http_respond(request, 200, NULL, 0, "application/octet-stream", big_body, sizeof(big_body));
}

/* The size, and whether it is all of it. */
static void on_size(void *arg, struct jt_http_request *request)
{
    char text[64];
    size_t size;
    const char *body = jt_http_request_body(request, &size);
    int length = snprintf(text, sizeof(text), "%zu %d", size, memcmp(body, big_body, size) == 0);

    (void)arg;
    jt_http_respond(request, 200, NULL, 0, "text/plain", text, (size_t)length);
}

static void on_trust(void *arg, struct jt_http_request *request)
{
    jt_http_request_trust(request);
    on_echo(arg, request);
}

static void on_evil_header(void *arg, struct jt_http_request *request)
{
    const struct jt_http_header headers[] = {{"X-Good", "1"}, {"X-Evil", "a\r\nX-Smuggled: 1"}};

    (void)arg;
    jt_http_respond(request, 204, headers, 2, NULL, NULL, 0);
}

static void on_field(void *arg, struct jt_http_request *request)
{
    const char *value = jt_http_request_header(request, "idempotency-key");

    (void)arg;
    jt_http_respond(request, 200, NULL, 0, "text/plain", value ? value : "-",
                    value ? strlen(value) : 1);
}

static const struct jt_http_route routes[] = {
    {.methods = JT_HTTP_GET, .pattern = "/field", .handler = on_field},
    {.methods = JT_HTTP_GET | JT_HTTP_POST | JT_HTTP_DELETE,
     .pattern = "/echo/:x",
     .handler = on_echo},
    {.methods = JT_HTTP_GET | JT_HTTP_POST, .pattern = "/late/:x", .handler = on_late},
    {.methods = JT_HTTP_GET, .pattern = "/keep", .handler = on_keep},
    {.methods = JT_HTTP_POST,
     .pattern = "/large",
     .handler = on_size,
     .body_max_bytes = LARGE_BYTES},
    {.methods = JT_HTTP_POST,
     .pattern = "/large/keep",
     .handler = on_keep,
     .body_max_bytes = LARGE_BYTES},
    {.methods = JT_HTTP_GET, .pattern = "/big", .handler = on_big},
    {.methods = JT_HTTP_GET, .pattern = "/trust", .handler = on_trust},
    {.methods = JT_HTTP_GET, .pattern = "/evil", .handler = on_evil_header},
};

static struct jt_http_server *start(const struct jt_http_config *base)
{
    struct jt_http_config config = *base;
    struct jt_http_server *server;

    config.name = "test";
    config.routes = routes;
    config.route_count = JT_COUNT(routes);
    if (!config.unix_socket)
        config.listen = "127.0.0.1:0";
    assert_int_equal(jt_http_server_new(&config, &server), 0);
    return server;
}

static struct jt_http_server *start_plain(void)
{
    return start(&(struct jt_http_config){.peer_connections_max = -1});
}

/* --- a client that does what it is told --- */

static int connect_any(const struct sockaddr *address, socklen_t size)
{
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, address, size), 0);
    return fd;
}

static int connect_to(const struct jt_http_server *server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(jt_http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

    return connect_any((struct sockaddr *)&address, sizeof(address));
}

static void put(int fd, const char *text, size_t size)
{
    assert_int_equal(send(fd, text, size, MSG_NOSIGNAL), size);
}

static void put_text(int fd, const char *text)
{
    put(fd, text, strlen(text));
}

/** Read until the peer closes; false if it resets or keeps silent. */
static bool get_all(int fd, char *out, size_t capacity)
{
    size_t size = 0;
    ssize_t n;

    while ((n = recv(fd, out + size, capacity - 1 - size, 0)) > 0)
        size += (size_t)n;
    out[size] = '\0';
    return n == 0;
}

/** Read one response with a Content-Length. */
static void get_one(int fd, char *out, size_t capacity)
{
    size_t size = 0;

    for (;;) {
        char *head_end, *length;
        ssize_t n = recv(fd, out + size, capacity - 1 - size, 0);

        assert_true(n > 0);
        size += (size_t)n;
        out[size] = '\0';
        head_end = strstr(out, "\r\n\r\n");
        length = strstr(out, "Content-Length: ");
        if (head_end && length &&
            size == (size_t)(head_end + 4 - out) + strtoul(length + 16, NULL, 10))
            return;
    }
}

/* The date is the only thing that may differ between two answers. */
static void drop_date(char *text)
{
    char *date;

    while ((date = strstr(text, "Date: "))) {
        char *end = strstr(date, "\r\n");

        assert_non_null(end);
        memmove(date, end + 2, strlen(end + 2) + 1);
    }
}

static void exchange(const struct jt_http_server *server, const char *request, char *out,
                     size_t capacity)
{
    int fd = connect_to(server);

    put(fd, request, strlen(request));
    get_one(fd, out, capacity);
    close(fd);
}

static void assert_status(const char *answer, const char *status)
{
    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, strlen(status)) != 0)
        fail_msg("want %s, got %s", status, answer);
}

static void assert_body(const char *answer, const char *body)
{
    const char *found = strstr(answer, "\r\n\r\n");

    assert_non_null(found);
    assert_string_equal(found + 4, body);
}

#define HOST "Host: 127.0.0.1\r\n"

/* --- tests --- */

static void test_answer(void **state)
{
    struct jt_http_server *server = start_plain();
    char answer[4096];

    (void)state;
    exchange(server, "GET /echo/a?q=1%262&z HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer));
    assert_status(answer, "200 OK\r\n");
    assert_body(answer, "/echo/a|1&2|127.0.0.1|0|");
    exchange(server, "POST /echo/%ED%95%9C HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello",
             answer, sizeof(answer));
    assert_body(answer, "/echo/\xed\x95\x9c|-|127.0.0.1|0|hello");
    exchange(server, "GET /nowhere HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer));
    assert_status(answer, "404 ");
    assert_non_null(strstr(answer, "Content-Type: application/problem+json\r\n"));
    assert_non_null(strstr(answer, "X-Content-Type-Options: nosniff\r\n"));
    exchange(server, "PUT /echo/a HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", answer,
             sizeof(answer));
    assert_status(answer, "405 ");
    assert_non_null(strstr(answer, "Allow: GET, HEAD, POST, DELETE\r\n"));
    jt_http_server_free(server);
}

static void test_head_has_no_body(void **state)
{
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server);

    (void)state;
    put_text(fd, "HEAD /echo/a HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(get_all(fd, answer, sizeof(answer)));
    assert_status(answer, "200 ");
    assert_non_null(strstr(answer, "Content-Length: 22\r\n"));
    assert_body(answer, "");
    close(fd);
    jt_http_server_free(server);
}

static void test_keep_alive(void **state)
{
    static const char *const requests[] = {
        "GET /echo/a HTTP/1.1\r\n" HOST "\r\n",
        "POST /late/a HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc",
        "GET /nowhere HTTP/1.1\r\n" HOST "\r\n",
    };
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server);

    (void)state;
    for (int i = 0; i < 300; i++) {
        put(fd, requests[i % 3], strlen(requests[i % 3]));
        get_one(fd, answer, sizeof(answer));
        assert_status(answer, i % 3 == 2 ? "404" : "200");
    }
    close(fd);
    jt_http_server_free(server);
}

/** Send in two parts, the second when the first has certainly been looked at. */
static void send_cut(int fd, const char *text, size_t size, size_t cut)
{
    put(fd, text, cut);
    usleep(500); /* not a wait for an event: only to make two reads of it likely */
    (void)send(fd, text + cut, size - cut, MSG_NOSIGNAL); /* it may have been refused already */
}

static void test_h4_every_cut(void **state)
{
    static const char *const requests[] = {
        "POST /echo/abc?q=x%20y HTTP/1.1\r\n" HOST
        "Content-Length: 5\r\nConnection: close\r\n\r\nhello",
        "GET /nowhere HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n",
        "GET /echo/a%00 HTTP/1.1\r\n" HOST "\r\n",
        "POST /late/a HTTP/1.1\r\n" HOST "Content-Length: 2\r\nConnection: close\r\n\r\nab",
    };
    struct jt_http_server *server = start_plain();
    char whole[4096], parts[4096];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(requests); i++) {
        size_t size = strlen(requests[i]);
        int fd = connect_to(server);

        put(fd, requests[i], size);
        assert_true(get_all(fd, whole, sizeof(whole)));
        close(fd);
        drop_date(whole);
        for (size_t cut = 1; cut < size; cut++) {
            fd = connect_to(server);
            send_cut(fd, requests[i], size, cut);
            (void)get_all(
                fd, parts,
                sizeof(parts)); /* a reset after the answer is all right when we sent on */
            close(fd);
            drop_date(parts);
            assert_string_equal(parts, whole);
        }
    }
    jt_http_server_free(server);
}

static void test_h4_single_bytes(void **state)
{
    static const char request[] =
        "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 3\r\nConnection: close\r\n\r\nabc";
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server), on = 1;

    (void)state;
    (void)setsockopt(fd, IPPROTO_TCP, 1 /* TCP_NODELAY */, &on, sizeof(on));
    for (size_t i = 0; i < sizeof(request) - 1; i++)
        put(fd, request + i, 1);
    assert_true(get_all(fd, answer, sizeof(answer)));
    assert_body(answer, "/echo/a|-|127.0.0.1|0|abc");
    close(fd);
    jt_http_server_free(server);
}

static void test_h4_half_closed(void **state)
{
    static const char *const requests[] = {"GET /echo/a HTTP/1.1\r\n" HOST "\r\n",
                                           "GET /late/a HTTP/1.1\r\n" HOST "\r\n",
                                           "GET /big HTTP/1.1\r\n" HOST "\r\n"};
    struct jt_http_server *server = start_plain();
    char *answer = malloc(sizeof(big_body) + 4096);

    (void)state;
    assert_non_null(answer);
    for (int i = 0; i < 60; i++) {
        int fd = connect_to(server);

        put(fd, requests[i % 3], strlen(requests[i % 3]));
        assert_int_equal(shutdown(fd, SHUT_WR), 0);
        assert_true(get_all(fd, answer, sizeof(big_body) + 4096));
        assert_status(answer, "200");
        if (i % 3 == 2)
            assert_true(strlen(answer) > sizeof(big_body));
        close(fd);
    }
    free(answer);
    jt_http_server_free(server);
}

/** Send a field of that name before another one: both arrive whole, or the request is refused. */
static bool is_refused_or_whole(int *fd, const struct jt_http_server *server, const char *name)
{
    char request[512], answer[4096];

    (void)snprintf(request, sizeof(request),
                   "GET /field HTTP/1.1\r\n" HOST
                   "%s: b\r\nIdempotency-Key: key-1\r\n%s: b\r\n\r\n",
                   name, name);
    put_text(*fd, request);
    get_one(*fd, answer, sizeof(answer));
    if (strncmp(answer, "HTTP/1.1 200", 12) == 0)
        return strcmp(strstr(answer, "\r\n\r\n") + 4, "key-1") == 0;
    close(*fd);
    *fd = connect_to(server);
    return strncmp(answer, "HTTP/1.1 4", 10) == 0;
}

/* Beginnings of the names libwebsockets knows, and what branches off from them. */
static void test_h3_no_field_swallows_the_next(void **state)
{
    static const char *const names[] = {"host",
                                        "connection",
                                        "upgrade",
                                        "origin",
                                        "sec-websocket-draft",
                                        "http2-settings",
                                        "accept",
                                        "access-control-request-headers",
                                        "if-modified-since",
                                        "if-none-match",
                                        "accept-encoding",
                                        "accept-language",
                                        "pragma",
                                        "cache-control",
                                        "authorization",
                                        "cookie",
                                        "content-length",
                                        "content-type",
                                        "date",
                                        "range",
                                        "referer",
                                        "accept-charset",
                                        "accept-ranges",
                                        "access-control-allow-origin",
                                        "age",
                                        "allow",
                                        "content-disposition",
                                        "content-encoding",
                                        "content-language",
                                        "content-location",
                                        "content-range",
                                        "etag",
                                        "expect",
                                        "expires",
                                        "from",
                                        "if-match",
                                        "if-range",
                                        "if-unmodified-since",
                                        "last-modified",
                                        "link",
                                        "location",
                                        "max-forwards",
                                        "proxy-authenticate",
                                        "proxy-authorization",
                                        "refresh",
                                        "retry-after",
                                        "server",
                                        "set-cookie",
                                        "strict-transport-security",
                                        "transfer-encoding",
                                        "user-agent",
                                        "vary",
                                        "via",
                                        "www-authenticate",
                                        "x-real-ip",
                                        "x-forwarded-for",
                                        "te",
                                        "replay-nonce",
                                        "x-auth-token",
                                        "get",
                                        "post",
                                        "options",
                                        "put",
                                        "patch",
                                        "delete",
                                        "connect",
                                        "head",
                                        "proxy",
                                        "uri-args",
                                        "http",
                                        "idempotency-kex",
                                        "x-csrf-token"};
    static const char *const ends[] = {"", "q", "-x"};
    struct jt_http_server *server = start_plain();
    int fd = connect_to(server);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(names); i++) {
        for (size_t size = 1; size <= strlen(names[i]); size++) {
            for (size_t k = 0; k < JT_COUNT(ends); k++) {
                char name[64];

                (void)snprintf(name, sizeof(name), "%.*s%s", (int)size, names[i], ends[k]);
                if (!is_refused_or_whole(&fd, server, name))
                    fail_msg("%s", name);
            }
        }
    }
    close(fd);
    jt_http_server_free(server);
}

/* Only the first is served, and it says so; the others may be asked again (RFC 9112 §9.3.2). */
static void test_h3_pipelined_is_one(void **state)
{
    static const char request[] =
        "GET /echo/a?q=1 HTTP/1.1\r\n" HOST "\r\nGET /echo/a?q=2 HTTP/1.1\r\n" HOST "\r\n";
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server);

    (void)state;
    put(fd, request, strlen(request));
    (void)get_all(fd, answer, sizeof(answer));
    assert_non_null(strstr(answer, "Connection: close\r\n"));
    assert_body(answer, "/echo/a|1|127.0.0.1|0|");
    close(fd);
    jt_http_server_free(server);
}

static void test_expect_continue(void **state)
{
    static const char head[] =
        "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n";
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server);
    ssize_t size;

    (void)state;
    put(fd, head, strlen(head));
    size = recv(fd, answer, sizeof(answer) - 1, 0);
    assert_true(size > 0);
    answer[size] = '\0';
    assert_string_equal(answer, "HTTP/1.1 100 Continue\r\n\r\n");
    put(fd, "abc", 3);
    get_one(fd, answer, sizeof(answer));
    assert_body(answer, "/echo/a|-|127.0.0.1|0|abc");
    close(fd);
    jt_http_server_free(server);
}

static void test_unsafe_header_is_left_out(void **state)
{
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd = connect_to(server);

    (void)state;
    put_text(fd, "GET /evil HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    assert_true(get_all(fd, answer, sizeof(answer)));
    assert_status(answer, "204");
    assert_non_null(strstr(answer, "X-Good: 1\r\n"));
    assert_null(strstr(answer, "Smuggled"));
    assert_null(strstr(answer, "Content-Length"));
    close(fd);
    jt_http_server_free(server);
}

static void keep_one(struct jt_http_server *server, int *fd)
{
    *fd = connect_to(server);
    put_text(*fd, "GET /keep HTTP/1.1\r\n" HOST "\r\n");
    assert_int_equal(sem_wait(&is_kept), 0);
}

static void test_answer_to_a_dead_peer(void **state)
{
    struct linger abort_at_close = {.l_onoff = 1};
    struct jt_http_server *server = start_plain();
    char answer[4096];
    int fd;

    (void)state;
    for (int i = 0; i < 20; i++) {
        keep_one(server, &fd);
        if (i % 2)
            (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_at_close, sizeof(abort_at_close));
        close(fd);
        exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "\r\n", answer,
                 sizeof(answer)); /* a turn of the server */
        answer_text(kept);
    }
    exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer));
    assert_status(answer, "200");
    jt_http_server_free(server);
}

static void test_answer_after_the_server(void **state)
{
    struct jt_http_server *server = start_plain();
    char answer[64];
    int fd;

    (void)state;
    keep_one(server, &fd);
    jt_http_server_free(server);
    answer_text(kept);
    (void)get_all(fd, answer, sizeof(answer));
    assert_string_equal(answer, "");
    close(fd);
}

static int64_t cpu_ms(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/** Over a window of 300 ms the whole process may use a third of it: a poll loop that spins uses
 * all. */
static void assert_calm(const char *what)
{
    int64_t before = cpu_ms();

    usleep(300 * 1000); /* the window that is measured */
    if (cpu_ms() - before > 100)
        fail_msg("%s: %d ms of CPU", what, (int)(cpu_ms() - before));
}

/* Whatever a connection waits for, nobody spins over it. */
static void test_h1_waiting_costs_nothing(void **state)
{
    struct jt_http_server *server = start_plain();
    int first = connect_to(server), kept_fd, silent, unread;
    char answer[4096];

    (void)state;
    assert_calm("nothing sent");
    put_text(first, "GET /echo/a HT");
    assert_calm("part of a head");
    put_text(first, "TP/1.1\r\n" HOST "\r\n");
    get_one(first, answer, sizeof(answer));
    assert_calm("idle");
    put_text(first, "GET /echo/a HT");
    assert_calm("part of a second head");
    keep_one(server, &kept_fd);
    put_text(kept_fd, "GET /echo/a HTTP/1.1\r\n");
    assert_calm("a handler at work");
    assert_int_equal(shutdown(kept_fd, SHUT_WR), 0);
    assert_calm("a handler at work, half-closed");
    answer_text(kept);
    silent = connect_to(server);
    put_text(silent, "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 70000\r\n\r\nabc");
    get_one(silent, answer, sizeof(answer));
    assert_status(answer, "413");
    assert_calm("lingering");
    put_text(silent, "more");
    assert_calm("lingering with more");
    unread = connect_to(server);
    put_text(unread, "GET /big HTTP/1.1\r\n" HOST "\r\nGET");
    assert_calm("an answer that is not read");
    put_text(first, "TP/1.1\r\n" HOST "\r\n");
    get_one(first, answer, sizeof(answer));
    assert_status(answer, "200");
    close(first);
    close(kept_fd);
    close(silent);
    close(unread);
    assert_calm("all closed");
    jt_http_server_free(server);
}

/* The answer reaches a peer that is still sending what nobody wants. */
static void test_answer_before_reset(void **state)
{
    struct jt_http_server *server = start_plain();
    char answer[4096];

    (void)state;
    for (int i = 0; i < 20; i++) {
        int fd = connect_to(server);

        put_text(fd, "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 900000\r\n\r\n");
        for (int k = 0; k < 100; k++)
            (void)send(fd, big_body, 9000, MSG_NOSIGNAL);
        get_one(fd, answer, sizeof(answer));
        assert_status(answer, "413");
        close(fd);
    }
    jt_http_server_free(server);
}

static int begin_post(const struct jt_http_server *server, const char *path, size_t size)
{
    int fd = connect_to(server);
    char head[128];

    (void)snprintf(head, sizeof(head), "POST %s HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n",
                   path, size);
    put_text(fd, head);
    return fd;
}

static void expect_post(const struct jt_http_server *server, const char *path, size_t size,
                        const char *status, const char *body)
{
    char answer[4096];
    int fd = begin_post(server, path, size);

    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(fd, big_body + sent, size - sent, MSG_NOSIGNAL);

        if (n <= 0)
            break; /* refused, and the linger is over */
        sent += (size_t)n;
    }
    get_one(fd, answer, sizeof(answer));
    assert_status(answer, status);
    if (body)
        assert_body(answer, body);
    close(fd);
}

static void test_large_body(void **state)
{
    struct jt_http_server *server = start_plain();

    (void)state;
    expect_post(server, "/large", LARGE_BYTES, "200", "2097152 1");
    expect_post(server, "/large", 65537, "200", "65537 1");
    expect_post(server, "/large", 7, "200", "7 1");
    expect_post(server, "/large", LARGE_BYTES + 1, "413", NULL);
    expect_post(server, "/echo/a", 65537, "413", NULL); /* another route's generosity is not its */
    expect_post(server, "/nowhere", 65537, "404", NULL);
    jt_http_server_free(server);
}

/* Bodies that are coming in and bodies that a handler holds both count; each ends to make room. */
static void test_large_bodies_are_few(void **state)
{
    struct jt_http_server *server = start_plain();
    int fds[JT_HTTP_LARGE_BODIES_MAX];
    char answer[4096];

    (void)state;
    fds[0] = begin_post(server, "/large/keep", 70000);
    put(fds[0], big_body, 70000);
    assert_int_equal(sem_wait(&is_kept), 0);
    for (int i = 1; i < JT_HTTP_LARGE_BODIES_MAX; i++) {
        fds[i] = begin_post(server, "/large", 70000);
        put(fds[i], big_body, 60000);
        expect_post(server, "/large", 60000, "200", "60000 1"); /* a turn of the server */
    }
    expect_post(server, "/large", 70000, "503", NULL);
    jt_http_problem(kept, 422, "no", "No", 0);
    get_one(fds[0], answer, sizeof(answer));
    assert_status(answer, "422");
    expect_post(server, "/large", 70000, "200", "70000 1");
    put(fds[1], big_body, 10000);
    get_one(fds[1], answer, sizeof(answer));
    assert_status(answer, "200");
    for (int i = 0; i < JT_HTTP_LARGE_BODIES_MAX; i++)
        close(fds[i]);
    for (int i = 0; i < 2 * JT_HTTP_LARGE_BODIES_MAX; i++)
        expect_post(server, "/large", 70000, "200", "70000 1");
    jt_http_server_free(server);
}

static void *hammer(void *arg)
{
    struct jt_http_server *server = arg;
    char answer[4096];
    int fd = connect_to(server);

    for (int i = 0; i < 50; i++) {
        put_text(fd, "GET /late/a HTTP/1.1\r\n" HOST "\r\n");
        get_one(fd, answer, sizeof(answer));
        assert_status(answer, "200");
    }
    close(fd);
    return NULL;
}

static void test_answers_from_many_threads(void **state)
{
    struct jt_http_server *server = start_plain();
    pthread_t threads[16];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, server), 0);
    for (size_t i = 0; i < JT_COUNT(threads); i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    jt_http_server_free(server);
}

static void test_free_amid_requests(void **state)
{
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct jt_http_server *server = start_plain();
        int fds[8];

        for (size_t k = 0; k < JT_COUNT(fds); k++) {
            fds[k] = connect_to(server);
            put_text(fds[k], k % 2 ? "GET /late/a HTTP/1.1\r\n" HOST "\r\n" : "GET /late/a HT");
        }
        jt_http_server_free(server);
        for (size_t k = 0; k < JT_COUNT(fds); k++)
            close(fds[k]);
    }
}

static void test_h1_slow_requests(void **state)
{
    static const char *const beginnings[] = {
        "",
        "GET /echo/a HT",
        "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc",
    };
    const struct jt_http_config config = {
        .header_timeout_ms = TIMEOUT_MS, .body_timeout_ms = TIMEOUT_MS, .peer_connections_max = -1};
    struct jt_http_server *server = start(&config);
    char answer[4096];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(beginnings); i++) {
        int fd = connect_to(server);

        put(fd, beginnings[i], strlen(beginnings[i]));
        assert_true(get_all(fd, answer, sizeof(answer)));
        assert_status(answer, "408");
        close(fd);
    }
    jt_http_server_free(server);
}

static void *drip(void *arg)
{
    int fd = *(int *)arg;

    while (send(fd, "a", 1, MSG_NOSIGNAL) == 1)
        usleep(TIMEOUT_MS * 1000 / 10); /* the rude peer's pace, not a wait */
    return NULL;
}

static void test_h1_dripping_body(void **state)
{
    const struct jt_http_config config = {.body_timeout_ms = TIMEOUT_MS,
                                          .peer_connections_max = -1};
    struct jt_http_server *server = start(&config);
    int fd = connect_to(server);
    char answer[4096];
    pthread_t thread;

    (void)state;
    put_text(fd, "POST /echo/a HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
    assert_int_equal(pthread_create(&thread, NULL, drip, &fd), 0);
    (void)get_all(fd, answer, sizeof(answer));
    assert_status(answer, "408");
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(fd);
    jt_http_server_free(server);
}

/* The second request of a kept connection is under the deadline too. */
static void test_h1_slow_second_request(void **state)
{
    const struct jt_http_config config = {.header_timeout_ms = TIMEOUT_MS,
                                          .peer_connections_max = -1};
    struct jt_http_server *server = start(&config);
    int fd = connect_to(server);
    char answer[4096];

    (void)state;
    put_text(fd, "GET /echo/a HTTP/1.1\r\n" HOST "\r\n");
    get_one(fd, answer, sizeof(answer));
    put_text(fd, "GET ");
    assert_true(get_all(fd, answer, sizeof(answer)));
    assert_status(answer, "408");
    close(fd);
    jt_http_server_free(server);
}

static void test_h1_connections_per_peer(void **state)
{
    struct jt_http_server *server = start(&(struct jt_http_config){0});
    char answer[4096];
    int fds[66];

    (void)state;
    for (int i = 0; i < 64; i++) {
        fds[i] = connect_to(server);
        put_text(fds[i], "GET /echo/a HTTP/1.1\r\n" HOST "\r\n");
        get_one(fds[i], answer, sizeof(answer));
    }
    fds[64] = connect_to(server);
    (void)get_all(fds[64], answer, sizeof(answer));
    assert_string_equal(answer, "");
    put_text(fds[0], "GET /trust HTTP/1.1\r\n" HOST "\r\n"); /* no longer counts */
    get_one(fds[0], answer, sizeof(answer));
    exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "\r\n", answer, sizeof(answer));
    assert_status(answer, "200");
    for (int i = 0; i <= 64; i++)
        close(fds[i]);
    jt_http_server_free(server);
}

static void test_h5_host_and_origin(void **state)
{
    struct jt_http_server *server =
        start(&(struct jt_http_config){.hosts = "shop.example", .origins = "https://cdn.example"});
    char answer[4096];

    (void)state;
    exchange(server, "GET /echo/a HTTP/1.1\r\nHost: evil.example\r\n\r\n", answer, sizeof(answer));
    assert_status(answer, "421");
    exchange(server, "GET /echo/a HTTP/1.1\r\nHost: SHOP.example\r\n\r\n", answer, sizeof(answer));
    assert_status(answer, "200");
    exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "Origin: null\r\n\r\n", answer,
             sizeof(answer));
    assert_status(answer, "403");
    assert_null(strstr(answer, "Access-Control"));
    exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "Origin: http://127.0.0.1\r\n\r\n", answer,
             sizeof(answer));
    assert_status(answer, "200");
    assert_null(strstr(answer, "Access-Control"));
    exchange(server, "GET /echo/a HTTP/1.1\r\n" HOST "Origin: https://cdn.example\r\n\r\n", answer,
             sizeof(answer));
    assert_status(answer, "200");
    assert_non_null(
        strstr(answer, "Access-Control-Allow-Origin: https://cdn.example\r\nVary: Origin\r\n"));
    jt_http_server_free(server);
}

static void exchange_unix(const char *path, const char *request, char *out, size_t capacity)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    strcpy(address.sun_path, path);
    fd = connect_any((struct sockaddr *)&address, sizeof(address));
    for (const char *p = request; *p;
         p++) /* in bytes: peeking at a unix socket has to see across writes */
        put(fd, p, 1);
    get_one(fd, out, capacity);
    close(fd);
}

static void test_h6_forwarded_fields(void **state)
{
    char path[] = "/tmp/jt-http-XXXXXX", socket_path[64], answer[4096];
    struct jt_http_server *server;
    struct stat status;

    (void)state;
    assert_non_null(mkdtemp(path));
    (void)snprintf(socket_path, sizeof(socket_path), "%s/s.sock", path);
    server = start(&(struct jt_http_config){.listen = "127.0.0.1:0", .unix_socket = socket_path});
    assert_int_equal(stat(socket_path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    exchange(server,
             "GET /echo/a HTTP/1.1\r\n" HOST
             "X-Forwarded-For: 192.0.2.1\r\nX-Real-IP: 192.0.2.1\r\n"
             "Forwarded: for=192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n",
             answer, sizeof(answer));
    assert_body(answer, "/echo/a|-|127.0.0.1|0|");
    exchange_unix(socket_path, "GET /echo/a HTTP/1.1\r\nHost: any\r\n\r\n", answer, sizeof(answer));
    assert_body(answer, "/echo/a|-|unix|0|");
    exchange_unix(socket_path,
                  "GET /echo/a HTTP/1.1\r\nHost: any\r\nX-Forwarded-For: 192.0.2.1, 2001:db8::7\r\n"
                  "X-Forwarded-Proto: https\r\n\r\n",
                  answer, sizeof(answer));
    assert_body(answer, "/echo/a|-|2001:db8::7|1|");
    exchange_unix(socket_path,
                  "GET /echo/a HTTP/1.1\r\nHost: any\r\nX-Forwarded-For: <script>\r\n\r\n", answer,
                  sizeof(answer));
    assert_body(answer, "/echo/a|-|unix|0|");
    jt_http_server_free(server);
    assert_int_equal(stat(socket_path, &status), -1);
    assert_int_equal(rmdir(path), 0);
}

static void test_addresses_in_use(void **state)
{
    char path[] = "/tmp/jt-http-XXXXXX", socket_path[64], listen_text[32];
    struct jt_http_config config = {.name = "test", .unix_socket = socket_path};
    struct jt_http_server *server, *second;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int stale;

    (void)state;
    assert_non_null(mkdtemp(path));
    (void)snprintf(socket_path, sizeof(socket_path), "%s/s.sock", path);
    strcpy(address.sun_path, socket_path);
    stale = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); /* left behind by a killed process */
    assert_int_equal(bind(stale, (struct sockaddr *)&address, sizeof(address)), 0);
    close(stale);
    server = start(&(struct jt_http_config){.listen = "127.0.0.1:0", .unix_socket = socket_path});
    assert_int_equal(jt_http_server_new(&config, &second), -EADDRINUSE);
    (void)snprintf(listen_text, sizeof(listen_text), "127.0.0.1:%u", jt_http_server_port(server));
    config = (struct jt_http_config){.name = "test", .listen = listen_text};
    assert_int_equal(jt_http_server_new(&config, &second), -EADDRINUSE);
    config.listen = "127.0.0.1";
    assert_int_equal(jt_http_server_new(&config, &second), -EINVAL);
    config.listen = "";
    assert_int_equal(jt_http_server_new(&config, &second), -EINVAL);
    jt_http_server_free(server);
    assert_int_equal(rmdir(path), 0);
}

static bool ready_answer;

static bool is_ready(void *arg, char *why, size_t capacity)
{
    assert_ptr_equal(arg, &ready_answer);
    (void)snprintf(why, capacity, "%s", ready_answer ? "ok" : "no ring");
    return ready_answer;
}

static void test_x4_admin(void **state)
{
    struct jt_http_server *server;
    char *answer = malloc(256 * 1024);

    (void)state;
    assert_non_null(answer);
    assert_int_equal(jt_admin_new("127.0.0.1:0", is_ready, &ready_answer, &server), 0);
    exchange(server, "GET /healthz HTTP/1.1\r\n" HOST "\r\n", answer, 4096);
    assert_status(answer, "200");
    assert_body(answer, "ok\n");
    ready_answer = false;
    exchange(server, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", answer, 4096);
    assert_status(answer, "503");
    assert_body(answer, "no ring\n");
    ready_answer = true;
    exchange(server, "GET /readyz HTTP/1.1\r\n" HOST "\r\n", answer, 4096);
    assert_status(answer, "200");
    exchange(server, "GET /metrics HTTP/1.1\r\n" HOST "\r\n", answer, 256 * 1024);
    assert_status(answer, "200");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    assert_non_null(strstr(answer, "\njangteo_http_responses_total{class=\"2xx\"} "));
    exchange(server, "GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n", answer,
             4096); /* rebinding */
    assert_status(answer, "421");
    jt_http_server_free(server);
    free(answer);
}

static int set_up(void **state)
{
    (void)state;
    memset(big_body, 'b', sizeof(big_body));
    return sem_init(&is_kept, 0, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answer),
        cmocka_unit_test(test_head_has_no_body),
        cmocka_unit_test(test_keep_alive),
        cmocka_unit_test(test_h4_every_cut),
        cmocka_unit_test(test_h4_single_bytes),
        cmocka_unit_test(test_h4_half_closed),
        cmocka_unit_test(test_h3_no_field_swallows_the_next),
        cmocka_unit_test(test_h3_pipelined_is_one),
        cmocka_unit_test(test_expect_continue),
        cmocka_unit_test(test_unsafe_header_is_left_out),
        cmocka_unit_test(test_h1_waiting_costs_nothing),
        cmocka_unit_test(test_answer_before_reset),
        cmocka_unit_test(test_large_body),
        cmocka_unit_test(test_large_bodies_are_few),
        cmocka_unit_test(test_answer_to_a_dead_peer),
        cmocka_unit_test(test_answer_after_the_server),
        cmocka_unit_test(test_answers_from_many_threads),
        cmocka_unit_test(test_free_amid_requests),
        cmocka_unit_test(test_h1_slow_requests),
        cmocka_unit_test(test_h1_dripping_body),
        cmocka_unit_test(test_h1_slow_second_request),
        cmocka_unit_test(test_h1_connections_per_peer),
        cmocka_unit_test(test_h5_host_and_origin),
        cmocka_unit_test(test_h6_forwarded_fields),
        cmocka_unit_test(test_addresses_in_use),
        cmocka_unit_test(test_x4_admin),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
