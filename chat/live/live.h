/**
 * The shows that are on air: what ingest and relay tell, what the store keeps, and what rooms and viewers have to be told,
 * joined. A change goes one way: into the store, then out to ingest (who may watch), to the room (what pages show).
 *
 * A thread of its own, the keeper, does what nobody asks for: ends shows whose picture stayed away, tells viewer counts
 * each second, lets orders expire, tells rooms what the store's outbox says, and stores what moderators did.
 */
#ifndef CHAT_LIVE_LIVE_H
#define CHAT_LIVE_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/media/hooks.h"
#include "chat/room/channel.h"
#include "chat/store/show.h"

struct access_limiter;
struct access_used;
struct jt_keyring;
struct live;
struct media_control;
struct store;

struct live_parts { /* all borrowed, for life */
    struct store *store;
    struct jt_keyring *keyring;
    struct access_limiter *limiter; /* of stream keys that nobody has */
    struct access_used *used;       /* tickets that were used */
    struct media_control *control;  /* towards ingest */
    int64_t grace_ms;               /* how long a show waits for its picture to come back */
};

/** Nothing runs yet. */
JT_MUST_CHECK int live_new(const struct live_parts *parts, struct live **out);
/** Stops the keeper: nothing is published any more. NULL is fine. */
void live_stop(struct live *live);
/** After the hooks, the channel and the API are gone. NULL is fine. */
void live_free(struct live *live);

/** What the hooks call; `arg` is the live. */
extern const struct media_events live_media_events;
/** What the channel calls; `arg` is the live. */
extern const struct channel_ops live_channel_ops;

/** The channel is there: from now on rooms are told, and the keeper runs. */
JT_MUST_CHECK int live_start(struct live *live, struct channel *channel);

/** Move or change a show, and tell everybody. As store_show_move and store_show_change. Blocks. */
JT_MUST_CHECK int live_move(struct live *live, const struct store_move *move,
                            struct store_show *out);
JT_MUST_CHECK int live_change(struct live *live, const struct store_change *change,
                              struct store_show *out);

/** Something was ordered, paid, restocked: the keeper looks at the outbox now, not at its next turn. Any thread. */
void live_kick(struct live *live);

/** How a show does right now. */
struct live_figures {
    bool has_picture;
    int64_t viewers, hearts, messages;
    int64_t bitrate_bps; /* of all its tracks from the publisher */
    char warnings[MEDIA_WARNINGS_MAX][MEDIA_CODE_MAX_BYTES];
    size_t warning_count;
};
/** All zero for a show nothing is known of. Any thread. */
void live_figures(struct live *live, const char *link, struct live_figures *out);

#endif
