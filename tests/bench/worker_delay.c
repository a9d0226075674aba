/*
 * How much later is Opus than the AAC it was made from? Joins ingest's control socket as a relay does, reads both rings of a
 * show, and prints one JSON object: the time from the AAC frame that ends an Opus frame's sound to that Opus frame, both when
 * they became readable. Usage: worker_delay CONTROL_SOCKET SHOW SECONDS
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "net/seqpacket.h"
#include "ring/control.h"
#include "ring/link.h"
#include "ring/ring.h"

enum { SAMPLES_MAX = 100000, POLL_US = 2000, OPUS_FRAME = 960 };

struct source {
    struct jt_ring_reader *reader;
    uint64_t next;
};

struct bench {
    const char *show;
    struct jt_loop *loop;
    struct source aac, opus;
    uint32_t aac_hz;
    struct {
        int64_t end_us, ready_us;
    } frames[1024]; /* the newest AAC frames, by number */
    uint64_t aac_frames;
    int64_t samples[SAMPLES_MAX];
    size_t count;
    int64_t end_us;
};

static int64_t to_us(int64_t units, uint32_t clock_hz)
{
    return units / clock_hz * JT_USEC_PER_SEC + units % clock_hz * JT_USEC_PER_SEC / clock_hz;
}

static void take_track(struct bench *bench, int *fds)
{
    struct jt_ring_reader *reader;
    struct jt_track_info info;
    struct jt_ring_head head;
    uint32_t version;

    if (jt_ring_reader_new(fds[0], &reader))
        return;
    fds[0] = -1;
    if (jt_ring_reader_info(reader, &info, &version) || jt_ring_reader_head(reader, &head) ||
        (info.codec != JT_CODEC_AAC && info.codec != JT_CODEC_OPUS)) {
        jt_ring_reader_free(reader);
        return;
    }
    if (info.codec == JT_CODEC_AAC)
        bench->aac_hz = info.clock_hz;
    *(info.codec == JT_CODEC_AAC ? &bench->aac : &bench->opus) =
        (struct source){.reader = reader, .next = head.next_frame};
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct bench *bench = arg;

    if (message->type == JT_CONTROL_TRACK && strcmp(message->show, bench->show) == 0)
        take_track(bench, fds);
}

static void on_end(void *arg, int error)
{
    struct bench *bench = arg;

    (void)error;
    jt_loop_stop(bench->loop);
}

static bool next_frame(struct source *source, struct jt_ring_frame *out)
{
    if (!source->reader || jt_ring_reader_frame(source->reader, source->next, out) ||
        !(out->flags & JT_RING_WHOLE))
        return false;
    source->next++;
    return true;
}

static void note_aac(struct bench *bench, const struct jt_ring_frame *frame)
{
    size_t i = bench->aac_frames++ % JT_COUNT(bench->frames);

    bench->frames[i].end_us = to_us(frame->pts + 1024, bench->aac_hz);
    bench->frames[i].ready_us = frame->ready_us;
}

/* The first AAC frame that holds the last sample of the Opus frame. */
static void note_opus(struct bench *bench, const struct jt_ring_frame *frame)
{
    int64_t end_us = to_us(frame->pts + OPUS_FRAME, JT_OPUS_CLOCK_HZ);
    int64_t best = INT64_MAX;

    for (size_t i = 0; i < JT_COUNT(bench->frames); i++)
        if (bench->frames[i].end_us >= end_us && bench->frames[i].ready_us < best)
            best = bench->frames[i].ready_us;
    if (best != INT64_MAX && bench->count < SAMPLES_MAX)
        bench->samples[bench->count++] = frame->ready_us - best;
}

static void on_poll(void *arg)
{
    struct bench *bench = arg;
    struct jt_ring_frame frame;

    while (next_frame(&bench->aac, &frame))
        note_aac(bench, &frame);
    while (next_frame(&bench->opus, &frame))
        note_opus(bench, &frame);
    if (jt_clock_mono_us() > bench->end_us)
        jt_loop_stop(bench->loop);
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static double percentile_ms(const struct bench *bench, double p)
{
    return (double)bench->samples[(size_t)((double)(bench->count - 1) * p)] / JT_USEC_PER_MSEC;
}

int main(int argc, char **argv)
{
    static struct bench bench;
    const struct jt_link_ops ops = {.on_message = on_message, .on_end = on_end};
    struct jt_timer *poll;
    struct jt_link *link;

    if (argc != 4)
        return 2;
    bench.show = argv[2];
    bench.end_us = jt_clock_mono_us() + (int64_t)atoi(argv[3]) * JT_USEC_PER_SEC;
    jt_log_init("worker_delay", JT_LOG_ERROR);
    if (jt_loop_new("bench", &bench.loop) ||
        jt_link_new(bench.loop, jt_seq_connect(argv[1]), &ops, &bench, &link) ||
        jt_timer_new(bench.loop, "bench.poll", on_poll, &bench, &poll))
        return 1;
    jt_link_hello(link, JT_ROLE_RELAY);
    jt_timer_start(poll, POLL_US, POLL_US);
    jt_loop_run(bench.loop);
    if (!bench.count)
        return 1;
    qsort(bench.samples, bench.count, sizeof(bench.samples[0]), compare);
    printf("{\"frames\":%zu,\"delay_ms\":{\"p50\":%.1f,\"p95\":%.1f,\"p99\":%.1f}}\n", bench.count,
           percentile_ms(&bench, 0.5), percentile_ms(&bench, 0.95), percentile_ms(&bench, 0.99));
    jt_timer_free(poll);
    jt_link_free(link);
    jt_ring_reader_free(bench.aac.reader);
    jt_ring_reader_free(bench.opus.reader);
    jt_loop_free(bench.loop);
    return 0;
}
