/**
 * Whose a show is: all that a ticket of the socket needs to know of it. It is kept for a moment, so that a crowd that comes
 * back at once reads the store once and not once each (pitfall 34).
 */
#ifndef CHAT_LIVE_OWNER_H
#define CHAT_LIVE_OWNER_H

#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct live;
struct live_owners;

enum {
    LIVE_OWNER_KEPT_MS =
        2000,              /* ours: a shop's new name is seen after that; its id never changes */
    LIVE_OWNERS_KEPT = 64, /* ours: a power of two */
};

struct live_owner {
    int64_t shop_id;
    char shop_name[STORE_NAME_MAX_BYTES];
};

/** By a show's public id. Errors: store.h; those are not kept. Blocks when it has to read. */
JT_MUST_CHECK int live_owner_of(struct live *live, const char *link, struct live_owner *out);

/** Private to chat/live. -ENOMEM. */
JT_MUST_CHECK int live_owners_new(struct live_owners **out);
/** NULL is fine. */
void live_owners_free(struct live_owners *owners);

#endif
