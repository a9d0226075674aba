/**
 * HTTP/1.1 for services on libwebsockets: one server runs its lws context on its own thread;
 * handlers run on that thread and answer at once or later, from any thread. Listens on a TCP
 * address and/or a unix socket, with the same routes.
 *
 * Policy (threats H1–H6, H15): request line ≤ 8 KiB, headers ≤ 16 KiB, body ≤ 64 KiB unless a route
 * takes more, headers in 10 s, body without progress 10 s; chunked request bodies are refused (411)
 * because libwebsockets does not parse them; unknown path 404, known path with another method 405 +
 * Allow; errors are problem+json (RFC 9457) with a stable code, never an echo of the input; every
 * answer carries nosniff. A Host that is not ours is answered 421; an Origin that is neither the
 * Host itself nor configured is answered 403 (threat H5), an allowed one gets
 * Access-Control-Allow-Origin and Vary. X-Forwarded-For and -Proto are believed only on the unix
 * socket.
 */
#ifndef JT_HTTP_SERVER_H
#define JT_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_http_server;
struct jt_http_request;

enum {
    JT_HTTP_BODY_MAX_BYTES = 64 * 1024,
    JT_HTTP_LARGE_BODIES_MAX = 8, /* ours: bodies above that, held at a time by one server */
    JT_HTTP_PARAMS_MAX = 4,
    JT_HTTP_PARAM_MAX_BYTES = 160,
    JT_HTTP_HEADER_VALUE_MAX_BYTES = 8192,
    JT_HTTP_RESPONSE_HEADERS_MAX = 16,
};

enum jt_http_method {
    JT_HTTP_GET = 1 << 0, /* HEAD is answered like GET without the body */
    JT_HTTP_POST = 1 << 1,
    JT_HTTP_PUT = 1 << 2,
    JT_HTTP_PATCH = 1 << 3,
    JT_HTTP_DELETE = 1 << 4,
    JT_HTTP_OPTIONS = 1 << 5,
};

/**
 * The request is complete (body included). The handler must see to it that jt_http_respond is
 * called exactly once, now or later. Runs on the server's thread: do not block.
 */
typedef void (*jt_http_handler)(void *arg, struct jt_http_request *request);

struct jt_http_route {
    unsigned methods;    /* bits of enum jt_http_method */
    const char *pattern; /* "/whep/:show/:id": a segment starting with ':' matches [^/]+ and is a
                            parameter */
    jt_http_handler handler;
    void *arg;
    /* 0: JT_HTTP_BODY_MAX_BYTES. More: JT_HTTP_LARGE_BODIES_MAX at a time, from the first byte to
     * the answer; the next one is answered 503. */
    size_t body_max_bytes;
};

/** What an open connection holds of the limits on upgraded connections. */
struct jt_http_place;

/** A connection that has become a WebSocket: the 101 has been sent. Borrowed until the handler
 * returns, but for `fd` and `place`. */
struct jt_http_upgrade {
    int fd;                      /* non-blocking, close-on-exec */
    struct jt_http_place *place; /* to jt_http_place_free when `fd` is closed */
    const char *peer;            /* as jt_http_request_peer */
    const char *path;            /* decoded */
    const char *query;           /* what stands after '?', not decoded; "" */
    bool is_secure;
};

/** Takes `fd` and `place` and returns 0; or returns a negative errno: the peer is told to try later
 * (1013). Runs on the server's thread: do not block. */
typedef int (*jt_http_upgrade_handler)(void *arg, const struct jt_http_upgrade *upgrade);

/** Where WebSockets are opened (RFC 6455 §4.2). A request there that asks for something else is
 * answered 426. */
struct jt_http_upgrade_route {
    const char *pattern; /* as jt_http_route's */
    jt_http_upgrade_handler handler;
    void *arg;
};

/** The connection is closed. Any thread, also after the server is gone. NULL is fine. */
void jt_http_place_free(struct jt_http_place *place);

struct jt_http_config {
    const char *name;        /* for thread and log: "http", "admin" */
    const char *listen;      /* "127.0.0.1:8082" or "" for none */
    const char *unix_socket; /* path or "" for none; made with mode 0660 */
    const struct jt_http_route *routes;
    size_t route_count;
    int64_t header_timeout_ms, body_timeout_ms; /* 0: the defaults, 10 s each */
    int connections_max;                        /* 0: the default, 4,096 */
    int peer_connections_max; /* per address, TCP only, until jt_http_request_trust; 0: the default,
                                 64; -1: no cap */
    /* Names served beside loopback names and the listen address: "shop.example,10.0.0.2:8080". The
     * unix socket takes any Host when this is empty: the front door has checked it. */
    const char *hosts;
    /* Foreign origins served: "https://shop.example,https://x"; "*": any. NULL or "": only the same
     * scheme, host and port as the Host header. */
    const char *origins;
    const struct jt_http_upgrade_route *upgrades; /* copied */
    size_t upgrade_count;
    int upgraded_max;             /* connections upgraded and not closed; 0: the default, 16,384 */
    int upgraded_peer_max;        /* per address (the front door's word on the unix socket); 0: the
                              default, 256; -1: no cap */
    bool upgrades_without_origin; /* a handshake without Origin is from no browser; refused (403)
                                     unless this is set (threat W6) */
};

/** Starts the thread and listens. -EADDRINUSE etc. The routes are copied. */
JT_MUST_CHECK int jt_http_server_new(const struct jt_http_config *config,
                                     struct jt_http_server **out);
/** Stops the thread. Requests not answered yet are cut; answering them later is harmless. NULL is
 * fine. */
void jt_http_server_free(struct jt_http_server *server);
/** `memory` (what handlers refer to) is free()d when the server is. Once per server. */
void jt_http_server_own(struct jt_http_server *server, void *memory);
/** The TCP port (useful when it was 0), or 0. */
uint16_t jt_http_server_port(const struct jt_http_server *server);

enum jt_http_method jt_http_request_method(const struct jt_http_request *request);
const char *jt_http_request_path(const struct jt_http_request *request);
/** Parameter by its name in the pattern, percent-decoded, without control characters; or NULL. */
const char *jt_http_request_param(const struct jt_http_request *request, const char *name);
/** Value of a header (name in lower case), NUL-terminated, or NULL. */
const char *jt_http_request_header(const struct jt_http_request *request, const char *name);
/** Value of a query argument, decoded, or NULL. */
const char *jt_http_request_query(const struct jt_http_request *request, const char *name);
const char *jt_http_request_body(const struct jt_http_request *request, size_t *size);
/** Who asks: the peer's address, or what the front door says when it came by the unix socket. Text
 * without port. */
const char *jt_http_request_peer(const struct jt_http_request *request);
/** This peer has shown who it is: its connection no longer counts against the cap per address.
 * Server's thread only. */
void jt_http_request_trust(struct jt_http_request *request);
/** Came by unix socket and the front door says https. */
bool jt_http_request_is_secure(const struct jt_http_request *request);

struct jt_http_header {
    const char *name, *value;
};

/**
 * Answer. Everything is copied. `content_type` NULL with an empty body. Thread-safe; exactly once;
 * the request is gone after it. If the peer went away meanwhile nothing happens.
 */
void jt_http_respond(struct jt_http_request *request, int status,
                     const struct jt_http_header *headers, size_t header_count,
                     const char *content_type, const void *body, size_t body_size);

/** Answer with application/problem+json: {"type":"about:blank","status":…,"code":…,"title":…}.
 * `retry_after_s` 0: no such header. */
void jt_http_problem(struct jt_http_request *request, int status, const char *code,
                     const char *title, int retry_after_s);

struct jt_http_fault {
    int status;
    const char *code, *title; /* ours, never the peer's words (threat H15) */
    int retry_after_s;        /* 0: none */
};
/** The same with header fields of the caller's. */
void jt_http_refuse(struct jt_http_request *request, const struct jt_http_fault *fault,
                    const struct jt_http_header *headers, size_t header_count);

#endif
