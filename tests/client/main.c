/* whep-client: many WHEP viewers, checked packet by packet; see README.md. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "client.h"

enum { VIEWERS_MAX = 4000, EVENTS_MAX = 256, TICK_MS = 5 };

struct options {
    struct url url;
    int viewers, seconds, loss_percent;
    unsigned seed;
};

static volatile sig_atomic_t stopped;

int64_t now_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void on_signal(int signum)
{
    (void)signum;
    stopped = 1;
}

static int parse(int argc, char **argv, struct options *out)
{
    static const struct option longs[] = {{"url", 1, NULL, 'u'},     {"viewers", 1, NULL, 'n'},
                                          {"seconds", 1, NULL, 's'}, {"loss", 1, NULL, 'l'},
                                          {"seed", 1, NULL, 'r'},    {NULL, 0, NULL, 0}};
    int option;

    *out = (struct options){.viewers = 1, .seconds = 10, .seed = 1};
    while ((option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        if (option == 'u' && url_parse(optarg, &out->url))
            return -EINVAL;
        if (option == 'n')
            out->viewers = atoi(optarg);
        if (option == 's')
            out->seconds = atoi(optarg);
        if (option == 'l')
            out->loss_percent = atoi(optarg);
        if (option == 'r')
            out->seed = (unsigned)atoi(optarg);
        if (option == '?')
            return -EINVAL;
    }
    return out->url.port && out->viewers > 0 && out->viewers <= VIEWERS_MAX ? 0 : -EINVAL;
}

static void turn(int epoll, struct peer *peers, int count)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(epoll, events, EVENTS_MAX, TICK_MS);
    static int64_t tick_at;
    int64_t now = now_us();

    for (int i = 0; i < n; i++)
        peer_readable(&peers[events[i].data.u32], now_us());
    if (now < tick_at)
        return;
    tick_at = now + TICK_MS * 1000;
    for (int i = 0; i < count; i++)
        peer_tick(&peers[i], now);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(int64_t *values, size_t count, double p)
{
    if (!count)
        return -1;
    qsort(values, count, sizeof(*values), compare);
    return (double)values[(size_t)((double)(count - 1) * p)] / 1000;
}

static void report(const struct options *options, struct peer *peers, int opened,
                   struct counts *counts)
{
    int64_t *joins = calloc((size_t)opened + 1, sizeof(*joins));
    size_t joined = 0, ready = 0;
    int64_t longest_gap = 0;

    for (int i = 0; i < opened; i++) {
        media_finish(&peers[i].media);
        ready += peers[i].state == PEER_READY;
        if (peers[i].media.has_key)
            joins[joined++] = peers[i].media.first_key_us - peers[i].media.opened_at_us;
        if (peers[i].media.longest_gap_us > longest_gap)
            longest_gap = peers[i].media.longest_gap_us;
    }
    printf("{\"viewers\":%d,\"opened\":%d,\"ready\":%zu,\"with_key\":%zu,\"video_packets\":%llu,"
           "\"audio_packets\":%llu,"
           "\"rtx_packets\":%llu,\"lost\":%llu,\"duplicates\":%llu,\"frames\":%llu,\"broken_"
           "frames\":%llu,"
           "\"keyframes\":%llu,\"stamp_steps_back\":%llu,\"unprotect_failures\":%llu,\"sender_"
           "reports\":%llu,",
           options->viewers, opened, ready, joined, (unsigned long long)counts->video_packets,
           (unsigned long long)counts->audio_packets, (unsigned long long)counts->rtx_packets,
           (unsigned long long)counts->lost, (unsigned long long)counts->duplicates,
           (unsigned long long)counts->frames, (unsigned long long)counts->broken_frames,
           (unsigned long long)counts->keyframes, (unsigned long long)counts->stamp_steps_back,
           (unsigned long long)counts->unprotect_failures, (unsigned long long)counts->reports);
    printf("\"dropped_by_us\":%llu,\"recovered\":%llu,\"recovered_in_100ms\":%llu,\"recovery_ms\":{"
           "\"p50\":%.1f,"
           "\"p99\":%.1f,\"max\":%.1f},\"first_key_ms\":{\"p50\":%.1f,\"p95\":%.1f,\"max\":%.1f},"
           "\"longest_gap_ms\":%.1f}\n",
           (unsigned long long)counts->dropped_by_us, (unsigned long long)counts->recovered,
           (unsigned long long)counts->recovered_in_100ms,
           percentile_ms(counts->recovery_us, counts->recovery_count, 0.5),
           percentile_ms(counts->recovery_us, counts->recovery_count, 0.99),
           percentile_ms(counts->recovery_us, counts->recovery_count, 1),
           percentile_ms(joins, joined, 0.5), percentile_ms(joins, joined, 0.95),
           percentile_ms(joins, joined, 1), (double)longest_gap / 1000);
    free(joins);
}

static int run(const struct options *options, struct peer *peers, struct counts *counts, int epoll)
{
    int64_t end;
    int opened = 0;

    for (; opened < options->viewers && !stopped; opened++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)opened};
        int err = peer_open(&peers[opened], &options->url, counts, options->loss_percent);

        if (err) {
            (void)fprintf(stderr, "viewer %d: %s %d\n", opened, err > 0 ? "HTTP" : "errno",
                          err > 0 ? err : -err);
            break;
        }
        (void)epoll_ctl(epoll, EPOLL_CTL_ADD, peers[opened].fd, &event);
        turn(epoll, peers, opened + 1);
    }
    end = now_us() + (int64_t)options->seconds * 1000000;
    while (now_us() < end && !stopped)
        turn(epoll, peers, opened);
    report(options, peers, opened, counts);
    for (int i = 0; i < opened; i++)
        peer_close(&peers[i], &options->url);
    return opened;
}

int main(int argc, char **argv)
{
    struct counts counts = {0};
    struct options options;
    struct peer *peers;
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    int opened;

    if (parse(argc, argv, &options)) {
        (void)fprintf(
            stderr,
            "usage: whep-client --url http://HOST:PORT/whep/SHOW [--viewers N] [--seconds S] "
            "[--loss PERCENT] [--seed N]\n");
        return 2;
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    srand(options.seed);
    peers = calloc((size_t)options.viewers, sizeof(*peers));
    counts.recovery_us = calloc(RECOVERIES_MAX, sizeof(*counts.recovery_us));
    if (!peers || !counts.recovery_us || epoll < 0 || peer_global_init())
        return 1;
    opened = run(&options, peers, &counts, epoll);
    free(peers);
    free(counts.recovery_us);
    return opened == options.viewers ? 0 : 1;
}
