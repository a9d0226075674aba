/*
 * Threat M5: a model checker over the real code. Writer and reader are compiled here with their loads, stores and fences
 * in our hand. The writer runs once; each store goes into a log, with the part of the log that whoever acquires it has
 * to see. Then the reader is run again and again until it has met every choice C11 leaves to each load: any store to
 * that word not older than what it has seen or must have seen (C11 §5.1.2.4; a reader that stores nothing needs no more
 * of the model than that). The same is done with a fence or an order taken away, and must find a bad state then.
 */
#define JT_SHARED_MODEL
#include "ring/reader.c" /* the objects in the library are not linked: all their names are here */
#include "ring/writer.c"

#include "rig.h"

enum {
    ROWS = 4,
    SLOTS = 4,
    WORDS = (4096 + ROWS * 64 + SLOTS * 1152) / 8,
    STORES_MAX = 1024,
    STORES_A_WORD_MAX = 32,
    CHOICES_MAX = 128,
    RUNS_MAX = 3000000,
    PAYLOAD_BYTES = 12,
};

/** What is left out of the code under test, to see that it is missed. */
enum mutant {
    UNCHANGED,
    NO_RELEASE_FENCE,
    NO_ACQUIRE_FENCE,
    RELEASE_STORES_RELAXED,
    ACQUIRE_LOADS_RELAXED,
    MUTANTS,
};

/* ---- the writer's side: a log ---- */

struct store {
    uint64_t value;
    unsigned view; /* who acquires this store has seen the log up to here */
};

static struct {
    struct store stores[STORES_MAX];
    unsigned count;
    unsigned fence; /* stores before the last release fence */
    unsigned of_word[WORDS][STORES_A_WORD_MAX];
    unsigned of_word_count[WORDS];
} history;

static enum mutant mutant;
static const void *writer_map, *reader_map;

static size_t word_index(const void *map, const _Atomic uint64_t *word)
{
    size_t index = (size_t)((uintptr_t)word - (uintptr_t)map) / 8;

    assert_true(index < WORDS);
    return index;
}

void model_store(_Atomic uint64_t *word, uint64_t value, memory_order order)
{
    bool is_release = order == memory_order_release && mutant != RELEASE_STORES_RELAXED;
    size_t index;

    if (!writer_map)
        writer_map = (const void *)(uintptr_t)word; /* the first store is to the first word */
    index = word_index(writer_map, word);
    assert_true(history.count < STORES_MAX && history.of_word_count[index] < STORES_A_WORD_MAX);
    history.of_word[index][history.of_word_count[index]++] = history.count;
    history.stores[history.count] =
        (struct store){.value = value, .view = is_release ? history.count + 1 : history.fence};
    history.count++;
}

/* ---- the reader's side: every choice ---- */

static struct {
    unsigned taken[CHOICES_MAX], of[CHOICES_MAX];
    unsigned depth, known; /* the first `known` choices are given */
    unsigned seen[WORDS];  /* how many of a word's stores it has passed, plus one: coherence */
    unsigned view;         /* the log up to here happened before */
    unsigned pending;      /* and will have, after an acquire fence */
    const _Atomic uint64_t *last_acquired;
    jmp_buf abandon;
} run;

static unsigned choose(unsigned of)
{
    assert_true(run.depth < CHOICES_MAX && of > 0);
    if (run.depth == run.known) {
        run.taken[run.known] = 0;
        run.of[run.known++] = of;
    }
    assert_int_equal(run.of[run.depth], of); /* the same way as last time */
    return run.taken[run.depth++];
}

/** The next sequence of choices. False: there is none left. */
static bool next_choices(void)
{
    while (run.known > 0 && run.taken[run.known - 1] + 1 == run.of[run.known - 1])
        run.known--;
    if (run.known > 0)
        run.taken[run.known - 1]++;
    return run.known > 0;
}

void model_fence(memory_order order)
{
    if (order == memory_order_release && mutant != NO_RELEASE_FENCE)
        history.fence = history.count;
    if (order == memory_order_acquire && mutant != NO_ACQUIRE_FENCE)
        run.view = JT_MAX(run.view, run.pending);
}

/** A stamp that was read twice in one call: it tries again, which is as if it had come later. Enough seen. */
static void abandon_retries(const _Atomic uint64_t *word)
{
    if (word == run.last_acquired)
        longjmp(run.abandon, 1);
    run.last_acquired = word;
}

uint64_t model_load(const _Atomic uint64_t *word, memory_order order)
{
    const unsigned *stores;
    unsigned count, first, pick;
    size_t index;

    if (!reader_map)
        reader_map = (const void *)(uintptr_t)word;
    index = word_index(reader_map, word);
    stores = history.of_word[index];
    count = history.of_word_count[index];
    if (order == memory_order_acquire)
        abandon_retries(word);
    first = run.seen[index]; /* 0: the zero it was born with */
    while (first < count && stores[first] < run.view)
        first++;
    pick = first + choose(count - first + 1);
    run.seen[index] = pick;
    if (pick == 0)
        return 0;
    run.pending = JT_MAX(run.pending, history.stores[stores[pick - 1]].view);
    if (order == memory_order_acquire && mutant != ACQUIRE_LOADS_RELAXED)
        run.view = JT_MAX(run.view, history.stores[stores[pick - 1]].view);
    return history.stores[stores[pick - 1]].value;
}

/* ---- the scene: a full ring, then the frame that overtakes the oldest two ---- */

static struct jt_ring_writer *writer;
static struct jt_ring_reader *reader;
static struct jt_ring_reader reader_at_start;
static unsigned start_view;

static void make_payload(uint64_t counter, uint8_t out[PAYLOAD_BYTES])
{
    uint64_t words[2] = {rig_mix(counter), rig_mix(counter + 1000)};

    memcpy(out, words, PAYLOAD_BYTES);
}

static void put_small(uint64_t counter)
{
    struct jt_packet_sink sink = jt_ring_writer_sink(writer);

    make_payload(counter, sink.reserve(sink.arg));
    assert_int_equal(sink.commit(sink.arg, PAYLOAD_BYTES, 0), 0);
}

static void begin_small(uint64_t number)
{
    struct jt_frame frame = {
        .dts = (int64_t)number * 10, .pts = (int64_t)number * 10 + 1, .is_key = number != 2};

    assert_int_equal(jt_ring_writer_begin(writer, &frame, 0), 0);
}

static void scene_open(enum mutant which)
{
    struct jt_ring_options options = rig_small(ROWS, SLOTS);

    memset(&history, 0, sizeof(history));
    memset(&run, 0, sizeof(run));
    mutant = UNCHANGED;
    writer_map = NULL;
    reader_map = NULL;
    writer = rig_writer(&options);
    for (uint64_t n = 0; n < 4; n++) {
        begin_small(n);
        put_small(n);
        (void)jt_ring_writer_end(writer);
    }
    start_view =
        history.count; /* the reader comes to know of the ring by a socket: it has seen all this */
    run.view = start_view;
    reader = rig_reader(jt_ring_writer_fd(writer));
    run.last_acquired = NULL;
    (void)rig_head(reader);
    reader_at_start = *reader;

    mutant = which;
    begin_small(4); /* frame 0 goes */
    put_small(4);
    jt_ring_writer_flush(writer);
    put_small(5); /* frame 1 goes */
    (void)jt_ring_writer_end(writer);
    run.known = 0;
}

static void scene_close(void)
{
    mutant = UNCHANGED;
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
}

/** From here on it is another call: it may read the same stamp again. */
static void new_call(void)
{
    run.last_acquired = NULL;
}

/* ---- what a reader does; each returns false in a bad state ---- */

/** Good ends that must all be met, or the search has gone nowhere. */
enum met {
    NOT_YET = 1,
    ONE_PACKET = 2,
    CUT = 4,
    ALL_PACKETS = 8,
    GONE = 16,
    TORN = 32,
    STILL_THERE = 64,
    ALL_MET = 127
};
static unsigned met;

static bool packet_is_right(uint64_t seq, bool may_be_gone)
{
    uint8_t copy[JT_PAYLOAD_MAX_BYTES], expected[PAYLOAD_BYTES];
    struct jt_ring_packet packet;
    int err;

    new_call();
    err = jt_ring_reader_packet(reader, seq, &packet);
    met |= err == -ESTALE ? GONE : 0;
    if (err)
        return err == -ESTALE && may_be_gone;
    if (packet.size != PAYLOAD_BYTES || packet.flags)
        return false;
    if (!jt_ring_reader_copy(reader, &packet, copy)) {
        met |= TORN;
        return may_be_gone;
    }
    met |= may_be_gone ? STILL_THERE : 0;
    make_payload(seq, expected);
    return memcmp(copy, expected, PAYLOAD_BYTES) == 0;
}

/** A row read before the head that announces its last run is cut to what is announced; its size then is not. */
static bool row_is_right(const struct jt_ring_frame *frame)
{
    uint32_t most = frame->number == 4 ? 2 : 1;
    bool is_whole = frame->flags & JT_RING_WHOLE;

    if (frame->first_seq != frame->number || frame->dts != (int64_t)frame->number * 10 ||
        frame->pts != frame->dts + 1)
        return false;
    if (frame->packet_count < 1 || frame->packet_count > most ||
        (is_whole && frame->packet_count != most))
        return false;
    return frame->size_bytes == frame->packet_count * PAYLOAD_BYTES ||
           (!is_whole && frame->size_bytes == most * PAYLOAD_BYTES);
}

/** One of the heads that were published, and no mixture of two. */
static bool head_is_right(const struct jt_ring_head *head)
{
    static const struct {
        uint64_t next_frame, next_seq, oldest, key;
    } heads[] = {{4, 4, 0, 3}, {4, 4, 1, 3}, {5, 5, 1, 3}, {5, 5, 2, 3}, {5, 6, 2, 4}};

    for (size_t i = 0; i < JT_COUNT(heads); i++)
        if (head->next_frame == heads[i].next_frame && head->next_seq == heads[i].next_seq &&
            head->oldest_frame == heads[i].oldest && head->key_frame == heads[i].key)
            return true;
    return false;
}

static bool look_at_head_twice(void)
{
    struct jt_ring_head head;

    for (unsigned i = 0; i < 2; i++) {
        new_call();
        if (jt_ring_reader_head(reader, &head) ||
            !head_is_right(&head)) /* going back would be -EPROTO */
            return false;
    }
    return true;
}

static bool look_at_newest(void)
{
    struct jt_ring_frame frame;
    int err;

    new_call();
    err = jt_ring_reader_frame(reader, 4, &frame);
    met |= err == -EAGAIN ? NOT_YET : 0;
    if (err)
        return err == -EAGAIN;
    if (!row_is_right(&frame))
        return false;
    met |= frame.flags & JT_RING_WHOLE         ? ALL_PACKETS
           : frame.size_bytes == PAYLOAD_BYTES ? ONE_PACKET
                                               : CUT;
    for (uint32_t i = 0; i < frame.packet_count; i++)
        if (!packet_is_right(frame.first_seq + i, false))
            return false;
    return true;
}

static bool look_at_overtaken_frame(void)
{
    struct jt_ring_frame frame;
    int err;

    new_call();
    err = jt_ring_reader_frame(reader, 0, &frame);
    if (err)
        return err == -ESTALE;
    return row_is_right(&frame) && packet_is_right(0, true);
}

static bool look_at_overtaken_packets(void)
{
    return packet_is_right(0, true) && packet_is_right(1, true) && packet_is_right(2, false);
}

/** Not announced by the head it knows: it looks again. */
static bool look_at_new_packet(void)
{
    struct jt_ring_packet packet;

    new_call();
    if (jt_ring_reader_packet(reader, 5, &packet) == -EAGAIN)
        return true;
    return packet_is_right(5, false);
}

static bool (*const looks[])(void) = {look_at_head_twice, look_at_newest, look_at_overtaken_frame,
                                      look_at_overtaken_packets, look_at_new_packet};

/** All ways through `look`. Returns 1 at the first bad state, else 0; counts the ways that came to their end. */
static unsigned explore(bool (*look)(void), unsigned *runs, unsigned *ended)
{
    *runs = 0;
    *ended = 0;
    run.known = 0;
    do {
        assert_true((*runs)++ < RUNS_MAX);
        *reader = reader_at_start;
        memset(run.seen, 0, sizeof(run.seen));
        run.depth = 0;
        run.view = start_view;
        run.pending = start_view;
        if (setjmp(run.abandon))
            continue;
        if (!look())
            return 1;
        (*ended)++;
    } while (next_choices());
    return 0;
}

static void test_m5_model_finds_no_bad_state(void **state)
{
    (void)state;
    met = 0;
    scene_open(UNCHANGED);
    for (size_t i = 0; i < JT_COUNT(looks); i++) {
        unsigned runs, ended;
        unsigned bad = explore(looks[i], &runs, &ended);

        print_message("look %zu: %u ways tried, %u to their end\n", i, runs, ended);
        assert_int_equal(bad, 0);
    }
    assert_int_equal(met, ALL_MET);
    scene_close();
}

static void test_m5_model_misses_each_fence_and_order(void **state)
{
    (void)state;
    for (unsigned which = UNCHANGED + 1; which < MUTANTS; which++) {
        unsigned bad = 0, runs, ended;

        scene_open((enum mutant)which);
        for (size_t i = 0; i < JT_COUNT(looks); i++)
            bad += explore(looks[i], &runs, &ended);
        if (bad == 0)
            fail_msg("without %u nothing was found", which);
        print_message("mutant %u: found by %u of %zu looks\n", which, bad, JT_COUNT(looks));
        scene_close();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_m5_model_finds_no_bad_state),
        cmocka_unit_test(test_m5_model_misses_each_fence_and_order),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
