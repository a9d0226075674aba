#include "ingest/worker/convert.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <gst/app/gstappsink.h>
#include <gst/app/gstappsrc.h>
#include <gst/video/video.h>

#include "base/log.h"
#include "loop/loop.h"
#include "loop/mailbox.h"

enum { LAUNCH_BYTES = 1024, ERROR_BYTES = 256, OUT_QUEUE_FRAMES = 1024 };

/** From GStreamer's threads to the loop: a sample, or the words of an error. */
struct out_message {
    GstSample *sample;
    char *error;
};

struct worker_convert {
    GstElement *pipeline;
    GstAppSrc *source;
    GstAppSink *sink;
    struct jt_mailbox *out;
    struct worker_convert_ops ops;
    void *arg;
    bool is_closing;
};

/* Loop thread. */
static void on_out(void *arg, void *mail)
{
    struct worker_convert *convert = arg;
    struct out_message *message = mail;

    if (message->sample) {
        if (!convert->is_closing)
            convert->ops.on_sample(convert->arg, message->sample);
        gst_sample_unref(message->sample);
    }
    if (message->error) {
        if (!convert->is_closing)
            convert->ops.on_error(convert->arg, message->error);
        g_free(message->error);
    }
}

/* GStreamer's streaming thread. */
static GstFlowReturn on_new_sample(GstAppSink *sink, gpointer arg)
{
    struct worker_convert *convert = arg;
    struct out_message message = {.sample = gst_app_sink_pull_sample(sink)};

    if (message.sample && jt_mailbox_post(convert->out, &message))
        gst_sample_unref(message.sample); /* the loop hangs; it will miss a frame */
    return GST_FLOW_OK;
}

/* Any of GStreamer's threads. */
static GstBusSyncReply on_bus(GstBus *bus, GstMessage *message, gpointer arg)
{
    struct worker_convert *convert = arg;
    struct out_message out = {0};
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        out.error = g_strdup(error ? error->message : "unknown");
        g_clear_error(&error);
        if (jt_mailbox_post(convert->out, &out))
            g_free(out.error);
    }
    gst_message_unref(message);
    return GST_BUS_DROP;
}

static int launch(struct worker_convert *convert, const char *elements)
{
    char text[LAUNCH_BYTES];
    GError *error = NULL;

    (void)snprintf(text, sizeof(text),
                   "appsrc name=in is-live=true format=time block=false max-bytes=%d ! %s ! "
                   "appsink name=out sync=false max-buffers=0",
                   WORKER_CONVERT_QUEUE_BYTES, elements);
    convert->pipeline = gst_parse_launch(text, &error);
    if (error) {
        jt_error("worker.pipeline", KV("err", (const char *)error->message));
        g_clear_error(&error);
        return -EINVAL;
    }
    convert->source = GST_APP_SRC(gst_bin_get_by_name(GST_BIN(convert->pipeline), "in"));
    convert->sink = GST_APP_SINK(gst_bin_get_by_name(GST_BIN(convert->pipeline), "out"));
    return 0;
}

static int play(struct worker_convert *convert, GstCaps *caps)
{
    GstAppSinkCallbacks callbacks = {.new_sample = on_new_sample};
    GstBus *bus = gst_element_get_bus(convert->pipeline);

    gst_bus_set_sync_handler(bus, on_bus, convert, NULL);
    gst_object_unref(bus);
    gst_app_src_set_caps(convert->source, caps);
    gst_app_sink_set_callbacks(convert->sink, &callbacks, convert, NULL);
    /* without a clock nothing waits for a time: frames go through as they come */
    gst_pipeline_use_clock(GST_PIPELINE(convert->pipeline), NULL);
    if (gst_element_set_state(convert->pipeline, GST_STATE_PLAYING) == GST_STATE_CHANGE_FAILURE)
        return -EIO;
    return 0;
}

int worker_convert_new(struct jt_loop *loop, const char *elements, GstCaps *caps,
                       const struct worker_convert_ops *ops, void *arg, struct worker_convert **out)
{
    struct worker_convert *convert = calloc(1, sizeof(*convert));
    int err = convert ? 0 : -ENOMEM;

    if (!err) {
        convert->ops = *ops;
        convert->arg = arg;
        err = jt_mailbox_new(loop, "worker.out", sizeof(struct out_message), OUT_QUEUE_FRAMES,
                             on_out, convert, &convert->out);
    }
    if (!err)
        err = launch(convert, elements);
    if (!err)
        err = play(convert, caps);
    gst_caps_unref(caps);
    if (err) {
        worker_convert_free(convert);
        return err;
    }
    *out = convert;
    return 0;
}

void worker_convert_free(struct worker_convert *convert)
{
    if (!convert)
        return;
    convert->is_closing = true;
    if (convert->pipeline)
        (void)gst_element_set_state(convert->pipeline,
                                    GST_STATE_NULL); /* its threads have ended after this */
    g_clear_object(&convert->source);
    g_clear_object(&convert->sink);
    g_clear_object(&convert->pipeline);
    if (convert->out)
        jt_mailbox_free(convert->out);
    free(convert);
}

int worker_convert_push(struct worker_convert *convert, const uint8_t *data, size_t size,
                        uint64_t dts_ns, uint64_t pts_ns)
{
    GstBuffer *buffer;

    if (gst_app_src_get_current_level_bytes(convert->source) + size > WORKER_CONVERT_QUEUE_BYTES)
        return -EAGAIN;
    buffer = gst_buffer_new_memdup(data, size);
    GST_BUFFER_DTS(buffer) = dts_ns;
    GST_BUFFER_PTS(buffer) = pts_ns;
    return gst_app_src_push_buffer(convert->source, buffer) == GST_FLOW_OK ? 0 : -EPIPE;
}

void worker_convert_request_key_frame(struct worker_convert *convert)
{
    (void)gst_element_send_event(
        GST_ELEMENT(convert->sink),
        gst_video_event_new_upstream_force_key_unit(GST_CLOCK_TIME_NONE, TRUE, 0));
}
