#include "ring/link.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "loop/loop.h"
#include "net/seqpacket.h"

struct jt_link {
    struct jt_seq *seq;
    const struct jt_link_ops *ops;
    void *arg;
    bool has_hello;
    bool has_ended;             /* told its owner so: nothing more is heard or said */
    struct jt_timer *end_timer; /* a message could not be sent */
    int send_error;
    struct jt_log_gate gate;
};

static void end(struct jt_link *link, int error)
{
    if (link->has_ended)
        return;
    link->has_ended = true;
    link->ops->on_end(link->arg, error);
}

static void complain(struct jt_link *link, const char *why)
{
    int suppressed = jt_log_gate_pass(&link->gate, jt_clock_mono_us());

    if (suppressed >= 0)
        jt_warn("link.bad_message", KV("reason", why),
                KV("peer_pid", (int)jt_seq_peer_pid(link->seq)), KV("suppressed", suppressed));
}

static void on_message(void *arg, const char *data, size_t size, int *fds, int fd_count)
{
    struct jt_link *link = arg;
    struct jt_control message;
    int err;

    if (link->has_ended)
        return;
    err = jt_control_decode(data, size, &message);
    if (err == -EOPNOTSUPP)
        return;
    if (!err && fd_count != jt_control_fd_count(&message))
        err = -EPROTO;
    if (!err && !link->has_hello && message.type != JT_CONTROL_HELLO)
        err = -EPROTO;
    if (err) {
        complain(link, err == -EPROTO ? "out_of_turn" : "malformed");
        end(link, err);
        return;
    }
    link->has_hello = true;
    link->ops->on_message(link->arg, &message, fds);
}

static void on_end(void *arg, int error)
{
    end(arg, error);
}

static void on_end_timer(void *arg)
{
    struct jt_link *link = arg;

    end(link, link->send_error);
}

static const struct jt_seq_ops seq_ops = {.on_message = on_message, .on_end = on_end};

int jt_link_new(struct jt_loop *loop, int fd, const struct jt_link_ops *ops, void *arg,
                struct jt_link **out)
{
    struct jt_link *link = calloc(1, sizeof(*link));
    int err;

    if (!link)
        return -ENOMEM;
    link->ops = ops;
    link->arg = arg;
    err = jt_timer_new(loop, "link.end", on_end_timer, link, &link->end_timer);
    if (!err)
        err = jt_seq_new(loop, fd, &seq_ops, link, &link->seq);
    if (err) {
        jt_link_free(link);
        return err;
    }
    *out = link;
    return 0;
}

void jt_link_free(struct jt_link *link)
{
    if (!link)
        return;
    jt_seq_free(link->seq);
    jt_timer_free(link->end_timer);
    free(link);
}

/* A peer that missed a message has another picture than we. One that has gone is heard out first: reading finds the end. */
static void on_send_error(struct jt_link *link, int err)
{
    if (err == -EPIPE || err == -ECONNRESET || link->send_error)
        return;
    link->send_error = err;
    jt_timer_start(link->end_timer, 0, 0);
}

void jt_link_send(struct jt_link *link, const struct jt_control *message, const int *fds)
{
    char json[JT_SEQ_MESSAGE_MAX_BYTES];
    int size;
    int err;

    if (link->has_ended || link->send_error)
        return;
    size = jt_control_encode(message, json, sizeof(json));
    if (size < 0) {
        jt_error("link.encode", KV("type", jt_control_type_name(message->type)), KV("err", size));
        return;
    }
    err = jt_seq_send(link->seq, json, (size_t)size, fds, jt_control_fd_count(message));
    if (err) {
        jt_warn("link.send", KV("type", jt_control_type_name(message->type)), KV("err", err));
        on_send_error(link, err);
    }
}

void jt_link_hello(struct jt_link *link, enum jt_control_role role)
{
    jt_link_send(
        link, &(struct jt_control){.type = JT_CONTROL_HELLO, .role = role, .pid = getpid()}, NULL);
}
