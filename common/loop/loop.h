/**
 * One loop per thread, on libuv. A timer, watch or mailbox belongs to one loop and is touched only by its thread
 * (asserted). A callback that takes longer than 5 ms is counted and logged by name (`loop.slow`).
 * Closing is in two steps: after *_free no callback comes; memory goes at the end of the turn. So a callback may free
 * its own object.
 */
#ifndef JT_LOOP_LOOP_H
#define JT_LOOP_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct jt_loop;
struct jt_timer;
struct jt_watch;
struct jt_signal;
struct uv_loop_s;

enum {
    JT_READABLE = 1,
    JT_WRITABLE = 2,
    JT_LOOP_SLOW_MS = 5,
    JT_LOOP_SCRATCH_BYTES = 64 * 1024,
};

typedef void (*jt_timer_fn)(void *arg);
typedef void (*jt_watch_fn)(void *arg,
                            int events); /* JT_READABLE | JT_WRITABLE; an error shows as both */
typedef void (*jt_signal_fn)(void *arg, int signum);

/** A new loop; it belongs to the thread that first runs it. */
JT_MUST_CHECK int jt_loop_new(const char *name, struct jt_loop **out);

/** Free a loop that is not running; all its timers, watches and mailboxes must have been freed before. NULL is fine. */
void jt_loop_free(struct jt_loop *loop);

/** Run until jt_loop_stop. The calling thread becomes the loop's thread. */
void jt_loop_run(struct jt_loop *loop);

/** One turn without blocking (for tests and teardown): runs what is due, including closings. */
void jt_loop_turn(struct jt_loop *loop);

/** Make jt_loop_run return after the current turn. Any thread. */
void jt_loop_stop(struct jt_loop *loop);

/** Monotonic microseconds: within a callback the time it began (cheap), elsewhere now. */
int64_t jt_loop_now_us(const struct jt_loop *loop);

/** The libuv loop underneath, for a library that wants one. */
struct uv_loop_s *jt_loop_uv(struct jt_loop *loop);

/**
 * JT_LOOP_SCRATCH_BYTES that any callback of the loop may use until it returns: one read buffer for all connections
 * (so the data that jt_tcp and jt_seq hand to their owners lies there). NULL when memory is short. Loop thread only.
 */
uint8_t *jt_loop_scratch(struct jt_loop *loop);

/** Something that lives on without an owner (a connection that sends its last bytes) and must not outlive the loop. */
struct jt_loop_exit {
    struct jt_loop_exit *next, *prev; /* private */
    void (*fn)(void *arg);
    void *arg;
};

/** Call `exit->fn` (which must free its object) when the loop is freed, unless removed before. Loop thread only. */
void jt_loop_exit_add(struct jt_loop *loop, struct jt_loop_exit *exit);
void jt_loop_exit_remove(struct jt_loop_exit *exit);

/** A timer, not armed. `name` must be a literal: it names slow callbacks. */
JT_MUST_CHECK int jt_timer_new(struct jt_loop *loop, const char *name, jt_timer_fn fn, void *arg,
                               struct jt_timer **out);
/**
 * (Re)arm: fires once after `delay_us` (never early; up to 1 ms late, as the timers tick in milliseconds; 0 or less:
 * in the next turn), then every `repeat_us` (rounded up to 1 ms) if that is not 0.
 */
void jt_timer_start(struct jt_timer *timer, int64_t delay_us, int64_t repeat_us);
void jt_timer_stop(struct jt_timer *timer);
bool jt_timer_is_active(const struct jt_timer *timer);
/** NULL is fine, as for the other *_free. */
void jt_timer_free(struct jt_timer *timer);

/**
 * Watch a descriptor (borrowed and made non-blocking; close it only after jt_watch_free, which may be right after).
 * `events` may be changed later, 0 pauses. -EPERM for what can't be watched (a regular file), -EEXIST for a descriptor
 * that is watched already.
 */
JT_MUST_CHECK int jt_watch_new(struct jt_loop *loop, const char *name, int fd, int events,
                               jt_watch_fn fn, void *arg, struct jt_watch **out);
JT_MUST_CHECK int jt_watch_set(struct jt_watch *watch, int events);
void jt_watch_free(struct jt_watch *watch);

/** Call `fn` on the loop's thread when the process gets `signum`. */
JT_MUST_CHECK int jt_signal_new(struct jt_loop *loop, int signum, jt_signal_fn fn, void *arg,
                                struct jt_signal **out);
void jt_signal_free(struct jt_signal *signal);

#endif
