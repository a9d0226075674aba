/* Threats M1 and M4: whoever gets the descriptor can read, and nothing else; whoever gets a descriptor that is no ring
 * refuses it. */
#include "rig.h"

#include <sys/eventfd.h>

static bool is_refusal(int error)
{
    return error == EPERM || error == EACCES;
}

/** All the ways to change a file of memory, tried on `fd`. */
static void expect_no_way_to_write(int fd, size_t bytes)
{
    void *map;

    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    assert_true(map == MAP_FAILED && is_refusal(errno));
    assert_true(pwrite(fd, "x", 1, 0) < 0 && is_refusal(errno));
    assert_true(ftruncate(fd, 0) < 0 && is_refusal(errno));
    assert_true(ftruncate(fd, (off_t)bytes - 4096) < 0 && is_refusal(errno));
    assert_true(ftruncate(fd, (off_t)bytes + 4096) < 0 && is_refusal(errno));
    assert_true(fallocate(fd, FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE, 0, 4096) < 0 &&
                is_refusal(errno));
    assert_true(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) < 0 && is_refusal(errno));

    map = mmap(NULL, bytes, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(map != MAP_FAILED);
    assert_true(mprotect(map, bytes, PROT_READ | PROT_WRITE) < 0 && is_refusal(errno));
    assert_true(madvise(map, 4096, MADV_REMOVE) < 0); /* punches a hole where it can */
    assert_int_equal(munmap(map, bytes), 0);
}

static void test_m1_reader_cannot_write(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    int fd = fcntl(jt_ring_writer_fd(writer), F_DUPFD_CLOEXEC, 0);
    size_t bytes = (size_t)lseek(fd, 0, SEEK_END);
    struct jt_ring_packet packet;
    struct rig_forgery before, after;
    uint64_t counter = 0;
    char path[64];
    int again;

    (void)state;
    (void)rig_frame(writer, true, 4, &counter);
    before = rig_forge(writer, 0);
    expect_no_way_to_write(fd, bytes);
    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    again = open(path, O_RDWR | O_CLOEXEC); /* the file mode would allow it; the seals do not */
    if (again >= 0) {
        expect_no_way_to_write(again, bytes);
        assert_int_equal(close(again), 0);
    }
    (void)open(path, O_RDWR | O_TRUNC | O_CLOEXEC);
    after = rig_forge(writer, 0);
    assert_int_equal(after.bytes, bytes);
    assert_memory_equal(before.map, after.map, bytes);
    assert_int_equal(jt_ring_reader_packet(reader, 3, &packet), 0);
    assert_true(rig_payload_is(3, packet.data, packet.size));
    rig_forgery_end(&before);
    rig_forgery_end(&after);
    assert_int_equal(close(fd), 0);
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** The reader's own mapping, which a hijacked reader would find first. */
static void test_m1_reader_mapping_stays_read_only(void **state)
{
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct jt_ring_reader *reader = rig_reader(jt_ring_writer_fd(writer));
    struct jt_ring_packet packet;
    uint64_t counter = 0;
    uintptr_t page;

    (void)state;
    (void)rig_frame(writer, true, 1, &counter);
    assert_int_equal(jt_ring_reader_packet(reader, 0, &packet), 0);
    page = (uintptr_t)packet.data & ~(uintptr_t)4095;
    assert_true(mprotect((void *)page, 4096, PROT_READ | PROT_WRITE) < 0 && is_refusal(errno));
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

static int reader_error(int fd)
{
    struct jt_ring_reader *reader = NULL;
    int err = jt_ring_reader_new(fd, &reader);

    assert_null(reader);
    assert_true(fcntl(fd, F_GETFD) >= 0); /* still ours */
    return err;
}

static void test_m4_unsealed_ring_is_refused(void **state)
{
    static const int seals[] = {F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_FUTURE_WRITE, F_SEAL_SEAL};
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    struct rig_forgery forgery;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(seals); i++) { /* any one missing */
        forgery = rig_forge(writer, JT_RING_SEALS & ~seals[i]);
        assert_int_equal(reader_error(forgery.fd), -EPERM);
        rig_forgery_end(&forgery);
    }
    forgery = rig_forge(writer, 0);
    assert_int_equal(reader_error(forgery.fd), -EPERM);
    assert_int_equal(fcntl(forgery.fd, F_ADD_SEALS, JT_RING_SEALS), 0);
    jt_ring_reader_free(rig_reader(forgery.fd)); /* it was the seals alone */
    rig_forgery_end(&forgery);
    jt_ring_writer_free(writer);
}

static void test_m4_wrong_type_is_refused(void **state)
{
    char path[] = "/tmp/jangteo-ring-XXXXXX";
    int pipes[2];
    int fd;

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(reader_error(pipes[0]), -EPERM);
    assert_int_equal(close(pipes[0]) | close(pipes[1]), 0);
    fd = eventfd(0, EFD_CLOEXEC);
    assert_int_equal(reader_error(fd), -EPERM);
    assert_int_equal(close(fd), 0);
    fd = mkstemp(path);
    assert_int_equal(ftruncate(fd, 1 << 20), 0);
    assert_int_equal(reader_error(fd), -EPERM);
    assert_int_equal(close(fd) | unlink(path), 0);
    assert_int_equal(jt_ring_reader_new(-1, &(struct jt_ring_reader *){NULL}), -EPERM);
    fd = memfd_create("huge", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_HUGETLB);
    if (fd >= 0 && fcntl(fd, F_ADD_SEALS, JT_RING_SEALS) == 0)
        assert_int_equal(reader_error(fd), -EPERM);
    if (fd >= 0)
        assert_int_equal(close(fd), 0);
}

static void test_m4_wrong_size_is_refused(void **state)
{
    static const size_t sizes[] = {0, 1, 4095, 4096, 4096 + 16 * 64, (size_t)1 << 40};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(sizes); i++) {
        int fd = memfd_create("size", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(ftruncate(fd, (off_t)sizes[i]), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, JT_RING_SEALS), 0);
        assert_int_equal(reader_error(fd), -EPROTO);
        assert_int_equal(close(fd), 0);
    }
}

/** A ring of a size that its header does not give: a byte more, a slot less. */
static void test_m4_size_and_header_disagree(void **state)
{
    static const long deltas[] = {-1152, -1, 1, 4096};
    struct jt_ring_options options = rig_small(16, 32);
    struct jt_ring_writer *writer = rig_writer(&options);
    char bytes[4096];
    off_t size = lseek(jt_ring_writer_fd(writer), 0, SEEK_END);

    (void)state;
    assert_int_equal(pread(jt_ring_writer_fd(writer), bytes, sizeof(bytes), 0), sizeof(bytes));
    for (size_t i = 0; i < JT_COUNT(deltas); i++) {
        int fd = memfd_create("size", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
        assert_int_equal(ftruncate(fd, size + deltas[i]), 0);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, JT_RING_SEALS), 0);
        assert_int_equal(reader_error(fd), -EPROTO);
        assert_int_equal(close(fd), 0);
    }
    jt_ring_writer_free(writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m1_reader_cannot_write),
        cmocka_unit_test(test_m1_reader_mapping_stays_read_only),
        cmocka_unit_test(test_m4_unsealed_ring_is_refused),
        cmocka_unit_test(test_m4_wrong_type_is_refused),
        cmocka_unit_test(test_m4_wrong_size_is_refused),
        cmocka_unit_test(test_m4_size_and_header_disagree),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
