/**
 * AAC in RTP: RFC 3640 mpeg4-generic, mode AAC-hbr (sizelength 13, indexlength 3, indexdeltalength
 * 3), both ways. Pure.
 */
#ifndef JT_MEDIA_AAC_PACK_H
#define JT_MEDIA_AAC_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_packet_sink;
struct jt_payload;
struct jt_writer;

/**
 * Pack one raw_data_block: one AU a packet, or fragments of nearly one size when it is over
 * JT_PAYLOAD_MAX_BYTES - 4; the last has the marker (RFC 3640 §3.1).
 * Returns the number of payloads, -EBADMSG for an empty one or one over JT_AAC_FRAME_MAX_BYTES, or
 * the sink's error.
 */
JT_MUST_CHECK int jt_aac_pack(const uint8_t *au, size_t size, const struct jt_packet_sink *sink);

/**
 * The payloads of one frame back into one raw_data_block. `out` is appended to, left as it was on
 * failure.
 * Returns 0, -EBADMSG (several AUs in a packet, too), -EMSGSIZE when `out` is full.
 */
JT_MUST_CHECK int jt_aac_unpack(const struct jt_payload *payloads, size_t count,
                                struct jt_writer *out);

#endif
