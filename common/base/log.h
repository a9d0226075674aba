/**
 * One line is one event: `jt_info("viewer.join", KV("room", name), KV("queue_ms", 0))` prints
 * `2026-01-02T03:04:05.678Z info relay viewer.join room=market queue_ms=0` to stderr. Values are escaped (control
 * characters, quotes, spaces, invalid UTF-8) and capped, so that one event stays one line whatever a peer sent.
 * Never blocks: when the pipe is full the line is dropped and counted, and the next line says how many. Any thread.
 */
#ifndef JT_BASE_LOG_H
#define JT_BASE_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum jt_log_level { JT_LOG_ERROR, JT_LOG_WARN, JT_LOG_INFO, JT_LOG_DEBUG };

enum {
    JT_LOG_LINE_MAX_BYTES = 4096,
    JT_LOG_VALUE_MAX_BYTES = 512,
    JT_LOG_KEYS_MAX = 16,
};

struct jt_log_kv {
    const char *key;
    enum { JT_KV_INT, JT_KV_UINT, JT_KV_TEXT, JT_KV_DOUBLE } type;
    union {
        int64_t i;
        uint64_t u;
        double d;
        const char *text; /* NULL prints as "-" */
    } value;
};

static inline struct jt_log_kv jt_kv_int(const char *key, int64_t value)
{
    return (struct jt_log_kv){.key = key, .type = JT_KV_INT, .value.i = value};
}

static inline struct jt_log_kv jt_kv_uint(const char *key, uint64_t value)
{
    return (struct jt_log_kv){.key = key, .type = JT_KV_UINT, .value.u = value};
}

static inline struct jt_log_kv jt_kv_double(const char *key, double value)
{
    return (struct jt_log_kv){.key = key, .type = JT_KV_DOUBLE, .value.d = value};
}

static inline struct jt_log_kv jt_kv_text(const char *key, const char *value)
{
    return (struct jt_log_kv){.key = key, .type = JT_KV_TEXT, .value.text = value};
}

/** A key with a value of any integer type, double or string. */
#define KV(key, value)                                                                             \
    _Generic((value),                                                                              \
        char *: jt_kv_text,                                                                        \
        const char *: jt_kv_text,                                                                  \
        float: jt_kv_double,                                                                       \
        double: jt_kv_double,                                                                      \
        unsigned long: jt_kv_uint,                                                                 \
        unsigned long long: jt_kv_uint,                                                            \
        default: jt_kv_int)(key, value)

/**
 * Sets what precedes every event of this process and the most talkative level that is printed. Call once at start,
 * before there are threads. SIGPIPE is ignored from here on: a log reader that went away must not end the service.
 */
void jt_log_init(const char *service, enum jt_log_level level);

/** Parses "error", "warn", "info", "debug". Returns the level or -EINVAL. */
JT_MUST_CHECK int jt_log_level_parse(const char *text);

/** Lines dropped because stderr could not take them, since start. */
uint64_t jt_log_dropped(void);

/** What the macros below call. `event` and the keys are literals of our own; a pair without a key is skipped. */
void jt_log_event(enum jt_log_level level, const char *event, const struct jt_log_kv *pairs,
                  size_t count);

/* The empty pair at the end lets the list be empty in strict C11; jt_log_event skips a NULL key. */
#define JT_LOG(level, ...) JT_LOG_PAIRS(level, __VA_ARGS__, {.key = NULL})
#define JT_LOG_PAIRS(level, event, ...)                                                            \
    jt_log_event(level, event, (const struct jt_log_kv[]){__VA_ARGS__},                            \
                 JT_COUNT(((const struct jt_log_kv[]){__VA_ARGS__})))

#define jt_error(...) JT_LOG(JT_LOG_ERROR, __VA_ARGS__)
#define jt_warn(...) JT_LOG(JT_LOG_WARN, __VA_ARGS__)
#define jt_info(...) JT_LOG(JT_LOG_INFO, __VA_ARGS__)
#define jt_debug(...) JT_LOG(JT_LOG_DEBUG, __VA_ARGS__)

/**
 * A gate for lines that strangers can provoke: lets one line a second through and counts the rest. Zero-initialised
 * by the owner; one per reason. Returns the number of lines suppressed since the last one let through (0 or more:
 * log now, with KV("suppressed", n)), or -1 for "keep quiet". One thread.
 */
struct jt_log_gate {
    int64_t open_at_us;
    int suppressed;
};
int jt_log_gate_pass(struct jt_log_gate *gate, int64_t now_us);

#endif
