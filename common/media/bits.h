/**
 * A cursor of bits over bytes from outside, most significant bit first, with a sticky error like
 * base/reader.h: read all the fields, then check `failed` once. Can take H.264's emulation
 * prevention bytes out on the way. Pure; any thread.
 */
#ifndef JT_MEDIA_BITS_H
#define JT_MEDIA_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/reader.h"

struct jt_bits {
    struct jt_reader bytes;
    bool is_rbsp; /* skip the 3 of 00 00 03 (H.264 §7.4.1) */
    bool failed;
    uint8_t current; /* the byte being read */
    uint8_t left;    /* its bits not read yet */
    uint8_t zeros;   /* zero bytes in a row before the next one */
};

struct jt_bits jt_bits_of(const void *data, size_t size);
/** The same over a NAL unit: emulation prevention is removed. */
struct jt_bits jt_bits_of_rbsp(const void *data, size_t size);

/** The next n bits, 0–32. 0 after a failure. */
uint32_t jt_bits_read(struct jt_bits *bits, unsigned n);
bool jt_bits_flag(struct jt_bits *bits);
/** Pass over any number of bits; the work is bounded by the bytes that are there. */
void jt_bits_skip(struct jt_bits *bits, uint32_t n);
/** Exp-Golomb codes (H.264 §9.1); fails when the value does not fit 32 bits. */
uint32_t jt_bits_ue(struct jt_bits *bits);
int32_t jt_bits_se(struct jt_bits *bits);
/** ue(v) that must not be over `max`: over it the cursor fails and 0 comes back. */
uint32_t jt_bits_ue_max(struct jt_bits *bits, uint32_t max);
/** Pass over the rest of the current byte. */
void jt_bits_align(struct jt_bits *bits);
/** Bits left, emulation prevention bytes counted in. */
size_t jt_bits_left(const struct jt_bits *bits);

#endif
