#include "wire/stun.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

enum {
    COOKIE = 0x2112a442,          /* RFC 8489 §5 */
    FINGERPRINT_XOR = 0x5354554e, /* §14.7 */
    ATTRIBUTE_HEADER_BYTES = 4,
    INTEGRITY_BYTES = ATTRIBUTE_HEADER_BYTES + JT_STUN_HMAC_BYTES,
    FINGERPRINT_BYTES = ATTRIBUTE_HEADER_BYTES + 4,
    FAMILY_V4 = 1, /* §14.1 */
    FAMILY_V6 = 2,
    COMPREHENSION_OPTIONAL = 0x8000, /* types from here on may be ignored */
};

enum attribute {
    MAPPED_ADDRESS = 0x0001,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    MESSAGE_INTEGRITY_SHA256 = 0x001c, /* known, not supported: ICE uses SHA-1 (RFC 8445 §7.2.2) */
    PASSWORD_ALGORITHM = 0x001d,
    USERHASH = 0x001e,
    XOR_MAPPED_ADDRESS = 0x0020,
    PRIORITY = 0x0024,
    USE_CANDIDATE = 0x0025,
    FINGERPRINT = 0x8028,
    ICE_CONTROLLED = 0x8029,
    ICE_CONTROLLING = 0x802a,
};

bool jt_stun_is(const void *datagram, size_t size)
{
    struct jt_reader r = jt_reader_of(datagram, size);
    uint8_t first = jt_read_u8(&r);

    jt_reader_take(&r, 3);
    return jt_read_be32(&r) == COOKIE && first <= 3 && size >= JT_STUN_HEADER_BYTES;
}

/* ISO-HDLC, reflected: §14.7. Bit by bit would do 8 steps a byte; 16 entries make it two. */
static uint32_t crc32_update(uint32_t crc, const uint8_t *bytes, size_t size)
{
    static const uint32_t nibble[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };

    for (size_t i = 0; i < size; i++) {
        crc ^= bytes[i];
        crc = crc >> 4 ^ nibble[crc & 15];
        crc = crc >> 4 ^ nibble[crc & 15];
    }
    return crc;
}

static uint32_t fingerprint_of(const uint8_t *message, size_t size)
{
    return ~crc32_update(UINT32_MAX, message, size) ^ FINGERPRINT_XOR;
}

/* Class and method are interleaved: §5, figure 3. */
static void read_type(uint16_t type, struct jt_stun *out)
{
    out->message_class = (enum jt_stun_class)((type >> 7 & 2) | (type >> 4 & 1));
    out->method = (uint16_t)((type & 0x000f) | (type >> 1 & 0x0070) | (type >> 2 & 0x0f80));
}

static int read_username(struct jt_reader *value, struct jt_stun *out)
{
    struct jt_text name = {.data = (const char *)value->next, .size = value->left};
    struct jt_text rest = name;

    if (name.size == 0 || name.size > JT_STUN_USERNAME_MAX_BYTES)
        return -EBADMSG;
    if (out->username.size)
        return 0;
    out->username = name;
    if (!memchr(name.data, ':', name.size))
        return 0;
    out->to_ufrag = jt_text_cut(&rest, ':');
    out->from_ufrag = rest;
    return 0;
}

/* §14.2: xored with the cookie, and for IPv6 with the transaction id behind it. */
static int read_mapped(struct jt_reader *value, struct jt_stun *out)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    const uint8_t *mask = out->message + 4;
    uint8_t family;
    uint16_t port;
    const uint8_t *address;

    jt_reader_take(value, 1);
    family = jt_read_u8(value);
    port = jt_read_be16(value) ^ (COOKIE >> 16);
    address = jt_reader_take(value, family == FAMILY_V6 ? 16 : 4);
    if (!address || value->left || (family != FAMILY_V4 && family != FAMILY_V6))
        return -EBADMSG;
    if (out->has_mapped)
        return 0;
    out->has_mapped = true;
    if (family == FAMILY_V4) {
        uint32_t ip = ((uint32_t)address[0] << 24 | (uint32_t)address[1] << 16 |
                       (uint32_t)address[2] << 8 | address[3]) ^
                      COOKIE;
        v4.sin_port = htons(port);
        v4.sin_addr.s_addr = htonl(ip);
        memcpy(&out->mapped, &v4, sizeof(v4));
        return 0;
    }
    v6.sin6_port = htons(port);
    for (size_t i = 0; i < 16; i++)
        v6.sin6_addr.s6_addr[i] = address[i] ^ mask[i];
    memcpy(&out->mapped, &v6, sizeof(v6));
    return 0;
}

static int read_role(struct jt_reader *value, enum jt_stun_role role, struct jt_stun *out)
{
    uint64_t tie_breaker = jt_read_be64(value);

    if (value->failed || value->left)
        return -EBADMSG;
    if (out->role != JT_STUN_ROLE_NONE)
        return 0;
    out->role = role;
    out->tie_breaker = tie_breaker;
    return 0;
}

static int read_priority(struct jt_reader *value, struct jt_stun *out)
{
    uint32_t priority = jt_read_be32(value);

    if (value->failed || value->left)
        return -EBADMSG;
    if (!out->priority)
        out->priority = priority;
    return 0;
}

/* §14.8 */
static int read_error_code(struct jt_reader *value, struct jt_stun *out)
{
    unsigned hundreds;
    unsigned number;

    jt_reader_take(value, 2);
    hundreds = jt_read_u8(value) & 7U;
    number = jt_read_u8(value);
    if (value->failed || hundreds < 3 || hundreds > 6 || number > 99)
        return -EBADMSG;
    if (!out->error_code)
        out->error_code = (uint16_t)(hundreds * 100 + number);
    return 0;
}

static void note_unknown(uint16_t type, struct jt_stun *out)
{
    if (type < COMPREHENSION_OPTIONAL && out->unknown_count < JT_STUN_UNKNOWN_MAX)
        out->unknown[out->unknown_count++] = type;
}

static int read_attribute(uint16_t type, struct jt_reader *value, struct jt_stun *out)
{
    switch (type) {
    case USERNAME:
        return read_username(value, out);
    case ERROR_CODE:
        return read_error_code(value, out);
    case XOR_MAPPED_ADDRESS:
        return read_mapped(value, out);
    case PRIORITY:
        return read_priority(value, out);
    case USE_CANDIDATE:
        out->has_use_candidate = true;
        return 0;
    case ICE_CONTROLLED:
        return read_role(value, JT_STUN_ROLE_CONTROLLED, out);
    case ICE_CONTROLLING:
        return read_role(value, JT_STUN_ROLE_CONTROLLING, out);
    case MAPPED_ADDRESS:
    case UNKNOWN_ATTRIBUTES:
    case REALM:
    case NONCE:
    case MESSAGE_INTEGRITY_SHA256:
    case PASSWORD_ALGORITHM:
    case USERHASH:
        return 0;
    default:
        note_unknown(type, out);
        return 0;
    }
}

static int read_fingerprint(struct jt_reader *value, size_t offset, struct jt_stun *out)
{
    uint32_t claimed = jt_read_be32(value);

    if (value->failed || value->left || claimed != fingerprint_of(out->message, offset))
        return -EBADMSG;
    out->has_fingerprint = true;
    return 0;
}

static int read_attributes(struct jt_reader *r, struct jt_stun *out)
{
    for (unsigned i = 0; r->left > 0; i++) {
        size_t offset = (size_t)(r->next - out->message);
        uint16_t type = jt_read_be16(r);
        uint16_t size = jt_read_be16(r);
        struct jt_reader value = jt_reader_sub(r, size);
        int err = 0;

        jt_reader_take(r, (4 - size % 4U) % 4);
        if (r->failed || i == JT_STUN_ATTRIBUTES_MAX || out->has_fingerprint)
            return -EBADMSG;
        if (type == FINGERPRINT) {
            err = read_fingerprint(&value, offset, out);
        } else if (out->has_integrity) {
            continue; /* not covered by it, so not to be believed: §14.5 */
        } else if (type == MESSAGE_INTEGRITY) {
            if (size != JT_STUN_HMAC_BYTES)
                return -EBADMSG;
            out->has_integrity = true;
            out->integrity_offset = offset;
        } else {
            err = read_attribute(type, &value, out);
        }
        if (err)
            return err;
    }
    return 0;
}

int jt_stun_parse(const void *datagram, size_t size, struct jt_stun *out)
{
    struct jt_reader r = jt_reader_of(datagram, size);
    struct jt_stun stun = {.message = datagram};
    uint16_t type;
    uint16_t body_bytes;
    const uint8_t *transaction;
    int err;

    if (size > JT_STUN_MESSAGE_MAX_BYTES)
        return -EMSGSIZE;
    if (!jt_stun_is(datagram, size))
        return -EBADMSG;
    type = jt_read_be16(&r);
    body_bytes = jt_read_be16(&r);
    jt_reader_take(&r, 4);
    transaction = jt_reader_take(&r, JT_STUN_TRANSACTION_BYTES);
    if (!transaction || body_bytes % 4 || body_bytes != r.left)
        return -EBADMSG;
    read_type(type, &stun);
    memcpy(stun.transaction, transaction, JT_STUN_TRANSACTION_BYTES);
    err = read_attributes(&r, &stun);
    if (err)
        return err;
    *out = stun;
    return 0;
}

/*
 * §14.5: the HMAC covers the message up to the attribute, with a length field that reaches to the
 * attribute's end. `message` is a copy of ours to patch.
 */
static int hmac_of(uint8_t *message, size_t size, const struct jt_stun_key *key,
                   uint8_t out[JT_STUN_HMAC_BYTES])
{
    size_t length = size + INTEGRITY_BYTES - JT_STUN_HEADER_BYTES;

    message[2] = (uint8_t)(length >> 8);
    message[3] = (uint8_t)length;
    return key->hmac(key->password.data, key->password.size, message, size, out);
}

bool jt_stun_verify(const struct jt_stun *stun, const struct jt_stun_key *key)
{
    uint8_t copy[JT_STUN_MESSAGE_MAX_BYTES];
    uint8_t hmac[JT_STUN_HMAC_BYTES];
    const uint8_t *claimed;
    unsigned difference = 0;

    if (!stun->has_integrity)
        return false;
    memcpy(copy, stun->message, stun->integrity_offset);
    if (hmac_of(copy, stun->integrity_offset, key, hmac) < 0)
        return false;
    claimed = stun->message + stun->integrity_offset + ATTRIBUTE_HEADER_BYTES;
    for (size_t i = 0; i < JT_STUN_HMAC_BYTES; i++)
        difference |= (unsigned)(claimed[i] ^ hmac[i]);
    return difference == 0;
}

static void write_header(struct jt_writer *w, enum jt_stun_class message_class,
                         const uint8_t *transaction)
{
    unsigned class_bits = message_class;

    jt_write_be16(
        w, (uint16_t)((class_bits & 2) << 7 | (class_bits & 1) << 4 | JT_STUN_METHOD_BINDING));
    jt_write_be16(w, 0); /* patched by finish */
    jt_write_be32(w, COOKIE);
    jt_write_bytes(w, transaction, JT_STUN_TRANSACTION_BYTES);
}

static void write_attribute_header(struct jt_writer *w, enum attribute type, size_t size)
{
    jt_write_be16(w, (uint16_t)type);
    jt_write_be16(w, (uint16_t)size);
}

static void write_padding(struct jt_writer *w, size_t size)
{
    jt_write_zeros(w, (4 - size % 4) % 4);
}

/* MESSAGE-INTEGRITY (with a key) and FINGERPRINT, and the right length. `start` is the message's in
 * the writer. */
static int finish(struct jt_writer *w, size_t start, const struct jt_stun_key *key)
{
    uint8_t hmac[JT_STUN_HMAC_BYTES];
    uint8_t *message = w->data + start;
    size_t length;

    if (w->failed)
        return -ENOBUFS;
    if (key) {
        int err = hmac_of(message, w->size - start, key, hmac);

        if (err)
            return err;
        write_attribute_header(w, MESSAGE_INTEGRITY, sizeof(hmac));
        jt_write_bytes(w, hmac, sizeof(hmac));
    }
    length = w->size - start + FINGERPRINT_BYTES - JT_STUN_HEADER_BYTES;
    message[2] = (uint8_t)(length >> 8);
    message[3] = (uint8_t)length;
    if (!w->failed) {
        uint32_t fingerprint = fingerprint_of(message, w->size - start);

        write_attribute_header(w, FINGERPRINT, 4);
        jt_write_be32(w, fingerprint);
    }
    return w->failed ? -ENOBUFS : 0;
}

static void write_xored(struct jt_writer *w, const uint8_t *bytes, const uint8_t *mask, size_t size)
{
    for (size_t i = 0; i < size; i++)
        jt_write_u8(w, bytes[i] ^ mask[i]);
}

static int write_mapped(struct jt_writer *w, const struct sockaddr *mapped,
                        const uint8_t *transaction)
{
    static const uint8_t cookie[4] = {0x21, 0x12, 0xa4, 0x42};
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    uint8_t mask[16];
    bool is_v6 = mapped->sa_family == AF_INET6;

    if (!is_v6 && mapped->sa_family != AF_INET)
        return -EINVAL;
    memcpy(mask, cookie, 4);
    memcpy(mask + 4, transaction, JT_STUN_TRANSACTION_BYTES);
    write_attribute_header(w, XOR_MAPPED_ADDRESS, is_v6 ? 20 : 8);
    jt_write_u8(w, 0);
    jt_write_u8(w, is_v6 ? FAMILY_V6 : FAMILY_V4);
    if (is_v6) {
        memcpy(&v6, mapped, sizeof(v6));
        jt_write_be16(w, ntohs(v6.sin6_port) ^ (COOKIE >> 16));
        write_xored(w, v6.sin6_addr.s6_addr, mask, 16);
    } else {
        memcpy(&v4, mapped, sizeof(v4));
        jt_write_be16(w, ntohs(v4.sin_port) ^ (COOKIE >> 16));
        jt_write_be32(w, ntohl(v4.sin_addr.s_addr) ^ COOKIE);
    }
    return 0;
}

int jt_stun_write_success(struct jt_writer *w, const uint8_t transaction[12],
                          const struct sockaddr *mapped, const struct jt_stun_key *key)
{
    size_t start = w->size;
    int err;

    write_header(w, JT_STUN_SUCCESS, transaction);
    err = write_mapped(w, mapped, transaction);
    if (err)
        return err;
    return finish(w, start, key);
}

static const char *reason_of(uint16_t code)
{
    switch (code) {
    case 400:
        return "Bad Request";
    case 401:
        return "Unauthenticated";
    case 420:
        return "Unknown Attribute";
    case 487:
        return "Role Conflict";
    default:
        return "Error";
    }
}

int jt_stun_write_error(struct jt_writer *w, const uint8_t transaction[12],
                        const struct jt_stun_error *error, const struct jt_stun_key *key)
{
    size_t start = w->size;
    struct jt_text reason = jt_text_of(reason_of(error->code));

    if (error->code < 300 || error->code > 699 || error->unknown_count > JT_STUN_UNKNOWN_MAX)
        return -EINVAL;
    write_header(w, JT_STUN_ERROR, transaction);
    write_attribute_header(w, ERROR_CODE, 4 + reason.size);
    jt_write_be16(w, 0);
    jt_write_u8(w, (uint8_t)(error->code / 100));
    jt_write_u8(w, (uint8_t)(error->code % 100));
    jt_write_bytes(w, reason.data, reason.size);
    write_padding(w, reason.size);
    if (error->unknown_count) {
        write_attribute_header(w, UNKNOWN_ATTRIBUTES, error->unknown_count * 2);
        for (size_t i = 0; i < error->unknown_count; i++)
            jt_write_be16(w, error->unknown[i]);
        write_padding(w, error->unknown_count * 2);
    }
    return finish(w, start, key);
}

int jt_stun_write_check(struct jt_writer *w, const struct jt_stun_check *check,
                        const struct jt_stun_key *key)
{
    size_t start = w->size;
    size_t name_bytes = check->to_ufrag.size + 1 + check->from_ufrag.size;

    if (name_bytes > JT_STUN_USERNAME_MAX_BYTES || check->role == JT_STUN_ROLE_NONE)
        return -EINVAL;
    write_header(w, JT_STUN_REQUEST, check->transaction);
    write_attribute_header(w, USERNAME, name_bytes);
    jt_write_bytes(w, check->to_ufrag.data, check->to_ufrag.size);
    jt_write_u8(w, ':');
    jt_write_bytes(w, check->from_ufrag.data, check->from_ufrag.size);
    write_padding(w, name_bytes);
    write_attribute_header(w, PRIORITY, 4);
    jt_write_be32(w, check->priority);
    write_attribute_header(
        w, check->role == JT_STUN_ROLE_CONTROLLED ? ICE_CONTROLLED : ICE_CONTROLLING, 8);
    jt_write_be64(w, check->tie_breaker);
    if (check->has_use_candidate)
        write_attribute_header(w, USE_CANDIDATE, 0);
    return finish(w, start, key);
}
