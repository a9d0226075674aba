#include "http/ws_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/utf8.h"
#include "http/websocket.h"

enum {
    FIN = 0x80,
    RESERVED = 0x70,
    OPCODE = 0x0f,
    CONTROL = 0x08,
    MASKED = 0x80,
    LENGTH = 0x7f,
    LENGTH_16 = 126,
    LENGTH_64 = 127,
    CODE_INTERNAL = 1011,
};

void jt_ws_parser_init(struct jt_ws_parser *parser, size_t message_max_bytes,
                       unsigned fragments_max)
{
    *parser = (struct jt_ws_parser){.message_max_bytes = message_max_bytes,
                                    .fragments_max = fragments_max};
}

static void forget_message(struct jt_ws_parser *parser)
{
    free(parser->bytes);
    parser->bytes = NULL;
    parser->capacity = parser->message_size = parser->control_size = parser->checked = 0;
}

void jt_ws_parser_deinit(struct jt_ws_parser *parser)
{
    forget_message(parser);
    parser->is_done = true;
}

bool jt_ws_parser_is_waiting(const struct jt_ws_parser *parser)
{
    return parser->header_size > 0 || parser->is_amid;
}

static unsigned opcode_of(const struct jt_ws_parser *parser)
{
    return parser->header[0] & OPCODE;
}

static bool is_control(const struct jt_ws_parser *parser)
{
    return (parser->header[0] & CONTROL) != 0;
}

/* ---- the header: each of these gives 0 or the code to fail with ---- */

static unsigned judge_data_opcode(struct jt_ws_parser *parser)
{
    bool continues = opcode_of(parser) == JT_WS_CONTINUATION;

    if (continues != parser->is_amid) /* §5.4 */
        return JT_WS_CODE_PROTOCOL;
    if (opcode_of(parser) == JT_WS_BINARY)
        return JT_WS_CODE_BINARY;
    if (!continues)
        parser->fragments = 0;
    return ++parser->fragments > parser->fragments_max ? JT_WS_CODE_TOO_LONG : 0;
}

static unsigned judge_first(struct jt_ws_parser *parser)
{
    uint8_t first = parser->header[0];

    if (first & RESERVED) /* §5.2: no extension was negotiated */
        return JT_WS_CODE_PROTOCOL;
    switch (opcode_of(parser)) {
    case JT_WS_CONTINUATION:
    case JT_WS_TEXT:
    case JT_WS_BINARY:
        return judge_data_opcode(parser);
    case JT_WS_CLOSE:
    case JT_WS_PING:
    case JT_WS_PONG:
        return first & FIN ? 0 : JT_WS_CODE_PROTOCOL; /* §5.5 */
    default:
        return JT_WS_CODE_PROTOCOL;
    }
}

static size_t length_size(const struct jt_ws_parser *parser)
{
    switch (parser->header[1] & LENGTH) {
    case LENGTH_16:
        return 2;
    case LENGTH_64:
        return 8;
    default:
        return 0;
    }
}

static unsigned judge_length(struct jt_ws_parser *parser)
{
    struct jt_reader r = jt_reader_of(parser->header + 2, length_size(parser));
    uint64_t length = parser->header[1] & LENGTH;
    uint64_t least = 0;

    if (length == LENGTH_16) {
        length = jt_read_be16(&r);
        least = LENGTH_16;
    } else if (length == LENGTH_64) {
        length = jt_read_be64(&r);
        least = UINT16_MAX + 1;
    }
    if (length < least || length > INT64_MAX) /* §5.2: the shortest form; the highest bit is 0 */
        return JT_WS_CODE_PROTOCOL;
    if (!is_control(parser) && length > parser->message_max_bytes - parser->message_size)
        return JT_WS_CODE_TOO_LONG;
    parser->left = (size_t)length;
    return 0;
}

static unsigned judge_second(const struct jt_ws_parser *parser)
{
    uint8_t second = parser->header[1];

    if (!(second & MASKED)) /* §5.1 */
        return JT_WS_CODE_PROTOCOL;
    if (is_control(parser) && (second & LENGTH) > JT_WS_CONTROL_MAX_BYTES) /* §5.5 */
        return JT_WS_CODE_PROTOCOL;
    return 0;
}

/** One more byte of the header is there: refuse as soon as anything is wrong. */
static unsigned judge(struct jt_ws_parser *parser)
{
    unsigned code = 0;

    if (parser->header_size == 1)
        return judge_first(parser);
    if (parser->header_size == 2)
        code = judge_second(parser);
    if (!code && parser->header_size == 2 + length_size(parser))
        code = judge_length(parser);
    return code;
}

static void begin_payload(struct jt_ws_parser *parser)
{
    memcpy(parser->mask, parser->header + 2 + length_size(parser), sizeof(parser->mask));
    parser->masked = 0;
    parser->control_size = 0;
    parser->is_payload = true;
    if (!is_control(parser))
        parser->is_amid = true;
}

/** Returns 0 when the header is whole, -EAGAIN, or -EBADMSG with `code` set. */
static int take_header(struct jt_ws_parser *parser, struct jt_reader *input, unsigned *code)
{
    while (!parser->is_payload) {
        if (input->left == 0)
            return -EAGAIN;
        parser->header[parser->header_size++] = jt_read_u8(input);
        *code = judge(parser);
        if (*code)
            return -EBADMSG;
        if (parser->header_size >= 2 &&
            parser->header_size == 2 + length_size(parser) + sizeof(parser->mask))
            begin_payload(parser);
    }
    return 0;
}

/* ---- the payload ---- */

/** Memory follows the bytes that came, not those that were announced; one more for a NUL. */
static int reserve(struct jt_ws_parser *parser, size_t size)
{
    size_t needed = parser->message_size + parser->control_size + size + 1;
    size_t capacity = JT_MAX(needed, parser->capacity * 2);
    uint8_t *bytes;

    if (needed <= parser->capacity)
        return 0;
    bytes = realloc(parser->bytes, capacity);
    if (!bytes)
        return -ENOMEM;
    parser->bytes = bytes;
    parser->capacity = capacity;
    return 0;
}

static int take_payload(struct jt_ws_parser *parser, struct jt_reader *input)
{
    size_t size = JT_MIN(parser->left, input->left);
    const uint8_t *data;
    uint8_t *to;
    int err = reserve(parser, size);

    if (err)
        return err;
    data = jt_reader_take(input, size);
    to = parser->bytes + parser->message_size + parser->control_size;
    for (size_t i = 0; i < size; i++) /* §5.3 */
        to[i] = data[i] ^ parser->mask[(parser->masked + i) % sizeof(parser->mask)];
    parser->masked += size;
    parser->left -= size;
    if (is_control(parser))
        parser->control_size += size;
    else
        parser->message_size += size;
    return 0;
}

/**
 * Can these bytes, fewer than a character has, become one? The bytes after the second may be any
 * continuation; the second's range, which some lead bytes narrow at one end, holds one of the two
 * ends.
 */
static bool is_begun_character(const char *text, size_t size)
{
    static const char ends[] = {'\x80', '\xbf'};
    uint32_t character;

    for (size_t i = 0; i < sizeof(ends) && size < JT_UTF8_MAX_BYTES; i++) {
        char whole[JT_UTF8_MAX_BYTES];

        memset(whole, ends[i], sizeof(whole));
        memcpy(whole, text, size);
        if (jt_utf8_next(whole, sizeof(whole), &character) > size)
            return true;
    }
    return false;
}

/** §8.1, as early as can be. */
static bool is_text_so_far(struct jt_ws_parser *parser)
{
    const char *text = (const char *)parser->bytes;
    uint32_t character;

    while (parser->checked < parser->message_size) {
        size_t left = parser->message_size - parser->checked;
        size_t size = jt_utf8_next(text + parser->checked, left, &character);

        if (size == 0)
            return is_begun_character(text + parser->checked, left);
        parser->checked += size;
    }
    return true;
}

/* ---- the end of a frame ---- */

/** §7.4: those that may stand in a close frame; 1012 to 1014 are in IANA's registry. */
static bool is_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static int end_close(struct jt_ws_parser *parser, struct jt_ws_item *item)
{
    struct jt_reader r = jt_reader_of(item->data, item->size);

    parser->is_done = true;
    item->code = JT_WS_CODE_NONE;
    if (item->size == 0)
        return 0;
    item->code = jt_read_be16(&r);
    if (r.failed || !is_code(item->code)) {
        item->code = JT_WS_CODE_PROTOCOL;
        return -EBADMSG;
    }
    item->data = (const char *)r.next;
    item->size = r.left;
    if (jt_utf8_is_valid(item->data, item->size)) /* §5.5.1 */
        return 0;
    item->code = JT_WS_CODE_BAD_TEXT;
    return -EBADMSG;
}

static int end_control(struct jt_ws_parser *parser, struct jt_ws_item *item)
{
    item->opcode = (enum jt_ws_opcode)opcode_of(parser);
    item->data = (const char *)parser->bytes + parser->message_size;
    item->size = parser->control_size;
    return item->opcode == JT_WS_CLOSE ? end_close(parser, item) : 0;
}

/** Returns -EAGAIN when more frames of the message are to come. */
static int end_data(struct jt_ws_parser *parser, struct jt_ws_item *item)
{
    if (!(parser->header[0] & FIN))
        return -EAGAIN;
    parser->is_amid = false;
    parser->is_taken = true;
    if (parser->checked < parser->message_size) { /* the last character is cut */
        item->code = JT_WS_CODE_BAD_TEXT;
        return -EBADMSG;
    }
    parser->bytes[parser->message_size] = '\0';
    item->opcode = JT_WS_TEXT;
    item->data = (const char *)parser->bytes;
    item->size = parser->message_size;
    return 0;
}

/** Take what is there of one frame. Returns -EAGAIN when it gives nothing, all of it there or not. */
static int take_frame(struct jt_ws_parser *parser, struct jt_reader *input, struct jt_ws_item *item)
{
    int err = take_header(parser, input, &item->code);

    if (err)
        return err;
    err = take_payload(parser, input);
    if (err) {
        item->code = CODE_INTERNAL;
        return err;
    }
    if (!is_control(parser) && !is_text_so_far(parser)) {
        item->code = JT_WS_CODE_BAD_TEXT;
        return -EBADMSG;
    }
    if (parser->left > 0)
        return -EAGAIN;
    parser->is_payload = false;
    parser->header_size = 0;
    return is_control(parser) ? end_control(parser, item) : end_data(parser, item);
}

int jt_ws_parser_next(struct jt_ws_parser *parser, struct jt_reader *input, struct jt_ws_item *item)
{
    int err;

    if (parser->is_taken || (!parser->is_amid && !parser->is_payload))
        forget_message(parser);
    parser->is_taken = false;
    do {
        if (parser->is_done)
            return -EAGAIN;
        *item = (struct jt_ws_item){0};
        err = take_frame(parser, input, item);
    } while (err == -EAGAIN && input->left > 0);
    if (err == -EBADMSG || err == -ENOMEM)
        parser->is_done = true;
    return err;
}
