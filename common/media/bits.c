#include "media/bits.h"

struct jt_bits jt_bits_of(const void *data, size_t size)
{
    return (struct jt_bits){.bytes = jt_reader_of(data, size)};
}

struct jt_bits jt_bits_of_rbsp(const void *data, size_t size)
{
    return (struct jt_bits){.bytes = jt_reader_of(data, size), .is_rbsp = true};
}

static void load_byte(struct jt_bits *bits)
{
    uint8_t byte = jt_read_u8(&bits->bytes);

    if (bits->is_rbsp && bits->zeros >= 2 && byte == 3) {
        bits->zeros = 0;
        byte = jt_read_u8(&bits->bytes);
    }
    if (byte)
        bits->zeros = 0;
    else if (bits->zeros < 2)
        bits->zeros++;
    bits->current = byte;
    bits->left = 8;
    bits->failed = bits->failed || bits->bytes.failed;
}

uint32_t jt_bits_read(struct jt_bits *bits, unsigned n)
{
    uint32_t value = 0;

    while (n > 0 && !bits->failed) {
        unsigned take;

        if (bits->left == 0) {
            load_byte(bits);
            continue;
        }
        take = n < bits->left ? n : bits->left;
        value = value << take | (bits->current >> (bits->left - take) & ((1U << take) - 1));
        bits->left = (uint8_t)(bits->left - take);
        n -= take;
    }
    return bits->failed ? 0 : value;
}

bool jt_bits_flag(struct jt_bits *bits)
{
    return jt_bits_read(bits, 1) != 0;
}

void jt_bits_skip(struct jt_bits *bits, uint32_t n)
{
    for (; n > 32 && !bits->failed; n -= 32)
        (void)jt_bits_read(bits, 32);
    (void)jt_bits_read(bits, n > 32 ? 32 : n);
}

uint32_t jt_bits_ue(struct jt_bits *bits)
{
    unsigned zeros = 0;

    while (!bits->failed && !jt_bits_flag(bits))
        zeros++;
    if (zeros > 31) /* the largest code is 2^32 - 2 */
        bits->failed = true;
    if (bits->failed)
        return 0;
    return ((uint32_t)1 << zeros) - 1 + jt_bits_read(bits, zeros);
}

int32_t jt_bits_se(struct jt_bits *bits)
{
    uint32_t code = jt_bits_ue(bits);
    int32_t magnitude = (int32_t)(code / 2 + (code & 1)); /* at most 2^31 - 1 */

    return code & 1 ? magnitude : -magnitude;
}

uint32_t jt_bits_ue_max(struct jt_bits *bits, uint32_t max)
{
    uint32_t value = jt_bits_ue(bits);

    if (value > max) {
        bits->failed = true;
        return 0;
    }
    return value;
}

void jt_bits_align(struct jt_bits *bits)
{
    bits->left = 0;
}

size_t jt_bits_left(const struct jt_bits *bits)
{
    return bits->failed ? 0 : bits->bytes.left * 8 + bits->left;
}
