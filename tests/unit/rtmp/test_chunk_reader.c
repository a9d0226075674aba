/* Expected messages come from the examples and rules of Adobe RTMP 1.0 §5.3. */
#include "peer.h"

#include "base/reader.h"
#include "rtmp/chunk_reader.h"
#include "rtmp/message.h"

static const struct jt_rtmp_chunk_limits limits = {.video_max_bytes = 4 * 1024 * 1024,
                                                   .other_max_bytes = 64 * 1024,
                                                   .partial_max_bytes = 6 * 1024 * 1024};

/* One line a message: type, time, stream, size, and a sum that tells bodies apart. */
struct log {
    char text[65536];
    size_t size;
    int result;
    const char *fault;
};

static void note(struct log *log, const struct jt_rtmp_message *m)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < m->size; i++)
        sum = sum * 31 + m->body[i];
    log->size +=
        (size_t)snprintf(log->text + log->size, sizeof(log->text) - log->size, "%u %u %u %zu %u\n",
                         m->type, m->time_ms, m->stream_id, m->size, m->size ? sum : 0);
}

static int read_part(struct jt_rtmp_chunk_reader *reader, const uint8_t *data, size_t size,
                     struct log *log)
{
    uint8_t *copy =
        calloc(1, size ? size : 1); /* exact, so that a sanitizer sees one byte too far */
    struct jt_reader in = jt_reader_of(copy, size);
    struct jt_rtmp_message message;
    int got;

    assert_non_null(copy);
    if (size)
        memcpy(copy, data, size);
    while ((got = jt_rtmp_chunk_read(reader, &in, &message)) > 0)
        note(log, &message);
    if (got == 0)
        assert_int_equal(in.left, 0);
    free(copy);
    return got;
}

/* Read `b` cut at `cut`, or in pieces of one byte when `cut` is SIZE_MAX. */
static void read_cut(const struct bytes *b, size_t cut, struct log *log)
{
    struct jt_rtmp_chunk_reader *reader;

    log->size = 0;
    log->text[0] = '\0';
    assert_int_equal(jt_rtmp_chunk_reader_new(&limits, &reader), 0);
    log->result = 0;
    if (cut == SIZE_MAX) {
        for (size_t i = 0; i < b->size && log->result == 0; i++)
            log->result = read_part(reader, b->data + i, 1, log);
    } else {
        log->result = read_part(reader, b->data, cut, log);
        if (log->result == 0)
            log->result = read_part(reader, b->data + cut, b->size - cut, log);
    }
    log->fault = jt_rtmp_chunk_reader_fault(reader);
    jt_rtmp_chunk_reader_free(reader);
}

static void expect_at_every_cut(struct bytes *b, int result, const char *fault, const char *text)
{
    static struct log log;

    for (size_t cut = 0; cut <= b->size; cut++) {
        read_cut(b, cut == b->size ? SIZE_MAX : cut, &log);
        assert_string_equal(log.text, text);
        assert_int_equal(log.result, result);
        if (fault)
            assert_string_equal(log.fault, fault);
        else
            assert_null(log.fault);
    }
    release(b);
}

static const char *line(char *out, size_t size, unsigned type, uint32_t time, uint32_t stream,
                        size_t body_size, unsigned filler)
{
    uint32_t sum = 0;

    for (size_t i = 0; i < body_size; i++)
        sum = sum * 31 + filler;
    (void)snprintf(out, size, "%u %u %u %zu %u\n", type, time, stream, body_size, sum);
    return out;
}

static void fill(struct bytes *b, size_t size, unsigned filler)
{
    while (size-- > 0)
        add_u8(b, filler);
}

/* §5.3.2.1: four audio messages of 32 bytes, 20 ms apart, in chunks of type 0, 2, 3, 3. */
static void test_spec_example_1(void **state)
{
    struct bytes b = {0};
    char text[256] = "", part[64];

    (void)state;
    add_hex(&b, "03 00 03 e8 00 00 20 08 39 30 00 00");
    fill(&b, 32, 1);
    add_hex(&b, "83 00 00 14");
    fill(&b, 32, 2);
    add_hex(&b, "c3");
    fill(&b, 32, 3);
    add_hex(&b, "c3");
    fill(&b, 32, 4);
    for (unsigned i = 0; i < 4; i++)
        strcat(text, line(part, sizeof(part), 8, 1000 + 20 * i, 12345, 32, i + 1));
    expect_at_every_cut(&b, 0, NULL, text);
}

/* §5.3.2.2: one video message of 307 bytes in chunks of 128, 128 and 51. */
static void test_spec_example_2(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    add_hex(&b, "04 00 03 e8 00 01 33 09 3a 30 00 00");
    fill(&b, 128, 7);
    add_hex(&b, "c4");
    fill(&b, 128, 7);
    add_hex(&b, "c4");
    fill(&b, 51, 7);
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 9, 1000, 12346, 307, 7));
}

/* §5.3.1.2.4: after a full header the difference is that header's time. */
static void test_type_3_after_type_0_repeats_its_time(void **state)
{
    struct bytes b = {0};

    (void)state;
    add_full(&b, 3, 100, 0, 8, 1);
    add_hex(&b, "c3");
    expect_at_every_cut(&b, 0, NULL, "8 100 1 0 0\n8 200 1 0 0\n");
}

static void test_interleaved_chunk_streams(void **state)
{
    struct bytes b = {0};
    char text[256] = "", part[64];

    (void)state;
    add_full(&b, 6, 10, 200, 9, 1);
    fill(&b, 128, 1);
    add_full(&b, 4, 11, 130, 8, 1);
    fill(&b, 128, 2);
    add_hex(&b, "c6");
    fill(&b, 72, 1);
    add_hex(&b, "c4");
    fill(&b, 2, 2);
    strcat(text, line(part, sizeof(part), 9, 10, 1, 200, 1));
    strcat(text, line(part, sizeof(part), 8, 11, 1, 130, 2));
    expect_at_every_cut(&b, 0, NULL, text);
}

static void test_r6_every_basic_header_form_same_message(void **state)
{
    char text[64];

    (void)state;
    line(text, sizeof(text), 8, 500, 1, 200, 9);
    for (int form = 1; form <= 3; form++) {
        struct bytes b = {0};
        uint32_t id = form == 1 ? 63 : form == 2 ? 319 : 65599; /* the highest of each */

        add_basic(&b, 0, id, form);
        add_hex(&b, "00 01 f4 00 00 c8 08 01 00 00 00");
        fill(&b, 128, 9);
        add_basic(&b, 3, id, form);
        fill(&b, 72, 9);
        expect_at_every_cut(&b, 0, NULL, text);
    }
}

/* Ids 64 to 319 can be written in two or three bytes: the same chunk stream either way. */
static void test_r6_two_forms_of_one_id(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    add_basic(&b, 0, 100, 2);
    add_hex(&b, "00 01 f4 00 00 c8 08 01 00 00 00");
    fill(&b, 128, 9);
    add_basic(&b, 3, 100, 3);
    fill(&b, 72, 9);
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 8, 500, 1, 200, 9));
}

static void test_r6_the_65th_chunk_stream_closes(void **state)
{
    struct bytes b = {0};
    char text[4096] = "", part[64];

    (void)state;
    for (uint32_t id = 0; id < 65; id++) {
        add_basic(&b, 0, 1000 + id, 3);
        add_hex(&b, "00 00 00 00 00 00 08 01 00 00 00");
        if (id < 64)
            strcat(text, line(part, sizeof(part), 8, 0, 1, 0, 0));
    }
    expect_at_every_cut(&b, -ENOBUFS, "chunk_streams", text);
}

static void extended_message(struct bytes *b, bool repeats)
{
    add_full(b, 5, 0x01020304, 259, 9, 1);
    fill(b, 128, 1); /* payload begins like the time: 01... */
    for (size_t n = 128, left = 131; left; left -= n, n = left < 128 ? left : 128) {
        add_hex(b, "c5");
        if (repeats)
            add_hex(b, "01 02 03 04");
        fill(b, n, 1);
    }
}

/* §5.3.1.3 and senders that do not repeat; the tail of 3 bytes looks like the start of a time. */
static void test_r6_extended_time_on_type_3_with_and_without(void **state)
{
    char text[64];

    (void)state;
    line(text, sizeof(text), 9, 0x01020304, 1, 259, 1);
    for (int repeats = 0; repeats < 2; repeats++) {
        struct bytes b = {0};

        extended_message(&b, repeats);
        expect_at_every_cut(&b, 0, NULL, text);
    }
}

/* Payload that begins with three bytes of the time, then differs: they must not be lost. */
static void test_payload_that_looks_like_a_time(void **state)
{
    struct bytes b = {0}, body = {0};
    char text[64];
    uint32_t sum = 0;

    (void)state;
    fill(&body, 128, 5);
    add_hex(&body, "01 02 03 05 06");
    add_full(&b, 5, 0x01020304, (uint32_t)body.size, 9, 1);
    add(&b, body.data, 128);
    add_hex(&b, "c5");
    add(&b, body.data + 128, body.size - 128);
    for (size_t i = 0; i < body.size; i++)
        sum = sum * 31 + body.data[i];
    (void)snprintf(text, sizeof(text), "9 16909060 1 %zu %u\n", body.size, sum);
    release(&body);
    expect_at_every_cut(&b, 0, NULL, text);
}

/* A chunk of 2 bytes whose payload begins the time, then the next message's header: found without waiting. */
static void test_short_payload_then_next_header(void **state)
{
    struct bytes b = {0};
    char text[128] = "";

    (void)state;
    add_full(&b, 5, 0x01020304, 130, 9, 1);
    fill(&b, 128, 0);
    add_hex(&b, "c5 01 02");
    add_full(&b, 4, 7, 0, 8, 1);
    (void)snprintf(text, sizeof(text), "9 16909060 1 130 %u\n8 7 1 0 0\n", 1 * 31 + 2);
    expect_at_every_cut(&b, 0, NULL, text);
}

/* §5.3.1.3: in types 1 and 2 the extended field is a difference; type 3 repeats it, or the whole time. */
static void test_extended_difference(void **state)
{
    (void)state;
    for (int whole = 0; whole < 2; whole++) {
        struct bytes b = {0};
        char text[128] = "", part[64];

        add_full(&b, 5, 1000, 0, 9, 1);
        add_hex(&b, "45 ff ff ff 00 00 81 09 01 00 00 00"); /* type 1: 129 bytes, + 0x01000000 */
        fill(&b, 128, 3);
        add_hex(&b, "c5");
        add_hex(&b, whole ? "01 00 03 e8" : "01 00 00 00");
        fill(&b, 1, 3);
        add_hex(&b, "85 00 00 28"); /* type 2: + 40, plain again */
        fill(&b, 128, 4);
        add_hex(&b, "c5");
        fill(&b, 1, 4);
        strcat(text, "9 1000 1 0 0\n");
        strcat(text, line(part, sizeof(part), 9, 0x010003e8, 1, 129, 3));
        strcat(text, line(part, sizeof(part), 9, 0x010003e8 + 40, 1, 129, 4));
        expect_at_every_cut(&b, 0, NULL, text);
    }
}

static void test_r13_time_wraps(void **state)
{
    struct bytes b = {0};

    (void)state;
    add_full(&b, 5, 0xfffffff0, 0, 9, 1);
    add_hex(&b, "85 00 00 20");
    expect_at_every_cut(&b, 0, NULL, "9 4294967280 1 0 0\n9 16 1 0 0\n");
}

static void set_chunk_size(struct bytes *b, uint32_t size)
{
    add_full(b, 2, 0, 4, 1, 0);
    add_be(b, size, 4);
}

static void test_r3_chunk_size_0_and_top_bit_close(void **state)
{
    static const uint32_t bad[] = {0, 0x80000000, 0x80000080, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(bad); i++) {
        struct bytes b = {0};

        set_chunk_size(&b, bad[i]);
        expect_at_every_cut(&b, -EPROTO, "chunk_size", "");
    }
}

static void test_r3_chunk_size_1_works(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    set_chunk_size(&b, 1);
    add_full(&b, 4, 5, 10, 8, 1);
    for (int i = 0; i < 10; i++) {
        if (i)
            add_hex(&b, "c4");
        add_u8(&b, 8);
    }
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 8, 5, 1, 10, 8));
}

static void test_r3_chunk_size_changes_inside_a_message(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    add_full(&b, 6, 5, 1000, 9, 1);
    fill(&b, 128, 8);
    set_chunk_size(&b, 0x7fffffff);
    add_hex(&b, "c6");
    fill(&b, 872, 8);
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 9, 5, 1, 1000, 8));
}

/* R3, R4: neither a huge chunk size nor an announced length makes memory; received bytes do. */
static void test_r4_memory_follows_bytes_received(void **state)
{
    static const uint8_t payload[100];
    struct jt_rtmp_chunk_reader *reader;
    struct bytes b = {0};
    static struct log log;

    (void)state;
    log.size = 0;
    assert_int_equal(jt_rtmp_chunk_reader_new(&limits, &reader), 0);
    set_chunk_size(&b, 0x7fffffff);
    add_full(&b, 6, 0, 4 * 1024 * 1024, 9, 1);
    assert_int_equal(read_part(reader, b.data, b.size, &log), 0);
    assert_true(jt_rtmp_chunk_reader_held_bytes(reader) == 0);
    assert_int_equal(read_part(reader, payload, 100, &log), 0);
    assert_true(jt_rtmp_chunk_reader_held_bytes(reader) <= 4096);
    for (int i = 0; i < 2000; i++)
        assert_int_equal(read_part(reader, payload, 10, &log), 0);
    assert_true(jt_rtmp_chunk_reader_held_bytes(reader) <= 2 * 20100);
    release(&b);
    jt_rtmp_chunk_reader_free(reader);
}

static void test_r4_too_large_is_refused_at_the_header(void **state)
{
    static const struct {
        unsigned type;
        uint32_t most;
    } kinds[] = {{9, 4 * 1024 * 1024}, {22, 4 * 1024 * 1024}, {8, 65536},  {18, 65536},
                 {15, 65536},          {20, 65536},           {17, 65536}, {4, 65536},
                 {0, 65536},           {255, 65536}};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(kinds); i++) {
        struct bytes b = {0};

        add_full(&b, 6, 0, kinds[i].most, kinds[i].type, 1);
        expect_at_every_cut(&b, 0, NULL, "");
        add_full(&b, 6, 0, kinds[i].most + 1, kinds[i].type, 1);
        expect_at_every_cut(&b, -EMSGSIZE, "message_size", "");
        add_full(&b, 6, 0, 0xffffff, kinds[i].type, 1);
        expect_at_every_cut(&b, -EMSGSIZE, "message_size", "");
    }
}

static void test_r6_partial_bytes_are_capped(void **state)
{
    struct jt_rtmp_chunk_reader *reader;
    struct bytes b = {0};
    static struct log log;
    int result = 0;
    size_t most = 0;

    (void)state;
    log.size = 0;
    assert_int_equal(jt_rtmp_chunk_reader_new(&limits, &reader), 0);
    set_chunk_size(&b, 3 * 1024 * 1024);
    for (uint32_t id = 10; id < 14; id++) {
        add_full(&b, id, 0, 4 * 1024 * 1024, 9, 1);
        fill(&b, 3 * 1024 * 1024, 0);
    }
    for (size_t at = 0; at < b.size && result == 0; at += 4096) {
        result = read_part(reader, b.data + at, JT_MIN(b.size - at, (size_t)4096), &log);
        most = JT_MAX(most, jt_rtmp_chunk_reader_held_bytes(reader));
    }
    assert_int_equal(result, -EMSGSIZE);
    assert_string_equal(jt_rtmp_chunk_reader_fault(reader), "partial_bytes");
    assert_true(most <= 6 * 1024 * 1024);
    release(&b);
    jt_rtmp_chunk_reader_free(reader);
}

static void test_control_messages_have_exact_sizes(void **state)
{
    static const unsigned types[] = {1, 2, 3, 5, 6};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(types); i++)
        for (uint32_t size = 0; size < 12; size++) {
            struct bytes b = {0};

            if (size == (types[i] == 6 ? 5 : 4))
                continue;
            add_full(&b, 2, 0, size, types[i], 0);
            expect_at_every_cut(&b, -EPROTO, "control_size", "");
        }
}

static void test_r5_second_header_may_not_change_the_message(void **state)
{
    static const char *const second[] = {
        "06 00 00 05 00 00 c9 09 01 00 00 00", /* length */
        "06 00 00 05 00 00 c8 08 01 00 00 00", /* type */
        "06 00 00 05 00 00 c8 09 02 00 00 00", /* stream */
        "46 00 00 05 00 00 40 09",             /* type 1: length; CVE-2016-10191 */
        "46 00 00 05 ff ff ff 09",
        "46 00 00 05 00 00 c8 14",
    };

    (void)state;
    for (size_t i = 0; i < JT_COUNT(second); i++) {
        struct bytes b = {0};

        add_full(&b, 6, 5, 200, 9, 1);
        fill(&b, 128, 1);
        add_hex(&b, second[i]);
        expect_at_every_cut(&b, -EPROTO, "chunk_header", "");
    }
}

static void test_r5_second_header_may_repeat_the_first(void **state)
{
    static const char *const second[] = {"06 00 00 05 00 00 c8 09 01 00 00 00",
                                         "46 00 00 00 00 00 c8 09", "86 00 00 00"};
    char text[64];

    (void)state;
    line(text, sizeof(text), 9, 5, 1, 200, 1);
    for (size_t i = 0; i < JT_COUNT(second); i++) {
        struct bytes b = {0};

        add_full(&b, 6, 5, 200, 9, 1);
        fill(&b, 128, 1);
        add_hex(&b, second[i]);
        fill(&b, 72, 1);
        expect_at_every_cut(&b, 0, NULL, text);
    }
}

static void test_r5_first_chunk_of_an_id(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    add_hex(&b, "86 00 00 00");
    expect_at_every_cut(&b, -EPROTO, "chunk_header", "");
    add_hex(&b, "c6");
    expect_at_every_cut(&b, -EPROTO, "chunk_header", "");
    add_hex(&b, "46 00 00 21 00 00 02 08"); /* type 1: base time zero */
    fill(&b, 2, 1);
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 8, 33, 0, 2, 1));
}

static void test_abort_drops_the_partial_message(void **state)
{
    struct bytes b = {0};
    char text[64];

    (void)state;
    add_full(&b, 6, 5, 200, 9, 1);
    fill(&b, 128, 1);
    add_full(&b, 2, 0, 4, 2, 0);
    add_be(&b, 6, 4);
    add_full(&b, 2, 0, 4, 2, 0);
    add_be(&b, 12345, 4); /* nothing there: ignored */
    add_full(&b, 6, 6, 3, 8, 1);
    fill(&b, 3, 2);
    expect_at_every_cut(&b, 0, NULL, line(text, sizeof(text), 8, 6, 1, 3, 2));
}

/* Random corruption of a valid stream: no crash, and the same answer at two different cuts. */
static void test_corrupted_bytes(void **state)
{
    static struct log whole, cut;
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 3000; round++) {
        struct bytes b = {0};

        extended_message(&b, round & 1);
        add_full(&b, 4, 1, 300, 8, 1);
        fill(&b, 128, 1);
        add_hex(&b, "c4");
        fill(&b, 128, 2);
        add_hex(&b, "c4");
        fill(&b, 44, 3);
        for (int i = 0; i < 3; i++) {
            random = random * 1664525 + 1013904223;
            b.data[(random >> 8) % b.size] = (uint8_t)(random >> 24);
        }
        read_cut(&b, 0, &whole);
        read_cut(&b, SIZE_MAX, &cut);
        assert_string_equal(whole.text, cut.text);
        assert_int_equal(whole.result, cut.result);
        release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_spec_example_1),
        cmocka_unit_test(test_spec_example_2),
        cmocka_unit_test(test_type_3_after_type_0_repeats_its_time),
        cmocka_unit_test(test_interleaved_chunk_streams),
        cmocka_unit_test(test_r6_every_basic_header_form_same_message),
        cmocka_unit_test(test_r6_two_forms_of_one_id),
        cmocka_unit_test(test_r6_the_65th_chunk_stream_closes),
        cmocka_unit_test(test_r6_extended_time_on_type_3_with_and_without),
        cmocka_unit_test(test_payload_that_looks_like_a_time),
        cmocka_unit_test(test_short_payload_then_next_header),
        cmocka_unit_test(test_extended_difference),
        cmocka_unit_test(test_r13_time_wraps),
        cmocka_unit_test(test_r3_chunk_size_0_and_top_bit_close),
        cmocka_unit_test(test_r3_chunk_size_1_works),
        cmocka_unit_test(test_r3_chunk_size_changes_inside_a_message),
        cmocka_unit_test(test_r4_memory_follows_bytes_received),
        cmocka_unit_test(test_r4_too_large_is_refused_at_the_header),
        cmocka_unit_test(test_r6_partial_bytes_are_capped),
        cmocka_unit_test(test_control_messages_have_exact_sizes),
        cmocka_unit_test(test_r5_second_header_may_not_change_the_message),
        cmocka_unit_test(test_r5_second_header_may_repeat_the_first),
        cmocka_unit_test(test_r5_first_chunk_of_an_id),
        cmocka_unit_test(test_abort_drops_the_partial_message),
        cmocka_unit_test(test_corrupted_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
