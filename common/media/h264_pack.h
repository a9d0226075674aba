/**
 * H.264 in RTP (RFC 6184, packetization-mode 1), both ways: an access unit to payloads for the ring
 * and back. Pure; any thread.
 */
#ifndef JT_MEDIA_H264_PACK_H
#define JT_MEDIA_H264_PACK_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_h264_params;
struct jt_packet_sink;
struct jt_payload;
struct jt_writer;

enum {
    JT_H264_STAP_NALS_MAX = 10,     /* libwebrtc looks at no more in one packet */
    JT_RTP_PADDING_MAX_BYTES = 255, /* RFC 3550 §5.1: the count is one byte */
};

/**
 * Pack one access unit (AVCC, 4-byte lengths).
 *
 * params  sent in front (STAP-A) when not NULL: give them with every key frame, and when they
 *         changed
 * sink    gets the payloads in order; the last has JT_PACKET_MARKER
 *
 * Sizes: a NAL unit over JT_PAYLOAD_MAX_BYTES becomes two or more FU-A of one size; small
 * neighbours share a STAP-A. Sizes less than 255 bytes apart are evened out by RTP padding
 * (JT_PACKET_PADDING), so that a frame has one to three sizes, five at worst, and an ordinary frame
 * is one run: GSO takes it in one send (a key frame: the STAP-A, then the run).
 *
 * Returns the number of payloads; -EBADMSG for a broken access unit or an empty one (nothing
 * reached the sink); -EMSGSIZE when it takes more than JT_FRAME_PACKETS_MAX (nothing reached the
 * sink); or the sink's error.
 */
JT_MUST_CHECK int jt_h264_pack(const uint8_t *au, size_t size, const struct jt_h264_params *params,
                               const struct jt_packet_sink *sink);

/**
 * The payloads of one frame, all of them and in order, back into an access unit (AVCC, 4-byte
 * lengths), from any sender of packetization-mode 0 or 1: single NAL units, STAP-A, FU-A; parameter
 * sets stay in it (jt_h264_au_normalize takes them out). JT_PACKET_PADDING is honoured; payloads of
 * nothing or nothing but padding (probes) are skipped.
 *
 * out  appended to; left as it was on failure, so no byte of a bad frame gets into the next one
 *      (threat S5)
 *
 * Returns 0; -EBADMSG when anything is wrong with it: drop the frame; -EMSGSIZE when `out` is full
 * (it needs at most the sum of sizes and 4 bytes per NAL unit; 5 times the sum of sizes always
 * does).
 */
JT_MUST_CHECK int jt_h264_unpack(const struct jt_payload *payloads, size_t count,
                                 struct jt_writer *out);

#endif
