/* All workers of the process: made, found, and let go. */
#include "relay/worker.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/thread.h"
#include "net/udp.h"
#include "relay/audience.h"
#include "relay/batch.h"
#include "relay/config.h"
#include "relay/index.h"
#include "relay/message.h"
#include "relay/routes.h"
#include "relay/worker_private.h"
#include "ring/wake.h"

enum {
    MAILBOX_MESSAGES = 4096,
    POLL_MS = 20,
};

/* ---- life of a worker; start and stop run on its thread ---- */

static int worker_start(void *arg, struct jt_loop *loop)
{
    struct relay_worker *worker = arg;
    int64_t poll_us = (int64_t)POLL_MS * JT_USEC_PER_MSEC;
    int err;

    worker->loop = loop;
    err = jt_mailbox_new(loop, "relay.mail", sizeof(struct relay_message), MAILBOX_MESSAGES,
                         relay_worker_on_mail, worker, &worker->mailbox);
    if (!err)
        err = jt_watch_new(loop, "relay.udp", jt_udp_fd(worker->udp), JT_READABLE,
                           relay_worker_on_datagrams, worker, &worker->udp_watch);
    if (!err)
        err = jt_watch_new(loop, "relay.bell", jt_bell_fd(worker->bell), JT_READABLE,
                           relay_worker_on_bell, worker, &worker->bell_watch);
    if (!err)
        err = jt_timer_new(loop, "relay.poll", relay_worker_on_poll, worker, &worker->poll);
    if (!err)
        err = jt_timer_new(loop, "relay.tick", relay_worker_on_tick, worker, &worker->tick);
    if (err)
        return err;
    jt_timer_start(worker->poll, poll_us, poll_us);
    jt_bell_sleep(worker->bell);
    return 0;
}

static void worker_stop(void *arg)
{
    struct relay_worker *worker = arg;
    struct relay_show *show;

    if (worker->mailbox)
        jt_mailbox_free(worker->mailbox);
    while ((show = LIST_FIRST(&worker->shows))) {
        relay_show_dismiss(show, "shutdown");
        relay_worker_bury_dead(worker);
        relay_show_free(show);
    }
    jt_watch_free(worker->udp_watch);
    jt_watch_free(worker->bell_watch);
    jt_timer_free(worker->poll);
    jt_timer_free(worker->tick);
}

static const struct jt_thread_ops thread_ops = {.start = worker_start, .stop = worker_stop};

static int worker_new(struct relay_workers *all, int number)
{
    struct relay_worker *worker = calloc(1, sizeof(*worker));
    int err;

    if (!worker)
        return -ENOMEM;
    all->list[number] = worker;
    worker->all = all;
    worker->number = number;
    (void)snprintf(worker->prefix, sizeof(worker->prefix), "%02x", (unsigned)number & 0xff);
    LIST_INIT(&worker->shows);
    err = jt_udp_open(&all->address, all->setup.config->workers > 1, &worker->udp);
    if (err)
        return err;
    if (jt_address_port(&all->address) == 0)
        all->address =
            jt_udp_local(worker->udp); /* port 0 was asked for: the others share what came */
    err = jt_bell_new(&worker->bell);
    if (!err)
        err = relay_batch_new(worker->udp, &worker->batch);
    if (!err)
        err = relay_index_new(all->routes, number, &worker->index);
    return err;
}

static void worker_free(struct relay_worker *worker)
{
    if (!worker)
        return;
    relay_index_free(worker->index);
    relay_batch_free(worker->batch);
    jt_bell_free(worker->bell);
    jt_udp_close(worker->udp);
    free(worker);
}

static int start_thread(struct relay_worker *worker)
{
    char name[16];

    (void)snprintf(name, sizeof(name), "relay-%d", worker->number);
    return jt_thread_start(name, &thread_ops, worker, &worker->thread);
}

/* SO_REUSEPORT would let a second relay in, and the kernel would give it a share of our viewers' datagrams. */
static int check_port_is_free(const struct jt_address *address)
{
    struct jt_udp *alone;
    int err = jt_udp_open(address, false, &alone);

    if (!err)
        jt_udp_close(alone);
    return err;
}

static void set_open(struct relay_workers *all, bool is_open)
{
    (void)pthread_rwlock_wrlock(&all->door);
    all->is_open = is_open;
    (void)pthread_rwlock_unlock(&all->door);
}

int relay_workers_new(const struct relay_workers_setup *setup, struct relay_workers **out)
{
    struct relay_workers *all = calloc(1, sizeof(*all));
    int err;

    if (!all)
        return -ENOMEM;
    all->setup = *setup;
    (void)pthread_rwlock_init(&all->door, NULL);
    err = jt_address_parse(setup->config->rtc_listen, &all->address);
    if (!err)
        err = check_port_is_free(&all->address);
    if (!err)
        err = relay_audience_new(&all->audience);
    if (!err)
        err = relay_routes_new((size_t)setup->config->viewers_max, &all->routes);
    for (int i = 0; !err && i < setup->config->workers; i++) {
        err = worker_new(all, i);
        all->count = i + 1;
    }
    if (!err)
        err = relay_candidates_find(setup->config->rtc_advertise, &all->address, &all->candidates);
    for (int i = 0; !err && i < all->count; i++)
        err = start_thread(all->list[i]);
    if (err) {
        relay_workers_free(all);
        return err;
    }
    set_open(all, true);
    jt_metric_register(&relay_viewers_gauge, NULL);
    *out = all;
    return 0;
}

void relay_workers_free(struct relay_workers *all)
{
    if (!all)
        return;
    set_open(all, false);
    for (int i = 0; i < all->count; i++)
        if (all->list[i])
            jt_thread_stop(all->list[i]->thread);
    for (int i = 0; i < all->count; i++) /* all are still: they look at each other's prefixes */
        worker_free(all->list[i]);
    relay_routes_free(all->routes);
    relay_audience_free(all->audience);
    (void)pthread_rwlock_destroy(&all->door);
    free(all);
}

void relay_workers_set_whip(struct relay_workers *workers, struct jt_whip *whip)
{
    workers->whip = whip;
}

int relay_workers_count(const struct relay_workers *workers)
{
    return workers->count;
}

int relay_workers_viewers(const struct relay_workers *workers)
{
    int sum = 0;

    for (int i = 0; i < workers->count; i++)
        sum += atomic_load(&workers->list[i]->viewers);
    return sum;
}

struct jt_bell *relay_workers_bell(struct relay_workers *workers, int i)
{
    return workers->list[i]->bell;
}

int relay_workers_post(struct relay_workers *workers, int i, const struct relay_message *message)
{
    return jt_mailbox_post(workers->list[i]->mailbox, message);
}

int relay_workers_least(const struct relay_workers *workers)
{
    int least = 0;

    for (int i = 1; i < workers->count; i++)
        if (atomic_load(&workers->list[i]->viewers) < atomic_load(&workers->list[least]->viewers))
            least = i;
    return least;
}

struct relay_audience *relay_workers_audience(struct relay_workers *workers)
{
    return workers->audience;
}
