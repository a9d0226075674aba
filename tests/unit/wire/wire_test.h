/* What the tests of common/wire share. Includes cmocka and what it wants before it. */
#ifndef TESTS_WIRE_TEST_H
#define TESTS_WIRE_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A copy on the heap of exactly that size: ASan sees one byte too far. */
static inline uint8_t *exact_copy(const void *data, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    return copy;
}

/* "80 60 00 01" to bytes; blanks are skipped. Returns how many. */
static inline size_t from_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t size = 0;
    unsigned byte;

    while (*hex) {
        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        assert_true(size < capacity);
        out[size++] = (uint8_t)byte;
        hex += 2;
    }
    return size;
}

/* xorshift64: the same damage in every run */
static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Runs `fn` on every cut of the message and on 20,000 damaged ones; it has to come back, under ASan. */
static inline void torture(const uint8_t *data, size_t size, void (*fn)(const uint8_t *, size_t))
{
    uint64_t state = 0x9e3779b97f4a7c15;

    for (size_t cut = 0; cut <= size; cut++) {
        uint8_t *copy = exact_copy(data, cut);

        fn(copy, cut);
        free(copy);
    }
    for (unsigned round = 0; round < 20000; round++) {
        uint8_t *copy = exact_copy(data, size);
        unsigned hits = 1 + (unsigned)(next_random(&state) % 4);

        for (unsigned i = 0; i < hits; i++)
            copy[next_random(&state) % size] = (uint8_t)next_random(&state);
        fn(copy, size);
        free(copy);
    }
}

#endif
