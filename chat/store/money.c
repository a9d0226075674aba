#include "chat/store/money.h"

#include <errno.h>

int store_money_add(int64_t *sum_won, int64_t price_won, int64_t quantity)
{
    int64_t product, sum;

    if (price_won < 0 || price_won > STORE_PRICE_MAX_WON || quantity < 0)
        return -ERANGE;
    if (__builtin_mul_overflow(price_won, quantity, &product) ||
        __builtin_add_overflow(*sum_won, product, &sum) || sum < 0 || sum > STORE_MONEY_MAX_WON)
        return -ERANGE;
    *sum_won = sum;
    return 0;
}
