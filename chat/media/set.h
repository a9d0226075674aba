/**
 * A set that comes in several hooks, because a body holds 64 KiB: kept until all parts are there. A part of another set
 * begins that one. Thread-safe.
 */
#ifndef CHAT_MEDIA_SET_H
#define CHAT_MEDIA_SET_H

#include <jansson.h>

#include "base/base.h"
#include "chat/media/message.h"

struct media_set;

JT_MUST_CHECK int media_set_new(struct media_set **out);
void media_set_free(struct media_set *set);

/** Takes a reference of `part->shows`. Returns all shows (one array, the caller's) with the last part, else NULL. */
json_t *media_set_add(struct media_set *set, const struct media_part *part);

#endif
