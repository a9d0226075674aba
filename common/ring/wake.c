#include "ring/wake.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "ring/layout.h"
#include "ring/shared.h"

enum { PAGE_BYTES = 4096, TMPFS_SUPER_MAGIC = 0x01021994 /* linux/magic.h */ };

/** The whole of the page: one word in its own cache line. Its owner writes, writers of rings read. */
struct wake_page {
    _Atomic uint64_t asleep; /* 1 or 0 */
    uint8_t pad[PAGE_BYTES - 8];
};

_Static_assert(sizeof(struct wake_page) == PAGE_BYTES, "layout");

struct jt_bell {
    int event_fd, page_fd;
    struct wake_page *page;
};

struct jt_bell_rope {
    int event_fd, page_fd;
    void *map; /* read-only: for munmap alone */
    const struct wake_page *page;
};

/* ---- the reader's side ---- */

static int bell_open(struct jt_bell *bell)
{
    void *map;

    bell->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (bell->event_fd < 0)
        return -errno;
    bell->page_fd = memfd_create("jangteo-bell", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (bell->page_fd < 0 || ftruncate(bell->page_fd, PAGE_BYTES) < 0)
        return -errno;
    map = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, bell->page_fd, 0);
    if (map == MAP_FAILED)
        return -errno;
    bell->page = map;
    if (fcntl(bell->page_fd, F_ADD_SEALS, JT_RING_SEALS) < 0)
        return -errno;
    return 0;
}

int jt_bell_new(struct jt_bell **out)
{
    struct jt_bell *bell = calloc(1, sizeof(*bell));
    int err;

    if (!bell)
        return -ENOMEM;
    bell->event_fd = -1;
    bell->page_fd = -1;
    err = bell_open(bell);
    if (err) {
        jt_bell_free(bell);
        return err;
    }
    *out = bell;
    return 0;
}

void jt_bell_free(struct jt_bell *bell)
{
    if (!bell)
        return;
    if (bell->page)
        (void)munmap(bell->page, PAGE_BYTES);
    if (bell->page_fd >= 0)
        (void)close(bell->page_fd);
    if (bell->event_fd >= 0)
        (void)close(bell->event_fd);
    free(bell);
}

void jt_bell_fds(const struct jt_bell *bell, int fds[2])
{
    fds[0] = bell->event_fd;
    fds[1] = bell->page_fd;
}

int jt_bell_fd(const struct jt_bell *bell)
{
    return bell->event_fd;
}

void jt_bell_sleep(struct jt_bell *bell)
{
    jt_shared_store(&bell->page->asleep, 1);
    jt_shared_fence_full(); /* then the rings are read; the writer moves its ring, then reads the word */
}

void jt_bell_awake(struct jt_bell *bell)
{
    uint64_t rings;

    jt_shared_store(&bell->page->asleep, 0);
    if (read(bell->event_fd, &rings, sizeof(rings)) < 0)
        return; /* -EAGAIN: woken by something else */
}

void jt_bell_ring(struct jt_bell *bell)
{
    const uint64_t one = 1;

    if (write(bell->event_fd, &one, sizeof(one)) < 0)
        return; /* -EAGAIN: the counter is full, so it is readable */
}

/* ---- the writer's side ---- */

/**
 * A name in /proc is how the kernel tells an eventfd from what else can be read and written. Non-blocking is a must: a
 * peer could fill the counter, and the write would wait.
 */
static bool is_eventfd(int fd)
{
    static const char name[] = "anon_inode:[eventfd]";
    char path[64];
    char target[sizeof(name)];
    ssize_t n;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    n = readlink(path, target, sizeof(target));
    return n == (ssize_t)strlen(name) && memcmp(target, name, (size_t)n) == 0;
}

static int check_descriptors(const int fds[2])
{
    int seals = fcntl(fds[1], F_GET_SEALS);
    int flags = fcntl(fds[0], F_GETFL);
    struct statfs fs;
    struct stat st;

    if (seals < 0 || (seals & JT_RING_SEALS) != JT_RING_SEALS)
        return -EPERM;
    if (fstatfs(fds[1], &fs) < 0 || fs.f_type != TMPFS_SUPER_MAGIC)
        return -EPERM;
    if (fstat(fds[1], &st) < 0 || st.st_size != PAGE_BYTES)
        return -EPROTO;
    if (flags < 0 || !is_eventfd(fds[0]) || !(flags & O_NONBLOCK))
        return -EPROTO;
    return 0;
}

int jt_bell_rope_new(const int fds[2], struct jt_bell_rope **out)
{
    struct jt_bell_rope *rope;
    void *map;
    int err = check_descriptors(fds);

    if (err)
        return err;
    rope = calloc(1, sizeof(*rope));
    if (!rope)
        return -ENOMEM;
    map = mmap(NULL, PAGE_BYTES, PROT_READ, MAP_SHARED, fds[1], 0);
    if (map == MAP_FAILED) {
        err = -errno;
        free(rope);
        return err;
    }
    rope->map = map;
    rope->page = map;
    rope->event_fd = fds[0];
    rope->page_fd = fds[1];
    *out = rope;
    return 0;
}

void jt_bell_rope_free(struct jt_bell_rope *rope)
{
    if (!rope)
        return;
    (void)munmap(rope->map, PAGE_BYTES);
    (void)close(rope->event_fd);
    (void)close(rope->page_fd);
    free(rope);
}

void jt_bell_rope_fds(const struct jt_bell_rope *rope, int fds[2])
{
    fds[0] = rope->event_fd;
    fds[1] = rope->page_fd;
}

void jt_bell_rope_pull(struct jt_bell_rope *rope)
{
    const uint64_t one = 1;

    jt_shared_fence_full(); /* the ring was moved before this; see jt_bell_sleep */
    if (jt_shared_load(&rope->page->asleep) == 0)
        return;
    if (write(rope->event_fd, &one, sizeof(one)) < 0)
        return; /* -EAGAIN: the counter is full, so it is readable: the reader will wake */
}
