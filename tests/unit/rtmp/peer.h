/* A scripted RTMP client for the tests: its bytes are put together here by hand, from the text of the specification. */
#ifndef TESTS_RTMP_PEER_H
#define TESTS_RTMP_PEER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

#define UNUSED __attribute__((unused))

/* Bytes that grow. */
struct bytes {
    uint8_t *data;
    size_t size, capacity;
};

static UNUSED void add(struct bytes *b, const void *data, size_t size)
{
    if (b->size + size > b->capacity) {
        b->capacity = 2 * (b->size + size);
        b->data = realloc(b->data, b->capacity);
        assert_non_null(b->data);
    }
    if (size)
        memcpy(b->data + b->size, data, size);
    b->size += size;
}

static UNUSED void add_u8(struct bytes *b, unsigned v)
{
    const uint8_t byte = (uint8_t)v;

    add(b, &byte, 1);
}

static UNUSED void add_be(struct bytes *b, uint32_t v, int size)
{
    while (size-- > 0)
        add_u8(b, v >> (8 * size) & 0xff);
}

static UNUSED void add_le32(struct bytes *b, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        add_u8(b, v >> (8 * i) & 0xff);
}

static UNUSED void add_zeros(struct bytes *b, size_t size)
{
    while (size-- > 0)
        add_u8(b, 0);
}

/* "02 00 03" as bytes. */
static UNUSED void add_hex(struct bytes *b, const char *hex)
{
    unsigned v;
    int n;

    while (sscanf(hex, " %2x%n", &v, &n) == 1) {
        add_u8(b, v);
        hex += n;
    }
}

static UNUSED void release(struct bytes *b)
{
    free(b->data);
    *b = (struct bytes){0};
}

/* A chunk's basic header (§5.3.1.1), form chosen by `form` bytes: 1, 2 or 3. */
static UNUSED void add_basic(struct bytes *b, unsigned fmt, uint32_t id, int form)
{
    if (form == 1) {
        add_u8(b, fmt << 6 | id);
        return;
    }
    add_u8(b, fmt << 6 | (form == 2 ? 0 : 1));
    add_u8(b, (id - 64) & 0xff);
    if (form == 3)
        add_u8(b, (id - 64) >> 8);
}

/* A full message header (§5.3.1.2.1) behind a basic header of one byte. */
static UNUSED void add_full(struct bytes *b, uint32_t id, uint32_t time, uint32_t size,
                            unsigned type, uint32_t stream)
{
    add_basic(b, 0, id, 1);
    add_be(b, time >= 0xffffff ? 0xffffff : time, 3);
    add_be(b, size, 3);
    add_u8(b, type);
    add_le32(b, stream);
    if (time >= 0xffffff)
        add_be(b, time, 4);
}

/* A whole message in chunks of 128. */
static UNUSED void add_message(struct bytes *b, uint32_t id, uint32_t time, unsigned type,
                               uint32_t stream, const void *body, size_t size)
{
    const uint8_t *next = body;
    size_t n = size < 128 ? size : 128;

    add_full(b, id, time, (uint32_t)size, type, stream);
    add(b, next, n);
    for (size_t at = n; at < size; at += n) {
        n = size - at < 128 ? size - at : 128;
        add_basic(b, 3, id, 1);
        if (time >= 0xffffff)
            add_be(b, time, 4);
        add(b, next + at, n);
    }
}

/* AMF0 by hand (AMF0 §2). */
static UNUSED void amf_string(struct bytes *b, const char *s)
{
    add_u8(b, 2);
    add_be(b, (uint32_t)strlen(s), 2);
    add(b, s, strlen(s));
}

static UNUSED void amf_number(struct bytes *b, double v)
{
    uint64_t bits;

    memcpy(&bits, &v, sizeof(bits));
    add_u8(b, 0);
    add_be(b, (uint32_t)(bits >> 32), 4);
    add_be(b, (uint32_t)bits, 4);
}

static UNUSED void amf_property(struct bytes *b, const char *name, const char *value)
{
    add_be(b, (uint32_t)strlen(name), 2);
    add(b, name, strlen(name));
    amf_string(b, value);
}

static UNUSED void add_handshake(struct bytes *b)
{
    add_u8(b, 3);
    add_zeros(b, 2 * 1536); /* simple C1; a C2 of zeros */
}

static UNUSED void add_command(struct bytes *b, uint32_t stream, const struct bytes *body)
{
    add_message(b, 3, 0, 20, stream, body->data, body->size);
}

static UNUSED void add_connect(struct bytes *b, const char *app, const char *tc_url)
{
    struct bytes body = {0};

    amf_string(&body, "connect");
    amf_number(&body, 1);
    add_u8(&body, 3);
    if (app)
        amf_property(&body, "app", app);
    if (tc_url)
        amf_property(&body, "tcUrl", tc_url);
    add_hex(&body, "00 00 09");
    add_command(b, 0, &body);
    release(&body);
}

/* A command with null and, unless NULL, a text and another. */
static UNUSED void add_call(struct bytes *b, uint32_t stream, const char *name, double transaction,
                            const char *text)
{
    struct bytes body = {0};

    amf_string(&body, name);
    amf_number(&body, transaction);
    add_u8(&body, 5);
    if (text)
        amf_string(&body, text);
    add_command(b, stream, &body);
    release(&body);
}

static UNUSED void add_delete_stream(struct bytes *b, double id)
{
    struct bytes body = {0};

    amf_string(&body, "deleteStream");
    amf_number(&body, 0);
    add_u8(&body, 5);
    amf_number(&body, id);
    add_command(b, 0, &body);
    release(&body);
}

static UNUSED struct bytes read_whole_file(const char *path)
{
    struct bytes b = {0};
    uint8_t part[65536];
    FILE *file = fopen(path, "rb");
    size_t n;

    assert_non_null(file);
    while ((n = fread(part, 1, sizeof(part), file)) > 0)
        add(&b, part, n);
    (void)fclose(file);
    return b;
}

#endif
