/* STUN messages of a full ICE agent, byte by byte after RFC 8489 and RFC 8445, with OpenSSL's HMAC
 * and a CRC of its own: nothing of wire/stun.h is in it. Included by one test each. */
#ifndef JT_TESTS_STUN_PEER_H
#define JT_TESTS_STUN_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

struct message {
    uint8_t data[1500];
    size_t size;
};

enum {
    ATTR_USERNAME = 0x0006,
    ATTR_INTEGRITY = 0x0008,
    ATTR_ERROR_CODE = 0x0009,
    ATTR_UNKNOWN = 0x000a,
    ATTR_XOR_MAPPED = 0x0020,
    ATTR_PRIORITY = 0x0024,
    ATTR_USE_CANDIDATE = 0x0025,
    ATTR_FINGERPRINT = 0x8028,
    ATTR_CONTROLLED = 0x8029,
    ATTR_CONTROLLING = 0x802a,
};

/* ITU V.42, bit by bit (RFC 8489 §14.7) */
static inline uint32_t stun_crc(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
    }
    return ~crc;
}

static inline void stun_length(struct message *m, size_t size)
{
    m->data[2] = (uint8_t)((size - 20) >> 8);
    m->data[3] = (uint8_t)(size - 20);
}

static inline void stun_begin(struct message *m, uint16_t type, uint8_t transaction)
{
    static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};

    memset(m, 0, sizeof(*m));
    m->data[0] = (uint8_t)(type >> 8);
    m->data[1] = (uint8_t)type;
    memcpy(m->data + 4, cookie, 4);
    memset(m->data + 8, transaction, 12);
    m->size = 20;
}

static inline void stun_attribute(struct message *m, uint16_t type, const void *value, size_t size)
{
    uint8_t *at = m->data + m->size;

    at[0] = (uint8_t)(type >> 8);
    at[1] = (uint8_t)type;
    at[2] = (uint8_t)(size >> 8);
    at[3] = (uint8_t)size;
    if (size)
        memcpy(at + 4, value, size);
    m->size += 4 + (size + 3) / 4 * 4;
    stun_length(m, m->size);
}

static inline void stun_integrity(struct message *m, const char *password)
{
    uint8_t tag[20];
    unsigned size = 0;

    stun_length(m, m->size + 24); /* counted as if it were there (RFC 8489 §14.5) */
    HMAC(EVP_sha1(), password, (int)strlen(password), m->data, m->size, tag, &size);
    stun_attribute(m, ATTR_INTEGRITY, tag, 20);
}

static inline void stun_fingerprint(struct message *m)
{
    uint32_t crc;
    uint8_t value[4];

    stun_length(m, m->size + 8);
    crc = stun_crc(m->data, m->size) ^ 0x5354554e;
    value[0] = (uint8_t)(crc >> 24);
    value[1] = (uint8_t)(crc >> 16);
    value[2] = (uint8_t)(crc >> 8);
    value[3] = (uint8_t)crc;
    stun_attribute(m, ATTR_FINGERPRINT, value, 4);
}

/* The value of an attribute, or NULL. */
static inline const uint8_t *stun_find(const uint8_t *data, size_t size, uint16_t type,
                                       size_t *value_size)
{
    for (size_t at = 20; at + 4 <= size;) {
        size_t n = (size_t)data[at + 2] << 8 | data[at + 3];

        if ((data[at] << 8 | data[at + 1]) == type) {
            *value_size = n;
            return data + at + 4;
        }
        at += 4 + (n + 3) / 4 * 4;
    }
    return NULL;
}

/* Is the message whole, its MESSAGE-INTEGRITY made with `password`, its FINGERPRINT right and last?
 */
static inline bool stun_is_proven(const uint8_t *data, size_t size, const char *password)
{
    size_t n = 0;
    const uint8_t *tag = stun_find(data, size, ATTR_INTEGRITY, &n);
    struct message copy = {0};
    uint8_t right[20];
    unsigned right_size = 0;
    uint32_t crc;

    if (!tag || n != 20 || size < 28 || size > sizeof(copy.data) ||
        20U + (data[2] << 8 | data[3]) != size)
        return false;
    if (tag + 20 + 8 != data + size)
        return false;
    memcpy(copy.data, data, size);
    copy.size = (size_t)(tag - 4 - data);
    stun_length(&copy, copy.size + 24);
    HMAC(EVP_sha1(), password, (int)strlen(password), copy.data, copy.size, right, &right_size);
    if (memcmp(right, tag, 20) != 0)
        return false;
    crc = stun_crc(data, size - 8) ^ 0x5354554e;
    return data[size - 8] == 0x80 && data[size - 7] == 0x28 &&
           data[size - 4] == (uint8_t)(crc >> 24) && data[size - 3] == (uint8_t)(crc >> 16) &&
           data[size - 2] == (uint8_t)(crc >> 8) && data[size - 1] == (uint8_t)crc;
}

struct check_options {
    const char *to_ufrag, *from_ufrag, *password; /* password NULL: no MESSAGE-INTEGRITY */
    bool has_use_candidate, is_controlled, has_no_fingerprint;
    uint16_t extra; /* one more attribute of 4 bytes before MESSAGE-INTEGRITY; 0: none */
};

/* A connectivity check with Chromium's attributes in its order. */
static inline struct message stun_check(const struct check_options *options)
{
    static const uint8_t goog[4] = {0, 1, 0, 10}, tie[8] = {1, 2, 3, 4, 5, 6, 7, 8},
                         priority[4] = {0x6e, 0x7f, 0x1e, 0xff};
    struct message m;
    char username[600];

    (void)snprintf(username, sizeof(username), "%s:%s", options->to_ufrag, options->from_ufrag);
    stun_begin(&m, 0x0001, 0x42);
    stun_attribute(&m, ATTR_USERNAME, username, strlen(username));
    stun_attribute(&m, 0xc057, goog, 4);
    stun_attribute(&m, options->is_controlled ? ATTR_CONTROLLED : ATTR_CONTROLLING, tie, 8);
    if (options->has_use_candidate)
        stun_attribute(&m, ATTR_USE_CANDIDATE, NULL, 0);
    stun_attribute(&m, ATTR_PRIORITY, priority, 4);
    if (options->extra)
        stun_attribute(&m, options->extra, goog, 4);
    if (options->password)
        stun_integrity(&m, options->password);
    if (!options->has_no_fingerprint)
        stun_fingerprint(&m);
    return m;
}

/* The success answer to a check of ours, as a browser gives it. */
static inline struct message stun_answer(const uint8_t *check, const char *password)
{
    static const uint8_t mapped[8] = {0,          1,    0x21 ^ 0x1f, 0x12 ^ 0x90,
                                      127 ^ 0x21, 0x12, 0xa4,        1 ^ 0x42};
    struct message m;

    stun_begin(&m, 0x0101, 0);
    memcpy(m.data + 8, check + 8, 12);
    stun_attribute(&m, ATTR_XOR_MAPPED, mapped, 8);
    stun_integrity(&m, password);
    stun_fingerprint(&m);
    return m;
}

#endif
