/** WHEP's HTTP side: offers and ends go to workers, answers come back from them. */
#ifndef RELAY_WHEP_H
#define RELAY_WHEP_H

#include "base/base.h"

struct jt_hooks;
struct jt_whip;
struct relay_config;
struct relay_whep;
struct relay_workers;

/** `hooks` has the keys that play tokens are checked with; borrowed for life. */
JT_MUST_CHECK int relay_whep_new(const struct relay_config *config, struct relay_workers *workers,
                                 struct jt_hooks *hooks, struct relay_whep **out);
/** After the HTTP server and the workers have stopped. */
void relay_whep_free(struct relay_whep *whep);
struct jt_whip *relay_whep_endpoint(struct relay_whep *whep);

#endif
