/*
 * Threat M2: a hostile writer against the real reader. The reader's source is compiled here with its loads in our hand:
 * each is held against the bounds of the mapping, and may return what the input says instead of what memory says, so
 * that a value can differ each time it is looked at.
 *
 * Input: a count of patches to the ring's image, each two bytes of place and eight of value; then one byte per load:
 * under 0xc0 the truth, else a kind of lie (and for some kinds eight bytes of it).
 */
#define JT_SHARED_MODEL
#include "ring/reader.c" /* the object in the library is not linked: all its names are here */

#include "base/reader.h"
#include "ring/options.h"

enum { ROWS = 16, SLOTS = 32, PATCHES_MAX = 32, WALKS = 3 };

static struct jt_reader lies;
static const uint8_t *map_start;
static size_t map_bytes;

static void require(bool truth)
{
    if (!truth)
        abort();
}

static uint64_t lie(uint64_t truth, uint8_t kind)
{
    switch (kind & 7) {
    case 0:
        return jt_read_be64(&lies);
    case 1:
        return truth ^ UINT64_C(1) << (kind >> 3 & 7);
    case 2:
        return truth + 1;
    case 3:
        return truth - 1;
    case 4:
        return truth ^ UINT64_C(1) << 63;
    case 5:
        return truth + ROWS * 65536;
    case 6:
        return truth + 2 * SLOTS;
    default:
        return UINT64_MAX;
    }
}

uint64_t model_load(const _Atomic uint64_t *word, memory_order order)
{
    const uint8_t *at = (const uint8_t *)(uintptr_t)word;
    uint64_t truth;
    uint8_t kind;

    (void)order;
    if (map_start) /* NULL while the reader is being made: its mapping is not known yet */
        require(at >= map_start && at + 8 <= map_start + map_bytes && (uintptr_t)at % 8 == 0);
    memcpy(&truth, at, sizeof(truth));
    kind = jt_read_u8(&lies);
    return kind < 0xc0 ? truth : lie(truth, kind);
}

void model_store(_Atomic uint64_t *word, uint64_t value, memory_order order)
{
    (void)word, (void)value, (void)order;
    abort(); /* readers do not write */
}

void model_fence(memory_order order)
{
    (void)order;
}

static int64_t no_clock(void)
{
    return 1;
}

/** A ring of 20 frames with up to three packets each; the last stays open. Made once. */
static const uint8_t *honest_image(size_t *bytes)
{
    static uint8_t *image;
    struct jt_track_info info = {.codec = JT_CODEC_H264, .clock_hz = 90000, .layer = "main"};
    struct jt_ring_options options = {.row_count = ROWS, .slot_count = SLOTS, .now_us = no_clock};
    struct jt_ring_writer *writer;
    struct jt_packet_sink sink;

    *bytes = jt_ring_total_bytes(ROWS, SLOTS);
    if (image)
        return image;
    require(jt_ring_writer_new_with(&info, 1, &options, &writer) == 0);
    sink = jt_ring_writer_sink(writer);
    for (unsigned i = 0; i < 20; i++) {
        struct jt_frame frame = {.dts = i, .pts = i, .is_key = i % 8 == 0};

        require(jt_ring_writer_begin(writer, &frame, 0) == 0);
        for (unsigned k = 0; k <= i % 3; k++) {
            memset(sink.reserve(sink.arg), (int)i, 100);
            require(sink.commit(sink.arg, 100, 0) == 0);
            jt_ring_writer_flush(writer);
        }
        if (i < 19)
            (void)jt_ring_writer_end(writer);
    }
    image = malloc(*bytes);
    require(image && pread(jt_ring_writer_fd(writer), image, *bytes, 0) == (ssize_t)*bytes);
    jt_ring_writer_free(writer);
    return image;
}

/** A sealed ring: the honest image with the input's patches. */
static int make_ring(struct jt_reader *input)
{
    size_t bytes;
    const uint8_t *image = honest_image(&bytes);
    int fd = memfd_create("fuzz", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    unsigned patches = jt_read_u8(input) % (PATCHES_MAX + 1);

    require(fd >= 0 && write(fd, image, bytes) == (ssize_t)bytes);
    for (unsigned i = 0; i < patches; i++) {
        off_t at = jt_read_be16(input) % (bytes / 8) * 8;
        const uint8_t *value = jt_reader_take(input, 8);

        if (value)
            require(pwrite(fd, value, 8, at) == 8);
    }
    require(fcntl(fd, F_ADD_SEALS, JT_RING_SEALS) == 0);
    return fd;
}

static void read_packet(struct jt_ring_reader *reader, uint64_t seq)
{
    struct jt_ring_packet packet;
    uint8_t copy[JT_PAYLOAD_MAX_BYTES];

    if (jt_ring_reader_packet(reader, seq, &packet))
        return;
    require(packet.size >= 1 && packet.size <= JT_PAYLOAD_MAX_BYTES && packet.seq == seq);
    require(packet.data >= (const uint8_t *)reader->slots);
    require(packet.data + packet.size <= map_start + map_bytes);
    if (!jt_ring_reader_copy(reader, &packet, copy))
        (void)jt_ring_reader_intact(reader, &packet);
}

static void walk(struct jt_ring_reader *reader)
{
    struct jt_ring_head head;
    struct jt_ring_frame frame;
    struct jt_track_info info;
    uint32_t version;

    if (jt_ring_reader_info(reader, &info, &version) == 0)
        require(jt_track_info_check(&info) == 0);
    (void)jt_ring_reader_writer_is_dead(reader, 0);
    if (jt_ring_reader_head(reader, &head))
        return;
    require(head.next_frame - head.oldest_frame <= reader->fixed.row_count);
    for (uint64_t n = head.oldest_frame - 1; n != head.next_frame + 2; n++) {
        if (jt_ring_reader_frame(reader, n, &frame))
            continue;
        require(frame.packet_count >= 1 && frame.packet_count <= JT_FRAME_PACKETS_MAX);
        require(frame.size_bytes >= frame.packet_count);
        require(frame.size_bytes <= frame.packet_count * (uint64_t)JT_PAYLOAD_MAX_BYTES);
        for (uint64_t i = 0; i < JT_MIN(frame.packet_count, 2 * SLOTS); i++)
            read_packet(reader, frame.first_seq + i);
    }
    read_packet(reader, 0);
    read_packet(reader, UINT64_MAX);
    read_packet(reader, head.next_seq - SLOTS - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct jt_reader input = jt_reader_of(data, size);
    struct jt_ring_reader *reader;
    int fd = make_ring(&input);

    lies = input;
    if (lies.failed)
        lies = jt_reader_of(data, 0);
    map_start = NULL;
    if (jt_ring_reader_new(fd, &reader)) {
        (void)close(fd);
        return 0;
    }
    map_start = (const uint8_t *)reader->header;
    map_bytes = reader->fixed.total_bytes;
    for (unsigned i = 0; i < WALKS; i++)
        walk(reader);
    jt_ring_reader_free(reader);
    return 0;
}
