/**
 * WebSockets (RFC 6455), the server's side, on a jt_loop: text messages in, shared frames out.
 * A group holds the sockets of one loop; what is said once to all of them is laid out once
 * (`jt_ws_frame`) and each socket's queue holds a reference to it.
 *
 * Policy (threats W1 to W7): no extensions, no subprotocols, text only (binary: 1003). A message in
 * is bounded by bytes, by fragments and by time; lengths are judged from the header alone. A peer
 * that does not read is cut when its queue is full or does not move. A peer that does not answer
 * pings is cut.
 *
 * Loop thread only, but for the functions on frames. No callback comes from within a function of
 * this header other than jt_ws_group_free: a room may send to all its sockets in a plain loop.
 */
#ifndef JT_HTTP_WEBSOCKET_H
#define JT_HTTP_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_http_place;
struct jt_loop;
struct jt_ws;
struct jt_ws_frame;
struct jt_ws_group;

/** What a close frame carries: RFC 6455 §7.4.1, and ours in the private range (§7.4.2). */
enum jt_ws_code {
    JT_WS_CODE_NORMAL = 1000,
    JT_WS_CODE_GOING_AWAY = 1001, /* the server stops */
    JT_WS_CODE_PROTOCOL = 1002,
    JT_WS_CODE_BINARY = 1003,
    JT_WS_CODE_NONE = 1005,     /* told to on_closed only: a close frame without code */
    JT_WS_CODE_ABNORMAL = 1006, /* told to on_closed only: no close frame came */
    JT_WS_CODE_BAD_TEXT = 1007, /* not UTF-8 */
    JT_WS_CODE_POLICY = 1008,   /* too many pings */
    JT_WS_CODE_TOO_LONG = 1009, /* in bytes, in fragments or in time */
    JT_WS_CODE_TRY_LATER = 1013,
    JT_WS_CODE_STALE = 4002,  /* said nothing after the handshake */
    JT_WS_CODE_SLOW = 4008,   /* did not read what was sent */
    JT_WS_CODE_SILENT = 4012, /* did not answer a ping */
};

/** Why a socket is no more. */
enum jt_ws_why {
    JT_WS_WHY_PEER,     /* the peer sent a close frame */
    JT_WS_WHY_GONE,     /* the connection ended or broke without one */
    JT_WS_WHY_OWNER,    /* jt_ws_close */
    JT_WS_WHY_FAILED,   /* the peer broke the protocol or a limit on what it sends */
    JT_WS_WHY_SLOW,     /* the queue was full, or did not move */
    JT_WS_WHY_SILENT,   /* no pong */
    JT_WS_WHY_STALE,    /* no first message */
    JT_WS_WHY_SHUTDOWN, /* jt_ws_group_free */
};

enum {
    JT_WS_MESSAGE_MAX_BYTES = 16 * 1024, /* ours: the longest thing said here is a notice */
    JT_WS_FRAGMENTS_MAX = 64,            /* ours: browsers send one */
    JT_WS_MESSAGE_TIMEOUT_MS = 10000,    /* threat W3: from a message's first byte to its last */
    JT_WS_FIRST_MESSAGE_MS = 10000,      /* threat W7 */
    JT_WS_PING_MS = 25000,               /* below the 30 s after which carriers forget a flow */
    JT_WS_PONG_MS = 8000,
    JT_WS_CLOSE_MS = 2000, /* ours: for the close handshake */
    JT_WS_QUEUE_MAX_BYTES = 256 * 1024,
    JT_WS_QUEUE_MAX_FRAMES = 4096, /* ours: an entry costs memory too */
    JT_WS_PROGRESS_MS = 10000,     /* pitfall: a queue that does not move */
    JT_WS_CONTROLS_PER_S_MAX = 32, /* ours: browsers answer pings and send none */
    JT_WS_REASON_MAX_BYTES = 123,  /* RFC 6455 §5.5 less the code */
};

/** 0 or false is the default. */
struct jt_ws_config {
    size_t message_max_bytes;
    int fragments_max;
    int64_t message_timeout_ms, first_message_ms;
    int64_t ping_ms, pong_ms;
    bool has_text_heartbeat; /* beside each ping an empty text message: a page's script sees no ping
                                and would not notice a dead connection */
    int64_t close_ms;
    size_t queue_max_bytes;
    int64_t progress_ms;
};

struct jt_ws_events {
    /** A whole message, valid UTF-8 (NUL included), followed by a NUL byte; until the call returns. */
    void (*on_message)(void *arg, struct jt_ws *ws, const char *text, size_t size);
    /** What had to be queued has all been taken by the socket. May be NULL. */
    void (*on_drained)(void *arg, struct jt_ws *ws);
    /**
     * No message comes from it and none goes to it any more; `ws` is invalid after the call. Comes
     * once for each socket, after jt_ws_close too. `code`: the close frame's, the peer's or ours.
     * The close handshake goes on by itself.
     */
    void (*on_closed)(void *arg, struct jt_ws *ws, enum jt_ws_why why, unsigned code);
};

/** `config` may be NULL, `events` must outlive the group. */
JT_MUST_CHECK int jt_ws_group_new(struct jt_loop *loop, const struct jt_ws_config *config,
                                  const struct jt_ws_events *events, void *arg,
                                  struct jt_ws_group **out);
/**
 * Tell all peers that we go away (1001), as far as their sockets take it, and close. on_closed comes
 * for each. May be called in a callback; memory goes at the end of the turn. NULL is fine.
 */
void jt_ws_group_free(struct jt_ws_group *group);
/** Sockets that are open: adopted, on_closed not yet called. */
size_t jt_ws_group_count(const struct jt_ws_group *group);

/**
 * Make a socket of a connection whose handshake has been answered with 101 (http/server.h).
 * Takes `fd` and `place` (released when the descriptor is closed; NULL: none) on success. What the
 * peer has sent already is read in a later turn.
 */
JT_MUST_CHECK int jt_ws_adopt(struct jt_ws_group *group, int fd, struct jt_http_place *place,
                              void *socket_arg, struct jt_ws **out);
/** The owner's word for the socket. */
void jt_ws_set_arg(struct jt_ws *ws, void *socket_arg);
void *jt_ws_arg(const struct jt_ws *ws);

/** A text message laid out for sending, immutable; one reference. `text` must be UTF-8. Any thread.
 * NULL without memory. */
struct jt_ws_frame *jt_ws_frame_text(const char *text, size_t size);
struct jt_ws_frame *jt_ws_frame_ref(struct jt_ws_frame *frame);
/** Clears the pointer. NULL is fine. Any thread. */
void jt_ws_frame_unref(struct jt_ws_frame **frame);
/** Header included: what it adds to jt_ws_queued_bytes. */
size_t jt_ws_frame_bytes(const struct jt_ws_frame *frame);

/**
 * Send: at once what the socket takes, the rest (a reference to it) waits in the queue. Returns 0;
 * -ESHUTDOWN after jt_ws_close or once it is closing for another reason; -ENOBUFS when the queue is
 * full, -ENOMEM: the socket is being closed (JT_WS_WHY_SLOW), on_closed follows.
 * A caller may ignore the result.
 */
int jt_ws_send(struct jt_ws *ws, struct jt_ws_frame *frame);
/** The same without a system call: the frame goes with the next jt_ws_send or jt_ws_flush, many
 * frames in one writev. */
int jt_ws_queue(struct jt_ws *ws, struct jt_ws_frame *frame);
void jt_ws_flush(struct jt_ws *ws);

/** What waits for the socket. A room looks at it to leave out what a slow reader can do without
 * before the limit cuts it. */
size_t jt_ws_queued_bytes(const struct jt_ws *ws);

/**
 * Begin the close handshake (RFC 6455 §7.1.2) behind what is queued. `code` 1000 to 4999; `reason`
 * is UTF-8, NULL: none, cut at JT_WS_REASON_MAX_BYTES. on_closed follows in a later turn. Again:
 * nothing.
 */
void jt_ws_close(struct jt_ws *ws, unsigned code, const char *reason);

#endif
