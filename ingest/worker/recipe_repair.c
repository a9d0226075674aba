/*
 * H.264 with B-frames → constrained baseline without: one decoder thread and zero latency, since threads cost frames of
 * delay; one slice a picture, since browsers dislike many.
 */
#include <errno.h>
#include <stdio.h>

#include "ingest/worker/config.h"
#include "ingest/worker/recipe.h"
#include "media/frame.h"
#include "media/h264_pack.h"
#include "media/h264_params.h"
#include "media/packet.h"

enum { KEY_FRAME_EVERY = 60 }; /* frames: 2 s at 30 fps */

static void elements(const struct worker_config *config, const struct jt_track_info *from,
                     char *out, size_t capacity)
{
    (void)from;
    (void)snprintf(
        out, capacity,
        "avdec_h264 max-threads=1 ! videoconvert ! video/x-raw,format=I420 ! "
        "x264enc tune=zerolatency speed-preset=superfast threads=1 sliced-threads=false bframes=0 "
        "key-int-max=%d bitrate=%lld vbv-buf-capacity=500 ! "
        "video/x-h264,profile=constrained-baseline,stream-format=avc,alignment=au",
        KEY_FRAME_EVERY, (long long)config->repair_bitrate_kbps);
}

static GstCaps *caps(const struct jt_track_info *from)
{
    GstBuffer *record = gst_buffer_new_memdup(from->config, from->config_bytes);
    GstCaps *made = gst_caps_new_simple("video/x-h264", "stream-format", G_TYPE_STRING, "avc",
                                        "alignment", G_TYPE_STRING, "au", "width", G_TYPE_INT,
                                        (int)from->width, "height", G_TYPE_INT, (int)from->height,
                                        "codec_data", GST_TYPE_BUFFER, record, NULL);

    gst_buffer_unref(record);
    return made;
}

static int describe(const GstCaps *out_caps, const struct jt_track_info *from,
                    struct jt_track_info *out)
{
    const GValue *value =
        gst_structure_get_value(gst_caps_get_structure(out_caps, 0), "codec_data");
    struct jt_h264_params params = {0};
    GstMapInfo map;
    int err;

    (void)from;
    if (!value || !gst_buffer_map(gst_value_get_buffer(value), &map, GST_MAP_READ))
        return -EAGAIN;
    err = jt_h264_params_from_record(map.data, map.size, &params);
    gst_buffer_unmap(gst_value_get_buffer(value), &map);
    if (!err)
        err = jt_h264_params_to_track(&params, out);
    if (!err)
        (void)snprintf(out->layer, sizeof(out->layer), "repaired");
    return err;
}

static int pack(const struct jt_frame *frame, const struct jt_track_info *info,
                const struct jt_packet_sink *sink)
{
    struct jt_h264_params params = {0};

    if (!frame->is_key)
        return jt_h264_pack(frame->data, frame->size, NULL, sink);
    if (jt_h264_params_from_record(info->config, info->config_bytes, &params))
        return -EBADMSG;
    return jt_h264_pack(frame->data, frame->size, &params, sink);
}

const struct worker_recipe worker_recipe_repair = {
    .name = "repair",
    .from = JT_CODEC_H264,
    .is_key_needed = true,
    .elements = elements,
    .caps = caps,
    .unpack = jt_h264_unpack,
    .describe = describe,
    .pack = pack,
};
