/**
 * A show as one worker sees it: its tracks, which of them WebRTC viewers get, and its viewers here. Worker thread only.
 */
#ifndef RELAY_SHOW_H
#define RELAY_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/base.h"
#include "ring/control.h"
#include "whip/answer.h"

struct relay_batch;
struct relay_message;
struct relay_show;
struct relay_track;
struct relay_viewer;
struct relay_worker;

LIST_HEAD(relay_shows, relay_show);

/** Find a show by name; NULL when it is not known. */
struct relay_show *relay_shows_find(struct relay_shows *shows, const char *name);

struct relay_show *relay_shows_next(struct relay_show *show);

/** Make it if it is new, and take over what the message says of it. Returns NULL when memory is short. */
struct relay_show *relay_shows_update(struct relay_shows *shows, struct relay_worker *worker,
                                      const struct relay_message *message);

/** Its viewers have been told to go. */
void relay_show_free(struct relay_show *show);

const char *relay_show_name(const struct relay_show *show);
enum jt_show_access relay_show_access(const struct relay_show *show);
/** Close viewers who may not watch it (any more). `now_ms` is wall time. */
void relay_show_enforce(struct relay_show *show, int64_t now_ms);

/** Takes `fd`. Viewers move to the new track if it is the better one. */
void relay_show_add_track(struct relay_show *show, const struct relay_message *message, int fd,
                          int64_t now_us);
void relay_show_end_track(struct relay_show *show, uint32_t track_id);
void relay_show_warn(struct relay_show *show, const char *code);

/** Ingest is gone: it waits, its tracks end with their rings. `is_told` is false until ingest speaks of it again. */
void relay_show_lose_ingest(struct relay_show *show);
bool relay_show_is_told(const struct relay_show *show);

/**
 * What a player's offer can be answered with. 0; -ENOENT: the show has ended; -EOPNOTSUPP with `refusal` filled: nothing
 * of it can be shown by WebRTC ("b_frames").
 */
JT_MUST_CHECK int relay_show_source(const struct relay_show *show, int64_t now_us,
                                    struct jt_answer_source *out,
                                    struct jt_answer_refusal *refusal);

void relay_show_add_viewer(struct relay_show *show, struct relay_viewer *viewer);
void relay_show_remove_viewer(struct relay_viewer *viewer);
/** Put a viewer that became ready on the show's tracks. */
void relay_show_attach(struct relay_show *show, struct relay_viewer *viewer, int64_t now_us);
/** Close all its viewers. */
void relay_show_dismiss(struct relay_show *show, const char *reason);

struct relay_track *relay_show_track_of_source(struct relay_show *show, uint32_t source_id);

/** New frames to live streams. Returns whether any track has more of them. */
bool relay_show_pump(struct relay_show *show, struct relay_batch *batch, int64_t now_us);
/** Returns how many streams still catch up. */
int relay_show_catch_up(struct relay_show *show, struct relay_batch *batch, int64_t now_us);
void relay_show_poll_viewers(struct relay_show *show, int64_t now_us);

#endif
