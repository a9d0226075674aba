/* The exposition format 0.0.4, read by a small strict parser written from its description. */
#include <ctype.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/metrics.h"
#include "base/version.h"

enum { SAMPLES_MAX = 512, THREADS = 4, ROUNDS = 20000 };

struct sample {
    char name[128], labels[256]; /* labels as `key=value,`, unescaped */
    double value;
};

static struct {
    struct sample samples[SAMPLES_MAX];
    size_t count;
    char family[128], type[16]; /* of the last # TYPE */
} page;

/* ---- the parser: it fails the test on anything the format does not allow ---- */

static const char *parse_name(const char *c, char *out, bool may_have_colon)
{
    size_t n = 0;

    assert_true(isalpha((unsigned char)*c) || *c == '_' || (may_have_colon && *c == ':'));
    while (isalnum((unsigned char)*c) || *c == '_' || (may_have_colon && *c == ':'))
        out[n++] = *c++;
    assert_true(n < 128);
    out[n] = '\0';
    return c;
}

static const char *parse_label_value(const char *c, char **out)
{
    assert_int_equal(*c++, '"');
    for (; *c != '"'; c++) {
        assert_true(*c != '\0' && *c != '\n');
        if (*c != '\\') {
            *(*out)++ = *c;
            continue;
        }
        c++;
        assert_true(*c == '\\' || *c == '"' || *c == 'n');
        *(*out)++ = *c == 'n' ? '\n' : *c;
    }
    return c + 1;
}

static const char *parse_labels(const char *c, char *out)
{
    *out = '\0';
    if (*c != '{')
        return c;
    do {
        c = parse_name(c + 1, out, false);
        out += strlen(out);
        assert_int_equal(*c++, '=');
        *out++ = '=';
        c = parse_label_value(c, &out);
        *out++ = ',';
        *out = '\0';
    } while (*c == ',');
    assert_int_equal(*c, '}');
    return c + 1;
}

static bool belongs_to_family(const char *name)
{
    static const char *const suffixes[] = {"_bucket", "_sum", "_count"};
    size_t n = strlen(page.family);

    if (strcmp(page.type, "histogram") != 0)
        return strcmp(name, page.family) == 0;
    for (size_t i = 0; i < JT_COUNT(suffixes); i++)
        if (strncmp(name, page.family, n) == 0 && strcmp(name + n, suffixes[i]) == 0)
            return true;
    return false;
}

static void parse_sample(const char *line)
{
    struct sample *sample = &page.samples[page.count++];
    const char *c = parse_name(line, sample->name, true);
    char *end;

    assert_true(page.count < SAMPLES_MAX);
    assert_true(belongs_to_family(sample->name));
    c = parse_labels(c, sample->labels);
    assert_int_equal(*c++, ' ');
    assert_false(isspace((unsigned char)*c));
    sample->value = strtod(c, &end);
    assert_true(end > c && *end == '\0'); /* no time stamp: we never give one */
}

static void parse_comment(const char *line)
{
    char name[128], last[128];
    const char *c;

    if (strncmp(line, "# HELP ", 7) == 0) {
        (void)snprintf(last, sizeof(last), "%s", page.family);
        c = parse_name(line + 7, page.family, true);
        assert_int_equal(*c, ' ');
        assert_true(strcmp(last, page.family) < 0); /* sorted, and each family once */
        page.type[0] = '\0';
        for (c++; *c; c++)
            if (*c == '\\') {
                c++;
                assert_true(*c == '\\' || *c == 'n');
            }
        return;
    }
    assert_memory_equal(line, "# TYPE ", 7);
    c = parse_name(line + 7, name, true);
    assert_string_equal(name, page.family);
    assert_string_equal(page.type, ""); /* once, and before the samples */
    (void)snprintf(page.type, sizeof(page.type), "%s", c + 1);
    assert_true(strcmp(page.type, "counter") == 0 || strcmp(page.type, "gauge") == 0 ||
                strcmp(page.type, "histogram") == 0);
}

static void read_page(void)
{
    char *text = jt_metrics_text(), *rest = NULL;

    assert_non_null(text);
    assert_int_equal(text[strlen(text) - 1], '\n');
    memset(&page, 0, sizeof(page));
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        if (*line == '#')
            parse_comment(line);
        else
            parse_sample(line);
    }
    for (size_t i = 0; i < page.count; i++)
        for (size_t j = 0; j < i; j++)
            assert_false(strcmp(page.samples[i].name, page.samples[j].name) == 0 &&
                         strcmp(page.samples[i].labels, page.samples[j].labels) == 0);
    free(text);
}

static const struct sample *find(const char *name, const char *labels)
{
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, name) == 0 && strcmp(page.samples[i].labels, labels) == 0)
            return &page.samples[i];
    return NULL;
}

static void assert_value(const char *name, const char *labels, double value)
{
    const struct sample *sample = find(name, labels);

    if (!sample)
        fail_msg("no %s{%s}", name, labels);
    else if (sample->value != value)
        fail_msg("%s{%s} is %g", name, labels, sample->value);
}

/* ---- the tests ---- */

static void test_counter_and_gauge(void **state)
{
    static struct jt_metric plain = JT_COUNTER("jangteo_t_plain_total", "Plain.", NULL);
    static struct jt_metric refused = JT_COUNTER("jangteo_t_refused_total", "Refused.", "reason");
    static struct jt_metric level = JT_GAUGE("jangteo_t_level", "Level.", NULL);
    static struct jt_metric unused = JT_GAUGE("jangteo_t_unused", "Unused.", NULL);

    (void)state;
    assert_int_equal(jt_metric_value(&plain, NULL), 0);
    jt_metric_add(&plain, NULL, 2);
    jt_metric_add(&plain, NULL, 3);
    jt_metric_add(&refused, "timeout", 1);
    jt_metric_register(&refused, "bad_name");
    jt_metric_set(&level, NULL, 7);
    jt_metric_add(&level, NULL, -9);
    read_page();
    assert_value("jangteo_t_plain_total", "", 5);
    assert_value("jangteo_t_refused_total", "reason=timeout,", 1);
    assert_value("jangteo_t_refused_total", "reason=bad_name,", 0);
    assert_value("jangteo_t_level", "", -2);
    assert_int_equal(jt_metric_value(&level, NULL), -2);
    assert_null(find("jangteo_t_unused", ""));
    assert_int_equal(jt_metric_value(&unused, NULL), 0);
}

static void test_labels_are_sorted_and_escaped(void **state)
{
    static struct jt_metric odd = JT_GAUGE("jangteo_t_odd", "A \\ and a\nline.", "what");
    size_t first = SAMPLES_MAX;

    (void)state;
    jt_metric_set(&odd, "b", 1);
    jt_metric_set(&odd, "a\"\\\n", 2);
    jt_metric_set(&odd, "c", 3);
    read_page();
    assert_value("jangteo_t_odd", "what=a\"\\\n,", 2);
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, "jangteo_t_odd") == 0 && first == SAMPLES_MAX)
            first = i;
    assert_string_equal(page.samples[first].labels, "what=a\"\\\n,");
    assert_string_equal(page.samples[first + 1].labels, "what=b,");
    assert_string_equal(page.samples[first + 2].labels, "what=c,");
}

static void test_histogram_is_cumulative(void **state)
{
    static const double bounds[] = {0.001, 0.5, 1, 10};
    static struct jt_metric delay =
        JT_HISTOGRAM("jangteo_t_delay_seconds", "Delay.", "path", bounds);
    static const double samples[] = {0.0005, 0.001, 0.002, 0.5, 2, 10, 11, -1};

    (void)state;
    for (size_t i = 0; i < JT_COUNT(samples); i++)
        jt_metric_observe(&delay, "x", samples[i]);
    read_page();
    assert_value("jangteo_t_delay_seconds_bucket", "path=x,le=0.001,", 3);
    assert_value("jangteo_t_delay_seconds_bucket", "path=x,le=0.5,", 5);
    assert_value("jangteo_t_delay_seconds_bucket", "path=x,le=1,", 5);
    assert_value("jangteo_t_delay_seconds_bucket", "path=x,le=10,", 7);
    assert_value("jangteo_t_delay_seconds_bucket", "path=x,le=+Inf,", 8);
    assert_value("jangteo_t_delay_seconds_count", "path=x,", 8);
    assert_true(find("jangteo_t_delay_seconds_sum", "path=x,")->value > 22.5034);
    assert_true(find("jangteo_t_delay_seconds_sum", "path=x,")->value < 22.5036);
}

static void test_too_many_labels_become_other(void **state)
{
    static struct jt_metric many = JT_COUNTER("jangteo_t_many_total", "Many.", "who");
    char label[32];
    int64_t sum = 0;
    size_t series = 0;

    (void)state;
    for (int i = 0; i < 200; i++) {
        (void)snprintf(label, sizeof(label), "w%d", i);
        jt_metric_add(&many, label, 1);
    }
    read_page();
    for (size_t i = 0; i < page.count; i++)
        if (strcmp(page.samples[i].name, "jangteo_t_many_total") == 0) {
            sum += (int64_t)page.samples[i].value;
            series++;
        }
    assert_int_equal(series, JT_METRIC_SERIES_MAX);
    assert_int_equal(sum, 200);
    assert_value("jangteo_t_many_total", "who=other,", 200 - (JT_METRIC_SERIES_MAX - 1));
}

static void test_process_and_build(void **state)
{
    char build_label[64];

    (void)state;
    (void)snprintf(build_label, sizeof(build_label), "version=%s,", jt_version());
    read_page();
    assert_true(find("process_resident_memory_bytes", "")->value > 100000);
    assert_true(find("process_open_fds", "")->value >= 3);
    assert_true(find("process_open_fds", "")->value < 1000);
    assert_true(find("process_threads", "")->value >= 1);
    assert_true(find("process_cpu_seconds_total", "")->value > 0);
    assert_true(find("process_start_time_seconds", "")->value > 1.7e9);
    assert_true(find("process_start_time_seconds", "")->value <= (double)time(NULL) + 1);
    assert_value("jangteo_build_info", build_label, 1);
}

static struct jt_metric shared_total = JT_COUNTER("jangteo_t_shared_total", "Shared.", "label");
static const double shared_bounds[] = {1, 2};
static struct jt_metric shared_delay =
    JT_HISTOGRAM("jangteo_t_shared_delay", "Shared.", NULL, shared_bounds);

static void *count_along(void *arg)
{
    static const char *const labels[] = {"a", "b", "c", "d", "e", "f", "g", "h"};

    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        jt_metric_add(&shared_total, labels[i % 8], 1);
        jt_metric_observe(&shared_delay, NULL, 1.5);
    }
    return NULL;
}

/* Series are made and printed while others count: nothing is lost, nothing counted twice. */
static void test_threads_count_together(void **state)
{
    pthread_t threads[THREADS];

    (void)state;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_along, NULL), 0);
    for (int i = 0; i < 20; i++)
        read_page();
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    read_page();
    assert_value("jangteo_t_shared_total", "label=a,", THREADS * ROUNDS / 8);
    assert_value("jangteo_t_shared_total", "label=h,", THREADS * ROUNDS / 8);
    assert_value("jangteo_t_shared_delay_count", "", THREADS * ROUNDS);
    assert_value("jangteo_t_shared_delay_sum", "", THREADS * ROUNDS * 1.5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counter_and_gauge),
        cmocka_unit_test(test_labels_are_sorted_and_escaped),
        cmocka_unit_test(test_histogram_is_cumulative),
        cmocka_unit_test(test_too_many_labels_become_other),
        cmocka_unit_test(test_process_and_build),
        cmocka_unit_test(test_threads_count_together),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
