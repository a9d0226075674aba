#include "token/mac.h"

#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

static int mac_pieces(EVP_MAC_CTX *context, const uint8_t *key, size_t key_size,
                      const struct jt_mac_piece *pieces, size_t count, uint8_t out[JT_MAC_BYTES])
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_end(),
    };
    size_t written = 0;

    if (!EVP_MAC_init(context, key, key_size, params))
        return -EIO;
    for (size_t i = 0; i < count; i++)
        if (!EVP_MAC_update(context, pieces[i].data, pieces[i].size))
            return -EIO;
    if (!EVP_MAC_final(context, out, &written, JT_MAC_BYTES) || written != JT_MAC_BYTES)
        return -EIO;
    return 0;
}

bool jt_mac_is_equal(const uint8_t a[JT_MAC_BYTES], const uint8_t b[JT_MAC_BYTES])
{
    return CRYPTO_memcmp(a, b, JT_MAC_BYTES) == 0;
}

int jt_mac(const uint8_t *key, size_t key_size, const struct jt_mac_piece *pieces, size_t count,
           uint8_t out[JT_MAC_BYTES])
{
    EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = algorithm ? EVP_MAC_CTX_new(algorithm) : NULL;
    int err = context ? mac_pieces(context, key, key_size, pieces, count, out) : -EIO;

    EVP_MAC_CTX_free(context); /* wipes the key's pads */
    EVP_MAC_free(algorithm);
    return err;
}

int jt_keyring_mac(struct jt_keyring *keyring, enum jt_key_family family, uint32_t *id,
                   int64_t now_ms, const struct jt_mac_piece *pieces, size_t count,
                   uint8_t out[JT_MAC_BYTES])
{
    uint8_t key[JT_KEY_BYTES];
    int err = jt_keyring_key(keyring, family, id, now_ms, key);

    if (!err)
        err = jt_mac(key, sizeof(key), pieces, count, out);
    OPENSSL_cleanse(key, sizeof(key));
    return err;
}
