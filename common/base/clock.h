/**
 * Time. Everything inside a machine runs on CLOCK_MONOTONIC microseconds; wall time appears only in sender
 * reports, tokens and logs.
 */
#ifndef JT_BASE_CLOCK_H
#define JT_BASE_CLOCK_H

#include <stdint.h>

enum { JT_USEC_PER_MSEC = 1000, JT_USEC_PER_SEC = 1000000 };

/** CLOCK_MONOTONIC in microseconds: the same for all processes of a machine. Any thread. */
int64_t jt_clock_mono_us(void);

/** CLOCK_REALTIME in microseconds since 1970. Any thread. */
int64_t jt_clock_wall_us(void);

/** The same in milliseconds. */
int64_t jt_clock_wall_ms(void);

/** Wall minus monotonic, read once by whoever fixes a time base; add it to monotonic to get wall time. */
int64_t jt_clock_wall_offset_us(void);

/** Microseconds since 1970 as a 64-bit NTP time stamp (RFC 5905 §6: seconds since 1900, 32-bit fraction). */
uint64_t jt_clock_ntp(int64_t wall_us);

#endif
