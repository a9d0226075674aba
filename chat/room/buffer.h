/** Text that grows: how pushes and frames are laid out. Sticky: after a failed allocation it stays failed and empty. */
#ifndef CHAT_ROOM_BUFFER_H
#define CHAT_ROOM_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct room_buffer {
    char *data; /* NUL-terminated once something was added */
    size_t size, capacity;
    bool failed;
};

void room_buffer_deinit(struct room_buffer *buffer);
/** Empty it, keep the memory, forget a failure. */
void room_buffer_clear(struct room_buffer *buffer);

void room_buffer_bytes(struct room_buffer *buffer, const char *bytes, size_t size);
void room_buffer_text(struct room_buffer *buffer, const char *text);
void room_buffer_integer(struct room_buffer *buffer, int64_t value);
/** As a JSON string (RFC 8259 §7) with its quotes. `text` is UTF-8. */
void room_buffer_quoted(struct room_buffer *buffer, const char *text);

/** Hand over what was written: free() it. NULL after a failure, or when empty. The buffer starts anew. */
char *room_buffer_take(struct room_buffer *buffer);

#endif
