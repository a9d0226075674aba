/** How fast a track runs, read from its ring: its newest capture clock and its bitrate. Loop thread only. */
#ifndef INGEST_GAUGE_H
#define INGEST_GAUGE_H

#include <stdint.h>

#include "base/base.h"

struct ingest_gauge;

/** `fd` of the ring is borrowed (duplicated). */
JT_MUST_CHECK int ingest_gauge_new(int fd, struct ingest_gauge **out);
/** NULL is fine. */
void ingest_gauge_free(struct ingest_gauge *gauge);

struct ingest_gauge_value {
    int64_t capture_us;     /* monotonic; 0: no frame yet */
    int64_t wall_offset_us; /* added to it: wall time */
    int64_t bitrate_bps;    /* smoothed over a few readings */
};

/** Read it now; from time to time, a second apart or so. */
struct ingest_gauge_value ingest_gauge_read(struct ingest_gauge *gauge, int64_t now_us);

#endif
