/**
 * The reader's twin: writes into the caller's memory, sticky error, never past the end. After a failure nothing
 * more is written; check `failed` once, then use `size`.
 */
#ifndef JT_BASE_WRITER_H
#define JT_BASE_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct jt_writer {
    uint8_t *data; /* borrowed */
    size_t capacity;
    size_t size; /* bytes written so far */
    bool failed;
};

static inline struct jt_writer jt_writer_of(void *data, size_t capacity)
{
    return (struct jt_writer){.data = data, .capacity = capacity};
}

/** Room for `n` bytes that the caller fills, or NULL (and fails the writer) when they do not fit. */
static inline uint8_t *jt_writer_room(struct jt_writer *w, size_t n)
{
    if (w->failed || n > w->capacity - w->size) {
        w->failed = true;
        return NULL;
    }
    w->size += n;
    return w->data + w->size - n;
}

static inline void jt_write_bytes(struct jt_writer *w, const void *bytes, size_t n)
{
    uint8_t *p = jt_writer_room(w, n);

    if (p && n)
        memcpy(p, bytes, n);
}

static inline void jt_write_zeros(struct jt_writer *w, size_t n)
{
    uint8_t *p = jt_writer_room(w, n);

    if (p && n)
        memset(p, 0, n);
}

static inline void jt_write_u8(struct jt_writer *w, uint8_t v)
{
    uint8_t *p = jt_writer_room(w, 1);

    if (p)
        p[0] = v;
}

static inline void jt_write_be16(struct jt_writer *w, uint16_t v)
{
    uint8_t *p = jt_writer_room(w, 2);

    if (!p)
        return;
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void jt_write_be24(struct jt_writer *w, uint32_t v)
{
    uint8_t *p = jt_writer_room(w, 3);

    if (!p)
        return;
    p[0] = (uint8_t)(v >> 16);
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)v;
}

static inline void jt_write_be32(struct jt_writer *w, uint32_t v)
{
    uint8_t *p = jt_writer_room(w, 4);

    if (!p)
        return;
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void jt_write_le32(struct jt_writer *w, uint32_t v)
{
    uint8_t *p = jt_writer_room(w, 4);

    if (!p)
        return;
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}

static inline void jt_write_be64(struct jt_writer *w, uint64_t v)
{
    jt_write_be32(w, (uint32_t)(v >> 32));
    jt_write_be32(w, (uint32_t)v);
}

#endif
