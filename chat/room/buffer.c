#include "chat/room/buffer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CAPACITY_FIRST = 256 };

void room_buffer_deinit(struct room_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct room_buffer){0};
}

void room_buffer_clear(struct room_buffer *buffer)
{
    buffer->size = 0;
    buffer->failed = false;
}

/* Room for `more` bytes and the NUL. */
static bool grow(struct room_buffer *buffer, size_t more)
{
    size_t capacity = buffer->capacity ? buffer->capacity : CAPACITY_FIRST;
    char *data;

    if (buffer->failed)
        return false;
    while (capacity - 1 - buffer->size < more)
        capacity *= 2;
    if (capacity == buffer->capacity)
        return true;
    data = realloc(buffer->data, capacity);
    if (!data) {
        buffer->failed = true;
        buffer->size = 0;
        return false;
    }
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

void room_buffer_bytes(struct room_buffer *buffer, const char *bytes, size_t size)
{
    if (!grow(buffer, size))
        return;
    memcpy(buffer->data + buffer->size, bytes, size);
    buffer->size += size;
    buffer->data[buffer->size] = '\0';
}

void room_buffer_text(struct room_buffer *buffer, const char *text)
{
    room_buffer_bytes(buffer, text, strlen(text));
}

void room_buffer_integer(struct room_buffer *buffer, int64_t value)
{
    char digits[24];

    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    room_buffer_text(buffer, digits);
}

void room_buffer_quoted(struct room_buffer *buffer, const char *text)
{
    room_buffer_bytes(buffer, "\"", 1);
    while (*text) {
        size_t plain = 0;
        char escaped[8];

        while (text[plain] && (unsigned char)text[plain] >= 0x20 && text[plain] != '"' &&
               text[plain] != '\\')
            plain++;
        room_buffer_bytes(buffer, text, plain);
        text += plain;
        if (!*text)
            break;
        if ((unsigned char)*text >= 0x20)
            (void)snprintf(escaped, sizeof(escaped), "\\%c", *text);
        else
            (void)snprintf(escaped, sizeof(escaped), "\\u%04x", (unsigned)*text);
        room_buffer_text(buffer, escaped);
        text++;
    }
    room_buffer_bytes(buffer, "\"", 1);
}

char *room_buffer_take(struct room_buffer *buffer)
{
    char *data = buffer->failed || !buffer->size ? NULL : buffer->data;

    if (data)
        buffer->data = NULL;
    room_buffer_deinit(buffer);
    return data;
}
