/**
 * One outgoing RTP stream to one viewer: its own SSRC, sequence and time spaces, and how they map
 * to what it is made from. A plain fixed-size record without pointers, so that it may lie in shared
 * memory and a new process can take over. The owner seals and sends; this file only numbers.
 *
 * "Source" is whatever the numbers of the input are (a ring's 64-bit sequence); this file does not
 * know rings.
 */
#ifndef JT_RTC_RTP_OUT_H
#define JT_RTC_RTP_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    JT_RTP_OUT_SPANS = 8,
    JT_RTP_OUT_RESERVE =
        4096, /* counters are reserved ahead in blocks, so that a new owner never reuses an index */
};

/** A run of packets whose viewer and source numbers differ by a constant. */
struct jt_rtp_span {
    uint64_t first_index;  /* 48-bit SRTP index of the viewer's first packet of the span */
    uint64_t first_source; /* source sequence of the same packet */
    uint32_t source_id;    /* which source (ring: track number and epoch) */
    uint32_t count;        /* packets in it so far */
};

struct jt_rtp_out {
    uint32_t ssrc, rtx_ssrc; /* rtx_ssrc 0: RTX not negotiated */
    uint8_t payload_type, rtx_payload_type;
    uint8_t spans_used;
    uint8_t reserved;
    uint32_t clock_hz;
    uint32_t timestamp_offset; /* RTP timestamp = (uint32_t)pts + offset */
    uint32_t last_timestamp;   /* of the newest packet sent: time never goes back */
    /* next packet's 48-bit index: ROC 0 at the first packet, first sequence below 2^15 */
    uint64_t next_index;
    uint64_t next_rtx_index;
    uint64_t packets_sent, octets_sent;         /* RFC 3550 §6.4.1: payload octets */
    struct jt_rtp_span spans[JT_RTP_OUT_SPANS]; /* newest last */
};

/** Fresh random SSRCs, sequence start (< 2^15) and time offset. `rtx_payload_type` 0: no RTX. */
void jt_rtp_out_init(struct jt_rtp_out *out, uint32_t clock_hz, uint8_t payload_type,
                     uint8_t rtx_payload_type);

/**
 * Number `count` consecutive source packets starting at `first_source` of source `source_id`.
 * Returns the 48-bit index of the first; the others follow. Opens a new span where the run breaks.
 */
uint64_t jt_rtp_out_take(struct jt_rtp_out *out, uint32_t source_id, uint64_t first_source,
                         uint32_t count);

/** Count what was sealed for the sender report; `octets` without headers, padding and tag. */
static inline void jt_rtp_out_count(struct jt_rtp_out *out, uint32_t packets, uint32_t octets)
{
    out->packets_sent += packets;
    out->octets_sent += octets;
}

/**
 * A new owner that has only a copy of the record skips a block, so that no index is sealed twice.
 */
void jt_rtp_out_resume(struct jt_rtp_out *out);

/**
 * Which source packet went out with the 16-bit sequence `sequence`? 0, or -ENOENT: not sent by us
 * or too long ago.
 */
JT_MUST_CHECK int jt_rtp_out_find(const struct jt_rtp_out *out, uint16_t sequence,
                                  uint32_t *source_id, uint64_t *source, uint64_t *index);

/** A fresh index for a retransmission on the RTX stream (RFC 4588). */
uint64_t jt_rtp_out_take_rtx(struct jt_rtp_out *out);

/**
 * Write the RTP header (RFC 3550 §5.1) of `index`; `twcc_id` 0: no extension, else
 * transport-wide-cc sequence `twcc` (one-byte form). `playout_delay_id` 0: none, else playout-delay
 * 0/0. Returns its size (12 … 28).
 */
struct jt_rtp_header {
    uint8_t payload_type;
    bool marker, padding;
    uint16_t sequence;
    uint32_t timestamp, ssrc;
    uint8_t twcc_id, playout_delay_id;
    uint16_t twcc;
};
size_t jt_rtp_header_write(const struct jt_rtp_header *header, uint8_t out[28]);

/**
 * A sender report with SDES CNAME (RFC 3550 §6.4.1): `now_wall_us` and the RTP time of the same
 * instant on the show's time line (`now_pts`, in clock units, before the offset). Returns its size
 * or -EMSGSIZE.
 */
JT_MUST_CHECK int jt_rtp_out_report(const struct jt_rtp_out *out, int64_t now_wall_us,
                                    int64_t now_pts, const char *cname, uint8_t *buffer,
                                    size_t capacity);

#endif
