/*
 * RTP payloads of one frame from strangers: records of a flag byte, a 2-byte length and a payload.
 * What unpacks must pack again and come back the same.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/writer.h"
#include "media/aac_pack.h"
#include "media/h264_pack.h"
#include "media/opus.h"
#include "media/packet.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAYLOADS_MAX = 64 };

static struct jt_payload list[PAYLOADS_MAX];
static uint8_t held[PAYLOADS_MAX][JT_PAYLOAD_MAX_BYTES];
static struct jt_payload packed[JT_FRAME_PACKETS_MAX];
static uint8_t packed_bytes[JT_FRAME_PACKETS_MAX][JT_PAYLOAD_MAX_BYTES];
static size_t packed_count;

static uint8_t *reserve(void *arg)
{
    (void)arg;
    assert(packed_count < JT_FRAME_PACKETS_MAX);
    return packed_bytes[packed_count];
}

static int commit(void *arg, uint16_t size, unsigned flags)
{
    (void)arg;
    packed[packed_count].data = packed_bytes[packed_count];
    packed[packed_count].size = size;
    packed[packed_count].flags = (uint16_t)flags;
    packed_count++;
    return 0;
}

static size_t read_payloads(const uint8_t *data, size_t size)
{
    struct jt_reader r = jt_reader_of(data, size);
    size_t count = 0;

    while (r.left > 0 && count < PAYLOADS_MAX) {
        uint8_t flags = jt_read_u8(&r);
        size_t length = jt_read_be16(&r);

        length = JT_MIN(JT_MIN(length, r.left), JT_PAYLOAD_MAX_BYTES);
        if (r.failed)
            break;
        if (length)
            memcpy(held[count], jt_reader_take(&r, length), length);
        list[count].data = held[count];
        list[count].size = (uint16_t)length;
        list[count].flags = flags & (JT_PACKET_MARKER | JT_PACKET_PADDING);
        count++;
    }
    return count;
}

static void repack(const uint8_t *au, size_t size)
{
    const struct jt_packet_sink sink = {.reserve = reserve, .commit = commit};
    uint8_t *back = malloc(size);
    struct jt_writer w = jt_writer_of(back, size);
    int count;

    packed_count = 0;
    count = jt_h264_pack(au, size, NULL, &sink);
    assert(count > 0 && (size_t)count == packed_count);
    assert(jt_h264_unpack(packed, packed_count, &w) == 0);
    assert(w.size == size && memcmp(back, au, size) == 0);
    free(back);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t count = read_payloads(data, size);
    size_t room = 0;
    struct jt_writer w;
    uint8_t *out;
    int err;

    for (size_t i = 0; i < count; i++)
        room += 5 * (size_t)list[i].size; /* what the header promises to be enough */
    out = malloc(room + 1);
    w = jt_writer_of(out, room);
    err = jt_h264_unpack(list, count, &w);
    assert(err == 0 || (err == -EBADMSG && w.size == 0));
    if (err == 0)
        repack(out, w.size);
    w = jt_writer_of(out, room);
    err = jt_aac_unpack(list, count, &w);
    assert(err == 0 || (err == -EBADMSG && w.size == 0));
    w = jt_writer_of(out, room);
    err = jt_opus_unpack(list, count, &w);
    assert(err == 0 || (err == -EBADMSG && w.size == 0));
    free(out);
    return 0;
}
