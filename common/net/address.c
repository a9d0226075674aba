#include "net/address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

_Static_assert(sizeof(struct jt_address) == 28, "viewers keep an address in their hot state");

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static bool parse_port(const char *text, uint16_t *out)
{
    unsigned port = 0;
    size_t i;

    for (i = 0; text[i]; i++) {
        if (i == PORT_DIGITS_MAX || text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    if (i == 0 || port > PORT_MAX)
        return false;
    *out = (uint16_t)port;
    return true;
}

static void set_v4(struct jt_address *out, struct in_addr host, uint16_t port)
{
    memset(out, 0, sizeof(*out));
    out->v4.sin_family = AF_INET;
    out->v4.sin_addr = host;
    out->v4.sin_port = htons(port);
}

static void set_v6(struct jt_address *out, const struct in6_addr *host, uint16_t port)
{
    memset(out, 0, sizeof(*out));
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_addr = *host;
    out->v6.sin6_port = htons(port);
}

static void set_mapped_v4(struct jt_address *out, const struct in6_addr *mapped, uint16_t port)
{
    struct in_addr host;

    memcpy(&host, &mapped->s6_addr[12], sizeof(host)); /* RFC 4291 §2.5.5.2 */
    set_v4(out, host, port);
}

/* The host part without its brackets, `size` bytes at `text`. */
static int parse_host(const char *text, size_t size, bool in_brackets, uint16_t port,
                      struct jt_address *out)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct in_addr v4;

    if (size >= sizeof(host))
        return -EINVAL;
    memcpy(host, text, size);
    host[size] = '\0';
    if (!in_brackets && strcmp(host, "*") == 0) {
        set_v6(out, &in6addr_any, port);
        return 0;
    }
    if (in_brackets && inet_pton(AF_INET6, host, &v6) == 1) {
        if (IN6_IS_ADDR_V4MAPPED(&v6))
            set_mapped_v4(out, &v6, port);
        else
            set_v6(out, &v6, port);
        return 0;
    }
    if (!in_brackets && inet_pton(AF_INET, host, &v4) == 1) {
        set_v4(out, v4, port);
        return 0;
    }
    return -EINVAL;
}

int jt_address_parse(const char *text, struct jt_address *out)
{
    const char *colon = strrchr(text, ':');
    bool in_brackets = text[0] == '[';
    uint16_t port;
    size_t size;

    if (!colon || !parse_port(colon + 1, &port))
        return -EINVAL;
    size = (size_t)(colon - text);
    if (!in_brackets)
        return parse_host(text, size, false, port, out);
    if (size < 2 || text[size - 1] != ']')
        return -EINVAL;
    return parse_host(text + 1, size - 2, true, port, out);
}

const char *jt_address_print(const struct jt_address *address, char text[JT_ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN] = "";

    switch (address->sa.sa_family) {
    case AF_INET:
        (void)inet_ntop(AF_INET, &address->v4.sin_addr, host, sizeof(host));
        (void)snprintf(text, JT_ADDRESS_TEXT_BYTES, "%s:%u", host, jt_address_port(address));
        break;
    case AF_INET6:
        (void)inet_ntop(AF_INET6, &address->v6.sin6_addr, host, sizeof(host));
        (void)snprintf(text, JT_ADDRESS_TEXT_BYTES, "[%s]:%u", host, jt_address_port(address));
        break;
    default:
        (void)snprintf(text, JT_ADDRESS_TEXT_BYTES, "-");
        break;
    }
    return text;
}

bool jt_address_equal(const struct jt_address *a, const struct jt_address *b)
{
    if (a->sa.sa_family != b->sa.sa_family)
        return false;
    if (a->sa.sa_family == AF_INET)
        return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr && a->v4.sin_port == b->v4.sin_port;
    return a->v6.sin6_port == b->v6.sin6_port && a->v6.sin6_scope_id == b->v6.sin6_scope_id &&
           memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

/* The finalizer of MurmurHash3 (Austin Appleby, public domain): every input bit moves every output bit. */
static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdU;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53U;
    h ^= h >> 33;
    return h;
}

uint64_t jt_address_hash(const struct jt_address *address, uint64_t seed)
{
    uint64_t half[2];

    if (address->sa.sa_family == AF_INET)
        return mix(seed ^ ((uint64_t)address->v4.sin_addr.s_addr << 16 | address->v4.sin_port));
    memcpy(half, &address->v6.sin6_addr, sizeof(half));
    return mix(mix(mix(seed ^ half[0]) + half[1]) + address->v6.sin6_port);
}

socklen_t jt_address_size(const struct jt_address *address)
{
    switch (address->sa.sa_family) {
    case AF_INET:
        return sizeof(address->v4);
    case AF_INET6:
        return sizeof(address->v6);
    default:
        return 0;
    }
}

uint16_t jt_address_port(const struct jt_address *address)
{
    switch (address->sa.sa_family) {
    case AF_INET:
        return ntohs(address->v4.sin_port);
    case AF_INET6:
        return ntohs(address->v6.sin6_port);
    default:
        return 0;
    }
}

bool jt_address_is_loopback(const struct jt_address *address)
{
    if (address->sa.sa_family == AF_INET)
        return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET; /* RFC 1122: 127/8 */
    return address->sa.sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
}

int jt_address_from(const struct sockaddr *sa, socklen_t size, struct jt_address *out)
{
    struct jt_address copy = {0};

    if (size < sizeof(sa->sa_family))
        return -EINVAL;
    memcpy(&copy, sa, JT_MIN(size, sizeof(copy)));
    if (jt_address_size(&copy) == 0)
        return -EAFNOSUPPORT;
    if (size < jt_address_size(&copy))
        return -EINVAL;
    if (copy.sa.sa_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&copy.v6.sin6_addr))
        set_mapped_v4(&copy, &copy.v6.sin6_addr, jt_address_port(&copy));
    *out = copy;
    return 0;
}

struct jt_address jt_address_to_mapped(const struct jt_address *address)
{
    struct jt_address mapped = {0};

    if (address->sa.sa_family != AF_INET)
        return *address;
    mapped.v6.sin6_family = AF_INET6;
    mapped.v6.sin6_port = address->v4.sin_port;
    mapped.v6.sin6_addr.s6_addr[10] = 0xff;
    mapped.v6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(&mapped.v6.sin6_addr.s6_addr[12], &address->v4.sin_addr, 4);
    return mapped;
}
