/* chat/picture/decoder/envelope.h: files made by ffmpeg (corpus/envelope; metadata put in by hand),
 * each at every cut and with each byte changed. Runs in tests/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>

#include "chat/picture/decoder/envelope.h"
#include "chat/picture/decoder/exif.h"

enum { FILE_MAX_BYTES = 4096, WIDTH = 48, HEIGHT = 32 };

struct sample {
    const char *name;
    enum envelope_format format;
    uint8_t orientation;
    bool is_reduced; /* there is something to leave out */
};

static const struct sample samples[] = {
    {"jpeg", ENVELOPE_JPEG, 1, true}, /* libavcodec's comment */
    {"jpeg_exif", ENVELOPE_JPEG, 6, true},      {"png", ENVELOPE_PNG, 1, true}, /* its pHYs */
    {"png_chunks", ENVELOPE_PNG, 5, true},      {"webp_lossy", ENVELOPE_WEBP, 1, false},
    {"webp_lossless", ENVELOPE_WEBP, 1, false}, {"webp_alpha", ENVELOPE_WEBP, 1, false},
    {"webp_exif", ENVELOPE_WEBP, 3, true},
};

static size_t load(const char *name, uint8_t bytes[FILE_MAX_BYTES])
{
    char path[128];
    FILE *file;
    size_t size;

    (void)snprintf(path, sizeof(path), "fuzz/corpus/envelope/%s", name);
    file = fopen(path, "rb");
    assert_non_null(file);
    size = fread(bytes, 1, FILE_MAX_BYTES, file);
    (void)fclose(file);
    assert_in_range(size, 1, FILE_MAX_BYTES - 1);
    return size;
}

/* On a heap block of exactly that size: ASan sees one byte too far. `kept` may be NULL. */
static int open_copy(const uint8_t *bytes, size_t size, struct envelope *out, uint8_t *kept)
{
    uint8_t *copy = malloc(size ? size : 1);
    int err;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    err = envelope_open(copy, size, out);
    if (!err && kept)
        memcpy(kept, copy, out->size_bytes);
    free(copy);
    return err;
}

static bool contains(const uint8_t *bytes, size_t size, const char *text)
{
    return memmem(bytes, size, text, strlen(text)) != NULL;
}

static void test_measured_and_reduced(void **state)
{
    static const char *const left_out[] = {"Exif", "EXIF", "eXIf",  "ICC_", "iCCP",  "tEXt",
                                           "ABC",  "Lavc", "plant", "pHYs", "after", "II*"};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        uint8_t bytes[FILE_MAX_BYTES], kept[FILE_MAX_BYTES];
        size_t size = load(samples[i].name, bytes);
        struct envelope envelope;

        assert_int_equal(open_copy(bytes, size, &envelope, kept), 0);
        assert_int_equal(envelope.format, samples[i].format);
        assert_int_equal(envelope.width, WIDTH);
        assert_int_equal(envelope.height, HEIGHT);
        assert_int_equal(envelope.orientation, samples[i].orientation);
        assert_int_equal(envelope.size_bytes < size, samples[i].is_reduced);
        for (size_t k = 0; k < JT_COUNT(left_out); k++)
            if (contains(kept, envelope.size_bytes, left_out[k]))
                fail_msg("%s still has %s", samples[i].name, left_out[k]);
    }
}

/* Up to the end of the picture proper every cut is seen. */
static void test_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        uint8_t bytes[FILE_MAX_BYTES];
        size_t size = load(samples[i].name, bytes);
        struct envelope envelope;
        uint8_t *after = memmem(bytes, size, "after", 5);

        if (after)
            size = (size_t)(after - bytes);
        assert_int_equal(open_copy(bytes, size, &envelope, NULL), 0);
        for (size_t cut = 0; cut < size; cut++)
            if (open_copy(bytes, cut, &envelope, NULL) != -EBADMSG)
                fail_msg("%s cut at %zu of %zu", samples[i].name, cut, size);
    }
}

static void test_every_byte_changed(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++) {
        uint8_t bytes[FILE_MAX_BYTES];
        size_t size = load(samples[i].name, bytes);

        for (size_t k = 0; k < size; k++) {
            uint8_t old = bytes[k];

            for (int value = 0; value < 256; value += 15) {
                struct envelope envelope = {0};
                int err;

                bytes[k] = (uint8_t)value;
                err = open_copy(bytes, size, &envelope, NULL);
                assert_true(err == 0 || err == -EBADMSG || err == -EMSGSIZE);
                assert_true(err || envelope.size_bytes <= size);
            }
            bytes[k] = old;
        }
    }
}

static int open_png_of(uint32_t width, uint32_t height)
{
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("png", bytes);
    struct envelope envelope;

    for (int i = 0; i < 4; i++) { /* IHDR's data begins at 16 */
        bytes[16 + i] = (uint8_t)(width >> (24 - 8 * i));
        bytes[20 + i] = (uint8_t)(height >> (24 - 8 * i));
    }
    return open_copy(bytes, size, &envelope, NULL);
}

static int open_jpeg_of(uint32_t width, uint32_t height)
{
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("jpeg", bytes);
    struct envelope envelope;
    uint8_t *frame = memmem(bytes, size, "\xff\xc0\x00\x11\x08", 5);

    assert_non_null(frame);
    frame[5] = (uint8_t)(height >> 8);
    frame[6] = (uint8_t)height;
    frame[7] = (uint8_t)(width >> 8);
    frame[8] = (uint8_t)width;
    return open_copy(bytes, size, &envelope, NULL);
}

static void test_pixels_are_limited(void **state)
{
    (void)state;
    assert_int_equal(open_png_of(8000, 5000), 0);
    assert_int_equal(open_png_of(8000, 5001), -EMSGSIZE);
    assert_int_equal(open_png_of(8200, 5000), -EMSGSIZE); /* 41 million */
    assert_int_equal(open_png_of(60000, 60000), -EMSGSIZE);
    assert_int_equal(open_png_of(0x10000, 0x10000), -EMSGSIZE); /* 2^32: 0 in 32 bits */
    assert_int_equal(open_png_of(0xffffffff, 1), -EMSGSIZE);
    assert_int_equal(open_png_of(20000, 1), 0);
    assert_int_equal(open_png_of(20001, 1), -EMSGSIZE);
    assert_int_equal(open_png_of(0, 10), -EBADMSG);
    assert_int_equal(open_png_of(10, 0), -EBADMSG);
    assert_int_equal(open_jpeg_of(65535, 65535), -EMSGSIZE);
    assert_int_equal(open_jpeg_of(8000, 5000), 0);
    assert_int_equal(open_jpeg_of(100, 0), -EBADMSG); /* its lines told later, by DNL */
}

static int open_changed(const char *name, const char *what, const char *into, size_t size)
{
    uint8_t bytes[FILE_MAX_BYTES];
    size_t all = load(name, bytes);
    uint8_t *found = memmem(bytes, all, what, size);
    struct envelope envelope;

    assert_non_null(found);
    memcpy(found, into, size);
    return open_copy(bytes, all, &envelope, NULL);
}

static void test_refused(void **state)
{
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("webp_animated", bytes);
    struct envelope envelope;

    (void)state;
    assert_non_null(memmem(bytes, size, "ANMF", 4));
    assert_int_equal(open_copy(bytes, size, &envelope, NULL), -EBADMSG);
    /* T.81 table B.1: lossless, arithmetic, two frames */
    assert_int_equal(open_changed("jpeg", "\xff\xc0\x00\x11", "\xff\xc3\x00\x11", 4), -EBADMSG);
    assert_int_equal(open_changed("jpeg", "\xff\xc0\x00\x11", "\xff\xc9\x00\x11", 4), -EBADMSG);
    assert_int_equal(open_changed("jpeg", "\xff\xc0\x00\x11\x08", "\xff\xc0\x00\x11\x0c", 5),
                     -EBADMSG);
    /* an unknown chunk that must be understood; data before the header */
    assert_int_equal(open_changed("png", "IDAT", "CgBI", 4), -EBADMSG);
    assert_int_equal(open_changed("png", "IHDR", "IDAT", 4), -EBADMSG);
    /* the canvas says 47 where the frame says 48; no key frame */
    assert_int_equal(
        open_changed("webp_alpha", "\x2f\x00\x00\x1f\x00\x00", "\x2e\x00\x00\x1f\x00\x00", 6),
        -EBADMSG);
    assert_int_equal(open_changed("webp_lossy", "\x9d\x01\x2a", "\x9d\x01\x2b", 3), -EBADMSG);
}

static void test_other_formats(void **state)
{
    static const char *const others[] = {"GIF89a\x01\x00\x01\x00",
                                         "<svg xmlns=\"http://www.w3.org/2000/svg\"/>",
                                         "%PDF-1.7\n",
                                         "<!doctype html><script>alert(1)</script>",
                                         "BM\x36\x00\x0c",
                                         "II*\0",
                                         "RIFF....AVI LIST",
                                         "\xff\xd8",
                                         "\x89PNG\r\n",
                                         ""};
    enum envelope_format format;
    struct envelope envelope;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(others); i++) {
        const uint8_t *bytes = (const uint8_t *)others[i];

        assert_int_equal(envelope_guess(bytes, strlen(others[i]), &format), -EBADMSG);
        assert_int_equal(open_copy(bytes, strlen(others[i]), &envelope, NULL), -EBADMSG);
    }
}

/* A scan costs a pass over the picture. */
static void test_scans_are_limited(void **state)
{
    static const char scan[] = "\xff\xda\x00\x0c\x03\x01\x00\x02\x11\x03\x11\x00\x3f\x00\x12";
    uint8_t bytes[FILE_MAX_BYTES];
    size_t size = load("jpeg", bytes) - 2; /* one scan, without its EOI */
    struct envelope envelope;

    (void)state;
    for (int scans = 1; scans <= ENVELOPE_SCANS_MAX + 1; scans++) {
        memcpy(bytes + size, "\xff\xd9", 2);
        assert_int_equal(open_copy(bytes, size + 2, &envelope, NULL),
                         scans <= ENVELOPE_SCANS_MAX ? 0 : -EBADMSG);
        memcpy(bytes + size, scan, sizeof(scan) - 1);
        size += sizeof(scan) - 1;
    }
}

/* EXIF 2.3 §4.6.2: a directory that points anywhere, and nonsense in the entry. */
static void test_exif(void **state)
{
    uint8_t bytes[FILE_MAX_BYTES], changed[FILE_MAX_BYTES];
    size_t size = load("tiff_little", bytes);

    (void)state;
    assert_int_equal(exif_orientation(bytes, size), 8);
    for (size_t cut = 0; cut < size; cut++)
        assert_in_range(exif_orientation(bytes, cut), 1, 8);
    assert_int_equal(exif_orientation(bytes, 20), 1);
    for (size_t i = 0; i < size; i++)
        for (int value = 0; value < 256; value++) {
            memcpy(changed, bytes, size);
            changed[i] = (uint8_t)value;
            assert_in_range(exif_orientation(changed, size), 1, 8);
        }
    memcpy(changed, bytes, size);
    memcpy(changed + 4, "\xff\xff\xff\xff", 4);
    assert_int_equal(exif_orientation(changed, size), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_measured_and_reduced),
        cmocka_unit_test(test_every_cut),
        cmocka_unit_test(test_every_byte_changed),
        cmocka_unit_test(test_pixels_are_limited),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_other_formats),
        cmocka_unit_test(test_scans_are_limited),
        cmocka_unit_test(test_exif),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
