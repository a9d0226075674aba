#include "rtc/dtls_identity.h"

#include <errno.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/reader.h"
#include "rtc/dtls_record.h"

enum {
    DAY_S = 24 * 60 * 60,
    VALID_DAYS = 365, /* peers go by the fingerprint, not by dates */
    SERIAL_BITS = 127,
};

static const char CIPHERS[] =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384";
static char GROUPS[] =
    "X25519:P-256"; /* X25519 first: 15 % of a handshake's cost. Not const: see the macro below */
static const char SRTP_PROFILES[] = "SRTP_AEAD_AES_128_GCM:SRTP_AES128_CM_SHA1_80";

int jt_dtls_certificate_digest(const X509 *certificate, uint8_t out[JT_DTLS_FINGERPRINT_BYTES])
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned size = 0;

    if (!X509_digest(certificate, EVP_sha256(), digest, &size) || size != JT_DTLS_FINGERPRINT_BYTES)
        return -ENOMEM;
    for (unsigned i = 0; i < size; i++)
        out[i] = digest[i];
    return 0;
}

static bool set_serial(X509 *certificate)
{
    BIGNUM *serial = BN_new();
    bool ok = serial && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) &&
              BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(certificate));

    BN_free(serial);
    return ok;
}

/* Self-signed: in WebRTC the fingerprint in the SDP is what is trusted (RFC 8122 §5). */
static X509 *make_certificate(EVP_PKEY *key)
{
    static const unsigned char name[] = "jangteo";
    X509 *certificate = X509_new();
    X509_NAME *subject;

    if (!certificate)
        return NULL;
    subject = X509_get_subject_name(certificate);
    if (X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
        X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY_S) &&
        X509_gmtime_adj(X509_getm_notAfter(certificate), (long)VALID_DAYS * DAY_S) &&
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, name, -1, -1, 0) &&
        X509_set_issuer_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
        X509_sign(certificate, key, EVP_sha256()))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static int on_verify(X509_STORE_CTX *store, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct jt_dtls *dtls = SSL_get_app_data(ssl);

    (void)arg;
    if (jt_dtls_on_certificate(dtls, X509_STORE_CTX_get0_cert(store)))
        return 1;
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_REJECTED); /* sends bad_certificate */
    return 0;
}

/* RFC 5764 §4.1.1: a list of 2-byte profiles after its size in bytes, then the MKI. */
static bool offers_our_profile(const unsigned char *data, size_t size)
{
    struct jt_reader r = jt_reader_of(data, size);
    struct jt_reader list = jt_reader_sub(&r, jt_read_be16(&r));

    while (!list.failed && list.left > 0) {
        uint16_t profile = jt_read_be16(&list);

        if (!list.failed &&
            (profile == JT_SRTP_AEAD_AES_128_GCM || profile == JT_SRTP_AES128_CM_SHA1_80))
            return true;
    }
    return false;
}

/* OpenSSL would finish a handshake without use_srtp; for us that is a failure (RFC 8827 §6.5). */
static int on_client_hello(SSL *ssl, int *alert, void *arg)
{
    const unsigned char *data = NULL;
    size_t size = 0;

    (void)arg;
    if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_use_srtp, &data, &size) &&
        offers_our_profile(data, size))
        return SSL_CLIENT_HELLO_SUCCESS;
    jt_dtls_on_no_srtp_profile(SSL_get_app_data(ssl));
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
}

static bool configure(SSL_CTX *ctx, EVP_PKEY *key, X509 *certificate)
{
    /* SSL_CTX_set_tlsext_use_srtp alone answers 0 for success. */
    if (!SSL_CTX_set_min_proto_version(ctx, DTLS1_2_VERSION) ||
        !SSL_CTX_set_max_proto_version(ctx, DTLS1_2_VERSION) ||
        !SSL_CTX_set_cipher_list(ctx, CIPHERS) || !SSL_CTX_set1_groups_list(ctx, GROUPS) ||
        SSL_CTX_set_tlsext_use_srtp(ctx, SRTP_PROFILES) ||
        !SSL_CTX_use_certificate(ctx, certificate) || !SSL_CTX_use_PrivateKey(ctx, key))
        return false;
    SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION |
                                 SSL_OP_NO_QUERY_MTU);
    /* A resumed session would show no certificate (D2). */
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(ctx, JT_DTLS_MESSAGE_MAX_BYTES);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(ctx, on_verify, NULL);
    SSL_CTX_set_client_hello_cb(ctx, on_client_hello, NULL);
    return true;
}

static int print_fingerprint(const X509 *certificate, char text[JT_DTLS_FINGERPRINT_TEXT_BYTES])
{
    uint8_t digest[JT_DTLS_FINGERPRINT_BYTES];
    int err = jt_dtls_certificate_digest(certificate, digest);

    if (err)
        return err;
    for (size_t i = 0; i < sizeof(digest); i++)
        (void)snprintf(text + 3 * i, 3, "%02X", digest[i]);
    for (size_t i = 1; i < sizeof(digest); i++)
        text[3 * i - 1] = ':';
    return 0;
}

int jt_dtls_identity_new(struct jt_dtls_identity **out)
{
    struct jt_dtls_identity *identity = calloc(1, sizeof(*identity));
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? make_certificate(key) : NULL;
    int err = -ENOMEM;

    if (!identity || !certificate)
        goto done;
    identity->ctx = SSL_CTX_new(DTLS_server_method());
    if (!identity->ctx || !configure(identity->ctx, key, certificate))
        goto done;
    err = print_fingerprint(certificate, identity->fingerprint);

done:
    X509_free(certificate);
    EVP_PKEY_free(key);
    if (err)
        jt_dtls_identity_free(identity);
    else
        *out = identity;
    return err;
}

void jt_dtls_identity_free(struct jt_dtls_identity *identity)
{
    if (!identity)
        return;
    SSL_CTX_free(identity->ctx);
    free(identity);
}

const char *jt_dtls_identity_fingerprint(const struct jt_dtls_identity *identity)
{
    return identity->fingerprint;
}
