/**
 * H.264 NAL units and access units (ITU-T H.264, ISO/IEC 14496-15): finding them, telling what they
 * are, bringing a publisher's access unit into our own form. Parameter sets are in media/h264_sps.h
 * and media/h264_params.h, picture order in media/h264_order.h, RTP in media/h264_pack.h.
 * Everything is pure; any thread.
 */
#ifndef JT_MEDIA_H264_H
#define JT_MEDIA_H264_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/reader.h"

struct jt_writer;
struct jt_h264_params;

enum jt_h264_nal_type { /* H.264 table 7-1; 24 and up: RFC 6184 table 1 */
                        JT_H264_SLICE = 1,
                        JT_H264_PARTITION_A = 2,
                        JT_H264_PARTITION_C = 4,
                        JT_H264_IDR = 5,
                        JT_H264_SEI = 6,
                        JT_H264_SPS = 7,
                        JT_H264_PPS = 8,
                        JT_H264_AUD = 9,
                        JT_H264_END_OF_SEQUENCE = 10,
                        JT_H264_END_OF_STREAM = 11,
                        JT_H264_FILLER = 12,
                        JT_H264_STAP_A = 24,
                        JT_H264_FU_A = 28,
};

enum jt_h264_slice_type { /* H.264 table 7-6, modulo 5 */
                          JT_H264_SLICE_P,
                          JT_H264_SLICE_B,
                          JT_H264_SLICE_I,
                          JT_H264_SLICE_SP,
                          JT_H264_SLICE_SI,
};

enum {
    JT_H264_AU_MAX_BYTES = 4 * 1024 * 1024, /* ours: the RTMP video message limit */
    JT_H264_AU_NALS_MAX = 1024,             /* ours: level 5.2 has few reasons for more slices */
};

/** One NAL unit with its header byte, borrowed; never empty when a function of ours gave it. */
struct jt_h264_nal {
    const uint8_t *data;
    size_t size;
};

static inline unsigned jt_h264_nal_type(struct jt_h264_nal nal)
{
    return nal.data[0] & 0x1f;
}

static inline unsigned jt_h264_nal_ref_idc(struct jt_h264_nal nal)
{
    return nal.data[0] >> 5 & 3;
}

/** A coded slice or the first partition of one. */
static inline bool jt_h264_nal_is_slice(struct jt_h264_nal nal)
{
    unsigned type = jt_h264_nal_type(nal);

    return type == JT_H264_SLICE || type == JT_H264_IDR || type == JT_H264_PARTITION_A;
}

/**
 * The next NAL unit of an AVCC sequence (ISO/IEC 14496-15 §5.3.3: big-endian length of
 * `length_bytes` = 1, 2 or 4). Empty units (length 0) are passed over.
 * Returns 1 with `out` set, 0 at the end, -EBADMSG when a length goes past the end or length_bytes
 * is none of the three.
 */
JT_MUST_CHECK int jt_h264_next_avcc(struct jt_reader *r, unsigned length_bytes,
                                    struct jt_h264_nal *out);

/**
 * The next NAL unit of an Annex B byte stream: start codes of 3 or more bytes, trailing zeros
 * stripped; bytes before the first start code are skipped.
 * Returns 1 with `out` set, 0 at the end.
 */
JT_MUST_CHECK int jt_h264_next_annexb(struct jt_reader *r, struct jt_h264_nal *out);

/**
 * Is this AU (AVCC, 4-byte lengths) a key frame: an IDR slice (type 5) anywhere in it? Parameter
 * sets don't count.
 */
bool jt_h264_au_is_key(const uint8_t *au, size_t size);

/** The first fields of a slice header (H.264 §7.3.3). */
struct jt_h264_slice {
    uint32_t first_mb;
    enum jt_h264_slice_type type;
    uint32_t pps_id;
    uint8_t ref_idc;
    bool is_idr;
    bool has_poc;     /* poc_lsb was read: needs an SPS with pic_order_cnt_type 0 */
    uint32_t poc_lsb; /* pic_order_cnt_lsb */
};

struct jt_h264_sps;

/**
 * Parse the start of a slice. `sps` may be NULL: then the fields up to pps_id are read, else
 * pic_order_cnt_lsb too where the stream has it.
 * Returns 0, -EBADMSG for a slice that is no slice, is cut, or has a slice_type over 9 or a pps_id
 * over 255.
 */
JT_MUST_CHECK int jt_h264_slice_parse(struct jt_h264_nal nal, const struct jt_h264_sps *sps,
                                      struct jt_h264_slice *out);

/** What jt_h264_au_normalize found. */
struct jt_h264_au {
    uint32_t nal_count; /* NAL units written */
    uint32_t slice_count;
    bool is_key;         /* an IDR slice is in it */
    bool is_discardable; /* nal_ref_idc is 0 in all slices: nothing refers to it */
    bool has_b_slices;
    bool params_changed; /* a parameter set in it was new to `params`: build the track info anew */
    bool has_poc;
    uint32_t poc_lsb; /* of the first slice, when has_poc */
};

enum jt_h264_form {
    JT_H264_ANNEXB = 0,
    JT_H264_AVCC1 = 1,
    JT_H264_AVCC2 = 2,
    JT_H264_AVCC4 = 4,
};

/**
 * Bring one access unit into our form: AVCC with 4-byte lengths; access unit delimiters, filler and
 * end markers are dropped; SPS and PPS are taken out and put into `params` (they belong to the
 * track info; the packer sends them with each key frame). Everything else, SEI included unless
 * `params->drop_sei`, is kept in order.
 *
 * form    of the input: the NAL length size of the publisher's record, or Annex B
 * params  the stream's parameter sets; updated. May be NULL: then they stay in the access unit
 * out     appended to; left as it was on failure
 *
 * Returns 0; -ENODATA when there is no slice in it (nothing to show; params may have changed all
 * the same: see au->params_changed); -EBADMSG for a broken unit, slice or parameter set, or more
 * than JT_H264_AU_NALS_MAX units; -EMSGSIZE when `out` is full. The room needed is at most the
 * input's size for 4-byte lengths, 3 times that + 4 for others.
 */
JT_MUST_CHECK int jt_h264_au_normalize(struct jt_reader in, enum jt_h264_form form,
                                       struct jt_h264_params *params, struct jt_writer *out,
                                       struct jt_h264_au *au);

#endif
