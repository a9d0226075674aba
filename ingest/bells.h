/** The bells of all reader threads that want to know of new frames; every writer in this process pulls them. */
#ifndef INGEST_BELLS_H
#define INGEST_BELLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { INGEST_BELLS_MAX = 256 };

struct ingest_bells;
struct jt_bell_rope;

JT_MUST_CHECK int ingest_bells_new(struct ingest_bells **out);
void ingest_bells_free(struct ingest_bells *bells);

/** Takes both descriptors on success. Returns the bell's number (1 or more), or a negative errno. */
JT_MUST_CHECK int ingest_bells_add(struct ingest_bells *bells, const int fds[2]);
void ingest_bells_remove(struct ingest_bells *bells, uint32_t number);

/** Wake every reader that sleeps: call once per frame. */
void ingest_bells_pull(struct ingest_bells *bells);

/** Calls `fn` for each bell, with its descriptors (borrowed). */
typedef void (*ingest_bell_fn)(void *arg, uint32_t number, const int fds[2]);
void ingest_bells_each(struct ingest_bells *bells, ingest_bell_fn fn, void *arg);

#endif
