/**
 * What a WebSocket client sends (RFC 6455 §5), judged byte by byte: masked frames, no extensions,
 * shortest lengths, whole control frames, text that is UTF-8. The answer does not depend on how the
 * stream is cut. Pure; any thread.
 *
 * Memory: none between messages; within one, what has come of it (threats W2, W3).
 */
#ifndef JT_HTTP_WS_PARSE_H
#define JT_HTTP_WS_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_reader;

enum {
    JT_WS_HEADER_MAX_BYTES = 14,   /* RFC 6455 §5.2: 2, length 8, mask 4 */
    JT_WS_CONTROL_MAX_BYTES = 125, /* §5.5 */
};

enum jt_ws_opcode { /* §5.2 */
                    JT_WS_CONTINUATION = 0,
                    JT_WS_TEXT = 1,
                    JT_WS_BINARY = 2,
                    JT_WS_CLOSE = 8,
                    JT_WS_PING = 9,
                    JT_WS_PONG = 10,
};

struct jt_ws_parser {
    size_t message_max_bytes;
    unsigned fragments_max; /* frames of one message */

    uint8_t header[JT_WS_HEADER_MAX_BYTES];
    uint8_t header_size; /* bytes of it that came */
    uint8_t mask[4];
    bool is_payload; /* the header is whole: payload follows */
    bool is_amid;    /* a message has begun and its last frame has not ended */
    bool is_taken;   /* the item given last was the message: forget it */
    bool is_done;    /* failed, or closed by the peer */
    unsigned fragments;
    size_t left, masked; /* bytes of the payload that are still to come, that came */

    uint8_t *bytes; /* the message so far, then the control frame that came amid it */
    size_t capacity, message_size, control_size;
    size_t checked; /* bytes of the message that are UTF-8 */
};

/** One thing that came; `data` until the next call. */
struct jt_ws_item {
    enum jt_ws_opcode opcode; /* TEXT: a whole message; CLOSE, PING, PONG */
    const char *data;         /* the message, followed by a NUL byte; the reason; the payload */
    size_t size;
    unsigned code; /* of CLOSE (1005: none); of a failure: what to close with */
};

void jt_ws_parser_init(struct jt_ws_parser *parser, size_t message_max_bytes,
                       unsigned fragments_max);
void jt_ws_parser_deinit(struct jt_ws_parser *parser);

/**
 * Take the next thing off the input. Returns 0, -EAGAIN (all input is taken, more is needed) or
 * -EBADMSG: fail the connection with `item->code` (§7.1.7); -ENOMEM likewise, with 1011. After those
 * and after CLOSE nothing more is taken.
 */
JT_MUST_CHECK int jt_ws_parser_next(struct jt_ws_parser *parser, struct jt_reader *input,
                                    struct jt_ws_item *item);

/** Has a frame or a message begun that has not ended? */
bool jt_ws_parser_is_waiting(const struct jt_ws_parser *parser);

#endif
