#include "chat/store/order_state.h"

#include <string.h>

#define BIT(state) (1U << (state))

static const unsigned order_moves[] = {
    [STORE_PENDING] =
        BIT(STORE_PAID) | BIT(STORE_EXPIRED) | BIT(STORE_CANCELLED) | BIT(STORE_READY),
    [STORE_PAID] = BIT(STORE_CANCELLED) | BIT(STORE_READY) | BIT(STORE_SHIPPING),
    [STORE_EXPIRED] = BIT(STORE_PAID), /* late money, if everything can be reserved again */
    [STORE_CANCELLED] = 0,
    [STORE_READY] = BIT(STORE_PICKED_UP) | BIT(STORE_CANCELLED),
    [STORE_PICKED_UP] = 0,
    [STORE_SHIPPING] = BIT(STORE_DELIVERED),
    [STORE_DELIVERED] = 0,
};
static const unsigned payment_moves[] = {
    [STORE_PAYMENT_READY] =
        BIT(STORE_PAYMENT_CONFIRMED) | BIT(STORE_PAYMENT_EXPIRED) | BIT(STORE_PAYMENT_CANCELLED),
    [STORE_PAYMENT_CONFIRMED] = BIT(STORE_PAYMENT_REFUND_DUE),
    [STORE_PAYMENT_EXPIRED] = BIT(STORE_PAYMENT_CONFIRMED),
    [STORE_PAYMENT_CANCELLED] = 0,
    [STORE_PAYMENT_REFUND_DUE] = 0,
};
static const unsigned reservation_moves[] = {
    [STORE_HELD] = BIT(STORE_COMMITTED) | BIT(STORE_RELEASED) | BIT(STORE_RESERVATION_EXPIRED),
    [STORE_COMMITTED] = BIT(STORE_RELEASED), /* sold, and cancelled before it was handed over */
    [STORE_RELEASED] = 0,
    [STORE_RESERVATION_EXPIRED] = 0,
};

static const char *const order_names[] = {
    [STORE_PENDING] = "pending",   [STORE_PAID] = "paid",
    [STORE_EXPIRED] = "expired",   [STORE_CANCELLED] = "cancelled",
    [STORE_READY] = "ready",       [STORE_PICKED_UP] = "picked_up",
    [STORE_SHIPPING] = "shipping", [STORE_DELIVERED] = "delivered",
};
static const char *const payment_names[] = {
    [STORE_PAYMENT_READY] = "ready",           [STORE_PAYMENT_CONFIRMED] = "confirmed",
    [STORE_PAYMENT_EXPIRED] = "expired",       [STORE_PAYMENT_CANCELLED] = "cancelled",
    [STORE_PAYMENT_REFUND_DUE] = "refund_due",
};
static const char *const reservation_names[] = {
    [STORE_HELD] = "held",
    [STORE_COMMITTED] = "committed",
    [STORE_RELEASED] = "released",
    [STORE_RESERVATION_EXPIRED] = "expired",
};

bool store_order_may(enum store_order_state from, enum store_order_state to)
{
    return order_moves[from] & BIT(to);
}

bool store_payment_may(enum store_payment_state from, enum store_payment_state to)
{
    return payment_moves[from] & BIT(to);
}

bool store_reservation_may(enum store_reservation_state from, enum store_reservation_state to)
{
    return reservation_moves[from] & BIT(to);
}

const char *store_order_state_name(enum store_order_state state)
{
    return order_names[state];
}

const char *store_payment_state_name(enum store_payment_state state)
{
    return payment_names[state];
}

const char *store_reservation_state_name(enum store_reservation_state state)
{
    return reservation_names[state];
}

static int find(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return (int)i;
    return -1;
}

int store_order_state_of(const char *name)
{
    return find(order_names, JT_COUNT(order_names), name);
}

int store_payment_state_of(const char *name)
{
    return find(payment_names, JT_COUNT(payment_names), name);
}
