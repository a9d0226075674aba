/** The router's table: path patterns, their parameters, and which methods a path has. Pure; any
 * thread. */
#ifndef JT_HTTP_ROUTE_H
#define JT_HTTP_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

#include "http/server.h"

struct jt_http_params {
    int count;
    struct jt_http_param {
        const char *name; /* into the pattern, ends at '/' or NUL */
        char value[JT_HTTP_PARAM_MAX_BYTES];
    } items[JT_HTTP_PARAMS_MAX];
};

/** Begins with '/', is UTF-8 and holds no control byte? `path` is decoded already. */
bool jt_http_path_is_clean(const char *path);

/**
 * Does `path` have the shape of `pattern`? A parameter matches one non-empty segment shorter than
 * JT_HTTP_PARAM_MAX_BYTES. `params` is filled on a match only as far as it goes; look at it after
 * true.
 */
bool jt_http_route_match(const char *pattern, const char *path, struct jt_http_params *params);

/**
 * The route for a method and a path. Returns NULL when there is none; `allowed` then holds the
 * methods of those that have the path (0: the path is unknown, answer 404).
 */
const struct jt_http_route *jt_http_route_find(const struct jt_http_route *routes, size_t count,
                                               const char *path, enum jt_http_method method,
                                               struct jt_http_params *params, unsigned *allowed);

/** The longest body the route takes. */
size_t jt_http_route_body_max(const struct jt_http_route *route);

/** Value of a parameter, or NULL. */
const char *jt_http_params_get(const struct jt_http_params *params, const char *name);

enum { JT_HTTP_ALLOW_MAX_BYTES = 64 };

/** "GET, HEAD, POST": the value of an Allow header for method bits. */
void jt_http_allow_text(unsigned methods, char out[JT_HTTP_ALLOW_MAX_BYTES]);

#endif
