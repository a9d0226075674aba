#include "base/utf8.h"

#include "base/reader.h"

/* RFC 3629 §4: what the first byte says of the length; the second's range rules out overlong forms and surrogates. */
static size_t read_lead(uint8_t lead, uint8_t *second_min, uint8_t *second_max)
{
    *second_min = 0x80;
    *second_max = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf)
        return 2;
    if (lead >= 0xe0 && lead <= 0xef) {
        *second_min = lead == 0xe0 ? 0xa0 : 0x80;
        *second_max = lead == 0xed ? 0x9f : 0xbf;
        return 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        *second_min = lead == 0xf0 ? 0x90 : 0x80;
        *second_max = lead == 0xf4 ? 0x8f : 0xbf;
        return 4;
    }
    return 0;
}

size_t jt_utf8_next(const char *text, size_t size, uint32_t *character)
{
    struct jt_reader r = jt_reader_of(text, size);
    uint8_t min, max, byte = jt_read_u8(&r);
    uint32_t c;
    size_t n;

    if (r.failed)
        return 0;
    if (byte < 0x80) {
        *character = byte;
        return 1;
    }
    n = read_lead(byte, &min, &max);
    if (n == 0)
        return 0;
    c = byte & (0x7fU >> n);
    for (size_t i = 1; i < n; i++) {
        byte = jt_read_u8(&r);
        if (r.failed || byte < min || byte > max)
            return 0;
        c = c << 6 | (byte & 0x3fU);
        min = 0x80;
        max = 0xbf;
    }
    *character = c;
    return n;
}

bool jt_utf8_is_valid(const char *text, size_t size)
{
    uint32_t c;

    while (size > 0) {
        size_t n = jt_utf8_next(text, size, &c);

        if (n == 0)
            return false;
        text += n;
        size -= n;
    }
    return true;
}
