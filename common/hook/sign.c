#include "hook/sign.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include "token/base64url.h"
#include "token/mac.h"

enum {
    ID_RANDOM_BYTES = 16,
    TIMESTAMP_MAX_DIGITS = 12, /* until the year 33658 */
    MSEC_PER_SEC = 1000,
};

static const char id_prefix[] = "msg_";
static const char version[] = "v1,";

_Static_assert(sizeof(id_prefix) + 22 == JT_HOOK_ID_BYTES, "an id fits");
_Static_assert(sizeof(version) + 44 == JT_HOOK_SIGNATURE_BYTES, "a signature fits");

/* Text of the signature that the key `*id` makes (0: the newest; then it gets its number). */
static int signature_of(struct jt_keyring *keyring, uint32_t *key_id, const char *id,
                        const char *timestamp, struct jt_mac_piece body, int64_t now_ms,
                        char out[JT_HOOK_SIGNATURE_BYTES])
{
    const struct jt_mac_piece pieces[] = {
        {id, strlen(id)}, {".", 1}, {timestamp, strlen(timestamp)}, {".", 1}, body};
    uint8_t mac[JT_MAC_BYTES];
    int err = jt_keyring_mac(keyring, JT_KEYS_HOOK, key_id, now_ms, pieces, JT_COUNT(pieces), mac);

    if (err)
        return err;
    memcpy(out, version, sizeof(version) - 1);
    (void)EVP_EncodeBlock((unsigned char *)out + sizeof(version) - 1, mac, sizeof(mac));
    return 0;
}

int jt_hook_sign(struct jt_keyring *keyring, const void *body, size_t size, int64_t now_ms,
                 struct jt_hook_stamp *out)
{
    uint8_t random[ID_RANDOM_BYTES];
    uint32_t key_id = 0;

    if (RAND_bytes(random, sizeof(random)) != 1)
        return -EIO;
    memcpy(out->id, id_prefix, sizeof(id_prefix) - 1);
    jt_base64url_write(random, sizeof(random), out->id + sizeof(id_prefix) - 1);
    (void)snprintf(out->timestamp, sizeof(out->timestamp), "%" PRId64, now_ms / MSEC_PER_SEC);
    return signature_of(keyring, &key_id, out->id, out->timestamp,
                        (struct jt_mac_piece){body, size}, now_ms, out->signature);
}

static bool is_id(const char *id)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t size = strnlen(id, JT_HOOK_ID_MAX_BYTES + 1);

    return size > 0 && size <= JT_HOOK_ID_MAX_BYTES && strspn(id, allowed) == size;
}

/* Seconds as decimal digits, or -1. */
static int64_t read_seconds(const char *text)
{
    size_t size = strnlen(text, TIMESTAMP_MAX_DIGITS + 1);
    int64_t value = 0;

    if (size == 0 || size > TIMESTAMP_MAX_DIGITS || strspn(text, "0123456789") != size)
        return -1;
    for (size_t i = 0; i < size; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static bool is_signature(const char *text)
{
    return strnlen(text, JT_HOOK_SIGNATURE_BYTES) == JT_HOOK_SIGNATURE_BYTES - 1;
}

static bool is_equal(const char *a, const char *b)
{
    return CRYPTO_memcmp(a, b, JT_HOOK_SIGNATURE_BYTES - 1) == 0;
}

/* The newest key, then the one before it (threat A3). */
static int check_signature(struct jt_keyring *keyring, const struct jt_hook_claim *claim,
                           struct jt_mac_piece body, int64_t now_ms)
{
    char expected[JT_HOOK_SIGNATURE_BYTES];
    uint32_t key_id = 0;
    int err = signature_of(keyring, &key_id, claim->id, claim->timestamp, body, now_ms, expected);

    if (err)
        return err;
    if (is_equal(expected, claim->signature))
        return 0;
    if (key_id <= 1)
        return -EKEYREJECTED;
    key_id--;
    err = signature_of(keyring, &key_id, claim->id, claim->timestamp, body, now_ms, expected);
    return !err && is_equal(expected, claim->signature) ? 0 : -EKEYREJECTED;
}

int jt_hook_verify(struct jt_keyring *keyring, const struct jt_hook_claim *claim, const void *body,
                   size_t size, int64_t now_ms, int64_t *sent_ms)
{
    int64_t seconds;
    int err;

    if (!claim->id || !claim->timestamp || !claim->signature || !is_id(claim->id) ||
        !is_signature(claim->signature))
        return -EBADMSG;
    seconds = read_seconds(claim->timestamp);
    if (seconds < 0)
        return -EBADMSG;
    err = check_signature(keyring, claim, (struct jt_mac_piece){body, size}, now_ms);
    if (err)
        return err;
    if (seconds - now_ms / MSEC_PER_SEC > JT_HOOK_WINDOW_S ||
        now_ms / MSEC_PER_SEC - seconds > JT_HOOK_WINDOW_S)
        return -EKEYEXPIRED;
    *sent_ms = seconds * MSEC_PER_SEC;
    return 0;
}
