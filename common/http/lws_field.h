/** Which field names libwebsockets 4.1 loses its way in. Pure; any thread. */
#ifndef JT_HTTP_LWS_FIELD_H
#define JT_HTTP_LWS_FIELD_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Its parser takes a name that is only the beginning of one it knows ("If", "X-Real") for
 * unfinished: it goes on into the value and swallows the next field, a Content-Length for instance.
 * A name that begins with "put", "patch" or "delete" is a request line to it.
 */
bool jt_http_lws_misreads(const char *name, size_t size);

#endif
