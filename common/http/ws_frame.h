/** Frames laid out for sending, shared by all sockets they go to. For the files of WebSockets. */
#ifndef JT_HTTP_WS_FRAME_H
#define JT_HTTP_WS_FRAME_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "http/ws_parse.h"

struct jt_ws_frame {
    atomic_int refs;
    size_t size;
    uint8_t bytes[]; /* header and payload, as they go out */
};

/** A whole, unmasked frame (RFC 6455 §5.2); NULL without memory. */
struct jt_ws_frame *jt_ws_frame_new(enum jt_ws_opcode opcode, const void *payload, size_t size);

/** §5.5.1: `code` and a reason of whole characters, cut to fit. JT_WS_CODE_NONE: an empty frame. */
struct jt_ws_frame *jt_ws_frame_close(unsigned code, const char *reason);

#endif
