/* Transport-wide feedback of wire/rtcp.h: draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1.
 */
#include "wire/rtcp.h"

#include <errno.h>

#include "base/reader.h"
#include "base/writer.h"

/* §3.1.1: what a status symbol says. */
enum symbol {
    LOST = 0,
    SMALL_DELTA = 1, /* one byte, unsigned */
    LARGE_DELTA = 2, /* two bytes, signed */
    RESERVED = 3,
};

enum {
    VECTOR_CHUNK = 0x8000,
    TWO_BIT_VECTOR = 0x4000,
    ONE_BIT_SYMBOLS = 14,
    TWO_BIT_SYMBOLS = 7,
    RUN_MAX = 0x1fff,
    TICK_US = 250,
    REFERENCE_US = 64000,
    TICKS_PER_REFERENCE = REFERENCE_US / TICK_US,
};

/* A cursor over the statuses: the symbols left in the current chunk, then the chunks left. */
struct status_walk {
    struct jt_reader chunks;
    uint16_t chunk;
    unsigned left; /* symbols left in `chunk` */
};

static unsigned chunk_symbols(uint16_t chunk)
{
    if (!(chunk & VECTOR_CHUNK))
        return chunk & RUN_MAX;
    return chunk & TWO_BIT_VECTOR ? TWO_BIT_SYMBOLS : ONE_BIT_SYMBOLS;
}

/* The next symbol. RESERVED also when the chunks have run out, or a run has no length. */
static enum symbol next_symbol(struct status_walk *walk)
{
    if (walk->left == 0) {
        walk->chunk = jt_read_be16(&walk->chunks);
        walk->left = chunk_symbols(walk->chunk);
    }
    if (walk->chunks.failed || walk->left == 0)
        return RESERVED;
    walk->left--;
    if (!(walk->chunk & VECTOR_CHUNK))
        return walk->chunk >> 13 & 3;
    if (walk->chunk & TWO_BIT_VECTOR)
        return walk->chunk >> (2 * walk->left) & 3;
    return walk->chunk >> walk->left & 1; /* one bit: received with a small delta, or not */
}

static int32_t read_delta(struct jt_reader *deltas, enum symbol symbol)
{
    if (symbol == SMALL_DELTA)
        return jt_read_u8(deltas);
    if (symbol == LARGE_DELTA)
        return (int16_t)jt_read_be16(deltas);
    return 0;
}

/* Where the chunks end and the deltas begin. Fails the cursor when the statuses are not all there.
 */
static struct jt_reader find_deltas(struct jt_reader chunks, unsigned statuses)
{
    struct status_walk walk = {.chunks = chunks};

    for (unsigned i = 0; i < statuses; i++) {
        if (next_symbol(&walk) == RESERVED) {
            walk.chunks.failed = true;
            break;
        }
    }
    return walk.chunks;
}

static bool has_all_deltas(struct jt_reader chunks, struct jt_reader deltas, unsigned statuses)
{
    struct status_walk walk = {.chunks = chunks};

    for (unsigned i = 0; i < statuses && !deltas.failed; i++)
        (void)read_delta(&deltas, next_symbol(&walk));
    return !deltas.failed;
}

int jt_rtcp_parse_twcc(const struct jt_rtcp_feedback *feedback, struct jt_rtcp_twcc *out,
                       jt_rtcp_twcc_fn fn, void *context)
{
    struct jt_reader r = jt_reader_of(feedback->fci, feedback->size_bytes);
    struct jt_rtcp_twcc twcc = {0};
    struct status_walk walk;
    struct jt_reader deltas;
    uint32_t reference;

    twcc.base_sequence = jt_read_be16(&r);
    twcc.status_count = jt_read_be16(&r);
    reference = jt_read_be24(&r);
    twcc.reference_time_64ms =
        reference & 0x800000 ? (int32_t)reference - 0x1000000 : (int32_t)reference;
    twcc.feedback_count = jt_read_u8(&r);
    if (r.failed || feedback->type != JT_RTCP_RTPFB || feedback->format != JT_RTCP_RTPFB_TWCC ||
        twcc.status_count > JT_RTCP_TWCC_STATUSES_MAX)
        return -EBADMSG;
    deltas = find_deltas(r, twcc.status_count);
    if (!has_all_deltas(r, deltas, twcc.status_count))
        return -EBADMSG;

    walk = (struct status_walk){.chunks = r};
    for (unsigned i = 0; i < twcc.status_count; i++) {
        enum symbol symbol = next_symbol(&walk);
        int32_t delta = read_delta(&deltas, symbol);

        fn(context, (uint16_t)(twcc.base_sequence + i), symbol != LOST, delta);
    }
    *out = twcc;
    return 0;
}

/* Writing: a status for each number from the base to the last arrival taken. */
struct plan {
    uint16_t base_sequence;
    unsigned statuses;
    size_t arrivals; /* taken */
    int64_t reference_64ms;
    int32_t deltas[JT_RTCP_TWCC_ARRIVALS_MAX];
    uint8_t symbols[JT_RTCP_TWCC_STATUSES_MAX];
};

static int64_t divide_down(int64_t value, int64_t by)
{
    return value / by - (value % by < 0);
}

/* Takes arrivals while numbers rise, the deltas fit into 16 bits and the limits hold. */
static void make_plan(const struct jt_rtcp_twcc_report *report, struct plan *plan)
{
    const struct jt_rtcp_arrival *arrivals = report->arrivals;
    int64_t previous;

    *plan = (struct plan){.base_sequence = report->base_sequence};
    if ((uint16_t)(arrivals[0].sequence - plan->base_sequence) >= JT_RTCP_TWCC_STATUSES_MAX)
        plan->base_sequence = arrivals[0].sequence;
    plan->reference_64ms = divide_down(arrivals[0].time_us, REFERENCE_US);
    previous = plan->reference_64ms * TICKS_PER_REFERENCE;
    for (size_t i = 0; i < JT_MIN(report->arrival_count, JT_RTCP_TWCC_ARRIVALS_MAX); i++) {
        int64_t ticks = divide_down(arrivals[i].time_us, TICK_US);
        unsigned offset = (uint16_t)(arrivals[i].sequence - plan->base_sequence);
        int64_t delta = ticks - previous;

        if (offset < plan->statuses || offset >= JT_RTCP_TWCC_STATUSES_MAX || delta < INT16_MIN ||
            delta > INT16_MAX)
            break;
        plan->symbols[offset] = delta >= 0 && delta <= UINT8_MAX ? SMALL_DELTA : LARGE_DELTA;
        plan->deltas[plan->arrivals++] = (int32_t)delta;
        plan->statuses = offset + 1;
        previous = ticks;
    }
}

static unsigned run_length(const struct plan *plan, unsigned from)
{
    unsigned end = from;

    while (end < plan->statuses && plan->symbols[end] == plan->symbols[from])
        end++;
    return JT_MIN(end - from, RUN_MAX);
}

/* One chunk for the statuses from `from` on; returns how many it covers. */
static unsigned write_chunk(struct jt_writer *w, const struct plan *plan, unsigned from)
{
    unsigned run = run_length(plan, from);
    unsigned count = JT_MIN(plan->statuses - from, TWO_BIT_SYMBOLS);
    uint16_t chunk = VECTOR_CHUNK | TWO_BIT_VECTOR;

    if (run >= TWO_BIT_SYMBOLS || from + run == plan->statuses) {
        jt_write_be16(w, (uint16_t)(plan->symbols[from] << 13 | run));
        return run;
    }
    for (unsigned i = 0; i < count; i++)
        chunk |= (uint16_t)(plan->symbols[from + i] << 2 * (TWO_BIT_SYMBOLS - 1 - i));
    jt_write_be16(w, chunk);
    return count;
}

static void write_body(struct jt_writer *w, const struct jt_rtcp_twcc_report *report,
                       const struct plan *plan)
{
    jt_write_be32(w, report->sender_ssrc);
    jt_write_be32(w, report->media_ssrc);
    jt_write_be16(w, plan->base_sequence);
    jt_write_be16(w, (uint16_t)plan->statuses);
    jt_write_be24(w, (uint32_t)plan->reference_64ms & 0xffffff);
    jt_write_u8(w, report->feedback_count);
    for (unsigned from = 0; from < plan->statuses;)
        from += write_chunk(w, plan, from);
    for (size_t i = 0; i < plan->arrivals; i++) {
        if (plan->deltas[i] >= 0 && plan->deltas[i] <= UINT8_MAX)
            jt_write_u8(w, (uint8_t)plan->deltas[i]);
        else
            jt_write_be16(w, (uint16_t)plan->deltas[i]);
    }
}

int jt_rtcp_write_twcc(struct jt_writer *w, const struct jt_rtcp_twcc_report *report)
{
    size_t start = w->size;
    size_t body;
    size_t fill;
    struct plan plan;
    struct jt_writer header;

    if (report->arrival_count == 0)
        return 0;
    make_plan(report, &plan);
    jt_write_zeros(w, 4);
    write_body(w, report, &plan);
    body = w->size - start - 4;
    fill = (4 - body % 4) % 4;
    jt_write_zeros(w, fill); /* without the P bit: GStreamer refuses RTCP padding of 1 to 3 */
    if (w->failed)
        return -ENOBUFS;
    header = jt_writer_of(w->data + start, 4);
    jt_write_u8(&header, 0x80 | JT_RTCP_RTPFB_TWCC);
    jt_write_u8(&header, JT_RTCP_RTPFB);
    jt_write_be16(&header, (uint16_t)((body + fill) / 4));
    return (int)plan.arrivals;
}
