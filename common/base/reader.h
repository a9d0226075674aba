/**
 * The cursor every byte from outside goes through. Its error is sticky: after one short read every read gives
 * zero, so read all the fields, then check `failed` once. One read per statement: C leaves the order of
 * arguments and initialisers open.
 */
#ifndef JT_BASE_READER_H
#define JT_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jt_reader {
    const uint8_t *next; /* borrowed from the caller for the life of the cursor */
    size_t left;
    bool failed;
};

static inline struct jt_reader jt_reader_of(const void *data, size_t size)
{
    return (struct jt_reader){.next = data, .left = size};
}

/** Take `n` bytes. Returns a pointer to them, or NULL (and fails the cursor) when fewer are left. */
static inline const uint8_t *jt_reader_take(struct jt_reader *r, size_t n)
{
    if (r->failed || n > r->left) { /* compare with what is left: `pos + n` can wrap */
        r->failed = true;
        return NULL;
    }
    r->next += n;
    r->left -= n;
    return r->next - n;
}

/** A cursor over the next `n` bytes; it is failed from the start when they are not there. */
static inline struct jt_reader jt_reader_sub(struct jt_reader *r, size_t n)
{
    const uint8_t *data = jt_reader_take(r, n);

    return (struct jt_reader){.next = data, .left = data ? n : 0, .failed = !data};
}

static inline uint8_t jt_read_u8(struct jt_reader *r)
{
    const uint8_t *p = jt_reader_take(r, 1);

    return p ? p[0] : 0;
}

static inline uint16_t jt_read_be16(struct jt_reader *r)
{
    const uint8_t *p = jt_reader_take(r, 2);

    return p ? (uint16_t)(p[0] << 8 | p[1]) : 0;
}

static inline uint32_t jt_read_be24(struct jt_reader *r)
{
    const uint8_t *p = jt_reader_take(r, 3);

    return p ? (uint32_t)p[0] << 16 | (uint32_t)p[1] << 8 | p[2] : 0;
}

static inline uint32_t jt_read_be32(struct jt_reader *r)
{
    const uint8_t *p = jt_reader_take(r, 4);

    return p ? (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3] : 0;
}

static inline uint32_t jt_read_le32(struct jt_reader *r)
{
    const uint8_t *p = jt_reader_take(r, 4);

    return p ? (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0] : 0;
}

static inline uint64_t jt_read_be64(struct jt_reader *r)
{
    uint64_t high = jt_read_be32(r);
    uint64_t low = jt_read_be32(r);

    return high << 32 | low;
}

#endif
