#include "media_rig.h"

#include <errno.h>

#include "media/aac.h"
#include "media/opus.h"
#include "media/track.h"

static void test_codec_names(void **state)
{
    (void)state;
    for (unsigned i = JT_CODEC_NONE + 1; i < JT_CODEC_COUNT; i++)
        assert_int_equal(jt_codec_parse(jt_codec_name((enum jt_codec)i)), i);
    assert_string_equal(jt_codec_name(JT_CODEC_H264), "h264");
    assert_null(jt_codec_name(JT_CODEC_NONE));
    assert_null(jt_codec_name(JT_CODEC_COUNT));
    assert_null(jt_codec_name((enum jt_codec)0x80000001U));
    assert_int_equal(jt_codec_parse("hevc"), JT_CODEC_NONE);
    assert_int_equal(jt_codec_parse("none"), JT_CODEC_NONE);
    assert_int_equal(jt_codec_parse(""), JT_CODEC_NONE);
    assert_true(jt_codec_is_video(JT_CODEC_AV1));
    assert_false(jt_codec_is_video(JT_CODEC_OPUS));
    assert_false(jt_codec_is_video(JT_CODEC_NONE));
}

static const struct jt_track_info good_video = {
    .codec = JT_CODEC_H264, .clock_hz = 90000, .width = 1280, .height = 720, .layer = "main"};

#define REFUSED(field, value)                                                                      \
    do {                                                                                           \
        struct jt_track_info bad = good_video;                                                     \
        bad.field = value;                                                                         \
        assert_int_equal(jt_track_info_check(&bad), -EINVAL);                                      \
    } while (0)

static void test_m2_track_info_of_a_liar(void **state)
{
    struct jt_track_info info = good_video;

    (void)state;
    assert_int_equal(jt_track_info_check(&info), 0);
    REFUSED(codec, 0);
    REFUSED(codec, JT_CODEC_COUNT);
    REFUSED(codec, 0xffffffff);
    REFUSED(clock_hz, 0);
    REFUSED(width, 8193);
    REFUSED(height, 65535);
    REFUSED(config_bytes, JT_TRACK_CONFIG_MAX_BYTES + 1);
    REFUSED(has_b_frames, 2);
    REFUSED(layer[0], 0);
    REFUSED(layer[0], '/');
    REFUSED(layer[0], 'M');
    memset(info.layer, 'a', sizeof(info.layer)); /* no NUL */
    assert_int_equal(jt_track_info_check(&info), -EINVAL);
}

static void test_audio_track_info(void **state)
{
    struct jt_track_info info;
    const uint8_t config[] = {0x11, 0x90};

    (void)state;
    jt_opus_track(2, &info);
    assert_int_equal(jt_track_info_check(&info), 0);
    info.clock_hz = 44100;
    assert_int_equal(jt_track_info_check(&info), -EINVAL);
    assert_int_equal(jt_aac_config_to_track(config, sizeof(config), &info), 0);
    assert_int_equal(jt_track_info_check(&info), 0);
    assert_int_equal(info.clock_hz, 48000);
    info.channels = 0;
    assert_int_equal(jt_track_info_check(&info), -EINVAL);
    info.channels = 9;
    assert_int_equal(jt_track_info_check(&info), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codec_names),
        cmocka_unit_test(test_m2_track_info_of_a_liar),
        cmocka_unit_test(test_audio_track_info),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
