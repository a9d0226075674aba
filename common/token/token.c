#include "token/token.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#include "base/metrics.h"
#include "base/reader.h"
#include "base/writer.h"
#include "token/base64url.h"
#include "token/mac.h"

static const char prefix[] = "jt1.";

enum {
    PREFIX_CHARACTERS = sizeof(prefix) - 1,
    MAC_CHARACTERS = 43, /* 32 bytes */
    CLAIMS_MIN_BYTES = 4 + 1 + 8 + 8 + JT_TOKEN_NONCE_BYTES + 1 + 2,
    CLAIMS_MAX_BYTES = CLAIMS_MIN_BYTES + JT_TOKEN_AUDIENCE_MAX_BYTES + JT_TOKEN_SUBJECT_MAX_BYTES,
    TRIES = 3,
    DAY_MS = 24 * 60 * 60 * 1000,
};

_Static_assert(PREFIX_CHARACTERS + (CLAIMS_MAX_BYTES + 2) / 3 * 4 + 1 + MAC_CHARACTERS <
                   JT_TOKEN_MAX_BYTES,
               "every token we can make fits the limit");

static struct jt_metric refused =
    JT_COUNTER("jangteo_tokens_refused_total", "Tokens not accepted, by reason.", "reason");

static const struct {
    const char *name;
    int64_t life_ms;
} purposes[JT_TOKEN_PURPOSES_END] = {
    [JT_TOKEN_TICKET] = {"ticket", 60 * 1000LL},
    [JT_TOKEN_PLAY] = {"play", DAY_MS / 2},
    [JT_TOKEN_PUBLISH] = {"publish", 60 * 1000LL},
    [JT_TOKEN_INVITE] = {"invite", 7LL * DAY_MS},
};

static bool is_purpose(enum jt_token_purpose purpose)
{
    return (unsigned)purpose < JT_TOKEN_PURPOSES_END && purposes[purpose].name;
}

const char *jt_token_purpose_name(enum jt_token_purpose purpose)
{
    return is_purpose(purpose) ? purposes[purpose].name : "unknown";
}

int64_t jt_token_purpose_life_ms(enum jt_token_purpose purpose)
{
    return is_purpose(purpose) ? purposes[purpose].life_ms : 0;
}

static bool is_printable(const void *text, size_t size)
{
    const uint8_t *bytes = text;

    for (size_t i = 0; i < size; i++)
        if (bytes[i] < 0x21 || bytes[i] > 0x7e)
            return false;
    return size > 0;
}

/* Making */

static void write_claims(struct jt_writer *w, const struct jt_token *token)
{
    size_t audience = strlen(token->audience);
    size_t subject = strlen(token->subject);

    jt_write_be32(w, token->key_id);
    jt_write_u8(w, (uint8_t)token->purpose);
    jt_write_be64(w, (uint64_t)token->issued_ms);
    jt_write_be64(w, (uint64_t)token->expires_ms);
    jt_write_bytes(w, token->nonce, sizeof(token->nonce));
    jt_write_u8(w, (uint8_t)audience);
    jt_write_bytes(w, token->audience, audience);
    jt_write_be16(w, (uint16_t)subject);
    jt_write_bytes(w, token->subject, subject);
}

static int take_text(char *out, size_t capacity, const char *text)
{
    size_t size = strnlen(text, capacity);

    if (size == capacity || !is_printable(text, size))
        return -EINVAL;
    memcpy(out, text, size + 1);
    return 0;
}

static int fill(struct jt_token *token, const char *audience, const char *subject, int64_t now_ms,
                int64_t life_ms)
{
    if (!is_purpose(token->purpose) || life_ms <= 0 || life_ms > purposes[token->purpose].life_ms ||
        now_ms < 0 || now_ms > INT64_MAX - life_ms)
        return -EINVAL;
    if (take_text(token->audience, sizeof(token->audience), audience) ||
        take_text(token->subject, sizeof(token->subject), subject))
        return -EINVAL;
    token->issued_ms = now_ms;
    token->expires_ms = now_ms + life_ms;
    randombytes_buf(token->nonce, sizeof(token->nonce));
    return 0;
}

/* `out` has room for everything. Returns the length, or the MAC's error. */
static int write_token(struct jt_keyring *keyring, const struct jt_token *token, char *out)
{
    uint8_t claims[CLAIMS_MAX_BYTES], mac[JT_MAC_BYTES];
    struct jt_writer w = jt_writer_of(claims, sizeof(claims));
    uint32_t key_id = token->key_id;
    size_t size = PREFIX_CHARACTERS;
    int err;

    write_claims(&w, token);
    memcpy(out, prefix, size);
    jt_base64url_write(claims, w.size, out + size);
    size += jt_base64url_size(w.size);
    err = jt_keyring_mac(keyring, JT_KEYS_TOKEN, &key_id, token->issued_ms,
                         &(struct jt_mac_piece){out, size}, 1, mac);
    if (err)
        return err;
    out[size++] = '.';
    jt_base64url_write(mac, sizeof(mac), out + size);
    return (int)size + MAC_CHARACTERS;
}

int jt_token_make(struct jt_keyring *keyring, enum jt_token_purpose purpose, const char *audience,
                  const char *subject, int64_t now_ms, int64_t life_ms, char *out, size_t capacity)
{
    struct jt_token token = {.purpose = purpose};
    char text[JT_TOKEN_MAX_BYTES];
    int size = fill(&token, audience, subject, now_ms, life_ms);

    if (size)
        return size;
    size = -ENOKEY;
    for (int tries = 0; size == -ENOKEY && tries < TRIES; tries++) { /* a rotation in between */
        token.key_id = jt_keyring_current(keyring, JT_KEYS_TOKEN);
        size = write_token(keyring, &token, text);
    }
    if (size < 0)
        return -EIO;
    if ((size_t)size >= capacity)
        return -EMSGSIZE;
    memcpy(out, text, (size_t)size);
    out[size] = '\0';
    return size;
}

/* Checking */

static void read_text(struct jt_reader *r, size_t size, char *out, size_t capacity)
{
    const uint8_t *text = size < capacity ? jt_reader_take(r, size) : NULL;

    if (!text || !is_printable(text, size)) {
        r->failed = true;
        return;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static int read_claims(struct jt_reader r, struct jt_token *token)
{
    const uint8_t *nonce;
    uint64_t issued, expires;
    size_t size;

    token->key_id = jt_read_be32(&r);
    token->purpose = (enum jt_token_purpose)jt_read_u8(&r);
    issued = jt_read_be64(&r);
    expires = jt_read_be64(&r);
    nonce = jt_reader_take(&r, JT_TOKEN_NONCE_BYTES);
    size = jt_read_u8(&r);
    read_text(&r, size, token->audience, sizeof(token->audience));
    size = jt_read_be16(&r);
    read_text(&r, size, token->subject, sizeof(token->subject));
    /* Key 0 would mean "the newest" to the keyring: a token always names its key. */
    if (r.failed || r.left || !nonce || !token->key_id || !is_purpose(token->purpose) ||
        issued > INT64_MAX || expires > INT64_MAX)
        return -EBADMSG;
    memcpy(token->nonce, nonce, sizeof(token->nonce));
    token->issued_ms = (int64_t)issued;
    token->expires_ms = (int64_t)expires;
    return 0;
}

/* The form: prefix, claims, dot, MAC. The claims are believed only after the MAC was. */
static int split(const char *text, size_t size, struct jt_token *token, uint8_t *mac)
{
    uint8_t claims[CLAIMS_MAX_BYTES];
    struct jt_reader r = jt_reader_of(text, size);
    const uint8_t *head = jt_reader_take(&r, PREFIX_CHARACTERS);
    const uint8_t *body, *tail;
    size_t body_size;
    int n;

    if (!head || memcmp(head, prefix, PREFIX_CHARACTERS) != 0 || r.left < 1 + MAC_CHARACTERS)
        return -EBADMSG;
    body_size = r.left - 1 - MAC_CHARACTERS;
    body = jt_reader_take(&r, body_size);
    if (jt_read_u8(&r) != '.')
        return -EBADMSG;
    tail = jt_reader_take(&r, MAC_CHARACTERS);
    n = jt_base64url_read((const char *)body, body_size, claims, sizeof(claims));
    if (n < 0 ||
        jt_base64url_read((const char *)tail, MAC_CHARACTERS, mac, JT_MAC_BYTES) != JT_MAC_BYTES)
        return -EBADMSG;
    return read_claims(jt_reader_of(claims, (size_t)n), token);
}

static int check_mac(struct jt_keyring *keyring, const char *text, size_t size,
                     const struct jt_token *token, const uint8_t *mac, int64_t now_ms)
{
    uint8_t expected[JT_MAC_BYTES];
    uint32_t key_id = token->key_id;
    const struct jt_mac_piece piece = {text, size - 1 - MAC_CHARACTERS};

    if (jt_keyring_mac(keyring, JT_KEYS_TOKEN, &key_id, now_ms, &piece, 1, expected) ||
        !jt_mac_is_equal(expected, mac))
        return -EKEYREJECTED;
    return 0;
}

/* Subtractions of two numbers that aren't negative don't overflow. */
static int check_time(const struct jt_token *token, int64_t now_ms)
{
    int64_t life_ms = token->expires_ms - token->issued_ms;

    if (life_ms <= 0 || life_ms > purposes[token->purpose].life_ms || now_ms < 0 ||
        now_ms - token->expires_ms >= JT_TOKEN_LEEWAY_MS ||
        token->issued_ms - now_ms > JT_TOKEN_LEEWAY_MS)
        return -EKEYEXPIRED;
    return 0;
}

static int verify(struct jt_keyring *keyring, const char *text, size_t size,
                  enum jt_token_purpose purpose, const char *audience, int64_t now_ms,
                  struct jt_token *token)
{
    uint8_t mac[JT_MAC_BYTES];
    int err = size <= JT_TOKEN_MAX_BYTES ? split(text, size, token, mac) : -EBADMSG;

    if (!err)
        err = check_mac(keyring, text, size, token, mac, now_ms);
    if (!err && (token->purpose != purpose || strcmp(token->audience, audience) != 0))
        err = -EACCES;
    return err ? err : check_time(token, now_ms);
}

static const char *reason(int err)
{
    switch (err) {
    case -EBADMSG:
        return "form";
    case -EKEYREJECTED:
        return "mac";
    case -EACCES:
        return "purpose";
    default:
        return "time";
    }
}

int jt_token_verify(struct jt_keyring *keyring, const char *text, size_t size,
                    enum jt_token_purpose purpose, const char *audience, int64_t now_ms,
                    struct jt_token *out)
{
    struct jt_token token = {0};
    int err = verify(keyring, text, size, purpose, audience, now_ms, &token);

    if (err)
        jt_metric_add(&refused, reason(err), 1);
    else
        *out = token;
    return err;
}
