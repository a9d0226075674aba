/**
 * A worker's send slab: packets of many viewers are sealed from where they lie into consecutive slots; consecutive
 * packets of equal size to one viewer become one GSO message; messages leave by sendmmsg, 32 at a time. The sealed copy
 * in the slab is the only write per viewer. One thread.
 */
#ifndef RELAY_BATCH_H
#define RELAY_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "rtc/rtp_out.h"

struct jt_address;
struct jt_ring_packet;
struct jt_ring_reader;
struct jt_seal;
struct jt_udp;
struct relay_batch;

JT_MUST_CHECK int relay_batch_new(struct jt_udp *udp, struct relay_batch **out);
void relay_batch_free(struct relay_batch *batch);

/** To whom the next packets go. Pointers must hold until the next flush. */
struct relay_target {
    struct jt_seal *seal;
    const struct jt_address *to;
};

/**
 * Add a packet out of a ring. `index` is its 48-bit SRTP index; the header says the rest. Flushes by itself when full. A
 * packet that is overwritten before it is sealed is not sent, nor are those of the same message (counted as lapped).
 */
void relay_batch_ring(struct relay_batch *batch, const struct relay_target *target,
                      const struct jt_rtp_header *header, uint64_t index,
                      struct jt_ring_reader *reader, const struct jt_ring_packet *packet);

/** Add a packet from private memory: it is copied at once (resends). `size` ≤ JT_PAYLOAD_MAX_BYTES + 2. */
void relay_batch_copy(struct relay_batch *batch, const struct relay_target *target,
                      const struct jt_rtp_header *header, uint64_t index, const uint8_t *payload,
                      size_t size);

/** Seal and send all. Call before anything a target points to goes away, and at the end of each turn. */
void relay_batch_flush(struct relay_batch *batch);

#endif
