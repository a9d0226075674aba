/** The admin listener every service has: /healthz, /readyz, /metrics. Loopback by default, never
 * proxied (threat X4). */
#ifndef JT_HTTP_ADMIN_H
#define JT_HTTP_ADMIN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct jt_http_server;

/** Is the service ready to serve? Any thread. On false writes what is missing (a few words) into
 * `why`. */
typedef bool (*jt_admin_ready_fn)(void *arg, char *why, size_t capacity);

JT_MUST_CHECK int jt_admin_new(const char *listen, jt_admin_ready_fn ready, void *arg,
                               struct jt_http_server **out);

#endif
