/*
 * Commands to ingest get lost: it was not there, or began anew. What it says it has is held against the store once a second,
 * and said again where they differ. And what is known of shows without a picture or anybody in them is forgotten.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/live/private.h"
#include "chat/media/control.h"

enum {
    KEPT_MS = 10 * 60 * 1000
}; /* ours: longer than any room's last word comes after its picture */

struct on_air {
    char link[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_access access;
};

static bool is_forgotten(const struct live *live, const struct live_show *show, int64_t now_us)
{
    int64_t kept_us = (live->parts.grace_ms + KEPT_MS) * JT_USEC_PER_MSEC;

    return !show->has_picture && !show->persons && !show->sessions &&
           now_us - show->seen_us > kept_us;
}

/* Drops those that are over; copies those with a picture. Returns how many. */
static size_t look(struct live *live, struct on_air *out)
{
    int64_t now_us = jt_clock_mono_us();
    size_t count = 0, kept = 0;

    (void)pthread_mutex_lock(&live->lock);
    for (size_t i = 0; i < live->show_count; i++) {
        struct live_show *show = live->shows[i];

        if (is_forgotten(live, show, now_us)) {
            free(show);
            continue;
        }
        live->shows[kept++] = show;
        if (!show->has_picture)
            continue;
        memcpy(out[count].link, show->link, sizeof(show->link));
        out[count++].access = show->picture.access;
    }
    live->show_count = kept;
    (void)pthread_mutex_unlock(&live->lock);
    return count;
}

/* Scheduled: it was given up while ingest could not be heard, and there is its picture again. */
static int settle(struct live *live, const struct on_air *here, struct store_show *show)
{
    const struct store_move ready = {
        .link = here->link, .to = STORE_SHOW_READY, .now_ms = jt_clock_wall_ms()};
    int err = store_show_get(live->parts.store, here->link, 0, show);

    if (err)
        return err;
    if (show->state == STORE_SHOW_SCHEDULED)
        return live_move(live, &ready, show);
    if (show->state == STORE_SHOW_ENDED) {
        err = media_stop_show(live->parts.control, here->link, "show ended");
        media_forget_show(live->parts.control, here->link);
        return err;
    }
    if (here->access != live_access_of(show))
        return media_set_access(live->parts.control, here->link, live_access_of(show));
    return 0;
}

void live_settle_strays(struct live *live)
{
    struct on_air *here = calloc(LIVE_SHOWS_MAX, sizeof(*here));
    size_t count = here ? look(live, here) : 0;
    struct store_show show;

    for (size_t i = 0; i < count; i++) {
        int err = settle(live, &here[i], &show);

        if (err && err != -ENOENT &&
            err != -EEXIST) /* not ours, or another of the shop's is on air */
            jt_warn("live.settle", KV("show", (const char *)here[i].link),
                    KV("err", (const char *)strerror(-err)));
    }
    free(here);
}
