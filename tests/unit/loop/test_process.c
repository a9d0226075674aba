/* Children: what they leave with, what they are given, and that none stays behind. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loop/process.h"
#include "rig.h"

struct child {
    struct jt_loop *loop;
    struct jt_process *process;
    int pair[2];
    int exits;
    int64_t status;
    int signum;
    bool frees;
};

static void on_exited(void *arg, int64_t status, int signum)
{
    struct child *child = arg;

    child->status = status;
    child->signum = signum;
    if (child->frees) {
        jt_process_free(child->process);
        child->process = NULL;
    }
    child->exits++;
    jt_loop_stop(child->loop);
}

static void open_child(struct child *child, bool frees)
{
    *child = (struct child){.loop = new_loop(), .frees = frees};
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, child->pair), 0);
}

static int start(struct child *child, const char *script)
{
    char shell[] = "/bin/sh", option[] = "-c", text[256];
    char *argv[] = {shell, option, text, NULL};

    (void)snprintf(text, sizeof(text), "%s", script);
    return jt_process_start(child->loop, argv, child->pair[1], on_exited, child, &child->process);
}

static void close_child(struct child *child)
{
    jt_process_free(child->process);
    (void)close(child->pair[0]);
    (void)close(child->pair[1]);
    jt_loop_turn(child->loop);
    jt_loop_free(child->loop);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child, not even a dead one */
    assert_int_equal(errno, ECHILD);
}

static void test_exit_status(void **state)
{
    struct child child;

    (void)state;
    open_child(&child, true);
    assert_int_equal(start(&child, "exit 3"), 0);
    run_until(child.loop, &child.exits, 1);
    assert_int_equal(child.status, 3);
    assert_int_equal(child.signum, 0);
    close_child(&child);
}

static void test_signal_that_killed_it(void **state)
{
    struct child child;

    (void)state;
    open_child(&child, false);
    assert_int_equal(start(&child, "kill -SEGV $$"), 0);
    run_until(child.loop, &child.exits, 1);
    assert_int_equal(child.signum, SIGSEGV);
    assert_int_equal(jt_process_kill(child.process, SIGTERM),
                     -ESRCH); /* its number may be another's */
    close_child(&child);
}

static void test_kill_is_told_as_an_exit(void **state)
{
    struct child child;

    (void)state;
    open_child(&child, true);
    assert_int_equal(start(&child, "exec sleep 1000"), 0);
    assert_int_equal(jt_process_kill(child.process, SIGTERM), 0);
    run_until(child.loop, &child.exits, 1);
    assert_int_equal(child.signum, SIGTERM);
    close_child(&child);
}

static void test_free_kills_and_leaves_no_zombie(void **state)
{
    struct child child;
    pid_t pid;

    (void)state;
    open_child(&child, false);
    assert_int_equal(start(&child, "trap '' TERM INT HUP; while :; do :; done"), 0);
    pid = jt_process_pid(child.process);
    jt_process_free(child.process);
    child.process = NULL;
    assert_int_equal(kill(pid, 0), -1);
    assert_int_equal(errno, ESRCH);
    close_child(&child);
    assert_int_equal(child.exits, 0); /* nobody is told */
}

static int is_socket(int fd)
{
    struct stat status;

    return fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

/* The descriptor is its number 3, and no other of ours (here the other end) goes along. */
static void test_what_the_child_is_given(void **state)
{
    struct child child;
    char text[8] = {0};

    (void)state;
    open_child(&child, true);
    assert_int_equal(
        start(&child,
              "test -c /dev/stdin && read -r x; printf hello >&3; "
              "n=0; for f in /proc/$$/fd/*; do case $(readlink $f) in socket:*) n=$((n+1));; "
              "esac; done; exit $n"),
        0);
    run_until(child.loop, &child.exits, 1);
    assert_int_equal(child.status, 1 + is_socket(STDOUT_FILENO) + is_socket(STDERR_FILENO));
    assert_int_equal(recv(child.pair[0], text, sizeof(text), MSG_DONTWAIT), 5);
    assert_string_equal(text, "hello");
    close_child(&child);
}

static void test_a_program_that_is_not_there(void **state)
{
    char path[] = "/nonexistent/worker";
    char *argv[] = {path, NULL};
    struct child child;

    (void)state;
    open_child(&child, true);
    assert_int_equal(
        jt_process_start(child.loop, argv, child.pair[1], on_exited, &child, &child.process),
        -ENOENT);
    assert_null(child.process);
    close_child(&child);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exit_status),
        cmocka_unit_test(test_signal_that_killed_it),
        cmocka_unit_test(test_kill_is_told_as_an_exit),
        cmocka_unit_test(test_free_kills_and_leaves_no_zombie),
        cmocka_unit_test(test_what_the_child_is_given),
        cmocka_unit_test(test_a_program_that_is_not_there),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
