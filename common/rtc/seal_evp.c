/* The portable back end: one EVP context per viewer with the key set once; a packet sets only the
 * IV. */
#include <assert.h>
#include <errno.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "rtc/ciphers.h"
#include "rtc/seal_backend.h"

struct evp_state {
    EVP_CIPHER_CTX *ctx;
    uint8_t salt[JT_SRTP_IV_BYTES];
    struct jt_hmac_sha1 hmac; /* CM only */
};

static bool is_usable(void)
{
    return jt_ciphers_get() != NULL;
}

static void state_free(void *opaque)
{
    struct evp_state *state = opaque;

    if (!state)
        return;
    EVP_CIPHER_CTX_free(state->ctx); /* wipes its key */
    OPENSSL_cleanse(state, sizeof(*state));
    free(state);
}

static int state_new(const struct jt_session_keys *keys, void **out)
{
    bool is_gcm = keys->profile == JT_SRTP_AEAD_AES_128_GCM;
    const struct jt_ciphers *ciphers = jt_ciphers_get();
    struct evp_state *state = calloc(1, sizeof(*state));

    if (!state)
        return -ENOMEM;
    memcpy(state->salt, keys->salt, sizeof(keys->salt));
    if (!is_gcm)
        jt_hmac_sha1_init(&state->hmac, keys->auth, sizeof(keys->auth));
    state->ctx = EVP_CIPHER_CTX_new();
    if (!state->ctx ||
        !EVP_EncryptInit_ex(state->ctx, is_gcm ? ciphers->aes128_gcm : ciphers->aes128_ctr, NULL,
                            keys->cipher, NULL)) {
        state_free(state);
        return -ENOMEM;
    }
    *out = state;
    return 0;
}

static void xor_bytes(uint8_t *to, const uint8_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] ^= from[i];
}

static void xor_be32(uint8_t *to, uint32_t value)
{
    to[0] ^= (uint8_t)(value >> 24);
    to[1] ^= (uint8_t)(value >> 16);
    to[2] ^= (uint8_t)(value >> 8);
    to[3] ^= (uint8_t)value;
}

/* Offsets in the RTP header, RFC 3550 §5.1. */
enum { RTP_SEQUENCE = 2, RTP_SSRC = 8 };

static bool seal_gcm(const struct jt_seal_job *job, struct evp_state *state)
{
    uint8_t iv[JT_SRTP_IV_BYTES];
    uint8_t *body = job->out + job->header_size;
    int n = 0;

    /* RFC 7714 §8.1: 00 00 SSRC ROC SEQ, XOR salt */
    memcpy(iv, state->salt, sizeof(iv));
    xor_bytes(iv + 2, job->out + RTP_SSRC, 4);
    xor_be32(iv + 6, job->roc);
    xor_bytes(iv + 10, job->out + RTP_SEQUENCE, 2);
    return EVP_EncryptInit_ex(state->ctx, NULL, NULL, NULL, iv) &&
           EVP_EncryptUpdate(state->ctx, NULL, &n, job->out, job->header_size) &&
           (job->payload_size == 0 ||
            EVP_EncryptUpdate(state->ctx, body, &n, job->payload, job->payload_size)) &&
           EVP_EncryptFinal_ex(state->ctx, body + job->payload_size, &n) &&
           EVP_CIPHER_CTX_ctrl(state->ctx, EVP_CTRL_AEAD_GET_TAG, JT_SRTP_GCM_TAG_BYTES,
                               body + job->payload_size);
}

static bool seal_cm(const struct jt_seal_job *job, struct evp_state *state)
{
    uint8_t iv[JT_SRTP_IV_BYTES], roc[4] = {0}, tag[JT_HMAC_SHA1_BYTES];
    uint8_t *body = job->out + job->header_size;
    int n = 0;

    /* RFC 3711 §4.1.1: salt * 2^16 XOR SSRC * 2^64 XOR index * 2^16; the index is ROC || SEQ */
    memcpy(iv, state->salt, sizeof(iv));
    xor_bytes(iv + 4, job->out + RTP_SSRC, 4);
    xor_be32(iv + 8, job->roc);
    xor_bytes(iv + 12, job->out + RTP_SEQUENCE, 2);
    if (!EVP_EncryptInit_ex(state->ctx, NULL, NULL, NULL, iv) ||
        (job->payload_size > 0 &&
         !EVP_EncryptUpdate(state->ctx, body, &n, job->payload, job->payload_size)))
        return false;
    xor_be32(roc, job->roc);
    jt_hmac_sha1_tag(&state->hmac, job->out, (size_t)job->header_size + job->payload_size, roc,
                     sizeof(roc), tag);
    memcpy(body + job->payload_size, tag, JT_SRTP_CM_TAG_BYTES);
    return true;
}

static void seal_one(const struct jt_seal_job *job)
{
    struct evp_state *state = jt_seal_state(job->seal);
    bool is_gcm = jt_seal_profile(job->seal) == JT_SRTP_AEAD_AES_128_GCM;
    bool is_sealed = is_gcm ? seal_gcm(job, state) : seal_cm(job, state);

    /* Nothing here can fail for a context with a key. Should it: the peer drops a zeroed packet,
     * and no clear text leaves. */
    assert(is_sealed);
    if (!is_sealed)
        memset(job->out + job->header_size, 0,
               (size_t)job->payload_size + jt_seal_overhead(job->seal));
}

static void seal(const struct jt_seal_job *jobs, int count)
{
    for (int i = 0; i < count; i++)
        seal_one(&jobs[i]);
}

const struct jt_seal_backend jt_seal_evp = {
    .name = "openssl",
    .is_usable = is_usable,
    .state_new = state_new,
    .state_free = state_free,
    .seal = seal,
};
