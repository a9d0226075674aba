/** From the bytes of a reduced file to two small JPEGs, by gdk-pixbuf. */
#ifndef CHAT_PICTURE_DECODER_SCALE_H
#define CHAT_PICTURE_DECODER_SCALE_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/picture/decoder/envelope.h"

struct scale;

struct scale_result {
    int width, height; /* of the large one, upright */
    uint8_t *large, *small;
    size_t large_bytes, small_bytes;
};

/** Bring the loader of a format, and no other, into memory. -ENOTSUP: it is not installed. */
JT_MUST_CHECK int scale_new(enum envelope_format format, struct scale **out);

/**
 * Once per scale. `bytes` are the envelope's. The result is the process's until its end.
 * -EBADMSG the loader refuses; -EMSGSIZE it finds another size than the envelope has; -ENOMEM.
 */
JT_MUST_CHECK int scale_run(struct scale *scale, const struct envelope *envelope,
                            const uint8_t *bytes, struct scale_result *out);

#endif
