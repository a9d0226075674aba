/* Threat M5: one writer, four readers, threads (ThreadSanitizer's case) and processes, with numbers that begin shortly
 * before each wrap there is: 32 bits, the 48 of a row's stamp, the sign, 64 bits. Each packet's size and bytes follow
 * from a counter of the test's own. Readers sleep by their bell. */
#include "rig.h"

#include <poll.h>
#include <pthread.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "ring/wake.h"

enum {
    READERS = 4,
    ROOMY_FRAMES = 1500,         /* a ring that holds them all: nobody may miss one */
    TIGHT_FRAMES = 3000,         /* at least, and until each reader has had its share */
    TIGHT_FRAMES_MAX = 10000000, /* a reader that starves for so long has failed */
    TIGHT_PACKETS = 1000,
    PACKETS_MAX = 6, /* a frame, at most */
    WAIT_MAX_MS = 30000,
    GOP = 30,
};

#define BEFORE (UINT64_C(1000)) /* so many before a wrap */

static const uint64_t starts[] = {0, (UINT64_C(1) << 32) - BEFORE, (UINT64_C(1) << 48) - BEFORE,
                                  (UINT64_C(1) << 63) - BEFORE, UINT64_MAX - BEFORE + 1};

static int64_t no_clock(void)
{
    return 0;
}

/** What a reader has seen. */
struct tally {
    uint64_t frames, packets, lapped, wrong, lies, waited_in_vain;
};

struct watcher {
    struct jt_ring_reader *reader;
    struct jt_bell *bell;
    uint64_t first_frame, first_seq;
    uint32_t slots;
    bool spins;    /* never sleeps: sees the writer in the middle of things */
    bool in_place; /* reads the shared bytes themselves: between processes, unseen by sanitizers */
    _Atomic uint64_t *progress; /* packets so far, for the writer to see */
    struct tally tally;
};

static unsigned packets_of(uint64_t frame)
{
    return 1 + (unsigned)(rig_mix(frame) % PACKETS_MAX);
}

/** 1: right. 0: overtaken meanwhile. -1: not what was written. */
static int check_packet(struct watcher *watcher, uint64_t seq)
{
    uint8_t copy[JT_PAYLOAD_MAX_BYTES];
    struct jt_ring_packet packet;
    int err = jt_ring_reader_packet(watcher->reader, seq, &packet);
    bool is_right;

    if (err)
        return err == -ESTALE ? 0 : -1;
    if (watcher->in_place) {
        is_right = rig_payload_is(seq - watcher->first_seq, packet.data, packet.size);
        if (!jt_ring_reader_intact(watcher->reader, &packet))
            return 0;
    } else {
        if (!jt_ring_reader_copy(watcher->reader, &packet, copy))
            return 0;
        is_right = rig_payload_is(seq - watcher->first_seq, copy, packet.size);
    }
    return is_right ? 1 : -1;
}

/** All packets of a frame. False: overtaken. */
static bool check_frame(struct watcher *watcher, const struct jt_ring_frame *frame)
{
    if (frame->packet_count != packets_of(frame->number - watcher->first_frame) ||
        !!(frame->flags & JT_RING_KEY) != ((frame->number - watcher->first_frame) % GOP == 0))
        watcher->tally.wrong++;
    for (uint64_t i = 0; i < frame->packet_count; i++) {
        int right = check_packet(watcher, frame->first_seq + i);

        if (right == 0)
            return false;
        watcher->tally.packets++;
        watcher->tally.wrong += right < 0;
    }
    watcher->tally.frames++;
    return true;
}

/** Packets that are just about to be overwritten, and the newest frame as soon as it is announced. */
static void check_edges(struct watcher *watcher, const struct jt_ring_head *head)
{
    struct jt_ring_frame frame;

    for (uint64_t i = 0; i < 4 && head->next_seq - watcher->first_seq > watcher->slots; i++)
        watcher->tally.wrong += check_packet(watcher, head->next_seq - watcher->slots + i) < 0;
    if (head->next_frame != watcher->first_frame &&
        jt_ring_reader_frame(watcher->reader, head->next_frame - 1, &frame) == -EPROTO)
        watcher->tally.lies++;
}

/** From `next` to the live edge. Returns where to go on. */
static uint64_t follow(struct watcher *watcher, uint64_t next, const struct jt_ring_head *head)
{
    struct jt_ring_frame frame;
    int err;

    while (next != head->next_frame) {
        err = jt_ring_reader_frame(watcher->reader, next, &frame);
        if (err == 0 && !(frame.flags & JT_RING_WHOLE))
            return next; /* a run: the rest comes */
        if (err == -EAGAIN)
            return next;
        if (err == -EPROTO)
            watcher->tally.lies++;
        if (err || !check_frame(watcher, &frame)) {
            watcher->tally.lapped++;
            return head->no_join_point || (int64_t)(head->key_frame - next) <= 0 ? head->next_frame
                                                                                 : head->key_frame;
        }
        next++;
    }
    return next;
}

/** Sleeps until the bell rings, if nothing happened since `seen`. False: it did not ring. */
static bool wait_for_more(struct watcher *watcher, const struct jt_ring_head *seen)
{
    struct pollfd pollfd = {.fd = jt_bell_fd(watcher->bell), .events = POLLIN};
    struct jt_ring_head head;
    bool is_awake = true;

    jt_bell_sleep(watcher->bell);
    if (jt_ring_reader_head(watcher->reader, &head) == 0 && head.next_seq == seen->next_seq &&
        head.next_frame == seen->next_frame && !head.is_ended)
        is_awake = poll(&pollfd, 1, WAIT_MAX_MS) == 1;
    jt_bell_awake(watcher->bell);
    return is_awake;
}

static void *watch(void *arg)
{
    struct watcher *watcher = arg;
    uint64_t next = watcher->first_frame;
    struct jt_ring_head head;

    do {
        if (jt_ring_reader_head(watcher->reader, &head)) {
            watcher->tally.lies++;
            break;
        }
        check_edges(watcher, &head);
        atomic_store_explicit(watcher->progress, watcher->tally.packets, memory_order_relaxed);
        next = follow(watcher, next, &head);
        if (next == head.next_frame && !head.is_ended && !watcher->spins &&
            !wait_for_more(watcher, &head)) {
            watcher->tally.waited_in_vain++;
            break;
        }
    } while (!head.is_ended || next != head.next_frame);
    return NULL;
}

static struct jt_bell_rope *rope_of(const struct jt_bell *bell)
{
    struct jt_bell_rope *rope;
    int fds[2];

    jt_bell_fds(bell, fds);
    fds[0] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    fds[1] = fcntl(fds[1], F_DUPFD_CLOEXEC, 0);
    assert_int_equal(jt_bell_rope_new(fds, &rope), 0);
    return rope;
}

struct scene {
    struct jt_ring_writer *writer;
    struct watcher watchers[READERS];
    struct jt_bell_rope *ropes[READERS];
    bool is_roomy;
    _Atomic uint64_t *progress; /* shared with processes; one a reader */
};

static void scene_open(struct scene *scene, bool is_roomy, uint64_t start)
{
    struct jt_ring_options options = {.row_count = is_roomy ? 4096 : 16,
                                      .slot_count = is_roomy ? 16384 : 64,
                                      .first_frame = start,
                                      .first_seq = start,
                                      .now_us = no_clock};

    *scene = (struct scene){.is_roomy = is_roomy, .writer = rig_writer(&options)};
    scene->progress = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(scene->progress != MAP_FAILED);
    for (unsigned i = 0; i < READERS; i++) {
        struct watcher *watcher = &scene->watchers[i];

        watcher->reader = rig_reader(jt_ring_writer_fd(scene->writer));
        watcher->first_frame = start;
        watcher->first_seq = start;
        watcher->progress = &scene->progress[i];
        watcher->slots = options.slot_count;
        watcher->spins = i == 0;
        assert_int_equal(jt_bell_new(&watcher->bell), 0);
        scene->ropes[i] = rope_of(watcher->bell);
    }
}

static void write_frame(struct scene *scene, uint64_t number, uint64_t *counter)
{
    struct jt_frame frame = {
        .dts = (int64_t)number, .pts = (int64_t)number, .is_key = number % GOP == 0};

    assert_int_equal(jt_ring_writer_begin(scene->writer, &frame, 0), 0);
    for (unsigned k = 0; k < packets_of(number); k++) {
        rig_put(scene->writer, (*counter)++, 0);
        if (rig_mix(*counter) % 4 == 0)
            jt_ring_writer_flush(scene->writer);
    }
    (void)jt_ring_writer_end(scene->writer);
    for (unsigned k = 0; k < READERS; k++)
        jt_bell_rope_pull(scene->ropes[k]);
}

static bool is_enough(const struct scene *scene, uint64_t frames)
{
    if (scene->is_roomy)
        return frames == ROOMY_FRAMES;
    if (frames < TIGHT_FRAMES)
        return false;
    for (unsigned i = 0; i < READERS; i++)
        if (atomic_load_explicit(&scene->progress[i], memory_order_relaxed) < TIGHT_PACKETS)
            return frames == TIGHT_FRAMES_MAX;
    return true;
}

static void scene_write(struct scene *scene)
{
    uint64_t counter = 0;

    for (uint64_t i = 0; !is_enough(scene, i); i++)
        write_frame(scene, i, &counter);
    jt_ring_writer_free(scene->writer);
    for (unsigned i = 0; i < READERS; i++) /* sleepers must see the end */
        jt_bell_rope_pull(scene->ropes[i]);
}

static void scene_close(struct scene *scene)
{
    for (unsigned i = 0; i < READERS; i++) {
        jt_ring_reader_free(scene->watchers[i].reader);
        jt_bell_free(scene->watchers[i].bell);
        jt_bell_rope_free(scene->ropes[i]);
    }
    assert_int_equal(munmap(scene->progress, 4096), 0);
}

static bool tally_is_right(const struct tally *tally, bool is_roomy)
{
    bool is_right = tally->wrong == 0 && tally->lies == 0 && tally->waited_in_vain == 0;

    if (is_roomy)
        is_right = is_right && tally->lapped == 0 && tally->frames == ROOMY_FRAMES;
    else
        is_right = is_right && tally->packets >= TIGHT_PACKETS;
    if (!is_right)
        print_message("frames %llu packets %llu lapped %llu wrong %llu lies %llu in vain %llu\n",
                      (unsigned long long)tally->frames, (unsigned long long)tally->packets,
                      (unsigned long long)tally->lapped, (unsigned long long)tally->wrong,
                      (unsigned long long)tally->lies, (unsigned long long)tally->waited_in_vain);
    return is_right;
}

static void run_threads(bool is_roomy, uint64_t start)
{
    struct scene scene;
    pthread_t threads[READERS];

    scene_open(&scene, is_roomy, start);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, watch, &scene.watchers[i]), 0);
    scene_write(&scene);
    for (unsigned i = 0; i < READERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    for (unsigned i = 0; i < READERS; i++)
        assert_true(tally_is_right(&scene.watchers[i].tally, is_roomy));
    scene_close(&scene);
}

static void run_processes(bool is_roomy, uint64_t start)
{
    struct scene scene;
    pid_t children[READERS];
    int status;

    scene_open(&scene, is_roomy, start);
    for (unsigned i = 0; i < READERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            scene.watchers[i].in_place = true;
            (void)watch(&scene.watchers[i]);
            _exit(tally_is_right(&scene.watchers[i].tally, is_roomy) ? 0 : 1);
        }
    }
    scene_write(&scene);
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    scene_close(&scene);
}

static void test_m5_threads_see_every_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(starts); i++)
        run_threads(true, starts[i]);
}

static void test_m5_threads_overtaken(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(starts); i++)
        run_threads(false, starts[i]);
}

static void test_m5_processes_see_every_packet(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(starts); i++)
        run_processes(true, starts[i]);
}

static void test_m5_processes_overtaken(void **state)
{
    (void)state;
    for (size_t i = 0; i < JT_COUNT(starts); i++)
        run_processes(false, starts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m5_processes_see_every_packet),
        cmocka_unit_test(test_m5_processes_overtaken),
        cmocka_unit_test(test_m5_threads_see_every_packet),
        cmocka_unit_test(test_m5_threads_overtaken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
