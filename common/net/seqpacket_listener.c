/* The listening and connecting side of net/seqpacket.h: paths, stale socket files, peer credentials. */
#include "net/seqpacket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "loop/loop.h"
#include "net/acceptor.h"

enum { BACKLOG = 128, SOCKET_MODE = 0660 };

static struct jt_metric refused_total = JT_COUNTER(
    "jangteo_seq_refused_total", "Unix peers refused because they run as another user.", NULL);

struct jt_seq_listener {
    struct jt_loop *loop;
    struct jt_acceptor *acceptor;
    struct sockaddr_un name;
    struct stat file; /* as we made it: only this one is ours to remove */
    jt_seq_accept_fn fn;
    void *arg;
    struct jt_log_gate gate;
};

static int name_of(const char *path, struct sockaddr_un *out)
{
    size_t size = strnlen(path, sizeof(out->sun_path));

    if (size == 0)
        return -EINVAL;
    if (size == sizeof(out->sun_path))
        return -ENAMETOOLONG;
    memset(out, 0, sizeof(*out));
    out->sun_family = AF_UNIX;
    memcpy(out->sun_path, path, size + 1);
    return 0;
}

static int new_socket(void)
{
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    return fd < 0 ? -errno : fd;
}

/* The peer is ourselves or root. */
static int check_peer(int fd, struct ucred *peer)
{
    socklen_t size = sizeof(*peer);

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, peer, &size) != 0)
        return -errno;
    return peer->uid == geteuid() || peer->uid == 0 ? 0 : -EPERM;
}

static void on_accepted(void *arg, int fd, const struct sockaddr *from, socklen_t from_size)
{
    struct jt_seq_listener *listener = arg;
    struct ucred peer = {0};
    int suppressed;

    (void)from;
    (void)from_size;
    if (check_peer(fd, &peer) == 0) {
        listener->fn(listener->arg, fd);
        return;
    }
    (void)close(fd);
    jt_metric_add(&refused_total, NULL, 1);
    suppressed = jt_log_gate_pass(&listener->gate, jt_loop_now_us(listener->loop));
    if (suppressed >= 0)
        jt_warn("seq.refused", KV("path", listener->name.sun_path), KV("uid", peer.uid),
                KV("pid", peer.pid), KV("suppressed", suppressed));
}

/* A socket file that nobody listens on any more may go; anything else stays. */
static int remove_stale(const struct sockaddr_un *name)
{
    struct stat status;
    int fd, err;

    if (lstat(name->sun_path, &status) != 0)
        return errno == ENOENT ? 0 : -errno;
    if (!S_ISSOCK(status.st_mode))
        return -EADDRINUSE;
    fd = new_socket();
    if (fd < 0)
        return fd;
    err = connect(fd, (const struct sockaddr *)name, sizeof(*name)) == 0 ? 0 : -errno;
    (void)close(fd);
    if (err != -ECONNREFUSED)
        return -EADDRINUSE;
    return unlink(name->sun_path) == 0 || errno == ENOENT ? 0 : -errno;
}

static int bind_and_listen(int fd, const struct sockaddr_un *name)
{
    if (fchmod(fd, SOCKET_MODE) != 0 || /* before bind, so that the file is never open to others */
        bind(fd, (const struct sockaddr *)name, sizeof(*name)) != 0 ||
        chmod(name->sun_path, SOCKET_MODE) != 0 || /* whatever the umask took away */
        listen(fd, BACKLOG) != 0)
        return -errno;
    return 0;
}

static int open_listening(const struct sockaddr_un *name)
{
    int err = remove_stale(name);
    int fd = err ? err : new_socket();

    if (fd < 0)
        return fd;
    err = bind_and_listen(fd, name);
    if (err) {
        (void)close(fd);
        return err;
    }
    return fd;
}

int jt_seq_listen(struct jt_loop *loop, const char *path, jt_seq_accept_fn fn, void *arg,
                  struct jt_seq_listener **out)
{
    struct jt_seq_listener *listener = calloc(1, sizeof(*listener));
    int fd = -1, err;

    if (!listener)
        return -ENOMEM;
    listener->loop = loop;
    listener->fn = fn;
    listener->arg = arg;
    err = name_of(path, &listener->name);
    if (err)
        goto fail;
    fd = open_listening(&listener->name);
    err = fd < 0 ? fd : 0;
    if (!err && lstat(path, &listener->file) != 0)
        err = -errno;
    if (!err)
        err = jt_acceptor_new(loop, "seq.accept", fd, on_accepted, listener, &listener->acceptor);
    if (err)
        goto fail;
    *out = listener;
    return 0;

fail:
    if (fd >= 0)
        (void)close(fd);
    free(listener);
    return err;
}

void jt_seq_listener_free(struct jt_seq_listener *listener)
{
    struct stat status;

    if (!listener)
        return;
    jt_acceptor_free(listener->acceptor);
    if (lstat(listener->name.sun_path, &status) == 0 && status.st_ino == listener->file.st_ino &&
        status.st_dev == listener->file.st_dev) /* else a successor has taken the path */
        (void)unlink(listener->name.sun_path);
    free(listener);
}

int jt_seq_connect(const char *path)
{
    struct sockaddr_un name;
    struct ucred peer;
    int fd, err = name_of(path, &name);

    if (err)
        return err;
    fd = new_socket();
    if (fd < 0)
        return fd;
    if (connect(fd, (const struct sockaddr *)&name, sizeof(name)) != 0)
        err = -errno;
    else
        err = geteuid() == 0 ? 0 : check_peer(fd, &peer);
    if (err) {
        (void)close(fd);
        return err;
    }
    return fd;
}
