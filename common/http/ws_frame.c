#include "http/ws_frame.h"

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "base/writer.h"
#include "http/websocket.h"

enum { FIN = 0x80, LENGTH_16 = 126, LENGTH_64 = 127, SERVER_HEADER_MAX_BYTES = 10 };

struct jt_ws_frame *jt_ws_frame_new(enum jt_ws_opcode opcode, const void *payload, size_t size)
{
    struct jt_ws_frame *frame = malloc(sizeof(*frame) + SERVER_HEADER_MAX_BYTES + size);
    struct jt_writer w;

    if (!frame)
        return NULL;
    atomic_init(&frame->refs, 1);
    w = jt_writer_of(frame->bytes, SERVER_HEADER_MAX_BYTES + size);
    jt_write_u8(&w, (uint8_t)(FIN | opcode));
    if (size < LENGTH_16) {
        jt_write_u8(&w, (uint8_t)size);
    } else if (size <= UINT16_MAX) {
        jt_write_u8(&w, LENGTH_16);
        jt_write_be16(&w, (uint16_t)size);
    } else {
        jt_write_u8(&w, LENGTH_64);
        jt_write_be64(&w, size);
    }
    jt_write_bytes(&w, payload, size);
    frame->size = w.size;
    return frame;
}

/** Bytes of the whole characters that fit into `max`. */
static size_t fitting(const char *text, size_t max)
{
    size_t size = strlen(text), fits = 0;
    uint32_t character;

    while (fits < size) {
        size_t next = jt_utf8_next(text + fits, size - fits, &character);

        if (next == 0 || fits + next > max)
            break;
        fits += next;
    }
    return fits;
}

struct jt_ws_frame *jt_ws_frame_close(unsigned code, const char *reason)
{
    uint8_t payload[JT_WS_CONTROL_MAX_BYTES];
    struct jt_writer w = jt_writer_of(payload, sizeof(payload));

    if (code != JT_WS_CODE_NONE) {
        jt_write_be16(&w, (uint16_t)code);
        if (reason)
            jt_write_bytes(&w, reason, fitting(reason, JT_WS_REASON_MAX_BYTES));
    }
    return jt_ws_frame_new(JT_WS_CLOSE, payload, w.size);
}

struct jt_ws_frame *jt_ws_frame_text(const char *text, size_t size)
{
    return jt_ws_frame_new(JT_WS_TEXT, text, size);
}

struct jt_ws_frame *jt_ws_frame_ref(struct jt_ws_frame *frame)
{
    (void)atomic_fetch_add_explicit(&frame->refs, 1, memory_order_relaxed);
    return frame;
}

void jt_ws_frame_unref(struct jt_ws_frame **frame)
{
    struct jt_ws_frame *old = *frame;

    *frame = NULL;
    if (old && atomic_fetch_sub_explicit(&old->refs, 1, memory_order_acq_rel) == 1)
        free(old);
}

size_t jt_ws_frame_bytes(const struct jt_ws_frame *frame)
{
    return frame->size;
}
