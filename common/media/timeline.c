#include "media/timeline.h"

#include <assert.h>

#include "base/base.h"
#include "media/track.h"

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    WINDOW_US = 5 * US_PER_S, /* ours: long enough to meet a frame that was not delayed */
    WINDOW_FRAMES_MIN = 10,
    LAGGING_WINDOWS_MAX = 2, /* ours: a sender that works off its queue gets as long to catch up */
    DEAD_ZONE_US = 5 * US_PER_MS,
    SLEW_DIVISOR = 200,     /* 0.5 % of the time that passed */
    SLEW_FAST_DIVISOR = 20, /* 5 % */
};

void jt_timeline_init(struct jt_timeline *timeline, uint32_t audio_clock_hz)
{
    *timeline = (struct jt_timeline){.audio_clock_hz = audio_clock_hz};
}

void jt_timeline_set_audio(struct jt_timeline *timeline, uint32_t audio_clock_hz)
{
    if (timeline->audio_clock_hz == audio_clock_hz)
        return;
    timeline->audio_clock_hz = audio_clock_hz;
    timeline->audio.has_dts = false;
}

static int64_t map_us(const struct jt_timeline *timeline, int64_t ms)
{
    return ms * US_PER_MS + timeline->offset_us;
}

/* The unwrapped time nearest to the one this track saw last. */
static int64_t unwrap(const struct jt_timeline_track *track, uint32_t raw_ms)
{
    return track->last_ms + (int32_t)(raw_ms - track->raw_ms);
}

static bool is_near(int64_t us, int64_t now_us)
{
    int64_t off = us - now_us;

    return off <= (int64_t)JT_TIMELINE_JUMP_BACKWARD_MS * US_PER_MS &&
           off >= -(int64_t)JT_TIMELINE_JUMP_BACKWARD_MS * US_PER_MS;
}

/*
 * A first frame or one after a jump: stay where real time agrees, else join the other track, else
 * anchor at now.
 */
static void anchor(const struct jt_timeline *timeline, struct jt_timeline_track *track,
                   const struct jt_timeline_track *other, uint32_t raw_ms, int64_t now_us)
{
    if (track->is_started) {
        track->last_ms = unwrap(track, raw_ms);
        if (is_near(map_us(timeline, track->last_ms + track->bias_ms), now_us))
            return;
    }
    if (other->is_started) {
        track->last_ms = unwrap(other, raw_ms);
        track->bias_ms = other->bias_ms;
        if (is_near(map_us(timeline, track->last_ms + track->bias_ms), now_us))
            return;
    }
    if (!track->is_started && !other->is_started)
        track->last_ms = raw_ms;
    track->bias_ms = (now_us - timeline->offset_us) / US_PER_MS - track->last_ms;
}

static bool is_jump(int64_t step_ms)
{
    return step_ms > JT_TIMELINE_JUMP_FORWARD_MS || step_ms < -JT_TIMELINE_JUMP_BACKWARD_MS;
}

/* Where the publisher's time falls before any correction. Sets is_discontinuity on a jump. */
static int64_t place(struct jt_timeline *timeline, struct jt_timeline_track *track, uint32_t raw_ms,
                     int64_t now_us, bool *is_discontinuity)
{
    const struct jt_timeline_track *other =
        track == &timeline->video ? &timeline->audio : &timeline->video;

    if (!timeline->is_anchored) {
        timeline->is_anchored = true;
        timeline->offset_us = now_us - (int64_t)raw_ms * US_PER_MS;
        timeline->slewed_at_us = timeline->window_at_us = now_us;
        timeline->window_best_us = INT64_MIN;
    }
    if (track->is_started && !is_jump(unwrap(track, raw_ms) - track->last_ms)) {
        track->last_ms = unwrap(track, raw_ms);
    } else {
        *is_discontinuity = track->is_started;
        anchor(timeline, track, other, raw_ms, now_us);
    }
    track->is_started = true;
    track->raw_ms = raw_ms;
    return map_us(timeline, track->last_ms + track->bias_ms);
}

static void shift(struct jt_timeline *timeline, int64_t us)
{
    timeline->offset_us += us;
    if (timeline->window_best_us != INT64_MIN)
        timeline->window_best_us += us; /* as if it had been so all along */
}

/*
 * What a window of frames says: the least delayed one should stand at now. Returns true when a
 * lasting lag was stepped over.
 */
static bool close_window(struct jt_timeline *timeline, int64_t now_us)
{
    int64_t best = timeline->window_best_us;
    bool has_stepped = false;

    if (timeline->window_frames >= WINDOW_FRAMES_MIN) {
        bool is_lagging = best < -(int64_t)JT_TIMELINE_LAG_MAX_MS * US_PER_MS;

        timeline->lagging_windows = is_lagging ? timeline->lagging_windows + 1 : 0;
        timeline->correction_us = 0;
        if (timeline->lagging_windows >= LAGGING_WINDOWS_MAX) {
            shift(timeline, -best);
            timeline->lagging_windows = 0;
            has_stepped = true;
        } else if (!is_lagging && (best > DEAD_ZONE_US || best < -DEAD_ZONE_US)) {
            timeline->correction_us = -best;
        }
    }
    timeline->window_at_us = now_us;
    timeline->window_best_us = INT64_MIN;
    timeline->window_frames = 0;
    return has_stepped;
}

static void slew(struct jt_timeline *timeline, int64_t now_us)
{
    int64_t passed = now_us - timeline->slewed_at_us;
    bool is_urgent = timeline->correction_us < -(int64_t)JT_TIMELINE_FUTURE_MAX_MS * US_PER_MS;
    int64_t limit, step;

    timeline->slewed_at_us = now_us;
    passed = JT_MIN(JT_MAX(passed, 0), US_PER_S); /* a long pause must not become a step */
    limit = passed / (is_urgent ? SLEW_FAST_DIVISOR : SLEW_DIVISOR);
    step = JT_MAX(-limit, JT_MIN(limit, timeline->correction_us));
    timeline->correction_us -= step;
    shift(timeline, step);
}

/* Follow the publisher's clock. Takes where a frame was placed, returns where it belongs. */
static int64_t follow(struct jt_timeline *timeline, int64_t placed_us, int64_t now_us,
                      bool *is_discontinuity)
{
    int64_t offset_before = timeline->offset_us;
    int64_t early = placed_us - now_us;

    if (early > (int64_t)JT_TIMELINE_FUTURE_STEP_MS * US_PER_MS) {
        shift(timeline, -early);
        timeline->correction_us = 0;
        early = 0;
    } else if (early > (int64_t)JT_TIMELINE_FUTURE_MAX_MS * US_PER_MS) {
        timeline->correction_us = -early;
    }
    timeline->window_best_us = JT_MAX(timeline->window_best_us, early);
    timeline->window_frames++;
    if (now_us - timeline->window_at_us >= WINDOW_US && close_window(timeline, now_us))
        *is_discontinuity = true;
    slew(timeline, now_us);
    return placed_us + timeline->offset_us - offset_before;
}

/*
 * Microseconds to ticks from an absolute base, so that rounding never adds up; split so that it
 * cannot overflow.
 */
static int64_t to_ticks(int64_t us, uint32_t clock_hz)
{
    return us / US_PER_S * clock_hz + us % US_PER_S * clock_hz / US_PER_S;
}

static int64_t to_us(int64_t ticks, uint32_t clock_hz)
{
    return ticks / clock_hz * US_PER_S + ticks % clock_hz * US_PER_S / clock_hz;
}

static int64_t never_back(struct jt_timeline_track *track, int64_t dts)
{
    if (track->has_dts && dts <= track->last_dts)
        dts = track->last_dts + 1;
    track->has_dts = true;
    track->last_dts = dts;
    return dts;
}

struct jt_timeline_stamp jt_timeline_video(struct jt_timeline *timeline, uint32_t time_ms,
                                           int32_t composition_ms, int64_t now_us)
{
    struct jt_timeline_stamp stamp = {0};
    int64_t us = place(timeline, &timeline->video, time_ms, now_us, &stamp.is_discontinuity);

    us = follow(timeline, us, now_us, &stamp.is_discontinuity);
    if (composition_ms > JT_TIMELINE_COMPOSITION_MAX_MS ||
        composition_ms < -JT_TIMELINE_COMPOSITION_MAX_MS)
        composition_ms = 0;
    stamp.dts = never_back(&timeline->video, to_ticks(us, JT_VIDEO_CLOCK_HZ));
    stamp.pts = to_ticks(us + (int64_t)composition_ms * US_PER_MS, JT_VIDEO_CLOCK_HZ);
    if (composition_ms >= 0)
        stamp.pts = JT_MAX(stamp.pts, stamp.dts);
    stamp.capture_us = JT_MIN(to_us(stamp.dts, JT_VIDEO_CLOCK_HZ), now_us);
    return stamp;
}

struct jt_timeline_stamp jt_timeline_audio(struct jt_timeline *timeline, uint32_t time_ms,
                                           uint32_t samples, int64_t now_us)
{
    struct jt_timeline_track *track = &timeline->audio;
    struct jt_timeline_stamp stamp = {0};
    int64_t target, off;

    assert(timeline->audio_clock_hz > 0);
    target = place(timeline, track, time_ms, now_us, &stamp.is_discontinuity);
    target = follow(timeline, target, now_us, &stamp.is_discontinuity);
    target = to_ticks(target, timeline->audio_clock_hz);
    off = track->has_dts ? target - track->next_dts : INT64_MAX;
    stamp.dts =
        never_back(track, off > samples || off < -(int64_t)samples ? target : track->next_dts);
    stamp.pts = stamp.dts;
    track->next_dts = stamp.dts + samples;
    stamp.capture_us = JT_MIN(to_us(stamp.dts, timeline->audio_clock_hz), now_us);
    return stamp;
}
