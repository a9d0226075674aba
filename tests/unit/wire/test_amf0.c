#include "wire/amf0.h"

#include <errno.h>
#include <math.h>

#include "base/reader.h"
#include "base/writer.h"
#include "wire_test.h"

static struct jt_amf0 amf; /* too large for the stack */

static int read_bytes(const uint8_t *data, size_t size)
{
    struct jt_reader r = jt_reader_of(data, size);

    return jt_amf0_read(&r, &amf);
}

static int read_hex(const char *hex)
{
    static uint8_t bytes[1024]; /* `amf` borrows from it */

    return read_bytes(bytes, from_hex(hex, bytes, sizeof(bytes)));
}

/* Sent by ffmpeg 5.1 to an RTMP listener. */
static const char connect_hex[] =
    "020007636f6e6e656374003ff00000000000000300036170700200046c69766500047479706502000a6e6f6e7072"
    "69766174650008666c617368566572020024464d4c452f332e302028636f6d70617469626c653b204c61766635392e"
    "32372e313030290005746355726c02001b72746d703a2f2f3132372e302e302e313a34303539352f6c69766500000"
    "9";

static void test_ffmpeg_connect(void **state)
{
    struct jt_amf0_command command;
    const struct jt_amf0_value *object;

    (void)state;
    assert_int_equal(read_hex(connect_hex), 0);
    assert_int_equal(jt_amf0_command(&amf, &command), 0);
    assert_true(jt_text_is(command.name, "connect"));
    assert_true(command.transaction == 1.0);
    object = jt_amf0_at(&amf, 2);
    assert_non_null(object);
    assert_int_equal(object->type, JT_AMF0_OBJECT);
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_find(&amf, object, "app")), "live"));
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_find(&amf, object, "tcUrl")),
                           "rtmp://127.0.0.1:40595/live"));
    assert_null(jt_amf0_find(&amf, object, "objectEncoding"));
    assert_int_equal(jt_amf0_integer(jt_amf0_find(&amf, object, "objectEncoding"), 0, 3), 0);
    assert_null(jt_amf0_at(&amf, 3));
    assert_null(jt_amf0_find(&amf, NULL, "app"));
    assert_null(jt_amf0_find(&amf, jt_amf0_at(&amf, 0), "app"));
}

/* The script tag of an FLV file that ffmpeg 5.1 wrote. */
static const char metadata_hex[] =
    "02000a6f6e4d65746144617461080000000d00086475726174696f6e003ff1126e978d4fdf0005776964746800"
    "4074000000000000000668656967687400406e000000000000000d766964656f64617461726174650000000000"
    "0000000000096672616d657261746500403e000000000000000c766964656f636f646563696400401c00000000"
    "0000000d617564696f6461746172617465004050d88000000000000f617564696f73616d706c65726174650040"
    "e5888000000000000f617564696f73616d706c6573697a65004030000000000000000673746572656f0100000c"
    "617564696f636f64656369640040240000000000000007656e636f64657202000d4c61766635392e32372e3130"
    "30000866696c6573697a650040d1d3c000000000000009";

static void test_ffmpeg_metadata(void **state)
{
    const struct jt_amf0_value *array;
    const struct jt_amf0_value *value;
    unsigned count = 0;

    (void)state;
    assert_int_equal(read_hex(metadata_hex), 0);
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_at(&amf, 0)), "onMetaData"));
    array = jt_amf0_at(&amf, 1);
    assert_int_equal(array->type, JT_AMF0_ECMA_ARRAY);
    for (value = jt_amf0_child(&amf, array); value; value = jt_amf0_sibling(&amf, array, value))
        count++;
    assert_int_equal(count, 13);
    assert_int_equal(jt_amf0_integer(jt_amf0_find(&amf, array, "width"), 0, 8192), 320);
    assert_int_equal(jt_amf0_integer(jt_amf0_find(&amf, array, "audiosamplerate"), 0, 1 << 20),
                     44100);
    assert_false(jt_amf0_find(&amf, array, "stereo")->boolean);
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_find(&amf, array, "encoder")), "Lavf59.27.100"));
}

/* One of each marker that is let in, after AMF0 §2. */
static void test_every_type(void **state)
{
    const struct jt_amf0_value *value;

    (void)state;
    assert_int_equal(read_hex("0101 05 06 0d"
                              "0b 0000000000000000 0000"
                              "0c 00000003 616263"
                              "0f 00000001 78"
                              "0a 00000002 05 020000"
                              "10 0003 466f6f 0001 61 05 000009"
                              "03 0001 61 03 000009 0001 62 0101 000009"
                              "02 0001 7a"),
                     0);
    assert_true(jt_amf0_at(&amf, 0)->boolean);
    assert_int_equal(jt_amf0_at(&amf, 1)->type, JT_AMF0_NULL);
    assert_int_equal(jt_amf0_at(&amf, 2)->type, JT_AMF0_UNDEFINED);
    assert_int_equal(jt_amf0_at(&amf, 3)->type, JT_AMF0_UNDEFINED);
    assert_int_equal(jt_amf0_at(&amf, 4)->type, JT_AMF0_DATE);
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_at(&amf, 5)), "abc"));
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_at(&amf, 6)), "x"));
    value = jt_amf0_at(&amf, 7);
    assert_int_equal(value->type, JT_AMF0_STRICT_ARRAY);
    value = jt_amf0_child(&amf, value);
    assert_int_equal(value->type, JT_AMF0_NULL);
    value = jt_amf0_sibling(&amf, jt_amf0_at(&amf, 7), value);
    assert_int_equal(value->type, JT_AMF0_STRING);
    assert_null(jt_amf0_sibling(&amf, jt_amf0_at(&amf, 7), value));
    assert_int_equal(jt_amf0_find(&amf, jt_amf0_at(&amf, 8), "a")->type, JT_AMF0_NULL);
    assert_null(jt_amf0_child(&amf, jt_amf0_find(&amf, jt_amf0_at(&amf, 9), "a")));
    assert_true(jt_amf0_find(&amf, jt_amf0_at(&amf, 9), "b")->boolean);
    assert_true(jt_text_is(jt_amf0_text(jt_amf0_at(&amf, 10)), "z"));
    assert_null(jt_amf0_at(&amf, 11));
    assert_int_equal(read_hex(""), 0);
    assert_null(jt_amf0_at(&amf, 0));
}

static int read_nested(const char *one_level, size_t levels)
{
    uint8_t unit[16];
    size_t unit_size = from_hex(one_level, unit, sizeof(unit));
    uint8_t *data = malloc(unit_size * levels);
    int err;

    assert_non_null(data);
    for (size_t i = 0; i < levels; i++)
        memcpy(data + i * unit_size, unit, unit_size);
    err = read_bytes(data, unit_size * levels);
    free(data);
    return err;
}

static void test_r7_amf0_depth(void **state)
{
    char hex[JT_AMF0_DEPTH_MAX * 16 + 1] = "";

    (void)state;
    assert_int_equal(read_nested("03 0001 61", 20000), -E2BIG);
    assert_int_equal(amf.count, 0);
    assert_int_equal(read_nested("08 00000001 0001 61", 20000), -E2BIG);
    assert_int_equal(read_nested("0a 00000001", 20000), -E2BIG);
    assert_int_equal(read_nested("10 0001 78 0001 61", 20000), -E2BIG);
    for (unsigned i = 0; i < JT_AMF0_DEPTH_MAX; i++)
        strcat(hex, "0a00000001");
    strcat(hex, "05");
    assert_int_equal(read_hex(hex), 0); /* the limit itself is fine */
    assert_int_equal(amf.count, JT_AMF0_DEPTH_MAX + 1);
    assert_int_equal(amf.values[0].next, JT_AMF0_DEPTH_MAX + 1);
}

static void test_r8_amf0_lies(void **state)
{
    static const char *const bad[] = {
        "0a 7fffffff 05",         /* strict array of 2^31 - 1, one there */
        "0a ffffffff",            /* and of 2^32 - 1 */
        "08 ffffffff 0001 61 05", /* ECMA array without its end */
        "03 0001 61 05",          /* object without its end */
        "03 0000",                /* half an end */
        "03 0001 61 09",          /* end marker as a value */
        "09",                     /* end marker astray */
        "000009",                 /* number of two bytes */
        "00 3ff0",                /* number cut */
        "01",                     /* boolean cut */
        "02 0004 616263",         /* string past the end */
        "02 ffff",                /* the same, more so */
        "0c 00000004 616263",     /* long string past the end */
        "0b 0000000000000000 00", /* date cut */
        "07 0000",                /* reference, to nothing */
        "11 0a",                  /* the switch to AMF3 */
        "04",
        "0e",
        "12",
        "ff",
        "08 0000",        /* movie clip, record set, unknown; cut count */
        "10 0005 466f6f", /* class name past the end */
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        amf.count = 1;
        if (read_hex(bad[i]) >= 0)
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(amf.count, 0);
    }
    /* counts are hints */
    assert_int_equal(read_hex("08 ffffffff 000009"), 0);
    assert_int_equal(read_hex("08 00000000 0001 61 05 000009"), 0);
    assert_int_equal(read_hex("0c ffffffff"), -E2BIG);
    assert_int_equal(read_hex("0f 00004001"), -E2BIG);
}

static void test_r8_amf0_limits(void **state)
{
    static uint8_t nulls[JT_AMF0_VALUES_MAX + 1];
    static uint8_t text[3 + JT_AMF0_STRING_MAX_BYTES + 1] = {0x02, 0x40, 0x00};

    (void)state;
    memset(nulls, 0x05, sizeof(nulls));
    assert_int_equal(read_bytes(nulls, JT_AMF0_VALUES_MAX), 0);
    assert_non_null(jt_amf0_at(&amf, JT_AMF0_VALUES_MAX - 1));
    assert_int_equal(read_bytes(nulls, sizeof(nulls)), -E2BIG);
    assert_int_equal(read_bytes(text, 3 + JT_AMF0_STRING_MAX_BYTES), 0);
    text[2] = 1;
    assert_int_equal(read_bytes(text, sizeof(text)), -E2BIG);
}

static struct jt_amf0_value number(double value)
{
    return (struct jt_amf0_value){.type = JT_AMF0_NUMBER, .number = value};
}

static void check_integer(double value, int64_t min, int64_t max, int64_t want)
{
    struct jt_amf0_value v = number(value);

    assert_true(jt_amf0_integer(&v, min, max) == want);
}

static void test_r8_numbers(void **state)
{
    struct jt_amf0_value text = {.type = JT_AMF0_STRING};

    (void)state;
    check_integer(3.99, 0, 10, 3);
    check_integer(-3.99, -10, 10, -3);
    check_integer(11, 0, 10, 10);
    check_integer(-1, 0, 10, 0);
    check_integer(NAN, 5, 10, 5);
    check_integer(INFINITY, 0, 10, 10);
    check_integer(-INFINITY, 0, 10, 0);
    check_integer(1e308, INT64_MIN, INT64_MAX, INT64_MAX);
    check_integer(-1e308, INT64_MIN, INT64_MAX, INT64_MIN);
    check_integer(9223372036854775808.0, 0, INT64_MAX, INT64_MAX);
    assert_true(jt_amf0_integer(&text, 7, 9) == 7);
    assert_true(jt_amf0_integer(NULL, 7, 9) == 7);
    assert_int_equal(read_hex("00 7ff8000000000000 00 7fe1ccf385ebc8a0"), 0);
    assert_true(isnan(jt_amf0_at(&amf, 0)->number));
    assert_true(jt_amf0_at(&amf, 1)->number == 1e308);
}

static void test_r8_command_shape(void **state)
{
    static const char *const bad[] = {"", "020001 61", "05 003ff0000000000000", "020001 61 05"};
    struct jt_amf0_command command;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        assert_int_equal(read_hex(bad[i]), 0);
        assert_int_equal(jt_amf0_command(&amf, &command), -EBADMSG);
    }
}

/* ffmpeg's command, written by us, is the same bytes. */
static void test_write_like_ffmpeg(void **state)
{
    uint8_t want[512];
    size_t want_size = from_hex(connect_hex, want, sizeof(want));
    uint8_t out[512];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_amf0_write_string(&w, "connect");
    jt_amf0_write_number(&w, 1);
    jt_amf0_write_object(&w);
    jt_amf0_write_name(&w, "app");
    jt_amf0_write_string(&w, "live");
    jt_amf0_write_name(&w, "type");
    jt_amf0_write_string(&w, "nonprivate");
    jt_amf0_write_name(&w, "flashVer");
    jt_amf0_write_string(&w, "FMLE/3.0 (compatible; Lavf59.27.100)");
    jt_amf0_write_name(&w, "tcUrl");
    jt_amf0_write_text(&w, jt_text_of("rtmp://127.0.0.1:40595/live"));
    jt_amf0_write_end(&w);
    assert_false(w.failed);
    assert_int_equal(w.size, want_size);
    assert_memory_equal(out, want, want_size);
}

static void test_write_others(void **state)
{
    static char longest[0x10001];
    static uint8_t large[0x10010];
    uint8_t want[64];
    uint8_t out[64];
    struct jt_writer w = jt_writer_of(out, sizeof(out));

    (void)state;
    jt_amf0_write_boolean(&w, true);
    jt_amf0_write_null(&w);
    jt_amf0_write_ecma_array(&w, 1);
    jt_amf0_write_name(&w, "a");
    jt_amf0_write_strict_array(&w, 1);
    jt_amf0_write_boolean(&w, false);
    jt_amf0_write_end(&w);
    assert_int_equal(w.size,
                     from_hex("0101 05 08 00000001 0001 61 0a 00000001 0100 000009", want, 64));
    assert_memory_equal(out, want, w.size);
    memset(longest, 'x', 0x10000);
    w = jt_writer_of(large, sizeof(large));
    jt_amf0_write_string(&w, longest);
    assert_int_equal(w.size, 5 + 0x10000);
    assert_memory_equal(large, "\x0c\x00\x01\x00\x00x", 6);
    w = jt_writer_of(large, sizeof(large));
    jt_amf0_write_name(&w, longest);
    assert_true(w.failed);
}

static void walk_values(const uint8_t *data, size_t size)
{
    unsigned sum = 0;

    if (read_bytes(data, size) < 0) {
        assert_int_equal(amf.count, 0);
        return;
    }
    for (size_t i = 0; i < amf.count; i++) {
        const struct jt_amf0_value *value = &amf.values[i];

        assert_true(value->next > i && value->next <= amf.count);
        for (size_t n = 0; n < value->name.size; n++)
            sum += (unsigned char)value->name.data[n];
        for (size_t n = 0; n < value->text.size; n++)
            sum += (unsigned char)value->text.data[n];
        sum += (unsigned)jt_amf0_integer(value, 0, 100);
    }
    (void)sum;
}

static void test_r8_every_cut(void **state)
{
    uint8_t bytes[1024];

    (void)state;
    torture(bytes, from_hex(connect_hex, bytes, sizeof(bytes)), walk_values);
    torture(bytes, from_hex(metadata_hex, bytes, sizeof(bytes)), walk_values);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ffmpeg_connect),    cmocka_unit_test(test_ffmpeg_metadata),
        cmocka_unit_test(test_every_type),        cmocka_unit_test(test_r7_amf0_depth),
        cmocka_unit_test(test_r8_amf0_lies),      cmocka_unit_test(test_r8_amf0_limits),
        cmocka_unit_test(test_r8_numbers),        cmocka_unit_test(test_r8_command_shape),
        cmocka_unit_test(test_write_like_ffmpeg), cmocka_unit_test(test_write_others),
        cmocka_unit_test(test_r8_every_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
