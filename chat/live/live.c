#include "chat/live/live.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/used.h"
#include "chat/live/private.h"
#include "chat/live/ticket.h"
#include "chat/media/control.h"
#include "chat/store/store.h"

/* ---- what is known of shows ---- */

struct live_show *live_find(struct live *live, const char *link, bool may_add)
{
    struct live_show *show;

    for (size_t i = 0; i < live->show_count; i++)
        if (!strcmp(live->shows[i]->link, link))
            return live->shows[i];
    if (!may_add || live->show_count == LIVE_SHOWS_MAX || strlen(link) >= sizeof(show->link))
        return NULL;
    show = calloc(1, sizeof(*show));
    if (!show)
        return NULL;
    memcpy(show->link, link, strlen(link) + 1);
    live->shows[live->show_count++] = show;
    return show;
}

static int64_t viewers_of(const struct live_show *show)
{
    return show->sessions > show->persons ? show->sessions : show->persons;
}

void live_figures(struct live *live, const char *link, struct live_figures *out)
{
    const struct live_show *show;

    *out = (struct live_figures){0};
    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, link, false);
    if (show) {
        out->has_picture = show->has_picture;
        out->viewers = viewers_of(show);
        out->hearts = show->hearts;
        out->messages = show->messages;
        for (size_t i = 0; i < show->picture.track_count; i++)
            out->bitrate_bps += show->picture.tracks[i].bitrate_bps;
        out->warning_count = show->picture.warning_count;
        memcpy(out->warnings, show->picture.warnings, sizeof(out->warnings));
    }
    (void)pthread_mutex_unlock(&live->lock);
}

/* ---- changing a show ---- */

static void begin_rest(struct live *live, const struct store_show *ended)
{
    const struct live_show *show;

    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, ended->link, false);
    if (show && show->has_picture)
        live->rests[live->next_rest++ % LIVE_RESTS_MAX] = (struct live_rest){
            ended->shop_id, jt_clock_mono_us() + (int64_t)LIVE_REST_MS * JT_USEC_PER_MSEC};
    (void)pthread_mutex_unlock(&live->lock);
}

bool live_is_resting(struct live *live, int64_t shop_id)
{
    int64_t now_us = jt_clock_mono_us();
    bool is_resting = false;

    (void)pthread_mutex_lock(&live->lock);
    for (size_t i = 0; i < LIVE_RESTS_MAX; i++)
        is_resting |= live->rests[i].shop_id == shop_id && live->rests[i].until_us > now_us;
    (void)pthread_mutex_unlock(&live->lock);
    return is_resting;
}

int live_move(struct live *live, const struct store_move *move, struct store_show *out)
{
    int err;

    (void)pthread_mutex_lock(&live->changing);
    err = store_show_move(live->parts.store, move, out);
    if (!err && out->state == STORE_SHOW_ENDED)
        begin_rest(live, out);
    if (!err)
        live_tell_state(live, out);
    (void)pthread_mutex_unlock(&live->changing);
    return err;
}

static void tell_change(struct live *live, enum store_show_field field,
                        const struct store_show *show)
{
    struct room_act act = {.on = show->is_chat_frozen, .seconds = (int)show->slow_s};
    int err = 0;

    switch (field) {
    case STORE_SHOW_NOTICE:
        err = channel_notice(live->channel, show->link, show->notice, show->version);
        break;
    case STORE_SHOW_PIN:
        live_tell_pin(live, show);
        break;
    case STORE_SHOW_SALES:
        err = channel_sales(live->channel, show->link, show->is_sales_stopped, show->version);
        break;
    case STORE_SHOW_FREEZE:
    case STORE_SHOW_SLOW:
        act.verb = field == STORE_SHOW_SLOW ? ROOM_SLOW : ROOM_FREEZE;
        err = channel_act(live->channel, show->link, &act);
        break;
    default:
        live_tell_state(live, show);
        break;
    }
    if (err)
        jt_warn("live.tell", KV("show", (const char *)show->link), KV("err", err));
}

int live_change(struct live *live, const struct store_change *change, struct store_show *out)
{
    int err;

    (void)pthread_mutex_lock(&live->changing);
    err = store_show_change(live->parts.store, change, out);
    if (!err)
        tell_change(live, change->field, out);
    (void)pthread_mutex_unlock(&live->changing);
    return err;
}

/* ---- what the channel asks ---- */

static int admit(void *arg, const char *ticket, const char *show, struct room_identity *out)
{
    struct live *live = arg;
    struct jt_token token;
    int64_t now_ms = jt_clock_wall_ms();
    int err = live_ticket_read(live->parts.keyring, ticket, show, now_ms, out, &token);

    /* What was used before this process began is not remembered: so nothing older is taken (threat A2). */
    if (!err &&
        (token.issued_ms < live->began_ms || access_used_take(live->parts.used, &token, now_ms)))
        err = -EACCES;
    return err;
}

/* On the room thread: what has to be stored or read waits for the keeper. */
static int leave_for_keeper(struct live *live, const char *show, const struct room_act *act)
{
    struct live_act *place;
    int err = -EAGAIN;

    (void)pthread_mutex_lock(&live->lock);
    if (live->act_count < LIVE_ACTS_MAX && strlen(show) < sizeof(place->show)) {
        place = &live->acts[(live->first_act + live->act_count++) % LIVE_ACTS_MAX];
        *place = (struct live_act){.is_open = !act};
        memcpy(place->show, show, strlen(show) + 1);
        if (act)
            place->act = *act;
        (void)pthread_cond_signal(&live->has_work);
        err = 0;
    }
    (void)pthread_mutex_unlock(&live->lock);
    return err;
}

static int open_room(void *arg, const char *show)
{
    return leave_for_keeper(arg, show, NULL);
}

static void take_act(void *arg, const char *show, const struct room_act *act)
{
    if (leave_for_keeper(arg, show, act))
        jt_error("live.act", KV("show", show), KV("err", "too many wait"));
}

static void take_tally(void *arg, const char *link, const struct channel_tally *tally)
{
    struct live *live = arg;
    struct live_show *show;

    (void)pthread_mutex_lock(&live->lock);
    show = live_find(live, link, true);
    if (show) {
        show->persons = tally->is_end ? 0 : tally->persons;
        show->hearts = tally->hearts;
        show->messages = tally->messages;
    }
    (void)pthread_mutex_unlock(&live->lock);
}

const struct channel_ops live_channel_ops = {
    .admit = admit,
    .open = open_room,
    .act = take_act,
    .tally = take_tally,
};

/* ---- life ---- */

void live_kick(struct live *live)
{
    (void)pthread_mutex_lock(&live->lock);
    live->is_kicked = true;
    (void)pthread_cond_signal(&live->has_work);
    (void)pthread_mutex_unlock(&live->lock);
}

int live_new(const struct live_parts *parts, struct live **out)
{
    struct live *live = calloc(1, sizeof(*live));
    pthread_condattr_t attributes;

    if (!live)
        return -ENOMEM;
    live->acts = calloc(LIVE_ACTS_MAX, sizeof(*live->acts));
    if (!live->acts || live_owners_new(&live->owners)) {
        free(live->acts);
        free(live);
        return -ENOMEM;
    }
    live->parts = *parts;
    live->began_us = jt_clock_mono_us();
    live->began_ms = jt_clock_wall_ms();
    (void)pthread_mutex_init(&live->changing, NULL);
    (void)pthread_mutex_init(&live->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC); /* pitfall 47 */
    (void)pthread_cond_init(&live->has_work, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    *out = live;
    return 0;
}

int live_start(struct live *live, struct channel *channel)
{
    int err;

    live->channel = channel;
    err = -pthread_create(&live->keeper, NULL, live_keep, live);
    live->has_keeper = !err;
    return err;
}

void live_stop(struct live *live)
{
    if (!live || !live->has_keeper)
        return;
    (void)pthread_mutex_lock(&live->lock);
    live->is_stopping = true;
    (void)pthread_cond_signal(&live->has_work);
    (void)pthread_mutex_unlock(&live->lock);
    (void)pthread_join(live->keeper, NULL);
    live->has_keeper = false;
}

void live_free(struct live *live)
{
    if (!live)
        return;
    live_stop(live);
    for (size_t i = 0; i < live->show_count; i++)
        free(live->shows[i]);
    live_owners_free(live->owners);
    free(live->acts);
    (void)pthread_cond_destroy(&live->has_work);
    (void)pthread_mutex_destroy(&live->lock);
    (void)pthread_mutex_destroy(&live->changing);
    free(live);
}
