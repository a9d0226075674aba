#include "http/lws_field.h"

#include <string.h>
#include <strings.h>
#include <libwebsockets.h>

/** Does the shorter of the two begin the longer? */
static bool is_beginning(const char *known, const char *name, size_t size)
{
    size_t known_size = strlen(known);

    return known_size > 0 && strncasecmp(known, name, known_size < size ? known_size : size) == 0;
}

bool jt_http_lws_misreads(const char *name, size_t size)
{
    bool is_misread = false;

    for (int i = 0; i < WSI_TOKEN_COUNT; i++) {
        const char *known = (const char *)lws_token_to_string((enum lws_token_indexes)i);

        if (!known || !is_beginning(known, name, size))
            continue;
        if (strlen(known) == size + 1 && known[size] == ':')
            return false; /* it is that one */
        if (strlen(known) > size || !strchr(known, ':'))
            is_misread = true; /* a beginning of it, or it begins with "put", "patch", "delete" */
    }
    return is_misread;
}
