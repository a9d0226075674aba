/** UTF-8 (RFC 3629), strict: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef JT_BASE_UTF8_H
#define JT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { JT_UTF8_MAX_BYTES = 4 };

/** Decode the character at `text` (`size` bytes at hand). Returns its bytes (1 to 4), or 0 if it is not valid or cut. */
size_t jt_utf8_next(const char *text, size_t size, uint32_t *character);

/** Whether all `size` bytes are UTF-8. NUL bytes are valid characters. */
bool jt_utf8_is_valid(const char *text, size_t size);

#endif
