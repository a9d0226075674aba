#include "media/h264_order.h"

#include "media/h264.h"
#include "media/h264_sps.h"

enum {
    SETTLED_AFTER_FRAMES =
        60,                /* ours: 2 s; encoders choose B frames by content, but not that rarely */
    PROFILE_BASELINE = 66, /* §A.2.1: no B slices */
};

void jt_h264_order_init(struct jt_h264_order *order, const struct jt_h264_sps *sps)
{
    *order = (struct jt_h264_order){0};
    if (!sps)
        return;
    order->poc_bits = sps->poc_type == 0 ? sps->log2_max_poc_lsb : 0;
    /* §8.2.1.3: with type 2 the output order is the decoding order */
    order->is_impossible = sps->poc_type == 2 || sps->profile_idc == PROFILE_BASELINE;
    order->is_settled =
        order->is_impossible || (sps->has_reorder_limit && sps->max_reorder_frames == 0);
    order->is_expected =
        !order->is_impossible && sps->has_reorder_limit && sps->max_reorder_frames > 0;
}

/* §8.2.1.1: the low bits wrap; the shorter way round decides which is later. */
static bool poc_is_before(uint32_t poc, uint32_t other, uint8_t bits)
{
    uint32_t distance = (poc - other) & ((1U << bits) - 1);

    return distance >= 1U << (bits - 1);
}

static void follow_poc(struct jt_h264_order *order, const struct jt_h264_au *au)
{
    if (!au->has_poc || order->poc_bits == 0)
        return;
    if (!order->has_poc || !poc_is_before(au->poc_lsb, order->poc_highest, order->poc_bits))
        order->poc_highest = au->poc_lsb;
    else
        order->has_gone_back = true;
    order->has_poc = true;
}

static void follow_pts(struct jt_h264_order *order, int64_t pts)
{
    if (!order->has_pts || pts >= order->pts_highest)
        order->pts_highest = pts;
    else
        order->has_gone_back = true;
    order->has_pts = true;
}

bool jt_h264_order_feed(struct jt_h264_order *order, const struct jt_h264_au *au, int64_t pts)
{
    if (order->is_impossible || order->has_b_frames)
        return order->has_b_frames;
    if (au->is_key) {
        order->has_pts = order->has_poc = false; /* nothing is shown across an IDR picture */
        order->has_gone_back = false;
    }
    order->has_seen_b = order->has_seen_b || au->has_b_slices;
    follow_poc(order, au);
    follow_pts(order, pts);
    order->frames++;
    order->has_b_frames = order->has_seen_b && order->has_gone_back;
    if (order->has_b_frames || order->frames >= SETTLED_AFTER_FRAMES)
        order->is_settled = true;
    return order->has_b_frames;
}
