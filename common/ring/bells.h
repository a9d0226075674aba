/** The bells of all reader threads that want to know of new frames; a process's writers pull them. */
#ifndef JT_BELLS_H
#define JT_BELLS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { JT_BELLS_MAX = 256 };

struct jt_bells;
struct jt_bell_rope;

JT_MUST_CHECK int jt_bells_new(struct jt_bells **out);
void jt_bells_free(struct jt_bells *bells);

/** Takes both descriptors on success. `number` is the caller's and names it from now on. */
JT_MUST_CHECK int jt_bells_add(struct jt_bells *bells, uint32_t number, const int fds[2]);
void jt_bells_remove(struct jt_bells *bells, uint32_t number);

/** Wake every reader that sleeps: call once per frame. */
void jt_bells_pull(struct jt_bells *bells);

/** Calls `fn` for each bell, with its descriptors (borrowed). */
typedef void (*jt_bells_fn)(void *arg, uint32_t number, const int fds[2]);
void jt_bells_each(struct jt_bells *bells, jt_bells_fn fn, void *arg);

#endif
