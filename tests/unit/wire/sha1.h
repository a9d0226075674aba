/* HMAC-SHA1 (RFC 2104, RFC 3174) for the STUN tests and fuzz target: common/wire leaves it to its caller. Slow. */
#ifndef TESTS_WIRE_SHA1_H
#define TESTS_WIRE_SHA1_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static inline uint32_t sha1_rotate(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static inline void sha1_block(uint32_t state[5], const uint8_t *block)
{
    uint32_t w[80];
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];

    for (unsigned i = 0; i < 16; i++)
        w[i] = (uint32_t)block[i * 4] << 24 | (uint32_t)block[i * 4 + 1] << 16 |
               (uint32_t)block[i * 4 + 2] << 8 | block[i * 4 + 3];
    for (unsigned i = 16; i < 80; i++)
        w[i] = sha1_rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
    for (unsigned i = 0; i < 80; i++) {
        static const uint32_t k[4] = {0x5a827999, 0x6ed9eba1, 0x8f1bbcdc, 0xca62c1d6};
        uint32_t f = i < 20   ? (b & c) | (~b & d)
                     : i < 40 ? b ^ c ^ d
                     : i < 60 ? (b & c) | (b & d) | (c & d)
                              : b ^ c ^ d;
        uint32_t t = sha1_rotate(a, 5) + f + e + k[i / 20] + w[i];

        e = d;
        d = c;
        c = sha1_rotate(b, 30);
        b = a;
        a = t;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

static inline void sha1(const uint8_t *data, size_t size, uint8_t out[20])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    size_t padded = (size + 8) / 64 * 64 + 64;
    uint8_t *copy = calloc(1, padded);

    if (!copy)
        abort();
    memcpy(copy, data, size);
    copy[size] = 0x80;
    for (unsigned i = 0; i < 8; i++)
        copy[padded - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    for (size_t i = 0; i < padded; i += 64)
        sha1_block(state, copy + i);
    for (unsigned i = 0; i < 20; i++)
        out[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    free(copy);
}

/* The type of jt_stun_hmac_fn; keys up to 64 bytes. */
static inline int hmac_sha1(const void *key, size_t key_size, const void *data, size_t data_size,
                            uint8_t out[20])
{
    uint8_t *inner = calloc(1, 64 + data_size);
    uint8_t outer[64 + 20] = {0};

    if (!inner || key_size > 64)
        abort();
    memcpy(inner, key, key_size);
    memcpy(outer, key, key_size);
    for (unsigned i = 0; i < 64; i++) {
        inner[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    memcpy(inner + 64, data, data_size);
    sha1(inner, 64 + data_size, outer + 64);
    sha1(outer, sizeof(outer), out);
    free(inner);
    return 0;
}

#endif
