/**
 * The pace of catching up: a stream that joins, or begins anew after a PLI, a lap or a switch, gets its replay at most at
 * max(relay.catchup_min_bps, 4 × the track's rate), after a first burst that brings the key frame at once. Also the
 * budget for resends, which is earned by what was sent. Worker thread only.
 */
#ifndef RELAY_CATCHUP_H
#define RELAY_CATCHUP_H

#include <stdint.h>

struct relay_stream;

enum {
    RELAY_CATCHUP_BURST_BYTES = 24 * 1024, /* ours: half of a small socket buffer on a phone */
    RELAY_CATCHUP_RATE_FACTOR = 4,
    RELAY_CATCHUP_TICK_MS = 2,
    RELAY_RESEND_BURST_BYTES = 64 * 1024,
};

void relay_catchup_begin(struct relay_stream *stream, int64_t now_us);
/** Credit for the time since the last call. */
void relay_catchup_refill(struct relay_stream *stream, int64_t now_us);
/** What was sent earns a share of resends. */
void relay_catchup_earn(struct relay_stream *stream, int64_t sent_bytes);

#endif
