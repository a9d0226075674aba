#include "media_rig.h"

#include <errno.h>

#include "media/h264_params.h"

enum { ROOM = 65536 };

static void test_avcc_walk(void **state)
{
    struct bytes four = hex("00000002 0910 00000000 00000003 65aabb");
    struct bytes two = hex("0002 0910 0003 65aabb");
    struct bytes one = hex("02 0910 03 65aabb");
    const struct {
        struct bytes bytes;
        unsigned length_bytes;
    } cases[] = {{four, 4}, {two, 2}, {one, 1}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_reader r = jt_reader_of(cases[i].bytes.data, cases[i].bytes.size);
        struct jt_h264_nal nal;

        assert_int_equal(jt_h264_next_avcc(&r, cases[i].length_bytes, &nal), 1);
        assert_int_equal(nal.size, 2);
        assert_int_equal(jt_h264_nal_type(nal), JT_H264_AUD);
        assert_int_equal(jt_h264_next_avcc(&r, cases[i].length_bytes, &nal), 1);
        assert_int_equal(nal.size, 3);
        assert_int_equal(jt_h264_nal_ref_idc(nal), 3);
        assert_int_equal(jt_h264_next_avcc(&r, cases[i].length_bytes, &nal), 0);
        assert_int_equal(jt_h264_next_avcc(&r, 3, &nal), -EBADMSG);
        free(cases[i].bytes.data);
    }
}

static void test_r10_length_past_the_end(void **state)
{
    const char *const bad[] = {"00000004 65aabb", "ffffffff 65", "7fffffff", "000000",
                               "00000001 65 00"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct bytes bytes = hex(bad[i]);
        struct jt_reader r = jt_reader_of(bytes.data, bytes.size);
        struct jt_h264_nal nal;
        int more;

        do
            more = jt_h264_next_avcc(&r, 4, &nal);
        while (more == 1);
        assert_int_equal(more, -EBADMSG);
        assert_int_equal(jt_h264_next_avcc(&r, 4, &nal), -EBADMSG); /* and stays so */
        free(bytes.data);
    }
}

static void test_annexb_walk(void **state)
{
    /* leading rubbish, 3- and 4-byte start codes, trailing zeros, an empty unit */
    struct bytes bytes = hex("ff00 00000001 0910 000001 000001 67aa000000 000001 65");
    struct jt_reader r = jt_reader_of(bytes.data, bytes.size);
    struct jt_h264_nal nal;

    (void)state;
    assert_int_equal(jt_h264_next_annexb(&r, &nal), 1);
    assert_int_equal(nal.size, 2);
    assert_int_equal(jt_h264_next_annexb(&r, &nal), 1);
    assert_int_equal(nal.size, 2);
    assert_int_equal(jt_h264_nal_type(nal), JT_H264_SPS);
    assert_int_equal(jt_h264_next_annexb(&r, &nal), 1);
    assert_int_equal(nal.size, 1);
    assert_int_equal(jt_h264_next_annexb(&r, &nal), 0);
    assert_int_equal(jt_h264_next_annexb(&r, &nal), 0);
    free(bytes.data);
}

static void test_slice_header(void **state)
{
    /*
     * first_mb 0, slice_type, pps_id 0: 1, ue, 1. 6 (B, all) = 00111; 7 (I, all) = 0001000; 10 =
     * 0001011
     */
    struct bytes b = hex("01 9e0000"), i = hex("65 8880"), bad = hex("41 8b80"), cut = hex("41 00");
    struct jt_h264_slice slice;

    (void)state;
    assert_int_equal(jt_h264_slice_parse((struct jt_h264_nal){b.data, b.size}, NULL, &slice), 0);
    assert_int_equal(slice.type, JT_H264_SLICE_B);
    assert_int_equal(slice.ref_idc, 0);
    assert_false(slice.is_idr);
    assert_int_equal(jt_h264_slice_parse((struct jt_h264_nal){i.data, i.size}, NULL, &slice), 0);
    assert_int_equal(slice.type, JT_H264_SLICE_I);
    assert_true(slice.is_idr);
    assert_int_equal(slice.first_mb, 0);
    assert_int_equal(jt_h264_slice_parse((struct jt_h264_nal){bad.data, bad.size}, NULL, &slice),
                     -EBADMSG);
    assert_int_equal(jt_h264_slice_parse((struct jt_h264_nal){cut.data, cut.size}, NULL, &slice),
                     -EBADMSG);
    assert_int_equal(jt_h264_slice_parse((struct jt_h264_nal){cut.data, 1}, NULL, &slice),
                     -EBADMSG);
    free(b.data);
    free(i.data);
    free(bad.data);
    free(cut.data);
}

/*
 * Frame types by `ffprobe -show_frames` (coded order is the packets'; pict_type by pts), see
 * fixtures/README.md.
 */
static void check_stream(const char *name, const char *types, unsigned slices)
{
    struct bytes stream = fixture(name);
    struct jt_reader r = jt_reader_of(stream.data, stream.size);
    uint8_t *in = malloc(ROOM), *out = malloc(ROOM);
    struct jt_writer au = jt_writer_of(in, ROOM);
    struct jt_h264_params params = {0};

    for (; *types; types++) {
        struct jt_writer w = jt_writer_of(out, ROOM);
        struct jt_h264_au info;

        assert_true(next_au(&r, &au));
        assert_int_equal(
            jt_h264_au_normalize(jt_reader_of(in, au.size), JT_H264_AVCC4, &params, &w, &info), 0);
        assert_int_equal(info.is_key, *types == 'K');
        assert_int_equal(info.has_b_slices, *types == 'B' || *types == 'b');
        assert_int_equal(info.is_discardable, *types == 'b');
        assert_int_equal(info.slice_count, slices);
        assert_int_equal(jt_h264_au_is_key(out, w.size), info.is_key);
        assert_true(w.size <= au.size);
        assert_true(params.has_sps && params.has_pps);
    }
    assert_false(next_au(&r, &au));
    free(in);
    free(out);
    free(stream.data);
}

static void test_frames_of_x264(void **state)
{
    (void)state;
    check_stream("baseline.h264", "KPPPKP", 1);
    check_stream("slices.h264", "KPKP", 4);
    check_stream("refresh.h264", "KPPPPP",
                 1); /* one IDR, then recovery points: those are no key frames */
    check_stream("bframes.h264", "KPBbPBbPBbPbKPBb", 1);
}

static struct bytes key_au(void)
{
    /* AUD, SPS, PPS, SEI, filler, IDR, end of sequence; the sets are baseline.flv's */
    return hex("00000002 09f0"
               "00000019 6742c00dd901419f9f011000000300100000 0303c0f142a480"
               "00000005 68cb83cb20"
               "00000003 060180"
               "00000004 0cffff80"
               "00000006 65888080aabb"
               "00000001 0a");
}

static void test_normalize_strips(void **state)
{
    struct bytes in = key_au();
    struct bytes expected = hex("00000003 060180 00000006 65888080aabb");
    uint8_t out[128];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_h264_params params = {0};
    struct jt_h264_au au;

    (void)state;
    assert_int_equal(
        jt_h264_au_normalize(jt_reader_of(in.data, in.size), JT_H264_AVCC4, &params, &w, &au), 0);
    assert_bytes(expected, out, w.size);
    assert_true(au.is_key);
    assert_true(au.params_changed);
    assert_false(au.is_discardable);
    assert_int_equal(au.nal_count, 2);
    assert_int_equal(params.sps.width, 320);
    w.size = 0;
    assert_int_equal(
        jt_h264_au_normalize(jt_reader_of(in.data, in.size), JT_H264_AVCC4, &params, &w, &au), 0);
    assert_false(au.params_changed);
    params.drop_sei = true;
    w.size = 0;
    assert_int_equal(
        jt_h264_au_normalize(jt_reader_of(in.data, in.size), JT_H264_AVCC4, &params, &w, &au), 0);
    assert_int_equal(w.size, 10);
    w.size = 0; /* without a place for them the sets stay in */
    assert_int_equal(
        jt_h264_au_normalize(jt_reader_of(in.data, in.size), JT_H264_AVCC4, NULL, &w, &au), 0);
    assert_int_equal(w.size, 10 + 7 + 29 + 9);
    free(in.data);
    free(expected.data);
}

static void test_normalize_forms(void **state)
{
    struct bytes expected = hex("00000003 418880 00000002 0680");
    const struct {
        const char *text;
        enum jt_h264_form form;
    } forms[] = {{"03 418880 02 0680", JT_H264_AVCC1},
                 {"0003 418880 0002 0680", JT_H264_AVCC2},
                 {"00000003 418880 00000002 0680", JT_H264_AVCC4},
                 {"00000001 418880 000001 0680 00", JT_H264_ANNEXB}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(forms); i++) {
        struct bytes in = hex(forms[i].text);
        uint8_t out[64];
        struct jt_writer w = jt_writer_of(out, sizeof(out));
        struct jt_h264_au au;

        assert_int_equal(
            jt_h264_au_normalize(jt_reader_of(in.data, in.size), forms[i].form, NULL, &w, &au), 0);
        assert_bytes(expected, out, w.size);
        free(in.data);
    }
    free(expected.data);
}

static int normalize_text(const char *text, struct jt_h264_au *au)
{
    struct bytes in = hex(text);
    uint8_t out[64] = {7, 7, 7};
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_h264_params params = {0};
    int err;

    jt_write_bytes(&w, "abc", 3);
    err = jt_h264_au_normalize(jt_reader_of(in.data, in.size), JT_H264_AVCC4, &params, &w, au);
    if (err) {
        assert_int_equal(w.size, 3);
        assert_false(w.failed);
    }
    free(in.data);
    return err;
}

static void test_r10_hostile_au(void **state)
{
    struct jt_h264_au au;

    (void)state;
    assert_int_equal(normalize_text("00000003 418880", &au), 0);
    assert_int_equal(normalize_text("", &au), -ENODATA);
    assert_int_equal(normalize_text("00000000", &au), -ENODATA);
    assert_int_equal(normalize_text("00000002 09f0", &au), -ENODATA);
    assert_int_equal(normalize_text("00000003 418880 00000005 4188", &au), -EBADMSG);
    assert_int_equal(normalize_text("00000001 41", &au), -EBADMSG);
    assert_int_equal(normalize_text("00000003 c18880", &au), -EBADMSG); /* forbidden_zero_bit */
    assert_int_equal(normalize_text("00000004 67640000 00000003 418880", &au),
                     -EBADMSG); /* SPS of nothing */
    /*
     * RFC 6184's own types inside an access unit never get through: a packer would make packets of
     * them
     */
    assert_int_equal(normalize_text("00000005 7800016541 00000003 5c8580", &au), -ENODATA);
    /* out of room: nothing is left behind */
    assert_int_equal(
        normalize_text("0000003f 4188"
                       "8000000000000000000000000000000000000000000000000000000000000000000000"
                       "0000000000000000000000000000000000000000000000000000",
                       &au),
        -EMSGSIZE);
}

static void test_r10_too_many_units(void **state)
{
    uint8_t *in = malloc(ROOM), *out = malloc(ROOM);
    struct jt_writer w = jt_writer_of(in, ROOM), o = jt_writer_of(out, ROOM);
    struct jt_h264_au au;

    (void)state;
    for (int i = 0; i < JT_H264_AU_NALS_MAX; i++) {
        jt_write_be32(&w, 3);
        jt_write_bytes(&w, "\x41\x88\x80", 3);
    }
    assert_int_equal(jt_h264_au_normalize(jt_reader_of(in, w.size), JT_H264_AVCC4, NULL, &o, &au),
                     0);
    jt_write_be32(&w, 3);
    jt_write_bytes(&w, "\x41\x88\x80", 3);
    o.size = 0;
    assert_int_equal(jt_h264_au_normalize(jt_reader_of(in, w.size), JT_H264_AVCC4, NULL, &o, &au),
                     -EBADMSG);
    free(in);
    free(out);
}

/* Found by fuzzing: the answer was -EMSGSIZE, which says that `out` was too small. */
static void test_r11_too_long_a_set_in_band(void **state)
{
    uint8_t in[4 + 600] = {0, 0, 600 >> 8, 600 & 0xff, 0x67, 0x4d, 0x40, 0x0d, 0xec, 0xa0},
                   out[1024];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    struct jt_h264_params params = {0};
    struct jt_h264_au au;

    (void)state;
    assert_int_equal(
        jt_h264_au_normalize(jt_reader_of(in, sizeof(in)), JT_H264_AVCC4, &params, &w, &au),
        -EBADMSG);
    assert_int_equal(params.size, 0);
}

static void check_bent(const uint8_t *data, size_t size, enum jt_h264_form form)
{
    struct bytes in = bytes_copy(data, size);
    uint8_t *out = malloc(size * 3 + 4);
    struct jt_writer w = jt_writer_of(out, size * 3 + 4);
    struct jt_h264_params params = {0};
    struct jt_h264_au au;
    int err = jt_h264_au_normalize(jt_reader_of(in.data, in.size), form, &params, &w, &au);

    assert_true(err == 0 || err == -EBADMSG || err == -ENODATA);
    if (err)
        assert_int_equal(w.size, 0);
    else
        assert_true(au.slice_count > 0);
    free(in.data);
    free(out);
}

static void test_r10_every_cut_and_flip(void **state)
{
    struct bytes au = key_au();
    const enum jt_h264_form forms[] = {JT_H264_ANNEXB, JT_H264_AVCC1, JT_H264_AVCC2, JT_H264_AVCC4};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(forms); i++) {
        for (size_t size = 0; size <= au.size; size++)
            check_bent(au.data, size, forms[i]);
        for (size_t bit = 0; bit < au.size * 8; bit++) {
            au.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            check_bent(au.data, au.size, forms[i]);
            au.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        }
    }
    free(au.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_avcc_walk),
        cmocka_unit_test(test_r10_length_past_the_end),
        cmocka_unit_test(test_annexb_walk),
        cmocka_unit_test(test_slice_header),
        cmocka_unit_test(test_frames_of_x264),
        cmocka_unit_test(test_normalize_strips),
        cmocka_unit_test(test_normalize_forms),
        cmocka_unit_test(test_r10_hostile_au),
        cmocka_unit_test(test_r10_too_many_units),
        cmocka_unit_test(test_r11_too_long_a_set_in_band),
        cmocka_unit_test(test_r10_every_cut_and_flip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
