/**
 * What is around the pixels of a JPEG, PNG or WebP file: checked for being whole, measured, and
 * reduced to the parts that make pixels. What a loader gets to parse after this is short of text,
 * thumbnails, colour profiles, XMP, animation and everything it does not know; of EXIF only the
 * orientation is read, here. Pure.
 */
#ifndef CHAT_PICTURE_DECODER_ENVELOPE_H
#define CHAT_PICTURE_DECODER_ENVELOPE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    ENVELOPE_PIXELS_MAX = 40 * 1000 * 1000, /* ours: 160 MB as RGBA */
    ENVELOPE_SIDE_MAX_PX = 20000,           /* ours: above the panoramas of phones */
    ENVELOPE_SCANS_MAX = 64,                /* ours: progressive JPEGs have about ten */
};

enum envelope_format { ENVELOPE_JPEG, ENVELOPE_PNG, ENVELOPE_WEBP };

struct envelope {
    enum envelope_format format;
    uint32_t width, height; /* as stored: to be turned by the orientation */
    uint8_t orientation;    /* 1 to 8, as EXIF numbers them */
    size_t size_bytes;      /* after the reduction */
};

/** By the first bytes. -EBADMSG: none of the three. */
JT_MUST_CHECK int envelope_guess(const uint8_t *bytes, size_t size, enum envelope_format *out);

/**
 * Check and reduce a file in place. -EBADMSG: none of the three, cut short, animated or otherwise
 * not as its specification says; -EMSGSIZE: above the limits of pixels. After an error the bytes are
 * of no use.
 */
JT_MUST_CHECK int envelope_open(uint8_t *bytes, size_t size, struct envelope *out);

#endif
