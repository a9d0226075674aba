#include "media_rig.h"

#include <errno.h>
#include <unistd.h>

#include "media/h264_pack.h"
#include "media/h264_params.h"

enum { ROOM = 65536, SIZES_MAX = 8 };

static struct packets packets;

/* ---- payloads as RFC 6184 has them ---- */

static void test_single_nal(void **state)
{
    struct bytes au = hex("00000004 41888001"), expected = hex("41888001");
    struct jt_packet_sink sink = packets_sink(&packets);

    (void)state;
    assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), 1);
    assert_bytes(expected, packets.list[0].data, packets.list[0].size);
    assert_int_equal(packets.list[0].flags, JT_PACKET_MARKER);
    packets_clear(&packets);
    free(au.data);
    free(expected.data);
}

static void test_stap_a(void **state)
{
    /* §5.7.1: header with the highest NRI, then 2-byte sizes */
    struct bytes au = hex("00000002 0680 00000003 218880 00000003 018880");
    struct bytes expected = hex("38 0002 0680 0003 218880 0003 018880");
    struct jt_packet_sink sink = packets_sink(&packets);

    (void)state;
    assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), 1);
    assert_bytes(expected, packets.list[0].data, packets.list[0].size);
    packets_clear(&packets);
    free(au.data);
    free(expected.data);
}

/* An access unit of slices (type 5 or 1) of these sizes, filled with a pattern. */
static struct bytes make_au(const size_t *sizes, size_t count)
{
    struct bytes au = {0};
    struct jt_writer w;

    for (size_t i = 0; i < count; i++)
        au.size += 4 + sizes[i];
    au.data = malloc(au.size);
    w = jt_writer_of(au.data, au.size);
    for (size_t i = 0; i < count; i++) {
        jt_write_be32(&w, (uint32_t)sizes[i]);
        jt_write_u8(&w, 0x65);
        for (size_t k = 1; k < sizes[i]; k++)
            jt_write_u8(&w, (uint8_t)(k * 7 + i + (k >> 8)));
    }
    assert_false(w.failed);
    return au;
}

/*
 * Payloads are what the design wants: sizes few, fragments filled, padding right, marker on the
 * last and only there.
 */
static unsigned check_shape(void)
{
    uint16_t sizes[SIZES_MAX];
    unsigned distinct = 0;

    for (size_t i = 0; i < packets.count; i++) {
        const struct jt_payload *p = &packets.list[i];
        struct jt_reader r = jt_payload_reader(p);
        unsigned known = 0;

        assert_false(r.failed);
        assert_in_range(r.left, 1, JT_PAYLOAD_MAX_BYTES);
        assert_int_equal(!!(p->flags & JT_PACKET_MARKER), i + 1 == packets.count);
        if (p->flags & JT_PACKET_PADDING)
            for (size_t k = r.left; k + 1 < p->size; k++)
                assert_true(p->data[k] == 0);
        while (known < distinct && sizes[known] != p->size)
            known++;
        if (known == distinct)
            sizes[distinct++] = p->size;
        assert_in_range(distinct, 1, SIZES_MAX - 1);
    }
    return distinct;
}

static void check_roundtrip(struct bytes au)
{
    uint8_t *out = malloc(au.size);
    struct jt_writer w = jt_writer_of(out, au.size);

    assert_int_equal(jt_h264_unpack(packets.list, packets.count, &w), 0);
    assert_bytes(au, out, w.size);
    free(out);
}

static void test_fragments_of_one_size(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);

    (void)state;
    for (size_t size = JT_PAYLOAD_MAX_BYTES - 2; size < 12000; size += size < 4000 ? 1 : 211) {
        struct bytes au = make_au(&size, 1);
        size_t n = size <= 1140 ? 1 : (size - 1 + 1137) / 1138;

        assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), n);
        assert_int_equal(packets.count, n);
        assert_int_equal(check_shape(), 1);
        if (n > 1) { /* §5.8: indicator keeps NRI, header start, middle, end */
            assert_int_equal(packets.list[0].data[0], 0x7c);
            assert_int_equal(packets.list[0].data[1], 0x85);
            assert_int_equal(packets.list[n - 1].data[1], 0x45);
            assert_true(n < 3 || packets.list[1].data[1] == 0x05);
        }
        check_roundtrip(au);
        packets_clear(&packets);
        free(au.data);
    }
}

/* Padding is not spent: no more than evens out what does not divide. */
static void test_padding_is_least(void **state)
{
    const size_t sizes[] = {300 * 1138 - 280, 2000, 1000000};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(sizes); i++) {
        struct jt_packet_sink sink = packets_sink(&packets);
        struct bytes au = make_au(&sizes[i], 1);
        size_t padding = 0;

        assert_true(jt_h264_pack(au.data, au.size, NULL, &sink) > 0);
        assert_int_equal(check_shape(), 1);
        for (size_t k = 0; k < packets.count; k++)
            padding += packets.list[k].size - jt_payload_reader(&packets.list[k]).left;
        assert_true(padding < packets.count);
        check_roundtrip(au);
        packets_clear(&packets);
        free(au.data);
    }
}

static void test_several_slices(void **state)
{
    static const struct {
        size_t sizes[8], count;
        unsigned distinct;
    } cases[] = {
        {{3000, 2900, 3100, 2800}, 4, 1}, /* close: one size */
        {{1300, 1250, 1400, 1500}, 4, 1},
        {{5000, 1300, 5000}, 3, 2},
        {{200, 300, 250, 100}, 4, 1}, /* one STAP-A */
        {{700, 700, 700, 700}, 4, 1},
        {{1140, 20, 1140, 20}, 4, 2},
        {{20, 4000}, 2, 2},
        {{1140, 885, 630, 375, 120, 1140}, 6, 1},             /* 630 to 120 share a STAP-A */
        {{1140, 884, 1140, 628, 1140, 372, 1140, 116}, 8, 5}, /* as bad as can be */
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_packet_sink sink = packets_sink(&packets);
        struct bytes au = make_au(cases[i].sizes, cases[i].count);

        assert_true(jt_h264_pack(au.data, au.size, NULL, &sink) > 0);
        assert_int_equal(check_shape(), cases[i].distinct);
        check_roundtrip(au);
        packets_clear(&packets);
        free(au.data);
    }
}

/* Whatever the slices, at most five sizes. */
static void test_sizes_are_few(void **state)
{
    uint32_t random = 1;

    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        struct jt_packet_sink sink = packets_sink(&packets);
        size_t sizes[24], count;
        struct bytes au;

        random = random * 1664525 + 1013904223;
        count = 1 + (random >> 16) % JT_COUNT(sizes);
        for (size_t i = 0; i < count; i++) {
            random = random * 1664525 + 1013904223;
            sizes[i] = 1 + (random >> 8) % (random >> 30 ? 1300 : 9000);
        }
        au = make_au(sizes, count);
        assert_true(jt_h264_pack(au.data, au.size, NULL, &sink) > 0);
        assert_in_range(check_shape(), 1, 5);
        check_roundtrip(au);
        packets_clear(&packets);
        free(au.data);
    }
}

static void test_many_small_units(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);
    size_t sizes[25];
    struct bytes au;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(sizes); i++)
        sizes[i] = 20;
    au = make_au(sizes, JT_COUNT(sizes));
    assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), 3); /* ten a packet */
    check_roundtrip(au);
    packets_clear(&packets);
    free(au.data);
}

static void test_pack_refuses(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);
    const char *const bad[] = {"",
                               "00000000",
                               "00000005 4188",
                               "00000003 5c8580 00000003 418880",
                               "00000002 0080",
                               "00000003 418880 00000003 7c8580",
                               "000000"};
    const size_t large = 1138 * 3000;
    struct bytes au;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        au = hex(bad[i]);
        assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), -EBADMSG);
        assert_int_equal(packets.count, 0);
        free(au.data);
    }
    au = make_au(&large, 1);
    packets.fail_at = 3;
    assert_int_equal(jt_h264_pack(au.data, au.size, NULL, &sink), -ENOBUFS);
    assert_int_equal(packets.count, 2);
    packets.fail_at = 0;
    packets_clear(&packets);
    assert_int_equal(jt_h264_pack(au.data, JT_H264_AU_MAX_BYTES + 1, NULL, &sink), -EMSGSIZE);
    free(au.data);
}

/* ---- parameter sets, and an independent receiver ---- */

static struct bytes params_as_au(const struct jt_h264_params *params)
{
    uint8_t buffer[2048];
    struct jt_writer w = jt_writer_of(buffer, sizeof(buffer));
    struct jt_h264_nal nal;
    size_t cursor = 0;

    while (jt_h264_params_next(params, &cursor, &nal) == 1) {
        jt_write_be32(&w, (uint32_t)nal.size);
        jt_write_bytes(&w, nal.data, nal.size);
    }
    return bytes_copy(buffer, w.size);
}

static void test_key_frame_is_stap_and_run(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);
    struct bytes stream = fixture("large.h264");
    struct jt_h264_nal idr = find_nal(stream, JT_H264_IDR);
    struct jt_h264_params params = {0};
    uint8_t *au = malloc(idr.size + 4);
    struct jt_writer w = jt_writer_of(au, idr.size + 4);
    struct bytes sets;
    uint8_t *out = malloc(ROOM);
    struct jt_writer back = jt_writer_of(out, ROOM);

    (void)state;
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_SPS)), 1);
    assert_int_equal(jt_h264_params_put(&params, find_nal(stream, JT_H264_PPS)), 1);
    jt_write_be32(&w, (uint32_t)idr.size);
    jt_write_bytes(&w, idr.data, idr.size);
    assert_true(jt_h264_pack(au, w.size, &params, &sink) > 3);
    assert_int_equal(check_shape(), 2);
    assert_int_equal(packets.list[0].data[0], 0x78); /* STAP-A, NRI 3 */
    assert_false(packets.list[0].flags & JT_PACKET_PADDING);
    for (size_t i = 2; i < packets.count; i++)
        assert_int_equal(packets.list[i].size, packets.list[1].size);
    assert_int_equal(jt_h264_unpack(packets.list, packets.count, &back), 0);
    sets = params_as_au(&params);
    assert_memory_equal(out, sets.data, sets.size);
    assert_int_equal(back.size, sets.size + w.size);
    assert_memory_equal(out + sets.size, au, w.size);
    packets_clear(&packets);
    free(sets.data);
    free(stream.data);
    free(au);
    free(out);
}

/* What GStreamer's payloader sends comes back as the access units of the stream. */
static void check_gstreamer_payloads(const char *stream_name, const char *rtp_name)
{
    struct bytes stream = fixture(stream_name), dump = fixture(rtp_name);
    struct jt_reader r = jt_reader_of(stream.data, stream.size),
                     d = jt_reader_of(dump.data, dump.size);
    uint8_t *in = malloc(ROOM), *out = malloc(ROOM), *plain = malloc(ROOM);
    struct jt_writer au = jt_writer_of(in, ROOM);
    unsigned frames = 0;

    while (next_au(&r, &au)) {
        struct jt_writer w = jt_writer_of(out, ROOM), p = jt_writer_of(plain, ROOM);
        struct jt_payload list[32];
        struct jt_h264_params params = {0};
        struct jt_h264_au info;
        struct rtp rtp = {0};
        size_t count = 0;

        while (!rtp.has_marker) {
            assert_true(next_rtp(&d, &rtp));
            list[count++] = rtp.payload;
        }
        assert_int_equal(jt_h264_unpack(list, count, &w), 0);
        /* it adds delimiters and repeats parameter sets: what is left must be the stream's */
        assert_int_equal(
            jt_h264_au_normalize(jt_reader_of(out, w.size), JT_H264_AVCC4, &params, &p, &info), 0);
        w.size = 0;
        assert_int_equal(
            jt_h264_au_normalize(jt_reader_of(in, au.size), JT_H264_AVCC4, &params, &w, &info), 0);
        assert_int_equal(p.size, w.size);
        assert_memory_equal(plain, out, w.size);
        frames++;
    }
    assert_int_equal(d.left, 0);
    assert_true(frames >= 4);
    free(in);
    free(out);
    free(plain);
    free(stream.data);
    free(dump.data);
}

static void test_unpacks_gstreamers(void **state)
{
    (void)state;
    check_gstreamer_payloads("high.h264", "high.rtp");
    check_gstreamer_payloads("slices.h264", "slices.rtp");
}

static void write_rtp(FILE *file, const struct jt_payload *payload, uint16_t seq, uint32_t time)
{
    uint8_t header[14];
    struct jt_writer w = jt_writer_of(header, sizeof(header));

    jt_write_be16(&w, (uint16_t)(12 + payload->size));
    jt_write_u8(&w, payload->flags & JT_PACKET_PADDING ? 0xa0 : 0x80);
    jt_write_u8(&w, (uint8_t)(payload->flags & JT_PACKET_MARKER ? 0x80 | 96 : 96));
    jt_write_be16(&w, seq);
    jt_write_be32(&w, time);
    jt_write_be32(&w, 1);
    assert_int_equal(fwrite(header, 1, sizeof(header), file), sizeof(header));
    assert_int_equal(fwrite(payload->data, 1, payload->size, file), payload->size);
}

/*
 * Our payloads through GStreamer's rtph264depay give the NAL units of the stream, in order and to
 * the byte.
 */
static void check_gstreamer_depay(const char *name)
{
    struct bytes stream = fixture(name);
    struct jt_reader r = jt_reader_of(stream.data, stream.size), got;
    char rtp_path[] = "/tmp/jt-media-XXXXXX", out_path[64], command[768];
    struct jt_h264_nal expected, nal;
    uint8_t *in = malloc(ROOM);
    struct jt_writer au = jt_writer_of(in, ROOM);
    struct jt_packet_sink sink = packets_sink(&packets);
    int fd = mkstemp(rtp_path);
    FILE *file = fdopen(fd, "wb");
    uint16_t seq = 0;
    uint32_t time = 0;

    assert_non_null(file);
    for (; next_au(&r, &au); time += 3000) {
        assert_true(jt_h264_pack(in, au.size, NULL, &sink) > 0);
        for (size_t i = 0; i < packets.count; i++)
            write_rtp(file, &packets.list[i], seq++, time);
        packets_clear(&packets);
    }
    (void)fclose(file);
    (void)snprintf(out_path, sizeof(out_path), "%s.h264", rtp_path);
    (void)snprintf(command, sizeof(command),
                   "gst-launch-1.0 -q filesrc location=%s ! "
                   "application/x-rtp-stream,media=video,clock-rate=90000,"
                   "encoding-name=H264,payload=96 ! rtpstreamdepay ! rtph264depay "
                   "! video/x-h264,stream-format=byte-stream,alignment=nal ! filesink location=%s",
                   rtp_path, out_path);
    assert_int_equal(system(command),
                     0); /* NOLINT(cert-env33-c): a fixed command of the test's own */
    file = fopen(out_path, "rb");
    assert_non_null(file);
    free(in);
    in = malloc(ROOM);
    got = jt_reader_of(in, fread(in, 1, ROOM, file));
    (void)fclose(file);
    r = jt_reader_of(stream.data, stream.size);
    while (jt_h264_next_annexb(&r, &expected) == 1) {
        assert_int_equal(jt_h264_next_annexb(&got, &nal), 1);
        assert_int_equal(nal.size, expected.size);
        assert_memory_equal(nal.data, expected.data, nal.size);
    }
    assert_int_equal(jt_h264_next_annexb(&got, &nal), 0);
    (void)unlink(rtp_path);
    (void)unlink(out_path);
    free(in);
    free(stream.data);
}

static void test_gstreamer_unpacks_ours(void **state)
{
    (void)state;
    if (access("/usr/bin/gst-launch-1.0", X_OK) != 0)
        skip();
    check_gstreamer_depay("high.h264");
    check_gstreamer_depay("slices.h264");
    check_gstreamer_depay("large.h264");
    check_gstreamer_depay("bframes.h264");
}

/* ---- S5: the torture ---- */

struct torture {
    const char *what, *payloads[6];
    int err;
    const char *expected;
};

static const struct torture torture[] = {
    {"single", {"41aabb"}, 0, "00000003 41aabb"},
    {"stap", {"78 0001 67 0002 68aa"}, 0, "00000001 67 00000002 68aa"},
    {"fragments", {"7c85 01", "7c05 02", "7c45 03"}, 0, "00000004 65010203"},
    {"start and end in one", {"7cc5 01"}, 0, "00000002 6501"},
    {"reserved bit is ignored", {"7ca5 01", "7c45 02"}, 0, "00000003 650102"},
    {"two fragmented units",
     {"7c85 01", "7c45 02", "7c85 03", "7c45 04"},
     0,
     "00000003 650102 00000003 650304"},
    {"probe in between", {"7c85 01", "", "7c45 02"}, 0, "00000003 650102"},
    {"nothing", {NULL}, -EBADMSG, NULL},
    {"only a probe", {""}, -EBADMSG, NULL},
    {"stap of nothing", {"78"}, -EBADMSG, NULL},
    {"stap cut in the length", {"78 00"}, -EBADMSG, NULL},
    {"stap length past the end", {"78 0003 6701"}, -EBADMSG, NULL},
    {"stap length far past the end", {"78 ffff 67"}, -EBADMSG, NULL},
    {"stap with an empty unit", {"78 0000 0001 67"}, -EBADMSG, NULL},
    {"stap with rest", {"78 0001 67 00"}, -EBADMSG, NULL},
    {"stap in stap", {"78 0004 78000167"}, -EBADMSG, NULL},
    {"fragment in stap", {"78 0003 7cc501"}, -EBADMSG, NULL},
    {"stap between fragments", {"7c85 01", "78 0001 67", "7c45 02"}, -EBADMSG, NULL},
    {"single between fragments", {"7c85 01", "41aa", "7c45 02"}, -EBADMSG, NULL},
    {"end without start", {"7c45 01"}, -EBADMSG, NULL},
    {"middle without start", {"7c05 01"}, -EBADMSG, NULL},
    {"end before start", {"7c45 02", "7c85 01"}, -EBADMSG, NULL},
    {"start twice", {"7c85 01", "7c85 02", "7c45 03"}, -EBADMSG, NULL},
    {"no end", {"7c85 01", "7c05 02"}, -EBADMSG, NULL},
    {"no end, after a good unit", {"41aa", "7c85 01"}, -EBADMSG, NULL},
    {"type flips", {"7c85 01", "7c41 02"}, -EBADMSG, NULL},
    {"nri flips", {"7c85 01", "5c45 02"}, -EBADMSG, NULL},
    {"empty fragment", {"7c85", "7c45 02"}, -EBADMSG, NULL},
    {"fragment cut in the head", {"7c"}, -EBADMSG, NULL},
    {"fragmented stap", {"7c98 01", "7c58 02"}, -EBADMSG, NULL},
    {"fragmented fragment", {"7c9c 01", "7c5c 02"}, -EBADMSG, NULL},
    {"fragmented type 0", {"7c80 01", "7c40 02"}, -EBADMSG, NULL},
    {"stap b", {"79 0000 0001 67"}, -EBADMSG, NULL},
    {"mtap16", {"7a 0000 0001 00 0000 67"}, -EBADMSG, NULL},
    {"fu b", {"7d85 0000 01"}, -EBADMSG, NULL},
    {"type 0", {"6001"}, -EBADMSG, NULL},
    {"type 30", {"7e01"}, -EBADMSG, NULL},
    {"forbidden bit", {"c1aa"}, -EBADMSG, NULL},
    {"forbidden bit in a fragment", {"fc85 01", "fc45 02"}, -EBADMSG, NULL},
    {"forbidden bit in a stap", {"78 0001 e7"}, -EBADMSG, NULL},
};

static void check_torture(const struct torture *t)
{
    struct jt_payload list[6];
    struct bytes held[6];
    size_t count = 0;
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    print_message("%s\n", t->what);
    jt_write_bytes(&w, "old", 3); /* what was there before must stay, and nothing else */
    for (; count < 6 && t->payloads[count]; count++) {
        held[count] = hex(t->payloads[count]);
        list[count] =
            (struct jt_payload){.data = held[count].data, .size = (uint16_t)held[count].size};
    }
    assert_int_equal(jt_h264_unpack(list, count, &w), t->err);
    assert_false(w.failed);
    if (t->expected) {
        struct bytes expected = hex(t->expected);

        assert_bytes(expected, out + 3, w.size - 3);
        free(expected.data);
    } else {
        assert_int_equal(w.size, 3);
    }
    while (count-- > 0)
        free(held[count].data);
}

static void test_s5_torture(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(torture); i++)
        check_torture(&torture[i]);
}

static void test_s5_padding_lies(void **state)
{
    static const struct {
        const char *payload;
        int err;
    } cases[] = {{"41aabb01", 0},        {"41aa0002", 0},        {"0004 0004", -EBADMSG},
                 {"41aabb00", -EBADMSG}, {"41aabb05", -EBADMSG}, {"41aabbff", -EBADMSG},
                 {"", -EBADMSG}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct bytes bytes = hex(cases[i].payload);
        struct jt_payload payload = {
            .data = bytes.data, .size = (uint16_t)bytes.size, .flags = JT_PACKET_PADDING};
        uint8_t out[32];
        struct jt_writer w = jt_writer_of(out, sizeof(out));

        assert_int_equal(jt_h264_unpack(&payload, 1, &w), cases[i].err);
        free(bytes.data);
    }
}

/*
 * 1,000 lost in a row, a lost first or last one, two swapped: the frame goes, the next one is
 * whole.
 */
static void test_s5_loss_within_a_frame(void **state)
{
    const size_t size = 1200 * 1138;
    struct jt_packet_sink sink = packets_sink(&packets);
    struct bytes au = make_au(&size, 1);
    uint8_t *out = malloc(au.size);
    struct jt_payload swapped;
    struct jt_writer w = jt_writer_of(out, au.size);
    int count = jt_h264_pack(au.data, au.size, NULL, &sink);

    (void)state;
    assert_int_equal(count, 1200);
    assert_int_equal(jt_h264_unpack(packets.list + 1, packets.count - 1, &w), -EBADMSG);
    assert_int_equal(jt_h264_unpack(packets.list, packets.count - 1, &w), -EBADMSG);
    assert_int_equal(jt_h264_unpack(packets.list, 100, &w), -EBADMSG);
    swapped = packets.list[0];
    packets.list[0] = packets.list[1];
    packets.list[1] = swapped;
    assert_int_equal(jt_h264_unpack(packets.list, packets.count, &w), -EBADMSG);
    packets.list[1] = packets.list[0];
    packets.list[0] = swapped;
    assert_int_equal(w.size, 0);
    assert_int_equal(jt_h264_unpack(packets.list, packets.count, &w), 0);
    assert_bytes(au, out, w.size);
    w = jt_writer_of(out, au.size - 1); /* one byte short */
    assert_int_equal(jt_h264_unpack(packets.list, packets.count, &w), -EMSGSIZE);
    assert_int_equal(w.size, 0);
    packets_clear(&packets);
    free(out);
    free(au.data);
}

/*
 * Each payload of real frames cut at each byte and flipped at each of its first bits: no crash, and
 * all or nothing.
 */
static void test_s5_every_cut_and_flip(void **state)
{
    struct bytes dump = fixture("slices.rtp");
    struct jt_reader d = jt_reader_of(dump.data, dump.size);
    struct jt_payload list[32];
    uint8_t *out = malloc(ROOM);
    struct rtp rtp = {0};
    size_t count = 0;

    (void)state;
    while (!rtp.has_marker) {
        assert_true(next_rtp(&d, &rtp));
        list[count++] = rtp.payload;
    }
    for (size_t i = 0; i < count; i++) {
        struct jt_payload whole = list[i];

        for (uint16_t size = 0; size < whole.size; size++) {
            struct bytes cut = bytes_copy(whole.data, size);
            struct jt_writer w = jt_writer_of(out, ROOM);
            int err;

            list[i] = (struct jt_payload){
                .data = cut.data, .size = size, .flags = (uint16_t)(size % 2 * 2)};
            err = jt_h264_unpack(list, count, &w);
            assert_true(err == 0 || (err == -EBADMSG && w.size == 0));
            free(cut.data);
        }
        for (size_t bit = 0; bit < 64; bit++) {
            struct bytes bent = bytes_copy(whole.data, whole.size);
            struct jt_writer w = jt_writer_of(out, ROOM);
            int err;

            if (bit / 8 < bent.size)
                bent.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
            list[i] = (struct jt_payload){.data = bent.data, .size = whole.size};
            err = jt_h264_unpack(list, count, &w);
            assert_true(err == 0 || (err == -EBADMSG && w.size == 0));
            free(bent.data);
        }
        list[i] = whole;
    }
    free(out);
    free(dump.data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_single_nal),
        cmocka_unit_test(test_stap_a),
        cmocka_unit_test(test_fragments_of_one_size),
        cmocka_unit_test(test_padding_is_least),
        cmocka_unit_test(test_several_slices),
        cmocka_unit_test(test_sizes_are_few),
        cmocka_unit_test(test_many_small_units),
        cmocka_unit_test(test_pack_refuses),
        cmocka_unit_test(test_key_frame_is_stap_and_run),
        cmocka_unit_test(test_unpacks_gstreamers),
        cmocka_unit_test(test_gstreamer_unpacks_ours),
        cmocka_unit_test(test_s5_torture),
        cmocka_unit_test(test_s5_padding_lies),
        cmocka_unit_test(test_s5_loss_within_a_frame),
        cmocka_unit_test(test_s5_every_cut_and_flip),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
