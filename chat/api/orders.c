/* Orders, the shop's side: the list, and every step to the goods handed over. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/api/order_view.h"
#include "chat/live/live.h"
#include "chat/store/order.h"
#include "http/server.h"

enum { ORDERS_LISTED = 100, REASON_MAX_BYTES = 300 };

/* Names and addresses are for those who send the goods; a host may be hired for the day. */
static bool may_see_persons(const struct api_call *call)
{
    return access_may(ACCESS_ORDER_CONTACT, call->roles_mask);
}

/* ---- the list ---- */

struct list {
    const struct api_call *call;
    json_t *items;
};

static int append(const struct store_order *order, void *arg)
{
    struct list *list = arg;

    return json_array_append_new(list->items,
                                 api_order_view(list->call, order, may_see_persons(list->call)))
               ? -ENOMEM
               : 0;
}

void api_shop_order_list(struct api_call *call)
{
    struct list list = {call, json_array()};
    int err = store_orders_of_shop(call->parts->store, api_call_shop(call), 0, ORDERS_LISTED,
                                   append, &list);

    api_answer_items(call, err, list.items);
}

/* ---- steps ---- */

static void answer_moved(struct api_call *call, const uint8_t id[16], int err)
{
    struct store_order *order;

    if (err == -ENODATA) {
        api_refuse_call(call, API_PROBLEM_TOO_LATE);
        return;
    }
    order = calloc(1, sizeof(*order));
    if (err >= 0)
        err = order ? store_order_get_for_shop(call->parts->store, api_call_shop(call), id, order)
                    : -ENOMEM;
    live_kick(call->parts->live);
    if (err < 0)
        api_refuse_errno(call, err);
    else
        api_answer(call, 200, api_order_view(call, order, may_see_persons(call)));
    free(order);
}

void api_shop_order_confirm(struct api_call *call)
{
    uint8_t id[16];
    int err;

    if (!api_call_is_empty(call))
        return;
    err = api_order_id(call, id);
    if (!err)
        err = store_order_confirm(call->parts->store, api_call_shop(call), id, call->now_ms);
    answer_moved(call, id, err);
}

static void read_reason(struct api_body *body, void *arg)
{
    const char **reason = arg;

    *reason = api_body_text(body, "reason", 1, REASON_MAX_BYTES);
}

void api_shop_order_cancel(struct api_call *call)
{
    const char *reason = NULL;
    struct api_body body;
    uint8_t id[16];
    int err;

    if (api_call_body(call, &body, read_reason, &reason)) {
        err = api_order_id(call, id);
        if (!err)
            err = store_order_cancel(call->parts->store, api_call_shop(call), id, reason,
                                     call->now_ms);
        answer_moved(call, id, err);
    }
    api_body_free(&body);
}

/* The last part of the path is the state. */
static enum store_order_state step_of(const struct api_call *call)
{
    const char *path = jt_http_request_path(call->request), *last = strrchr(path, '/');

    if (!strcmp(last, "/ready"))
        return STORE_READY;
    if (!strcmp(last, "/picked_up"))
        return STORE_PICKED_UP;
    return strcmp(last, "/shipped") ? STORE_DELIVERED : STORE_SHIPPING;
}

void api_shop_order_move(struct api_call *call)
{
    uint8_t id[16];
    int err;

    if (!api_call_is_empty(call))
        return;
    err = api_order_id(call, id);
    if (!err)
        err = store_order_move(call->parts->store, api_call_shop(call), id, step_of(call),
                               call->now_ms);
    answer_moved(call, id, err);
}
