/* The owner of a server session for the tests: writes down what it is told, keeps what is to be sent. */
#ifndef TESTS_RTMP_OWNER_H
#define TESTS_RTMP_OWNER_H

#include "peer.h"

#include "rtmp/session.h"

enum answer { ANSWER_ACCEPT, ANSWER_LATER, ANSWER_REFUSE, ANSWER_REDIRECT };

struct owner {
    struct jt_rtmp_session *session;
    struct bytes log, out;
    enum answer answer;
    int write_err; /* what write returns */
    int result;    /* of the last push */
    int64_t now_us;
    int64_t late_answer; /* pushes until a late answer */
};

/* Adler-32 from 0, as `-f framecrc` of FFmpeg has it. */
static UNUSED uint32_t adler(const uint8_t *data, size_t size)
{
    uint32_t a = 0, b = 0;

    for (size_t i = 0; i < size; i++) {
        a = (a + data[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static UNUSED void say(struct owner *o, const char *format, ...)
{
    char text[512];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof(text) - 1);
    add(&o->log, text, (size_t)n);
}

static int owner_write(void *arg, const uint8_t *data, size_t size)
{
    struct owner *o = arg;

    if (o->write_err)
        return o->write_err;
    add(&o->out, data, size);
    return 0;
}

static void answer(struct owner *o)
{
    if (o->answer == ANSWER_ACCEPT)
        assert_int_equal(jt_rtmp_session_accept(o->session), 0);
    else if (o->answer == ANSWER_REFUSE)
        jt_rtmp_session_refuse(o->session, "NetStream.Publish.BadName", "No such key.");
    else if (o->answer == ANSWER_REDIRECT)
        jt_rtmp_session_redirect(o->session, "rtmp://127.0.0.1:1937/live/show");
}

static void owner_publish(void *arg, const char *app, const char *key)
{
    say(arg, "publish %s %s\n", app, key);
    answer(arg);
}

static void owner_play(void *arg, const char *app, const char *key)
{
    say(arg, "play %s %s\n", app, key);
    answer(arg);
}

static void owner_audio(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    say(arg, "audio %u %zu %08x\n", time_ms, size, adler(body, size));
}

static void owner_video(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    say(arg, "video %u %zu %08x\n", time_ms, size, adler(body, size));
}

static void owner_metadata(void *arg, const uint8_t *amf, size_t size)
{
    say(arg, "metadata %zu %08x\n", size, adler(amf, size));
}

static void owner_unpublish(void *arg)
{
    say(arg, "unpublish\n");
}

static const struct jt_rtmp_ops owner_ops = {
    .write = owner_write,
    .on_publish = owner_publish,
    .on_play = owner_play,
    .on_audio = owner_audio,
    .on_video = owner_video,
    .on_metadata = owner_metadata,
    .on_unpublish = owner_unpublish,
};

static UNUSED void owner_open(struct owner *o)
{
    const struct jt_rtmp_limits limits = jt_rtmp_limits_default();

    o->now_us = 1000000;
    assert_int_equal(jt_rtmp_session_new(&limits, &owner_ops, o, o->now_us, &o->session), 0);
}

static UNUSED void owner_close(struct owner *o)
{
    jt_rtmp_session_free(o->session);
    release(&o->log);
    release(&o->out);
    *o = (struct owner){0};
}

/* Push a copy of exact size, so that a sanitizer sees one byte too far. */
static UNUSED int push(struct owner *o, const uint8_t *data, size_t size)
{
    uint8_t *copy = calloc(1, size ? size : 1);

    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    o->result = jt_rtmp_session_push(o->session, copy, size, o->now_us);
    free(copy);
    return o->result;
}

static UNUSED void push_in_pieces(struct owner *o, const struct bytes *b, size_t piece)
{
    for (size_t at = 0; at < b->size && o->result == 0; at += piece)
        (void)push(o, b->data + at, b->size - at < piece ? b->size - at : piece);
}

/* The log as a string. */
static UNUSED const char *told(struct owner *o)
{
    add_u8(&o->log, 0);
    o->log.size--;
    return (const char *)o->log.data;
}

static UNUSED bool sent(const struct owner *o, const char *text)
{
    return memmem(o->out.data, o->out.size, text, strlen(text)) != NULL;
}

#endif
