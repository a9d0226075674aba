/**
 * The shared-memory ring: one per track and epoch, one writer, any number of readers in other processes. A sealed
 * memfd holds a header, slots (one RTP payload each, slot = sequence mod slots) and a frame table. Readers can only map
 * it read-only; writers never wait. The layout is in ring/layout.h.
 *
 * A reader trusts nothing: every number is copied out once, then checked. A reader that was lapped finds out
 * (-ESTALE) and goes on at the newest key frame.
 */
#ifndef JT_RING_RING_H
#define JT_RING_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "media/frame.h"
#include "media/packet.h"
#include "media/track.h"

struct jt_ring_writer;
struct jt_ring_reader;

enum {
    JT_RING_VERSION = 1,
    JT_RING_RETENTION_MIN_MS = 2000,
    JT_RING_RETENTION_MAX_MS = 12000,
    JT_RING_FRAMES_MAX = 2500,
    JT_RING_BYTES_MAX = 16 * 1024 * 1024,
    JT_RING_WRITER_DEAD_MS = 200, /* half a write for so long: the writer is dead (M3) */
};

enum jt_ring_frame_flags {
    JT_RING_KEY = 1 << 0,
    JT_RING_WHOLE = 1 << 1, /* all packets are there; never set on a frame given up */
    JT_RING_DISCARDABLE = 1 << 2,
    JT_RING_DISCONTINUITY = 1 << 3, /* what came before is missing (loss, jump): expect a break */
};

/** One row of the frame table, already checked and private. Frames are numbered from 0 (or a test's start) in decoding order. */
struct jt_ring_frame {
    uint64_t number;
    uint64_t first_seq;    /* ring sequence numbers: 64 bit, never wrap in practice */
    uint32_t packet_count; /* packets readable so far; final once JT_RING_WHOLE is set */
    uint32_t size_bytes;   /* sum of payload sizes; exact once JT_RING_WHOLE is set */
    uint32_t flags;        /* enum jt_ring_frame_flags */
    uint32_t layers;       /* spatial<<8 | temporal; 0 for now */
    uint32_t info_version; /* of the track info that was in force (jt_ring_reader_info) */
    int64_t dts, pts;      /* track clock, show time line (media/frame.h) */
    int64_t capture_us;
    int64_t ready_us; /* CLOCK_MONOTONIC when its last packet came: zero of our own delay */
};

/** A packet in place: `data` points into the shared mapping and may be overwritten any time (check with jt_ring_reader_intact). */
struct jt_ring_packet {
    uint64_t seq;
    const uint8_t *data;
    uint16_t size;  /* 1 … JT_PAYLOAD_MAX_BYTES, checked */
    uint16_t flags; /* JT_PACKET_MARKER, JT_PACKET_PADDING */
};

/** Where the ring stands. `oldest`..`newest` are what may still be read; the writer moves them on at any time. */
struct jt_ring_head {
    uint64_t next_frame; /* what the next frame will get; next_frame - 1 may still grow */
    uint64_t next_seq;
    uint64_t oldest_frame;
    uint64_t key_frame; /* newest whole key frame with all its followers held; UINT64_MAX: none */
    bool is_broken;     /* a frame was lost on the way in: wait for the next key frame */
    bool no_join_point; /* no key_frame: the GOP outgrew retention, is broken, or has not begun */
    bool is_ended;      /* the writer said goodbye */
};

/* ---- writer (one thread) ---- */

/** Make the memfd, map it, seal it. `epoch` tells writers of one track apart: higher is newer. */
JT_MUST_CHECK int jt_ring_writer_new(const struct jt_track_info *info, uint32_t epoch,
                                     struct jt_ring_writer **out);

/** Marks the ring ended and unmaps it; readers keep their mapping. NULL is fine. */
void jt_ring_writer_free(struct jt_ring_writer *writer);

/** The sealed memfd, borrowed: pass it on by SCM_RIGHTS. */
int jt_ring_writer_fd(const struct jt_ring_writer *writer);

/**
 * Start a frame; its `data` and `size` are not looked at. Then let a packer fill it through jt_ring_writer_sink, call
 * jt_ring_writer_flush for runs (what was committed so far becomes readable; not necessary), then jt_ring_writer_end.
 * Of `extra_flags` only JT_RING_DISCONTINUITY counts. Every audio frame is a key frame.
 * Returns 0, -EALREADY when a frame is open, -EINVAL when a time is beyond ±2^53.
 */
JT_MUST_CHECK int jt_ring_writer_begin(struct jt_ring_writer *writer, const struct jt_frame *frame,
                                       uint32_t extra_flags);
/** Holds as long as the writer. `reserve` fails without an open frame and at the packet limit of a frame. */
struct jt_packet_sink jt_ring_writer_sink(struct jt_ring_writer *writer);
void jt_ring_writer_flush(struct jt_ring_writer *writer);
/** The frame is whole; readers see it. Returns its number. A frame without packets is forgotten, its number is not used. */
uint64_t jt_ring_writer_end(struct jt_ring_writer *writer);
/**
 * Give up on the open frame: readers never see it as whole, nor at all if nothing was flushed; the track is broken until
 * the next key frame.
 */
void jt_ring_writer_abort(struct jt_ring_writer *writer);

/** A frame was lost before it came here: is_broken and no join point until the next key frame; the next frame is marked. */
void jt_ring_writer_set_broken(struct jt_ring_writer *writer);
/** New codec configuration (a new SPS midstream): readers see it from the next frame on (jt_ring_reader_info). */
JT_MUST_CHECK int jt_ring_writer_set_info(struct jt_ring_writer *writer,
                                          const struct jt_track_info *info);
bool jt_ring_writer_has_join_point(const struct jt_ring_writer *writer);

/* ---- reader (any thread, one at a time) ---- */

/**
 * Map a ring that came from elsewhere. Takes `fd` on success. Refuses (-EPERM) a descriptor that is not a memfd with the
 * seals SHRINK, GROW, FUTURE_WRITE and SEAL; (-EPROTO) a wrong magic, version, size or layout.
 */
JT_MUST_CHECK int jt_ring_reader_new(int fd, struct jt_ring_reader **out);
void jt_ring_reader_free(struct jt_ring_reader *reader);

uint32_t jt_ring_reader_epoch(const struct jt_ring_reader *reader);
/** The newest checked track info; `*version` grows with each change. -EPROTO when the writer lies. */
JT_MUST_CHECK int jt_ring_reader_info(struct jt_ring_reader *reader, struct jt_track_info *out,
                                      uint32_t *version);
/** Wall minus monotonic, read by the writer at creation: all sender reports use monotonic + this. */
int64_t jt_ring_reader_wall_offset_us(const struct jt_ring_reader *reader);

/** Where the ring stands. 0, or -EPROTO when the numbers cannot be true (the reader should end the track). */
JT_MUST_CHECK int jt_ring_reader_head(struct jt_ring_reader *reader, struct jt_ring_head *out);

/** Frame `number`. 0; -EAGAIN: not written yet; -ESTALE: gone (lapped); -EPROTO: a lie. */
JT_MUST_CHECK int jt_ring_reader_frame(struct jt_ring_reader *reader, uint64_t number,
                                       struct jt_ring_frame *out);

/** Packet `seq`, in place. 0; -EAGAIN: not readable yet; -ESTALE: gone; -EPROTO: a lie. One index, for NACK too. */
JT_MUST_CHECK int jt_ring_reader_packet(struct jt_ring_reader *reader, uint64_t seq,
                                        struct jt_ring_packet *out);

/** After using `packet->data`: was it still whole all the while? If not, throw away what was made from it. */
bool jt_ring_reader_intact(struct jt_ring_reader *reader, const struct jt_ring_packet *packet);

/**
 * The payload of a packet that jt_ring_reader_packet gave, `packet->size` bytes, into private memory; for readers that
 * parse rather than seal. Returns whether it was whole all the while; if not, `out` is untouched.
 */
JT_MUST_CHECK bool jt_ring_reader_copy(struct jt_ring_reader *reader,
                                       const struct jt_ring_packet *packet,
                                       uint8_t out[JT_PAYLOAD_MAX_BYTES]);

/** Has the writer been stuck in the middle of a write for JT_RING_WRITER_DEAD_MS? */
bool jt_ring_reader_writer_is_dead(struct jt_ring_reader *reader, int64_t now_us);

#endif
