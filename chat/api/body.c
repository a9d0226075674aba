#include "chat/api/body.h"

#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "http/server.h"

static void fail(struct api_body *body, enum api_problem problem)
{
    if (!body->problem)
        body->problem = problem;
}

void api_body_parse(const char *bytes, size_t size, struct api_body *body)
{
    *body = (struct api_body){0};
    if (jt_json_is_flat(bytes, size, API_BODY_DEPTH_MAX)) /* jansson recurses, to 2048 by itself */
        body->object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(body->object))
        fail(body, API_PROBLEM_BODY_NOT_JSON);
}

bool api_body_is_json(const char *type)
{
    static const char json[] = "application/json";
    size_t size = strlen(json);

    return type && strncasecmp(type, json, size) == 0 &&
           (type[size] == '\0' || type[size] == ';' || type[size] == ' ');
}

void api_body_read(const struct jt_http_request *request, struct api_body *body)
{
    size_t size;
    const char *bytes = jt_http_request_body(request, &size);

    if (!api_body_is_json(jt_http_request_header(request, "content-type")))
        size = 0;
    api_body_parse(bytes, size, body);
}

void api_body_free(struct api_body *body)
{
    json_decref(body->object);
    *body = (struct api_body){0};
}

static json_t *ask(struct api_body *body, const char *name)
{
    json_t *value;

    if (body->problem)
        return NULL;
    body->field = name;
    value = json_object_get(body->object, name);
    body->asked += value != NULL;
    return value;
}

/* jansson has checked the UTF-8; a NUL can't be in it without JSON_ALLOW_NUL. */
static bool is_printable(const char *text, bool may_have_lines)
{
    for (; *text; text++)
        if (((unsigned char)*text < 0x20 && !(may_have_lines && *text == '\n')) || *text == 0x7f)
            return false;
    return true;
}

static const char *check_text(struct api_body *body, const json_t *value, size_t min, size_t max,
                              bool may_have_lines)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    if (text && size >= min && size <= max && is_printable(text, may_have_lines))
        return text;
    fail(body, API_PROBLEM_FIELD_INVALID);
    return NULL;
}

const char *api_body_text(struct api_body *body, const char *name, size_t min, size_t max)
{
    const json_t *value = ask(body, name);

    if (!value)
        fail(body, API_PROBLEM_FIELD_MISSING);
    return value ? check_text(body, value, min, max, false) : NULL;
}

const char *api_body_lines(struct api_body *body, const char *name, size_t max)
{
    const json_t *value = ask(body, name);

    if (!value)
        fail(body, API_PROBLEM_FIELD_MISSING);
    return value ? check_text(body, value, 0, max, true) : NULL;
}

const char *api_body_optional_text(struct api_body *body, const char *name, size_t max)
{
    const json_t *value = ask(body, name);

    return value ? check_text(body, value, 0, max, false) : NULL;
}

int64_t api_body_integer(struct api_body *body, const char *name, int64_t min, int64_t max)
{
    const json_t *value = ask(body, name);
    int64_t number = json_integer_value(value);

    if (!value)
        fail(body, API_PROBLEM_FIELD_MISSING);
    else if (!json_is_integer(value) || number < min || number > max)
        fail(body, API_PROBLEM_FIELD_INVALID);
    return body->problem ? 0 : number;
}

int64_t api_body_optional_integer(struct api_body *body, const char *name, int64_t min, int64_t max,
                                  int64_t fallback)
{
    const json_t *value = body->problem ? NULL : json_object_get(body->object, name);

    if (!value)
        return fallback;
    if (json_is_null(value)) {
        body->asked++;
        return fallback;
    }
    return api_body_integer(body, name, min, max);
}

bool api_body_has(const struct api_body *body, const char *name)
{
    return !body->problem && json_object_get(body->object, name);
}

bool api_body_bool(struct api_body *body, const char *name)
{
    const json_t *value = ask(body, name);

    if (!value)
        fail(body, API_PROBLEM_FIELD_MISSING);
    else if (!json_is_boolean(value))
        fail(body, API_PROBLEM_FIELD_INVALID);
    return !body->problem && json_is_true(value);
}

const json_t *api_body_array(struct api_body *body, const char *name, size_t max)
{
    const json_t *value = ask(body, name);

    if (!value)
        fail(body, API_PROBLEM_FIELD_MISSING);
    else if (!json_is_array(value) || json_array_size(value) > max)
        fail(body, API_PROBLEM_FIELD_INVALID);
    return body->problem ? NULL : value;
}

void api_body_item(const json_t *value, struct api_body *body)
{
    *body = (struct api_body){
        .object = json_is_object(value) ? json_incref((json_t *)(uintptr_t)value) : NULL};
    if (!body->object)
        fail(body, API_PROBLEM_FIELD_INVALID);
}

void api_body_refuse(struct api_body *body, enum api_problem problem)
{
    fail(body, problem);
}

enum api_problem api_body_end(struct api_body *body)
{
    if (!body->problem && json_object_size(body->object) != body->asked) {
        body->field = NULL;
        fail(body, API_PROBLEM_FIELD_UNKNOWN);
    }
    return body->problem;
}
