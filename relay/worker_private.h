/** One worker and all of them, for worker.c (its turns) and workers.c (their life). */
#ifndef RELAY_WORKER_PRIVATE_H
#define RELAY_WORKER_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/metrics.h"
#include "net/address.h"
#include "relay/candidates.h"
#include "relay/config.h"
#include "relay/show.h"
#include "relay/worker.h"

LIST_HEAD(viewer_list, relay_viewer);

struct relay_worker {
    struct relay_workers *all;
    int number;
    char prefix[4];
    struct jt_thread *thread;
    struct jt_loop *loop;
    struct jt_udp *udp;
    struct jt_watch *udp_watch;
    struct jt_bell *bell;
    struct jt_watch *bell_watch;
    struct jt_mailbox *mailbox;
    struct jt_timer *poll, *tick;
    struct relay_batch *batch;
    struct relay_shows shows;
    struct relay_index *index;
    struct viewer_list dead; /* freed at the end of the turn */
    uint32_t last_source;
    uint64_t last_session;
    int64_t enforce_at_us;
    atomic_int viewers;
};

struct relay_workers {
    struct relay_workers_setup setup;
    struct jt_whip *whip;
    struct relay_candidates candidates;
    struct relay_routes *routes;
    struct relay_audience *audience;
    struct jt_address address;
    int count;
    struct relay_worker *list[RELAY_WORKERS_MAX];
    pthread_rwlock_t door; /* workers hand over only while all of them have a mailbox */
    bool is_open;
};

extern struct jt_metric relay_viewers_gauge;

/* What a worker's loop calls; `arg` is the worker. */
void relay_worker_on_mail(void *arg, void *mail);
void relay_worker_on_datagrams(void *arg, int events);
void relay_worker_on_bell(void *arg, int events);
void relay_worker_on_tick(void *arg);
void relay_worker_on_poll(void *arg);
/** Free the viewers that are over. */
void relay_worker_bury_dead(struct relay_worker *worker);

#endif
