/* AAC → Opus. No aacparse and no faad: each would cost one frame (21 ms) of delay. */
#include <errno.h>
#include <stdio.h>

#include "ingest/worker/config.h"
#include "ingest/worker/recipe.h"
#include "media/aac_pack.h"
#include "media/frame.h"
#include "media/opus.h"
#include "media/packet.h"

static void elements(const struct worker_config *config, const struct jt_track_info *from,
                     char *out, size_t capacity)
{
    (void)from;
    (void)snprintf(out, capacity,
                   "avdec_aac ! audioconvert ! audioresample ! audio/x-raw,rate=48000,channels=2 ! "
                   "opusenc bitrate=%lld frame-size=20 complexity=5",
                   (long long)config->opus_bitrate_kbps * 1000);
}

static GstCaps *caps(const struct jt_track_info *from)
{
    GstBuffer *config = gst_buffer_new_memdup(from->config, from->config_bytes);
    GstCaps *made = gst_caps_new_simple(
        "audio/mpeg", "mpegversion", G_TYPE_INT, 4, "stream-format", G_TYPE_STRING, "raw", "framed",
        G_TYPE_BOOLEAN, TRUE, "rate", G_TYPE_INT, (int)from->sample_rate, "channels", G_TYPE_INT,
        (int)from->channels, "codec_data", GST_TYPE_BUFFER, config, NULL);

    gst_buffer_unref(config);
    return made;
}

static int describe(const GstCaps *out_caps, const struct jt_track_info *from,
                    struct jt_track_info *out)
{
    (void)out_caps;
    (void)from;
    jt_opus_track(2, out);
    return 0;
}

static int pack(const struct jt_frame *frame, const struct jt_track_info *info,
                const struct jt_packet_sink *sink)
{
    (void)info;
    return jt_opus_pack(frame->data, frame->size, sink);
}

const struct worker_recipe worker_recipe_opus = {
    .name = "opus",
    .from = JT_CODEC_AAC,
    .elements = elements,
    .caps = caps,
    .unpack = jt_aac_unpack,
    .describe = describe,
    .pack = pack,
};
