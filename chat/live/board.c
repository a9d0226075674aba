/* What everybody is told of a show. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/live/person.h"
#include "chat/live/private.h"
#include "chat/media/control.h"
#include "chat/store/ban.h"
#include "chat/store/product.h"

static void note(const char *link, const char *what, int err)
{
    if (err)
        jt_warn("live.tell", KV("show", link), KV("what", what),
                KV("err", (const char *)strerror(-err)));
}

/* Before it is live only those with a play token may watch: the shop itself. */
enum jt_show_access live_access_of(const struct store_show *show)
{
    return show->state == STORE_SHOW_LIVE && !show->is_rehearsal ? JT_ACCESS_PUBLIC
                                                                 : JT_ACCESS_TOKEN;
}

void live_tell_state(struct live *live, const struct store_show *show)
{
    if (show->state == STORE_SHOW_ENDED) {
        note(show->link, "stop", media_stop_show(live->parts.control, show->link, "show ended"));
        media_forget_show(live->parts.control, show->link);
        note(show->link, "end", channel_end(live->channel, show->link));
        return;
    }
    note(show->link, "access",
         media_set_access(live->parts.control, show->link, live_access_of(show)));
    note(show->link, "state",
         channel_state(live->channel, show->link, store_show_state_name(show->state),
                       show->version));
}

/* The newest capture time of the picture, so that pages show the card on the frame it was pinned at. */
static int64_t capture_of(struct live *live, const char *link)
{
    const struct live_show *known;
    int64_t capture_us = 0;

    (void)pthread_mutex_lock(&live->lock);
    known = live_find(live, link, false);
    for (size_t i = 0; known && i < known->picture.track_count; i++)
        if (known->picture.tracks[i].width && known->picture.tracks[i].capture_us)
            capture_us =
                known->picture.tracks[i].capture_us + known->picture.tracks[i].wall_offset_us;
    (void)pthread_mutex_unlock(&live->lock);
    return capture_us;
}

void live_tell_pin(struct live *live, const struct store_show *show)
{
    int64_t capture_us = capture_of(live, show->link);

    note(show->link, "pin",
         channel_pin(live->channel, show->link, show->pin_product_id, show->version,
                     capture_us ? "video" : NULL, capture_us));
}

/* ---- stock ---- */

struct stock_of {
    struct live *live;
    const char *link;
};

static int tell_variant(const struct store_stock *stock, void *arg)
{
    const struct stock_of *of = arg;

    note(of->link, "stock",
         channel_stock(of->live->channel, of->link, stock->product_id, stock->variant_id,
                       stock->left, stock->version));
    return 0;
}

void live_tell_stock(struct live *live, const char *link, int64_t product_id)
{
    struct stock_of of = {live, link};

    note(link, "stock.read", store_product_stock(live->parts.store, product_id, tell_variant, &of));
}

void live_tell_order_stock(struct live *live, const char *link, const uint8_t order[16])
{
    struct stock_of of = {live, link};

    note(link, "stock.read", store_order_stock(live->parts.store, order, tell_variant, &of));
}

/* ---- a room begins ---- */

static void tell_ban(void *arg, int64_t account_id, bool is_mute, int64_t until_ms)
{
    const struct stock_of *of = arg;
    struct room_act act = {.verb = is_mute ? ROOM_MUTE : ROOM_BAN, .until_ms = until_ms};

    live_person_write(account_id, act.person);
    note(of->link, "ban", channel_act(of->live->channel, of->link, &act));
}

static int tell_product(const struct store_product *product, void *arg)
{
    const struct stock_of *of = arg;

    for (int i = 0; i < product->variant_count; i++)
        note(of->link, "stock",
             channel_stock(of->live->channel, of->link, product->id, product->variants[i].id,
                           product->variants[i].left, product->variants[i].version));
    return 0;
}

static void tell_all(struct live *live, const struct store_show *show)
{
    struct stock_of of = {live, show->link};
    struct room_act freeze = {.verb = ROOM_FREEZE, .on = show->is_chat_frozen};
    struct room_act slow = {.verb = ROOM_SLOW, .seconds = (int)show->slow_s};

    note(show->link, "state",
         channel_state(live->channel, show->link, store_show_state_name(show->state),
                       show->version));
    note(show->link, "notice",
         channel_notice(live->channel, show->link, show->notice, show->version));
    note(show->link, "sales",
         channel_sales(live->channel, show->link, show->is_sales_stopped, show->version));
    live_tell_pin(live, show);
    note(show->link, "freeze", channel_act(live->channel, show->link, &freeze));
    note(show->link, "slow", channel_act(live->channel, show->link, &slow));
    note(show->link, "products",
         store_show_products(live->parts.store, show->id, tell_product, &of));
    note(show->link, "bans",
         store_ban_list(live->parts.store, show->link, jt_clock_wall_ms(), tell_ban, &of));
}

void live_open_room(struct live *live, const char *link)
{
    struct store_show show;
    int err;

    (void)pthread_mutex_lock(&live->changing); /* or what is older would be told after a change */
    err = store_show_get(live->parts.store, link, 0, &show);
    if (!err)
        tell_all(live, &show);
    (void)pthread_mutex_unlock(&live->changing);
    note(link, "opened",
         channel_opened(live->channel, link, err, err ? 0 : show.hearts, err ? 0 : show.messages,
                        NULL));
}
