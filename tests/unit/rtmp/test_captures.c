/*
 * What real encoders sent, replayed into the session. Expected packets are those an independent server (FFmpeg) saw:
 * captures/README.md.
 */
#include "owner.h"

#include "base/reader.h"

enum { VIDEO, AUDIO, TRACKS };

struct tracks {
    struct bytes lines[TRACKS]; /* "dts pts size sum" */
    struct bytes others;        /* the rest of the events; of onMetaData the first */
    bool has_metadata;
};

struct replay {
    struct jt_rtmp_session *session;
    struct tracks got;
};

static void add_text(struct bytes *b, const char *format, ...)
{
    char text[256];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    assert_in_range(n, 0, sizeof(text) - 1);
    add(b, text, (size_t)n);
}

static void release_tracks(struct tracks *t)
{
    release(&t->lines[VIDEO]);
    release(&t->lines[AUDIO]);
    release(&t->others);
}

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
    struct replay *replay = arg;

    assert_true(size > 0);
    if (!replay->got.has_metadata) /* flvmux sends it with each change of the bit rate */
        add_text(&replay->got.others, "metadata %u\n", amf[0]);
    replay->got.has_metadata = true;
}

static void on_audio(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct bytes *lines = &((struct replay *)arg)->got.lines[AUDIO];

    assert_true(size > 2);
    if (body[1] == 0)
        add_text(lines, "header %zu %08x\n", size - 2, adler(body + 2, size - 2));
    else
        add_text(lines, "%u %u %zu %08x\n", time_ms, time_ms, size - 2, adler(body + 2, size - 2));
}

static void on_video(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct bytes *lines = &((struct replay *)arg)->got.lines[VIDEO];
    uint32_t composition;

    assert_true(size >= 5);
    composition = (uint32_t)body[2] << 16 | (uint32_t)body[3] << 8 | body[4];
    if (body[1] == 0)
        add_text(lines, "header %zu %08x\n", size - 5, adler(body + 5, size - 5));
    else if (body[1] == 1)
        add_text(lines, "%u %u %zu %08x\n", time_ms, time_ms + composition, size - 5,
                 adler(body + 5, size - 5));
    /* 2: end of sequence, no packet */
}

static const struct jt_rtmp_ops ops = {
    .write = on_write,
    .on_publish = on_publish,
    .on_audio = on_audio,
    .on_video = on_video,
    .on_metadata = on_metadata,
    .on_unpublish = on_unpublish,
};

static void expect_packets(const char *name, struct tracks *out)
{
    char path[256], line[256];
    unsigned track, dts, pts, duration, size, sum;
    FILE *file;

    (void)snprintf(path, sizeof(path), "unit/rtmp/captures/%s.framecrc", name);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "#extradata %u: %u, %x", &track, &size, &sum) == 3 && track < TRACKS)
            add_text(&out->lines[track], "header %u %08x\n", size, sum);
        else if (sscanf(line, "%u, %u, %u, %u, %u, %x", &track, &dts, &pts, &duration, &size,
                        &sum) == 6 &&
                 track < TRACKS)
            add_text(&out->lines[track], "%u %u %u %08x\n", dts, pts, size, sum);
    }
    (void)fclose(file);
    add_text(&out->others, "publish live key\nmetadata 8\nunpublish\n");
}

static bool same(const struct bytes *a, const struct bytes *b)
{
    return a->size == b->size && memcmp(a->data, b->data, a->size) == 0;
}

static void expect_same(struct tracks *got, struct tracks *wanted, size_t cut)
{
    for (int i = 0; i < TRACKS; i++)
        if (!same(&got->lines[i], &wanted->lines[i]))
            fail_msg("track %d, cut %zu: got\n%.*s\nwanted\n%.*s", i, cut, (int)got->lines[i].size,
                     (const char *)got->lines[i].data, (int)wanted->lines[i].size,
                     (const char *)wanted->lines[i].data);
    if (!same(&got->others, &wanted->others))
        fail_msg("cut %zu: got\n%.*s", cut, (int)got->others.size, (const char *)got->others.data);
}

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
