#include "relay/track.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "relay/batch.h"
#include "relay/catchup.h"
#include "relay/viewer.h"
#include "relay/worker.h"

enum {
    RESTART_INTERVAL_MS = 2000, /* at most one replay per stream in that time */
    RATE_WINDOW_US = JT_USEC_PER_SEC,
    PUMP_TURN_US = 5000, /* what a callback may take */
    BEHIND_MAX_US =
        2 * JT_USEC_PER_SEC, /* what rings promise to keep: soon we would be lapped anyway */
};

static struct jt_metric laps_total =
    JT_COUNTER("jangteo_relay_laps_total", "Times a ring overtook its reader here.", NULL);
static struct jt_metric sheds_total = JT_COUNTER(
    "jangteo_relay_sheds_total",
    "Times a track's frames were given up because they could not be sent in time.", NULL);
static struct jt_metric lies_total = JT_COUNTER(
    "jangteo_relay_ring_faults_total", "Tracks given up because their ring made no sense.", NULL);
static struct jt_metric resends_total =
    JT_COUNTER("jangteo_relay_resends_total", "Requests for resends.", "outcome");
static const double delay_bounds[] = {0.0005, 0.001, 0.002, 0.004, 0.006, 0.008,
                                      0.010,  0.015, 0.030, 0.060, 0.150, 0.5};
static struct jt_metric delay_seconds = JT_HISTOGRAM(
    "jangteo_relay_frame_delay_seconds",
    "From a video frame's last packet in the ring to its last packet handed to the kernel.", NULL,
    delay_bounds);

int relay_track_new(const struct relay_track *numbers, int fd, struct relay_track **out)
{
    struct relay_track *track = calloc(1, sizeof(*track));
    struct jt_ring_head head;
    int err;

    if (!track)
        return -ENOMEM;
    *track = *numbers;
    LIST_INIT(&track->live);
    LIST_INIT(&track->catching);
    LIST_INIT(&track->waiting);
    err = jt_ring_reader_new(fd, &track->reader);
    if (err) {
        free(track);
        return err;
    }
    err = jt_ring_reader_info(track->reader, &track->info, &track->info_version);
    if (!err)
        err = jt_ring_reader_head(track->reader, &head);
    if (err)
        track->is_lost = true; /* the descriptor is the reader's now: keep the track, dead */
    else
        track->next_frame = head.next_frame;
    *out = track;
    return 0;
}

static void set_state(struct relay_stream *stream, enum relay_stream_state state)
{
    struct relay_track *track = stream->track;
    struct relay_streams *lists[] = {[RELAY_STREAM_WAITING] = &track->waiting,
                                     [RELAY_STREAM_CATCHING] = &track->catching,
                                     [RELAY_STREAM_LIVE] = &track->live};

    if (stream->state != RELAY_STREAM_IDLE)
        LIST_REMOVE(stream, link);
    stream->state = state;
    if (state != RELAY_STREAM_IDLE)
        LIST_INSERT_HEAD(lists[state], stream, link);
}

void relay_track_detach(struct relay_stream *stream)
{
    if (!stream->track)
        return;
    set_state(stream, RELAY_STREAM_IDLE);
    stream->track = NULL;
}

static void detach_all(struct relay_streams *streams)
{
    while (!LIST_EMPTY(streams))
        relay_track_detach(LIST_FIRST(streams));
}

void relay_track_free(struct relay_track *track)
{
    if (!track)
        return;
    detach_all(&track->live);
    detach_all(&track->catching);
    detach_all(&track->waiting);
    jt_ring_reader_free(track->reader);
    free(track->packets);
    free(track);
}

static void give_up(struct relay_track *track)
{
    if (track->is_lost)
        return;
    track->is_lost = true;
    jt_metric_add(&lies_total, NULL, 1);
    jt_warn("track.ring_fault", KV("track", track->id));
}

/* To the newest key frame if there is one to join at, else wait for the next. */
static void join(struct relay_stream *stream, int64_t now_us)
{
    struct relay_track *track = stream->track;
    struct jt_ring_frame newest;
    struct jt_ring_head head;

    stream->restarted_at_us = now_us;
    if (track->is_lost || jt_ring_reader_head(track->reader, &head)) {
        set_state(stream, RELAY_STREAM_WAITING);
        return;
    }
    if (head.key_frame == UINT64_MAX || head.key_frame >= track->next_frame || head.is_broken ||
        jt_ring_reader_frame(track->reader, track->next_frame - 1, &newest)) {
        set_state(stream, RELAY_STREAM_WAITING);
        return;
    }
    relay_stream_begin_replay(stream, head.key_frame, newest.number, newest.pts);
    stream->next_frame = head.key_frame;
    relay_catchup_begin(stream, now_us);
    set_state(stream, RELAY_STREAM_CATCHING);
    relay_worker_hurry(stream->viewer->worker);
}

void relay_track_attach(struct relay_track *track, struct relay_stream *stream, int64_t now_us)
{
    relay_track_detach(stream);
    relay_stream_reset(stream);
    stream->track = track;
    if (stream->is_video)
        join(stream, now_us);
    else
        set_state(stream, RELAY_STREAM_LIVE);
}

void relay_track_restart(struct relay_stream *stream, int64_t now_us)
{
    if (!stream->track || !stream->is_video || stream->state == RELAY_STREAM_CATCHING)
        return;
    if (now_us - stream->restarted_at_us < (int64_t)RESTART_INTERVAL_MS * JT_USEC_PER_MSEC)
        return;
    join(stream, now_us);
}

static bool reserve_packets(struct relay_track *track, uint32_t count)
{
    struct jt_ring_packet *grown;

    if (count <= track->packets_capacity)
        return true;
    grown = realloc(track->packets, count * sizeof(*grown));
    if (!grown)
        return false;
    track->packets = grown;
    track->packets_capacity = count;
    return true;
}

/* All packets of a frame, once for all viewers. */
static int load(struct relay_track *track, const struct jt_ring_frame *frame)
{
    if (!reserve_packets(track, frame->packet_count))
        return -ENOMEM;
    for (uint32_t i = 0; i < frame->packet_count; i++) {
        int err = jt_ring_reader_packet(track->reader, frame->first_seq + i, &track->packets[i]);

        if (err)
            return err;
    }
    return 0;
}

/* Numbers are for packets that carry them: a gap reads as loss. */
static void take_twcc(struct relay_viewer *viewer, struct jt_rtp_header *header)
{
    if (header->twcc_id)
        header->twcc = viewer->next_twcc++;
}

/* One loaded frame to one viewer. Returns false when it may not be sent now: the stream must begin anew. */
static bool send_frame(struct relay_track *track, const struct jt_ring_frame *frame,
                       struct relay_stream *stream, struct relay_batch *batch)
{
    struct relay_viewer *viewer = stream->viewer;
    struct jt_rtp_header header;
    uint64_t index;
    uint32_t stamp;

    if (!relay_viewer_may_send(viewer, frame->size_bytes))
        return false;
    stamp = relay_stream_advance(stream, frame->number, frame->pts);
    index = jt_rtp_out_take(&stream->rtp, track->source_id, frame->first_seq, frame->packet_count);
    header = relay_stream_header(stream, stamp);
    for (uint32_t i = 0; i < frame->packet_count; i++) {
        header.sequence = (uint16_t)(index + i);
        header.marker = track->packets[i].flags & JT_PACKET_MARKER;
        header.padding = track->packets[i].flags & JT_PACKET_PADDING;
        take_twcc(viewer, &header);
        relay_batch_ring(batch, &viewer->target, &header, index + i, track->reader,
                         &track->packets[i]);
    }
    jt_rtp_out_count(&stream->rtp, frame->packet_count, frame->size_bytes);
    relay_catchup_earn(stream, frame->size_bytes);
    if (!stream->has_sent) {
        stream->has_sent = true;
        if (stream->is_video)
            relay_viewer_on_first_frame(viewer);
    }
    return true;
}

static void wait_all(struct relay_track *track)
{
    struct relay_stream *stream;

    while ((stream = LIST_FIRST(&track->live)))
        set_state(stream, RELAY_STREAM_WAITING);
}

/* A ring that went on without us: audio goes on at the edge, video at the newest key frame. */
static void lapped(struct relay_track *track, int64_t now_us)
{
    struct relay_stream *stream, *next;
    struct jt_ring_head head;

    jt_metric_add(&laps_total, NULL, 1);
    if (jt_ring_reader_head(track->reader, &head)) {
        give_up(track);
        return;
    }
    track->next_frame = head.next_frame;
    if (!jt_codec_is_video((enum jt_codec)track->info.codec))
        return;
    for (stream = LIST_FIRST(&track->live); stream; stream = next) {
        next = LIST_NEXT(stream, link);
        join(stream, now_us);
    }
}

static void note_rate(struct relay_track *track, int64_t bytes, int64_t now_us)
{
    track->rate_bytes += bytes;
    if (now_us - track->rate_at_us < RATE_WINDOW_US)
        return;
    if (track->rate_at_us)
        track->bytes_per_s = track->rate_bytes * JT_USEC_PER_SEC / (now_us - track->rate_at_us);
    track->rate_bytes = 0;
    track->rate_at_us = now_us;
}

static void send_to_live(struct relay_track *track, const struct jt_ring_frame *frame,
                         struct relay_batch *batch)
{
    struct relay_stream *stream, *next;

    if (frame->flags & JT_RING_KEY)
        while ((stream = LIST_FIRST(&track->waiting))) {
            stream->squeeze.step = 0;
            set_state(stream, RELAY_STREAM_LIVE);
        }
    for (stream = LIST_FIRST(&track->live); stream; stream = next) {
        next = LIST_NEXT(stream, link);
        if (!send_frame(track, frame, stream, batch) && stream->is_video)
            set_state(stream, RELAY_STREAM_WAITING);
    }
}

/*
 * More than we can send: go on with what is new. Pictures go on at the next key frame; a replay from the newest one, as
 * after a lap, would be more load still.
 */
static void shed(struct relay_track *track, const struct jt_ring_head *head)
{
    jt_metric_add(&sheds_total, NULL, 1);
    if (jt_codec_is_video((enum jt_codec)track->info.codec))
        wait_all(track);
    track->next_frame = head->next_frame;
}

/* Returns 0 to go on with the next frame, -EAGAIN to stop here, or another error. */
static int pump_frame(struct relay_track *track, const struct jt_ring_head *head,
                      struct relay_batch *batch, int64_t now_us)
{
    bool has_viewers = !LIST_EMPTY(&track->live) || !LIST_EMPTY(&track->waiting);
    struct jt_ring_frame frame;
    int err = jt_ring_reader_frame(track->reader, track->next_frame, &frame);

    if (err)
        return err;
    if (!(frame.flags & JT_RING_WHOLE)) {
        if (track->next_frame + 1 == head->next_frame)
            return -EAGAIN; /* still being written */
        wait_all(track);    /* given up by its writer: what follows can't be decoded */
        track->next_frame++;
        return 0;
    }
    note_rate(track, frame.size_bytes, now_us);
    if (now_us - frame.ready_us > BEHIND_MAX_US) {
        shed(track, head);
        return 0;
    }
    if (has_viewers) {
        err = load(track, &frame);
        if (err)
            return err;
        send_to_live(track, &frame, batch);
        relay_batch_flush(batch);
        if (jt_codec_is_video((enum jt_codec)track->info.codec))
            jt_metric_observe(&delay_seconds, NULL,
                              (double)(jt_clock_mono_us() - frame.ready_us) / JT_USEC_PER_SEC);
    }
    track->next_frame++;
    return 0;
}

bool relay_track_pump(struct relay_track *track, struct relay_batch *batch, int64_t now_us)
{
    int64_t turn_ends_us =
        jt_clock_mono_us() + PUMP_TURN_US; /* each track's own: sound is not to wait for pictures */
    uint32_t version = track->info_version;
    struct jt_ring_head head;
    int err = 0;

    track->is_behind = false;
    if (track->is_lost)
        return false;
    if (jt_ring_reader_head(track->reader, &head)) {
        give_up(track);
        return false;
    }
    while (!err && track->next_frame < head.next_frame) {
        err = pump_frame(track, &head, batch, now_us);
        if (jt_clock_mono_us() >= turn_ends_us)
            break;
    }
    track->is_behind = !err && track->next_frame < head.next_frame;
    if (err == -ESTALE)
        lapped(track, now_us);
    else if (err == -EPROTO)
        give_up(track);
    if (jt_ring_reader_info(track->reader, &track->info, &track->info_version)) {
        give_up(track);
        return false;
    }
    return version != track->info_version;
}

/* One frame of a replay. Returns its payload bytes, 0 when there is none now, or a negative errno. */
static int64_t replay_frame(struct relay_track *track, struct relay_stream *stream,
                            struct relay_batch *batch)
{
    struct jt_ring_frame frame;
    int err = jt_ring_reader_frame(track->reader, stream->next_frame, &frame);

    if (!err && !(frame.flags & JT_RING_WHOLE))
        err = -ENODATA; /* given up by its writer: what follows can't be decoded */
    if (!err)
        err = load(track, &frame);
    if (err)
        return err;
    if (!send_frame(track, &frame, stream, batch))
        return 0;
    stream->next_frame++;
    return frame.size_bytes;
}

static void catch_up_stream(struct relay_track *track, struct relay_stream *stream,
                            struct relay_batch *batch, int64_t now_us)
{
    relay_catchup_refill(stream, now_us);
    while (stream->next_frame < track->next_frame && stream->credit_bytes > 0) {
        int64_t sent = replay_frame(track, stream, batch);

        if (sent == 0)
            return;
        if (sent == -EPROTO) {
            give_up(track);
            return;
        }
        if (sent < 0) {
            join(stream, now_us); /* the ring went past us: from the newest key frame, or wait */
            return;
        }
        stream->credit_bytes -= sent;
    }
    if (stream->next_frame >= track->next_frame)
        set_state(stream, RELAY_STREAM_LIVE);
}

int relay_track_catch_up(struct relay_track *track, struct relay_batch *batch, int64_t now_us)
{
    struct relay_stream *stream, *next;
    int left = 0;

    for (stream = LIST_FIRST(&track->catching); stream && !track->is_lost; stream = next) {
        next = LIST_NEXT(stream, link);
        catch_up_stream(track, stream, batch, now_us);
        left += stream->state == RELAY_STREAM_CATCHING;
    }
    relay_batch_flush(batch);
    return left;
}

/* Which frame does a packet belong to? Frames are ordered by their first packet. */
static int find_frame(struct relay_track *track, uint64_t seq, struct jt_ring_frame *out)
{
    struct jt_ring_head head;
    uint64_t low, high;

    if (jt_ring_reader_head(track->reader, &head))
        return -EPROTO;
    low = head.oldest_frame;
    high = head.next_frame;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int err = jt_ring_reader_frame(track->reader, middle, out);

        if (err)
            return err;
        if (seq < out->first_seq)
            high = middle;
        else if (seq >= out->first_seq + out->packet_count)
            low = middle + 1;
        else
            return 0;
    }
    return -ENOENT;
}

/* The original payload behind the original sequence number (RFC 4588 §4), padding taken off. */
static size_t rtx_payload(struct relay_track *track, uint64_t seq, uint16_t sequence,
                          struct jt_rtp_header *header, uint8_t out[JT_PAYLOAD_MAX_BYTES + 2])
{
    struct jt_ring_packet packet;
    size_t size;

    if (jt_ring_reader_packet(track->reader, seq, &packet) ||
        !jt_ring_reader_copy(track->reader, &packet, out + 2))
        return 0;
    out[0] = (uint8_t)(sequence >> 8);
    out[1] = (uint8_t)sequence;
    size = packet.size;
    if (packet.flags & JT_PACKET_PADDING) {
        uint8_t padding = out[2 + size - 1];

        size = padding < size ? size - padding : 0;
    }
    header->marker = packet.flags & JT_PACKET_MARKER;
    header->padding = false;
    return size ? size + 2 : 0;
}

void relay_track_resend(struct relay_track *track, struct relay_stream *stream, uint64_t source_seq,
                        uint16_t sequence, struct relay_batch *batch)
{
    struct relay_viewer *viewer = stream->viewer;
    uint8_t payload[JT_PAYLOAD_MAX_BYTES + 2];
    struct jt_rtp_header header;
    struct jt_ring_frame frame;
    uint64_t index;
    size_t size;

    if (!stream->rtp.rtx_ssrc) {
        jt_metric_add(&resends_total, "no_rtx", 1);
        return;
    }
    if (stream->resend_bytes <= 0) {
        jt_metric_add(&resends_total, "over_budget", 1);
        return;
    }
    if (track->is_lost || find_frame(track, source_seq, &frame)) {
        jt_metric_add(&resends_total, "gone", 1);
        return;
    }
    header = relay_stream_header(stream, relay_stream_stamp(stream, frame.number, frame.pts));
    size = rtx_payload(track, source_seq, sequence, &header, payload);
    if (!size || !relay_viewer_may_send(viewer, size)) {
        jt_metric_add(&resends_total, "gone", 1);
        return;
    }
    index = jt_rtp_out_take_rtx(&stream->rtp);
    header.payload_type = stream->rtp.rtx_payload_type;
    header.ssrc = stream->rtp.rtx_ssrc;
    header.sequence = (uint16_t)index;
    take_twcc(viewer, &header);
    relay_batch_copy(batch, &viewer->target, &header, index, payload, size);
    stream->resend_bytes -= (int64_t)size;
    jt_metric_add(&resends_total, "sent", 1);
}
