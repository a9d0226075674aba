/* The seller's shop: its form, who it is towards buyers, and its stream key. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "chat/access/sealed.h"
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/store/shop.h"

/* ---- the form ---- */

/* What buyers may see: the block that the law wants shown. */
static json_t *identity_of(const struct store_shop *shop)
{
    return json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:I}", "id",
                     (json_int_t)shop->id, "name", shop->name, "representative",
                     shop->representative, "address", shop->address, "phone", shop->phone, "email",
                     shop->email, "business_number", shop->business_number, "mail_order_number",
                     shop->mail_order_number, "returns_text", shop->returns_text, "pickup_place",
                     shop->pickup_place, "shipping_won", (json_int_t)shop->shipping_won);
}

static json_t *form_of(const struct store_shop *shop)
{
    json_t *form = identity_of(shop);
    json_t *rest =
        json_pack("{s:s, s:s, s:s, s:I, s:b}", "bank_name", shop->bank_name, "bank_account",
                  shop->bank_account, "bank_holder", shop->bank_holder, "transfer_hours",
                  (json_int_t)shop->transfer_hours, "live_at_once", shop->is_live_at_once);

    if (!form || !rest || json_object_update(form, rest)) {
        json_decref(form);
        form = NULL;
    }
    json_decref(rest);
    return form;
}

static void answer_shop(struct api_call *call, int64_t id,
                        json_t *(*describe)(const struct store_shop *shop))
{
    struct store_shop *shop = malloc(sizeof(*shop));
    int err = shop ? store_shop_get(call->parts->store, id, shop) : -ENOMEM;

    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, 200, describe(shop));
    free(shop);
}

void api_shop_read(struct api_call *call)
{
    answer_shop(call, api_call_shop(call), form_of);
}

void api_shop_identity(struct api_call *call)
{
    answer_shop(call, api_call_id(call, "shop"), identity_of);
}

/* ---- writing it ---- */

static void copy(char *out, size_t capacity, const char *text)
{
    (void)snprintf(out, capacity, "%s", text ? text : "");
}

static void read_form(struct api_body *body, void *arg)
{
    struct store_shop *shop = arg;
    const struct {
        const char *name;
        char *out;
        size_t capacity;
        size_t min;
    } texts[] = {
        {"name", shop->name, sizeof(shop->name), 1},
        {"representative", shop->representative, sizeof(shop->representative), 0},
        {"address", shop->address, sizeof(shop->address), 0},
        {"phone", shop->phone, sizeof(shop->phone), 0},
        {"email", shop->email, sizeof(shop->email), 0},
        {"business_number", shop->business_number, sizeof(shop->business_number), 0},
        {"mail_order_number", shop->mail_order_number, sizeof(shop->mail_order_number), 0},
        {"bank_name", shop->bank_name, sizeof(shop->bank_name), 0},
        {"bank_account", shop->bank_account, sizeof(shop->bank_account), 0},
        {"bank_holder", shop->bank_holder, sizeof(shop->bank_holder), 0},
        {"pickup_place", shop->pickup_place, sizeof(shop->pickup_place), 0},
    };

    for (size_t i = 0; i < JT_COUNT(texts); i++)
        copy(texts[i].out, texts[i].capacity,
             api_body_text(body, texts[i].name, texts[i].min, texts[i].capacity - 1));
    copy(shop->returns_text, sizeof(shop->returns_text),
         api_body_lines(body, "returns_text", sizeof(shop->returns_text) - 1));
    shop->transfer_hours = api_body_integer(body, "transfer_hours", 1, 72);
    shop->shipping_won = api_body_integer(body, "shipping_won", 0, 1000000);
    shop->is_live_at_once = api_body_bool(body, "live_at_once");
}

/*
 * 사업자등록번호, 10 digits: the sum of the first nine, weighted 1 3 7 1 3 7 1 3 5, and the tens of five times the ninth,
 * has the last digit as what is missing to a multiple of ten (National Tax Service).
 */
static bool is_business_number(const char *text)
{
    static const int weights[] = {1, 3, 7, 1, 3, 7, 1, 3, 5};
    int digits[10], count = 0, sum = 0;

    for (; *text; text++) {
        if (*text == '-')
            continue;
        if (*text < '0' || *text > '9' || count == 10)
            return false;
        digits[count++] = *text - '0';
    }
    if (count != 10)
        return false;
    for (int i = 0; i < 9; i++)
        sum += digits[i] * weights[i];
    sum += digits[8] * 5 / 10;
    return (10 - sum % 10) % 10 == digits[9];
}

static void write_form(struct api_call *call, struct store_shop *shop)
{
    int err;

    shop->id = api_call_shop(call);
    if (*shop->business_number && !is_business_number(shop->business_number)) {
        api_refuse_call(call, API_PROBLEM_BUSINESS_NUMBER);
        return;
    }
    err = store_shop_update(call->parts->store, shop);
    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, 200, form_of(shop));
}

void api_shop_write(struct api_call *call)
{
    struct store_shop *shop = calloc(1, sizeof(*shop));
    struct api_body body;

    if (!shop) {
        api_refuse_call(call, API_PROBLEM_BUSY);
        return;
    }
    if (api_call_body(call, &body, read_form, shop))
        write_form(call, shop);
    api_body_free(&body);
    free(shop);
}

/* ---- the stream key (threat A4: it is in no log, and on disk only sealed) ---- */

static int seal_key(struct api_call *call, const char *key, struct store_stream_key *out)
{
    char row[24];
    const struct access_cell cell = {"shop", "key", row};
    int size, err;

    (void)snprintf(row, sizeof(row), "%lld", (long long)api_call_shop(call));
    err = access_lookup(call->parts->keyring, "stream_key", key, strlen(key), out->lookup);
    if (err)
        return err;
    size = access_seal(call->parts->keyring, &cell, key, strlen(key), out->sealed,
                       sizeof(out->sealed));
    out->sealed_size = size > 0 ? (size_t)size : 0;
    return size < 0 ? size : 0;
}

static int make_key(struct api_call *call, bool only_if_none,
                    char key[ACCESS_SECRET_CHARACTERS + 1])
{
    struct store_stream_key sealed = {0};
    const struct store_key_change change = {
        .shop_id = api_call_shop(call),
        .by_id = call->person.account_id,
        .now_ms = call->now_ms,
        .only_if_none = only_if_none,
        .key = &sealed,
    };
    int err;

    access_secret_new(key);
    err = seal_key(call, key, &sealed);
    return err ? err : store_shop_set_key(call->parts->store, &change);
}

static int open_key(struct api_call *call, char key[ACCESS_SECRET_CHARACTERS + 1])
{
    struct store_stream_key sealed;
    char row[24];
    const struct access_cell cell = {"shop", "key", row};
    int size, err = store_shop_key(call->parts->store, api_call_shop(call), &sealed);

    if (err)
        return err;
    (void)snprintf(row, sizeof(row), "%lld", (long long)api_call_shop(call));
    size = access_open(call->parts->keyring, &cell, sealed.sealed, sealed.sealed_size, key,
                       ACCESS_SECRET_CHARACTERS);
    if (size < 0)
        return size;
    key[size] = '\0';
    return 0;
}

static void answer_key(struct api_call *call, int err, const char *key)
{
    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, 200,
                   json_pack("{s:s, s:s}", "rtmp_url", call->parts->rtmp_url, "stream_key", key));
}

void api_key_reveal(struct api_call *call)
{
    char key[ACCESS_SECRET_CHARACTERS + 1];
    int err;

    if (!api_call_is_empty(call))
        return;
    err = open_key(call, key);
    if (err == -ENOENT)
        err = make_key(call, true, key);
    if (err == -EEXIST) /* another device was first */
        err = open_key(call, key);
    answer_key(call, err, key);
    explicit_bzero(key, sizeof(key));
}

void api_key_rotate(struct api_call *call)
{
    char key[ACCESS_SECRET_CHARACTERS + 1];

    if (!api_call_is_empty(call))
        return;
    answer_key(call, make_key(call, false, key), key);
    explicit_bzero(key, sizeof(key));
}
