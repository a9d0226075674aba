/* A shop's orders as a table: for the parcel service and the books. One row for each line of an order. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chat/api/call.h"
#include "chat/api/csv.h"
#include "chat/api/handlers.h"
#include "chat/api/order_view.h"
#include "chat/store/order.h"
#include "http/server.h"

enum {
    ORDERS_MAX = 2000, /* ours: the newest; some hundred KiB of answer each thousand */
    KST_S = 9 * 3600,  /* Korea has no summer time */
    DAY_BYTES = 16,
    TIME_BYTES = 24,
};

static const char *const head[] = {
    "주문번호", "주문일시", "상태", "받는 분", "전화번호", "우편번호", "주소",   "상세주소",
    "상품",     "옵션",     "수량", "단가",    "배송비",   "합계",     "입금자", "메모",
};

static struct tm kst(int64_t at_ms)
{
    time_t at_s = (time_t)(at_ms / 1000) + KST_S;
    struct tm when = {0};

    (void)gmtime_r(&at_s, &when);
    return when;
}

static const char *text_of(const json_t *view, const char *name)
{
    const char *text = json_string_value(json_object_get(view, name));

    return text ? text : "";
}

static void write_line(struct api_csv *csv, const struct store_order *order,
                       const struct store_order_line *line, const json_t *view)
{
    static const char *const personal[] = {"recipient", "phone", "postcode", "address",
                                           "address_detail"};
    const struct tm when = kst(order->created_ms);
    char at[TIME_BYTES];

    (void)strftime(at, sizeof(at), "%Y-%m-%d %H:%M", &when);
    api_csv_text(csv, order->number);
    api_csv_text(csv, at);
    api_csv_text(csv, store_order_state_name(order->state));
    for (size_t i = 0; i < JT_COUNT(personal); i++)
        api_csv_text(csv, text_of(view, personal[i]));
    api_csv_text(csv, line->name);
    api_csv_text(csv, line->option);
    api_csv_number(csv, line->quantity);
    api_csv_number(csv, line->price_won);
    api_csv_number(csv, order->shipping_won);
    api_csv_number(csv, order->total_won);
    api_csv_text(csv, text_of(view, "depositor"));
    api_csv_text(csv, text_of(view, "memo"));
    api_csv_end_row(csv);
}

struct table {
    struct api_call *call;
    struct api_csv csv;
};

static int append(const struct store_order *order, void *arg)
{
    struct table *table = arg;
    json_t *view = api_order_view(table->call, order, true);

    if (!view)
        return -ENOMEM;
    for (int i = 0; i < order->line_count; i++)
        write_line(&table->csv, order, &order->lines[i], view);
    json_decref(view);
    return 0;
}

static void answer(struct api_call *call, const struct api_csv *csv)
{
    const struct tm today = kst(call->now_ms);
    char day[DAY_BYTES], disposition[64];
    const struct jt_http_header headers[] = {
        {"cache-control", "no-store"},
        {"content-disposition", disposition},
    };

    (void)strftime(day, sizeof(day), "%Y-%m-%d", &today);
    (void)snprintf(disposition, sizeof(disposition), "attachment; filename=\"%s_orders.csv\"", day);
    jt_http_respond(call->request, 200, headers, JT_COUNT(headers), "text/csv; charset=utf-8",
                    csv->text, csv->size);
}

void api_shop_order_table(struct api_call *call)
{
    struct table table = {.call = call};
    int err = api_csv_begin(&table.csv), ended;

    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    for (size_t i = 0; i < JT_COUNT(head); i++)
        api_csv_text(&table.csv, head[i]);
    api_csv_end_row(&table.csv);
    err = store_orders_of_shop(call->parts->store, api_call_shop(call), 0, ORDERS_MAX, append,
                               &table);
    ended = api_csv_end(&table.csv);
    if (err || ended)
        api_refuse_errno(call, err ? err : ended);
    else
        answer(call, &table.csv);
    free(table.csv.text);
}
