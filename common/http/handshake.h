/**
 * The opening handshake of a WebSocket (RFC 6455 §4.2), read from a head that http/head.h has found
 * good. Pure; any thread.
 */
#ifndef JT_HTTP_HANDSHAKE_H
#define JT_HTTP_HANDSHAKE_H

#include <stddef.h>

#include "base/base.h"

struct jt_http_fault;

enum { JT_HTTP_ACCEPT_MAX_BYTES = 29 }; /* 20 bytes as base64, and the NUL */

/** Texts are NUL-terminated, in `memory`. */
struct jt_http_handshake {
    char *memory;
    const char *path;  /* decoded */
    const char *query; /* "" if there is none; not decoded */
    const char *host;
    const char *origin, *forwarded_for, *forwarded_proto; /* NULL: none */
    char accept[JT_HTTP_ACCEPT_MAX_BYTES];                /* §4.2.2, 5.4 */
};

/** A version other than 13 is answered with this fault and JT_HTTP_WEBSOCKET_VERSION (§4.4). */
extern const struct jt_http_fault jt_http_version_unsupported;
#define JT_HTTP_WEBSOCKET_VERSION "13"

/**
 * Returns 0 (free it with jt_http_handshake_free), -ENOMEM, or -EBADMSG with what to answer.
 * Extensions and subprotocols are not looked at: none is negotiated (threats W4, W5).
 */
JT_MUST_CHECK int jt_http_handshake_read(const void *head, size_t size,
                                         struct jt_http_handshake *out,
                                         const struct jt_http_fault **fault);
void jt_http_handshake_free(struct jt_http_handshake *handshake);

#endif
