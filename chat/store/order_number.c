#include "chat/store/order_number.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "chat/store/order.h"

#define KOREA_AHEAD_MS (INT64_C(9) * 3600 * 1000)

int64_t store_order_day(int64_t now_ms)
{
    time_t seconds = (time_t)((now_ms + KOREA_AHEAD_MS) / 1000);
    struct tm day;

    (void)gmtime_r(&seconds, &day);
    return ((day.tm_year + INT64_C(1900)) * 10000 + (day.tm_mon + 1) * 100 + day.tm_mday) *
           STORE_ORDERS_A_DAY;
}

/* H. M. Damm, Total anti-symmetrische Quasigruppen, 2004: the quasigroup of order 10. */
static const char quasigroup[10][11] = {
    "0317598642", "7092154863", "4206871359", "1750983426", "6123045978",
    "3674209581", "5869720134", "8945362017", "9438617205", "2581436790",
};

/* Over the digits of a text; 0 when the last of them is the right check digit. */
static int check_digit(const char *text)
{
    int digit = 0;

    for (; *text; text++)
        if (*text >= '0' && *text <= '9')
            digit = quasigroup[digit][*text - '0'] - '0';
    return digit;
}

void store_order_number(int64_t id, char *out, size_t capacity)
{
    char number[32];

    (void)snprintf(number, sizeof(number), "%08" PRId64 "-%04" PRId64, id / STORE_ORDERS_A_DAY,
                   id % STORE_ORDERS_A_DAY);
    (void)snprintf(out, capacity, "%s-%d", number, check_digit(number));
}

bool store_order_number_ok(const char *number)
{
    return *number && check_digit(number) == 0;
}
