/* The logger, with its stderr turned into pipes, sockets and files that we read back. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"

enum { OUTPUT_MAX_BYTES = 1 << 20 };

static int real_stderr;
static char output[OUTPUT_MAX_BYTES];

/* Make `fd` (taken) the process's stderr. */
static void set_stderr(int fd)
{
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    (void)close(fd);
    jt_log_init("relay", JT_LOG_INFO);
}

static int teardown(void **state)
{
    (void)state;
    (void)dup2(real_stderr, STDERR_FILENO);
    jt_log_init("test", JT_LOG_INFO);
    return 0;
}

static int open_pipe(void)
{
    int ends[2];

    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    set_stderr(ends[1]);
    return ends[0];
}

/* Everything that is in `fd` now, as a string in `output`. */
static size_t drain(int fd)
{
    size_t size = 0;
    ssize_t n;

    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    while ((n = read(fd, output + size, sizeof(output) - 1 - size)) > 0)
        size += (size_t)n;
    output[size] = '\0';
    return size;
}

static size_t count_lines(void)
{
    size_t lines = 0;

    for (const char *c = output; *c; c++)
        lines += *c == '\n';
    return lines;
}

/* The one line in `output` behind its time stamp. */
static const char *line_body(void)
{
    int year, month, day, hour, minute, second, ms, size = 0;

    assert_int_equal(count_lines(), 1);
    assert_int_equal(sscanf(output, "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ %n", &year, &month, &day, &hour,
                            &minute, &second, &ms, &size),
                     7);
    assert_int_equal(size, strlen("2026-01-02T03:04:05.678Z "));
    return output + size;
}

static void test_line(void **state)
{
    int fd = open_pipe();

    (void)state;
    jt_info("viewer.join", KV("room", "market"), KV("queue_ms", 0), KV("low", -5),
            KV("big", UINT64_MAX), KV("ratio", 0.25), KV("none", (const char *)NULL));
    (void)drain(fd);
    assert_string_equal(line_body(), "info relay viewer.join room=market queue_ms=0 low=-5 "
                                     "big=18446744073709551615 ratio=0.25 none=-\n");
    jt_error("a.b");
    (void)drain(fd);
    assert_string_equal(line_body(), "error relay a.b\n");
    jt_debug("a.b", KV("hidden", 1));
    assert_int_equal(drain(fd), 0);
    (void)close(fd);
}

/* C3: whatever a value holds, one event stays one line that no terminal obeys. */
static void test_c3_injection(void **state)
{
    static const struct {
        const char *value, *printed;
    } rows[] = {
        {"a\r\n2026-01-02T03:04:05.678Z info relay fake.event",
         "\"a\\r\\n2026-01-02T03:04:05.678Z info relay fake.event\""},
        {"\033[2J\033]0;title\a", "\"\\x1b[2J\\x1b]0;title\\x07\""},
        {"%s%n%99999d", "%s%n%99999d"},
        {"a=b", "\"a=b\""},
        {"say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""},
        {"", "\"\""},
        {"장터", "\"장터\""},
        {"\xc2\x9b"
         "31m",
         "\"\\xc2\\x9b31m\""}, /* CSI as a C1 control */
        {"\xe2\x80\xae"
         "gpj.exe",
         "\"\\xe2\\x80\\xaegpj.exe\""},          /* U+202E turns the text round */
        {"\xe2\x80\xa8", "\"\\xe2\\x80\\xa8\""}, /* U+2028, a line separator */
        {"\xff\xfe\xc0\x80", "\"\\xff\\xfe\\xc0\\x80\""},
        {"\xed\xa0\x80", "\"\\xed\\xa0\\x80\""},
        {"cut \xe2\x80", "\"cut \\xe2\\x80\""},
        {"\x7f", "\"\\x7f\""},
    };
    int fd = open_pipe();
    char expected[256];

    (void)state;
    for (size_t i = 0; i < JT_COUNT(rows); i++) {
        jt_info("x.y", KV("v", rows[i].value));
        (void)drain(fd);
        (void)snprintf(expected, sizeof(expected), "info relay x.y v=%s\n", rows[i].printed);
        assert_string_equal(line_body(), expected);
    }
    (void)close(fd);
}

static void test_c3_long_values_are_capped(void **state)
{
    static const char units[] = {'a', '\n', '\xff', ' ', '"'};
    char *megabyte = malloc((1 << 20) + 1);
    int fd = open_pipe();

    (void)state;
    assert_non_null(megabyte);
    megabyte[1 << 20] = '\0';
    for (size_t i = 0; i < sizeof(units); i++) {
        memset(megabyte, units[i], 1 << 20);
        jt_info("x.y", KV("v", megabyte), KV("after", 1));
        assert_in_range(drain(fd), JT_LOG_VALUE_MAX_BYTES / 2, JT_LOG_VALUE_MAX_BYTES + 100);
        assert_non_null(strstr(line_body(), "...\" after=1\n"));
    }
    free(megabyte);
    (void)close(fd);
}

static void test_long_lines_lose_whole_pairs(void **state)
{
    char value[JT_LOG_VALUE_MAX_BYTES + 1];
    int fd = open_pipe();

    (void)state;
    memset(value, 'a', sizeof(value) - 1);
    value[sizeof(value) - 1] = '\0';
    jt_info("x.y", KV("a", value), KV("b", value), KV("c", value), KV("d", value), KV("e", value),
            KV("f", value), KV("g", value), KV("h", value), KV("i", value), KV("small", 1));
    assert_in_range(drain(fd), 7 * JT_LOG_VALUE_MAX_BYTES, JT_LOG_LINE_MAX_BYTES);
    assert_non_null(strstr(line_body(), " g=aaa"));
    assert_null(strstr(output, " h="));
    assert_non_null(strstr(output, "a cut=3\n"));

    jt_info("x.y", KV("k", 1), KV("k", 2), KV("k", 3), KV("k", 4), KV("k", 5), KV("k", 6),
            KV("k", 7), KV("k", 8), KV("k", 9), KV("k", 10), KV("k", 11), KV("k", 12), KV("k", 13),
            KV("k", 14), KV("k", 15), KV("k", 16), KV("k", 17));
    (void)drain(fd);
    assert_non_null(strstr(line_body(), " k=16 cut=1\n"));
    (void)close(fd);
}

static uint64_t log_until_full(int lines)
{
    uint64_t before = jt_log_dropped();
    int64_t start_us = jt_clock_mono_us();

    for (int i = 0; i < lines; i++)
        jt_info("flood.line", KV("i", i));
    assert_true(jt_clock_mono_us() - start_us < 10 * JT_USEC_PER_SEC); /* it would block for ever */
    return jt_log_dropped() - before;
}

/* V10: nobody reads the pipe. Lines are dropped whole, counted, and the next one that gets through says how many. */
static void test_v10_blocked_pipe(void **state)
{
    int fd = open_pipe();
    uint64_t dropped = log_until_full(20000);
    char expected[64];
    size_t size;

    (void)state;
    assert_in_range(dropped, 15000, 19999);
    assert_false(fcntl(STDERR_FILENO, F_GETFL) &
                 O_NONBLOCK); /* the shared stderr stays as it was */
    size = drain(fd);
    assert_int_equal(output[size - 1], '\n');
    assert_int_equal(count_lines(), 20000 - dropped);

    jt_info("flood.over");
    (void)drain(fd);
    (void)snprintf(expected, sizeof(expected), "info relay flood.over log_dropped=%llu\n",
                   (unsigned long long)dropped);
    assert_string_equal(line_body(), expected);
    jt_info("flood.after");
    (void)drain(fd);
    assert_string_equal(line_body(), "info relay flood.after\n");
    (void)close(fd);
}

/* V10: stderr under systemd is a stream socket; a line that went in half is ended before the next. */
static void test_v10_blocked_socket(void **state)
{
    int ends[2];
    uint64_t dropped;
    size_t lines = 0;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    set_stderr(ends[1]);
    dropped = log_until_full(20000);
    assert_in_range(dropped, 1, 19999);
    (void)drain(ends[0]);
    jt_info("flood.over");
    (void)drain(ends[0]);
    for (char *line = strtok(output, "\n"); line; line = strtok(NULL, "\n"))
        lines += strstr(line, "flood.over log_dropped=") != NULL;
    assert_int_equal(lines, 1);
    (void)close(ends[0]);
}

/* V10: the reader has gone. */
static void test_v10_broken_pipe(void **state)
{
    uint64_t before;

    (void)state;
    (void)close(open_pipe());
    before = jt_log_dropped();
    jt_info("still.alive");
    assert_int_equal(jt_log_dropped(), before + 1);
}

static void test_file_is_appended_where_it_was(void **state)
{
    char path[] = "/tmp/jangteo-log-XXXXXX";
    int fd = mkstemp(path), reader = open(path, O_RDONLY | O_CLOEXEC);

    (void)state;
    assert_true(fd >= 0 && reader >= 0);
    assert_int_equal(write(fd, "before\n", 7), 7);
    set_stderr(fd);
    jt_info("first.line"); /* tells what the tests before have dropped */
    jt_info("x.y");
    assert_true(write(STDERR_FILENO, "after\n", 6) == 6);
    (void)drain(reader);
    assert_ptr_equal(strstr(output, "before\n"), output);
    assert_non_null(strstr(output, "info relay x.y\nafter\n"));
    (void)close(reader);
    (void)unlink(path);
}

static void test_level_names(void **state)
{
    (void)state;
    assert_int_equal(jt_log_level_parse("error"), JT_LOG_ERROR);
    assert_int_equal(jt_log_level_parse("debug"), JT_LOG_DEBUG);
    assert_true(jt_log_level_parse("") < 0);
    assert_true(jt_log_level_parse("INFO") < 0);
    assert_true(jt_log_level_parse("infos") < 0);
}

static void test_gate_passes_one_a_second(void **state)
{
    struct jt_log_gate gate = {0};
    int64_t now_us = 1000;

    (void)state;
    assert_int_equal(jt_log_gate_pass(&gate, now_us), 0);
    for (int i = 0; i < 5; i++)
        assert_int_equal(jt_log_gate_pass(&gate, now_us + i), -1);
    assert_int_equal(jt_log_gate_pass(&gate, now_us + 999999), -1);
    assert_int_equal(jt_log_gate_pass(&gate, now_us + 1000000), 6);
    assert_int_equal(jt_log_gate_pass(&gate, now_us + 2000000), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(test_line, teardown),
        cmocka_unit_test_teardown(test_c3_injection, teardown),
        cmocka_unit_test_teardown(test_c3_long_values_are_capped, teardown),
        cmocka_unit_test_teardown(test_long_lines_lose_whole_pairs, teardown),
        cmocka_unit_test_teardown(test_v10_blocked_pipe, teardown),
        cmocka_unit_test_teardown(test_v10_blocked_socket, teardown),
        cmocka_unit_test_teardown(test_v10_broken_pipe, teardown),
        cmocka_unit_test_teardown(test_file_is_appended_where_it_was, teardown),
        cmocka_unit_test(test_level_names),
        cmocka_unit_test(test_gate_passes_one_a_second),
    };

    real_stderr = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
