#include "http/fields.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <libwebsockets.h>

#include "http/head.h"

/* Fields libwebsockets has no number for and can't list: those we want are asked for by name. */
static const char *const custom_names[] = {
    "x-forwarded-proto:", "access-control-request-method:",
    "idempotency-key:",   "x-csrf-token:",
    "sec-fetch-site:",    "last-event-id:",
    "jangteo-id:",        "jangteo-timestamp:",
    "jangteo-signature:",
};

/* Numbers that are not header fields: request lines, the query, the version. */
static bool is_field(enum lws_token_indexes token)
{
    switch (token) {
    case WSI_TOKEN_GET_URI:
    case WSI_TOKEN_POST_URI:
    case WSI_TOKEN_OPTIONS_URI:
    case WSI_TOKEN_PATCH_URI:
    case WSI_TOKEN_PUT_URI:
    case WSI_TOKEN_DELETE_URI:
    case WSI_TOKEN_HEAD_URI:
    case WSI_TOKEN_CONNECT:
    case WSI_TOKEN_HTTP_URI_ARGS:
    case WSI_TOKEN_HTTP:
    case WSI_TOKEN_HTTP1_0:
    case WSI_TOKEN_HTTP_COLON_AUTHORITY:
    case WSI_TOKEN_HTTP_COLON_METHOD:
    case WSI_TOKEN_HTTP_COLON_PATH:
    case WSI_TOKEN_HTTP_COLON_SCHEME:
    case WSI_TOKEN_HTTP_COLON_STATUS:
        return false;
    default:
        return token < _WSI_TOKEN_CLIENT_SENT_PROTOCOLS;
    }
}

static int reserve(struct jt_http_fields *fields, size_t size)
{
    fields->arena = malloc(size);
    fields->items = calloc(JT_HTTP_FIELDS_MAX, sizeof(*fields->items));
    return fields->arena && fields->items ? 0 : -ENOMEM;
}

/** A tab is the only control byte a value may hold (RFC 9110 §5.5). */
static bool is_clean(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
    }
    return true;
}

/** Append a field whose name (with a colon) and value stand in the arena. */
static int append(struct jt_http_fields *fields, char *name, char *value, int value_size)
{
    if (fields->count >= JT_HTTP_FIELDS_MAX)
        return -E2BIG;
    if (value_size < 0 || !is_clean(value, (size_t)value_size))
        return -EBADMSG;
    name[strcspn(name, ":")] = '\0';
    fields->items[fields->count++] = (struct jt_http_header){.name = name, .value = value};
    return 0;
}

struct known {
    const char *name;
    size_t name_size, value_size;
    enum lws_token_indexes token; /* WSI_TOKEN_COUNT for one asked for by name */
};

/** What there is, before anything is allocated. */
static int survey(struct lws *wsi, struct known *known, size_t capacity, size_t *total)
{
    size_t count = 0;

    *total = 0;
    for (int i = 0; i < WSI_TOKEN_COUNT + (int)JT_COUNT(custom_names) && count < capacity; i++) {
        struct known one = {.token = WSI_TOKEN_COUNT};
        int size = -1;

        if (i >= WSI_TOKEN_COUNT) {
            one.name = custom_names[i - WSI_TOKEN_COUNT];
            size = lws_hdr_custom_length(wsi, one.name, (int)strlen(one.name));
        } else if (is_field((enum lws_token_indexes)i) &&
                   lws_token_to_string((enum lws_token_indexes)i)) {
            one.token = (enum lws_token_indexes)i;
            one.name = (const char *)lws_token_to_string(one.token);
            size = lws_hdr_total_length(wsi, one.token);
            if (size == 0)
                size = -1; /* not there, or empty: libwebsockets does not tell */
        }
        if (size < 0)
            continue;
        if (size > JT_HTTP_HEADER_VALUE_MAX_BYTES)
            return -E2BIG;
        one.name_size = strlen(one.name) + 1;
        one.value_size = (size_t)size + 1;
        *total += one.name_size + one.value_size;
        known[count++] = one;
    }
    return *total > JT_HTTP_FIELDS_MAX_BYTES ? -E2BIG : (int)count;
}

int jt_http_fields_read(struct jt_http_fields *fields, struct lws *wsi)
{
    struct known known[WSI_TOKEN_COUNT + JT_COUNT(custom_names)];
    int count, err;
    char *next;

    *fields = (struct jt_http_fields){0};
    count = survey(wsi, known, JT_COUNT(known), &fields->size_bytes);
    if (count < 0)
        return count;
    err = reserve(fields, fields->size_bytes + 1);
    next = fields->arena;
    for (int i = 0; i < count && !err; i++) {
        const struct known *one = &known[i];
        char *value = next + one->name_size;
        int size;

        memcpy(next, one->name, one->name_size);
        if (one->token == WSI_TOKEN_COUNT)
            size = lws_hdr_custom_copy(wsi, value, (int)one->value_size, one->name,
                                       (int)one->name_size - 1);
        else
            size = lws_hdr_copy(wsi, value, (int)one->value_size, one->token);
        err = append(fields, next, value, size);
        next = value + one->value_size;
    }
    return err;
}

int jt_http_query_read(struct jt_http_fields *fields, struct lws *wsi)
{
    int total = lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_URI_ARGS);
    char *next;
    int err;

    *fields = (struct jt_http_fields){0};
    if (total <= 0)
        return 0;
    if (total > JT_HTTP_REQUEST_LINE_MAX_BYTES)
        return -E2BIG;
    err = reserve(fields, (size_t)total + (size_t)JT_HTTP_FIELDS_MAX * 2);
    next = fields->arena;
    for (int i = 0; i < JT_HTTP_QUERY_ARGS_MAX && !err; i++) {
        int size = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
        char *value;

        if (size <= 0 ||
            lws_hdr_copy_fragment(wsi, next, size + 1, WSI_TOKEN_HTTP_URI_ARGS, i) != size)
            break;
        if (!is_clean(next, (size_t)size))
            return -EBADMSG;
        value = strchr(next, '=');
        if (value)
            *value++ = '\0';
        else
            value = next + size;
        fields->items[fields->count++] = (struct jt_http_header){.name = next, .value = value};
        next += size + 1;
    }
    return err;
}

void jt_http_fields_free(struct jt_http_fields *fields)
{
    free(fields->items);
    free(fields->arena);
    *fields = (struct jt_http_fields){0};
}

const char *jt_http_fields_get(const struct jt_http_fields *fields, const char *name)
{
    for (int i = 0; i < fields->count; i++) {
        if (strcmp(fields->items[i].name, name) == 0)
            return fields->items[i].value;
    }
    return NULL;
}
