/** How many watch which show, over all workers. Any thread; touched when viewers come and go, never per packet. */
#ifndef RELAY_AUDIENCE_H
#define RELAY_AUDIENCE_H

#include "base/base.h"

struct relay_audience;

JT_MUST_CHECK int relay_audience_new(struct relay_audience **out);
void relay_audience_free(struct relay_audience *audience);
void relay_audience_add(struct relay_audience *audience, const char *show, int by);
int relay_audience_count(struct relay_audience *audience, const char *show);

/** Of those, how many have finished their handshakes: offers alone shall not count as people, nor those with a play token. */
void relay_audience_watch(struct relay_audience *audience, const char *show, int by);
typedef void (*relay_audience_fn)(void *arg, const char *show, int watching);
/** Shows that somebody watches. `fn` runs under the lock. */
void relay_audience_each_watched(struct relay_audience *audience, relay_audience_fn fn, void *arg);

#endif
