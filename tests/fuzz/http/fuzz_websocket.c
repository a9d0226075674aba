/* Any bytes from a WebSocket client, whole and cut as the first byte says: the same answer, and no more memory than
 * twice what came. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/base.h"
#include "base/reader.h"
#include "base/utf8.h"
#include "http/ws_parse.h"

enum { MESSAGE_MAX = 300, FRAGMENTS_MAX = 6 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t mix(uint64_t hash, uint64_t value)
{
    return (hash ^ value) * 0x100000001b3U;
}

static uint64_t mix_item(uint64_t hash, const struct jt_ws_item *item)
{
    hash = mix(mix(mix(hash, item->opcode), item->size), item->code);
    for (size_t i = 0; i < item->size; i++)
        hash = mix(hash, (uint8_t)item->data[i]);
    if (item->opcode == JT_WS_TEXT && !jt_utf8_is_valid(item->data, item->size))
        abort();
    if (item->size > (item->opcode == JT_WS_TEXT ? (size_t)MESSAGE_MAX : JT_WS_CONTROL_MAX_BYTES))
        abort();
    return hash;
}

/** A hash of all that was said, reading `step` bytes at a time. */
static uint64_t read_all(const uint8_t *data, size_t size, size_t step)
{
    struct jt_ws_parser parser;
    struct jt_ws_item item;
    uint64_t hash = 0;

    jt_ws_parser_init(&parser, MESSAGE_MAX, FRAGMENTS_MAX);
    for (size_t at = 0; at < size; at += step) {
        struct jt_reader input = jt_reader_of(data + at, JT_MIN(step, size - at));
        int err;

        while ((err = jt_ws_parser_next(&parser, &input, &item)) == 0)
            hash = mix_item(hash, &item);
        if (err != -EAGAIN)
            hash = mix(hash, item.code);
        if (parser.capacity > 2 * (size + 1))
            abort();
    }
    jt_ws_parser_deinit(&parser);
    return hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    if (read_all(data + 1, size - 1, size) != read_all(data + 1, size - 1, 1U + data[0] % 16U))
        abort();
    return 0;
}
