#include "chat/live/link.h"

#include <stdint.h>
#include <string.h>

#include "chat/access/secret.h"

/* 32 of the 36, without those that look alike: five bits a character. */
static const char alphabet[] = "abcdefghjkmnpqrstuvwxyz023456789";

_Static_assert(sizeof(alphabet) == 32 + 1, "five bits");

void live_link_new(char out[STORE_LINK_CHARACTERS + 1])
{
    char secret[ACCESS_SECRET_CHARACTERS + 1];
    uint8_t bytes[ACCESS_HASH_BYTES];

    access_secret_new(secret);
    access_secret_hash(secret, strlen(secret), bytes);
    for (int i = 0; i < STORE_LINK_CHARACTERS; i++)
        out[i] = alphabet[bytes[i] & 31];
    out[STORE_LINK_CHARACTERS] = '\0';
}
