/* A viewer's RTCP, written by hand after RFC 3550, RFC 4585, RFC 5104 and the drafts of REMB and
 * transport-cc. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/clock.h"
#include "rtc/feedback.h"
#include "rtc/rtp_out.h"

static const uint32_t VIDEO = 0xa1b2c3d4, AUDIO = 0x0badcafe, VIEWER = 0x11223344;

struct heard {
    int nacks, keyframes[2], reports, transports, rembs, byes;
    uint16_t sequence[4096];
    int stream;
    uint8_t fraction;
    int32_t lost;
    uint32_t jitter;
    int64_t rtt_us;
    uint16_t base, reported, missing;
    uint64_t bitrate_bps;
};

static void on_nack(void *arg, int stream, uint16_t sequence)
{
    struct heard *h = arg;

    h->stream = stream;
    h->sequence[h->nacks++] = sequence;
}

static void on_keyframe_request(void *arg, int stream)
{
    ((struct heard *)arg)->keyframes[stream]++;
}

static void on_report(void *arg, int stream, uint8_t fraction_lost, int32_t lost, uint32_t jitter,
                      int64_t rtt_us)
{
    struct heard *h = arg;

    h->reports++;
    h->stream = stream;
    h->fraction = fraction_lost;
    h->lost = lost;
    h->jitter = jitter;
    h->rtt_us = rtt_us;
}

static void on_transport_cc(void *arg, uint16_t base_sequence, uint16_t reported, uint16_t lost)
{
    struct heard *h = arg;

    h->transports++;
    h->base = base_sequence;
    h->reported = reported;
    h->missing = lost;
}

static void on_remb(void *arg, uint64_t bitrate_bps)
{
    struct heard *h = arg;

    h->rembs++;
    h->bitrate_bps = bitrate_bps;
}

static void on_bye(void *arg)
{
    ((struct heard *)arg)->byes++;
}

static const struct jt_feedback_ops ops = {.on_nack = on_nack,
                                           .on_keyframe_request = on_keyframe_request,
                                           .on_report = on_report,
                                           .on_transport_cc = on_transport_cc,
                                           .on_remb = on_remb,
                                           .on_bye = on_bye};

struct viewer {
    struct jt_rtp_out out[2];
    const struct jt_rtp_out *streams[2];
    struct jt_feedback feedback;
    struct heard heard;
    int64_t now_us, now_wall_us;
};

static int setup(void **state)
{
    struct viewer *v = calloc(1, sizeof(*v));

    v->out[0].ssrc = VIDEO;
    v->out[1].ssrc = AUDIO;
    v->streams[0] = &v->out[0];
    v->streams[1] = &v->out[1];
    v->now_us = 5 * JT_USEC_PER_SEC;
    v->now_wall_us = 1000000000 * (int64_t)JT_USEC_PER_SEC;
    *state = v;
    return 0;
}

static int teardown(void **state)
{
    free(*state);
    return 0;
}

static int handle(struct viewer *v, const uint8_t *data, size_t size)
{
    uint8_t *exact = malloc(size ? size : 1);
    int err;

    memcpy(exact, data, size);
    err = jt_feedback_handle(&v->feedback, v->streams, exact, size, v->now_us, v->now_wall_us, &ops,
                             &v->heard);
    free(exact);
    return err;
}

#define BE32(v)                                                                                    \
    (uint8_t)((v) >> 24 & 255), (uint8_t)((v) >> 16 & 255), (uint8_t)((v) >> 8 & 255),             \
        (uint8_t)((v)&255)
#define HANDLE(v, ...)                                                                             \
    handle(v, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

#define NACK(media, pid, blp)                                                                      \
    0x81, 205, 0, 3, BE32(VIEWER), BE32(media), (pid) >> 8 & 255, (pid)&255, (blp) >> 8, (blp)&255
#define PLI(media) 0x81, 206, 0, 2, BE32(VIEWER), BE32(media)
#define FIR(media, number) 0x84, 206, 0, 4, BE32(VIEWER), BE32(0), BE32(media), number, 0, 0, 0
#define RR(media, lsr, dlsr)                                                                       \
    0x81, 201, 0, 7, BE32(VIEWER), BE32(media), 64, 0xff, 0xff, 0xfe, BE32(70000), BE32(321),      \
        BE32(lsr), BE32(dlsr)
#define BYE(ssrc) 0x81, 203, 0, 1, BE32(ssrc)

static void test_nack(void **state)
{
    struct viewer *v = *state;

    assert_int_equal(HANDLE(v, NACK(VIDEO, 65534, 0x8005)), 0); /* and bits 0, 2 and 15 */
    assert_int_equal(v->heard.nacks, 4);
    assert_int_equal(v->heard.stream, 0);
    assert_int_equal(v->heard.sequence[0], 65534);
    assert_int_equal(v->heard.sequence[1], 65535);
    assert_int_equal(v->heard.sequence[2], 1);
    assert_int_equal(v->heard.sequence[3], 14);
    assert_int_equal(HANDLE(v, NACK(AUDIO, 65534, 0)), 0); /* streams do not mix */
    assert_int_equal(v->heard.nacks, 5);
    assert_int_equal(v->heard.stream, 1);
}

static void test_s6_feedback_for_foreign_streams(void **state)
{
    struct viewer *v = *state;

    assert_int_equal(HANDLE(v, NACK(0x55555555, 1, 0xffff)), 0);
    assert_int_equal(HANDLE(v, PLI(0x55555555)), 0);
    assert_int_equal(HANDLE(v, FIR(0x55555555, 1)), 0);
    assert_int_equal(HANDLE(v, RR(0x55555555, 0, 0)), 0);
    assert_int_equal(
        v->heard.nacks + v->heard.keyframes[0] + v->heard.keyframes[1] + v->heard.reports, 0);
    v->streams[1] = NULL; /* a session without audio */
    assert_int_equal(HANDLE(v, NACK(AUDIO, 1, 0)), 0);
    assert_int_equal(HANDLE(v, PLI(AUDIO)), 0);
    assert_int_equal(HANDLE(v, PLI(0)), 0);
    assert_int_equal(v->heard.nacks + v->heard.keyframes[0] + v->heard.keyframes[1], 0);
}

static void test_s7_nacks_within_a_round_trip(void **state)
{
    struct viewer *v = *state;

    assert_int_equal(HANDLE(v, NACK(VIDEO, 10, 0)), 0);
    v->now_us += 19 * JT_USEC_PER_MSEC;
    assert_int_equal(HANDLE(v, NACK(VIDEO, 10, 0)), 0);
    assert_int_equal(v->heard.nacks, 1);
    v->now_us += JT_USEC_PER_MSEC; /* 20 ms: the floor */
    assert_int_equal(HANDLE(v, NACK(VIDEO, 10, 0)), 0);
    assert_int_equal(v->heard.nacks, 2);
    v->feedback.rtt_us = 100 * JT_USEC_PER_MSEC;
    v->now_us += 99 * JT_USEC_PER_MSEC;
    assert_int_equal(HANDLE(v, NACK(VIDEO, 10, 0), NACK(VIDEO, 10, 0)), 0);
    assert_int_equal(v->heard.nacks, 2);
    v->now_us += JT_USEC_PER_MSEC;
    assert_int_equal(HANDLE(v, NACK(VIDEO, 10, 0), NACK(VIDEO, 10, 0)), 0);
    assert_int_equal(v->heard.nacks, 3);
}

/* As fast as it can for ten seconds. */
static void test_s7_keyframe_requests_are_merged(void **state)
{
    struct viewer *v = *state;

    for (int ms = 0; ms < 10000; ms++) {
        assert_int_equal(HANDLE(v, PLI(VIDEO), FIR(VIDEO, ms & 255)), 0);
        v->now_us += JT_USEC_PER_MSEC;
    }
    assert_int_equal(v->heard.keyframes[0], 20);
    assert_int_equal(v->heard.keyframes[1], 0);
    assert_int_equal(HANDLE(v, PLI(AUDIO)), 0); /* each stream has its own */
    assert_int_equal(v->heard.keyframes[1], 1);
}

static void test_receiver_report(void **state)
{
    struct viewer *v = *state;
    /* now is 0xbf454880.00000000 NTP: middle 0x48800000. SR half a second ago, held for 0.4 s: 0.1
     * s round trip. */
    assert_int_equal(HANDLE(v, RR(VIDEO, 0x487f8000, 0x6666)), 0);
    assert_int_equal(v->heard.reports, 1);
    assert_int_equal(v->heard.stream, 0);
    assert_int_equal(v->heard.fraction, 64);
    assert_int_equal(v->heard.lost, -2);
    assert_int_equal(v->heard.jitter, 321);
    assert_in_range(v->heard.rtt_us, 99900, 100100);
    assert_int_equal(HANDLE(v, RR(AUDIO, 0, 0)), 0); /* no SR seen: what is known stays */
    assert_int_equal(v->heard.stream, 1);
    assert_in_range(v->heard.rtt_us, 99900, 100100);
    assert_int_equal(HANDLE(v, RR(VIDEO, 0x487f8000, 0x4ccc)), 0); /* 0.2 s: an eighth of the way */
    assert_in_range(v->heard.rtt_us, 112000, 113000);
}

static void test_s6_round_trips_that_cannot_be(void **state)
{
    struct viewer *v = *state;
    static const uint32_t extremes[] = {1,          0x7fffffff, 0x80000000,
                                        0xffffffff, 0x48800001, 0x48700000};

    assert_int_equal(HANDLE(v, RR(VIDEO, 0x487f8000, 0x6666)), 0);
    for (size_t i = 0; i < JT_COUNT(extremes); i++)
        for (size_t j = 0; j < JT_COUNT(extremes); j++) {
            assert_int_equal(HANDLE(v, RR(VIDEO, extremes[i], extremes[j])), 0);
            assert_in_range(v->heard.rtt_us, 1, 10 * JT_USEC_PER_SEC);
        }
    v->feedback.rtt_us = 0;
    assert_int_equal(HANDLE(v, RR(VIDEO, 0x48800001, 0)), 0); /* from the future */
    assert_int_equal(v->heard.rtt_us, 0);
}

static void test_transport_cc(void **state)
{
    struct viewer *v = *state;

    /* base 0x0105, 8 statuses: run of 5 "small delta", then a vector of one-bit symbols 1,0,1; 7
     * deltas; padding */
    assert_int_equal(HANDLE(v, 0x8f, 205, 0, 7, BE32(VIEWER), BE32(VIDEO), 0x01, 0x05, 0, 8, 0, 0,
                            1, 0, 0x20, 5, 0xa8, 0, 4, 4, 4, 4, 4, 4, 4, 0),
                     0);
    assert_int_equal(v->heard.transports, 1);
    assert_int_equal(v->heard.base, 0x0105);
    assert_int_equal(v->heard.reported, 8);
    assert_int_equal(v->heard.missing, 1);
    /* a run length that lies about the deltas that follow */
    assert_int_equal(HANDLE(v, 0x8f, 205, 0, 5, BE32(VIEWER), BE32(VIDEO), 0x01, 0x05, 0x1f, 0xff,
                            0, 0, 1, 0, 0x3f, 0xff, 4, 0),
                     -EBADMSG);
    assert_int_equal(v->heard.transports, 1);
}

static void test_s6_remb(void **state)
{
    struct viewer *v = *state;

    assert_int_equal(HANDLE(v, 0x8f, 206, 0, 5, BE32(VIEWER), BE32(0), 'R', 'E', 'M', 'B', 1, 0x0c,
                            0x3d, 0x09, BE32(VIDEO)),
                     0);
    assert_int_equal(v->heard.rembs, 1);
    assert_int_equal(v->heard.bitrate_bps, 15625 << 3); /* 6-bit exponent 3, mantissa 0x03d09 */
    assert_int_equal(HANDLE(v, 0x8f, 206, 0, 5, BE32(VIEWER), BE32(0), 'R', 'E', 'M', 'B', 1, 0xff,
                            0xff, 0xff, BE32(VIDEO)),
                     0);
    assert_true(v->heard.bitrate_bps >= UINT32_MAX);
    assert_int_equal(HANDLE(v, 0x8f, 206, 0, 3, BE32(VIEWER), BE32(0), 'X', 'Y', 'Z', 'W'), 0);
    assert_int_equal(v->heard.rembs, 2);
}

static void test_s6_bye(void **state)
{
    struct viewer *v = *state;

    assert_int_equal(HANDLE(v, BYE(VIEWER)), 0); /* nobody said it was here */
    assert_int_equal(HANDLE(v, RR(VIDEO, 0, 0), BYE(0x55555555)), 0);
    assert_int_equal(HANDLE(v, BYE(VIDEO)), 0); /* ours */
    assert_int_equal(v->heard.byes, 0);
    assert_int_equal(HANDLE(v, RR(VIDEO, 0, 0), BYE(VIEWER)), 0);
    assert_int_equal(v->heard.byes, 1);
}

static void test_s6_peers_are_bounded(void **state)
{
    struct viewer *v = *state;

    for (uint32_t i = 0; i < 1000; i++)
        assert_int_equal(HANDLE(v, 0x80, 201, 0, 1, BE32(0x100 + i)), 0);
    assert_int_equal(v->feedback.peer_ssrcs_used, JT_FEEDBACK_PEER_SSRCS);
    assert_int_equal(HANDLE(v, 0x80, 201, 0, 1, BE32(VIDEO)), 0);
}

static void test_s6_every_cut_and_flip(void **state)
{
    struct viewer *v = *state;
    const uint8_t compound[] = {RR(VIDEO, 0x487f8000, 0x6666),
                                NACK(VIDEO, 65534, 0x8005),
                                PLI(VIDEO),
                                FIR(VIDEO, 1),
                                0x8f,
                                205,
                                0,
                                7,
                                BE32(VIEWER),
                                BE32(VIDEO),
                                0x01,
                                0x05,
                                0,
                                8,
                                0,
                                0,
                                1,
                                0,
                                0x20,
                                5,
                                0xa8,
                                0,
                                4,
                                4,
                                4,
                                4,
                                4,
                                4,
                                4,
                                0,
                                0x8f,
                                206,
                                0,
                                5,
                                BE32(VIEWER),
                                BE32(0),
                                'R',
                                'E',
                                'M',
                                'B',
                                1,
                                0x0c,
                                0x3d,
                                0x09,
                                BE32(VIDEO),
                                BYE(VIEWER)};
    uint8_t copy[sizeof(compound)];

    assert_int_equal(handle(v, compound, sizeof(compound)), 0);
    assert_int_equal(v->heard.byes, 1);
    for (size_t cut = 0; cut < sizeof(compound); cut++)
        (void)handle(v, compound, cut);
    for (size_t bit = 0; bit < 8 * sizeof(compound); bit++) {
        memcpy(copy, compound, sizeof(copy));
        copy[bit / 8] ^= (uint8_t)(1U << bit % 8);
        v->heard.nacks = 0;
        (void)handle(v, copy, sizeof(copy));
        assert_true(v->feedback.rtt_us >= 0 && v->feedback.rtt_us <= 10 * JT_USEC_PER_SEC);
    }
    assert_int_equal(handle(v, compound, 0), -EBADMSG);
}

static void test_events_nobody_wants(void **state)
{
    static const struct jt_feedback_ops none;
    struct viewer *v = *state;
    const uint8_t compound[] = {RR(VIDEO, 0x487f8000, 0x6666),
                                NACK(VIDEO, 65534, 0x8005),
                                PLI(VIDEO),
                                0x8f,
                                205,
                                0,
                                7,
                                BE32(VIEWER),
                                BE32(VIDEO),
                                0x01,
                                0x05,
                                0,
                                8,
                                0,
                                0,
                                1,
                                0,
                                0x20,
                                5,
                                0xa8,
                                0,
                                4,
                                4,
                                4,
                                4,
                                4,
                                4,
                                4,
                                0,
                                0x8f,
                                206,
                                0,
                                5,
                                BE32(VIEWER),
                                BE32(0),
                                'R',
                                'E',
                                'M',
                                'B',
                                1,
                                0x0c,
                                0x3d,
                                0x09,
                                BE32(VIDEO),
                                BYE(VIEWER)};

    assert_int_equal(jt_feedback_handle(&v->feedback, v->streams, compound, sizeof(compound),
                                        v->now_us, v->now_wall_us, &none, NULL),
                     0);
}

/* One compound full of NACKs: bounded work, and what is told is bounded too. */
static void test_s7_a_flood_in_one_compound(void **state)
{
    struct viewer *v = *state;
    uint8_t flood[1500] = {0x81, 205, 1, 0x73, BE32(VIEWER), BE32(VIDEO)};

    for (size_t i = 12; i + 4 <= 1488; i += 4) {
        flood[i] = (uint8_t)(i * 17 / 4 >> 8);
        flood[i + 1] = (uint8_t)(i * 17 / 4);
        flood[i + 2] = 0xff;
        flood[i + 3] = 0xff;
    }
    assert_int_equal(handle(v, flood, 1488), 0);
    assert_in_range(v->heard.nacks, 1, 512);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_nack),
        TEST(test_s6_feedback_for_foreign_streams),
        TEST(test_s7_nacks_within_a_round_trip),
        TEST(test_s7_keyframe_requests_are_merged),
        TEST(test_receiver_report),
        TEST(test_s6_round_trips_that_cannot_be),
        TEST(test_transport_cc),
        TEST(test_s6_remb),
        TEST(test_s6_bye),
        TEST(test_s6_peers_are_bounded),
        TEST(test_s6_every_cut_and_flip),
        TEST(test_events_nobody_wants),
        TEST(test_s7_a_flood_in_one_compound),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
