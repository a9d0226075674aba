/** base64url without padding (RFC 4648 §5), strict: one spelling per value. Any thread. */
#ifndef JT_TOKEN_BASE64URL_H
#define JT_TOKEN_BASE64URL_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

/** Characters for `size` bytes, without NUL. */
static inline size_t jt_base64url_size(size_t size)
{
    return size / 3 * 4 + (size % 3 ? size % 3 + 1 : 0);
}

/** Writes the text and a NUL into `out`, which has jt_base64url_size(size) + 1 bytes. */
void jt_base64url_write(const uint8_t *bytes, size_t size, char *out);

/** Returns the bytes written to `out`, or -EBADMSG: other characters, padding, stray bits, more than `capacity`. */
JT_MUST_CHECK int jt_base64url_read(const char *text, size_t size, uint8_t *out, size_t capacity);

#endif
