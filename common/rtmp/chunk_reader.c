#include "rtmp/chunk_reader.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/message.h"

enum {
    BODY_FIRST_BYTES = 4096, /* ours: the common chunk size of encoders */
    CHUNK_SIZE_MAX_BYTES =
        0x7fffffff,              /* §5.4.1: the top bit must be zero; compared, never allocated */
    TIME_IS_EXTENDED = 0xffffff, /* §5.3.1.3 */
    EXTENDED_TIME_BYTES = 4,
};

/* Message headers of the four chunk types (§5.3.1.2). */
enum { HEADER_FULL = 0, HEADER_SAME_STREAM = 1, HEADER_TIME_ONLY = 2, HEADER_NONE = 3 };

struct chunk_stream {
    uint32_t id;
    uint32_t time_ms; /* of the message being read, or read last */
    uint32_t
        time_field; /* as the last header had it: absolute in a full header, else a difference */
    bool is_extended;
    bool is_busy; /* a message has begun and is not whole */
    uint8_t type;
    uint32_t stream_id;
    uint32_t size, received, capacity;
    uint8_t *body;
};

struct chunk_header {
    uint32_t id;
    unsigned format;
    uint32_t time_field;
    bool is_extended;
    uint32_t size;
    uint8_t type;
    uint32_t stream_id;
};

struct jt_rtmp_chunk_reader {
    struct jt_rtmp_chunk_limits limits;
    uint32_t chunk_size;
    size_t held_bytes;
    const char *fault;
    uint8_t *finished; /* the body handed out by the last read */
    /* Bytes taken from the input and not yet used: a header cut short, or payload looked at in search of a time. */
    uint8_t pending[JT_RTMP_CHUNK_HEADER_MAX_BYTES];
    size_t pending_size;
    struct chunk_stream *current; /* whose payload is being read; NULL where a header is due */
    uint32_t chunk_left;
    size_t count;
    struct chunk_stream streams[JT_RTMP_CHUNK_STREAMS_MAX];
};

int jt_rtmp_chunk_reader_new(const struct jt_rtmp_chunk_limits *limits,
                             struct jt_rtmp_chunk_reader **out)
{
    struct jt_rtmp_chunk_reader *reader = calloc(1, sizeof(*reader));

    if (!reader)
        return -ENOMEM;
    reader->limits = *limits;
    reader->chunk_size = JT_RTMP_CHUNK_SIZE_DEFAULT_BYTES;
    *out = reader;
    return 0;
}

void jt_rtmp_chunk_reader_free(struct jt_rtmp_chunk_reader *reader)
{
    if (!reader)
        return;
    for (size_t i = 0; i < reader->count; i++)
        free(reader->streams[i].body);
    free(reader->finished);
    free(reader);
}

const char *jt_rtmp_chunk_reader_fault(const struct jt_rtmp_chunk_reader *reader)
{
    return reader->fault;
}

size_t jt_rtmp_chunk_reader_held_bytes(const struct jt_rtmp_chunk_reader *reader)
{
    return reader->held_bytes;
}

static int fail(struct jt_rtmp_chunk_reader *reader, int err, const char *fault)
{
    reader->fault = fault;
    return err;
}

static struct chunk_stream *find_stream(struct jt_rtmp_chunk_reader *reader, uint32_t id)
{
    for (size_t i = 0; i < reader->count; i++)
        if (reader->streams[i].id == id)
            return &reader->streams[i];
    return NULL;
}

static void drop_body(struct jt_rtmp_chunk_reader *reader, struct chunk_stream *stream)
{
    reader->held_bytes -= stream->capacity;
    free(stream->body);
    stream->body = NULL;
    stream->capacity = 0;
    stream->received = 0;
    stream->is_busy = false;
}

/* §5.3.1.1: one byte for 2..63, two for 64..319, three (low byte first) for 64..65599. */
static void read_basic_header(struct jt_reader *r, struct chunk_header *out)
{
    uint8_t first = jt_read_u8(r);

    out->format = first >> 6;
    out->id = first & 0x3f;
    if (out->id == 0) {
        out->id = 64U + jt_read_u8(r);
    } else if (out->id == 1) {
        out->id = 64U + jt_read_u8(r);
        out->id += (uint32_t)jt_read_u8(r) << 8;
    }
}

/*
 * §5.3.1.3 has the extended time repeated in chunks without a message header. Most senders do, some do not: it is one
 * if the bytes are those of the last header, or the message's own time, which some repeat instead of a difference. A
 * decision falls at the first byte that differs, so a short message never waits for bytes that are not coming.
 */
static void skip_repeated_time(struct jt_reader *r, const struct chunk_stream *stream)
{
    uint8_t bytes[EXTENDED_TIME_BYTES];
    const uint32_t known[] = {stream->time_field, stream->time_ms};
    size_t size = JT_MIN(r->left, sizeof(bytes));

    for (size_t i = 0; i < JT_COUNT(known); i++) {
        struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));

        jt_write_be32(&w, known[i]);
        if (!size || memcmp(r->next, bytes, size) == 0) {
            jt_reader_take(
                r, sizeof(bytes)); /* fails, hence waits for more, where only a part is here */
            return;
        }
    }
}

static void read_message_header(struct jt_reader *r, struct chunk_header *out)
{
    out->time_field = jt_read_be24(r);
    out->is_extended = out->time_field == TIME_IS_EXTENDED;
    if (out->format <= HEADER_SAME_STREAM) {
        out->size = jt_read_be24(r);
        out->type = jt_read_u8(r);
    }
    if (out->format == HEADER_FULL)
        out->stream_id = jt_read_le32(r); /* the one little endian field */
    if (out->is_extended)
        out->time_field = jt_read_be32(r);
}

/* Returns 0, -EAGAIN when cut short, or an error. Fields the header does not carry come from the one before. */
static int decode_header(struct jt_rtmp_chunk_reader *reader, struct jt_reader *r,
                         struct chunk_header *out)
{
    const struct chunk_stream *stream;

    *out = (struct chunk_header){.id = 0};
    read_basic_header(r, out);
    if (r->failed)
        return -EAGAIN;
    stream = find_stream(reader, out->id);
    if (!stream && out->format >= HEADER_TIME_ONLY)
        return fail(reader, -EPROTO, "chunk_header");
    if (stream) {
        out->time_field = stream->time_field;
        out->is_extended = stream->is_extended;
        out->size = stream->size;
        out->type = stream->type;
        out->stream_id = stream->stream_id;
    }
    if (out->format != HEADER_NONE)
        read_message_header(r, out);
    else if (stream && stream->is_extended)
        skip_repeated_time(r, stream);
    return r->failed ? -EAGAIN : 0;
}

static int read_header(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in,
                       struct chunk_header *out)
{
    size_t held = reader->pending_size;
    size_t more = JT_MIN(sizeof(reader->pending) - held, in->left);
    struct jt_reader peek = *in;
    struct jt_reader header;
    size_t used;
    int err;

    if (more)
        memcpy(reader->pending + held, jt_reader_take(&peek, more), more);
    header = jt_reader_of(reader->pending, held + more);
    err = decode_header(reader, &header, out);
    if (err) {
        *in = peek;
        reader->pending_size = held + more;
        return err;
    }
    used = held + more - header.left;
    if (used >= held) {
        jt_reader_take(in, used - held);
        reader->pending_size = 0;
    } else { /* what looked like the start of an extended time is payload */
        reader->pending_size = held - used;
        memmove(reader->pending, reader->pending + used, reader->pending_size);
    }
    return 0;
}

/* Is the size of a message of that type allowed? Refused at the header, before anything is held. */
static int check_size(struct jt_rtmp_chunk_reader *reader, uint8_t type, uint32_t size)
{
    switch (type) {
    case JT_RTMP_SET_CHUNK_SIZE:
    case JT_RTMP_ABORT:
    case JT_RTMP_ACKNOWLEDGEMENT:
    case JT_RTMP_WINDOW_ACK_SIZE:
        return size == 4 ? 0 : fail(reader, -EPROTO, "control_size");
    case JT_RTMP_SET_PEER_BANDWIDTH:
        return size == 5 ? 0 : fail(reader, -EPROTO, "control_size");
    case JT_RTMP_VIDEO:
    case JT_RTMP_AGGREGATE:
        return size <= reader->limits.video_max_bytes ? 0 : fail(reader, -EMSGSIZE, "message_size");
    default:
        return size <= reader->limits.other_max_bytes ? 0 : fail(reader, -EMSGSIZE, "message_size");
    }
}

/* A second header inside a message may repeat the first, as some senders do; it may not change it (R5). */
static int check_repeated_header(struct jt_rtmp_chunk_reader *reader,
                                 const struct chunk_stream *stream,
                                 const struct chunk_header *header)
{
    if (header->size != stream->size || header->type != stream->type ||
        header->stream_id != stream->stream_id)
        return fail(reader, -EPROTO, "chunk_header");
    return 0;
}

static int begin_message(struct jt_rtmp_chunk_reader *reader, const struct chunk_header *header,
                         struct chunk_stream **out)
{
    struct chunk_stream *stream = find_stream(reader, header->id);
    int err;

    if (stream && stream->is_busy) {
        *out = stream;
        return check_repeated_header(reader, stream, header);
    }
    err = check_size(reader, header->type, header->size);
    if (err)
        return err;
    if (!stream) {
        if (reader->count == JT_RTMP_CHUNK_STREAMS_MAX)
            return fail(reader, -ENOBUFS, "chunk_streams");
        stream = &reader->streams[reader->count++];
        stream->id = header->id;
    }
    /* §5.3.1.2.4: without a header the difference is again the last field, even if that was a full header's. */
    stream->time_ms =
        header->format == HEADER_FULL ? header->time_field : stream->time_ms + header->time_field;
    stream->time_field = header->time_field;
    stream->is_extended = header->is_extended;
    stream->size = header->size;
    stream->type = header->type;
    stream->stream_id = header->stream_id;
    stream->is_busy = true;
    *out = stream;
    return 0;
}

static int reserve(struct jt_rtmp_chunk_reader *reader, struct chunk_stream *stream, uint32_t more)
{
    uint32_t needed = stream->received + more; /* at most stream->size, a 24-bit number */
    uint32_t capacity;
    uint8_t *body;

    if (needed <= stream->capacity)
        return 0;
    capacity = JT_MAX(needed, JT_MAX(2 * stream->capacity, (uint32_t)BODY_FIRST_BYTES));
    capacity = JT_MIN(capacity, stream->size);
    if (reader->held_bytes - stream->capacity + capacity > reader->limits.partial_max_bytes)
        return fail(reader, -EMSGSIZE, "partial_bytes");
    body = realloc(stream->body, capacity);
    if (!body)
        return fail(reader, -ENOMEM, "memory");
    reader->held_bytes += capacity - stream->capacity;
    stream->body = body;
    stream->capacity = capacity;
    return 0;
}

static int append(struct jt_rtmp_chunk_reader *reader, struct chunk_stream *stream,
                  struct jt_reader *from)
{
    uint32_t n = (uint32_t)JT_MIN(from->left, (size_t)reader->chunk_left);
    int err = reserve(reader, stream, n);

    if (err)
        return err;
    if (n)
        memcpy(stream->body + stream->received, jt_reader_take(from, n), n);
    stream->received += n;
    reader->chunk_left -= n;
    return 0;
}

static int read_payload(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in)
{
    struct jt_reader pending = jt_reader_of(reader->pending, reader->pending_size);
    int err;

    if (!pending.left)
        return append(reader, reader->current, in);
    err = append(reader, reader->current, &pending);
    if (err)
        return err;
    memmove(reader->pending, reader->pending + reader->pending_size - pending.left, pending.left);
    reader->pending_size = pending.left;
    return 0;
}

/* The two messages that speak of chunks themselves. Returns 0 once obeyed. */
static int obey(struct jt_rtmp_chunk_reader *reader, const struct jt_rtmp_message *message)
{
    struct jt_reader body = jt_reader_of(message->body, message->size);
    uint32_t value = jt_read_be32(&body);
    struct chunk_stream *stream;

    if (message->type == JT_RTMP_SET_CHUNK_SIZE) {
        if (value == 0 || value > CHUNK_SIZE_MAX_BYTES)
            return fail(reader, -EPROTO, "chunk_size");
        reader->chunk_size = value;
        return 0;
    }
    stream = find_stream(reader, value);
    if (stream)
        drop_body(reader, stream);
    return 0;
}

static void finish_message(struct jt_rtmp_chunk_reader *reader, struct chunk_stream *stream,
                           struct jt_rtmp_message *message)
{
    *message = (struct jt_rtmp_message){
        .type = stream->type,
        .time_ms = stream->time_ms,
        .stream_id = stream->stream_id,
        .body = stream->body,
        .size = stream->received,
    };
    reader->held_bytes -= stream->capacity;
    reader->finished = stream->body;
    stream->body = NULL;
    stream->capacity = 0;
    stream->received = 0;
    stream->is_busy = false;
}

/* One chunk or what is there of it. Returns 1 when it completed a message, 0, -EAGAIN for "no more input", an error. */
static int read_chunk(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in,
                      struct jt_rtmp_message *message)
{
    struct chunk_header header;
    struct chunk_stream *stream;
    int err;

    if (!reader->current) {
        err = read_header(reader, in, &header);
        if (!err)
            err = begin_message(reader, &header, &stream);
        if (err)
            return err;
        reader->current = stream;
        reader->chunk_left = JT_MIN(reader->chunk_size, stream->size - stream->received);
    }
    stream = reader->current;
    err = read_payload(reader, in);
    if (err)
        return err;
    if (reader->chunk_left)
        return in->left || reader->pending_size ? 0 : -EAGAIN;
    reader->current = NULL;
    if (stream->received < stream->size)
        return 0;
    finish_message(reader, stream, message);
    return 1;
}

int jt_rtmp_chunk_read(struct jt_rtmp_chunk_reader *reader, struct jt_reader *in,
                       struct jt_rtmp_message *message)
{
    struct jt_rtmp_message whole;
    int got;

    if (reader->fault)
        return -EPROTO;
    for (;;) {
        free(reader->finished);
        reader->finished = NULL;
        got = read_chunk(reader, in, &whole);
        if (got == -EAGAIN)
            return 0;
        if (got < 0)
            return got;
        if (got == 0)
            continue;
        if (whole.type != JT_RTMP_SET_CHUNK_SIZE && whole.type != JT_RTMP_ABORT)
            break;
        got = obey(reader, &whole);
        if (got)
            return got;
    }
    *message = whole;
    return 1;
}
