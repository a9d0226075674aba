/* The keeper: once a second, and whenever something happened. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/live/private.h"
#include "chat/store/account.h"
#include "chat/store/order.h"
#include "chat/store/outbox.h"

enum {
    COUNT_EVERY_S = 5,
    SWEEP_EVERY_S = 600,
    ACTS_A_TURN = 64,
    OUTBOX_KEPT_MS = 24 * 3600 * 1000, /* ours: of what has been told, to look into */
};

/* ---- shows ---- */

struct open_shows {
    struct store_show *items;
    size_t count;
};

static void append(void *arg, const struct store_show *show)
{
    struct open_shows *list = arg;

    if (list->count < STORE_SHOWS_LISTED_MAX)
        list->items[list->count++] = *show;
}

/* How long the picture has been away; after a start nobody can know, so it counts from there. An ingest that died can't
 * say that a picture is gone, so what it said is believed for a while only. */
static int64_t away_us(struct live *live, const char *link, struct live_figures *figures)
{
    const struct live_show *show;
    int64_t seen_us = live->began_us, away;

    live_figures(live, link, figures);
    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, link, false);
    if (show && show->seen_us > seen_us)
        seen_us = show->seen_us;
    (void)pthread_mutex_unlock(&live->lock);
    away = jt_clock_mono_us() - seen_us;
    if (figures->has_picture && away < (int64_t)LIVE_PICTURE_BELIEVED_MS * JT_USEC_PER_MSEC)
        return 0;
    return away;
}

static void give_up(struct live *live, const struct store_show *show)
{
    struct store_show now;
    const struct store_move move = {
        .link = show->link,
        .to = show->state == STORE_SHOW_LIVE ? STORE_SHOW_ENDED : STORE_SHOW_SCHEDULED,
        .now_ms = jt_clock_wall_ms(),
        .operation = "show.end",
        .reason = "the picture stayed away",
    };
    int err = live_move(live, &move, &now);

    if (err && err != -EALREADY && err != -EPERM)
        jt_warn("live.give_up", KV("show", (const char *)show->link), KV("err", err));
}

static void look_after(struct live *live, const struct store_show *show, bool is_time_to_count)
{
    struct live_figures figures;
    struct store_show_figures counted;

    if (away_us(live, show->link, &figures) > live->parts.grace_ms * JT_USEC_PER_MSEC) {
        give_up(live, show);
        return;
    }
    if (channel_viewers(live->channel, show->link, figures.viewers))
        jt_warn("live.tell", KV("show", (const char *)show->link), KV("what", "viewers"));
    if (!is_time_to_count)
        return;
    counted = (struct store_show_figures){
        .link = show->link,
        .viewers = figures.viewers,
        .visitors = figures.viewers,
        .hearts = figures.hearts,
        .messages = figures.messages,
    };
    if (show->state == STORE_SHOW_LIVE && store_show_count(live->parts.store, &counted))
        jt_warn("live.count", KV("show", (const char *)show->link));
}

static void look_after_shows(struct live *live, bool is_time_to_count)
{
    struct open_shows list = {.items = calloc(STORE_SHOWS_LISTED_MAX, sizeof(struct store_show))};

    if (list.items && !store_show_list(live->parts.store, STORE_SHOWS_OPEN, 0, append, &list))
        for (size_t i = 0; i < list.count; i++)
            look_after(live, &list.items[i], is_time_to_count);
    free(list.items);
}

/* ---- orders and leftovers ---- */

static void let_orders_expire(struct live *live)
{
    int64_t now_ms = jt_clock_wall_ms(), next_ms = 0;
    int count;

    do
        count = store_expire(live->parts.store, now_ms, &next_ms);
    while (count == STORE_EXPIRE_MAX);
    if (count < 0)
        jt_warn("live.expire", KV("err", (const char *)strerror(-count)));
}

/* ---- its turns ---- */

/* Copies what waits; what is there is done before more is taken. */
static size_t take_acts(struct live *live, struct live_act out[ACTS_A_TURN])
{
    size_t count = 0;

    (void)pthread_mutex_lock(&live->lock);
    while (count < ACTS_A_TURN && live->act_count) {
        out[count++] = live->acts[live->first_act];
        live->first_act = (live->first_act + 1) % LIVE_ACTS_MAX;
        live->act_count--;
    }
    (void)pthread_mutex_unlock(&live->lock);
    return count;
}

static void do_acts(struct live *live)
{
    struct live_act acts[ACTS_A_TURN];
    size_t count;

    do {
        count = take_acts(live, acts);
        for (size_t i = 0; i < count; i++)
            if (acts[i].is_open)
                live_open_room(live, acts[i].show);
            else
                live_store_act(live, &acts[i]);
    } while (count == ACTS_A_TURN);
}

/* Until there is work, or `until_us` has come. false: it is over. */
static bool wait_for_work(struct live *live, int64_t until_us)
{
    const struct timespec until = {.tv_sec = until_us / JT_USEC_PER_SEC,
                                   .tv_nsec = until_us % JT_USEC_PER_SEC * 1000};
    bool goes_on;

    (void)pthread_mutex_lock(&live->lock);
    while (!live->is_stopping && !live->is_kicked && !live->act_count)
        if (pthread_cond_timedwait(&live->has_work, &live->lock, &until))
            break;
    live->is_kicked = false;
    goes_on = !live->is_stopping;
    (void)pthread_mutex_unlock(&live->lock);
    return goes_on;
}

static void sweep(struct live *live)
{
    int64_t now_ms = jt_clock_wall_ms();
    int err = store_sweep(live->parts.store, now_ms);

    do
        err = err < 0 ? err : store_outbox_trim(live->parts.store, now_ms - OUTBOX_KEPT_MS);
    while (err > 0);
    if (err < 0)
        jt_warn("live.sweep", KV("err", (const char *)strerror(-err)));
}

static void once_a_second(struct live *live, int64_t turn)
{
    look_after_shows(live, turn % COUNT_EVERY_S == 0);
    live_settle_strays(live);
    let_orders_expire(live);
    if (turn % SWEEP_EVERY_S == 0)
        sweep(live);
}

void *live_keep(void *arg)
{
    struct live *live = arg;
    int64_t next_us = jt_clock_mono_us(), turn = 0;

    while (wait_for_work(live, next_us)) {
        do_acts(live);
        if (jt_clock_mono_us() >= next_us) {
            once_a_second(live, turn++);
            next_us = jt_clock_mono_us() + JT_USEC_PER_SEC;
        }
        live_tell_news(live);
    }
    do_acts(live);
    return NULL;
}
