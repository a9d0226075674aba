/* RFC 8489 by hand: requests as a full ICE agent (controlling) sends them, responses as it gives them. */
#include <arpa/inet.h>
#include <openssl/hmac.h>
#include <string.h>

#include "client.h"

enum {
    COOKIE = 0x2112A442,
    BINDING_REQUEST = 0x0001,
    BINDING_SUCCESS = 0x0101,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLING = 0x802A,
};

static void put16(uint8_t *at, uint16_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, (uint16_t)(v >> 16));
    put16(at + 2, (uint16_t)v);
}

static uint32_t crc32(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static size_t attribute(uint8_t *out, size_t at, uint16_t type, const void *value, size_t size)
{
    size_t padded = (size + 3) & ~(size_t)3;

    put16(out + at, type);
    put16(out + at + 2, (uint16_t)size);
    memset(out + at + 4, 0, padded);
    if (size)
        memcpy(out + at + 4, value, size);
    return at + 4 + padded;
}

/* The length field covers each of the two up to and including itself (RFC 8489 §14.5, §14.7). */
static size_t finish(uint8_t *out, size_t at, const char *key)
{
    uint8_t mac[20], crc[4];

    put16(out + 2, (uint16_t)(at + 24 - 20));
    (void)HMAC(EVP_sha1(), key, (int)strlen(key), out, at, mac, NULL);
    at = attribute(out, at, MESSAGE_INTEGRITY, mac, sizeof(mac));
    put16(out + 2, (uint16_t)(at + 8 - 20));
    put32(crc, crc32(out, at) ^ 0x5354554e);
    return attribute(out, at, FINGERPRINT, crc, sizeof(crc));
}

size_t stun_request(const char *username, const char *key, const uint8_t id[12], uint8_t *out)
{
    uint8_t priority[4] = {0x6e, 0, 1, 0xff}, tie_breaker[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    size_t at = 20;

    put16(out, BINDING_REQUEST);
    put32(out + 4, COOKIE);
    memcpy(out + 8, id, 12);
    at = attribute(out, at, USERNAME, username, strlen(username));
    at = attribute(out, at, ICE_CONTROLLING, tie_breaker, sizeof(tie_breaker));
    at = attribute(out, at, PRIORITY, priority, sizeof(priority));
    at = attribute(out, at, USE_CANDIDATE, NULL, 0);
    return finish(out, at, key);
}

size_t stun_response(const uint8_t *request, const char *key, uint32_t address_be, uint16_t port_be,
                     uint8_t *out)
{
    uint8_t mapped[8] = {0, 1};

    put16(out, BINDING_SUCCESS);
    memcpy(out + 4, request + 4, 16);
    put16(mapped + 2, (uint16_t)(ntohs(port_be) ^ (COOKIE >> 16)));
    put32(mapped + 4, ntohl(address_be) ^ COOKIE);
    return finish(out, attribute(out, 20, XOR_MAPPED_ADDRESS, mapped, sizeof(mapped)), key);
}

int stun_type(const uint8_t *data, size_t size)
{
    if (size < 20 || data[0] > 3 || data[4] != 0x21 || data[5] != 0x12 || data[6] != 0xA4 ||
        data[7] != 0x42)
        return -1;
    return data[0] << 8 | data[1];
}
