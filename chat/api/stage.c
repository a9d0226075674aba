/* Running a show: the seller's acts, and the operator's three switches. Each goes through chat/live, which tells everybody. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "chat/api/call.h"
#include "chat/api/describe.h"
#include "chat/api/handlers.h"
#include "chat/live/link.h"
#include "chat/live/live.h"
#include "chat/room/text.h"
#include "chat/store/product.h"
#include "chat/store/show.h"

enum { REASON_MAX_BYTES = 300 };

static void answer_changed(struct api_call *call, int err, const struct store_show *show)
{
    if (err == -EEXIST)
        api_refuse_call(call, API_PROBLEM_SHOW_ON_AIR);
    else if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, 200, api_describe_show(show));
}

/* ---- planning ---- */

struct plan {
    const char *title, *access;
    int64_t starts_ms;
};

static void read_plan(struct api_body *body, void *arg)
{
    struct plan *plan = arg;

    plan->title = api_body_text(body, "title", 1, STORE_TITLE_MAX_BYTES - 1);
    plan->access = api_body_text(body, "access", 1, 16);
    plan->starts_ms = api_body_optional_integer(body, "starts_at", 0, INT64_MAX / 2, 0);
    if (plan->access && strcmp(plan->access, "public") && strcmp(plan->access, "token"))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
}

static void create(struct api_call *call, const struct plan *plan)
{
    char link[STORE_LINK_CHARACTERS + 1];
    const struct store_new_show show = {
        .shop_id = api_call_shop(call),
        .by_id = call->person.account_id,
        .now_ms = call->now_ms,
        .starts_ms = plan->starts_ms,
        .link = link,
        .title = plan->title,
        .is_rehearsal = !strcmp(plan->access, "token"),
    };
    struct store_show made;
    int err;

    live_link_new(link);
    err = store_show_add(call->parts->store, &show);
    if (!err)
        err = store_show_get(call->parts->store, link, show.shop_id, &made);
    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, 201, api_describe_show(&made));
}

void api_show_create(struct api_call *call)
{
    struct plan plan = {0};
    struct api_body body;

    if (api_call_body(call, &body, read_plan, &plan))
        create(call, &plan);
    api_body_free(&body);
}

/* ---- one thing of a show ---- */

static void change(struct api_call *call, struct store_change *change)
{
    struct store_show show;
    int err;

    change->link = api_call_param(call, "show");
    change->shop_id = api_call_shop(call);
    change->by_id = call->person.account_id;
    change->now_ms = call->now_ms;
    err = live_change(call->parts->live, change, &show);
    answer_changed(call, err, &show);
}

static void read_title(struct api_body *body, void *arg)
{
    struct store_change *wanted = arg;

    wanted->text = api_body_text(body, "title", 1, STORE_TITLE_MAX_BYTES - 1);
}

void api_show_edit(struct api_call *call)
{
    struct store_change wanted = {.field = STORE_SHOW_TITLE};
    struct api_body body;

    if (api_call_body(call, &body, read_title, &wanted))
        change(call, &wanted);
    api_body_free(&body);
}

static void read_notice(struct api_body *body, void *arg)
{
    const char **text = arg;

    *text = api_body_text(body, "text", 0, ROOM_TEXT_RAW_MAX_BYTES);
}

static void set_notice(struct api_call *call, const char *raw)
{
    char text[STORE_NOTICE_MAX_BYTES];
    struct store_change wanted = {.field = STORE_SHOW_NOTICE, .text = text};
    int size = room_text_clean(raw, strlen(raw), 200, text, sizeof(text));

    if (size == -ENODATA)
        text[0] = '\0';
    if (size < 0 && size != -ENODATA)
        api_refuse_call(call, API_PROBLEM_FIELD_INVALID);
    else
        change(call, &wanted);
}

void api_show_notice(struct api_call *call)
{
    const char *raw = NULL;
    struct api_body body;

    if (api_call_body(call, &body, read_notice, &raw))
        set_notice(call, raw);
    api_body_free(&body);
}

static void read_pin(struct api_body *body, void *arg)
{
    struct store_change *wanted = arg;

    wanted->value = api_body_optional_integer(body, "product", 1, INT64_MAX, 0);
}

void api_show_pin(struct api_call *call)
{
    struct store_change wanted = {.field = STORE_SHOW_PIN};
    struct store_product *product;
    struct api_body body;
    int err = 0;

    if (!api_call_body(call, &body, read_pin, &wanted)) {
        api_body_free(&body);
        return;
    }
    api_body_free(&body);
    product = calloc(1, sizeof(*product));
    if (!product)
        err = -ENOMEM;
    else if (wanted.value) /* a foreign product can't be shown */
        err = store_product_get(call->parts->store, api_call_shop(call), wanted.value, product);
    free(product);
    if (err)
        api_refuse_errno(call, err);
    else
        change(call, &wanted);
}

/* ---- products of a show ---- */

struct ids {
    int64_t items[STORE_SHOW_PRODUCTS_MAX];
    int count;
};

static void read_ids(struct api_body *body, void *arg)
{
    const json_t *array = api_body_array(body, "ids", STORE_SHOW_PRODUCTS_MAX);
    struct ids *ids = arg;

    for (size_t i = 0; array && i < json_array_size(array); i++) {
        const json_t *id = json_array_get(array, i);

        if (!json_is_integer(id))
            api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
        ids->items[ids->count++] = json_integer_value(id);
    }
}

static void set_products(struct api_call *call, const struct ids *ids)
{
    struct store_show show;
    int err = store_show_get(call->parts->store, api_call_param(call, "show"), api_call_shop(call),
                             &show);

    if (!err)
        err = store_show_products_set(call->parts->store, show.shop_id, show.id, ids->items,
                                      ids->count);
    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    live_kick(call->parts->live);
    api_answer_nothing(call);
}

void api_show_products(struct api_call *call)
{
    struct ids ids = {.count = 0};
    struct api_body body;

    if (api_call_body(call, &body, read_ids, &ids))
        set_products(call, &ids);
    api_body_free(&body);
}

/* ---- on air and off ---- */

static void move(struct api_call *call, enum store_show_state to, const char *operation,
                 const char *reason)
{
    const struct store_move wanted = {
        .link = api_call_param(call, "show"),
        .shop_id = api_call_shop(call),
        .to = to,
        .by_id = call->person.account_id,
        .now_ms = call->now_ms,
        .operation = operation,
        .reason = reason,
    };
    struct store_show show;
    int err = live_move(call->parts->live, &wanted, &show);

    if (err == -EALREADY) /* tapped twice */
        err = store_show_get(call->parts->store, wanted.link, wanted.shop_id, &show);
    answer_changed(call, err, &show);
}

void api_show_start(struct api_call *call)
{
    if (api_call_is_empty(call))
        move(call, STORE_SHOW_LIVE, "show.start", "");
}

void api_show_end(struct api_call *call)
{
    if (api_call_is_empty(call))
        move(call, STORE_SHOW_ENDED, "show.end", "");
}

/* ---- the operator's switches: a reason each, and an audit row ---- */

static void read_reason(struct api_body *body, void *arg)
{
    const char **reason = arg;

    *reason = api_body_text(body, "reason", 1, REASON_MAX_BYTES);
}

void api_show_stop(struct api_call *call)
{
    const char *reason = NULL;
    struct api_body body;

    if (api_call_body(call, &body, read_reason, &reason))
        move(call, STORE_SHOW_ENDED, "show.stop", reason);
    api_body_free(&body);
}

static void read_switch(struct api_body *body, void *arg)
{
    struct store_change *wanted = arg;

    wanted->value = api_body_bool(body, "on");
    wanted->reason = api_body_text(body, "reason", 0, REASON_MAX_BYTES);
}

void api_show_freeze(struct api_call *call)
{
    struct store_change wanted = {.field = STORE_SHOW_FREEZE, .operation = "chat.freeze"};
    struct api_body body;

    if (api_call_body(call, &body, read_switch, &wanted))
        change(call, &wanted);
    api_body_free(&body);
}

void api_show_sales(struct api_call *call)
{
    struct store_change wanted = {.field = STORE_SHOW_SALES};
    struct api_body body;

    if (!api_call_body(call, &body, read_switch, &wanted)) {
        api_body_free(&body);
        return;
    }
    /* `on` is whether things are sold. Resuming is a right of its own. */
    wanted.operation = wanted.value ? "sales.resume" : "sales.stop";
    if (wanted.value && !access_may(ACCESS_SALES_RESUME, call->roles_mask)) {
        api_refuse_call(call, API_PROBLEM_FORBIDDEN);
    } else {
        wanted.value = !wanted.value;
        change(call, &wanted);
    }
    api_body_free(&body);
}
