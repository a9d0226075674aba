/* Unix links that pass descriptors; the rude peers are raw sockets of the test. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/seqpacket.h"
#include "rig.h"

enum { KEPT_MAX = 64 };

struct side {
    struct jt_loop *loop;
    struct jt_seq *seq;
    int messages, ends, end_error, last_fd_count, kept_count;
    int kept[KEPT_MAX]; /* descriptors taken */
    size_t last_size;
    char last[JT_SEQ_MESSAGE_MAX_BYTES + 1];
    bool takes_fds, frees_on_message, frees_on_end;
};

static void on_message(void *arg, const char *data, size_t size, int *fds, int fd_count)
{
    struct side *side = arg;

    assert_int_equal(data[size], '\0');
    memcpy(side->last, data, size + 1);
    side->last_size = size;
    side->last_fd_count = fd_count;
    for (int i = 0; i < fd_count; i++) {
        assert_true(fcntl(fds[i], F_GETFD) & FD_CLOEXEC);
        if (!side->takes_fds || side->kept_count == KEPT_MAX)
            continue;
        side->kept[side->kept_count++] = fds[i];
        fds[i] = -1;
    }
    side->messages++;
    if (side->frees_on_message)
        jt_seq_free(side->seq);
    jt_loop_stop(side->loop);
}

static void on_end(void *arg, int error)
{
    struct side *side = arg;

    side->ends++;
    side->end_error = error;
    if (side->frees_on_end)
        jt_seq_free(side->seq);
    jt_loop_stop(side->loop);
}

static const struct jt_seq_ops ops = {on_message, on_end};

/* A link; returns the peer's raw, blocking end. */
static int open_link(struct side *side)
{
    int pair[2];

    memset(side, 0, sizeof(*side));
    side->loop = new_loop();
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(jt_seq_new(side->loop, pair[0], &ops, side, &side->seq), 0);
    return pair[1];
}

static void close_link(struct side *side, int peer)
{
    for (int i = 0; i < side->kept_count; i++)
        (void)close(side->kept[i]);
    if (!side->frees_on_message && !side->frees_on_end)
        jt_seq_free(side->seq);
    jt_loop_free(side->loop);
    if (peer >= 0)
        (void)close(peer);
}

static struct side link_side; /* large */

/* As rude a peer as we like: any number of descriptors, any size. */
static void send_raw(int peer, const void *data, size_t size, const int *fds, size_t fd_count)
{
    struct iovec vector = {.iov_base = (void *)(uintptr_t)data, .iov_len = size};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    size_t bytes = fd_count * sizeof(int);
    char *control = calloc(1, CMSG_SPACE(bytes));

    assert_non_null(control);
    if (fd_count) {
        struct cmsghdr *c;

        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(bytes);
        c = CMSG_FIRSTHDR(&header);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(bytes);
        memcpy(CMSG_DATA(c), fds, bytes);
    }
    assert_int_equal(sendmsg(peer, &header, 0), (ssize_t)size);
    free(control);
}

/* Receive at the raw end; `*fd` becomes the descriptor that came along, or -1. Returns the size. */
static ssize_t receive_raw(int peer, char *data, size_t size, int *fd)
{
    union {
        char bytes[CMSG_SPACE(sizeof(int) * JT_SEQ_FDS_MAX)];
        size_t align;
    } control;
    struct iovec vector = {.iov_base = data, .iov_len = size};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &control,
                            .msg_controllen = sizeof(control)};
    ssize_t n = recvmsg(peer, &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    struct cmsghdr *c = n >= 0 ? CMSG_FIRSTHDR(&header) : NULL;

    *fd = -1;
    if (c)
        memcpy(fd, CMSG_DATA(c), sizeof(*fd));
    return n;
}

static ino_t inode_of(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    return status.st_ino;
}

static int open_file(void)
{
    char path[] = "/tmp/jangteo-seq-XXXXXX";
    int fd = mkstemp(path);

    assert_true(fd >= 0);
    (void)unlink(path);
    return fd;
}

static void test_message_with_descriptors(void **state)
{
    int before = count_fds(), peer = open_link(&link_side), files[2] = {open_file(), open_file()};

    (void)state;
    link_side.takes_fds = true;
    send_raw(peer, "hello", 5, files, 2);
    run_until(link_side.loop, &link_side.messages, 1);
    assert_string_equal(link_side.last, "hello");
    assert_int_equal(link_side.last_fd_count, 2);
    assert_int_equal(inode_of(link_side.kept[0]), inode_of(files[0]));
    assert_int_equal(inode_of(link_side.kept[1]), inode_of(files[1]));
    send_raw(peer, "a\0b", 3, NULL, 0);
    run_until(link_side.loop, &link_side.messages, 2);
    assert_int_equal(link_side.last_size, 3);
    assert_memory_equal(link_side.last, "a\0b", 4);
    assert_int_equal(link_side.last_fd_count, 0);
    assert_int_equal(jt_seq_peer_pid(link_side.seq), getpid());
    (void)close(files[0]);
    (void)close(files[1]);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

static void test_send(void **state)
{
    int peer = open_link(&link_side), file = open_file(), fd;
    char data[64];

    (void)state;
    assert_int_equal(jt_seq_send(link_side.seq, "hello", 5, &file, 1), 0);
    assert_int_equal(receive_raw(peer, data, sizeof(data), &fd), 5);
    assert_memory_equal(data, "hello", 5);
    assert_int_equal(inode_of(fd), inode_of(file));
    (void)close(fd);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 0, NULL, 0), -EINVAL);
    assert_int_equal(jt_seq_send(link_side.seq, "x", JT_SEQ_MESSAGE_MAX_BYTES + 1, NULL, 0),
                     -EINVAL);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, &file, JT_SEQ_FDS_MAX + 1), -EINVAL);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, &(int){-1}, 1), -EBADF);
    assert_int_equal(receive_raw(peer, data, sizeof(data), &fd), -1);
    assert_int_equal(link_side.ends, 0);
    (void)close(file);
    close_link(&link_side, peer);
}

/* M4: descriptors the callee does not take, of whatever kind, are closed after the call. */
static void test_m4_unwanted_descriptors(void **state)
{
    int before = count_fds(), peer = open_link(&link_side), ends[2], files[4], during;

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    files[0] = open_file();
    files[1] = ends[0];
    files[2] = ends[1];
    files[3] = peer; /* even the peer's own end */
    during = count_fds();
    for (int i = 1; i <= 50; i++) {
        send_raw(peer, "take these", 10, files, 4);
        run_until(link_side.loop, &link_side.messages, i);
        assert_int_equal(link_side.last_fd_count, 4);
    }
    assert_int_equal(count_fds(), during);
    for (int i = 0; i < 3; i++)
        (void)close(files[i]);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

static void expect_broken_rules(const void *data, size_t size, size_t fd_count)
{
    int before = count_fds(), peer = open_link(&link_side), fds[250], file = open_file();

    assert_in_range(fd_count, 0, 250);
    for (size_t i = 0; i < fd_count; i++)
        fds[i] = file;
    send_raw(peer, "fine", 4, NULL, 0);
    send_raw(peer, data, size, fds, fd_count);
    send_raw(peer, "too late", 8, NULL, 0);
    run_until(link_side.loop, &link_side.ends, 1);
    assert_int_equal(link_side.end_error, -EPROTO);
    assert_int_equal(link_side.messages, 1);
    for (int i = 0; i < 3; i++)
        jt_loop_turn(link_side.loop);
    assert_int_equal(link_side.ends, 1); /* told once, nothing is read any more */
    assert_int_equal(link_side.messages, 1);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, NULL, 0), -EPROTO);
    (void)close(file);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

/* M4: more descriptors than a message may carry: the control data is cut, all are closed, the link ends. */
static void test_m4_too_many_descriptors(void **state)
{
    (void)state;
    expect_broken_rules("x", 1, JT_SEQ_FDS_MAX + 1);
    expect_broken_rules("x", 1, 250);
}

static void test_m4_too_long(void **state)
{
    static char data[JT_SEQ_MESSAGE_MAX_BYTES + 1];
    int peer = open_link(&link_side);

    (void)state;
    send_raw(peer, data, JT_SEQ_MESSAGE_MAX_BYTES, NULL, 0);
    run_until(link_side.loop, &link_side.messages, 1);
    assert_int_equal(link_side.last_size, JT_SEQ_MESSAGE_MAX_BYTES);
    close_link(&link_side, peer);
    expect_broken_rules(data, sizeof(data), 0);
    expect_broken_rules(data, sizeof(data), 3);
}

/* V6, M4: we have no descriptor left to receive one with. */
static void test_v6_no_descriptor_for_the_message(void **state)
{
    int before = count_fds(), peer = open_link(&link_side), file = open_file(), lowest;
    struct rlimit limit, lowered;

    (void)state;
    send_raw(peer, "x", 1, &file, 1);
    lowest = dup(file);
    (void)close(lowest);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    lowered = limit;
    lowered.rlim_cur = (rlim_t)lowest;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    for (int i = 0; i < 3; i++)
        jt_loop_turn(link_side.loop);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(link_side.ends, 1);
    assert_int_equal(link_side.end_error, -EPROTO);
    assert_int_equal(link_side.messages, 0);
    (void)close(file);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

/* What was said before the end is heard before the end. */
static void test_peer_goes_away(void **state)
{
    int peer = open_link(&link_side);

    (void)state;
    for (int i = 0; i < 100; i++) /* more than are read in one turn */
        send_raw(peer, "bye", 3, NULL, 0);
    (void)close(peer);
    run_until(link_side.loop, &link_side.ends, 1);
    assert_int_equal(link_side.messages, 100);
    assert_int_equal(link_side.end_error, 0);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, NULL, 0), -EPIPE);
    for (int i = 0; i < 3; i++)
        jt_loop_turn(link_side.loop);
    assert_int_equal(link_side.ends, 1);
    close_link(&link_side, -1);
}

static void test_free_in_callbacks(void **state)
{
    int before = count_fds(), peer = open_link(&link_side), file = open_file();

    (void)state;
    link_side.frees_on_message = true;
    send_raw(peer, "one", 3, &file, 1);
    send_raw(peer, "two", 3, &file, 1);
    run_until(link_side.loop, &link_side.messages, 1);
    jt_loop_turn(link_side.loop);
    assert_int_equal(link_side.messages, 1);
    close_link(&link_side, peer);
    peer = open_link(&link_side);
    link_side.frees_on_end = true;
    (void)close(peer);
    run_until(link_side.loop, &link_side.ends, 1);
    close_link(&link_side, -1);
    (void)close(file);
    jt_seq_free(NULL);
    assert_int_equal(count_fds(), before);
}

/* Send numbered messages until one does not go out at once. Returns how many were sent or queued. */
static int send_until_queued(struct jt_seq *seq, int total, const int *fd)
{
    char text[JT_SEQ_MESSAGE_MAX_BYTES] = "";

    for (int i = 0; i < total; i++) {
        int size = snprintf(text, sizeof(text), "message %d", i);
        int err = jt_seq_send(seq, text, i % 2 ? (size_t)size + 1 : sizeof(text), fd, fd ? 1 : 0);

        if (err) {
            assert_int_equal(err, -ENOBUFS);
            return i;
        }
    }
    return total;
}

/* A peer that reads late gets everything in order, with descriptors that the sender has closed long ago. */
static void test_queued_messages_keep_order_and_descriptors(void **state)
{
    enum { TOTAL = 200 };
    static char data[JT_SEQ_MESSAGE_MAX_BYTES];
    int before = count_fds(), peer = open_link(&link_side), file = open_file(), received = 0, fd;
    ino_t inode = inode_of(file);
    int64_t give_up_us = jt_clock_mono_us() + CEILING_US;

    (void)state;
    assert_int_equal(send_until_queued(link_side.seq, TOTAL, &file), TOTAL);
    (void)close(file);
    assert_true(count_fds() > before + 4); /* some wait, with their own descriptors */
    while (received < TOTAL) {
        ssize_t n = receive_raw(peer, data, sizeof(data), &fd);
        char expected[32];

        assert_true(jt_clock_mono_us() < give_up_us);
        if (n < 0) {
            assert_int_equal(errno, EAGAIN);
            jt_loop_turn(link_side.loop);
            continue;
        }
        (void)snprintf(expected, sizeof(expected), "message %d", received++);
        assert_string_equal(data, expected);
        assert_int_equal(inode_of(fd), inode);
        (void)close(fd);
    }
    jt_loop_turn(link_side.loop);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

/* M4: a peer that does not read is cut when its queue is full; what waited is freed. */
static void test_m4_queue_overflow(void **state)
{
    int before = count_fds(), peer = open_link(&link_side), file = open_file();
    int sent = send_until_queued(link_side.seq, 3 * JT_SEQ_QUEUE_MAX, NULL);

    (void)state;
    assert_in_range(sent, JT_SEQ_QUEUE_MAX, 3 * JT_SEQ_QUEUE_MAX - 1);
    assert_int_equal(link_side.ends, 0); /* not from within the send */
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, NULL, 0), -ENOBUFS);
    run_until(link_side.loop, &link_side.ends, 1);
    assert_int_equal(link_side.end_error, -ENOBUFS);
    assert_int_equal(jt_seq_send(link_side.seq, "x", 1, NULL, 0), -ENOBUFS);
    (void)close(file);
    close_link(&link_side, peer);
    assert_int_equal(count_fds(), before);
}

/* ---- listening and connecting ---- */

static char folder[64], path[96];

static int make_folder(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof(folder), "/tmp/jangteo-seq-XXXXXX");
    (void)snprintf(path, sizeof(path), "%s", mkdtemp(folder) ? folder : "");
    (void)snprintf(path, sizeof(path), "%s/control", folder);
    return chmod(folder, 0755);
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    return rmdir(folder);
}

struct host {
    struct jt_loop *loop;
    struct jt_seq_listener *listener;
    int accepted, fd;
};

static void on_accept(void *arg, int fd)
{
    struct host *host = arg;

    host->accepted++;
    host->fd = fd;
    jt_loop_stop(host->loop);
}

static struct host open_host(void)
{
    struct host host = {.loop = new_loop(), .fd = -1};

    return host;
}

static int listen_here(struct host *host)
{
    return jt_seq_listen(host->loop, path, on_accept, host, &host->listener);
}

static void close_host(struct host *host)
{
    jt_seq_listener_free(host->listener);
    jt_loop_free(host->loop);
}

static void test_connect_and_accept(void **state)
{
    int before = count_fds(), fd;
    struct host host = open_host();
    char byte;

    (void)state;
    assert_int_equal(jt_seq_connect(path), -ENOENT);
    assert_int_equal(listen_here(&host), 0);
    fd = jt_seq_connect(path);
    assert_true(fd >= 0);
    assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    run_until(host.loop, &host.accepted, 1);
    assert_int_equal(send(fd, "x", 1, 0), 1);
    assert_int_equal(recv(host.fd, &byte, 1, 0), 1);
    (void)close(fd);
    (void)close(host.fd);
    close_host(&host);
    assert_int_equal(access(path, F_OK), -1); /* the file goes with its listener */
    assert_int_equal(count_fds(), before);
}

static void test_mode_of_the_file(void **state)
{
    static const mode_t masks[] = {0, 022, 077};
    struct stat status;

    (void)state;
    for (size_t i = 0; i < JT_COUNT(masks); i++) {
        struct host host = open_host();
        mode_t before = umask(masks[i]);

        assert_int_equal(listen_here(&host), 0);
        (void)umask(before);
        assert_int_equal(stat(path, &status), 0);
        assert_int_equal(status.st_mode & 0777, 0660);
        close_host(&host);
    }
}

static void test_stale_live_and_foreign_files(void **state)
{
    struct host host = open_host(), second = open_host();
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int stale = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), file, before;

    (void)state;
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    assert_int_equal(bind(stale, (struct sockaddr *)&name, sizeof(name)), 0);
    (void)close(stale); /* as after kill -9 */
    assert_int_equal(jt_seq_connect(path), -ECONNREFUSED);
    assert_int_equal(listen_here(&host), 0);
    before = count_fds();
    assert_int_equal(listen_here(&second), -EADDRINUSE); /* alive: left alone */
    assert_null(second.listener);
    assert_int_equal(count_fds(), before);
    assert_int_equal(access(path, F_OK), 0);
    jt_seq_listener_free(host.listener);

    file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(listen_here(&second), -EADDRINUSE);
    assert_int_equal(access(path, F_OK), 0); /* not a socket: not ours to remove */
    (void)close(file);
    host.listener = NULL;
    close_host(&host);
    close_host(&second);
}

/* An old process that ends after its successor has taken the path leaves the successor's file. */
static void test_successor_keeps_its_file(void **state)
{
    struct host old = open_host(), new = open_host();

    (void)state;
    assert_int_equal(listen_here(&old), 0);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(listen_here(&new), 0);
    close_host(&old);
    assert_int_equal(access(path, F_OK), 0);
    close_host(&new);
}

static void test_odd_paths(void **state)
{
    struct jt_loop *loop = new_loop();
    struct jt_seq_listener *untouched = NULL;
    char longest[200];

    (void)state;
    memset(longest, 'a', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    assert_int_equal(jt_seq_listen(loop, longest, on_accept, NULL, &untouched), -ENAMETOOLONG);
    assert_int_equal(jt_seq_connect(longest), -ENAMETOOLONG);
    assert_int_equal(jt_seq_listen(loop, "", on_accept, NULL, &untouched), -EINVAL);
    assert_int_equal(jt_seq_connect(""), -EINVAL);
    assert_int_equal(jt_seq_listen(loop, "/nonexistent/x", on_accept, NULL, &untouched), -ENOENT);
    assert_null(untouched);
    jt_seq_listener_free(NULL);
    jt_loop_free(loop);
}

/* In a child that runs as nobody: whether the listener at `path` hangs up on us without a word. */
static int connect_as_nobody(void)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    char byte;
    int fd;

    if (setgid(65534) != 0 || setuid(65534) != 0)
        return 2;
    (void)snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (connect(fd, (struct sockaddr *)&name, sizeof(name)) != 0)
        return 3;
    return recv(fd, &byte, 1, 0) == 0 ? 0 : 4;
}

/* M4: a peer of another user is refused, even where the file lets it in. */
static void test_m4_peer_of_another_user(void **state)
{
    struct host host = open_host();
    int status, fd;
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        close_host(&host);
        skip();
    }
    assert_int_equal(listen_here(&host), 0);
    assert_int_equal(chmod(path, 0666), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0)
        _exit(connect_as_nobody());
    while (waitpid(child, &status, WNOHANG) == 0)
        jt_loop_turn(host.loop);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(host.accepted, 0);
    fd = jt_seq_connect(path); /* our own user is let in as before */
    run_until(host.loop, &host.accepted, 1);
    (void)close(fd);
    (void)close(host.fd);
    close_host(&host);
}

/* The first loop of a process opens libuv's own two descriptors, which stay. */
static int warm_up(void **state)
{
    (void)state;
    jt_loop_free(new_loop());
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_message_with_descriptors),
        cmocka_unit_test(test_send),
        cmocka_unit_test(test_m4_unwanted_descriptors),
        cmocka_unit_test(test_m4_too_many_descriptors),
        cmocka_unit_test(test_m4_too_long),
        cmocka_unit_test(test_v6_no_descriptor_for_the_message),
        cmocka_unit_test(test_peer_goes_away),
        cmocka_unit_test(test_free_in_callbacks),
        cmocka_unit_test(test_queued_messages_keep_order_and_descriptors),
        cmocka_unit_test(test_m4_queue_overflow),
        cmocka_unit_test_setup_teardown(test_connect_and_accept, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_mode_of_the_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_stale_live_and_foreign_files, make_folder,
                                        remove_folder),
        cmocka_unit_test_setup_teardown(test_successor_keeps_its_file, make_folder, remove_folder),
        cmocka_unit_test(test_odd_paths),
        cmocka_unit_test_setup_teardown(test_m4_peer_of_another_user, make_folder, remove_folder),
    };

    return cmocka_run_group_tests(tests, warm_up, NULL);
}
