/**
 * A publisher's time (32-bit milliseconds that wrap, jump, drift and lie) on the show's time line:
 * microseconds with CLOCK_MONOTONIC's zero, and from them each track's dts and pts (media/frame.h).
 * One object per publisher; its tracks share one offset, so that lip sync holds. Pure: the time now
 * is an argument. One thread.
 *
 * The first frame is anchored at its arrival. After that:
 * - 2^32 is unwrapped;
 * - a jump of more than 10 s forward or 1 s backward is reported as a discontinuity and, unless
 *   real time jumped as far, anchors the track anew; when the other track makes the same jump it
 *   joins that anchor (threat R13);
 * - the offset is slewed by at most 0.5 % (5 % while frames would be in the future), so that the
 *   least delayed frames stay at "now": a publisher's clock may be off by any few ppm for any
 *   number of hours;
 * - frames that would lie more than 1 s in the future are pulled to now at once; a lag of more than
 *   1 s that lasts is stepped over and reported as a discontinuity;
 * - dts never runs backward and never stands: at least one tick a frame, per track.
 */
#ifndef JT_MEDIA_TIMELINE_H
#define JT_MEDIA_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    JT_TIMELINE_JUMP_FORWARD_MS = 10000, /* threat R13 */
    JT_TIMELINE_JUMP_BACKWARD_MS = 1000, /* ours: less is jitter of a bad muxer */
    JT_TIMELINE_FUTURE_MAX_MS = 20,      /* ours: captured later than now by more is slewed fast */
    JT_TIMELINE_FUTURE_STEP_MS = 1000,   /* ours: … and by more than this at once */
    JT_TIMELINE_LAG_MAX_MS = 1000,       /* ours: a lasting lag over this is stepped over */
    JT_TIMELINE_COMPOSITION_MAX_MS = 5000, /* ours: more is a lie, taken as 0 */
};

/** Where a frame stands. */
struct jt_timeline_stamp {
    int64_t dts, pts;      /* track clock: 90 kHz for video, clock_hz for audio */
    int64_t capture_us;    /* of dts, but never later than now */
    bool is_discontinuity; /* what came before does not join up */
};

/** Private. */
struct jt_timeline_track {
    bool is_started, has_dts;
    uint32_t raw_ms; /* the publisher's last time */
    int64_t last_ms; /* the same, unwrapped */
    int64_t bias_ms; /* added to it: an anchor of the track's own after a jump */
    int64_t last_dts;
    int64_t next_dts; /* audio: by sample count */
};

/** Private; filled by init. */
struct jt_timeline {
    bool is_anchored;
    int64_t offset_us; /* time line = (unwrapped + bias) * 1000 + offset */
    int64_t slewed_at_us;
    int64_t correction_us; /* still to be slewed */
    int64_t window_at_us, window_best_us;
    unsigned window_frames, lagging_windows;
    uint32_t audio_clock_hz;
    struct jt_timeline_track video, audio;
};

/** audio_clock_hz: AAC's sampling rate or 48000; 0 while there is no audio. */
void jt_timeline_init(struct jt_timeline *timeline, uint32_t audio_clock_hz);

/** The audio track's clock became known or changed: its dts starts from the time line anew. */
void jt_timeline_set_audio(struct jt_timeline *timeline, uint32_t audio_clock_hz);

/**
 * A video frame, in decoding order. time_ms: its RTMP time stamp (decoding time); composition_ms:
 * pts - dts; now_us: CLOCK_MONOTONIC at arrival.
 */
struct jt_timeline_stamp jt_timeline_video(struct jt_timeline *timeline, uint32_t time_ms,
                                           int32_t composition_ms, int64_t now_us);

/**
 * An audio frame of `samples` samples (1–65535). Its stamp follows from the sample count, and is
 * set anew when it is off by more than one frame. The clock must have been set.
 */
struct jt_timeline_stamp jt_timeline_audio(struct jt_timeline *timeline, uint32_t time_ms,
                                           uint32_t samples, int64_t now_us);

#endif
