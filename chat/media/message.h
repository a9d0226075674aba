/**
 * The JSON of hooks, strictly: every text within its limit, every number in its range, unknown names passed over (a newer
 * sender). The shapes are in chat/media/hooks.h. All return 0 or -EBADMSG. Pure; any thread.
 */
#ifndef CHAT_MEDIA_MESSAGE_H
#define CHAT_MEDIA_MESSAGE_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/media/hooks.h"

enum { MEDIA_MESSAGE_DEPTH_MAX = 8, MEDIA_REASON_MAX_BYTES = 65, MEDIA_PEER_MAX_BYTES = 64 };

/** One object; json_decref it. */
JT_MUST_CHECK int media_message_parse(const char *body, size_t size, json_t **out);

/** Texts in `out` are borrowed from `root`. */
JT_MUST_CHECK int media_message_publish(const json_t *root, struct media_publish *out);

struct media_unpublish {
    char show[JT_SHOW_NAME_MAX_BYTES];
    uint32_t epoch;
    char reason[MEDIA_REASON_MAX_BYTES];
};
JT_MUST_CHECK int media_message_unpublish(const json_t *root, struct media_unpublish *out);

/** A part of a set: its number, which part of how many (from 1), and its shows, borrowed from `root`. */
struct media_part {
    int64_t set;
    int part, parts;
    json_t *shows;
};
JT_MUST_CHECK int media_message_part(const json_t *root, struct media_part *out);

JT_MUST_CHECK int media_message_show(const json_t *object, struct media_show *out);
JT_MUST_CHECK int media_message_audience(const json_t *object, struct media_audience *out);

#endif
