/* rude-viewer: viewers that connect properly and then misbehave; see README.md. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rude.h"

enum { VIEWERS_MAX = 200 };

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

static void turn(struct rude_viewer *viewers, int count)
{
    static struct pollfd polled[VIEWERS_MAX];
    static int64_t tick_at;
    int64_t now;

    for (int i = 0; i < count; i++)
        polled[i] = (struct pollfd){.fd = viewers[i].fd, .events = POLLIN};
    (void)poll(polled, (nfds_t)count, RUDE_TICK_MS);
    now = now_us();
    for (int i = 0; i < count; i++)
        rude_readable(&viewers[i], now);
    if (now < tick_at)
        return;
    tick_at = now + RUDE_TICK_MS * 1000;
    for (int i = 0; i < count; i++)
        rude_tick(&viewers[i], now);
}

static void report(const struct rude_viewer *viewers, int count, const struct rude_totals *totals)
{
    int64_t newest = 0;
    int ready = 0;

    for (int i = 0; i < count; i++) {
        ready += viewers[i].state == RUDE_READY;
        if (viewers[i].last_packet_us > newest)
            newest = viewers[i].last_packet_us;
    }
    printf("{\"viewers\":%d,\"ready\":%d,\"packets\":%llu,\"bytes\":%llu,\"rtx_packets\":%llu,"
           "\"rtx_bytes\":%llu,"
           "\"sent\":%llu,\"sent_bytes\":%llu,\"stray_sent_bytes\":%llu,\"stray_bytes\":%llu,"
           "\"longest_gap_ms\":%lld,\"gaps\":%llu,\"reports\":%llu,\"clock_step_ms\":%.1f,"
           "\"av_step_ms\":%.1f,\"silence_ms\":%lld}\n",
           count, ready, (unsigned long long)totals->packets, (unsigned long long)totals->bytes,
           (unsigned long long)totals->rtx_packets, (unsigned long long)totals->rtx_bytes,
           (unsigned long long)totals->sent, (unsigned long long)totals->sent_bytes,
           (unsigned long long)totals->stray_sent_bytes, (unsigned long long)totals->stray_bytes,
           (long long)totals->longest_gap_us / 1000, (unsigned long long)totals->gaps,
           (unsigned long long)totals->reports, (double)totals->clock_step_us / 1000,
           (double)totals->av_step_us / 1000, newest ? (long long)(now_us() - newest) / 1000 : -1);
}

/* Arguments: URL ACT VIEWERS SECONDS. Prints "ready" once all are connected, and a report at the end. */
int main(int argc, char **argv)
{
    const struct rude_act *act = argc == 5 ? rude_act_find(argv[2]) : NULL;
    int count = argc == 5 ? atoi(argv[3]) : 0, opened = 0, said = 0;
    struct rude_viewer *viewers;
    struct rude_totals totals = {0};
    struct url url;
    int64_t end;

    if (!act || count < 1 || count > VIEWERS_MAX || url_parse(argv[1], &url)) {
        (void)fprintf(stderr,
                      "usage: rude-viewer http://HOST:PORT/whep/SHOW ACT VIEWERS SECONDS\nacts:");
        rude_act_list();
        return 2;
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    viewers = calloc((size_t)count, sizeof(*viewers));
    if (!viewers || dtls_global_init())
        return 1;
    end = now_us() + (int64_t)atoi(argv[4]) * 1000000;
    while (now_us() < end && !stopped) {
        int ready = 0;

        if (opened < count && rude_open(&viewers[opened], &url, act, &totals) == 0) {
            viewers[opened].number = opened;
            opened++;
        } else if (opened < count) {
            break;
        }
        turn(viewers, opened);
        for (int i = 0; i < opened; i++)
            ready += viewers[i].state == RUDE_READY;
        if (ready == count && !said++) {
            (void)puts("ready");
            (void)fflush(stdout);
        }
    }
    report(viewers, opened, &totals);
    for (int i = 0; i < opened; i++)
        rude_close(&viewers[i], &url);
    free(viewers);
    return opened == count ? 0 : 1;
}
