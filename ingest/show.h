/**
 * The shows of this ingest: who publishes, which tracks there are, and what the rest of the system must be told.
 * A show lives while its publisher does, then waits the grace period for it to return, then ends. Each return is a new
 * epoch with new rings on the same time line. Loop thread only.
 */
#ifndef INGEST_SHOW_H
#define INGEST_SHOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/track.h"
#include "ring/control.h"

struct ingest_shows;
struct ingest_show;
struct jt_bells;
struct jt_loop;
struct jt_ring_writer;

enum { INGEST_TRACKS_MAX = 8, INGEST_SHOWS_MAX = 2048 };

/** A track as everybody is told of it. `writer` is NULL when the ring was made by the show's media worker. */
struct ingest_track {
    uint32_t id, source, epoch;
    int fd; /* the ring, sealed; borrowed from the writer, or owned for a worker's */
    struct jt_ring_writer *writer;
    struct jt_track_info info;
};

/** What a show may ask of its publisher. */
struct ingest_publisher_ops {
    void (*stop)(void *arg, const char *code,
                 const char *words);      /* say why, leave the show, close */
    bool (*request_key_frame)(void *arg); /* false: this kind can't be asked */
};

/** Told of every change, in order; a track's end comes before its show's. */
struct ingest_show_events {
    void (*on_state)(void *arg, const struct ingest_show *show);
    void (*on_track)(void *arg, const struct ingest_show *show, const struct ingest_track *track);
    void (*on_track_changed)(void *arg, const struct ingest_show *show,
                             const struct ingest_track *track);
    void (*on_track_end)(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track);
    void (*on_warning)(void *arg, const struct ingest_show *show, const char *code,
                       const char *words);
    void (*on_access)(void *arg, const struct ingest_show *show);
};

JT_MUST_CHECK int ingest_shows_new(struct jt_loop *loop, int64_t grace_ms,
                                   struct ingest_shows **out);
/** Frees all shows; nobody is told that they ended, for another ingest may continue them. */
void ingest_shows_free(struct ingest_shows *shows);
/** Several may listen (hub, worker pool, admission, report); all before the first show. */
JT_MUST_CHECK int ingest_shows_listen(struct ingest_shows *shows,
                                      const struct ingest_show_events *events, void *arg);

/** Tell nobody of anything any more: the process is going down. */
void ingest_shows_silence(struct ingest_shows *shows);

/** Who arrives, for what. */
struct ingest_arrival {
    const char *name; /* of the show */
    enum jt_show_access access;
    const struct ingest_publisher_ops *ops; /* copied */
    void *arg;
};

/**
 * A publisher arrives. 0: it has the show (new, or continued within the grace period: epoch up). -EBUSY: another one
 * lives. -EINVAL: not a name. -ENOSPC: too many shows.
 */
JT_MUST_CHECK int ingest_show_arrive(struct ingest_shows *shows,
                                     const struct ingest_arrival *arrival,
                                     struct ingest_show **out);
/** The same for a show that everybody may watch. */
JT_MUST_CHECK int ingest_show_join(struct ingest_shows *shows, const char *name,
                                   const struct ingest_publisher_ops *ops, void *arg,
                                   struct ingest_show **out);
/** The publisher is gone: tracks end, the show waits for the grace period. */
void ingest_show_leave(struct ingest_show *show);

struct ingest_show *ingest_show_find(struct ingest_shows *shows, const char *name);
const char *ingest_show_name(const struct ingest_show *show);
uint32_t ingest_show_epoch(const struct ingest_show *show);
enum jt_show_state ingest_show_state(const struct ingest_show *show);
enum jt_show_access ingest_show_access(const struct ingest_show *show);
/** Tells everybody if it changed. */
void ingest_show_set_access(struct ingest_show *show, enum jt_show_access access);
bool ingest_show_request_key_frame(struct ingest_show *show);
/** End it now, whatever its publisher does. */
void ingest_show_stop(struct ingest_show *show, const char *code, const char *words);
/** Was it stopped, since its publisher came? */
bool ingest_show_is_stopped(const struct ingest_show *show);

/** A track from the publisher. Takes `writer` on success. */
JT_MUST_CHECK int ingest_show_add_track(struct ingest_show *show, struct jt_ring_writer *writer,
                                        const struct jt_track_info *info,
                                        const struct ingest_track **out);
/** A track the worker makes from `source`. Takes `fd` on success; -ESTALE: of another epoch or an ended source. */
JT_MUST_CHECK int ingest_show_offer_track(struct ingest_show *show, int fd,
                                          const struct ingest_track *offer);
/** The publisher changed the codec's configuration or turned out to send B-frames. */
void ingest_show_update_track(struct ingest_show *show, uint32_t track_id,
                              const struct jt_track_info *info);
void ingest_show_end_track(struct ingest_show *show, uint32_t track_id);
/** End what the worker made of `source` in `codec`: it is not wanted any more. */
void ingest_show_end_made(struct ingest_show *show, uint32_t source, enum jt_codec codec);
/** End the tracks the worker made (it died). */
void ingest_show_end_worker_tracks(struct ingest_show *show);

/** Bells of who reads this show's rings alone (its worker): pulled with every frame of it, beside those of all relays. */
struct jt_bells *ingest_show_bells(struct ingest_show *show);

/** Something the seller or the operator should read; the same code is told once per epoch. */
void ingest_show_warn(struct ingest_show *show, const char *code, const char *words);

typedef void (*ingest_show_fn)(void *arg, const struct ingest_show *show);
void ingest_shows_each(struct ingest_shows *shows, ingest_show_fn fn, void *arg);
typedef void (*ingest_track_fn)(void *arg, const struct ingest_show *show,
                                const struct ingest_track *track);
void ingest_show_each_track(const struct ingest_show *show, ingest_track_fn fn, void *arg);
typedef void (*ingest_warning_fn)(void *arg, const struct ingest_show *show, const char *code,
                                  const char *words);
void ingest_show_each_warning(const struct ingest_show *show, ingest_warning_fn fn, void *arg);
size_t ingest_shows_count(const struct ingest_shows *shows);

#endif
