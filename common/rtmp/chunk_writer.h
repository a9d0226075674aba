/**
 * Cuts a message into chunks (Adobe RTMP 1.0 §5.3). Every message gets a full header, so that the bytes depend on
 * nothing sent before: the same ones serve every player. Any thread.
 */
#ifndef JT_RTMP_CHUNK_WRITER_H
#define JT_RTMP_CHUNK_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct jt_rtmp_message;
struct jt_writer;

enum {
    /* What we announce before we send anything longer than a command: one header per frame. As SRS does. */
    JT_RTMP_CHUNK_SIZE_OUT_BYTES = 60000,
};

/** Bytes that `message` takes on the wire in chunks of `chunk_size` (1 or more) on a chunk stream below 64. */
size_t jt_rtmp_chunks_size(const struct jt_rtmp_message *message, uint32_t chunk_size);

/**
 * Write `message` on chunk stream `id` (2 to 63) in chunks of `chunk_size` (1 or more) bytes. A time of 0xffffff and
 * more is extended and repeated in every chunk (§5.3.1.3). The writer fails when it has less room than
 * jt_rtmp_chunks_size says, or when the body has over 16,777,215 bytes.
 */
void jt_rtmp_chunks_write(struct jt_writer *w, uint32_t id, const struct jt_rtmp_message *message,
                          uint32_t chunk_size);

#endif
