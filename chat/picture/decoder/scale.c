#include "chat/picture/decoder/scale.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <gdk-pixbuf/gdk-pixbuf.h>

#include "chat/picture/decoder/protocol.h"

#define QUALITY "85"

enum {
    WHITE = 0xffffff,
    /* A JPEG is decoded at no less than this times the size wanted: libjpeg halves sides by
     * transforming smaller blocks, which costs a fraction of the time and memory. */
    HEADROOM = 2,
};

struct scale {
    GdkPixbufLoader *loader;
    const struct envelope *envelope;
    bool is_refused; /* the loader finds another size */
    int rows;        /* of a picture that is not scaled while it is loaded: how far it came */
};

/** The size that fits into a box of `max`, never larger than it was. */
static void fit(int max, int *width, int *height)
{
    int longer = JT_MAX(*width, *height);

    if (longer <= max)
        return;
    *width = JT_MAX(1, (int)(((int64_t)*width * max + longer / 2) / longer));
    *height = JT_MAX(1, (int)(((int64_t)*height * max + longer / 2) / longer));
}

/* Before anything of the picture's size is allocated. */
static void on_size(GdkPixbufLoader *loader, gint width, gint height, gpointer arg)
{
    struct scale *scale = arg;

    if ((uint32_t)width != scale->envelope->width || (uint32_t)height != scale->envelope->height) {
        scale->is_refused = true;
        width = height = 1;
        gdk_pixbuf_loader_set_size(loader, width, height);
    } else if (scale->envelope->format == ENVELOPE_JPEG) {
        fit(HEADROOM * DECODER_LARGE_MAX_PX, &width, &height);
        gdk_pixbuf_loader_set_size(loader, width, height);
    }
}

static void on_area(GdkPixbufLoader *loader, gint x, gint y, gint width, gint height, gpointer arg)
{
    struct scale *scale = arg;

    (void)loader;
    (void)x;
    (void)width;
    scale->rows = JT_MAX(scale->rows, y + height);
}

int scale_new(enum envelope_format format, struct scale **out)
{
    static const char *const types[] = {
        [ENVELOPE_JPEG] = "jpeg", [ENVELOPE_PNG] = "png", [ENVELOPE_WEBP] = "webp"};
    struct scale *scale = calloc(1, sizeof(*scale));

    if (!scale)
        return -ENOMEM;
    scale->loader = gdk_pixbuf_loader_new_with_type(types[format], NULL);
    if (!scale->loader) {
        free(scale);
        return -ENOTSUP;
    }
    (void)g_signal_connect(scale->loader, "size-prepared", G_CALLBACK(on_size), scale);
    (void)g_signal_connect(scale->loader, "area-updated", G_CALLBACK(on_area), scale);
    *out = scale;
    return 0;
}

/** Takes the error. */
static int error_of(GError *error)
{
    bool is_memory = g_error_matches(error, GDK_PIXBUF_ERROR, GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY);

    g_clear_error(&error);
    return is_memory ? -ENOMEM : -EBADMSG;
}

static int decode(struct scale *scale, const uint8_t *bytes, GdkPixbuf **out)
{
    GError *error = NULL;
    bool is_read =
        gdk_pixbuf_loader_write(scale->loader, bytes, scale->envelope->size_bytes, &error);

    if (scale->is_refused)
        return -EMSGSIZE;
    if (!is_read)
        return error_of(error);
    if (!gdk_pixbuf_loader_close(scale->loader, &error))
        return error_of(error);
    if (scale->envelope->format == ENVELOPE_PNG && scale->rows < (int)scale->envelope->height)
        return -EBADMSG; /* its data ended early: libpng leaves the rest as memory was */
    *out = gdk_pixbuf_loader_get_pixbuf(scale->loader);
    return *out ? 0 : -EBADMSG;
}

/** On white, as large as fits. The source's stays. */
static GdkPixbuf *shrink(const GdkPixbuf *source, int max)
{
    int width = gdk_pixbuf_get_width(source), height = gdk_pixbuf_get_height(source);
    double x, y;
    GdkPixbuf *result;

    x = width;
    y = height;
    fit(max, &width, &height);
    result = gdk_pixbuf_new(GDK_COLORSPACE_RGB, FALSE, 8, width, height);
    if (!result)
        return NULL;
    gdk_pixbuf_fill(result, (guint32)WHITE << 8 | 0xff);
    gdk_pixbuf_composite(source, result, 0, 0, width, height, 0, 0, width / x, height / y,
                         GDK_INTERP_BILINEAR, 255);
    return result;
}

/** Stored as EXIF 2.3 §4.6.4 A says, seen upright. Takes `picture`. */
static GdkPixbuf *turn(GdkPixbuf *picture, uint8_t orientation)
{
    static const struct {
        GdkPixbufRotation rotation; /* before the mirror */
        bool is_mirrored;           /* left and right */
    } turns[] = {
        [1] = {GDK_PIXBUF_ROTATE_NONE, false},
        [2] = {GDK_PIXBUF_ROTATE_NONE, true},
        [3] = {GDK_PIXBUF_ROTATE_UPSIDEDOWN, false},
        [4] = {GDK_PIXBUF_ROTATE_UPSIDEDOWN, true},
        [5] = {GDK_PIXBUF_ROTATE_CLOCKWISE, true},
        [6] = {GDK_PIXBUF_ROTATE_CLOCKWISE, false},
        [7] = {GDK_PIXBUF_ROTATE_COUNTERCLOCKWISE, true},
        [8] = {GDK_PIXBUF_ROTATE_COUNTERCLOCKWISE, false},
    };
    GdkPixbuf *turned = gdk_pixbuf_rotate_simple(picture, turns[orientation].rotation);

    g_object_unref(picture);
    if (!turned || !turns[orientation].is_mirrored)
        return turned;
    picture = gdk_pixbuf_flip(turned, TRUE);
    g_object_unref(turned);
    return picture;
}

static int save(GdkPixbuf *picture, uint8_t **out, size_t *size)
{
    gchar *bytes;
    gsize count;
    GError *error = NULL;

    if (!gdk_pixbuf_save_to_buffer(picture, &bytes, &count, "jpeg", &error, "quality", QUALITY,
                                   NULL))
        return error_of(error);
    *out = (uint8_t *)bytes;
    *size = count;
    return 0;
}

int scale_run(struct scale *scale, const struct envelope *envelope, const uint8_t *bytes,
              struct scale_result *out)
{
    GdkPixbuf *source, *large, *small = NULL;
    int err;

    scale->envelope = envelope;
    err = decode(scale, bytes, &source);
    if (err)
        return err;
    large = shrink(source, DECODER_LARGE_MAX_PX);
    if (large)
        large = turn(large, envelope->orientation);
    if (large)
        small = shrink(large, DECODER_SMALL_MAX_PX);
    if (!small)
        return -ENOMEM;
    out->width = gdk_pixbuf_get_width(large);
    out->height = gdk_pixbuf_get_height(large);
    err = save(large, &out->large, &out->large_bytes);
    return err ? err : save(small, &out->small, &out->small_bytes);
}
