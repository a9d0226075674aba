/* http/ws_parse.h and http/ws_frame.h: bytes written from RFC 6455, its examples of §5.7 first. Each
 * case is read whole, cut in two at every place, and byte by byte: always the same answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/base.h"
#include "base/reader.h"
#include "http/websocket.h"
#include "http/ws_frame.h"
#include "http/ws_parse.h"

enum { MESSAGE_MAX = 16 * 1024, FRAGMENTS_MAX = 4 };

/** What the parser is to say of the bytes in `hex`: see note(). */
struct sample {
    const char *section, *hex, *want;
};

#define MASK0 " 00000000 " /* the payload behind it stands as it is */

static size_t bytes_of(const char *hex, uint8_t *out)
{
    size_t size = 0;

    while (*hex) {
        unsigned byte;

        if (*hex == ' ') {
            hex++;
            continue;
        }
        assert_int_equal(sscanf(hex, "%2x", &byte), 1);
        out[size++] = (uint8_t)byte;
        hex += 2;
    }
    return size;
}

/* --- what the parser said, as text: "text(Hello) ping() close(1000,bye) fail(1002)" --- */

struct story {
    char text[512];
    size_t size;
};

static void note(struct story *story, const char *what, const char *data, size_t size)
{
    int n = snprintf(story->text + story->size, sizeof(story->text) - story->size, "%s%s(%.*s)",
                     story->size ? " " : "", what, (int)JT_MIN(size, (size_t)40), data);

    assert_true(n > 0 && (size_t)n < sizeof(story->text) - story->size);
    story->size += (size_t)n;
}

static void note_item(struct story *story, const struct jt_ws_item *item)
{
    static const char *const names[16] = {
        [JT_WS_TEXT] = "text", [JT_WS_PING] = "ping", [JT_WS_PONG] = "pong"};
    char text[160];

    if (item->opcode != JT_WS_CLOSE) {
        assert_non_null(names[item->opcode]);
        if (item->opcode == JT_WS_TEXT)
            assert_int_equal(item->data[item->size], 0);
        note(story, names[item->opcode], item->data, item->size);
        return;
    }
    (void)snprintf(text, sizeof(text), "%u,%.*s", item->code, (int)item->size, item->data);
    note(story, "close", text, strlen(text));
}

static void note_failure(struct story *story, unsigned code)
{
    char text[16];

    (void)snprintf(text, sizeof(text), "%u", code);
    note(story, "fail", text, strlen(text));
}

/* On a heap block of exactly that size: ASan sees one byte too far. */
static void feed(struct jt_ws_parser *parser, const uint8_t *bytes, size_t size,
                 struct story *story)
{
    uint8_t *copy = malloc(size ? size : 1);
    struct jt_reader input;
    struct jt_ws_item item;
    int err;

    assert_non_null(copy);
    memcpy(copy, bytes, size);
    input = jt_reader_of(copy, size);
    while ((err = jt_ws_parser_next(parser, &input, &item)) == 0)
        note_item(story, &item);
    if (err == -EBADMSG)
        note_failure(story, item.code);
    else
        assert_int_equal(err, -EAGAIN);
    free(copy);
}

static void start(struct jt_ws_parser *parser, struct story *story)
{
    *story = (struct story){0};
    jt_ws_parser_init(parser, MESSAGE_MAX, FRAGMENTS_MAX);
}

static void finish(struct jt_ws_parser *parser, const struct story *story,
                   const struct sample *sample, const char *how, size_t at)
{
    jt_ws_parser_deinit(parser);
    if (strcmp(story->text, sample->want) != 0)
        fail_msg("§%s %.60s %s %zu: want %s, got %s", sample->section, sample->hex, how, at,
                 sample->want, story->text);
}

static void expect_bytes(const struct sample *sample, const uint8_t *bytes, size_t size,
                         size_t step)
{
    struct jt_ws_parser parser;
    struct story story;

    start(&parser, &story);
    feed(&parser, bytes, size, &story);
    finish(&parser, &story, sample, "whole", size);
    for (size_t cut = 0; cut <= size; cut += step) {
        start(&parser, &story);
        feed(&parser, bytes, cut, &story);
        feed(&parser, bytes + cut, size - cut, &story);
        finish(&parser, &story, sample, "cut at", cut);
    }
    start(&parser, &story);
    for (size_t i = 0; i < size; i++)
        feed(&parser, bytes + i, 1, &story);
    finish(&parser, &story, sample, "by bytes", size);
}

static void expect(const struct sample *sample)
{
    uint8_t bytes[2048];
    size_t size;

    assert_true(strlen(sample->hex) / 2 < sizeof(bytes));
    size = bytes_of(sample->hex, bytes);
    expect_bytes(sample, bytes, size, 1);
}

static void expect_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        expect(&samples[i]);
}

/* --- in --- */

static void test_w1_examples_of_the_rfc(void **state)
{
    const struct sample samples[] = {
        {"5.7", "81 85 37 fa 21 3d 7f 9f 4d 51 58", "text(Hello)"},
        {"5.7", "8a 85 37 fa 21 3d 7f 9f 4d 51 58", "pong(Hello)"},
        {"5.7", "01 83" MASK0 "48656c 80 82" MASK0 "6c6f", "text(Hello)"},
        {"5.7", "81 05 48656c6c6f", "fail(1002)"}, /* as a server sends it */
        {"5.7", "89 05 48656c6c6f", "fail(1002)"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_w1_framing(void **state)
{
    const struct sample samples[] = {
        {"5.2 empty", "81 80" MASK0, "text()"},
        {"5.2 two in one segment", "81 81" MASK0 "61 81 81" MASK0 "62", "text(a) text(b)"},
        {"5.2 RSV1", "c1 81" MASK0 "61", "fail(1002)"},
        {"5.2 RSV2", "a1 81" MASK0 "61", "fail(1002)"},
        {"5.2 RSV3", "91 81" MASK0 "61", "fail(1002)"},
        {"5.2 RSV on ping", "c9 80" MASK0, "fail(1002)"},
        {"5.2 RSV on close", "98 80" MASK0, "fail(1002)"},
        {"5.2 RSV on a continuation", "01 81" MASK0 "61 c0 81" MASK0 "62", "fail(1002)"},
        {"5.2 after a good one", "81 81" MASK0 "61 c1 81" MASK0 "62", "text(a) fail(1002)"},
        {"5.1 not masked", "81 01 61", "fail(1002)"},
        {"5.1 ping not masked", "89 00", "fail(1002)"},
        {"5.1 nothing after a failure", "81 00 81 81" MASK0 "61", "fail(1002)"},
        {"5.6 binary", "82 81" MASK0 "61", "fail(1003)"},
        {"5.6 binary, first of more", "02 81" MASK0 "61", "fail(1003)"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_w1_unknown_opcodes(void **state)
{
    (void)state;
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        static const bool known[16] = {true, true, true, [8] = true, [9] = true, [10] = true};

        if (known[opcode])
            continue;
        for (unsigned fin = 0; fin <= 0x80; fin += 0x80) {
            char hex[64];

            (void)snprintf(hex, sizeof(hex), "%02x 80" MASK0, fin | opcode);
            expect(&(struct sample){"5.2 opcode", hex, "fail(1002)"});
        }
    }
}

static void test_w1_every_reserved_bit_and_opcode(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        char hex[64];

        if ((first & 0x70) == 0)
            continue;
        (void)snprintf(hex, sizeof(hex), "%02x 80" MASK0, first);
        expect(&(struct sample){"5.2 reserved", hex, "fail(1002)"});
    }
}

static void test_w1_fragments(void **state)
{
    const struct sample samples[] = {
        {"5.4", "01 81" MASK0 "61 00 81" MASK0 "62 80 81" MASK0 "63", "text(abc)"},
        {"5.4 empty ones", "01 80" MASK0 "00 80" MASK0 "80 80" MASK0, "text()"},
        {"5.4 empty last", "01 81" MASK0 "61 80 80" MASK0, "text(a)"},
        {"5.4 each its own mask", "01 81 01020304 60 80 81 ff000000 9d", "text(ab)"},
        {"5.5 ping between", "01 81" MASK0 "61 89 81" MASK0 "70 80 81" MASK0 "62",
         "ping(p) text(ab)"},
        {"5.5 pong between", "01 81" MASK0 "61 8a 80" MASK0 "80 81" MASK0 "62", "pong() text(ab)"},
        {"5.5 close between", "01 81" MASK0 "61 88 80" MASK0, "close(1005,)"},
        {"5.4 continues nothing", "80 81" MASK0 "61", "fail(1002)"},
        {"5.4 continues nothing, more to come", "00 81" MASK0 "61", "fail(1002)"},
        {"5.4 continues nothing after a whole one", "81 81" MASK0 "61 80 81" MASK0 "62",
         "text(a) fail(1002)"},
        {"5.4 text within text", "01 81" MASK0 "61 81 81" MASK0 "62", "fail(1002)"},
        {"5.4 binary within text", "01 81" MASK0 "61 82 81" MASK0 "62", "fail(1002)"},
        {"5.5 ping in parts", "09 80" MASK0, "fail(1002)"},
        {"5.5 pong in parts", "0a 80" MASK0, "fail(1002)"},
        {"5.5 close in parts", "08 80" MASK0, "fail(1002)"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_w1_control_lengths(void **state)
{
    uint8_t bytes[8 + 126] = {0x89, 0x80 | 125};
    const struct sample good = {"5.5 125 bytes", "",
                                "ping(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)"};
    const struct sample samples[] = {
        {"5.5 ping of 126", "89 fe 007e", "fail(1002)"},
        {"5.5 pong of 126", "8a fe 007e", "fail(1002)"},
        {"5.5 close of 126", "88 fe 007e", "fail(1002)"},
        {"5.5 ping of 2^16", "89 ff 0000000000010000", "fail(1002)"},
        {"5.5 ping of 1 in the long form", "89 fe 0001" MASK0 "61", "fail(1002)"},
    };

    (void)state;
    memset(bytes + 6, 'a', 125);
    expect_bytes(&good, bytes, 6 + 125, 1);
    expect_all(samples, JT_COUNT(samples));
}

static void test_w1_close(void **state)
{
    const struct sample samples[] = {
        {"5.5.1 empty", "88 80" MASK0, "close(1005,)"},
        {"5.5.1 one byte", "88 81" MASK0 "03", "fail(1002)"},
        {"7.4 1000", "88 82" MASK0 "03e8", "close(1000,)"},
        {"7.4 with reason", "88 85" MASK0 "03e8 627965", "close(1000,bye)"},
        {"7.4 1001", "88 82" MASK0 "03e9", "close(1001,)"},
        {"7.4 1002", "88 82" MASK0 "03ea", "close(1002,)"},
        {"7.4 1003", "88 82" MASK0 "03eb", "close(1003,)"},
        {"7.4 1004", "88 82" MASK0 "03ec", "fail(1002)"},
        {"7.4 1005", "88 82" MASK0 "03ed", "fail(1002)"},
        {"7.4 1006", "88 82" MASK0 "03ee", "fail(1002)"},
        {"7.4 1007", "88 82" MASK0 "03ef", "close(1007,)"},
        {"7.4 1011", "88 82" MASK0 "03f3", "close(1011,)"},
        {"7.4 1015", "88 82" MASK0 "03f7", "fail(1002)"},
        {"7.4 1016", "88 82" MASK0 "03f8", "fail(1002)"},
        {"7.4 0", "88 82" MASK0 "0000", "fail(1002)"},
        {"7.4 999", "88 82" MASK0 "03e7", "fail(1002)"},
        {"7.4 2999", "88 82" MASK0 "0bb7", "fail(1002)"},
        {"7.4 3000", "88 82" MASK0 "0bb8", "close(3000,)"},
        {"7.4 4999", "88 82" MASK0 "1387", "close(4999,)"},
        {"7.4 5000", "88 82" MASK0 "1388", "fail(1002)"},
        {"7.4 65535", "88 82" MASK0 "ffff", "fail(1002)"},
        {"5.5.1 reason not UTF-8", "88 84" MASK0 "03e8 c328", "fail(1007)"},
        {"5.5.1 reason cut in a character", "88 84" MASK0 "03e8 e282", "fail(1007)"},
        {"5.5.1 nothing after it", "88 82" MASK0 "03e8 81 81" MASK0 "61", "close(1000,)"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_w1_utf8(void **state)
{
    const struct sample samples[] = {
        {"8.1 two, three, four bytes", "81 89" MASK0 "c3a9 eab080 f09f9880",
         "text(\xc3\xa9\xea\xb0\x80\xf0\x9f\x98\x80)"},
        {"8.1 a character over two fragments", "01 81" MASK0 "ea 80 82" MASK0 "b080",
         "text(\xea\xb0\x80)"},
        {"8.1 with a ping within it", "01 82" MASK0 "eab0 89 81" MASK0 "ff 80 81" MASK0 "80",
         "ping(\xff) text(\xea\xb0\x80)"},
        {"8.1 first and last of each length",
         "81 95" MASK0 "c280 dfbf e0a080 ed9fbf ee8080 f0908080 f48fbfbf",
         "text("
         "\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf)"},
        {"8.1 continuation alone", "81 81" MASK0 "80", "fail(1007)"},
        {"8.1 overlong", "81 82" MASK0 "c0af", "fail(1007)"},
        {"8.1 overlong three", "81 83" MASK0 "e08080", "fail(1007)"},
        {"8.1 overlong four", "81 84" MASK0 "f0808080", "fail(1007)"},
        {"8.1 surrogate", "81 83" MASK0 "eda080", "fail(1007)"},
        {"8.1 above 10FFFF", "81 84" MASK0 "f4908080", "fail(1007)"},
        {"8.1 f5", "81 81" MASK0 "f5", "fail(1007)"},
        {"8.1 ff", "81 81" MASK0 "ff", "fail(1007)"},
        {"8.1 cut", "81 82" MASK0 "eab0", "fail(1007)"},
        {"8.1 cut, last of two", "01 81" MASK0 "61 80 81" MASK0 "ea", "fail(1007)"},
        {"8.1 followed by ASCII", "81 83" MASK0 "eab061", "fail(1007)"},
        /* told as soon as it can be seen: the frames are not over */
        {"8.1 at once", "81 90" MASK0 "61 ff", "fail(1007)"},
        {"8.1 at once, surrogate by its second byte", "81 90" MASK0 "eda0", "fail(1007)"},
        {"8.1 at once, overlong by its second byte", "81 90" MASK0 "f080", "fail(1007)"},
        {"8.1 at once, in the first of two", "01 81" MASK0 "c0", "fail(1007)"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_w2_length_lies(void **state)
{
    const struct sample samples[] = {
        {"5.2 highest bit", "81 ff 8000000000000000", "fail(1002)"},
        {"5.2 all bits", "81 ff ffffffffffffffff", "fail(1002)"},
        {"5.2 2^63-1", "81 ff 7fffffffffffffff", "fail(1009)"},
        {"5.2 4 GiB", "81 ff 0000000100000000", "fail(1009)"},
        {"5.2 one too many", "81 fe 4001", "fail(1009)"},
        {"5.2 64 KiB", "81 ff 0000000000010000", "fail(1009)"},
        {"5.2 125 in two bytes", "81 fe 007d", "fail(1002)"},
        {"5.2 0 in two bytes", "81 fe 0000", "fail(1002)"},
        {"5.2 65535 in eight", "81 ff 000000000000ffff", "fail(1002)"},
        {"5.2 1 in eight", "81 ff 0000000000000001", "fail(1002)"},
        {"5.4 one too many in the sum", "01 81" MASK0 "61 80 fe 4000", "fail(1009)"},
        {"5.2 header, then silence", "81 fe 4000" MASK0, ""},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

/* What is held is what came, not what was announced. */
static void test_w2_nothing_allocated_by_a_length(void **state)
{
    static const uint8_t header[] = {0x81, 0xfe, 0x40, 0x00, 0, 0, 0, 0, 'a', 'b'};
    struct jt_ws_parser parser;
    struct story story;

    (void)state;
    start(&parser, &story);
    feed(&parser, header, 8, &story);
    assert_true(parser.capacity <= 1);
    feed(&parser, header + 8, 2, &story);
    assert_true(parser.capacity <= 8);
    assert_true(jt_ws_parser_is_waiting(&parser));
    jt_ws_parser_deinit(&parser);
}

static void test_nothing_held_between_messages(void **state)
{
    static const uint8_t message[] = {0x81, 0x82, 0, 0, 0, 0, 'a', 'b', 0x89, 0x80, 0, 0, 0, 0};
    struct jt_ws_parser parser;
    struct story story;

    (void)state;
    start(&parser, &story);
    feed(&parser, message, sizeof(message), &story);
    assert_string_equal(story.text, "text(ab) ping()");
    assert_null(parser.bytes);
    assert_false(jt_ws_parser_is_waiting(&parser));
    jt_ws_parser_deinit(&parser);
}

static void test_w3_too_many_fragments(void **state)
{
    const struct sample samples[] = {
        {"5.4 four", "01 80" MASK0 "00 80" MASK0 "00 80" MASK0 "80 81" MASK0 "61", "text(a)"},
        {"5.4 five", "01 80" MASK0 "00 80" MASK0 "00 80" MASK0 "00 80" MASK0 "80 81" MASK0 "61",
         "fail(1009)"},
        {"5.4 counted anew",
         "01 80" MASK0 "00 80" MASK0 "80 80" MASK0 "01 80" MASK0 "00 80" MASK0 "80 80" MASK0,
         "text() text()"},
    };

    (void)state;
    expect_all(samples, JT_COUNT(samples));
}

static void test_longest_message(void **state)
{
    static const char *const want = "text(aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa)";
    uint8_t *bytes = malloc(8 + MESSAGE_MAX);

    (void)state;
    assert_non_null(bytes);
    memcpy(bytes, (const uint8_t[]){0x81, 0xfe, 0x40, 0x00, 0, 0, 0, 0}, 8);
    memset(bytes + 8, 'a', MESSAGE_MAX);
    expect_bytes(&(struct sample){"5.2", "longest", want}, bytes, 8 + MESSAGE_MAX, 997);
    free(bytes);
}

static void test_w4_compressed_frame(void **state)
{
    /* RFC 7692 §7.2.3.1: "Hello" with one compressed block, RSV1 set; masked with zeros. */
    const struct sample sample = {"5.2, RFC 7692 7.2.3.1", "c1 87" MASK0 "f248cdc9c90700",
                                  "fail(1002)"};

    (void)state;
    expect(&sample);
}

/* --- out --- */

static void expect_frame(struct jt_ws_frame *frame, const char *hex, size_t more)
{
    uint8_t bytes[160];
    size_t size = bytes_of(hex, bytes);

    assert_non_null(frame);
    assert_int_equal(frame->size, size + more);
    assert_int_equal(jt_ws_frame_bytes(frame), size + more);
    assert_memory_equal(frame->bytes, bytes, size);
    jt_ws_frame_unref(&frame);
    assert_null(frame);
}

static void test_w1_frames_out(void **state)
{
    static char text[65536];

    (void)state;
    memset(text, 'x', sizeof(text));
    expect_frame(jt_ws_frame_text("Hello", 5), "81 05 48 65 6c 6c 6f", 0); /* §5.7 */
    expect_frame(jt_ws_frame_new(JT_WS_PING, "Hello", 5), "89 05 48 65 6c 6c 6f", 0);
    expect_frame(jt_ws_frame_text("", 0), "81 00", 0);
    expect_frame(jt_ws_frame_text(text, 125), "81 7d 78", 124);
    expect_frame(jt_ws_frame_text(text, 126), "81 7e 00 7e 78", 125);
    expect_frame(jt_ws_frame_text(text, 256), "81 7e 01 00 78", 255); /* §5.7, as text */
    expect_frame(jt_ws_frame_text(text, 65535), "81 7e ff ff 78", 65534);
    expect_frame(jt_ws_frame_text(text, 65536), "81 7f 00 00 00 00 00 01 00 00 78", 65535);
}

static void test_w1_close_frames_out(void **state)
{
    char reason[JT_WS_REASON_MAX_BYTES + 40];

    (void)state;
    expect_frame(jt_ws_frame_close(1000, NULL), "88 02 03 e8", 0);
    expect_frame(jt_ws_frame_close(JT_WS_CODE_SLOW, "ab"), "88 04 0f a8 61 62", 0);
    expect_frame(jt_ws_frame_close(JT_WS_CODE_NONE, "ab"), "88 00", 0);
    memset(reason, 'a', sizeof(reason));
    strcpy(reason + JT_WS_REASON_MAX_BYTES - 1, "\xea\xb0\x80"); /* does not fit any more */
    expect_frame(jt_ws_frame_close(1001, reason), "88 7c 03 e9 61", 121);
}

/* --- anything --- */

/* Bytes changed at random: no crash, and the cut does not matter. */
static void test_w1_corrupted(void **state)
{
    static const char *const seeds[] = {
        "01 83" MASK0 "48656c 89 81" MASK0 "70 80 82" MASK0 "6c6f 88 85" MASK0 "03e8 627965",
        "81 fe 007e 01020304 6060606060606060 81 85 37fa213d 7f9f4d5158",
    };
    unsigned seed = 1;

    (void)state;
    for (int round = 0; round < 4000; round++) {
        uint8_t bytes[128];
        size_t size = bytes_of(seeds[round % 2], bytes);
        struct jt_ws_parser parser;
        struct story whole, cut;
        size_t at;

        for (int i = 0; i < 3; i++) {
            seed = seed * 1103515245U + 12345U;
            bytes[(seed >> 16) % size] ^= (uint8_t)(1U << (seed >> 8 & 7));
        }
        at = (seed >> 12) % size;
        start(&parser, &whole);
        feed(&parser, bytes, size, &whole);
        jt_ws_parser_deinit(&parser);
        start(&parser, &cut);
        feed(&parser, bytes, at, &cut);
        feed(&parser, bytes + at, size - at, &cut);
        jt_ws_parser_deinit(&parser);
        assert_string_equal(whole.text, cut.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_w1_examples_of_the_rfc),
        cmocka_unit_test(test_w1_framing),
        cmocka_unit_test(test_w1_unknown_opcodes),
        cmocka_unit_test(test_w1_every_reserved_bit_and_opcode),
        cmocka_unit_test(test_w1_fragments),
        cmocka_unit_test(test_w1_control_lengths),
        cmocka_unit_test(test_w1_close),
        cmocka_unit_test(test_w1_utf8),
        cmocka_unit_test(test_w2_length_lies),
        cmocka_unit_test(test_w2_nothing_allocated_by_a_length),
        cmocka_unit_test(test_nothing_held_between_messages),
        cmocka_unit_test(test_w3_too_many_fragments),
        cmocka_unit_test(test_longest_message),
        cmocka_unit_test(test_w4_compressed_frame),
        cmocka_unit_test(test_w1_frames_out),
        cmocka_unit_test(test_w1_close_frames_out),
        cmocka_unit_test(test_w1_corrupted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
