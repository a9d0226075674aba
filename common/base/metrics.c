#include "base/metrics.h"

#include <assert.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics_process.h"
#include "base/version.h"

struct jt_metric_series {
    struct jt_metric_series *next; /* newest first; fixed once published */
    char label[JT_METRIC_LABEL_MAX_BYTES];
    atomic_int_fast64_t value; /* histogram: number of samples */
    _Atomic(double) sum;
    atomic_int_fast64_t buckets[]; /* not cumulative; one more than bounds, for +Inf */
};

static const char overflow_label[] = "other";
static pthread_mutex_t growth = PTHREAD_MUTEX_INITIALIZER;
static _Atomic(struct jt_metric *) all_metrics;
static struct jt_metric build_info =
    JT_GAUGE("jangteo_build_info", "Version of this build.", "version");

static struct jt_metric_series *find_series(struct jt_metric *metric, const char *label)
{
    struct jt_metric_series *series = atomic_load_explicit(&metric->series, memory_order_acquire);

    for (; series; series = series->next)
        if (strncmp(series->label, label, sizeof(series->label) - 1) == 0)
            return series;
    return NULL;
}

static size_t count_series(struct jt_metric *metric)
{
    size_t count = 0;

    for (struct jt_metric_series *s = atomic_load(&metric->series); s; s = s->next)
        count++;
    return count;
}

/* With `growth` held. */
static void register_metric(struct jt_metric *metric)
{
    if (atomic_load(&metric->registered))
        return;
    atomic_store(&metric->next, atomic_load(&all_metrics));
    atomic_store(&all_metrics, metric);
    atomic_store(&metric->registered, true);
}

/* With `growth` held. */
static struct jt_metric_series *add_series(struct jt_metric *metric, const char *label)
{
    size_t buckets = metric->type == JT_METRIC_HISTOGRAM ? metric->bounds_count + 1 : 0;
    struct jt_metric_series *series =
        calloc(1, sizeof(*series) + buckets * sizeof(series->buckets[0]));

    assert(metric->bounds_count <= JT_METRIC_BUCKETS_MAX);
    if (!series)
        return NULL;
    (void)snprintf(series->label, sizeof(series->label), "%s", label);
    series->next = atomic_load(&metric->series);
    atomic_store_explicit(&metric->series, series, memory_order_release);
    register_metric(metric);
    return series;
}

static struct jt_metric_series *grow(struct jt_metric *metric, const char *label)
{
    struct jt_metric_series *series;

    (void)pthread_mutex_lock(&growth);
    series = find_series(metric, label);
    if (!series && count_series(metric) >= JT_METRIC_SERIES_MAX - 1) {
        label = overflow_label;
        series = find_series(metric, label);
    }
    if (!series)
        series = add_series(metric, label);
    (void)pthread_mutex_unlock(&growth);
    return series;
}

/* The series of `label`, made at its first use. NULL when memory is short: then the count is lost. */
static struct jt_metric_series *series_of(struct jt_metric *metric, const char *label)
{
    struct jt_metric_series *series;

    assert(!label == !metric->label); /* a label if and only if the metric has one */
    if (!label)
        label = "";
    series = find_series(metric, label);
    return series ? series : grow(metric, label);
}

void jt_metric_add(struct jt_metric *metric, const char *label, int64_t n)
{
    struct jt_metric_series *series = series_of(metric, label);

    assert(metric->type == JT_METRIC_GAUGE || (metric->type == JT_METRIC_COUNTER && n >= 0));
    if (series)
        atomic_fetch_add_explicit(&series->value, n, memory_order_relaxed);
}

void jt_metric_set(struct jt_metric *metric, const char *label, int64_t value)
{
    struct jt_metric_series *series = series_of(metric, label);

    assert(metric->type == JT_METRIC_GAUGE);
    if (series)
        atomic_store_explicit(&series->value, value, memory_order_relaxed);
}

void jt_metric_observe(struct jt_metric *metric, const char *label, double value)
{
    struct jt_metric_series *series = series_of(metric, label);
    size_t bucket = 0;
    double sum;

    assert(metric->type == JT_METRIC_HISTOGRAM);
    if (!series || isnan(value))
        return;
    while (bucket < metric->bounds_count && value > metric->bounds[bucket])
        bucket++;
    sum = atomic_load_explicit(&series->sum, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&series->sum, &sum, sum + value,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&series->value, 1, memory_order_relaxed);
}

int64_t jt_metric_value(struct jt_metric *metric, const char *label)
{
    struct jt_metric_series *series = find_series(metric, label ? label : "");

    return series ? atomic_load_explicit(&series->value, memory_order_relaxed) : 0;
}

void jt_metric_register(struct jt_metric *metric, const char *label)
{
    (void)series_of(metric, label);
}

/* ---- the text ---- */

static void print_escaped(FILE *out, const char *text, bool in_quotes)
{
    for (; *text; text++) {
        if (*text == '\n')
            (void)fputs("\\n", out);
        else if (*text == '\\' || (in_quotes && *text == '"'))
            (void)fprintf(out, "\\%c", *text);
        else
            (void)fputc(*text, out);
    }
}

/* `{label="value",le="bound"}` as far as they are there. */
static void print_labels(FILE *out, const struct jt_metric *metric,
                         const struct jt_metric_series *series, const char *le)
{
    if (!metric->label && !le)
        return;
    (void)fputc('{', out);
    if (metric->label) {
        (void)fprintf(out, "%s=\"", metric->label);
        print_escaped(out, series->label, true);
        (void)fputs(le ? "\"," : "\"", out);
    }
    if (le)
        (void)fprintf(out, "le=\"%s\"", le);
    (void)fputc('}', out);
}

static void print_sample(FILE *out, const struct jt_metric *metric,
                         const struct jt_metric_series *series, const char *suffix, double value)
{
    (void)fprintf(out, "%s%s", metric->name, suffix);
    print_labels(out, metric, series, NULL);
    (void)fprintf(out, " %.17g\n", value);
}

static void print_histogram(FILE *out, const struct jt_metric *metric,
                            const struct jt_metric_series *series)
{
    int64_t samples = 0;
    char le[32];

    for (size_t i = 0; i <= metric->bounds_count; i++) {
        samples += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        (void)snprintf(le, sizeof(le), "+Inf");
        if (i < metric->bounds_count)
            (void)snprintf(le, sizeof(le), "%g", metric->bounds[i]);
        (void)fprintf(out, "%s_bucket", metric->name);
        print_labels(out, metric, series, le);
        (void)fprintf(out, " %lld\n", (long long)samples);
    }
    print_sample(out, metric, series, "_sum",
                 atomic_load_explicit(&series->sum, memory_order_relaxed));
    /* _count is what the buckets add up to: samples may have come in meanwhile */
    print_sample(out, metric, series, "_count", (double)samples);
}

static int compare_series(const void *a, const void *b)
{
    const struct jt_metric_series *const *left = a, *const *right = b;

    return strcmp((*left)->label, (*right)->label);
}

static void print_metric(FILE *out, struct jt_metric *metric)
{
    static const char *const types[] = {"counter", "gauge", "histogram"};
    struct jt_metric_series *sorted[JT_METRIC_SERIES_MAX];
    size_t count = 0;

    for (struct jt_metric_series *s = atomic_load(&metric->series); s; s = s->next)
        if (count < JT_COUNT(sorted))
            sorted[count++] = s;
    qsort(sorted, count, sizeof(struct jt_metric_series *), compare_series);

    (void)fprintf(out, "# HELP %s ", metric->name);
    print_escaped(out, metric->help, false);
    (void)fprintf(out, "\n# TYPE %s %s\n", metric->name, types[metric->type]);
    for (size_t i = 0; i < count; i++) {
        if (metric->type == JT_METRIC_HISTOGRAM) {
            print_histogram(out, metric, sorted[i]);
            continue;
        }
        (void)fputs(metric->name, out);
        print_labels(out, metric, sorted[i], NULL);
        (void)fprintf(out, " %lld\n", (long long)atomic_load(&sorted[i]->value));
    }
}

static int compare_metrics(const void *a, const void *b)
{
    struct jt_metric *const *left = a, *const *right = b;

    return strcmp((*left)->name, (*right)->name);
}

/* All metrics by name; those that are registered meanwhile are left out. */
static struct jt_metric **sort_metrics(size_t *count)
{
    struct jt_metric *first = atomic_load(&all_metrics), **sorted;
    size_t n = 0;

    for (struct jt_metric *m = first; m; m = atomic_load(&m->next))
        n++;
    sorted = calloc(n + 1, sizeof(struct jt_metric *));
    if (!sorted)
        return NULL;
    *count = n;
    n = 0;
    for (struct jt_metric *m = first; m; m = atomic_load(&m->next))
        sorted[n++] = m;
    qsort(sorted, n, sizeof(struct jt_metric *), compare_metrics);
    return sorted;
}

char *jt_metrics_text(void)
{
    struct jt_metric **sorted;
    size_t count = 0, size;
    char *text = NULL;
    FILE *out;

    jt_metric_set(&build_info, jt_version(), 1);
    sorted = sort_metrics(&count);
    out = sorted ? open_memstream(&text, &size) : NULL;
    if (!out) {
        free(sorted);
        return NULL;
    }
    for (size_t i = 0; i < count; i++)
        print_metric(out, sorted[i]);
    jt_metrics_process_print(out);
    free(sorted);
    if (fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}
