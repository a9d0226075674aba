/** A thread with a loop of its own. */
#ifndef JT_LOOP_THREAD_H
#define JT_LOOP_THREAD_H

#include "base/base.h"

struct jt_loop;
struct jt_thread;

/** Runs on the new thread before its loop starts (`start`, may return a negative errno to give up) and after (`stop`). */
struct jt_thread_ops {
    int (*start)(void *arg, struct jt_loop *loop);
    void (*stop)(void *arg);
};

/** Start a thread named `name` (15 characters at most) and wait until `ops.start` has returned; its error is ours. */
JT_MUST_CHECK int jt_thread_start(const char *name, const struct jt_thread_ops *ops, void *arg,
                                  struct jt_thread **out);

/** Stop its loop, wait until `ops.stop` has run and the thread has ended, free it. NULL is fine. */
void jt_thread_stop(struct jt_thread *thread);

struct jt_loop *jt_thread_loop(struct jt_thread *thread);

#endif
