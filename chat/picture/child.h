/** One run of jangteo-picture. */
#ifndef CHAT_PICTURE_CHILD_H
#define CHAT_PICTURE_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct picture_answer {
    int width, height; /* of the large JPEG */
    uint8_t *bytes;    /* the large JPEG and after it the small one; to be freed */
    size_t large_bytes, small_bytes;
};

/**
 * Run the program (an absolute path) on an upload. It gets no environment, no descriptor but its
 * two, and is killed at the timeout. Blocks; any thread, which must not end meanwhile: the child
 * dies with it. Errors as picture_add's, but for -EBUSY and -ENOSPC.
 */
JT_MUST_CHECK int picture_child_run(const char *program, int64_t timeout_ms, const void *bytes,
                                    size_t size, struct picture_answer *out);

#endif
