/** Orders as JSON: with what is personal, or with it masked (threat P1). */
#ifndef CHAT_API_ORDER_VIEW_H
#define CHAT_API_ORDER_VIEW_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct api_call;
struct jt_keyring;
struct store_order;

enum { API_ORDER_ID_CHARACTERS = 22 };

/** What a buyer writes for one checkout. Sealed as one; borrowed texts. */
struct api_personal {
    const char *recipient, *phone, *postcode, *address, *address_detail, *memo, *depositor;
};

/** Seal into `out`; returns the size or a negative errno. Bound to the account. */
JT_MUST_CHECK int api_personal_seal(struct jt_keyring *keyring, int64_t account_id,
                                    const struct api_personal *personal, uint8_t *out,
                                    size_t capacity);

/** NULL when memory is short or the seal is broken (logged). */
json_t *api_order_view(const struct api_call *call, const struct store_order *order,
                       bool is_personal);

/** The id in the path: 0, or -ENOENT for what can't be one. */
JT_MUST_CHECK int api_order_id(const struct api_call *call, uint8_t out[16]);

#endif
