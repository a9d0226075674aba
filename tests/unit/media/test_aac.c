#include "media_rig.h"

#include <errno.h>
#include <unistd.h>

#include "media/aac.h"
#include "media/aac_pack.h"
#include "media/track.h"

static struct packets packets;

/*
 * ISO/IEC 14496-3 §1.6.2.1; the plain ones agree with gst_codec_utils_aac_get_sample_rate and
 * _channels of GStreamer 1.22.
 */
static const struct {
    const char *what, *config;
    int err;
    struct jt_aac_config expected;
} configs[] = {
    {"LC 48 kHz stereo", "1190", 0, {2, 2, 1024, 48000, false, false, false, 48000}},
    {"LC 44.1 kHz stereo", "1210", 0, {2, 2, 1024, 44100, false, false, false, 44100}},
    {"LC 48 kHz, as ffmpeg writes it: sync extension, no SBR",
     "119056e500",
     0,
     {2, 2, 1024, 48000, false, false, false, 48000}},
    {"LC 48 kHz 5.1", "11b0", 0, {2, 6, 1024, 48000, false, false, false, 48000}},
    {"LC 48 kHz 7.1", "11b8", 0, {2, 8, 1024, 48000, false, false, false, 48000}},
    {"LC 22.05 kHz: SBR may hide in it", "1390", 0, {2, 2, 1024, 22050, false, false, true, 22050}},
    {"LC 960 samples", "1194", 0, {2, 2, 960, 48000, false, false, false, 48000}},
    {"Main 44.1 kHz", "0a10", 0, {1, 2, 1024, 44100, false, false, false, 44100}},
    {"LTP 48 kHz", "2190", 0, {4, 2, 1024, 48000, false, false, false, 48000}},
    /* 00101 0111 0010 0100 00010 000: SBR, 22,050, stereo, 44,100, LC */
    {"HE v1, hierarchical", "2b920800", 0, {2, 2, 1024, 22050, true, false, false, 44100}},
    /* 11101 0111 0001 0100 00010 000: PS, 22,050, mono, 44,100, LC */
    {"HE v2, hierarchical", "eb8a0800", 0, {2, 1, 1024, 22050, true, true, false, 44100}},
    /*
     * 00010 0110 0010 000 01010110111 00101 1 0011: LC, 24,000, stereo; 0x2b7, SBR, present, 48,000
     */
    {"HE v1, backward compatible",
     "1310 56e598",
     0,
     {2, 2, 1024, 24000, true, false, false, 48000}},
    /* the same, mono, then 10101001000 1: 0x548, PS present */
    {"HE v2, backward compatible",
     "1308 56e59d4880",
     0,
     {2, 1, 1024, 24000, true, true, false, 48000}},
    {"sync extension cut off", "1310 56e5", 0, {2, 2, 1024, 24000, false, false, true, 24000}},
    /* 00010 1111 (24 bits: 48000 = 0x00bb80) 0010 000 */
    {"explicit rate", "17805dc010", 0, {2, 2, 1024, 48000, false, false, false, 48000}},
    {"explicit rate 0", "1780000010", -EBADMSG, {0}},
    {"explicit rate 16,777,215", "17ffffff90", -EBADMSG, {0}},
    {"explicit rate cut", "17805d", -EBADMSG, {0}},
    {"reserved rate 13", "1690", -EBADMSG, {0}},
    {"reserved rate 14", "1710", -EBADMSG, {0}},
    {"reserved channels 8", "11c0", -EBADMSG, {0}},
    {"reserved channels 15", "11f8", -EBADMSG, {0}},
    {"channels 0 without a program config", "1180", -EBADMSG, {0}},
    {"object type 0", "0190", -EPROTONOSUPPORT, {0}},
    {"SSR", "1990", -EPROTONOSUPPORT, {0}},
    {"LD", "b990", -EPROTONOSUPPORT, {0}},
    /* 11111 001010: 32 + 10 = 42, xHE-AAC */
    {"escaped object type", "f94c4380", -EPROTONOSUPPORT, {0}},
    {"escaped object type, largest", "ffffffff", -EBADMSG, {0}},
    {"SBR over SBR", "2b922800", -EPROTONOSUPPORT, {0}},
    {"nothing", "", -EBADMSG, {0}},
    {"one byte", "11", -EBADMSG, {0}},
};

static void test_r11_configs(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(configs); i++) {
        struct bytes bytes = hex(configs[i].config);
        const struct jt_aac_config *e = &configs[i].expected;
        struct jt_aac_config c = {0};

        print_message("%s\n", configs[i].what);
        assert_int_equal(jt_aac_config_parse(bytes.data, bytes.size, &c), configs[i].err);
        assert_int_equal(c.object_type, e->object_type);
        assert_int_equal(c.channels, e->channels);
        assert_int_equal(c.frame_samples, e->frame_samples);
        assert_int_equal(c.sample_rate, e->sample_rate);
        assert_int_equal(c.output_rate, e->output_rate);
        assert_int_equal(c.has_sbr, e->has_sbr);
        assert_int_equal(c.has_ps, e->has_ps);
        assert_int_equal(c.may_have_sbr, e->may_have_sbr);
        free(bytes.data);
    }
}

/*
 * §4.4.1.1, channels told by a program config element: LC, 48 kHz, 0, then 0000 01 0011 0001 0000
 * 0001 00 000 0000 0 0 0 (one front, one back element), front: a pair, back: single; aligned, no
 * comment.
 */
static void test_program_config(void **state)
{
    struct bytes bytes = hex("118004c40400200000");
    struct jt_aac_config c;

    (void)state;
    assert_int_equal(jt_aac_config_parse(bytes.data, bytes.size, &c), 0);
    assert_int_equal(c.channels, 3);
    for (size_t size = 2; size < bytes.size; size++)
        assert_int_equal(jt_aac_config_parse(bytes.data, size, &c), -EBADMSG);
    free(bytes.data);
    bytes = hex("1180 ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff ffff "
                "ffff ffff");
    assert_int_equal(jt_aac_config_parse(bytes.data, bytes.size, &c),
                     -EBADMSG); /* 45 elements and more */
    free(bytes.data);
}

static void test_r11_config_cut_and_flipped(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(configs); i++) {
        struct bytes whole = hex(configs[i].config);

        for (size_t bit = 0; bit < whole.size * 8; bit++) {
            struct bytes bent = bytes_copy(whole.data, whole.size);
            struct jt_track_info info;

            bent.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            if (jt_aac_config_to_track(bent.data, bent.size, &info) == 0)
                assert_int_equal(jt_track_info_check(&info), 0);
            bent.size = bit / 8; /* cut as well */
            if (jt_aac_config_to_track(bent.data, bent.size, &info) == 0)
                assert_int_equal(jt_track_info_check(&info), 0);
            free(bent.data);
        }
        free(whole.data);
    }
}

static void test_adts_of_ffmpeg(void **state)
{
    static const struct {
        const char *name;
        uint8_t config[2];
        unsigned frames;
    } cases[] = {{"mono.aac", {0x12, 0x08}, 0}, {"loud.aac", {0x11, 0xb0}, 4}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct bytes file = fixture(cases[i].name);
        struct jt_reader r = jt_reader_of(file.data, file.size);
        struct jt_aac_adts adts;
        unsigned frames = 0;

        for (; r.left > 0; frames++) {
            assert_int_equal(jt_aac_adts_parse(r.next, r.left, &adts), 0);
            assert_int_equal(adts.header_bytes, 7);
            assert_memory_equal(adts.config, cases[i].config, 2);
            assert_int_equal(jt_aac_adts_parse(r.next, adts.frame_bytes - 1U, &adts), -EBADMSG);
            jt_reader_take(&r, adts.frame_bytes);
        }
        assert_false(r.failed);
        assert_true(cases[i].frames == 0 ? frames > 5 : frames == cases[i].frames);
        free(file.data);
    }
}

static void test_raw_is_not_adts(void **state)
{
    struct bytes raw = hex("2110049020000000"), mp3 = hex("fffb9064000000000000"),
                 pce = hex("fff14c00013ffc00");
    struct jt_aac_adts adts;

    (void)state;
    assert_int_equal(jt_aac_adts_parse(raw.data, raw.size, &adts), -EBADMSG);
    assert_int_equal(jt_aac_adts_parse(mp3.data, mp3.size, &adts), -EBADMSG); /* layer is not 0 */
    assert_int_equal(jt_aac_adts_parse(pce.data, pce.size, &adts), -EBADMSG);
    assert_int_equal(jt_aac_adts_parse(raw.data, 0, &adts), -EBADMSG);
    free(raw.data);
    free(mp3.data);
    free(pce.data);
}

/* ---- RFC 3640 ---- */

static void test_one_au_a_packet(void **state)
{
    struct bytes au = hex("2110049020aabb");
    struct bytes expected =
        hex("0010 0038 2110049020aabb"); /* 16 bits of headers; size 7, index 0 */
    struct jt_packet_sink sink = packets_sink(&packets);

    (void)state;
    assert_int_equal(jt_aac_pack(au.data, au.size, &sink), 1);
    assert_bytes(expected, packets.list[0].data, packets.list[0].size);
    assert_int_equal(packets.list[0].flags, JT_PACKET_MARKER);
    packets_clear(&packets);
    free(au.data);
    free(expected.data);
}

static void test_fragments(void **state)
{
    static const size_t sizes[][2] = {{1136, 1}, {1137, 2}, {2272, 2}, {2273, 3}, {8191, 8}};
    uint8_t au[8192], out[8192];

    (void)state;
    for (size_t i = 0; i < sizeof(au); i++)
        au[i] = (uint8_t)(i + (i >> 8));
    for (size_t i = 0; i < JT_COUNT(sizes); i++) {
        struct jt_packet_sink sink = packets_sink(&packets);
        struct jt_writer w = jt_writer_of(out, sizeof(out));

        assert_int_equal(jt_aac_pack(au, sizes[i][0], &sink), sizes[i][1]);
        assert_int_equal(packets.count, sizes[i][1]);
        for (size_t k = 0; k < packets.count; k++) {
            struct jt_reader r = jt_reader_of(packets.list[k].data, packets.list[k].size);

            assert_int_equal(jt_read_be16(&r), 16);
            assert_int_equal(jt_read_be16(&r), sizes[i][0] << 3); /* §3.2.1.1: of the whole AU */
            assert_int_equal(packets.list[k].flags, k + 1 == packets.count ? JT_PACKET_MARKER : 0);
            assert_in_range(packets.list[0].size - packets.list[k].size, 0, 1);
        }
        assert_int_equal(jt_aac_unpack(packets.list, packets.count, &w), 0);
        assert_int_equal(w.size, sizes[i][0]);
        assert_memory_equal(out, au, w.size);
        packets_clear(&packets);
    }
}

static void test_pack_refuses(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);
    uint8_t au[8192] = {0};

    (void)state;
    assert_int_equal(jt_aac_pack(au, 0, &sink), -EBADMSG);
    assert_int_equal(jt_aac_pack(au, 8192, &sink), -EBADMSG);
    assert_int_equal(packets.count, 0);
    packets.fail_at = 2;
    assert_int_equal(jt_aac_pack(au, 4000, &sink), -ENOBUFS);
    packets.fail_at = 0;
    packets_clear(&packets);
}

/*
 * GStreamer's rtpmp4gpay on loud.aac: fragments and wholes come back as the raw blocks of the file.
 */
static void test_unpacks_gstreamers(void **state)
{
    struct bytes file = fixture("loud.aac"), dump = fixture("aac.rtp");
    struct jt_reader r = jt_reader_of(file.data, file.size), d = jt_reader_of(dump.data, dump.size);
    uint8_t out[8192];

    (void)state;
    while (r.left > 0) {
        struct jt_writer w = jt_writer_of(out, sizeof(out));
        struct jt_payload list[8];
        struct jt_aac_adts adts;
        struct rtp rtp = {0};
        size_t count = 0;

        while (!rtp.has_marker) {
            assert_true(next_rtp(&d, &rtp));
            list[count++] = rtp.payload;
        }
        assert_true(count > 1);
        assert_int_equal(jt_aac_unpack(list, count, &w), 0);
        assert_int_equal(jt_aac_adts_parse(r.next, r.left, &adts), 0);
        jt_reader_take(&r, adts.header_bytes);
        assert_int_equal(w.size, adts.frame_bytes - adts.header_bytes);
        assert_memory_equal(out, jt_reader_take(&r, w.size), w.size);
    }
    assert_int_equal(d.left, 0);
    free(file.data);
    free(dump.data);
}

/* And the other way: rtpmp4gdepay gives the raw blocks back. */
static void test_gstreamer_unpacks_ours(void **state)
{
    struct bytes file = fixture("loud.aac");
    struct jt_reader r = jt_reader_of(file.data, file.size), got;
    struct jt_packet_sink sink = packets_sink(&packets);
    char rtp_path[] = "/tmp/jt-media-XXXXXX", out_path[64], command[768];
    uint8_t buffer[16384];
    FILE *stream = fdopen(mkstemp(rtp_path), "wb");
    struct jt_aac_adts adts;
    uint16_t seq = 0;

    (void)state;
    if (access("/usr/bin/gst-launch-1.0", X_OK) != 0)
        skip();
    assert_non_null(stream);
    for (uint32_t time = 0; r.left > 0; time += 1024) {
        assert_int_equal(jt_aac_adts_parse(r.next, r.left, &adts), 0);
        jt_reader_take(&r, adts.header_bytes);
        assert_true(jt_aac_pack(r.next, adts.frame_bytes - (size_t)adts.header_bytes, &sink) > 1);
        jt_reader_take(&r, adts.frame_bytes - (size_t)adts.header_bytes);
        for (size_t i = 0; i < packets.count; i++) {
            struct jt_writer w = jt_writer_of(buffer, sizeof(buffer));

            jt_write_be16(&w, (uint16_t)(12 + packets.list[i].size));
            jt_write_u8(&w, 0x80);
            jt_write_u8(&w, (uint8_t)(packets.list[i].flags & JT_PACKET_MARKER ? 0x80 | 97 : 97));
            jt_write_be16(&w, seq++);
            jt_write_be32(&w, time);
            jt_write_be32(&w, 1);
            jt_write_bytes(&w, packets.list[i].data, packets.list[i].size);
            assert_int_equal(fwrite(buffer, 1, w.size, stream), w.size);
        }
        packets_clear(&packets);
    }
    (void)fclose(stream);
    (void)snprintf(out_path, sizeof(out_path), "%s.raw", rtp_path);
    (void)snprintf(
        command, sizeof(command),
        "gst-launch-1.0 -q filesrc location=%s ! "
        "'application/x-rtp-stream,media=audio,clock-rate=48000,"
        "encoding-name=MPEG4-GENERIC,payload=97,mode=AAC-hbr,config=(string)11b0,sizelength=("
        "string)13,"
        "indexlength=(string)3,indexdeltalength=(string)3,streamtype=(string)5' ! rtpstreamdepay "
        "! rtpmp4gdepay ! filesink location=%s",
        rtp_path, out_path);
    assert_int_equal(system(command),
                     0); /* NOLINT(cert-env33-c): a fixed command of the test's own */
    stream = fopen(out_path, "rb");
    assert_non_null(stream);
    got = jt_reader_of(buffer, fread(buffer, 1, sizeof(buffer), stream));
    (void)fclose(stream);
    r = jt_reader_of(file.data, file.size);
    while (r.left > 0) {
        size_t size;

        assert_int_equal(jt_aac_adts_parse(r.next, r.left, &adts), 0);
        size = adts.frame_bytes - (size_t)adts.header_bytes;
        jt_reader_take(&r, adts.header_bytes);
        assert_true(got.left >= size);
        assert_memory_equal(jt_reader_take(&got, size), jt_reader_take(&r, size), size);
    }
    assert_int_equal(got.left, 0);
    (void)unlink(rtp_path);
    (void)unlink(out_path);
    free(file.data);
}

static void test_s5_torture(void **state)
{
    static const struct {
        const char *payloads[3];
        int err;
    } cases[] = {
        {{"0010 0018 aabbcc"}, 0},
        {{"0010 0018 aabb", "0010 0018 cc"}, 0},
        {{NULL}, -EBADMSG},
        {{""}, -EBADMSG},
        {{"00"}, -EBADMSG},
        {{"0010 00"}, -EBADMSG},
        {{"0010 0018"}, -EBADMSG},
        {{"0010 0018 aabb"}, -EBADMSG},      /* short of its size */
        {{"0010 0010 aabbcc"}, -EBADMSG},    /* longer */
        {{"0010 0000 aa"}, -EBADMSG},        /* size 0 */
        {{"0010 0019 aabbcc"}, -EBADMSG},    /* index 1 */
        {{"0020 0008 0008 aabb"}, -EBADMSG}, /* two AUs */
        {{"0000 aabbcc"}, -EBADMSG},
        {{"ffff 0018 aabbcc"}, -EBADMSG},
        {{"0010 0018 aabb", "0010 0020 cc"}, -EBADMSG}, /* sizes differ */
        {{"0010 0018 aabb", "0010 0018 ccdd"}, -EBADMSG},
        {{"0010 0018 aabbcc", "0010 0018 aabbcc"}, -EBADMSG},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_payload list[3];
        struct bytes held[3];
        size_t count = 0;
        uint8_t out[32];
        struct jt_writer w = jt_writer_of(out, sizeof(out));

        for (; count < 3 && cases[i].payloads[count]; count++) {
            held[count] = hex(cases[i].payloads[count]);
            list[count] =
                (struct jt_payload){.data = held[count].data, .size = (uint16_t)held[count].size};
        }
        jt_write_u8(&w, 9);
        assert_int_equal(jt_aac_unpack(list, count, &w), cases[i].err);
        assert_int_equal(w.size, cases[i].err ? 1 : 4);
        while (count-- > 0)
            free(held[count].data);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_r11_configs),
        cmocka_unit_test(test_program_config),
        cmocka_unit_test(test_r11_config_cut_and_flipped),
        cmocka_unit_test(test_adts_of_ffmpeg),
        cmocka_unit_test(test_raw_is_not_adts),
        cmocka_unit_test(test_one_au_a_packet),
        cmocka_unit_test(test_fragments),
        cmocka_unit_test(test_pack_refuses),
        cmocka_unit_test(test_unpacks_gstreamers),
        cmocka_unit_test(test_gstreamer_unpacks_ours),
        cmocka_unit_test(test_s5_torture),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
