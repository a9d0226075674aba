#include "base/descriptors.h"

#include <sys/resource.h>

bool jt_descriptor_is_reserved(int fd, int reserve)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur == RLIM_INFINITY)
        return false;
    return (rlim_t)fd + (rlim_t)reserve >= limit.rlim_cur;
}
