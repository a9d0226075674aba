#include "chat/room/hall.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "chat/room/words.h"
#include "http/server.h"

enum { SECOND_US = 1000000, MSEC_US = 1000, RETRY_FIRST_MS = 500 };

static struct jt_metric pages_now = JT_GAUGE("jangteo_chat_pages", "Open sockets.", NULL);
static struct jt_metric rooms_now = JT_GAUGE("jangteo_chat_rooms", "Rooms.", NULL);
static struct jt_metric closed_total =
    JT_COUNTER("jangteo_chat_closed_total", "Sockets closed, by reason.", "reason");

static struct room_time now_of(const struct channel *channel)
{
    return (struct room_time){.mono_ms = jt_loop_now_us(channel->loop) / MSEC_US,
                              .wall_ms = jt_clock_wall_us() / MSEC_US};
}

/* What a room asks for: frames are the sockets' own, so that bytes are laid out once for all of them. */

static void *on_frame_new(void *arg, const char *text, size_t size)
{
    (void)arg;
    return jt_ws_frame_text(text, size);
}

static void on_frame_free(void *arg, void *data)
{
    struct jt_ws_frame *frame = data;

    (void)arg;
    jt_ws_frame_unref(&frame);
}

static void on_send(void *arg, void *data, void *frame)
{
    struct hall_socket *socket = data;

    (void)arg;
    (void)jt_ws_send(socket->ws, frame); /* on_closed follows if it is too slow */
}

static bool on_is_behind(void *arg, void *data)
{
    const struct hall_socket *socket = data;

    (void)arg;
    return jt_ws_queued_bytes(socket->ws) > CHANNEL_BEHIND_BYTES;
}

static void on_put_out(void *arg, void *data, enum room_out why)
{
    static const struct {
        unsigned code;
        const char *reason;
    } outs[] = {
        [ROOM_OUT_BAD_MESSAGE] = {CHANNEL_CODE_BAD_MESSAGE, "bad_message"},
        [ROOM_OUT_BANNED] = {CHANNEL_CODE_BANNED, "banned"},
        [ROOM_OUT_FLOOD] = {CHANNEL_CODE_FLOOD, "flood"},
        [ROOM_OUT_LOST] = {JT_WS_CODE_TRY_LATER, "lost"},
    };
    struct hall_socket *socket = data;

    (void)arg;
    jt_ws_close(socket->ws, outs[why].code, outs[why].reason);
}

static void on_act(void *arg, const struct room_act *act)
{
    struct hall_room *room = arg;

    jt_info("chat.act", KV("show", room->show), KV("act", room_verb_name(act->verb)),
            KV("actor", act->actor), KV("person", act->person));
    room->channel->ops->act(room->channel->arg, room->show, act);
}

static const struct room_ops room_ops = {
    .frame_new = on_frame_new,
    .frame_free = on_frame_free,
    .send = on_send,
    .is_behind = on_is_behind,
    .put_out = on_put_out,
    .act = on_act,
};

/* Rooms. */

static struct hall_room **bucket_of(struct channel *channel, const char *show)
{
    uint32_t hash = 2166136261U; /* FNV-1a; shows are made by us */

    for (; *show; show++)
        hash = (hash ^ (unsigned char)*show) * 16777619U;
    return &channel->rooms[hash % HALL_BUCKETS];
}

static struct hall_room *find_room(struct channel *channel, const char *show)
{
    struct hall_room *room = *bucket_of(channel, show);

    while (room && strcmp(room->show, show) != 0)
        room = room->next;
    return room;
}

static void arm(struct hall_room *room)
{
    int64_t due_ms = room_due_ms(room->room), now_ms = now_of(room->channel).mono_ms;

    if (due_ms != INT64_MAX)
        jt_timer_start(room->timer, JT_MAX(due_ms - now_ms, 0) * MSEC_US, 0);
}

static void on_due(void *arg)
{
    struct hall_room *room = arg;

    room_flush(room->room, now_of(room->channel));
    arm(room);
}

static struct channel_tally tally_of(const struct hall_room *room)
{
    struct room_counts counts;

    room_counts(room->room, &counts);
    return (struct channel_tally){.hearts = counts.hearts,
                                  .messages = counts.messages,
                                  .pages = counts.members,
                                  .persons = counts.persons};
}

/* Once it is open: until then its counts are those of this life alone. */
static void tell_tally(struct hall_room *room, bool is_end)
{
    struct channel_tally tally = tally_of(room), *told = &room->told;

    tally.is_end = is_end;
    if (!room->is_open || (tally.hearts == told->hearts && tally.messages == told->messages &&
                           tally.pages == told->pages && tally.persons == told->persons && !is_end))
        return;
    *told = tally;
    room->channel->ops->tally(room->channel->arg, room->show, &tally);
}

/* Nobody may be in it any more. */
static void free_room(struct hall_room *room)
{
    struct hall_room **at = bucket_of(room->channel, room->show);

    while (*at && *at != room)
        at = &(*at)->next;
    if (*at) {
        *at = room->next;
        room->channel->room_count--;
        jt_metric_add(&rooms_now, NULL, -1);
    }
    jt_timer_free(room->timer);
    room_free(room->room);
    free(room);
}

static bool is_empty(const struct hall_room *room)
{
    struct room_counts counts;

    room_counts(room->room, &counts);
    return !counts.members && LIST_EMPTY(&room->waiting);
}

/* The room that has been empty for longest makes place. */
static int make_place(struct channel *channel)
{
    struct hall_room *oldest = NULL;

    if (channel->room_count < CHANNEL_ROOMS_MAX)
        return 0;
    for (int i = 0; i < HALL_BUCKETS; i++)
        for (struct hall_room *room = channel->rooms[i]; room; room = room->next)
            if (is_empty(room) && (!oldest || room->empty_since_ms < oldest->empty_since_ms))
                oldest = room;
    if (!oldest)
        return -ENOSPC;
    tell_tally(oldest, true);
    free_room(oldest);
    return 0;
}

static int build_room(struct channel *channel, struct hall_room *room)
{
    uint8_t seed[ROOM_SEED_BYTES];
    int err;

    if (getrandom(seed, sizeof(seed), 0) != (ssize_t)sizeof(seed))
        return -EIO;
    err = jt_timer_new(channel->loop, "room.flush", on_due, room, &room->timer);
    if (!err)
        err = room_new(&room_ops, room, seed, &room->room);
    return err;
}

static int add_room(struct channel *channel, const char *show, struct hall_room **out)
{
    struct hall_room **bucket = bucket_of(channel, show), *room;
    int err = make_place(channel);

    if (err)
        return err;
    room = calloc(1, sizeof(*room));
    if (!room)
        return -ENOMEM;
    room->channel = channel;
    room->begun_ms = room->empty_since_ms = now_of(channel).mono_ms;
    LIST_INIT(&room->waiting);
    strcpy(room->show, show);
    err = build_room(channel, room);
    if (!err)
        err = channel->ops->open(channel->arg, show);
    if (err) {
        free_room(room);
        return err;
    }
    room->next = *bucket;
    *bucket = room;
    channel->room_count++;
    jt_metric_add(&rooms_now, NULL, 1);
    *out = room;
    return 0;
}

/* Sockets. */

static void stop_waiting(struct hall_socket *socket)
{
    if (!socket->waiting)
        return;
    LIST_REMOVE(socket->waiting, link);
    free(socket->waiting);
    socket->waiting = NULL;
}

static void refuse(struct hall_socket *socket, int err)
{
    unsigned code = err == -EACCES   ? CHANNEL_CODE_BANNED
                    : err == -EMFILE ? CHANNEL_CODE_TOO_MANY
                    : err == -ENOENT ? CHANNEL_CODE_NO_SHOW
                                     : JT_WS_CODE_TRY_LATER;

    socket->room = NULL; /* which may go before the socket does */
    jt_ws_close(socket->ws, code, NULL);
}

static void enter(struct hall_socket *socket, int64_t id, const struct room_position *since,
                  const struct room_identity *identity)
{
    struct hall_room *room = socket->room;
    struct room_hello hello = {.id = id, .since = since, .identity = identity};
    int err = room_join(room->room, &hello, socket, now_of(socket->channel), &socket->member);

    if (err)
        refuse(socket, err);
    else
        room->empty_since_ms = INT64_MAX;
}

static void wait_for_room(struct hall_socket *socket, const struct room_message *message,
                          const struct room_identity *identity)
{
    struct hall_waiting *waiting = calloc(1, sizeof(*waiting));

    if (!waiting) {
        refuse(socket, -ENOMEM);
        return;
    }
    waiting->socket = socket;
    waiting->id = message->id;
    waiting->has_position = message->hello.has_position;
    waiting->position = message->hello.position;
    waiting->identity = *identity;
    socket->waiting = waiting;
    LIST_INSERT_HEAD(&socket->room->waiting, waiting, link);
}

static void on_hello(struct hall_socket *socket, const struct room_message *message)
{
    struct channel *channel = socket->channel;
    struct room_identity identity = {.role = ACCESS_GUEST};
    int err;

    memcpy(identity.address, socket->address, sizeof(identity.address));
    if (channel->ops->admit(channel->arg, message->hello.ticket, message->hello.show, &identity)) {
        jt_ws_close(socket->ws, CHANNEL_CODE_BAD_TICKET, "bad_ticket");
        return;
    }
    socket->room = find_room(channel, message->hello.show);
    if (!socket->room) {
        err = add_room(channel, message->hello.show, &socket->room);
        if (err) {
            refuse(socket, err);
            return;
        }
    }
    if (!socket->room->is_open)
        wait_for_room(socket, message, &identity);
    else
        enter(socket, message->id, message->hello.has_position ? &message->hello.position : NULL,
              &identity);
}

static void on_message(void *arg, struct jt_ws *ws, const char *text, size_t size)
{
    struct hall_socket *socket = jt_ws_arg(ws);
    struct room_message message;

    (void)arg;
    if (socket->member) {
        room_receive(socket->room->room, socket->member, text, size, now_of(socket->channel));
        arm(socket->room);
    } else if (socket->waiting && !size) {
        return; /* a page's word that it is there */
    } else if (socket->room || room_message_read(text, size, &message) ||
               message.verb != ROOM_HELLO) {
        jt_ws_close(ws, CHANNEL_CODE_BAD_MESSAGE, "hello_first");
    } else {
        on_hello(socket, &message);
    }
}

static void on_closed(void *arg, struct jt_ws *ws, enum jt_ws_why why, unsigned code)
{
    static const char *const reasons[] = {
        [JT_WS_WHY_PEER] = "peer",     [JT_WS_WHY_GONE] = "gone",
        [JT_WS_WHY_OWNER] = "put_out", [JT_WS_WHY_FAILED] = "failed",
        [JT_WS_WHY_SLOW] = "slow",     [JT_WS_WHY_SILENT] = "silent",
        [JT_WS_WHY_STALE] = "stale",   [JT_WS_WHY_SHUTDOWN] = "shutdown",
    };
    struct hall_socket *socket = jt_ws_arg(ws);
    struct hall_room *room = socket->room;

    (void)arg;
    (void)code;
    jt_metric_add(&pages_now, NULL, -1);
    jt_metric_add(&closed_total, reasons[why], 1);
    stop_waiting(socket);
    if (socket->member)
        room_leave(room->room, socket->member, now_of(socket->channel));
    if (room && is_empty(room))
        room->empty_since_ms = now_of(socket->channel).mono_ms;
    free(socket);
}

static const struct jt_ws_events ws_events = {.on_message = on_message, .on_closed = on_closed};

static void adopt(struct channel *channel, struct post *post)
{
    struct hall_socket *socket = calloc(1, sizeof(*socket));

    if (!socket)
        return; /* the post closes it */
    socket->channel = channel;
    (void)snprintf(socket->address, sizeof(socket->address), "%s", post->key);
    if (jt_ws_adopt(channel->group, post->fd, post->place, socket, &socket->ws)) {
        free(socket);
        return;
    }
    post->fd = -1;
    jt_metric_add(&pages_now, NULL, 1);
}

/* Posts. */

struct closing {
    unsigned code;
    const char *reason;
};

static void close_socket(void *arg, void *data)
{
    const struct closing *closing = arg;
    struct hall_socket *socket = data;

    jt_ws_close(socket->ws, closing->code, closing->reason);
}

static void open_room(struct hall_room *room, struct post *post)
{
    struct hall_waiting *waiting, copy;

    if (room->is_open)
        return;
    if (!post->code) {
        room_set_counts(room->room, post->number, post->more);
        room_set_words(room->room, post->words);
        post->words = NULL;
        room_flush(room->room, now_of(room->channel)); /* so that all of it is in the welcome */
        room->is_open = true;
    }
    while ((waiting = LIST_FIRST(&room->waiting))) {
        copy = *waiting;
        stop_waiting(copy.socket);
        if (post->code)
            refuse(copy.socket, post->code == -ENOENT ? -ENOENT : -EAGAIN);
        else
            enter(copy.socket, copy.id, copy.has_position ? &copy.position : NULL, &copy.identity);
    }
    if (post->code) /* goes in the next second */
        room->begun_ms = INT64_MIN / 2;
}

static void close_room(struct hall_room *room, struct closing closing)
{
    struct hall_waiting *waiting;

    room_each(room->room, close_socket, &closing);
    LIST_FOREACH (waiting, &room->waiting, link)
        close_socket(&closing, waiting->socket);
    room->empty_since_ms = JT_MIN(room->empty_since_ms, now_of(room->channel).mono_ms);
}

static void in_room(struct hall_room *room, struct post *post)
{
    int err = 0;

    switch (post->kind) {
    case POST_PUBLISH:
        err = room_publish(room->room, post->key, post->number, post->event, post->json);
        break;
    case POST_EVENT:
        err = room_event(room->room, post->event, post->json);
        break;
    case POST_GAUGE:
        room_set_gauge(room->room, (enum room_gauge)post->code, post->number);
        break;
    case POST_TELL:
        (void)room_tell(room->room, post->key, post->event, post->json);
        break;
    case POST_ACT:
        err = room_act(room->room, &post->act, now_of(room->channel));
        break;
    case POST_OPENED:
        open_room(room, post);
        break;
    case POST_KICK:
        room_each_of(room->room, post->key, close_socket,
                     &(struct closing){CHANNEL_CODE_LOGGED_OUT, "logged_out"});
        break;
    case POST_CLOSE:
        close_room(room, (struct closing){CHANNEL_CODE_NO_SHOW, "closed"});
        break;
    case POST_ADOPT:
        break;
    }
    if (err)
        jt_warn("room.publish", KV("show", room->show), KV("key", post->key), KV("err", err));
    arm(room);
}

static void on_post(void *arg, void *message)
{
    struct channel *channel = arg;
    struct post *post = *(struct post **)message;
    struct hall_room *room = *post->show ? find_room(channel, post->show) : NULL, *next;

    atomic_fetch_sub(&channel->waiting_bytes, post->bytes);
    if (channel->is_stopping) {
        post_free(post);
        return;
    }
    if (post->kind == POST_ADOPT) {
        adopt(channel, post);
    } else if (room) {
        in_room(room, post);
    } else if (!*post->show) {
        for (int i = 0; i < HALL_BUCKETS; i++)
            for (room = channel->rooms[i]; room; room = next) {
                next = room->next;
                in_room(room, post);
            }
    }
    post_free(post);
}

/* Once a second. */

static void refuse_waiting(struct hall_room *room)
{
    struct hall_waiting *waiting;

    while ((waiting = LIST_FIRST(&room->waiting))) {
        struct hall_socket *socket = waiting->socket;

        stop_waiting(socket);
        refuse(socket, -EAGAIN);
    }
}

static void look_after(struct hall_room *room, int64_t now_ms)
{
    room_flush(room->room, now_of(room->channel));
    arm(room);
    tell_tally(room, false);
    if (!room->is_open && now_ms - room->begun_ms >= CHANNEL_OPEN_TIMEOUT_MS)
        refuse_waiting(room);
}

static void on_second(void *arg)
{
    struct channel *channel = arg;
    int64_t now_ms = now_of(channel).mono_ms;
    struct hall_room *room, *next;

    for (int i = 0; i < HALL_BUCKETS; i++)
        for (room = channel->rooms[i]; room; room = next) {
            int64_t idle_ms = room->is_open ? CHANNEL_ROOM_IDLE_MS : 0;

            next = room->next;
            look_after(room, now_ms);
            if (is_empty(room) && now_ms - room->empty_since_ms > idle_ms &&
                (room->is_open || now_ms - room->begun_ms >= CHANNEL_OPEN_TIMEOUT_MS)) {
                tell_tally(room, true);
                free_room(room);
            }
        }
}

int hall_start(void *arg, struct jt_loop *loop)
{
    static const struct jt_ws_config config = {.message_max_bytes = ROOM_MESSAGE_MAX_BYTES,
                                               .has_text_heartbeat = true};
    struct channel *channel = arg;
    int err;

    channel->loop = loop;
    err = jt_ws_group_new(loop, &config, &ws_events, channel, &channel->group);
    if (!err)
        err = jt_timer_new(loop, "room.second", on_second, channel, &channel->seconds);
    if (!err)
        err = jt_mailbox_new(loop, "rooms", sizeof(struct post *), CHANNEL_MAILBOX_MESSAGES,
                             on_post, channel, &channel->mailbox);
    if (err) {
        jt_timer_free(channel->seconds);
        jt_ws_group_free(channel->group);
        return err;
    }
    jt_timer_start(channel->seconds, SECOND_US, SECOND_US);
    return 0;
}

/* Everybody comes back at a time of their own (pitfall 34). */
static void send_away(void *arg, void *data)
{
    struct channel *channel = arg;
    struct hall_socket *socket = data;
    char reason[32];

    channel->random ^= channel->random << 13; /* xorshift, Marsaglia 2003 */
    channel->random ^= channel->random >> 17;
    channel->random ^= channel->random << 5;
    (void)snprintf(reason, sizeof(reason), "retry=%u",
                   RETRY_FIRST_MS + channel->random % CHANNEL_SHUTDOWN_JITTER_MS);
    jt_ws_close(socket->ws, CHANNEL_CODE_SHUTDOWN, reason);
}

void hall_stop(void *arg)
{
    struct channel *channel = arg;
    struct hall_waiting *waiting;

    channel->is_stopping = true;
    jt_mailbox_free(channel->mailbox);
    jt_timer_free(channel->seconds);
    for (int i = 0; i < HALL_BUCKETS; i++)
        for (struct hall_room *room = channel->rooms[i]; room; room = room->next) {
            room_flush(room->room, now_of(channel));
            room_each(room->room, send_away, channel);
            LIST_FOREACH (waiting, &room->waiting, link)
                send_away(channel, waiting->socket);
        }
    jt_ws_group_free(channel->group);
    for (int i = 0; i < HALL_BUCKETS; i++)
        while (channel->rooms[i]) {
            tell_tally(channel->rooms[i], true);
            free_room(channel->rooms[i]);
        }
}
