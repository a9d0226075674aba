/** The one thing of EXIF that changes how a picture is seen. Pure. */
#ifndef CHAT_PICTURE_DECODER_EXIF_H
#define CHAT_PICTURE_DECODER_EXIF_H

#include <stddef.h>
#include <stdint.h>

/**
 * Orientation (tag 0x0112) of the first directory, 1 to 8; 1 where there is none or the bytes make
 * no sense. `bytes` is a TIFF header and what follows (EXIF 2.3 §4.5), with or without "Exif\0\0"
 * before it.
 */
uint8_t exif_orientation(const uint8_t *bytes, size_t size);

#endif
