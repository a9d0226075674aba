/**
 * Metrics, shown as Prometheus text (exposition format 0.0.4). A metric is declared once, near its module, and
 * found by its descriptor; values are atomics, so that any thread may count and the admin thread may print.
 *
 *   static struct jt_metric refused = JT_COUNTER("jangteo_rtmp_refused_total", "Publishers refused.", "reason");
 *   jt_metric_add(&refused, "handshake_timeout", 1);
 *
 * A metric has at most one label; its values come from our own code, never from a peer, and are at most
 * JT_METRIC_SERIES_MAX per metric (further ones are counted under "other").
 */
#ifndef JT_BASE_METRICS_H
#define JT_BASE_METRICS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum { JT_METRIC_SERIES_MAX = 64, JT_METRIC_LABEL_MAX_BYTES = 48, JT_METRIC_BUCKETS_MAX = 20 };

enum jt_metric_type { JT_METRIC_COUNTER, JT_METRIC_GAUGE, JT_METRIC_HISTOGRAM };

struct jt_metric_series;

struct jt_metric {
    const char *name, *help, *label; /* label may be NULL */
    enum jt_metric_type type;
    const double *bounds; /* histogram: ascending upper bounds, without +Inf */
    size_t bounds_count;
    /* private */
    _Atomic(struct jt_metric_series *) series;
    _Atomic(struct jt_metric *) next;
    atomic_bool registered;
};

#define JT_COUNTER(name_, help_, label_)                                                           \
    {                                                                                              \
        .name = (name_), .help = (help_), .label = (label_), .type = JT_METRIC_COUNTER             \
    }
#define JT_GAUGE(name_, help_, label_)                                                             \
    {                                                                                              \
        .name = (name_), .help = (help_), .label = (label_), .type = JT_METRIC_GAUGE               \
    }
#define JT_HISTOGRAM(name_, help_, label_, bounds_)                                                \
    {                                                                                              \
        .name = (name_), .help = (help_), .label = (label_), .type = JT_METRIC_HISTOGRAM,          \
        .bounds = (bounds_), .bounds_count = JT_COUNT(bounds_)                                     \
    }

/** Count up (counter) or move (gauge). `label` NULL for a metric without one. Lock-free after a series' first use. */
void jt_metric_add(struct jt_metric *metric, const char *label, int64_t n);

/** Set a gauge. */
void jt_metric_set(struct jt_metric *metric, const char *label, int64_t value);

/** Take one sample into a histogram. */
void jt_metric_observe(struct jt_metric *metric, const char *label, double value);

/** The value of a counter or gauge now (0 if never touched): for tests and for one-line summaries. */
int64_t jt_metric_value(struct jt_metric *metric, const char *label);

/** Make metrics appear in the output with value 0 before anything happened. */
void jt_metric_register(struct jt_metric *metric, const char *label);

/**
 * Everything as Prometheus text, with build info and the process figures (RSS, CPU seconds, descriptors, threads,
 * start time) under Prometheus' usual names. Returns a string the caller frees, or NULL when memory is short. Any
 * thread.
 */
char *jt_metrics_text(void);

#endif
