#include "chat/access/cookie.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/reader.h"

static const char *cookie_name(enum access_transport transport)
{
    return transport == ACCESS_HTTPS ? "__Host-jangteo" : "jangteo_dev";
}

static const char *attributes(enum access_transport transport)
{
    return transport == ACCESS_HTTPS ? "Path=/; Secure; HttpOnly; SameSite=Lax"
                                     : "Path=/; HttpOnly; SameSite=Lax";
}

static bool has_control(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return true;
    return false;
}

/* Up to the next semicolon, which is eaten, without the spaces around it (RFC 6265 §4.2.1). */
static struct jt_reader next_pair(struct jt_reader *header)
{
    const uint8_t *end = memchr(header->next, ';', header->left);
    struct jt_reader pair =
        jt_reader_sub(header, end ? (size_t)(end - header->next) : header->left);

    if (end)
        (void)jt_read_u8(header);
    while (pair.left && pair.next[0] == ' ')
        (void)jt_read_u8(&pair);
    while (pair.left && pair.next[pair.left - 1] == ' ')
        pair.left--;
    return pair;
}

static bool is_named(struct jt_reader *pair, const char *name)
{
    const size_t size = strlen(name);
    const uint8_t *start = jt_reader_take(pair, size);

    return start && !memcmp(start, name, size) && jt_read_u8(pair) == '=' && !pair->failed;
}

int access_cookie_read(enum access_transport transport, const char *header, size_t size,
                       char out[ACCESS_SECRET_CHARACTERS + 1])
{
    struct jt_reader r = jt_reader_of(header, size);
    const uint8_t *id = NULL;

    if (size > ACCESS_COOKIE_HEADER_MAX_BYTES || has_control(header, size))
        return -EBADMSG;
    while (r.left) {
        struct jt_reader pair = next_pair(&r);

        if (!is_named(&pair, cookie_name(transport)))
            continue;
        if (id || !access_secret_is_valid((const char *)pair.next, pair.left))
            return -EBADMSG;
        id = pair.next;
    }
    if (!id)
        return -ENOENT;
    memcpy(out, id, ACCESS_SECRET_CHARACTERS);
    out[ACCESS_SECRET_CHARACTERS] = '\0';
    return 0;
}

int access_cookie_write(enum access_transport transport, const char *id, long max_age_s,
                        char out[ACCESS_COOKIE_MAX_BYTES])
{
    char age[40] = "";

    if (max_age_s < 0 || !access_secret_is_valid(id, strlen(id)))
        return -EINVAL;
    if (max_age_s)
        (void)snprintf(age, sizeof(age), "; Max-Age=%ld", max_age_s);
    return snprintf(out, ACCESS_COOKIE_MAX_BYTES, "%s=%s; %s%s", cookie_name(transport), id,
                    attributes(transport), age);
}

int access_cookie_clear(enum access_transport transport, char out[ACCESS_COOKIE_MAX_BYTES])
{
    return snprintf(out, ACCESS_COOKIE_MAX_BYTES, "%s=; %s; Max-Age=0", cookie_name(transport),
                    attributes(transport));
}
