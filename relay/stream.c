#include "relay/stream.h"

enum { SQUEEZE_STEPS_PER_S = 1000 };

int64_t relay_stream_pts(const struct relay_stream *stream, uint64_t frame, int64_t pts)
{
    const struct relay_squeeze *squeeze = &stream->squeeze;
    int64_t squeezed;

    if (!squeeze->step || frame > squeeze->last_frame)
        return pts;
    squeezed = squeeze->last_pts - (int64_t)(squeeze->last_frame - frame) * squeeze->step;
    return squeezed > pts ? squeezed : pts; /* a frame may be newer than its place in the replay */
}

/* How far `pts` lies after the newest time sent, in ticks; RTP time is 32 bits and wraps. */
static int64_t ticks_since_sent(const struct relay_stream *stream, int64_t pts)
{
    uint32_t stamp = (uint32_t)pts + stream->rtp.timestamp_offset;

    return (int32_t)(stamp - stream->rtp.last_timestamp);
}

void relay_stream_begin_replay(struct relay_stream *stream, uint64_t first, uint64_t last,
                               int64_t last_pts)
{
    int64_t step = stream->rtp.clock_hz / SQUEEZE_STEPS_PER_S;
    int64_t frames = (int64_t)(last - first) + 1;
    int64_t room;

    if (stream->has_sent) {
        room = ticks_since_sent(stream, last_pts);
        if (room < step * frames)
            step = room > frames ? room / frames : 1;
    }
    stream->squeeze =
        (struct relay_squeeze){.last_frame = last, .last_pts = last_pts, .step = step};
}

static uint32_t natural_stamp(const struct relay_stream *stream, uint64_t frame, int64_t pts)
{
    return (uint32_t)relay_stream_pts(stream, frame, pts) + stream->rtp.timestamp_offset;
}

static bool is_on_floor(const struct relay_floor *floor, uint64_t frame)
{
    return frame - floor->first_frame < floor->count; /* unsigned: before the first is far behind */
}

uint32_t relay_stream_stamp(const struct relay_stream *stream, uint64_t frame, int64_t pts)
{
    const struct relay_floor *floor = &stream->floor;

    if (is_on_floor(floor, frame))
        return floor->stamp + (uint32_t)(frame - floor->first_frame);
    return natural_stamp(stream, frame, pts);
}

uint32_t relay_stream_advance(struct relay_stream *stream, uint64_t frame, int64_t pts)
{
    struct relay_floor *floor = &stream->floor;
    uint32_t stamp = natural_stamp(stream, frame, pts);

    if (stream->has_sent && (int32_t)(stamp - stream->rtp.last_timestamp) <= 0) {
        if (!floor->count || frame != floor->first_frame + floor->count)
            *floor =
                (struct relay_floor){.first_frame = frame, .stamp = stream->rtp.last_timestamp + 1};
        floor->count++;
    } else if (is_on_floor(floor, frame)) {
        floor->count = 0; /* sent anew, with time to spare */
    }
    stream->rtp.last_timestamp = relay_stream_stamp(stream, frame, pts);
    return stream->rtp.last_timestamp;
}

void relay_stream_reset(struct relay_stream *stream)
{
    stream->floor.count = 0;
    stream->squeeze.step = 0;
}

/* Does the viewer hurry to the live edge? Then it shall not smooth what comes. */
static bool is_hurrying(const struct relay_stream *stream)
{
    return stream->is_video && stream->squeeze.step != 0;
}

struct jt_rtp_header relay_stream_header(const struct relay_stream *stream, uint32_t timestamp)
{
    return (struct jt_rtp_header){
        .payload_type = stream->rtp.payload_type,
        .timestamp = timestamp,
        .ssrc = stream->rtp.ssrc,
        .twcc_id = stream->plan.twcc_id,
        .playout_delay_id = is_hurrying(stream) ? stream->plan.playout_delay_id : 0,
    };
}
