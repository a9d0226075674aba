/* The DTLS client's side of a viewer (OpenSSL), and the SRTP keys it agrees on (libsrtp). */
#include <errno.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "client.h"

enum { KEY = 16 };

static SSL_CTX *context;
static char fingerprint[3 * EVP_MAX_MD_SIZE];

static int accept_any(int ok, X509_STORE_CTX *store)
{
    (void)ok;
    (void)store;
    return 1;
}

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();

    (void)ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    (void)X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    (void)X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    (void)X509_set_pubkey(certificate, key);
    (void)X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                                     (const unsigned char *)"viewer", -1, -1, 0);
    (void)X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    (void)X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

int dtls_global_init(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(key);
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    (void)X509_digest(certificate, EVP_sha256(), digest, &size);
    for (unsigned i = 0; i < size; i++)
        (void)snprintf(fingerprint + 3 * i, 4, "%02X%s", digest[i], i + 1 < size ? ":" : "");
    context = SSL_CTX_new(DTLS_client_method());
    (void)SSL_CTX_use_certificate(context, certificate);
    (void)SSL_CTX_use_PrivateKey(context, key);
    (void)SSL_CTX_set_tlsext_use_srtp(context, "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80");
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, accept_any);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return srtp_init() == srtp_err_status_ok ? 0 : -EIO;
}

const char *dtls_fingerprint(void)
{
    return fingerprint;
}

void random_text(char *out, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[32];

    (void)RAND_bytes(bytes, (int)size);
    for (size_t i = 0; i < size; i++)
        out[i] = alphabet[bytes[i] % 64];
    out[size] = '\0';
}

static void flush(struct dtls *dtls, int fd)
{
    uint8_t flight[16384];
    int n = BIO_read(dtls->out, flight, sizeof(flight));

    for (int at = 0; n - at >= 13;) { /* one record a datagram */
        int size = 13 + (flight[at + 11] << 8 | flight[at + 12]);

        (void)!send(fd, flight + at, (size_t)size, 0);
        at += size;
    }
}

static srtp_t make_srtp(const uint8_t *key, const uint8_t *salt, size_t salt_size, bool gcm,
                        bool inbound)
{
    uint8_t material[KEY + 14];
    srtp_policy_t policy = {.key = material, .window_size = 8192, .allow_repeat_tx = 1};
    srtp_t srtp = NULL;

    memcpy(material, key, KEY);
    memcpy(material + KEY, salt, salt_size);
    if (gcm) {
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtp);
        srtp_crypto_policy_set_aes_gcm_128_16_auth(&policy.rtcp);
    } else {
        srtp_crypto_policy_set_rtp_default(&policy.rtp);
        srtp_crypto_policy_set_rtcp_default(&policy.rtcp);
    }
    policy.ssrc.type = inbound ? ssrc_any_inbound : ssrc_any_outbound;
    return srtp_create(&srtp, &policy) == srtp_err_status_ok ? srtp : NULL;
}

/* client key, server key, client salt, server salt (RFC 5764 §4.2). */
static enum dtls_result take_keys(struct dtls *dtls, bool opens)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(dtls->ssl);
    bool gcm = profile && profile->id == SRTP_AEAD_AES_128_GCM;
    size_t salt = gcm ? 12 : 14;
    uint8_t material[2 * KEY + 2 * 14];

    if (!profile || SSL_export_keying_material(dtls->ssl, material, 2 * KEY + 2 * salt,
                                               "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
        return DTLS_FAILED;
    dtls->srtp_out = make_srtp(material, material + 2 * KEY, salt, gcm, false);
    if (opens)
        dtls->srtp_in = make_srtp(material + KEY, material + 2 * KEY + salt, salt, gcm, true);
    return dtls->srtp_out && (dtls->srtp_in || !opens) ? DTLS_READY : DTLS_FAILED;
}

static enum dtls_result step(struct dtls *dtls, int fd, bool opens)
{
    int n = SSL_do_handshake(dtls->ssl);

    flush(dtls, fd);
    if (n == 1)
        return take_keys(dtls, opens);
    return SSL_get_error(dtls->ssl, n) == SSL_ERROR_WANT_READ ? DTLS_WAITS : DTLS_FAILED;
}

enum dtls_result dtls_start(struct dtls *dtls, int fd, bool opens)
{
    dtls->ssl = SSL_new(context);
    dtls->in = BIO_new(BIO_s_mem());
    dtls->out = BIO_new(BIO_s_mem());
    (void)BIO_set_mem_eof_return(dtls->in, -1);
    (void)BIO_set_mem_eof_return(dtls->out, -1);
    SSL_set_bio(dtls->ssl, dtls->in, dtls->out);
    (void)SSL_set_options(dtls->ssl, SSL_OP_NO_QUERY_MTU);
    (void)DTLS_set_link_mtu(dtls->ssl, 1200);
    SSL_set_connect_state(dtls->ssl);
    return step(dtls, fd, opens);
}

enum dtls_result dtls_receive(struct dtls *dtls, int fd, bool opens, const uint8_t *data,
                              size_t size)
{
    (void)BIO_write(dtls->in, data, (int)size);
    return step(dtls, fd, opens);
}

void dtls_tick(struct dtls *dtls, int fd)
{
    if (DTLSv1_handle_timeout(dtls->ssl) > 0)
        flush(dtls, fd);
}

void dtls_free(struct dtls *dtls)
{
    SSL_free(dtls->ssl);
    if (dtls->srtp_in)
        (void)srtp_dealloc(dtls->srtp_in);
    if (dtls->srtp_out)
        (void)srtp_dealloc(dtls->srtp_out);
}
