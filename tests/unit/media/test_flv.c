#include "media_rig.h"

#include <errno.h>

#include "media/flv.h"

/* ---- what a publisher sends: ffmpeg's files, read as ffprobe reads them ---- */

struct probed {
    int stream; /* 0 video, 1 audio */
    int pts, dts, size;
    bool is_key;
};

/* `ffprobe -show_entries packet=stream_index,pts,dts,size,flags` of bframes.flv */
static const struct probed probed[] = {
    {0, 67, 0, 2507, true},    {0, 167, 34, 501, false},  {1, 46, 46, 104, true},
    {0, 100, 67, 308, false},  {1, 67, 67, 102, true},    {0, 134, 100, 265, false},
    {0, 267, 134, 485, false}, {0, 200, 167, 241, false}, {0, 234, 200, 219, false},
    {0, 367, 234, 523, false}, {0, 300, 267, 327, false}, {0, 334, 300, 275, false},
    {0, 434, 334, 406, false}, {0, 400, 367, 250, false},
};

struct tag {
    uint8_t type;
    uint32_t time_ms;
    struct jt_reader body;
};

static bool next_tag(struct jt_reader *r, struct tag *tag)
{
    uint32_t size;

    if (r->left == 0)
        return false;
    tag->type = jt_read_u8(r);
    size = jt_read_be24(r);
    tag->time_ms = jt_read_be24(r);
    tag->time_ms |= (uint32_t)jt_read_u8(r) << 24;
    jt_reader_take(r, 3);
    tag->body = jt_reader_sub(r, size);
    assert_int_equal(jt_read_be32(r), size + 11);
    assert_false(r->failed);
    return true;
}

static int parse(const struct tag *tag, struct jt_flv_message *message)
{
    if (tag->type == JT_FLV_VIDEO)
        return jt_flv_video_parse(tag->body.next, tag->body.left, message);
    return jt_flv_audio_parse(tag->body.next, tag->body.left, message);
}

static void test_packets_are_ffprobes(void **state)
{
    struct bytes file = fixture("bframes.flv");
    struct jt_reader r = jt_reader_of(file.data, file.size);
    struct tag tag;
    size_t n = 0;

    (void)state;
    jt_reader_take(&r, JT_FLV_FILE_HEADER_BYTES);
    while (next_tag(&r, &tag)) {
        struct jt_flv_message m;

        if (tag.type == JT_FLV_SCRIPT)
            continue;
        assert_int_equal(parse(&tag, &m), 0);
        assert_int_equal(m.codec, tag.type == JT_FLV_VIDEO ? JT_CODEC_H264 : JT_CODEC_AAC);
        assert_false(m.is_enhanced);
        if (m.kind != JT_FLV_FRAME) {
            assert_true(m.kind == JT_FLV_CONFIG || m.kind == JT_FLV_END);
            continue;
        }
        assert_in_range(n, 0, JT_COUNT(probed) - 1);
        assert_int_equal(tag.type == JT_FLV_AUDIO, probed[n].stream);
        assert_int_equal(tag.time_ms, probed[n].dts);
        assert_int_equal((int)tag.time_ms + m.composition_ms, probed[n].pts);
        assert_int_equal(m.size, probed[n].size);
        assert_int_equal(m.is_key || tag.type == JT_FLV_AUDIO, probed[n].is_key);
        n++;
    }
    assert_int_equal(n, JT_COUNT(probed));
    free(file.data);
}

/*
 * Built from the parsed messages again, the file is ffmpeg's to the byte (its metadata tag aside).
 */
static void check_rebuilt(const char *name)
{
    struct bytes file = fixture(name);
    struct jt_reader r = jt_reader_of(file.data, file.size);
    uint8_t *out = malloc(file.size);
    struct jt_writer w = jt_writer_of(out, file.size);
    struct tag tag;

    jt_flv_write_file_header(&w, true, true);
    jt_reader_take(&r, JT_FLV_FILE_HEADER_BYTES);
    while (next_tag(&r, &tag)) {
        struct jt_flv_message m;

        jt_flv_write_tag_header(&w, (enum jt_flv_tag_type)tag.type, (uint32_t)tag.body.left,
                                tag.time_ms);
        if (tag.type == JT_FLV_SCRIPT) {
            jt_write_bytes(&w, tag.body.next, tag.body.left);
        } else {
            bool is_video = tag.type == JT_FLV_VIDEO;

            assert_int_equal(parse(&tag, &m), 0);
            if (m.kind == JT_FLV_END)
                jt_flv_write_video_end(&w);
            else if (m.kind == JT_FLV_CONFIG && is_video)
                jt_flv_write_video_config(&w, m.data, m.size);
            else if (m.kind == JT_FLV_CONFIG)
                jt_flv_write_audio_config(&w, m.data, m.size);
            else if (is_video)
                jt_flv_write_video_head(&w, m.is_key, m.composition_ms);
            else
                jt_flv_write_audio_head(&w);
            if (m.kind == JT_FLV_FRAME)
                jt_write_bytes(&w, m.data, m.size);
        }
        jt_flv_write_tag_end(&w, (uint32_t)tag.body.left);
    }
    assert_false(w.failed);
    assert_bytes(file, out, w.size);
    free(out);
    free(file.data);
}

static void test_builds_what_ffmpeg_builds(void **state)
{
    (void)state;
    check_rebuilt("baseline.flv");
    check_rebuilt("bframes.flv");
}

static void test_file_header_and_time(void **state)
{
    /* FLV 10.1 §E.2, §E.4.1: flags audio 4, video 1; the time's high byte comes last */
    struct bytes expected = hex("464c5601 04 00000009 00000000 464c5601 01 00000009 00000000"
                                "09 000005 563412 78 000000 00000010");
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_flv_write_file_header(&w, true, false);
    assert_int_equal(w.size, JT_FLV_FILE_HEADER_BYTES);
    jt_flv_write_file_header(&w, false, true);
    jt_flv_write_tag_header(&w, JT_FLV_VIDEO, 5, 0x78563412);
    jt_flv_write_tag_end(&w, 5);
    assert_bytes(expected, out, w.size);
    free(expected.data);
}

/* ---- the formats' tables ---- */

struct video_case {
    const char *what, *body;
    int err;
    enum jt_flv_kind kind;
    enum jt_flv_refusal refusal;
    const char *codec;
    int32_t composition_ms;
    const char *data;
};

#define CODEC JT_FLV_REFUSED, JT_FLV_REFUSAL_CODEC
#define MULTITRACK JT_FLV_REFUSED, JT_FLV_REFUSAL_MULTITRACK
#define EXTENSION JT_FLV_REFUSED, JT_FLV_REFUSAL_EXTENSION

static const struct video_case video_cases[] = {
    {"nothing", "", 0, JT_FLV_NOTHING, 0, "unknown", 0, ""},
    {"config", "17 00 000000 0142", 0, JT_FLV_CONFIG, 0, "h264", 0, "0142"},
    {"config of nothing", "17 00 000000", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"frame", "27 01 000042 aabb", 0, JT_FLV_FRAME, 0, "h264", 66, "aabb"},
    {"composition time -1", "27 01 ffffff aa", 0, JT_FLV_FRAME, 0, "h264", -1, "aa"},
    {"composition time, lowest", "27 01 800000 aa", 0, JT_FLV_FRAME, 0, "h264", -8388608, "aa"},
    {"composition time, highest", "27 01 7fffff aa", 0, JT_FLV_FRAME, 0, "h264", 8388607, "aa"},
    {"disposable", "37 01 000000 aa", 0, JT_FLV_FRAME, 0, "h264", 0, "aa"},
    {"frame of nothing", "27 01 000000", 0, JT_FLV_NOTHING, 0, "h264", 0, ""},
    {"end", "17 02 000000", 0, JT_FLV_END, 0, "h264", 0, ""},
    {"end, cut", "17 02", 0, JT_FLV_END, 0, "h264", 0, ""},
    {"packet type 3", "27 03 000000 aa", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"frame type 0", "07 01 000000 aa", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"frame type 6", "67 01 000000 aa", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"command frame", "57 00", 0, JT_FLV_NOTHING, 0, "h264", 0, ""},
    {"one byte", "17", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"cut in the composition time", "17 01 0000", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"Sorenson", "12 00", 0, CODEC, "h263", 0, ""},
    {"VP6", "14 00", 0, CODEC, "vp6", 0, ""},
    {"HEVC as number 12", "1c 00", 0, CODEC, "hevc", 0, ""},
    {"codec 0", "10", 0, CODEC, "unknown", 0, ""},
    /* Enhanced RTMP v1/v2 */
    {"avc1 start", "90 61766331 0142", 0, JT_FLV_CONFIG, 0, "h264", 0, "0142"},
    {"avc1 frames", "a1 61766331 fffffe aa", 0, JT_FLV_FRAME, 0, "h264", -2, "aa"},
    {"avc1 frames x", "a3 61766331 aabbcc", 0, JT_FLV_FRAME, 0, "h264", 0, "aabbcc"},
    {"avc1 end", "92 61766331", 0, JT_FLV_END, 0, "h264", 0, ""},
    {"avc1 metadata", "94 61766331 02000a", 0, JT_FLV_NOTHING, 0, "h264", 0, ""},
    {"avc1 as MPEG-2 TS", "95 61766331 00", 0, EXTENSION, "h264", 0, ""},
    {"packet type 8", "98 61766331 00", 0, EXTENSION, "h264", 0, ""},
    {"command", "d1 00", 0, JT_FLV_NOTHING, 0, "unknown", 0, ""},
    {"hvc1", "90 68766331 01", 0, CODEC, "hevc", 0, ""},
    {"av01", "91 61763031 01", 0, CODEC, "av1", 0, ""},
    {"vp09", "90 76703039 01", 0, CODEC, "vp9", 0, ""},
    {"unknown FourCC", "90 78787878 01", 0, CODEC, "unknown", 0, ""},
    {"FourCC cut", "90 617663", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"start of nothing", "90 61766331", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"frames without composition time", "a1 61766331 0000", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"multitrack, one track", "96 00 61766331 00", 0, MULTITRACK, "h264", 0, ""},
    {"multitrack, many codecs", "96 20 00 61766331", 0, MULTITRACK, "unknown", 0, ""},
    {"multitrack, cut", "96", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"multitrack, FourCC cut", "96 00 6176", -EBADMSG, 0, 0, NULL, 0, NULL},
    /* ModEx: size - 1, data, type << 4 | next packet type */
    {"nanoseconds", "a7 02 000102 01 61766331 000005 aa", 0, JT_FLV_FRAME, 0, "h264", 5, "aa"},
    {"nanoseconds twice", "a7 02 000102 07 02 000102 03 61766331 aa", 0, JT_FLV_FRAME, 0, "h264", 0,
     "aa"},
    {"unknown ModEx", "a7 00 aa 13 61766331 aa", 0, EXTENSION, "h264", 0, ""},
    {"ModEx, cut", "a7", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"ModEx, data cut", "a7 02 0001", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"ModEx, long size past the end", "a7 ff ffff 00", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"ModEx for ever", "a7 00 aa 07 00 aa 07 00 aa 07", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"ModEx, then multitrack", "a7 00 aa 06 00 61766331", 0, MULTITRACK, "h264", 0, ""},
};

static const struct video_case audio_cases[] = {
    {"nothing", "", 0, JT_FLV_NOTHING, 0, "unknown", 0, ""},
    {"config", "af 00 1190", 0, JT_FLV_CONFIG, 0, "aac", 0, "1190"},
    {"raw", "af 01 2110", 0, JT_FLV_FRAME, 0, "aac", 0, "2110"},
    {"raw of nothing", "af 01", 0, JT_FLV_NOTHING, 0, "aac", 0, ""},
    {"config of nothing", "af 00", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"packet type 2", "af 02 00", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"one byte", "af", -EBADMSG, 0, 0, NULL, 0, NULL},
    {"MP3", "2f ff", 0, CODEC, "mp3", 0, ""},
    {"Speex", "b2 00", 0, CODEC, "speex", 0, ""},
    {"G.711", "72 00", 0, CODEC, "g711", 0, ""},
    {"Nellymoser", "62", 0, CODEC, "nellymoser", 0, ""},
    {"12", "c0", 0, CODEC, "unknown", 0, ""},
    {"mp4a start", "90 6d703461 1190", 0, JT_FLV_CONFIG, 0, "aac", 0, "1190"},
    {"mp4a frame", "91 6d703461 2110", 0, JT_FLV_FRAME, 0, "aac", 0, "2110"},
    {"mp4a end", "92 6d703461", 0, JT_FLV_END, 0, "aac", 0, ""},
    {"mp4a channels", "94 6d703461 0002", 0, JT_FLV_NOTHING, 0, "aac", 0, ""},
    {"mp4a type 3", "93 6d703461 00", 0, EXTENSION, "aac", 0, ""},
    {"Opus", "90 4f707573 00", 0, CODEC, "opus", 0, ""},
    {"AC-3", "91 61632d33 00", 0, CODEC, "ac3", 0, ""},
    {".mp3", "91 2e6d7033 00", 0, CODEC, "mp3", 0, ""},
    {"multitrack", "95 11 6d703461 00", 0, MULTITRACK, "aac", 0, ""},
    {"nanoseconds", "97 02 000102 01 6d703461 aa", 0, JT_FLV_FRAME, 0, "aac", 0, "aa"},
    {"FourCC cut", "91 6d70", -EBADMSG, 0, 0, NULL, 0, NULL},
};

static void check_case(const struct video_case *c,
                       int (*fn)(const uint8_t *, size_t, struct jt_flv_message *))
{
    struct bytes body = hex(c->body);
    struct jt_flv_message m = {.codec_name = "untouched"};
    int err = fn(body.data, body.size, &m);

    print_message("%s\n", c->what);
    assert_int_equal(err, c->err);
    if (err) {
        assert_string_equal(m.codec_name, "untouched");
    } else {
        struct bytes data = hex(c->data);

        assert_int_equal(m.kind, c->kind);
        assert_int_equal(m.refusal, c->refusal);
        assert_string_equal(m.codec_name, c->codec);
        assert_int_equal(m.composition_ms, c->composition_ms);
        assert_bytes(data, m.data, m.size);
        free(data.data);
    }
    free(body.data);
}

static void test_r10_video_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(video_cases); i++)
        check_case(&video_cases[i], jt_flv_video_parse);
}

static void test_enhanced_is_told(void **state)
{
    struct bytes legacy = hex("17 00 000000 0142"), enhanced = hex("90 61766331 0142"),
                 audio = hex("90 6d703461 1190");
    struct jt_flv_message m;

    (void)state;
    assert_int_equal(jt_flv_video_parse(legacy.data, legacy.size, &m), 0);
    assert_false(m.is_enhanced);
    assert_int_equal(jt_flv_video_parse(enhanced.data, enhanced.size, &m), 0);
    assert_true(m.is_enhanced && m.is_key);
    assert_int_equal(jt_flv_audio_parse(audio.data, audio.size, &m), 0);
    assert_true(m.is_enhanced);
    free(legacy.data);
    free(enhanced.data);
    free(audio.data);
}

static void test_audio_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(audio_cases); i++)
        check_case(&audio_cases[i], jt_flv_audio_parse);
}

static void check_any(const uint8_t *data, size_t size)
{
    struct bytes body = bytes_copy(data, size);
    struct jt_flv_message m;

    if (jt_flv_video_parse(body.data, body.size, &m) == 0) {
        assert_non_null(m.codec_name);
        assert_true(m.size <= body.size);
        assert_int_equal(m.kind == JT_FLV_REFUSED, m.refusal != JT_FLV_REFUSAL_NONE);
    }
    if (jt_flv_audio_parse(body.data, body.size, &m) == 0) {
        assert_true(m.size <= body.size);
        assert_string_not_equal(jt_flv_refusal_name(m.refusal), "");
    }
    free(body.data);
}

/*
 * Every tag of 1 to 9 bytes there can be, as far as its bytes matter, and every case cut
 * everywhere.
 */
static void test_r10_every_short_body(void **state)
{
    uint8_t body[9];

    (void)state;
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t size = 1; size <= sizeof(body); size++) {
                memcpy(body, "\0\0avc1\0\0\0", sizeof(body));
                body[0] = (uint8_t)first;
                if (second)
                    body[1] = (uint8_t)second;
                check_any(body, size);
            }
    for (size_t i = 0; i < JT_COUNT(video_cases); i++) {
        struct bytes whole = hex(video_cases[i].body);

        for (size_t size = 0; size < whole.size; size++)
            check_any(whole.data, size);
        free(whole.data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets_are_ffprobes),
        cmocka_unit_test(test_builds_what_ffmpeg_builds),
        cmocka_unit_test(test_file_header_and_time),
        cmocka_unit_test(test_r10_video_bodies),
        cmocka_unit_test(test_audio_bodies),
        cmocka_unit_test(test_enhanced_is_told),
        cmocka_unit_test(test_r10_every_short_body),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
