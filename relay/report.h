/** How many watch which show, told to chat each second by the hook `viewers`. Main loop thread only. */
#ifndef RELAY_REPORT_H
#define RELAY_REPORT_H

#include "base/base.h"

struct jt_hooks;
struct jt_loop;
struct relay_audience;
struct relay_report;

enum {
    RELAY_REPORT_EVERY_MS = 1000,
    RELAY_REPORT_IDLE_EVERY = 10, /* while nobody watches: a sign of life each tenth time */
};

/** `hooks` and `audience` are borrowed for life. */
JT_MUST_CHECK int relay_report_new(struct jt_loop *loop, struct relay_audience *audience,
                                   struct jt_hooks *hooks, struct relay_report **out);
/** NULL is fine. */
void relay_report_free(struct relay_report *report);

#endif
