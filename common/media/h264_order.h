/**
 * Does a stream have B frames, i.e. are pictures shown in another order than they are decoded?
 * Browsers' WebRTC can't show such streams, so ingest must know. The proof takes both: B slices,
 * and an order that goes back, be it in the presentation times (composition time) or in the picture
 * order counts. A constant composition offset without B slices is no evidence (encoders put an edit
 * delay there), nor are B slices that only look back.
 */
#ifndef JT_MEDIA_H264_ORDER_H
#define JT_MEDIA_H264_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct jt_h264_au;
struct jt_h264_sps;

/** Filled by init. The three answers are read directly; the rest is private. */
struct jt_h264_order {
    bool has_b_frames; /* proven; stays until the next init */
    bool is_settled;   /* proven, ruled out by the SPS, or enough frames seen without proof */
    bool is_expected;  /* the SPS announces reordering: a hint before the proof */
    /* private */
    bool is_impossible, has_seen_b, has_gone_back, has_pts, has_poc;
    uint8_t poc_bits;
    uint32_t poc_highest;
    uint32_t frames;
    int64_t pts_highest;
};

/** Start anew with a (new) SPS; NULL when unknown. */
void jt_h264_order_init(struct jt_h264_order *order, const struct jt_h264_sps *sps);

/**
 * Take one access unit, in decoding order; pts in any unit that does not wrap.
 * Returns has_b_frames.
 */
bool jt_h264_order_feed(struct jt_h264_order *order, const struct jt_h264_au *au, int64_t pts);

#endif
