/**
 * The parameter sets of a stream, by id: from an AVCDecoderConfigurationRecord (ISO/IEC 14496-15
 * §5.3.3.1) or in band, and back into a record and a track info. A plain value of about 1 KiB;
 * zeroed is empty. Pure; one thread per object.
 */
#ifndef JT_MEDIA_H264_PARAMS_H
#define JT_MEDIA_H264_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/h264.h"
#include "media/h264_sps.h"
#include "media/track.h"

enum {
    JT_H264_RECORD_OVERHEAD_BYTES = 11, /* seven fixed bytes, four of the high profiles */
    JT_H264_PARAMS_MAX_BYTES = JT_TRACK_CONFIG_MAX_BYTES - JT_H264_RECORD_OVERHEAD_BYTES,
};

struct jt_h264_params {
    bool drop_sei;        /* an option for jt_h264_au_normalize, set by the owner */
    uint8_t length_bytes; /* of the record it came from: 1, 2 or 4; 0 when it came in band */
    bool has_sps, has_pps;
    uint16_t size;          /* of bytes */
    struct jt_h264_sps sps; /* the newest SPS, parsed */
    /* SPSs by ascending id, then PPSs by ascending id, each with a 2-byte length in front */
    uint8_t bytes[JT_H264_PARAMS_MAX_BYTES];
};

/**
 * Read an AVCDecoderConfigurationRecord into `out` (all of it replaced but drop_sei, on success
 * only). At least one SPS and one PPS; ids at most 32 and 256 by their range; all must fit
 * JT_H264_PARAMS_MAX_BYTES.
 * Returns 0, -EBADMSG, -ERANGE or -EMSGSIZE as jt_h264_sps_parse does.
 */
JT_MUST_CHECK int jt_h264_params_from_record(const uint8_t *record, size_t size,
                                             struct jt_h264_params *out);

/**
 * Put one SPS or PPS in, in the place of the one with its id. When the space is used up all old
 * sets are dropped first.
 * Returns 1 when that changed something, 0 when it was there already, negative as jt_h264_sps_parse
 * does.
 */
JT_MUST_CHECK int jt_h264_params_put(struct jt_h264_params *params, struct jt_h264_nal nal);

/** An SPS and a PPS are there: key frames can be decoded. */
bool jt_h264_params_is_complete(const struct jt_h264_params *params);

/**
 * Walk the sets in sending order; `*cursor` starts as 0.
 * Returns 1 with `out` (borrowed) set, or 0 at the end.
 */
JT_MUST_CHECK int jt_h264_params_next(const struct jt_h264_params *params, size_t *cursor,
                                      struct jt_h264_nal *out);

/**
 * Write the record, for a length size of 4 whatever came in.
 * Returns 0, -ENODATA when incomplete, -EMSGSIZE.
 */
JT_MUST_CHECK int jt_h264_params_to_record(const struct jt_h264_params *params,
                                           struct jt_writer *out);

/**
 * Fill a whole track info (codec, clock, size, profile, record; layer "main", has_b_frames 0).
 * Returns 0, -ENODATA when incomplete.
 */
JT_MUST_CHECK int jt_h264_params_to_track(const struct jt_h264_params *params,
                                          struct jt_track_info *out);

#endif
