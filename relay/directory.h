/**
 * What this relay knows of shows, as ingest tells it over the control socket: kept on the main thread for the API, passed
 * on to the workers as it comes. When ingest goes away its shows wait for the grace period; when it is back, what it does
 * not speak of again has ended. Main loop thread only, but for the HTTP handlers.
 */
#ifndef RELAY_DIRECTORY_H
#define RELAY_DIRECTORY_H

#include <stdbool.h>

#include "base/base.h"
#include "http/server.h"

struct jt_loop;
struct relay_config;
struct relay_directory;
struct relay_workers;

enum { RELAY_DIRECTORY_ROUTES = 2 };

/** Connects at once if ingest is there, and again and again until it is. */
JT_MUST_CHECK int relay_directory_new(struct jt_loop *loop, const struct relay_config *config,
                                      struct relay_workers *workers, struct relay_directory **out);
void relay_directory_free(struct relay_directory *directory);

/** Is ingest connected? Any thread. */
bool relay_directory_is_connected(const struct relay_directory *directory);

/** GET /api/v1/shows and /api/v1/shows/:show. */
void relay_directory_routes(struct relay_directory *directory,
                            struct jt_http_route out[RELAY_DIRECTORY_ROUTES]);

#endif
