/**
 * The show's channel: all rooms on one thread of their own, with all WebSockets. Pages come in by channel_adopt, say hello
 * with a one-time ticket, and are members of a room from then on. The rest of the service speaks to rooms by the
 * functions below, from any thread: they post to the room thread's mailbox and return at once.
 *
 * A room is there while pages are in it (and CHANNEL_ROOM_IDLE_MS longer). What is published to a show without a room is
 * dropped: the next room begins by asking `ops.open` for the state. So the order is always: write to the store, then
 * publish. Whatever has a version (of the row it comes from) may arrive late or twice: an older one changes nothing
 * (pitfall 39).
 */
#ifndef CHAT_ROOM_CHANNEL_H
#define CHAT_ROOM_CHANNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/room/act.h"

struct channel;
struct jt_http_place;

enum {
    CHANNEL_ROOMS_MAX = 1000,               /* ours: shows at once with somebody in them */
    CHANNEL_MAILBOX_MESSAGES = 4096,        /* ours: -EAGAIN beyond; each owns what it says */
    CHANNEL_MAILBOX_BYTES_MAX = 16 << 20,   /* ours: of all that waits there */
    CHANNEL_ROOM_IDLE_MS = 10 * 60 * 1000,  /* limits and history outlive the last page by that */
    CHANNEL_OPEN_TIMEOUT_MS = 5000,         /* for ops.open to come back; then the pages retry */
    CHANNEL_BEHIND_BYTES = 64 * 1024,       /* queued for a page: chat is left out from here on */
    CHANNEL_JSON_MAX_BYTES = 32 * 1024,     /* one push */
    CHANNEL_SHUTDOWN_JITTER_MS = 15 * 1000, /* ours: everybody is back within it */
};

/** Close codes; those of http/websocket.h come beside them. After 4403, 4404 and 4409 a page need not come back. */
enum channel_code {
    CHANNEL_CODE_SHUTDOWN =
        4001, /* reason "retry=MS": come back after so long, jittered per page */
    CHANNEL_CODE_BAD_TICKET = 4401, /* not valid (any more), or used: fetch a new one */
    CHANNEL_CODE_BAD_MESSAGE = 4400,
    CHANNEL_CODE_BANNED = 4403,
    CHANNEL_CODE_NO_SHOW = 4404,
    CHANNEL_CODE_TOO_MANY = 4409, /* sockets of this person */
    CHANNEL_CODE_LOGGED_OUT = 4410,
    CHANNEL_CODE_FLOOD = 4429,
};

/** What a room counts, told each second while it has changed and once at its end. */
struct channel_tally {
    int64_t hearts, messages; /* of the show, all rooms' lives together */
    int pages,
        persons; /* now: sockets, and distinct customers (pitfall 42: the figure to be shown) */
    bool is_end; /* the room goes away */
};

/** The embedding service. All on the room thread: none may block or take long. */
struct channel_ops {
    /**
     * Whose ticket is this, for this show? Signature, expiry and first use are checked here; who the person is stands in
     * the ticket itself, so that ten thousand pages that come back read no database (threat W10). 0; -EACCES: not valid,
     * expired, used, or for another show. `out->address` stays as it is: the caller has filled it in.
     */
    int (*admit)(void *arg, const char *ticket, const char *show, struct room_identity *out);
    /**
     * A room begins: read the show's state on a thread that may block, publish all of it, then say channel_opened. 0;
     * or a negative errno: the pages are told to come back later.
     */
    int (*open)(void *arg, const char *show);
    /** Something durable was done by a page with the right to do it: store it, audit it. Borrowed. */
    void (*act)(void *arg, const char *show, const struct room_act *act);
    void (*tally)(void *arg, const char *show, const struct channel_tally *tally);
};

/** Starts the thread. `ops` must outlive the channel. -EIO: no random numbers. */
JT_MUST_CHECK int channel_new(const struct channel_ops *ops, void *arg, struct channel **out);
/** Tells all pages to come back (4001, jittered), stops the thread. No other thread may post any more. NULL is fine. */
void channel_free(struct channel *channel);

/** A connection whose handshake was answered with 101: takes `fd` and `place` on success. `address`: the peer's, text. */
JT_MUST_CHECK int channel_adopt(struct channel *channel, int fd, struct jt_http_place *place,
                                const char *address);

/*
 * All that follow: any thread. 0; -EAGAIN: the mailbox is full, nothing was said; -EINVAL: not a show's id, too long;
 * -ENOMEM. `version` 0: the newest that was published wins.
 */

/**
 * The general form: a keyed entry of the ctl lane. Pages get {"ch":"ctl","e":event,"d":json}, newcomers too, until
 * something newer is published under the key. `json`: one object, text of ours (built by jansson), UTF-8.
 */
JT_MUST_CHECK int channel_publish(struct channel *channel, const char *show, const char *key,
                                  int64_t version, const char *event, const char *json);
/** "scheduled", "ready", "live", "ended". */
JT_MUST_CHECK int channel_state(struct channel *channel, const char *show, const char *state,
                                int64_t version);
/** `product` 0: none. `track` NULL or the track whose capture clock stood at `capture_us` when it was pinned. */
JT_MUST_CHECK int channel_pin(struct channel *channel, const char *show, int64_t product,
                              int64_t version, const char *track, int64_t capture_us);
JT_MUST_CHECK int channel_notice(struct channel *channel, const char *show, const char *text,
                                 int64_t version);
JT_MUST_CHECK int channel_stock(struct channel *channel, const char *show, int64_t product,
                                int64_t variant, int64_t left, int64_t version);
/** `json`: the product as REST shows it. */
JT_MUST_CHECK int channel_product(struct channel *channel, const char *show, int64_t product,
                                  const char *json, int64_t version);
JT_MUST_CHECK int channel_sales(struct channel *channel, const char *show, bool is_stopped,
                                int64_t version);
/** The show is over: event end{} and state "ended"; the pages may stay. */
JT_MUST_CHECK int channel_end(struct channel *channel, const char *show);

JT_MUST_CHECK int channel_sold(struct channel *channel, const char *show, int64_t units);
/** The figure to be shown: distinct play sessions and pages, of relay and chat together (pitfall 42). */
JT_MUST_CHECK int channel_viewers(struct channel *channel, const char *show, int64_t viewers);

/** To all pages of one person: {"ch":"me","e":event,"d":json}. `show` NULL: in all rooms. */
JT_MUST_CHECK int channel_tell(struct channel *channel, const char *show, const char *person,
                               const char *event, const char *json);

/** Moderation by REST: rights have been checked and the act is stored; ops.act isn't called for it. */
JT_MUST_CHECK int channel_act(struct channel *channel, const char *show,
                              const struct room_act *act);

/** The state has been published (ops.open): the pages that wait are let in. `hearts`, `messages`: counted so far.
 * `words`: the shop's own bad words, one a line, NULL: none. `error` negative: they are told to come back later,
 * -ENOENT: that there is no such show. */
JT_MUST_CHECK int channel_opened(struct channel *channel, const char *show, int error,
                                 int64_t hearts, int64_t messages, const char *words);

/** Cut all pages of a person, in all rooms: logout (4410). They may come back with a new ticket. */
JT_MUST_CHECK int channel_kick(struct channel *channel, const char *person);
/** Cut all pages of a show (4404) and forget its room: it was deleted, or its access changed. */
JT_MUST_CHECK int channel_close(struct channel *channel, const char *show);

#endif
