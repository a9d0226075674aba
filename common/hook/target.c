#include "hook/target.h"

#include <errno.h>
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <curl/curl.h>

/* ---- addresses ---- */

struct block {
    uint32_t first;
    int bits;
};

static bool is_in(uint32_t address, const struct block *blocks, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((address ^ blocks[i].first) >> (32 - blocks[i].bits) == 0)
            return true;
    return false;
}

static bool is_private_v4(uint32_t address)
{
    static const struct block blocks[] = {
        {0x0a000000, 8},
        {0xac100000, 12},
        {0xc0a80000, 16}, /* RFC 1918 */
        {0x64400000, 10}, /* RFC 6598, behind a carrier's NAT */
    };

    return is_in(address, blocks, JT_COUNT(blocks));
}

/* RFC 6890 without what is private: nothing of ours is there, whatever a name says. */
static bool is_special_v4(uint32_t address)
{
    static const struct block blocks[] = {
        {0x00000000, 8},  {0x7f000000, 8},  {0xa9fe0000, 16}, {0xc0000000, 24},
        {0xc0000200, 24}, {0xc0586300, 24}, {0xc6120000, 15}, {0xc6336400, 24},
        {0xcb007100, 24}, {0xe0000000, 4},  {0xf0000000, 4},
    };

    return is_in(address, blocks, JT_COUNT(blocks));
}

static bool is_allowed_v4(uint32_t address, bool may_private)
{
    return !is_special_v4(address) && (may_private || !is_private_v4(address));
}

static uint32_t be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Where an IPv6 address holds an IPv4 one: mapped (RFC 4291), NAT64 (RFC 6052), 6to4 (RFC 3056). */
static const uint8_t *v4_inside(const uint8_t a[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    static const uint8_t nat64[12] = {0x00, 0x64, 0xff, 0x9b};

    if (memcmp(a, mapped, sizeof(mapped)) == 0 || memcmp(a, nat64, sizeof(nat64)) == 0)
        return a + 12;
    return a[0] == 0x20 && a[1] == 0x02 ? a + 2 : NULL;
}

static bool is_allowed_v6(const uint8_t a[16], bool may_private)
{
    const uint8_t *inside = v4_inside(a);

    if (inside)
        return is_allowed_v4(be32(inside), may_private);
    if ((a[0] & 0xfe) == 0xfc) /* RFC 4193; a metadata service at fd00:ec2::254 */
        return may_private && !(a[0] == 0xfd && a[1] == 0x00 && a[2] == 0x0e && a[3] == 0xc2);
    if ((a[0] & 0xe0) != 0x20) /* only 2000::/3 is handed out: not ::1, fe80::/10, ff00::/8 */
        return false;
    return be32(a) >> 9 != 0x20010000U >> 9 && be32(a) != 0x20010db8; /* 2001::/23, documentation */
}

bool jt_hook_target_allows(const struct jt_hook_target *target, const struct sockaddr *address)
{
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;

    if (address->sa_family == AF_UNIX)
        return target->socket[0] != '\0';
    if (target->socket[0])
        return false;
    if (target->is_literal)
        return address->sa_family == AF_INET || address->sa_family == AF_INET6;
    if (address->sa_family == AF_INET) {
        memcpy(&v4, address, sizeof(v4));
        return is_allowed_v4(ntohl(v4.sin_addr.s_addr), target->may_private);
    }
    if (address->sa_family != AF_INET6)
        return false;
    memcpy(&v6, address, sizeof(v6));
    return is_allowed_v6(v6.sin6_addr.s6_addr, target->may_private);
}

/* ---- URLs ---- */

static bool is_literal(const char *host)
{
    char bare[64];
    uint8_t address[16];
    size_t size = strlen(host);

    if (strcmp(host, "localhost") == 0 || inet_pton(AF_INET, host, address) == 1)
        return true;
    if (size < 2 || size >= sizeof(bare) || host[0] != '[' || host[size - 1] != ']')
        return false;
    memcpy(bare, host + 1, size - 2);
    bare[size - 2] = '\0';
    return inet_pton(AF_INET6, bare, address) == 1;
}

/* Does the URL have this part? */
static bool has(CURLU *url, CURLUPart part)
{
    char *text = NULL;
    bool is_there = curl_url_get(url, part, &text, 0) == CURLUE_OK;

    curl_free(text);
    return is_there;
}

static int check_parts(CURLU *url, struct jt_hook_target *out)
{
    char *scheme = NULL, *host = NULL;
    int err = -EINVAL;

    if (curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(url, CURLUPART_HOST, &host, 0) == CURLUE_OK &&
        (strcmp(scheme, "http") == 0 || strcmp(scheme, "https") == 0) && host[0] &&
        !has(url, CURLUPART_USER) && !has(url, CURLUPART_PASSWORD) && !has(url, CURLUPART_QUERY) &&
        !has(url, CURLUPART_FRAGMENT)) {
        out->is_literal = is_literal(host);
        err = 0;
    }
    curl_free(scheme);
    curl_free(host);
    return err;
}

static int parse_url(const char *text, struct jt_hook_target *out)
{
    CURLU *url = curl_url();
    char *whole = NULL;
    int err = -EINVAL;
    size_t size;

    if (!url)
        return -ENOMEM;
    if (curl_url_set(url, CURLUPART_URL, text, CURLU_DISALLOW_USER) == CURLUE_OK)
        err = check_parts(url, out);
    if (!err && (curl_url_get(url, CURLUPART_URL, &whole, 0) != CURLUE_OK ||
                 strlen(whole) >= sizeof(out->base)))
        err = -EINVAL;
    if (!err) {
        (void)snprintf(out->base, sizeof(out->base), "%s", whole);
        for (size = strlen(out->base); size && out->base[size - 1] == '/'; size--)
            out->base[size - 1] = '\0';
    }
    curl_free(whole);
    curl_url_cleanup(url);
    return err;
}

int jt_hook_target_parse(const char *url, bool may_private, struct jt_hook_target *out)
{
    static const char scheme[] = "unix:";
    struct jt_hook_target target = {.may_private = may_private};
    size_t path_max = sizeof(((struct sockaddr_un *)NULL)->sun_path);
    const char *path =
        strncmp(url, scheme, sizeof(scheme) - 1) == 0 ? url + sizeof(scheme) - 1 : NULL;
    int err;

    if (path) {
        if (!path[0] || strlen(path) >= path_max)
            return -EINVAL;
        (void)snprintf(target.socket, sizeof(target.socket), "%s", path);
        (void)snprintf(target.base, sizeof(target.base), "http://localhost");
    } else {
        err = parse_url(url, &target);
        if (err)
            return err;
    }
    *out = target;
    return 0;
}

int jt_hook_target_fill(char url[JT_HOOK_URL_MAX_BYTES], const char *run_dir)
{
    if (url[0])
        return 0;
    if (snprintf(url, JT_HOOK_URL_MAX_BYTES, "unix:%s/chat-hooks.sock", run_dir) >=
        JT_HOOK_URL_MAX_BYTES)
        return -ENAMETOOLONG;
    return 0;
}
