/*
 * What a token may make its reader do. The first byte chooses: the input as it is, or as the claims of a token signed with
 * the right key (nobody gets past the MAC by luck). What is accepted must keep the promises of token.h.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../unit/token/keys.h"
#include "token/base64url.h"
#include "token/mac.h"
#include "token/token.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CLAIMS_MAX_BYTES = 2048 };

static const int64_t now = 1700000000000;
static struct jt_keyring *keyring;

static void check_base64url(const char *text, size_t size)
{
    uint8_t bytes[4096];
    char again[sizeof(bytes) / 3 * 4 + 8];
    int n = jt_base64url_read(text, size, bytes, sizeof(bytes));

    if (n < 0)
        return;
    jt_base64url_write(bytes, (size_t)n, again);
    if (strlen(again) != size || memcmp(again, text, size) != 0)
        abort(); /* a second spelling */
}

static int verify(const char *text, size_t size)
{
    struct jt_token token;
    int err = jt_token_verify(keyring, text, size, JT_TOKEN_PLAY, "relay", now, &token);

    if (err)
        return err;
    if (size > JT_TOKEN_MAX_BYTES || token.purpose != JT_TOKEN_PLAY ||
        token.key_id != KEYS_TOKEN_ID || strcmp(token.audience, "relay") != 0 ||
        !token.subject[0] || strlen(token.subject) > JT_TOKEN_SUBJECT_MAX_BYTES ||
        token.expires_ms - token.issued_ms > jt_token_purpose_life_ms(JT_TOKEN_PLAY) ||
        token.expires_ms + JT_TOKEN_LEEWAY_MS <= now || token.issued_ms > now + JT_TOKEN_LEEWAY_MS)
        abort();
    return 0;
}

static void verify_signed(const uint8_t *claims, size_t size)
{
    char text[CLAIMS_MAX_BYTES * 2] = "jt1.";
    uint8_t mac[JT_MAC_BYTES];
    uint32_t key_id = KEYS_TOKEN_ID;
    size_t n;

    if (size > CLAIMS_MAX_BYTES)
        return;
    jt_base64url_write(claims, size, text + 4);
    n = strlen(text);
    if (jt_keyring_mac(keyring, JT_KEYS_TOKEN, &key_id, 0, &(struct jt_mac_piece){text, n}, 1, mac))
        abort();
    text[n++] = '.';
    jt_base64url_write(mac, sizeof(mac), text + n);
    (void)verify(text, n + 43);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!keyring)
        keyring = keys_open();
    if (size == 0)
        return 0;
    if (data[0] & 1) {
        verify_signed(data + 1, size - 1);
        return 0;
    }
    (void)verify((const char *)data + 1, size - 1);
    if (size <= 4096)
        check_base64url((const char *)data + 1, size - 1);
    return 0;
}
