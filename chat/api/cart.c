/* The cart: what somebody means to buy, over devices and reconnects. */
#include <errno.h>
#include <string.h>

#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/store/cart.h"
#include "chat/store/money.h"

static const char *const warnings[] = {
    [STORE_CART_FINE] = NULL,
    [STORE_CART_OFF] = "off",
    [STORE_CART_SOLD_OUT] = "sold_out",
    [STORE_CART_FEW] = "few",
    [STORE_CART_OVER_LIMIT] = "over_limit",
    [STORE_CART_REDUCED] = "reduced",
};

struct cart {
    json_t *items;
    int64_t total_won;
};

static int append(const struct store_cart_item *item, void *arg)
{
    struct cart *cart = arg;

    cart->total_won += item->price_won * item->quantity; /* both are bounded: money.h */
    return json_array_append_new(
               cart->items,
               json_pack("{s:I, s:I, s:{s:I, s:s}, s:s, s:s, s:s?, s:i, s:i, s:I, s:I, s:s?}",
                         "variant", (json_int_t)item->variant_id, "product",
                         (json_int_t)item->product_id, "shop", "id", (json_int_t)item->shop_id,
                         "name", item->shop_name, "name", item->name, "option", item->option,
                         "picture", *item->picture ? item->picture : NULL, "quantity",
                         item->quantity, "max_per_order", item->max_per_order, "price_won",
                         (json_int_t)item->price_won, "left", (json_int_t)item->left, "warning",
                         warnings[item->warning]))
               ? -ENOMEM
               : 0;
}

void api_cart_read(struct api_call *call)
{
    struct cart cart = {.items = json_array()};
    int err = 0;

    if (call->has_session)
        err = store_cart_read(call->parts->store, call->person.account_id, append, &cart);
    if (err) {
        json_decref(cart.items);
        api_refuse_errno(call, err);
        return;
    }
    api_answer(
        call, 200,
        json_pack("{s:o, s:I}", "items", cart.items, "total_won", (json_int_t)cart.total_won));
}

static void read_quantity(struct api_body *body, void *arg)
{
    int *quantity = arg;

    *quantity = (int)api_body_integer(body, "quantity", 0, STORE_QUANTITY_MAX);
}

static void set(struct api_call *call, int quantity)
{
    int err = store_cart_set(call->parts->store, call->person.account_id,
                             api_call_id(call, "variant"), quantity, call->now_ms);

    if (err == -ERANGE)
        api_refuse_call(call, API_PROBLEM_OVER_LIMIT);
    else if (err == -E2BIG)
        api_refuse_call(call, API_PROBLEM_CART_FULL);
    else if (err)
        api_refuse_errno(call, err);
    else
        api_cart_read(call);
}

void api_cart_set(struct api_call *call)
{
    struct api_body body;
    int quantity = 0;

    if (api_call_body(call, &body, read_quantity, &quantity))
        set(call, quantity);
    api_body_free(&body);
}
