#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/utf8.h"

enum {
    LINE_TAIL_BYTES = 64, /* kept free for ` cut=… log_dropped=…` and the newline */
    SERVICE_NAME_MAX_BYTES = 32,
    GATE_CLOSED_US = JT_USEC_PER_SEC,
};

/* A write of up to PIPE_BUF bytes goes into a pipe whole or not at all (pipe(7)). */
_Static_assert((int)JT_LOG_LINE_MAX_BYTES <= PIPE_BUF, "a line must be one atomic write");

static const char *const level_names[] = {"error", "warn", "info", "debug"};

static struct {
    char service[SERVICE_NAME_MAX_BYTES];
    int own_fd; /* stderr opened anew, or 0 */
    atomic_int fd;
    atomic_bool is_socket;
    atomic_bool is_mid_line; /* a socket took a part of the last line only */
    atomic_int level;
    atomic_uint_fast64_t dropped;
    atomic_uint_fast64_t dropped_untold;
} state = {.service = "-", .fd = STDERR_FILENO, .level = JT_LOG_INFO};

struct line {
    char data[JT_LOG_LINE_MAX_BYTES];
    size_t size, limit;
    bool is_full; /* sticky, like jt_writer */
};

static void put_bytes(struct line *line, const char *bytes, size_t n)
{
    if (line->is_full || n > line->limit - line->size) {
        line->is_full = true;
        return;
    }
    memcpy(line->data + line->size, bytes, n);
    line->size += n;
}

static void put_text(struct line *line, const char *text)
{
    put_bytes(line, text, strlen(text));
}

JT_PRINTF(2, 3) static void put_format(struct line *line, const char *format, ...)
{
    char text[64];
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (n > 0)
        put_bytes(line, text, JT_MIN((size_t)n, sizeof(text) - 1));
}

static void put_time(struct line *line)
{
    int64_t now_us = jt_clock_wall_us();
    time_t seconds = (time_t)(now_us / JT_USEC_PER_SEC);
    struct tm utc;

    (void)gmtime_r(&seconds, &utc);
    put_format(line, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", utc.tm_year + 1900, utc.tm_mon + 1,
               utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec,
               (int)(now_us % JT_USEC_PER_SEC / JT_USEC_PER_MSEC));
}

/* Characters that would reorder, hide or break a line on a terminal though they are valid UTF-8. */
static bool is_deceptive(uint32_t c)
{
    return (c >= 0x7f && c <= 0x9f) || c == 0xad || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
           (c >= 0xe0000 && c <= 0xe007f);
}

/* How the character at `text` prints: its size in bytes in `size`, in `out` what to write. Returns bytes of `out`. */
static size_t escape_one(const char *text, size_t *size, char out[16])
{
    uint32_t c;
    size_t n = jt_utf8_next(text, strnlen(text, JT_UTF8_MAX_BYTES), &c);
    size_t written = 0;

    *size = n ? n : 1;
    if (n && c >= 0x20 && !is_deceptive(c)) {
        if (c == '"' || c == '\\')
            out[written++] = '\\';
        memcpy(out + written, text, n);
        return written + n;
    }
    if (n == 1 && (c == '\n' || c == '\r' || c == '\t')) {
        out[0] = '\\';
        out[1] = c == '\n' ? 'n' : c == '\r' ? 'r' : 't';
        return 2;
    }
    for (size_t i = 0; i < *size; i++)
        written += (size_t)snprintf(out + written, 5, "\\x%02x", (unsigned char)text[i]);
    return written;
}

static bool is_plain(const char *text)
{
    size_t i;

    for (i = 0; text[i] && i <= JT_LOG_VALUE_MAX_BYTES; i++)
        if (text[i] <= 0x20 || text[i] >= 0x7f || strchr("\"=\\", text[i]))
            return false;
    return i > 0 && i <= JT_LOG_VALUE_MAX_BYTES;
}

static void put_value_text(struct line *line, const char *text)
{
    size_t left = JT_LOG_VALUE_MAX_BYTES;
    char escaped[16];
    size_t size, n;

    if (is_plain(text)) {
        put_text(line, text);
        return;
    }
    put_text(line, "\"");
    for (; *text; text += size) {
        n = escape_one(text, &size, escaped);
        if (n > left) {
            put_text(line, "...");
            break;
        }
        put_bytes(line, escaped, n);
        left -= n;
    }
    put_text(line, "\"");
}

static void put_pair(struct line *line, const struct jt_log_kv *pair)
{
    put_text(line, " ");
    put_text(line, pair->key);
    put_text(line, "=");
    switch (pair->type) {
    case JT_KV_INT:
        put_format(line, "%lld", (long long)pair->value.i);
        break;
    case JT_KV_UINT:
        put_format(line, "%llu", (unsigned long long)pair->value.u);
        break;
    case JT_KV_DOUBLE:
        put_format(line, "%.6g", pair->value.d);
        break;
    case JT_KV_TEXT:
        put_value_text(line, pair->value.text ? pair->value.text : "-");
        break;
    }
}

/* Pairs that do not fit are left out whole, and counted. */
static void put_pairs(struct line *line, const struct jt_log_kv *pairs, size_t count)
{
    size_t put = 0, cut = 0;

    for (size_t i = 0; i < count; i++) {
        size_t size = line->size;

        if (!pairs[i].key)
            continue;
        if (!line->is_full && put < JT_LOG_KEYS_MAX)
            put_pair(line, &pairs[i]);
        else
            line->is_full = true;
        if (line->is_full) {
            line->size = size;
            cut++;
        }
        put++;
    }
    line->is_full = false;
    line->limit = sizeof(line->data) - 1;
    if (cut)
        put_format(line, " cut=%zu", cut);
}

/* Returns whether the whole line was taken. */
static bool write_line(const char *data, size_t size)
{
    int fd = atomic_load(&state.fd);
    ssize_t n;

    if (atomic_load(&state.is_socket)) {
        if (atomic_exchange(&state.is_mid_line, false) &&
            send(fd, "\n", 1, MSG_DONTWAIT | MSG_NOSIGNAL) != 1)
            atomic_store(&state.is_mid_line, true);
        n = send(fd, data, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0 && (size_t)n < size)
            atomic_store(&state.is_mid_line, true);
    } else {
        n = write(fd, data, size);
    }
    return n == (ssize_t)size;
}

void jt_log_event(enum jt_log_level level, const char *event, const struct jt_log_kv *pairs,
                  size_t count)
{
    int saved_errno = errno; /* logging must not disturb the caller's error handling */
    struct line line;
    uint64_t untold;

    if ((int)level > atomic_load_explicit(&state.level, memory_order_relaxed))
        return;
    line.size = 0;
    line.limit = sizeof(line.data) - LINE_TAIL_BYTES;
    line.is_full = false;
    put_time(&line);
    put_format(&line, " %s %s ", level_names[level], state.service);
    put_text(&line, event);
    put_pairs(&line, pairs, count);
    untold = atomic_exchange(&state.dropped_untold, 0);
    if (untold)
        put_format(&line, " log_dropped=%llu", (unsigned long long)untold);
    line.data[line.size++] = '\n';
    if (!write_line(line.data, line.size)) {
        atomic_fetch_add(&state.dropped, 1);
        atomic_fetch_add(&state.dropped_untold, untold + 1);
    }
    errno = saved_errno;
}

/*
 * O_NONBLOCK belongs to the open file, which stderr may share with a shell or with other services: a pipe or
 * terminal is opened anew, so that the flag is ours alone. A regular file is written as it is: it does not block, and
 * a second open file would have an offset of its own.
 */
static void open_stderr(void)
{
    struct stat status;
    int fd = -1;

    if (state.own_fd > 0)
        (void)close(state.own_fd);
    state.own_fd = 0;
    atomic_store(&state.fd, STDERR_FILENO);
    if (fstat(STDERR_FILENO, &status) != 0)
        return;
    atomic_store(&state.is_socket, S_ISSOCK(status.st_mode));
    if (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode))
        fd = open("/proc/self/fd/2", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return;
    state.own_fd = fd;
    atomic_store(&state.fd, fd);
}

void jt_log_init(const char *service, enum jt_log_level level)
{
    (void)snprintf(state.service, sizeof(state.service), "%s", service);
    atomic_store(&state.level, (int)level);
    (void)signal(SIGPIPE, SIG_IGN); /* a log reader that went away must not end the service */
    open_stderr();
}

int jt_log_level_parse(const char *text)
{
    for (size_t i = 0; i < JT_COUNT(level_names); i++)
        if (strcmp(text, level_names[i]) == 0)
            return (int)i;
    return -EINVAL;
}

uint64_t jt_log_dropped(void)
{
    return atomic_load(&state.dropped);
}

int jt_log_gate_pass(struct jt_log_gate *gate, int64_t now_us)
{
    int suppressed = gate->suppressed;

    if (now_us < gate->open_at_us) {
        if (gate->suppressed < INT_MAX)
            gate->suppressed++;
        return -1;
    }
    gate->open_at_us = now_us + GATE_CLOSED_US;
    gate->suppressed = 0;
    return suppressed;
}
