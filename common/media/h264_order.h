/**
 * Does a stream have B frames, i.e. must pictures be shown in another order than they are decoded?
 * Browsers' WebRTC can't show such streams, so ingest must know. Evidence: picture order counts
 * that go back; or B slices together with a composition time that varies. A constant composition
 * offset without B slices is no evidence (encoders put an edit delay there).
 */
#ifndef JT_MEDIA_H264_ORDER_H
#define JT_MEDIA_H264_ORDER_H

#include <stdbool.h>
#include <stdint.h>

struct jt_h264_au;
struct jt_h264_sps;

/** Zeroed, then init. The two answers are read directly; the rest is private. */
struct jt_h264_order {
    bool has_b_frames; /* sticky: proven */
    bool is_settled;   /* has_b_frames will most likely not change: proven, ruled out, or enough
                          frames seen */
    bool is_expected;  /* the SPS allows for reordering (hint only, before the proof) */
    /* private */
    bool is_impossible, has_seen_b, has_offset, has_varied, has_pts, has_poc;
    uint8_t poc_bits;
    uint32_t poc_highest;
    uint32_t frames;
    int64_t offset, pts_highest;
};

/** Start anew with a (new) SPS; NULL when unknown. */
void jt_h264_order_init(struct jt_h264_order *order, const struct jt_h264_sps *sps);

/**
 * Take one access unit in decoding order. dts and pts in any unit, the same for both (pts == dts
 * where the input has no dts, as with RTP: give arrival order's pts as both). Returns has_b_frames.
 */
bool jt_h264_order_feed(struct jt_h264_order *order, const struct jt_h264_au *au, int64_t dts,
                        int64_t pts);

#endif
