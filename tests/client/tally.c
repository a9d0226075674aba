/* A viewer that is only counted costs its process no cipher: SSRC and sequence number are in clear. */
#include "client.h"

static uint32_t get32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void count(struct tally_stream *stream, uint16_t sequence)
{
    int16_t ahead = (int16_t)(uint16_t)(sequence - (uint16_t)stream->highest);

    stream->received++;
    if (!stream->is_started) {
        stream->is_started = true;
        stream->first = stream->highest = sequence + 65536ULL;
    } else if (ahead > 0) {
        stream->highest += (uint64_t)ahead;
    }
}

void tally_packet(struct tally *tally, const uint8_t *data, size_t size)
{
    uint32_t ssrc = size >= RTP_HEADER_BYTES ? get32(data + 8) : 0;
    uint16_t sequence = ssrc ? (uint16_t)(data[2] << 8 | data[3]) : 0;

    if (ssrc && ssrc == tally->video.ssrc)
        count(&tally->video, sequence);
    else if (ssrc && ssrc == tally->audio.ssrc)
        count(&tally->audio, sequence);
    else if (ssrc && ssrc == tally->rtx.ssrc)
        count(&tally->rtx, sequence);
}

uint64_t tally_received(const struct tally *tally)
{
    return tally->video.received + tally->rtx.received + tally->audio.received;
}

static uint64_t lost(const struct tally_stream *stream)
{
    uint64_t expected = stream->is_started ? stream->highest + 1 - stream->first : 0;

    return expected > stream->received ? expected - stream->received : 0;
}

uint64_t tally_lost(const struct tally *tally)
{
    return lost(&tally->video) + lost(&tally->rtx) + lost(&tally->audio);
}
