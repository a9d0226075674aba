/* What the tests of net share: running until something has happened, and counting descriptors. */
#ifndef TESTS_NET_RIG_H
#define TESTS_NET_RIG_H

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "loop/loop.h"
#include "net/address.h"

enum { CEILING_US = 20 * JT_USEC_PER_SEC };

static inline struct jt_loop *new_loop(void)
{
    struct jt_loop *loop = NULL;

    assert_int_equal(jt_loop_new("test", &loop), 0);
    return loop;
}

static inline void on_ceiling(void *arg)
{
    (void)arg;
    fail_msg("waited too long");
}

/* Run the loop until `*count` is at least `goal`; whoever raises it calls jt_loop_stop. */
static inline void run_until(struct jt_loop *loop, const int *count, int goal)
{
    struct jt_timer *ceiling = NULL;

    assert_int_equal(jt_timer_new(loop, "ceiling", on_ceiling, NULL, &ceiling), 0);
    jt_timer_start(ceiling, CEILING_US, 0);
    while (*count < goal)
        jt_loop_run(loop);
    jt_timer_free(ceiling);
}

static inline struct jt_address address_of(const char *text)
{
    struct jt_address address;

    assert_int_equal(jt_address_parse(text, &address), 0);
    return address;
}

static inline int count_fds(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;

    assert_non_null(folder);
    while (readdir(folder))
        count++;
    (void)closedir(folder);
    return count;
}

#endif
