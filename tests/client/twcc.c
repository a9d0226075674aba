/* When each packet came, as a browser tells it: two-bit status vectors and deltas of 250 µs. */
#include <string.h>

#include "client.h"

enum {
    FIXED_BYTES =
        20, /* RTCP header, two SSRCs, base, count, reference time, number of the feedback */
    TICK_US = 250,
    REFERENCE_US = 64000,
    SYMBOLS_PER_CHUNK = 7,
    STATUS_MAX = 448, /* so that chunks and deltas fit a datagram */
    SYMBOL_LOST = 0,
    SYMBOL_SMALL = 1,
    SYMBOL_LARGE = 2,
    ONE_BYTE_PROFILE = 0xBEDE, /* RFC 8285 §4.2 */
};

static void put16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, (uint16_t)(v >> 16));
    put16(at + 2, (uint16_t)v);
}

/* The transport-wide number in the header extension, or -1. */
static int find_number(const uint8_t *data, size_t size)
{
    size_t at = RTP_HEADER_BYTES + 4 * (size_t)(data[0] & 15), end;

    if (!(data[0] & 0x10) || at + 4 > size || (data[at] << 8 | data[at + 1]) != ONE_BYTE_PROFILE)
        return -1;
    end = at + 4 + 4 * (size_t)(data[at + 2] << 8 | data[at + 3]);
    for (at += 4; at < end && end <= size; at++) {
        size_t length = (data[at] & 15) + 1U;

        if (data[at] == 0)
            continue;
        if (data[at] >> 4 == OFFER_TWCC_ID && length == 2 && at + 2 < end)
            return data[at + 1] << 8 | data[at + 2];
        at += length;
    }
    return -1;
}

void twcc_note(struct twcc *twcc, const uint8_t *data, size_t size, int64_t now)
{
    int number = size >= RTP_HEADER_BYTES ? find_number(data, size) : -1;

    if (number < 0 || twcc->count == TWCC_PACKETS_MAX)
        return;
    twcc->packets[twcc->count].sequence = (uint16_t)number;
    twcc->packets[twcc->count++].at_us = now;
}

/* Arrival by number from `base` on; 0: did not come. Returns how many numbers there are. */
static int spread(const struct twcc *twcc, uint16_t base, int64_t arrivals[STATUS_MAX])
{
    int count = 0;

    memset(arrivals, 0, STATUS_MAX * sizeof(*arrivals));
    for (int i = 0; i < twcc->count; i++) {
        uint16_t n = (uint16_t)(twcc->packets[i].sequence - base);

        if (n >= STATUS_MAX)
            continue;
        arrivals[n] = twcc->packets[i].at_us;
        if (n >= count)
            count = n + 1;
    }
    return count;
}

static size_t write_chunks(const uint8_t *symbols, int count, uint8_t *out)
{
    size_t size = 0;

    for (int i = 0; i < count; i += SYMBOLS_PER_CHUNK, size += 2) {
        unsigned chunk = 0xC000;

        for (int k = 0; k < SYMBOLS_PER_CHUNK && i + k < count; k++)
            chunk |= (unsigned)symbols[i + k] << (12 - 2 * k);
        put16(out + size, (uint16_t)chunk);
    }
    return size;
}

static size_t write_deltas(const int64_t *arrivals, int count, int64_t reference_us,
                           uint8_t *symbols, uint8_t *out)
{
    int64_t before = reference_us / TICK_US;
    size_t size = 0;

    for (int i = 0; i < count; i++) {
        int64_t delta = arrivals[i] / TICK_US - before;

        symbols[i] = SYMBOL_LOST;
        if (!arrivals[i])
            continue;
        before += delta;
        if (delta >= 0 && delta <= 255) {
            symbols[i] = SYMBOL_SMALL;
            out[size++] = (uint8_t)delta;
        } else {
            symbols[i] = SYMBOL_LARGE;
            put16(out + size, (uint16_t)(int16_t)delta);
            size += 2;
        }
    }
    return size;
}

size_t twcc_write(struct twcc *twcc, uint32_t media_ssrc, uint8_t *out, size_t capacity)
{
    int64_t arrivals[STATUS_MAX], reference_us;
    uint8_t symbols[STATUS_MAX], deltas[2 * STATUS_MAX];
    uint16_t base = twcc->count ? twcc->packets[0].sequence : 0;
    int count = twcc->count ? spread(twcc, base, arrivals) : 0;
    size_t size, deltas_size;

    twcc->count = 0;
    if (!count || capacity < FIXED_BYTES + 2 * STATUS_MAX + STATUS_MAX / 3)
        return 0;
    reference_us = arrivals[0] / REFERENCE_US * REFERENCE_US;
    deltas_size = write_deltas(arrivals, count, reference_us, symbols, deltas);
    size = FIXED_BYTES + write_chunks(symbols, count, out + FIXED_BYTES);
    memcpy(out + size, deltas, deltas_size);
    size += deltas_size;
    while (size % 4)
        out[size++] = 0;
    out[0] = 0x80 | 15;
    out[1] = 205;
    put16(out + 2, (uint16_t)(size / 4 - 1));
    put32(out + 4, 1);
    put32(out + 8, media_ssrc);
    put16(out + 12, base);
    put16(out + 14, (uint16_t)count);
    put32(out + 16, (uint32_t)(reference_us / REFERENCE_US) << 8 | twcc->feedbacks++);
    return size;
}
