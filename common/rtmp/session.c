#include "rtmp/session.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/command.h"
#include "rtmp/handshake.h"
#include "rtmp/message.h"
#include "rtmp/session_state.h"
#include "wire/amf0.h"

/* Ours, as defaults: services make them settings. */
enum {
    HANDSHAKE_US = 5 * JT_USEC_PER_SEC,
    PUBLISH_US = 10 * JT_USEC_PER_SEC,
    FIRST_MEDIA_US = 10 * JT_USEC_PER_SEC,
    SILENCE_US = 30 * JT_USEC_PER_SEC,
    VIDEO_MESSAGE_MAX_BYTES = 4 * 1024 * 1024,
    OTHER_MESSAGE_MAX_BYTES = 64 * 1024,
    PARTIAL_MAX_BYTES = 6 * 1024 * 1024,
    RATE_MAX_BPS = 20 * 1000 * 1000,
};

enum {
    RATE_WINDOW_US = 5 * JT_USEC_PER_SEC,
    PINGS_MAX = 50,                      /* ours: answered per window; a peer sends one a minute */
    ACKNOWLEDGE_DEFAULT_BYTES = 2500000, /* as Flash Media Server; some encoders stall without */
    ACKNOWLEDGE_MIN_BYTES = 64 * 1024,   /* ours: a window of 1 must not make us chatter */
    WINDOW_OUT_BYTES = 2500000,          /* the same */
    BANDWIDTH_DYNAMIC = 2,               /* §5.4.5 */
    SEND_MAX_BYTES = JT_RTMP_COMMAND_MAX_BYTES + 256, /* headers of 128-byte chunks included */
    TAG_HEADER_BYTES = 11,                            /* FLV 10.1 §E.4.1 */
};

static struct jt_metric refused =
    JT_COUNTER("jangteo_rtmp_refused_total", "RTMP connections closed by our decision.", "reason");
static struct jt_metric dropped = JT_COUNTER(
    "jangteo_rtmp_dropped_total", "RTMP messages dropped, the connection kept.", "reason");

static const unsigned moves[] = {
    [JT_RTMP_HANDSHAKE] = 1U << JT_RTMP_CONNECTING | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_CONNECTING] = 1U << JT_RTMP_READY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_READY] = 1U << JT_RTMP_ASKED_PUBLISH | 1U << JT_RTMP_ASKED_PLAY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_ASKED_PUBLISH] = 1U << JT_RTMP_PUBLISHING | 1U << JT_RTMP_READY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_PUBLISHING] = 1U << JT_RTMP_READY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_ASKED_PLAY] = 1U << JT_RTMP_PLAYING | 1U << JT_RTMP_READY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_PLAYING] = 1U << JT_RTMP_READY | 1U << JT_RTMP_CLOSED,
    [JT_RTMP_CLOSED] = 0,
};

static const char *const state_names[] = {
    [JT_RTMP_HANDSHAKE] = "handshake",   [JT_RTMP_CONNECTING] = "connecting",
    [JT_RTMP_READY] = "ready",           [JT_RTMP_ASKED_PUBLISH] = "asked_publish",
    [JT_RTMP_PUBLISHING] = "publishing", [JT_RTMP_ASKED_PLAY] = "asked_play",
    [JT_RTMP_PLAYING] = "playing",       [JT_RTMP_CLOSED] = "closed",
};

struct jt_rtmp_limits jt_rtmp_limits_default(void)
{
    return (struct jt_rtmp_limits){
        .handshake_us = HANDSHAKE_US,
        .publish_us = PUBLISH_US,
        .first_media_us = FIRST_MEDIA_US,
        .silence_us = SILENCE_US,
        .video_message_max_bytes = VIDEO_MESSAGE_MAX_BYTES,
        .other_message_max_bytes = OTHER_MESSAGE_MAX_BYTES,
        .partial_max_bytes = PARTIAL_MAX_BYTES,
        .rate_max_bps = RATE_MAX_BPS,
    };
}

int jt_rtmp_session_new(const struct jt_rtmp_limits *limits, const struct jt_rtmp_ops *ops,
                        void *arg, int64_t now_us, struct jt_rtmp_session **out)
{
    struct jt_rtmp_session *session = calloc(1, sizeof(*session));
    int err;

    if (!session)
        return -ENOMEM;
    jt_rtmp_hold_init(&session->hold);
    err = jt_rtmp_handshake_new(&session->handshake);
    if (err)
        goto fail;
    session->limits = *limits;
    session->ops = ops;
    session->arg = arg;
    session->now_us = now_us;
    session->idle_since_us = now_us;
    session->window.start_us = now_us;
    session->acknowledge_every_bytes = ACKNOWLEDGE_DEFAULT_BYTES;
    session->chunk_size_out = JT_RTMP_CHUNK_SIZE_DEFAULT_BYTES;
    *out = session;
    return 0;

fail:
    jt_rtmp_session_free(session);
    return err;
}

void jt_rtmp_session_free(struct jt_rtmp_session *session)
{
    if (!session)
        return;
    jt_rtmp_hold_deinit(&session->hold);
    jt_rtmp_handshake_free(session->handshake);
    jt_rtmp_chunk_reader_free(session->reader);
    explicit_bzero(session->path, sizeof(session->path)); /* some encoders put the key there */
    free(session);
}

uint32_t jt_rtmp_session_stream_id(const struct jt_rtmp_session *session)
{
    return session->stream_id;
}

const char *jt_rtmp_session_close_reason(const struct jt_rtmp_session *session)
{
    return session->reason;
}

uint64_t jt_rtmp_session_bytes_in(const struct jt_rtmp_session *session)
{
    return session->bytes_in;
}

void jt_rtmp_session_move(struct jt_rtmp_session *session, enum jt_rtmp_state to)
{
    assert(moves[session->state] & 1U << to);
    jt_debug("rtmp.state", KV("from", state_names[session->state]), KV("to", state_names[to]));
    session->state = to;
    session->idle_since_us = session->now_us;
}

static int close_uncounted(struct jt_rtmp_session *session, int err, const char *reason)
{
    session->close_err = err;
    session->reason = reason;
    jt_rtmp_session_move(session, JT_RTMP_CLOSED);
    return err;
}

int jt_rtmp_session_close(struct jt_rtmp_session *session, int err, const char *reason)
{
    if (session->state == JT_RTMP_CLOSED)
        return session->close_err;
    jt_metric_add(&refused, reason, 1);
    return close_uncounted(session, err, reason);
}

static int write_out(struct jt_rtmp_session *session, const struct jt_writer *w)
{
    int err;

    assert(!w->failed); /* our own messages fit our own buffers */
    if (session->state == JT_RTMP_CLOSED)
        return session->close_err;
    err = session->ops->write(session->arg, w->data, w->size);
    if (err == -ENOBUFS)
        return jt_rtmp_session_close(session, err, "write_queue");
    return err ? close_uncounted(session, err, "broken")
               : 0; /* encoders do not stay to hear goodbye */
}

int jt_rtmp_session_send(struct jt_rtmp_session *session, uint32_t chunk_stream,
                         const struct jt_rtmp_message *message)
{
    uint8_t bytes[SEND_MAX_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));

    jt_rtmp_chunks_write(&w, chunk_stream, message, session->chunk_size_out);
    return write_out(session, &w);
}

int jt_rtmp_session_send_command(struct jt_rtmp_session *session, uint32_t stream_id,
                                 const struct jt_writer *body)
{
    const struct jt_rtmp_message message = {
        .type = JT_RTMP_COMMAND_AMF0,
        .stream_id = stream_id,
        .body = body->data,
        .size = body->size,
    };

    assert(!body->failed);
    return jt_rtmp_session_send(
        session, stream_id ? JT_RTMP_CHUNK_STREAM_STREAM : JT_RTMP_CHUNK_STREAM_COMMAND, &message);
}

int jt_rtmp_session_send_status(struct jt_rtmp_session *session,
                                const struct jt_rtmp_status *status)
{
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_rtmp_write_status(&body, "onStatus", status);
    return jt_rtmp_session_send_command(session, session->stream_id, &body);
}

static int send_control(struct jt_rtmp_session *session, uint8_t type, const struct jt_writer *body)
{
    const struct jt_rtmp_message message = {.type = type, .body = body->data, .size = body->size};

    return jt_rtmp_session_send(session, JT_RTMP_CHUNK_STREAM_CONTROL, &message);
}

static int send_number(struct jt_rtmp_session *session, uint8_t type, uint32_t value)
{
    uint8_t bytes[5];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_write_be32(&body, value);
    if (type == JT_RTMP_SET_PEER_BANDWIDTH)
        jt_write_u8(&body, BANDWIDTH_DYNAMIC);
    return send_control(session, type, &body);
}

int jt_rtmp_session_send_event(struct jt_rtmp_session *session, uint16_t event, uint32_t value)
{
    uint8_t bytes[6];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_write_be16(&body, event);
    jt_write_be32(&body, value);
    return send_control(session, JT_RTMP_USER_CONTROL, &body);
}

int jt_rtmp_session_send_setup(struct jt_rtmp_session *session)
{
    int err = send_number(session, JT_RTMP_WINDOW_ACK_SIZE, WINDOW_OUT_BYTES);

    if (!err)
        err = send_number(session, JT_RTMP_SET_PEER_BANDWIDTH, WINDOW_OUT_BYTES);
    if (!err)
        err = jt_rtmp_session_send_event(session, JT_RTMP_STREAM_BEGIN, 0);
    if (!err)
        err = send_number(session, JT_RTMP_SET_CHUNK_SIZE, JT_RTMP_CHUNK_SIZE_OUT_BYTES);
    session->chunk_size_out = JT_RTMP_CHUNK_SIZE_OUT_BYTES;
    return err;
}

static int drop(const char *reason)
{
    jt_metric_add(&dropped, reason, 1);
    return 0;
}

static int on_window_ack_size(struct jt_rtmp_session *session,
                              const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint32_t window = jt_read_be32(&r);

    session->acknowledge_every_bytes = JT_MAX(window, (uint32_t)ACKNOWLEDGE_MIN_BYTES);
    return 0;
}

static int on_user_control(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint16_t event = jt_read_be16(&r);
    uint32_t value = jt_read_be32(&r);

    if (event != JT_RTMP_PING_REQUEST)
        return 0; /* buffer lengths and the like ask nothing of us */
    if (r.failed || r.left)
        return jt_rtmp_session_close(session, -EPROTO, "control_size");
    if (session->window.pings++ >= PINGS_MAX)
        return drop("ping_flood");
    return jt_rtmp_session_send_event(session, JT_RTMP_PING_RESPONSE, value);
}

static int on_ignored(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    (void)session;
    (void)message;
    return 0;
}

/* FLV 10.1 §E.4.3.1, Enhanced RTMP v2: the frame type is in bits 4 to 6 either way, key frames have 1. */
static bool is_key_frame(const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint8_t first = jt_read_u8(&r);

    return (first >> 4 & 7) == 1;
}

/* A codec's header: an AVC or enhanced sequence start, both with packet type 0. */
static bool is_video_config(const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint8_t first = jt_read_u8(&r);
    uint8_t second = jt_read_u8(&r);

    return first & 0x80 ? (first & 0x0f) == 0 : (first & 0x0f) == 7 && second == 0;
}

static int give_video(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    if (session->awaits_key_frame && !is_video_config(message)) {
        if (!is_key_frame(message))
            return drop("before_key_frame");
        session->awaits_key_frame = false;
    }
    session->ops->on_video(session->arg, message->time_ms, message->body, message->size);
    return 0;
}

/* Audio, video or data of a stream that is being published. */
static int give(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    if (message->type == JT_RTMP_VIDEO)
        return give_video(session, message);
    if (message->type == JT_RTMP_AUDIO)
        session->ops->on_audio(session->arg, message->time_ms, message->body, message->size);
    else
        session->ops->on_metadata(session->arg, message->body, message->size);
    return 0;
}

static int give_or_hold(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    if (session->state == JT_RTMP_PUBLISHING)
        return give(session, message);
    if (session->state != JT_RTMP_ASKED_PUBLISH)
        return drop("not_publishing");
    jt_rtmp_hold_push(&session->hold, message);
    return 0;
}

static int on_media(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    if (!message->size)
        return drop("empty");
    if (session->state == JT_RTMP_PUBLISHING) {
        session->has_media = true;
        session->idle_since_us = session->now_us;
    }
    return give_or_hold(session, message);
}

/* Takes a short string off the front if it is `name`. */
static bool skip_name(struct jt_reader *r, const char *name)
{
    struct jt_reader copy = *r;
    uint8_t marker = jt_read_u8(&copy);
    uint16_t size = jt_read_be16(&copy);
    const uint8_t *data = jt_reader_take(&copy, size);
    struct jt_text text = {.data = (const char *)data, .size = size};

    if (marker != JT_AMF0_STRING || !data || !jt_text_is(text, name))
        return false;
    *r = copy;
    return true;
}

static int check_amf(struct jt_reader r)
{
    struct jt_amf0 *amf = malloc(sizeof(*amf)); /* 56 KB, so not kept with each connection */
    int err = amf ? jt_amf0_read(&r, amf) : -ENOMEM;

    free(amf);
    return err;
}

/* Metadata is a hint: what is malformed or over a limit is dropped, the publisher kept. */
static int on_data(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    struct jt_rtmp_message metadata = *message;

    if (message->type == JT_RTMP_DATA_AMF3)
        (void)jt_read_u8(&r);
    (void)skip_name(&r, "@setDataFrame");
    if (!skip_name(&r, "onMetaData"))
        return 0;
    if (check_amf(r))
        return drop("metadata");
    metadata.type = JT_RTMP_DATA_AMF0;
    metadata.body = r.next;
    metadata.size = r.left;
    return give_or_hold(session, &metadata);
}

/* §7.1.6: FLV tags one after another; their times count from the first one's, which is the message's. */
static int on_aggregate(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint32_t first_ms = 0;
    int err = 0;

    for (bool is_first = true; r.left >= TAG_HEADER_BYTES && !err; is_first = false) {
        struct jt_rtmp_message tag = {.stream_id = message->stream_id, .type = jt_read_u8(&r)};

        tag.size = jt_read_be24(&r);
        tag.time_ms = jt_read_be24(&r);
        tag.time_ms |= (uint32_t)jt_read_u8(&r) << 24;
        (void)jt_read_be24(&r); /* stream id */
        tag.body = jt_reader_take(&r, tag.size);
        (void)jt_read_be32(&r); /* size once more */
        if (r.failed)
            return drop("aggregate");
        if (is_first)
            first_ms = tag.time_ms;
        tag.time_ms = message->time_ms + (tag.time_ms - first_ms);
        if (tag.type == JT_RTMP_AUDIO || tag.type == JT_RTMP_VIDEO)
            err = on_media(session, &tag);
        else if (tag.type == JT_RTMP_DATA_AMF0)
            err = on_data(session, &tag);
        if (session->state == JT_RTMP_CLOSED)
            return session->close_err;
    }
    return err;
}

typedef int (*message_fn)(struct jt_rtmp_session *, const struct jt_rtmp_message *);

static const message_fn handlers[] = {
    [JT_RTMP_ACKNOWLEDGEMENT] =
        on_ignored, /* our side's queue is the socket's: nothing waits for these */
    [JT_RTMP_USER_CONTROL] = on_user_control,
    [JT_RTMP_WINDOW_ACK_SIZE] = on_window_ack_size,
    [JT_RTMP_SET_PEER_BANDWIDTH] = on_ignored,
    [JT_RTMP_AUDIO] = on_media,
    [JT_RTMP_VIDEO] = on_media,
    [JT_RTMP_DATA_AMF3] = on_data,
    [JT_RTMP_COMMAND_AMF3] = jt_rtmp_session_on_command,
    [JT_RTMP_DATA_AMF0] = on_data,
    [JT_RTMP_COMMAND_AMF0] = jt_rtmp_session_on_command,
    [JT_RTMP_AGGREGATE] = on_aggregate,
};

static int on_message(struct jt_rtmp_session *session, const struct jt_rtmp_message *message)
{
    message_fn handler = message->type < JT_COUNT(handlers) ? handlers[message->type] : NULL;

    if (!handler)
        return drop("unknown_type"); /* shared objects (16, 19) and what does not exist */
    return handler(session, message);
}

static int read_handshake(struct jt_rtmp_session *session, struct jt_reader *in)
{
    uint8_t bytes[JT_RTMP_HANDSHAKE_OUT_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));
    const struct jt_rtmp_chunk_limits limits = {
        .video_max_bytes = session->limits.video_message_max_bytes,
        .other_max_bytes = session->limits.other_message_max_bytes,
        .partial_max_bytes = session->limits.partial_max_bytes,
    };
    int got = jt_rtmp_handshake_serve(session->handshake, in, &w);
    int err = 0;

    if (got < 0)
        return jt_rtmp_session_close(session, got, got == -EPROTO ? "version" : "handshake");
    if (w.size)
        err = write_out(session, &w);
    if (err || got == 0)
        return err;
    if (jt_rtmp_chunk_reader_new(&limits, &session->reader))
        return jt_rtmp_session_close(session, -ENOMEM, "memory");
    jt_rtmp_handshake_free(session->handshake);
    session->handshake = NULL;
    jt_rtmp_session_move(session, JT_RTMP_CONNECTING);
    return 0;
}

static int read_messages(struct jt_rtmp_session *session, struct jt_reader *in)
{
    struct jt_rtmp_message message;
    int got;

    while ((got = jt_rtmp_chunk_read(session->reader, in, &message)) > 0) {
        int err = on_message(session, &message);

        if (err)
            return err;
        if (session->state == JT_RTMP_CLOSED) /* refused by a callback */
            return session->close_err;
    }
    if (got < 0)
        return jt_rtmp_session_close(session, got, jt_rtmp_chunk_reader_fault(session->reader));
    return 0;
}

static void open_window(struct jt_rtmp_session *session)
{
    if (session->now_us - session->window.start_us >= RATE_WINDOW_US)
        session->window = (struct jt_rtmp_window){.start_us = session->now_us};
}

static int count_bytes(struct jt_rtmp_session *session, size_t size)
{
    uint64_t max_bytes =
        (uint64_t)session->limits.rate_max_bps / 8 * RATE_WINDOW_US / JT_USEC_PER_SEC;

    open_window(session);
    session->bytes_in += size;
    session->window.bytes += size;
    return session->window.bytes > max_bytes ? jt_rtmp_session_close(session, -EDQUOT, "rate") : 0;
}

/* §5.4.3: the sequence number is the bytes received so far, and wraps at 2^32. */
static int acknowledge(struct jt_rtmp_session *session)
{
    if (session->state == JT_RTMP_HANDSHAKE ||
        session->bytes_in - session->bytes_acknowledged < session->acknowledge_every_bytes)
        return 0;
    session->bytes_acknowledged = session->bytes_in;
    return send_number(session, JT_RTMP_ACKNOWLEDGEMENT, (uint32_t)session->bytes_in);
}

int jt_rtmp_session_push(struct jt_rtmp_session *session, const uint8_t *data, size_t size,
                         int64_t now_us)
{
    struct jt_reader in = jt_reader_of(data, size);
    int err;

    if (session->state == JT_RTMP_CLOSED)
        return session->close_err;
    session->now_us = now_us;
    err = count_bytes(session, size);
    if (!err && session->state == JT_RTMP_HANDSHAKE)
        err = read_handshake(session, &in);
    if (!err && session->state != JT_RTMP_HANDSHAKE)
        err = read_messages(session, &in);
    if (!err)
        err = acknowledge(session);
    return err;
}

int jt_rtmp_session_poll(struct jt_rtmp_session *session, int64_t now_us)
{
    const struct jt_rtmp_limits *limits = &session->limits;
    int64_t idle_us = now_us - session->idle_since_us;

    session->now_us = now_us;
    switch (session->state) {
    case JT_RTMP_HANDSHAKE:
        if (idle_us >= limits->handshake_us)
            return jt_rtmp_session_close(session, -ETIMEDOUT, "handshake_timeout");
        return 0;
    case JT_RTMP_CONNECTING:
    case JT_RTMP_READY:
        if (idle_us >= limits->publish_us)
            return jt_rtmp_session_close(session, -ETIMEDOUT, "publish_timeout");
        return 0;
    case JT_RTMP_ASKED_PUBLISH:
    case JT_RTMP_ASKED_PLAY:
        if (idle_us >= limits->publish_us)
            return jt_rtmp_session_close(session, -ETIMEDOUT, "answer_timeout");
        return 0;
    case JT_RTMP_PUBLISHING:
        if (!session->has_media && idle_us >= limits->first_media_us)
            return jt_rtmp_session_close(session, -ETIMEDOUT, "media_timeout");
        if (idle_us >= limits->silence_us)
            return jt_rtmp_session_close(session, -ETIMEDOUT, "silence_timeout");
        return 0;
    case JT_RTMP_PLAYING: /* the owner watches its send queue */
        return 0;
    case JT_RTMP_CLOSED:
        break;
    }
    return session->close_err;
}

static int accept_player(struct jt_rtmp_session *session)
{
    static const struct jt_rtmp_status reset = {
        .level = "status", .code = "NetStream.Play.Reset", .description = "Playing and resetting."};
    static const struct jt_rtmp_status start = {
        .level = "status", .code = "NetStream.Play.Start", .description = "Started playing."};
    int err = jt_rtmp_session_send_event(session, JT_RTMP_STREAM_BEGIN, session->stream_id);

    if (!err)
        err = jt_rtmp_session_send_status(session, &reset);
    if (!err)
        err = jt_rtmp_session_send_status(session, &start);
    if (!err)
        jt_rtmp_session_move(session, JT_RTMP_PLAYING);
    return err;
}

static void give_held(struct jt_rtmp_session *session)
{
    struct jt_rtmp_message message;

    session->awaits_key_frame = false;
    while (session->state == JT_RTMP_PUBLISHING && jt_rtmp_hold_peek(&session->hold, &message)) {
        session->has_media |= message.type != JT_RTMP_DATA_AMF0;
        (void)give(session, &message);
        jt_rtmp_hold_pop(&session->hold);
    }
    session->awaits_key_frame = session->hold.has_gap; /* after what came before the gap */
    jt_rtmp_hold_deinit(&session->hold);
}

int jt_rtmp_session_accept(struct jt_rtmp_session *session)
{
    static const struct jt_rtmp_status start = {
        .level = "status", .code = "NetStream.Publish.Start", .description = "Publishing."};
    int err;

    if (session->state == JT_RTMP_CLOSED)
        return session->close_err;
    if (session->state == JT_RTMP_ASKED_PLAY)
        return accept_player(session);
    if (session->state != JT_RTMP_ASKED_PUBLISH)
        return -EINVAL;
    err = jt_rtmp_session_send_status(session, &start);
    if (err)
        return err;
    session->has_media = false;
    jt_rtmp_session_move(session, JT_RTMP_PUBLISHING);
    give_held(session);
    return session->state == JT_RTMP_CLOSED ? session->close_err : 0;
}

void jt_rtmp_session_refuse(struct jt_rtmp_session *session, const char *code,
                            const char *description)
{
    const struct jt_rtmp_status status = {
        .level = "error", .code = code, .description = description};

    (void)jt_rtmp_session_send_status(session, &status);
    (void)jt_rtmp_session_close(session, -EACCES, "refused");
}

void jt_rtmp_session_redirect(struct jt_rtmp_session *session, const char *url)
{
    const struct jt_rtmp_status status = {
        .level = "error",
        .code = "NetConnection.Connect.Rejected",
        .description = "RTMP 302 Redirect",
        .redirect = url,
    };

    (void)jt_rtmp_session_send_status(session, &status);
    (void)jt_rtmp_session_close(session, -EREMCHG, "redirected");
}
