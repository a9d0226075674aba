#include "media/h264_params.h"

#include <errno.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum { ENTRY_HEAD_BYTES = 2 };

/* Where a set belongs: SPSs before PPSs, each by ascending id (ISO/IEC 14496-15 §5.3.3.1.2). */
static int rank_of(struct jt_h264_nal nal, struct jt_h264_sps *sps)
{
    uint8_t pps_id, sps_id;
    int err;

    if (nal.size > 0 && jt_h264_nal_type(nal) == JT_H264_SPS) {
        err = jt_h264_sps_parse(nal, sps);
        return err ? err : sps->id;
    }
    err = jt_h264_pps_parse(nal, &pps_id, &sps_id);
    return err ? err : JT_H264_SPS_IDS + pps_id;
}

int jt_h264_params_next(const struct jt_h264_params *params, size_t *cursor,
                        struct jt_h264_nal *out)
{
    struct jt_reader r = jt_reader_of(params->bytes, params->size);
    uint16_t size;
    const uint8_t *data;

    (void)jt_reader_take(&r, *cursor);
    size = jt_read_be16(&r);
    data = jt_reader_take(&r, size);
    if (r.failed)
        return 0;
    *cursor = params->size - r.left;
    *out = (struct jt_h264_nal){.data = data, .size = size};
    return 1;
}

/* Replace `old` bytes at `at` by one entry. False when it does not fit. */
static bool splice(struct jt_h264_params *params, size_t at, size_t old, struct jt_h264_nal nal)
{
    size_t size = ENTRY_HEAD_BYTES + nal.size;
    size_t tail = params->size - at - old;
    struct jt_writer w;

    if (params->size - old + size > sizeof(params->bytes))
        return false;
    memmove(params->bytes + at + size, params->bytes + at + old, tail);
    w = jt_writer_of(params->bytes + at, size);
    jt_write_be16(&w, (uint16_t)nal.size);
    jt_write_bytes(&w, nal.data, nal.size);
    params->size = (uint16_t)(at + size + tail);
    return true;
}

/*
 * Find the entry with this rank, or the place for it. Returns its size with the head, 0 when there
 * is none.
 */
static size_t find(const struct jt_h264_params *params, int rank, size_t *at,
                   struct jt_h264_nal *found)
{
    struct jt_h264_sps ignored;
    struct jt_h264_nal nal;
    size_t cursor = 0;

    *at = 0;
    while (jt_h264_params_next(params, &cursor, &nal) == 1) {
        int other = rank_of(nal, &ignored);

        if (other > rank)
            break;
        if (other == rank) {
            *found = nal;
            return cursor - *at;
        }
        *at = cursor;
    }
    return 0;
}

int jt_h264_params_put(struct jt_h264_params *params, struct jt_h264_nal nal)
{
    struct jt_h264_sps sps;
    struct jt_h264_nal held;
    size_t at, old;
    int rank = rank_of(nal, &sps);

    if (rank < 0)
        return rank;
    old = find(params, rank, &at, &held);
    if (old > 0 && held.size == nal.size && memcmp(held.data, nal.data, nal.size) == 0)
        return 0;
    if (!splice(params, at, old, nal)) {
        params->size = 0;
        params->has_sps = params->has_pps = false;
        if (!splice(params, 0, 0, nal))
            return -EMSGSIZE;
    }
    if (rank < JT_H264_SPS_IDS) {
        params->has_sps = true;
        params->sps = sps;
    } else {
        params->has_pps = true;
    }
    return 1;
}

bool jt_h264_params_is_complete(const struct jt_h264_params *params)
{
    return params->has_sps && params->has_pps;
}

static int put_list(struct jt_reader *r, unsigned count, enum jt_h264_nal_type type,
                    struct jt_h264_params *params)
{
    for (unsigned i = 0; i < count; i++) {
        uint16_t size = jt_read_be16(r);
        struct jt_h264_nal nal = {.data = jt_reader_take(r, size), .size = size};
        size_t before = params->size;
        int err;

        if (r->failed || size == 0 || jt_h264_nal_type(nal) != type)
            return -EBADMSG;
        err = jt_h264_params_put(params, nal);
        if (err < 0)
            return err;
        if (err == 1 && params->size < before) /* all were dropped for want of space */
            return -EMSGSIZE;
    }
    return 0;
}

/* The first SPS counts, not the last one put: the record's profile fields speak of it. */
static int take_first_sps(struct jt_h264_params *params)
{
    struct jt_h264_nal nal;
    size_t cursor = 0;

    if (jt_h264_params_next(params, &cursor, &nal) != 1)
        return -EBADMSG;
    return jt_h264_sps_parse(nal, &params->sps);
}

int jt_h264_params_from_record(const uint8_t *record, size_t size, struct jt_h264_params *out)
{
    struct jt_reader r = jt_reader_of(record, size);
    struct jt_h264_params params = {.drop_sei = out->drop_sei};
    uint8_t version = jt_read_u8(&r);
    unsigned count;
    int err;

    jt_reader_take(&r, 3); /* profile, compatibility, level: the SPS says it itself */
    params.length_bytes = (uint8_t)((jt_read_u8(&r) & 3) + 1);
    count = jt_read_u8(&r) & 0x1f;
    if (r.failed || version != 1 || params.length_bytes == 3 || count == 0)
        return -EBADMSG;
    err = put_list(&r, count, JT_H264_SPS, &params);
    if (err)
        return err;
    count = jt_read_u8(&r);
    if (r.failed || count == 0)
        return -EBADMSG;
    err = put_list(&r, count, JT_H264_PPS, &params);
    if (err)
        return err;
    err = take_first_sps(
        &params); /* what follows (chroma format, SPS extensions) is in the SPS, too */
    if (err)
        return err;
    *out = params;
    return 0;
}

static unsigned count_of(const struct jt_h264_params *params, enum jt_h264_nal_type type)
{
    struct jt_h264_nal nal;
    size_t cursor = 0;
    unsigned count = 0;

    while (jt_h264_params_next(params, &cursor, &nal) == 1)
        count += jt_h264_nal_type(nal) == type;
    return count;
}

static void write_list(struct jt_writer *w, const struct jt_h264_params *params,
                       enum jt_h264_nal_type type)
{
    struct jt_h264_nal nal;
    size_t cursor = 0;

    while (jt_h264_params_next(params, &cursor, &nal) == 1) {
        if (jt_h264_nal_type(nal) != type)
            continue;
        jt_write_be16(w, (uint16_t)nal.size);
        jt_write_bytes(w, nal.data, nal.size);
    }
}

/* ISO/IEC 14496-15 §5.3.3.1.2: Baseline, Main and Extended have no such tail. */
static bool has_high_tail(uint8_t profile_idc)
{
    return profile_idc != 66 && profile_idc != 77 && profile_idc != 88;
}

int jt_h264_params_to_record(const struct jt_h264_params *params, struct jt_writer *out)
{
    const struct jt_h264_sps *sps = &params->sps;
    struct jt_writer before = *out;
    unsigned sps_count = count_of(params, JT_H264_SPS);
    unsigned pps_count = count_of(params, JT_H264_PPS);

    if (!jt_h264_params_is_complete(params))
        return -ENODATA;
    if (sps_count > 31 || pps_count > 255) /* the fields' widths */
        return -EMSGSIZE;
    jt_write_u8(out, 1);
    jt_write_u8(out, sps->profile_idc);
    jt_write_u8(out, sps->constraint_flags);
    jt_write_u8(out, sps->level_idc);
    jt_write_u8(out, 0xfc | 3); /* lengths of 4 bytes */
    jt_write_u8(out, (uint8_t)(0xe0 | sps_count));
    write_list(out, params, JT_H264_SPS);
    jt_write_u8(out, (uint8_t)pps_count);
    write_list(out, params, JT_H264_PPS);
    if (has_high_tail(sps->profile_idc)) {
        jt_write_u8(out, (uint8_t)(0xfc | sps->chroma_format_idc));
        jt_write_u8(out, (uint8_t)(0xf8 | (sps->bit_depth_luma - 8)));
        jt_write_u8(out, (uint8_t)(0xf8 | (sps->bit_depth_chroma - 8)));
        jt_write_u8(out, 0); /* no SPS extensions */
    }
    if (out->failed) {
        *out = before;
        return -EMSGSIZE;
    }
    return 0;
}

int jt_h264_params_to_track(const struct jt_h264_params *params, struct jt_track_info *out)
{
    struct jt_track_info info = {
        .codec = JT_CODEC_H264,
        .clock_hz = JT_VIDEO_CLOCK_HZ,
        .width = params->sps.width,
        .height = params->sps.height,
        .profile_level_id = {params->sps.profile_idc, params->sps.constraint_flags,
                             params->sps.level_idc},
        .layer = "main",
    };
    struct jt_writer w = jt_writer_of(info.config, sizeof(info.config));
    int err = jt_h264_params_to_record(params, &w);

    if (err)
        return err;
    info.config_bytes = (uint16_t)w.size;
    *out = info;
    return 0;
}
