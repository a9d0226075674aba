#include "wire/rtcp.h"

#include <errno.h>

#include "base/reader.h"

enum {
    VERSION = 2,
    HEADER_BYTES = 4,
    REPORT_BLOCK_BYTES = 24,
    SENDER_INFO_BYTES = 24, /* with the ssrc */
    SDES_END = 0,
    SDES_CNAME = 1,
    XR_RRTR = 4, /* RFC 3611 §4.4 */
    XR_DLRR = 5,
    XR_DLRR_ENTRY_BYTES = 12,
    FIR_ENTRY_BYTES = 8,
    REMB_UNIQUE_ID = 0x52454d42, /* "REMB" */
};

struct header {
    bool has_padding;
    struct jt_rtcp_packet packet;
};

/* Takes one packet off; `padding` is taken from its end. RFC 3550 §6.4.1. */
static int read_packet(struct jt_reader *r, struct header *out)
{
    struct header header = {0};
    uint8_t first = jt_read_u8(r);
    size_t body_bytes;
    struct jt_reader body;

    header.has_padding = first & 0x20;
    header.packet.count = first & 0x1f;
    header.packet.type = jt_read_u8(r);
    body_bytes = (size_t)4 * jt_read_be16(r);
    body = jt_reader_sub(r, body_bytes);
    if (body.failed || first >> 6 != VERSION)
        return -EBADMSG;
    if (header.has_padding) {
        uint8_t padding = body_bytes ? body.next[body_bytes - 1] : 0;

        if (padding == 0 || padding > body_bytes) /* 1 to 3 too: libwebrtc fills TWCC so */
            return -EBADMSG;
        body_bytes -= padding;
    }
    header.packet.body = body.next;
    header.packet.size_bytes = (uint16_t)body_bytes;
    *out = header;
    return 0;
}

int jt_rtcp_begin(const void *compound, size_t size, struct jt_rtcp_walk *out)
{
    struct jt_reader r = jt_reader_of(compound, size);

    if (size > JT_RTCP_COMPOUND_MAX_BYTES)
        return -EMSGSIZE;
    if (size < HEADER_BYTES)
        return -EBADMSG;
    while (r.left > 0) {
        struct header header;

        if (read_packet(&r, &header) < 0)
            return -EBADMSG;
        if (header.has_padding && r.left > 0)
            return -EBADMSG; /* RFC 3550 §6.4.1: on the last packet only */
    }
    *out = (struct jt_rtcp_walk){.next = compound, .left = size};
    return 0;
}

bool jt_rtcp_next(struct jt_rtcp_walk *walk, struct jt_rtcp_packet *out)
{
    struct jt_reader r = jt_reader_of(walk->next, walk->left);
    struct header header;

    if (walk->left == 0 || read_packet(&r, &header) < 0)
        return false;
    walk->next = r.next;
    walk->left = r.left;
    *out = header.packet;
    return true;
}

static struct jt_reader body_of(const struct jt_rtcp_packet *packet)
{
    return jt_reader_of(packet->body, packet->size_bytes);
}

int jt_rtcp_parse_sr(const struct jt_rtcp_packet *packet, struct jt_rtcp_sr *out)
{
    struct jt_reader r = body_of(packet);
    struct jt_rtcp_sr sr = {0};

    sr.ssrc = jt_read_be32(&r);
    sr.ntp = jt_read_be64(&r);
    sr.rtp_timestamp = jt_read_be32(&r);
    sr.packets = jt_read_be32(&r);
    sr.octets = jt_read_be32(&r);
    if (r.failed || packet->type != JT_RTCP_SR ||
        r.left < packet->count * (size_t)REPORT_BLOCK_BYTES)
        return -EBADMSG;
    *out = sr;
    return 0;
}

int jt_rtcp_parse_sender(const struct jt_rtcp_packet *packet, uint32_t *ssrc)
{
    struct jt_reader r = body_of(packet);
    uint32_t sender = jt_read_be32(&r);

    if (r.failed || packet->type == JT_RTCP_SDES || packet->type == JT_RTCP_BYE)
        return -EBADMSG;
    *ssrc = sender;
    return 0;
}

bool jt_rtcp_report_block_at(const struct jt_rtcp_packet *packet, size_t index,
                             struct jt_rtcp_report_block *out)
{
    struct jt_reader r = body_of(packet);
    struct jt_rtcp_report_block block = {0};
    uint32_t lost;

    if (index >= packet->count || (packet->type != JT_RTCP_SR && packet->type != JT_RTCP_RR))
        return false;
    jt_reader_take(&r, packet->type == JT_RTCP_SR ? SENDER_INFO_BYTES : 4);
    jt_reader_take(&r, index * REPORT_BLOCK_BYTES);
    block.ssrc = jt_read_be32(&r);
    block.fraction_lost = jt_read_u8(&r);
    lost = jt_read_be24(&r);
    block.packets_lost = lost & 0x800000 ? (int32_t)lost - 0x1000000 : (int32_t)lost;
    block.highest_sequence = jt_read_be32(&r);
    block.jitter = jt_read_be32(&r);
    block.last_sr = jt_read_be32(&r);
    block.delay_sr = jt_read_be32(&r);
    if (r.failed)
        return false;
    *out = block;
    return true;
}

/* Reads one chunk's items up to and with its end and fill (RFC 3550 §6.5); `cname` if it has one.
 */
static void read_chunk(struct jt_reader *r, struct jt_text *cname)
{
    size_t before = r->left;

    while (!r->failed) {
        uint8_t type = jt_read_u8(r);
        struct jt_reader item;

        if (type == SDES_END)
            break;
        item = jt_reader_sub(r, jt_read_u8(r));
        if (type == SDES_CNAME && !item.failed)
            *cname = (struct jt_text){.data = (const char *)item.next, .size = item.left};
    }
    while ((before - r->left) % 4 && !r->failed)
        jt_reader_take(r, 1);
}

int jt_rtcp_sdes_cname(const struct jt_rtcp_packet *packet, uint32_t ssrc, struct jt_text *out)
{
    struct jt_reader r = body_of(packet);

    if (packet->type != JT_RTCP_SDES)
        return -EBADMSG;
    for (unsigned i = 0; i < packet->count; i++) {
        uint32_t source = jt_read_be32(&r);
        struct jt_text cname = {0};

        read_chunk(&r, &cname);
        if (r.failed)
            return -EBADMSG;
        if (source != ssrc || !cname.data)
            continue;
        *out = cname;
        return 0;
    }
    return -ENOENT;
}

bool jt_rtcp_bye_at(const struct jt_rtcp_packet *packet, size_t index, uint32_t *ssrc)
{
    struct jt_reader r = body_of(packet);
    uint32_t source;

    if (packet->type != JT_RTCP_BYE || index >= packet->count)
        return false;
    jt_reader_take(&r, index * 4);
    source = jt_read_be32(&r);
    if (r.failed)
        return false;
    *ssrc = source;
    return true;
}

int jt_rtcp_parse_feedback(const struct jt_rtcp_packet *packet, struct jt_rtcp_feedback *out)
{
    struct jt_reader r = body_of(packet);
    struct jt_rtcp_feedback feedback = {.type = packet->type, .format = packet->count};

    feedback.sender_ssrc = jt_read_be32(&r);
    feedback.media_ssrc = jt_read_be32(&r);
    feedback.fci = r.next;
    feedback.size_bytes = (uint16_t)r.left;
    if (r.failed || (packet->type != JT_RTCP_RTPFB && packet->type != JT_RTCP_PSFB))
        return -EBADMSG;
    *out = feedback;
    return 0;
}

int jt_rtcp_nack_expand(const struct jt_rtcp_feedback *feedback, uint16_t *sequences,
                        size_t capacity)
{
    struct jt_reader r = jt_reader_of(feedback->fci, feedback->size_bytes);
    size_t count = 0;

    if (feedback->type != JT_RTCP_RTPFB || feedback->format != JT_RTCP_RTPFB_NACK ||
        feedback->size_bytes == 0 || feedback->size_bytes % 4)
        return -EBADMSG;
    while (r.left > 0) {
        uint16_t first = jt_read_be16(&r);
        uint32_t mask = (uint32_t)jt_read_be16(&r) << 1 | 1; /* bit n: first + n */

        for (unsigned n = 0; n <= 16; n++)
            if (mask & 1U << n && count < capacity)
                sequences[count++] = (uint16_t)(first + n);
    }
    return (int)count;
}

bool jt_rtcp_fir_at(const struct jt_rtcp_feedback *feedback, size_t index, uint32_t *ssrc,
                    uint8_t *command)
{
    struct jt_reader r = jt_reader_of(feedback->fci, feedback->size_bytes);
    uint32_t media;
    uint8_t number;

    if (feedback->type != JT_RTCP_PSFB || feedback->format != JT_RTCP_PSFB_FIR ||
        index >= feedback->size_bytes / FIR_ENTRY_BYTES)
        return false;
    jt_reader_take(&r, index * FIR_ENTRY_BYTES);
    media = jt_read_be32(&r);
    number = jt_read_u8(&r);
    jt_reader_take(&r, 3); /* reserved */
    if (r.failed)
        return false;
    *ssrc = media;
    *command = number;
    return true;
}

bool jt_rtcp_asks_keyframe(const struct jt_rtcp_feedback *feedback, uint32_t ssrc)
{
    uint32_t media;
    uint8_t command;

    if (feedback->type == JT_RTCP_PSFB && feedback->format == JT_RTCP_PSFB_PLI)
        return feedback->media_ssrc == ssrc;
    for (size_t i = 0; jt_rtcp_fir_at(feedback, i, &media, &command); i++)
        if (media == ssrc)
            return true;
    return false;
}

int jt_rtcp_parse_remb(const struct jt_rtcp_feedback *feedback, uint32_t *bitrate_bps)
{
    struct jt_reader r = jt_reader_of(feedback->fci, feedback->size_bytes);
    uint32_t id = jt_read_be32(&r);
    uint8_t ssrc_count = jt_read_u8(&r);
    uint32_t packed = jt_read_be24(&r);
    uint64_t mantissa = packed & 0x3ffff;
    uint32_t exponent = packed >> 18;

    jt_reader_take(&r, (size_t)4 * ssrc_count);
    if (r.failed || id != REMB_UNIQUE_ID || feedback->type != JT_RTCP_PSFB ||
        feedback->format != JT_RTCP_PSFB_AFB)
        return -EBADMSG;
    if (mantissa && (exponent > 32 || mantissa << exponent > UINT32_MAX))
        *bitrate_bps = UINT32_MAX;
    else
        *bitrate_bps = mantissa ? (uint32_t)(mantissa << exponent) : 0;
    return 0;
}

/* The next report block of an XR (RFC 3611 §3). Returns its type and contents, or 0 at the end. */
static uint8_t read_xr_block(struct jt_reader *r, struct jt_reader *contents)
{
    uint8_t type;

    if (r->failed || r->left == 0)
        return 0;
    type = jt_read_u8(r);
    jt_read_u8(r); /* type-specific */
    *contents = jt_reader_sub(r, (size_t)4 * jt_read_be16(r));
    return contents->failed ? 0 : type;
}

static struct jt_reader open_xr(const struct jt_rtcp_packet *packet)
{
    struct jt_reader r = body_of(packet);

    jt_read_be32(&r); /* sender */
    if (packet->type != JT_RTCP_XR)
        r.failed = true;
    return r;
}

int jt_rtcp_xr_rrtr(const struct jt_rtcp_packet *packet, uint64_t *ntp)
{
    struct jt_reader r = open_xr(packet);
    struct jt_reader block;
    uint8_t type;

    while ((type = read_xr_block(&r, &block))) {
        uint64_t time;

        if (type != XR_RRTR)
            continue;
        time = jt_read_be64(&block);
        if (block.failed)
            return -EBADMSG;
        *ntp = time;
        return 0;
    }
    return r.failed ? -EBADMSG : -ENOENT;
}

static bool find_dlrr(struct jt_reader *block, uint32_t ssrc, struct jt_rtcp_dlrr *out)
{
    while (block->left >= XR_DLRR_ENTRY_BYTES) {
        uint32_t source = jt_read_be32(block);
        struct jt_rtcp_dlrr entry = {.last_rr = jt_read_be32(block)};

        entry.delay_rr = jt_read_be32(block);
        if (source != ssrc)
            continue;
        *out = entry;
        return true;
    }
    return false;
}

int jt_rtcp_xr_dlrr(const struct jt_rtcp_packet *packet, uint32_t ssrc, struct jt_rtcp_dlrr *out)
{
    struct jt_reader r = open_xr(packet);
    struct jt_reader block;
    uint8_t type;

    while ((type = read_xr_block(&r, &block)))
        if (type == XR_DLRR && find_dlrr(&block, ssrc, out))
            return 0;
    return r.failed ? -EBADMSG : -ENOENT;
}
