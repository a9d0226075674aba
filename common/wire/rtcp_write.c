/* The writers of wire/rtcp.h, but for transport-wide feedback (rtcp_twcc.c). */
#include "wire/rtcp.h"

#include "base/writer.h"

enum {
    VERSION_BITS = 2 << 6,
    REPORT_BLOCK_WORDS = 6,
    SDES_CNAME = 1,
    SDES_TEXT_MAX_BYTES = 255,
    LOST_MIN = -0x800000, /* 24 bits with sign */
    LOST_MAX = 0x7fffff,
};

/* RFC 3550 §6.4.1: the length counts 32-bit words, less one. `words` are those after the header. */
static void write_header(struct jt_writer *w, uint8_t count, uint8_t type, size_t words)
{
    jt_write_u8(w, (uint8_t)(VERSION_BITS | count));
    jt_write_u8(w, type);
    jt_write_be16(w, (uint16_t)words);
}

static void write_blocks(struct jt_writer *w, const struct jt_rtcp_report_block *blocks,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct jt_rtcp_report_block *block = &blocks[i];
        int32_t lost = JT_MAX(LOST_MIN, JT_MIN(LOST_MAX, block->packets_lost));

        jt_write_be32(w, block->ssrc);
        jt_write_u8(w, block->fraction_lost);
        jt_write_be24(w, (uint32_t)lost & 0xffffff);
        jt_write_be32(w, block->highest_sequence);
        jt_write_be32(w, block->jitter);
        jt_write_be32(w, block->last_sr);
        jt_write_be32(w, block->delay_sr);
    }
}

void jt_rtcp_write_sr(struct jt_writer *w, const struct jt_rtcp_sr *sr,
                      const struct jt_rtcp_report_block *blocks, size_t count)
{
    if (count > JT_RTCP_REPORT_BLOCKS_MAX) {
        w->failed = true;
        return;
    }
    write_header(w, (uint8_t)count, JT_RTCP_SR, 6 + count * REPORT_BLOCK_WORDS);
    jt_write_be32(w, sr->ssrc);
    jt_write_be64(w, sr->ntp);
    jt_write_be32(w, sr->rtp_timestamp);
    jt_write_be32(w, sr->packets);
    jt_write_be32(w, sr->octets);
    write_blocks(w, blocks, count);
}

void jt_rtcp_write_rr(struct jt_writer *w, uint32_t ssrc, const struct jt_rtcp_report_block *blocks,
                      size_t count)
{
    if (count > JT_RTCP_REPORT_BLOCKS_MAX) {
        w->failed = true;
        return;
    }
    write_header(w, (uint8_t)count, JT_RTCP_RR, 1 + count * REPORT_BLOCK_WORDS);
    jt_write_be32(w, ssrc);
    write_blocks(w, blocks, count);
}

void jt_rtcp_write_sdes(struct jt_writer *w, uint32_t ssrc, struct jt_text cname)
{
    size_t item_bytes = 2 + cname.size;
    size_t fill_bytes = 4 - item_bytes % 4; /* 1 to 4: the end marker is among them */

    if (cname.size > SDES_TEXT_MAX_BYTES) {
        w->failed = true;
        return;
    }
    write_header(w, 1, JT_RTCP_SDES, 1 + (item_bytes + fill_bytes) / 4);
    jt_write_be32(w, ssrc);
    jt_write_u8(w, SDES_CNAME);
    jt_write_u8(w, (uint8_t)cname.size);
    jt_write_bytes(w, cname.data, cname.size);
    jt_write_zeros(w, fill_bytes);
}

void jt_rtcp_write_bye(struct jt_writer *w, uint32_t ssrc)
{
    write_header(w, 1, JT_RTCP_BYE, 1);
    jt_write_be32(w, ssrc);
}

/* Packs the numbers from `index` on that fit behind it into one PID and BLP; returns the next
 * index. */
static size_t pack_nack(const uint16_t *sequences, size_t count, size_t index, uint16_t *mask)
{
    uint16_t first = sequences[index++];

    *mask = 0;
    for (; index < count; index++) {
        uint16_t distance = (uint16_t)(sequences[index] - first);

        if (distance < 1 || distance > 16)
            break;
        *mask |= (uint16_t)(1U << (distance - 1));
    }
    return index;
}

void jt_rtcp_write_nack(struct jt_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                        const uint16_t *sequences, size_t count)
{
    size_t words = 2;
    uint16_t mask;

    for (size_t i = 0; i < count; words++)
        i = pack_nack(sequences, count, i, &mask);
    write_header(w, JT_RTCP_RTPFB_NACK, JT_RTCP_RTPFB, words);
    jt_write_be32(w, sender_ssrc);
    jt_write_be32(w, media_ssrc);
    for (size_t i = 0; i < count;) {
        jt_write_be16(w, sequences[i]);
        i = pack_nack(sequences, count, i, &mask);
        jt_write_be16(w, mask);
    }
}

void jt_rtcp_write_pli(struct jt_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc)
{
    write_header(w, JT_RTCP_PSFB_PLI, JT_RTCP_PSFB, 2);
    jt_write_be32(w, sender_ssrc);
    jt_write_be32(w, media_ssrc);
}
