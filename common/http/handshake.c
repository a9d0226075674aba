#include "http/handshake.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <openssl/evp.h>

#include "http/server.h"

enum { KEY_BYTES = 24, SHA1_BYTES = 20 };

const struct jt_http_fault jt_http_version_unsupported = {426, "websocket_version",
                                                          "WebSocket version 13 is spoken here", 0};

static const struct jt_http_fault malformed = {400, "handshake_malformed",
                                               "Malformed WebSocket handshake", 0};

/** What the field lines tell; the counts are of lines. */
struct fields {
    int upgrades, versions, keys, origins, forwards;
    bool connection_upgrades;
    const char *version, *key;
};

/** Cut off the text before `end` and step over it; NULL when there is no `end`. */
static char *cut(char **rest, const char *end)
{
    char *text = *rest;
    char *found = strstr(text, end);

    if (!found)
        return NULL;
    *found = '\0';
    *rest = found + strlen(end);
    return text;
}

/** Without the blanks around it. */
static char *trim(char *text)
{
    size_t size;

    text += strspn(text, " \t");
    size = strlen(text);
    while (size > 0 && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        text[--size] = '\0';
    return text;
}

/** RFC 9110 §5.6.1: a list of tokens. */
static bool has_token(const char *list, const char *token)
{
    size_t size = strlen(token);

    while (*list) {
        list += strspn(list, ", \t");
        if (strncasecmp(list, token, size) == 0 && strcspn(list + size, ", \t") == 0)
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

static int hex_value(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/** In place; that escapes are whole and harmless has been checked with the head. */
static void decode(char *path)
{
    char *to = path;

    for (const char *from = path; *from; to++) {
        if (*from == '%') {
            *to = (char)(hex_value(from[1]) << 4 | hex_value(from[2]));
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
}

/** §4.2.1, 1. */
static const struct jt_http_fault *read_request_line(char *line, struct jt_http_handshake *out)
{
    char *target, *query;

    if (strncmp(line, "GET ", 4) != 0)
        return &malformed;
    line += 4;
    target = cut(&line, " ");
    if (!target || strcmp(line, "HTTP/1.1") != 0)
        return &malformed;
    query = strchr(target, '?');
    if (query)
        *query++ = '\0';
    decode(target);
    out->path = target;
    out->query = query ? query : "";
    return NULL;
}

static void read_field(const char *name, const char *value, struct fields *fields,
                       struct jt_http_handshake *out)
{
    if (strcasecmp(name, "host") == 0) { /* one: checked with the head */
        out->host = value;
    } else if (strcasecmp(name, "upgrade") == 0) { /* "websocket": likewise */
        fields->upgrades++;
    } else if (strcasecmp(name, "connection") == 0) {
        fields->connection_upgrades |= has_token(value, "upgrade");
    } else if (strcasecmp(name, "sec-websocket-version") == 0) {
        fields->versions++;
        fields->version = value;
    } else if (strcasecmp(name, "sec-websocket-key") == 0) {
        fields->keys++;
        fields->key = value;
    } else if (strcasecmp(name, "origin") == 0) {
        fields->origins++;
        out->origin = value;
    } else if (strcasecmp(name, "x-forwarded-for") == 0) {
        fields->forwards++;
        out->forwarded_for = value;
    } else if (strcasecmp(name, "x-forwarded-proto") == 0) {
        out->forwarded_proto = value;
    }
}

static const struct jt_http_fault *read_fields(char *rest, struct fields *fields,
                                               struct jt_http_handshake *out)
{
    char *line;

    while ((line = cut(&rest, "\r\n")) && *line) {
        char *name = cut(&line, ":");

        if (!name)
            return &malformed;
        read_field(name, trim(line), fields, out);
    }
    return NULL;
}

/** §4.2.1, 5: what gives 16 bytes, decoded. */
static bool is_key(const char *key)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    return strlen(key) == KEY_BYTES && strspn(key, alphabet) == KEY_BYTES - 2 &&
           strcmp(key + KEY_BYTES - 2, "==") == 0;
}

static const struct jt_http_fault *judge(const struct fields *fields)
{
    if (fields->upgrades != 1 || !fields->connection_upgrades || fields->versions > 1 ||
        fields->origins > 1 || fields->forwards > 1)
        return &malformed;
    if (!fields->version || strcmp(fields->version, JT_HTTP_WEBSOCKET_VERSION) != 0)
        return &jt_http_version_unsupported;
    return fields->keys == 1 && is_key(fields->key) ? NULL : &malformed;
}

/** §4.2.2, 5.4. */
static int make_accept(const char *key, char out[JT_HTTP_ACCEPT_MAX_BYTES])
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    char text[KEY_BYTES + sizeof(guid)];
    unsigned char hash[SHA1_BYTES];

    memcpy(text, key, KEY_BYTES);
    memcpy(text + KEY_BYTES, guid, sizeof(guid));
    if (EVP_Digest(text, KEY_BYTES + sizeof(guid) - 1, hash, NULL, EVP_sha1(), NULL) != 1)
        return -ENOMEM;
    (void)EVP_EncodeBlock((unsigned char *)out, hash, sizeof(hash));
    return 0;
}

int jt_http_handshake_read(const void *head, size_t size, struct jt_http_handshake *out,
                           const struct jt_http_fault **fault)
{
    struct jt_http_handshake handshake = {.memory = strndup(head, size)};
    struct fields fields = {0};
    char *rest = handshake.memory;
    char *line;
    int err = -EBADMSG;

    if (!rest)
        return -ENOMEM;
    line = cut(&rest, "\r\n");
    *fault = line ? read_request_line(line, &handshake) : &malformed;
    if (!*fault)
        *fault = read_fields(rest, &fields, &handshake);
    if (!*fault)
        *fault = judge(&fields);
    if (!*fault)
        err = make_accept(fields.key, handshake.accept);
    if (err) {
        jt_http_handshake_free(&handshake);
        return err;
    }
    *out = handshake;
    return 0;
}

void jt_http_handshake_free(struct jt_http_handshake *handshake)
{
    free(handshake->memory);
    handshake->memory = NULL;
}
