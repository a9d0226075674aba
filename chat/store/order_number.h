/** An order's id: the day in Korea and a count. And how people read it. Pure; private to chat/store. */
#ifndef CHAT_STORE_ORDER_NUMBER_H
#define CHAT_STORE_ORDER_NUMBER_H

#include <stddef.h>
#include <stdint.h>

#define STORE_ORDERS_A_DAY INT64_C(10000000)

/** The first id of the day that `now_ms` falls on in Korea (UTC+9, no summer time): 20261124 × 10^7. Years 1970 to 9999. */
int64_t store_order_day(int64_t now_ms);
/** 202611240000001 → "20261124-0001-C" with Damm's check digit over all that comes before. */
void store_order_number(int64_t id, char *out, size_t capacity);

#endif
