#include "ring/ring.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "ring/layout.h"
#include "ring/shared.h"

enum {
    TRIES_MAX = 100, /* an honest writer needs 100 ns for a change, a copy takes 20 */
    TMPFS_SUPER_MAGIC = 0x01021994, /* linux/magic.h; hugetlbfs seals too, but its holes can kill */
    FRAME_FLAGS = JT_RING_KEY | JT_RING_WHOLE | JT_RING_DISCARDABLE | JT_RING_DISCONTINUITY,
    PACKET_FLAGS = JT_PACKET_MARKER | JT_PACKET_PADDING,
};

struct jt_ring_reader {
    void *map; /* read-only: for munmap alone */
    const struct jt_ring_header *header;
    const struct jt_ring_row *rows;
    const struct jt_ring_slot *slots;
    struct jt_ring_fixed fixed;     /* private, checked once */
    struct jt_ring_head_image head; /* private, the newest that was seen */
    uint64_t stuck_stamp; /* `writing` when first seen odd, and since when; 0: it was even */
    int64_t stuck_since_us;
};

/* ---- opening ---- */

/** Only a sealed memfd on tmpfs: the size can't change, nobody can map it writable any more, nobody gets SIGBUS. */
static int check_descriptor(int fd, uint64_t *size_bytes)
{
    int seals = fcntl(fd, F_GET_SEALS);
    struct statfs fs;
    struct stat st;

    if (seals < 0 || (seals & JT_RING_SEALS) != JT_RING_SEALS)
        return -EPERM;
    if (fstatfs(fd, &fs) < 0 || fs.f_type != TMPFS_SUPER_MAGIC || fstat(fd, &st) < 0)
        return -EPERM;
    if (st.st_size < JT_RING_HEADER_BYTES ||
        (uint64_t)st.st_size > jt_ring_total_bytes(JT_RING_ROWS_MAX, JT_RING_SLOTS_MAX))
        return -EPROTO;
    *size_bytes = (uint64_t)st.st_size;
    return 0;
}

static bool is_power_of_two(uint32_t n, uint32_t min, uint32_t max)
{
    return n >= min && n <= max && (n & (n - 1)) == 0;
}

static bool fixed_is_sane(const struct jt_ring_fixed *fixed, uint64_t size_bytes)
{
    return fixed->magic == JT_RING_MAGIC && fixed->version == JT_RING_VERSION &&
           is_power_of_two(fixed->row_count, JT_RING_ROWS_MIN, JT_RING_ROWS_MAX) &&
           is_power_of_two(fixed->slot_count, JT_RING_SLOTS_MIN, JT_RING_SLOTS_MAX) &&
           fixed->row_bytes == JT_RING_ROW_BYTES && fixed->slot_bytes == JT_RING_SLOT_BYTES &&
           fixed->rows_offset == JT_RING_HEADER_BYTES &&
           fixed->slots_offset == jt_ring_slots_offset(fixed->row_count) &&
           fixed->total_bytes == size_bytes &&
           size_bytes == jt_ring_total_bytes(fixed->row_count, fixed->slot_count) &&
           jt_ring_time_is_sane(fixed->wall_offset_us);
}

static void reader_start(struct jt_ring_reader *reader, void *map)
{
    reader->map = map;
    reader->header = map;
    jt_shared_read(&reader->fixed, reader->header->fixed, JT_RING_WORDS(reader->fixed));
}

static void reader_start_tables(struct jt_ring_reader *reader)
{
    const uint8_t *map = (const uint8_t *)reader->header;

    reader->rows = (const void *)(map + JT_RING_HEADER_BYTES);
    reader->slots = (const void *)(map + jt_ring_slots_offset(reader->fixed.row_count));
    reader->head = (struct jt_ring_head_image){
        .next_frame = reader->fixed.first_frame,
        .oldest_frame = reader->fixed.first_frame,
        .next_seq = reader->fixed.first_seq,
        .key_frame = JT_RING_NONE,
    };
}

int jt_ring_reader_new(int fd, struct jt_ring_reader **out)
{
    struct jt_ring_reader *reader;
    uint64_t size_bytes;
    void *map;
    int err = check_descriptor(fd, &size_bytes);

    if (err)
        return err;
    reader = calloc(1, sizeof(*reader));
    if (!reader)
        return -ENOMEM;
    map = mmap(NULL, size_bytes, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED) {
        err = -errno;
        free(reader);
        return err;
    }
    reader_start(reader, map);
    if (!fixed_is_sane(&reader->fixed, size_bytes)) {
        (void)munmap(map, size_bytes);
        free(reader);
        return -EPROTO;
    }
    reader_start_tables(reader);
    (void)close(fd); /* the mapping holds the memory */
    *out = reader;
    return 0;
}

void jt_ring_reader_free(struct jt_ring_reader *reader)
{
    if (!reader)
        return;
    (void)munmap(reader->map, reader->fixed.total_bytes);
    free(reader);
}

uint32_t jt_ring_reader_epoch(const struct jt_ring_reader *reader)
{
    return reader->fixed.epoch;
}

int64_t jt_ring_reader_wall_offset_us(const struct jt_ring_reader *reader)
{
    return reader->fixed.wall_offset_us;
}

/* ---- head and info: two copies, the stamp says which is whole ---- */

/** A consistent copy of `words` words. Fails only when the stamp never rests, or was never set. */
static int read_latched(const _Atomic uint64_t *stamp_word, const _Atomic uint64_t *copies[2],
                        void *out, size_t words, uint64_t *stamp)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        *stamp = jt_shared_load_acquire(stamp_word);
        if (*stamp == 0)
            return -EPROTO;
        jt_shared_read(out, copies[*stamp & 1], words);
        jt_shared_fence_acquire();
        if (jt_shared_load(stamp_word) == *stamp)
            return 0;
    }
    return -EPROTO;
}

int jt_ring_reader_info(struct jt_ring_reader *reader, struct jt_track_info *out, uint32_t *version)
{
    const _Atomic uint64_t *copies[2] = {reader->header->info[0], reader->header->info[1]};
    struct jt_track_info info;
    uint64_t stamp;
    int err = read_latched(&reader->header->info_stamp, copies, &info, JT_RING_WORDS(info), &stamp);

    if (err)
        return err;
    if (jt_track_info_check(&info))
        return -EPROTO;
    *out = info;
    *version = (uint32_t)stamp;
    return 0;
}

/** Can `next` come after `last`? Numbers only grow, and what is held fits the tables. */
static bool head_is_sane(const struct jt_ring_reader *reader, const struct jt_ring_head_image *next)
{
    const struct jt_ring_head_image *last = &reader->head;

    if ((int64_t)(next->next_frame - last->next_frame) < 0 ||
        (int64_t)(next->next_seq - last->next_seq) < 0 ||
        (int64_t)(next->oldest_frame - last->oldest_frame) < 0)
        return false;
    if (next->next_frame - next->oldest_frame > reader->fixed.row_count)
        return false;
    if (next->key_frame != JT_RING_NONE &&
        next->key_frame - next->oldest_frame >= next->next_frame - next->oldest_frame)
        return false;
    return (next->flags & ~(uint64_t)JT_RING_HEAD_FLAGS) == 0;
}

static int refresh_head(struct jt_ring_reader *reader)
{
    const _Atomic uint64_t *copies[2] = {reader->header->head[0], reader->header->head[1]};
    struct jt_ring_head_image next;
    uint64_t stamp;
    int err = read_latched(&reader->header->head_stamp, copies, &next, JT_RING_WORDS(next), &stamp);

    if (err)
        return err;
    if (!head_is_sane(reader, &next))
        return -EPROTO;
    reader->head = next;
    return 0;
}

int jt_ring_reader_head(struct jt_ring_reader *reader, struct jt_ring_head *out)
{
    int err = refresh_head(reader);

    if (err)
        return err;
    *out = (struct jt_ring_head){
        .next_frame = reader->head.next_frame,
        .next_seq = reader->head.next_seq,
        .oldest_frame = reader->head.oldest_frame,
        .key_frame = reader->head.key_frame,
        .is_broken = reader->head.flags & JT_RING_HEAD_BROKEN,
        .no_join_point = reader->head.key_frame == JT_RING_NONE,
        .is_ended = reader->head.flags & JT_RING_HEAD_ENDED,
    };
    return 0;
}

/* ---- frames ---- */

/** One try at a row. -EBUSY: it is being written, or was meanwhile. */
static int read_row(const struct jt_ring_row *row, uint64_t number, struct jt_ring_row_image *out)
{
    uint64_t stamp = jt_shared_load_acquire(&row->stamp);
    int64_t ahead = (int64_t)((stamp & ~(uint64_t)UINT16_MAX) - jt_ring_row_stamp(number, 0));

    if (ahead > 0)
        return -ESTALE;
    if (ahead < 0 || (stamp & UINT16_MAX) == 0)
        return -EPROTO; /* the head has announced this frame */
    if (stamp & 1)
        return -EBUSY;
    jt_shared_read(out, row->words, JT_RING_WORDS(*out));
    jt_shared_fence_acquire();
    return jt_shared_load(&row->stamp) == stamp ? 0 : -EBUSY;
}

/** The row against limits and against the head, which is newer than its first version. */
static int check_row(const struct jt_ring_reader *reader, struct jt_ring_row_image *row)
{
    uint64_t readable = reader->head.next_seq - row->first_seq;

    if ((int64_t)readable <= 0 || (int64_t)(row->first_seq - reader->fixed.first_seq) < 0)
        return -EPROTO;
    if (row->packet_count == 0 || row->packet_count > JT_FRAME_PACKETS_MAX ||
        row->packet_count > reader->fixed.slot_count)
        return -EPROTO;
    if (row->size_bytes < row->packet_count ||
        row->size_bytes > row->packet_count * (uint32_t)JT_PAYLOAD_MAX_BYTES)
        return -EPROTO;
    if (row->flags & ~(unsigned)FRAME_FLAGS || !jt_ring_time_is_sane(row->dts) ||
        !jt_ring_time_is_sane(row->pts) || !jt_ring_time_is_sane(row->capture_us) ||
        !jt_ring_time_is_sane(row->ready_us))
        return -EPROTO;
    if (readable > reader->fixed.slot_count)
        return -ESTALE;
    if (row->packet_count > readable) { /* a run between our look at the head and at the row */
        row->packet_count = (uint32_t)readable;
        row->size_bytes =
            JT_MIN(row->size_bytes, row->packet_count * (uint32_t)JT_PAYLOAD_MAX_BYTES);
        row->flags &= (uint16_t)~JT_RING_WHOLE;
    }
    return 0;
}

/** Is `number` between oldest and next? Looks at the head again before it says no. */
static int locate_frame(struct jt_ring_reader *reader, uint64_t number)
{
    int err = refresh_head(reader);

    if (err)
        return err;
    if ((int64_t)(number - reader->head.next_frame) >= 0)
        return -EAGAIN;
    if ((int64_t)(number - reader->head.oldest_frame) < 0)
        return -ESTALE;
    return 0;
}

int jt_ring_reader_frame(struct jt_ring_reader *reader, uint64_t number, struct jt_ring_frame *out)
{
    const struct jt_ring_row *row = &reader->rows[number & (reader->fixed.row_count - 1)];
    struct jt_ring_row_image image;
    int err = locate_frame(reader, number);

    if (err)
        return err;
    err = -EBUSY;
    for (int tries = 0; tries < TRIES_MAX && err == -EBUSY; tries++)
        err = read_row(row, number, &image);
    if (err)
        return err == -EBUSY
                   ? -EAGAIN
                   : err; /* its writer sleeps or is dead: jt_ring_reader_writer_is_dead */
    err = check_row(reader, &image);
    if (err)
        return err;
    *out = (struct jt_ring_frame){
        .number = number,
        .first_seq = image.first_seq,
        .packet_count = image.packet_count,
        .size_bytes = image.size_bytes,
        .flags = image.flags,
        .layers = image.layers,
        .info_version = image.info_version,
        .dts = image.dts,
        .pts = image.pts,
        .capture_us = image.capture_us,
        .ready_us = image.ready_us,
    };
    return 0;
}

/* ---- packets ---- */

static const struct jt_ring_slot *slot_of(const struct jt_ring_reader *reader, uint64_t seq)
{
    return &reader->slots[seq & (reader->fixed.slot_count - 1)];
}

/** May `seq` be readable? The head we know will do for most; only a yes from it counts, so look again before a no. */
static int locate_packet(struct jt_ring_reader *reader, uint64_t seq)
{
    int err;

    if ((int64_t)(seq - reader->head.next_seq) >= 0) {
        err = refresh_head(reader);
        if (err)
            return err;
        if ((int64_t)(seq - reader->head.next_seq) >= 0)
            return -EAGAIN;
    }
    if (reader->head.next_seq - seq > reader->fixed.slot_count ||
        (int64_t)(seq - reader->fixed.first_seq) < 0)
        return -ESTALE;
    return 0;
}

int jt_ring_reader_packet(struct jt_ring_reader *reader, uint64_t seq, struct jt_ring_packet *out)
{
    const struct jt_ring_slot *slot = slot_of(reader, seq);
    struct {
        uint16_t size, flags;
        uint8_t first_bytes[4];
    } start;
    uint64_t stamp;
    int err = locate_packet(reader, seq);

    if (err)
        return err;
    stamp = jt_shared_load_acquire(&slot->stamp);
    if (stamp != jt_ring_slot_stamp(seq))
        return (int64_t)(stamp - jt_ring_slot_stamp(seq)) > 0 ? -ESTALE : -EPROTO;
    jt_shared_read(&start, slot->words, 1);
    jt_shared_fence_acquire();
    if (jt_shared_load(&slot->stamp) != stamp)
        return -ESTALE;
    if (start.size == 0 || start.size > JT_PAYLOAD_MAX_BYTES ||
        start.flags & ~(unsigned)PACKET_FLAGS)
        return -EPROTO;
    *out = (struct jt_ring_packet){
        .seq = seq,
        .data = (const uint8_t *)slot + JT_RING_PAYLOAD_OFFSET,
        .size = start.size,
        .flags = start.flags,
    };
    return 0;
}

bool jt_ring_reader_intact(struct jt_ring_reader *reader, const struct jt_ring_packet *packet)
{
    jt_shared_fence_acquire(); /* all that was read of it comes before */
    return jt_shared_load(&slot_of(reader, packet->seq)->stamp) == jt_ring_slot_stamp(packet->seq);
}

bool jt_ring_reader_copy(struct jt_ring_reader *reader, const struct jt_ring_packet *packet,
                         uint8_t out[JT_PAYLOAD_MAX_BYTES])
{
    struct jt_ring_payload payload;
    size_t bytes = offsetof(struct jt_ring_payload, bytes) + packet->size;

    jt_shared_read(&payload, slot_of(reader, packet->seq)->words, (bytes + 7) / 8);
    if (!jt_ring_reader_intact(reader, packet))
        return false;
    memcpy(out, payload.bytes, packet->size);
    return true;
}

bool jt_ring_reader_writer_is_dead(struct jt_ring_reader *reader, int64_t now_us)
{
    uint64_t stamp = jt_shared_load(&reader->header->writing);

    if (stamp % 2 == 0) {
        reader->stuck_stamp = 0;
        return false;
    }
    if (stamp != reader->stuck_stamp) {
        reader->stuck_stamp = stamp;
        reader->stuck_since_us = now_us;
        return false;
    }
    return now_us - reader->stuck_since_us >= (int64_t)JT_RING_WRITER_DEAD_MS * JT_USEC_PER_MSEC;
}
