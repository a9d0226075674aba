#include "http/origin.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

/** A host header cut into its parts; both borrowed. */
struct authority {
    const char *host, *port;
    size_t host_size, port_size;
};

static bool is_host_text(const char *text, size_t size, const char *allowed)
{
    return size > 0 && strspn(text, allowed) >= size;
}

/* RFC 9110 §7.2 and RFC 3986 §3.2.2, without user names: name, IPv4 literal or [IPv6 literal], then
 * maybe a port. */
static bool authority_parse(const char *text, size_t size, struct authority *out)
{
    const char *end = text + size;
    const char *colon;

    *out = (struct authority){.host = text};
    if (size > 0 && text[0] == '[') {
        const char *bracket = memchr(text, ']', size);

        if (!bracket ||
            !is_host_text(text + 1, (size_t)(bracket - text) - 1, "0123456789abcdefABCDEF:."))
            return false;
        out->host_size = (size_t)(bracket - text) + 1;
    } else {
        colon = memchr(text, ':', size);
        out->host_size = colon ? (size_t)(colon - text) : size;
        if (!is_host_text(text, out->host_size,
                          "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-._"))
            return false;
    }
    colon = text + out->host_size;
    if (colon == end)
        return true;
    out->port = colon + 1;
    out->port_size = (size_t)(end - out->port);
    return *colon == ':' && out->port_size <= 5 &&
           is_host_text(out->port, out->port_size, "0123456789");
}

static bool same(const char *a, size_t a_size, const char *b, size_t b_size)
{
    return a_size == b_size && (a_size == 0 || strncasecmp(a, b, a_size) == 0);
}

/** Take the next entry off a list separated by commas and blanks. */
static bool list_next(const char **list, const char **entry, size_t *size)
{
    *list += strspn(*list, ", ");
    *entry = *list;
    *size = strcspn(*list, ", ");
    *list += *size;
    return *size > 0;
}

static bool is_local(const struct authority *have, const char *listen_host)
{
    const char *names[] = {"localhost", "127.0.0.1", "[::1]", listen_host};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i] && same(have->host, have->host_size, names[i], strlen(names[i])))
            return true;
    }
    return false;
}

bool jt_http_host_is_served(const char *host, const char *listen_host, const char *list)
{
    struct authority have;
    const char *entry;
    size_t size;

    if (!host || !authority_parse(host, strlen(host), &have))
        return false;
    if (is_local(&have, listen_host))
        return true;
    while (list && list_next(&list, &entry, &size)) {
        struct authority want;

        if (authority_parse(entry, size, &want) &&
            same(have.host, have.host_size, want.host, want.host_size) &&
            (!want.port || same(have.port, have.port_size, want.port, want.port_size)))
            return true;
    }
    return false;
}

/** Cut the scheme off an origin; its default port becomes none. */
static bool origin_parse(const char *text, size_t size, bool *is_secure, struct authority *out)
{
    static const char http[] = "http://", https[] = "https://";
    size_t skip;

    if (size >= sizeof(https) - 1 && strncasecmp(text, https, sizeof(https) - 1) == 0) {
        *is_secure = true;
        skip = sizeof(https) - 1;
    } else if (size >= sizeof(http) - 1 && strncasecmp(text, http, sizeof(http) - 1) == 0) {
        *is_secure = false;
        skip = sizeof(http) - 1;
    } else {
        return false;
    }
    return authority_parse(text + skip, size - skip, out);
}

static void drop_default_port(struct authority *authority, bool is_secure)
{
    const char *standard = is_secure ? "443" : "80";

    if (authority->port &&
        same(authority->port, authority->port_size, standard, strlen(standard))) {
        authority->port = NULL;
        authority->port_size = 0;
    }
}

static bool same_authority(struct authority a, struct authority b, bool is_secure)
{
    drop_default_port(&a, is_secure);
    drop_default_port(&b, is_secure);
    return same(a.host, a.host_size, b.host, b.host_size) &&
           same(a.port, a.port_size, b.port, b.port_size);
}

bool jt_http_origin_is_served(const char *origin, const char *host, bool is_secure,
                              const char *list)
{
    struct authority from, to;
    bool from_secure, is_origin = origin_parse(origin, strlen(origin), &from_secure, &from);
    const char *entry;
    size_t size;

    if (is_origin && host && from_secure == is_secure && authority_parse(host, strlen(host), &to) &&
        same_authority(from, to, is_secure))
        return true;
    while (list && list_next(&list, &entry, &size)) {
        struct authority want;
        bool want_secure;

        if (size == 1 && *entry == '*')
            return true;
        if (is_origin && origin_parse(entry, size, &want_secure, &want) &&
            want_secure == from_secure && same_authority(from, want, want_secure))
            return true;
    }
    return false;
}

const char *jt_http_forwarded_peer(const char *list)
{
    const char *last = list ? strrchr(list, ',') : NULL;
    struct in6_addr address;

    last = last ? last + 1 : list;
    if (!last)
        return NULL;
    last += strspn(last, " \t");
    return inet_pton(AF_INET, last, &address) == 1 || inet_pton(AF_INET6, last, &address) == 1
               ? last
               : NULL;
}

bool jt_http_forwarded_is_secure(const char *proto)
{
    return proto && strcasecmp(proto, "https") == 0;
}
