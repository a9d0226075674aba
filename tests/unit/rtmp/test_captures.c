/*
 * What real encoders sent, replayed into the session. Expected packets are those an independent server (FFmpeg) saw:
 * captures/README.md.
 */
#include "tracks.h"

struct replay {
    struct jt_rtmp_session *session;
    struct tracks got;
};

static int on_write(void *arg, const uint8_t *data, size_t size)
{
    (void)arg;
    (void)data;
    (void)size;
    return 0;
}

static void on_publish(void *arg, const char *app, const char *key)
{
    struct replay *replay = arg;

    add_text(&replay->got.others, "publish %s %s\n", app, key);
    assert_int_equal(jt_rtmp_session_accept(replay->session), 0);
}

static void on_unpublish(void *arg)
{
    add_text(&((struct replay *)arg)->got.others, "unpublish\n");
}

static void on_metadata(void *arg, const uint8_t *amf, size_t size)
{
    assert_true(size > 0);
    note_metadata(&((struct replay *)arg)->got, amf[0]);
}

static void on_audio(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    note_audio(&((struct replay *)arg)->got, time_ms, body, size);
}

static void on_video(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    note_video(&((struct replay *)arg)->got, time_ms, body, size);
}

static const struct jt_rtmp_ops ops = {
    .write = on_write,
    .on_publish = on_publish,
    .on_audio = on_audio,
    .on_video = on_video,
    .on_metadata = on_metadata,
    .on_unpublish = on_unpublish,
};

static void push_part(struct replay *replay, const struct bytes *b, size_t at, size_t size)
{
    uint8_t *copy = calloc(1, size ? size : 1);

    assert_non_null(copy);
    if (size)
        memcpy(copy, b->data + at, size);
    assert_int_equal(jt_rtmp_session_push(replay->session, copy, size, 0), 0);
    free(copy);
}

/* In two parts, or in pieces of `piece` bytes when that is not 0. */
static void replay_capture(const struct bytes *b, size_t cut, size_t piece, struct tracks *wanted)
{
    const struct jt_rtmp_limits limits = jt_rtmp_limits_default();
    struct replay replay = {0};

    assert_int_equal(jt_rtmp_session_new(&limits, &ops, &replay, 0, &replay.session), 0);
    if (piece) {
        for (size_t at = 0; at < b->size; at += piece)
            push_part(&replay, b, at, JT_MIN(piece, b->size - at));
    } else {
        push_part(&replay, b, 0, cut);
        push_part(&replay, b, cut, b->size - cut);
    }
    assert_int_equal(jt_rtmp_session_bytes_in(replay.session), b->size);
    assert_null(jt_rtmp_session_close_reason(replay.session));
    expect_same(&replay.got, wanted, cut);
    jt_rtmp_session_free(replay.session);
    release_tracks(&replay.got);
}

/* Every cut of the handshake's edges, the commands and the first frames; then every 37th, prime to all sizes. */
static void replay_at_every_cut(const char *name)
{
    struct tracks wanted = {0};
    char path[256];
    struct bytes b;

    (void)snprintf(path, sizeof(path), "unit/rtmp/captures/%s.bin", name);
    b = read_whole_file(path);
    expect_packets(name, &wanted);
    add_text(&wanted.others, "publish live key\nmetadata 8\nunpublish\n");
    replay_capture(&b, 0, 1, &wanted);
    replay_capture(&b, 0, 3, &wanted);
    replay_capture(&b, 0, 1460, &wanted);
    for (size_t cut = 0; cut <= b.size; cut += cut < 3070 || cut > 8500 ? 37 : 1)
        replay_capture(&b, cut, 0, &wanted);
    release(&b);
    release_tracks(&wanted);
}

static void test_ffmpeg(void **state)
{
    (void)state;
    replay_at_every_cut("ffmpeg");
}

static void test_ffmpeg_past_4_h_40_min(void **state)
{
    (void)state;
    replay_at_every_cut("ffmpeg_extended");
}

static void test_gstreamer_rtmp2sink(void **state)
{
    (void)state;
    replay_at_every_cut("rtmp2sink");
}

static void test_gstreamer_rtmpsink(void **state)
{
    (void)state;
    replay_at_every_cut("rtmpsink");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ffmpeg),
        cmocka_unit_test(test_ffmpeg_past_4_h_40_min),
        cmocka_unit_test(test_gstreamer_rtmp2sink),
        cmocka_unit_test(test_gstreamer_rtmpsink),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
