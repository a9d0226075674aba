#include "wire/rtp.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
    VERSION = 2,
    TWO_BYTE_PROFILE_MASK = 0xfff0,
    ONE_BYTE_ID_STOP = 15, /* RFC 8285 §4.2 */
};

static bool has_two_byte_form(uint16_t profile)
{
    return (profile & TWO_BYTE_PROFILE_MASK) == JT_RTP_EXTENSION_PROFILE_TWO;
}

/* Reads one element; returns its id, 0 for padding. One-byte: RFC 8285 §4.2, two-byte: §4.3. */
static uint8_t read_element(struct jt_reader *r, bool two_bytes, struct jt_rtp_extension *out)
{
    uint8_t first = jt_read_u8(r);

    if (first == 0)
        return 0;
    out->id = two_bytes ? first : first >> 4;
    if (!two_bytes && out->id == ONE_BYTE_ID_STOP)
        return ONE_BYTE_ID_STOP; /* its length means nothing, and nothing after it counts */
    out->size_bytes = two_bytes ? jt_read_u8(r) : (uint8_t)((first & 0x0f) + 1);
    out->data = jt_reader_take(r, out->size_bytes);
    return out->id;
}

/* Advances to the next real element. Returns false at the end; an overrun leaves `r` failed. */
static bool next_element(struct jt_reader *r, bool two_bytes, struct jt_rtp_extension *out)
{
    while (!r->failed && r->left > 0) {
        struct jt_rtp_extension found = {0};
        uint8_t first = r->next[0];
        uint8_t id = read_element(r, two_bytes, &found);

        if (r->failed || (!two_bytes && id == ONE_BYTE_ID_STOP))
            return false;
        if (first != 0 && id == 0)
            return false; /* RFC 8285 §4.2: id 0 with a length ends the block */
        if (id == 0)
            continue;
        *out = found;
        return true;
    }
    return false;
}

static bool is_extension_valid(const struct jt_rtp *rtp)
{
    struct jt_reader r = jt_reader_of(rtp->extensions, rtp->extension_bytes);
    bool two_bytes = has_two_byte_form(rtp->extension_profile);
    struct jt_rtp_extension element;

    if (!two_bytes && rtp->extension_profile != JT_RTP_EXTENSION_PROFILE_ONE)
        return true;
    while (next_element(&r, two_bytes, &element))
        ;
    return !r.failed;
}

static void read_extension(struct jt_reader *r, struct jt_rtp *rtp)
{
    rtp->extension_profile = jt_read_be16(r);
    rtp->extension_bytes = jt_read_be16(r);
    if (rtp->extension_bytes > JT_RTP_PACKET_MAX_BYTES / 4)
        r->failed = true; /* in words here; keeps the product in its 16 bits */
    rtp->extension_bytes = (uint16_t)(rtp->extension_bytes * 4U);
    rtp->extensions = jt_reader_take(r, rtp->extension_bytes);
}

/* RFC 3550 §5.1: the last byte counts the padding, itself included. */
static void read_padding(struct jt_reader *r, struct jt_rtp *rtp)
{
    if (r->failed || r->left == 0) {
        r->failed = true;
        return;
    }
    rtp->padding_bytes = r->next[r->left - 1];
    if (rtp->padding_bytes == 0 || rtp->padding_bytes > r->left)
        r->failed = true;
}

int jt_rtp_parse(const void *packet, size_t size, struct jt_rtp *out)
{
    struct jt_reader r = jt_reader_of(packet, size);
    struct jt_rtp rtp = {0};
    uint8_t first;
    uint8_t second;

    if (size > JT_RTP_PACKET_MAX_BYTES)
        return -EMSGSIZE;
    first = jt_read_u8(&r);
    second = jt_read_u8(&r);
    rtp.has_marker = second >> 7;
    rtp.payload_type = second & 0x7f;
    rtp.sequence = jt_read_be16(&r);
    rtp.timestamp = jt_read_be32(&r);
    rtp.ssrc = jt_read_be32(&r);
    rtp.csrc_count = first & 0x0f;
    rtp.csrcs = jt_reader_take(&r, (size_t)4 * rtp.csrc_count);
    if (first & 0x10)
        read_extension(&r, &rtp);
    rtp.header_bytes = (uint16_t)(size - r.left);
    if (first & 0x20)
        read_padding(&r, &rtp);
    if (r.failed || first >> 6 != VERSION || !is_extension_valid(&rtp))
        return -EBADMSG;
    rtp.payload = r.next;
    rtp.payload_bytes = (uint16_t)(r.left - rtp.padding_bytes);
    *out = rtp;
    return 0;
}

struct jt_rtp_extension_walk jt_rtp_extension_begin(const struct jt_rtp *rtp)
{
    struct jt_rtp_extension_walk walk = {.next = rtp->extensions, .left = rtp->extension_bytes};

    walk.has_two_byte_form = has_two_byte_form(rtp->extension_profile);
    if (!walk.has_two_byte_form && rtp->extension_profile != JT_RTP_EXTENSION_PROFILE_ONE)
        walk.left = 0;
    return walk;
}

bool jt_rtp_extension_next(struct jt_rtp_extension_walk *walk, struct jt_rtp_extension *out)
{
    struct jt_reader r = jt_reader_of(walk->next, walk->left);
    bool is_found = next_element(&r, walk->has_two_byte_form, out);

    walk->next = r.next;
    walk->left = is_found ? r.left : 0;
    return is_found;
}

bool jt_rtp_extension_find(const struct jt_rtp *rtp, uint8_t id, struct jt_rtp_extension *out)
{
    struct jt_rtp_extension_walk walk = jt_rtp_extension_begin(rtp);
    struct jt_rtp_extension element;

    while (jt_rtp_extension_next(&walk, &element)) {
        if (element.id != id)
            continue;
        *out = element;
        return true;
    }
    return false;
}

static void write_extensions(struct jt_writer *w, const struct jt_rtp_extension *extensions,
                             size_t count)
{
    size_t bytes = 0;

    for (size_t i = 0; i < count; i++) {
        if (extensions[i].id < 1 || extensions[i].id > JT_RTP_EXTENSION_ID_MAX ||
            extensions[i].size_bytes < 1 || extensions[i].size_bytes > 16)
            w->failed = true;
        bytes += 1U + extensions[i].size_bytes;
    }
    jt_write_be16(w, JT_RTP_EXTENSION_PROFILE_ONE);
    jt_write_be16(w, (uint16_t)((bytes + 3) / 4));
    for (size_t i = 0; i < count; i++) {
        jt_write_u8(w, (uint8_t)(extensions[i].id << 4 | (extensions[i].size_bytes - 1)));
        jt_write_bytes(w, extensions[i].data, extensions[i].size_bytes);
    }
    jt_write_zeros(w, (4 - bytes % 4) % 4);
}

void jt_rtp_write_header(struct jt_writer *w, const struct jt_rtp *rtp,
                         const struct jt_rtp_extension *extensions, size_t count)
{
    uint8_t first = VERSION << 6;

    if (rtp->padding_bytes)
        first |= 0x20;
    if (count)
        first |= 0x10;
    jt_write_u8(w, first);
    jt_write_u8(w, (uint8_t)((rtp->has_marker ? 0x80 : 0) | (rtp->payload_type & 0x7f)));
    jt_write_be16(w, rtp->sequence);
    jt_write_be32(w, rtp->timestamp);
    jt_write_be32(w, rtp->ssrc);
    if (count)
        write_extensions(w, extensions, count);
}

void jt_rtp_playout_delay_pack(uint32_t min_ms, uint32_t max_ms,
                               uint8_t out[JT_RTP_PLAYOUT_DELAY_BYTES])
{
    uint32_t min_10ms = JT_MIN(min_ms, JT_RTP_PLAYOUT_DELAY_MAX_MS) / 10;
    uint32_t max_10ms = JT_MIN(max_ms, JT_RTP_PLAYOUT_DELAY_MAX_MS) / 10;

    out[0] = (uint8_t)(min_10ms >> 4);
    out[1] = (uint8_t)((min_10ms & 0x0f) << 4 | max_10ms >> 8);
    out[2] = (uint8_t)max_10ms;
}
