/* What the ring's tests share: a track, a clock in hand, packets that check themselves, and a forged ring. */
#ifndef RING_RIG_H
#define RING_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "ring/layout.h"
#include "ring/options.h"
#include "ring/ring.h"

static int64_t rig_clock_us = 1000000;

static inline int64_t rig_now_us(void)
{
    return rig_clock_us;
}

/** H.264 with a 16-byte stand-in for its configuration. */
static inline struct jt_track_info rig_video(void)
{
    return (struct jt_track_info){
        .codec = JT_CODEC_H264,
        .clock_hz = 90000,
        .width = 1280,
        .height = 720,
        .config_bytes = 16,
        .profile_level_id = {0x42, 0xe0, 0x1f},
        .layer = "main",
        .config = {1, 0x42, 0xe0, 0x1f, 0xff, 0xe1},
    };
}

static inline struct jt_track_info rig_audio(void)
{
    return (struct jt_track_info){.codec = JT_CODEC_OPUS,
                                  .clock_hz = 48000,
                                  .channels = 2,
                                  .sample_rate = 48000,
                                  .layer = "main"};
}

static inline struct jt_ring_options rig_small(uint32_t rows, uint32_t slots)
{
    return (struct jt_ring_options){.row_count = rows, .slot_count = slots, .now_us = rig_now_us};
}

static inline struct jt_ring_writer *rig_writer(const struct jt_ring_options *options)
{
    struct jt_track_info info = rig_video();
    struct jt_ring_writer *writer;

    assert_int_equal(jt_ring_writer_new_with(&info, 7, options, &writer), 0);
    return writer;
}

static inline struct jt_ring_reader *rig_reader(int ring_fd)
{
    struct jt_ring_reader *reader;
    int fd = fcntl(ring_fd, F_DUPFD_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(jt_ring_reader_new(fd, &reader), 0);
    return reader;
}

/* ---- packets that check themselves: size and bytes follow from a counter, which is their first eight bytes ---- */

static inline uint64_t rig_mix(uint64_t x) /* splitmix64 (Steele, Lea, Flood 2014) */
{
    x += UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
    return x ^ (x >> 31);
}

static inline uint16_t rig_payload_size(uint64_t counter)
{
    return (uint16_t)(8 + rig_mix(counter) % (JT_PAYLOAD_MAX_BYTES - 8 + 1));
}

static inline uint16_t rig_payload_make(uint64_t counter, uint8_t *out)
{
    uint16_t size = rig_payload_size(counter);
    uint64_t word = counter;

    for (size_t i = 0; i < size; i += 8) {
        memcpy(out + i, &word, size - i < 8 ? size - i : 8);
        word = rig_mix(counter * 1000 + i);
    }
    return size;
}

static inline bool rig_payload_is(uint64_t counter, const uint8_t *data, uint16_t size)
{
    uint8_t expected[JT_PAYLOAD_MAX_BYTES];

    return size == rig_payload_make(counter, expected) && memcmp(data, expected, size) == 0;
}

/* ---- writing ---- */

/** One packet for the open frame: its counter is `counter`. */
static inline void rig_put(struct jt_ring_writer *writer, uint64_t counter, unsigned flags)
{
    struct jt_packet_sink sink = jt_ring_writer_sink(writer);
    uint8_t *room = sink.reserve(sink.arg);

    assert_non_null(room);
    assert_int_equal(sink.commit(sink.arg, rig_payload_make(counter, room), flags), 0);
}

static inline void rig_begin(struct jt_ring_writer *writer, bool is_key)
{
    struct jt_frame frame = {.dts = rig_clock_us * 9 / 100,
                             .pts = rig_clock_us * 9 / 100 + 3000,
                             .capture_us = rig_clock_us,
                             .is_key = is_key};

    assert_int_equal(jt_ring_writer_begin(writer, &frame, 0), 0);
}

/** A frame of `packets` packets; `*counter` goes up by as many. Returns its number. */
static inline uint64_t rig_frame(struct jt_ring_writer *writer, bool is_key, unsigned packets,
                                 uint64_t *counter)
{
    rig_begin(writer, is_key);
    for (unsigned i = 0; i < packets; i++)
        rig_put(writer, (*counter)++, i + 1 == packets ? JT_PACKET_MARKER : 0);
    return jt_ring_writer_end(writer);
}

static inline struct jt_ring_head rig_head(struct jt_ring_reader *reader)
{
    struct jt_ring_head head;

    assert_int_equal(jt_ring_reader_head(reader, &head), 0);
    return head;
}

/* ---- a ring whose memory the test may write as it likes, sealed all the same ---- */

struct rig_forgery {
    int fd;
    uint8_t *map;
    size_t bytes;
};

/** A copy of `writer`'s ring. */
static inline struct rig_forgery rig_forge(const struct jt_ring_writer *writer, int seals)
{
    struct rig_forgery forgery = {.fd = memfd_create("forgery", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    off_t bytes = lseek(jt_ring_writer_fd(writer), 0, SEEK_END);
    void *map;

    assert_true(forgery.fd >= 0 && bytes > 0);
    forgery.bytes = (size_t)bytes;
    assert_int_equal(ftruncate(forgery.fd, bytes), 0);
    map = mmap(NULL, forgery.bytes, PROT_READ | PROT_WRITE, MAP_SHARED, forgery.fd, 0);
    assert_true(map != MAP_FAILED);
    forgery.map = map;
    assert_int_equal(pread(jt_ring_writer_fd(writer), map, forgery.bytes, 0), bytes);
    assert_int_equal(fcntl(forgery.fd, F_ADD_SEALS, seals), 0);
    return forgery;
}

static inline void rig_forgery_end(struct rig_forgery *forgery)
{
    assert_int_equal(munmap(forgery->map, forgery->bytes), 0);
    assert_int_equal(close(forgery->fd), 0);
}

#endif
