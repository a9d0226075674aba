#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "client.h"

struct joiner {
    const struct options *options;
    struct peer *peers;
    struct counts *counts;
    pthread_t thread;
    int pipe[2]; /* one byte per open peer, closed at the end */
    atomic_bool is_stopped;
};

static void sleep_until(int64_t at_us)
{
    struct timespec at = {.tv_sec = at_us / 1000000, .tv_nsec = at_us % 1000000 * 1000};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static void *join_all(void *arg)
{
    struct joiner *joiner = arg;
    const struct options *options = joiner->options;
    int64_t start = now_us();

    for (int i = 0; i < options->viewers && !atomic_load(&joiner->is_stopped); i++) {
        int err;

        if (options->join_rate)
            sleep_until(start + (int64_t)i * 1000000 / options->join_rate);
        err = peer_open(&joiner->peers[i], options, i % options->sample == 0, joiner->counts);
        if (err) {
            (void)fprintf(stderr, "viewer %d: %s %d\n", i, err > 0 ? "HTTP" : "errno",
                          err > 0 ? err : -err);
            break;
        }
        if (write(joiner->pipe[1], "", 1) != 1)
            break;
    }
    (void)close(joiner->pipe[1]);
    return NULL;
}

int joiner_start(const struct options *options, struct peer *peers, struct counts *counts,
                 struct joiner **out, int *fd)
{
    struct joiner *joiner = calloc(1, sizeof(*joiner));

    if (!joiner)
        return -ENOMEM;
    *joiner = (struct joiner){.options = options, .peers = peers, .counts = counts};
    if (pipe2(joiner->pipe, O_CLOEXEC) != 0 || fcntl(joiner->pipe[0], F_SETFL, O_NONBLOCK) != 0 ||
        pthread_create(&joiner->thread, NULL, join_all, joiner) != 0) {
        free(joiner);
        return -EAGAIN;
    }
    *fd = joiner->pipe[0];
    *out = joiner;
    return 0;
}

int joiner_next(struct joiner *joiner)
{
    char byte;
    ssize_t n = read(joiner->pipe[0], &byte, 1);

    if (n == 1)
        return 1;
    return n == 0 ? -1 : 0;
}

void joiner_stop(struct joiner *joiner)
{
    atomic_store(&joiner->is_stopped, true);
    (void)pthread_join(joiner->thread, NULL);
    (void)close(joiner->pipe[0]);
    free(joiner);
}
