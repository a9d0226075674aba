#include "chat/picture/child.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/reader.h"
#include "chat/picture/decoder/protocol.h"

/** A file in memory, not inherited. */
static int memory_file(const char *name)
{
    int fd = memfd_create(name, MFD_CLOEXEC);

    return fd < 0 ? -errno : fd;
}

/* By offset: the child begins to read, and to write, where the file begins. */
static int put_all(int fd, const void *bytes, size_t size)
{
    for (size_t done = 0; done < size;) {
        ssize_t n = pwrite(fd, (const char *)bytes + done, size - done, (off_t)done);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EIO;
        done += (size_t)n;
    }
    return 0;
}

/* ---- the child's life ---- */

static int set_actions(posix_spawn_file_actions_t *actions, int input, int output)
{
    int err = posix_spawn_file_actions_adddup2(actions, input, STDIN_FILENO);

    if (!err)
        err = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
    if (!err) /* what libraries say of a stranger's bytes is for no log */
        err = posix_spawn_file_actions_addopen(actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    if (!err)
        err = posix_spawn_file_actions_addclosefrom_np(actions, STDERR_FILENO + 1);
    return err ? err : posix_spawn_file_actions_addchdir_np(actions, "/");
}

/** Signals as a program finds them that nobody started in a special way. */
static int set_attributes(posix_spawnattr_t *attributes)
{
    sigset_t none, all;
    int err;

    sigemptyset(&none);
    sigfillset(&all);
    err = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    if (!err)
        err = posix_spawnattr_setsigmask(attributes, &none);
    return err ? err : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn(const char *program, int input, int output, pid_t *out)
{
    char *name = strdup(program);
    char *argv[] = {name, NULL}, *environment[] = {NULL};
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int err;

    if (!name)
        return -ENOMEM;
    (void)posix_spawn_file_actions_init(&actions);
    (void)posix_spawnattr_init(&attributes);
    err = set_actions(&actions, input, output);
    if (!err)
        err = set_attributes(&attributes);
    if (!err)
        err = posix_spawn(out, program, &actions, &attributes, argv, environment);
    (void)posix_spawnattr_destroy(&attributes);
    (void)posix_spawn_file_actions_destroy(&actions);
    free(name);
    return -err;
}

/** Has the process ended before the deadline? */
static bool await(pid_t pid, int64_t timeout_ms)
{
    int64_t deadline_us = jt_clock_mono_us() + timeout_ms * JT_USEC_PER_MSEC;
    struct pollfd end = {.fd = (int)syscall(SYS_pidfd_open, pid, 0), .events = POLLIN};
    int64_t left_us;
    int ready = -1;

    while (end.fd >= 0 && ready <= 0 && (left_us = deadline_us - jt_clock_mono_us()) > 0)
        ready = poll(&end, 1, (int)(left_us / JT_USEC_PER_MSEC) + 1);
    if (end.fd >= 0)
        (void)close(end.fd);
    return ready > 0;
}

/** Wait for the end, or make it. 0, or what the child found as errno. */
static int reap(pid_t pid, int64_t timeout_ms)
{
    bool is_late = !await(pid, timeout_ms);
    int status = 0;

    if (is_late)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            return -EIO;
    if (is_late)
        return -ETIMEDOUT;
    if (WIFSIGNALED(status)) {
        jt_warn("picture.decoder_killed", KV("signal", WTERMSIG(status)));
        return WTERMSIG(status) == SIGXCPU ? -ETIMEDOUT : -EIO;
    }
    switch (WEXITSTATUS(status)) {
    case DECODER_DONE:
        return 0;
    case DECODER_NOT_A_PICTURE:
        return -EBADMSG;
    case DECODER_TOO_LARGE:
        return -E2BIG;
    case DECODER_TOO_MANY_PIXELS:
    case DECODER_NO_MEMORY:
        return -EMSGSIZE;
    default:
        jt_error("picture.decoder_failed", KV("status", WEXITSTATUS(status)));
        return -EIO;
    }
}

/* ---- its answer: a stranger's, since it has read a stranger's bytes ---- */

static bool is_jpeg(struct jt_reader r, size_t size)
{
    struct jt_reader file = jt_reader_sub(&r, size);

    return jt_read_be24(&file) == 0xffd8ff && !file.failed;
}

static bool is_side(uint32_t px)
{
    return px >= 1 && px <= DECODER_LARGE_MAX_PX;
}

/** The head; the bytes after it are moved to the front. */
static int read_answer(uint8_t *bytes, size_t size, struct picture_answer *out)
{
    struct jt_reader r = jt_reader_of(bytes, size), small;
    uint32_t width = jt_read_be32(&r);
    uint32_t height = jt_read_be32(&r);
    size_t large_bytes = jt_read_be32(&r);
    size_t small_bytes = jt_read_be32(&r);

    small = r;
    jt_reader_take(&small, large_bytes);
    if (r.failed || small.failed || small.left != small_bytes || !is_side(width) ||
        !is_side(height) || !is_jpeg(r, large_bytes) || !is_jpeg(small, small_bytes))
        return -EIO;
    memmove(bytes, r.next, r.left);
    *out = (struct picture_answer){.width = (int)width,
                                   .height = (int)height,
                                   .bytes = bytes,
                                   .large_bytes = large_bytes,
                                   .small_bytes = small_bytes};
    return 0;
}

static int take_answer(int fd, struct picture_answer *out)
{
    struct stat stat;
    uint8_t *bytes;
    ssize_t size;
    int err = -EIO;

    if (fstat(fd, &stat) < 0 || stat.st_size <= DECODER_ANSWER_HEAD_BYTES ||
        stat.st_size > DECODER_OUTPUT_MAX_BYTES)
        return -EIO;
    bytes = malloc((size_t)stat.st_size);
    if (!bytes)
        return -ENOMEM;
    size = pread(fd, bytes, (size_t)stat.st_size, 0);
    if (size == stat.st_size)
        err = read_answer(bytes, (size_t)size, out);
    if (err) {
        jt_error("picture.decoder_answer", KV("bytes", (int64_t)stat.st_size));
        free(bytes);
    }
    return err;
}

int picture_child_run(const char *program, int64_t timeout_ms, const void *bytes, size_t size,
                      struct picture_answer *out)
{
    int input = memory_file("upload"), output = memory_file("pictures");
    int err = JT_MIN(input, output);
    pid_t pid;

    err = err < 0 ? err : put_all(input, bytes, size);
    if (!err)
        err = spawn(program, input, output, &pid);
    if (err) {
        jt_error("picture.decoder_start", KV("err", err));
        err = -EIO;
    } else {
        err = reap(pid, timeout_ms);
    }
    if (!err)
        err = take_answer(output, out);
    if (input >= 0)
        (void)close(input);
    if (output >= 0)
        (void)close(output);
    return err;
}
