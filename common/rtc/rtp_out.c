#include "rtc/rtp_out.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/writer.h"
#include "wire/rtcp.h"
#include "wire/rtp.h"

enum {
    /* Below 2^15 a receiver cannot guess the rollover wrong (RFC 3711 §3.3.1) */
    FIRST_SEQUENCE_MASK = 0x7fff,
    SEQUENCES_BEHIND_MAX = 32768, /* further back a 16-bit number means the future */
    HEADER_MAX_BYTES = 28,
    RTP_VERSION_2 = 0x80,
    RTP_PADDING = 0x20,
    RTP_EXTENSION = 0x10,
    RTP_MARKER = 0x80,
};

/* The one random source whose failure leaves nothing to do: two viewers with one SSRC are harmless,
 * a guessable sequence is not, so a service without random numbers stops. */
static void random_bytes(void *out, size_t size)
{
    if (RAND_bytes(out, (int)size) != 1)
        abort();
}

static uint32_t random_ssrc(uint32_t other)
{
    uint32_t ssrc;

    do
        random_bytes(&ssrc, sizeof(ssrc));
    while (ssrc == 0 || ssrc == other);
    return ssrc;
}

void jt_rtp_out_init(struct jt_rtp_out *out, uint32_t clock_hz, uint8_t payload_type,
                     uint8_t rtx_payload_type)
{
    uint16_t sequences[2];

    memset(out, 0, sizeof(*out));
    random_bytes(sequences, sizeof(sequences));
    random_bytes(&out->timestamp_offset, sizeof(out->timestamp_offset));
    out->ssrc = random_ssrc(0);
    out->rtx_ssrc = rtx_payload_type ? random_ssrc(out->ssrc) : 0;
    out->payload_type = payload_type;
    out->rtx_payload_type = rtx_payload_type;
    out->clock_hz = clock_hz;
    out->next_index = sequences[0] & FIRST_SEQUENCE_MASK;
    out->next_rtx_index = sequences[1] & FIRST_SEQUENCE_MASK;
}

static bool continues(const struct jt_rtp_span *span, uint32_t source_id, uint64_t first_source,
                      uint64_t next_index, uint32_t count)
{
    return span->source_id == source_id && span->first_source + span->count == first_source &&
           span->first_index + span->count == next_index && count <= UINT32_MAX - span->count;
}

static struct jt_rtp_span *open_span(struct jt_rtp_out *out)
{
    if (out->spans_used == JT_RTP_OUT_SPANS) {
        memmove(&out->spans[0], &out->spans[1], sizeof(out->spans) - sizeof(out->spans[0]));
        out->spans_used--;
    }
    return &out->spans[out->spans_used++];
}

uint64_t jt_rtp_out_take(struct jt_rtp_out *out, uint32_t source_id, uint64_t first_source,
                         uint32_t count)
{
    struct jt_rtp_span *newest = out->spans_used > 0 ? &out->spans[out->spans_used - 1] : NULL;
    uint64_t first_index = out->next_index;

    if (count == 0)
        return first_index;
    if (newest && continues(newest, source_id, first_source, first_index, count))
        newest->count += count;
    else
        *open_span(out) = (struct jt_rtp_span){.first_index = first_index,
                                               .first_source = first_source,
                                               .source_id = source_id,
                                               .count = count};
    out->next_index += count;
    return first_index;
}

void jt_rtp_out_resume(struct jt_rtp_out *out)
{
    out->next_index += JT_RTP_OUT_RESERVE;
    out->next_rtx_index += JT_RTP_OUT_RESERVE;
}

int jt_rtp_out_find(const struct jt_rtp_out *out, uint16_t sequence, uint32_t *source_id,
                    uint64_t *source, uint64_t *index)
{
    uint64_t newest = out->next_index - 1;
    uint64_t behind = (uint16_t)((uint16_t)newest - sequence);
    uint64_t wanted = newest - behind;

    if (out->spans_used == 0 || behind >= SEQUENCES_BEHIND_MAX)
        return -ENOENT;
    for (size_t i = out->spans_used; i-- > 0;) {
        const struct jt_rtp_span *span = &out->spans[i];

        if (wanted < span->first_index || wanted - span->first_index >= span->count)
            continue;
        *source_id = span->source_id;
        *source = span->first_source + (wanted - span->first_index);
        *index = wanted;
        return 0;
    }
    return -ENOENT;
}

uint64_t jt_rtp_out_take_rtx(struct jt_rtp_out *out)
{
    return out->next_rtx_index++;
}

/* RFC 8285 §4.2 */
static void write_element(struct jt_writer *w, uint8_t id, const uint8_t *data, uint8_t size)
{
    jt_write_u8(w, (uint8_t)(id << 4 | (size - 1)));
    jt_write_bytes(w, data, size);
}

/* wire/rtp.h writes headers of any kind; this one is for every packet of every viewer. */
size_t jt_rtp_header_write(const struct jt_rtp_header *header, uint8_t out[28])
{
    struct jt_writer w = jt_writer_of(out, HEADER_MAX_BYTES);
    const uint8_t number[2] = {(uint8_t)(header->twcc >> 8), (uint8_t)header->twcc};
    const uint8_t no_delay[3] = {0};
    unsigned size = (header->twcc_id ? 3U : 0U) + (header->playout_delay_id ? 4U : 0U);
    unsigned words = (size + 3) / 4;

    jt_write_u8(&w, (uint8_t)(RTP_VERSION_2 | (header->padding ? RTP_PADDING : 0) |
                              (words ? RTP_EXTENSION : 0)));
    jt_write_u8(&w, (uint8_t)((header->marker ? RTP_MARKER : 0) | header->payload_type));
    jt_write_be16(&w, header->sequence);
    jt_write_be32(&w, header->timestamp);
    jt_write_be32(&w, header->ssrc);
    if (words == 0)
        return w.size;
    jt_write_be16(&w, JT_RTP_EXTENSION_PROFILE_ONE);
    jt_write_be16(&w, (uint16_t)words);
    if (header->twcc_id)
        write_element(&w, header->twcc_id, number, sizeof(number));
    if (header->playout_delay_id)
        write_element(&w, header->playout_delay_id, no_delay, sizeof(no_delay));
    jt_write_zeros(&w, words * 4 - size);
    return w.size;
}

int jt_rtp_out_report(const struct jt_rtp_out *out, int64_t now_wall_us, int64_t now_pts,
                      const char *cname, uint8_t *buffer, size_t capacity)
{
    struct jt_writer w = jt_writer_of(buffer, capacity);
    const struct jt_rtcp_sr sr = {
        .ssrc = out->ssrc,
        .ntp = jt_clock_ntp(now_wall_us),
        .rtp_timestamp = (uint32_t)now_pts + out->timestamp_offset,
        .packets = (uint32_t)out->packets_sent, /* both wrap (RFC 3550 §6.4.1) */
        .octets = (uint32_t)out->octets_sent,
    };

    jt_rtcp_write_sr(&w, &sr, NULL, 0);
    jt_rtcp_write_sdes(&w, out->ssrc, jt_text_of(cname));
    return w.failed ? -EMSGSIZE : (int)w.size;
}
