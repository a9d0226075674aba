/**
 * RTCP in and out: RFC 3550 §6, generic NACK and PLI (RFC 4585), FIR (RFC 5104), REMB
 * (draft-alvestrand-rmcat-remb-03), extended reports (RFC 3611) and transport-wide feedback
 * (draft-holmer-rmcat-transport-wide-cc-extensions-01). After SRTCP was taken off. Any thread.
 *
 * In:  jt_rtcp_begin checks the whole compound, jt_rtcp_next gives one packet after the other, and
 * the readers below take what their type holds. A reader given a packet of another type returns
 * -EBADMSG or false. Out: each writer appends one packet; a compound is several of them in one
 * jt_writer.
 */
#ifndef JT_WIRE_RTCP_H
#define JT_WIRE_RTCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "wire/text.h"

struct jt_writer;

enum {
    JT_RTCP_SR = 200,
    JT_RTCP_RR = 201,
    JT_RTCP_SDES = 202,
    JT_RTCP_BYE = 203,
    JT_RTCP_APP = 204,
    JT_RTCP_RTPFB = 205, /* RFC 4585: transport layer feedback */
    JT_RTCP_PSFB = 206,  /* RFC 4585: payload-specific feedback */
    JT_RTCP_XR = 207,    /* RFC 3611 */
};

/** The `count` of a feedback packet (FMT). */
enum {
    JT_RTCP_RTPFB_NACK = 1,
    JT_RTCP_RTPFB_TWCC = 15,
    JT_RTCP_PSFB_PLI = 1,
    JT_RTCP_PSFB_FIR = 4,
    JT_RTCP_PSFB_AFB = 15, /* application layer feedback: REMB lives here */
};

enum {
    JT_RTCP_COMPOUND_MAX_BYTES = 1500, /* ours: one Ethernet frame */
    JT_RTCP_REPORT_BLOCKS_MAX = 31,    /* RFC 3550 §6.4.1: five bits */
    JT_RTCP_TWCC_STATUSES_MAX =
        8192, /* ours: 8 s at 1,000 packets/s; a run-length chunk says 8,191 */
    JT_RTCP_TWCC_ARRIVALS_MAX = 180, /* ours, writing: stays below 1,200 bytes in the worst case */
};

struct jt_rtcp_packet {
    uint8_t type;
    uint8_t count;       /* report or source count, or the feedback message type */
    uint16_t size_bytes; /* of the body: what follows the 4-byte header, padding removed */
    const uint8_t *body; /* borrowed from the compound */
};

struct jt_rtcp_walk {
    const uint8_t *next;
    size_t left;
};

/** RTP and RTCP share a port: is it RTCP by its second byte (RFC 5761 §4)? Says nothing about the
 * rest. */
static inline bool jt_rtcp_is(const void *datagram, size_t size)
{
    const uint8_t *bytes = datagram;

    return size >= 2 && (bytes[1] & 0x7f) >= 64 && (bytes[1] & 0x7f) < 96;
}

/**
 * Check the frame of a compound: each version, the lengths adding up to `size`, padding on the last
 * packet only. Reduced-size RTCP is fine (RFC 5506). Returns 0, -EBADMSG or -EMSGSIZE.
 */
JT_MUST_CHECK int jt_rtcp_begin(const void *compound, size_t size, struct jt_rtcp_walk *out);
bool jt_rtcp_next(struct jt_rtcp_walk *walk, struct jt_rtcp_packet *out);

struct jt_rtcp_sr {
    uint32_t ssrc;
    uint64_t ntp; /* seconds since 1900 and fraction, 32.32; any value can come */
    uint32_t rtp_timestamp;
    uint32_t packets;
    uint32_t octets;
};

struct jt_rtcp_report_block {
    uint32_t ssrc; /* the source reported on */
    uint8_t fraction_lost;
    int32_t packets_lost; /* 24 bits with sign */
    uint32_t highest_sequence;
    uint32_t jitter;   /* in RTP clock units */
    uint32_t last_sr;  /* middle 32 bits of the NTP time of the last SR, 0 for none */
    uint32_t delay_sr; /* since that SR, in 1/65536 s */
};

JT_MUST_CHECK int jt_rtcp_parse_sr(const struct jt_rtcp_packet *packet, struct jt_rtcp_sr *out);
/** The sender of an SR, RR, XR or feedback packet (its first word). */
JT_MUST_CHECK int jt_rtcp_parse_sender(const struct jt_rtcp_packet *packet, uint32_t *ssrc);
/** Block `index` of an SR or RR. Returns false past the last that is really there. */
bool jt_rtcp_report_block_at(const struct jt_rtcp_packet *packet, size_t index,
                             struct jt_rtcp_report_block *out);
/** The CNAME an SDES packet gives to `ssrc`; 0, -ENOENT, or -EBADMSG. */
JT_MUST_CHECK int jt_rtcp_sdes_cname(const struct jt_rtcp_packet *packet, uint32_t ssrc,
                                     struct jt_text *out);
/** Source `index` of a BYE. Returns false past the last. */
bool jt_rtcp_bye_at(const struct jt_rtcp_packet *packet, size_t index, uint32_t *ssrc);

/** Any RTPFB or PSFB packet (RFC 4585 §6.1). */
struct jt_rtcp_feedback {
    uint8_t type;
    uint8_t format; /* FMT */
    uint32_t sender_ssrc;
    uint32_t media_ssrc; /* 0 where the format does not use it (FIR, REMB) */
    uint16_t size_bytes; /* of the feedback control information */
    const uint8_t *fci;  /* borrowed */
};

JT_MUST_CHECK int jt_rtcp_parse_feedback(const struct jt_rtcp_packet *packet,
                                         struct jt_rtcp_feedback *out);
/**
 * Expand a generic NACK (RFC 4585 §6.2.1) to sequence numbers, in its own order; what does not fit
 * into `capacity` is left out. Returns how many, or -EBADMSG if it is no NACK or not whole words.
 */
JT_MUST_CHECK int jt_rtcp_nack_expand(const struct jt_rtcp_feedback *feedback, uint16_t *sequences,
                                      size_t capacity);
/** Does this packet ask for a key frame of `ssrc`: a PLI, or a FIR that names it (RFC 5104 §4.3.1)?
 */
bool jt_rtcp_asks_keyframe(const struct jt_rtcp_feedback *feedback, uint32_t ssrc);
/** Entry `index` of a FIR: whom it asks, and its command number (a repeated number is the same
 * request). */
bool jt_rtcp_fir_at(const struct jt_rtcp_feedback *feedback, size_t index, uint32_t *ssrc,
                    uint8_t *command);
/** REMB's estimate, clamped to UINT32_MAX (an exponent of 63 is legal on the wire). 0 or -EBADMSG.
 */
JT_MUST_CHECK int jt_rtcp_parse_remb(const struct jt_rtcp_feedback *feedback,
                                     uint32_t *bitrate_bps);

/** The receiver reference time of an XR (RFC 3611 §4.4); 0, -ENOENT or -EBADMSG. */
JT_MUST_CHECK int jt_rtcp_xr_rrtr(const struct jt_rtcp_packet *packet, uint64_t *ntp);

struct jt_rtcp_dlrr {
    uint32_t last_rr;  /* middle 32 bits of the RRTR time */
    uint32_t delay_rr; /* 1/65536 s */
};
/** What an XR's DLRR block says to `ssrc` (RFC 3611 §4.5); 0, -ENOENT or -EBADMSG. */
JT_MUST_CHECK int jt_rtcp_xr_dlrr(const struct jt_rtcp_packet *packet, uint32_t ssrc,
                                  struct jt_rtcp_dlrr *out);

struct jt_rtcp_twcc {
    uint16_t base_sequence;
    uint16_t status_count;
    int32_t reference_time_64ms; /* 24 bits with sign, in steps of 64 ms */
    uint8_t feedback_count;      /* of this packet, wraps */
};

/**
 * One packet's fate. delta_250us is the time since the packet received before it in this feedback
 * (the first: since the reference time), in steps of 250 us; 0 when not received.
 */
typedef void (*jt_rtcp_twcc_fn)(void *context, uint16_t sequence, bool is_received,
                                int32_t delta_250us);

/**
 * Read a transport-wide feedback. It is checked to its end before `fn` hears of anything: missing
 * chunks or deltas, the reserved symbol and more than JT_RTCP_TWCC_STATUSES_MAX statuses are
 * -EBADMSG.
 */
JT_MUST_CHECK int jt_rtcp_parse_twcc(const struct jt_rtcp_feedback *feedback,
                                     struct jt_rtcp_twcc *out, jt_rtcp_twcc_fn fn, void *context);

/** An SR with up to 31 blocks (more fail the writer). */
void jt_rtcp_write_sr(struct jt_writer *w, const struct jt_rtcp_sr *sr,
                      const struct jt_rtcp_report_block *blocks, size_t count);
void jt_rtcp_write_rr(struct jt_writer *w, uint32_t ssrc, const struct jt_rtcp_report_block *blocks,
                      size_t count);
/** One chunk with the CNAME (at most 255 bytes). Follows SR or RR in a compound. */
void jt_rtcp_write_sdes(struct jt_writer *w, uint32_t ssrc, struct jt_text cname);
void jt_rtcp_write_bye(struct jt_writer *w, uint32_t ssrc);
/** `sequences` in rising order (mod 2^16) pack best: one word holds 17 numbers. */
void jt_rtcp_write_nack(struct jt_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc,
                        const uint16_t *sequences, size_t count);
void jt_rtcp_write_pli(struct jt_writer *w, uint32_t sender_ssrc, uint32_t media_ssrc);

struct jt_rtcp_arrival {
    uint16_t sequence;
    int64_t time_us; /* any clock that does not jump */
};

struct jt_rtcp_twcc_report {
    uint32_t sender_ssrc;
    uint32_t media_ssrc;
    uint16_t base_sequence; /* the first not reported yet: the last report's highest + 1 */
    uint8_t feedback_count; /* the caller's, one up per packet */
    const struct jt_rtcp_arrival *arrivals; /* rising sequence, none before base_sequence */
    size_t arrival_count;
};

/**
 * Append one transport-wide feedback. Takes arrivals from the front while they fit into one packet;
 * the caller calls again with the rest, base_sequence = last taken + 1. A base more than
 * JT_RTCP_TWCC_STATUSES_MAX behind the first arrival is moved up to it.
 *
 * Returns arrivals taken (at least 1 of 1 or more), or -ENOBUFS when the writer is full.
 */
JT_MUST_CHECK int jt_rtcp_write_twcc(struct jt_writer *w, const struct jt_rtcp_twcc_report *report);

#endif
