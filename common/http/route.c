#include "http/route.h"

#include <string.h>

#include "base/utf8.h"

bool jt_http_path_is_clean(const char *path)
{
    if (path[0] != '/')
        return false;
    for (const unsigned char *p = (const unsigned char *)path; *p; p++) {
        if (*p < 0x20 || *p == 0x7f)
            return false;
    }
    return jt_utf8_is_valid(path, strlen(path));
}

static size_t segment_size(const char *text)
{
    return strcspn(text, "/");
}

static bool take_param(struct jt_http_params *params, const char *name, const char *value,
                       size_t size)
{
    struct jt_http_param *param;

    if (size == 0 || size >= sizeof(param->value) || params->count >= JT_HTTP_PARAMS_MAX)
        return false;
    param = &params->items[params->count++];
    param->name = name;
    memcpy(param->value, value, size);
    param->value[size] = '\0';
    return true;
}

bool jt_http_route_match(const char *pattern, const char *path, struct jt_http_params *params)
{
    params->count = 0;
    while (*pattern == '/' && *path == '/') {
        size_t want = segment_size(++pattern);
        size_t have = segment_size(++path);

        if (pattern[0] == ':') {
            if (!take_param(params, pattern + 1, path, have))
                return false;
        } else if (want != have || memcmp(pattern, path, want) != 0) {
            return false;
        }
        pattern += want;
        path += have;
    }
    return !*pattern && !*path;
}

const struct jt_http_route *jt_http_route_find(const struct jt_http_route *routes, size_t count,
                                               const char *path, enum jt_http_method method,
                                               struct jt_http_params *params, unsigned *allowed)
{
    *allowed = 0;
    for (size_t i = 0; i < count; i++) {
        if (!jt_http_route_match(routes[i].pattern, path, params))
            continue;
        if (routes[i].methods & method)
            return &routes[i];
        *allowed |= routes[i].methods;
    }
    params->count = 0;
    return NULL;
}

size_t jt_http_route_body_max(const struct jt_http_route *route)
{
    return route->body_max_bytes ? route->body_max_bytes : JT_HTTP_BODY_MAX_BYTES;
}

const char *jt_http_params_get(const struct jt_http_params *params, const char *name)
{
    size_t size = strlen(name);

    for (int i = 0; i < params->count; i++) {
        const char *have = params->items[i].name;

        if (segment_size(have) == size && memcmp(have, name, size) == 0)
            return params->items[i].value;
    }
    return NULL;
}

void jt_http_allow_text(unsigned methods, char out[JT_HTTP_ALLOW_MAX_BYTES])
{
    static const struct {
        enum jt_http_method method;
        const char *names; /* all of them together are shorter than JT_HTTP_ALLOW_MAX_BYTES */
    } all[] = {
        {JT_HTTP_GET, "GET, HEAD"}, {JT_HTTP_POST, "POST"},     {JT_HTTP_PUT, "PUT"},
        {JT_HTTP_PATCH, "PATCH"},   {JT_HTTP_DELETE, "DELETE"}, {JT_HTTP_OPTIONS, "OPTIONS"},
    };

    out[0] = '\0';
    for (size_t i = 0; i < JT_COUNT(all); i++) {
        if (!(methods & all[i].method))
            continue;
        if (out[0])
            strcat(out, ", ");
        strcat(out, all[i].names);
    }
}
