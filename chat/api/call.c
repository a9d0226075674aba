#include "chat/api/call.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/cookie.h"
#include "chat/access/csrf.h"
#include "chat/api/pool.h"
#include "http/server.h"

/* ---- who asks ---- */

static enum access_transport transport_of(const struct api_call *call)
{
    return jt_http_request_is_secure(call->request) ? ACCESS_HTTPS : ACCESS_HTTP_LOOPBACK;
}

static unsigned roles_of(const struct store_person *person)
{
    int role;

    switch (person->kind) {
    case STORE_OPERATOR:
        return access_role_mask(ACCESS_OPERATOR);
    case STORE_BUYER:
        role = person->shop_id ? access_role_parse(person->shop_role) : -EINVAL;
        return access_role_mask(ACCESS_BUYER) |
               (role >= 0 ? access_role_mask((enum access_role)role) : 0);
    case STORE_GUEST:
    default:
        return access_role_mask(ACCESS_GUEST);
    }
}

/* Nobody is a guest who may read. Returns an errno when the store could not tell. */
static int find_caller(struct api_call *call)
{
    const char *cookies = jt_http_request_header(call->request, "cookie");
    char id[ACCESS_SECRET_CHARACTERS + 1];
    int err;

    call->roles_mask = access_role_mask(ACCESS_GUEST);
    if (!cookies || access_cookie_read(transport_of(call), cookies, strlen(cookies), id))
        return 0;
    access_secret_hash(id, strlen(id), call->session_hash);
    err = store_session_find(call->parts->store, call->session_hash, call->now_ms, &call->person);
    if (err == -ENOENT)
        return 0;
    if (err)
        return err;
    call->has_session = true;
    call->roles_mask = roles_of(&call->person);
    return 0;
}

/* ---- may they ---- */

static bool changes_something(const struct api_call *call)
{
    return jt_http_request_method(call->request) != JT_HTTP_GET;
}

/* A form of a foreign page can't ask for JSON unasked, and its Origin was refused before. */
static enum api_problem check_intent(const struct api_call *call, const struct api_route *route)
{
    const char *token = jt_http_request_header(call->request, "x-csrf-token");

    if (!changes_something(call) || !call->has_session || (route->flags & API_ROUTE_FREE_OF_CSRF))
        return API_PROBLEM_NONE;
    if (!token || access_csrf_check(call->parts->keyring, call->session_hash, call->now_ms, token,
                                    strlen(token)))
        return API_PROBLEM_CSRF;
    return API_PROBLEM_NONE;
}

static enum api_problem check(const struct api_call *call, const struct api_route *route)
{
    if (!call->has_session && (route->flags & API_ROUTE_NEEDS_SESSION))
        return API_PROBLEM_SIGN_IN;
    if (!access_may(route->operation, call->roles_mask))
        return call->has_session && call->person.kind != STORE_GUEST ? API_PROBLEM_FORBIDDEN
                                                                     : API_PROBLEM_SIGN_IN;
    return check_intent(call, route);
}

/* ---- on its way ---- */

static void run(void *arg, struct jt_http_request *request)
{
    const struct api_bound *bound = arg;
    struct api_call call = {
        .parts = bound->parts,
        .request = request,
        .now_ms = jt_clock_wall_ms(),
    };
    enum api_problem problem;
    int err = find_caller(&call);

    if (err) {
        api_refuse_errno(&call, err);
        return;
    }
    problem = check(&call, bound->route);
    if (problem)
        api_refuse_call(&call, problem);
    else
        bound->route->handler(&call);
}

void api_call_serve(void *arg, struct jt_http_request *request)
{
    struct api_bound *bound = arg;

    if (api_pool_submit(bound->parts->pool, run, bound, request))
        api_refuse(request, API_PROBLEM_BUSY, 0);
}

/* ---- answers ---- */

void api_answer_cookie(struct api_call *call, int status, const char *cookie, json_t *content)
{
    const struct jt_http_header headers[] = {
        {"cache-control", "no-store"},
        {"set-cookie", cookie},
    };
    char *text = content ? json_dumps(content, JSON_COMPACT) : NULL;

    json_decref(content);
    if (!text) {
        api_refuse_call(call, API_PROBLEM_BUSY);
        return;
    }
    jt_http_respond(call->request, status, headers, *cookie ? 2 : 1, "application/json", text,
                    strlen(text));
    free(text);
}

void api_answer(struct api_call *call, int status, json_t *content)
{
    api_answer_cookie(call, status, "", content);
}

void api_answer_items(struct api_call *call, int err, json_t *items)
{
    if (err < 0) {
        json_decref(items);
        api_refuse_errno(call, err);
        return;
    }
    api_answer(call, 200, json_pack("{s:o}", "items", items));
}

void api_answer_nothing(struct api_call *call)
{
    jt_http_respond(call->request, 204, NULL, 0, NULL, NULL, 0);
}

void api_refuse_call(struct api_call *call, enum api_problem problem)
{
    api_refuse(call->request, problem, 0);
}

void api_refuse_errno(struct api_call *call, int err)
{
    enum api_problem problem = api_problem_of(err);

    if (problem == API_PROBLEM_STORE)
        jt_error("api.store", KV("path", jt_http_request_path(call->request)),
                 KV("err", (const char *)strerror(-err)));
    api_refuse_call(call, problem);
}

/* ---- what was asked ---- */

bool api_call_body(struct api_call *call, struct api_body *body,
                   void (*read)(struct api_body *body, void *arg), void *arg)
{
    enum api_problem problem;

    api_body_read(call->request, body);
    if (read)
        read(body, arg);
    problem = api_body_end(body);
    if (problem)
        api_refuse_more(call->request, problem,
                        body->field ? json_pack("{s:s}", "field", body->field) : NULL);
    return !problem;
}

bool api_call_is_empty(struct api_call *call)
{
    struct api_body body;
    bool is_good = api_call_body(call, &body, NULL, NULL);

    api_body_free(&body);
    return is_good;
}

int64_t api_call_shop(const struct api_call *call)
{
    if (call->person.kind == STORE_OPERATOR)
        return 0;
    return call->person.shop_id ? call->person.shop_id : -1;
}

const char *api_call_param(const struct api_call *call, const char *name)
{
    const char *value = jt_http_request_param(call->request, name);

    return value ? value : "";
}

int64_t api_call_id(const struct api_call *call, const char *name)
{
    const char *text = api_call_param(call, name);
    int64_t id = 0;

    if (!*text || *text == '0')
        return -1;
    for (; *text; text++) {
        if (*text < '0' || *text > '9' || id > (INT64_MAX - 9) / 10)
            return -1;
        id = id * 10 + (*text - '0');
    }
    return id;
}
