#include "wire/rtp.h"

#include <errno.h>

#include "base/writer.h"
#include "wire_test.h"

static int parse_hex(const char *hex, struct jt_rtp *out, uint8_t **copy)
{
    uint8_t bytes[JT_RTP_PACKET_MAX_BYTES];
    size_t size = from_hex(hex, bytes, sizeof(bytes));

    *copy = exact_copy(bytes, size);
    return jt_rtp_parse(*copy, size, out);
}

static int result_of(const char *hex)
{
    struct jt_rtp rtp;
    uint8_t *copy;
    int err = parse_hex(hex, &rtp, &copy);

    free(copy);
    return err;
}

/* RFC 3550 §5.1, laid out by hand: marker, two CSRC, extension of another profile, padding of 3. */
static void test_header_fields(void **state)
{
    struct jt_rtp rtp;
    uint8_t *copy;

    (void)state;
    assert_int_equal(parse_hex("b2 e0 12 34 89abcdef 01020304 0a0a0a0a 0b0b0b0b abcd 0001 deadbeef"
                               "aabbcc 000003",
                               &rtp, &copy),
                     0);
    assert_true(rtp.has_marker);
    assert_int_equal(rtp.payload_type, 96);
    assert_int_equal(rtp.sequence, 0x1234);
    assert_int_equal(rtp.timestamp, 0x89abcdef);
    assert_int_equal(rtp.ssrc, 0x01020304);
    assert_int_equal(rtp.csrc_count, 2);
    assert_int_equal(rtp.csrcs[4], 0x0b);
    assert_int_equal(rtp.extension_profile, 0xabcd);
    assert_int_equal(rtp.extension_bytes, 4);
    assert_int_equal(rtp.header_bytes, 28);
    assert_int_equal(rtp.padding_bytes, 3);
    assert_int_equal(rtp.payload_bytes, 3);
    assert_memory_equal(rtp.payload, "\xaa\xbb\xcc", 3);
    free(copy);
}

/* RFC 8285 §4.2's own picture: ids of 1, 2 and 4 bytes with padding between them. */
static void test_one_byte_extensions(void **state)
{
    static const struct {
        uint8_t id, size, first;
    } want[] = {{1, 1, 0xaa}, {2, 2, 0xb1}, {3, 4, 0xc1}};
    struct jt_rtp_extension_walk walk;
    struct jt_rtp_extension extension;
    struct jt_rtp rtp;
    uint8_t *copy;

    (void)state;
    assert_int_equal(parse_hex("90600001 00000000 00000001 bede 0003"
                               "10aa 21b1b2 0000 33c1c2c3",
                               &rtp, &copy),
                     -EBADMSG); /* one byte short of three words */
    free(copy);
    assert_int_equal(parse_hex("90600001 00000000 00000001 bede 0003"
                               "10aa 21b1b2 0000 33c1c2c3c4",
                               &rtp, &copy),
                     0);
    walk = jt_rtp_extension_begin(&rtp);
    for (size_t i = 0; i < JT_COUNT(want); i++) {
        assert_true(jt_rtp_extension_next(&walk, &extension));
        assert_int_equal(extension.id, want[i].id);
        assert_int_equal(extension.size_bytes, want[i].size);
        assert_int_equal(extension.data[0], want[i].first);
    }
    assert_false(jt_rtp_extension_next(&walk, &extension));
    assert_false(jt_rtp_extension_next(&walk, &extension));
    assert_true(jt_rtp_extension_find(&rtp, 3, &extension));
    assert_false(jt_rtp_extension_find(&rtp, 4, &extension));
    assert_false(jt_rtp_extension_find(&rtp, 0, &extension));
    free(copy);
}

/* RFC 8285 §4.3: an empty element is legal, and ids go beyond 15. */
static void test_two_byte_extensions(void **state)
{
    struct jt_rtp_extension extension;
    struct jt_rtp rtp;
    uint8_t *copy;

    (void)state;
    assert_int_equal(parse_hex("90600001 00000000 00000001 1005 0003"
                               "0100 02 01 aa 00 20 03 c1c2c3 00",
                               &rtp, &copy),
                     0);
    assert_true(jt_rtp_extension_find(&rtp, 1, &extension));
    assert_int_equal(extension.size_bytes, 0);
    assert_true(jt_rtp_extension_find(&rtp, 0x20, &extension));
    assert_int_equal(extension.size_bytes, 3);
    assert_memory_equal(extension.data, "\xc1\xc2\xc3", 3);
    free(copy);
}

/* Id 15 ends the block, whatever follows (RFC 8285 §4.2); id 0 with a length too. */
static void test_extension_stops(void **state)
{
    struct jt_rtp_extension extension;
    struct jt_rtp rtp;
    uint8_t *copy;

    (void)state;
    assert_int_equal(
        parse_hex("90600001 00000000 00000001 bede 0002 10aa f0 20bb 00 0000", &rtp, &copy), 0);
    assert_true(jt_rtp_extension_find(&rtp, 1, &extension));
    assert_false(jt_rtp_extension_find(&rtp, 2, &extension));
    free(copy);
    assert_int_equal(
        parse_hex("90600001 00000000 00000001 bede 0002 10aa 01 cccc 20bb 00", &rtp, &copy), 0);
    assert_false(jt_rtp_extension_find(&rtp, 2, &extension));
    free(copy);
}

static void test_s4_rtp_torture(void **state)
{
    static const char *const bad[] = {
        "",
        "80600001 00000000 000000",                        /* short */
        "00600001 00000000 00000001",                      /* version 0 */
        "40600001 00000000 00000001",                      /* version 1 */
        "c0600001 00000000 00000001",                      /* version 3 */
        "81600001 00000000 00000001 0a0a0a",               /* CSRC past the end */
        "8f600001 00000000 00000001 0a0a0a0a",             /* 15 CSRC, one there */
        "90600001 00000000 00000001 bede00",               /* half an extension header */
        "90600001 00000000 00000001 bede0002 10aa0000",    /* extension past the end */
        "90600001 00000000 00000001 bedeffff 10aa0000",    /* 256 KB of extension */
        "90600001 00000000 00000001 bede0001 13aabbcc",    /* one-byte element overruns */
        "90600001 00000000 00000001 bede0001 0000001f",    /* length without data */
        "90600001 00000000 00000001 10000001 0103aabb",    /* two-byte element overruns */
        "90600001 00000000 00000001 10000001 00000001",    /* id without length */
        "a0600001 00000000 00000001",                      /* padding without a byte */
        "a0600001 00000000 00000001 aabb00",               /* padding of 0 */
        "a0600001 00000000 00000001 aabb04",               /* padding beyond the payload */
        "b0600001 00000000 00000001 bede0001 10aa0000 02", /* padding into the extension */
    };
    static uint8_t large[JT_RTP_PACKET_MAX_BYTES + 1] = {0x80, 0x60};
    struct jt_rtp rtp = {.ssrc = 42};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++)
        if (result_of(bad[i]) != -EBADMSG)
            fail_msg("accepted: %s", bad[i]);
    assert_int_equal(jt_rtp_parse(large, sizeof(large), &rtp), -EMSGSIZE);
    assert_int_equal(rtp.ssrc, 42);
    assert_int_equal(jt_rtp_parse(large, sizeof(large) - 1, &rtp), 0);
    assert_int_equal(result_of("80600001 00000000 00000001"), 0);        /* no payload */
    assert_int_equal(result_of("a0600001 00000000 00000001 000003"), 0); /* padding only */
    assert_int_equal(result_of("90600001 00000000 00000001 bede0000"), 0);
}

static void walk_all(const uint8_t *data, size_t size)
{
    struct jt_rtp_extension extension;
    struct jt_rtp_extension_walk walk;
    struct jt_rtp rtp;
    unsigned sum = 0;

    if (jt_rtp_parse(data, size, &rtp) < 0)
        return;
    assert_int_equal(rtp.header_bytes + rtp.payload_bytes + rtp.padding_bytes, size);
    walk = jt_rtp_extension_begin(&rtp);
    while (jt_rtp_extension_next(&walk, &extension))
        for (unsigned i = 0; i < extension.size_bytes; i++)
            sum += extension.data[i];
    for (unsigned i = 0; i < rtp.payload_bytes; i++)
        sum += rtp.payload[i];
    for (unsigned i = 0; i < rtp.csrc_count * 4U; i++)
        sum += rtp.csrcs[i];
    (void)sum;
}

static void test_s4_every_cut(void **state)
{
    uint8_t bytes[128];
    size_t size = from_hex("b2e01234 89abcdef 01020304 0a0a0a0a 0b0b0b0b bede0003"
                           "10aa 21b1b2 0000 33c1c2c3c4 aabbcc 000003",
                           bytes, sizeof(bytes));

    (void)state;
    torture(bytes, size, walk_all);
    bytes[20] = 0x10; /* the two-byte form */
    bytes[21] = 0x00;
    torture(bytes, size, walk_all);
}

/* Laid out by hand after RFC 3550 §5.1 and RFC 8285 §4.2. */
static void test_write(void **state)
{
    uint8_t want[64];
    size_t want_size =
        from_hex("90e0ffff 00000010 deadbeef bede0002 31 1234 52 00a00a 00", want, sizeof(want));
    uint8_t delay[JT_RTP_PLAYOUT_DELAY_BYTES];
    const struct jt_rtp_extension extensions[] = {
        {.id = 3, .size_bytes = 2, .data = (const uint8_t *)"\x12\x34"},
        {.id = 5, .size_bytes = sizeof(delay), .data = delay},
    };
    const struct jt_rtp rtp = {.has_marker = true,
                               .payload_type = 96,
                               .sequence = 0xffff,
                               .timestamp = 0x10,
                               .ssrc = 0xdeadbeef};
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_rtp_playout_delay_pack(100, 100, delay);
    assert_memory_equal(delay, "\x00\xa0\x0a", 3); /* 10 and 10 steps of 10 ms, 12 bits each */
    jt_rtp_write_header(&w, &rtp, extensions, 2);
    assert_false(w.failed);
    assert_int_equal(w.size, want_size);
    assert_memory_equal(out, want, want_size);

    w = jt_writer_of(out, sizeof(out));
    jt_rtp_write_header(&w, &rtp, NULL, 0);
    assert_int_equal(w.size, JT_RTP_HEADER_BYTES);
    assert_int_equal(out[0], 0x80);
    w = jt_writer_of(out, 23);
    jt_rtp_write_header(&w, &rtp, extensions, 2);
    assert_true(w.failed);
}

static void test_write_refuses(void **state)
{
    static const uint8_t data[32];
    const struct jt_rtp_extension bad[] = {
        {.id = 0, .size_bytes = 1, .data = data},
        {.id = 15, .size_bytes = 1, .data = data},
        {.id = 1, .size_bytes = 0, .data = data},
        {.id = 1, .size_bytes = 17, .data = data},
    };
    const struct jt_rtp rtp = {.payload_type = 96};
    uint8_t delay[3];
    uint8_t out[64];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct jt_writer w = jt_writer_of(out, sizeof(out));

        jt_rtp_write_header(&w, &rtp, &bad[i], 1);
        assert_true(w.failed);
    }
    jt_rtp_playout_delay_pack(0, UINT32_MAX, delay);
    assert_memory_equal(delay, "\x00\x0f\xff", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_header_fields),
        cmocka_unit_test(test_one_byte_extensions),
        cmocka_unit_test(test_two_byte_extensions),
        cmocka_unit_test(test_extension_stops),
        cmocka_unit_test(test_s4_rtp_torture),
        cmocka_unit_test(test_s4_every_cut),
        cmocka_unit_test(test_write),
        cmocka_unit_test(test_write_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
