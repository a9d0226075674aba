/** Between the files of the envelope. */
#ifndef CHAT_PICTURE_DECODER_ENVELOPE_PRIVATE_H
#define CHAT_PICTURE_DECODER_ENVELOPE_PRIVATE_H

#include <string.h>

#include "chat/picture/decoder/envelope.h"
#include "base/reader.h"

/** A file that is read from its start and written over from its start, never ahead of the reading. */
struct envelope_work {
    struct jt_reader r;
    uint8_t *kept;
    struct envelope *envelope;
};

/** Keep bytes that were read already, or as many of ours. */
static inline void envelope_keep(struct envelope_work *work, const void *bytes, size_t size)
{
    memmove(work->kept + work->envelope->size_bytes, bytes, size);
    work->envelope->size_bytes += size;
}

/** From the first byte to the last: 0 or -EBADMSG. They set width, height, orientation, size. */
JT_MUST_CHECK int envelope_read_jpeg(struct envelope_work *work);
JT_MUST_CHECK int envelope_read_png(struct envelope_work *work);
JT_MUST_CHECK int envelope_read_webp(struct envelope_work *work);

#endif
