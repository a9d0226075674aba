#include "relay/candidates.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "net/address.h"

static int add_text(struct relay_candidates *out, const char *text, uint16_t port)
{
    uint8_t bytes[sizeof(struct in6_addr)];

    if (inet_pton(AF_INET, text, bytes) != 1 && inet_pton(AF_INET6, text, bytes) != 1)
        return -EINVAL;
    if (out->count == JT_ANSWER_CANDIDATES_MAX)
        return 0; /* enough */
    (void)snprintf(out->list[out->count].address, sizeof(out->list[0].address), "%s", text);
    out->list[out->count++].port = port;
    return 0;
}

static int add_sockaddr(struct relay_candidates *out, const struct sockaddr *sa, uint16_t port)
{
    char text[INET6_ADDRSTRLEN];
    struct jt_address address;
    const void *bytes;

    if (jt_address_from(sa, sa->sa_family == AF_INET ? sizeof(address.v4) : sizeof(address.v6),
                        &address))
        return -EINVAL;
    bytes = address.sa.sa_family == AF_INET ? (const void *)&address.v4.sin_addr
                                            : (const void *)&address.v6.sin6_addr;
    if (!inet_ntop(address.sa.sa_family, bytes, text, sizeof(text)))
        return -EINVAL;
    return add_text(out, text, port);
}

static int from_setting(const char *advertise, uint16_t port, struct relay_candidates *out)
{
    while (*advertise) {
        size_t size = strcspn(advertise, ",");
        char text[INET6_ADDRSTRLEN];
        int err;

        if (size >= sizeof(text))
            return -EINVAL;
        memcpy(text, advertise, size);
        text[size] = '\0';
        err = add_text(out, text + strspn(text, " "), port);
        if (err)
            return err;
        advertise += size + (advertise[size] == ',');
    }
    return 0;
}

static bool is_any(const struct jt_address *address)
{
    if (address->sa.sa_family == AF_INET)
        return address->v4.sin_addr.s_addr == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&address->v6.sin6_addr);
}

/* `family`: of the socket; one of IPv4 hears nothing on IPv6. */
static bool is_worth_telling(const struct ifaddrs *entry, int family)
{
    if (!entry->ifa_addr || !(entry->ifa_flags & IFF_UP))
        return false;
    if (family == AF_INET6 && entry->ifa_addr->sa_family == AF_INET6) {
        struct jt_address address;

        if (jt_address_from(entry->ifa_addr, sizeof(address.v6), &address))
            return false;
        return address.sa.sa_family != AF_INET6 || !IN6_IS_ADDR_LINKLOCAL(&address.v6.sin6_addr);
    }
    return entry->ifa_addr->sa_family == AF_INET;
}

static int from_interfaces(int family, uint16_t port, struct relay_candidates *out)
{
    struct ifaddrs *entries;

    if (getifaddrs(&entries))
        return -errno;
    for (struct ifaddrs *entry = entries; entry; entry = entry->ifa_next)
        if (is_worth_telling(entry, family))
            (void)add_sockaddr(out, entry->ifa_addr, port);
    freeifaddrs(entries);
    return 0;
}

int relay_candidates_find(const char *advertise, const struct jt_address *bound,
                          struct relay_candidates *out)
{
    uint16_t port = jt_address_port(bound);
    int err;

    memset(out, 0, sizeof(*out));
    if (advertise[0])
        err = from_setting(advertise, port, out);
    else if (is_any(bound))
        err = from_interfaces(bound->sa.sa_family, port, out);
    else
        err = add_sockaddr(out, &bound->sa, port);
    if (!err && !out->count)
        err = -EADDRNOTAVAIL;
    return err;
}
