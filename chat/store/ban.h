/** Who may not talk in a show, kept so that it outlives the room and the process. Errors: store.h. */
#ifndef CHAT_STORE_BAN_H
#define CHAT_STORE_BAN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"

struct store;

struct store_ban {
    const char *link; /* of the show */
    int64_t account_id, by_id;
    bool is_mute;             /* else a ban */
    int64_t until_ms, now_ms; /* until 0: for good */
};

/** Takes the place of an earlier one. -ENOENT: no such show or person. Audited. */
JT_MUST_CHECK int store_ban_put(struct store *store, const struct store_ban *ban);
/** Ends it; that there was none is fine. Audited. */
JT_MUST_CHECK int store_ban_lift(struct store *store, const struct store_ban *ban);

typedef void (*store_ban_fn)(void *arg, int64_t account_id, bool is_mute, int64_t until_ms);
/** Those of a show that hold at `now_ms`. */
JT_MUST_CHECK int store_ban_list(struct store *store, const char *link, int64_t now_ms,
                                 store_ban_fn fn, void *arg);

/** Everybody who works for a shop. */
typedef void (*store_member_fn)(void *arg, int64_t account_id);
JT_MUST_CHECK int store_member_list(struct store *store, int64_t shop_id, store_member_fn fn,
                                    void *arg);

#endif
