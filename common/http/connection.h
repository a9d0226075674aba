/**
 * The connections of one server: how many there are, from whom, and how long each may take over
 * what it is doing (threats H1, H6). Server's thread only.
 */
#ifndef JT_HTTP_CONNECTION_H
#define JT_HTTP_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "http/request.h"

struct jt_http_server;
struct lws;

enum {
    JT_HTTP_HEADER_TIMEOUT_MS = 10000, /* threat H1 */
    JT_HTTP_BODY_TIMEOUT_MS = 10000,   /* the same: without progress */
    JT_HTTP_BODY_PATIENCE = 3,         /* ours: the whole body in so many times that, … */
    JT_HTTP_BYTES_PER_S_MIN = 16384,  /* … and for an answer, one more second for so many bytes */
    JT_HTTP_IDLE_TIMEOUT_MS = 65000,  /* ours: above what nginx keeps an upstream connection */
    JT_HTTP_LINGER_TIMEOUT_MS = 2000, /* ours */
    JT_HTTP_CONNECTIONS_MAX = 4096,   /* ours */
    JT_HTTP_PEER_CONNECTIONS_MAX = 64, /* threat H1 */
};

/** Where a connection came in. */
struct jt_http_listener {
    struct jt_http_server *server;
    bool is_unix;
    char host[64]; /* of the TCP address, as a Host header names it */
};

enum jt_http_phase {
    JT_HTTP_HEADERS, /* of the first request awaited, of a later one begun */
    JT_HTTP_BODY,
    JT_HTTP_HANDLING,  /* the handler has the request; no deadline of ours */
    JT_HTTP_SENDING,   /* the socket did not take the whole answer at once */
    JT_HTTP_IDLE,      /* between two requests */
    JT_HTTP_LINGERING, /* our side is shut; what still comes is thrown away, lest a reset destroy
                          the answer */
    JT_HTTP_PHASE_COUNT,
};

struct jt_http_connection {
    struct jt_http_connection *prev, *next;
    struct lws *wsi;
    const struct jt_http_listener *listener;
    struct jt_http_request *request; /* the one at hand, or NULL */
    enum jt_http_phase phase;
    int64_t deadline_us; /* for the whole body or answer */
    bool is_trusted;
    bool is_settled;                   /* libwebsockets polls it for nothing: see gate.c */
    bool is_admitted;                  /* the head of the next request has passed the gate */
    bool is_last;                      /* more than one request came: only the first is served */
    bool is_due;                       /* the request was answered within its handler */
    char peer[JT_HTTP_PEER_MAX_BYTES]; /* numeric; IPv4-mapped IPv6 as IPv4; "unix" */
};

struct jt_http_connections {
    struct jt_http_connection *first;
    int count, max, peer_max; /* peer_max negative: no cap */
    int64_t header_timeout_ms, body_timeout_ms;
    const struct jt_http_connection *watched; /* NULL once it has been closed: see gate.c */
};

/** The peer of a connected socket as text, or "unix". */
void jt_http_peer_text(int fd, char out[JT_HTTP_PEER_MAX_BYTES]);

/** May this socket, just accepted, stay? If not, `reason` names the limit. */
bool jt_http_connections_admit(const struct jt_http_connections *connections, int fd,
                               const char **reason);

/** Returns 0 or -ENOMEM; found again as the wsi's opaque user data. */
JT_MUST_CHECK int jt_http_connection_open(struct jt_http_connections *connections, struct lws *wsi,
                                          const struct jt_http_listener *listener,
                                          struct jt_http_connection **out);
/** The wsi is going: let go of the request too. */
void jt_http_connection_close(struct jt_http_connections *connections,
                              struct jt_http_connection *connection);

/** Move on and set the deadline of the new phase. The move must be a legal one. */
void jt_http_connection_enter(const struct jt_http_connections *connections,
                              struct jt_http_connection *connection, enum jt_http_phase phase);

/** Some bytes of a body or an answer moved: the time without progress starts anew, within the
 * whole's. */
void jt_http_connection_progress(const struct jt_http_connections *connections,
                                 struct jt_http_connection *connection);

#endif
