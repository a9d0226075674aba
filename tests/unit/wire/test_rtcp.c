#include "wire/rtcp.h"

#include <errno.h>

#include "base/writer.h"
#include "wire_test.h"

static int begin_hex(const char *hex, struct jt_rtcp_walk *walk)
{
    static uint8_t bytes[JT_RTCP_COMPOUND_MAX_BYTES]; /* what is parsed borrows from it */

    return jt_rtcp_begin(bytes, from_hex(hex, bytes, sizeof(bytes)), walk);
}

static struct jt_rtcp_packet first_of(const char *hex)
{
    struct jt_rtcp_packet packet;
    struct jt_rtcp_walk walk;

    assert_int_equal(begin_hex(hex, &walk), 0);
    assert_true(jt_rtcp_next(&walk, &packet));
    return packet;
}

static struct jt_rtcp_feedback feedback_of(const char *hex)
{
    struct jt_rtcp_packet packet = first_of(hex);
    struct jt_rtcp_feedback feedback;

    assert_int_equal(jt_rtcp_parse_feedback(&packet, &feedback), 0);
    return feedback;
}

/* A report of GStreamer 1.22's rtpsession: RR without blocks, SDES with CNAME and TOOL. */
static void test_gstreamer_compound(void **state)
{
    struct jt_rtcp_report_block block;
    struct jt_rtcp_packet packet;
    struct jt_rtcp_walk walk;
    struct jt_text cname;
    uint32_t ssrc;

    (void)state;
    assert_int_equal(begin_hex("80c90001a8dea3f0 81ca000ca8dea3f0011c7573657233323331393739303236"
                               "40686f73742d356166313739613106094753747265616d6572000000",
                               &walk),
                     0);
    assert_true(jt_rtcp_next(&walk, &packet));
    assert_int_equal(packet.type, JT_RTCP_RR);
    assert_int_equal(packet.count, 0);
    assert_int_equal(jt_rtcp_parse_sender(&packet, &ssrc), 0);
    assert_int_equal(ssrc, 0xa8dea3f0);
    assert_false(jt_rtcp_report_block_at(&packet, 0, &block));
    assert_true(jt_rtcp_next(&walk, &packet));
    assert_int_equal(packet.type, JT_RTCP_SDES);
    assert_int_equal(jt_rtcp_sdes_cname(&packet, 0xa8dea3f0, &cname), 0);
    assert_true(jt_text_is(cname, "user3231979026@host-5af179a1"));
    assert_int_equal(jt_rtcp_sdes_cname(&packet, 1, &cname), -ENOENT);
    assert_false(jt_rtcp_next(&walk, &packet));
}

/* RFC 3550 §6.4.1, laid out by hand; the lost count is negative, the NTP time at its end. */
static const char sr_hex[] = "82c80012 11223344 ffffffffffffffff 00015f90 0000001e 00000258"
                             "aabbccdd 40fffffe 0001abcd 00000005 12345678 00010000"
                             "00000001 ff7fffff 00000000 ffffffff 00000000 00000000";

static void test_sender_report(void **state)
{
    struct jt_rtcp_packet packet = first_of(sr_hex);
    struct jt_rtcp_report_block block;
    struct jt_rtcp_sr sr;

    (void)state;
    assert_int_equal(jt_rtcp_parse_sr(&packet, &sr), 0);
    assert_int_equal(sr.ssrc, 0x11223344);
    assert_true(sr.ntp == UINT64_MAX);
    assert_int_equal(sr.rtp_timestamp, 90000);
    assert_int_equal(sr.packets, 30);
    assert_int_equal(sr.octets, 600);
    assert_true(jt_rtcp_report_block_at(&packet, 0, &block));
    assert_int_equal(block.ssrc, 0xaabbccdd);
    assert_int_equal(block.fraction_lost, 0x40);
    assert_int_equal(block.packets_lost, -2);
    assert_int_equal(block.highest_sequence, 0x1abcd);
    assert_int_equal(block.jitter, 5);
    assert_int_equal(block.last_sr, 0x12345678);
    assert_int_equal(block.delay_sr, 0x10000);
    assert_true(jt_rtcp_report_block_at(&packet, 1, &block));
    assert_int_equal(block.packets_lost, 0x7fffff);
    assert_false(jt_rtcp_report_block_at(&packet, 2, &block));
    packet.count = 3; /* says three, holds two */
    assert_int_equal(jt_rtcp_parse_sr(&packet, &sr), -EBADMSG);
    assert_false(jt_rtcp_report_block_at(&packet, 2, &block));
}

static void test_write_sr_compound(void **state)
{
    static const struct jt_rtcp_sr sr = {.ssrc = 0x11223344,
                                         .ntp = UINT64_MAX,
                                         .rtp_timestamp = 90000,
                                         .packets = 30,
                                         .octets = 600};
    static const struct jt_rtcp_report_block blocks[] = {
        {0xaabbccdd, 0x40, -2, 0x1abcd, 5, 0x12345678, 0x10000},
        {1, 0xff, INT32_MAX, 0, UINT32_MAX, 0, 0},
    };
    uint8_t want[256];
    size_t want_size = from_hex(sr_hex, want, sizeof(want));
    uint8_t out[256];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_rtcp_write_sr(&w, &sr, blocks, 2);
    assert_int_equal(w.size, want_size);
    assert_memory_equal(out, want, want_size);
    jt_rtcp_write_sdes(&w, 0x11223344, jt_text_of("abcd"));
    want_size += from_hex("81ca0003 11223344 0104 61626364 0000", want + want_size, 64);
    jt_rtcp_write_bye(&w, 0x11223344);
    want_size += from_hex("81cb0001 11223344", want + want_size, 64);
    jt_rtcp_write_rr(&w, 7, NULL, 0);
    want_size += from_hex("80c90001 00000007", want + want_size, 64);
    assert_int_equal(w.size, want_size);
    assert_memory_equal(out, want, want_size);
    /* the end marker takes a word of its own when the text fills the last */
    w = jt_writer_of(out, sizeof(out));
    jt_rtcp_write_sdes(&w, 1, jt_text_of("ab"));
    want_size = from_hex("81ca0003 00000001 01026162 00000000", want, 64);
    assert_int_equal(w.size, want_size);
    assert_memory_equal(out, want, want_size);
}

static void test_write_limits(void **state)
{
    static const struct jt_rtcp_report_block blocks[32];
    static const struct jt_rtcp_sr sr;
    char name[257];
    uint8_t out[2048];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    memset(name, 'n', 256);
    name[256] = '\0';
    jt_rtcp_write_rr(&w, 1, blocks, 31);
    assert_false(w.failed);
    jt_rtcp_write_rr(&w, 1, blocks, 32);
    assert_true(w.failed);
    w = jt_writer_of(out, sizeof(out));
    jt_rtcp_write_sr(&w, &sr, blocks, 32);
    assert_true(w.failed);
    w = jt_writer_of(out, sizeof(out));
    jt_rtcp_write_sdes(&w, 1, jt_text_of(name));
    assert_true(w.failed);
    w = jt_writer_of(out, sizeof(out));
    name[255] = '\0';
    jt_rtcp_write_sdes(&w, 1, jt_text_of(name));
    assert_false(w.failed);
}

static void test_bye(void **state)
{
    struct jt_rtcp_packet packet = first_of("82cb0004 00000001 00000002 07676f6f64627965");
    uint32_t ssrc;

    (void)state;
    assert_true(jt_rtcp_bye_at(&packet, 0, &ssrc));
    assert_int_equal(ssrc, 1);
    assert_true(jt_rtcp_bye_at(&packet, 1, &ssrc));
    assert_int_equal(ssrc, 2);
    assert_false(jt_rtcp_bye_at(&packet, 2, &ssrc));
    packet = first_of("9fcb0001 00000001"); /* says 31 */
    assert_true(jt_rtcp_bye_at(&packet, 0, &ssrc));
    assert_false(jt_rtcp_bye_at(&packet, 1, &ssrc));
    packet = first_of("80cb0000");
    assert_false(jt_rtcp_bye_at(&packet, 0, &ssrc));
}

/* RFC 4585 §6.2.1: bit i of the mask says that packet PID + i + 1 is lost. */
static void test_nack(void **state)
{
    static const uint16_t want[] = {0xfffe, 0xffff, 14, 100};
    struct jt_rtcp_feedback feedback = feedback_of("81cd0004 00000001 00000002 fffe8001 00640000");
    uint16_t sequences[64];
    uint8_t bytes[64];
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    assert_int_equal(feedback.sender_ssrc, 1);
    assert_int_equal(feedback.media_ssrc, 2);
    assert_int_equal(jt_rtcp_nack_expand(&feedback, sequences, 64), 4);
    assert_memory_equal(sequences, want, sizeof(want));
    assert_int_equal(jt_rtcp_nack_expand(&feedback, sequences, 3), 3);
    jt_rtcp_write_nack(&w, 1, 2, want, 4);
    assert_int_equal(w.size, from_hex("81cd0004 00000001 00000002 fffe8001 00640000", bytes, 64));
    assert_memory_equal(out, bytes, w.size);
    feedback = feedback_of("81cd0002 00000001 00000002");
    assert_int_equal(jt_rtcp_nack_expand(&feedback, sequences, 64), -EBADMSG);
    feedback = feedback_of("81ce0002 00000001 00000002");
    assert_int_equal(jt_rtcp_nack_expand(&feedback, sequences, 64), -EBADMSG);
}

static void test_pli_and_fir(void **state)
{
    struct jt_rtcp_feedback pli = feedback_of("81ce0002 00000001 00000002");
    struct jt_rtcp_feedback fir =
        feedback_of("84ce0006 00000001 00000000 00000005 07000000 00000006 08000000");
    uint8_t bytes[16];
    uint8_t out[16];
    struct jt_writer w = jt_writer_of(out, sizeof(out));
    uint32_t ssrc;
    uint8_t command;

    (void)state;
    assert_true(jt_rtcp_asks_keyframe(&pli, 2));
    assert_false(jt_rtcp_asks_keyframe(&pli, 1));
    assert_true(jt_rtcp_asks_keyframe(&fir, 5));
    assert_true(jt_rtcp_asks_keyframe(&fir, 6));
    assert_false(jt_rtcp_asks_keyframe(&fir, 1));
    assert_true(jt_rtcp_fir_at(&fir, 1, &ssrc, &command));
    assert_int_equal(ssrc, 6);
    assert_int_equal(command, 8);
    assert_false(jt_rtcp_fir_at(&fir, 2, &ssrc, &command));
    assert_false(jt_rtcp_fir_at(&pli, 0, &ssrc, &command));
    jt_rtcp_write_pli(&w, 1, 2);
    assert_int_equal(w.size, from_hex("81ce0002 00000001 00000002", bytes, 16));
    assert_memory_equal(out, bytes, w.size);
}

/* draft-alvestrand-rmcat-remb-03 §2.2: exponent 6 bits, mantissa 18 bits */
static void test_s6_remb(void **state)
{
    static const struct {
        const char *hex;
        int err;
        uint32_t bps;
    } cases[] = {
        {"8fce0005 00000001 00000000 52454d42 01 0bfff0 00000002", 0, 0x3fff0 << 2},
        {"8fce0005 00000001 00000000 52454d42 01 000001 00000002", 0, 1},
        {"8fce0005 00000001 00000000 52454d42 01 fc0000 00000002", 0, 0},
        {"8fce0005 00000001 00000000 52454d42 01 ffffff 00000002", 0, UINT32_MAX},
        {"8fce0005 00000001 00000000 52454d42 01 fc0001 00000002", 0, UINT32_MAX},
        {"8fce0005 00000001 00000000 52454d42 01 fc0002 00000002", 0, UINT32_MAX},
        {"8fce0005 00000001 00000000 52454d42 01 3bffff 00000002", 0, 0xffffc000},
        {"8fce0005 00000001 00000000 52454d42 02 000001 00000002", -EBADMSG,
         0}, /* two, holds one */
        {"8fce0005 00000001 00000000 52454d43 01 000001 00000002", -EBADMSG, 0}, /* "REMC" */
        {"8fce0003 00000001 00000000 52454d42", -EBADMSG, 0},
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(cases); i++) {
        struct jt_rtcp_feedback feedback = feedback_of(cases[i].hex);
        uint32_t bps = 77;

        assert_int_equal(jt_rtcp_parse_remb(&feedback, &bps), cases[i].err);
        assert_int_equal(bps, cases[i].err ? 77 : cases[i].bps);
    }
}

static void test_xr(void **state)
{
    struct jt_rtcp_packet packet;
    struct jt_rtcp_dlrr dlrr;
    uint64_t ntp;

    (void)state;
    packet = first_of("80cf0004 00000001 04000002 0123456789abcdef");
    assert_int_equal(jt_rtcp_xr_rrtr(&packet, &ntp), 0);
    assert_true(ntp == 0x0123456789abcdef);
    assert_int_equal(jt_rtcp_xr_dlrr(&packet, 5, &dlrr), -ENOENT);
    packet = first_of("80cf000b 00000001 04000002 0123456789abcdef"
                      "05000006 00000009 00000001 00000002 00000005 12345678 00010000");
    assert_int_equal(jt_rtcp_xr_dlrr(&packet, 5, &dlrr), 0);
    assert_int_equal(dlrr.last_rr, 0x12345678);
    assert_int_equal(dlrr.delay_rr, 0x10000);
    assert_int_equal(jt_rtcp_xr_dlrr(&packet, 6, &dlrr), -ENOENT);
    packet = first_of("80cf0002 00000001 05000006"); /* block past the end */
    assert_int_equal(jt_rtcp_xr_dlrr(&packet, 5, &dlrr), -EBADMSG);
    packet = first_of("80cf0003 00000001 04000001 00000000"); /* RRTR of one word */
    assert_int_equal(jt_rtcp_xr_rrtr(&packet, &ntp), -EBADMSG);
}

static void test_s6_rtcp_torture(void **state)
{
    static const char *const bad[] = {
        "",
        "80c900",                              /* half a header */
        "80c90001",                            /* body missing */
        "80c90001 000000",                     /* cut */
        "80c9ffff 00000001",                   /* 256 KB */
        "40c90001 00000001",                   /* version 1 */
        "c0c90001 00000001",                   /* version 3 */
        "80c90001 00000001 00",                /* a byte too many */
        "80c90001 00000001 40ca0000",          /* the second of version 1 */
        "a0c90001 00000000",                   /* padding of 0 */
        "a0c90001 00000005",                   /* padding larger than the body */
        "a0c90000",                            /* padding without a body */
        "a0c90001 00000004 80c90001 00000001", /* padding not on the last */
    };
    static uint8_t large[JT_RTCP_COMPOUND_MAX_BYTES + 4] = {0x80, 0xc9};
    struct jt_rtcp_walk walk;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        if (begin_hex(bad[i], &walk) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(jt_rtcp_begin(large, sizeof(large), &walk), -EMSGSIZE);
    assert_int_equal(begin_hex("a0c90002 00000001 00000004", &walk), 0);
    assert_true(jt_rtcp_is("\x80\xc8", 2));
    assert_true(jt_rtcp_is("\x81\xcf", 2));
    assert_false(jt_rtcp_is("\x80\x60", 2)); /* payload type 96 */
    assert_false(jt_rtcp_is("\x80\xe0", 2)); /* the same with its marker */
    assert_false(jt_rtcp_is("\x80", 1));
}

/* RFC 3550 §6.5: a chunk is filled to a whole word, behind its end marker. */
static void test_sdes_second_chunk(void **state)
{
    struct jt_rtcp_packet packet =
        first_of("82ca0006 00000001 01026162 00000000 00000002 0103787a79 00 0000");
    struct jt_text cname;

    (void)state;
    assert_int_equal(jt_rtcp_sdes_cname(&packet, 2, &cname), 0);
    assert_true(jt_text_is(cname, "xzy"));
}

static void test_s6_sdes_torture(void **state)
{
    static const char *const bad[] = {
        "81ca0000",                            /* no chunk */
        "81ca0002 00000001 01ff6162",          /* text past the end */
        "81ca0002 00000001 01026162",          /* no end marker */
        "82ca0003 00000001 01026162 00000000", /* two chunks, holds one */
    };
    struct jt_text cname;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct jt_rtcp_packet packet = first_of(bad[i]);

        assert_int_equal(jt_rtcp_sdes_cname(&packet, 2, &cname), -EBADMSG);
    }
}

struct heard {
    unsigned count;
    uint16_t sequences[64];
    bool is_received[64];
    int32_t deltas[64];
};

static void hear(void *context, uint16_t sequence, bool is_received, int32_t delta_250us)
{
    struct heard *heard = context;

    if (heard->count < 64) {
        heard->sequences[heard->count] = sequence;
        heard->is_received[heard->count] = is_received;
        heard->deltas[heard->count] = delta_250us;
    }
    heard->count++;
}

/* Feedback of GStreamer 1.22's rtpsession, to packets 65530.. of which the 4th, 8th and 9th were held back. */
static void test_gstreamer_twcc(void **state)
{
    static const bool received[] = {1, 1, 1, 0, 1, 1, 1, 0, 0, 1};
    static const int32_t deltas[] = {0xbe, 0x169, 0xc, 0, 0xd, 0xc, 0xd, 0, 0, 0xc};
    struct jt_rtcp_feedback feedback =
        feedback_of("8fcd0007a8dea3f011223344fffa000a00001600d915c100be01690c0d0c0d0c");
    struct heard heard = {0};
    struct jt_rtcp_twcc twcc;

    (void)state;
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(twcc.base_sequence, 65530);
    assert_int_equal(twcc.status_count, 10);
    assert_int_equal(twcc.reference_time_64ms, 0x16);
    assert_int_equal(twcc.feedback_count, 0);
    assert_int_equal(heard.count, 10);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(heard.sequences[i], (uint16_t)(65530 + i));
        assert_int_equal(heard.is_received[i], received[i]);
        assert_int_equal(heard.deltas[i], deltas[i]);
    }
    /* the next ones: one byte of fill, and a run-length chunk */
    memset(&heard, 0, sizeof(heard));
    feedback =
        feedback_of("8fcd0008a8dea3f0112233440004000a00001801d955d5007201690c0d110c0d0c0d0d00");
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(heard.count, 10);
    assert_int_equal(heard.deltas[1], 0x169);
    assert_int_equal(heard.deltas[9], 0xd);
    memset(&heard, 0, sizeof(heard));
    feedback = feedback_of("8fcd0007a8dea3f011223344000f000900001a02200950180c0d0c0d0c0d0d00");
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(heard.count, 9);
    assert_int_equal(heard.deltas[0], 0x50);
    assert_int_equal(heard.deltas[8], 0xd);
}

/* draft-holmer…-01 §3.1.3 and §3.1.4 have these chunks as their examples. */
static void test_twcc_chunks(void **state)
{
    struct jt_rtcp_feedback feedback;
    struct heard heard = {0};
    struct jt_rtcp_twcc twcc;

    (void)state;
    /* run length: 221 packets not received */
    feedback = feedback_of("8fcd0005 00000001 00000002 000000dd 80000000 00dd0000");
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(heard.count, 221);
    assert_false(heard.is_received[63]);
    assert_int_equal(twcc.reference_time_64ms, -0x800000);
    /* one-bit vector: 1 lost, 5 received, 3 lost, 3 received, 2 lost */
    memset(&heard, 0, sizeof(heard));
    feedback =
        feedback_of("8fcd0007 00000001 00000002 0000000e 00000000 9f1c 0102030405060708 0000");
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(heard.count, 14);
    assert_false(heard.is_received[0]);
    assert_int_equal(heard.deltas[1], 1);
    assert_int_equal(heard.deltas[5], 5);
    assert_false(heard.is_received[6]);
    assert_int_equal(heard.deltas[11], 8);
    assert_false(heard.is_received[12]);
}

/* libwebrtc fills up by RTCP padding of 1 to 3 bytes: against RFC 3550 §6.4.1, but in every browser. */
static void test_twcc_libwebrtc_padding(void **state)
{
    struct jt_rtcp_feedback feedback =
        feedback_of("afcd0006 00000001 00000002 00000002 00000000 e400 8000 05 000003");
    struct heard heard = {0};
    struct jt_rtcp_twcc twcc;

    (void)state;
    assert_int_equal(feedback.size_bytes, 8 + 2 + 3);
    assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
    assert_int_equal(heard.count, 2);
    assert_int_equal(heard.deltas[0], -0x8000);
    assert_int_equal(heard.deltas[1], 5);
}

static void test_s6_twcc_lies(void **state)
{
    static const char *const bad[] = {
        "8fcd0003 00000001 00000002 00000001",                            /* no header */
        "8fcd0004 00000001 00000002 00000001 00000000",                   /* no chunk */
        "8fcd0005 00000001 00000002 000000de 00000000 00dd0000",          /* 222, tells 221 */
        "8fcd0005 00000001 00000002 00000003 00000000 20030101",          /* a delta missing */
        "8fcd0005 00000001 00000002 00000002 00000000 40020000",          /* half the deltas */
        "8fcd0005 00000001 00000002 00000001 00000000 60010000",          /* reserved symbol */
        "8fcd0005 00000001 00000002 00000001 00000000 f0000000",          /* the same in a vector */
        "8fcd0005 00000001 00000002 00000001 00000000 00000001",          /* run of 0 */
        "8fcd0006 00000001 00000002 00002001 00000000 1fff1fff 00000000", /* over our limit */
        "8fcd0006 00000001 00000002 0000ffff 00000000 1fff1fff 1fff1fff", /* 65,535 */
        "8ecd0005 00000001 00000002 000000dd 00000000 00dd0000",          /* another format */
    };
    struct jt_rtcp_twcc twcc;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct jt_rtcp_feedback feedback = feedback_of(bad[i]);
        struct heard heard = {0};
        int err = jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard);

        if (err != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(heard.count, 0); /* nothing of a lie is believed */
    }
}

/* The arrivals behind GStreamer's feedback give GStreamer's bytes. */
static void test_write_twcc_like_gstreamer(void **state)
{
    static const struct {
        uint16_t offset;
        int ticks;
    } seen[] = {{0, 0xbe}, {1, 0x169}, {2, 0xc}, {4, 0xd}, {5, 0xc}, {6, 0xd}, {9, 0xc}};
    struct jt_rtcp_arrival arrivals[JT_COUNT(seen)];
    struct jt_rtcp_twcc_report report = {.sender_ssrc = 0xa8dea3f0,
                                         .media_ssrc = 0x11223344,
                                         .base_sequence = 65530,
                                         .arrivals = arrivals,
                                         .arrival_count = JT_COUNT(seen)};
    int64_t time_us = 0x16 * 64000;
    uint8_t want[64];
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    for (size_t i = 0; i < JT_COUNT(seen); i++) {
        time_us += seen[i].ticks * 250;
        arrivals[i].sequence = (uint16_t)(65530 + seen[i].offset);
        arrivals[i].time_us = time_us;
    }
    assert_int_equal(jt_rtcp_write_twcc(&w, &report), JT_COUNT(seen));
    assert_int_equal(
        w.size,
        from_hex("8fcd0007a8dea3f011223344fffa000a00001600d915c100be01690c0d0c0d0c", want, 64));
    assert_memory_equal(out, want, w.size);
    w = jt_writer_of(out, 31);
    assert_int_equal(jt_rtcp_write_twcc(&w, &report), -ENOBUFS);
}

/* Reads back what was written: each arrival within 250 us, each packet of the first `capacity` bytes. */
static void check_report(const struct jt_rtcp_arrival *arrivals, size_t count, uint16_t base)
{
    size_t done = 0;

    while (done < count) {
        struct jt_rtcp_twcc_report report = {
            .base_sequence = base, .arrivals = arrivals + done, .arrival_count = count - done};
        struct heard heard = {0};
        struct jt_rtcp_feedback feedback;
        struct jt_rtcp_packet packet;
        struct jt_rtcp_twcc twcc;
        struct jt_rtcp_walk walk;
        uint8_t out[1200];
        struct jt_writer w = jt_writer_of(out, sizeof(out));
        int taken = jt_rtcp_write_twcc(&w, &report);

        assert_true(taken >= 1 && taken <= JT_RTCP_TWCC_ARRIVALS_MAX);
        assert_int_equal(w.size % 4, 0);
        assert_int_equal(jt_rtcp_begin(out, w.size, &walk), 0);
        assert_true(jt_rtcp_next(&walk, &packet));
        assert_int_equal(jt_rtcp_parse_feedback(&packet, &feedback), 0);
        assert_int_equal(jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard), 0);
        done += (size_t)taken;
        assert_int_equal((uint16_t)(twcc.base_sequence + twcc.status_count - 1),
                         arrivals[done - 1].sequence);
        base = (uint16_t)(arrivals[done - 1].sequence + 1);
    }
}

static void test_write_twcc_worst_cases(void **state)
{
    struct jt_rtcp_arrival arrivals[600];
    uint64_t random = 99;

    (void)state;
    for (unsigned pattern = 0; pattern < 6; pattern++) {
        uint16_t sequence = 65000;
        int64_t time_us = 1000000;

        for (unsigned i = 0; i < JT_COUNT(arrivals); i++) {
            static const uint16_t steps[] = {1, 9, 8191, 9000, 2, 1};
            static const int64_t times[] = {1000, 100000, 250, 10, 9000000, 0};

            sequence = (uint16_t)(sequence + steps[pattern]);
            time_us += times[pattern];
            if (pattern == 5) /* out of order in time, by up to 3 s */
                time_us += (int64_t)(next_random(&random) % 6000000) - 3000000;
            arrivals[i] = (struct jt_rtcp_arrival){.sequence = sequence, .time_us = time_us};
        }
        check_report(arrivals, JT_COUNT(arrivals), 65001);
    }
    check_report(arrivals, 1, (uint16_t)(arrivals[0].sequence - 8191));
    check_report(arrivals, 1, (uint16_t)(arrivals[0].sequence - 8192)); /* base moved up */
}

/* A number seen before, or older, would need a status before the last: it waits for the next packet. */
static void test_write_twcc_out_of_order(void **state)
{
    static const struct jt_rtcp_arrival arrivals[] = {
        {10, 1000}, {11, 2000}, {11, 3000}, {9, 4000}};
    struct jt_rtcp_twcc_report report = {
        .base_sequence = 10, .arrivals = arrivals, .arrival_count = JT_COUNT(arrivals)};
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    assert_int_equal(jt_rtcp_write_twcc(&w, &report), 2);
    report.arrival_count = 0;
    assert_int_equal(jt_rtcp_write_twcc(&w, &report), 0);
}

static void read_everything(const uint8_t *data, size_t size)
{
    struct heard heard = {0};
    struct jt_rtcp_report_block block;
    struct jt_rtcp_feedback feedback;
    struct jt_rtcp_packet packet;
    struct jt_rtcp_dlrr dlrr;
    struct jt_rtcp_twcc twcc;
    struct jt_rtcp_walk walk;
    struct jt_rtcp_sr sr;
    struct jt_text cname;
    uint16_t sequences[32];
    uint64_t ntp;
    uint32_t value;
    int ignored = 0;

    if (jt_rtcp_begin(data, size, &walk) < 0)
        return;
    while (jt_rtcp_next(&walk, &packet)) {
        ignored += jt_rtcp_parse_sr(&packet, &sr);
        ignored += jt_rtcp_parse_sender(&packet, &value);
        ignored += jt_rtcp_sdes_cname(&packet, 0x11223344, &cname);
        ignored += jt_rtcp_xr_rrtr(&packet, &ntp);
        ignored += jt_rtcp_xr_dlrr(&packet, 5, &dlrr);
        for (size_t i = 0; jt_rtcp_report_block_at(&packet, i, &block); i++)
            ignored++;
        for (size_t i = 0; jt_rtcp_bye_at(&packet, i, &value); i++)
            ignored++;
        if (jt_rtcp_parse_feedback(&packet, &feedback) < 0)
            continue;
        assert_true(jt_rtcp_nack_expand(&feedback, sequences, 32) <= 32);
        ignored += jt_rtcp_asks_keyframe(&feedback, 5);
        ignored += jt_rtcp_parse_remb(&feedback, &value);
        ignored += jt_rtcp_parse_twcc(&feedback, &twcc, hear, &heard);
    }
    (void)ignored;
}

static void test_s6_every_cut(void **state)
{
    static const char *const compounds[] = {
        "82c80012 11223344 ffffffffffffffff 00015f90 0000001e 00000258"
        "aabbccdd 40fffffe 0001abcd 00000005 12345678 00010000"
        "00000001 ff7fffff 00000000 ffffffff 00000000 00000000"
        "81ca0003 11223344 0104 61626364 0000 81cb0001 11223344",
        "80cf000b 00000001 04000002 0123456789abcdef"
        "05000006 00000009 00000001 00000002 00000005 12345678 00010000"
        "81cd0004 00000001 00000002 fffe8001 00640000"
        "84ce0006 00000001 00000000 00000005 07000000 00000006 08000000"
        "8fce0005 00000001 00000000 52454d42 01 0bfff0 00000002",
        "8fcd0007a8dea3f011223344fffa000a00001600d915c100be01690c0d0c0d0c",
        "afcd0006 00000001 00000002 00000002 00000000 e400 8000 05 000003",
    };
    uint8_t bytes[512];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(compounds); i++)
        torture(bytes, from_hex(compounds[i], bytes, sizeof(bytes)), read_everything);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gstreamer_compound),
        cmocka_unit_test(test_sender_report),
        cmocka_unit_test(test_write_sr_compound),
        cmocka_unit_test(test_write_limits),
        cmocka_unit_test(test_bye),
        cmocka_unit_test(test_nack),
        cmocka_unit_test(test_pli_and_fir),
        cmocka_unit_test(test_s6_remb),
        cmocka_unit_test(test_xr),
        cmocka_unit_test(test_s6_rtcp_torture),
        cmocka_unit_test(test_sdes_second_chunk),
        cmocka_unit_test(test_write_twcc_out_of_order),
        cmocka_unit_test(test_s6_sdes_torture),
        cmocka_unit_test(test_gstreamer_twcc),
        cmocka_unit_test(test_twcc_chunks),
        cmocka_unit_test(test_twcc_libwebrtc_padding),
        cmocka_unit_test(test_s6_twcc_lies),
        cmocka_unit_test(test_write_twcc_like_gstreamer),
        cmocka_unit_test(test_write_twcc_worst_cases),
        cmocka_unit_test(test_s6_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
