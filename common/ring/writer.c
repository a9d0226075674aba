#include "ring/ring.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "ring/layout.h"
#include "ring/options.h"
#include "ring/shared.h"

enum {
    VIDEO_ROWS = 4096, /* the next power of two over JT_RING_FRAMES_MAX */
    VIDEO_SLOTS = 16384,
    AUDIO_ROWS = 1024, /* an audio frame is one packet */
    AUDIO_SLOTS = 1024,
};

_Static_assert(VIDEO_ROWS > (int)JT_RING_FRAMES_MAX, "frame table");
_Static_assert(VIDEO_SLOTS *JT_PAYLOAD_MAX_BYTES >= JT_RING_BYTES_MAX,
               "16 MiB of full packets fit");
_Static_assert(AUDIO_SLOTS * 5 >= (int)JT_RING_RETENTION_MIN_MS * 2,
               "2 s of the shortest Opus frames (2.5 ms) fit");

/** What the writer must remember of a frame it still holds: shared memory is written, never read back. */
struct held_frame {
    uint64_t first_seq;
    uint32_t size_bytes;
    int64_t ready_us;
};

struct jt_ring_writer {
    int fd;
    struct jt_ring_header *header; /* the mapping */
    struct jt_ring_row *rows;
    struct jt_ring_slot *slots;
    size_t map_bytes;
    struct jt_ring_options options;
    struct held_frame *held; /* row_count of them, by frame number */
    uint64_t held_bytes;
    uint64_t writing, head_stamp, info_stamp;
    struct jt_ring_head_image head; /* as last published, or about to be */
    bool is_video;
    bool after_loss; /* the next frame is the first after a hole */

    /* the open frame: number head.next_frame, or one less once a part of it is published */
    bool is_open, is_published, is_reserved;
    bool is_key;
    uint32_t row_version;
    uint64_t next_seq; /* head.next_seq and what is committed but not published */
    struct jt_ring_row_image row;
    struct jt_ring_payload staging; /* packers write here: plain stores must not meet readers */
};

/* ---- stores that readers see ---- */

static void enter_write(struct jt_ring_writer *writer)
{
    jt_shared_store(&writer->header->writing, ++writer->writing);
    jt_shared_fence_release();
}

static void leave_write(struct jt_ring_writer *writer)
{
    jt_shared_store_release(&writer->header->writing, ++writer->writing);
}

static void store_head(struct jt_ring_writer *writer)
{
    uint64_t stamp = ++writer->head_stamp;

    jt_shared_fence_release(); /* who sees the words below also sees the stamp before */
    jt_shared_write(writer->header->head[stamp & 1], &writer->head, JT_RING_WORDS(writer->head));
    jt_shared_store_release(&writer->header->head_stamp, stamp);
}

static void store_info(struct jt_ring_writer *writer, const struct jt_track_info *info)
{
    uint64_t stamp = ++writer->info_stamp;

    jt_shared_fence_release();
    jt_shared_write(writer->header->info[stamp & 1], info, JT_RING_WORDS(*info));
    jt_shared_store_release(&writer->header->info_stamp, stamp);
}

static void store_row(struct jt_ring_writer *writer, uint64_t number)
{
    struct jt_ring_row *row = &writer->rows[number & (writer->options.row_count - 1)];

    jt_shared_store(&row->stamp, jt_ring_row_stamp(number, ++writer->row_version));
    jt_shared_fence_release();
    jt_shared_write(row->words, &writer->row, JT_RING_WORDS(writer->row));
    jt_shared_store_release(&row->stamp, jt_ring_row_stamp(number, ++writer->row_version));
}

static void store_slot(struct jt_ring_writer *writer, uint64_t seq)
{
    struct jt_ring_slot *slot = &writer->slots[seq & (writer->options.slot_count - 1)];
    size_t bytes = offsetof(struct jt_ring_payload, bytes) + writer->staging.size;

    jt_shared_store(&slot->stamp, jt_ring_slot_stamp(seq) - 1);
    jt_shared_fence_release();
    jt_shared_write(slot->words, &writer->staging, (bytes + 7) / 8);
    jt_shared_store_release(&slot->stamp, jt_ring_slot_stamp(seq));
}

static void publish_head(struct jt_ring_writer *writer)
{
    enter_write(writer);
    store_head(writer);
    leave_write(writer);
}

/* ---- retention ---- */

static struct held_frame *held_frame(const struct jt_ring_writer *writer, uint64_t number)
{
    return &writer->held[number & (writer->options.row_count - 1)];
}

static uint64_t open_number(const struct jt_ring_writer *writer)
{
    return writer->head.next_frame - (writer->is_published ? 1 : 0);
}

static void retire_oldest(struct jt_ring_writer *writer)
{
    uint64_t number = writer->head.oldest_frame++;

    writer->held_bytes -= held_frame(writer, number)->size_bytes;
    if (number == writer->head.key_frame)
        writer->head.key_frame = JT_RING_NONE;
}

static bool has_finished_frames(const struct jt_ring_writer *writer)
{
    return writer->head.oldest_frame != open_number(writer);
}

/** Room for one more frame in the table. Returns whether frames went. */
static bool retire_for_row(struct jt_ring_writer *writer)
{
    uint64_t limit = JT_MIN(writer->options.row_count, (uint32_t)JT_RING_FRAMES_MAX);
    bool retired = false;

    while (writer->head.next_frame - writer->head.oldest_frame >= limit) {
        retire_oldest(writer);
        retired = true;
    }
    return retired;
}

/** Before the slot of `seq` is overwritten, the frame that owns it goes. Readers hear of it first. */
static void retire_for_slot(struct jt_ring_writer *writer, uint64_t seq)
{
    bool retired = false;

    while (has_finished_frames(writer) &&
           seq - held_frame(writer, writer->head.oldest_frame)->first_seq >=
               writer->options.slot_count) {
        retire_oldest(writer);
        retired = true;
    }
    if (retired)
        publish_head(writer);
}

/** Once a frame is finished: what is too old or too much goes; never the frame itself. */
static void retire_over_limits(struct jt_ring_writer *writer, uint64_t newest, int64_t now_us)
{
    const int64_t age_max_us = (int64_t)JT_RING_RETENTION_MAX_MS * JT_USEC_PER_MSEC;

    while (writer->head.oldest_frame != newest &&
           (writer->held_bytes > JT_RING_BYTES_MAX ||
            now_us - held_frame(writer, writer->head.oldest_frame)->ready_us > age_max_us))
        retire_oldest(writer);
}

/* ---- making and ending ---- */

struct jt_ring_options jt_ring_options_of(const struct jt_track_info *info)
{
    bool is_video = jt_codec_is_video((enum jt_codec)info->codec);

    return (struct jt_ring_options){
        .row_count = is_video ? VIDEO_ROWS : AUDIO_ROWS,
        .slot_count = is_video ? VIDEO_SLOTS : AUDIO_SLOTS,
        .now_us = jt_clock_mono_us,
    };
}

static void store_fixed(struct jt_ring_writer *writer, uint32_t epoch)
{
    const struct jt_ring_options *options = &writer->options;
    struct jt_ring_fixed fixed = {
        .magic = JT_RING_MAGIC,
        .version = JT_RING_VERSION,
        .epoch = epoch,
        .row_count = options->row_count,
        .row_bytes = JT_RING_ROW_BYTES,
        .slot_count = options->slot_count,
        .slot_bytes = JT_RING_SLOT_BYTES,
        .rows_offset = JT_RING_HEADER_BYTES,
        .slots_offset = jt_ring_slots_offset(options->row_count),
        .total_bytes = writer->map_bytes,
        .first_frame = options->first_frame,
        .first_seq = options->first_seq,
        .wall_offset_us = jt_clock_wall_offset_us(),
    };

    jt_shared_write(writer->header->fixed, &fixed, JT_RING_WORDS(fixed));
}

/** The mapping comes before the seals: after FUTURE_WRITE there can be no second writable one, not even ours. */
static int map_and_seal(struct jt_ring_writer *writer)
{
    uint64_t bytes = jt_ring_total_bytes(writer->options.row_count, writer->options.slot_count);
    void *map;

    writer->fd = memfd_create("jangteo-ring", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (writer->fd < 0)
        return -errno;
    if (ftruncate(writer->fd, (off_t)bytes) < 0)
        return -errno;
    map = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, writer->fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    writer->header = map;
    writer->map_bytes = bytes;
    writer->rows = (void *)((uint8_t *)map + JT_RING_HEADER_BYTES);
    writer->slots = (void *)((uint8_t *)map + jt_ring_slots_offset(writer->options.row_count));
    if (madvise(map, bytes, MADV_DONTFORK) < 0) /* a child must not hold the one writable mapping */
        return -errno;
    if (fcntl(writer->fd, F_ADD_SEALS, JT_RING_SEALS) < 0)
        return -errno;
    return 0;
}

static void writer_destroy(struct jt_ring_writer *writer)
{
    if (writer->header)
        (void)munmap(writer->header, writer->map_bytes);
    if (writer->fd >= 0)
        (void)close(writer->fd);
    free(writer->held);
    free(writer);
}

int jt_ring_writer_new_with(const struct jt_track_info *info, uint32_t epoch,
                            const struct jt_ring_options *options, struct jt_ring_writer **out)
{
    struct jt_ring_writer *writer;
    int err;

    if (jt_track_info_check(info))
        return -EINVAL;
    assert((options->row_count & (options->row_count - 1)) == 0);
    assert((options->slot_count & (options->slot_count - 1)) == 0);
    writer = calloc(1, sizeof(*writer));
    if (!writer)
        return -ENOMEM;
    writer->fd = -1;
    writer->options = *options;
    writer->is_video = jt_codec_is_video((enum jt_codec)info->codec);
    writer->held = calloc(options->row_count, sizeof(*writer->held));
    err = writer->held ? map_and_seal(writer) : -ENOMEM;
    if (err)
        goto fail;
    writer->next_seq = options->first_seq;
    writer->head = (struct jt_ring_head_image){
        .next_frame = options->first_frame,
        .oldest_frame = options->first_frame,
        .next_seq = options->first_seq,
        .key_frame = JT_RING_NONE,
    };
    store_fixed(writer, epoch);
    store_info(writer, info);
    store_head(writer);
    *out = writer;
    return 0;

fail:
    writer_destroy(writer);
    return err;
}

int jt_ring_writer_new(const struct jt_track_info *info, uint32_t epoch,
                       struct jt_ring_writer **out)
{
    struct jt_ring_options options = jt_ring_options_of(info);

    return jt_ring_writer_new_with(info, epoch, &options, out);
}

void jt_ring_writer_free(struct jt_ring_writer *writer)
{
    if (!writer)
        return;
    if (writer->is_open)
        jt_ring_writer_abort(writer);
    writer->head.flags |= JT_RING_HEAD_ENDED;
    publish_head(writer);
    writer_destroy(writer);
}

int jt_ring_writer_fd(const struct jt_ring_writer *writer)
{
    return writer->fd;
}

int jt_ring_writer_set_info(struct jt_ring_writer *writer, const struct jt_track_info *info)
{
    if (jt_track_info_check(info) ||
        jt_codec_is_video((enum jt_codec)info->codec) != writer->is_video)
        return -EINVAL;
    enter_write(writer);
    store_info(writer, info);
    leave_write(writer);
    return 0;
}

bool jt_ring_writer_has_join_point(const struct jt_ring_writer *writer)
{
    return writer->head.key_frame != JT_RING_NONE;
}

/* ---- frames ---- */

int jt_ring_writer_begin(struct jt_ring_writer *writer, const struct jt_frame *frame,
                         uint32_t extra_flags)
{
    uint32_t flags = extra_flags & JT_RING_DISCONTINUITY;

    if (writer->is_open)
        return -EALREADY;
    if (!jt_ring_time_is_sane(frame->dts) || !jt_ring_time_is_sane(frame->pts) ||
        !jt_ring_time_is_sane(frame->capture_us))
        return -EINVAL;
    if (retire_for_row(writer))
        publish_head(writer);
    writer->is_key = frame->is_key || !writer->is_video;
    if (writer->is_key)
        flags |= JT_RING_KEY;
    if (frame->is_discardable)
        flags |= JT_RING_DISCARDABLE;
    if (writer->after_loss)
        flags |= JT_RING_DISCONTINUITY;
    writer->row = (struct jt_ring_row_image){
        .first_seq = writer->next_seq,
        .flags = (uint16_t)flags,
        .info_version = (uint32_t)writer->info_stamp,
        .dts = frame->dts,
        .pts = frame->pts,
        .capture_us = frame->capture_us,
    };
    *held_frame(writer, writer->head.next_frame) =
        (struct held_frame){.first_seq = writer->next_seq};
    writer->row_version = 0;
    writer->is_open = true;
    writer->is_published = false;
    return 0;
}

static uint8_t *sink_reserve(void *arg)
{
    struct jt_ring_writer *writer = arg;
    uint32_t limit = JT_MIN((uint32_t)JT_FRAME_PACKETS_MAX, writer->options.slot_count / 2);

    if (!writer->is_open || writer->row.packet_count >= limit)
        return NULL;
    writer->is_reserved = true;
    return writer->staging.bytes;
}

static int sink_commit(void *arg, uint16_t size, unsigned flags)
{
    struct jt_ring_writer *writer = arg;

    if (!writer->is_open || !writer->is_reserved)
        return -EINVAL;
    if (size == 0 || size > JT_PAYLOAD_MAX_BYTES ||
        flags & ~(unsigned)(JT_PACKET_MARKER | JT_PACKET_PADDING))
        return -EINVAL;
    writer->is_reserved = false;
    writer->staging.size = size;
    writer->staging.flags = (uint16_t)flags;
    retire_for_slot(writer, writer->next_seq);
    enter_write(writer);
    store_slot(writer, writer->next_seq);
    leave_write(writer);
    writer->next_seq++;
    writer->row.packet_count++;
    writer->row.size_bytes += size;
    return 0;
}

struct jt_packet_sink jt_ring_writer_sink(struct jt_ring_writer *writer)
{
    return (struct jt_packet_sink){.reserve = sink_reserve, .commit = sink_commit, .arg = writer};
}

/** Row first, then head: who sees the number finds the row. */
static void publish(struct jt_ring_writer *writer, int64_t now_us)
{
    uint64_t number = open_number(writer);

    writer->row.ready_us = now_us;
    writer->head.next_frame = number + 1;
    writer->head.next_seq = writer->next_seq;
    if (writer->is_key)
        writer->head.flags &= ~(uint64_t)JT_RING_HEAD_BROKEN;
    writer->is_published = true;
    writer->after_loss = false;
    enter_write(writer);
    store_row(writer, number);
    store_head(writer);
    leave_write(writer);
}

void jt_ring_writer_flush(struct jt_ring_writer *writer)
{
    if (writer->is_open && writer->next_seq != writer->head.next_seq)
        publish(writer, writer->options.now_us());
}

/** The frame's share of the limits, once it grows no more. */
static void hold(struct jt_ring_writer *writer, uint64_t number, int64_t now_us)
{
    struct held_frame *held = held_frame(writer, number);

    held->size_bytes = writer->row.size_bytes;
    held->ready_us = now_us;
    writer->held_bytes += held->size_bytes;
}

uint64_t jt_ring_writer_end(struct jt_ring_writer *writer)
{
    uint64_t number = open_number(writer);
    int64_t now_us = writer->options.now_us();

    assert(writer->is_open);
    if (writer->row.packet_count == 0) { /* nothing to show: its number goes to the next */
        writer->is_open = false;
        return number;
    }
    writer->row.flags |= JT_RING_WHOLE;
    if (writer->is_key)
        writer->head.key_frame = number;
    hold(writer, number, now_us);
    retire_over_limits(writer, number, now_us);
    publish(writer, now_us);
    writer->is_open = false;
    writer->is_published = false;
    writer->is_reserved = false;
    return number;
}

void jt_ring_writer_abort(struct jt_ring_writer *writer)
{
    if (!writer->is_open)
        return;
    if (writer->is_published) /* what was flushed stays, as a frame that is never whole */
        hold(writer, open_number(writer), writer->row.ready_us);
    writer->next_seq =
        writer->head.next_seq; /* nobody has seen the rest: its numbers are used again */
    writer->is_open = false;
    writer->is_published = false;
    writer->is_reserved = false;
    jt_ring_writer_set_broken(writer);
}

void jt_ring_writer_set_broken(struct jt_ring_writer *writer)
{
    writer->head.flags |= JT_RING_HEAD_BROKEN;
    writer->head.key_frame = JT_RING_NONE; /* what follows it is not all there any more */
    writer->after_loss = true;
    publish_head(writer);
}
