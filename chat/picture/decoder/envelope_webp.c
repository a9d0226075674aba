/* WebP: RFC 9649 §2. One still picture; its frame's own size must be the canvas's. */
#include "chat/picture/decoder/envelope_private.h"

#include <errno.h>
#include <stdbool.h>

#include "chat/picture/decoder/exif.h"

#define TYPE(a, b, c, d) ((uint32_t)(d) << 24 | (uint32_t)(c) << 16 | (uint32_t)(b) << 8 | (a))

enum {
    CHUNK_HEAD_BYTES = 8,
    FLAG_ANIMATION = 1 << 1, /* §2.7.1 */
    FLAG_ALPHA = 1 << 4,
    VP8X_BYTES = 10,
    VP8L_SIGNATURE = 0x2f,        /* §3.4 */
    VP8_START_CODE = 0x9d012a,    /* RFC 6386 §9.1 */
    VP8_SIDE_MASK = (1 << 14) - 1 /* the same: two bits of scaling above */
};

static const uint32_t VP8 = TYPE('V', 'P', '8', ' '), VP8L = TYPE('V', 'P', '8', 'L'),
                      VP8X = TYPE('V', 'P', '8', 'X'), ALPH = TYPE('A', 'L', 'P', 'H'),
                      EXIF = TYPE('E', 'X', 'I', 'F'), ANIM = TYPE('A', 'N', 'I', 'M'),
                      ANMF = TYPE('A', 'N', 'M', 'F');

struct webp {
    struct envelope_work *work;
    bool has_canvas, has_frame, has_chunk;
    uint32_t canvas_width, canvas_height;
};

static uint32_t read_le16(struct jt_reader *r)
{
    uint32_t low = jt_read_u8(r);

    return (uint32_t)jt_read_u8(r) << 8 | low;
}

static uint32_t read_le24(struct jt_reader *r)
{
    uint32_t low = read_le16(r);

    return (uint32_t)jt_read_u8(r) << 16 | low;
}

static bool read_vp8(struct webp *webp, struct jt_reader chunk)
{
    uint32_t tag = read_le24(&chunk);
    uint32_t code = jt_read_be24(&chunk);

    webp->work->envelope->width = read_le16(&chunk) & VP8_SIDE_MASK;
    webp->work->envelope->height = read_le16(&chunk) & VP8_SIDE_MASK;
    return !chunk.failed && !(tag & 1) && code == VP8_START_CODE; /* bit 0: not a key frame */
}

static bool read_vp8l(struct webp *webp, struct jt_reader chunk)
{
    uint8_t signature = jt_read_u8(&chunk);
    uint32_t bits = jt_read_le32(&chunk);

    webp->work->envelope->width = (bits & 0x3fff) + 1;
    webp->work->envelope->height = (bits >> 14 & 0x3fff) + 1;
    return !chunk.failed && signature == VP8L_SIGNATURE;
}

/** The flags are kept only as far as what they tell of is. */
static bool read_canvas(struct webp *webp, struct jt_reader chunk)
{
    uint8_t flags = jt_read_u8(&chunk);
    uint8_t kept[VP8X_BYTES + CHUNK_HEAD_BYTES] = {'V', 'P', '8', 'X', VP8X_BYTES};
    const uint8_t *sides;

    jt_reader_take(&chunk, 3); /* reserved */
    sides = chunk.next;
    webp->canvas_width = read_le24(&chunk) + 1;
    webp->canvas_height = read_le24(&chunk) + 1;
    if (chunk.failed || chunk.left || webp->has_chunk || flags & FLAG_ANIMATION)
        return false;
    webp->has_canvas = true;
    kept[CHUNK_HEAD_BYTES] = flags & FLAG_ALPHA;
    memcpy(kept + CHUNK_HEAD_BYTES + 4, sides, 6);
    envelope_keep(webp->work, kept, sizeof(kept));
    return true;
}

static bool read_frame(struct webp *webp, uint32_t type, struct jt_reader chunk)
{
    if (webp->has_frame)
        return false;
    webp->has_frame = true;
    return type == VP8 ? read_vp8(webp, chunk) : read_vp8l(webp, chunk);
}

static bool read_chunk(struct webp *webp, struct jt_reader *r)
{
    const uint8_t *whole = r->next;
    uint32_t type = jt_read_le32(r);
    uint32_t size = jt_read_le32(r);
    struct jt_reader chunk = jt_reader_sub(r, size);

    jt_reader_take(r, size & 1); /* §2.3: padded to an even size */
    if (r->failed || type == ANIM || type == ANMF)
        return false;
    if (type == VP8X ? !read_canvas(webp, chunk)
                     : (type == VP8 || type == VP8L) && !read_frame(webp, type, chunk))
        return false;
    if (type == EXIF)
        webp->work->envelope->orientation = exif_orientation(chunk.next, chunk.left);
    webp->has_chunk = true;
    if (type == VP8 || type == VP8L || type == ALPH)
        envelope_keep(webp->work, whole, (size_t)CHUNK_HEAD_BYTES + size + (size & 1));
    return true;
}

/** The form's size, now that parts are gone. */
static void set_riff_size(struct envelope_work *work)
{
    uint32_t size = (uint32_t)work->envelope->size_bytes - CHUNK_HEAD_BYTES;

    for (int i = 0; i < 4; i++)
        work->kept[4 + i] = (uint8_t)(size >> 8 * i);
}

int envelope_read_webp(struct envelope_work *work)
{
    struct webp webp = {.work = work};
    struct envelope *envelope = work->envelope;
    struct jt_reader riff;
    uint32_t size;

    jt_reader_take(&work->r, 4);
    size = jt_read_le32(&work->r);
    riff = jt_reader_sub(&work->r, size);
    envelope_keep(work, work->kept, CHUNK_HEAD_BYTES + 4);
    jt_reader_take(&riff, 4);
    while (riff.left && !riff.failed)
        if (!read_chunk(&webp, &riff))
            return -EBADMSG;
    if (riff.failed || !webp.has_frame ||
        (webp.has_canvas &&
         (webp.canvas_width != envelope->width || webp.canvas_height != envelope->height)))
        return -EBADMSG;
    set_riff_size(work);
    return 0;
}
