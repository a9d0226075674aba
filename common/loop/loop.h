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

enum { JT_READABLE = 1, JT_WRITABLE = 2, JT_LOOP_SLOW_MS = 5 };

typedef void (*jt_timer_fn)(void *arg);
typedef void (*jt_watch_fn)(void *arg, int events); /* JT_READABLE | JT_WRITABLE; an error shows as both */
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

/** Monotonic microseconds, read once per turn (cheap, the same for all callbacks of a turn). */
int64_t jt_loop_now_us(const struct jt_loop *loop);

/** The libuv loop underneath, for a library that wants one. */
struct uv_loop_s *jt_loop_uv(struct jt_loop *loop);

/** A timer, not armed. `name` must be a literal: it names slow callbacks. */
JT_MUST_CHECK int jt_timer_new(struct jt_loop *loop, const char *name, jt_timer_fn fn, void *arg,
                               struct jt_timer **out);
/** (Re)arm: fires once after `delay_us` (rounded up to 1 ms), then every `repeat_us` if that is not 0. */
void jt_timer_start(struct jt_timer *timer, int64_t delay_us, int64_t repeat_us);
void jt_timer_stop(struct jt_timer *timer);
bool jt_timer_is_active(const struct jt_timer *timer);
void jt_timer_free(struct jt_timer *timer);

/** Watch a descriptor (borrowed; close it only after jt_watch_free). `events` may be changed later, 0 pauses. */
JT_MUST_CHECK int jt_watch_new(struct jt_loop *loop, const char *name, int fd, int events, jt_watch_fn fn,
                               void *arg, struct jt_watch **out);
JT_MUST_CHECK int jt_watch_set(struct jt_watch *watch, int events);
void jt_watch_free(struct jt_watch *watch);

/** Call `fn` on the loop's thread when the process gets `signum`. */
JT_MUST_CHECK int jt_signal_new(struct jt_loop *loop, int signum, jt_signal_fn fn, void *arg,
                                struct jt_signal **out);
void jt_signal_free(struct jt_signal *signal);

#endif
