/** One WebSocket and its group, for the files that make them up: websocket.c is the contract's
 * functions, ws_io.c what a socket's events do, ws_group.c the group and its clock. */
#ifndef JT_HTTP_WS_SOCKET_H
#define JT_HTTP_WS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "http/websocket.h"
#include "http/ws_backlog.h"
#include "http/ws_parse.h"

struct jt_timer;
struct jt_watch;

enum {
    JT_WS_READ_BYTES = 16 * 1024, /* per socket and turn: no socket keeps the loop to itself */
    JT_WS_WHEEL_SLOTS = 16,
};

enum jt_ws_state {
    JT_WS_OPEN,
    JT_WS_CLOSING,   /* our close frame is on its way, the peer's has not come */
    JT_WS_FINISHING, /* nothing more is said or heard: the last bytes go out, then we wait for the
                        peer's end of the stream, lest a reset destroy them (RFC 6455 §7.1.1) */
    JT_WS_DEAD,      /* the descriptor is closed */
    JT_WS_STATE_COUNT,
};

struct jt_ws {
    struct jt_ws *prev, *next; /* in a slot of the wheel */
    struct jt_ws *next_ended;
    struct jt_ws_group *group;
    struct jt_http_place *place;
    struct jt_watch *watch;
    void *arg;
    int fd;
    uint8_t state; /* enum jt_ws_state */
    uint8_t why;   /* enum jt_ws_why, once it is not open */
    uint16_t code;
    uint8_t slot;
    bool has_spoken; /* a message came */
    bool is_blocked; /* the socket took nothing more */
    bool is_shut;    /* our end of the stream is out */
    bool is_ended;   /* on the group's list of those to be told of or freed */
    bool is_told;    /* on_closed was called */
    uint16_t controls;

    /* Microseconds on the loop's clock. */
    int64_t opened_us, heard_us, pinged_us;
    int64_t begun_us;    /* the message that is coming in; 0: none */
    int64_t counted_us;  /* `controls` since then */
    int64_t moved_us;    /* the backlog: last bytes out, or its begin */
    int64_t deadline_us; /* closing, finishing */
    size_t discarded;    /* read and thrown away while finishing */

    struct jt_ws_backlog backlog;
    struct jt_ws_parser parser;
};

struct jt_ws_group {
    struct jt_loop *loop;
    const struct jt_ws_events *events;
    void *arg;
    struct jt_ws_config config;
    struct jt_timer *sweep, *ending;
    struct jt_ws *wheel[JT_WS_WHEEL_SLOTS];
    unsigned hand, next_slot;
    struct jt_ws *ended;
    size_t open_count;
    struct jt_ws_frame *ping, *heartbeat;
    int depth; /* callbacks of ours that are under way */
    bool is_freed;
    uint8_t input[JT_WS_READ_BYTES];
};

/** Callback of the watch. */
void jt_ws_on_io(void *arg, int events);
/** Look at one socket's deadlines. */
void jt_ws_check(struct jt_ws *ws, int64_t now_us);
/** Send what the backlog has, as far as the socket takes it. */
void jt_ws_push(struct jt_ws *ws);
/** Append to the backlog, whatever the limit on it. */
JT_MUST_CHECK int jt_ws_append(struct jt_ws *ws, struct jt_ws_frame *frame, size_t sent);
/** No more for its owner: close frame out, to `state`; on_closed follows. Of a socket that is open. */
void jt_ws_end(struct jt_ws *ws, enum jt_ws_why why, unsigned code, const char *reason,
               enum jt_ws_state state);
/** Close the descriptor now. Memory goes with the group's next turn. */
void jt_ws_cut(struct jt_ws *ws);
/** The connection is broken or has ended. */
void jt_ws_lose(struct jt_ws *ws);
void jt_ws_set_state(struct jt_ws *ws, enum jt_ws_state state);

/** Put on the list of those to be told of or freed in the next turn. */
void jt_ws_group_note(struct jt_ws *ws);
void jt_ws_group_link(struct jt_ws *ws);
void jt_ws_group_unlink(struct jt_ws *ws);
void jt_ws_group_enter(struct jt_ws_group *group);
/** Frees the group if that was asked for meanwhile. */
void jt_ws_group_leave(struct jt_ws_group *group);

#endif
