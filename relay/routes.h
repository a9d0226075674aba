/**
 * Which worker owns the viewer behind a remote address: a read-mostly table for what arrives at another worker's socket.
 * Any thread.
 */
#ifndef RELAY_ROUTES_H
#define RELAY_ROUTES_H

#include "base/base.h"
#include "net/address.h"

struct relay_routes;

JT_MUST_CHECK int relay_routes_new(size_t capacity, struct relay_routes **out);
void relay_routes_free(struct relay_routes *routes);
/** The newest owner counts. Full: the oldest neighbour is forgotten; its viewer's checks put it back. */
void relay_routes_set(struct relay_routes *routes, const struct jt_address *from, int worker);
void relay_routes_clear(struct relay_routes *routes, const struct jt_address *from, int worker);
/** The worker's number, or -1. */
int relay_routes_find(struct relay_routes *routes, const struct jt_address *from);

#endif
