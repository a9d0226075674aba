#include "relay/report.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "hook/hook.h"
#include "hook/set.h"
#include "loop/loop.h"
#include "relay/audience.h"
#include "ring/control.h"

struct relay_report {
    struct relay_audience *audience;
    struct jt_hooks *hooks;
    struct jt_timer *timer;
    bool had_viewers; /* when it was told last */
    int skipped;
};

struct page {
    struct jt_hook_set *set;
    bool has_viewers;
    int err;
};

static void put(void *arg, const char *show, int watching)
{
    struct page *page = arg;
    char json[JT_SHOW_NAME_MAX_BYTES + 64];
    int size = snprintf(json, sizeof(json), "{\"show\":\"%s\",\"sessions\":%d}", show, watching);

    page->has_viewers = true;
    if (!page->err)
        page->err = jt_hook_set_add(page->set, json, (size_t)size);
}

static bool is_due(struct relay_report *report, bool has_viewers)
{
    if (!has_viewers && !report->had_viewers && ++report->skipped < RELAY_REPORT_IDLE_EVERY)
        return false;
    report->had_viewers = has_viewers;
    report->skipped = 0;
    return true;
}

static void on_timer(void *arg)
{
    struct relay_report *report = arg;
    struct page page = {0};

    if (jt_hook_set_new(&page.set))
        return;
    relay_audience_each_watched(report->audience, put, &page);
    if (!page.err && is_due(report, page.has_viewers))
        page.err = jt_hook_set_post(page.set, report->hooks, "/hooks/viewers", jt_clock_wall_ms());
    if (page.err)
        jt_debug("viewers.not_told", KV("err", page.err));
    jt_hook_set_free(page.set);
}

int relay_report_new(struct jt_loop *loop, struct relay_audience *audience, struct jt_hooks *hooks,
                     struct relay_report **out)
{
    struct relay_report *report = calloc(1, sizeof(*report));
    int64_t every_us = (int64_t)RELAY_REPORT_EVERY_MS * JT_USEC_PER_MSEC;
    int err;

    if (!report)
        return -ENOMEM;
    report->audience = audience;
    report->hooks = hooks;
    err = jt_timer_new(loop, "report.viewers", on_timer, report, &report->timer);
    if (err) {
        free(report);
        return err;
    }
    jt_timer_start(report->timer, every_us, every_us);
    *out = report;
    return 0;
}

void relay_report_free(struct relay_report *report)
{
    if (!report)
        return;
    jt_timer_free(report->timer);
    free(report);
}
