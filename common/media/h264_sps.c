#include "media/h264_sps.h"

#include <errno.h>

#include "media/bits.h"

enum {
    CONSTRAINT_SET3 = 0x10,
    MB_SIZE = 16,
    SIDE_MAX_MBS = JT_H264_DIMENSION_MAX / MB_SIZE,
    POC_CYCLE_MAX = 255, /* §7.4.2.1.1 num_ref_frames_in_pic_order_cnt_cycle */
    REF_FRAMES_MAX = 16, /* §A.3.1 MaxDpbFrames */
    CPB_COUNT_MAX = 32,  /* §E.2.2 cpb_cnt_minus1 is 0 to 31 */
    SAR_EXTENDED = 255,  /* table E-1 */
    FPS_MAX = 1000,      /* ours: more is nonsense */
};

/* Table E-1, sample aspect ratios by aspect_ratio_idc. */
static const uint8_t sar_table[][2] = {
    {0, 0},   {1, 1},   {12, 11}, {10, 11}, {16, 11},  {40, 33}, {24, 11}, {20, 11}, {32, 11},
    {80, 33}, {18, 11}, {15, 11}, {64, 33}, {160, 99}, {4, 3},   {3, 2},   {2, 1},
};

/* §7.3.2.1.1: the profiles whose SPS has chroma format, bit depth and scaling lists. */
static bool profile_is_high(uint8_t profile_idc)
{
    switch (profile_idc) {
    case 100:
    case 110:
    case 122:
    case 244:
    case 44:
    case 83:
    case 86:
    case 118:
    case 128:
    case 138:
    case 139:
    case 134:
    case 135:
        return true;
    default:
        return false;
    }
}

/* §7.3.2.1.1.1; the values do not interest us, their number depends on them. */
static void skip_scaling_list(struct jt_bits *bits, unsigned size)
{
    int last = 8, next = 8;

    for (unsigned i = 0; i < size && !bits->failed; i++) {
        if (next != 0) {
            int32_t delta = jt_bits_se(bits);

            if (delta < -128 || delta > 127)
                bits->failed = true;
            else
                next = (last + delta + 256) % 256;
        }
        last = next == 0 ? last : next;
    }
}

static void read_high_fields(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    unsigned lists;

    sps->chroma_format_idc = (uint8_t)jt_bits_ue_max(bits, 3);
    if (sps->chroma_format_idc == 3)
        sps->has_separate_planes = jt_bits_flag(bits);
    sps->bit_depth_luma = (uint8_t)(8 + jt_bits_ue_max(bits, 6));
    sps->bit_depth_chroma = (uint8_t)(8 + jt_bits_ue_max(bits, 6));
    (void)jt_bits_flag(bits); /* qpprime_y_zero_transform_bypass_flag */
    if (!jt_bits_flag(bits))  /* seq_scaling_matrix_present_flag */
        return;
    lists = sps->chroma_format_idc == 3 ? 12 : 8;
    for (unsigned i = 0; i < lists; i++)
        if (jt_bits_flag(bits))
            skip_scaling_list(bits, i < 6 ? 16 : 64);
}

static void read_poc_fields(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    uint32_t cycle;

    sps->poc_type = (uint8_t)jt_bits_ue_max(bits, 2);
    if (sps->poc_type == 0)
        sps->log2_max_poc_lsb = (uint8_t)(4 + jt_bits_ue_max(bits, 12));
    if (sps->poc_type != 1)
        return;
    (void)jt_bits_flag(bits); /* delta_pic_order_always_zero_flag */
    (void)jt_bits_se(bits);   /* offset_for_non_ref_pic */
    (void)jt_bits_se(bits);   /* offset_for_top_to_bottom_field */
    cycle = jt_bits_ue_max(bits, POC_CYCLE_MAX);
    for (uint32_t i = 0; i < cycle && !bits->failed; i++)
        (void)jt_bits_se(bits);
}

/*
 * §7.4.2.1.1, equations 7-18 to 7-21: what cropping takes off one direction, or -1 when nothing
 * would be left.
 */
static int crop(uint32_t side, uint32_t unit, uint32_t before, uint32_t after)
{
    uint64_t cut = ((uint64_t)before + after) * unit;

    return cut < side ? (int)(side - cut) : -1;
}

static int read_dimensions(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    uint32_t width_mbs = jt_bits_ue(bits);
    uint32_t height_units = jt_bits_ue(bits);
    uint32_t fields, unit_x = 1, unit_y = 1, crops[4] = {0};
    int width, height;

    sps->is_interlaced = !jt_bits_flag(bits); /* !frame_mbs_only_flag */
    fields = sps->is_interlaced ? 2 : 1;
    if (sps->is_interlaced)
        (void)jt_bits_flag(bits); /* mb_adaptive_frame_field_flag */
    (void)jt_bits_flag(bits);     /* direct_8x8_inference_flag */
    if (jt_bits_flag(bits))
        for (unsigned i = 0; i < 4; i++)
            crops[i] = jt_bits_ue(bits); /* left, right, top, bottom */
    if (bits->failed)
        return -EBADMSG;
    if (width_mbs >= SIDE_MAX_MBS || height_units >= SIDE_MAX_MBS / fields)
        return -ERANGE;
    if (!sps->has_separate_planes && sps->chroma_format_idc > 0) { /* table 6-1 */
        unit_x = sps->chroma_format_idc == 3 ? 1 : 2;
        unit_y = sps->chroma_format_idc == 1 ? 2 : 1;
    }
    width = crop((width_mbs + 1) * MB_SIZE, unit_x, crops[0], crops[1]);
    height = crop((height_units + 1) * fields * MB_SIZE, unit_y * fields, crops[2], crops[3]);
    if (width < 1 || height < 1)
        return -EBADMSG;
    sps->width = (uint16_t)width;
    sps->height = (uint16_t)height;
    return 0;
}

static void skip_hrd(struct jt_bits *bits) /* §E.1.2 */
{
    uint32_t count = 1 + jt_bits_ue_max(bits, CPB_COUNT_MAX - 1);

    jt_bits_skip(bits, 8); /* bit_rate_scale, cpb_size_scale */
    for (uint32_t i = 0; i < count && !bits->failed; i++) {
        (void)jt_bits_ue(bits);
        (void)jt_bits_ue(bits);
        (void)jt_bits_flag(bits);
    }
    jt_bits_skip(bits, 20); /* four lengths of 5 bits */
}

static void read_aspect_ratio(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    uint32_t idc = jt_bits_read(bits, 8);
    uint32_t width = 0, height = 0;

    if (idc == SAR_EXTENDED) {
        width = jt_bits_read(bits, 16);
        height = jt_bits_read(bits, 16);
    } else if (idc < JT_COUNT(sar_table)) {
        width = sar_table[idc][0];
        height = sar_table[idc][1];
    }
    if (bits->failed || width == 0 || height == 0)
        return;
    sps->sar_width = (uint16_t)width;
    sps->sar_height = (uint16_t)height;
}

static void read_timing(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    uint32_t units_in_tick = jt_bits_read(bits, 32);
    uint32_t time_scale = jt_bits_read(bits, 32);

    (void)jt_bits_flag(bits); /* fixed_frame_rate_flag */
    if (bits->failed || units_in_tick == 0 || units_in_tick > UINT32_MAX / 2)
        return;
    if (time_scale == 0 || time_scale / 2 / units_in_tick > FPS_MAX)
        return;
    sps->fps_num = time_scale; /* §E.2.1: a tick is a field, a frame is two */
    sps->fps_den = units_in_tick * 2;
}

static void read_restriction(struct jt_bits *bits, struct jt_h264_sps *sps)
{
    uint32_t reorder;

    (void)jt_bits_flag(bits); /* motion_vectors_over_pic_boundaries_flag */
    for (unsigned i = 0; i < 4; i++)
        (void)jt_bits_ue(bits); /* max_bytes_per_pic_denom … log2_max_mv_length_vertical */
    reorder = jt_bits_ue_max(bits, REF_FRAMES_MAX);
    (void)jt_bits_ue_max(bits, REF_FRAMES_MAX); /* max_dec_frame_buffering */
    if (bits->failed)
        return;
    sps->has_reorder_limit = true;
    sps->max_reorder_frames = (uint8_t)reorder;
}

static void read_vui(struct jt_bits *bits, struct jt_h264_sps *sps) /* §E.1.1 */
{
    bool has_hrd = false;

    if (jt_bits_flag(bits)) /* aspect_ratio_info_present_flag */
        read_aspect_ratio(bits, sps);
    if (jt_bits_flag(bits)) /* overscan_info_present_flag */
        (void)jt_bits_flag(bits);
    if (jt_bits_flag(bits)) { /* video_signal_type_present_flag */
        jt_bits_skip(bits, 4);
        if (jt_bits_flag(bits)) /* colour_description_present_flag */
            jt_bits_skip(bits, 24);
    }
    if (jt_bits_flag(bits)) { /* chroma_loc_info_present_flag */
        (void)jt_bits_ue(bits);
        (void)jt_bits_ue(bits);
    }
    if (jt_bits_flag(bits)) /* timing_info_present_flag */
        read_timing(bits, sps);
    for (unsigned i = 0; i < 2; i++) { /* nal_hrd, vcl_hrd */
        if (!jt_bits_flag(bits))
            continue;
        skip_hrd(bits);
        has_hrd = true;
    }
    if (has_hrd)
        (void)jt_bits_flag(bits); /* low_delay_hrd_flag */
    (void)jt_bits_flag(bits);     /* pic_struct_present_flag */
    if (jt_bits_flag(bits))       /* bitstream_restriction_flag */
        read_restriction(bits, sps);
}

/* §E.2.1: the intra profiles (constraint_set3_flag) need not say that nothing is reordered. */
static bool is_intra_profile(const struct jt_h264_sps *sps)
{
    switch (sps->profile_idc) {
    case 44:
    case 86:
    case 100:
    case 110:
    case 122:
    case 244:
        return sps->constraint_flags & CONSTRAINT_SET3;
    default:
        return false;
    }
}

static bool nal_is(struct jt_h264_nal nal, enum jt_h264_nal_type type)
{
    return nal.size > 1 && !(nal.data[0] & 0x80) && jt_h264_nal_type(nal) == type;
}

int jt_h264_sps_parse(struct jt_h264_nal nal, struct jt_h264_sps *out)
{
    struct jt_h264_sps sps = {.chroma_format_idc = 1, .bit_depth_luma = 8, .bit_depth_chroma = 8};
    struct jt_bits bits;
    int err;

    if (!nal_is(nal, JT_H264_SPS))
        return -EBADMSG;
    if (nal.size > JT_H264_PARAMETER_SET_MAX_BYTES)
        return -EMSGSIZE;
    bits = jt_bits_of_rbsp(nal.data, nal.size);
    jt_bits_skip(&bits, 8); /* the NAL header */
    sps.profile_idc = (uint8_t)jt_bits_read(&bits, 8);
    sps.constraint_flags = (uint8_t)jt_bits_read(&bits, 8);
    sps.level_idc = (uint8_t)jt_bits_read(&bits, 8);
    sps.id = (uint8_t)jt_bits_ue_max(&bits, JT_H264_SPS_IDS - 1);
    if (profile_is_high(sps.profile_idc))
        read_high_fields(&bits, &sps);
    sps.log2_max_frame_num = (uint8_t)(4 + jt_bits_ue_max(&bits, 12));
    read_poc_fields(&bits, &sps);
    sps.max_ref_frames = (uint8_t)jt_bits_ue_max(&bits, REF_FRAMES_MAX);
    (void)jt_bits_flag(&bits); /* gaps_in_frame_num_value_allowed_flag */
    err = read_dimensions(&bits, &sps);
    if (err)
        return err;
    sps.has_reorder_limit = is_intra_profile(&sps);
    if (jt_bits_flag(&bits)) /* vui_parameters_present_flag */
        read_vui(&bits, &sps);
    *out = sps;
    return 0;
}

int jt_h264_pps_parse(struct jt_h264_nal nal, uint8_t *pps_id, uint8_t *sps_id)
{
    struct jt_bits bits;
    uint32_t pps, sps;

    if (!nal_is(nal, JT_H264_PPS))
        return -EBADMSG;
    if (nal.size > JT_H264_PARAMETER_SET_MAX_BYTES)
        return -EMSGSIZE;
    bits = jt_bits_of_rbsp(nal.data, nal.size);
    jt_bits_skip(&bits, 8);
    pps = jt_bits_ue_max(&bits, JT_H264_PPS_IDS - 1);
    sps = jt_bits_ue_max(&bits, JT_H264_SPS_IDS - 1);
    if (bits.failed)
        return -EBADMSG;
    *pps_id = (uint8_t)pps;
    *sps_id = (uint8_t)sps;
    return 0;
}
