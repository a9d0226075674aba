/**
 * A track of a show as one worker sees it: its own reader of the ring, and the streams of this worker's viewers on it.
 * New frames go to all live streams, viewer-major; streams that join or fell behind are brought to the live edge by
 * themselves (relay/catchup.h). Worker thread only.
 */
#ifndef RELAY_TRACK_H
#define RELAY_TRACK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/base.h"
#include "media/packet.h"
#include "media/track.h"
#include "relay/stream.h"
#include "ring/ring.h"

struct relay_batch;

LIST_HEAD(relay_streams, relay_stream);

struct relay_track {
    LIST_ENTRY(relay_track) link; /* in its show */
    uint32_t id, source, epoch;   /* as ingest numbers them */
    uint32_t source_id; /* ours: names it in jt_rtp_out's spans, never used twice by a worker */
    struct jt_ring_reader *reader;
    struct jt_track_info info;
    uint32_t info_version;
    uint64_t next_frame;                          /* the next frame live streams get */
    bool is_behind;                               /* the last pump left frames for the next */
    bool is_lost;                                 /* the ring lied: nothing more comes from it */
    struct relay_streams live, catching, waiting; /* waiting: for a key frame */
    int64_t bytes_per_s; /* of payload, over the last second or so: sets the pace of catching up */
    int64_t rate_at_us, rate_bytes;
    struct jt_ring_packet *packets; /* of the frame being sent */
    uint32_t packets_capacity;
};

/** Takes `fd` on success. */
JT_MUST_CHECK int relay_track_new(const struct relay_track *numbers, int fd,
                                  struct relay_track **out);
/** Streams on it are left without a track. */
void relay_track_free(struct relay_track *track);

/** Put a stream on this track: audio goes on live, video from the newest key frame (or waits for one). */
void relay_track_attach(struct relay_track *track, struct relay_stream *stream, int64_t now_us);
void relay_track_detach(struct relay_stream *stream);

/** Begin again at the newest key frame (PLI, lap); at most once per 2 s and stream. */
void relay_track_restart(struct relay_stream *stream, int64_t now_us);

/**
 * Send what is new in the ring to all live streams: one frame, and more while the turn is young, so that a worker that
 * can't keep up goes on hearing checks and offers in between (see is_behind). Returns true when the track's info changed
 * (see track->info).
 */
bool relay_track_pump(struct relay_track *track, struct relay_batch *batch, int64_t now_us);

/** Send what pacing allows to the streams that catch up. Returns how many still do. */
int relay_track_catch_up(struct relay_track *track, struct relay_batch *batch, int64_t now_us);

/** Resend the packet with the viewer's sequence `sequence` by RTX, within the stream's budget. */
void relay_track_resend(struct relay_track *track, struct relay_stream *stream, uint64_t source_seq,
                        uint16_t sequence, struct relay_batch *batch);

#endif
