/**
 * What a track is: its codec and all a receiver must know before the first frame. A plain value,
 * copied freely.
 */
#ifndef JT_MEDIA_TRACK_H
#define JT_MEDIA_TRACK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

enum jt_codec {
    JT_CODEC_NONE,
    JT_CODEC_H264,
    JT_CODEC_VP8,
    JT_CODEC_VP9,
    JT_CODEC_AV1,
    JT_CODEC_OPUS,
    JT_CODEC_AAC,
    JT_CODEC_COUNT,
};

enum {
    JT_TRACK_CONFIG_MAX_BYTES =
        1024, /* AVCDecoderConfigurationRecord with a few parameter sets; ASC */
    JT_TRACK_LAYER_MAX_BYTES = 16,
    JT_VIDEO_CLOCK_HZ = 90000,
    JT_OPUS_CLOCK_HZ = 48000,
};

/**
 * Written into shared memory as it is: fixed size, no pointers. A reader must pass what it got
 * through jt_track_info_check before use.
 */
struct jt_track_info {
    uint32_t codec;    /* enum jt_codec */
    uint32_t clock_hz; /* of dts, pts and RTP: 90000, 48000 or AAC's sampling rate */
    uint16_t width, height;
    uint16_t channels;
    uint16_t config_bytes;
    uint32_t sample_rate;
    uint8_t profile_level_id[3];          /* H.264: profile_idc, constraint flags, level_idc */
    uint8_t has_b_frames;                 /* 1: presentation order differs from decoding order */
    char layer[JT_TRACK_LAYER_MAX_BYTES]; /* "main", "repaired", a rid; NUL-terminated, [a-z0-9-] */
    uint8_t config[JT_TRACK_CONFIG_MAX_BYTES]; /* H.264: AVCDecoderConfigurationRecord; AAC:
                                                  AudioSpecificConfig */
};

bool jt_codec_is_video(enum jt_codec codec);
/** "h264", "opus", …; NULL for an unknown number. */
const char *jt_codec_name(enum jt_codec codec);
/** The other way round; JT_CODEC_NONE for an unknown name. */
enum jt_codec jt_codec_parse(const char *name);

/** Is every field within its limits? 0, or -EINVAL for a value from a liar or a newer version. */
JT_MUST_CHECK int jt_track_info_check(const struct jt_track_info *info);

#endif
