#include "chat/api/problem.h"

#include <assert.h>
#include <errno.h>

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

enum api_problem api_problem_of(int err)
{
    switch (err) {
    case -ENOENT:
        return API_PROBLEM_NOT_FOUND;
    case -EEXIST:
        return API_PROBLEM_CONFLICT;
    case -EBUSY:
        return API_PROBLEM_BUSY;
    default:
        return API_PROBLEM_STORE;
    }
}
