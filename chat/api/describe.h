/** Rows of the store as JSON of the API (docs/openapi.yaml). NULL when memory is short. */
#ifndef CHAT_API_DESCRIBE_H
#define CHAT_API_DESCRIBE_H

#include <jansson.h>
#include <stdbool.h>

struct store_product;
struct store_show;

json_t *api_describe_show(const struct store_show *show);
/** Stock in numbers is the shop's to know; what is left is everybody's. */
json_t *api_describe_product(const struct store_product *product, bool has_stock);

#endif
