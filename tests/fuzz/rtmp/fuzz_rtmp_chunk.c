/* Chunks from a stranger: the same messages come out whole and in pieces. The first byte is the size of a piece. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/reader.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
    uint64_t value;
    int result;
};

static void add(struct sum *sum, uint64_t v)
{
    sum->value = (sum->value ^ v) * 1099511628211U;
}

static void read_piece(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in, struct sum *sum)
{
    struct jt_rtmp_message m;

    while ((sum->result = jt_rtmp_chunk_read(reader, in, &m)) > 0) {
        add(sum, m.type);
        add(sum, m.time_ms);
        add(sum, m.stream_id);
        for (size_t i = 0; i < m.size; i++)
            add(sum, m.body[i]);
        add(sum, m.size);
    }
    if (sum->result == 0 && in->left)
        abort();
}

static struct sum read_all(const uint8_t *data, size_t size, size_t piece)
{
    const struct jt_rtmp_chunk_limits limits = {
        .video_max_bytes = 1 << 20, .other_max_bytes = 65536, .partial_max_bytes = 2 << 20};
    struct jt_reader in = jt_reader_of(data, size);
    struct jt_rtmp_chunk_reader *reader;
    struct sum sum = {0};

    if (jt_rtmp_chunk_reader_new(&limits, &reader))
        abort();
    while (in.left && sum.result >= 0) {
        struct jt_reader part = jt_reader_sub(&in, in.left < piece ? in.left : piece);

        read_piece(reader, &part, &sum);
        if (jt_rtmp_chunk_reader_held_bytes(reader) > limits.partial_max_bytes)
            abort();
    }
    jt_rtmp_chunk_reader_free(reader);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole, pieces;

    if (size < 2)
        return 0;
    whole = read_all(data + 1, size - 1, size);
    pieces = read_all(data + 1, size - 1, 1 + data[0] % 64U);
    if (whole.value != pieces.value || whole.result != pieces.result)
        abort();
    return 0;
}
