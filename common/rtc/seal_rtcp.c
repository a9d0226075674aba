/* SRTCP both ways. Rare beside RTP (one packet in a hundred), so it keeps 230 bytes of keys per
 * direction and borrows a cipher context for each packet, instead of holding 1.2 KB per direction
 * and viewer. */
#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"
#include "rtc/ciphers.h"
#include "rtc/seal.h"
#include "rtc/seal_backend.h"

enum {
    HEADER_BYTES = 8, /* RFC 3711 §3.4: first header and sender SSRC stay clear */
    SSRC_OFFSET = 4,
    INDEX_BYTES = 4,
    WINDOW_PACKETS = 128,    /* ours; RFC 3711 §3.3.2 asks for 64 or more */
    PACKET_MAX_BYTES = 1500, /* ours: an Ethernet frame */
};

static const uint32_t ENCRYPTED_BIT = 1U << 31; /* E; the index has 31 bits */

struct jt_unseal {
    struct jt_srtcp srtcp;
    bool has_index;
    uint32_t highest;
    uint64_t seen[WINDOW_PACKETS / 64]; /* bit n: highest - n came */
};

static size_t tag_size(const struct jt_srtcp *srtcp)
{
    return srtcp->keys.profile == JT_SRTP_AEAD_AES_128_GCM ? JT_SRTP_GCM_TAG_BYTES
                                                           : JT_SRTP_CM_TAG_BYTES;
}

void jt_srtcp_init(struct jt_srtcp *srtcp, const struct jt_session_keys *keys)
{
    srtcp->keys = *keys;
    jt_hmac_sha1_init(&srtcp->hmac, keys->auth, sizeof(keys->auth));
}

void jt_srtcp_deinit(struct jt_srtcp *srtcp)
{
    OPENSSL_cleanse(srtcp, sizeof(*srtcp));
}

static void put_be32(uint8_t out[4], uint32_t value)
{
    struct jt_writer w = jt_writer_of(out, 4);

    jt_write_be32(&w, value);
}

/* GCM, RFC 7714 §9.1: 00 00 SSRC 00 00 index. CM, RFC 3711 §4.1.1: 00 00 00 00 SSRC 00 00 index 00
 * 00. XOR salt. */
static void make_iv(const struct jt_srtcp *srtcp, uint32_t index, const uint8_t *packet,
                    uint8_t iv[JT_SRTP_IV_BYTES])
{
    size_t ssrc_at = srtcp->keys.profile == JT_SRTP_AEAD_AES_128_GCM ? 2 : 4;
    uint8_t number[4];

    put_be32(number, index);
    memset(iv, 0, JT_SRTP_IV_BYTES);
    memcpy(iv, srtcp->keys.salt, sizeof(srtcp->keys.salt));
    for (size_t i = 0; i < 4; i++) {
        iv[ssrc_at + i] ^= packet[SSRC_OFFSET + i];
        iv[ssrc_at + 6 + i] ^= number[i];
    }
}

/* One GCM pass over `size` bytes after the header. `trailer` is E || index, authenticated as
 * written (RFC 7714 §9.3). */
static bool gcm(const struct jt_srtcp *srtcp, const uint8_t *iv, const uint8_t *trailer,
                uint8_t *packet, size_t size, bool is_sealing)
{
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    uint8_t *body = packet + HEADER_BYTES;
    int n = 0;
    bool ok = ctx &&
              EVP_CipherInit_ex(ctx, jt_ciphers_get()->aes128_gcm, NULL, srtcp->keys.cipher, iv,
                                is_sealing) &&
              EVP_CipherUpdate(ctx, NULL, &n, packet, HEADER_BYTES) &&
              EVP_CipherUpdate(ctx, NULL, &n, trailer, INDEX_BYTES) &&
              (size == 0 || EVP_CipherUpdate(ctx, body, &n, body, (int)size)) &&
              (is_sealing || EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, JT_SRTP_GCM_TAG_BYTES,
                                                 body + size)) &&
              EVP_CipherFinal_ex(ctx, body + size, &n) > 0 &&
              (!is_sealing ||
               EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_GET_TAG, JT_SRTP_GCM_TAG_BYTES, body + size));

    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

static bool counter_mode(const struct jt_srtcp *srtcp, const uint8_t *iv, uint8_t *body,
                         size_t size)
{
    EVP_CIPHER_CTX *ctx;
    int n = 0;
    bool ok;

    if (size == 0)
        return true;
    ctx = EVP_CIPHER_CTX_new();
    ok = ctx &&
         EVP_EncryptInit_ex(ctx, jt_ciphers_get()->aes128_ctr, NULL, srtcp->keys.cipher, iv) &&
         EVP_EncryptUpdate(ctx, body, &n, body, (int)size);
    EVP_CIPHER_CTX_free(ctx);
    return ok;
}

int jt_srtcp_protect(const struct jt_srtcp *srtcp, uint32_t index, uint8_t *data, size_t *size,
                     size_t capacity)
{
    size_t tag = tag_size(srtcp);
    uint8_t iv[JT_SRTP_IV_BYTES], trailer[INDEX_BYTES], mac[JT_HMAC_SHA1_BYTES];
    size_t body;

    if (*size < HEADER_BYTES || index & ENCRYPTED_BIT)
        return -EINVAL;
    if (*size > PACKET_MAX_BYTES || capacity < *size + tag + INDEX_BYTES)
        return -EMSGSIZE;
    body = *size - HEADER_BYTES;
    make_iv(srtcp, index, data, iv);
    put_be32(trailer, ENCRYPTED_BIT | index);
    if (srtcp->keys.profile == JT_SRTP_AEAD_AES_128_GCM) {
        if (!gcm(srtcp, iv, trailer, data, body, true))
            return -ENOMEM;
        memcpy(data + *size + tag, trailer, INDEX_BYTES);
    } else {
        if (!counter_mode(srtcp, iv, data + HEADER_BYTES, body))
            return -ENOMEM;
        memcpy(data + *size, trailer, INDEX_BYTES);
        jt_hmac_sha1_tag(&srtcp->hmac, data, *size + INDEX_BYTES, NULL, 0, mac);
        memcpy(data + *size + INDEX_BYTES, mac, tag);
    }
    *size += tag + INDEX_BYTES;
    return 0;
}

int jt_unseal_from_session(const struct jt_session_keys *rtcp, struct jt_unseal **out)
{
    struct jt_unseal *unseal = calloc(1, sizeof(*unseal));

    if (!unseal)
        return -ENOMEM;
    jt_srtcp_init(&unseal->srtcp, rtcp);
    *out = unseal;
    return 0;
}

int jt_unseal_new(const struct jt_srtp_keys *keys, struct jt_unseal **out)
{
    struct jt_session_keys rtcp = {0};
    int err = jt_session_derive(keys, JT_SESSION_RTCP, &rtcp);

    if (!err)
        err = jt_unseal_from_session(&rtcp, out);
    OPENSSL_cleanse(&rtcp, sizeof(rtcp));
    return err;
}

void jt_unseal_free(struct jt_unseal *unseal)
{
    if (!unseal)
        return;
    jt_srtcp_deinit(&unseal->srtcp);
    free(unseal);
}

/* RFC 3711 §3.3.2; an SRTCP index never wraps within a session. */
static bool is_replay(const struct jt_unseal *unseal, uint32_t index)
{
    uint32_t age;

    if (!unseal->has_index || index > unseal->highest)
        return false;
    age = unseal->highest - index;
    return age >= WINDOW_PACKETS || (unseal->seen[age / 64] >> (age % 64) & 1);
}

static void slide(struct jt_unseal *unseal, uint32_t by)
{
    if (by >= WINDOW_PACKETS) {
        memset(unseal->seen, 0, sizeof(unseal->seen));
        return;
    }
    if (by >= 64) {
        unseal->seen[1] = unseal->seen[0];
        unseal->seen[0] = 0;
        by -= 64;
    }
    if (by > 0) {
        unseal->seen[1] = unseal->seen[1] << by | unseal->seen[0] >> (64 - by);
        unseal->seen[0] <<= by;
    }
}

static void remember(struct jt_unseal *unseal, uint32_t index)
{
    uint32_t age;

    if (!unseal->has_index || index > unseal->highest) {
        slide(unseal, unseal->has_index ? index - unseal->highest : WINDOW_PACKETS);
        unseal->highest = index;
        unseal->has_index = true;
    }
    age = unseal->highest - index;
    unseal->seen[age / 64] |= UINT64_C(1) << (age % 64);
}

/* Where a packet's parts lie: header, body, then tag and index (GCM) or index and tag (CM). */
struct layout {
    size_t body_size;
    const uint8_t *tag, *trailer;
    uint32_t word; /* the trailer read: E || index */
};

static int read_layout(const struct jt_srtcp *srtcp, const uint8_t *data, size_t size,
                       struct layout *out)
{
    struct jt_reader r = jt_reader_of(data, size);
    bool is_gcm = srtcp->keys.profile == JT_SRTP_AEAD_AES_128_GCM;
    size_t tail = tag_size(srtcp) + INDEX_BYTES;
    struct jt_reader word;

    if (size < HEADER_BYTES + tail || size > PACKET_MAX_BYTES)
        return -EBADMSG;
    out->body_size = size - HEADER_BYTES - tail;
    (void)jt_reader_take(&r, HEADER_BYTES + out->body_size);
    if (is_gcm)
        out->tag = jt_reader_take(&r, tag_size(srtcp));
    out->trailer = jt_reader_take(&r, INDEX_BYTES);
    if (!is_gcm)
        out->tag = jt_reader_take(&r, tag_size(srtcp));
    word = jt_reader_of(out->trailer, INDEX_BYTES);
    out->word = jt_read_be32(&word);
    return 0;
}

static bool open_packet(const struct jt_srtcp *srtcp, const struct layout *layout, uint8_t *data)
{
    uint8_t iv[JT_SRTP_IV_BYTES], mac[JT_HMAC_SHA1_BYTES];

    make_iv(srtcp, layout->word & ~ENCRYPTED_BIT, data, iv);
    if (srtcp->keys.profile == JT_SRTP_AEAD_AES_128_GCM)
        return gcm(srtcp, iv, layout->trailer, data, layout->body_size, false);
    jt_hmac_sha1_tag(&srtcp->hmac, data, HEADER_BYTES + layout->body_size + INDEX_BYTES, NULL, 0,
                     mac);
    return CRYPTO_memcmp(mac, layout->tag, JT_SRTP_CM_TAG_BYTES) == 0 &&
           counter_mode(srtcp, iv, data + HEADER_BYTES, layout->body_size);
}

int jt_unseal_rtcp(struct jt_unseal *unseal, uint8_t *data, size_t *size)
{
    struct layout layout = {0};
    uint32_t index;

    if (read_layout(&unseal->srtcp, data, *size, &layout))
        return -EBADMSG;
    index = layout.word & ~ENCRYPTED_BIT;
    if (!(layout.word & ENCRYPTED_BIT) || is_replay(unseal, index))
        return -EBADMSG;
    if (!open_packet(&unseal->srtcp, &layout, data))
        return -EBADMSG;
    remember(unseal, index);
    *size = HEADER_BYTES + layout.body_size;
    return 0;
}
