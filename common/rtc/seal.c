#include "rtc/seal.h"

#include <assert.h>
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/ciphers.h"
#include "rtc/seal_backend.h"

enum {
    /* RFC 3711 §4.3.1: key_id is label || r, 7 bytes, right-aligned in the 14 of the salt */
    KDF_LABEL_OFFSET = 7,
    /* §4.3.2, relative to the first label of RTP (0) or RTCP (3) */
    LABEL_CIPHER = 0,
    LABEL_AUTH = 1,
    LABEL_SALT = 2,
};

struct jt_seal {
    enum jt_srtp_profile profile;
    void *state; /* the back end's */
    struct jt_srtcp srtcp;
};

/* Best first. */
static const struct jt_seal_backend *const backends[] = {&jt_seal_evp};
static const struct jt_seal_backend *backend;
static pthread_once_t backend_once = PTHREAD_ONCE_INIT;

static void choose_backend(void)
{
    for (size_t i = 0; i < JT_COUNT(backends) && !backend; i++)
        if (backends[i]->is_usable())
            backend = backends[i];
}

static const struct jt_seal_backend *chosen_backend(void)
{
    (void)pthread_once(&backend_once, choose_backend);
    return backend;
}

const char *jt_seal_backend_name(void)
{
    return chosen_backend() ? chosen_backend()->name : "none";
}

static bool is_known(enum jt_srtp_profile profile)
{
    return profile == JT_SRTP_AEAD_AES_128_GCM || profile == JT_SRTP_AES128_CM_SHA1_80;
}

/* RFC 3711 §4.3.3: AES-CM keystream with IV = (key_id XOR master_salt) * 2^16. For GCM the 12-byte
 * salt is padded with zeros on the right (RFC 7714 §11), which is what `salt` holds anyway. */
static int derive(EVP_CIPHER_CTX *ctx, const struct jt_srtp_keys *master, uint8_t label,
                  uint8_t *out, int size)
{
    uint8_t iv[JT_SRTP_IV_BYTES] = {0};
    int n = 0;

    memcpy(iv, master->salt, sizeof(master->salt));
    if (master->profile == JT_SRTP_AEAD_AES_128_GCM)
        memset(iv + 12, 0, 2); /* a caller may leave anything after the 12 */
    iv[KDF_LABEL_OFFSET] ^= label;
    memset(out, 0, (size_t)size);
    if (!EVP_EncryptInit_ex(ctx, jt_ciphers_get()->aes128_ctr, NULL, master->key, iv) ||
        !EVP_EncryptUpdate(ctx, out, &n, out, size) || n != size)
        return -ENOMEM;
    return 0;
}

int jt_session_derive(const struct jt_srtp_keys *master, enum jt_session_use use,
                      struct jt_session_keys *out)
{
    struct jt_session_keys keys = {.profile = master->profile};
    EVP_CIPHER_CTX *ctx;
    int salt_size = master->profile == JT_SRTP_AEAD_AES_128_GCM ? 12 : 14;
    uint8_t first = (uint8_t)use;
    int err;

    if (!is_known(master->profile))
        return -EINVAL;
    if (!jt_ciphers_get())
        return -ENOMEM;
    ctx = EVP_CIPHER_CTX_new();
    if (!ctx)
        return -ENOMEM;
    err = derive(ctx, master, first + LABEL_CIPHER, keys.cipher, sizeof(keys.cipher));
    if (!err)
        err = derive(ctx, master, first + LABEL_AUTH, keys.auth, sizeof(keys.auth));
    if (!err)
        err = derive(ctx, master, first + LABEL_SALT, keys.salt, salt_size);
    EVP_CIPHER_CTX_free(ctx);
    if (!err)
        *out = keys;
    OPENSSL_cleanse(&keys, sizeof(keys));
    return err;
}

int jt_seal_from_session(const struct jt_session_keys *rtp, const struct jt_session_keys *rtcp,
                         struct jt_seal **out)
{
    const struct jt_seal_backend *chosen = chosen_backend();
    struct jt_seal *seal;
    int err;

    if (!chosen)
        return -ENOSYS;
    seal = calloc(1, sizeof(*seal));
    if (!seal)
        return -ENOMEM;
    seal->profile = rtp->profile;
    jt_srtcp_init(&seal->srtcp, rtcp);
    err = chosen->state_new(rtp, &seal->state);
    if (err) {
        jt_seal_free(seal);
        return err;
    }
    *out = seal;
    return 0;
}

int jt_seal_new(const struct jt_srtp_keys *keys, struct jt_seal **out)
{
    struct jt_session_keys rtp = {0}, rtcp = {0};
    int err = jt_session_derive(keys, JT_SESSION_RTP, &rtp);

    if (!err)
        err = jt_session_derive(keys, JT_SESSION_RTCP, &rtcp);
    if (!err)
        err = jt_seal_from_session(&rtp, &rtcp, out);
    OPENSSL_cleanse(&rtp, sizeof(rtp));
    OPENSSL_cleanse(&rtcp, sizeof(rtcp));
    return err;
}

void jt_seal_free(struct jt_seal *seal)
{
    if (!seal)
        return;
    chosen_backend()->state_free(seal->state);
    jt_srtcp_deinit(&seal->srtcp);
    free(seal);
}

void *jt_seal_state(const struct jt_seal *seal)
{
    return seal->state;
}

enum jt_srtp_profile jt_seal_profile(const struct jt_seal *seal)
{
    return seal->profile;
}

uint16_t jt_seal_overhead(const struct jt_seal *seal)
{
    return seal->profile == JT_SRTP_AEAD_AES_128_GCM ? JT_SRTP_GCM_TAG_BYTES : JT_SRTP_CM_TAG_BYTES;
}

void jt_seal_rtp(const struct jt_seal_job *jobs, int count)
{
    assert(backend);
    backend->seal(jobs, count);
}

int jt_seal_rtcp(struct jt_seal *seal, uint32_t index, uint8_t *data, size_t *size, size_t capacity)
{
    return jt_srtcp_protect(&seal->srtcp, index, data, size, capacity);
}
