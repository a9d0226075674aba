/* What ingest and relay tell: who may publish, what is on air, how many watch. On threads that may block. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/limiter.h"
#include "chat/access/sealed.h"
#include "chat/live/link.h"
#include "chat/live/private.h"
#include "chat/store/shop.h"

/* ---- may this one publish? ---- */

static int refuse(struct media_admission *out, const char *code)
{
    (void)snprintf(out->code, sizeof(out->code), "%s", code);
    return -EACCES;
}

static int look_up_key(struct live *live, const char *key, int64_t *out_shop_id)
{
    uint8_t lookup[ACCESS_LOOKUP_BYTES];
    int err = access_lookup(live->parts.keyring, "stream_key", key, strlen(key), lookup);

    return err ? err : store_shop_by_key(live->parts.store, lookup, out_shop_id);
}

/* Guesses are slowed down by where they come from (threat A5). -EAGAIN: this one is not even looked at. */
static int find_shop(struct live *live, const struct media_publish *who, int64_t *out_shop_id)
{
    uint8_t address[ACCESS_ADDRESS_KEY_BYTES];
    int64_t now_ms = jt_clock_mono_us() / JT_USEC_PER_MSEC;
    int err;

    access_place_key(who->peer, address);
    if (access_limiter_try(live->parts.limiter, ACCESS_LIMIT_KEY, address, sizeof(address), now_ms))
        return -EAGAIN;
    err = *who->key ? look_up_key(live, who->key, out_shop_id) : -ENOENT;
    if (err != -ENOENT)
        access_limiter_succeeded(live->parts.limiter, ACCESS_LIMIT_KEY, address, sizeof(address),
                                 now_ms);
    return err;
}

/* A seller who starts the encoder without having planned a show gets one: nothing may stand between them and the picture. */
static int find_show(struct live *live, int64_t shop_id, struct store_show *out)
{
    char link[STORE_LINK_CHARACTERS + 1];
    struct store_shop shop;
    struct store_new_show show = {.shop_id = shop_id, .now_ms = jt_clock_wall_ms(), .link = link};
    int err = store_show_next(live->parts.store, shop_id, out);

    if (err != -ENOENT)
        return err;
    err = store_shop_get(live->parts.store, shop_id, &shop);
    if (err)
        return err;
    show.title = shop.name;
    live_link_new(link);
    err = store_show_add(live->parts.store, &show);
    return err ? err : store_show_get(live->parts.store, link, shop_id, out);
}

/* Its picture comes: ready, and live at once where the shop wants that. */
static int bring_on(struct live *live, struct store_show *show)
{
    struct store_move move = {
        .link = show->link, .shop_id = show->shop_id, .now_ms = jt_clock_wall_ms()};
    struct store_shop shop;
    int err = 0;

    if (show->state == STORE_SHOW_SCHEDULED) {
        move.to = STORE_SHOW_READY;
        err = live_move(live, &move, show);
    }
    if (!err)
        err = store_shop_get(live->parts.store, show->shop_id, &shop);
    if (!err && show->state == STORE_SHOW_READY && shop.is_live_at_once && !show->is_rehearsal &&
        !live_is_resting(live, show->shop_id)) {
        move.to = STORE_SHOW_LIVE;
        err = live_move(live, &move, show);
    }
    return err;
}

/* Its first frame takes its time: until then it is as if its picture had just gone. */
static void expect_picture(struct live *live, const char *link)
{
    struct live_show *show;

    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, link, true);
    if (show)
        show->seen_us = jt_clock_mono_us();
    (void)pthread_mutex_unlock(&live->lock);
}

static int publish(void *arg, const struct media_publish *who, struct media_admission *out)
{
    struct live *live = arg;
    struct store_show show;
    int64_t shop_id = 0;
    int err = find_shop(live, who, &shop_id);

    if (err == -EAGAIN)
        return refuse(out, "too_many");
    if (err == -ENOENT)
        return refuse(out, "unknown_key");
    if (!err)
        err = find_show(live, shop_id, &show);
    if (!err) {
        expect_picture(live, show.link);
        err = bring_on(live, &show);
    }
    if (err)
        return err == -EACCES ? -EIO : err;
    (void)snprintf(out->show, sizeof(out->show), "%s", show.link);
    out->access = live_access_of(&show);
    jt_info("show.picture", KV("show", (const char *)show.link),
            KV("state", store_show_state_name(show.state)), KV("kind", who->kind));
    return 0;
}

/* ---- what is on air ---- */

static void set_picture(struct live *live, const struct media_show *news)
{
    struct live_show *show = live_find(live, news->show, true);

    if (!show || news->epoch < show->picture.epoch)
        return;
    show->picture = *news;
    show->has_picture = news->state == JT_SHOW_LIVE;
    if (show->has_picture)
        show->seen_us = jt_clock_mono_us();
}

static void on_live(void *arg, const struct media_show *shows, size_t count)
{
    struct live *live = arg;

    (void)pthread_mutex_lock(&live->lock);
    for (size_t i = 0; i < live->show_count; i++)
        live->shows[i]->has_picture = false;
    for (size_t i = 0; i < count; i++)
        set_picture(live, &shows[i]);
    (void)pthread_mutex_unlock(&live->lock);
}

static void unpublish(void *arg, const char *link, uint32_t epoch, const char *reason)
{
    struct live *live = arg;
    struct live_show *show;

    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, link, false);
    if (show && show->has_picture && epoch >= show->picture.epoch) {
        show->has_picture = false;
        show->seen_us = jt_clock_mono_us();
    }
    (void)pthread_mutex_unlock(&live->lock);
    jt_info("show.picture_gone", KV("show", link), KV("reason", reason));
    live_kick(live);
}

static void on_viewers(void *arg, const struct media_audience *shows, size_t count)
{
    struct live *live = arg;
    struct live_show *show;

    (void)pthread_mutex_lock(&live->lock);
    for (size_t i = 0; i < live->show_count; i++)
        live->shows[i]->sessions = 0;
    for (size_t i = 0; i < count; i++) {
        show = live_find(live, shows[i].show, true);
        if (show)
            show->sessions = shows[i].sessions;
    }
    (void)pthread_mutex_unlock(&live->lock);
}

const struct media_events live_media_events = {
    .publish = publish,
    .unpublish = unpublish,
    .live = on_live,
    .viewers = on_viewers,
};
