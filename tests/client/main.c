/* whep-client: many WHEP viewers, checked packet by packet; see README.md. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>

#include "client.h"

enum { EVENTS_MAX = 256, TICK_MS = 5, NEWS_OF_JOINER = -1, LOSSLESS_END_US = 500000 };

static volatile sig_atomic_t is_stopped, is_mark_wanted;

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int64_t now_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t wall_us(void)
{
    return read_clock(CLOCK_REALTIME);
}

static void on_signal(int signum)
{
    if (signum == SIGUSR1)
        is_mark_wanted = 1;
    else
        is_stopped = 1;
}

struct run {
    struct audience audience;
    struct joiner *joiner;
    int epoll, joiner_fd;
    bool is_all_open, is_joined;
    int64_t tick_at_us;
};

static void watch(struct run *run, int fd, int number)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};

    (void)epoll_ctl(run->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void take_in(struct run *run)
{
    int news;

    while ((news = joiner_next(run->joiner)) > 0) {
        watch(run, run->audience.peers[run->audience.opened].fd, run->audience.opened);
        run->audience.opened++;
    }
    if (news < 0 && !run->is_all_open) {
        run->is_all_open = true;
        (void)epoll_ctl(run->epoll, EPOLL_CTL_DEL, run->joiner_fd, NULL);
    }
}

static bool have_all_joined(const struct audience *audience)
{
    for (int i = 0; i < audience->opened; i++) {
        const struct peer *peer = &audience->peers[i];

        if (peer->state != PEER_READY || (peer->is_checked && !peer->media.has_key))
            return false;
    }
    return true;
}

static void tick(struct run *run, int64_t now)
{
    run->tick_at_us = now + (int64_t)TICK_MS * 1000;
    for (int i = 0; i < run->audience.opened; i++)
        peer_tick(&run->audience.peers[i], now);
    if (!run->audience.options->events)
        return;
    if (run->is_all_open && !run->is_joined && have_all_joined(&run->audience)) {
        run->is_joined = true;
        report_joined(&run->audience);
    }
    if (is_mark_wanted) {
        is_mark_wanted = 0;
        report_mark(&run->audience);
    }
}

static void turn(struct run *run)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(run->epoll, events, EVENTS_MAX, TICK_MS);
    int64_t now;

    for (int i = 0; i < n; i++) {
        int number = (int)events[i].data.u32;

        if (number == NEWS_OF_JOINER)
            take_in(run);
        else
            peer_readable(&run->audience.peers[number]);
    }
    now = now_us();
    if (now >= run->tick_at_us)
        tick(run, now);
}

static void stop_losing(const struct audience *audience)
{
    for (int i = 0; i < audience->opened; i++)
        audience->peers[i].media.loss_percent = 0;
}

/* At the end nothing more is thrown away, so that all that was can still come again. */
static void watch_for(struct run *run, const struct options *options)
{
    int64_t end;

    while (!run->is_all_open && !is_stopped)
        turn(run);
    end = now_us() + (int64_t)options->seconds * 1000000;
    while (now_us() < end - LOSSLESS_END_US && !is_stopped)
        turn(run);
    stop_losing(&run->audience);
    while (now_us() < end && !is_stopped)
        turn(run);
}

static int watch_show(const struct options *options)
{
    struct run run = {.audience = {.options = options}, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    struct audience *audience = &run.audience;

    audience->peers = calloc((size_t)options->viewers, sizeof(*audience->peers));
    if (!audience->peers || run.epoll < 0 ||
        samples_init(&audience->counts.recovery_us, SAMPLES_MAX) ||
        samples_init(&audience->counts.lag_us, SAMPLES_MAX) ||
        samples_init(&audience->counts.audio_lag_us, SAMPLES_MAX) ||
        samples_init(&audience->counts.audio_gap_us, SAMPLES_MAX) ||
        joiner_start(options, audience->peers, &audience->counts, &run.joiner, &run.joiner_fd))
        return 1;
    watch(&run, run.joiner_fd, NEWS_OF_JOINER);
    watch_for(&run, options);
    joiner_stop(run.joiner);
    report_end(audience);
    (void)fflush(stdout);
    for (int i = 0; i < options->viewers; i++)
        peer_close(&audience->peers[i], &options->url);
    free(audience->peers);
    samples_deinit(&audience->counts.recovery_us);
    samples_deinit(&audience->counts.lag_us);
    samples_deinit(&audience->counts.audio_lag_us);
    samples_deinit(&audience->counts.audio_gap_us);
    return audience->opened == options->viewers ? 0 : 1;
}

static void allow_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

int main(int argc, char **argv)
{
    struct options options;

    if (options_parse(argc, argv, &options)) {
        (void)fprintf(stderr, "usage: whep-client --url http://HOST:PORT/whep/SHOW [--viewers N] "
                              "[--seconds S] [--loss PERCENT] [--seed N] [--sample N] [--gro] "
                              "[--twcc-ms MS] [--join-rate N] [--events] [--unix PATH] "
                              "[--forward PORT] [--token PLAYTOKEN]\n");
        return 2;
    }
    (void)signal(SIGINT, on_signal);
    (void)signal(SIGTERM, on_signal);
    (void)signal(SIGUSR1, on_signal);
    srand(options.seed);
    allow_descriptors();
    if (inbox_init(options.gro) || dtls_global_init() ||
        (options.forward_port && forward_init(options.forward_port)))
        return 1;
    return watch_show(&options);
}
