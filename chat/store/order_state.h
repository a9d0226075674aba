/** The three state machines of an order: who may go where. Private to chat/store; the picture is in README.md. */
#ifndef CHAT_STORE_ORDER_STATE_H
#define CHAT_STORE_ORDER_STATE_H

#include <stdbool.h>

#include "chat/store/order.h"

enum store_reservation_state {
    STORE_HELD,
    STORE_COMMITTED,
    STORE_RELEASED,
    STORE_RESERVATION_EXPIRED,
};

bool store_order_may(enum store_order_state from, enum store_order_state to);
bool store_payment_may(enum store_payment_state from, enum store_payment_state to);
bool store_reservation_may(enum store_reservation_state from, enum store_reservation_state to);

/* Words of the tables. Those that read take any text; what is none of theirs is -1. */

const char *store_payment_state_name(enum store_payment_state state);
const char *store_reservation_state_name(enum store_reservation_state state);
int store_order_state_of(const char *name);
int store_payment_state_of(const char *name);

#endif
