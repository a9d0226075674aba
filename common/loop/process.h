/** Child processes on a loop. */
#ifndef JT_LOOP_PROCESS_H
#define JT_LOOP_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "base/base.h"

struct jt_loop;
struct jt_process;

enum { JT_PROCESS_LINK_FD = 3 }; /* where the child finds the descriptor it was given */

/** The child ended: exit status, or the signal that killed it (0: none). Free the process here or later. */
typedef void (*jt_process_fn)(void *arg, int64_t status, int signum);

/**
 * Start `argv[0]` (a path; argv ends in NULL) with our stdout and stderr, /dev/null as stdin and `link_fd` (borrowed) as
 * descriptor JT_PROCESS_LINK_FD; every other descriptor is closed on exec. Loop thread only.
 */
JT_MUST_CHECK int jt_process_start(struct jt_loop *loop, char *const *argv, int link_fd,
                                   jt_process_fn fn, void *arg, struct jt_process **out);
pid_t jt_process_pid(const struct jt_process *process);
int jt_process_kill(struct jt_process *process, int signum);
/** Forget it: no callback comes. A child that still runs is killed (SIGKILL) and reaped. NULL is fine. */
void jt_process_free(struct jt_process *process);

#endif
