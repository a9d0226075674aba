/* From a publisher's FLV bodies to the rings: what ffmpeg sent is what readers find, and nonsense costs itself. */
#include "tests/unit/media/media_rig.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"
#include "ingest/feed.h"
#include "ingest/show.h"
#include "loop/loop.h"
#include "media/flv.h"
#include "media/h264_pack.h"
#include "ring/bells.h"
#include "ring/ring.h"

enum {
    START_US = 1000 * JT_USEC_PER_SEC,
    KHZ_PER_MS = 90,
    UNIT_MAX_BYTES = 65536,
    READERS_MAX = 4,
};

struct rig {
    struct jt_loop *loop;
    struct ingest_shows *shows;
    struct ingest_show *show;
    struct jt_bells *bells;
    struct ingest_feed *feed;
    /* as a relay has them: mapped when the track was told of, kept when it ended */
    struct jt_ring_reader *readers[READERS_MAX];
    uint32_t ids[READERS_MAX];
    size_t count, ended, warned;
    const char *why;
};

static void on_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct rig *rig = arg;

    (void)show;
    assert_in_range(rig->count, 0, READERS_MAX - 1);
    rig->ids[rig->count] = track->id;
    assert_int_equal(jt_ring_reader_new(dup(track->fd), &rig->readers[rig->count++]), 0);
}

static void on_track_end(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track)
{
    struct rig *rig = arg;

    (void)show;
    (void)track;
    rig->ended++;
}

static void on_warning(void *arg, const struct ingest_show *show, const char *code,
                       const char *words)
{
    struct rig *rig = arg;

    (void)show;
    assert_true(code[0] && words[0]);
    rig->warned++;
}

static const struct ingest_show_events events = {
    .on_track = on_track, .on_track_end = on_track_end, .on_warning = on_warning};

static void on_stop(void *arg, const char *code, const char *words)
{
    (void)arg;
    (void)code;
    (void)words;
}

static const struct ingest_publisher_ops publisher = {.stop = on_stop};

static struct rig *rig_new(void)
{
    static struct rig rig;

    memset(&rig, 0, sizeof(rig));
    assert_int_equal(jt_loop_new("test", &rig.loop), 0);
    assert_int_equal(jt_bells_new(&rig.bells), 0);
    assert_int_equal(ingest_shows_new(rig.loop, 0, &rig.shows), 0);
    assert_int_equal(ingest_shows_listen(rig.shows, &events, &rig), 0);
    assert_int_equal(ingest_show_join(rig.shows, "rice", &publisher, &rig, &rig.show), 0);
    assert_int_equal(ingest_feed_new(rig.show, rig.bells, &rig.feed), 0);
    return &rig;
}

static void rig_free(struct rig *rig)
{
    ingest_feed_free(rig->feed);
    for (size_t i = 0; i < rig->count; i++)
        jt_ring_reader_free(rig->readers[i]);
    ingest_shows_free(rig->shows);
    jt_bells_free(rig->bells);
    jt_loop_free(rig->loop);
}

/* On the heap and cut to size, so that ASan sees one byte too far. */
static int push(struct rig *rig, uint8_t type, uint32_t time_ms, const void *data, size_t size)
{
    struct bytes body = bytes_copy(data, size);
    int64_t now_us = START_US + (int64_t)time_ms * JT_USEC_PER_MSEC;
    int err;

    if (type == JT_FLV_VIDEO)
        err = ingest_feed_video(rig->feed, time_ms, body.data, body.size, now_us, &rig->why);
    else
        err = ingest_feed_audio(rig->feed, time_ms, body.data, body.size, now_us, &rig->why);
    free(body.data);
    return err;
}

/* ---- FLV, read by the test itself (FLV 10.1 Annex E) ---- */

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
    (void)jt_read_be32(r);
    assert_false(r->failed);
    return true;
}

static bool is_frame(const struct tag *tag)
{
    return tag->body.left > 1 && tag->body.next[1] == 1;
}

static struct jt_reader tags_of(struct bytes file)
{
    struct jt_reader r = jt_reader_of(file.data, file.size);

    jt_reader_take(&r, JT_FLV_FILE_HEADER_BYTES);
    return r;
}

static void push_file(struct rig *rig, struct bytes file)
{
    struct jt_reader r = tags_of(file);
    struct tag tag;

    while (next_tag(&r, &tag))
        if (tag.type != JT_FLV_SCRIPT)
            assert_int_equal(push(rig, tag.type, tag.time_ms, tag.body.next, tag.body.left), 0);
}

/* ---- the ring, read as a relay reads it ---- */

static struct jt_ring_reader *reader_of(struct rig *rig, enum jt_codec codec,
                                        struct jt_track_info *info)
{
    uint32_t version;

    for (size_t i = 0; i < rig->count; i++) {
        assert_int_equal(jt_ring_reader_info(rig->readers[i], info, &version), 0);
        if (info->codec == (uint32_t)codec)
            return rig->readers[i];
    }
    fail_msg("no such track");
    return NULL;
}

static void unpack(struct jt_ring_reader *reader, const struct jt_ring_frame *frame,
                   struct jt_writer *unit)
{
    struct jt_payload payloads[64];
    struct jt_ring_packet packet;

    assert_in_range(frame->packet_count, 1, JT_COUNT(payloads));
    for (uint32_t i = 0; i < frame->packet_count; i++) {
        assert_int_equal(jt_ring_reader_packet(reader, frame->first_seq + i, &packet), 0);
        payloads[i] = (struct jt_payload){packet.data, packet.size, packet.flags};
        assert_int_equal(!!(packet.flags & JT_PACKET_MARKER), i + 1 == frame->packet_count);
    }
    assert_int_equal(jt_h264_unpack(payloads, frame->packet_count, unit), 0);
}

/* The next slice of an access unit with 4-byte lengths; empty at the end. */
static struct jt_h264_nal next_slice(struct jt_reader *r)
{
    while (r->left) {
        uint32_t size = jt_read_be32(r);
        struct jt_h264_nal nal = {.data = jt_reader_take(r, size), .size = size};

        assert_false(r->failed);
        if (jt_h264_nal_is_slice(nal))
            return nal;
    }
    return (struct jt_h264_nal){0};
}

static void assert_same_slices(struct jt_reader expected, const struct jt_writer *unit)
{
    struct jt_reader found = jt_reader_of(unit->data, unit->size);
    struct jt_h264_nal a, b;

    do {
        a = next_slice(&expected);
        b = next_slice(&found);
        assert_int_equal(a.size, b.size);
        if (a.size)
            assert_memory_equal(a.data, b.data, a.size);
    } while (a.size);
}

struct probed {
    int pts_ms, dts_ms;
    bool is_key;
};

static void check_video(struct rig *rig, struct bytes file, const struct probed *probed,
                        size_t count)
{
    static uint8_t bytes[UNIT_MAX_BYTES];
    struct jt_track_info info;
    struct jt_ring_reader *reader = reader_of(rig, JT_CODEC_H264, &info);
    struct jt_reader r = tags_of(file);
    struct jt_ring_frame frame, first;
    size_t n = 0;
    struct tag tag;

    assert_int_equal(jt_ring_reader_frame(reader, 0, &first), 0);
    while (next_tag(&r, &tag)) {
        struct jt_writer unit = jt_writer_of(bytes, sizeof(bytes));

        if (tag.type != JT_FLV_VIDEO || !is_frame(&tag))
            continue;
        assert_in_range(n, 0, count - 1);
        assert_int_equal(jt_ring_reader_frame(reader, n, &frame), 0);
        assert_true(frame.flags & JT_RING_WHOLE);
        assert_int_equal(!!(frame.flags & JT_RING_KEY), probed[n].is_key);
        assert_int_equal(frame.dts - first.dts, (probed[n].dts_ms - probed[0].dts_ms) * KHZ_PER_MS);
        assert_int_equal(frame.pts - frame.dts, (probed[n].pts_ms - probed[n].dts_ms) * KHZ_PER_MS);
        unpack(reader, &frame, &unit);
        if (probed[n].is_key) /* whoever joins here has the parameter sets */
            assert_int_equal(bytes[4] & 0x1f, JT_H264_SPS);
        jt_reader_take(&tag.body, JT_FLV_VIDEO_HEAD_BYTES);
        assert_same_slices(tag.body, &unit);
        n++;
    }
    assert_int_equal(n, count);
    assert_int_equal(jt_ring_reader_frame(reader, n, &frame), -EAGAIN);
}

/* `ffprobe -show_entries packet=stream_index,pts,dts,size,flags`, stream 0 */
static const struct probed baseline[] = {
    {21, 21, true},    {54, 54, false},  {88, 88, false},
    {121, 121, false}, {154, 154, true}, {188, 188, false},
};
static const struct probed bframes[] = {
    {67, 0, true},     {167, 34, false},  {100, 67, false},  {134, 100, false},
    {267, 134, false}, {200, 167, false}, {234, 200, false}, {367, 234, false},
    {300, 267, false}, {334, 300, false}, {434, 334, false}, {400, 367, false},
};

static void test_what_ffmpeg_sent_is_what_readers_find(void **state)
{
    struct bytes file = fixture("baseline.flv");
    struct rig *rig = rig_new();
    struct jt_track_info info;

    (void)state;
    push_file(rig, file);
    check_video(rig, file, baseline, JT_COUNT(baseline));
    (void)reader_of(rig, JT_CODEC_H264, &info);
    assert_int_equal(info.has_b_frames, 0);
    assert_int_equal(rig->warned, 0);
    rig_free(rig);
    free(file.data);
}

static void test_b_frames_are_found_and_keep_their_order(void **state)
{
    struct bytes file = fixture("bframes.flv");
    struct rig *rig = rig_new();
    struct jt_track_info info;

    (void)state;
    push_file(rig, file);
    check_video(rig, file, bframes, JT_COUNT(bframes));
    (void)reader_of(rig, JT_CODEC_H264, &info);
    assert_int_equal(info.has_b_frames, 1);
    rig_free(rig);
    free(file.data);
}

/* An SPS that allows for B-frames is a hint: sixty pictures without any, and browsers get the stream as it is. */
static void test_b_frames_announced_and_never_sent(void **state)
{
    struct bytes file = fixture("bframes.flv"); /* its SPS says max_num_reorder_frames 2 */
    struct jt_reader r = tags_of(file);
    struct rig *rig = rig_new();
    struct tag tag, config = {0}, key = {0};
    struct jt_track_info info;

    (void)state;
    while (next_tag(&r, &tag) && !key.body.left) {
        if (tag.type == JT_FLV_VIDEO && !is_frame(&tag))
            config = tag;
        else if (tag.type == JT_FLV_VIDEO)
            key = tag;
    }
    assert_int_equal(push(rig, JT_FLV_VIDEO, 0, config.body.next, config.body.left), 0);
    for (uint32_t i = 0; i < 100; i++) {
        assert_int_equal(push(rig, JT_FLV_VIDEO, i * 33, key.body.next, key.body.left), 0);
        (void)reader_of(rig, JT_CODEC_H264, &info);
        if (i == 0)
            assert_int_equal(info.has_b_frames, 1);
    }
    assert_int_equal(info.has_b_frames, 0);
    rig_free(rig);
    free(file.data);
}

static void test_audio_is_what_ffmpeg_sent(void **state)
{
    struct bytes file = fixture("baseline.flv");
    struct jt_reader r = tags_of(file);
    struct rig *rig = rig_new();
    struct jt_ring_reader *reader;
    struct jt_ring_packet packet;
    struct jt_track_info info;
    struct jt_ring_frame frame;
    uint64_t n = 0;
    struct tag tag;

    (void)state;
    push_file(rig, file);
    reader = reader_of(rig, JT_CODEC_AAC, &info);
    while (next_tag(&r, &tag)) {
        if (tag.type != JT_FLV_AUDIO || !is_frame(&tag))
            continue;
        jt_reader_take(&tag.body, JT_FLV_AUDIO_HEAD_BYTES);
        assert_int_equal(jt_ring_reader_frame(reader, n++, &frame), 0);
        assert_int_equal(frame.packet_count, 1);
        assert_int_equal(jt_ring_reader_packet(reader, frame.first_seq, &packet), 0);
        /* RFC 3640 §3.3.6: 16 bits say how long the headers are, one header of 13 + 3 bits, then the frame */
        assert_int_equal(packet.size, tag.body.left + 4);
        assert_memory_equal(packet.data + 4, tag.body.next, tag.body.left);
    }
    assert_int_equal(n, 2); /* as ffprobe says */
    rig_free(rig);
    free(file.data);
}

/* ---- nonsense ---- */

static const uint8_t cut[] = {0x17}; /* AVC, and no more */

static void test_r10_a_hundred_bad_frames_in_ten_seconds(void **state)
{
    struct rig *rig = rig_new();

    (void)state;
    for (uint32_t i = 1; i < INGEST_BAD_FRAMES_MAX; i++)
        assert_int_equal(push(rig, i & 1 ? JT_FLV_VIDEO : JT_FLV_AUDIO, i * 100,
                              i & 1 ? cut : (const uint8_t[]){0xaf}, 1),
                         0);
    assert_int_equal(push(rig, JT_FLV_VIDEO, 9999, cut, 1), -EPROTO);
    rig_free(rig);
}

static void test_r10_ninety_nine_in_every_ten_seconds_are_borne(void **state)
{
    struct rig *rig = rig_new();

    (void)state;
    for (uint32_t i = 0; i < 500;
         i++) /* one each 102 ms: the first and the hundredth are 10.1 s apart */
        assert_int_equal(push(rig, JT_FLV_VIDEO, i * 102, cut, 1), 0);
    rig_free(rig);
}

/* Ten seconds are any ten seconds. */
static void test_r10_bad_frames_do_not_hide_behind_a_boundary(void **state)
{
    struct rig *rig = rig_new();
    int err = 0;

    (void)state;
    assert_int_equal(push(rig, JT_FLV_VIDEO, 0, cut, 1), 0);
    for (uint32_t i = 0; i < 60; i++)
        assert_int_equal(push(rig, JT_FLV_VIDEO, 9900 + i, cut, 1), 0);
    for (uint32_t i = 0; i < 60 && !err; i++)
        err = push(rig, JT_FLV_VIDEO, 10100 + i, cut, 1);
    assert_int_equal(err, -EPROTO);
    rig_free(rig);
}

static void test_r10_video_before_its_configuration_is_dropped(void **state)
{
    struct bytes file = fixture("baseline.flv");
    struct rig *rig = rig_new();
    struct jt_reader r = tags_of(file);
    struct tag tag;

    (void)state;
    while (next_tag(&r, &tag))
        if (tag.type == JT_FLV_VIDEO && is_frame(&tag))
            assert_int_equal(push(rig, tag.type, tag.time_ms, tag.body.next, tag.body.left), 0);
    assert_int_equal(rig->count, 0); /* no track */
    push_file(rig, file);
    check_video(rig, file, baseline, JT_COUNT(baseline)); /* and none the worse for it */
    rig_free(rig);
    free(file.data);
}

/* Every body of the file, cut at every place: nothing is read beyond the end, good frames still come through. */
static void test_r10_bodies_cut_at_every_place(void **state)
{
    struct bytes file = fixture("bframes.flv");
    struct jt_reader r = tags_of(file);
    struct tag tag;

    (void)state;
    while (next_tag(&r, &tag)) {
        struct rig *rig;

        if (tag.type == JT_FLV_SCRIPT)
            continue;
        rig = rig_new();
        for (size_t size = 0; size < JT_MIN(tag.body.left, (size_t)64); size++) {
            int err = push(rig, tag.type, (uint32_t)size * 200, tag.body.next, size);

            assert_true(err == 0 || err == -EPROTO || err == -EPROTONOSUPPORT);
        }
        rig_free(rig);
    }
    free(file.data);
}

static void test_codecs_nobody_could_watch_are_refused_with_words(void **state)
{
    /* Enhanced RTMP v1: sequence start, key frame, "hvc1"; FLV 10.1: Sorenson H.263 (2), MP3 (2) */
    static const uint8_t hevc[] = {0x90, 'h', 'v', 'c', '1', 1, 0, 0};
    static const uint8_t sorenson[] = {0x12, 0, 0, 0x84, 0};
    static const uint8_t mp3[] = {0x2f, 0xff, 0xfb, 0x90};
    struct rig *rig = rig_new();

    (void)state;
    assert_int_equal(push(rig, JT_FLV_VIDEO, 0, hevc, sizeof(hevc)), -EPROTONOSUPPORT);
    assert_non_null(strstr(rig->why, "H.264"));
    rig->why = NULL;
    assert_int_equal(push(rig, JT_FLV_VIDEO, 0, sorenson, sizeof(sorenson)), -EPROTONOSUPPORT);
    assert_non_null(rig->why);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 0, mp3, sizeof(mp3)), 0); /* the picture is enough */
    assert_int_equal(rig->count, 0);
    assert_in_range(rig->warned, 1, 2);
    rig_free(rig);
}

static void test_another_audio_clock_is_another_track(void **state)
{
    /* ISO 14496-3 §1.6.2.1: AAC-LC (2), sampling frequency index, channels, 0: 48 kHz stereo, mono, 44.1 kHz stereo */
    static const uint8_t stereo48[] = {0xaf, 0, 0x11, 0x90};
    static const uint8_t mono48[] = {0xaf, 0, 0x11, 0x88};
    static const uint8_t stereo44[] = {0xaf, 0, 0x12, 0x10};
    static const uint8_t frame[] = {0xaf, 1, 0x21, 0x10, 0x04, 0x60, 0x8c, 0x1c};
    struct rig *rig = rig_new();
    struct jt_track_info info;
    struct jt_ring_head head;
    uint32_t version;

    (void)state;
    assert_int_equal(push(rig, JT_FLV_AUDIO, 0, stereo48, sizeof(stereo48)), 0);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 0, frame, sizeof(frame)), 0);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 21, stereo48, sizeof(stereo48)), 0);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 21, mono48, sizeof(mono48)), 0);
    assert_int_equal(rig->count, 1); /* in place */
    assert_int_equal(jt_ring_reader_info(rig->readers[0], &info, &version), 0);
    assert_int_equal(info.channels, 1);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 42, stereo44, sizeof(stereo44)), 0);
    assert_int_equal(push(rig, JT_FLV_AUDIO, 42, frame, sizeof(frame)), 0);
    assert_int_equal(rig->ended, 1);
    assert_int_equal(rig->count, 2);
    assert_int_not_equal(rig->ids[0], rig->ids[1]);
    assert_int_equal(jt_ring_reader_head(rig->readers[0], &head), 0);
    assert_true(head.is_ended);
    assert_int_equal(jt_ring_reader_info(rig->readers[1], &info, &version), 0);
    assert_int_equal(info.clock_hz, 44100);
    assert_int_equal(jt_ring_reader_head(rig->readers[1], &head), 0);
    assert_int_equal(head.next_frame, 1);
    rig_free(rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_ffmpeg_sent_is_what_readers_find),
        cmocka_unit_test(test_b_frames_are_found_and_keep_their_order),
        cmocka_unit_test(test_b_frames_announced_and_never_sent),
        cmocka_unit_test(test_audio_is_what_ffmpeg_sent),
        cmocka_unit_test(test_r10_a_hundred_bad_frames_in_ten_seconds),
        cmocka_unit_test(test_r10_ninety_nine_in_every_ten_seconds_are_borne),
        cmocka_unit_test(test_r10_bad_frames_do_not_hide_behind_a_boundary),
        cmocka_unit_test(test_r10_video_before_its_configuration_is_dropped),
        cmocka_unit_test(test_r10_bodies_cut_at_every_place),
        cmocka_unit_test(test_codecs_nobody_could_watch_are_refused_with_words),
        cmocka_unit_test(test_another_audio_clock_is_another_track),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
