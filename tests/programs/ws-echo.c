/*
 * A WebSocket server of common/http and nothing else, for tests/integration/websocket.test.mjs and for measuring.
 * Prints `{"port":N}`, then a line for each socket that closed. Arguments are NAME=NUMBER (see `options`).
 *
 * A message is echoed, but for these words:
 *   close CODE REASON     jt_ws_close
 *   flood COUNT BYTES     so many text messages of so many bytes to who asks
 *   all COUNT BYTES       the same to everybody, by shared frames; answered with the CPU time of it
 *   floor COUNT BYTES     the same bytes by a bare send() to each descriptor: what cannot be gone below
 *   stats                 {"open":…,"rss_kb":…,"fds":…}
 *   free                  jt_ws_group_free, then a new group
 */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "http/server.h"
#include "http/websocket.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

enum { SOCKETS_MAX = 20000 };

/** What the server's thread hands to the loop's. */
struct arrival {
    int fd;
    struct jt_http_place *place;
};

struct echo {
    struct jt_loop *loop;
    struct jt_mailbox *arrivals;
    struct jt_ws_group *group;
    struct jt_ws_config config;
    struct jt_ws *sockets[SOCKETS_MAX];
    int fds[SOCKETS_MAX]; /* of the same, for `floor` only */
    size_t count;
};

static long numbers[16];
static const char *const options[] = {
    "first_message_ms",   "ping_ms",           "pong_ms",         "close_ms",
    "message_timeout_ms", "progress_ms",       "queue_max_bytes", "heartbeat",
    "upgraded_max",       "upgraded_peer_max", "without_origin",  "port",
    "header_timeout_ms",
};

static long option(const char *name)
{
    for (size_t i = 0; i < JT_COUNT(options); i++) {
        if (strcmp(options[i], name) == 0)
            return numbers[i];
    }
    abort();
}

static void read_options(int argc, char **argv)
{
    for (int a = 1; a < argc; a++) {
        char *value = strchr(argv[a], '=');

        for (size_t i = 0; value && i < JT_COUNT(options); i++) {
            if (strncmp(argv[a], options[i], strlen(options[i])) == 0 &&
                strlen(options[i]) == (size_t)(value - argv[a]))
                numbers[i] = strtol(value + 1, NULL, 10);
        }
    }
}

static long status_kb(const char *name)
{
    char line[256];
    long value = 0;
    FILE *file = fopen("/proc/self/status", "re");

    while (file && fgets(line, sizeof(line), file)) {
        if (strncmp(line, name, strlen(name)) == 0)
            value = strtol(line + strlen(name), NULL, 10);
    }
    if (file)
        (void)fclose(file);
    return value;
}

static int count_fds(void)
{
    DIR *dir = opendir("/proc/self/fd");
    int count = 0;

    while (dir && readdir(dir))
        count++;
    if (dir)
        (void)closedir(dir);
    return count - 3; /* ".", ".." and the directory */
}

static int64_t cpu_us(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void say(struct jt_ws *ws, const char *text, size_t size)
{
    struct jt_ws_frame *frame = jt_ws_frame_text(text, size);

    (void)jt_ws_send(ws, frame);
    jt_ws_frame_unref(&frame);
}

static struct jt_ws_frame *filler(long size)
{
    char *text = malloc((size_t)size);
    struct jt_ws_frame *frame;

    memset(text, 'x', (size_t)size);
    frame = jt_ws_frame_text(text, (size_t)size);
    free(text);
    return frame;
}

static void flood(struct jt_ws *ws, long count, long size)
{
    struct jt_ws_frame *frame = filler(size);

    for (long i = 0; i < count; i++)
        (void)jt_ws_send(ws, frame);
    jt_ws_frame_unref(&frame);
}

static void flood_all(struct echo *echo, struct jt_ws *who, long count, long size)
{
    char text[64];
    int64_t began_us = cpu_us();

    for (long i = 0; i < count; i++) {
        struct jt_ws_frame *frame = filler(size);

        for (size_t s = 0; s < echo->count; s++)
            (void)jt_ws_send(echo->sockets[s], frame);
        jt_ws_frame_unref(&frame);
    }
    (void)snprintf(text, sizeof(text), "{\"cpu_us\":%lld,\"sockets\":%zu}",
                   (long long)(cpu_us() - began_us), echo->count);
    say(who, text, strlen(text));
}

static void send_bare(struct echo *echo, struct jt_ws *who, long count, long size)
{
    char *bytes = malloc((size_t)size + 4);
    char text[64];
    int64_t began_us = cpu_us();

    memcpy(bytes, (const uint8_t[]){0x81, 0x7e, (uint8_t)(size >> 8), (uint8_t)size}, 4);
    memset(bytes + 4, 'x', (size_t)size);
    for (long i = 0; i < count; i++) {
        for (size_t s = 0; s < echo->count; s++)
            (void)!send(echo->fds[s], bytes, (size_t)size + 4, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    free(bytes);
    (void)snprintf(text, sizeof(text), "{\"cpu_us\":%lld,\"sockets\":%zu}",
                   (long long)(cpu_us() - began_us), echo->count);
    say(who, text, strlen(text));
}

static void make_group(struct echo *echo);

static void on_message(void *arg, struct jt_ws *ws, const char *text, size_t size)
{
    struct echo *echo = arg;
    char word[16] = "", reason[128] = "";
    long a = 0, b = 0;

    (void)sscanf(text, "%15s %ld %ld", word, &a, &b);
    if (strcmp(word, "close") == 0) {
        (void)sscanf(text, "%*s %*d %127[^\n]", reason);
        jt_ws_close(ws, (unsigned)a, reason);
    } else if (strcmp(word, "flood") == 0) {
        flood(ws, a, b);
    } else if (strcmp(word, "all") == 0) {
        flood_all(echo, ws, a, b);
    } else if (strcmp(word, "floor") == 0) {
        send_bare(echo, ws, a, b);
    } else if (strcmp(word, "stats") == 0) {
        char line[96];

        (void)snprintf(line, sizeof(line), "{\"open\":%zu,\"rss_kb\":%ld,\"fds\":%d}", echo->count,
                       status_kb("VmRSS:"), count_fds());
        say(ws, line, strlen(line));
    } else if (strcmp(word, "free") == 0) {
        jt_ws_group_free(echo->group);
        make_group(echo);
    } else {
        say(ws, text, size);
    }
}

static void on_closed(void *arg, struct jt_ws *ws, enum jt_ws_why why, unsigned code)
{
    static const char *const names[] = {"peer", "gone",   "owner", "failed",
                                        "slow", "silent", "stale", "shutdown"};
    struct echo *echo = arg;
    size_t index = (size_t)(uintptr_t)jt_ws_arg(ws);

    echo->sockets[index] = echo->sockets[--echo->count];
    echo->fds[index] = echo->fds[echo->count];
    jt_ws_set_arg(echo->sockets[index], (void *)(uintptr_t)index);
    (void)printf("{\"closed\":\"%s\",\"code\":%u}\n", names[why], code);
    (void)fflush(stdout);
}

static const struct jt_ws_events events = {.on_message = on_message, .on_closed = on_closed};

static void make_group(struct echo *echo)
{
    if (jt_ws_group_new(echo->loop, &echo->config, &events, echo, &echo->group) < 0)
        abort();
}

static void on_arrival(void *arg, void *message)
{
    struct echo *echo = arg;
    const struct arrival *arrival = message;
    struct jt_ws *ws;

    if (echo->group && echo->count < SOCKETS_MAX &&
        jt_ws_adopt(echo->group, arrival->fd, arrival->place, (void *)(uintptr_t)echo->count,
                    &ws) == 0) {
        echo->fds[echo->count] = arrival->fd;
        echo->sockets[echo->count++] = ws;
        return;
    }
    (void)close(arrival->fd);
    jt_http_place_free(arrival->place);
}

static int on_upgrade(void *arg, const struct jt_http_upgrade *upgrade)
{
    struct echo *echo = arg;
    struct arrival arrival = {upgrade->fd, upgrade->place};

    return jt_mailbox_post(echo->arrivals, &arrival);
}

static void on_signal(void *arg, int signum)
{
    struct echo *echo = arg;

    (void)signum;
    jt_loop_stop(echo->loop);
}

static struct jt_http_server *listen_for(struct echo *echo)
{
    const struct jt_http_upgrade_route route = {"/ws", on_upgrade, echo};
    struct jt_http_server *server;
    char listen[32];
    struct jt_http_config config = {
        .name = "echo",
        .listen = listen,
        .header_timeout_ms = option("header_timeout_ms"),
        .connections_max = SOCKETS_MAX,
        .peer_connections_max = -1,
        .upgrades = &route,
        .upgrade_count = 1,
        .upgraded_max = (int)option("upgraded_max"),
        .upgraded_peer_max = option("upgraded_peer_max") ? (int)option("upgraded_peer_max") : -1,
        .upgrades_without_origin = option("without_origin") != 0,
    };

    (void)snprintf(listen, sizeof(listen), "127.0.0.1:%ld", option("port"));
    return jt_http_server_new(&config, &server) < 0 ? NULL : server;
}

int main(int argc, char **argv)
{
    static struct echo echo;
    struct jt_http_server *server;
    struct jt_signal *signals[2];

    read_options(argc, argv);
    echo.config = (struct jt_ws_config){
        .first_message_ms = option("first_message_ms"),
        .ping_ms = option("ping_ms"),
        .pong_ms = option("pong_ms"),
        .close_ms = option("close_ms"),
        .message_timeout_ms = option("message_timeout_ms"),
        .progress_ms = option("progress_ms"),
        .queue_max_bytes = (size_t)option("queue_max_bytes"),
        .has_text_heartbeat = option("heartbeat") != 0,
    };
    if (jt_loop_new("echo", &echo.loop) < 0 ||
        jt_mailbox_new(echo.loop, "echo.arrivals", sizeof(struct arrival), 4096, on_arrival, &echo,
                       &echo.arrivals) < 0 ||
        jt_signal_new(echo.loop, SIGTERM, on_signal, &echo, &signals[0]) < 0 ||
        jt_signal_new(echo.loop, SIGINT, on_signal, &echo, &signals[1]) < 0)
        return 1;
    make_group(&echo);
    server = listen_for(&echo);
    if (!server)
        return 1;
    (void)printf("{\"port\":%u}\n", jt_http_server_port(server));
    (void)fflush(stdout);
    jt_loop_run(echo.loop);
    jt_http_server_free(server);
    jt_ws_group_free(echo.group);
    echo.group = NULL;
    jt_mailbox_free(echo.arrivals);
    jt_signal_free(signals[0]);
    jt_signal_free(signals[1]);
    jt_loop_free(echo.loop);
    return 0;
}
