/* The lines of an answer: the writers of wire/sdp.h. */
#include "wire/sdp.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/writer.h"

static bool has_control_byte(const uint8_t *line, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (line[i] < 0x20 || line[i] == 0x7f)
            return true;
    return false;
}

void jt_sdp_line(struct jt_writer *w, const char *format, ...)
{
    size_t left = w->capacity - w->size;
    uint8_t *line;
    va_list args;
    int size;

    if (w->failed || left == 0) {
        w->failed = true;
        return;
    }
    line = w->data + w->size;
    va_start(args, format);
    /* NOLINTNEXTLINE(clang-analyzer-valist.Uninitialized): va_start stands right above */
    size = vsnprintf((char *)line, left, format, args);
    va_end(args);
    if (size < 0 || (size_t)size >= left || has_control_byte(line, (size_t)size)) {
        w->failed = true;
        return;
    }
    w->size += (size_t)size;
    jt_write_bytes(w, "\r\n", 2);
}

void jt_sdp_line_fingerprint(struct jt_writer *w, const char *hash, const uint8_t *digest,
                             size_t digest_bytes)
{
    char text[JT_SDP_DIGEST_MAX_BYTES * 3 + 1];

    if (digest_bytes == 0 || digest_bytes > JT_SDP_DIGEST_MAX_BYTES) {
        w->failed = true;
        return;
    }
    for (size_t i = 0; i < digest_bytes; i++)
        (void)snprintf(text + i * 3, 4, "%02X:", digest[i]);
    text[digest_bytes * 3 - 1] = '\0'; /* the last colon */
    jt_sdp_line(w, "a=fingerprint:%s %s", hash, text);
}
