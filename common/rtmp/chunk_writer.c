#include "rtmp/chunk_writer.h"

#include <assert.h>

#include "base/base.h"
#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/message.h"

enum {
    HEADER_FULL_BYTES = 12,
    EXTENDED_TIME_BYTES = 4,
    TIME_IS_EXTENDED = 0xffffff, /* §5.3.1.3 */
    MESSAGE_MAX_BYTES = 0xffffff,
    CHUNK_WITHOUT_HEADER = 0xc0, /* type 3 */
};

size_t jt_rtmp_chunks_size(const struct jt_rtmp_message *message, uint32_t chunk_size)
{
    size_t chunks = message->size ? (message->size - 1) / chunk_size + 1 : 1;
    size_t time = message->time_ms >= TIME_IS_EXTENDED ? EXTENDED_TIME_BYTES : 0;

    return HEADER_FULL_BYTES + message->size + (chunks - 1) + chunks * time;
}

void jt_rtmp_chunks_write(struct jt_writer *w, uint32_t id, const struct jt_rtmp_message *message,
                          uint32_t chunk_size)
{
    bool is_extended = message->time_ms >= TIME_IS_EXTENDED;
    struct jt_reader body = jt_reader_of(message->body, message->size);
    size_t n;

    assert(id >= 2 && id < 64 && chunk_size > 0);
    if (message->size > MESSAGE_MAX_BYTES)
        w->failed = true;
    jt_write_u8(w, (uint8_t)id);
    jt_write_be24(w, is_extended ? TIME_IS_EXTENDED : message->time_ms);
    jt_write_be24(w, (uint32_t)message->size);
    jt_write_u8(w, message->type);
    jt_write_le32(w, message->stream_id);
    for (;;) {
        if (is_extended)
            jt_write_be32(w, message->time_ms);
        n = JT_MIN(body.left, (size_t)chunk_size);
        jt_write_bytes(w, jt_reader_take(&body, n), n);
        if (!body.left)
            return;
        jt_write_u8(w, (uint8_t)(CHUNK_WITHOUT_HEADER | id));
    }
}
