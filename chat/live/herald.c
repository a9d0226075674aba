/* From the store's outbox to rooms and people: stock to everybody who watches, an order to its buyer and its shop. */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "chat/live/person.h"
#include "chat/live/private.h"
#include "chat/store/ban.h"
#include "chat/store/outbox.h"
#include "chat/store/show.h"
#include "token/base64url.h"

enum { EVENTS_A_TURN = 256, ORDER_TEXT_BYTES = 22 + 1 };
static const char reader[] = "rooms";

struct batch {
    struct store_event events[EVENTS_A_TURN];
    size_t count;
};

static int append(const struct store_event *event, void *arg)
{
    struct batch *batch = arg;

    if (batch->count < EVENTS_A_TURN)
        batch->events[batch->count++] = *event;
    return 0;
}

/* A shop's viewers are in the room of its show on air, or of the next one. */
static bool find_room(struct live *live, int64_t shop_id, struct store_show *out)
{
    return !store_show_next(live->parts.store, shop_id, out);
}

static void tell_product(struct live *live, const struct store_event *event, const char *link)
{
    char json[64];

    (void)snprintf(json, sizeof(json), "{\"id\":%lld}", (long long)event->product_id);
    if (channel_product(live->channel, link, event->product_id, json, event->id))
        jt_warn("live.tell", KV("show", link), KV("what", "product"));
}

/* ---- orders ---- */

struct listeners {
    struct live *live;
    const char *json;
};

static void tell_person(struct listeners *to, int64_t account_id)
{
    char person[ROOM_PERSON_MAX_BYTES + 1];

    live_person_write(account_id, person);
    if (channel_tell(to->live->channel, NULL, person, "order", to->json))
        jt_warn("live.tell", KV("what", "order"));
}

static void tell_member(void *arg, int64_t account_id)
{
    tell_person(arg, account_id);
}

static void tell_order(struct live *live, const struct store_event *event)
{
    char id[ORDER_TEXT_BYTES];
    struct listeners to = {.live = live};
    json_t *news;
    char *json;

    jt_base64url_write(event->order, sizeof(event->order), id);
    news = json_pack("{s:s, s:s, s:I}", "id", id, "state", event->state, "shop",
                     (json_int_t)event->shop_id);
    json = news ? json_dumps(news, JSON_COMPACT) : NULL;
    json_decref(news);
    if (!json)
        return;
    to.json = json;
    tell_person(&to, event->account_id);
    if (store_member_list(live->parts.store, event->shop_id, tell_member, &to))
        jt_warn("live.tell", KV("what", "members"));
    free(json);
}

static void tell(struct live *live, const struct store_event *event)
{
    bool is_order = !strcmp(event->kind, "order");
    struct store_show show;
    bool has_room = find_room(live, event->shop_id, &show);

    if (is_order)
        tell_order(live, event);
    else if (has_room && !strcmp(event->kind, "product"))
        tell_product(live, event, show.link);
    if (has_room && is_order)
        live_tell_order_stock(live, show.link, event->order);
    else if (has_room)
        live_tell_stock(live, show.link, event->product_id);
}

/* Returns how many there were. What is told twice after a crash has the same version and does no harm. */
static int tell_some(struct live *live)
{
    struct batch *batch = calloc(1, sizeof(*batch));
    int err;

    if (!batch)
        return -ENOMEM;
    err = store_outbox_read(live->parts.store, reader, EVENTS_A_TURN, append, batch);
    for (size_t i = 0; i < batch->count; i++)
        tell(live, &batch->events[i]);
    if (err >= 0 && batch->count)
        err = store_outbox_mark(live->parts.store, reader, batch->events[batch->count - 1].id);
    if (err >= 0)
        err = (int)batch->count;
    free(batch);
    return err;
}

void live_tell_news(struct live *live)
{
    int count;

    do
        count = tell_some(live);
    while (count == EVENTS_A_TURN);
    if (count < 0)
        jt_warn("live.news", KV("err", (const char *)strerror(-count)));
}
