/* whip/resource.h over real sockets: RFC 9725's conduct and threats H7 to H10. */
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
#include <sys/socket.h>
#include <unistd.h>

#include "http/server.h"
#include "whip/resource.h"

enum { PATIENCE_S = 20, ANSWER_MAX = 8192 };

/* A relay that says what the test wants. */
static struct {
    int offers, restarts, deletes;
    int refuse_status; /* 0: accept */
    bool is_late;      /* answer from another thread */
    bool keeps;        /* answer in the test */
    struct jt_whip_pending *pending;
    sem_t has_pending;
    char id[JT_WHIP_ID_BYTES], show[200], token[64], sdp[64], ufrag[64], deleted[JT_WHIP_ID_BYTES];
} owner;

static struct jt_http_server *server;
static struct jt_whip *whip;

static void *accept_it(void *pending)
{
    if (jt_whip_answer(pending, "the answer", 10) < 0)
        abort();
    return NULL;
}

static void give_answer(struct jt_whip_pending *pending)
{
    pthread_t thread;

    if (owner.keeps) {
        owner.pending = pending;
        sem_post(&owner.has_pending);
    } else if (owner.refuse_status) {
        jt_whip_refuse(pending, owner.refuse_status, "refused_by_owner", "No", 1);
    } else if (owner.is_late) {
        assert_int_equal(pthread_create(&thread, NULL, accept_it, pending), 0);
        assert_int_equal(pthread_detach(thread), 0);
    } else {
        accept_it(pending);
    }
}

static void on_offer(void *arg, struct jt_whip_pending *pending, const struct jt_whip_offer *offer)
{
    assert_ptr_equal(arg, &owner);
    owner.offers++;
    (void)snprintf(owner.id, sizeof(owner.id), "%s", offer->id);
    (void)snprintf(owner.show, sizeof(owner.show), "%s", offer->show ? offer->show : "-");
    (void)snprintf(owner.token, sizeof(owner.token), "%s", offer->token ? offer->token : "-");
    (void)snprintf(owner.sdp, sizeof(owner.sdp), "%.*s", (int)offer->sdp_size, offer->sdp);
    assert_string_equal(offer->peer, "127.0.0.1");
    give_answer(pending);
}

static void on_restart(void *arg, struct jt_whip_pending *pending,
                       const struct jt_whip_restart *restart)
{
    (void)arg;
    owner.restarts++;
    (void)snprintf(owner.ufrag, sizeof(owner.ufrag), "%s", restart->ufrag);
    assert_string_equal(restart->id, owner.id);
    give_answer(pending);
}

static void on_deleted(void *arg, const char *id)
{
    (void)arg;
    owner.deletes++;
    (void)snprintf(owner.deleted, sizeof(owner.deleted), "%s", id);
}

static void open_endpoint(const struct jt_whip_config *config, bool has_restart)
{
    static struct jt_whip_ops ops;
    struct jt_http_route routes[JT_WHIP_ROUTES];
    struct jt_http_config http = {.name = "whip",
                                  .listen = "127.0.0.1:0",
                                  .routes = routes,
                                  .route_count = JT_WHIP_ROUTES,
                                  .origins = "https://player.example",
                                  .peer_connections_max = -1};

    memset(&owner, 0, sizeof(owner));
    assert_int_equal(sem_init(&owner.has_pending, 0, 0), 0);
    ops = (struct jt_whip_ops){on_offer, has_restart ? on_restart : NULL, on_deleted};
    assert_int_equal(jt_whip_new(config, &ops, &owner, &whip), 0);
    jt_whip_routes(whip, routes);
    assert_int_equal(jt_http_server_new(&http, &server), 0);
}

static void close_endpoint(void)
{
    jt_http_server_free(server);
    jt_whip_free(whip);
}

static const struct jt_whip_config whep = {
    .prefix = "/whep", .has_show = true, .has_free_loopback = true};

/* --- client --- */

static int send_request(const char *method, const char *path, const char *fields, const char *body)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(jt_http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    char request[16 * 1024];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int size = snprintf(
        request, sizeof(request),
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n%s",
        method, path, fields, strlen(body), body);

    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, request, (size_t)size, MSG_NOSIGNAL), size);
    return fd;
}

static int read_answer(int fd, char out[ANSWER_MAX])
{
    size_t size = 0;
    ssize_t n;

    while ((n = recv(fd, out + size, ANSWER_MAX - 1 - size, 0)) > 0)
        size += (size_t)n;
    assert_int_equal(n, 0);
    out[size] = '\0';
    close(fd);
    return size > 12 ? atoi(out + 9) : 0;
}

static int ask(const char *method, const char *path, const char *fields, const char *body,
               char out[ANSWER_MAX])
{
    return read_answer(send_request(method, path, fields, body), out);
}

#define SDP "Content-Type: application/sdp\r\n"
#define FRAG "Content-Type: application/trickle-ice-sdpfrag\r\n"
#define FRAGMENT                                                                                   \
    "a=ice-ufrag:EsAw\r\na=ice-pwd:P2uYro0UCOQ4zxjKXaWCBui1\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n" \
    "a=candidate:1 1 udp 2130706431 169.254.169.254 80 typ host\r\na=end-of-candidates\r\n"

/** Value of a response's field into `out`. */
static void field(const char *answer, const char *name, char *out, size_t capacity)
{
    const char *at = strstr(answer, name);
    const char *end;

    if (!at)
        fail_msg("no %s in %s", name, answer);
    at += strlen(name);
    end = strstr(at, "\r\n");
    assert_true((size_t)(end - at) < capacity);
    (void)snprintf(out, capacity, "%.*s", (int)(end - at), at);
}

struct made {
    char location[256], etag[64], match[128];
};

static void make_session(const char *path, const char *fields, struct made *made)
{
    char answer[ANSWER_MAX];

    assert_int_equal(ask("POST", path, fields, "v=0", answer), 201);
    field(answer, "Location: ", made->location, sizeof(made->location));
    field(answer, "ETag: ", made->etag, sizeof(made->etag));
    (void)snprintf(made->match, sizeof(made->match), FRAG "If-Match: %s\r\n", made->etag);
}

/* --- tests --- */

static void test_post(void **state)
{
    char answer[ANSWER_MAX], location[256], expected[256], etag[64];

    (void)state;
    open_endpoint(&whep, false);
    for (int i = 0; i < 2; i++) {
        owner.is_late = i;
        assert_int_equal(ask("POST", "/whep/market",
                             "Content-Type: Application/SDP; charset=utf-8\r\n", "v=0", answer),
                         201);
        (void)snprintf(expected, sizeof(expected), "/whep/market/%s", owner.id);
        field(answer, "Location: ", location, sizeof(location));
        assert_string_equal(location, expected);
        assert_int_equal(strspn(owner.id, "0123456789abcdef"), 32); /* 128 bits */
        field(answer, "ETag: ", etag, sizeof(etag));
        assert_true(etag[0] == '"' && etag[strlen(etag) - 1] == '"'); /* strong */
        assert_non_null(strstr(answer, "Content-Type: application/sdp\r\n"));
        assert_non_null(strstr(answer, "Accept-Patch: application/trickle-ice-sdpfrag\r\n"));
        assert_non_null(strstr(
            answer, "Access-Control-Expose-Headers: Location, ETag, Link, Accept-Patch\r\n"));
        assert_string_equal(strstr(answer, "\r\n\r\n") + 4, "the answer");
    }
    assert_string_equal(owner.show, "market");
    assert_string_equal(owner.token, "-");
    assert_string_equal(owner.sdp, "v=0");
    assert_int_equal(jt_whip_count(whip), 2);
    close_endpoint();
}

static void test_bad_posts(void **state)
{
    char answer[ANSWER_MAX];

    (void)state;
    open_endpoint(&whep, false);
    assert_int_equal(ask("POST", "/whep/market", "", "v=0", answer), 415);
    assert_non_null(strstr(answer, "Accept-Post: application/sdp\r\n"));
    assert_int_equal(
        ask("POST", "/whep/market", "Content-Type: application/sdpx\r\n", "v=0", answer), 415);
    assert_int_equal(ask("POST", "/whep/market", SDP, "", answer), 400);
    assert_int_equal(ask("POST", "/whep/mar.ket", SDP, "v=0", answer), 404);
    assert_int_equal(ask("POST", "/whep/mar%20ket", SDP, "v=0", answer), 404);
    assert_int_equal(
        ask("POST", "/whep/market", SDP "Authorization: Basic eDp5\r\n", "v=0", answer), 401);
    assert_non_null(strstr(answer, "WWW-Authenticate: Bearer\r\n"));
    assert_int_equal(
        ask("POST", "/whep/market", SDP "Authorization: Bearer a b\r\n", "v=0", answer), 401);
    assert_int_equal(ask("POST", "/whep/market", SDP "Authorization: Bearer \r\n", "v=0", answer),
                     401);
    assert_int_equal(owner.offers, 0);
    for (int i = 0; i < 3; i++) {
        static const char *const methods[] = {"GET", "PUT", "PATCH"};

        if (i > 0) /* GET may not have a length */
            assert_int_equal(ask(methods[i], "/whep/market", "", "x", answer), 405);
    }
    assert_non_null(strstr(answer, "Allow: POST, OPTIONS\r\n"));
    owner.refuse_status = 404;
    assert_int_equal(ask("POST", "/whep/market", SDP, "v=0", answer), 404);
    assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
    assert_non_null(strstr(answer, "\"code\":\"refused_by_owner\""));
    assert_int_equal(jt_whip_count(whip), 0);
    close_endpoint();
}

static void test_options(void **state)
{
    char answer[ANSWER_MAX];

    (void)state;
    open_endpoint(&whep, false);
    assert_int_equal(
        ask("OPTIONS", "/whep/market", "Origin: https://player.example\r\n", "", answer), 204);
    assert_non_null(strstr(answer, "Accept-Post: application/sdp\r\n"));
    assert_non_null(strstr(answer, "Access-Control-Allow-Origin: https://player.example\r\n"));
    assert_non_null(strstr(answer, "Access-Control-Allow-Methods: POST, OPTIONS\r\n"));
    assert_non_null(
        strstr(answer, "Access-Control-Allow-Headers: Authorization, Content-Type, If-Match\r\n"));
    assert_int_equal(
        ask("OPTIONS", "/whep/market/0123", "Origin: https://player.example\r\n", "", answer), 204);
    assert_non_null(strstr(answer, "Access-Control-Allow-Methods: PATCH, DELETE, OPTIONS\r\n"));
    assert_int_equal(ask("OPTIONS", "/whep/market", "Origin: https://evil.example\r\n", "", answer),
                     403);
    close_endpoint();
}

static void test_delete(void **state)
{
    char answer[ANSWER_MAX];
    struct made made;

    (void)state;
    open_endpoint(&whep, false);
    make_session("/whep/market", SDP, &made);
    assert_int_equal(ask("DELETE", made.location, "If-Match: \"anything\"\r\n", "", answer), 200);
    assert_string_equal(owner.deleted, owner.id);
    assert_int_equal(jt_whip_count(whip), 0);
    assert_int_equal(ask("DELETE", made.location, "", "", answer), 404);
    assert_int_equal(owner.deletes, 1);
    make_session("/whep/market", SDP, &made);
    jt_whip_end(whip, owner.id);
    jt_whip_end(whip, "unknown");
    assert_int_equal(ask("DELETE", made.location, "", "", answer), 404);
    assert_int_equal(owner.deletes, 1);
    close_endpoint();
}

static void test_h8_foreign_sessions(void **state)
{
    char answer[ANSWER_MAX], path[300];
    struct made made;

    (void)state;
    open_endpoint(&whep, true);
    make_session("/whep/market", SDP "Authorization: Bearer right\r\n", &made);
    assert_string_equal(owner.token, "right");
    assert_int_equal(ask("DELETE", made.location, "", "", answer), 401);
    assert_int_equal(ask("DELETE", made.location, "Authorization: Bearer wrong\r\n", "", answer),
                     403);
    assert_int_equal(ask("DELETE", made.location, "Authorization: Bearer righ\r\n", "", answer),
                     403);
    assert_int_equal(ask("DELETE", made.location, "Authorization: Basic right\r\n", "", answer),
                     401);
    assert_int_equal(ask("PATCH", made.location, made.match, FRAGMENT, answer), 401);
    (void)snprintf(path, sizeof(path), "/whep/other/%s", owner.id);
    assert_int_equal(ask("DELETE", path, "Authorization: Bearer right\r\n", "", answer), 404);
    (void)snprintf(path, sizeof(path), "%s0", made.location);
    assert_int_equal(ask("DELETE", path, "Authorization: Bearer right\r\n", "", answer), 404);
    path[strlen(path) - 2] = '\0';
    assert_int_equal(ask("DELETE", path, "Authorization: Bearer right\r\n", "", answer), 404);
    assert_int_equal(owner.deletes, 0);
    assert_int_equal(ask("DELETE", made.location, "Authorization: Bearer right\r\n", "", answer),
                     200);
    close_endpoint();
}

static void test_h9_patch_order(void **state)
{
    char answer[ANSWER_MAX], two[200];
    struct made made;

    (void)state;
    open_endpoint(&whep, false);
    make_session("/whep/market", SDP, &made);
    assert_int_equal(ask("PATCH", made.location, made.match, FRAGMENT, answer), 204);
    assert_null(strstr(answer, "ETag: "));
    (void)snprintf(two, sizeof(two), FRAG "If-Match: \"x\" , %s\r\n", made.etag);
    assert_int_equal(ask("PATCH", made.location, two, FRAGMENT, answer), 204);
    assert_int_equal(ask("PATCH", made.location, FRAG, FRAGMENT, answer), 428);
    assert_int_equal(ask("PATCH", made.location, FRAG "If-Match: \"stale\"\r\n", FRAGMENT, answer),
                     412);
    (void)snprintf(two, sizeof(two), FRAG "If-Match: W/%s\r\n", made.etag); /* never strong */
    assert_int_equal(ask("PATCH", made.location, two, FRAGMENT, answer), 412);
    assert_int_equal(ask("PATCH", made.location, SDP, FRAGMENT, answer), 415);
    assert_non_null(strstr(answer, "Accept-Patch: application/trickle-ice-sdpfrag\r\n"));
    assert_int_equal(ask("PATCH", made.location, made.match, "", answer), 400);
    assert_int_equal(ask("PATCH", made.location, made.match, "m=audio\r\nx\x01", answer), 400);
    assert_int_equal(ask("PATCH", made.location, FRAG "If-Match: *\r\n", FRAGMENT, answer),
                     422); /* no restarts here */
    assert_int_equal(ask("PATCH", "/whep/market/0123", made.match, FRAGMENT, answer), 404);
    assert_int_equal(ask("PUT", made.location, "", "x", answer), 405);
    assert_non_null(strstr(answer, "Allow: PATCH, DELETE, OPTIONS\r\n"));
    assert_int_equal(jt_whip_count(whip), 1);
    close_endpoint();
}

static void test_h9_restart(void **state)
{
    char answer[ANSWER_MAX], etag[64], match[128];
    struct made made;

    (void)state;
    open_endpoint(&whep, true);
    make_session("/whep/market", SDP, &made);
    assert_int_equal(
        ask("PATCH", made.location, FRAG "If-Match: *\r\n", "a=ice-ufrag:EsAw\r\n", answer), 400);
    owner.refuse_status = 503;
    assert_int_equal(ask("PATCH", made.location, FRAG "If-Match: *\r\n", FRAGMENT, answer), 503);
    assert_int_equal(ask("PATCH", made.location, made.match, FRAGMENT, answer),
                     204); /* the old one goes on */
    owner.refuse_status = 0;
    owner.is_late = true;
    assert_int_equal(ask("PATCH", made.location, FRAG "If-Match: *\r\n", FRAGMENT, answer), 200);
    assert_string_equal(owner.ufrag, "EsAw");
    assert_non_null(strstr(answer, "Content-Type: application/trickle-ice-sdpfrag\r\n"));
    field(answer, "ETag: ", etag, sizeof(etag));
    assert_string_not_equal(etag, made.etag);
    assert_int_equal(ask("PATCH", made.location, made.match, FRAGMENT, answer),
                     412); /* trickle after restart */
    (void)snprintf(match, sizeof(match), FRAG "If-Match: %s\r\n", etag);
    assert_int_equal(ask("PATCH", made.location, match, FRAGMENT, answer), 204);
    close_endpoint();
}

static void test_ended_while_restarting(void **state)
{
    char answer[ANSWER_MAX];
    struct made made;
    int fd;

    (void)state;
    open_endpoint(&whep, true);
    make_session("/whep/market", SDP, &made);
    owner.keeps = true;
    fd = send_request("PATCH", made.location, FRAG "If-Match: *\r\n", FRAGMENT);
    assert_int_equal(sem_wait(&owner.has_pending), 0);
    jt_whip_end(whip, owner.id);
    assert_int_equal(jt_whip_answer(owner.pending, "x", 1), -ENOENT);
    assert_int_equal(read_answer(fd, answer), 404);
    close_endpoint();
}

static void test_answer_after_the_endpoint(void **state)
{
    int fd;

    (void)state;
    open_endpoint(&whep, false);
    owner.keeps = true;
    fd = send_request("POST", "/whep/market", SDP, "v=0");
    assert_int_equal(sem_wait(&owner.has_pending), 0);
    close_endpoint();
    assert_int_equal(jt_whip_answer(owner.pending, "x", 1), -ENOENT);
    close(fd);
}

static void test_session_limit(void **state)
{
    struct jt_whip_config config = whep;
    char answer[ANSWER_MAX];
    struct made made;

    (void)state;
    config.sessions_max = 1;
    open_endpoint(&config, false);
    make_session("/whep/market", SDP, &made);
    assert_int_equal(ask("POST", "/whep/market", SDP, "v=0", answer), 503);
    assert_non_null(strstr(answer, "Retry-After: "));
    assert_int_equal(owner.offers, 1);
    close_endpoint();
}

static int post_until_limited(const char *fields, int most)
{
    char answer[ANSWER_MAX];
    int count = 0;

    while (count < most && ask("POST", "/whep/market", fields, "v=0", answer) != 429)
        count++;
    if (count < most)
        assert_non_null(strstr(answer, "Retry-After: 1\r\n"));
    return count;
}

static void test_h7_rates(void **state)
{
    struct jt_whip_config config = whep;
    char answer[ANSWER_MAX], path[300];
    struct made made;
    int count, guesses = 0;

    (void)state;
    config.has_free_loopback = false;
    config.token_post = (struct jt_whip_rate){1, 3};
    open_endpoint(&config, false);
    count = post_until_limited(SDP, 50); /* burst 5; slow machines earn a few more meanwhile */
    assert_true(count >= 5 && count < 50);
    count = post_until_limited(SDP "Authorization: Bearer a\r\n", 50); /* a token has its own */
    assert_true(count >= 3 && count < 50);
    make_session("/whep/market", SDP "Authorization: Bearer b\r\n", &made);
    for (count = 0; count < 60; count++) {
        if (ask("PATCH", made.location, "Authorization: Bearer b\r\n" FRAG, FRAGMENT, answer) ==
            429)
            break;
    }
    assert_true(count >= 5 && count < 60);
    for (guesses = 0; guesses < 60; guesses++) {
        (void)snprintf(path, sizeof(path), "/whep/market/%032d", guesses);
        if (ask("DELETE", path, "", "", answer) == 429)
            break;
    }
    assert_true(guesses >= 5 && guesses < 60);
    close_endpoint();
}

static void test_whip_shape(void **state)
{
    const struct jt_whip_config config = {
        .prefix = "/whip", .has_required_token = true, .has_free_loopback = true};
    char answer[ANSWER_MAX];
    struct made made;

    (void)state;
    open_endpoint(&config, false);
    assert_int_equal(ask("POST", "/whip", SDP, "v=0", answer), 401);
    make_session("/whip", SDP "Authorization: bearer key-1\r\n", &made);
    assert_string_equal(owner.show, "-");
    assert_string_equal(owner.token, "key-1");
    assert_memory_equal(made.location, "/whip/", 6);
    assert_string_equal(made.location + 6, owner.id);
    assert_int_equal(ask("DELETE", made.location, "Authorization: Bearer key-1\r\n", "", answer),
                     200);
    close_endpoint();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_post),
        cmocka_unit_test(test_bad_posts),
        cmocka_unit_test(test_options),
        cmocka_unit_test(test_delete),
        cmocka_unit_test(test_h8_foreign_sessions),
        cmocka_unit_test(test_h9_patch_order),
        cmocka_unit_test(test_h9_restart),
        cmocka_unit_test(test_ended_while_restarting),
        cmocka_unit_test(test_answer_after_the_endpoint),
        cmocka_unit_test(test_session_limit),
        cmocka_unit_test(test_h7_rates),
        cmocka_unit_test(test_whip_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
