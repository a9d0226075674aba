#include "media_rig.h"

#include "media/flv.h"
#include "media/h264_order.h"
#include "media/h264_params.h"

enum { ROOM = 65536 };

static struct jt_h264_au plain(bool is_key, bool has_b)
{
    return (struct jt_h264_au){.slice_count = 1, .is_key = is_key, .has_b_slices = has_b};
}

/*
 * How many access units of a stream it takes to prove B frames by picture order counts alone (pts =
 * arrival); 0: never.
 */
static unsigned prove_by_poc(const char *name, struct jt_h264_order *order)
{
    struct bytes stream = fixture(name);
    struct jt_reader r = jt_reader_of(stream.data, stream.size);
    uint8_t *in = malloc(ROOM), *out = malloc(ROOM);
    struct jt_writer au = jt_writer_of(in, ROOM);
    struct jt_h264_params params = {0};
    unsigned n = 0, proven = 0;

    while (next_au(&r, &au)) {
        struct jt_writer w = jt_writer_of(out, ROOM);
        struct jt_h264_au info;

        assert_int_equal(
            jt_h264_au_normalize(jt_reader_of(in, au.size), JT_H264_AVCC4, &params, &w, &info), 0);
        if (n++ == 0)
            jt_h264_order_init(order, &params.sps);
        if (jt_h264_order_feed(order, &info, n) && !proven)
            proven = n;
    }
    free(in);
    free(out);
    free(stream.data);
    return proven;
}

static void test_picture_order_of_x264(void **state)
{
    struct jt_h264_order order;

    (void)state;
    assert_int_equal(prove_by_poc("bframes.h264", &order), 3); /* I P B */
    assert_true(order.is_expected && order.is_settled);
    assert_int_equal(prove_by_poc("baseline.h264", &order), 0);
    assert_true(order.is_settled);
    assert_int_equal(prove_by_poc("high.h264", &order), 0);
    assert_true(order.is_settled && !order.is_expected); /* the SPS says: no reordering */
    assert_int_equal(prove_by_poc("slices.h264", &order), 0);
    assert_int_equal(prove_by_poc("refresh.h264", &order), 0);
    assert_int_equal(prove_by_poc("interlaced.h264", &order), 0);
}

/* Composition times and slice types as they stand in an FLV of ffmpeg. */
static void test_composition_times_of_ffmpeg(void **state)
{
    struct bytes file = fixture("bframes.flv");
    struct jt_reader r = jt_reader_of(file.data, file.size);
    struct jt_h264_order order;
    uint8_t out[8192];
    unsigned frames = 0;

    (void)state;
    jt_h264_order_init(&order, NULL); /* no SPS: no picture order counts either */
    jt_reader_take(&r, JT_FLV_FILE_HEADER_BYTES);
    while (r.left > 0 && !order.has_b_frames) {
        struct jt_flv_message message;
        struct jt_writer w = jt_writer_of(out, sizeof(out));
        struct jt_reader body;
        struct jt_h264_au au;
        uint8_t type = jt_read_u8(&r);
        uint32_t size = jt_read_be24(&r), time = jt_read_be24(&r);

        jt_reader_take(&r, 4);
        body = jt_reader_sub(&r, size);
        jt_reader_take(&r, 4);
        assert_false(r.failed);
        if (type != JT_FLV_VIDEO)
            continue;
        assert_int_equal(jt_flv_video_parse(body.next, body.left, &message), 0);
        if (message.kind != JT_FLV_FRAME)
            continue;
        assert_int_equal(jt_h264_au_normalize(jt_reader_of(message.data, message.size),
                                              JT_H264_AVCC4, NULL, &w, &au),
                         0);
        (void)jt_h264_order_feed(&order, &au, (int64_t)time + message.composition_ms);
        frames++;
    }
    assert_true(order.has_b_frames);
    assert_int_equal(frames, 3);
    free(file.data);
}

static void test_constant_offset_is_no_b_frame(void **state)
{
    struct jt_h264_order order;

    (void)state;
    jt_h264_order_init(&order, NULL);
    for (int i = 0; i < 100; i++) {
        struct jt_h264_au au = plain(i % 30 == 0, false);

        assert_false(jt_h264_order_feed(&order, &au, i * 33 + 66));
    }
    assert_true(order.is_settled);
}

static void test_one_kind_of_evidence_is_not_enough(void **state)
{
    struct jt_h264_au key = plain(true, false), p = plain(false, false), b = plain(false, true);
    struct jt_h264_order order;

    (void)state;
    jt_h264_order_init(&order, NULL); /* times that jitter, no B slices */
    (void)jt_h264_order_feed(&order, &key, 0);
    (void)jt_h264_order_feed(&order, &p, 66);
    assert_false(jt_h264_order_feed(&order, &p, 33));
    jt_h264_order_init(&order, NULL); /* B slices that only look back */
    (void)jt_h264_order_feed(&order, &key, 0);
    for (int i = 1; i < 60; i++)
        assert_false(jt_h264_order_feed(&order, &b, i * 33));
    assert_false(order.is_settled == false && order.frames >= 60);
    assert_true(jt_h264_order_feed(&order, &b, 33)); /* both */
    assert_true(order.is_settled);
    (void)jt_h264_order_feed(&order, &key, 100000);
    assert_true(order.has_b_frames); /* stays */
}

static void test_impossible_by_sps(void **state)
{
    struct jt_h264_sps sps = {.profile_idc = 77, .poc_type = 2};
    struct jt_h264_au key = plain(true, false), b = plain(false, true);
    struct jt_h264_order order;

    (void)state;
    jt_h264_order_init(&order, &sps);
    assert_true(order.is_settled);
    (void)jt_h264_order_feed(&order, &key, 100);
    assert_false(jt_h264_order_feed(&order, &b, 0));
}

static void test_poc_wraps(void **state)
{
    struct jt_h264_sps sps = {.profile_idc = 77, .poc_type = 0, .log2_max_poc_lsb = 4};
    struct jt_h264_order order;

    (void)state;
    jt_h264_order_init(&order, &sps);
    for (uint32_t i = 0; i < 50; i++) { /* B slices, always forward, 16 values */
        struct jt_h264_au au = {
            .slice_count = 1, .has_b_slices = true, .has_poc = true, .poc_lsb = i * 2 % 16};

        assert_false(jt_h264_order_feed(&order, &au, i));
    }
    assert_true(jt_h264_order_feed(
        &order,
        &(struct jt_h264_au){
            .slice_count = 1, .has_b_slices = true, .has_poc = true, .poc_lsb = 96 % 16},
        50));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_picture_order_of_x264),
        cmocka_unit_test(test_composition_times_of_ffmpeg),
        cmocka_unit_test(test_constant_offset_is_no_b_frame),
        cmocka_unit_test(test_one_kind_of_evidence_is_not_enough),
        cmocka_unit_test(test_impossible_by_sps),
        cmocka_unit_test(test_poc_wraps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
