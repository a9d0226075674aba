#include "media/h264_pack.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"
#include "media/h264.h"
#include "media/h264_params.h"
#include "media/packet.h"

enum {
    FU_HEAD_BYTES = 2, /* RFC 6184 §5.8: indicator and header */
    FU_START = 0x80,
    FU_END = 0x40,
    STAP_HEAD_BYTES = 1, /* §5.7.1 */
    STAP_LENGTH_BYTES = 2,
    NRI_MASK = 0x60,
    TYPE_MASK = 0x1f,
    TYPE_SINGLE_MAX = 23, /* §5.2: 1–23 are NAL units as they are */
    SIZES_MAX = JT_PAYLOAD_MAX_BYTES / (JT_RTP_PADDING_MAX_BYTES + 1) + 1,
};

/* The NAL units to send: parameter sets first, then the access unit. A copy is a bookmark. */
struct source {
    const struct jt_h264_params *params; /* NULL: none */
    size_t cursor;
    struct jt_reader au;
};

/* What becomes one payload, or several fragments of one NAL unit. */
struct unit {
    struct source start; /* the first NAL unit of it comes next here */
    unsigned nal_count;  /* over 1: a STAP-A */
    unsigned fragments;  /* over 1: FU-A */
    size_t most, least;  /* bytes of its largest and smallest payload when split evenly, unpadded */
};

static int next_nal(struct source *source, struct jt_h264_nal *nal)
{
    int more = 0;

    if (source->params)
        more = jt_h264_params_next(source->params, &source->cursor, nal);
    if (more == 0)
        more = jt_h264_next_avcc(&source->au, 4, nal);
    if (more != 1)
        return more;
    if (jt_h264_nal_type(*nal) == 0 || jt_h264_nal_type(*nal) > TYPE_SINGLE_MAX)
        return -EBADMSG; /* would be read as a packet structure */
    return 1;
}

static void split(struct unit *unit, size_t nal_size)
{
    size_t bytes = nal_size - 1; /* the NAL header goes into the FU's own */
    size_t room = JT_PAYLOAD_MAX_BYTES - FU_HEAD_BYTES;
    size_t n = (bytes + room - 1) / room;

    unit->fragments = (unsigned)n;
    unit->most = (bytes + n - 1) / n + FU_HEAD_BYTES;
    unit->least = bytes / n + FU_HEAD_BYTES;
}

/* Take the next unit: a large NAL unit, or as many small neighbours as fit one payload. */
static int next_unit(struct source *source, struct unit *unit)
{
    struct jt_h264_nal nal;
    size_t size;
    int more;

    *unit = (struct unit){.start = *source, .nal_count = 1, .fragments = 1};
    more = next_nal(source, &nal);
    if (more != 1)
        return more;
    if (nal.size > JT_PAYLOAD_MAX_BYTES) {
        split(unit, nal.size);
        return 1;
    }
    unit->most = nal.size;
    size = STAP_HEAD_BYTES + STAP_LENGTH_BYTES + nal.size;
    while (unit->nal_count < JT_H264_STAP_NALS_MAX) {
        struct source ahead = *source;

        more = next_nal(&ahead, &nal);
        if (more < 0)
            return more;
        if (more == 0 || nal.size > JT_PAYLOAD_MAX_BYTES)
            break;
        if (size + STAP_LENGTH_BYTES + nal.size > JT_PAYLOAD_MAX_BYTES)
            break;
        size += STAP_LENGTH_BYTES + nal.size;
        unit->most = size;
        unit->nal_count++;
        *source = ahead;
    }
    unit->least = unit->most;
    return 1;
}

/*
 * The payload sizes of a frame, largest first, each over JT_RTP_PADDING_MAX_BYTES below the one
 * before.
 */
struct sizes {
    size_t list[SIZES_MAX];
    unsigned count;
    size_t packets, units;
};

/* Can a unit's payloads all be padded up to this size? */
static bool reaches(const struct unit *unit, size_t size)
{
    return unit->most <= size && unit->least + JT_RTP_PADDING_MAX_BYTES >= size;
}

static size_t size_for(const struct sizes *sizes, const struct unit *unit)
{
    for (unsigned i = 0; i < sizes->count; i++)
        if (reaches(unit, sizes->list[i]))
            return sizes->list[i];
    return 0;
}

/*
 * Walk all units once; add the largest size that no chosen one covers. Returns 1 when one was
 * added, 0: all are covered.
 */
static int add_size(struct source source, struct sizes *sizes)
{
    struct unit unit;
    size_t largest = 0;
    int more;

    sizes->packets = sizes->units = 0;
    while ((more = next_unit(&source, &unit)) == 1) {
        sizes->packets += unit.fragments;
        sizes->units++;
        if (size_for(sizes, &unit) == 0 && unit.most > largest)
            largest = unit.most;
    }
    if (more < 0)
        return more;
    if (largest == 0)
        return 0;
    sizes->list[sizes->count++] = largest;
    return 1;
}

static int choose_sizes(const struct source *source, struct sizes *sizes)
{
    int more = 1;

    *sizes = (struct sizes){0};
    while (more == 1 && sizes->count < SIZES_MAX)
        more = add_size(*source, sizes);
    if (more < 0)
        return more;
    if (sizes->packets == 0)
        return -EBADMSG;
    return sizes->packets > JT_FRAME_PACKETS_MAX ? -EMSGSIZE : 0;
}

static int commit(const struct jt_packet_sink *sink, struct jt_writer *w, size_t size,
                  unsigned flags)
{
    size_t padding = size - w->size;

    if (padding > 0) { /* RFC 3550 §5.1: zeros, then the count, itself included */
        jt_write_zeros(w, padding - 1);
        jt_write_u8(w, (uint8_t)padding);
        flags |= JT_PACKET_PADDING;
    }
    return w->failed ? -EMSGSIZE : sink->commit(sink->arg, (uint16_t)w->size, flags);
}

static int open_payload(const struct jt_packet_sink *sink, struct jt_writer *w)
{
    uint8_t *room = sink->reserve(sink->arg);

    if (!room)
        return -ENOBUFS;
    *w = jt_writer_of(room, JT_PAYLOAD_MAX_BYTES);
    return 0;
}

static int send_single(const struct unit *unit, size_t size, unsigned flags,
                       const struct jt_packet_sink *sink)
{
    struct source source = unit->start;
    struct jt_h264_nal nal;
    struct jt_writer w;
    int err = open_payload(sink, &w);

    if (err)
        return err;
    if (next_nal(&source, &nal) != 1)
        return -EBADMSG;
    jt_write_bytes(&w, nal.data, nal.size);
    return commit(sink, &w, size, flags);
}

static int send_stap(const struct unit *unit, size_t size, unsigned flags,
                     const struct jt_packet_sink *sink)
{
    struct source source = unit->start;
    struct jt_h264_nal nal;
    struct jt_writer w;
    uint8_t nri = 0;
    int err = open_payload(sink, &w);

    if (err)
        return err;
    jt_write_u8(&w, 0);
    for (unsigned i = 0; i < unit->nal_count; i++) {
        if (next_nal(&source, &nal) != 1)
            return -EBADMSG;
        nri = JT_MAX(nri, nal.data[0] & NRI_MASK); /* §5.7.1: the highest of all */
        jt_write_be16(&w, (uint16_t)nal.size);
        jt_write_bytes(&w, nal.data, nal.size);
    }
    w.data[0] = (uint8_t)(nri | JT_H264_STAP_A);
    return commit(sink, &w, size, flags);
}

static int send_fragments(const struct unit *unit, size_t size, unsigned flags,
                          const struct jt_packet_sink *sink)
{
    struct source source = unit->start;
    struct jt_h264_nal nal;
    struct jt_reader r;
    size_t room = size - FU_HEAD_BYTES;
    uint8_t first = FU_START;

    if (next_nal(&source, &nal) != 1)
        return -EBADMSG;
    r = jt_reader_of(nal.data, nal.size);
    jt_reader_take(&r, 1);
    for (unsigned left = unit->fragments; left > 0; left--) {
        /* as full as leaves each later one enough that padding can fill it */
        size_t later = (left - 1) * (room - JT_RTP_PADDING_MAX_BYTES);
        size_t take = JT_MIN(room, r.left - later);
        struct jt_writer w;
        int err = open_payload(sink, &w);

        if (err)
            return err;
        jt_write_u8(&w, (uint8_t)((nal.data[0] & NRI_MASK) | JT_H264_FU_A));
        jt_write_u8(&w, (uint8_t)(first | (left == 1 ? FU_END : 0) | (nal.data[0] & TYPE_MASK)));
        jt_write_bytes(&w, jt_reader_take(&r, take), take);
        err = commit(sink, &w, size, left == 1 ? flags : 0);
        if (err)
            return err;
        first = 0;
    }
    return 0;
}

static int send_unit(const struct unit *unit, size_t size, unsigned flags,
                     const struct jt_packet_sink *sink)
{
    if (unit->fragments > 1)
        return send_fragments(unit, size, flags, sink);
    if (unit->nal_count > 1)
        return send_stap(unit, size, flags, sink);
    return send_single(unit, size, flags, sink);
}

int jt_h264_pack(const uint8_t *au, size_t size, const struct jt_h264_params *params,
                 const struct jt_packet_sink *sink)
{
    struct source source = {.params = params, .au = jt_reader_of(au, size)};
    struct sizes sizes;
    struct unit unit;
    int err;

    if (size == 0 || size > JT_H264_AU_MAX_BYTES)
        return size ? -EMSGSIZE : -EBADMSG;
    err = choose_sizes(&source, &sizes);
    for (size_t i = 1; !err && next_unit(&source, &unit) == 1; i++)
        err = send_unit(&unit, size_for(&sizes, &unit), i == sizes.units ? JT_PACKET_MARKER : 0,
                        sink);
    return err ? err : (int)sizes.packets;
}

/* ---- the way back ---- */

struct assembly {
    struct jt_writer *out;
    size_t length_at; /* of the open fragmented NAL unit: where its length goes */
    uint8_t header;   /* its NAL header */
    bool is_open;
};

static int append_nal(struct jt_writer *out, const uint8_t *data, size_t size)
{
    jt_write_be32(out, (uint32_t)size);
    jt_write_bytes(out, data, size);
    return out->failed ? -EMSGSIZE : 0;
}

static bool header_is_nal(uint8_t header)
{
    unsigned type = header & TYPE_MASK;

    return !(header & 0x80) && type > 0 && type <= TYPE_SINGLE_MAX;
}

static int take_stap(struct assembly *assembly, struct jt_reader r)
{
    int err = 0;

    jt_reader_take(&r, STAP_HEAD_BYTES);
    if (r.left == 0)
        return -EBADMSG;
    while (r.left > 0 && !err) {
        uint16_t size = jt_read_be16(&r);
        const uint8_t *data = jt_reader_take(&r, size);

        if (r.failed || size == 0 || !header_is_nal(data[0]))
            return -EBADMSG;
        err = append_nal(assembly->out, data, size);
    }
    return err;
}

static int open_fragments(struct assembly *assembly, uint8_t header)
{
    if (assembly->is_open || !header_is_nal(header))
        return -EBADMSG;
    assembly->is_open = true;
    assembly->header = header;
    assembly->length_at = assembly->out->size;
    jt_write_be32(assembly->out, 0);
    jt_write_u8(assembly->out, header);
    return 0;
}

static int close_fragments(struct assembly *assembly)
{
    struct jt_writer *out = assembly->out;
    struct jt_writer length;

    if (out->failed)
        return -EMSGSIZE;
    length = jt_writer_of(out->data + assembly->length_at, 4);
    jt_write_be32(&length, (uint32_t)(out->size - assembly->length_at - 4));
    assembly->is_open = false;
    return 0;
}

static int take_fragment(struct assembly *assembly, struct jt_reader r)
{
    uint8_t indicator = jt_read_u8(&r);
    uint8_t fu = jt_read_u8(&r);
    uint8_t header = (uint8_t)((indicator & ~TYPE_MASK) | (fu & TYPE_MASK));

    if (r.failed || r.left == 0)
        return -EBADMSG;
    if (fu & FU_START) {
        int err = open_fragments(assembly, header);

        if (err)
            return err;
    } else if (!assembly->is_open || header != assembly->header) {
        return -EBADMSG;
    }
    jt_write_bytes(assembly->out, r.next, r.left);
    if (assembly->out->failed)
        return -EMSGSIZE;
    return fu & FU_END ? close_fragments(assembly) : 0;
}

static int take_payload(struct assembly *assembly, const struct jt_payload *payload)
{
    struct jt_reader r = jt_payload_reader(payload);
    unsigned type;

    if (r.failed)
        return -EBADMSG;
    if (r.left == 0)
        return 0;
    type = r.next[0] & TYPE_MASK;
    if (type == JT_H264_FU_A)
        return take_fragment(assembly, r);
    if (assembly->is_open)
        return -EBADMSG;
    if (type == JT_H264_STAP_A && !(r.next[0] & 0x80))
        return take_stap(assembly, r);
    return header_is_nal(r.next[0]) ? append_nal(assembly->out, r.next, r.left) : -EBADMSG;
}

int jt_h264_unpack(const struct jt_payload *payloads, size_t count, struct jt_writer *out)
{
    struct jt_writer before = *out;
    struct assembly assembly = {.out = out};
    int err = 0;

    for (size_t i = 0; i < count && !err; i++)
        err = take_payload(&assembly, &payloads[i]);
    if (!err && (assembly.is_open || out->size == before.size))
        err = -EBADMSG;
    if (err)
        *out = before;
    return err;
}
