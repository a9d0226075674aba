#include "token/base64url.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>

void jt_base64url_write(const uint8_t *bytes, size_t size, char *out)
{
    (void)sodium_bin2base64(out, jt_base64url_size(size) + 1, bytes, size,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* libsodium 1.0.18 takes some bytes over 0x7f for characters of the alphabet. */
static bool is_ascii(const char *text, size_t size)
{
    uint8_t all = 0;

    for (size_t i = 0; i < size; i++)
        all |= (uint8_t)text[i];
    return all < 0x80;
}

int jt_base64url_read(const char *text, size_t size, uint8_t *out, size_t capacity)
{
    const char *end = NULL;
    size_t written = 0;

    /* It stops without error at a foreign character: `end` has to be the end. */
    if (!is_ascii(text, size) ||
        sodium_base642bin(out, capacity, text, size, NULL, &written, &end,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        end != text + size)
        return -EBADMSG;
    return (int)written;
}
