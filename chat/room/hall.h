/** The room thread's side of channel.h: sockets, rooms, and what was posted; not for others. All on that thread. */
#ifndef CHAT_ROOM_HALL_H
#define CHAT_ROOM_HALL_H

#include <stdatomic.h>
#include <sys/queue.h>

#include "chat/room/channel.h"
#include "chat/room/room.h"
#include "http/websocket.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/thread.h"

enum { HALL_BUCKETS = 256, HALL_EVENT_MAX_BYTES = 32, HALL_KEY_MAX_BYTES = 63 };

/** What API workers say; owns all it points to. */
struct post {
    enum post_kind {
        POST_ADOPT,
        POST_PUBLISH,
        POST_EVENT,
        POST_GAUGE,
        POST_TELL,
        POST_ACT,
        POST_OPENED,
        POST_KICK,
        POST_CLOSE,
    } kind;
    size_t bytes;                       /* what it counts for */
    char show[ROOM_SHOW_MAX_BYTES + 1]; /* "": all rooms */
    char event[HALL_EVENT_MAX_BYTES + 1];
    char key[HALL_KEY_MAX_BYTES + 1]; /* or a person, or an address */
    char *json;
    int64_t number, more; /* version; gauge's value; hearts and messages */
    int code;             /* enum room_gauge; an errno */
    struct room_act act;
    struct room_words *words;
    int fd;
    struct jt_http_place *place;
};

void post_free(struct post *post);

struct hall_room;

struct hall_socket {
    struct channel *channel;
    struct jt_ws *ws;
    struct hall_room *room; /* NULL: hasn't said hello */
    struct room_member *member;
    struct hall_waiting {
        LIST_ENTRY(hall_waiting) link;
        struct hall_socket *socket;
        int64_t id;
        bool has_position;
        struct room_position position;
        struct room_identity identity;
    } * waiting; /* its room isn't open yet */
    char address[ROOM_ADDRESS_MAX_BYTES + 1];
};

struct hall_room {
    struct hall_room *next; /* in its bucket */
    struct channel *channel;
    struct room *room;
    struct jt_timer *timer; /* the next flush */
    LIST_HEAD(, hall_waiting) waiting;
    bool is_open;
    int64_t begun_ms, empty_since_ms;
    struct channel_tally told;
    char show[ROOM_SHOW_MAX_BYTES + 1];
};

struct channel {
    const struct channel_ops *ops;
    void *arg;
    struct jt_thread *thread;
    struct jt_loop *loop;
    struct jt_mailbox *mailbox;
    struct jt_ws_group *group;
    struct jt_timer *seconds;
    struct hall_room *rooms[HALL_BUCKETS];
    size_t room_count;
    bool is_stopping;
    uint32_t random; /* for jitter */
    atomic_size_t waiting_bytes;
};

int hall_start(void *arg, struct jt_loop *loop);
void hall_stop(void *arg);

#endif
