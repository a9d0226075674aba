/** RTP packets (RFC 3550 §5.1) and their header extensions (RFC 8285), after SRTP was taken off.
 * Any thread. */
#ifndef JT_WIRE_RTP_H
#define JT_WIRE_RTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_writer;

enum {
    JT_RTP_HEADER_BYTES = 12,                /* RFC 3550 §5.1, without CSRC and extension */
    JT_RTP_PACKET_MAX_BYTES = 1500,          /* ours: an Ethernet frame; nobody sends RTP in more */
    JT_RTP_EXTENSION_ID_MAX = 14,            /* RFC 8285 §4.2, one-byte form; 15 is reserved */
    JT_RTP_EXTENSION_PROFILE_ONE = 0xbede,   /* RFC 8285 §4.2 */
    JT_RTP_EXTENSION_PROFILE_TWO = 0x1000,   /* RFC 8285 §4.3; the low 4 bits are "appbits" */
    JT_RTP_PLAYOUT_DELAY_BYTES = 3,          /* the extension playout-delay of libwebrtc */
    JT_RTP_PLAYOUT_DELAY_MAX_MS = 4095 * 10, /* 12 bits of 10 ms */
};

struct jt_rtp {
    bool has_marker;
    uint8_t payload_type; /* 0..127 */
    uint16_t sequence;
    uint32_t timestamp; /* in the clock of the payload type */
    uint32_t ssrc;
    uint8_t csrc_count;
    uint8_t padding_bytes; /* at the packet's end, not part of the payload; 0 for none */
    uint16_t header_bytes; /* fixed part, CSRC and extension together */
    uint16_t extension_profile;
    uint16_t extension_bytes;
    uint16_t payload_bytes;    /* may be 0: probes of padding only are legal */
    const uint8_t *extensions; /* the three pointers are borrowed from the packet */
    const uint8_t *csrcs;
    const uint8_t *payload;
};

struct jt_rtp_extension {
    uint8_t id;
    uint8_t size_bytes;  /* 1..16 in the one-byte form, 0..255 in the two-byte form */
    const uint8_t *data; /* borrowed from the packet */
};

/** Where a walk over the extensions stands. */
struct jt_rtp_extension_walk {
    const uint8_t *next;
    size_t left;
    bool has_two_byte_form;
};

/**
 * Parse and validate a whole packet: version, CSRC, every header extension element and the padding
 * are held against its end before anything is believed. Other extension profiles than RFC 8285's
 * are skipped.
 *
 * Returns 0, -EBADMSG, or -EMSGSIZE above JT_RTP_PACKET_MAX_BYTES.
 */
JT_MUST_CHECK int jt_rtp_parse(const void *packet, size_t size, struct jt_rtp *out);

/** Walk the header extensions of a parsed packet: begin, then next until it returns false. */
struct jt_rtp_extension_walk jt_rtp_extension_begin(const struct jt_rtp *rtp);
bool jt_rtp_extension_next(struct jt_rtp_extension_walk *walk, struct jt_rtp_extension *out);

/** The first extension with that id. Returns false, and leaves `out` alone, when there is none. */
bool jt_rtp_extension_find(const struct jt_rtp *rtp, uint8_t id, struct jt_rtp_extension *out);

/**
 * Append a header with one-byte extensions (none: no extension block). Of `rtp` only marker,
 * payload type, sequence, timestamp and ssrc are used, and padding_bytes sets the P bit: payload
 * and padding are the caller's to append. An extension with an id or size outside the one-byte form
 * fails the writer.
 */
void jt_rtp_write_header(struct jt_writer *w, const struct jt_rtp *rtp,
                         const struct jt_rtp_extension *extensions, size_t count);

/** The payload of the playout-delay extension: two 12-bit values in steps of 10 ms, larger ones
 * clamped. */
void jt_rtp_playout_delay_pack(uint32_t min_ms, uint32_t max_ms,
                               uint8_t out[JT_RTP_PLAYOUT_DELAY_BYTES]);

#endif
