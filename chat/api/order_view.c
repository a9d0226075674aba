#include "chat/api/order_view.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "chat/access/mask.h"
#include "chat/access/sealed.h"
#include "chat/api/call.h"
#include "chat/store/order.h"
#include "token/base64url.h"

static const char *const terms[] = {
    [STORE_NORMAL] = "normal",
    [STORE_PERISHABLE] = "perishable",
    [STORE_MADE_TO_ORDER] = "made_to_order",
};

int api_order_id(const struct api_call *call, uint8_t out[16])
{
    const char *text = api_call_param(call, "order");

    return jt_base64url_read(text, strlen(text), out, STORE_ORDER_ID_SIZE) == STORE_ORDER_ID_SIZE
               ? 0
               : -ENOENT;
}

/* ---- what is personal ---- */

static void name_row(int64_t account_id, char out[24])
{
    (void)snprintf(out, 24, "%lld", (long long)account_id);
}

int api_personal_seal(struct jt_keyring *keyring, int64_t account_id,
                      const struct api_personal *personal, uint8_t *out, size_t capacity)
{
    char row[24];
    const struct access_cell cell = {"purchase", "personal", row};
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "recipient", personal->recipient, "phone",
                  personal->phone, "postcode", personal->postcode, "address", personal->address,
                  "address_detail", personal->address_detail, "memo", personal->memo, "depositor",
                  personal->depositor);
    char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
    int size = -ENOMEM;

    json_decref(object);
    name_row(account_id, row);
    if (text)
        size = access_seal(keyring, &cell, text, strlen(text), out, capacity);
    if (text)
        explicit_bzero(text, strlen(text));
    free(text);
    return size;
}

static json_t *open_personal(const struct api_call *call, const struct store_order *order)
{
    char row[24], plain[STORE_SEALED_MAX];
    const struct access_cell cell = {"purchase", "personal", row};
    json_t *object = NULL;
    int size;

    name_row(order->account_id, row);
    size = access_open(call->parts->keyring, &cell, order->sealed, order->sealed_size, plain,
                       sizeof(plain));
    if (size >= 0)
        object = json_loadb(plain, (size_t)size, 0, NULL);
    else
        jt_error("order.sealed", KV("number", (const char *)order->number),
                 KV("err", (const char *)strerror(-size)));
    explicit_bzero(plain, sizeof(plain));
    return object;
}

/* Enough to recognise one's own order by: a name's first letter, a number's ends. false: memory is short, and some of it
 * is not masked. */
static bool mask(json_t *personal)
{
    const char *recipient = json_string_value(json_object_get(personal, "recipient"));
    const char *phone = json_string_value(json_object_get(personal, "phone"));
    char name[ACCESS_MASK_NAME_BYTES], number[ACCESS_MASK_PHONE_BYTES];

    access_mask_name(recipient ? recipient : "", recipient ? strlen(recipient) : 0, name);
    access_mask_phone(phone ? phone : "", phone ? strlen(phone) : 0, number);
    return !json_object_set_new(personal, "recipient", json_string(name)) &&
           !json_object_set_new(personal, "phone", json_string(number)) &&
           !json_object_set_new(personal, "postcode", json_string("")) &&
           !json_object_set_new(personal, "address", json_string("")) &&
           !json_object_set_new(personal, "address_detail", json_string("")) &&
           !json_object_set_new(personal, "memo", json_string("")) &&
           !json_object_set_new(personal, "depositor", json_string(name));
}

/* ---- the order ---- */

static json_t *lines_of(const struct store_order *order)
{
    json_t *lines = json_array();

    for (int i = 0; i < order->line_count; i++) {
        const struct store_order_line *line = &order->lines[i];

        (void)json_array_append_new(
            lines,
            json_pack("{s:I, s:s, s:s, s:i, s:I, s:s}", "product", (json_int_t)line->product_id,
                      "name", line->name, "option", line->option, "quantity", line->quantity,
                      "price_won", (json_int_t)line->price_won, "terms", terms[line->terms]));
    }
    return lines;
}

static json_t *seller_of(const struct store_order *order)
{
    const struct store_order_seller *seller = &order->seller;

    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "id", (json_int_t)order->shop_id,
                     "name", seller->name, "phone", seller->phone, "bank_name", seller->bank_name,
                     "bank_account", seller->bank_account, "bank_holder", seller->bank_holder,
                     "pickup_place", seller->pickup_place);
}

static json_t *number_or_null(int64_t value)
{
    return value ? json_integer(value) : json_null();
}

static json_t *facts_of(const struct store_order *order)
{
    char id[API_ORDER_ID_CHARACTERS + 1];

    jt_base64url_write(order->order, sizeof(order->order), id);
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:I, s:I, s:s, s:s, s:o, s:I, s:o, s:s, s:b}", "id",
                     id, "number", order->number, "state", store_order_state_name(order->state),
                     "shop", seller_of(order), "lines", lines_of(order), "shipping_won",
                     (json_int_t)order->shipping_won, "total_won", (json_int_t)order->total_won,
                     "tender", order->tender == STORE_TRANSFER ? "transfer" : "at_pickup",
                     "delivery", order->delivery == STORE_SHIP ? "ship" : "pickup", "expires_at",
                     number_or_null(order->expires_ms), "created_at", (json_int_t)order->created_ms,
                     "paid_at", number_or_null(order->paid_ms), "reason", order->reason, "test",
                     order->is_test);
}

json_t *api_order_view(const struct api_call *call, const struct store_order *order,
                       bool is_personal)
{
    json_t *view = facts_of(order), *personal = open_personal(call, order);
    bool is_fit = personal && (is_personal || mask(personal));

    if (!view || !is_fit || json_object_update(view, personal)) {
        json_decref(view);
        view = NULL;
    }
    json_decref(personal);
    return view;
}
