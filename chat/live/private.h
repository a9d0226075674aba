/** What the files of chat/live share. */
#ifndef CHAT_LIVE_PRIVATE_H
#define CHAT_LIVE_PRIVATE_H

#include <pthread.h>

#include "chat/live/live.h"
#include "chat/live/owner.h"

enum {
    LIVE_SHOWS_MAX = 4096,
    LIVE_ACTS_MAX = 1024, /* ours: what moderators did and was not stored yet */
    /* ours: ingest tells each second what it has; when it says nothing for so long, nobody knows of a picture */
    LIVE_PICTURE_BELIEVED_MS = 10000,
    LIVE_RESTS_MAX = 64,
    LIVE_REST_MS = 10 * 60 * 1000, /* ours: nobody looks away from an encoder for longer */
};

/** What is known of a show that has a picture, viewers or a room. */
struct live_show {
    char link[JT_SHOW_NAME_MAX_BYTES];
    bool has_picture;
    int64_t seen_us; /* monotonic: when it had a picture last, or was let in */
    struct media_show picture;
    int64_t sessions, persons; /* play sessions of relays, people in the room */
    int64_t hearts, messages;
};

/* A shop whose show was ended while its picture was there: its encoder comes back by itself within seconds. */
struct live_rest {
    int64_t shop_id, until_us; /* monotonic */
};

struct live_act {
    char show[JT_SHOW_NAME_MAX_BYTES];
    struct room_act act;
    bool is_open; /* not an act: a room begins and wants the show's state */
};

struct live {
    struct live_parts parts;
    struct live_owners *owners;
    struct channel *channel;

    /* Held while a show is changed and told, so that pages hear of changes in the store's order; taken before `lock`. */
    pthread_mutex_t changing;
    pthread_mutex_t lock; /* of what follows; never held across a call to another part */
    pthread_cond_t has_work;
    bool is_stopping, is_kicked;
    struct live_show *shows[LIVE_SHOWS_MAX];
    size_t show_count;
    struct live_act *acts; /* a ring of LIVE_ACTS_MAX */
    size_t first_act, act_count;
    struct live_rest rests[LIVE_RESTS_MAX]; /* a ring */
    size_t next_rest;

    pthread_t keeper;
    bool has_keeper;
    int64_t began_us, began_ms; /* monotonic, wall */
};

/** Under the lock. NULL: not known, or with `may_add` no room for one more. */
struct live_show *live_find(struct live *live, const char *link, bool may_add);

/** Must this shop's next show be started by hand, as the last one was ended under its encoder? */
bool live_is_resting(struct live *live, int64_t shop_id);

/** board.c: tell everybody what a show is like now. */
enum jt_show_access live_access_of(const struct store_show *show);
void live_tell_state(struct live *live, const struct store_show *show);
void live_tell_pin(struct live *live, const struct store_show *show);
/** A room begins: all of it. Blocks. */
void live_open_room(struct live *live, const char *link);
/** A product's variants as they are now. */
void live_tell_stock(struct live *live, const char *link, int64_t product_id);
/** The variants in an order, as they are now: what it took or gave back. */
void live_tell_order_stock(struct live *live, const char *link, const uint8_t order[16]);

/** moderation.c: store what a moderator did. Blocks. */
void live_store_act(struct live *live, const struct live_act *act);

/** herald.c: tell rooms and people what the outbox says. Blocks. */
void live_tell_news(struct live *live);

/** strays.c: what ingest has against what the store says, and what nobody needs to know any more. Blocks. */
void live_settle_strays(struct live *live);

/** keeper.c */
void *live_keep(void *arg);

#endif
