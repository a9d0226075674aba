/**
 * The ring's shared memory, byte for byte: what writer and reader agree on, and nobody else looks at. Version 1.
 *
 *       0  header: fixed part, `writing`, head (two copies), track info (two copies)
 *   4,096  frame table: row_count rows of 64 bytes, row = frame number mod row_count
 *     ...  slots: slot_count slots of 1,152 bytes, slot = sequence mod slot_count
 *
 * A slot is 18 cache lines: 8 bytes of stamp, 4 of size and flags, 1,140 of payload, without a byte left over. Both
 * counts are powers of two, so that the mapping survives the wrap of the 64-bit numbers; all comparisons of numbers
 * are by signed difference. Everything is in words of 64 bits, in the machine's byte order.
 *
 * Stamps
 *   slot     2 × sequence + 2 when done, one less while it is written (0: never used)
 *   row      frame number × 65,536 + an update counter; odd while it is written, 2 or more when done
 *   head     counts publications: number n is in copy n mod 2, so that a writer killed in the middle leaves n whole
 *   info     the same
 *   writing  odd while the writer is in the middle of any of these: when it stays odd, the writer is dead
 */
#ifndef JT_RING_LAYOUT_H
#define JT_RING_LAYOUT_H

#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "media/packet.h"
#include "media/track.h"

#define JT_RING_MAGIC UINT64_C(0x474e4952544a0d0a) /* "\n\rJTRING" in little endian */
#define JT_RING_NONE UINT64_MAX                    /* of key_frame: no join point */

enum {
    JT_RING_SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL,
    JT_RING_HEADER_BYTES = 4096,
    JT_RING_ROW_BYTES = 64,
    JT_RING_SLOT_BYTES = 1152,
    JT_RING_PAYLOAD_OFFSET = 12,
    JT_RING_SLOTS_MIN = 4, /* tests use small rings */
    JT_RING_SLOTS_MAX = 65536,
    JT_RING_ROWS_MIN = 4,
    JT_RING_ROWS_MAX = 16384,
    JT_RING_ROW_VERSION_BITS =
        16, /* two a publication, and a frame has at most one publication a packet */
};

_Static_assert(2 * (JT_FRAME_PACKETS_MAX + 1) < 1 << JT_RING_ROW_VERSION_BITS,
               "a row's counter would wrap");

/** Times are within ±2^53: 285 years of microseconds. Beyond that it is a lie, and sums could overflow. */
#define JT_RING_TIME_MAX (INT64_C(1) << 53)

/* ---- the private images of what is shared as words ---- */

/** Written once, before anyone else has the descriptor. */
struct jt_ring_fixed {
    uint64_t magic;
    uint32_t version;
    uint32_t epoch;
    uint32_t row_count, row_bytes;
    uint32_t slot_count, slot_bytes;
    uint64_t rows_offset, slots_offset;
    uint64_t total_bytes;
    uint64_t first_frame, first_seq; /* where numbering began */
    int64_t wall_offset_us;
};

struct jt_ring_head_image {
    uint64_t next_frame;
    uint64_t next_seq;
    uint64_t oldest_frame;
    uint64_t key_frame;
    uint64_t flags; /* enum jt_ring_head_flags */
};

enum jt_ring_head_flags {
    JT_RING_HEAD_BROKEN = 1 << 0,
    JT_RING_HEAD_ENDED = 1 << 1,
    JT_RING_HEAD_FLAGS = JT_RING_HEAD_BROKEN | JT_RING_HEAD_ENDED,
};

struct jt_ring_row_image {
    uint64_t first_seq;
    uint32_t packet_count;
    uint32_t size_bytes;
    uint16_t flags; /* enum jt_ring_frame_flags */
    uint16_t layers;
    uint32_t info_version; /* of the track info that was in force */
    int64_t dts, pts;
    int64_t capture_us, ready_us;
};

struct jt_ring_payload {
    uint16_t size;
    uint16_t flags;
    uint8_t bytes[JT_PAYLOAD_MAX_BYTES];
};

#define JT_RING_WORDS(type) (sizeof(type) / 8)

_Static_assert(sizeof(struct jt_ring_fixed) == 80, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, version) == 8, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, epoch) == 12, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, row_count) == 16, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, slot_count) == 24, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, rows_offset) == 32, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, slots_offset) == 40, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, total_bytes) == 48, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, first_frame) == 56, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, first_seq) == 64, "layout");
_Static_assert(offsetof(struct jt_ring_fixed, wall_offset_us) == 72, "layout");
_Static_assert(sizeof(struct jt_ring_head_image) == 40, "layout");
_Static_assert(offsetof(struct jt_ring_head_image, next_seq) == 8, "layout");
_Static_assert(offsetof(struct jt_ring_head_image, oldest_frame) == 16, "layout");
_Static_assert(offsetof(struct jt_ring_head_image, key_frame) == 24, "layout");
_Static_assert(offsetof(struct jt_ring_head_image, flags) == 32, "layout");
_Static_assert(sizeof(struct jt_ring_row_image) == 56, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, packet_count) == 8, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, size_bytes) == 12, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, flags) == 16, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, layers) == 18, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, info_version) == 20, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, dts) == 24, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, pts) == 32, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, capture_us) == 40, "layout");
_Static_assert(offsetof(struct jt_ring_row_image, ready_us) == 48, "layout");
_Static_assert(sizeof(struct jt_ring_payload) == 1144, "layout");
_Static_assert(offsetof(struct jt_ring_payload, flags) == 2, "layout");
_Static_assert(offsetof(struct jt_ring_payload, bytes) == 4, "layout");
_Static_assert(sizeof(struct jt_track_info) == 1064,
               "layout: a new field needs a new JT_RING_VERSION");
_Static_assert(offsetof(struct jt_track_info, config) == 40, "layout");

/* ---- what is shared ---- */

struct jt_ring_header {
    _Atomic uint64_t fixed[16]; /* struct jt_ring_fixed */
    _Atomic uint64_t writing;
    uint64_t pad_writing[7];
    _Atomic uint64_t head_stamp;
    uint64_t pad_head[7];
    _Atomic uint64_t head[2][8]; /* struct jt_ring_head_image; a cache line each */
    _Atomic uint64_t info_stamp;
    uint64_t pad_info[7];
    _Atomic uint64_t info[2][136]; /* struct jt_track_info */
    uint64_t pad_end[184];
};

struct jt_ring_row {
    _Atomic uint64_t stamp;
    _Atomic uint64_t words[7]; /* struct jt_ring_row_image */
};

struct jt_ring_slot {
    _Atomic uint64_t stamp;
    _Atomic uint64_t words[143]; /* struct jt_ring_payload */
};

_Static_assert(offsetof(struct jt_ring_header, writing) == 128, "layout");
_Static_assert(offsetof(struct jt_ring_header, head_stamp) == 192, "layout");
_Static_assert(offsetof(struct jt_ring_header, head) == 256, "layout");
_Static_assert(offsetof(struct jt_ring_header, info_stamp) == 384, "layout");
_Static_assert(offsetof(struct jt_ring_header, info) == 448, "layout");
_Static_assert(sizeof(struct jt_ring_header) == JT_RING_HEADER_BYTES, "layout");
_Static_assert(sizeof(struct jt_ring_row) == JT_RING_ROW_BYTES, "layout");
_Static_assert(sizeof(struct jt_ring_slot) == JT_RING_SLOT_BYTES, "layout");
_Static_assert(offsetof(struct jt_ring_slot, words) + offsetof(struct jt_ring_payload, bytes) ==
                   JT_RING_PAYLOAD_OFFSET,
               "layout");
_Static_assert(sizeof(struct jt_ring_fixed) <= sizeof(((struct jt_ring_header *)0)->fixed),
               "layout");
_Static_assert(sizeof(struct jt_track_info) <= sizeof(((struct jt_ring_header *)0)->info[0]),
               "layout");

static inline bool jt_ring_time_is_sane(int64_t time)
{
    return time >= -JT_RING_TIME_MAX && time <= JT_RING_TIME_MAX;
}

/** The counts fix all the rest. */
static inline uint64_t jt_ring_slots_offset(uint32_t row_count)
{
    return JT_RING_HEADER_BYTES + (uint64_t)row_count * JT_RING_ROW_BYTES;
}

static inline uint64_t jt_ring_total_bytes(uint32_t row_count, uint32_t slot_count)
{
    return jt_ring_slots_offset(row_count) + (uint64_t)slot_count * JT_RING_SLOT_BYTES;
}

static inline uint64_t jt_ring_slot_stamp(uint64_t seq)
{
    return 2 * seq + 2;
}

static inline uint64_t jt_ring_row_stamp(uint64_t number, uint32_t version)
{
    return number << JT_RING_ROW_VERSION_BITS | version;
}

#endif
