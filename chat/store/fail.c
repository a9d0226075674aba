#include "chat/store/fail.h"

#ifdef JT_FAIL_POINTS

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static atomic_long visits;

static bool is_meant(const char *wish, const char *name, const char **out_action)
{
    const char *end = strchr(wish, '=');
    size_t size = end ? (size_t)(end - wish) : 0;

    if (!end ||
        (strncmp(wish, "*=", 2) != 0 && (strlen(name) != size || strncmp(wish, name, size) != 0)))
        return false;
    *out_action = end + 1;
    return true;
}

int store_fail_point(const char *name)
{
    const char *wish = getenv("JANGTEO_FAIL_POINT"), *action, *at;

    if (!wish || !is_meant(wish, name, &action))
        return 0;
    at = strchr(action, '@');
    if (atomic_fetch_add(&visits, 1) + 1 != (at ? atol(at + 1) : 1))
        return 0;
    if (strncmp(action, "kill", 4) == 0)
        (void)kill(getpid(), SIGKILL);
    return -EIO;
}

#endif
