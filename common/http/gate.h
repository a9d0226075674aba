/**
 * Between the socket and libwebsockets: a connection is not read from until the whole head of its
 * next request lies in the socket's buffer and has passed http/head.h; it is peeked at, never
 * taken. So a slow head costs no memory of ours, a bad one is answered by us, and one request in is
 * never two (threats H1 to H4). Server's thread only.
 *
 * The sockets are watched by an epoll descriptor (edge-triggered: bytes left lying tell nothing
 * new) which libwebsockets polls like any file.
 */
#ifndef JT_HTTP_GATE_H
#define JT_HTTP_GATE_H

#include <stdbool.h>

#include "base/base.h"

struct jt_http_connection;
struct jt_http_gate;
struct jt_http_policy;
struct lws_vhost;

/** The descriptor belongs to libwebsockets afterwards: events come to the vhost's protocol as
 * LWS_CALLBACK_RAW_RX_FILE. */
JT_MUST_CHECK int jt_http_gate_new(struct lws_vhost *vhost, struct jt_http_gate **out);
/** After the context is gone. NULL is fine. */
void jt_http_gate_free(struct jt_http_gate *gate);

/** Watch a new connection. */
JT_MUST_CHECK int jt_http_gate_add(struct jt_http_gate *gate,
                                   struct jt_http_connection *connection);

/** Look at what came, on all connections. */
void jt_http_gate_service(struct jt_http_gate *gate, struct jt_http_policy *policy);

/**
 * What a connection waits for now: its next request or end, or `output` too. What is there already
 * is seen in the next turn.
 */
void jt_http_gate_watch(struct jt_http_gate *gate, struct jt_http_connection *connection,
                        bool output);

/** Close the connection for libwebsockets, without a word to the peer: its socket lives on in
 * another descriptor. `connection` is gone afterwards. */
void jt_http_gate_release(struct jt_http_gate *gate, struct jt_http_connection *connection);

#endif
