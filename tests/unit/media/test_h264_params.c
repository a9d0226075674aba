#include "media_rig.h"

#include <errno.h>

#include "media/h264_params.h"

/* `ffprobe -show_data` of baseline.flv and bframes.flv */
static const char record_baseline[] =
    "0142c00dffe100196742c00dd901419f9f0110000003001000000303c0f142a480"
    "01000568cb83cb20";
static const char record_main[] =
    "014d400dffe10019674d400deca0a0cfcf808800000300080000 0301e078a14cb0"
    "01000568ebe094b2";

static int from_record(struct bytes record, struct jt_h264_params *params)
{
    *params = (struct jt_h264_params){0};
    return jt_h264_params_from_record(record.data, record.size, params);
}

static void test_record_of_ffmpeg(void **state)
{
    const char *const texts[] = {record_baseline, record_main};
    const uint8_t profiles[][3] = {{0x42, 0xc0, 0x0d}, {0x4d, 0x40, 0x0d}};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bytes record = hex(texts[i]);
        struct jt_h264_params params;
        struct jt_track_info info;

        assert_int_equal(from_record(record, &params), 0);
        assert_int_equal(params.length_bytes, 4);
        assert_true(jt_h264_params_is_complete(&params));
        assert_int_equal(jt_h264_params_to_track(&params, &info), 0);
        assert_int_equal(jt_track_info_check(&info), 0);
        assert_bytes(record, info.config, info.config_bytes);
        assert_memory_equal(info.profile_level_id, profiles[i], 3);
        assert_int_equal(info.width, 320);
        assert_int_equal(info.height, 180);
        free(record.data);
    }
}

/*
 * The tail of the high profiles, from the in-band sets; `ffmpeg -i high.h264 -c copy x.mp4`, its
 * avcC box.
 */
static void test_record_of_high_profile(void **state)
{
    struct bytes stream = fixture("high.h264");
    struct bytes expected = hex("0164000dffe10018 6764000dacb202833f3e02200000030020000007 81e28549"
                                "01000668ebc3cb22c0 fdf8f800");
    struct jt_h264_params params = {0};
    struct jt_track_info info;

    (void)state;
    assert_int_equal(jt_h264_params_to_track(&params, &info), -ENODATA);
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_PPS)), 1);
    assert_int_equal(jt_h264_params_to_track(&params, &info), -ENODATA);
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_SPS)), 1);
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_SPS)), 0);
    assert_int_equal(jt_h264_params_to_track(&params, &info), 0);
    assert_bytes(expected, info.config, info.config_bytes);
    free(stream.data);
    free(expected.data);
}

static void test_record_refused(void **state)
{
    struct bytes good = hex(record_baseline);
    struct jt_h264_params params;
    const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 0},    /* version */
               {4, 0xfe}, /* lengths of 3 bytes */
               {5, 0xe0}, /* no SPS */
               {5, 0xff}, /* 31 of them */
               {7, 0},    /* of size 0 */
               {8, 0x68}, /* an SPS that is a PPS */
               {33, 0},   /* no PPS */
               {33, 2},   /* one that isn't there */
               {36, 0x67}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct bytes record = bytes_copy(good.data, good.size);

        record.data[bad[i].at] = bad[i].value;
        assert_int_equal(from_record(record, &params), -EBADMSG);
        assert_int_equal(params.size, 0); /* untouched */
        free(record.data);
    }
    good.data[4] = 0xfd;
    assert_int_equal(from_record(good, &params), 0);
    assert_int_equal(params.length_bytes, 2);
    free(good.data);
}

static void test_r10_r11_record_cut_and_flipped(void **state)
{
    struct bytes good = hex(record_main);
    struct jt_h264_params params;

    (void)state;
    for (size_t size = 0; size < good.size; size++) {
        struct bytes cut = bytes_copy(good.data, size);

        assert_int_equal(from_record(cut, &params), -EBADMSG);
        free(cut.data);
    }
    for (size_t bit = 0; bit < good.size * 8; bit++) {
        struct bytes bent = bytes_copy(good.data, good.size);
        struct jt_track_info info;

        bent.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (from_record(bent, &params) == 0) {
            assert_int_equal(jt_h264_params_to_track(&params, &info), 0);
            assert_int_equal(jt_track_info_check(&info), 0);
        }
        free(bent.data);
    }
    free(good.data);
}

/* A PPS with this id, sps 0: ue(id) then 1s. */
static struct jt_h264_nal make_pps(unsigned id, uint8_t buffer[8])
{
    unsigned bits = 0, at = 8;

    memset(buffer, 0, 8);
    buffer[0] = 0x68;
    while ((id + 1) >> (bits + 1))
        bits++;
    at += bits;
    for (unsigned i = 0; i <= bits; i++, at++)
        if ((id + 1) >> (bits - i) & 1)
            buffer[at / 8] |= (uint8_t)(0x80 >> at % 8);
    buffer[at / 8] |= (uint8_t)(0x80 >> at % 8);
    buffer[at / 8 + 1] = 0x80;
    return (struct jt_h264_nal){buffer, at / 8 + 2};
}

/* 256 parameter sets: the store is bounded in bytes, so it starts anew instead of growing. */
static void test_r11_256_parameter_sets(void **state)
{
    struct bytes stream = fixture("baseline.h264");
    struct jt_h264_params params = {0};
    struct jt_h264_nal nal;
    uint8_t buffer[8];
    size_t cursor = 0;
    int previous = -1;

    (void)state;
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_SPS)), 1);
    for (unsigned id = 100; id > 0; id--)
        assert_int_equal(jt_h264_params_put(&params, make_pps(id, buffer)), 1);
    while (jt_h264_params_next(&params, &cursor, &nal) == 1) { /* by type, then by ascending id */
        uint8_t pps_id = 0, sps_id;

        if (previous >= 0) {
            assert_int_equal(jt_h264_pps_parse(nal, &pps_id, &sps_id), 0);
            assert_int_equal(pps_id, previous + 1);
        }
        previous = pps_id;
    }
    assert_int_equal(previous, 100);
    for (unsigned id = 0; id < 256; id++) {
        assert_true(jt_h264_params_put(&params, make_pps(id, buffer)) >= 0);
        assert_in_range(params.size, 1, JT_H264_PARAMS_MAX_BYTES);
    }
    assert_false(params.has_sps); /* went with the old ones */
    free(stream.data);
}

static void test_too_long_a_set(void **state)
{
    uint8_t nal[JT_H264_PARAMETER_SET_MAX_BYTES + 1] = {0x68, 0xff};
    struct jt_h264_params params = {0};

    (void)state;
    assert_int_equal(jt_h264_params_put(&params, (struct jt_h264_nal){nal, sizeof(nal)}),
                     -EMSGSIZE);
    assert_int_equal(jt_h264_params_put(&params, (struct jt_h264_nal){nal, sizeof(nal) - 1}), 1);
    nal[2] = 1;
    assert_int_equal(jt_h264_params_put(&params, (struct jt_h264_nal){nal, sizeof(nal) - 1}),
                     1); /* replaced */
    assert_int_equal(params.size, sizeof(nal) - 1 + 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_record_of_ffmpeg),
        cmocka_unit_test(test_record_of_high_profile),
        cmocka_unit_test(test_record_refused),
        cmocka_unit_test(test_r10_r11_record_cut_and_flipped),
        cmocka_unit_test(test_r11_256_parameter_sets),
        cmocka_unit_test(test_too_long_a_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
