/* What arrives, what is missing, what comes back by RTX, and whether the frames are whole (RFC 3550, 4585, 4588, 6184). */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"

enum {
    NACK_FIRST_US = 5000, /* a packet may only be late */
    NACK_AGAIN_US = 30000,
    NACKS_MAX = 12,
    LOST_AFTER_US = 1500000,
    NACKS_PER_REPORT = 60,
    REPORT_EVERY_US = 500000,
    VIDEO_HZ = 90000,
    AUDIO_HZ = 48000,
    NAL_IDR = 5,
    NAL_STAP_A = 24,
    NAL_FU_A = 28,
};

static const int64_t ntp_to_unix_s = 2208988800; /* RFC 3550 §4 counts from 1900 */

static uint16_t get16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static void put16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, (uint16_t)(v >> 16));
    put16(at + 2, (uint16_t)v);
}

static struct packet *slot(struct stream *stream, uint64_t sequence)
{
    return &stream->packets[sequence % SEQUENCES];
}

static uint64_t extend(const struct stream *stream, uint16_t sequence)
{
    int16_t delta = (int16_t)(uint16_t)(sequence - (uint16_t)stream->highest);

    return (uint64_t)((int64_t)stream->highest + delta);
}

/* Make the numbers up to `sequence` known: all between are missing from now on. */
static void advance(struct stream *stream, uint64_t sequence, int64_t now)
{
    if (!stream->is_started) {
        stream->is_started = true;
        stream->highest = sequence - 1;
        stream->first = stream->next_in_order = sequence;
    }
    while (stream->highest < sequence)
        *slot(stream, ++stream->highest) = (struct packet){.sequence = stream->highest,
                                                           .state = PACKET_MISSING,
                                                           .missing_since_us = now,
                                                           .asked_at_us = now};
}

static struct packet *place(struct stream *stream, uint16_t wire_sequence, int64_t now)
{
    uint64_t sequence =
        stream->is_started ? extend(stream, wire_sequence) : wire_sequence + 65536ULL;
    struct packet *packet;

    advance(stream, sequence, now);
    packet = slot(stream, sequence);
    return packet->sequence == sequence ? packet : NULL;
}

int media_init(struct media *media, struct counts *counts, int loss_percent)
{
    media->counts = counts;
    media->loss_percent = loss_percent;
    media->video.packets = calloc(SEQUENCES, sizeof(*media->video.packets));
    media->audio.packets = calloc(SEQUENCES, sizeof(*media->audio.packets));
    return media->video.packets && media->audio.packets ? 0 : -ENOMEM;
}

void media_deinit(struct media *media)
{
    free(media->video.packets);
    free(media->audio.packets);
    media->video.packets = media->audio.packets = NULL;
}

/* ---- frames, in order ---- */

/* How long ago it was captured, by the sender reports; server and we read the same clock. */
static void note_lag(const struct mapping *mapping, uint32_t timestamp, int hz, struct samples *out)
{
    int64_t ticks = (int32_t)(timestamp - mapping->timestamp);

    if (mapping->wall_us)
        samples_add(out, wall_us() - mapping->wall_us - ticks * 1000000 / hz);
}

static void end_frame(struct media *media, int64_t now)
{
    media->counts->frames++;
    media->counts->broken_frames += media->frame_is_broken || media->in_nal;
    if (media->has_timestamp && (int32_t)(media->frame_timestamp - media->last_timestamp) <= 0)
        media->counts->stamp_steps_back++;
    else
        note_lag(&media->video_mapping, media->frame_timestamp, VIDEO_HZ, &media->counts->lag_us);
    media->has_timestamp = true;
    media->last_timestamp = media->frame_timestamp;
    if (media->frame_has_idr) {
        media->counts->keyframes++;
        if (!media->has_key && !media->frame_is_broken)
            media->first_key_us = now;
        media->has_key = true;
    }
    if (media->last_frame_us && now - media->last_frame_us > media->longest_gap_us)
        media->longest_gap_us = now - media->last_frame_us;
    media->last_frame_us = now;
    media->in_nal = media->frame_has_idr = media->frame_is_broken = false;
}

static void next_packet(struct media *media, const struct packet *packet, int64_t now)
{
    if (packet->state != PACKET_HERE) {
        media->frame_is_broken = true;
        return;
    }
    if (packet->starts_nal == media->in_nal) /* starts inside another, or goes on with none */
        media->frame_is_broken = true;
    media->in_nal = !packet->ends_nal;
    media->frame_has_idr |= packet->is_idr;
    media->frame_timestamp = packet->timestamp;
    if (packet->marker)
        end_frame(media, now);
}

static void walk(struct media *media, int64_t now)
{
    struct stream *video = &media->video;

    while (video->is_started && video->next_in_order <= video->highest) {
        struct packet *packet = slot(video, video->next_in_order);

        if (packet->state == PACKET_MISSING && now - packet->missing_since_us < LOST_AFTER_US)
            return;
        if (packet->state == PACKET_MISSING)
            media->counts->lost++;
        next_packet(media, packet, now);
        video->next_in_order++;
    }
}

/* ---- packets ---- */

static void look_at_nal(struct packet *packet, const uint8_t *payload, size_t size)
{
    unsigned type = size ? payload[0] & 0x1f : 0;

    packet->starts_nal = packet->ends_nal = true;
    if (type == NAL_FU_A && size > 1) {
        packet->starts_nal = payload[1] & 0x80;
        packet->ends_nal = payload[1] & 0x40;
        type = payload[1] & 0x1f;
    }
    packet->is_idr = type == NAL_IDR;
    if (type == NAL_STAP_A) /* small slices may share a packet */
        for (size_t at = 1; at + 3 <= size; at += 2 + (size_t)get16(payload + at))
            packet->is_idr |= (payload[at + 2] & 0x1f) == NAL_IDR;
}

/* Header length with CSRC and extension; 0: not RTP. */
static size_t header_size(const uint8_t *data, size_t size)
{
    size_t n = size >= 12 && data[0] >> 6 == 2 ? 12 + 4 * (size_t)(data[0] & 15) : 0;

    if (n && data[0] & 0x10)
        n = n + 4 <= size ? n + 4 + 4 * (size_t)get16(data + n + 2) : 0;
    return n <= size ? n : 0;
}

static void note_recovery(struct media *media, struct packet *packet, int64_t now)
{
    struct counts *counts = media->counts;
    int64_t took = now - packet->missing_since_us;

    counts->recovered++;
    counts->recovered_in_100ms += took <= 100000;
    samples_add(&counts->recovery_us, took);
}

static void arrived(struct media *media, struct stream *stream, uint16_t sequence,
                    const uint8_t *data, const uint8_t *payload, size_t size, int64_t now)
{
    struct packet *packet = place(stream, sequence, now);

    if (!packet || packet->state == PACKET_HERE) {
        media->counts->duplicates++;
        return;
    }
    if (packet->dropped_by_us)
        note_recovery(media, packet, now);
    packet->state = PACKET_HERE;
    packet->marker = data[1] & 0x80;
    packet->timestamp = get32(data + 4);
    stream->received++;
    if (stream != &media->video)
        return;
    look_at_nal(packet, payload, size);
    walk(media, now);
}

static void note_audio(struct media *media, uint32_t timestamp, int64_t now)
{
    media->counts->audio_packets++;
    note_lag(&media->audio_mapping, timestamp, AUDIO_HZ, &media->counts->audio_lag_us);
    if (media->last_audio_us)
        samples_add(&media->counts->audio_gap_us, now - media->last_audio_us);
    media->last_audio_us = now;
}

void media_packet(struct media *media, const uint8_t *data, size_t size, int64_t now)
{
    size_t header = header_size(data, size);
    uint32_t ssrc = header ? get32(data + 8) : 0;
    const uint8_t *payload = data + header;

    if (!header)
        return;
    size -= header;
    if (data[0] & 0x20) { /* padding */
        if (size == 0 || payload[size - 1] > size)
            return;
        size -= payload[size - 1];
    }
    if (ssrc == media->session.video_ssrc) {
        media->counts->video_packets++;
        arrived(media, &media->video, get16(data + 2), data, payload, size, now);
    } else if (ssrc == media->session.rtx_ssrc && size >= 2) {
        media->counts->rtx_packets++;
        arrived(media, &media->video, get16(payload), data, payload + 2, size - 2, now);
    } else if (ssrc == media->session.audio_ssrc) {
        note_audio(media, get32(data + 4), now);
        arrived(media, &media->audio, get16(data + 2), data, payload, size, now);
    }
}

void media_drop(struct media *media, const uint8_t *data, int64_t now)
{
    struct packet *packet;

    if (get32(data + 8) != media->session.video_ssrc)
        return; /* a dropped resend is asked for again like any other */
    media->counts->dropped_by_us++;
    packet = place(&media->video, get16(data + 2), now);
    if (packet)
        packet->dropped_by_us = true;
}

void media_finish(struct media *media)
{
    for (uint64_t s = media->video.next_in_order;
         media->video.is_started && s <= media->video.highest; s++)
        media->counts->lost += slot(&media->video, s)->state == PACKET_MISSING;
    if (media->audio.is_started)
        media->counts->lost +=
            media->audio.highest + 1 - media->audio.first - media->audio.received;
}

/* ---- feedback ---- */

static size_t write_nacks(struct media *media, uint8_t *out, int64_t now)
{
    struct stream *video = &media->video;
    size_t at = 12;

    for (uint64_t s = video->next_in_order; s <= video->highest && at < 12 + 4 * NACKS_PER_REPORT;
         s++) {
        struct packet *packet = slot(video, s);
        int64_t patience = packet->asked ? NACK_AGAIN_US : NACK_FIRST_US;

        if (packet->state != PACKET_MISSING || packet->asked >= NACKS_MAX ||
            now - packet->asked_at_us < patience)
            continue;
        packet->asked++;
        packet->asked_at_us = now;
        put16(out + at, (uint16_t)s);
        put16(out + at + 2, 0);
        at += 4;
    }
    if (at == 12)
        return 0;
    out[0] = 0x81;
    out[1] = 205;
    put16(out + 2, (uint16_t)(at / 4 - 1));
    put32(out + 4, 1);
    put32(out + 8, media->session.video_ssrc);
    return at;
}

size_t media_report(struct media *media, uint32_t highest, uint8_t *out, int64_t now)
{
    memset(out, 0, 32);
    out[0] = 0x81;
    out[1] = 201;
    put16(out + 2, 7);
    put32(out + 4, 1);
    put32(out + 8, media->session.video_ssrc);
    put32(out + 16, highest);
    put32(out + 24, media->last_sr);
    if (media->last_sr)
        put32(out + 28, (uint32_t)((now - media->last_sr_at_us) * 65536 / 1000000));
    return 32;
}

size_t media_feedback(struct media *media, uint8_t *out, size_t capacity, int64_t now)
{
    size_t report = media_report(media, (uint32_t)media->video.highest, out, now);
    size_t nacks = write_nacks(media, out + report, now);
    static const int64_t every = REPORT_EVERY_US;

    (void)capacity;
    walk(media, now);
    if (!nacks && now / every == (now - 10000) / every) /* reports alone twice a second */
        return 0;
    return report + nacks;
}

static void note_mapping(struct mapping *mapping, const uint8_t *report)
{
    mapping->wall_us = ((int64_t)get32(report + 8) - ntp_to_unix_s) * 1000000 +
                       ((int64_t)get32(report + 12) * 1000000 >> 32);
    mapping->timestamp = get32(report + 16);
}

void media_rtcp(struct media *media, const uint8_t *data, size_t size, int64_t now)
{
    if (size < 28 || data[1] != 200)
        return;
    if (get32(data + 4) == media->session.audio_ssrc)
        note_mapping(&media->audio_mapping, data);
    if (get32(data + 4) != media->session.video_ssrc)
        return;
    note_mapping(&media->video_mapping, data);
    media->counts->reports++;
    media->last_sr = get32(data + 10); /* the middle 32 bits of the NTP time */
    media->last_sr_at_us = now;
}
