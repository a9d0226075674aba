/**
 * Waking readers. Each reader thread makes one bell: an eventfd and a 4 KiB page (its own sealed memfd, so that a
 * hostile peer can't shrink it) that holds its "asleep" word, and hands both over once. The writer rings all bells once
 * per frame; a bell whose owner is awake costs 5 ns.
 */
#ifndef JT_RING_WAKE_H
#define JT_RING_WAKE_H

#include <stdbool.h>

#include "base/base.h"

struct jt_bell;      /* the reader's side */
struct jt_bell_rope; /* the writer's side of one reader's bell */

JT_MUST_CHECK int jt_bell_new(struct jt_bell **out);
void jt_bell_free(struct jt_bell *bell);
/** Descriptors to hand over, borrowed: [0] eventfd, [1] page. */
void jt_bell_fds(const struct jt_bell *bell, int fds[2]);
/** The eventfd to watch for reading. */
int jt_bell_fd(const struct jt_bell *bell);
/** Say "asleep" before blocking. Then look at the rings once more, so that nothing falls in between. */
void jt_bell_sleep(struct jt_bell *bell);
/** Say "awake" and empty the eventfd. */
void jt_bell_awake(struct jt_bell *bell);

/** Ring one's own: the eventfd is readable again, in the loop's next turn. */
void jt_bell_ring(struct jt_bell *bell);

/** Takes both descriptors on success; refuses (-EPERM, -EPROTO) a page without seals or of the wrong size, or no eventfd. */
JT_MUST_CHECK int jt_bell_rope_new(const int fds[2], struct jt_bell_rope **out);
void jt_bell_rope_free(struct jt_bell_rope *rope);
/** The descriptors again, borrowed, to pass them on (ingest hands relay's bells to its workers). */
void jt_bell_rope_fds(const struct jt_bell_rope *rope, int fds[2]);
/** Write the eventfd if the reader says it sleeps. */
void jt_bell_rope_pull(struct jt_bell_rope *rope);

#endif
