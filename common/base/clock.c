#include "base/clock.h"

#include <time.h>

enum { NSEC_PER_USEC = 1000 };

/* RFC 5905 figure 4: the NTP era 0 begins in 1900, 70 years and 17 leap days before 1970. */
static const uint64_t ntp_unix_offset_s = 2208988800U;

static int64_t read_us(clockid_t clock)
{
    struct timespec now;

    (void)clock_gettime(clock, &now); /* can't fail for these clocks and a good pointer */
    return (int64_t)now.tv_sec * JT_USEC_PER_SEC + now.tv_nsec / NSEC_PER_USEC;
}

int64_t jt_clock_mono_us(void)
{
    return read_us(CLOCK_MONOTONIC);
}

int64_t jt_clock_wall_us(void)
{
    return read_us(CLOCK_REALTIME);
}

int64_t jt_clock_wall_ms(void)
{
    return jt_clock_wall_us() / JT_USEC_PER_MSEC;
}

int64_t jt_clock_wall_offset_us(void)
{
    return jt_clock_wall_us() - jt_clock_mono_us();
}

uint64_t jt_clock_ntp(int64_t wall_us)
{
    int64_t seconds = wall_us / JT_USEC_PER_SEC;
    int64_t rest_us = wall_us % JT_USEC_PER_SEC;
    uint64_t fraction;

    if (rest_us < 0) { /* before 1970: C rounds towards zero, a fraction counts up */
        rest_us += JT_USEC_PER_SEC;
        seconds--;
    }
    fraction = ((uint64_t)rest_us << 32) / JT_USEC_PER_SEC;
    return ((uint64_t)seconds + ntp_unix_offset_s) << 32 | fraction;
}
