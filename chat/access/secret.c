#include "chat/access/secret.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <sodium.h>

#include "token/base64url.h"

void access_secret_new(char out[ACCESS_SECRET_CHARACTERS + 1])
{
    uint8_t bytes[ACCESS_SECRET_BYTES];

    randombytes_buf(bytes, sizeof(bytes)); /* getrandom(2); aborts rather than return less */
    jt_base64url_write(bytes, sizeof(bytes), out);
    sodium_memzero(bytes, sizeof(bytes));
}

bool access_secret_is_valid(const char *text, size_t size)
{
    uint8_t bytes[ACCESS_SECRET_BYTES];
    bool is_valid = size == ACCESS_SECRET_CHARACTERS &&
                    jt_base64url_read(text, size, bytes, sizeof(bytes)) == ACCESS_SECRET_BYTES;

    sodium_memzero(bytes, sizeof(bytes));
    return is_valid;
}

void access_secret_hash(const void *text, size_t size, uint8_t out[ACCESS_HASH_BYTES])
{
    (void)SHA256(text, size, out);
}
