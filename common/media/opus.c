#include "media/opus.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"
#include "media/packet.h"
#include "media/track.h"

enum {
    FRAMES_MAX = 48, /* [R5]: 120 ms of 2.5 ms */
};

/* RFC 6716 table 2: samples at 48 kHz of one frame. */
static unsigned frame_samples(uint8_t toc)
{
    static const uint16_t silk[4] = {480, 960, 1920, 2880};
    static const uint16_t hybrid[2] = {480, 960};
    static const uint16_t celt[4] = {120, 240, 480, 960};
    unsigned config = toc >> 3;

    if (config < 12)
        return silk[config & 3];
    return config < 16 ? hybrid[config & 1] : celt[config & 3];
}

/* §3.2.1: one or two bytes. */
static size_t read_length(struct jt_reader *r)
{
    size_t length = jt_read_u8(r);

    return length < 252 ? length : length + 4 * (size_t)jt_read_u8(r);
}

static bool check_frame(struct jt_reader *r, size_t size)
{
    if (size > JT_OPUS_FRAME_MAX_BYTES)
        return false;
    return jt_reader_take(r, size) != NULL || (size == 0 && !r->failed);
}

/* §3.2.5: how many bytes of padding end the packet; each 255 means 254 and one more count. */
static size_t read_padding(struct jt_reader *r)
{
    size_t padding = 0;
    uint8_t byte;

    do {
        byte = jt_read_u8(r);
        padding += byte == 255 ? 254 : byte;
    } while (byte == 255 && !r->failed);
    return padding;
}

static bool check_variable(struct jt_reader r, unsigned count)
{
    size_t lengths[FRAMES_MAX];

    for (unsigned i = 0; i + 1 < count; i++)
        lengths[i] = read_length(&r);
    for (unsigned i = 0; i + 1 < count; i++)
        if (!check_frame(&r, lengths[i]))
            return false;
    return check_frame(&r, r.left);
}

/* Code 3. Returns the number of frames, 0 when the packet is malformed. */
static unsigned check_many(struct jt_reader r, unsigned samples)
{
    uint8_t head = jt_read_u8(&r);
    unsigned count = head & 0x3f;
    size_t padding = head & 0x40 ? read_padding(&r) : 0;

    if (r.failed || padding > r.left || count == 0 || count * samples > JT_OPUS_PACKET_MAX_SAMPLES)
        return 0;
    r.left -= padding;
    if (head & 0x80)
        return check_variable(r, count) ? count : 0;
    return r.left % count == 0 && r.left / count <= JT_OPUS_FRAME_MAX_BYTES ? count : 0;
}

int jt_opus_parse(const uint8_t *data, size_t size, struct jt_opus_packet *out)
{
    struct jt_reader r = jt_reader_of(data, size);
    uint8_t toc = jt_read_u8(&r);
    unsigned samples = frame_samples(toc);
    unsigned count = 0;

    if (r.failed)
        return -EBADMSG;
    switch (toc & 3) {
    case 0:
        count = check_frame(&r, r.left) ? 1 : 0;
        break;
    case 1:
        count = r.left % 2 == 0 && r.left / 2 <= JT_OPUS_FRAME_MAX_BYTES ? 2 : 0;
        break;
    case 2:
        count = check_variable(r, 2) ? 2 : 0;
        break;
    default:
        count = check_many(r, samples);
        break;
    }
    if (count == 0)
        return -EBADMSG;
    out->samples = (uint16_t)(count * samples);
    out->frame_count = (uint8_t)count;
    out->channels = toc & 4 ? 2 : 1;
    return 0;
}

void jt_opus_track(unsigned channels, struct jt_track_info *out)
{
    *out = (struct jt_track_info){
        .codec = JT_CODEC_OPUS,
        .clock_hz = JT_OPUS_CLOCK_HZ,
        .sample_rate = JT_OPUS_CLOCK_HZ,
        .channels = (uint16_t)channels,
        .layer = "main",
    };
}

int jt_opus_pack(const uint8_t *data, size_t size, const struct jt_packet_sink *sink)
{
    struct jt_opus_packet packet;
    struct jt_writer w;
    uint8_t *room;
    int err = jt_opus_parse(data, size, &packet);

    if (err)
        return err;
    if (size > JT_PAYLOAD_MAX_BYTES)
        return -EMSGSIZE;
    room = sink->reserve(sink->arg);
    if (!room)
        return -ENOBUFS;
    w = jt_writer_of(room, JT_PAYLOAD_MAX_BYTES);
    jt_write_bytes(&w, data, size);
    err = sink->commit(sink->arg, (uint16_t)size, 0);
    return err ? err : 1;
}

int jt_opus_unpack(const struct jt_payload *payloads, size_t count, struct jt_writer *out)
{
    struct jt_opus_packet packet;
    struct jt_writer before = *out;
    struct jt_reader r;

    if (count != 1)
        return -EBADMSG;
    r = jt_payload_reader(&payloads[0]);
    if (r.failed || jt_opus_parse(r.next, r.left, &packet))
        return -EBADMSG;
    jt_write_bytes(out, r.next, r.left);
    if (out->failed) {
        *out = before;
        return -EMSGSIZE;
    }
    return 0;
}
