/* Shows, for those who look: lists, one show, tickets and play tokens, and what a show brought. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/access/role.h"
#include "chat/api/call.h"
#include "chat/api/describe.h"
#include "chat/api/handlers.h"
#include "chat/live/live.h"
#include "chat/live/person.h"
#include "chat/live/owner.h"
#include "chat/live/ticket.h"
#include "chat/room/text.h"
#include "chat/store/order.h"
#include "chat/store/product.h"
#include "chat/store/show.h"
#include "token/token.h"

enum { PLAY_TOKEN_LIFE_MS = 12 * 3600 * 1000, PLAY_TOKEN_MAX_BYTES = 1024 };

/* ---- lists ---- */

struct list {
    struct api_call *call;
    json_t *items;
    bool is_for_operator;
};

static void add_figures(json_t *item, const struct live_figures *figures)
{
    json_t *warnings = json_array();

    for (size_t i = 0; i < figures->warning_count; i++)
        (void)json_array_append_new(warnings, json_string(figures->warnings[i]));
    (void)json_object_set_new(item, "warnings", warnings);
    (void)json_object_set_new(item, "bitrate_bps", json_integer(figures->bitrate_bps));
    (void)json_object_set_new(item, "has_picture", json_boolean(figures->has_picture));
}

static void add_sales(struct api_call *call, json_t *item, const struct store_show *show)
{
    struct store_report report = {0};

    if (store_show_report(call->parts->store, show->id, &report))
        return;
    (void)json_object_set_new(item, "orders", json_integer(report.orders));
    (void)json_object_set_new(item, "paid_won", json_integer(report.paid_won));
}

static void append(void *arg, const struct store_show *show)
{
    struct list *list = arg;

    (void)json_array_append_new(list->items, api_describe_show(show));
}

/* Figures are read after the list, for a store must not be asked from within a list of its own. */
static void fill_in(struct list *list)
{
    json_t *item;
    size_t i;

    json_array_foreach(list->items, i, item)
    {
        struct live_figures figures;

        live_figures(list->call->parts->live, json_string_value(json_object_get(item, "id")),
                     &figures);
        (void)json_object_set_new(item, "viewers", json_integer(figures.viewers));
        if (list->is_for_operator)
            add_figures(item, &figures);
    }
}

static void add_all_sales(struct list *list)
{
    json_t *item;
    size_t i;

    json_array_foreach(list->items, i, item)
    {
        struct store_show show;

        if (!store_show_get(list->call->parts->store,
                            json_string_value(json_object_get(item, "id")), 0, &show))
            add_sales(list->call, item, &show);
    }
}

static void answer_list(struct api_call *call, enum store_shows which, bool is_for_operator)
{
    struct list list = {call, json_array(), is_for_operator};
    int err = store_show_list(call->parts->store, which, api_call_shop(call), append, &list);

    if (err) {
        json_decref(list.items);
        api_refuse_errno(call, err);
        return;
    }
    fill_in(&list);
    if (is_for_operator)
        add_all_sales(&list);
    api_answer(call, 200, json_pack("{s:o}", "items", list.items));
}

void api_show_list(struct api_call *call)
{
    answer_list(call, STORE_SHOWS_PUBLIC, false);
}

void api_show_list_own(struct api_call *call)
{
    answer_list(call, STORE_SHOWS_OF_SHOP, false);
}

void api_show_list_all(struct api_call *call)
{
    answer_list(call, STORE_SHOWS_OPEN, true);
}

/* ---- one show ---- */

/* A rehearsal and what is not live yet are for those who know the link; only the shop sees stock. */
static bool works_for(const struct api_call *call, const struct store_show *show)
{
    return call->person.kind == STORE_OPERATOR || call->person.shop_id == show->shop_id;
}

static int append_product(const struct store_product *product, void *arg)
{
    return json_array_append_new(arg, api_describe_product(product, false)) ? -ENOMEM : 0;
}

static int add_products(struct api_call *call, json_t *item, const struct store_show *show)
{
    json_t *products = json_array();
    int err = store_show_products(call->parts->store, show->id, append_product, products);

    if (json_object_set_new(item, "products", products))
        err = err ? err : -ENOMEM;
    return err;
}

static void answer_show(struct api_call *call, const struct store_show *show)
{
    json_t *item = api_describe_show(show);
    struct live_figures figures;
    int err = item ? add_products(call, item, show) : -ENOMEM;

    live_figures(call->parts->live, show->link, &figures);
    if (!err) {
        (void)json_object_set_new(item, "viewers", json_integer(figures.viewers));
        (void)json_object_set_new(item, "hearts", json_integer(figures.hearts));
        if (works_for(call, show))
            add_figures(item, &figures);
        api_answer(call, 200, item);
        return;
    }
    json_decref(item);
    api_refuse_errno(call, err);
}

void api_show_read(struct api_call *call)
{
    struct store_show show;
    int err = store_show_get(call->parts->store, api_call_param(call, "show"), 0, &show);

    if (err)
        api_refuse_errno(call, err);
    else
        answer_show(call, &show);
}

void api_show_report(struct api_call *call)
{
    struct store_report report = {0};
    struct store_show show;
    int err = store_show_get(call->parts->store, api_call_param(call, "show"), api_call_shop(call),
                             &show);

    if (!err)
        err = store_show_report(call->parts->store, show.id, &report);
    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    api_answer(call, 200,
               json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "viewers",
                         (json_int_t)show.visitors, "peak_viewers", (json_int_t)show.peak_viewers,
                         "hearts", (json_int_t)show.hearts, "messages", (json_int_t)show.messages,
                         "orders", (json_int_t)report.orders, "paid_orders",
                         (json_int_t)report.paid_orders, "paid_won", (json_int_t)report.paid_won,
                         "units", (json_int_t)report.units));
}

/* ---- ways in ---- */

/* Towards this show's shop; elsewhere its people are buyers like others. */
static enum access_role role_in(const struct api_call *call, const struct live_owner *owner)
{
    int role = access_role_parse(call->person.shop_role);

    if (call->person.kind == STORE_OPERATOR)
        return ACCESS_OPERATOR;
    if (call->person.kind != STORE_BUYER)
        return ACCESS_GUEST;
    return call->person.shop_id == owner->shop_id && role >= 0 ? (enum access_role)role
                                                               : ACCESS_BUYER;
}

static void name_of(const struct api_call *call, const struct live_owner *owner,
                    struct room_identity *who)
{
    bool is_staff = who->role != ACCESS_BUYER && who->role != ACCESS_GUEST;
    const char *name =
        is_staff && who->role != ACCESS_OPERATOR ? owner->shop_name : call->person.name;

    if (call->person.kind == STORE_GUEST && call->has_session)
        (void)snprintf(who->name, sizeof(who->name), "손님%lld",
                       (long long)call->person.account_id % 10000);
    else if (room_text_clean(name, strlen(name), ROOM_NAME_MAX_CHARACTERS, who->name,
                             sizeof(who->name)) < 0)
        (void)snprintf(who->name, sizeof(who->name), "손님");
}

static void identify(struct api_call *call, const struct live_owner *owner,
                     struct room_identity *who)
{
    *who = (struct room_identity){.role = role_in(call, owner), .is_reader = !call->has_session};
    if (call->has_session)
        live_person_write(call->person.account_id, who->person);
    else
        access_secret_new(who->person);
    name_of(call, owner, who);
}

static void read_show(struct api_body *body, void *arg)
{
    const char **link = arg;

    *link = api_body_text(body, "show", 1, STORE_LINK_CHARACTERS);
}

static void answer_ticket(struct api_call *call, const char *link)
{
    char ticket[LIVE_TICKET_MAX_BYTES];
    struct room_identity who;
    struct live_owner owner;
    int err = live_owner_of(call->parts->live, link, &owner);

    if (!err) {
        identify(call, &owner, &who);
        err = live_ticket_make(call->parts->keyring, link, &who, call->now_ms, ticket);
    }
    if (err < 0)
        api_refuse_errno(call, err);
    else
        api_answer(call, 201, json_pack("{s:s}", "ticket", ticket));
}

void api_ticket_create(struct api_call *call)
{
    const char *link = NULL;
    struct api_body body;

    if (api_call_body(call, &body, read_show, &link))
        answer_ticket(call, link);
    api_body_free(&body);
}

/* For the shop itself: to see its picture before it is live, and rehearsals. */
void api_play_token_create(struct api_call *call)
{
    char token[PLAY_TOKEN_MAX_BYTES], subject[64];
    struct store_show show;
    int err;

    if (!api_call_is_empty(call))
        return;
    err = store_show_get(call->parts->store, api_call_param(call, "show"), api_call_shop(call),
                         &show);
    if (!err) {
        (void)snprintf(subject, sizeof(subject), "show:%s", show.link);
        err = jt_token_make(call->parts->keyring, JT_TOKEN_PLAY, "relay", subject, call->now_ms,
                            PLAY_TOKEN_LIFE_MS, token, sizeof(token));
    }
    if (err < 0)
        api_refuse_errno(call, err);
    else
        api_answer(call, 201, json_pack("{s:s}", "token", token));
}
