#include "media/h264.h"

#include <errno.h>

#include "base/writer.h"
#include "media/bits.h"
#include "media/h264_params.h"
#include "media/h264_sps.h"

static uint32_t read_length(struct jt_reader *r, unsigned length_bytes)
{
    switch (length_bytes) {
    case 1:
        return jt_read_u8(r);
    case 2:
        return jt_read_be16(r);
    default:
        return jt_read_be32(r);
    }
}

int jt_h264_next_avcc(struct jt_reader *r, unsigned length_bytes, struct jt_h264_nal *out)
{
    if (length_bytes != 1 && length_bytes != 2 && length_bytes != 4)
        return -EBADMSG;
    while (r->left > 0 && !r->failed) {
        uint32_t size = read_length(r, length_bytes);
        const uint8_t *data = jt_reader_take(r, size);

        if (r->failed)
            return -EBADMSG;
        if (size == 0)
            continue;
        *out = (struct jt_h264_nal){.data = data, .size = size};
        return 1;
    }
    return r->failed ? -EBADMSG : 0;
}

/* Bytes from data up to the next 00 00 01, or all of them. */
static size_t find_start_code(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i + 3 <= size; i++)
        if (data[i] == 0 && data[i + 1] == 0 && data[i + 2] == 1)
            return i;
    return size;
}

int jt_h264_next_annexb(struct jt_reader *r, struct jt_h264_nal *out)
{
    if (r->failed)
        return 0;
    for (;;) {
        const uint8_t *data;
        size_t size;

        (void)jt_reader_take(r, find_start_code(r->next, r->left));
        if (!jt_reader_take(r, 3)) {
            *r = (struct jt_reader){.next = r->next}; /* the end, no failure */
            return 0;
        }
        size = find_start_code(r->next, r->left);
        data = jt_reader_take(r, size);
        while (size > 0 &&
               data[size - 1] == 0) /* trailing_zero_8bits or the next one's zero_byte */
            size--;
        if (size == 0)
            continue;
        *out = (struct jt_h264_nal){.data = data, .size = size};
        return 1;
    }
}

bool jt_h264_au_is_key(const uint8_t *au, size_t size)
{
    struct jt_reader r = jt_reader_of(au, size);
    struct jt_h264_nal nal;

    while (jt_h264_next_avcc(&r, 4, &nal) == 1)
        if (jt_h264_nal_type(nal) == JT_H264_IDR)
            return true;
    return false;
}

/* §7.3.3, from frame_num to pic_order_cnt_lsb. */
static void read_poc(struct jt_bits *bits, const struct jt_h264_sps *sps,
                     struct jt_h264_slice *slice)
{
    if (sps->poc_type != 0)
        return;
    if (sps->has_separate_planes)
        jt_bits_skip(bits, 2); /* colour_plane_id */
    jt_bits_skip(bits, sps->log2_max_frame_num);
    if (sps->is_interlaced && jt_bits_flag(bits)) /* field_pic_flag */
        (void)jt_bits_flag(bits);                 /* bottom_field_flag */
    if (slice->is_idr)
        (void)jt_bits_ue(bits); /* idr_pic_id */
    slice->poc_lsb = jt_bits_read(bits, sps->log2_max_poc_lsb);
    slice->has_poc = !bits->failed;
}

int jt_h264_slice_parse(struct jt_h264_nal nal, const struct jt_h264_sps *sps,
                        struct jt_h264_slice *out)
{
    struct jt_h264_slice slice = {0};
    struct jt_bits bits;
    uint32_t type;

    if (nal.size < 2 || !jt_h264_nal_is_slice(nal) || nal.data[0] & 0x80)
        return -EBADMSG;
    slice.ref_idc = (uint8_t)jt_h264_nal_ref_idc(nal);
    slice.is_idr = jt_h264_nal_type(nal) == JT_H264_IDR;
    bits = jt_bits_of_rbsp(nal.data, nal.size);
    jt_bits_skip(&bits, 8);
    slice.first_mb = jt_bits_ue(&bits);
    type = jt_bits_ue_max(&bits, 9);
    slice.type = (enum jt_h264_slice_type)(type % 5);
    slice.pps_id = jt_bits_ue_max(&bits, JT_H264_PPS_IDS - 1);
    if (bits.failed)
        return -EBADMSG;
    if (sps)
        read_poc(&bits, sps, &slice);
    *out = slice;
    return 0;
}

static int note_slice(struct jt_h264_nal nal, const struct jt_h264_params *params,
                      struct jt_h264_au *au)
{
    const struct jt_h264_sps *sps = params && params->has_sps ? &params->sps : NULL;
    struct jt_h264_slice slice;
    int err = jt_h264_slice_parse(nal, sps, &slice);

    if (err)
        return err;
    if (au->slice_count == 0) {
        au->is_discardable = true;
        au->has_poc = slice.has_poc;
        au->poc_lsb = slice.poc_lsb;
    }
    au->slice_count++;
    au->is_key = au->is_key || slice.is_idr;
    au->is_discardable = au->is_discardable && slice.ref_idc == 0;
    au->has_b_slices = au->has_b_slices || slice.type == JT_H264_SLICE_B;
    return 0;
}

/*
 * What is kept is listed, not what is dropped: a unit of type 24 or more (RFC 6184's own) would be
 * misread as a packet structure further on, and the extensions of scalable and multiview coding
 * mean nothing to a viewer.
 */
static int note_nal(struct jt_h264_nal nal, struct jt_h264_params *params, struct jt_h264_au *au)
{
    unsigned type = jt_h264_nal_type(nal);
    int err;

    if (jt_h264_nal_is_slice(nal)) {
        err = note_slice(nal, params, au);
        return err ? err : 1;
    }
    if (type > JT_H264_PARTITION_A && type <= JT_H264_PARTITION_C)
        return 1;
    if (type == JT_H264_SEI)
        return params && params->drop_sei ? 0 : 1;
    if (type != JT_H264_SPS && type != JT_H264_PPS)
        return 0;
    if (!params)
        return 1;
    err = jt_h264_params_put(params, nal);
    if (err < 0)
        return -EBADMSG; /* too long or too large a picture, too: -EMSGSIZE is for `out` */
    au->params_changed = au->params_changed || err == 1;
    return 0;
}

static int normalize(struct jt_reader in, enum jt_h264_form form, struct jt_h264_params *params,
                     struct jt_writer *out, struct jt_h264_au *au)
{
    struct jt_h264_nal nal;
    unsigned seen = 0;
    int more;

    for (;;) {
        if (form == JT_H264_ANNEXB)
            more = jt_h264_next_annexb(&in, &nal);
        else
            more = jt_h264_next_avcc(&in, (unsigned)form, &nal);
        if (more != 1)
            break;
        if (++seen > JT_H264_AU_NALS_MAX || nal.data[0] & 0x80) /* forbidden_zero_bit */
            return -EBADMSG;
        more = note_nal(nal, params, au);
        if (more < 0)
            return more;
        if (more == 0)
            continue;
        jt_write_be32(out, (uint32_t)nal.size);
        jt_write_bytes(out, nal.data, nal.size);
        au->nal_count++;
    }
    if (more < 0)
        return more;
    if (au->slice_count == 0)
        return -ENODATA;
    return out->failed ? -EMSGSIZE : 0;
}

int jt_h264_au_normalize(struct jt_reader in, enum jt_h264_form form, struct jt_h264_params *params,
                         struct jt_writer *out, struct jt_h264_au *au)
{
    struct jt_writer before = *out;
    int err;

    *au = (struct jt_h264_au){0};
    if (in.left > JT_H264_AU_MAX_BYTES)
        return -EMSGSIZE;
    err = normalize(in, form, params, out, au);
    if (err)
        *out = before;
    return err;
}
