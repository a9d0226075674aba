/*
 * A whole connection from a stranger. The first byte: bits 0 to 5 the size of the pieces, bit 6 "the owner answers at
 * the next piece", bit 7 "the handshake is in the input" (else it is made here).
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rtmp/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct owner {
    struct jt_rtmp_session *session;
    bool is_late, is_asked;
    size_t out_bytes;
    volatile uint8_t seen;
};

static int on_write(void *arg, const uint8_t *data, size_t size)
{
    struct owner *owner = arg;

    owner->out_bytes += size;
    owner->seen ^= data[size - 1];
    return 0;
}

static void check_name(const char *name, size_t max)
{
    size_t size = strlen(name);

    if (!size || size > max ||
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-") != size)
        abort();
}

static void on_ask(void *arg, const char *app, const char *key)
{
    struct owner *owner = arg;

    check_name(app, JT_RTMP_APP_MAX_BYTES);
    check_name(key, JT_RTMP_KEY_MAX_BYTES);
    owner->is_asked = true;
    if (!owner->is_late && jt_rtmp_session_accept(owner->session))
        abort();
}

static void on_tag(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    if (!size)
        abort();
    ((struct owner *)arg)->seen ^= body[0] ^ body[size - 1] ^ (uint8_t)time_ms;
}

static void on_metadata(void *arg, const uint8_t *amf, size_t size)
{
    if (size)
        ((struct owner *)arg)->seen ^= amf[0] ^ amf[size - 1];
}

static void on_unpublish(void *arg)
{
    ((struct owner *)arg)->is_asked = false;
}

static const struct jt_rtmp_ops ops = {
    .write = on_write,
    .on_publish = on_ask,
    .on_play = on_ask,
    .on_audio = on_tag,
    .on_video = on_tag,
    .on_metadata = on_metadata,
    .on_unpublish = on_unpublish,
};

static int feed(struct owner *owner, const uint8_t *data, size_t size, size_t piece)
{
    int64_t now_us = 0;
    int err = 0;

    for (size_t at = 0; at < size && !err; at += piece) {
        if (owner->is_late && owner->is_asked && jt_rtmp_session_accept(owner->session))
            abort();
        owner->is_asked = false;
        now_us += 1000;
        err = jt_rtmp_session_push(owner->session, data + at, size - at < piece ? size - at : piece,
                                   now_us);
        if (!err)
            err = jt_rtmp_session_poll(owner->session, now_us);
    }
    return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t handshake[1 + 2 * 1536] = {3};
    const struct jt_rtmp_limits limits = jt_rtmp_limits_default();
    struct owner owner = {0};
    int err = 0;

    if (size < 2)
        return 0;
    if (jt_rtmp_session_new(&limits, &ops, &owner, 0, &owner.session))
        abort();
    owner.is_late = data[0] & 0x40;
    if (!(data[0] & 0x80))
        err = jt_rtmp_session_push(owner.session, handshake, sizeof(handshake), 0);
    if (!err)
        err = feed(&owner, data + 1, size - 1, 1 + (data[0] & 0x3fU) * 16U);
    if ((err != 0) != (jt_rtmp_session_close_reason(owner.session) != NULL))
        abort();
    if (owner.out_bytes > 4096 + 3073 + size * 16)
        abort(); /* answers are bounded by what was asked */
    jt_rtmp_session_free(owner.session);
    return 0;
}
