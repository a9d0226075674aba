/** The ids of hooks that came, so that each counts once: bounded, and full means refuse (threat A2). Thread-safe. */
#ifndef CHAT_MEDIA_IDS_H
#define CHAT_MEDIA_IDS_H

#include <stdint.h>

#include "base/base.h"

struct media_ids;

JT_MUST_CHECK int media_ids_new(int capacity, struct media_ids **out);
void media_ids_free(struct media_ids *ids);

/**
 * Take an id that is good until `until_ms` (wall time). 0 for exactly one caller, -EALREADY for all later ones, -ENOSPC
 * when that many are still good. An id once taken is known until its place is needed, whatever the clock does.
 */
JT_MUST_CHECK int media_ids_take(struct media_ids *ids, const char *id, int64_t until_ms,
                                 int64_t now_ms);

#endif
