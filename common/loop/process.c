#include "loop/process.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include "loop/loop.h"

struct jt_process {
    uv_process_t handle;
    jt_process_fn fn;
    void *arg;
    bool has_exited;
};

static void on_closed(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_handle(struct jt_process *process)
{
    uv_close((uv_handle_t *)&process->handle, on_closed);
}

static void on_exit_status(uv_process_t *handle, int64_t status, int signum)
{
    struct jt_process *process = handle->data;

    process->has_exited = true;
    process->fn(process->arg, status, signum);
}

int jt_process_start(struct jt_loop *loop, char *const *argv, int link_fd, jt_process_fn fn,
                     void *arg, struct jt_process **out)
{
    uv_stdio_container_t stdio[JT_PROCESS_LINK_FD + 1] = {
        {.flags = UV_IGNORE},
        {.flags = UV_INHERIT_FD, .data.fd = STDOUT_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = STDERR_FILENO},
        {.flags = UV_INHERIT_FD, .data.fd = link_fd},
    };
    uv_process_options_t options = {.exit_cb = on_exit_status,
                                    .file = argv[0],
                                    .args = (char **)(uintptr_t)argv,
                                    .stdio = stdio,
                                    .stdio_count = JT_COUNT(stdio)};
    struct jt_process *process = calloc(1, sizeof(*process));
    int err;

    if (!process)
        return -ENOMEM;
    process->fn = fn;
    process->arg = arg;
    process->handle.data = process;
    err = uv_spawn(jt_loop_uv(loop), &process->handle, &options);
    if (err) {
        close_handle(process); /* uv_spawn has made the handle even when it fails */
        return err;            /* libuv's errors are negative errno values */
    }
    *out = process;
    return 0;
}

pid_t jt_process_pid(const struct jt_process *process)
{
    return process->handle.pid;
}

int jt_process_kill(struct jt_process *process, int signum)
{
    return process->has_exited ? -ESRCH : uv_process_kill(&process->handle, signum);
}

void jt_process_free(struct jt_process *process)
{
    if (!process)
        return;
    if (!process
             ->has_exited) { /* SIGKILL works at once: waiting here leaves no child and no handle behind */
        (void)kill(process->handle.pid, SIGKILL);
        (void)waitpid(process->handle.pid, NULL, 0);
    }
    close_handle(process);
}
