/**
 * One outgoing RTP stream of one viewer: numbering, place on its track, pace. The squeeze maps replayed frames to
 * timestamps in 1 ms steps that end at the true time of the frame that was live when the replay began; it is a pure
 * function of the frame's number, so that a resend finds the same timestamp. Worker thread only.
 */
#ifndef RELAY_STREAM_H
#define RELAY_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "rtc/rtp_out.h"
#include "whip/answer.h"

struct jt_ring_frame;
struct relay_track;
struct relay_viewer;

enum relay_stream_state {
    RELAY_STREAM_IDLE,     /* no track */
    RELAY_STREAM_WAITING,  /* for a key frame */
    RELAY_STREAM_CATCHING, /* replays from the newest key frame to the live edge */
    RELAY_STREAM_LIVE,
};

struct relay_squeeze {
    uint64_t last_frame; /* replayed frames up to this one are squeezed */
    int64_t last_pts;
    int64_t step; /* clock ticks between them; 0: no squeeze */
};

/** Frames that would have gone out with a time at or before the newest one sent: each gets one tick more instead. */
struct relay_floor {
    uint64_t first_frame, count; /* count 0: none */
    uint32_t stamp;              /* of the first */
};

struct relay_stream {
    LIST_ENTRY(relay_stream) link; /* in one of its track's lists */
    struct relay_viewer *viewer;
    struct relay_track *track;
    enum relay_stream_state state;
    bool is_video, is_offered; /* is_offered: the viewer has a section for it */
    struct jt_answer_media plan;
    struct jt_rtp_out rtp;
    struct relay_squeeze squeeze;
    struct relay_floor floor;
    uint64_t next_frame;  /* while catching */
    int64_t credit_bytes; /* while catching: may be sent now */
    int64_t credit_at_us;
    int64_t restarted_at_us; /* last begin at a key frame */
    int64_t resend_bytes;    /* budget for resends */
    bool has_sent;           /* a frame went out */
};

/**
 * RTP timestamp of a frame when it is sent for the first time: its own time, or squeezed, and always later than what was
 * sent before, so that no two frames share one.
 */
uint32_t relay_stream_advance(struct relay_stream *stream, uint64_t frame, int64_t pts);

/** The same again, for a resend. */
uint32_t relay_stream_stamp(const struct relay_stream *stream, uint64_t frame, int64_t pts);

/** Another track: its frames are numbered anew. */
void relay_stream_reset(struct relay_stream *stream);

/** What the header of all its packets of one time has in common. */
struct jt_rtp_header relay_stream_header(const struct relay_stream *stream, uint32_t timestamp);

/** The pts a frame is sent with: its own, or squeezed. */
int64_t relay_stream_pts(const struct relay_stream *stream, uint64_t frame, int64_t pts);

/**
 * Begin a replay of frames `first` … `last`, `last` being live now with time `last_pts`: sets the squeeze so that
 * no time is before what was sent already.
 */
void relay_stream_begin_replay(struct relay_stream *stream, uint64_t first, uint64_t last,
                               int64_t last_pts);

#endif
