/* JPEG: ITU-T T.81 annex B. Markers up to the end of the image; what follows is dropped. */
#include "chat/picture/decoder/envelope_private.h"

#include <errno.h>
#include <stdbool.h>

#include "chat/picture/decoder/exif.h"

enum marker {
    SOF0 = 0xc0, /* baseline */
    SOF1 = 0xc1, /* extended, Huffman */
    SOF2 = 0xc2, /* progressive */
    DHT = 0xc4,
    RST0 = 0xd0,
    RST7 = 0xd7,
    SOI = 0xd8,
    EOI = 0xd9,
    SOS = 0xda,
    DQT = 0xdb,
    DRI = 0xdd,
    APP0 = 0xe0,
    APP1 = 0xe1,
    APP14 = 0xee,
    APP15 = 0xef,
    COM = 0xfe,
};

struct jpeg {
    struct envelope_work *work;
    bool has_frame;
    int scans;
};

/** §B.1.1.2: 0xff, more of them as filling, the code. */
static uint8_t read_marker(struct jt_reader *r)
{
    uint8_t code;

    if (jt_read_u8(r) != 0xff)
        r->failed = true;
    do {
        code = jt_read_u8(r);
    } while (code == 0xff);
    return code;
}

/** §B.2.2: precision, lines, samples per line. */
static bool read_frame(struct jpeg *jpeg, struct jt_reader segment)
{
    struct envelope *envelope = jpeg->work->envelope;
    uint8_t precision = jt_read_u8(&segment);

    if (jpeg->has_frame)
        return false;
    jpeg->has_frame = true;
    envelope->height = jt_read_be16(&segment);
    envelope->width = jt_read_be16(&segment);
    return !segment.failed && precision == 8;
}

static bool begins_with(struct jt_reader segment, const void *bytes, size_t size)
{
    const uint8_t *have = jt_reader_take(&segment, size);

    return have && memcmp(have, bytes, size) == 0;
}

static void keep_segment(struct jpeg *jpeg, uint8_t code, struct jt_reader segment)
{
    uint16_t length = (uint16_t)(segment.left + 2);
    uint8_t head[] = {0xff, code, (uint8_t)(length >> 8), (uint8_t)length};

    envelope_keep(jpeg->work, head, sizeof(head));
    envelope_keep(jpeg->work, segment.next, segment.left);
}

/** §B.1.1.5: coded bytes, in which 0xff is followed by 0 or is a restart marker. */
static bool keep_scan(struct jpeg *jpeg)
{
    struct jt_reader *r = &jpeg->work->r;
    const uint8_t *start = r->next;
    size_t size = 0;

    if (++jpeg->scans > ENVELOPE_SCANS_MAX)
        return false;
    for (;; size++) {
        const uint8_t *found = size < r->left ? memchr(r->next + size, 0xff, r->left - size) : NULL;

        if (!found)
            return false;
        size = (size_t)(found - r->next);
        if (r->left - size < 2)
            return false;
        if (found[1] != 0 && !(found[1] >= RST0 && found[1] <= RST7))
            break;
    }
    jt_reader_take(r, size);
    envelope_keep(jpeg->work, start, size);
    return true;
}

/** Only what tells how the samples are coded and coloured is kept. */
static bool read_segment(struct jpeg *jpeg, uint8_t code)
{
    uint16_t length = jt_read_be16(&jpeg->work->r);
    struct jt_reader segment = jt_reader_sub(&jpeg->work->r, length >= 2 ? length - 2U : SIZE_MAX);
    bool is_kept = false;

    if (segment.failed)
        return false;
    if (code == SOF0 || code == SOF1 || code == SOF2) {
        if (!read_frame(jpeg, segment))
            return false;
        is_kept = true;
    } else if (code == DHT || code == DQT || code == DRI || code == SOS) {
        is_kept = true;
    } else if (code == APP0) {
        is_kept = begins_with(segment, "JFIF", 5);
    } else if (code == APP14) {
        is_kept = begins_with(segment, "Adobe", 5);
    } else if (code == APP1 && begins_with(segment, "Exif\0", 6)) {
        jpeg->work->envelope->orientation = exif_orientation(segment.next, segment.left);
    } else if ((code < APP0 || code > APP15) && code != COM) {
        return false; /* lossless, arithmetic, hierarchical: no browser shows them */
    }
    if (is_kept)
        keep_segment(jpeg, code, segment);
    return code != SOS || (jpeg->has_frame && keep_scan(jpeg));
}

int envelope_read_jpeg(struct envelope_work *work)
{
    static const uint8_t start[] = {0xff, SOI}, end[] = {0xff, EOI};
    struct jpeg jpeg = {.work = work};
    uint8_t code = read_marker(&work->r);

    if (code != SOI)
        return -EBADMSG;
    envelope_keep(work, start, sizeof(start));
    while ((code = read_marker(&work->r)) != EOI || work->r.failed)
        if (work->r.failed || !read_segment(&jpeg, code))
            return -EBADMSG;
    envelope_keep(work, end, sizeof(end));
    return jpeg.scans ? 0 : -EBADMSG;
}
