/**
 * Is this the head of one well-formed request? The strict reading of RFC 9112 that
 * libwebsockets 4.1 does not do: it takes bare LF, blanks before a colon, an encoded CR LF in the
 * target (which starts a header field of the attacker's) and more. No byte of a request reaches it
 * before its whole head has passed here (threats H2, H3). Pure; any thread.
 */
#ifndef JT_HTTP_HEAD_H
#define JT_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/base.h"

struct jt_http_fault;

enum {
    JT_HTTP_REQUEST_LINE_MAX_BYTES = 8 * 1024, /* threat H2 */
    JT_HTTP_FIELDS_MAX = 100,                  /* the same */
    JT_HTTP_FIELDS_MAX_BYTES = 16 * 1024,      /* the same: all field lines together */
    JT_HTTP_HEAD_MAX_BYTES = JT_HTTP_REQUEST_LINE_MAX_BYTES + JT_HTTP_FIELDS_MAX_BYTES + 4,
};

struct jt_http_head {
    size_t size_bytes; /* of the head, its empty line included */
    size_t content_length;
    bool is_websocket; /* asks to become one */
    const struct jt_http_fault *fault;
};

/**
 * Check the bytes at the start of a request. Returns 0 (head is whole and good), -EAGAIN (good so
 * far, more is needed) or -EBADMSG (`head->fault` says what to answer, then close). Stricter than
 * the RFC: an empty line before the request, an absolute or "*" target, an encoded slash or control
 * character in the target, any transfer coding, and the names of http/lws_field.h are refused; so is
 * a body longer than the longest any route of this server takes.
 */
JT_MUST_CHECK int jt_http_head_check(const void *bytes, size_t size, size_t body_max_bytes,
                                     struct jt_http_head *head);

#endif
