/**
 * What the folder needs of OpenSSL, fetched once: an implicit fetch at every init costs more than a
 * packet. Any thread.
 */
#ifndef JT_RTC_CIPHERS_H
#define JT_RTC_CIPHERS_H

#include <openssl/evp.h>

struct jt_ciphers {
    EVP_CIPHER *aes128_gcm;
    EVP_CIPHER *aes128_ctr;
};

/** Fetched at the first call; lives as long as the process. NULL when OpenSSL cannot give them. */
const struct jt_ciphers *jt_ciphers_get(void);

#endif
