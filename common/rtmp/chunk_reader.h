/**
 * Joins chunks to messages (Adobe RTMP 1.0 §5.3), for either end. Bytes may be cut anywhere. Set Chunk Size and Abort
 * are obeyed here and not handed out. Memory follows the bytes received, never the length announced. One thread.
 */
#ifndef JT_RTMP_CHUNK_READER_H
#define JT_RTMP_CHUNK_READER_H

#include <stdint.h>

#include "base/base.h"

struct jt_reader;
struct jt_rtmp_message;
struct jt_rtmp_chunk_reader;

enum {
    JT_RTMP_CHUNK_SIZE_DEFAULT_BYTES = 128, /* §5.4.1 */
    JT_RTMP_CHUNK_STREAMS_MAX = 64,         /* ours: encoders open a handful */
    JT_RTMP_CHUNK_HEADER_MAX_BYTES = 18,    /* §5.3.1: 3 basic, 11 message, 4 extended time */
};

struct jt_rtmp_chunk_limits {
    uint32_t video_max_bytes;   /* video and aggregate messages */
    uint32_t other_max_bytes;   /* all others but those of protocol control, whose size is fixed */
    uint32_t partial_max_bytes; /* held for all unfinished messages together */
};

JT_MUST_CHECK int jt_rtmp_chunk_reader_new(const struct jt_rtmp_chunk_limits *limits,
                                           struct jt_rtmp_chunk_reader **out);

/** Takes NULL. */
void jt_rtmp_chunk_reader_free(struct jt_rtmp_chunk_reader *reader);

/**
 * Take bytes from `in` up to the end of the next message.
 *
 * message  filled when a message is whole; its body is borrowed until the next call or the free
 * Returns 1 for a message, 0 when `in` is used up, or a negative errno after which the reader is of no more use:
 * -EPROTO (the rules of chunks broken), -EMSGSIZE (a message or their sum too large), -ENOBUFS (too many chunk
 * streams), -ENOMEM.
 */
JT_MUST_CHECK int jt_rtmp_chunk_read(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in,
                                     struct jt_rtmp_message *message);

/** After an error: which rule, as a metric label ("chunk_size", "message_size"...). NULL before. */
const char *jt_rtmp_chunk_reader_fault(const struct jt_rtmp_chunk_reader *reader);

/** Bytes allocated for unfinished messages now. */
size_t jt_rtmp_chunk_reader_held_bytes(const struct jt_rtmp_chunk_reader *reader);

#endif
