/* The command messages a server hears (Adobe RTMP 1.0 §7.2), as a table of names. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "rtmp/command.h"
#include "rtmp/message.h"
#include "rtmp/name.h"
#include "rtmp/session_state.h"
#include "wire/amf0.h"

enum {
    COMMANDS_MAX = 64, /* ours: per window of 5 s; an encoder sends six in all */
    STREAMS_MAX = 16,  /* ours: message streams made on one connection; an encoder makes one */
};

struct command {
    const struct jt_amf0 *amf;
    double transaction;
    uint32_t stream_id; /* message stream it came on */
};

/* A command's body under construction. */
struct reply {
    uint8_t bytes[JT_RTMP_COMMAND_MAX_BYTES];
    struct jt_writer w;
};

static void reply_init(struct reply *reply)
{
    reply->w = jt_writer_of(reply->bytes, sizeof(reply->bytes));
}

static struct jt_text text_at(const struct command *command, size_t index)
{
    return jt_amf0_text(jt_amf0_at(command->amf, index));
}

/* Transaction 0 asks for no answer (§7.2.1.2). */
static int answer_with_nothing(struct jt_rtmp_session *session, const struct command *command)
{
    struct reply reply;

    if (command->transaction == 0)
        return 0;
    reply_init(&reply);
    jt_rtmp_write_result(&reply.w, command->transaction);
    return jt_rtmp_session_send_command(session, 0, &reply.w);
}

static int answer_with_number(struct jt_rtmp_session *session, const struct command *command,
                              double number)
{
    struct reply reply;

    reply_init(&reply);
    jt_rtmp_write_result_number(&reply.w, command->transaction, number);
    return jt_rtmp_session_send_command(session, 0, &reply.w);
}

static int reject_app(struct jt_rtmp_session *session, const struct command *command)
{
    static const struct jt_rtmp_status status = {
        .level = "error",
        .code = "NetConnection.Connect.InvalidApp",
        .description = "The application name is too long.",
    };
    struct reply reply;

    reply_init(&reply);
    jt_rtmp_write_error(&reply.w, command->transaction, &status);
    (void)jt_rtmp_session_send_command(session, 0, &reply.w);
    return jt_rtmp_session_close(session, -EINVAL, "bad_app");
}

static int on_connect(struct jt_rtmp_session *session, const struct command *command)
{
    int64_t since_us = session->idle_since_us;
    struct jt_rtmp_connect connect;
    struct reply reply;
    int err;

    if (session->state != JT_RTMP_CONNECTING)
        return jt_rtmp_session_close(session, -EPROTO, "out_of_turn");
    jt_rtmp_connect_read(command->amf, &connect);
    if (jt_text_copy(jt_rtmp_name_path(connect.app, connect.tc_url), session->path,
                     sizeof(session->path)))
        return reject_app(session, command);
    err = jt_rtmp_session_send_setup(session);
    if (err)
        return err;
    reply_init(&reply);
    jt_rtmp_write_connected(&reply.w, command->transaction, connect.is_enhanced);
    err = jt_rtmp_session_send_command(session, 0, &reply.w);
    if (err)
        return err;
    jt_rtmp_session_move(session, JT_RTMP_READY);
    session->idle_since_us = since_us; /* the time to publish runs from the handshake */
    return 0;
}

static int on_create_stream(struct jt_rtmp_session *session, const struct command *command)
{
    if (session->streams_created == STREAMS_MAX)
        return jt_rtmp_session_close(session, -ENOBUFS, "message_streams");
    return answer_with_number(session, command, ++session->streams_created);
}

static int on_get_stream_length(struct jt_rtmp_session *session, const struct command *command)
{
    return command->transaction == 0 ? 0 : answer_with_number(session, command, 0); /* live */
}

static int refuse_name(struct jt_rtmp_session *session, const char *code)
{
    const struct jt_rtmp_status status = {
        .level = "error", .code = code, .description = "Not a valid app or stream name."};

    (void)jt_rtmp_session_send_status(session, &status);
    return jt_rtmp_session_close(session, -EINVAL, "bad_name");
}

/* Common to publish and play: the message stream is taken into use, the names are read. */
static int take_stream(struct jt_rtmp_session *session, const struct command *command,
                       const char *error_code, struct jt_rtmp_name *name)
{
    if (session->state != JT_RTMP_READY)
        return jt_rtmp_session_close(session, -EPROTO, "out_of_turn");
    session->stream_id = command->stream_id;
    if (jt_rtmp_name_parse(jt_text_of(session->path), text_at(command, 3), name))
        return refuse_name(session, error_code);
    return 0;
}

/* §7.2.2.6 */
static int on_publish(struct jt_rtmp_session *session, const struct command *command)
{
    struct jt_rtmp_name name;
    int err = take_stream(session, command, "NetStream.Publish.BadName", &name);

    if (err)
        return err;
    jt_rtmp_session_move(session, JT_RTMP_ASKED_PUBLISH);
    session->ops->on_publish(session->arg, name.app, name.key);
    explicit_bzero(&name, sizeof(name)); /* the key is a secret */
    return 0;
}

static int on_play(struct jt_rtmp_session *session, const struct command *command)
{
    struct jt_rtmp_name name;
    int err = take_stream(session, command, "NetStream.Play.StreamNotFound", &name);

    if (err)
        return err;
    jt_rtmp_session_move(session, JT_RTMP_ASKED_PLAY);
    if (session->ops->on_play)
        session->ops->on_play(session->arg, name.app, name.key);
    else
        jt_rtmp_session_refuse(session, "NetStream.Play.StreamNotFound", "Nothing to play here.");
    explicit_bzero(&name, sizeof(name));
    return 0;
}

static bool has_stream(const struct jt_rtmp_session *session)
{
    return session->state == JT_RTMP_ASKED_PUBLISH || session->state == JT_RTMP_PUBLISHING ||
           session->state == JT_RTMP_ASKED_PLAY || session->state == JT_RTMP_PLAYING;
}

static int end_stream(struct jt_rtmp_session *session)
{
    static const struct jt_rtmp_status status = {.level = "status",
                                                 .code = "NetStream.Unpublish.Success",
                                                 .description = "Stopped publishing."};
    bool was_publishing = session->state == JT_RTMP_PUBLISHING;

    if (!has_stream(session))
        return 0;
    jt_rtmp_hold_deinit(&session->hold);
    jt_rtmp_session_move(session, JT_RTMP_READY);
    session->ops->on_unpublish(session->arg);
    if (session->state == JT_RTMP_CLOSED)
        return session->close_err;
    return was_publishing ? jt_rtmp_session_send_status(session, &status) : 0;
}

static int on_fc_unpublish(struct jt_rtmp_session *session, const struct command *command)
{
    int err = end_stream(session);

    return err ? err : answer_with_nothing(session, command);
}

static int on_delete_stream(struct jt_rtmp_session *session, const struct command *command)
{
    int64_t id = jt_amf0_integer(jt_amf0_at(command->amf, 3), 0, UINT32_MAX);

    if (id != 0 && id != session->stream_id)
        return 0; /* one that was made and never used */
    return end_stream(session);
}

static int on_close_stream(struct jt_rtmp_session *session, const struct command *command)
{
    (void)command;
    return end_stream(session);
}

struct command_handler {
    const char *name;
    int (*handle)(struct jt_rtmp_session *session, const struct command *command);
};

static const struct command_handler handlers[] = {
    {"connect", on_connect},
    {"createStream", on_create_stream},
    {"publish", on_publish},
    {"play", on_play},
    {"FCUnpublish", on_fc_unpublish},
    {"deleteStream", on_delete_stream},
    {"closeStream", on_close_stream},
    {"releaseStream", answer_with_nothing},
    {"FCPublish", answer_with_nothing},
    {"FCSubscribe", answer_with_nothing},
    {"_checkbw", answer_with_nothing},
    {"getStreamLength", on_get_stream_length},
    {"getMovLen", on_get_stream_length},
};

static int dispatch(struct jt_rtmp_session *session, const struct command *command,
                    struct jt_text name)
{
    if (session->state == JT_RTMP_CONNECTING && !jt_text_is(name, "connect"))
        return jt_rtmp_session_close(session, -EPROTO, "out_of_turn");
    for (size_t i = 0; i < JT_COUNT(handlers); i++)
        if (jt_text_is(name, handlers[i].name))
            return handlers[i].handle(session, command);
    return 0; /* pause, receiveAudio, _result, onStatus...: nothing to do */
}

static int read_and_dispatch(struct jt_rtmp_session *session, const struct jt_rtmp_message *message,
                             struct jt_amf0 *amf)
{
    struct jt_reader r = jt_reader_of(message->body, message->size);
    struct command command = {.amf = amf, .stream_id = message->stream_id};
    struct jt_amf0_command head;
    int err;

    if (message->type == JT_RTMP_COMMAND_AMF3)
        (void)jt_read_u8(&r); /* 0: what follows is AMF0 all the same */
    err = jt_amf0_read(&r, amf);
    if (err)
        return jt_rtmp_session_close(session, err, err == -E2BIG ? "amf_limit" : "amf_malformed");
    if (jt_amf0_command(amf, &head))
        return 0; /* no transaction: FFmpeg sends such, and nothing we know lacks one */
    command.transaction = head.transaction;
    return dispatch(session, &command, head.name);
}

int jt_rtmp_session_on_command(struct jt_rtmp_session *session,
                               const struct jt_rtmp_message *message)
{
    struct jt_amf0 *amf;
    int err;

    if (session->window.commands++ >= COMMANDS_MAX)
        return jt_rtmp_session_close(session, -EDQUOT, "command_flood");
    amf = malloc(
        sizeof(*amf)); /* 56 KB for a moment, rather than all the time with each connection */
    if (!amf)
        return jt_rtmp_session_close(session, -ENOMEM, "memory");
    err = read_and_dispatch(session, message, amf);
    free(amf);
    return err;
}
