/**
 * The control socket's server side: relays and chat connect, say hello, hand over their bells, and are told of every
 * show, track and warning. What they ask for (key frames, stops) goes to the show. Loop thread only.
 */
#ifndef INGEST_HUB_H
#define INGEST_HUB_H

#include "base/base.h"

struct jt_bells;
struct ingest_hub;
struct ingest_shows;
struct jt_loop;

enum { INGEST_PEERS_MAX = 64 };

/** Called when a bell came or went, so that media workers learn of it too. `fds` NULL: gone. */
typedef void (*ingest_hub_bell_fn)(void *arg, unsigned number, const int *fds);

JT_MUST_CHECK int ingest_hub_new(struct jt_loop *loop, const char *path, struct ingest_shows *shows,
                                 struct jt_bells *bells, struct ingest_hub **out);
void ingest_hub_on_bell(struct ingest_hub *hub, ingest_hub_bell_fn fn, void *arg);
void ingest_hub_free(struct ingest_hub *hub);

#endif
