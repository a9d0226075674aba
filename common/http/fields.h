/** Header fields and query arguments of one request, copied out of libwebsockets. Server's thread
 * to fill, then read-only. */
#ifndef JT_HTTP_FIELDS_H
#define JT_HTTP_FIELDS_H

#include <stddef.h>

#include "base/base.h"
#include "http/server.h"

struct lws;

enum { JT_HTTP_QUERY_ARGS_MAX = 16 }; /* ours */

struct jt_http_fields {
    struct jt_http_header *items; /* names in lower case, both NUL-terminated; into `arena` */
    int count;
    char *arena;
    size_t size_bytes; /* of names and values */
};

/**
 * Copy the header fields of the request at hand. Fields of the same name are joined with ", ".
 * Returns 0, -E2BIG above the limits (answer 431), -EBADMSG for a control byte in a value (400),
 * -ENOMEM.
 */
JT_MUST_CHECK int jt_http_fields_read(struct jt_http_fields *fields, struct lws *wsi);

/** Copy the query's "name=value" arguments, decoded. The same errors; too long is answered 414. */
JT_MUST_CHECK int jt_http_query_read(struct jt_http_fields *fields, struct lws *wsi);

void jt_http_fields_free(struct jt_http_fields *fields);

/** The first value with that name, or NULL. */
const char *jt_http_fields_get(const struct jt_http_fields *fields, const char *name);

#endif
