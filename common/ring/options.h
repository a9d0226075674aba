/** The part of a ring's making that only tests change: small rings, numbers that start near a wrap, a clock in hand. */
#ifndef JT_RING_OPTIONS_H
#define JT_RING_OPTIONS_H

#include <stdint.h>

#include "base/base.h"

struct jt_track_info;
struct jt_ring_writer;

struct jt_ring_options {
    uint32_t row_count, slot_count;  /* powers of two within the limits of ring/layout.h */
    uint64_t first_frame, first_seq; /* where numbering begins */
    int64_t (*now_us)(void);         /* CLOCK_MONOTONIC */
};

/** What jt_ring_writer_new takes for this track. */
struct jt_ring_options jt_ring_options_of(const struct jt_track_info *info);

/** As jt_ring_writer_new. */
JT_MUST_CHECK int jt_ring_writer_new_with(const struct jt_track_info *info, uint32_t epoch,
                                          const struct jt_ring_options *options,
                                          struct jt_ring_writer **out);

#endif
