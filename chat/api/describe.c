#include "chat/api/describe.h"

#include "chat/store/product.h"
#include "chat/store/show.h"

static const char *const terms[] = {
    [STORE_NORMAL] = "normal",
    [STORE_PERISHABLE] = "perishable",
    [STORE_MADE_TO_ORDER] = "made_to_order",
};

/* 0 is "never" and "none" in the store, null outside. */
static json_t *number_or_null(int64_t value)
{
    return value ? json_integer(value) : json_null();
}

static json_t *text_or_null(const char *text)
{
    return *text ? json_string(text) : json_null();
}

json_t *api_describe_show(const struct store_show *show)
{
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:{s:I, s:s}, s:o, s:o, s:o, s:s, s:o, s:b, s:b, s:I, s:I, s:I, s:o}",
        "id", show->link, "title", show->title, "state", store_show_state_name(show->state),
        "access", show->is_rehearsal ? "token" : "public", "shop", "id", (json_int_t)show->shop_id,
        "name", show->shop_name, "starts_at", number_or_null(show->starts_ms), "started_at",
        number_or_null(show->started_ms), "ended_at", number_or_null(show->ended_ms), "notice",
        show->notice, "pin", number_or_null(show->pin_product_id), "chat_frozen",
        show->is_chat_frozen, "sales_stopped", show->is_sales_stopped, "slow_s",
        (json_int_t)show->slow_s, "peak_viewers", (json_int_t)show->peak_viewers, "version",
        (json_int_t)show->version, "picture", text_or_null(show->cover));
}

static json_t *describe_variant(const struct store_variant *variant, bool has_stock)
{
    json_t *item =
        json_pack("{s:I, s:o?, s:I, s:I, s:I}", "id", (json_int_t)variant->id, "values",
                  json_loads(variant->values, 0, NULL), "price_won", (json_int_t)variant->price_won,
                  "left", (json_int_t)variant->left, "version", (json_int_t)variant->version);

    if (item && has_stock) {
        (void)json_object_set_new(item, "stock", json_integer(variant->on_hand));
        (void)json_object_set_new(item, "reserved", json_integer(variant->reserved));
        (void)json_object_set_new(item, "sold", json_integer(variant->sold));
    }
    return item;
}

json_t *api_describe_product(const struct store_product *product, bool has_stock)
{
    json_t *variants = json_array();

    for (int i = 0; i < product->variant_count; i++)
        (void)json_array_append_new(variants, describe_variant(&product->variants[i], has_stock));
    return json_pack("{s:I, s:s, s:s, s:s, s:o, s:I, s:o, s:i, s:s, s:s, s:o?, s:o, s:I}", "id",
                     (json_int_t)product->id, "name", product->name, "description",
                     product->description, "alt", product->alt, "picture",
                     text_or_null(product->picture), "price_won", (json_int_t)product->price_won,
                     "list_price_won", number_or_null(product->list_price_won), "max_per_order",
                     product->max_per_order, "state", product->is_on ? "on" : "off", "terms",
                     terms[product->terms], "options", json_loads(product->options, 0, NULL),
                     "variants", variants, "version", (json_int_t)product->version);
}
