#include "chat/api/problem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "http/server.h"

/* In words for developers; people read the pages' own, by the code. */
static const struct jt_http_fault problems[] = {
    [API_PROBLEM_BODY_NOT_JSON] = {400, "body_not_json", "The content is not the JSON asked for",
                                   0},
    [API_PROBLEM_FIELD_MISSING] = {422, "field_missing", "A field is missing", 0},
    [API_PROBLEM_FIELD_INVALID] = {422, "field_invalid", "A field has no valid value", 0},
    [API_PROBLEM_FIELD_UNKNOWN] = {422, "field_unknown", "A field is not for clients to set", 0},
    [API_PROBLEM_SIGN_IN] = {401, "sign_in", "Sign in first", 0},
    [API_PROBLEM_WRONG_LOGIN] = {401, "wrong_login", "Name or password is wrong", 0},
    [API_PROBLEM_CSRF] = {403, "csrf", "The token of this session is missing or wrong", 0},
    [API_PROBLEM_FORBIDDEN] = {403, "forbidden", "Your role may not do this", 0},
    [API_PROBLEM_NOT_FOUND] = {404, "not_found", "There is no such thing", 0},
    [API_PROBLEM_LINK_SPENT] = {410, "link_spent", "This link was used or is too old", 0},
    [API_PROBLEM_LOGIN_TAKEN] = {409, "login_taken", "Somebody has this name already", 0},
    [API_PROBLEM_PASSWORD_WEAK] = {422, "password_weak", "The password is too short or too common",
                                   0},
    [API_PROBLEM_CONFLICT] = {409, "conflict", "It changed meanwhile", 0},
    [API_PROBLEM_BUSINESS_NUMBER] = {422, "business_number_invalid",
                                     "The business number's check digit is wrong", 0},
    [API_PROBLEM_SHOW_ON_AIR] = {409, "show_on_air", "Another show of this shop is on air", 0},
    [API_PROBLEM_NOT_NOW] = {409, "not_now", "It is in a state that does not allow this", 0},
    [API_PROBLEM_SHOP_FULL] = {422, "shop_full", "There are as many as there may be", 0},
    [API_PROBLEM_STOCK_TAKEN] = {409, "stock_taken", "Less is there than is ordered already", 0},
    [API_PROBLEM_SOLD_OUT] = {409, "sold_out", "Fewer are left than wanted", 0},
    [API_PROBLEM_PRICE_CHANGED] = {409, "price_changed", "The price is another now", 0},
    [API_PROBLEM_SALES_STOPPED] = {409, "sales_stopped", "Nothing is sold right now", 0},
    [API_PROBLEM_OFF_SALE] = {409, "off_sale", "This is not sold any more", 0},
    [API_PROBLEM_OVER_LIMIT] = {409, "over_limit", "More than one order may have", 0},
    [API_PROBLEM_TOO_MANY_UNPAID] = {429, "too_many_unpaid",
                                     "Pay for or cancel an earlier order first", 60},
    [API_PROBLEM_NO_PICKUP] = {409, "no_pickup", "This shop has nothing to pick up at", 0},
    [API_PROBLEM_CART_CHANGED] = {409, "cart_changed", "The cart has not this in it any more", 0},
    [API_PROBLEM_CART_FULL] = {422, "cart_full", "The cart is full", 0},
    [API_PROBLEM_KEY_MISSING] = {400, "idempotency_key_missing",
                                 "An order needs an Idempotency-Key", 0},
    [API_PROBLEM_KEY_MISMATCH] = {422, "idempotency_mismatch",
                                  "This key came before with another request", 0},
    [API_PROBLEM_TOO_LATE] = {409, "too_late", "It is not there any more; give the money back", 0},
    [API_PROBLEM_TOO_MANY] = {429, "too_many", "Too many tries", 60},
    [API_PROBLEM_BUSY] = {503, "busy", "Too many ask at once", 1},
    [API_PROBLEM_STORE] = {503, "store_unavailable", "It can't be kept right now", 2},
};

void api_refuse(struct jt_http_request *request, enum api_problem problem, int retry_after_s)
{
    struct jt_http_fault fault;

    assert(problem > API_PROBLEM_NONE && problem < API_PROBLEM_COUNT);
    fault = problems[problem];
    if (retry_after_s)
        fault.retry_after_s = retry_after_s;
    jt_http_refuse(request, &fault, NULL, 0);
}

void api_refuse_more(struct jt_http_request *request, enum api_problem problem, json_t *more)
{
    const struct jt_http_fault *fault = &problems[problem];
    json_t *content = json_pack("{s:s, s:i, s:s, s:s}", "type", "about:blank", "status",
                                fault->status, "code", fault->code, "title", fault->title);
    char *text = NULL;

    if (content && (!more || !json_object_update_missing(content, more)))
        text = json_dumps(content, JSON_COMPACT);
    json_decref(content);
    json_decref(more);
    if (text)
        jt_http_respond(request, fault->status, NULL, 0, "application/problem+json", text,
                        strlen(text));
    else
        api_refuse(request, problem, 0);
    free(text);
}

enum api_problem api_problem_of(int err)
{
    switch (err) {
    case -ENOENT:
        return API_PROBLEM_NOT_FOUND;
    case -EEXIST:
        return API_PROBLEM_CONFLICT;
    case -EPERM:
    case -EALREADY:
    case -EDOM:
        return API_PROBLEM_NOT_NOW;
    case -ESTALE:
        return API_PROBLEM_CONFLICT;
    case -EBUSY:
        return API_PROBLEM_BUSY;
    default:
        return API_PROBLEM_STORE;
    }
}
