/**
 * Finds a worker's viewers by what comes in: our ICE ufrag, a session's id, a remote address. Keeps the routes between
 * workers in step. Worker thread only.
 */
#ifndef RELAY_INDEX_H
#define RELAY_INDEX_H

#include "base/base.h"

struct jt_address;
struct relay_index;
struct relay_routes;
struct relay_viewer;

/** `routes` is shared by all workers and borrowed; `worker` is this one's number in it. */
JT_MUST_CHECK int relay_index_new(struct relay_routes *routes, int worker,
                                  struct relay_index **out);
/** Its viewers have been removed. NULL is fine. */
void relay_index_free(struct relay_index *index);

void relay_index_add(struct relay_index *index, struct relay_viewer *viewer);
void relay_index_remove(struct relay_index *index, struct relay_viewer *viewer);

struct relay_viewer *relay_index_by_ufrag(struct relay_index *index, const char *ufrag);
struct relay_viewer *relay_index_by_id(struct relay_index *index, const char *id);
struct relay_viewer *relay_index_by_address(struct relay_index *index,
                                            const struct jt_address *from);

/** Datagrams from there are this viewer's before anybody else's. */
void relay_index_own(struct relay_index *index, struct relay_viewer *viewer,
                     const struct jt_address *from);

/**
 * After a check: if it proved an address, what comes from there is the viewer's too, answers to our own checks first of
 * all. Somebody whose media goes there already keeps it: a viewer may name any address (threat I6).
 */
void relay_index_learn(struct relay_index *index, struct relay_viewer *viewer,
                       const struct jt_address *from);

#endif
