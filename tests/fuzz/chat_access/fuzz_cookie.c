/* What a Cookie header may make its reader do, on each transport. */
#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "chat/access/cookie.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int count(const uint8_t *data, size_t size, const char *text)
{
    const size_t length = strlen(text);
    int found = 0;

    for (size_t i = 0; length <= size && i <= size - length; i++)
        found += !memcmp(data + i, text, length);
    return found;
}

static void look(enum access_transport transport, const char *name, const uint8_t *data,
                 size_t size)
{
    char id[ACCESS_SECRET_CHARACTERS + 1] = "", text[ACCESS_COOKIE_MAX_BYTES];
    int err = access_cookie_read(transport, (const char *)data, size, id);

    if (err == -EBADMSG || err == -ENOENT)
        return;
    if (err || strlen(id) != ACCESS_SECRET_CHARACTERS || !access_secret_is_valid(id, strlen(id)) ||
        !count(data, size, id) || !count(data, size, name))
        abort();
    if (access_cookie_write(transport, id, 0, text) < 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    look(ACCESS_HTTPS, "__Host-jangteo=", data, size);
    look(ACCESS_HTTP_LOOPBACK, "jangteo_dev=", data, size);
    return 0;
}
