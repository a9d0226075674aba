/**
 * Opus packets (RFC 6716 §3) and their RTP payload (RFC 7587 §4.2), which is the packet itself.
 * Pure; any thread.
 */
#ifndef JT_MEDIA_OPUS_H
#define JT_MEDIA_OPUS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_packet_sink;
struct jt_payload;
struct jt_track_info;
struct jt_writer;

enum {
    JT_OPUS_FRAME_MAX_BYTES = 1275,    /* RFC 6716 §3.4 [R2] */
    JT_OPUS_PACKET_MAX_SAMPLES = 5760, /* 120 ms at 48 kHz, [R5] */
};

struct jt_opus_packet {
    uint16_t samples;    /* all frames together, at 48 kHz */
    uint8_t frame_count; /* 0–48 */
    uint8_t channels;    /* 1 or 2, as coded in this packet */
};

/** Check a whole packet against RFC 6716 §3.4 [R1]–[R7]. Returns 0 or -EBADMSG. */
JT_MUST_CHECK int jt_opus_parse(const uint8_t *data, size_t size, struct jt_opus_packet *out);

/** The track info of an Opus track of 1 or 2 channels (layer "main", no config). */
void jt_opus_track(unsigned channels, struct jt_track_info *out);

/**
 * One packet, one payload, no marker.
 * Returns 1, -EBADMSG, -EMSGSIZE over JT_PAYLOAD_MAX_BYTES, or the sink's error.
 */
JT_MUST_CHECK int jt_opus_pack(const uint8_t *data, size_t size, const struct jt_packet_sink *sink);

/**
 * Exactly one payload back to a packet (padding stripped, checked).
 * Returns 0, -EBADMSG, -EMSGSIZE when `out` is full.
 */
JT_MUST_CHECK int jt_opus_unpack(const struct jt_payload *payloads, size_t count,
                                 struct jt_writer *out);

#endif
