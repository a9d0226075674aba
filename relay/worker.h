/**
 * A worker: one thread, one loop, one UDP socket of the shared port, its own readers of all rings, and its share of the
 * viewers. Media out is never handed to another worker. What arrives here for another worker's viewer is passed on.
 */
#ifndef RELAY_WORKER_H
#define RELAY_WORKER_H

#include <stdint.h>

#include "base/base.h"
#include "net/address.h"

struct jt_bell;
struct jt_dtls_identity;
struct jt_loop;
struct jt_whip;
struct relay_batch;
struct relay_config;
struct relay_message;
struct relay_show;
struct relay_viewer;
struct relay_worker;
struct relay_workers;

/** All workers of the process. */
struct relay_workers_setup {
    const struct relay_config *config;
    struct jt_dtls_identity *identity;
};

JT_MUST_CHECK int relay_workers_new(const struct relay_workers_setup *setup,
                                    struct relay_workers **out);
/** After the HTTP server is gone. Says goodbye to all viewers. */
void relay_workers_free(struct relay_workers *workers);
/** Where answers and endings of sessions go; before the first offer. */
void relay_workers_set_whip(struct relay_workers *workers, struct jt_whip *whip);
int relay_workers_count(const struct relay_workers *workers);
/** Viewers now, over all workers. Any thread. */
int relay_workers_viewers(const struct relay_workers *workers);
/** The bell of worker `i`: its two descriptors go to ingest. */
struct jt_bell *relay_workers_bell(struct relay_workers *workers, int i);

/** Post to worker `i`; what the message owns moves on success. 0 or -EAGAIN. Any thread. */
JT_MUST_CHECK int relay_workers_post(struct relay_workers *workers, int i,
                                     const struct relay_message *message);
/** The worker with the fewest viewers. Any thread. */
int relay_workers_least(const struct relay_workers *workers);
struct relay_audience;
/** Viewers by show, over all workers. */
struct relay_audience *relay_workers_audience(struct relay_workers *workers);

/* ---- for the files of a worker's own thread ---- */

const struct relay_config *relay_worker_config(const struct relay_worker *worker);
struct relay_batch *relay_worker_batch(struct relay_worker *worker);
struct jt_dtls_identity *relay_worker_identity(struct relay_worker *worker);
/** Two characters that our ICE ufrags begin with, so that any worker knows whose a check is. */
const char *relay_worker_prefix(const struct relay_worker *worker);
/** One datagram from this worker's socket. */
void relay_worker_send(struct relay_worker *worker, const uint8_t *data, size_t size,
                       const struct jt_address *to);
/** The viewer's media path is `to` from now on: datagrams from there are its. */
void relay_worker_set_path(struct relay_worker *worker, struct relay_viewer *viewer,
                           const struct jt_address *to);
/** The viewer's handshake is done (1), or it is over after that (-1). Who has a play token is not counted as watching. */
void relay_worker_count_watcher(struct relay_worker *worker, const struct relay_viewer *viewer,
                                int by);
/** The viewer is over: it is freed at the end of the turn, and its session's id becomes unknown. */
void relay_worker_close_viewer(struct relay_worker *worker, struct relay_viewer *viewer);
/** Numbers tracks for jt_rtp_out. */
uint32_t relay_worker_next_source(struct relay_worker *worker);
/** A stream began to catch up: the fast tick must run. */
void relay_worker_hurry(struct relay_worker *worker);

#endif
