/* chat/picture/routes.h over a socket, with the real decoder. Runs in tests/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <ftw.h>
#include <libgen.h>
#include <limits.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chat/picture/picture.h"
#include "chat/picture/routes.h"
#include "http/server.h"

enum { PATIENCE_S = 60, FILE_MAX_BYTES = 64 * 1024, ANSWER_MAX_BYTES = 256 * 1024 };

static char folder[32];
static struct picture_desk desk;
static struct jt_http_server *server;
static bool is_allowed;
static char answer[ANSWER_MAX_BYTES];
static size_t answer_size;

/* --- surroundings --- */

static bool may_upload(void *arg, struct jt_http_request *request)
{
    assert_ptr_equal(arg, &is_allowed);
    if (!is_allowed)
        jt_http_problem(request, 403, "forbidden", "Your role may not do this", 0);
    return is_allowed;
}

/* On the server's own thread: it has nothing else to do here. */
static const struct jt_http_route routes[] = {
    {.methods = JT_HTTP_POST,
     .pattern = "/api/v1/pictures",
     .handler = picture_upload,
     .arg = &desk,
     .body_max_bytes = PICTURE_UPLOAD_MAX_BYTES},
    {.methods = JT_HTTP_GET,
     .pattern = "/pictures/:hash/:size",
     .handler = picture_serve,
     .arg = &desk},
};

static int set_up(void **state)
{
    const struct jt_http_config http = {
        .name = "test", .listen = "127.0.0.1:0", .routes = routes, .route_count = JT_COUNT(routes)};
    char self[PATH_MAX] = "", decoder[PATH_MAX + 64];
    const struct picture_config config = {.folder = folder, .decoder = decoder};

    (void)state;
    strcpy(folder, "/tmp/jt-picture-XXXXXX");
    if (!mkdtemp(folder) || readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
        return -1;
    (void)snprintf(decoder, sizeof(decoder), "%s/../bin/jangteo-picture", dirname(self));
    desk = (struct picture_desk){.may_upload = may_upload, .arg = &is_allowed};
    is_allowed = true;
    return picture_store_new(&config, &desk.store) || jt_http_server_new(&http, &server);
}

static int remove_one(const char *path, const struct stat *stat, int type, struct FTW *ftw)
{
    (void)stat;
    (void)type;
    (void)ftw;
    return remove(path);
}

static int tear_down(void **state)
{
    (void)state;
    jt_http_server_free(server);
    picture_store_free(desk.store);
    return nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

/** Send a request and read the whole answer. */
static void ask(const char *head, const void *body, size_t size)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(jt_http_server_port(server)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = PATIENCE_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ssize_t n;

    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(send(fd, head, strlen(head), MSG_NOSIGNAL), strlen(head));
    for (size_t sent = 0;
         sent < size && (n = send(fd, (const char *)body + sent, size - sent, MSG_NOSIGNAL)) > 0;)
        sent += (size_t)n;
    answer_size = 0;
    while ((n = recv(fd, answer + answer_size, sizeof(answer) - 1 - answer_size, 0)) > 0)
        answer_size += (size_t)n;
    answer[answer_size] = '\0';
    close(fd);
}

static void upload(const char *type, const void *bytes, size_t size)
{
    char head[512];

    (void)snprintf(head, sizeof(head),
                   "POST /api/v1/pictures HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                   "%s%s%sContent-Length: %zu\r\n\r\n",
                   type ? "Content-Type: " : "", type ? type : "", type ? "\r\n" : "", size);
    ask(head, bytes, size);
}

static void get(const char *method, const char *path, const char *more)
{
    char head[512];

    (void)snprintf(head, sizeof(head),
                   "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n%s\r\n", method, path,
                   more);
    ask(head, NULL, 0);
}

static void expect(const char *status, const char *code)
{
    char text[64];

    if (strncmp(answer, "HTTP/1.1 ", 9) != 0 || strncmp(answer + 9, status, strlen(status)) != 0)
        fail_msg("want %s, got %s", status, answer);
    (void)snprintf(text, sizeof(text), "\"code\":\"%s\"", code ? code : "");
    if (code && !strstr(answer, text))
        fail_msg("want %s, got %s", code, answer);
}

static void expect_field(const char *field)
{
    if (!strstr(answer, field))
        fail_msg("want %s, got %s", field, answer);
}

static size_t load(const char *name, uint8_t bytes[FILE_MAX_BYTES])
{
    char path[128];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof(path), "fuzz/corpus/envelope/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, FILE_MAX_BYTES, file);
    (void)fclose(file);
    return size;
}

/** Add one and give its hash. */
static void add(char hash[PICTURE_HASH_CHARS + 1])
{
    static const char before[] = "\r\n\r\n{\"hash\":\"";
    uint8_t bytes[FILE_MAX_BYTES];
    const char *found;

    upload("image/jpeg", bytes, load("jpeg_exif", bytes));
    expect("201", NULL);
    found = strstr(answer, before);
    assert_non_null(found);
    memcpy(hash, found + strlen(before), PICTURE_HASH_CHARS);
    hash[PICTURE_HASH_CHARS] = '\0';
    assert_true(picture_is_hash(hash));
    assert_string_equal(found + strlen(before) + PICTURE_HASH_CHARS,
                        "\",\"width\":32,\"height\":48}");
}

/* --- tests --- */

static void test_in_and_out(void **state)
{
    static const char *const sizes[] = {"large", "small"};
    char hash[PICTURE_HASH_CHARS + 1], path[128], etag[256];

    (void)state;
    add(hash);
    expect_field("Content-Type: application/json\r\n");
    (void)snprintf(etag, sizeof(etag), "Location: /pictures/%s/large\r\n", hash);
    expect_field(etag);
    for (size_t i = 0; i < JT_COUNT(sizes); i++) {
        const char *body;

        (void)snprintf(path, sizeof(path), "/pictures/%s/%s", hash, sizes[i]);
        get("GET", path, "");
        expect("200", NULL);
        expect_field("Content-Type: image/jpeg\r\n");
        expect_field("X-Content-Type-Options: nosniff\r\n");
        expect_field("Content-Security-Policy: sandbox; default-src 'none'\r\n");
        expect_field("Cache-Control: public, max-age=31536000, immutable\r\n");
        (void)snprintf(etag, sizeof(etag), "ETag: \"%s-%s\"\r\n", hash, sizes[i]);
        expect_field(etag);
        body = strstr(answer, "\r\n\r\n") + 4;
        assert_memory_equal(body, "\xff\xd8\xff", 3);
        assert_memory_equal(answer + answer_size - 2, "\xff\xd9", 2);
        get("HEAD", path, "");
        expect("200", NULL);
        assert_string_equal(answer + answer_size - 4, "\r\n\r\n");
        (void)snprintf(etag, sizeof(etag), "If-None-Match: W/\"x\", \"%s-%s\"\r\n", hash, sizes[i]);
        get("GET", path, etag);
        expect("304", NULL);
        assert_string_equal(answer + answer_size - 4, "\r\n\r\n");
        get("GET", path, "If-None-Match: \"x\"\r\n");
        expect("200", NULL);
    }
}

static void test_not_found(void **state)
{
    char hash[PICTURE_HASH_CHARS + 1], path[128];

    (void)state;
    add(hash);
    (void)snprintf(path, sizeof(path), "/pictures/%s/huge", hash);
    get("GET", path, "");
    expect("404", "not_found");
    (void)snprintf(path, sizeof(path), "/pictures/%s/large%%00", hash);
    get("GET", path, "");
    expect("400", NULL);
    hash[0] = hash[0] == '0' ? '1' : '0';
    (void)snprintf(path, sizeof(path), "/pictures/%s/large", hash);
    get("GET", path, "");
    expect("404", "not_found");
    expect_field("Cache-Control: no-store\r\n");
    get("GET", "/pictures/../../large", "");
    expect("404", "not_found");
    get("GET", "/pictures/%2e%2e/large", "");
    expect("404", "not_found");
}

static void test_refused(void **state)
{
    static const char html[] = "<script>alert(1)</script>";
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("png", bytes);

    (void)state;
    upload("image/gif", bytes, size);
    expect("415", "picture_type");
    upload("application/x-www-form-urlencoded", bytes, size);
    expect("415", "picture_type");
    upload(NULL, bytes, size);
    expect("415", "picture_type");
    upload("image/png", html, strlen(html));
    expect("422", "picture_unreadable");
    assert_null(strstr(answer, "script"));
    upload("image/png", "", 0);
    expect("422", "picture_unreadable");
    memcpy(bytes + 16, "\0\0\xea\x60\0\0\xea\x60", 8);
    upload("image/png", bytes, size);
    expect("422", "picture_too_many_pixels");
}

/* Who may not is told so whatever was sent. */
static void test_a6_the_gate_comes_first(void **state)
{
    (void)state;
    is_allowed = false;
    upload("image/gif", "x", 1);
    expect("403", "forbidden");
    is_allowed = true;
}

static void test_as_large_as_may_be(void **state)
{
    char *bytes = calloc(1, PICTURE_UPLOAD_MAX_BYTES + 1);
    uint8_t png[FILE_MAX_BYTES];
    size_t size = load("png", png);

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, png, size);
    upload("image/png", bytes, PICTURE_UPLOAD_MAX_BYTES);
    expect("201", NULL);
    upload("image/png", bytes, PICTURE_UPLOAD_MAX_BYTES + 1);
    expect("413", "body_too_large");
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_and_out),
        cmocka_unit_test(test_not_found),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_a6_the_gate_comes_first),
        cmocka_unit_test(test_as_large_as_may_be),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
