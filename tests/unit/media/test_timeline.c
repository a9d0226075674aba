#include "media_rig.h"

#include <stdbool.h>

#include "media/timeline.h"

enum { START_US = 1000000000, MS = 1000, SECOND = 1000000, HOUR_MS = 3600 * 1000 };

/* A publisher that keeps the rules of R13 in view: whatever it sends, dts grows. */
struct publisher {
    struct jt_timeline timeline;
    int64_t now_us;
    bool has_video, has_audio;
    int64_t video_dts, audio_dts;
    unsigned discontinuities;
};

static void start(struct publisher *p)
{
    *p = (struct publisher){.now_us = START_US};
    jt_timeline_init(&p->timeline, 48000);
}

static struct jt_timeline_stamp video(struct publisher *p, uint32_t ms)
{
    struct jt_timeline_stamp stamp = jt_timeline_video(&p->timeline, ms, 0, p->now_us);

    if (p->has_video)
        assert_true(stamp.dts > p->video_dts);
    assert_true(stamp.capture_us <= p->now_us);
    p->has_video = true;
    p->video_dts = stamp.dts;
    p->discontinuities += stamp.is_discontinuity;
    return stamp;
}

static struct jt_timeline_stamp audio(struct publisher *p, uint32_t ms)
{
    struct jt_timeline_stamp stamp = jt_timeline_audio(&p->timeline, ms, 1024, p->now_us);

    if (p->has_audio)
        assert_true(stamp.dts > p->audio_dts);
    assert_true(stamp.capture_us <= p->now_us);
    p->has_audio = true;
    p->audio_dts = stamp.dts;
    p->discontinuities += stamp.is_discontinuity;
    return stamp;
}

static int64_t video_us(struct jt_timeline_stamp stamp)
{
    return stamp.dts * 100 / 9;
}

static int64_t audio_us(struct jt_timeline_stamp stamp)
{
    return stamp.dts * SECOND / 48000;
}

static void assert_near(int64_t a, int64_t b, int64_t tolerance)
{
    if (a - b > tolerance || b - a > tolerance)
        fail_msg("%lld is not within %lld of %lld", (long long)a, (long long)tolerance,
                 (long long)b);
}

static void test_first_frame_is_now(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    assert_int_equal(video(&p, 123456).dts, (int64_t)START_US / MS * 90);
    p.now_us += 40 * MS;
    assert_near(video_us(video(&p, 123496)), p.now_us, 20);
    assert_int_equal(p.discontinuities, 0);
}

/* A minute at 30 fps in whole ms: 33, 67, 100 …; the average must be exact, nothing adds up. */
static void test_no_rounding_adds_up(void **state)
{
    struct publisher p;
    int64_t first = 0, last = 0;

    (void)state;
    start(&p);
    for (int i = 0; i <= 1800; i++) {
        struct jt_timeline_stamp stamp;

        p.now_us = START_US + (int64_t)i * SECOND / 30;
        stamp = video(&p, (uint32_t)(i * 1000 / 30));
        if (i == 0)
            first = stamp.dts;
        last = stamp.dts;
    }
    assert_near(last - first, 60 * 90000, 90);
}

static void test_pts_is_dts_and_composition(void **state)
{
    struct jt_timeline timeline;
    struct jt_timeline_stamp stamp;

    (void)state;
    jt_timeline_init(&timeline, 0);
    stamp = jt_timeline_video(&timeline, 0, 67, START_US);
    assert_int_equal(stamp.pts - stamp.dts, 67 * 90);
    stamp = jt_timeline_video(&timeline, 33, -10, START_US + 33 * MS);
    assert_int_equal(stamp.pts - stamp.dts, -900);
    stamp = jt_timeline_video(&timeline, 67, 8388607, START_US + 67 * MS); /* 2.3 hours: a lie */
    assert_int_equal(stamp.pts, stamp.dts);
    stamp = jt_timeline_video(&timeline, 100, -8388608, START_US + 100 * MS);
    assert_int_equal(stamp.pts, stamp.dts);
}

static void test_r13_wrap_at_2_32(void **state)
{
    struct publisher p;
    struct jt_timeline_stamp stamp = {0};

    (void)state;
    start(&p);
    for (int i = 0; i < 200; i++) {
        p.now_us = START_US + (int64_t)i * 40 * MS;
        stamp = video(&p, 0xffffffffU - 4000 + (uint32_t)i * 40);
        (void)audio(&p, 0xffffffffU - 4000 + (uint32_t)i * 40);
        assert_near(video_us(stamp), p.now_us, MS);
    }
    assert_int_equal(p.discontinuities, 0);
}

/*
 * Both tracks jump by the same: one discontinuity each, real time goes on, lip sync to the
 * millisecond.
 */
static void check_jump(uint32_t by_ms)
{
    struct publisher p;
    struct jt_timeline_stamp v = {0}, a;

    start(&p);
    for (int i = 0; i < 100; i++) {
        uint32_t ms = (uint32_t)i * 40 + 500000;

        p.now_us = START_US + (int64_t)i * 40 * MS;
        v = video(&p, i < 50 ? ms : ms + by_ms);
        a = audio(&p, i < 52 ? ms - 3 : ms - 3 + by_ms); /* audio jumps two frames later */
        assert_near(video_us(v), p.now_us, 2 * MS);
        if (i == 50)
            assert_true(v.is_discontinuity);
        if (i < 50 || i > 52)
            assert_near(video_us(v) - audio_us(a), 3 * MS,
                        22 * MS); /* audio may be a frame off by sample count */
    }
    assert_int_equal(p.discontinuities, 2);
    assert_int_equal(p.timeline.video.bias_ms, p.timeline.audio.bias_ms);
}

static void test_r13_jumps(void **state)
{
    (void)state;
    check_jump(10050);
    check_jump(HOUR_MS);
    check_jump(0x7fffffff);
    check_jump(0x80000000); /* half the circle: either way round */
    check_jump(0x80000001);
    check_jump((uint32_t)-2000);
    check_jump((uint32_t)-HOUR_MS);
    check_jump((uint32_t)-500000); /* back to 0 */
}

static void test_r13_small_steps_back(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    for (int i = 0; i < 300;
         i++) { /* 40, 20, 80, 60 …: dts must grow all the same (checked in video()) */
        p.now_us = START_US + (int64_t)i * 30 * MS;
        (void)video(&p, (uint32_t)(i * 30 + (i % 2 ? -20 : 20) + 100));
    }
    for (int i = 0; i < 10; i++) { /* stands still */
        p.now_us += 30 * MS;
        (void)video(&p, 9000);
    }
    assert_int_equal(p.discontinuities, 0);
}

/* Audio and video hours apart: each stands at now, and stays there. */
static void test_r13_tracks_hours_apart(void **state)
{
    static const uint32_t apart[] = {5U * HOUR_MS, 0x80000000U, 0xf0000000U};

    (void)state;
    for (size_t k = 0; k < JT_COUNT(apart); k++) {
        struct publisher p;

        start(&p);
        for (int i = 0; i < 2000; i++) {
            p.now_us = START_US + (int64_t)i * 40 * MS;
            assert_near(video_us(video(&p, (uint32_t)i * 40)), p.now_us, 2 * MS);
            assert_near(audio_us(audio(&p, apart[k] + (uint32_t)i * 40)), p.now_us, 50 * MS);
        }
        assert_int_equal(p.discontinuities, 0);
    }
}

/*
 * Silence of 15 s in which the publisher's clock went on: a jump, but real time agrees, so the
 * anchor stays.
 */
static void test_pause_keeps_the_anchor(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    (void)video(&p, 0);
    p.now_us += 15 * SECOND + 7 * MS; /* 7 ms late */
    assert_near(video_us(video(&p, 15000)), START_US + 15LL * SECOND, 100);
    assert_int_equal(p.discontinuities, 1);
    assert_int_equal(p.timeline.video.bias_ms, 0);
}

/*
 * An hour of a clock that is off by ppm, with arrivals up to 15 ms late: capture stays close to the
 * best arrivals.
 */
static void check_drift(int ppm)
{
    struct publisher p;
    uint32_t random = 7;
    int64_t dts = 0;

    start(&p);
    for (int64_t i = 0; i < 30 * 3600; i++) {
        int64_t true_us = i * SECOND / 30;
        struct jt_timeline_stamp stamp;

        random = random * 1664525 + 1013904223;
        p.now_us = START_US + true_us + (random >> 16) % 15000;
        stamp = video(&p, (uint32_t)((true_us + true_us * ppm / 1000000) / MS));
        assert_near(video_us(stamp), START_US + true_us, 30 * MS);
        if (i > 0)
            assert_near(stamp.dts - dts, 3000,
                        150); /* slewed, never stepped: 1 ms of rounding, 0.5 % */
        dts = stamp.dts;
        if (i % 3 == 0)
            (void)audio(&p, (uint32_t)((true_us + true_us * ppm / 1000000) / MS));
    }
    assert_int_equal(p.discontinuities, 0);
}

static void test_slow_drift_is_slewed(void **state)
{
    (void)state;
    check_drift(50);
    check_drift(-50);
    check_drift(500);
    check_drift(-500);
}

/*
 * The first frame came 400 ms late, so all others seem to come from the future: pulled back within
 * seconds.
 */
static void test_late_first_frame(void **state)
{
    struct publisher p;
    struct jt_timeline_stamp stamp = {0};

    (void)state;
    start(&p);
    (void)video(&p, 0);
    for (int i = 1; i < 600; i++) {
        p.now_us = START_US - 400 * MS + (int64_t)i * SECOND / 30;
        if (p.now_us < START_US)
            p.now_us = START_US;
        stamp = video(&p, (uint32_t)(i * 1000 / 30));
        if (i > 270) /* 9 s: 400 ms at 5 % */
            assert_near(video_us(stamp), p.now_us, 25 * MS);
    }
    assert_int_equal(p.discontinuities, 0);
}

/*
 * A file pushed as fast as it goes: never more than a second in the future, capture never after
 * now.
 */
static void test_faster_than_real_time(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    for (int i = 0; i < 3000; i++) {
        p.now_us += 2 * MS;
        assert_true(video_us(video(&p, (uint32_t)i * 33)) <=
                    p.now_us + (JT_TIMELINE_FUTURE_STEP_MS + 100) * MS);
    }
}

/* The publisher lost 5 s and its clock did not: it lags. Stepped over after two windows, once. */
static void test_lasting_lag_is_stepped_over(void **state)
{
    struct publisher p;
    struct jt_timeline_stamp stamp = {0};

    (void)state;
    start(&p);
    for (int i = 0; i < 1000; i++) {
        p.now_us = START_US + (int64_t)i * 40 * MS + (i > 300 ? 5 * SECOND : 0);
        stamp = video(&p, (uint32_t)i * 40);
    }
    assert_near(video_us(stamp), p.now_us, 10 * MS);
    assert_int_equal(p.discontinuities, 1);
}

/*
 * A stall of 5 s after which everything held back comes at once: nothing is lost, so nothing may
 * change.
 */
static void test_stall_and_catch_up(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    for (int i = 0; i < 1000; i++) {
        int64_t due_us = START_US + (int64_t)i * 40 * MS;

        p.now_us = i >= 300 && i < 425 ? START_US + 425 * 40 * MS + (i - 300) * MS / 2
                                       : due_us + (i == 425 ? 63 * MS : 0);
        assert_near(video_us(video(&p, (uint32_t)i * 40)), due_us, 10 * MS);
    }
    assert_int_equal(p.discontinuities, 0);
}

/* A sender 4 s behind that works its queue off in 16 s is no case for a step. */
static void test_slow_catch_up_is_no_lag(void **state)
{
    struct publisher p;

    (void)state;
    start(&p);
    for (int i = 0; i < 1000; i++) {
        int64_t due_us = START_US + (int64_t)i * 40 * MS;
        int64_t late_us = i < 300 ? 0 : JT_MAX(0, 4 * SECOND - (i - 300) * 10LL * MS);

        p.now_us = due_us + late_us;
        assert_near(video_us(video(&p, (uint32_t)i * 40)), due_us, 60 * MS);
    }
    assert_int_equal(p.discontinuities, 0);
}

/* A lag below the limit is slewed, and a pause meanwhile does not make a step of it. */
static void test_pause_while_slewing(void **state)
{
    struct publisher p;
    struct jt_timeline_stamp stamp = {0};
    int64_t lag_us;

    (void)state;
    start(&p);
    for (int i = 0; i < 500; i++) {
        p.now_us = START_US + (int64_t)i * 40 * MS + (i > 0 ? 800 * MS : 0);
        stamp = video(&p, (uint32_t)i * 40);
    }
    lag_us = p.now_us - video_us(stamp);
    assert_in_range(lag_us, 700 * MS, 760 * MS); /* 15 s at 0.5 % are 75 ms */
    p.now_us += 9 * SECOND;
    stamp = video(&p, 499 * 40 + 9000);
    assert_near(p.now_us - video_us(stamp), lag_us, 6 * MS);
}

/* ---- audio ---- */

static void test_audio_counts_samples(void **state)
{
    struct publisher p;
    int64_t dts = 0;

    (void)state;
    start(&p);
    for (int i = 0; i < 10000;
         i++) { /* 21.33 ms in whole ms and 5 ms of jitter: exactly 1,024 apart all the same */
        struct jt_timeline_stamp stamp;

        p.now_us = START_US + (int64_t)i * 1024 * SECOND / 48000;
        stamp = audio(&p, (uint32_t)(i * 1024LL * 1000 / 48000 + (i * 7) % 5));
        assert_int_equal(stamp.pts, stamp.dts);
        if (i > 0)
            assert_int_equal(stamp.dts - dts, 1024);
        dts = stamp.dts;
    }
    assert_near(dts * SECOND / 48000, p.now_us, 25 * MS);
}

static void test_audio_resyncs_over_a_hole(void **state)
{
    struct publisher p;
    struct jt_timeline_stamp stamp;

    (void)state;
    start(&p);
    (void)audio(&p, 0);
    p.now_us += 21 * MS;
    stamp = audio(&p, 21);
    assert_int_equal(stamp.dts, START_US / 1000000 * 48000 + 1024);
    p.now_us += 200 * MS; /* eight frames lost */
    stamp = audio(&p, 221);
    assert_int_equal(stamp.dts, START_US / 1000000 * 48000 + 221 * 48);
    assert_int_equal(p.discontinuities, 0);
}

static void test_audio_clock_may_come_late(void **state)
{
    struct jt_timeline timeline;
    struct jt_timeline_stamp stamp;

    (void)state;
    jt_timeline_init(&timeline, 0);
    (void)jt_timeline_video(&timeline, 1000, 0, START_US);
    jt_timeline_set_audio(&timeline, 44100);
    stamp = jt_timeline_audio(&timeline, 1100, 1024, START_US + 100 * MS);
    assert_int_equal(stamp.dts, START_US / SECOND * 44100LL + 4410);
    jt_timeline_set_audio(&timeline, 48000);
    stamp = jt_timeline_audio(&timeline, 1200, 1024, START_US + 200 * MS);
    assert_int_equal(stamp.dts, START_US / SECOND * 48000LL + 9600);
}

/* Ten years of uptime do not overflow. */
static void test_far_from_zero(void **state)
{
    struct jt_timeline timeline;
    int64_t now_us = 10LL * 365 * 86400 * SECOND;

    (void)state;
    jt_timeline_init(&timeline, 96000);
    assert_int_equal(jt_timeline_video(&timeline, 5, 0, now_us).dts, now_us / 1000000 * 90000);
    assert_int_equal(jt_timeline_audio(&timeline, 5, 1024, now_us).dts, now_us / 1000000 * 96000);
}

/*
 * R13 at random: times of every kind on both tracks; the rig asserts that dts grows and capture is
 * not after now.
 */
static void test_r13_random_times(void **state)
{
    uint32_t random = 42;

    (void)state;
    for (int round = 0; round < 200; round++) {
        struct publisher p;
        uint32_t v = 0, a = 0;

        start(&p);
        for (int i = 0; i < 500; i++) {
            random = random * 1664525 + 1013904223;
            v += random >> 28 ? 33 : random << 4;
            a += random >> 27 ? 21 : (random << 8) - 0x1000000;
            p.now_us += (random >> 8) % 40000;
            assert_true(video_us(video(&p, v)) < p.now_us + 20LL * SECOND);
            assert_true(audio_us(audio(&p, a)) < p.now_us + 20LL * SECOND);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_frame_is_now),
        cmocka_unit_test(test_no_rounding_adds_up),
        cmocka_unit_test(test_pts_is_dts_and_composition),
        cmocka_unit_test(test_r13_wrap_at_2_32),
        cmocka_unit_test(test_r13_jumps),
        cmocka_unit_test(test_r13_small_steps_back),
        cmocka_unit_test(test_r13_tracks_hours_apart),
        cmocka_unit_test(test_pause_keeps_the_anchor),
        cmocka_unit_test(test_slow_drift_is_slewed),
        cmocka_unit_test(test_late_first_frame),
        cmocka_unit_test(test_faster_than_real_time),
        cmocka_unit_test(test_lasting_lag_is_stepped_over),
        cmocka_unit_test(test_stall_and_catch_up),
        cmocka_unit_test(test_slow_catch_up_is_no_lag),
        cmocka_unit_test(test_pause_while_slewing),
        cmocka_unit_test(test_audio_counts_samples),
        cmocka_unit_test(test_audio_resyncs_over_a_hole),
        cmocka_unit_test(test_audio_clock_may_come_late),
        cmocka_unit_test(test_far_from_zero),
        cmocka_unit_test(test_r13_random_times),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
