/* OpenSSL 3 calls SHA1_* deprecated. Its successor allocates a context for every copy of a saved
 * state, which is most of what a small packet's tag costs, and can fail there; these work on plain
 * memory. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "rtc/hmac_sha1.h"

#include <openssl/crypto.h>
#include <string.h>

enum { BLOCK_BYTES = SHA_CBLOCK, INNER_PAD = 0x36, OUTER_PAD = 0x5c };

static void start(SHA_CTX *sha, const uint8_t key[BLOCK_BYTES], uint8_t pad)
{
    uint8_t block[BLOCK_BYTES];

    for (size_t i = 0; i < BLOCK_BYTES; i++)
        block[i] = key[i] ^ pad;
    (void)SHA1_Init(sha);
    (void)SHA1_Update(sha, block, sizeof(block));
    OPENSSL_cleanse(block, sizeof(block));
}

void jt_hmac_sha1_init(struct jt_hmac_sha1 *hmac, const void *key, size_t key_size)
{
    uint8_t block[BLOCK_BYTES] = {0};

    if (key_size > sizeof(block))
        (void)SHA1(key, key_size, block);
    else if (key_size > 0)
        memcpy(block, key, key_size);
    start(&hmac->inner, block, INNER_PAD);
    start(&hmac->outer, block, OUTER_PAD);
    OPENSSL_cleanse(block, sizeof(block));
}

void jt_hmac_sha1_tag(const struct jt_hmac_sha1 *hmac, const void *data, size_t data_size,
                      const void *tail, size_t tail_size, uint8_t out[JT_HMAC_SHA1_BYTES])
{
    SHA_CTX sha = hmac->inner;
    uint8_t inner[JT_HMAC_SHA1_BYTES];

    (void)SHA1_Update(&sha, data, data_size);
    if (tail_size > 0)
        (void)SHA1_Update(&sha, tail, tail_size);
    (void)SHA1_Final(inner, &sha);
    sha = hmac->outer;
    (void)SHA1_Update(&sha, inner, sizeof(inner));
    (void)SHA1_Final(out, &sha);
}
