/**
 * Media workers: one child process per show that needs something made from what its publisher sends (Opus from AAC, video
 * without B-frames). A worker that dies is started again; one that dies three times a minute is given up (threat V14).
 * Loop thread only.
 */
#ifndef INGEST_WORKER_POOL_H
#define INGEST_WORKER_POOL_H

#include "base/base.h"

struct jt_bells;
struct ingest_config;
struct ingest_shows;
struct ingest_workers;
struct jt_loop;

enum {
    INGEST_WORKER_CRASHES_MAX = 3, /* threat V14: within the window */
    INGEST_WORKER_CRASH_WINDOW_MS = 60000,
    INGEST_WORKER_RESTART_MS = 200,
};

JT_MUST_CHECK int ingest_workers_new(struct jt_loop *loop, const struct ingest_config *config,
                                     struct ingest_shows *shows, struct jt_bells *bells,
                                     struct ingest_workers **out);
/** Kills them all. */
void ingest_workers_free(struct ingest_workers *workers);

/** A reader's bell came (its descriptors, borrowed) or went (NULL): workers wake readers, too. */
void ingest_workers_on_bell(void *workers, unsigned number, const int *fds);

#endif
