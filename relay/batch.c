#include "relay/batch.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "media/packet.h"
#include "net/udp.h"
#include "ring/ring.h"
#include "rtc/seal.h"

enum {
    HEADER_MAX_BYTES = 28,
    PACKET_MAX_BYTES = HEADER_MAX_BYTES + JT_PAYLOAD_MAX_BYTES + 2 + JT_SEAL_RTP_OVERHEAD_MAX_BYTES,
    MESSAGE_MAX_BYTES = 64000, /* a UDP datagram before segmentation is 65,507 at most */
    SLAB_BYTES = 288 * 1024,   /* 32 viewers × 7 packets: stays in a 1 MiB L2 */
    JOBS_MAX = SLAB_BYTES / 64,
    COPIES_BYTES = 32 * (JT_PAYLOAD_MAX_BYTES + 2),
};

static struct jt_metric packets_total =
    JT_COUNTER("jangteo_relay_rtp_packets_total", "RTP packets sent.", NULL);
static struct jt_metric bytes_total =
    JT_COUNTER("jangteo_relay_rtp_bytes_total", "SRTP bytes sent.", NULL);
static struct jt_metric messages_total = JT_COUNTER(
    "jangteo_relay_sends_total", "Messages handed to the kernel, each a run of packets.", NULL);
static struct jt_metric dropped_total =
    JT_COUNTER("jangteo_relay_send_drops_total", "RTP packets that could not be sent.", "reason");

struct job_source {
    struct jt_ring_reader *reader; /* NULL: private memory */
    struct jt_ring_packet packet;
};

struct message {
    struct jt_udp_message udp;
    int first_job, job_count;
    bool is_closed; /* a shorter segment ended it */
};

struct relay_batch {
    struct jt_udp *udp;
    struct message messages[JT_UDP_BATCH_OUT];
    int message_count;
    struct jt_seal_job jobs[JOBS_MAX];
    struct job_source sources[JOBS_MAX];
    int job_count;
    size_t slab_used, copies_used;
    uint8_t copies[COPIES_BYTES];
    uint8_t slab[SLAB_BYTES];
};

int relay_batch_new(struct jt_udp *udp, struct relay_batch **out)
{
    struct relay_batch *batch = calloc(1, sizeof(*batch));

    if (!batch)
        return -ENOMEM;
    batch->udp = udp;
    jt_metric_register(&packets_total, NULL);
    jt_metric_register(&bytes_total, NULL);
    *out = batch;
    return 0;
}

void relay_batch_free(struct relay_batch *batch)
{
    free(batch);
}

static bool is_intact(const struct relay_batch *batch, const struct message *message)
{
    for (int i = message->first_job; i < message->first_job + message->job_count; i++)
        if (batch->sources[i].reader &&
            !jt_ring_reader_intact(batch->sources[i].reader, &batch->sources[i].packet))
            return false;
    return true;
}

static void count_drop(const char *reason, const struct message *message)
{
    jt_metric_add(&dropped_total, reason, message->job_count);
}

/* What the kernel does not take now is lost to the viewer, who asks again: waiting would hold up everybody. */
static void send_messages(struct relay_batch *batch, const struct jt_udp_message *udp,
                          struct message *const *which, int count)
{
    int sent = 0;

    while (sent < count) {
        int n = jt_udp_send(batch->udp, udp + sent, count - sent);

        if (n == 0) {
            for (; sent < count; sent++)
                count_drop("again", which[sent]);
        } else if (n < 0) {
            count_drop("error", which[sent++]);
        } else {
            for (int i = 0; i < n; i++, sent++) {
                jt_metric_add(&packets_total, NULL, which[sent]->job_count);
                jt_metric_add(&bytes_total, NULL, (int64_t)udp[sent].size);
            }
            jt_metric_add(&messages_total, NULL, n);
        }
    }
}

void relay_batch_flush(struct relay_batch *batch)
{
    struct jt_udp_message udp[JT_UDP_BATCH_OUT];
    struct message *which[JT_UDP_BATCH_OUT];
    int count = 0;

    if (!batch->message_count)
        return;
    jt_seal_rtp(batch->jobs, batch->job_count);
    for (int i = 0; i < batch->message_count; i++) {
        struct message *message = &batch->messages[i];

        if (!is_intact(batch, message)) {
            count_drop("lapped", message);
            continue;
        }
        which[count] = message;
        udp[count++] = message->udp;
    }
    send_messages(batch, udp, which, count);
    batch->message_count = 0;
    batch->job_count = 0;
    batch->slab_used = 0;
    batch->copies_used = 0;
}

/* Does a packet of `size` bytes continue the newest message? All segments are equal, only the last may be shorter. */
static bool fits(const struct message *message, const struct relay_target *target, size_t size)
{
    return !message->is_closed && message->udp.to == target->to && size <= message->udp.segment &&
           message->job_count < JT_UDP_SEGMENTS_MAX &&
           message->udp.size + size <= MESSAGE_MAX_BYTES;
}

static void append(struct relay_batch *batch, const struct relay_target *target,
                   const uint8_t *data, size_t size)
{
    struct message *last = batch->message_count ? &batch->messages[batch->message_count - 1] : NULL;

    if (last && fits(last, target, size)) {
        last->is_closed = size < last->udp.segment;
        last->udp.size += size;
        last->job_count++;
        return;
    }
    batch->messages[batch->message_count++] = (struct message){
        .udp = {.data = data, .size = size, .segment = (uint16_t)size, .to = target->to},
        .first_job = batch->job_count - 1,
        .job_count = 1};
}

static bool is_full(const struct relay_batch *batch)
{
    return batch->message_count == JT_UDP_BATCH_OUT || batch->job_count == JOBS_MAX ||
           batch->slab_used + PACKET_MAX_BYTES > SLAB_BYTES;
}

static void add(struct relay_batch *batch, const struct relay_target *target,
                const struct jt_rtp_header *header, uint64_t index,
                const struct jt_payload *payload, const struct job_source *source)
{
    uint8_t *out = batch->slab + batch->slab_used;
    size_t header_size = jt_rtp_header_write(header, out);
    size_t size = header_size + payload->size + jt_seal_overhead(target->seal);

    batch->jobs[batch->job_count] = (struct jt_seal_job){.seal = target->seal,
                                                         .payload = payload->data,
                                                         .out = out,
                                                         .header_size = (uint16_t)header_size,
                                                         .payload_size = payload->size,
                                                         .roc = (uint32_t)(index >> 16)};
    batch->sources[batch->job_count++] = *source;
    batch->slab_used += size;
    append(batch, target, out, size);
}

void relay_batch_ring(struct relay_batch *batch, const struct relay_target *target,
                      const struct jt_rtp_header *header, uint64_t index,
                      struct jt_ring_reader *reader, const struct jt_ring_packet *packet)
{
    const struct jt_payload payload = {.data = packet->data, .size = packet->size};
    const struct job_source source = {.reader = reader, .packet = *packet};

    if (is_full(batch))
        relay_batch_flush(batch);
    add(batch, target, header, index, &payload, &source);
}

void relay_batch_copy(struct relay_batch *batch, const struct relay_target *target,
                      const struct jt_rtp_header *header, uint64_t index, const uint8_t *data,
                      size_t size)
{
    const struct job_source source = {.reader = NULL};
    struct jt_payload payload = {.size = (uint16_t)size};
    uint8_t *copy;

    assert(size <= JT_PAYLOAD_MAX_BYTES + 2);
    if (is_full(batch) || batch->copies_used + size > COPIES_BYTES)
        relay_batch_flush(batch);
    copy = batch->copies + batch->copies_used;
    memcpy(copy, data, size);
    batch->copies_used += size;
    payload.data = copy;
    add(batch, target, header, index, &payload, &source);
}
