/** Sums in whole won that can't wrap. Pure. */
#ifndef CHAT_STORE_MONEY_H
#define CHAT_STORE_MONEY_H

#include <stdint.h>

#include "base/base.h"

#define STORE_PRICE_MAX_WON INT64_C(1000000000) /* ours: of one piece */
#define STORE_MONEY_MAX_WON                                                                        \
    INT64_C(9007199254740991) /* 2^53 - 1: what a page's number holds exactly (RFC 8259 §6) */

enum { STORE_QUANTITY_MAX = 999 }; /* ours: of one variant in one order */

/** sum += price × quantity. -ERANGE, and the sum as it was: price outside 0 … STORE_PRICE_MAX_WON, or too much in all. */
JT_MUST_CHECK int store_money_add(int64_t *sum_won, int64_t price_won, int64_t quantity);

#endif
