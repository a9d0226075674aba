/* The shop's products: list, add, change, restock. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat/api/call.h"
#include "chat/api/describe.h"
#include "chat/api/handlers.h"
#include "chat/live/live.h"
#include "chat/picture/picture.h"
#include "chat/store/money.h"
#include "chat/store/product.h"

/* ---- list ---- */

static int append(const struct store_product *product, void *arg)
{
    return json_array_append_new(arg, api_describe_product(product, true)) ? -ENOMEM : 0;
}

void api_product_list(struct api_call *call)
{
    json_t *items = json_array();
    int err = store_shop_products(call->parts->store, api_call_shop(call), append, items);

    api_answer_items(call, err, items);
}

/* ---- reading what the seller wrote ---- */

static void copy(char *out, size_t capacity, const char *text)
{
    (void)snprintf(out, capacity, "%s", text ? text : "");
}

/* JSON of ours again: read strictly, written compactly. */
static void copy_json(struct api_body *body, char *out, size_t capacity, const json_t *value)
{
    size_t size = value ? json_dumpb(value, out, capacity - 1, JSON_COMPACT) : 0;

    if (!size || size >= capacity) {
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
        size = 0;
    }
    out[size] = '\0';
}

static bool is_option_text(const json_t *value)
{
    size_t size = json_string_length(value);

    return json_is_string(value) && size > 0 && size <= 60;
}

static bool are_values(const json_t *values)
{
    size_t i;
    json_t *value;

    if (!json_is_array(values) || !json_array_size(values) ||
        json_array_size(values) > STORE_VALUES_MAX)
        return false;
    json_array_foreach(values, i, value)
    {
        if (!is_option_text(value))
            return false;
    }
    return true;
}

static void read_options(struct api_body *body, struct store_product *product)
{
    const json_t *options = api_body_array(body, "options", STORE_OPTIONS_MAX);
    size_t i;
    json_t *option;

    json_array_foreach(options, i, option)
    {
        if (!json_is_object(option) || json_object_size(option) != 2 ||
            !is_option_text(json_object_get(option, "name")) ||
            !are_values(json_object_get(option, "values")))
            api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    }
    copy_json(body, product->options, sizeof(product->options), options);
}

/* As many values as there are options, each one of them. */
static bool fits(const json_t *options, const json_t *values)
{
    size_t i;
    json_t *value;

    if (json_array_size(values) != json_array_size(options))
        return false;
    json_array_foreach(values, i, value)
    {
        const json_t *allowed = json_object_get(json_array_get(options, i), "values");
        bool is_one = false;

        for (size_t j = 0; j < json_array_size(allowed); j++)
            is_one = is_one || json_equal(value, json_array_get(allowed, j));
        if (!is_one)
            return false;
    }
    return true;
}

static void read_variant(struct api_body *body, const json_t *item, struct store_product *product)
{
    struct store_variant *variant = &product->variants[product->variant_count++];
    const json_t *values;
    struct api_body own;
    enum api_problem problem;

    api_body_item(item, &own);
    variant->id = api_body_optional_integer(&own, "id", 1, INT64_MAX, 0);
    values = api_body_array(&own, "values", STORE_OPTIONS_MAX);
    variant->price_won = api_body_integer(&own, "price_won", 0, STORE_PRICE_MAX_WON);
    variant->on_hand = api_body_optional_integer(&own, "stock", 0, STORE_STOCK_MAX, 0);
    if (values && !fits(json_object_get(body->object, "options"), values))
        api_body_refuse(&own, API_PROBLEM_FIELD_INVALID);
    copy_json(&own, variant->values, sizeof(variant->values), values);
    problem = api_body_end(&own);
    if (problem)
        api_body_refuse(body, problem);
    api_body_free(&own);
}

static void read_variants(struct api_body *body, struct store_product *product)
{
    const json_t *variants = api_body_array(body, "variants", STORE_VARIANTS_MAX);
    size_t i;
    json_t *item;

    if (variants && !json_array_size(variants))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    json_array_foreach(variants, i, item) read_variant(body, item, product);
}

static void read_terms(struct api_body *body, struct store_product *product)
{
    const char *terms = api_body_text(body, "terms", 1, 16);

    if (!terms)
        return;
    if (!strcmp(terms, "perishable"))
        product->terms = STORE_PERISHABLE;
    else if (!strcmp(terms, "made_to_order"))
        product->terms = STORE_MADE_TO_ORDER;
    else if (strcmp(terms, "normal"))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
}

static void read_state(struct api_body *body, struct store_product *product)
{
    const char *state = api_body_text(body, "state", 1, 4);

    if (state && strcmp(state, "on") && strcmp(state, "off"))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
    product->is_on = state && !strcmp(state, "on");
}

/* A picture needs words for those who can't see it. */
static void read_picture(struct api_body *body, struct store_product *product)
{
    const char *picture = api_body_optional_text(body, "picture", STORE_PICTURE_SIZE - 1);
    const char *alt = api_body_text(body, "alt", 0, STORE_ALT_SIZE - 1);

    copy(product->picture, sizeof(product->picture), picture);
    copy(product->alt, sizeof(product->alt), alt);
    if (*product->picture && (!picture_is_hash(product->picture) || !*product->alt))
        api_body_refuse(body, API_PROBLEM_FIELD_INVALID);
}

static void read_product(struct api_body *body, void *arg)
{
    struct store_product *product = arg;

    copy(product->name, sizeof(product->name), api_body_text(body, "name", 1, STORE_NAME_SIZE - 1));
    copy(product->description, sizeof(product->description),
         api_body_lines(body, "description", STORE_DESCRIPTION_SIZE - 1));
    read_picture(body, product);
    product->price_won = api_body_integer(body, "price_won", 0, STORE_PRICE_MAX_WON);
    product->list_price_won =
        api_body_optional_integer(body, "list_price_won", 0, STORE_PRICE_MAX_WON, 0);
    product->max_per_order = (int)api_body_integer(body, "max_per_order", 1, STORE_QUANTITY_MAX);
    read_state(body, product);
    read_terms(body, product);
    read_options(body, product);
    read_variants(body, product);
    product->version = api_body_optional_integer(body, "version", 0, INT64_MAX, 0);
}

/* ---- writing ---- */

static void answer_product(struct api_call *call, int status, int64_t id,
                           struct store_product *product)
{
    int err = store_product_get(call->parts->store, product->shop_id, id, product);

    live_kick(call->parts->live);
    if (err)
        api_refuse_errno(call, err);
    else
        api_answer(call, status, api_describe_product(product, true));
}

static void refuse(struct api_call *call, int err)
{
    if (err == -E2BIG)
        api_refuse_call(call, API_PROBLEM_SHOP_FULL);
    else if (err == -ERANGE)
        api_refuse_call(call, API_PROBLEM_FIELD_INVALID);
    else
        api_refuse_errno(call, err);
}

/* Reads the request into a product of the caller's shop; NULL when it was refused. The caller frees. */
static struct store_product *take_product(struct api_call *call)
{
    struct store_product *product = calloc(1, sizeof(*product));
    struct api_body body;
    bool is_good;

    if (!product) {
        api_refuse_call(call, API_PROBLEM_BUSY);
        return NULL;
    }
    is_good = api_call_body(call, &body, read_product, product);
    api_body_free(&body);
    if (!is_good) {
        free(product);
        return NULL;
    }
    product->shop_id = api_call_shop(call);
    return product;
}

void api_product_create(struct api_call *call)
{
    struct store_product *product = take_product(call);
    int64_t id = 0;
    int err;

    if (!product)
        return;
    err = store_product_add(call->parts->store, product, call->now_ms, &id);
    if (err)
        refuse(call, err);
    else
        answer_product(call, 201, id, product);
    free(product);
}

void api_product_edit(struct api_call *call)
{
    struct store_product *product = take_product(call);
    int err;

    if (!product)
        return;
    product->id = api_call_id(call, "product");
    err = store_product_update(call->parts->store, product, call->now_ms);
    if (err)
        refuse(call, err);
    else
        answer_product(call, 200, product->id, product);
    free(product);
}

void api_product_delete(struct api_call *call)
{
    int err = store_product_delete(call->parts->store, api_call_shop(call),
                                   api_call_id(call, "product"), call->now_ms);

    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    live_kick(call->parts->live);
    api_answer_nothing(call);
}

/* ---- stock ---- */

static void read_stock(struct api_body *body, void *arg)
{
    struct store_stock_change *change = arg;

    change->variant_id = api_body_integer(body, "variant", 1, INT64_MAX);
    change->add = api_body_integer(body, "add", -STORE_STOCK_MAX, STORE_STOCK_MAX);
}

static void add_stock(struct api_call *call, const struct store_stock_change *change)
{
    struct store_stock now;
    int err = store_stock_add(call->parts->store, change, &now);

    if (err == -EDOM) {
        api_refuse_call(call, API_PROBLEM_STOCK_TAKEN);
        return;
    }
    if (err) {
        refuse(call, err);
        return;
    }
    live_kick(call->parts->live);
    api_answer(call, 200,
               json_pack("{s:I, s:I, s:I}", "variant", (json_int_t)now.variant_id, "left",
                         (json_int_t)now.left, "version", (json_int_t)now.version));
}

void api_stock_add(struct api_call *call)
{
    struct store_stock_change change = {
        .shop_id = api_call_shop(call),
        .product_id = api_call_id(call, "product"),
        .now_ms = call->now_ms,
    };
    struct api_body body;

    if (api_call_body(call, &body, read_stock, &change))
        add_stock(call, &change);
    api_body_free(&body);
}
