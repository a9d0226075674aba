/**
 * From an HTTP connection to a WebSocket: the handshake is judged (threats W5, W6), answered, and
 * the descriptor taken out of libwebsockets' hands. Server's thread only.
 */
#ifndef JT_HTTP_UPGRADE_H
#define JT_HTTP_UPGRADE_H

#include <stddef.h>

#include "base/base.h"
#include "http/server.h"

struct jt_http_connection;
struct jt_http_policy;

enum { JT_HTTP_UPGRADE_FIELDS = 3 };
/** What goes with 426: which protocol to change to (RFC 9110 §15.5.22, RFC 6455 §4.4). */
extern const struct jt_http_header jt_http_upgrade_fields[JT_HTTP_UPGRADE_FIELDS];

/** Are WebSockets opened there? NULL: no. */
const struct jt_http_upgrade_route *jt_http_upgrade_find(const struct jt_http_policy *policy,
                                                         const char *path);

/** `head` has passed http/head.h and asks for a WebSocket; it lies in the socket's buffer still. The
 * connection may be closed by this. */
void jt_http_upgrade_begin(struct jt_http_policy *policy, struct jt_http_connection *connection,
                           const void *head, size_t size);

#endif
