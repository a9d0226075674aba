#include "chat/picture/decoder/envelope.h"

#include <errno.h>
#include <string.h>

#include "chat/picture/decoder/envelope_private.h"

int envelope_guess(const uint8_t *bytes, size_t size, enum envelope_format *out)
{
    static const uint8_t jpeg[] = {0xff, 0xd8, 0xff};
    static const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};

    if (size >= sizeof(jpeg) && memcmp(bytes, jpeg, sizeof(jpeg)) == 0)
        *out = ENVELOPE_JPEG;
    else if (size >= sizeof(png) && memcmp(bytes, png, sizeof(png)) == 0)
        *out = ENVELOPE_PNG;
    else if (size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WEBP", 4) == 0)
        *out = ENVELOPE_WEBP;
    else
        return -EBADMSG;
    return 0;
}

static int check_size(const struct envelope *envelope)
{
    if (!envelope->width || !envelope->height)
        return -EBADMSG;
    if (envelope->width > ENVELOPE_SIDE_MAX_PX || envelope->height > ENVELOPE_SIDE_MAX_PX ||
        (uint64_t)envelope->width * envelope->height > ENVELOPE_PIXELS_MAX)
        return -EMSGSIZE;
    return 0;
}

int envelope_open(uint8_t *bytes, size_t size, struct envelope *out)
{
    static int (*const readers[])(struct envelope_work *) = {
        [ENVELOPE_JPEG] = envelope_read_jpeg,
        [ENVELOPE_PNG] = envelope_read_png,
        [ENVELOPE_WEBP] = envelope_read_webp,
    };
    struct envelope envelope = {.orientation = 1};
    struct envelope_work work = {
        .r = jt_reader_of(bytes, size), .kept = bytes, .envelope = &envelope};
    int err = envelope_guess(bytes, size, &envelope.format);

    if (!err)
        err = readers[envelope.format](&work);
    if (!err)
        err = check_size(&envelope);
    if (!err)
        *out = envelope;
    return err;
}
