/* What moderators did on the socket, made durable: it was done in the room already. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/live/person.h"
#include "chat/live/private.h"
#include "chat/store/ban.h"

static int store_ban_act(struct live *live, const struct live_act *act)
{
    struct store_ban ban = {
        .link = act->show,
        .account_id = live_person_read(act->act.person),
        .by_id = live_person_read(act->act.actor),
        .is_mute = act->act.verb == ROOM_MUTE || act->act.verb == ROOM_UNMUTE,
        .until_ms = act->act.verb == ROOM_MUTE ? act->act.until_ms : 0,
        .now_ms = jt_clock_wall_ms(),
    };

    if (!ban.account_id || !ban.by_id)
        return 0;
    if (act->act.verb == ROOM_MUTE || act->act.verb == ROOM_BAN)
        return store_ban_put(live->parts.store, &ban);
    return store_ban_lift(live->parts.store, &ban);
}

static int store_switch(struct live *live, const struct live_act *act)
{
    const struct store_change change = {
        .link = act->show,
        .field = act->act.verb == ROOM_SLOW ? STORE_SHOW_SLOW : STORE_SHOW_FREEZE,
        .value = act->act.verb == ROOM_SLOW ? act->act.seconds : act->act.on,
        .by_id = live_person_read(act->act.actor),
        .now_ms = jt_clock_wall_ms(),
        .operation = act->act.verb == ROOM_SLOW ? "chat.slow" : "chat.freeze",
        .reason = "",
    };
    struct store_show show;

    return store_show_change(live->parts.store, &change, &show);
}

void live_store_act(struct live *live, const struct live_act *act)
{
    int err = 0;

    switch (act->act.verb) {
    case ROOM_MUTE:
    case ROOM_UNMUTE:
    case ROOM_BAN:
    case ROOM_UNBAN:
        err = store_ban_act(live, act);
        break;
    case ROOM_SLOW:
    case ROOM_FREEZE:
        err = store_switch(live, act);
        break;
    default:
        break; /* a deleted line is gone from the room's memory, and kept nowhere else */
    }
    if (err)
        jt_error("live.act", KV("show", (const char *)act->show),
                 KV("err", (const char *)strerror(-err)));
}
