/* The two cursors: what they read and write, at every cut, and that errors stick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/reader.h"
#include "base/writer.h"

static const uint8_t sample[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0a, 0x0b,
                                 0x0c, 0x0d, 0x0e, 0x0f, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16};

struct values {
    uint8_t u8;
    uint16_t be16;
    uint32_t be24, be32, le32;
    uint64_t be64;
};

static struct values read_all(struct jt_reader *r)
{
    struct values v;

    v.u8 = jt_read_u8(r);
    v.be16 = jt_read_be16(r);
    v.be24 = jt_read_be24(r);
    v.be32 = jt_read_be32(r);
    v.le32 = jt_read_le32(r);
    v.be64 = jt_read_be64(r);
    return v;
}

static void test_reads_network_order(void **state)
{
    struct jt_reader r = jt_reader_of(sample, sizeof(sample));
    struct values v = read_all(&r);

    (void)state;
    assert_false(r.failed);
    assert_int_equal(r.left, 0);
    assert_int_equal(v.u8, 0x01);
    assert_int_equal(v.be16, 0x0203);
    assert_int_equal(v.be24, 0x040506);
    assert_int_equal(v.be32, 0x0708090a);
    assert_int_equal(v.le32, 0x0e0d0c0b);
    assert_true(v.be64 == 0x0f10111213141516U);
}

/* Each shorter input, on the heap so that ASan sees one byte too far. */
static void test_every_cut_fails_and_sticks(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof(sample); n++) {
        uint8_t *cut = malloc(n ? n : 1);
        struct jt_reader r;

        assert_non_null(cut);
        memcpy(cut, sample, n);
        r = jt_reader_of(cut, n);
        (void)read_all(&r);
        assert_true(r.failed);
        assert_int_equal(jt_read_u8(&r), 0);
        assert_null(jt_reader_take(&r, 0));
        free(cut);
    }
}

static void test_take_of_huge_sizes_does_not_wrap(void **state)
{
    struct jt_reader r = jt_reader_of(sample, sizeof(sample));
    struct jt_writer w;
    uint8_t out[4];

    (void)state;
    (void)jt_read_u8(&r);
    assert_null(jt_reader_take(&r, SIZE_MAX));
    assert_true(r.failed);

    w = jt_writer_of(out, sizeof(out));
    jt_write_u8(&w, 1);
    assert_null(jt_writer_room(&w, SIZE_MAX));
    assert_true(w.failed);
    assert_int_equal(w.size, 1);
}

static void test_sub_reader_is_bounded(void **state)
{
    struct jt_reader r = jt_reader_of(sample, 4), sub = jt_reader_sub(&r, 3);

    (void)state;
    assert_int_equal(jt_read_be24(&sub), 0x010203);
    assert_int_equal(jt_read_u8(&sub), 0);
    assert_true(sub.failed);
    assert_false(r.failed);
    assert_int_equal(jt_read_u8(&r), 0x04);
    sub = jt_reader_sub(&r, 1);
    assert_true(sub.failed);
    assert_true(r.failed);
    assert_int_equal(sub.left, 0);
}

static void write_all(struct jt_writer *w)
{
    jt_write_u8(w, 0x01);
    jt_write_be16(w, 0x0203);
    jt_write_be24(w, 0xff040506); /* the high byte has no place */
    jt_write_be32(w, 0x0708090a);
    jt_write_le32(w, 0x0e0d0c0b);
    jt_write_be64(w, 0x0f10111213141516U);
    jt_write_bytes(w, "ab", 2);
    jt_write_zeros(w, 2);
}

static void test_writes_network_order_at_every_cut(void **state)
{
    uint8_t expected[sizeof(sample) + 4] = {0};

    (void)state;
    memcpy(expected, sample, sizeof(sample));
    memcpy(expected + sizeof(sample), "ab", 2);
    for (size_t n = 0; n <= sizeof(expected); n++) {
        uint8_t *out = malloc(n ? n : 1);
        struct jt_writer w;

        assert_non_null(out);
        w = jt_writer_of(out, n);
        write_all(&w);
        assert_int_equal(w.failed, n < sizeof(expected));
        assert_true(w.size <= n);
        assert_memory_equal(out, expected, w.size);
        if (w.failed) { /* nothing more, however small */
            size_t size = w.size;

            jt_write_bytes(&w, "", 0);
            assert_int_equal(w.size, size);
        }
        free(out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_network_order),
        cmocka_unit_test(test_every_cut_fails_and_sticks),
        cmocka_unit_test(test_take_of_huge_sizes_does_not_wrap),
        cmocka_unit_test(test_sub_reader_is_bounded),
        cmocka_unit_test(test_writes_network_order_at_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
