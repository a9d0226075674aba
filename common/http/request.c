#include "http/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "http/connection.h"
#include "http/outbox.h"

int jt_http_request_new(struct jt_http_outbox *outbox, struct jt_http_request **out)
{
    struct jt_http_request *request = calloc(1, sizeof(*request));

    if (!request)
        return -ENOMEM;
    atomic_init(&request->refs, 1);
    request->outbox = jt_http_outbox_ref(outbox);
    *out = request;
    return 0;
}

struct jt_http_request *jt_http_request_ref(struct jt_http_request *request)
{
    atomic_fetch_add(&request->refs, 1);
    return request;
}

void jt_http_request_unref(struct jt_http_request **request)
{
    struct jt_http_request *old = *request;

    *request = NULL;
    if (!old || atomic_fetch_sub(&old->refs, 1) > 1)
        return;
    if (old->has_large_body)
        jt_http_outbox_leave(old->outbox);
    jt_http_outbox_unref(&old->outbox);
    jt_http_fields_free(&old->fields);
    jt_http_fields_free(&old->query);
    free(old->path);
    free(old->body);
    free(old->answer);
    free(old);
}

bool jt_http_request_reserve(struct jt_http_request *request)
{
    request->has_large_body = jt_http_outbox_enter(request->outbox);
    return request->has_large_body;
}

int jt_http_request_append(struct jt_http_request *request, const void *data, size_t size)
{
    if (size > request->body_expected - request->body_size)
        return -EMSGSIZE;
    if (request->body_size + size + 1 > request->body_capacity) {
        size_t capacity = JT_MIN(JT_MAX(request->body_capacity * 2, request->body_size + size + 1),
                                 request->body_expected + 1);
        uint8_t *body = realloc(request->body, capacity);

        if (!body)
            return -ENOMEM;
        request->body = body;
        request->body_capacity = capacity;
    }
    memcpy(request->body + request->body_size, data, size);
    request->body_size += size;
    request->body[request->body_size] = '\0';
    return 0;
}

enum jt_http_method jt_http_request_method(const struct jt_http_request *request)
{
    return request->method;
}

const char *jt_http_request_path(const struct jt_http_request *request)
{
    return request->path;
}

const char *jt_http_request_param(const struct jt_http_request *request, const char *name)
{
    return jt_http_params_get(&request->params, name);
}

const char *jt_http_request_header(const struct jt_http_request *request, const char *name)
{
    return jt_http_fields_get(&request->fields, name);
}

const char *jt_http_request_query(const struct jt_http_request *request, const char *name)
{
    return jt_http_fields_get(&request->query, name);
}

const char *jt_http_request_body(const struct jt_http_request *request, size_t *size)
{
    *size = request->body_size;
    return request->body ? (const char *)request->body : "";
}

const char *jt_http_request_peer(const struct jt_http_request *request)
{
    return request->peer;
}

bool jt_http_request_is_secure(const struct jt_http_request *request)
{
    return request->is_secure;
}

void jt_http_request_trust(struct jt_http_request *request)
{
    if (request->connection)
        request->connection->is_trusted = true;
}
