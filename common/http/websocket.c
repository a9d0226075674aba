#include "http/websocket.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/ws_socket.h"
#include "loop/loop.h"

enum {
    KERNEL_BUFFER_BYTES = 64 * 1024, /* the kernel would grow it to megabytes for each slow reader,
                                        behind our limit on the queue */
};

static void set_option(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value)); /* a wish; no TCP on unix sockets */
}

int jt_ws_adopt(struct jt_ws_group *group, int fd, struct jt_http_place *place, void *socket_arg,
                struct jt_ws **out)
{
    struct jt_ws *ws = calloc(1, sizeof(*ws));
    int err;

    assert(!group->is_freed);
    if (!ws)
        return -ENOMEM;
    ws->group = group;
    err = jt_watch_new(group->loop, "ws.io", fd, JT_READABLE, jt_ws_on_io, ws, &ws->watch);
    if (err) {
        free(ws);
        return err;
    }
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_SNDBUF, KERNEL_BUFFER_BYTES);
    jt_ws_parser_init(&ws->parser, group->config.message_max_bytes,
                      (unsigned)group->config.fragments_max);
    ws->fd = fd;
    ws->place = place;
    ws->arg = socket_arg;
    ws->opened_us = ws->heard_us = ws->counted_us = jt_loop_now_us(group->loop);
    jt_ws_group_link(ws);
    group->open_count++;
    *out = ws;
    return 0;
}

void jt_ws_set_arg(struct jt_ws *ws, void *socket_arg)
{
    ws->arg = socket_arg;
}

void *jt_ws_arg(const struct jt_ws *ws)
{
    return ws->arg;
}

size_t jt_ws_queued_bytes(const struct jt_ws *ws)
{
    return ws->backlog.bytes;
}

void jt_ws_close(struct jt_ws *ws, unsigned code, const char *reason)
{
    assert(code >= JT_WS_CODE_NORMAL && code <= 4999 && code != JT_WS_CODE_NONE &&
           code != JT_WS_CODE_ABNORMAL);
    if (ws->state == JT_WS_OPEN)
        jt_ws_end(ws, JT_WS_WHY_OWNER, code, reason, JT_WS_CLOSING);
}
