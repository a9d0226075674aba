/**
 * Why a request was refused: problem+json (RFC 9457) with a stable code that the pages translate. The table is the whole
 * list. Any thread.
 */
#ifndef CHAT_API_PROBLEM_H
#define CHAT_API_PROBLEM_H

#include <jansson.h>

struct jt_http_request;

enum api_problem {
    API_PROBLEM_NONE,
    API_PROBLEM_BODY_NOT_JSON,
    API_PROBLEM_FIELD_MISSING,
    API_PROBLEM_FIELD_INVALID,
    API_PROBLEM_FIELD_UNKNOWN,
    API_PROBLEM_SIGN_IN,
    API_PROBLEM_WRONG_LOGIN,
    API_PROBLEM_CSRF,
    API_PROBLEM_FORBIDDEN,
    API_PROBLEM_NOT_FOUND,
    API_PROBLEM_LINK_SPENT,
    API_PROBLEM_LOGIN_TAKEN,
    API_PROBLEM_PASSWORD_WEAK,
    API_PROBLEM_CONFLICT,
    API_PROBLEM_BUSINESS_NUMBER,
    API_PROBLEM_SHOW_ON_AIR,
    API_PROBLEM_NOT_NOW,
    API_PROBLEM_SHOP_FULL,
    API_PROBLEM_STOCK_TAKEN,
    API_PROBLEM_SOLD_OUT,
    API_PROBLEM_PRICE_CHANGED,
    API_PROBLEM_SALES_STOPPED,
    API_PROBLEM_OFF_SALE,
    API_PROBLEM_OVER_LIMIT,
    API_PROBLEM_TOO_MANY_UNPAID,
    API_PROBLEM_NO_PICKUP,
    API_PROBLEM_CART_FULL,
    API_PROBLEM_CART_CHANGED,
    API_PROBLEM_KEY_MISSING,
    API_PROBLEM_KEY_MISMATCH,
    API_PROBLEM_TOO_LATE,
    API_PROBLEM_TOO_MANY,
    API_PROBLEM_BUSY,
    API_PROBLEM_STORE,
    API_PROBLEM_COUNT,
};

/** Answer with it. `retry_after_s` 0: the table's own, or none. */
void api_refuse(struct jt_http_request *request, enum api_problem problem, int retry_after_s);

/** Answer with it and members of its own (RFC 9457 §3.2); takes `more`, an object, or NULL. */
void api_refuse_more(struct jt_http_request *request, enum api_problem problem, json_t *more);

/** The problem that a store's negative errno is to a client: -ENOENT not found, -EEXIST and -ESTALE conflict, -EPERM, -EALREADY and -EDOM not now, -EBUSY busy, all else the store's fault. */
enum api_problem api_problem_of(int err);

#endif
