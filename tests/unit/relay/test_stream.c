/* The squeeze of a replay: 1 ms steps that end at the live frame's true time, the same for a frame whenever it is asked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/stream.h"

enum { CLOCK_HZ = 90000, FRAME = 3000, STEP = 90 };

static int64_t true_pts(uint64_t frame)
{
    return 5000000 + (int64_t)frame * FRAME;
}

static struct relay_stream stream_new(void)
{
    struct relay_stream stream = {.is_video = true};

    jt_rtp_out_init(&stream.rtp, CLOCK_HZ, 96, 97);
    return stream;
}

static uint32_t sent(struct relay_stream *stream, uint64_t frame)
{
    uint32_t stamp = relay_stream_advance(stream, frame, true_pts(frame));

    stream->has_sent = true;
    return stamp - stream->rtp.timestamp_offset;
}

static void test_without_replay_times_are_true(void **state)
{
    struct relay_stream stream = stream_new();

    (void)state;
    assert_int_equal(relay_stream_pts(&stream, 7, 12345), 12345);
}

static void test_replay_ends_at_the_live_time(void **state)
{
    struct relay_stream stream = stream_new();

    (void)state;
    relay_stream_begin_replay(&stream, 100, 339, true_pts(339)); /* 8 s at 30 frames a second */
    assert_int_equal(relay_stream_pts(&stream, 339, true_pts(339)), true_pts(339));
    assert_int_equal(relay_stream_pts(&stream, 338, true_pts(338)), true_pts(339) - STEP);
    assert_int_equal(relay_stream_pts(&stream, 100, true_pts(100)), true_pts(339) - 239 * STEP);
    assert_int_equal(relay_stream_pts(&stream, 340, true_pts(340)),
                     true_pts(340)); /* came meanwhile */
    assert_int_equal(relay_stream_pts(&stream, 100, true_pts(100)),
                     true_pts(339) - 239 * STEP); /* a resend */
}

static void test_time_never_goes_back_at_a_second_replay(void **state)
{
    struct relay_stream stream = stream_new();
    uint32_t last;

    (void)state;
    relay_stream_begin_replay(&stream, 0, 59, true_pts(59));
    for (uint64_t frame = 0; frame < 70; frame++)
        last = sent(&stream, frame);
    /* lapped: from key frame 60 again, 71 being live; one frame of true time passed since 69, twelve have to fit */
    relay_stream_begin_replay(&stream, 60, 71, true_pts(71));
    for (uint64_t frame = 60; frame < 90; frame++) {
        uint32_t now = sent(&stream, frame);

        assert_true((int32_t)(now - last) > 0);
        last = now;
    }
    assert_int_equal((uint32_t)true_pts(89), last);
}

static void test_no_room_at_all_still_gives_each_frame_its_time(void **state)
{
    struct relay_stream stream = stream_new();
    uint32_t last, now;

    (void)state;
    last = sent(&stream, 50);
    relay_stream_begin_replay(&stream, 10, 50,
                              true_pts(50)); /* nothing new came since: forty-one frames, no time */
    for (uint64_t frame = 10; frame <= 50; frame++) {
        now = sent(&stream, frame);
        assert_true((int32_t)(now - last) > 0);
        assert_int_equal(relay_stream_stamp(&stream, frame, true_pts(frame)) -
                             stream.rtp.timestamp_offset,
                         now); /* a resend */
        last = now;
    }
}

/* A restarted worker encodes its source anew from the last key frame: what comes first is older than what was sent. */
static void test_frames_of_the_past_get_a_tick_each(void **state)
{
    struct relay_stream stream = stream_new();
    uint32_t last;

    (void)state;
    last = sent(&stream, 30);
    relay_stream_reset(&stream); /* another track, its frames numbered from 0 */
    for (uint64_t frame = 0; frame < 40; frame++) {
        int64_t pts = true_pts(frame + 20);
        uint32_t now = relay_stream_advance(&stream, frame, pts) - stream.rtp.timestamp_offset;

        assert_int_equal(now, frame <= 10 ? last + 1 + frame : (uint32_t)pts);
    }
    for (uint64_t frame = 0; frame < 40; frame++) /* resends find the same */
        assert_int_equal(relay_stream_stamp(&stream, frame, true_pts(frame + 20)) -
                             stream.rtp.timestamp_offset,
                         frame <= 10 ? last + 1 + frame : (uint32_t)true_pts(frame + 20));
}

static void test_a_quick_stream_is_not_slowed_down(void **state)
{
    struct relay_stream stream = stream_new();

    (void)state;
    relay_stream_begin_replay(&stream, 0, 10, 1000); /* frames half a millisecond apart */
    assert_int_equal(relay_stream_pts(&stream, 8, 1000 - 2 * 45),
                     1000 - 2 * 45); /* its own time is the later one */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_replay_times_are_true),
        cmocka_unit_test(test_replay_ends_at_the_live_time),
        cmocka_unit_test(test_time_never_goes_back_at_a_second_replay),
        cmocka_unit_test(test_no_room_at_all_still_gives_each_frame_its_time),
        cmocka_unit_test(test_frames_of_the_past_get_a_tick_each),
        cmocka_unit_test(test_a_quick_stream_is_not_slowed_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
