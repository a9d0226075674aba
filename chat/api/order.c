/* Orders, the buyer's side: checkout, one's own orders, taking one back. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "chat/access/limiter.h"
#include "chat/access/sealed.h"
#include "chat/access/secret.h"
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/api/order_view.h"
#include "chat/live/live.h"
#include "chat/store/order.h"
#include "chat/store/show.h"
#include "http/server.h"
#include "token/base64url.h"

enum {
    KEY_MIN_BYTES = 16, /* of an Idempotency-Key: too many to meet by chance; pages send a UUID */
    PHONE_MIN_DIGITS = 9,
    PHONE_MAX_DIGITS = 15, /* E.164 */
    OWN_ORDERS_LISTED = 50,
};

/* ---- reading the request ---- */

struct wanted {
    struct store_checkout checkout;
    struct store_checkout_item items[STORE_CART_MAX];
    struct api_personal personal;
    const char *show;
    uint8_t sealed[STORE_SEALED_MAX];
};

static void read_item(struct api_body *body, const json_t *value, struct store_checkout_item *item)
{
    struct api_body own;
    enum api_problem problem;

    api_body_item(value, &own);
    item->variant_id = api_body_integer(&own, "variant", 1, INT64_MAX);
    item->quantity = api_body_integer(&own, "quantity", 1, STORE_QUANTITY_MAX);
    item->price_won = api_body_integer(&own, "price_won", 0, STORE_PRICE_MAX_WON);
    problem = api_body_end(&own);
    if (problem)
        api_body_refuse(body, problem);
    api_body_free(&own);
}

static void read_items(struct api_body *body, struct wanted *wanted)
{
    const json_t *items = api_body_array(body, "items", STORE_CART_MAX);
    size_t i;
    json_t *item;

    if (items && !json_array_size(items))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    json_array_foreach(items, i, item)
        read_item(body, item, &wanted->items[wanted->checkout.item_count++]);
}

static bool is_phone(const char *text)
{
    size_t digits = 0;

    for (; *text; text++) {
        digits += *text >= '0' && *text <= '9';
        if (!strchr("0123456789-+ ", *text))
            return false;
    }
    return digits >= PHONE_MIN_DIGITS && digits <= PHONE_MAX_DIGITS;
}

/* One of two words. */
static bool read_choice(struct api_body *body, const char *name, const char *first,
                        const char *second)
{
    const char *text = api_body_text(body, name, 1, 16);

    if (text && strcmp(text, first) && strcmp(text, second))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    return text && !strcmp(text, second);
}

static void read_personal(struct api_body *body, struct api_personal *personal, bool is_shipped)
{
    personal->recipient = api_body_text(body, "recipient", 1, 120);
    personal->phone = api_body_text(body, "phone", 1, 24);
    personal->postcode = api_body_text(body, "postcode", is_shipped, 10);
    personal->address = api_body_text(body, "address", is_shipped, 300);
    personal->address_detail = api_body_text(body, "address_detail", 0, 300);
    personal->memo = api_body_text(body, "memo", 0, 300);
    personal->depositor = api_body_text(body, "depositor", 0, 120);
    if (personal->phone && !is_phone(personal->phone))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
}

static void read_wanted(struct api_body *body, void *arg)
{
    struct wanted *wanted = arg;

    read_items(body, wanted);
    wanted->show = api_body_optional_text(body, "show", STORE_LINK_CHARACTERS);
    wanted->checkout.delivery =
        read_choice(body, "delivery", "ship", "pickup") ? STORE_PICKUP : STORE_SHIP;
    wanted->checkout.tender =
        read_choice(body, "tender", "transfer", "at_pickup") ? STORE_AT_PICKUP : STORE_TRANSFER;
    read_personal(body, &wanted->personal, wanted->checkout.delivery == STORE_SHIP);
    wanted->checkout.is_from_cart =
        api_body_has(body, "from_cart") && api_body_bool(body, "from_cart");
    if (!api_body_bool(body, "agreed"))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    if (wanted->checkout.tender == STORE_AT_PICKUP && wanted->checkout.delivery == STORE_SHIP)
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
}

/* ---- filling in what the server knows ---- */

static int hash_phone(struct api_call *call, struct wanted *wanted)
{
    char digits[PHONE_MAX_DIGITS + 1];
    size_t size = 0;

    for (const char *text = wanted->personal.phone; *text; text++)
        if (*text >= '0' && *text <= '9')
            digits[size++] = *text;
    return access_lookup(call->parts->keyring, "phone", digits, size, wanted->checkout.phone_hash);
}

static int hash_address(struct api_call *call, struct wanted *wanted)
{
    uint8_t key[ACCESS_ADDRESS_KEY_BYTES];

    access_place_key(jt_http_request_peer(call->request), key);
    return access_lookup(call->parts->keyring, "address", key, sizeof(key),
                         wanted->checkout.address_bucket);
}

static int find_show(struct api_call *call, struct wanted *wanted)
{
    struct store_show show;
    int err;

    if (!wanted->show || !*wanted->show)
        return 0;
    err = store_show_get(call->parts->store, wanted->show, 0, &show);
    if (!err)
        wanted->checkout.show_id = show.id;
    return err;
}

static void make_ids(struct store_checkout *checkout)
{
    char secret[ACCESS_SECRET_CHARACTERS + 1];

    for (int i = 0; i < STORE_SELLERS_MAX; i++) {
        access_secret_new(secret);
        if (jt_base64url_read(secret, strlen(secret), checkout->order_ids[i], STORE_ORDER_ID_SIZE) <
            0)
            abort(); /* our own text */
    }
}

static int fill_in(struct api_call *call, struct wanted *wanted)
{
    struct store_checkout *checkout = &wanted->checkout;
    size_t size;
    const char *bytes = jt_http_request_body(call->request, &size);
    int err = find_show(call, wanted);

    checkout->account_id = call->person.account_id;
    checkout->items = wanted->items;
    checkout->now_ms = call->now_ms;
    access_secret_hash(bytes, size, checkout->request_hash);
    make_ids(checkout);
    if (!err)
        err = hash_phone(call, wanted);
    if (!err)
        err = hash_address(call, wanted);
    if (err)
        return err;
    err = api_personal_seal(call->parts->keyring, checkout->account_id, &wanted->personal,
                            wanted->sealed, sizeof(wanted->sealed));
    if (err < 0)
        return err;
    checkout->sealed = wanted->sealed;
    checkout->sealed_size = (size_t)err;
    return 0;
}

/* ---- ordering ---- */

static enum api_problem problem_of(enum store_refusal refusal)
{
    static const enum api_problem problems[] = {
        [STORE_NOT_REFUSED] = API_PROBLEM_CONFLICT,
        [STORE_SOLD_OUT] = API_PROBLEM_SOLD_OUT,
        [STORE_PRICE_CHANGED] = API_PROBLEM_PRICE_CHANGED,
        [STORE_SALES_STOPPED] = API_PROBLEM_SALES_STOPPED,
        [STORE_OFF_SALE] = API_PROBLEM_OFF_SALE,
        [STORE_OVER_LIMIT] = API_PROBLEM_OVER_LIMIT,
        [STORE_TOO_MANY_UNPAID] = API_PROBLEM_TOO_MANY_UNPAID,
        [STORE_TOO_MANY_HELD] = API_PROBLEM_TOO_MANY_UNPAID,
        [STORE_NO_PICKUP] = API_PROBLEM_NO_PICKUP,
        [STORE_CART_CHANGED] = API_PROBLEM_CART_CHANGED,
        [STORE_KEY_MISMATCH] = API_PROBLEM_KEY_MISMATCH,
    };

    return problems[refusal];
}

static void refuse(struct api_call *call, const struct store_checkout_result *result)
{
    json_t *more = json_pack("{s:I, s:I, s:I}", "variant", (json_int_t)result->variant_id, "left",
                             (json_int_t)result->left, "price_won", (json_int_t)result->price_won);

    api_refuse_more(call->request, problem_of(result->refusal), more);
}

static void answer_orders(struct api_call *call, const struct store_checkout_result *result)
{
    struct store_order *order = calloc(1, sizeof(*order));
    json_t *orders = json_array();
    int err = order && orders ? 0 : -ENOMEM;

    for (int i = 0; !err && i < result->order_count; i++) {
        err = store_order_get(call->parts->store, result->orders[i], order);
        if (!err && json_array_append_new(orders, api_order_view(call, order, true)))
            err = -ENOMEM;
    }
    free(order);
    if (err) {
        json_decref(orders);
        api_refuse_errno(call, err);
        return;
    }
    api_answer(call, result->is_repeat ? 200 : 201, json_pack("{s:o}", "orders", orders));
}

static void order(struct api_call *call, struct wanted *wanted)
{
    struct store_checkout_result result = {0};
    int err = fill_in(call, wanted);

    if (!err)
        err = store_checkout(call->parts->store, &wanted->checkout, &result);
    if (err == -ECANCELED) {
        refuse(call, &result);
    } else if (err == -EINVAL) {
        api_refuse_call(call, API_PROBLEM_FIELD_INVALID);
    } else if (err) {
        api_refuse_errno(call, err);
    } else {
        live_kick(call->parts->live);
        answer_orders(call, &result);
    }
}

static bool is_key(const char *key)
{
    size_t size = key ? strlen(key) : 0;

    if (size < KEY_MIN_BYTES || size >= STORE_KEY_SIZE)
        return false;
    for (; *key; key++)
        if (*key <= 0x20 || *key >= 0x7f)
            return false;
    return true;
}

void api_order_create(struct api_call *call)
{
    const char *key = jt_http_request_header(call->request, "idempotency-key");
    struct wanted *wanted;
    struct api_body body;

    if (!is_key(key)) {
        api_refuse_call(call, API_PROBLEM_KEY_MISSING);
        return;
    }
    wanted = calloc(1, sizeof(*wanted));
    if (!wanted) {
        api_refuse_call(call, API_PROBLEM_BUSY);
        return;
    }
    wanted->checkout.key = key;
    if (api_call_body(call, &body, read_wanted, wanted))
        order(call, wanted);
    api_body_free(&body);
    free(wanted);
}

/* ---- one's own ---- */

/* Whoever has the link sees the order; who the goods go to, only the buyer does. */
static void answer_order(struct api_call *call, const uint8_t id[16])
{
    struct store_order *found = calloc(1, sizeof(*found));
    int err = found ? store_order_get(call->parts->store, id, found) : -ENOMEM;

    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(
            call, 200,
            api_order_view(call, found,
                           call->has_session && found->account_id == call->person.account_id));
    free(found);
}

void api_order_read(struct api_call *call)
{
    uint8_t id[16];

    if (api_order_id(call, id))
        api_refuse_call(call, API_PROBLEM_NOT_FOUND);
    else
        answer_order(call, id);
}

struct list {
    const struct api_call *call;
    json_t *items;
};

static int append(const struct store_order *found, void *arg)
{
    struct list *list = arg;

    return json_array_append_new(list->items, api_order_view(list->call, found, true)) ? -ENOMEM
                                                                                       : 0;
}

void api_order_list(struct api_call *call)
{
    struct list list = {call, json_array()};
    int err = store_orders_of_account(call->parts->store, call->person.account_id, 0,
                                      OWN_ORDERS_LISTED, append, &list);

    api_answer_items(call, err, list.items);
}

void api_order_cancel(struct api_call *call)
{
    uint8_t id[16];
    int err;

    if (!api_call_is_empty(call))
        return;
    err = api_order_id(call, id);
    if (!err)
        err = store_order_withdraw(call->parts->store, call->person.account_id, id, call->now_ms);
    if (err < 0) {
        api_refuse_errno(call, err);
        return;
    }
    live_kick(call->parts->live);
    answer_order(call, id);
}
