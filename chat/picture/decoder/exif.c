#include "chat/picture/decoder/exif.h"

#include <stdbool.h>
#include <string.h>

#include "base/reader.h"

enum {
    TAG_ORIENTATION = 0x0112,
    TYPE_SHORT = 3,
    ENTRY_REST_BYTES = 10, /* of a directory's 12, after the tag */
};

/** TIFF 6.0 §2: the byte order is the file's choice. */
struct tiff {
    struct jt_reader r;
    bool is_little;
};

static uint32_t read_u16(struct tiff *tiff)
{
    uint32_t first = jt_read_u8(&tiff->r);
    uint32_t second = jt_read_u8(&tiff->r);

    return tiff->is_little ? second << 8 | first : first << 8 | second;
}

static uint32_t read_u32(struct tiff *tiff)
{
    return tiff->is_little ? jt_read_le32(&tiff->r) : jt_read_be32(&tiff->r);
}

static bool read_header(struct tiff *tiff)
{
    uint32_t order = jt_read_be16(&tiff->r);

    tiff->is_little = order == 0x4949; /* "II" */
    return (tiff->is_little || order == 0x4d4d) && read_u16(tiff) == 42;
}

/** The value of the entry whose tag was just read; 1 when it is none of the eight. */
static uint8_t read_orientation(struct tiff *tiff)
{
    uint32_t type = read_u16(tiff);
    uint32_t count = read_u32(tiff);
    uint32_t value = read_u16(tiff);

    if (tiff->r.failed || type != TYPE_SHORT || count != 1 || value < 1 || value > 8)
        return 1;
    return (uint8_t)value;
}

uint8_t exif_orientation(const uint8_t *bytes, size_t size)
{
    static const uint8_t prefix[] = {'E', 'x', 'i', 'f', 0, 0};
    struct tiff tiff = {.r = jt_reader_of(bytes, size)};
    struct jt_reader start;
    uint32_t count;

    if (size >= sizeof(prefix) && memcmp(bytes, prefix, sizeof(prefix)) == 0)
        jt_reader_take(&tiff.r, sizeof(prefix));
    start = tiff.r;
    if (!read_header(&tiff))
        return 1;
    jt_reader_take(&start, read_u32(&tiff)); /* offsets count from the byte order's mark */
    tiff.r = start;
    count = read_u16(&tiff);
    for (; count && !tiff.r.failed; count--) {
        if (read_u16(&tiff) == TAG_ORIENTATION)
            return read_orientation(&tiff);
        jt_reader_take(&tiff.r, ENTRY_REST_BYTES);
    }
    return 1;
}
