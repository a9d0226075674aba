/* Threat M3: readers that are overtaken, writers that die or freeze in the middle of a write. */
#include "rig.h"

#include <signal.h>
#include <sys/wait.h>

#include "base/clock.h"

static void test_m3_lapped_reader_finds_out(void **state)
{
    struct jt_ring_options options = rig_small(8, 16);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_frame frame;
    struct jt_ring_packet held, packet;
    uint8_t copy[JT_PAYLOAD_MAX_BYTES];
    uint64_t counter = 0;

    (void)state;
    (void)rig_frame(writer, true, 4, &counter);
    assert_int_equal(jt_ring_reader_frame(reader, 0, &frame), 0);
    assert_int_equal(jt_ring_reader_packet(reader, 3, &held), 0);
    assert_true(jt_ring_reader_intact(reader, &held));
    for (unsigned i = 0; i < 9; i++) /* 18 packets into 16 slots */
        (void)rig_frame(writer, i == 4, 2, &counter);

    assert_false(jt_ring_reader_intact(reader, &held));
    memset(copy, 0x55, sizeof(copy));
    assert_false(jt_ring_reader_copy(reader, &held, copy));
    assert_int_equal(copy[0], 0x55); /* untouched */
    assert_int_equal(jt_ring_reader_packet(reader, 3, &packet), -ESTALE);
    assert_int_equal(jt_ring_reader_frame(reader, 0, &frame), -ESTALE);
    assert_int_equal(rig_head(reader).key_frame, 5); /* goes on here */
    assert_int_equal(jt_ring_reader_frame(reader, 5, &frame), 0);
    assert_int_equal(jt_ring_reader_packet(reader, frame.first_seq, &packet), 0);
    assert_true(rig_payload_is(frame.first_seq, packet.data, packet.size));
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** Row and slot as a writer leaves them that dies halfway: the rest of the ring stays readable. */
static void test_m3_torn_row_and_slot(void **state)
{
    enum { ROW_1 = 4096 + 64, SLOT_2 = 4096 + 16 * 64 + 2 * 1152 };
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct rig_forgery forgery;
    struct jt_ring_reader *reader;
    struct jt_ring_frame frame;
    struct jt_ring_packet packet;
    uint64_t counter = 0;

    (void)state;
    (void)rig_frame(writer, true, 2, &counter);
    (void)rig_frame(writer, false, 2, &counter);
    forgery = rig_forge(writer, JT_RING_SEALS);
    reader = rig_reader(forgery.fd);
    forgery.map[ROW_1]++;                   /* (1 << 16) + 3 */
    forgery.map[SLOT_2] = (2 + 32) * 2 + 1; /* the packet one lap later */
    assert_int_equal(jt_ring_reader_frame(reader, 1, &frame), -EAGAIN);
    assert_int_equal(jt_ring_reader_packet(reader, 2, &packet), -ESTALE);
    assert_int_equal(jt_ring_reader_frame(reader, 0, &frame), 0);
    assert_int_equal(jt_ring_reader_packet(reader, 3, &packet), 0);
    jt_ring_reader_free(reader);
    rig_forgery_end(&forgery);
    jt_ring_writer_free(writer);
}

static void test_m3_odd_stamp_for_200_ms_is_death(void **state)
{
    enum { WRITING = 128 };
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct rig_forgery forgery = rig_forge(writer, JT_RING_SEALS);
    struct jt_ring_reader *reader = rig_reader(forgery.fd);
    const int64_t start = 5000000;

    (void)state;
    assert_false(jt_ring_reader_writer_is_dead(reader, 0));
    forgery.map[WRITING] = 1;
    assert_false(jt_ring_reader_writer_is_dead(reader, start)); /* first seen */
    assert_false(jt_ring_reader_writer_is_dead(reader, start + 199999));
    assert_true(jt_ring_reader_writer_is_dead(reader, start + 200000));
    forgery.map[WRITING] = 3; /* another write: it lives */
    assert_false(jt_ring_reader_writer_is_dead(reader, start + 300000));
    assert_false(jt_ring_reader_writer_is_dead(reader, start + 499999));
    forgery.map[WRITING] = 4;
    assert_false(jt_ring_reader_writer_is_dead(reader, start + 900000));
    forgery.map[WRITING] = 3; /* a liar: counted from now */
    assert_false(jt_ring_reader_writer_is_dead(reader, start + 1000000));
    assert_true(jt_ring_reader_writer_is_dead(reader, start + 1200000));
    jt_ring_reader_free(reader);
    rig_forgery_end(&forgery);
    jt_ring_writer_free(writer);
}

/* ---- real deaths: a child writes as fast as it can ---- */

struct child {
    pid_t pid;
    struct jt_ring_reader *reader;
};

static int64_t no_clock(void)
{
    return 0;
}

static void write_for_ever(int to_parent)
{
    struct jt_ring_options options = {.row_count = 16, .slot_count = 64, .now_us = no_clock};
    struct jt_ring_writer *writer = rig_writer(&options);
    int fd = jt_ring_writer_fd(writer);
    uint64_t counter = 0;

    for (uint64_t i = 0;; i++) {
        rig_begin(writer, i % 4 == 0);
        rig_put(writer, counter++, 0);
        jt_ring_writer_flush(writer);
        rig_put(writer, counter++, JT_PACKET_MARKER);
        (void)jt_ring_writer_end(writer);
        if (i == 100 && write(to_parent, &fd, sizeof(fd)) != sizeof(fd))
            _exit(1);
    }
}

static struct child child_start(void)
{
    struct child child;
    int pipes[2];
    char path[64];
    int number, fd;

    assert_int_equal(pipe(pipes), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0)
        write_for_ever(pipes[1]);
    assert_int_equal(read(pipes[0], &number, sizeof(number)), sizeof(number));
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)child.pid, number);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    child.reader = rig_reader(fd);
    assert_int_equal(close(fd) | close(pipes[0]) | close(pipes[1]), 0);
    return child;
}

static void child_signal(struct child *child, int signal, int options)
{
    int status;

    assert_int_equal(kill(child->pid, signal), 0);
    assert_int_equal(waitpid(child->pid, &status, options), child->pid);
}

static void child_end(struct child *child)
{
    child_signal(child, SIGKILL, 0);
    jt_ring_reader_free(child->reader);
}

static bool is_in_a_write(struct jt_ring_reader *reader)
{
    (void)jt_ring_reader_writer_is_dead(reader, 0);
    return jt_ring_reader_writer_is_dead(reader,
                                         (int64_t)JT_RING_WRITER_DEAD_MS * JT_USEC_PER_MSEC);
}

/** Nobody writes any more: all that the head promises is there, but for what lay under the pen. Returns packets read. */
static unsigned expect_rest_is_whole(struct jt_ring_reader *reader, bool in_a_write)
{
    struct jt_ring_head head = rig_head(reader);
    unsigned packets = 0, lost = 0;

    for (uint64_t number = head.oldest_frame; number != head.next_frame; number++) {
        struct jt_ring_frame frame;
        struct jt_ring_packet packet;
        int err = jt_ring_reader_frame(reader, number, &frame);

        assert_true(err == 0 || (err == -EAGAIN || err == -ESTALE));
        if (err) {
            lost++;
            continue;
        }
        assert_int_equal(frame.first_seq, 2 * number);
        assert_true(frame.packet_count == 2 || number + 1 == head.next_frame);
        for (uint64_t seq = frame.first_seq; seq < frame.first_seq + frame.packet_count; seq++) {
            assert_int_equal(jt_ring_reader_packet(reader, seq, &packet), 0);
            assert_true(rig_payload_is(seq, packet.data, packet.size));
            packets++;
        }
    }
    assert_true(lost <= (in_a_write ? 1 : 0));
    return packets;
}

static void test_m3_killed_in_the_middle_of_a_write(void **state)
{
    enum { ROUNDS = 100 };
    unsigned in_a_write = 0;

    (void)state;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct child child = child_start();
        uint64_t target = rig_head(child.reader).next_frame + rig_mix(i) % 64;
        bool died_writing;

        while (rig_head(child.reader).next_frame < target) /* reading all the while */
            ;
        child_signal(&child, SIGKILL, 0);
        died_writing = is_in_a_write(child.reader);
        in_a_write += died_writing;
        assert_true(expect_rest_is_whole(child.reader, died_writing) > 0);
        assert_false(rig_head(child.reader).is_ended);
        jt_ring_reader_free(child.reader);
    }
    assert_true(in_a_write > 0);
    print_message("killed in a write %u times of %u\n", in_a_write, ROUNDS);
}

static void test_m3_frozen_in_the_middle_of_a_write(void **state)
{
    struct child child = child_start();
    struct jt_ring_head head;
    unsigned tries = 0;

    (void)state;
    do { /* until it stands with the pen on the paper */
        assert_true(tries++ < 10000);
        if (tries > 1)
            assert_int_equal(kill(child.pid, SIGCONT), 0);
        child_signal(&child, SIGSTOP, WUNTRACED);
    } while (!is_in_a_write(child.reader));
    (void)expect_rest_is_whole(child.reader, true);
    head = rig_head(child.reader);

    assert_int_equal(kill(child.pid, SIGCONT), 0); /* the reader that was patient goes on */
    while (rig_head(child.reader).next_frame < head.next_frame + 100)
        ;
    child_end(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m3_lapped_reader_finds_out),
        cmocka_unit_test(test_m3_torn_row_and_slot),
        cmocka_unit_test(test_m3_odd_stamp_for_200_ms_is_death),
        cmocka_unit_test(test_m3_killed_in_the_middle_of_a_write),
        cmocka_unit_test(test_m3_frozen_in_the_middle_of_a_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
