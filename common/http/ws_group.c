/* The group: its clock and its list of sockets that ended. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "http/ws_frame.h"
#include "http/ws_socket.h"
#include "loop/loop.h"

enum {
    SWEEP_MAX_MS = 1000,     /* how often each socket is looked at, … */
    SWEEPS_PER_DEADLINE = 4, /* … or so often within the shortest deadline */
    SWEEP_MIN_MS = JT_WS_WHEEL_SLOTS,
};

static int64_t or_default(int64_t value, int64_t standard)
{
    return value > 0 ? value : standard;
}

static struct jt_ws_config complete(const struct jt_ws_config *wish)
{
    struct jt_ws_config config = wish ? *wish : (struct jt_ws_config){0};

    config.message_max_bytes =
        config.message_max_bytes ? config.message_max_bytes : JT_WS_MESSAGE_MAX_BYTES;
    config.queue_max_bytes =
        config.queue_max_bytes ? config.queue_max_bytes : JT_WS_QUEUE_MAX_BYTES;
    config.fragments_max = (int)or_default(config.fragments_max, JT_WS_FRAGMENTS_MAX);
    config.message_timeout_ms = or_default(config.message_timeout_ms, JT_WS_MESSAGE_TIMEOUT_MS);
    config.first_message_ms = or_default(config.first_message_ms, JT_WS_FIRST_MESSAGE_MS);
    config.ping_ms = or_default(config.ping_ms, JT_WS_PING_MS);
    config.pong_ms = or_default(config.pong_ms, JT_WS_PONG_MS);
    config.close_ms = or_default(config.close_ms, JT_WS_CLOSE_MS);
    config.progress_ms = or_default(config.progress_ms, JT_WS_PROGRESS_MS);
    return config;
}

static int64_t sweep_ms(const struct jt_ws_config *config)
{
    int64_t all[] = {
        config->message_timeout_ms, config->first_message_ms, config->ping_ms, config->pong_ms,
        config->close_ms,           config->progress_ms};
    int64_t shortest = (int64_t)SWEEP_MAX_MS * SWEEPS_PER_DEADLINE;

    for (size_t i = 0; i < JT_COUNT(all); i++)
        shortest = JT_MIN(shortest, all[i]);
    return JT_MAX(shortest / SWEEPS_PER_DEADLINE, (int64_t)SWEEP_MIN_MS);
}

/* A sixteenth of the sockets at a time: those that came together would all be pinged in one turn. */
static void on_sweep(void *arg)
{
    struct jt_ws_group *group = arg;
    int64_t now_us = jt_loop_now_us(group->loop);
    struct jt_ws *ws = group->wheel[group->hand];

    group->hand = (group->hand + 1) % JT_WS_WHEEL_SLOTS;
    while (ws) {
        struct jt_ws *next = ws->next; /* `ws` may leave the slot, no other does */

        jt_ws_check(ws, now_us);
        ws = next;
    }
}

static void tell(struct jt_ws *ws)
{
    ws->is_told = true;
    ws->group->open_count--;
    ws->group->events->on_closed(ws->group->arg, ws, (enum jt_ws_why)ws->why, ws->code);
}

static void destroy(struct jt_ws *ws)
{
    jt_ws_backlog_clear(&ws->backlog);
    jt_ws_parser_deinit(&ws->parser);
    free(ws);
}

/** Tell the owner of those that are no more for it, free those that are no more at all. */
static void on_ending(void *arg)
{
    struct jt_ws_group *group = arg;

    jt_ws_group_enter(group);
    while (group->ended && !group->is_freed) {
        struct jt_ws *ws = group->ended;

        group->ended = ws->next_ended;
        ws->is_ended = false;
        if (!ws->is_told)
            tell(ws);
        if (ws->state == JT_WS_DEAD && !ws->is_ended) /* on_closed may free the group */
            destroy(ws);
    }
    jt_ws_group_leave(group);
}

void jt_ws_group_note(struct jt_ws *ws)
{
    struct jt_ws_group *group = ws->group;

    if (ws->is_ended)
        return;
    if (!group->ended && !group->is_freed)
        jt_timer_start(group->ending, 0, 0);
    ws->is_ended = true;
    ws->next_ended = group->ended;
    group->ended = ws;
}

void jt_ws_group_link(struct jt_ws *ws)
{
    struct jt_ws_group *group = ws->group;

    ws->slot = (uint8_t)(group->next_slot++ % JT_WS_WHEEL_SLOTS);
    ws->next = group->wheel[ws->slot];
    if (ws->next)
        ws->next->prev = ws;
    group->wheel[ws->slot] = ws;
}

void jt_ws_group_unlink(struct jt_ws *ws)
{
    if (ws->prev)
        ws->prev->next = ws->next;
    else
        ws->group->wheel[ws->slot] = ws->next;
    if (ws->next)
        ws->next->prev = ws->prev;
}

/** No callback is under way, no socket is left. */
static void free_memory(struct jt_ws_group *group)
{
    while (group->ended) {
        struct jt_ws *ws = group->ended;

        group->ended = ws->next_ended;
        destroy(ws);
    }
    jt_ws_frame_unref(&group->ping);
    jt_ws_frame_unref(&group->heartbeat);
    free(group);
}

void jt_ws_group_enter(struct jt_ws_group *group)
{
    group->depth++;
}

void jt_ws_group_leave(struct jt_ws_group *group)
{
    if (--group->depth == 0 && group->is_freed)
        free_memory(group);
}

int jt_ws_group_new(struct jt_loop *loop, const struct jt_ws_config *config,
                    const struct jt_ws_events *events, void *arg, struct jt_ws_group **out)
{
    struct jt_ws_group *group = calloc(1, sizeof(*group));
    int64_t tick_us;
    int err;

    if (!group)
        return -ENOMEM;
    group->loop = loop;
    group->config = complete(config);
    group->events = events;
    group->arg = arg;
    group->ping = jt_ws_frame_new(JT_WS_PING, NULL, 0);
    group->heartbeat = jt_ws_frame_text(NULL, 0);
    err = group->ping && group->heartbeat ? 0 : -ENOMEM;
    if (!err)
        err = jt_timer_new(loop, "ws.sweep", on_sweep, group, &group->sweep);
    if (!err)
        err = jt_timer_new(loop, "ws.ending", on_ending, group, &group->ending);
    if (err) {
        jt_ws_group_free(group);
        return err;
    }
    tick_us = sweep_ms(&group->config) * JT_USEC_PER_MSEC / JT_WS_WHEEL_SLOTS;
    jt_timer_start(group->sweep, tick_us, tick_us);
    *out = group;
    return 0;
}

/** Its last word, then the end, for a socket that may be in any state but dead. */
static void shut_down(struct jt_ws *ws)
{
    if (ws->state == JT_WS_OPEN)
        jt_ws_end(ws, JT_WS_WHY_SHUTDOWN, JT_WS_CODE_GOING_AWAY, NULL, JT_WS_FINISHING);
    if (ws->state != JT_WS_DEAD)
        jt_ws_cut(ws);
}

void jt_ws_group_free(struct jt_ws_group *group)
{
    if (!group || group->is_freed)
        return;
    jt_ws_group_enter(group);
    group->is_freed = true;
    for (unsigned i = 0; i < JT_WS_WHEEL_SLOTS; i++) {
        while (group->wheel[i])
            shut_down(group->wheel[i]);
    }
    for (struct jt_ws *ws = group->ended; ws; ws = ws->next_ended) {
        if (!ws->is_told)
            tell(ws);
    }
    jt_timer_free(group->sweep);
    jt_timer_free(group->ending);
    jt_ws_group_leave(group);
}

size_t jt_ws_group_count(const struct jt_ws_group *group)
{
    return group->open_count;
}
