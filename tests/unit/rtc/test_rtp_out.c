/* Numbering, header bytes and sender reports of one outgoing stream. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rtc/rtp_out.h"

static struct jt_rtp_out stream(void)
{
    struct jt_rtp_out out;

    jt_rtp_out_init(&out, 90000, 102, 103);
    return out;
}

static void test_start_is_random_and_low(void **state)
{
    struct jt_rtp_out first = stream(), other = stream(), bare;

    (void)state;
    for (int i = 0; i < 1000; i++) {
        other = stream();
        assert_true(other.next_index < 32768); /* ROC 0, and no guessing at the receiver */
        assert_true(other.next_rtx_index < 32768);
        assert_int_not_equal(other.ssrc, 0);
        assert_int_not_equal(other.rtx_ssrc, 0);
        assert_int_not_equal(other.ssrc, other.rtx_ssrc);
    }
    assert_int_not_equal(first.ssrc, other.ssrc);
    assert_int_not_equal(first.timestamp_offset, other.timestamp_offset);
    jt_rtp_out_init(&bare, 48000, 111, 0);
    assert_int_equal(bare.rtx_ssrc, 0);
    assert_int_equal(bare.clock_hz, 48000);
}

static void assert_found(const struct jt_rtp_out *out, uint64_t index, uint32_t id, uint64_t source)
{
    uint32_t found_id = 0;
    uint64_t found_source = 0, found_index = 0;

    assert_int_equal(jt_rtp_out_find(out, (uint16_t)index, &found_id, &found_source, &found_index),
                     0);
    assert_int_equal(found_id, id);
    assert_int_equal(found_source, source);
    assert_int_equal(found_index, index);
}

static void assert_lost(const struct jt_rtp_out *out, uint16_t sequence)
{
    uint32_t id;
    uint64_t source, index;

    assert_int_equal(jt_rtp_out_find(out, sequence, &id, &source, &index), -ENOENT);
}

static void test_nothing_is_found_before_the_first(void **state)
{
    struct jt_rtp_out out = stream();

    (void)state;
    for (unsigned sequence = 0; sequence < 65536; sequence++)
        assert_lost(&out, (uint16_t)sequence);
    assert_int_equal(jt_rtp_out_take(&out, 1, 5, 0), out.next_index); /* no packet, no span */
    assert_int_equal(out.spans_used, 0);
    out.next_index = 0; /* the lowest start there is */
    assert_lost(&out, 0);
    assert_lost(&out, 65535);
    assert_int_equal(jt_rtp_out_take(&out, 1, 5, 1), 0);
    assert_found(&out, 0, 1, 5);
    assert_lost(&out, 1);
    assert_lost(&out, 65535);
}

static void test_find_across_source_switches(void **state)
{
    struct jt_rtp_out out = stream();
    uint64_t start;

    (void)state;
    out.next_index = 1000;
    start = jt_rtp_out_take(&out, 7, 500, 10);
    assert_int_equal(start, 1000);
    assert_int_equal(jt_rtp_out_take(&out, 7, 510, 5), 1010); /* goes on: one span */
    assert_int_equal(out.spans_used, 1);
    assert_int_equal(jt_rtp_out_take(&out, 7, 400, 20),
                     1015); /* back: a catch-up from the key frame */
    assert_int_equal(jt_rtp_out_take(&out, 8, 420, 3),
                     1035); /* another source with the next number */
    assert_int_equal(out.spans_used, 3);
    for (uint64_t i = 0; i < 15; i++)
        assert_found(&out, 1000 + i, 7, 500 + i);
    for (uint64_t i = 0; i < 20; i++)
        assert_found(&out, 1015 + i, 7, 400 + i);
    for (uint64_t i = 0; i < 3; i++)
        assert_found(&out, 1035 + i, 8, 420 + i);
    assert_lost(&out, 999);
    assert_lost(&out, 1038);
    assert_lost(&out, 1000 + 32768);
}

static void test_only_the_last_eight_spans_are_kept(void **state)
{
    struct jt_rtp_out out = stream();

    (void)state;
    out.next_index = 100;
    for (uint32_t id = 0; id < 20; id++)
        (void)jt_rtp_out_take(&out, id, 1000, 10);
    assert_int_equal(out.spans_used, JT_RTP_OUT_SPANS);
    for (uint32_t id = 0; id < 12; id++)
        assert_lost(&out, (uint16_t)(100 + 10 * id + 3));
    for (uint32_t id = 12; id < 20; id++)
        assert_found(&out, 100 + 10 * id + 3, id, 1003);
}

static void test_s3_rollover(void **state)
{
    struct jt_rtp_out out = stream();
    uint64_t index;

    (void)state;
    out.next_index = 32767;
    for (uint64_t n = 0; n < 200000; n += 7) {
        index = jt_rtp_out_take(&out, 1, 90000000000 + n, 7);
        assert_int_equal(index, 32767 + n); /* runs on through 2^16: ROC is index >> 16 */
    }
    index = out.next_index - 1;
    assert_int_equal(index >> 16, 3);
    for (uint64_t behind = 0; behind < 32768; behind += 13)
        assert_found(&out, index - behind, 1, 90000000000 + index - behind - 32767);
    assert_lost(&out, (uint16_t)(index - 32768));
    assert_lost(&out, (uint16_t)(index + 1));
    out = stream(); /* a span ends before its count would wrap */
    index = jt_rtp_out_take(&out, 1, 0, UINT32_MAX - 1);
    (void)jt_rtp_out_take(&out, 1, UINT32_MAX - 1, 2);
    assert_int_equal(out.spans_used, 2);
    assert_found(&out, index + UINT32_MAX, 1, UINT32_MAX);
}

/* No index is handed out twice, on either stream, also not after a new owner took a copy over. */
static void test_no_index_twice(void **state)
{
    struct jt_rtp_out out = stream(), copy;
    uint64_t next = out.next_index, next_rtx = out.next_rtx_index;

    (void)state;
    srand(1);
    for (int i = 0; i < 100000; i++) {
        uint32_t count = (uint32_t)rand() % 9;
        uint64_t first = jt_rtp_out_take(&out, (uint32_t)rand() % 3, (uint64_t)rand() % 50, count);

        assert_true(first >= next);
        next = first + count;
        assert_true(jt_rtp_out_take_rtx(&out) >= next_rtx);
        next_rtx = out.next_rtx_index;
        if (i % 1000 == 0) {
            copy = out;
            for (int n = 0; n < 100; n++) { /* what the old owner sealed after the copy */
                next = jt_rtp_out_take(&out, 1, 1, 1) + 1;
                next_rtx = jt_rtp_out_take_rtx(&out) + 1;
            }
            out = copy;
            jt_rtp_out_resume(&out);
        }
    }
}

static void test_header_bytes(void **state)
{
    struct jt_rtp_header header = {.payload_type = 102,
                                   .sequence = 0x1234,
                                   .timestamp = 0x01020304,
                                   .ssrc = 0xa1b2c3d4,
                                   .twcc = 0xbeef};
    static const uint8_t plain[] = {0x80, 102, 0x12, 0x34, 1, 2, 3, 4, 0xa1, 0xb2, 0xc3, 0xd4};
    /* RFC 8285 §4.2: 0xBEDE, length in words, id << 4 | length - 1 */
    static const uint8_t twcc[] = {0x90, 0xe6, 0x12, 0x34, 1, 2, 3,    4,    0xa1, 0xb2,
                                   0xc3, 0xd4, 0xbe, 0xde, 0, 1, 0x31, 0xbe, 0xef, 0};
    static const uint8_t both[] = {0xb0, 102,  0x12, 0x34, 1,    2,    3, 4,
                                   0xa1, 0xb2, 0xc3, 0xd4, 0xbe, 0xde, 0, 2,
                                   0x31, 0xbe, 0xef, 0xe2, 0,    0,    0, 0};
    static const uint8_t delay[] = {0x90, 102,  0x12, 0x34, 1, 2, 3,    4, 0xa1, 0xb2,
                                    0xc3, 0xd4, 0xbe, 0xde, 0, 1, 0x52, 0, 0,    0};
    uint8_t out[28];

    (void)state;
    assert_int_equal(jt_rtp_header_write(&header, out), sizeof(plain));
    assert_memory_equal(out, plain, sizeof(plain));
    header.twcc_id = 3;
    header.marker = true;
    assert_int_equal(jt_rtp_header_write(&header, out), sizeof(twcc));
    assert_memory_equal(out, twcc, sizeof(twcc));
    header.marker = false;
    header.padding = true;
    header.playout_delay_id = 14;
    assert_int_equal(jt_rtp_header_write(&header, out), sizeof(both));
    assert_memory_equal(out, both, sizeof(both));
    header.padding = false;
    header.twcc_id = 0;
    header.playout_delay_id = 5;
    assert_int_equal(jt_rtp_header_write(&header, out), sizeof(delay));
    assert_memory_equal(out, delay, sizeof(delay));
}

static void test_sender_report_bytes(void **state)
{
    struct jt_rtp_out out = stream();
    /* 1,000,000,000.5 s after 1970 is 3,208,988,800.5 s after 1900 = 0xbf454880.80000000 */
    static const uint8_t expected[] = {
        0x80, 200,  0,    6,    0xa1, 0xb2, 0xc3, 0xd4, /* SR, 7 words */
        0xbf, 0x45, 0x48, 0x80, 0x80, 0,    0,    0,    /* NTP */
        0,    1,    0x5f, 0x90,                         /* RTP time: 80,000 + 10,000 = 0x15f90 */
        0,    0,    0,    7,    0,    0,    0x1f, 0x40, /* packets, octets */
        0x81, 202,  0,    4,    0xa1, 0xb2, 0xc3, 0xd4, /* SDES, one chunk, 5 words */
        1,    7,    'j',  'a',  'n',  'g',  't',  'e',  'o', 0, 0, 0 /* CNAME, end, padding */
    };
    uint8_t buffer[128];

    (void)state;
    out.ssrc = 0xa1b2c3d4;
    out.timestamp_offset = 10000;
    jt_rtp_out_count(&out, 7, 8000);
    assert_int_equal(
        jt_rtp_out_report(&out, 1000000000500000, 80000, "jangteo", buffer, sizeof(buffer)),
        sizeof(expected));
    assert_memory_equal(buffer, expected, sizeof(expected));
    for (size_t room = 0; room < sizeof(expected); room++)
        assert_int_equal(jt_rtp_out_report(&out, 1000000000500000, 80000, "jangteo", buffer, room),
                         -EMSGSIZE);
    out.packets_sent = (UINT64_C(1) << 32) + 9; /* counts wrap */
    assert_true(
        jt_rtp_out_report(&out, 1000000000500000, 80000, "jangteo", buffer, sizeof(buffer)) > 0);
    assert_int_equal(buffer[23], 9);
    assert_int_equal(buffer[20], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_start_is_random_and_low),
        cmocka_unit_test(test_nothing_is_found_before_the_first),
        cmocka_unit_test(test_find_across_source_switches),
        cmocka_unit_test(test_only_the_last_eight_spans_are_kept),
        cmocka_unit_test(test_s3_rollover),
        cmocka_unit_test(test_no_index_twice),
        cmocka_unit_test(test_header_bytes),
        cmocka_unit_test(test_sender_report_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
