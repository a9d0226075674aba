#include "media/aac_pack.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"
#include "media/aac.h"
#include "media/packet.h"

/*
 * RFC 3640 §3.2.1 and §3.3.6: 16 bits of AU-headers-length, then one AU header of 13 bits size and
 * 3 bits index.
 */
enum {
    AU_HEADERS_BITS = 16,
    HEAD_BYTES = 4,
    ROOM_BYTES = JT_PAYLOAD_MAX_BYTES - HEAD_BYTES,
    INDEX_BITS = 3,
    INDEX_MASK = (1 << INDEX_BITS) - 1,
};

static int send_fragment(const struct jt_packet_sink *sink, size_t au_size, const uint8_t *data,
                         size_t size, unsigned flags)
{
    uint8_t *room = sink->reserve(sink->arg);
    struct jt_writer w;

    if (!room)
        return -ENOBUFS;
    w = jt_writer_of(room, JT_PAYLOAD_MAX_BYTES);
    jt_write_be16(&w, AU_HEADERS_BITS);
    jt_write_be16(
        &w, (uint16_t)(au_size << INDEX_BITS)); /* of the whole AU, in each fragment (§3.2.1.1) */
    jt_write_bytes(&w, data, size);
    return sink->commit(sink->arg, (uint16_t)w.size, flags);
}

int jt_aac_pack(const uint8_t *au, size_t size, const struct jt_packet_sink *sink)
{
    struct jt_reader r = jt_reader_of(au, size);
    int count = (int)((size + ROOM_BYTES - 1) / ROOM_BYTES);

    if (size == 0 || size > JT_AAC_FRAME_MAX_BYTES)
        return -EBADMSG;
    for (int left = count; left > 0; left--) {
        size_t take = (r.left + (size_t)left - 1) / (size_t)left;
        int err = send_fragment(sink, size, jt_reader_take(&r, take), take,
                                left == 1 ? JT_PACKET_MARKER : 0);

        if (err)
            return err;
    }
    return count;
}

static int take_fragment(struct jt_reader r, size_t *au_size, struct jt_writer *out)
{
    uint16_t header_bits = jt_read_be16(&r);
    uint16_t header = jt_read_be16(&r);
    size_t size = header >> INDEX_BITS;

    if (r.failed || header_bits != AU_HEADERS_BITS || header & INDEX_MASK)
        return -EBADMSG;
    if (size == 0 || r.left == 0 || r.left > size || (*au_size && *au_size != size))
        return -EBADMSG;
    *au_size = size;
    jt_write_bytes(out, r.next, r.left);
    return out->failed ? -EMSGSIZE : 0;
}

int jt_aac_unpack(const struct jt_payload *payloads, size_t count, struct jt_writer *out)
{
    struct jt_writer before = *out;
    size_t au_size = 0;
    int err = count ? 0 : -EBADMSG;

    for (size_t i = 0; i < count && !err; i++)
        err = take_fragment(jt_payload_reader(&payloads[i]), &au_size, out);
    if (!err && out->size - before.size != au_size)
        err = -EBADMSG;
    if (err)
        *out = before;
    return err;
}
