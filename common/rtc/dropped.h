/** Datagrams, records and packets that this folder dropped, by reason. Any thread. */
#ifndef JT_RTC_DROPPED_H
#define JT_RTC_DROPPED_H

#include <stdint.h>

/** `reason`: one of our own words. Counts in jangteo_rtc_dropped_total. */
void jt_rtc_drop(const char *reason);

/** How many so far, for tests. */
int64_t jt_rtc_dropped(const char *reason);

#endif
