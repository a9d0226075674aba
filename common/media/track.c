#include "media/track.h"

#include <errno.h>
#include <string.h>

enum {
    SIDE_MAX = 8192,      /* as JT_H264_DIMENSION_MAX, for all codecs */
    CHANNELS_MAX = 8,     /* 7.1 */
    CLOCK_MAX_HZ = 96000, /* AAC's highest rate; video's 90,000 is below */
};

static const char *const names[JT_CODEC_COUNT] = {
    [JT_CODEC_NONE] = "none", [JT_CODEC_H264] = "h264", [JT_CODEC_VP8] = "vp8",
    [JT_CODEC_VP9] = "vp9",   [JT_CODEC_AV1] = "av1",   [JT_CODEC_OPUS] = "opus",
    [JT_CODEC_AAC] = "aac",
};

bool jt_codec_is_video(enum jt_codec codec)
{
    return codec >= JT_CODEC_H264 && codec <= JT_CODEC_AV1;
}

const char *jt_codec_name(enum jt_codec codec)
{
    unsigned index = (unsigned)codec; /* an enum read from shared memory can hold anything */

    return index > JT_CODEC_NONE && index < JT_CODEC_COUNT ? names[index] : NULL;
}

enum jt_codec jt_codec_parse(const char *name)
{
    for (unsigned i = JT_CODEC_NONE + 1; i < JT_CODEC_COUNT; i++)
        if (strcmp(names[i], name) == 0)
            return (enum jt_codec)i;
    return JT_CODEC_NONE;
}

static bool layer_is_valid(const char layer[JT_TRACK_LAYER_MAX_BYTES])
{
    size_t length = strnlen(layer, JT_TRACK_LAYER_MAX_BYTES);

    if (length == 0 || length == JT_TRACK_LAYER_MAX_BYTES)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = layer[i];

        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-')
            return false;
    }
    return true;
}

static bool video_is_valid(const struct jt_track_info *info)
{
    /* 0 x 0: not known before the first key frame (VP8 by WHIP) */
    return info->clock_hz == JT_VIDEO_CLOCK_HZ && info->width <= SIDE_MAX &&
           info->height <= SIDE_MAX && info->has_b_frames <= 1;
}

static bool audio_is_valid(const struct jt_track_info *info)
{
    if (info->channels < 1 || info->channels > CHANNELS_MAX)
        return false;
    if (info->codec == JT_CODEC_OPUS)
        return info->clock_hz == JT_OPUS_CLOCK_HZ;
    return info->clock_hz > 0 && info->clock_hz <= CLOCK_MAX_HZ &&
           info->sample_rate <= CLOCK_MAX_HZ;
}

int jt_track_info_check(const struct jt_track_info *info)
{
    if (info->codec <= JT_CODEC_NONE || info->codec >= JT_CODEC_COUNT)
        return -EINVAL;
    if (info->config_bytes > JT_TRACK_CONFIG_MAX_BYTES || !layer_is_valid(info->layer))
        return -EINVAL;
    if (jt_codec_is_video((enum jt_codec)info->codec))
        return video_is_valid(info) ? 0 : -EINVAL;
    return audio_is_valid(info) ? 0 : -EINVAL;
}
