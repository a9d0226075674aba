#include "rtc/ciphers.h"

#include <pthread.h>

static struct jt_ciphers ciphers;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void fetch(void)
{
    ciphers.aes128_gcm = EVP_CIPHER_fetch(NULL, "AES-128-GCM", NULL);
    ciphers.aes128_ctr = EVP_CIPHER_fetch(NULL, "AES-128-CTR", NULL);
}

const struct jt_ciphers *jt_ciphers_get(void)
{
    (void)pthread_once(&once, fetch);
    return ciphers.aes128_gcm && ciphers.aes128_ctr ? &ciphers : NULL;
}
