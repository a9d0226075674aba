/* Cleaning of text. Expected strings are written by hand from UAX #15, UAX #9 and UTS #51. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "chat/room/text.h"

static void expect(const char *raw, const char *shown)
{
    char out[ROOM_TEXT_MAX_BYTES + 1];
    int n = room_text_clean(raw, strlen(raw), ROOM_TEXT_MAX_CHARACTERS, out, sizeof(out));

    if (n != (int)strlen(shown) || strcmp(out, shown) != 0)
        fail_msg("\"%s\" gave %d \"%s\", not \"%s\"", raw, n, n < 0 ? "" : out, shown);
}

static int result(const char *raw, size_t size)
{
    char out[ROOM_TEXT_MAX_BYTES + 1];

    return room_text_clean(raw, size, ROOM_TEXT_MAX_CHARACTERS, out, sizeof(out));
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    expect("사이즈 있어요?", "사이즈 있어요?");
    expect("<script>alert(1)</script> & \"x\"", "<script>alert(1)</script> & \"x\"");
    expect("Tiếng Việt", "Tiếng Việt");
    expect("ที่นี่", "ที่นี่");
    expect("مرحبا", "مرحبا");
    expect("  두  칸 \n 줄 ", "두 칸 줄");
    expect("a\u00a0b\u3000c\u2028d", "a b c d");
}

static void test_c1_nfc(void **state)
{
    (void)state;
    expect("e\u0301", "\u00e9");
    expect("\u1112\u1161\u11ab\u1100\u1173\u11af", "한글"); /* as macOS writes file names */
    expect("\u212b", "\u00c5");
    expect("a\u0301\u0323", "\u1ea1\u0301"); /* canonical order: the dot below comes first */
}

static void test_c1_controls_and_bidi(void **state)
{
    (void)state;
    expect("a\x01"
           "b\x1b[31mc\x7f"
           "d\xc2\x85"
           "e\xc2\x9b"
           "f",
           "ab[31mcdef");
    expect("x\u202egnp.exe\u202c", "xgnp.exe");
    expect("\u2066a\u2069\u200f\u200e\u061c"
           "b",
           "ab");
    expect("a\ufeff\u2060b\u00ad"
           "c",
           "abc");
    expect("a\U000e0041\U000e0042\U000e0043", "a"); /* hidden tags */
    expect("a\ue000\U000f0000\uffff", "a");         /* private use, noncharacter */
}

static void test_p27_invisible_is_nothing(void **state)
{
    (void)state;
    assert_int_equal(
        result("\u3164\u115f\u1160\uffa0\u2800", strlen("\u3164\u115f\u1160\uffa0\u2800")),
        -ENODATA);
    assert_int_equal(result(" \t\u200b\u200d ", strlen(" \t\u200b\u200d ")), -ENODATA);
    assert_int_equal(result("", 0), -ENODATA);
    assert_int_equal(result("\u0301\u0302", 4), -ENODATA);
}

static void test_p27_zwj_only_in_emoji(void **state)
{
    (void)state;
    expect("👨‍👩‍👧‍👦 좋아요", "👨‍👩‍👧‍👦 좋아요");
    expect("🏳️‍🌈", "🏳️‍🌈");
    expect("👩🏽‍💻", "👩🏽‍💻");
    expect("❤️", "❤️");
    expect("1️⃣", "1️⃣");
    expect("🇰🇷", "🇰🇷");
    expect("시\u200d발\u200c아\u200b", "시발아");
    expect("👩\u200d", "👩");
    expect("👩\u200d가", "👩가");
    expect("👩‍👩‍👩‍👩‍👩‍👩‍👩‍👩",
           "👩‍👩‍👩‍👩👩‍👩‍👩‍👩"); /* no chain without end */
}

static void test_p27_zalgo(void **state)
{
    char raw[ROOM_TEXT_RAW_MAX_BYTES + 1] = "a";
    char out[ROOM_TEXT_MAX_BYTES + 1];

    (void)state;
    for (size_t i = 1; i + 2 <= ROOM_TEXT_RAW_MAX_BYTES; i += 2)
        memcpy(raw + i, "\u0316", 2); /* 2,000 graves below */
    assert_int_equal(room_text_clean(raw, strlen(raw), 200, out, sizeof(out)),
                     1 + 2 * ROOM_TEXT_MARKS_MAX);
    memset(raw, 'x', sizeof(raw));
    assert_int_equal(room_text_clean(raw, sizeof(raw), 200, out, sizeof(out)), -EMSGSIZE);
}

static void test_length_is_counted_in_code_points_shown(void **state)
{
    char raw[4096] = "", decomposed[4096] = "";

    (void)state;
    for (int i = 0; i < 200; i++) {
        strcat(raw, "가");
        strcat(decomposed, "\u1112\u1161\u11ab");
    }
    assert_int_equal(result(raw, strlen(raw)), 600);
    assert_int_equal(result(decomposed, strlen(decomposed)), 600);
    strcat(raw, "가");
    assert_int_equal(result(raw, strlen(raw)), -EMSGSIZE);
    assert_int_equal(room_text_clean("가나다", 9, 3, raw, 9), -EMSGSIZE); /* no room for the NUL */
    assert_int_equal(room_text_clean("가나다", 9, 3, raw, 10), 9);
}

static void test_c1_not_utf8(void **state)
{
    (void)state;
    assert_int_equal(result("\xff", 1), -EBADMSG);
    assert_int_equal(result("a\xc0\x80", 3), -EBADMSG);
    assert_int_equal(result("\xed\xa0\x80", 3), -EBADMSG);
    for (size_t cut = 1; cut < 4; cut++)
        assert_int_equal(result("\xf0\x9f\x91\xa9", cut), -EBADMSG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_text_stays),
        cmocka_unit_test(test_c1_nfc),
        cmocka_unit_test(test_c1_controls_and_bidi),
        cmocka_unit_test(test_p27_invisible_is_nothing),
        cmocka_unit_test(test_p27_zwj_only_in_emoji),
        cmocka_unit_test(test_p27_zalgo),
        cmocka_unit_test(test_length_is_counted_in_code_points_shown),
        cmocka_unit_test(test_c1_not_utf8),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
