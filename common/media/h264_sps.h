/**
 * The sequence parameter set (H.264 §7.3.2.1.1, Annex E): what a server must know of it. Pure; any
 * thread.
 */
#ifndef JT_MEDIA_H264_SPS_H
#define JT_MEDIA_H264_SPS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "media/h264.h"

enum {
    JT_H264_SPS_IDS = 32,  /* H.264 §7.4.2.1.1 */
    JT_H264_PPS_IDS = 256, /* H.264 §7.4.2.2 */
    JT_H264_DIMENSION_MAX =
        8192, /* ours: level 6.2's longest side is 16,864, nobody sells in 16K */
    JT_H264_PARAMETER_SET_MAX_BYTES =
        512, /* ours: an SPS with VUI and scaling lists takes some 200 */
};

struct jt_h264_sps {
    uint8_t id; /* 0–31 */
    uint8_t profile_idc, constraint_flags, level_idc;
    uint8_t chroma_format_idc;                /* 0–3, 1 when not coded */
    uint8_t bit_depth_luma, bit_depth_chroma; /* 8–14 */
    uint8_t log2_max_frame_num;               /* 4–16 */
    uint8_t poc_type;                         /* 0–2; 2: output order is decoding order */
    uint8_t log2_max_poc_lsb;                 /* 4–16, poc_type 0 only */
    uint8_t max_ref_frames;
    bool has_separate_planes, is_interlaced;
    bool has_reorder_limit;     /* bitstream_restriction was coded, or an intra profile implies 0 */
    uint8_t max_reorder_frames; /* max_num_reorder_frames, 0–16 */
    uint16_t width, height;     /* luma samples after cropping, 1 … JT_H264_DIMENSION_MAX */
    uint16_t sar_width, sar_height; /* sample aspect ratio, 0:0 unspecified */
    uint32_t fps_num, fps_den;      /* frame rate from VUI timing, 0/0 when not coded */
};

/**
 * Parse an SPS (NAL header byte included, emulation prevention still in). Every count and dimension
 * is refused before it is used (threat R11). A VUI that is cut or nonsense is ignored from where it
 * breaks; all before it counts.
 * Returns 0, -EBADMSG (not an SPS, cut, overflow), -ERANGE (dimensions past the limit), -EMSGSIZE
 * (too long).
 */
JT_MUST_CHECK int jt_h264_sps_parse(struct jt_h264_nal nal, struct jt_h264_sps *out);

/** The ids of a PPS: its own and its SPS's. Returns 0 or -EBADMSG, -EMSGSIZE. */
JT_MUST_CHECK int jt_h264_pps_parse(struct jt_h264_nal nal, uint8_t *pps_id, uint8_t *sps_id);

#endif
