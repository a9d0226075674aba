/**
 * A publisher's time (32-bit milliseconds that wrap, jump, drift and lie) on the show's time line:
 * microseconds with CLOCK_MONOTONIC's zero, and from them each track's dts and pts (media/frame.h).
 * One object per publisher; its tracks share one anchor, so that lip sync holds. Pure: the time now
 * is an argument. One thread.
 *
 * The first frame is anchored at its arrival. After that:
 * - 2^32 is unwrapped;
 * - a jump of more than 10 s forward or 1 s backward anchors anew and is reported as a
 * discontinuity; the other track follows the new anchor when it jumps, too (threat R13);
 * - the anchor is slewed by at most 0.5 % (5 % while frames would be in the future) so that the
 * least delayed frames stay at "now": a publisher's clock may be off by any few ppm for any number
 * of hours;
 * - dts never runs backward and never stands: at least one tick a frame, per track.
 */
#ifndef JT_MEDIA_TIMELINE_H
#define JT_MEDIA_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    JT_TIMELINE_JUMP_FORWARD_MS = 10000, /* threat R13 */
    JT_TIMELINE_JUMP_BACKWARD_MS = 1000,
    JT_TIMELINE_FUTURE_MAX_MS =
        20, /* ours: a frame said to be captured later than now by more is pulled back */
    JT_TIMELINE_LAG_MAX_MS = 1000, /* ours: a lasting lag over this is stepped over, not slewed */
    JT_TIMELINE_COMPOSITION_MAX_MS = 5000, /* ours: more is a lie, taken as 0 */
};

/** Where a frame stands. */
struct jt_timeline_stamp {
    int64_t dts, pts;      /* track clock: 90 kHz for video, clock_hz for audio */
    int64_t capture_us;    /* never later than now */
    bool is_discontinuity; /* what came before does not join up */
};

/** Private. */
struct jt_timeline_track {
    bool is_started;
    int64_t last_ms;   /* unwrapped publisher time */
    int64_t offset_us; /* time line = publisher's time + offset */
    int64_t last_dts;
    int64_t next_dts; /* audio: by sample count */
};

/** Private; zeroed or by init. */
struct jt_timeline {
    bool is_started;
    uint32_t last_raw_ms;
    int64_t last_ms;
    int64_t offset_us; /* the newest anchor: what a track that jumps tries first */
    int64_t slew_at_us, window_at_us, window_best_us, correction_us;
    int64_t window_frames;
    int lagging_windows;
    uint32_t audio_clock_hz;
    struct jt_timeline_track video, audio;
};

/** audio_clock_hz: AAC's sampling rate or 48000; 0 without audio (may be set later by
 * jt_timeline_set_audio). */
void jt_timeline_init(struct jt_timeline *timeline, uint32_t audio_clock_hz);

/** The audio track's clock became known or changed: stamps start from the time line anew. */
void jt_timeline_set_audio(struct jt_timeline *timeline, uint32_t audio_clock_hz);

/** A video frame, in decoding order. time_ms: RTMP time stamp (dts); composition_ms: pts - dts. */
struct jt_timeline_stamp jt_timeline_video(struct jt_timeline *timeline, uint32_t time_ms,
                                           int32_t composition_ms, int64_t now_us);

/**
 * An audio frame of `samples` samples. Its stamp follows from the sample count, and is set anew
 * when it is off by more than one frame. Must not be called while the clock is 0.
 */
struct jt_timeline_stamp jt_timeline_audio(struct jt_timeline *timeline, uint32_t time_ms,
                                           uint32_t samples, int64_t now_us);

#endif
