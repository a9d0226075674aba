#include "rtmp/client.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/command.h"
#include "rtmp/handshake.h"
#include "rtmp/message.h"
#include "wire/amf0.h"

enum {
    ACKNOWLEDGE_DEFAULT_BYTES = 2500000,
    ACKNOWLEDGE_MIN_BYTES = 64 * 1024,
    BUFFER_LENGTH_MS = 1000, /* asked of the server when playing; live servers pass it over */
    REFUSAL_MAX_BYTES = 64,
    MESSAGE_MAX_BYTES = 0xffffff,
    SMALL_MAX_BYTES = JT_RTMP_COMMAND_MAX_BYTES + 256,
};

static const struct jt_rtmp_chunk_limits limits = {
    .video_max_bytes = 4 * 1024 * 1024,
    .other_max_bytes = 64 * 1024,
    .partial_max_bytes = 6 * 1024 * 1024,
};

enum state { HANDSHAKE, CONNECTING, CREATING, STARTING, READY, OVER };

static const unsigned moves[] = {
    [HANDSHAKE] = 1U << CONNECTING | 1U << OVER,
    [CONNECTING] = 1U << CREATING | 1U << OVER,
    [CREATING] = 1U << STARTING | 1U << OVER,
    [STARTING] = 1U << READY | 1U << OVER,
    [READY] = 1U << OVER,
    [OVER] = 0,
};

struct jt_rtmp_client {
    const struct jt_rtmp_client_ops *ops;
    void *arg;
    enum jt_rtmp_client_role role;
    enum state state;
    int err; /* once over */
    struct jt_rtmp_handshake *handshake;
    struct jt_rtmp_chunk_reader *reader;
    double transaction; /* of the last call; the answer awaited has it */
    uint32_t stream_id;
    uint32_t chunk_size_out;
    uint64_t bytes_in, bytes_acknowledged;
    uint32_t acknowledge_every_bytes;
    char refusal[REFUSAL_MAX_BYTES];
    char app[JT_RTMP_CLIENT_TEXT_MAX_BYTES];
    char stream[JT_RTMP_CLIENT_TEXT_MAX_BYTES];
    char url[JT_RTMP_CLIENT_TEXT_MAX_BYTES];
};

static int copy_target(struct jt_rtmp_client *client, const struct jt_rtmp_target *target)
{
    int err = jt_text_copy(jt_text_of(target->app), client->app, sizeof(client->app));

    if (!err)
        err = jt_text_copy(jt_text_of(target->stream), client->stream, sizeof(client->stream));
    if (!err)
        err = jt_text_copy(jt_text_of(target->url), client->url, sizeof(client->url));
    return err;
}

int jt_rtmp_client_new(const struct jt_rtmp_target *target, const struct jt_rtmp_client_ops *ops,
                       void *arg, struct jt_rtmp_client **out)
{
    struct jt_rtmp_client *client = calloc(1, sizeof(*client));
    int err;

    if (!client)
        return -ENOMEM;
    client->ops = ops;
    client->arg = arg;
    client->role = target->role;
    client->chunk_size_out = JT_RTMP_CHUNK_SIZE_DEFAULT_BYTES;
    client->acknowledge_every_bytes = ACKNOWLEDGE_DEFAULT_BYTES;
    err = copy_target(client, target);
    if (!err)
        err = jt_rtmp_handshake_new(&client->handshake);
    if (!err)
        err = jt_rtmp_chunk_reader_new(&limits, &client->reader);
    if (err)
        goto fail;
    *out = client;
    return 0;

fail:
    jt_rtmp_client_free(client);
    return err;
}

void jt_rtmp_client_free(struct jt_rtmp_client *client)
{
    if (!client)
        return;
    jt_rtmp_handshake_free(client->handshake);
    jt_rtmp_chunk_reader_free(client->reader);
    explicit_bzero(client->stream, sizeof(client->stream));
    free(client);
}

const char *jt_rtmp_client_refusal(const struct jt_rtmp_client *client)
{
    return client->refusal;
}

static void move(struct jt_rtmp_client *client, enum state to)
{
    assert(moves[client->state] & 1U << to);
    client->state = to;
}

static int end(struct jt_rtmp_client *client, int err)
{
    if (client->state != OVER) {
        client->err = err;
        move(client, OVER);
    }
    return client->err;
}

static int write_out(struct jt_rtmp_client *client, const struct jt_writer *w)
{
    int err;

    assert(!w->failed);
    err = client->ops->write(client->arg, w->data, w->size);
    return err ? end(client, err) : 0;
}

static int send_small(struct jt_rtmp_client *client, uint32_t chunk_stream,
                      const struct jt_rtmp_message *message)
{
    uint8_t bytes[SMALL_MAX_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));

    jt_rtmp_chunks_write(&w, chunk_stream, message, client->chunk_size_out);
    return write_out(client, &w);
}

static int send_control(struct jt_rtmp_client *client, uint8_t type, const struct jt_writer *body)
{
    const struct jt_rtmp_message message = {.type = type, .body = body->data, .size = body->size};

    return send_small(client, JT_RTMP_CHUNK_STREAM_CONTROL, &message);
}

static int send_number(struct jt_rtmp_client *client, uint8_t type, uint32_t value)
{
    uint8_t bytes[4];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_write_be32(&body, value);
    return send_control(client, type, &body);
}

static int send_command(struct jt_rtmp_client *client, uint32_t stream_id,
                        const struct jt_writer *body)
{
    const struct jt_rtmp_message message = {.type = JT_RTMP_COMMAND_AMF0,
                                            .stream_id = stream_id,
                                            .body = body->data,
                                            .size = body->size};

    assert(!body->failed); /* the texts were held to their limit at the start */
    return send_small(client, JT_RTMP_CHUNK_STREAM_COMMAND, &message);
}

static int call(struct jt_rtmp_client *client, const char *name, const char *text)
{
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_rtmp_write_call(&body, name, ++client->transaction, text);
    return send_command(client, 0, &body);
}

static int send_connect(struct jt_rtmp_client *client)
{
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_rtmp_write_connect(&body, ++client->transaction, client->app, client->url);
    move(client, CONNECTING);
    return send_command(client, 0, &body);
}

static int ask_for_stream(struct jt_rtmp_client *client)
{
    int err = send_number(client, JT_RTMP_SET_CHUNK_SIZE, JT_RTMP_CHUNK_SIZE_OUT_BYTES);

    client->chunk_size_out = JT_RTMP_CHUNK_SIZE_OUT_BYTES;
    if (!err && client->role == JT_RTMP_CLIENT_PUBLISH)
        err = call(client, "releaseStream", client->stream);
    if (!err && client->role == JT_RTMP_CLIENT_PUBLISH)
        err = call(client, "FCPublish", client->stream);
    if (!err)
        err = call(client, "createStream", NULL);
    if (!err)
        move(client, CREATING);
    return err;
}

/* §7.1.7: stream id and milliseconds. */
static int send_buffer_length(struct jt_rtmp_client *client)
{
    uint8_t bytes[10];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    jt_write_be16(&body, JT_RTMP_SET_BUFFER_LENGTH);
    jt_write_be32(&body, client->stream_id);
    jt_write_be32(&body, BUFFER_LENGTH_MS);
    return send_control(client, JT_RTMP_USER_CONTROL, &body);
}

static int start_stream(struct jt_rtmp_client *client)
{
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));
    int err;

    if (client->role == JT_RTMP_CLIENT_PUBLISH)
        jt_rtmp_write_publish(&body, ++client->transaction, client->stream);
    else
        jt_rtmp_write_call(&body, "play", ++client->transaction, client->stream);
    err = send_command(client, client->stream_id, &body);
    if (!err && client->role == JT_RTMP_CLIENT_PLAY)
        err = send_buffer_length(client);
    if (!err)
        move(client, STARTING);
    return err;
}

static int on_result(struct jt_rtmp_client *client, const struct jt_amf0 *amf, double transaction)
{
    int64_t id;

    if (transaction != client->transaction)
        return 0; /* of releaseStream and the like */
    if (client->state == CONNECTING)
        return ask_for_stream(client);
    if (client->state != CREATING)
        return 0;
    id = jt_amf0_integer(jt_amf0_at(amf, 3), 0, UINT32_MAX);
    if (id == 0)
        return end(client, -EPROTO);
    client->stream_id = (uint32_t)id;
    return start_stream(client);
}

/* The server's reason goes to our logs: keep what is plain text. */
static int on_refusal(struct jt_rtmp_client *client, struct jt_text code)
{
    for (size_t i = 0; i < code.size && i < sizeof(client->refusal) - 1; i++) {
        bool is_plain = code.data[i] > ' ' && code.data[i] < 127;

        client->refusal[i] = is_plain ? code.data[i] : '?';
    }
    return end(client, -EACCES);
}

static int on_error(struct jt_rtmp_client *client, const struct jt_amf0 *amf, double transaction)
{
    if (transaction != client->transaction || client->state == READY)
        return 0;
    return on_refusal(client, jt_amf0_text(jt_amf0_find(amf, jt_amf0_at(amf, 3), "code")));
}

static int on_status(struct jt_rtmp_client *client, const struct jt_amf0 *amf)
{
    const struct jt_amf0_value *info = jt_amf0_at(amf, 3);
    struct jt_text code = jt_amf0_text(jt_amf0_find(amf, info, "code"));

    if (jt_text_is(jt_amf0_text(jt_amf0_find(amf, info, "level")), "error"))
        return on_refusal(client, code);
    if (client->state != STARTING)
        return 0;
    if (!jt_text_is(code, client->role == JT_RTMP_CLIENT_PUBLISH ? "NetStream.Publish.Start"
                                                                 : "NetStream.Play.Start"))
        return 0;
    move(client, READY);
    client->ops->on_ready(client->arg);
    return 0;
}

static int on_command(struct jt_rtmp_client *client, const struct jt_amf0 *amf)
{
    struct jt_amf0_command head;

    if (jt_amf0_command(amf, &head))
        return 0; /* FFmpeg's onFCPublish has no transaction */
    if (jt_text_is(head.name, "_result"))
        return on_result(client, amf, head.transaction);
    if (jt_text_is(head.name, "_error"))
        return on_error(client, amf, head.transaction);
    if (jt_text_is(head.name, "onStatus"))
        return on_status(client, amf);
    return 0; /* onBWDone, onFCPublish... */
}

static int read_command(struct jt_rtmp_client *client, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    struct jt_amf0 *amf = malloc(sizeof(*amf));
    int err;

    if (!amf)
        return end(client, -ENOMEM);
    if (message->type == JT_RTMP_COMMAND_AMF3)
        (void)jt_read_u8(&r);
    err = jt_amf0_read(&r, amf);
    err = err ? end(client, err) : on_command(client, amf);
    free(amf);
    return err;
}

static int on_user_control(struct jt_rtmp_client *client, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint16_t event = jt_read_be16(&r);
    uint32_t value = jt_read_be32(&r);
    uint8_t bytes[6];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));

    if (event != JT_RTMP_PING_REQUEST || r.failed)
        return 0;
    jt_write_be16(&body, JT_RTMP_PING_RESPONSE);
    jt_write_be32(&body, value);
    return send_control(client, JT_RTMP_USER_CONTROL, &body);
}

static int on_window_ack_size(struct jt_rtmp_client *client, const struct jt_rtmp_message *message)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    uint32_t window = jt_read_be32(&r);

    client->acknowledge_every_bytes = JT_MAX(window, (uint32_t)ACKNOWLEDGE_MIN_BYTES);
    return 0;
}

static int on_message(struct jt_rtmp_client *client, const struct jt_rtmp_message *message)
{
    switch (message->type) {
    case JT_RTMP_COMMAND_AMF0:
    case JT_RTMP_COMMAND_AMF3:
        return read_command(client, message);
    case JT_RTMP_USER_CONTROL:
        return on_user_control(client, message);
    case JT_RTMP_WINDOW_ACK_SIZE:
        return on_window_ack_size(client, message);
    case JT_RTMP_AUDIO:
    case JT_RTMP_VIDEO:
    case JT_RTMP_DATA_AMF0:
    case JT_RTMP_AGGREGATE:
        if (client->state == READY && client->ops->on_media)
            client->ops->on_media(client->arg, message);
        return 0;
    default:
        return 0;
    }
}

static int read_handshake(struct jt_rtmp_client *client, struct jt_reader *in)
{
    uint8_t bytes[JT_RTMP_HANDSHAKE_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));
    int got = jt_rtmp_handshake_join(client->handshake, in, &w);
    int err = 0;

    if (got < 0)
        return end(client, got);
    if (w.size)
        err = write_out(client, &w);
    return err || got == 0 ? err : send_connect(client);
}

static int read_messages(struct jt_rtmp_client *client, struct jt_reader *in)
{
    struct jt_rtmp_message message;
    int got;

    while ((got = jt_rtmp_chunk_read(client->reader, in, &message)) > 0) {
        int err = on_message(client, &message);

        if (err)
            return err;
    }
    return got < 0 ? end(client, got) : 0;
}

static int acknowledge(struct jt_rtmp_client *client)
{
    if (client->state == HANDSHAKE ||
        client->bytes_in - client->bytes_acknowledged < client->acknowledge_every_bytes)
        return 0;
    client->bytes_acknowledged = client->bytes_in;
    return send_number(client, JT_RTMP_ACKNOWLEDGEMENT, (uint32_t)client->bytes_in);
}

int jt_rtmp_client_start(struct jt_rtmp_client *client)
{
    uint8_t bytes[1 + JT_RTMP_HANDSHAKE_BYTES];
    struct jt_writer w = jt_writer_of(bytes, sizeof(bytes));
    int err = jt_rtmp_handshake_hello(client->handshake, &w);

    return err ? end(client, err) : write_out(client, &w);
}

int jt_rtmp_client_push(struct jt_rtmp_client *client, const uint8_t *data, size_t size)
{
    struct jt_reader in = jt_reader_of(data, size);
    int err = 0;

    if (client->state == OVER)
        return client->err;
    client->bytes_in += size;
    if (client->state == HANDSHAKE)
        err = read_handshake(client, &in);
    if (!err && client->state != HANDSHAKE)
        err = read_messages(client, &in);
    return err ? err : acknowledge(client);
}

static uint32_t chunk_stream_of(uint8_t type)
{
    switch (type) {
    case JT_RTMP_AUDIO:
        return JT_RTMP_CHUNK_STREAM_AUDIO;
    case JT_RTMP_VIDEO:
        return JT_RTMP_CHUNK_STREAM_VIDEO;
    default:
        return JT_RTMP_CHUNK_STREAM_STREAM;
    }
}

int jt_rtmp_client_send(struct jt_rtmp_client *client, const struct jt_rtmp_message *message)
{
    struct jt_rtmp_message mine = *message;
    struct jt_writer w;
    size_t size;
    uint8_t *bytes;
    int err;

    if (client->state == OVER)
        return client->err;
    if (client->state != READY)
        return -EAGAIN;
    if (message->size > MESSAGE_MAX_BYTES)
        return -EMSGSIZE;
    mine.stream_id = client->stream_id;
    size = jt_rtmp_chunks_size(&mine, client->chunk_size_out);
    bytes = malloc(size);
    if (!bytes)
        return end(client, -ENOMEM);
    w = jt_writer_of(bytes, size);
    jt_rtmp_chunks_write(&w, chunk_stream_of(mine.type), &mine, client->chunk_size_out);
    err = write_out(client, &w);
    free(bytes);
    return err;
}

int jt_rtmp_client_finish(struct jt_rtmp_client *client)
{
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer body = jt_writer_of(bytes, sizeof(bytes));
    int err = 0;

    if (client->state == OVER)
        return client->err;
    if (client->state != READY)
        return -EAGAIN;
    if (client->role == JT_RTMP_CLIENT_PUBLISH)
        err = call(client, "FCUnpublish", client->stream);
    jt_rtmp_write_call(&body, "deleteStream", 0, NULL);
    jt_amf0_write_number(&body, client->stream_id);
    return err ? err : send_command(client, 0, &body);
}
