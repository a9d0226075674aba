/**
 * Shows and their life:
 *
 *   scheduled ⇄ ready → live → ended        ready: a picture comes, the owner sees it; live: everybody does
 *       └─────────┴────────────┘            any of them may be ended
 *
 * A shop has at most one show that is ready or live; the table keeps that. Every change that pages are told of counts the
 * show's version up, so that a late one can't undo a newer one (pitfall 39). Errors: store.h.
 */
#ifndef CHAT_STORE_SHOW_H
#define CHAT_STORE_SHOW_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct store;

enum {
    STORE_LINK_CHARACTERS = 10,   /* of a show's public id, a–z and 0–9 */
    STORE_TITLE_MAX_BYTES = 200,  /* 60 Korean characters */
    STORE_NOTICE_MAX_BYTES = 640, /* 200 Korean characters */
    STORE_SHOWS_LISTED_MAX = 200,
    STORE_COVER_BYTES = 68,
};

enum store_show_state {
    STORE_SHOW_SCHEDULED,
    STORE_SHOW_READY,
    STORE_SHOW_LIVE,
    STORE_SHOW_ENDED,
    STORE_SHOW_STATES
};
/** "scheduled", "ready", "live", "ended". */
const char *store_show_state_name(enum store_show_state state);

struct store_show {
    int64_t id, shop_id;
    char link[STORE_LINK_CHARACTERS + 1];
    char title[STORE_TITLE_MAX_BYTES], shop_name[STORE_NAME_MAX_BYTES];
    enum store_show_state state;
    bool is_rehearsal; /* access by play tokens; orders are tests */
    bool is_chat_frozen, is_sales_stopped;
    int64_t starts_ms, started_ms, ended_ms; /* 0: not given, not yet */
    char notice[STORE_NOTICE_MAX_BYTES];
    int64_t pin_product_id; /* 0: none */
    int64_t slow_s, version;
    int64_t peak_viewers, visitors, hearts, messages;
    char cover[STORE_COVER_BYTES]; /* hash of a picture, "" for none */
};

struct store_new_show {
    int64_t shop_id, by_id, now_ms, starts_ms;
    const char *link, *title;
    bool is_rehearsal;
};
JT_MUST_CHECK int store_show_add(struct store *store, const struct store_new_show *show);

/** By its public id; `shop_id` 0: whosever it is. */
JT_MUST_CHECK int store_show_get(struct store *store, const char *link, int64_t shop_id,
                                 struct store_show *out);
/** The show that a shop's picture belongs to now: the one on air, else the next one scheduled. -ENOENT. */
JT_MUST_CHECK int store_show_next(struct store *store, int64_t shop_id, struct store_show *out);

struct store_move {
    const char *link;
    int64_t shop_id; /* 0: whosever it is */
    enum store_show_state to;
    int64_t by_id, now_ms;          /* by_id 0: the service itself */
    const char *operation, *reason; /* for the audit; NULL: not audited */
};
/**
 * Move a show. Returns 0 with the show as it is now; -EALREADY when it is there already; -EPERM for a move that the
 * table of moves has not; -EEXIST when another show of the shop is on air.
 */
JT_MUST_CHECK int store_show_move(struct store *store, const struct store_move *move,
                                  struct store_show *out);

enum store_show_field {
    STORE_SHOW_TITLE,  /* text */
    STORE_SHOW_NOTICE, /* text */
    STORE_SHOW_PIN,    /* value: a product's id, 0 for none */
    STORE_SHOW_FREEZE, /* value: 0 or 1 */
    STORE_SHOW_SALES,  /* value: 1 stopped */
    STORE_SHOW_SLOW,   /* value: seconds */
    STORE_SHOW_FIELDS
};

struct store_change {
    const char *link;
    int64_t shop_id; /* 0: whosever it is */
    enum store_show_field field;
    const char *text;
    int64_t value, by_id, now_ms;
    const char *operation, *reason; /* for the audit; NULL: not audited */
};
/** Change one thing of a show; `out` is the show as it is now. */
JT_MUST_CHECK int store_show_change(struct store *store, const struct store_change *change,
                                    struct store_show *out);

struct store_show_figures {
    const char *link;
    int64_t viewers, visitors, hearts,
        messages; /* viewers: now; visitors: no more than that yet; the others: in all so far */
};
/** Peak and totals only grow. */
JT_MUST_CHECK int store_show_count(struct store *store, const struct store_show_figures *figures);

enum store_shows {
    STORE_SHOWS_PUBLIC, /* scheduled, ready and live ones without rehearsals: the front page */
    STORE_SHOWS_OPEN,   /* all that are ready or live: the operator's */
    STORE_SHOWS_OF_SHOP,
};
typedef void (*store_show_fn)(void *arg, const struct store_show *show);
/** Live ones first, then ready, then by their start; at most STORE_SHOWS_LISTED_MAX. */
JT_MUST_CHECK int store_show_list(struct store *store, enum store_shows which, int64_t shop_id,
                                  store_show_fn fn, void *arg);

#endif
