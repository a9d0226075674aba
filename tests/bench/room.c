/*
 * One message to many sockets: a channel in this process, pages over socket pairs, a thread that reads them all. Prints when
 * each message had reached each page, counted from the moment it was sent, and what the room thread worked for it.
 *
 *   bench-room [PAGES [MESSAGES [PER_SECOND]]]      2 descriptors a page: ulimit -n
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/room/channel.h"

enum { READ_BYTES = 64 * 1024, EVENTS = 512, JOIN_PAUSE_US = 200 };

struct bench {
    struct channel *channel;
    int pages, messages, per_second, epoll;
    int *fds;
    int64_t *delays_us;
    atomic_int joined;
    atomic_size_t arrived;
    atomic_bool is_over;
    clockid_t room_clock;
    atomic_bool has_clock;
};

static int admit(void *arg, const char *ticket, const char *show, struct room_identity *out)
{
    struct bench *bench = arg;

    (void)show;
    if (!atomic_load(&bench->has_clock) &&
        pthread_getcpuclockid(pthread_self(), &bench->room_clock) == 0)
        atomic_store(&bench->has_clock, true);
    (void)snprintf(out->person, sizeof(out->person), "%s", ticket);
    (void)snprintf(out->name, sizeof(out->name), "%s", ticket);
    out->role = strcmp(ticket, "host") == 0 ? ACCESS_HOST : ACCESS_GUEST;
    return 0;
}

static int opening(void *arg, const char *show)
{
    struct bench *bench = arg;

    return channel_opened(bench->channel, show, 0, 0, 0, NULL);
}

static void acted(void *arg, const char *show, const struct room_act *act)
{
    (void)arg;
    (void)show;
    (void)act;
}

static void counted(void *arg, const char *show, const struct channel_tally *tally)
{
    (void)arg;
    (void)show;
    (void)tally;
}

static int64_t cpu_us(clockid_t clock)
{
    struct timespec t;

    if (clock_gettime(clock, &t))
        return 0;
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* RFC 6455 §5.2, a short text with a mask of zeros. */
static bool say(int fd, const char *text)
{
    size_t size = strlen(text);
    uint8_t frame[6 + 125] = {0x81, (uint8_t)(0x80 | size)};

    if (size > 125)
        return false;
    memcpy(frame + 6, text, size);
    return send(fd, frame, 6 + size, MSG_NOSIGNAL) == (ssize_t)(6 + size);
}

/* Frames are small and come whole over a socket pair: what was read is searched as it is. */
static void look(struct bench *bench, const char *bytes, size_t size)
{
    static const char stamp[] = "\"t\":\"sent ", sync[] = "\"e\":\"sync\"";
    const char *at = bytes, *end = bytes + size;
    int64_t now_us = jt_clock_mono_us();

    if (memmem(bytes, size, sync, strlen(sync)))
        atomic_fetch_add(&bench->joined, 1);
    while ((at = memmem(at, (size_t)(end - at), stamp, strlen(stamp)))) {
        size_t n = atomic_load(&bench->arrived);

        at += strlen(stamp);
        if (n < (size_t)bench->pages * (size_t)bench->messages)
            bench->delays_us[n] = now_us - strtoll(at, NULL, 10);
        atomic_store(&bench->arrived, n + 1);
    }
}

static void *read_all(void *arg)
{
    struct bench *bench = arg;
    struct epoll_event events[EVENTS];
    static char bytes[READ_BYTES + 1];

    while (!atomic_load(&bench->is_over)) {
        int count = epoll_wait(bench->epoll, events, EVENTS, 100);

        for (int i = 0; i < count; i++) {
            ssize_t n = recv(events[i].data.fd, bytes, READ_BYTES, MSG_DONTWAIT);

            if (n > 0) {
                bytes[n] = '\0';
                look(bench, bytes, (size_t)n);
            } else if (n == 0) {
                (void)epoll_ctl(bench->epoll, EPOLL_CTL_DEL, events[i].data.fd, NULL);
            }
        }
    }
    return NULL;
}

static int join(struct bench *bench, int i)
{
    struct epoll_event event = {.events = EPOLLIN};
    char hello[126];
    int fds[2], err;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
        return -errno;
    do
        err = channel_adopt(bench->channel, fds[1], NULL, "192.0.2.1");
    while (err == -EAGAIN);
    if (err)
        return err;
    bench->fds[i] = fds[0];
    event.data.fd = fds[0];
    if (epoll_ctl(bench->epoll, EPOLL_CTL_ADD, fds[0], &event))
        return -errno;
    if (i)
        (void)snprintf(hello, sizeof(hello),
                       "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"p%d\",\"show\":\"s\"}}", i);
    else
        (void)snprintf(hello, sizeof(hello),
                       "{\"id\":1,\"m\":\"hello\",\"d\":{\"ticket\":\"host\",\"show\":\"s\"}}");
    return say(fds[0], hello) ? 0 : -EIO;
}

static void wait_us(int64_t us)
{
    struct timespec pause = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

    (void)nanosleep(&pause, NULL);
}

static int compare(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static void report(struct bench *bench, int64_t join_us, int64_t worked_us)
{
    size_t n = atomic_load(&bench->arrived), all = (size_t)bench->pages * (size_t)bench->messages;

    n = n < all ? n : all;
    qsort(bench->delays_us, n, sizeof(*bench->delays_us), compare);
    printf("{\"pages\":%d,\"messages\":%d,\"join_s\":%.2f,\"arrived\":%zu,\"of\":%zu", bench->pages,
           bench->messages, (double)join_us / 1e6, n, all);
    if (n)
        printf(",\"p50_ms\":%.1f,\"p99_ms\":%.1f,\"max_ms\":%.1f,\"cpu_us_per_delivery\":%.2f",
               (double)bench->delays_us[n / 2] / 1e3, (double)bench->delays_us[n * 99 / 100] / 1e3,
               (double)bench->delays_us[n - 1] / 1e3, (double)worked_us / (double)n);
    printf("}\n");
}

static void talk(struct bench *bench)
{
    size_t all = (size_t)bench->pages * (size_t)bench->messages, before = 0;

    for (int i = 0; i < bench->messages; i++) {
        char text[126];

        (void)snprintf(
            text, sizeof(text),
            "{\"id\":7,\"m\":\"chat.send\",\"k\":\"key-%08d\",\"d\":{\"t\":\"sent %" PRId64 "\"}}",
            i, jt_clock_mono_us());
        (void)say(bench->fds[0], text);
        wait_us(1000000 / bench->per_second);
    }
    for (int i = 0; i < 100 && atomic_load(&bench->arrived) < all; i++) { /* until nothing comes */
        before = atomic_load(&bench->arrived);
        wait_us(100000);
        if (i > 20 && before == atomic_load(&bench->arrived))
            break;
    }
}

static int run(struct bench *bench)
{
    int64_t began_us = jt_clock_mono_us(), worked_us;

    for (int i = 0; i < bench->pages; i++) {
        int err = join(bench, i);

        if (err) {
            (void)fprintf(stderr, "page %d: %s\n", i, strerror(-err));
            return 1;
        }
        if (i % 16 == 0)
            wait_us(JOIN_PAUSE_US);
    }
    while (atomic_load(&bench->joined) < bench->pages)
        wait_us(1000);
    began_us = jt_clock_mono_us() - began_us;
    worked_us = cpu_us(bench->room_clock);
    talk(bench);
    report(bench, began_us, cpu_us(bench->room_clock) - worked_us);
    return 0;
}

int main(int argc, char **argv)
{
    static const struct channel_ops ops = {admit, opening, acted, counted};
    static const uint8_t seed[16] = {1};
    struct bench bench = {.pages = argc > 1 ? atoi(argv[1]) : 1000,
                          .messages = argc > 2 ? atoi(argv[2]) : 20,
                          .per_second = argc > 3 ? atoi(argv[3]) : 1,
                          .epoll = epoll_create1(EPOLL_CLOEXEC)};
    pthread_t reader;
    int status;

    jt_log_init("bench", JT_LOG_ERROR);
    if (bench.pages < 1 || bench.messages < 1 || bench.per_second < 1)
        return 2;
    bench.fds = calloc((size_t)bench.pages, sizeof(int));
    bench.delays_us = calloc((size_t)bench.pages * (size_t)bench.messages, sizeof(int64_t));
    if (!bench.fds || !bench.delays_us || channel_new(&ops, &bench, seed, &bench.channel) ||
        pthread_create(&reader, NULL, read_all, &bench))
        return 1;
    status = run(&bench);
    channel_free(bench.channel);
    atomic_store(&bench.is_over, true);
    (void)pthread_join(reader, NULL);
    return status;
}
