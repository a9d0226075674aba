/*
 * What a packet costs at the ring, in nanoseconds, on one core: written, found in place and checked again, copied out;
 * a frame's head and row; a bell whose owner is awake. Frames of seven full packets, as 1.5 Mbps has them; a full ring
 * is 18 MiB, so that most slots come from beyond the second-level cache.
 *
 * Build by hand: cc -O2 -std=c11 -D_GNU_SOURCE -Icommon tests/bench/ring_bench.c common/ring/{reader,writer,wake}.c
 *                common/base/clock.c common/media/track.c
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ring/ring.h"
#include "ring/wake.h"

enum { FRAME_PACKETS = 7, FRAMES = 200000, READ_FRAMES = 2000, ROUNDS = 100 };

static volatile uint64_t sink_of_sums;

static void report(const char *what, int64_t us, double count)
{
    printf("%-40s %7.1f ns\n", what, (double)us * 1000 / count);
}

static void write_frames(struct jt_ring_writer *writer, unsigned frames)
{
    static uint8_t payload[JT_PAYLOAD_MAX_BYTES];
    struct jt_packet_sink sink = jt_ring_writer_sink(writer);

    for (unsigned i = 0; i < frames; i++) {
        struct jt_frame frame = {.dts = i, .pts = i, .is_key = i % 60 == 0};

        if (jt_ring_writer_begin(writer, &frame, 0))
            abort();
        for (unsigned k = 0; k < FRAME_PACKETS; k++) {
            memcpy(sink.reserve(sink.arg), payload, sizeof(payload)); /* what a packer does */
            if (sink.commit(sink.arg, JT_PAYLOAD_MAX_BYTES, 0))
                abort();
        }
        (void)jt_ring_writer_end(writer);
    }
}

enum way { IN_PLACE, COPIED, ROWS_ONLY };

/** The frames held, ROUNDS times; returns how many packets (or rows) that was. */
static double read_frames(struct jt_ring_reader *reader, enum way way)
{
    struct jt_ring_head head;
    struct jt_ring_frame frame;
    struct jt_ring_packet packet;
    uint8_t copy[JT_PAYLOAD_MAX_BYTES];
    double count = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        if (jt_ring_reader_head(reader, &head))
            abort();
        for (uint64_t n = head.next_frame - READ_FRAMES; n < head.next_frame; n++) {
            if (jt_ring_reader_frame(reader, n, &frame))
                abort();
            count += way == ROWS_ONLY;
            for (uint32_t i = 0; way != ROWS_ONLY && i < frame.packet_count; i++, count++) {
                if (jt_ring_reader_packet(reader, frame.first_seq + i, &packet))
                    abort();
                if (way == COPIED ? !jt_ring_reader_copy(reader, &packet, copy)
                                  : !jt_ring_reader_intact(reader, &packet))
                    abort();
                sink_of_sums += way == COPIED ? copy[5] : packet.size;
            }
        }
    }
    return count;
}

static void bench_reads(struct jt_ring_reader *reader, enum way way, const char *what)
{
    int64_t start_us = jt_clock_mono_us();
    double count = read_frames(reader, way);

    report(what, jt_clock_mono_us() - start_us, count);
}

static void bench_bell(void)
{
    struct jt_bell *bell;
    struct jt_bell_rope *rope;
    int64_t start_us;
    int fds[2];

    if (jt_bell_new(&bell))
        abort();
    jt_bell_fds(bell, fds);
    fds[0] = fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
    fds[1] = fcntl(fds[1], F_DUPFD_CLOEXEC, 0);
    if (jt_bell_rope_new(fds, &rope))
        abort();
    start_us = jt_clock_mono_us();
    for (unsigned i = 0; i < 10000000; i++)
        jt_bell_rope_pull(rope);
    report("bell of one who is awake", jt_clock_mono_us() - start_us, 10000000);
    jt_bell_sleep(bell);
    start_us = jt_clock_mono_us();
    for (unsigned i = 0; i < 1000000; i++)
        jt_bell_rope_pull(rope);
    report("bell of one who says it sleeps", jt_clock_mono_us() - start_us, 1000000);
    jt_bell_rope_free(rope);
    jt_bell_free(bell);
}

int main(void)
{
    struct jt_track_info info = {.codec = JT_CODEC_H264, .clock_hz = 90000, .layer = "main"};
    struct jt_ring_writer *writer;
    struct jt_ring_reader *reader;
    int64_t start_us;

    if (jt_ring_writer_new(&info, 1, &writer) ||
        jt_ring_reader_new(fcntl(jt_ring_writer_fd(writer), F_DUPFD_CLOEXEC, 0), &reader))
        abort();
    write_frames(writer, READ_FRAMES * 2); /* the pages are there */
    start_us = jt_clock_mono_us();
    write_frames(writer, FRAMES);
    report("packet written, with the packer's copy", jt_clock_mono_us() - start_us,
           (double)FRAMES * FRAME_PACKETS);
    bench_reads(reader, ROWS_ONLY, "frame looked up");
    bench_reads(reader, IN_PLACE, "packet found and checked, with its frame");
    bench_reads(reader, COPIED, "packet copied out, with its frame");
    bench_bell();
    jt_ring_reader_free(reader);
    jt_ring_writer_free(writer);
    return 0;
}
