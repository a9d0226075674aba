/* What the events of one WebSocket do. */
#include <assert.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/reader.h"
#include "http/server.h"
#include "http/ws_frame.h"
#include "http/ws_socket.h"
#include "loop/loop.h"

enum {
    DISCARD_MAX_BYTES = 1 << 20, /* of a peer that goes on sending while we finish */
};

#define TO(state) (1U << (state))
static const unsigned moves[JT_WS_STATE_COUNT] = {
    [JT_WS_OPEN] = TO(JT_WS_CLOSING) | TO(JT_WS_FINISHING) | TO(JT_WS_DEAD),
    [JT_WS_CLOSING] = TO(JT_WS_FINISHING) | TO(JT_WS_DEAD),
    [JT_WS_FINISHING] = TO(JT_WS_DEAD),
};

static struct jt_metric closed =
    JT_COUNTER("jangteo_ws_closed_total", "WebSockets closed, by who or what did it.", "why");

static const char *const why_names[] = {
    [JT_WS_WHY_PEER] = "peer",     [JT_WS_WHY_GONE] = "gone",         [JT_WS_WHY_OWNER] = "owner",
    [JT_WS_WHY_FAILED] = "failed", [JT_WS_WHY_SLOW] = "slow",         [JT_WS_WHY_SILENT] = "silent",
    [JT_WS_WHY_STALE] = "stale",   [JT_WS_WHY_SHUTDOWN] = "shutdown",
};

void jt_ws_set_state(struct jt_ws *ws, enum jt_ws_state state)
{
    assert(moves[ws->state] & TO(state));
    ws->state = (uint8_t)state;
}

static int64_t ms(int64_t value)
{
    return value * JT_USEC_PER_MSEC;
}

static void update_watch(struct jt_ws *ws)
{
    if (ws->state != JT_WS_DEAD) /* libuv only notes it: can't fail */
        (void)!jt_watch_set(ws->watch, JT_READABLE | (ws->backlog.count ? JT_WRITABLE : 0));
}

void jt_ws_cut(struct jt_ws *ws)
{
    jt_ws_set_state(ws, JT_WS_DEAD);
    jt_watch_free(ws->watch);
    (void)close(ws->fd);
    ws->fd = -1;
    jt_http_place_free(ws->place);
    ws->place = NULL;
    jt_ws_backlog_clear(&ws->backlog);
    jt_ws_group_unlink(ws);
    jt_ws_group_note(ws);
}

/** Remember why; on_closed comes from the loop. */
static void set_end(struct jt_ws *ws, enum jt_ws_why why, unsigned code)
{
    ws->why = (uint8_t)why;
    ws->code = (uint16_t)code;
    jt_metric_add(&closed, why_names[why], 1);
    jt_ws_group_note(ws);
}

void jt_ws_lose(struct jt_ws *ws)
{
    if (ws->state == JT_WS_OPEN)
        set_end(ws, JT_WS_WHY_GONE, JT_WS_CODE_ABNORMAL);
    if (ws->state != JT_WS_DEAD)
        jt_ws_cut(ws);
}

/* ---- out ---- */

int jt_ws_append(struct jt_ws *ws, struct jt_ws_frame *frame, size_t sent)
{
    int err;

    if (ws->backlog.count == 0)
        ws->moved_us = jt_loop_now_us(ws->group->loop);
    err = jt_ws_backlog_push(&ws->backlog, frame, sent);
    update_watch(ws);
    return err;
}

/** Everything is out: say so, once no more is to come. */
static void finish_stream(struct jt_ws *ws)
{
    if (ws->state != JT_WS_FINISHING || ws->backlog.count || ws->is_shut)
        return;
    ws->is_shut = true;
    (void)shutdown(ws->fd, SHUT_WR);
}

void jt_ws_push(struct jt_ws *ws)
{
    ssize_t n = jt_ws_backlog_write(&ws->backlog, ws->fd);

    if (n < 0) {
        jt_ws_lose(ws);
        return;
    }
    if (n > 0)
        ws->moved_us = jt_loop_now_us(ws->group->loop);
    ws->is_blocked = ws->backlog.count > 0;
    finish_stream(ws);
    update_watch(ws);
}

void jt_ws_end(struct jt_ws *ws, enum jt_ws_why why, unsigned code, const char *reason,
               enum jt_ws_state state)
{
    struct jt_ws_frame *frame = jt_ws_frame_close(code, reason);

    set_end(ws, why, code);
    jt_ws_set_state(ws, state);
    ws->deadline_us = jt_loop_now_us(ws->group->loop) + ms(ws->group->config.close_ms);
    if (!frame || jt_ws_append(ws, frame, 0) < 0)
        jt_ws_cut(ws);
    else
        jt_ws_push(ws);
    jt_ws_frame_unref(&frame);
}

/** What waits will not be read: only the reason is still worth a try. */
static void end_slow(struct jt_ws *ws)
{
    jt_ws_backlog_drop(&ws->backlog);
    jt_ws_end(ws, JT_WS_WHY_SLOW, JT_WS_CODE_SLOW, NULL, JT_WS_FINISHING);
}

static int send_now(const struct jt_ws *ws, const struct jt_ws_frame *frame, size_t *sent)
{
    ssize_t n;

    do {
        n = send(ws->fd, frame->bytes, frame->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    } while (n < 0 && errno == EINTR);
    if (n < 0 && errno != EAGAIN)
        return -errno;
    *sent = n < 0 ? 0 : (size_t)n;
    return 0;
}

/** The limits of the backlog, then `sent` bytes less than the frame. */
static int enqueue(struct jt_ws *ws, struct jt_ws_frame *frame, size_t sent)
{
    size_t max = ws->group->config.queue_max_bytes;
    bool fits = frame->size - sent <= max && ws->backlog.bytes <= max - (frame->size - sent);
    int err = fits ? jt_ws_append(ws, frame, sent) : -ENOBUFS;

    if (err && sent > 0) /* half a frame is out and there is no way to the other half */
        jt_ws_lose(ws);
    else if (err)
        end_slow(ws);
    return err;
}

int jt_ws_queue(struct jt_ws *ws, struct jt_ws_frame *frame)
{
    return ws->state == JT_WS_OPEN ? enqueue(ws, frame, 0) : -ESHUTDOWN;
}

void jt_ws_flush(struct jt_ws *ws)
{
    if (ws->state == JT_WS_OPEN && ws->backlog.count && !ws->is_blocked)
        jt_ws_push(ws);
}

int jt_ws_send(struct jt_ws *ws, struct jt_ws_frame *frame)
{
    size_t sent = 0;
    int err = 0;

    if (ws->state != JT_WS_OPEN)
        return -ESHUTDOWN;
    if (ws->backlog.count == 0) { /* nearly always: one system call and no memory touched */
        if (send_now(ws, frame, &sent) < 0) {
            jt_ws_lose(ws);
            return -ESHUTDOWN;
        }
        if (sent == frame->size)
            return 0;
        ws->is_blocked = true;
    }
    err = enqueue(ws, frame, sent);
    if (!err)
        jt_ws_flush(ws);
    return err;
}

/* ---- in ---- */

static void fail(struct jt_ws *ws, unsigned code)
{
    if (ws->state == JT_WS_OPEN)
        jt_ws_end(ws, JT_WS_WHY_FAILED, code, NULL, JT_WS_FINISHING);
    else
        jt_ws_cut(ws);
}

/** §5.5.1: answer with the code that came; both have said so now. */
static void on_close_frame(struct jt_ws *ws, unsigned code)
{
    if (ws->state == JT_WS_OPEN) {
        jt_ws_end(ws, JT_WS_WHY_PEER, code, NULL, JT_WS_FINISHING);
        return;
    }
    jt_ws_set_state(ws, JT_WS_FINISHING);
    finish_stream(ws);
}

/** Does it send no more pings and pongs than it may? */
static bool count_control(struct jt_ws *ws)
{
    if (ws->heard_us - ws->counted_us >= JT_USEC_PER_SEC) {
        ws->counted_us = ws->heard_us;
        ws->controls = 0;
    }
    return ++ws->controls <= JT_WS_CONTROLS_PER_S_MAX;
}

static void on_control(struct jt_ws *ws, const struct jt_ws_item *item)
{
    struct jt_ws_frame *pong;

    if (ws->state != JT_WS_OPEN)
        return;
    if (!count_control(ws)) {
        fail(ws, JT_WS_CODE_POLICY);
        return;
    }
    if (item->opcode != JT_WS_PING)
        return;
    pong = jt_ws_frame_new(JT_WS_PONG, item->data, item->size); /* §5.5.3 */
    if (pong)
        (void)jt_ws_send(ws, pong);
    jt_ws_frame_unref(&pong);
}

static void on_item(struct jt_ws *ws, const struct jt_ws_item *item)
{
    if (!ws->parser.is_amid)
        ws->begun_us = 0; /* what is under way after this has begun after this */
    switch (item->opcode) {
    case JT_WS_TEXT:
        ws->has_spoken = true;
        if (ws->state == JT_WS_OPEN)
            ws->group->events->on_message(ws->group->arg, ws, item->data, item->size);
        break;
    case JT_WS_CLOSE:
        on_close_frame(ws, item->code);
        break;
    default:
        on_control(ws, item);
        break;
    }
}

static bool hears(const struct jt_ws *ws)
{
    return ws->state == JT_WS_OPEN || ws->state == JT_WS_CLOSING;
}

static void take_input(struct jt_ws *ws, struct jt_reader *input)
{
    struct jt_ws_item item;
    int err = 0;

    ws->heard_us = jt_loop_now_us(ws->group->loop);
    while (hears(ws)) {
        err = jt_ws_parser_next(&ws->parser, input, &item);
        if (err)
            break;
        on_item(ws, &item);
    }
    if (!hears(ws)) {
        jt_ws_parser_deinit(&ws->parser);
    } else if (err != -EAGAIN) {
        fail(ws, item.code);
    } else if (!jt_ws_parser_is_waiting(&ws->parser)) {
        ws->begun_us = 0;
    } else if (ws->begun_us == 0) {
        ws->begun_us = ws->heard_us;
    }
}

static void read_some(struct jt_ws *ws)
{
    uint8_t *bytes = ws->group->input;
    struct jt_reader input;
    ssize_t n;

    do {
        n = recv(ws->fd, bytes, JT_WS_READ_BYTES, MSG_DONTWAIT);
    } while (n < 0 && errno == EINTR);
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        jt_ws_lose(ws); /* half a connection is none: RFC 6455 §7.1.1 ends both ways */
        return;
    }
    if (n < 0)
        return;
    input = jt_reader_of(bytes, (size_t)n);
    if (hears(ws)) {
        take_input(ws, &input);
        return;
    }
    ws->discarded += (size_t)n;
    if (ws->discarded > DISCARD_MAX_BYTES)
        jt_ws_cut(ws);
}

void jt_ws_on_io(void *arg, int events)
{
    struct jt_ws *ws = arg;
    struct jt_ws_group *group = ws->group;

    jt_ws_group_enter(group);
    if (ws->state != JT_WS_DEAD && (events & JT_WRITABLE) && ws->backlog.count) {
        jt_ws_push(ws);
        if (ws->state == JT_WS_OPEN && !ws->backlog.count && group->events->on_drained)
            group->events->on_drained(group->arg, ws);
    }
    if (ws->state != JT_WS_DEAD && (events & JT_READABLE))
        read_some(ws);
    jt_ws_group_leave(group);
}

/* ---- time ---- */

/**
 * Has the backlog stood still? Who reads a byte now and then does not move it: the kernel tells of
 * room in lumps, a third of its buffer at a time.
 */
static bool is_stuck(const struct jt_ws *ws, int64_t now_us)
{
    return ws->backlog.count && now_us - ws->moved_us >= ms(ws->group->config.progress_ms);
}

static void ping(struct jt_ws *ws, int64_t now_us)
{
    ws->pinged_us = now_us;
    if (ws->group->config.has_text_heartbeat && jt_ws_queue(ws, ws->group->heartbeat) < 0)
        return;
    (void)jt_ws_send(ws, ws->group->ping);
}

static void check_open(struct jt_ws *ws, int64_t now_us)
{
    const struct jt_ws_config *config = &ws->group->config;
    bool is_unanswered = ws->pinged_us > ws->heard_us;

    if (!ws->has_spoken && now_us - ws->opened_us >= ms(config->first_message_ms))
        jt_ws_end(ws, JT_WS_WHY_STALE, JT_WS_CODE_STALE, NULL, JT_WS_FINISHING);
    else if (ws->begun_us && now_us - ws->begun_us >= ms(config->message_timeout_ms))
        fail(ws, JT_WS_CODE_TOO_LONG);
    else if (is_unanswered && now_us - ws->pinged_us >= ms(config->pong_ms))
        jt_ws_end(ws, JT_WS_WHY_SILENT, JT_WS_CODE_SILENT, NULL, JT_WS_FINISHING);
    else if (is_stuck(ws, now_us))
        end_slow(ws);
    else if (!is_unanswered && now_us - JT_MAX(ws->pinged_us, ws->opened_us) >= ms(config->ping_ms))
        ping(ws, now_us);
}

void jt_ws_check(struct jt_ws *ws, int64_t now_us)
{
    if (ws->state == JT_WS_OPEN)
        check_open(ws, now_us);
    else if (now_us >= ws->deadline_us)
        jt_ws_cut(ws);
}
