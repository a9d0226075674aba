/**
 * The session cookie (RFC 6265; `__Host-` and SameSite: draft-ietf-httpbis-rfc6265bis; threat A7).
 *
 *   https:            __Host-jangteo=ID; Path=/; Secure; HttpOnly; SameSite=Lax
 *   http on loopback: jangteo_dev=ID; Path=/; HttpOnly; SameSite=Lax
 *
 * The second is for development only: browsers don't take `__Host-` or Secure over plain http everywhere (Safari refuses
 * even on localhost), and a name without the prefix can never be mistaken for the real one: a service with TLS in front
 * doesn't look at it.
 */
#ifndef CHAT_ACCESS_COOKIE_H
#define CHAT_ACCESS_COOKIE_H

#include <stddef.h>

#include "base/base.h"
#include "chat/access/secret.h"

enum access_transport { ACCESS_HTTPS, ACCESS_HTTP_LOOPBACK };

enum {
    ACCESS_COOKIE_HEADER_MAX_BYTES = 16 * 1024, /* threats: all header fields of a request */
    ACCESS_COOKIE_MAX_BYTES = 160,
};

/**
 * Find our session id in a Cookie header's value (not NUL-terminated). Returns 0; -ENOENT: not there; -EBADMSG: control
 * characters, not a valid id, or twice: a neighbour's cookie may shadow ours, so we take none. Any thread.
 */
JT_MUST_CHECK int access_cookie_read(enum access_transport transport, const char *header,
                                     size_t size, char out[ACCESS_SECRET_CHARACTERS + 1]);

/** The Set-Cookie value for a valid id; `max_age_s` 0: until the browser closes. Returns its length, or -EINVAL. */
JT_MUST_CHECK int access_cookie_write(enum access_transport transport, const char *id,
                                      long max_age_s, char out[ACCESS_COOKIE_MAX_BYTES]);

/** The Set-Cookie value that makes the browser forget it. Returns its length. */
int access_cookie_clear(enum access_transport transport, char out[ACCESS_COOKIE_MAX_BYTES]);

#endif
