#include "http/gate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <libwebsockets.h>

#include "http/connection.h"
#include "http/exchange.h"
#include "http/head.h"
#include "http/upgrade.h"

enum { EVENTS_PER_TURN = 64, READS_PER_TURN = 8 };

struct jt_http_gate {
    int epoll;
    int hole; /* a socket whose other end is closed: see jt_http_gate_release */
};

static int open_hole(void)
{
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends) < 0)
        return -errno;
    (void)close(ends[1]);
    return ends[0];
}

int jt_http_gate_new(struct lws_vhost *vhost, struct jt_http_gate **out)
{
    struct jt_http_gate *gate = malloc(sizeof(*gate));
    lws_sock_file_fd_type fd;

    if (!gate)
        return -ENOMEM;
    gate->hole = open_hole();
    if (gate->hole < 0) {
        int err = gate->hole;

        free(gate);
        return err;
    }
    gate->epoll = epoll_create1(EPOLL_CLOEXEC);
    fd.filefd = gate->epoll;
    if (gate->epoll < 0 ||
        !lws_adopt_descriptor_vhost(vhost, LWS_ADOPT_RAW_FILE_DESC, fd, "http", NULL)) {
        int err = gate->epoll < 0 ? -errno : -ENOMEM;

        (void)close(gate->hole);
        free(gate);
        return err;
    }
    *out = gate;
    return 0;
}

void jt_http_gate_free(struct jt_http_gate *gate)
{
    if (gate)
        (void)close(gate->hole);
    free(gate);
}

static int control(const struct jt_http_gate *gate, int op, uint32_t events,
                   struct jt_http_connection *connection)
{
    struct epoll_event event = {.events = events | EPOLLET, .data.ptr = connection};

    return epoll_ctl(gate->epoll, op, lws_get_socket_fd(connection->wsi), &event) < 0 ? -errno : 0;
}

int jt_http_gate_add(struct jt_http_gate *gate, struct jt_http_connection *connection)
{
    (void)lws_rx_flow_control(connection->wsi, 0);
    return control(gate, EPOLL_CTL_ADD, EPOLLIN | EPOLLRDHUP, connection);
}

void jt_http_gate_watch(struct jt_http_gate *gate, struct jt_http_connection *connection,
                        bool output)
{
    /* What is ready now makes an edge again. */
    (void)control(gate, EPOLL_CTL_MOD, EPOLLIN | EPOLLRDHUP | (output ? EPOLLOUT : 0U), connection);
}

/*
 * libwebsockets 4.1 can't let go of a socket: it shuts it down and closes it. So it gets another
 * one to do that to, under the same number. Its poll knows numbers alone; our epoll knows the
 * socket, which stays open, and has to be told.
 */
void jt_http_gate_release(struct jt_http_gate *gate, struct jt_http_connection *connection)
{
    (void)control(gate, EPOLL_CTL_DEL, 0, connection);
    if (dup3(gate->hole, lws_get_socket_fd(connection->wsi), O_CLOEXEC) < 0)
        abort(); /* both are open: or libwebsockets would shut down what is the peer's now */
    jt_http_exchange_end(connection);
}

/**
 * Make libwebsockets poll the socket for nothing at all. It puts a new socket into its poll set for
 * input whatever jt_http_gate_add said, and after each answer asks for output once more; while it
 * is held it serves neither, and poll would spin. So it is let go for a moment, in which only
 * output is served. False: it has closed the connection.
 */
static bool settle(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    struct lws_pollfd output = {
        .fd = lws_get_socket_fd(connection->wsi), .events = POLLIN | POLLOUT, .revents = POLLOUT};

    if (connection->is_settled)
        return true;
    connection->is_settled = true;
    policy->connections.watched = connection;
    (void)lws_rx_flow_control(connection->wsi, 1);
    (void)lws_service_fd(lws_get_context(connection->wsi), &output);
    if (!policy->connections.watched)
        return false;
    (void)lws_rx_flow_control(connection->wsi, 0);
    return true;
}

/** What lies there for a connection that awaits a request? It may be closed by this. */
static void look(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    unsigned char bytes[JT_HTTP_HEAD_MAX_BYTES];
    struct jt_http_head head;
    ssize_t size;
    int err;

    size = recv(lws_get_socket_fd(connection->wsi), bytes, sizeof(bytes), MSG_PEEK | MSG_DONTWAIT);
    if (size < 0)
        return; /* nothing there; a broken socket is libwebsockets' to find */
    if (size == 0) {
        jt_http_exchange_end(connection);
        return;
    }
    if (connection->phase == JT_HTTP_IDLE)
        jt_http_connection_enter(&policy->connections, connection, JT_HTTP_HEADERS);
    err = jt_http_head_check(bytes, (size_t)size, policy->body_max_bytes, &head);
    if (err == -EAGAIN)
        return;
    if (head.fault) {
        jt_http_exchange_reject(policy, connection, head.fault);
        return;
    }
    if (head.is_websocket) {
        jt_http_upgrade_begin(policy, connection, bytes, head.size_bytes);
        return;
    }
    connection->is_admitted = true;
    connection->is_last = (size_t)size > head.size_bytes + head.content_length;
    (void)lws_rx_flow_control(connection->wsi, 1);
}

/** Read and forget. A peer that never stops is cut by the deadline. */
static void drain(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    unsigned char bytes[JT_HTTP_HEAD_MAX_BYTES];
    ssize_t size = 0;

    for (int i = 0; i < READS_PER_TURN; i++) {
        size = recv(lws_get_socket_fd(connection->wsi), bytes, sizeof(bytes), MSG_DONTWAIT);
        if (size <= 0)
            break;
    }
    if (size > 0)
        jt_http_gate_watch(policy->gate, connection, false); /* more next turn */
    else if (size == 0 || errno != EAGAIN)
        jt_http_exchange_end(connection);
}

static void serve(struct jt_http_policy *policy, struct jt_http_connection *connection)
{
    switch (connection->phase) {
    case JT_HTTP_SENDING:
        jt_http_exchange_writable(policy, connection);
        break;
    case JT_HTTP_HEADERS:
    case JT_HTTP_IDLE:
        if (settle(policy, connection))
            look(policy, connection);
        break;
    case JT_HTTP_LINGERING:
        drain(policy, connection);
        break;
    default:
        break; /* seen again when the phase is over */
    }
}

void jt_http_gate_service(struct jt_http_gate *gate, struct jt_http_policy *policy)
{
    struct epoll_event events[EVENTS_PER_TURN];
    int count;

    /* Each connection is in one event at most, and looking closes no other one. */
    do {
        count = epoll_wait(gate->epoll, events, EVENTS_PER_TURN, 0);
        for (int i = 0; i < count; i++)
            serve(policy, events[i].data.ptr);
    } while (count == EVENTS_PER_TURN);
}
