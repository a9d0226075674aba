/* Expected bytes: the headers of Adobe RTMP 1.0 §5.3.1, put down by hand. */
#include "peer.h"

#include "base/writer.h"
#include "rtmp/chunk_writer.h"
#include "rtmp/message.h"

static uint8_t filler[300];

static void expect(const struct jt_rtmp_message *message, uint32_t chunk_size, const char *hex)
{
    struct bytes wanted = {0};
    size_t size = jt_rtmp_chunks_size(message, chunk_size);
    uint8_t *out = calloc(1, size);
    struct jt_writer w = jt_writer_of(out, size);

    assert_non_null(out);
    add_hex(&wanted, hex);
    jt_rtmp_chunks_write(&w, 6, message, chunk_size);
    assert_false(w.failed);
    assert_int_equal(w.size, size);
    assert_int_equal(size, wanted.size);
    assert_memory_equal(out, wanted.data, size);
    for (size_t room = 0; room < size; room++) { /* never a byte past the room given */
        uint8_t *less = calloc(1, room + 1);

        assert_non_null(less);
        w = jt_writer_of(less, room);
        jt_rtmp_chunks_write(&w, 6, message, chunk_size);
        assert_true(w.failed);
        assert_int_equal(less[room], 0);
        free(less);
    }
    free(out);
    release(&wanted);
}

static void test_one_chunk(void **state)
{
    struct jt_rtmp_message m = {
        .type = 9, .time_ms = 0x010203, .stream_id = 0x0a0b0c0d, .body = filler, .size = 3};

    (void)state;
    expect(&m, 128, "06 01 02 03 00 00 03 09 0d 0c 0b 0a 11 11 11");
    m.size = 0;
    expect(&m, 128, "06 01 02 03 00 00 00 09 0d 0c 0b 0a");
}

static void test_body_is_cut_into_chunks(void **state)
{
    struct jt_rtmp_message m = {.type = 8, .stream_id = 1, .body = filler, .size = 4};

    (void)state;
    expect(&m, 4, "06 00 00 00 00 00 04 08 01 00 00 00 11 11 11 11");
    m.size = 5;
    expect(&m, 4, "06 00 00 00 00 00 05 08 01 00 00 00 11 11 11 11 c6 11");
    m.size = 3;
    expect(&m, 1, "06 00 00 00 00 00 03 08 01 00 00 00 11 c6 11 c6 11");
}

/* §5.3.1.3: 0xfffffe is plain, 0xffffff and up are extended, in each chunk. */
static void test_extended_time(void **state)
{
    struct jt_rtmp_message m = {
        .type = 8, .time_ms = 0xfffffe, .stream_id = 1, .body = filler, .size = 3};

    (void)state;
    expect(&m, 2, "06 ff ff fe 00 00 03 08 01 00 00 00 11 11 c6 11");
    m.time_ms = 0xffffff;
    expect(&m, 2, "06 ff ff ff 00 00 03 08 01 00 00 00 00 ff ff ff 11 11 c6 00 ff ff ff 11");
    m.time_ms = 0xfffffffe;
    expect(&m, 2, "06 ff ff ff 00 00 03 08 01 00 00 00 ff ff ff fe 11 11 c6 ff ff ff fe 11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_chunk),
        cmocka_unit_test(test_body_is_cut_into_chunks),
        cmocka_unit_test(test_extended_time),
    };

    memset(filler, 0x11, sizeof(filler));
    return cmocka_run_group_tests(tests, NULL, NULL);
}
