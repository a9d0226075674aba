/* Threat M2: a writer that lies. Each number out of its range, then all of them changing under the reader's eyes. */
#include "rig.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ROWS = 16, SLOTS = 32, SLOTS_AT = 4096 + ROWS * 64, RING_BYTES = SLOTS_AT + SLOTS * 1152 };

/** Where the reader is meant to notice. */
enum where { AT_NEW, AT_INFO, AT_HEAD, AT_FRAME, AT_PACKET };

struct lie {
    const char *what;
    size_t offset;
    uint64_t value;
    unsigned bytes; /* of `value` */
    enum where where;
    int err;
};

/* The ring lied about holds frames 0 … 4 of two packets each; frame 4 in row 4, its packets 8 and 9. Published seven
 * times (creation, five frames, the end): head copy 1 at 320 counts; info copy 1 at 448 + 1088. */
enum { HEAD = 320, INFO = 448 + 1088, ROW_4 = 4096 + 4 * 64, SLOT_8 = SLOTS_AT + 8 * 1152 };

static const struct lie lies[] = {
    {"nothing at all", 0, 0x474e4952544a0d0a, 8, AT_PACKET, 0},
    {"magic", 0, 0, 1, AT_NEW, -EPROTO},
    {"version 0", 8, 0, 4, AT_NEW, -EPROTO},
    {"version 2", 8, 2, 4, AT_NEW, -EPROTO},
    {"no rows", 16, 0, 4, AT_NEW, -EPROTO},
    {"twice the rows", 16, 2 * ROWS, 4, AT_NEW, -EPROTO},
    {"rows not a power of two", 16, ROWS - 1, 4, AT_NEW, -EPROTO},
    {"rows without end", 16, UINT32_MAX, 4, AT_NEW, -EPROTO},
    {"rows of 128 bytes", 20, 128, 4, AT_NEW, -EPROTO},
    {"rows of 0 bytes", 20, 0, 4, AT_NEW, -EPROTO},
    {"no slots", 24, 0, 4, AT_NEW, -EPROTO},
    {"twice the slots", 24, 2 * SLOTS, 4, AT_NEW, -EPROTO},
    {"slots without end", 24, 1U << 31, 4, AT_NEW, -EPROTO},
    {"slots of 64 KiB", 28, 65536, 4, AT_NEW, -EPROTO},
    {"rows elsewhere", 32, RING_BYTES, 8, AT_NEW, -EPROTO},
    {"slots elsewhere", 40, SLOTS_AT + 64, 8, AT_NEW, -EPROTO},
    {"slots before", 40, 0, 8, AT_NEW, -EPROTO},
    {"a larger total", 48, RING_BYTES + 1, 8, AT_NEW, -EPROTO},
    {"the wall beyond time", 72, UINT64_C(1) << 62, 8, AT_NEW, -EPROTO},

    {"info never written", 384, 0, 8, AT_INFO, -EPROTO},
    {"codec 0", INFO, 0, 4, AT_INFO, -EPROTO},
    {"codec 99", INFO, 99, 4, AT_INFO, -EPROTO},
    {"clock 0", INFO + 4, 0, 4, AT_INFO, -EPROTO},
    {"width 65,535", INFO + 8, 65535, 2, AT_INFO, -EPROTO},
    {"config past its array", INFO + 14, 1025, 2, AT_INFO, -EPROTO},
    {"layer without end", INFO + 24, UINT64_C(0x6161616161616161), 8, AT_INFO,
     0}, /* 8 of 16: still a name */
    {"layer with a quote", INFO + 24, '"', 1, AT_INFO, -EPROTO},

    {"head never written", 192, 0, 8, AT_HEAD, -EPROTO},
    {"next frame in the past", HEAD, 0xffffffff00000000, 8, AT_HEAD, -EPROTO},
    {"next frame far ahead of oldest", HEAD, 1000, 8, AT_HEAD, -EPROTO},
    {"next frame before oldest", HEAD + 16, 6, 8, AT_HEAD, -EPROTO},
    {"next sequence in the past", HEAD + 8, UINT64_MAX - 10, 8, AT_HEAD, -EPROTO},
    {"key frame ahead", HEAD + 24, 5, 8, AT_HEAD, -EPROTO},
    {"key frame far ahead", HEAD + 24, UINT64_MAX - 1, 8, AT_HEAD, -EPROTO},
    {"a flag nobody knows", HEAD + 32, 4, 8, AT_HEAD, -EPROTO},

    {"row of a newer frame", ROW_4, ((4 + ROWS) << 16) + 2, 8, AT_FRAME, -ESTALE},
    {"row of an older frame", ROW_4, 2, 8, AT_FRAME, -EPROTO},
    {"row never written", ROW_4, 0, 8, AT_FRAME, -EPROTO},
    {"row for ever being written", ROW_4, (4 << 16) + 3, 8, AT_FRAME, -EAGAIN},
    {"first sequence ahead", ROW_4 + 8, 10, 8, AT_FRAME, -EPROTO},
    {"first sequence far ahead", ROW_4 + 8, UINT64_C(1) << 63, 8, AT_FRAME, -EPROTO},
    {"first sequence before all", ROW_4 + 8, UINT64_MAX, 8, AT_FRAME, -EPROTO},
    {"no packets", ROW_4 + 16, 0, 4, AT_FRAME, -EPROTO},
    {"more packets than slots", ROW_4 + 16, SLOTS + 1, 4, AT_FRAME, -EPROTO},
    {"packets without end", ROW_4 + 16, UINT32_MAX, 4, AT_FRAME, -EPROTO},
    {"size 1", ROW_4 + 20, 1, 4, AT_FRAME, -EPROTO},
    {"size over the packets'", ROW_4 + 20, 2 * 1140 + 1, 4, AT_FRAME, -EPROTO},
    {"size without end", ROW_4 + 20, UINT32_MAX, 4, AT_FRAME, -EPROTO},
    {"a flag nobody knows", ROW_4 + 24, 1 << 15, 2, AT_FRAME, -EPROTO},
    {"dts beyond time", ROW_4 + 32, (uint64_t)INT64_MAX, 8, AT_FRAME, -EPROTO},
    {"pts beyond time", ROW_4 + 40, (uint64_t)INT64_MIN, 8, AT_FRAME, -EPROTO},
    {"capture beyond time", ROW_4 + 48, UINT64_C(1) << 54, 8, AT_FRAME, -EPROTO},
    {"ready beyond time", ROW_4 + 56, UINT64_C(1) << 54, 8, AT_FRAME, -EPROTO},

    {"slot of a newer packet", SLOT_8, 2 * (8 + SLOTS) + 2, 8, AT_PACKET, -ESTALE},
    {"slot being written anew", SLOT_8, 2 * (8 + SLOTS) + 1, 8, AT_PACKET, -ESTALE},
    {"slot of an older packet", SLOT_8, 2, 8, AT_PACKET, -EPROTO},
    {"slot never written", SLOT_8, 0, 8, AT_PACKET, -EPROTO},
    {"size 0", SLOT_8 + 8, 0, 2, AT_PACKET, -EPROTO},
    {"size past the slot", SLOT_8 + 8, 1141, 2, AT_PACKET, -EPROTO},
    {"size without end", SLOT_8 + 8, UINT16_MAX, 2, AT_PACKET, -EPROTO},
    {"a flag nobody knows", SLOT_8 + 10, 4, 2, AT_PACKET, -EPROTO},
};

static struct jt_ring_writer *five_frames(void)
{
    struct jt_ring_options options = rig_small(ROWS, SLOTS);
    struct jt_ring_writer *writer = rig_writer(&options);
    uint64_t counter = 0;

    for (unsigned i = 0; i < 5; i++)
        (void)rig_frame(writer, i % 2 == 0, 2, &counter);
    return writer;
}

/** The first error on the way that a reader of frame 4 takes, and where. */
static enum where walk(int fd, int *err)
{
    struct jt_ring_reader *reader;
    struct jt_track_info info;
    struct jt_ring_head head;
    struct jt_ring_frame frame;
    struct jt_ring_packet packet;
    enum where where = AT_PACKET;
    uint32_t version;

    *err = jt_ring_reader_new(fd, &reader);
    if (*err) {
        (void)close(fd);
        return AT_NEW;
    }
    if ((*err = jt_ring_reader_info(reader, &info, &version)))
        where = AT_INFO;
    else if ((*err = jt_ring_reader_head(reader, &head)))
        where = AT_HEAD;
    else if ((*err = jt_ring_reader_frame(reader, 4, &frame)))
        where = AT_FRAME;
    else
        *err = jt_ring_reader_packet(reader, 8, &packet);
    jt_ring_reader_free(reader);
    return where;
}

static void test_m2_each_number_out_of_range(void **state)
{
    struct jt_ring_writer *writer = five_frames();

    (void)state;
    for (size_t i = 0; i < JT_COUNT(lies); i++) {
        struct rig_forgery forgery = rig_forge(writer, JT_RING_SEALS);
        const struct lie *lie = &lies[i];
        enum where where;
        int err;

        memcpy(forgery.map + 320, forgery.map + 256,
               64); /* whichever copy of the head is the newest */
        forgery.map[192] |= 1;
        memcpy(forgery.map + lie->offset, &lie->value, lie->bytes);
        where = walk(fcntl(forgery.fd, F_DUPFD_CLOEXEC, 0), &err);
        if (err != lie->err || (err && where != lie->where))
            fail_msg("%s: error %d at %d, not %d at %d", lie->what, err, (int)where, lie->err,
                     (int)lie->where);
        rig_forgery_end(&forgery);
    }
    jt_ring_writer_free(writer);
}

/** A head that goes back after it was believed once. */
static void test_m2_head_never_goes_back(void **state)
{
    static const size_t fields[] = {0, 8, 16}; /* next frame, next sequence, oldest */
    struct jt_ring_options options = rig_small(4, 8);

    (void)state;
    for (size_t i = 0; i < JT_COUNT(fields); i++) {
        struct jt_ring_writer *writer = rig_writer(&options);
        struct rig_forgery forgery;
        struct jt_ring_reader *reader;
        struct jt_ring_head head;
        uint64_t counter = 0;
        size_t at;

        for (unsigned k = 0; k < 9; k++)
            (void)rig_frame(writer, true, 1, &counter);
        forgery = rig_forge(writer, JT_RING_SEALS);
        reader = rig_reader(forgery.fd);
        (void)rig_head(reader);
        at = 256 + 64 * (size_t)(forgery.map[192] & 1) + fields[i];
        forgery.map[at]--;
        assert_int_equal(jt_ring_reader_head(reader, &head), -EPROTO);
        forgery.map[at]++;
        assert_int_equal(jt_ring_reader_head(reader, &head), 0);
        jt_ring_reader_free(reader);
        rig_forgery_end(&forgery);
        jt_ring_writer_free(writer);
    }
}

/** More packets in the row than the head announced: a run that is on its way. What is announced can be read. */
static void test_m2_row_ahead_of_head_is_cut(void **state)
{
    struct jt_ring_writer *writer = five_frames();
    struct rig_forgery forgery = rig_forge(writer, JT_RING_SEALS);
    struct jt_ring_reader *reader = rig_reader(forgery.fd);
    struct jt_ring_frame frame;

    (void)state;
    memcpy(forgery.map + ROW_4 + 16, &(uint32_t[]){5, 5 * 1140}, 8);
    assert_int_equal(jt_ring_reader_frame(reader, 4, &frame), 0);
    assert_int_equal(frame.packet_count, 2);
    assert_int_equal(frame.size_bytes, 2 * 1140);
    assert_false(frame.flags & JT_RING_WHOLE);
    jt_ring_reader_free(reader);
    rig_forgery_end(&forgery);
    jt_ring_writer_free(writer);
}

/* ---- the writer changes everything while it is read ---- */

struct flipper {
    struct rig_forgery *forgery;
    const uint8_t *honest; /* what is put back now and then, so that the reader gets far */
    atomic_bool stop;
};

static void poke(uint8_t *map, size_t offset, uint64_t value)
{
    __atomic_store_n((uint64_t *)(void *)(map + offset), value, __ATOMIC_RELAXED);
}

static uint64_t word_of(const uint8_t *map, size_t offset)
{
    uint64_t value;

    memcpy(&value, map + offset, sizeof(value));
    return value;
}

static void *flip(void *arg)
{
    struct flipper *flipper = arg;
    uint64_t random = 1;

    while (!atomic_load_explicit(&flipper->stop, memory_order_relaxed)) {
        size_t offset;

        random = rig_mix(random);
        offset = random % 4 ? 4096 + random / 4 % (ROWS * 8) * 8 : 128 + random / 4 % 32 * 8;
        if (random >> 60 == 0)
            offset = SLOTS_AT + random / 4 % SLOTS * 1152 + random / 1024 % 2 * 8;
        poke(flipper->forgery->map, offset, random >> (random >> 58));
        random = rig_mix(random);
        if (random % 8)
            poke(flipper->forgery->map, offset, word_of(flipper->honest, offset));
    }
    return NULL;
}

/** Whatever it says, what a reader is told is within the map and within limits. Returns how many packets it copied. */
static unsigned expect_sane_walk(int fd)
{
    struct jt_ring_reader *reader = rig_reader(fd);
    struct jt_track_info info;
    struct jt_ring_head head;
    struct jt_ring_frame frame;
    uint32_t version;
    unsigned intact = 0;

    if (jt_ring_reader_info(reader, &info, &version) == 0)
        assert_int_equal(jt_track_info_check(&info), 0);
    (void)jt_ring_reader_writer_is_dead(reader, 0);
    if (jt_ring_reader_head(reader, &head) == 0)
        assert_true(head.next_frame - head.oldest_frame <= ROWS);
    for (uint64_t number = 0; number < 5; number++) {
        if (jt_ring_reader_frame(reader, number, &frame))
            continue;
        assert_true(frame.packet_count >= 1 && frame.packet_count <= SLOTS);
        assert_true(frame.size_bytes >= frame.packet_count &&
                    frame.size_bytes <= frame.packet_count * 1140);
        for (uint64_t seq = frame.first_seq; seq != frame.first_seq + frame.packet_count; seq++) {
            struct jt_ring_packet packet;
            uint8_t copy[JT_PAYLOAD_MAX_BYTES];

            if (jt_ring_reader_packet(reader, seq, &packet))
                continue;
            assert_true(packet.size >= 1 && packet.size <= 1140);
            assert_int_equal(((uintptr_t)packet.data - SLOTS_AT - 12) % 4096,
                             seq % SLOTS * 1152 % 4096);
            intact += jt_ring_reader_copy(reader, &packet, copy);
        }
    }
    jt_ring_reader_free(reader);
    return intact;
}

static void test_m2_everything_changes_while_read(void **state)
{
    enum { ROUNDS = 10000 };
    struct jt_ring_writer *writer = five_frames();
    struct rig_forgery honest = rig_forge(writer, JT_RING_SEALS);
    struct rig_forgery forgery = rig_forge(writer, JT_RING_SEALS);
    struct flipper flipper = {.forgery = &forgery, .honest = honest.map};
    pthread_t thread;
    unsigned packets = 0;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, flip, &flipper), 0);
    for (unsigned i = 0; i < ROUNDS; i++)
        packets += expect_sane_walk(forgery.fd);
    atomic_store(&flipper.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(packets > ROUNDS / 100); /* it was not all refused at the door */
    rig_forgery_end(&forgery);
    rig_forgery_end(&honest);
    jt_ring_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m2_each_number_out_of_range),
        cmocka_unit_test(test_m2_head_never_goes_back),
        cmocka_unit_test(test_m2_row_ahead_of_head_is_cut),
        cmocka_unit_test(test_m2_everything_changes_while_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
