#include "media_rig.h"

#include <errno.h>

#include "media/bits.h"
#include "media/h264_sps.h"

/* What `ffprobe -show_streams` says of the fixtures (ffmpeg 5.1), see fixtures/README.md. */
static const struct {
    const char *name;
    uint8_t profile_idc, level_idc;
    uint16_t width, height, sar_width, sar_height;
    uint32_t fps_num, fps_den; /* r_frame_rate */
    uint8_t reorder;           /* has_b_frames */
    uint8_t chroma_format_idc; /* pix_fmt */
    bool is_interlaced;        /* field_order */
} probed[] = {
    {"baseline.h264", 66, 13, 320, 180, 1, 1, 30, 1, 0, 1, false},
    {"high.h264", 100, 13, 320, 180, 1, 1, 30, 1, 0, 1, false},
    {"bframes.h264", 77, 13, 320, 180, 1, 1, 30, 1, 2, 1, false},
    {"slices.h264", 100, 21, 320, 180, 1, 1, 30, 1, 0, 1, false},
    {"refresh.h264", 77, 13, 320, 180, 1, 1, 30, 1, 0, 1, false},
    {"cropped.h264", 100, 30, 638, 358, 40, 33, 30000, 1001, 0, 1, false},
    {"interlaced.h264", 100, 21, 320, 180, 1, 1, 25, 1, 0, 1, true},
    {"yuv444.h264", 244, 10, 64, 34, 1, 1, 25, 1, 0, 3, false},
    {"large.h264", 66, 30, 640, 360, 1, 1, 30, 1, 0, 1, false},
};

static void test_fields_are_ffprobes(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(probed); i++) {
        struct bytes stream = fixture(probed[i].name);
        struct jt_h264_sps sps;

        print_message("%s\n", probed[i].name);
        assert_int_equal(jt_h264_sps_parse(find_nal(stream, JT_H264_SPS), &sps), 0);
        assert_int_equal(sps.profile_idc, probed[i].profile_idc);
        assert_int_equal(sps.level_idc, probed[i].level_idc);
        assert_int_equal(sps.width, probed[i].width);
        assert_int_equal(sps.height, probed[i].height);
        assert_int_equal(sps.sar_width, probed[i].sar_width);
        assert_int_equal(sps.sar_height, probed[i].sar_height);
        assert_int_equal((uint64_t)sps.fps_num * probed[i].fps_den,
                         (uint64_t)probed[i].fps_num * sps.fps_den);
        assert_true(sps.has_reorder_limit);
        assert_int_equal(sps.max_reorder_frames, probed[i].reorder);
        assert_int_equal(sps.chroma_format_idc, probed[i].chroma_format_idc);
        assert_int_equal(sps.is_interlaced, probed[i].is_interlaced);
        free(stream.data);
    }
}

/* ---- hostile ones, written bit by bit after H.264 §7.3.2.1.1 ---- */

struct bit_writer {
    uint8_t bytes[600];
    size_t bits;
};

static void put(struct bit_writer *w, uint32_t value, unsigned n)
{
    while (n-- > 0) {
        if (value >> n & 1)
            w->bytes[w->bits / 8] |= (uint8_t)(0x80 >> w->bits % 8);
        w->bits++;
    }
}

/* §9.1: n zeros, a one, n bits. */
static void put_ue(struct bit_writer *w, uint64_t value)
{
    unsigned n = 0;

    while ((value + 1) >> (n + 1))
        n++;
    put(w, 0, n);
    put(w, 1, 1);
    put(w, (uint32_t)(value + 1 - ((uint64_t)1 << n)), n);
}

struct sps_fields {
    uint64_t id, log2_frame_num, poc_type, log2_poc, refs, width_mbs, height_mbs, crop_right;
    uint32_t vui; /* non-zero: reorder frames + 1 */
};

static const struct sps_fields usual = {.width_mbs = 20, .height_mbs = 12, .refs = 1};

static struct bytes write_sps(struct sps_fields f)
{
    struct bit_writer w = {0};
    struct bytes out;
    size_t zeros = 0;

    put(&w, 0x67, 8);
    put(&w, 77, 8);
    put(&w, 0x40, 8);
    put(&w, 31, 8);
    put_ue(&w, f.id);
    put_ue(&w, f.log2_frame_num);
    put_ue(&w, f.poc_type);
    if (f.poc_type == 0)
        put_ue(&w, f.log2_poc);
    put_ue(&w, f.refs);
    put(&w, 0, 1);
    put_ue(&w, f.width_mbs - 1);
    put_ue(&w, f.height_mbs - 1);
    put(&w, 1, 1); /* frame_mbs_only_flag */
    put(&w, 1, 1);
    put(&w, f.crop_right > 0, 1);
    if (f.crop_right) {
        put_ue(&w, 0);
        put_ue(&w, f.crop_right);
        put_ue(&w, 0);
        put_ue(&w, 0);
    }
    put(&w, f.vui > 0, 1);
    if (f.vui) {
        put(&w, 0, 8); /* none but the restriction: 8 flags */
        put(&w, 1, 1);
        put(&w, 1, 1);
        for (unsigned i = 0; i < 4; i++)
            put_ue(&w, 0);
        put_ue(&w, f.vui - 1);
        put_ue(&w, f.vui - 1);
    }
    put(&w, 1, 1);
    /* emulation prevention (§7.4.1) */
    out = (struct bytes){.data = malloc(1200)};
    for (size_t i = 0; i < (w.bits + 7) / 8; i++) {
        if (zeros >= 2 && w.bytes[i] <= 3) {
            out.data[out.size++] = 3;
            zeros = 0;
        }
        zeros = w.bytes[i] ? 0 : zeros + 1;
        out.data[out.size++] = w.bytes[i];
    }
    return out;
}

static int parse_fields(struct sps_fields f, struct jt_h264_sps *sps)
{
    struct bytes nal = write_sps(f);
    int err = jt_h264_sps_parse((struct jt_h264_nal){nal.data, nal.size}, sps);

    free(nal.data);
    return err;
}

#define CHANGED(field_, value_)                                                                    \
    __extension__({                                                                                \
        struct sps_fields f = usual;                                                               \
        f.field_ = value_;                                                                         \
        parse_fields(f, &sps);                                                                     \
    })

static void test_r11_hostile_sps(void **state)
{
    struct jt_h264_sps sps;

    (void)state;
    assert_int_equal(parse_fields(usual, &sps), 0);
    assert_int_equal(sps.width, 320);
    assert_int_equal(sps.height, 192);
    assert_false(sps.has_reorder_limit);
    assert_int_equal(CHANGED(width_mbs, 512), 0);
    assert_int_equal(sps.width, 8192);
    assert_int_equal(CHANGED(width_mbs, 513), -ERANGE);
    assert_int_equal(CHANGED(width_mbs, 4096), -ERANGE); /* 65,536 */
    assert_int_equal(CHANGED(height_mbs, 4096), -ERANGE);
    assert_int_equal(CHANGED(width_mbs, 0x0fffffff + 2ULL), -ERANGE); /* x 16 wraps 32 bits */
    assert_int_equal(CHANGED(width_mbs, 0xffffffffULL), -ERANGE); /* the largest ue(v), 2^32 - 2 */
    assert_int_equal(CHANGED(width_mbs, 0x100000000ULL), -EBADMSG); /* 32 leading zeros */
    assert_int_equal(CHANGED(id, 31), 0);
    assert_int_equal(CHANGED(id, 32), -EBADMSG);
    assert_int_equal(CHANGED(log2_frame_num, 12), 0);
    assert_int_equal(sps.log2_max_frame_num, 16);
    assert_int_equal(CHANGED(log2_frame_num, 13), -EBADMSG);
    assert_int_equal(CHANGED(poc_type, 3), -EBADMSG);
    assert_int_equal(CHANGED(log2_poc, 13), -EBADMSG);
    assert_int_equal(CHANGED(refs, 17), -EBADMSG);
    assert_int_equal(CHANGED(crop_right, 159), 0); /* units of 2: 318 of 320 */
    assert_int_equal(sps.width, 2);
    assert_int_equal(CHANGED(crop_right, 160), -EBADMSG);
    assert_int_equal(CHANGED(crop_right, 0x80000000), -EBADMSG);
    assert_int_equal(CHANGED(crop_right, 0xfffffffeULL), -EBADMSG);
}

static void test_vui_reorder(void **state)
{
    struct jt_h264_sps sps;

    (void)state;
    assert_int_equal(CHANGED(vui, 1), 0);
    assert_true(sps.has_reorder_limit);
    assert_int_equal(sps.max_reorder_frames, 0);
    assert_int_equal(CHANGED(vui, 17), 0);
    assert_int_equal(sps.max_reorder_frames, 16);
    assert_int_equal(CHANGED(vui, 18), 0); /* nonsense in the VUI counts as not there */
    assert_false(sps.has_reorder_limit);
}

static void test_r11_poc_cycle_is_bounded(void **state)
{
    struct bit_writer w = {0};
    struct jt_h264_sps sps;
    struct bytes nal;

    (void)state;
    put(&w, 0x674d401f, 32);
    put_ue(&w, 0);
    put_ue(&w, 0);
    put_ue(&w, 1); /* pic_order_cnt_type */
    put(&w, 1, 1);
    put_ue(&w, 0);
    put_ue(&w, 0);
    put_ue(&w, 0xfffffffe); /* num_ref_frames_in_pic_order_cnt_cycle */
    nal = bytes_copy(w.bytes, sizeof(w.bytes) / 2);
    assert_int_equal(jt_h264_sps_parse((struct jt_h264_nal){nal.data, nal.size}, &sps), -EBADMSG);
    free(nal.data);
}

/*
 * Cut at every byte: refused, or the same picture size when only the VUI is cut; flipped at every
 * bit: no misread memory.
 */
static void test_r11_every_cut_and_flip(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(probed); i++) {
        struct bytes stream = fixture(probed[i].name);
        struct jt_h264_nal whole = find_nal(stream, JT_H264_SPS);
        struct jt_h264_sps sps;

        for (size_t size = 0; size < whole.size; size++) {
            struct bytes cut = bytes_copy(whole.data, size);
            int err = jt_h264_sps_parse((struct jt_h264_nal){cut.data, cut.size}, &sps);

            assert_true(err == -EBADMSG || (err == 0 && sps.width == probed[i].width));
            assert_true(size > 8 || err == -EBADMSG);
            free(cut.data);
        }
        for (size_t bit = 0; bit < whole.size * 8; bit++) {
            struct bytes bent = bytes_copy(whole.data, whole.size);

            bent.data[bit / 8] ^= (uint8_t)(0x80 >> bit % 8);
            if (jt_h264_sps_parse((struct jt_h264_nal){bent.data, bent.size}, &sps) == 0) {
                assert_in_range(sps.width, 1, JT_H264_DIMENSION_MAX);
                assert_in_range(sps.height, 1, JT_H264_DIMENSION_MAX);
                assert_in_range(sps.max_reorder_frames, 0, 16);
            }
            free(bent.data);
        }
        free(stream.data);
    }
}

static void test_r11_pps_ids(void **state)
{
    struct bytes stream = fixture("high.h264");
    struct jt_h264_nal nal = find_nal(stream, JT_H264_PPS);
    const uint8_t last[] = {0x68, 0x00, 0x80, 0x40, 0x80}; /* pps 255 = 0^8 1 0^8, sps 0 */
    const uint8_t past[] = {0x68, 0x00, 0x80, 0xc0, 0x80}; /* pps 256 */
    const uint8_t bad_sps[] = {0x68, 0x82, 0x10, 0x80};    /* pps 0, sps 32: 1 00000 1 00001 */
    uint8_t pps_id = 9, sps_id = 9;

    (void)state;
    assert_int_equal(jt_h264_pps_parse(nal, &pps_id, &sps_id), 0);
    assert_int_equal(pps_id, 0);
    assert_int_equal(sps_id, 0);
    assert_int_equal(jt_h264_pps_parse((struct jt_h264_nal){last, sizeof(last)}, &pps_id, &sps_id),
                     0);
    assert_int_equal(pps_id, 255);
    assert_int_equal(jt_h264_pps_parse((struct jt_h264_nal){past, sizeof(past)}, &pps_id, &sps_id),
                     -EBADMSG);
    assert_int_equal(
        jt_h264_pps_parse((struct jt_h264_nal){bad_sps, sizeof(bad_sps)}, &pps_id, &sps_id),
        -EBADMSG);
    assert_int_equal(jt_h264_pps_parse((struct jt_h264_nal){last, 1}, &pps_id, &sps_id), -EBADMSG);
    assert_int_equal(jt_h264_pps_parse((struct jt_h264_nal){NULL, 0}, &pps_id, &sps_id), -EBADMSG);
    free(stream.data);
}

static void test_bits(void **state)
{
    const uint8_t codes[] = {0xa6, 0x42, 0x98,
                             0xe2, 0x04, 0x8a}; /* §9.1 table 9-2: 0, 1, 2, 3, 4, 5, 6, 7, 8 */
    const uint8_t escaped[] = {0x00, 0x00, 0x03, 0x01, 0x00, 0x00, 0x03, 0x00, 0x00, 0x03};
    struct jt_bits bits = jt_bits_of(codes, sizeof(codes));

    (void)state;
    for (uint32_t i = 0; i < 9; i++)
        assert_int_equal(jt_bits_ue(&bits), i);
    assert_false(bits.failed);
    bits = jt_bits_of(codes, sizeof(codes));
    for (int i = 0; i < 9; i++) /* table 9-3: 0, 1, -1, 2, -2, … */
        assert_int_equal(jt_bits_se(&bits), i % 2 ? (i + 1) / 2 : -(i / 2));
    bits = jt_bits_of_rbsp(escaped, sizeof(escaped));
    assert_int_equal(jt_bits_read(&bits, 24), 0x000001);
    assert_int_equal(jt_bits_read(&bits, 32), 0);
    assert_false(bits.failed);
    assert_int_equal(jt_bits_read(&bits, 1), 0);
    assert_true(bits.failed);
    assert_int_equal(jt_bits_left(&bits), 0);
    bits = jt_bits_of(codes, sizeof(codes));
    jt_bits_skip(&bits, 0xffffffff);
    assert_true(bits.failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_bits),
        cmocka_unit_test(test_fields_are_ffprobes),
        cmocka_unit_test(test_r11_hostile_sps),
        cmocka_unit_test(test_vui_reorder),
        cmocka_unit_test(test_r11_poc_cycle_is_bounded),
        cmocka_unit_test(test_r11_every_cut_and_flip),
        cmocka_unit_test(test_r11_pps_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
