/* PNG: third edition, §5.3 and §11. Chunks up to IEND; what follows is dropped. */
#include "chat/picture/decoder/envelope_private.h"

#include <errno.h>
#include <stdbool.h>

#include "chat/picture/decoder/exif.h"

#define TYPE(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (d))

enum {
    SIGNATURE_BYTES = 8,
    CHUNK_HEAD_BYTES = 8, /* length and type */
    CHUNK_CHECK_BYTES = 4,
    IHDR_BYTES = 13,
};

static const uint32_t IHDR = TYPE('I', 'H', 'D', 'R'), PLTE = TYPE('P', 'L', 'T', 'E'),
                      IDAT = TYPE('I', 'D', 'A', 'T'), IEND = TYPE('I', 'E', 'N', 'D'),
                      TRNS = TYPE('t', 'R', 'N', 'S'), EXIF = TYPE('e', 'X', 'I', 'f');
static const uint32_t ANCILLARY = 1U << 29; /* §5.4: the first letter is a small one */

struct png {
    struct envelope_work *work;
    bool has_header, has_data;
};

static bool read_header(struct png *png, struct jt_reader chunk)
{
    if (png->has_header || chunk.left != IHDR_BYTES)
        return false;
    png->has_header = true;
    png->work->envelope->width = jt_read_be32(&chunk);
    png->work->envelope->height = jt_read_be32(&chunk);
    return true;
}

/** One chunk; its check is the loader's to judge. `type` is set even of what is dropped. */
static bool read_chunk(struct png *png, uint32_t *type)
{
    struct jt_reader *r = &png->work->r;
    const uint8_t *whole = r->next;
    uint32_t size = jt_read_be32(r);
    struct jt_reader chunk;
    bool is_kept;

    *type = jt_read_be32(r);
    chunk = jt_reader_sub(r, size);
    jt_reader_take(r, CHUNK_CHECK_BYTES);
    if (r->failed || (*type == IHDR ? !read_header(png, chunk) : !png->has_header))
        return false;
    png->has_data |= *type == IDAT;
    if (*type == EXIF)
        png->work->envelope->orientation = exif_orientation(chunk.next, chunk.left);
    is_kept = *type == IHDR || *type == PLTE || *type == TRNS || *type == IDAT || *type == IEND;
    if (is_kept)
        envelope_keep(png->work, whole, (size_t)CHUNK_HEAD_BYTES + size + CHUNK_CHECK_BYTES);
    return is_kept || *type & ANCILLARY;
}

int envelope_read_png(struct envelope_work *work)
{
    struct png png = {.work = work};
    uint32_t type = 0;

    envelope_keep(work, jt_reader_take(&work->r, SIGNATURE_BYTES), SIGNATURE_BYTES);
    while (type != IEND)
        if (!read_chunk(&png, &type))
            return -EBADMSG;
    return png.has_data ? 0 : -EBADMSG;
}
