#include "media_rig.h"

#include <errno.h>

#include "media/opus.h"

static struct packets packets;

/* RFC 6716 table 2 and §3.1: all 32 configurations, in microseconds. */
static void test_durations(void **state)
{
    static const unsigned us[32] = {
        10000, 20000, 40000, 60000, 10000, 20000, 40000, 60000,
        10000, 20000, 40000, 60000,                             /* SILK NB, MB, WB */
        10000, 20000, 10000, 20000,                             /* hybrid SWB, FB */
        2500,  5000,  10000, 20000, 2500,  5000,  10000, 20000, /* CELT NB, WB */
        2500,  5000,  10000, 20000, 2500,  5000,  10000, 20000, /* CELT SWB, FB */
    };

    (void)state;
    for (unsigned config = 0; config < 32; config++)
        for (unsigned stereo = 0; stereo < 2; stereo++) {
            uint8_t data[2] = {(uint8_t)(config << 3 | stereo << 2), 0x55};
            struct jt_opus_packet packet;

            assert_int_equal(jt_opus_parse(data, 2, &packet), 0);
            assert_int_equal(packet.samples * 1000ULL, us[config] * 48ULL);
            assert_int_equal(packet.channels, stereo + 1);
            assert_int_equal(packet.frame_count, 1);
        }
}

/*
 * libopus' packets by GStreamer: the difference of RTP times is the duration of the earlier packet.
 */
static void check_stream(const char *name, unsigned samples, unsigned channels, unsigned frames)
{
    struct bytes dump = fixture(name);
    struct jt_reader d = jt_reader_of(dump.data, dump.size);
    struct rtp rtp;
    uint32_t last_time = 0;
    unsigned count = 0;

    for (; next_rtp(&d, &rtp); count++) {
        struct jt_packet_sink sink = packets_sink(&packets);
        struct jt_opus_packet packet;
        uint8_t out[JT_PAYLOAD_MAX_BYTES];
        struct jt_writer w = jt_writer_of(out, sizeof(out));

        assert_int_equal(jt_opus_parse(rtp.payload.data, rtp.payload.size, &packet), 0);
        assert_int_equal(packet.samples, samples);
        assert_int_equal(packet.channels, channels);
        assert_int_equal(packet.frame_count, frames);
        if (count > 1) /* the encoder's delay is in the first step */
            assert_int_equal(rtp.time - last_time, samples);
        last_time = rtp.time;
        assert_int_equal(jt_opus_pack(rtp.payload.data, rtp.payload.size, &sink), 1);
        assert_int_equal(packets.list[0].flags, 0);
        assert_int_equal(jt_opus_unpack(packets.list, 1, &w), 0);
        assert_int_equal(w.size, rtp.payload.size);
        assert_memory_equal(out, rtp.payload.data, w.size);
        packets_clear(&packets);
    }
    assert_true(count > 3);
    free(dump.data);
}

static void test_packets_of_libopus(void **state)
{
    (void)state;
    check_stream("opus20.rtp", 960, 2, 1);
    check_stream("opus60.rtp", 2880, 1, 3); /* code 3 */
    check_stream("opus2.rtp", 120, 1, 1);
}

static void fill(uint8_t *data, size_t size, const char *head)
{
    struct bytes bytes = hex(head);

    memset(data, 0x11, size);
    memcpy(data, bytes.data, bytes.size);
    free(bytes.data);
}

/*
 * RFC 6716 §3.4 [R1]–[R7], each rule at its edge. TOC 0xf8: CELT FB 20 ms mono; 0xe0: 2.5 ms; 0x18:
 * SILK 60 ms.
 */
static const struct {
    const char *head;
    size_t size;
    int frames; /* or an error */
} rules[] = {
    {"", 0, -EBADMSG}, /* [R1] */
    {"f8", 1, 1},      /* a frame of 0 bytes: DTX */
    {"f8", 1276, 1},   /* [R2] 1,275 */
    {"f8", 1277, -EBADMSG},
    {"f9", 3, 2}, /* [R3] */
    {"f9", 2, -EBADMSG},
    {"f9", 2551, 2},
    {"f9", 2553, -EBADMSG},
    {"fa 01", 3, 2}, /* [R4] */
    {"fa", 1, -EBADMSG},
    {"fa fc", 2, -EBADMSG}, /* cut in a two-byte length */
    {"fa 02", 3, -EBADMSG},
    {"fa fcff", 1275, 2}, /* 252 + 4 * 255 = 1,272 and 0 */
    {"fa fcff", 1274, -EBADMSG},
    {"fb", 1, -EBADMSG},    /* [R6], [R7] */
    {"fb 00", 2, -EBADMSG}, /* no frames */
    {"fb 06", 8, 6},        /* 120 ms */
    {"fb 07", 9, -EBADMSG}, /* [R5] 140 ms */
    {"e3 30", 50, 48},      /* 48 of 2.5 ms */
    {"e3 31", 51, -EBADMSG},
    {"1b 02", 4, 2}, /* 2 of 60 ms */
    {"1b 03", 5, -EBADMSG},
    {"fb 03", 4, -EBADMSG},     /* 2 bytes don't divide by 3 */
    {"fb 43 02", 8, 3},         /* 2 bytes of padding, 3 of data */
    {"fb 43 06", 8, -EBADMSG},  /* padding past the end */
    {"fb 41 ff00", 4 + 254, 1}, /* 254 bytes of padding, a frame of 0 */
    {"fb 41 ff00", 4 + 253, -EBADMSG},
    {"fb 41 ffffff", 5, -EBADMSG}, /* a padding count without end */
    {"fb 83 0101", 7, 3},          /* VBR */
    {"fb 83 0104", 7, -EBADMSG},
    {"fb 83 01", 3, -EBADMSG},
    {"fb 82 fc", 3, -EBADMSG},
    {"fb 81", 1277, 1},
    {"fb 81", 1278, -EBADMSG},
    {"fb c2 01 01", 6, 2}, /* padding 1, frames 1 and 1 */
};

static void test_rules_of_rfc_6716(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(rules); i++) {
        uint8_t buffer[4096];
        struct jt_opus_packet packet = {0};
        struct bytes bytes;
        int err;

        fill(buffer, sizeof(buffer), rules[i].head);
        bytes = bytes_copy(buffer, rules[i].size);
        err = jt_opus_parse(bytes.data, bytes.size, &packet);
        if (err != JT_MIN(rules[i].frames, 0) ||
            (err == 0 && packet.frame_count != rules[i].frames))
            fail_msg("%s, %zu bytes: %d, %u frames", rules[i].head, rules[i].size, err,
                     packet.frame_count);
        free(bytes.data);
    }
}

/* All heads of four bytes at a few sizes: never over 120 ms, never a read past the end. */
static void test_every_head(void **state)
{
    (void)state;
    for (unsigned toc = 0; toc < 256; toc++)
        for (unsigned second = 0; second < 256; second++)
            for (size_t size = 1; size < 12; size++) {
                uint8_t head[12] = {(uint8_t)toc, (uint8_t)second, (uint8_t)(second * 3),
                                    (uint8_t)(toc ^ second)};
                struct bytes bytes = bytes_copy(head, size);
                struct jt_opus_packet packet;

                if (jt_opus_parse(bytes.data, bytes.size, &packet) == 0)
                    assert_in_range(packet.samples, 120, JT_OPUS_PACKET_MAX_SAMPLES);
                free(bytes.data);
            }
}

static void test_pack_and_unpack_refuse(void **state)
{
    struct jt_packet_sink sink = packets_sink(&packets);
    uint8_t large[JT_PAYLOAD_MAX_BYTES + 1] = {0xf8}, out[16];
    struct jt_payload lie = {.data = large, .size = 4, .flags = JT_PACKET_PADDING};
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    assert_int_equal(jt_opus_pack(large, sizeof(large), &sink), -EMSGSIZE);
    assert_int_equal(jt_opus_pack(large, 0, &sink), -EBADMSG);
    assert_int_equal(jt_opus_pack(large, sizeof(large) - 1, &sink), 1);
    packets_clear(&packets);
    packets.fail_at = 1;
    assert_int_equal(jt_opus_pack(large, 10, &sink), -ENOBUFS);
    packets.fail_at = 0;
    assert_int_equal(jt_opus_unpack(&lie, 1, &w), -EBADMSG); /* a padding count of 0 */
    large[3] = 2;
    assert_int_equal(jt_opus_unpack(&lie, 1, &w), 0);
    assert_int_equal(w.size, 2);
    assert_int_equal(jt_opus_unpack(&lie, 0, &w), -EBADMSG);
    lie = (struct jt_payload){.data = large, .size = 100};
    assert_int_equal(jt_opus_unpack(&lie, 1, &w), -EMSGSIZE);
    assert_int_equal(w.size, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_durations),
        cmocka_unit_test(test_packets_of_libopus),
        cmocka_unit_test(test_rules_of_rfc_6716),
        cmocka_unit_test(test_every_head),
        cmocka_unit_test(test_pack_and_unpack_refuse),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
