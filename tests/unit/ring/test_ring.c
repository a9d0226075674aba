/* The ring in one process: what is written is read, when it may be read, what is kept and for how long. */
#include "rig.h"

#include "base/clock.h"

static void expect_packet(struct jt_ring_reader *reader, uint64_t seq, uint64_t counter,
                          unsigned flags)
{
    struct jt_ring_packet packet;
    uint8_t copy[JT_PAYLOAD_MAX_BYTES];

    assert_int_equal(jt_ring_reader_packet(reader, seq, &packet), 0);
    assert_int_equal(packet.seq, seq);
    assert_int_equal(packet.flags, flags);
    assert_true(rig_payload_is(counter, packet.data, packet.size));
    assert_true(jt_ring_reader_intact(reader, &packet));
    assert_true(jt_ring_reader_copy(reader, &packet, copy));
    assert_true(rig_payload_is(counter, copy, packet.size));
}

static int packet_error(struct jt_ring_reader *reader, uint64_t seq)
{
    struct jt_ring_packet packet;

    return jt_ring_reader_packet(reader, seq, &packet);
}

static int frame_error(struct jt_ring_reader *reader, uint64_t number)
{
    struct jt_ring_frame frame;

    return jt_ring_reader_frame(reader, number, &frame);
}

static struct jt_ring_frame frame_of(struct jt_ring_reader *reader, uint64_t number)
{
    struct jt_ring_frame frame;

    assert_int_equal(jt_ring_reader_frame(reader, number, &frame), 0);
    return frame;
}

static void test_new_ring_is_empty(void **state)
{
    struct jt_track_info info = rig_video();
    struct jt_track_info seen;
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    struct jt_ring_head head;
    uint32_t version;

    (void)state;
    assert_int_equal(jt_ring_writer_new(&info, 42, &writer), 0);
    reader = rig_reader(jt_ring_writer_fd(writer));
    head = rig_head(reader);
    assert_int_equal(head.next_frame, 0);
    assert_int_equal(head.next_seq, 0);
    assert_int_equal(head.oldest_frame, 0);
    assert_true(head.key_frame == UINT64_MAX);
    assert_true(head.no_join_point && !head.is_broken && !head.is_ended);
    assert_false(jt_ring_writer_has_join_point(writer));
    assert_int_equal(frame_error(reader, 0), -EAGAIN);
    assert_int_equal(packet_error(reader, 0), -EAGAIN);
    assert_int_equal(jt_ring_reader_epoch(reader), 42);
    assert_int_equal(jt_ring_reader_info(reader, &seen, &version), 0);
    assert_memory_equal(&seen, &info, sizeof(info));
    assert_true(llabs(jt_ring_reader_wall_offset_us(reader) - jt_clock_wall_offset_us()) <
                10 * JT_USEC_PER_SEC);
    jt_ring_writer_free(writer);
    assert_true(rig_head(reader).is_ended); /* the mapping outlives the writer */
    jt_ring_reader_free(reader);
    jt_ring_writer_free(NULL);
    jt_ring_reader_free(NULL);
}

static void test_writer_refuses_bad_info(void **state)
{
    struct jt_track_info info = rig_video();
    struct jt_track_info other = rig_audio();
    struct jt_ring_writer *writer = NULL;

    (void)state;
    info.codec = JT_CODEC_COUNT;
    assert_int_equal(jt_ring_writer_new(&info, 0, &writer), -EINVAL);
    assert_null(writer);
    info = rig_video();
    assert_int_equal(jt_ring_writer_new(&info, 0, &writer), 0);
    assert_int_equal(jt_ring_writer_set_info(writer, &other),
                     -EINVAL); /* a video track stays one */
    jt_ring_writer_free(writer);
}

static void test_frame_is_seen_when_whole(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_frame input = {
        .dts = 900, .pts = 1800, .capture_us = 5, .is_key = true, .is_discardable = true};
    struct jt_ring_frame frame;

    (void)state;
    assert_int_equal(jt_ring_writer_begin(writer, &input, JT_RING_DISCONTINUITY | JT_RING_WHOLE),
                     0);
    assert_int_equal(jt_ring_writer_begin(writer, &input, 0), -EALREADY);
    rig_put(writer, 0, 0);
    rig_put(writer, 1, JT_PACKET_MARKER | JT_PACKET_PADDING);
    assert_int_equal(frame_error(reader, 0), -EAGAIN);
    assert_int_equal(packet_error(reader, 0), -EAGAIN);
    assert_int_equal(rig_head(reader).next_frame, 0);
    rig_clock_us = 77;
    assert_int_equal(jt_ring_writer_end(writer), 0);

    frame = frame_of(reader, 0);
    assert_int_equal(frame.number, 0);
    assert_int_equal(frame.first_seq, 0);
    assert_int_equal(frame.packet_count, 2);
    assert_int_equal(frame.size_bytes, rig_payload_size(0) + rig_payload_size(1));
    assert_int_equal(frame.flags,
                     JT_RING_KEY | JT_RING_WHOLE | JT_RING_DISCARDABLE | JT_RING_DISCONTINUITY);
    assert_int_equal(frame.dts, 900);
    assert_int_equal(frame.pts, 1800);
    assert_int_equal(frame.capture_us, 5);
    assert_int_equal(frame.ready_us, 77);
    assert_int_equal(frame.layers, 0);
    expect_packet(reader, 0, 0, 0);
    expect_packet(reader, 1, 1, JT_PACKET_MARKER | JT_PACKET_PADDING);
    assert_int_equal(packet_error(reader, 2), -EAGAIN);
    assert_int_equal(rig_head(reader).key_frame, 0);
    assert_true(jt_ring_writer_has_join_point(writer));
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_runs_are_seen_as_they_come(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));

    (void)state;
    rig_begin(writer, true);
    jt_ring_writer_flush(writer); /* nothing yet */
    assert_int_equal(frame_error(reader, 0), -EAGAIN);
    rig_put(writer, 0, 0);
    jt_ring_writer_flush(writer);
    assert_int_equal(frame_of(reader, 0).packet_count, 1);
    assert_int_equal(frame_of(reader, 0).size_bytes, rig_payload_size(0));
    assert_int_equal(frame_of(reader, 0).flags, JT_RING_KEY);
    assert_true(rig_head(reader).no_join_point); /* only a whole one is a join point */
    rig_put(writer, 1, 0);
    assert_int_equal(packet_error(reader, 1), -EAGAIN);
    rig_put(writer, 2, 0);
    jt_ring_writer_flush(writer);
    assert_int_equal(frame_of(reader, 0).packet_count, 3);
    assert_int_equal(jt_ring_writer_end(writer), 0); /* nothing new but "whole" */
    assert_int_equal(frame_of(reader, 0).packet_count, 3);
    assert_int_equal(frame_of(reader, 0).flags, JT_RING_KEY | JT_RING_WHOLE);
    assert_int_equal(rig_head(reader).next_frame, 1);
    assert_int_equal(rig_head(reader).key_frame, 0);
    for (unsigned i = 0; i < 3; i++)
        expect_packet(reader, i, i, 0);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_sink_refuses_what_does_not_fit(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_packet_sink sink = jt_ring_writer_sink(writer);
    struct jt_frame late = {.dts = (INT64_C(1) << 53) + 1};

    (void)state;
    assert_null(sink.reserve(sink.arg)); /* no frame is open */
    assert_int_equal(sink.commit(sink.arg, 1, 0), -EINVAL);
    assert_int_equal(jt_ring_writer_begin(writer, &late, 0), -EINVAL);
    rig_begin(writer, true);
    assert_int_equal(sink.commit(sink.arg, 1, 0), -EINVAL); /* not reserved */
    assert_non_null(sink.reserve(sink.arg));
    assert_int_equal(sink.commit(sink.arg, 0, 0), -EINVAL);
    assert_int_equal(sink.commit(sink.arg, 1141, 0), -EINVAL);
    assert_int_equal(sink.commit(sink.arg, 1, 4), -EINVAL);
    memset(sink.reserve(sink.arg), 0xab, 1140);
    assert_int_equal(sink.commit(sink.arg, 1140, 0), 0);
    assert_int_equal(sink.commit(sink.arg, 1140, 0), -EINVAL); /* one commit for one reserve */
    for (unsigned i = 1; i < 16; i++)
        rig_put(writer, i, 0);
    assert_null(
        sink.reserve(sink.arg)); /* half the slots at most, else a frame would overtake itself */
    assert_int_equal(jt_ring_writer_end(writer), 0);
    jt_ring_writer_free(writer);
}

static void test_frame_without_packets_is_forgotten(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    uint64_t counter = 0;

    (void)state;
    rig_begin(writer, true);
    assert_int_equal(jt_ring_writer_end(writer), 0);
    assert_int_equal(rig_head(reader).next_frame, 0);
    assert_int_equal(rig_frame(writer, true, 1, &counter), 0);
    assert_int_equal(frame_of(reader, 0).packet_count, 1);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_aborted_frame_leaves_no_trace(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    uint64_t counter = 0;

    (void)state;
    (void)rig_frame(writer, true, 2, &counter);
    rig_begin(writer, false);
    rig_put(writer, 99, 0);
    jt_ring_writer_abort(writer);
    jt_ring_writer_abort(writer); /* nothing open: nothing happens */
    assert_int_equal(rig_head(reader).next_frame, 1);
    assert_true(rig_head(reader).is_broken && rig_head(reader).no_join_point);
    assert_int_equal(packet_error(reader, 2), -EAGAIN);

    assert_int_equal(rig_frame(writer, false, 1, &counter),
                     1); /* number and sequence are used again */
    assert_int_equal(frame_of(reader, 1).flags, JT_RING_WHOLE | JT_RING_DISCONTINUITY);
    expect_packet(reader, 2, 2, JT_PACKET_MARKER);
    assert_true(rig_head(reader).is_broken);
    assert_int_equal(rig_frame(writer, true, 1, &counter), 2);
    assert_false(rig_head(reader).is_broken);
    assert_int_equal(rig_head(reader).key_frame, 2);
    assert_int_equal(frame_of(reader, 2).flags, JT_RING_WHOLE | JT_RING_KEY);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_aborted_run_is_never_whole(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    uint64_t counter = 0;

    (void)state;
    rig_begin(writer, true);
    rig_put(writer, counter++, 0);
    jt_ring_writer_flush(writer);
    rig_put(writer, 99, 0); /* not flushed: its sequence is used again */
    jt_ring_writer_abort(writer);
    assert_true(rig_head(reader).is_broken && rig_head(reader).no_join_point);
    assert_int_equal(rig_head(reader).next_frame, 1);
    assert_int_equal(frame_of(reader, 0).packet_count, 1);
    assert_int_equal(frame_of(reader, 0).flags, JT_RING_KEY);
    assert_int_equal(rig_frame(writer, true, 1, &counter), 1);
    assert_int_equal(frame_of(reader, 1).first_seq, 1);
    assert_int_equal(frame_of(reader, 0).flags, JT_RING_KEY);
    expect_packet(reader, 1, 1, JT_PACKET_MARKER);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_broken_until_next_key_frame(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    uint64_t counter = 0;

    (void)state;
    (void)rig_frame(writer, true, 1, &counter);
    jt_ring_writer_set_broken(writer);
    assert_true(rig_head(reader).is_broken);
    assert_true(rig_head(reader).key_frame == UINT64_MAX);
    assert_false(jt_ring_writer_has_join_point(writer));
    rig_begin(writer, true);
    rig_put(writer, counter++, 0);
    jt_ring_writer_flush(writer); /* those who wait may begin with the first run */
    assert_false(rig_head(reader).is_broken);
    assert_int_equal(frame_of(reader, 1).flags, JT_RING_KEY | JT_RING_DISCONTINUITY);
    (void)jt_ring_writer_end(writer);
    assert_int_equal(rig_head(reader).key_frame, 1);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_every_audio_frame_is_key(void **state)
{
    struct jt_track_info info = rig_audio();
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    uint64_t counter = 0;

    (void)state;
    assert_int_equal(jt_ring_writer_new(&info, 1, &writer), 0);
    reader = rig_reader(jt_ring_writer_fd(writer));
    for (unsigned i = 0; i < 3; i++)
        (void)rig_frame(writer, false, 1, &counter);
    assert_int_equal(frame_of(reader, 2).flags, JT_RING_KEY | JT_RING_WHOLE);
    assert_int_equal(rig_head(reader).key_frame, 2);
    jt_ring_writer_set_broken(writer);
    (void)rig_frame(writer, false, 1, &counter);
    assert_false(rig_head(reader).is_broken);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_info_changes_midstream(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_track_info info = rig_video();
    struct jt_track_info seen;
    uint32_t version, before;
    uint64_t counter = 0;

    (void)state;
    assert_int_equal(jt_ring_reader_info(reader, &seen, &before), 0);
    (void)rig_frame(writer, true, 1, &counter);
    info.width = 640;
    info.height = 360;
    assert_int_equal(jt_ring_writer_set_info(writer, &info), 0);
    (void)rig_frame(writer, true, 1, &counter);
    assert_int_equal(jt_ring_reader_info(reader, &seen, &version), 0);
    assert_true(version > before);
    assert_memory_equal(&seen, &info, sizeof(info));
    assert_int_equal(frame_of(reader, 0).info_version, before);
    assert_int_equal(frame_of(reader, 1).info_version, version);
    info.width = 65535; /* not a size we take: the old one stays */
    info.config_bytes = JT_TRACK_CONFIG_MAX_BYTES + 1;
    assert_int_equal(jt_ring_writer_set_info(writer, &info), -EINVAL);
    assert_int_equal(jt_ring_reader_info(reader, &seen, &version), 0);
    assert_int_equal(seen.width, 640);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/* ---- retention ---- */

/** Frames of `packets` packets, `fps` a second, a key frame each `gop`; returns the head after `count`. */
static struct jt_ring_head stream(struct jt_ring_writer *writer, struct jt_ring_reader *reader,
                                  unsigned count, unsigned gop, unsigned fps, unsigned packets)
{
    uint64_t counter = 0;

    for (unsigned i = 0; i < count; i++) {
        rig_clock_us += JT_USEC_PER_SEC / fps;
        (void)rig_frame(writer, i % gop == 0, packets, &counter);
    }
    return rig_head(reader);
}

/** How far back frame `number` lies, now. */
static int64_t age_us(struct jt_ring_reader *reader, uint64_t number)
{
    return rig_clock_us - frame_of(reader, number).ready_us;
}

static void test_retention_by_age(void **state)
{
    struct jt_ring_options options = rig_small(4096, 16384);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_head head =
        stream(writer, reader, 30 * 30, 60, 30, 1); /* 30 s of 30 frames, GOP 2 s */

    (void)state;
    assert_int_equal(head.next_frame, 900);
    assert_int_equal(head.key_frame, 840);
    assert_true(age_us(reader, head.oldest_frame) <= 12 * JT_USEC_PER_SEC);
    assert_true(age_us(reader, head.oldest_frame) >
                12 * JT_USEC_PER_SEC - 2 * JT_USEC_PER_SEC / 30);
    assert_int_equal(frame_error(reader, head.oldest_frame - 1), -ESTALE);
    assert_int_equal(frame_error(reader, 0), -ESTALE);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_retention_gop_too_long(void **state)
{
    struct jt_ring_options options = rig_small(4096, 16384);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_head head = stream(writer, reader, 30 * 11, 100000, 30, 1);

    (void)state;
    assert_int_equal(head.key_frame, 0); /* 11 s: still there, with all that follows */
    assert_false(head.no_join_point);
    head = stream(writer, reader, 1, 100000, 30, 1); /* (its first is a key frame again) */
    assert_int_equal(head.key_frame, 330);
    {
        uint64_t counter = 0;

        for (unsigned i = 0; i < 30 * 13; i++) {
            rig_clock_us += JT_USEC_PER_SEC / 30;
            (void)rig_frame(writer, false, 1, &counter);
        }
    }
    head = rig_head(reader);
    assert_true(head.no_join_point && !head.is_broken);
    assert_true(head.key_frame == UINT64_MAX);
    assert_false(jt_ring_writer_has_join_point(writer));
    assert_true(age_us(reader, head.oldest_frame) >= 2 * JT_USEC_PER_SEC);
    (void)stream(writer, reader, 1, 1, 30, 1);
    assert_false(rig_head(reader).no_join_point);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_retention_by_count(void **state)
{
    struct jt_ring_options options = rig_small(4096, 16384);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_head head = stream(writer, reader, 4000, 100000, 1000, 1); /* 4 s */

    (void)state;
    assert_int_equal(head.next_frame - head.oldest_frame, 2500);
    assert_true(head.no_join_point);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** 16 MiB of full packets: 14,716 of them. A publisher of 20 Mbps (the limit) still gets its 2 s. */
static void test_retention_by_bytes(void **state)
{
    struct jt_track_info info = rig_video();
    struct jt_ring_options options = jt_ring_options_of(&info);
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    struct jt_ring_head head;
    uint64_t bytes = 0;

    (void)state;
    options.now_us = rig_now_us;
    writer = rig_writer(&options);
    reader = rig_reader(jt_ring_writer_fd(writer));
    for (unsigned i = 0; i < 30 * 8; i++) { /* 8 s at 25 Mbps: 92 full packets a frame */
        struct jt_packet_sink sink = jt_ring_writer_sink(writer);

        rig_clock_us += JT_USEC_PER_SEC / 30;
        rig_begin(writer, i == 0);
        for (unsigned k = 0; k < 92; k++) {
            memset(sink.reserve(sink.arg), (int)k, 1140);
            assert_int_equal(sink.commit(sink.arg, 1140, 0), 0);
        }
        (void)jt_ring_writer_end(writer);
    }
    head = rig_head(reader);
    for (uint64_t n = head.oldest_frame; n < head.next_frame; n++)
        bytes += frame_of(reader, n).size_bytes;
    assert_true(bytes <= 16 * 1024 * 1024 && bytes > 16 * 1024 * 1024 - 2 * 92 * 1140);
    assert_true(age_us(reader, head.oldest_frame) >= 2 * JT_USEC_PER_SEC);
    assert_true(head.no_join_point);
    for (uint64_t seq = frame_of(reader, head.oldest_frame).first_seq; seq < head.next_seq; seq++)
        assert_int_equal(packet_error(reader, seq), 0); /* the slots do hold it all */
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static void test_retention_by_slots_and_rows(void **state)
{
    struct jt_ring_options options = rig_small(8, 64);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_head head = stream(writer, reader, 100, 1, 1000, 1);

    (void)state;
    assert_int_equal(head.next_frame - head.oldest_frame, 8);
    head = stream(writer, reader, 100, 1, 1000, 20); /* of 64 slots three frames of 20 are left */
    assert_int_equal(head.next_frame - head.oldest_frame, 3);
    for (uint64_t seq = frame_of(reader, head.oldest_frame).first_seq; seq < head.next_seq; seq++)
        assert_int_equal(packet_error(reader, seq), 0);
    assert_int_equal(packet_error(reader, head.next_seq - 65), -ESTALE);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** 2.5 ms Opus, the most frames a second there are: 2 s of it are in the ring. */
static void test_retention_of_audio(void **state)
{
    struct jt_track_info info = rig_audio();
    struct jt_ring_options options = jt_ring_options_of(&info);
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    struct jt_ring_head head;

    (void)state;
    options.now_us = rig_now_us;
    assert_int_equal(jt_ring_writer_new_with(&info, 1, &options, &writer), 0);
    reader = rig_reader(jt_ring_writer_fd(writer));
    head = stream(writer, reader, 4000, 1, 400, 1);
    assert_true(age_us(reader, head.oldest_frame) >= 2 * JT_USEC_PER_SEC);
    assert_int_equal(packet_error(reader, frame_of(reader, head.oldest_frame).first_seq), 0);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** A pause longer than retention: the first frame after it is all there is. */
static void test_retention_after_a_pause(void **state)
{
    struct jt_ring_options options = rig_small(16, 64);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    uint64_t counter = 0;

    (void)state;
    (void)stream(writer, reader, 5, 5, 30, 1);
    rig_clock_us += 60 * JT_USEC_PER_SEC;
    (void)rig_frame(writer, false, 1, &counter);
    assert_int_equal(rig_head(reader).oldest_frame, 5);
    assert_true(rig_head(reader).no_join_point);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/* ---- the layout, by numbers worked out by hand ---- */

static uint64_t word_at(const uint8_t *map, size_t offset)
{
    uint64_t value;

    memcpy(&value, map + offset, sizeof(value));
    return value;
}

static void test_layout_by_hand(void **state)
{
    struct jt_ring_options options = rig_small(4, 8);
    struct jt_ring_writer *writer;
    struct rig_forgery copy;
    struct jt_packet_sink sink;

    (void)state;
    options.first_frame = 5; /* row 1 */
    options.first_seq = 11;  /* slot 3 */
    writer = rig_writer(&options);
    sink = jt_ring_writer_sink(writer);
    rig_begin(writer, true);
    memcpy(sink.reserve(sink.arg), "abcdefgh", 8);
    assert_int_equal(sink.commit(sink.arg, 8, JT_PACKET_MARKER), 0);
    (void)jt_ring_writer_end(writer);
    copy = rig_forge(writer, 0);

    assert_int_equal(copy.bytes, 4096 + 4 * 64 + 8 * 1152);
    assert_memory_equal(copy.map, "\n\rJTRING", 8);
    assert_memory_equal(copy.map + 8, "\1\0\0\0\7\0\0\0", 8);     /* version, epoch */
    assert_memory_equal(copy.map + 16, "\4\0\0\0\x40\0\0\0", 8);  /* rows of 64 bytes */
    assert_memory_equal(copy.map + 24, "\10\0\0\0\x80\4\0\0", 8); /* slots of 1,152 bytes */
    assert_int_equal(word_at(copy.map, 32), 4096);
    assert_int_equal(word_at(copy.map, 40), 4352);
    assert_int_equal(word_at(copy.map, 48), 13568);
    assert_int_equal(word_at(copy.map, 56), 5);
    assert_int_equal(word_at(copy.map, 64), 11);
    assert_int_equal(word_at(copy.map, 128) % 2, 0); /* nobody writes */
    assert_int_equal(word_at(copy.map, 192), 2);     /* published twice: copy 0 is the newest */
    assert_int_equal(word_at(copy.map, 256), 6);     /* next frame */
    assert_int_equal(word_at(copy.map, 264), 12);    /* next sequence */
    assert_int_equal(word_at(copy.map, 272), 5);     /* oldest */
    assert_int_equal(word_at(copy.map, 280), 5);     /* key */
    assert_int_equal(word_at(copy.map, 320), 5);     /* the copy before: next frame */
    assert_int_equal(word_at(copy.map, 384), 1);     /* info: copy 1 */
    assert_memory_equal(copy.map + 448 + 1088, "\1\0\0\0\x90\x5f\1\0", 8); /* H.264, 90,000 */
    assert_int_equal(word_at(copy.map, 4096 + 64), (5 << 16) + 2);
    assert_int_equal(word_at(copy.map, 4096 + 64 + 8), 11);
    assert_memory_equal(copy.map + 4096 + 64 + 16, "\1\0\0\0\10\0\0\0", 8);
    assert_int_equal(word_at(copy.map, 4352 + 3 * 1152), 2 * 11 + 2);
    assert_memory_equal(copy.map + 4352 + 3 * 1152 + 8, "\10\0\1\0abcdefgh", 12);
    rig_forgery_end(&copy);
    jt_ring_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_new_ring_is_empty),
        cmocka_unit_test(test_writer_refuses_bad_info),
        cmocka_unit_test(test_frame_is_seen_when_whole),
        cmocka_unit_test(test_runs_are_seen_as_they_come),
        cmocka_unit_test(test_sink_refuses_what_does_not_fit),
        cmocka_unit_test(test_frame_without_packets_is_forgotten),
        cmocka_unit_test(test_aborted_frame_leaves_no_trace),
        cmocka_unit_test(test_aborted_run_is_never_whole),
        cmocka_unit_test(test_broken_until_next_key_frame),
        cmocka_unit_test(test_every_audio_frame_is_key),
        cmocka_unit_test(test_info_changes_midstream),
        cmocka_unit_test(test_retention_by_age),
        cmocka_unit_test(test_retention_gop_too_long),
        cmocka_unit_test(test_retention_by_count),
        cmocka_unit_test(test_retention_by_bytes),
        cmocka_unit_test(test_retention_by_slots_and_rows),
        cmocka_unit_test(test_retention_of_audio),
        cmocka_unit_test(test_retention_after_a_pause),
        cmocka_unit_test(test_layout_by_hand),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
