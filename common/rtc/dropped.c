#include "rtc/dropped.h"

#include "base/metrics.h"

static struct jt_metric dropped = JT_COUNTER(
    "jangteo_rtc_dropped_total", "Datagrams, DTLS records and packets dropped.", "reason");

void jt_rtc_drop(const char *reason)
{
    jt_metric_add(&dropped, reason, 1);
}

int64_t jt_rtc_dropped(const char *reason)
{
    return jt_metric_value(&dropped, reason);
}
