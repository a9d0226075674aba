/*
 * The demo's seller has no phone: this runs a GStreamer pipeline that stands in a file, as gst-launch-1.0 does with one in
 * its arguments. A stream key stands in it, and arguments are seen by every user of the machine (threat A4).
 *
 *   jangteo-encoder FILE
 */
#include <glib-unix.h>
#include <gst/gst.h>
#include <stdbool.h>
#include <stdlib.h>

static gboolean on_signal(gpointer loop)
{
    g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

/* Whatever ends the stream ends us: the supervisor starts us again. */
static gboolean on_message(GstBus *bus, GstMessage *message, gpointer loop)
{
    GError *error = NULL;

    (void)bus;
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_ERROR) {
        gst_message_parse_error(message, &error, NULL);
        g_printerr("encoder: %s: %s\n", GST_OBJECT_NAME(message->src), error->message);
        g_error_free(error);
        g_main_loop_quit(loop);
    }
    if (GST_MESSAGE_TYPE(message) == GST_MESSAGE_EOS)
        g_main_loop_quit(loop);
    return G_SOURCE_CONTINUE;
}

static GstElement *read_pipeline(const char *path)
{
    GstElement *pipeline = NULL;
    GError *error = NULL;
    gchar *text = NULL;

    if (g_file_get_contents(path, &text, NULL, &error))
        pipeline = gst_parse_launch(text, &error);
    if (error) {
        g_printerr("encoder: %s\n", error->message);
        g_error_free(error);
    }
    g_free(text);
    return pipeline;
}

static void run(GstElement *pipeline)
{
    GMainLoop *loop = g_main_loop_new(NULL, FALSE);
    GstBus *bus = gst_element_get_bus(pipeline);

    (void)gst_bus_add_watch(bus, on_message, loop);
    (void)g_unix_signal_add(SIGTERM, on_signal, loop);
    (void)g_unix_signal_add(SIGINT, on_signal, loop);
    if (gst_element_set_state(pipeline, GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE)
        g_main_loop_run(loop);
    (void)gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(bus);
    g_main_loop_unref(loop);
}

int main(int argc, char **argv)
{
    GstElement *pipeline;

    gst_init(&argc, &argv);
    if (argc != 2) {
        g_printerr("usage: jangteo-encoder FILE\n");
        return EXIT_FAILURE;
    }
    pipeline = read_pipeline(argv[1]);
    if (!pipeline)
        return EXIT_FAILURE;
    run(pipeline);
    gst_object_unref(pipeline);
    return EXIT_SUCCESS;
}
