#include "ingest/gauge.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "ring/ring.h"

enum { SMOOTH = 3, BITS = 8 }; /* a key frame every other second shall not make it jump */

struct ingest_gauge {
    struct jt_ring_reader *reader;
    uint64_t next_frame;
    int64_t read_us;
    struct ingest_gauge_value value;
};

int ingest_gauge_new(int fd, struct ingest_gauge **out)
{
    struct ingest_gauge *gauge = calloc(1, sizeof(*gauge));
    int own = dup(fd);
    int err = own < 0 ? -errno : gauge ? jt_ring_reader_new(own, &gauge->reader) : -ENOMEM;

    if (err) {
        if (own >= 0)
            (void)close(own);
        free(gauge);
        return err;
    }
    gauge->value.wall_offset_us = jt_ring_reader_wall_offset_us(gauge->reader);
    *out = gauge;
    return 0;
}

void ingest_gauge_free(struct ingest_gauge *gauge)
{
    if (!gauge)
        return;
    jt_ring_reader_free(gauge->reader);
    free(gauge);
}

static int64_t count_bytes(struct ingest_gauge *gauge, const struct jt_ring_head *head)
{
    int64_t bytes = 0;

    for (uint64_t n = JT_MAX(gauge->next_frame, head->oldest_frame); n < head->next_frame; n++) {
        struct jt_ring_frame frame;

        if (jt_ring_reader_frame(gauge->reader, n, &frame))
            continue;
        bytes += frame.size_bytes;
        gauge->value.capture_us = frame.capture_us;
    }
    return bytes;
}

struct ingest_gauge_value ingest_gauge_read(struct ingest_gauge *gauge, int64_t now_us)
{
    int64_t elapsed_us = now_us - gauge->read_us, rate_bps;
    struct jt_ring_head head;

    if (jt_ring_reader_head(gauge->reader, &head))
        return gauge->value;
    rate_bps = count_bytes(gauge, &head) * BITS * JT_USEC_PER_SEC / JT_MAX(elapsed_us, 1);
    if (gauge->next_frame && gauge->read_us)
        gauge->value.bitrate_bps +=
            gauge->value.bitrate_bps ? (rate_bps - gauge->value.bitrate_bps) / SMOOTH : rate_bps;
    gauge->next_frame = head.next_frame;
    gauge->read_us = now_us;
    return gauge->value;
}
