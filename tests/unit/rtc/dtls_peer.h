/* The other side of a call in tests: OpenSSL's own DTLS client, with nothing of ours in it. Its
 * datagrams are cut as a UDP socket would carry them. Included by one test each. */
#ifndef JT_TESTS_DTLS_PEER_H
#define JT_TESTS_DTLS_PEER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>

#ifndef PEER_QUEUE_MAX
#define PEER_QUEUE_MAX 2048
#endif
enum { PEER_DATAGRAM_MAX = 1600 };

struct datagram {
    size_t size;
    uint8_t data[PEER_DATAGRAM_MAX];
};

/* A wire: what was sent and not yet taken. */
struct wire {
    struct datagram items[PEER_QUEUE_MAX];
    size_t first, count;
};

static inline void wire_push(struct wire *wire, const uint8_t *data, size_t size)
{
    struct datagram *item = &wire->items[(wire->first + wire->count) % PEER_QUEUE_MAX];

    assert_true(wire->count < PEER_QUEUE_MAX);
    assert_true(size <= sizeof(item->data));
    memcpy(item->data, data, size);
    item->size = size;
    wire->count++;
}

static inline bool wire_pop(struct wire *wire, struct datagram *out)
{
    if (wire->count == 0)
        return false;
    *out = wire->items[wire->first];
    wire->first = (wire->first + 1) % PEER_QUEUE_MAX;
    wire->count--;
    return true;
}

struct peer_options {
    const char *ciphers, *srtp; /* NULL: OpenSSL's own, no use_srtp at all */
    int version;                /* 0: 1.2 */
    int link_mtu;               /* 0: 1200 */
    size_t filler_bytes;        /* an unknown extension of that size in the ClientHello */
    bool has_no_certificate;
    unsigned retransmit_us; /* 0: never */
    SSL_SESSION *resume;
};

struct peer {
    SSL_CTX *ctx;
    SSL *ssl;
    BIO *in, *out;
    X509 *certificate;
    uint8_t fingerprint[32];
    bool is_done, is_failed;
    size_t filler_bytes;
    unsigned retransmit_us;
};

static inline unsigned peer_timer(SSL *ssl, unsigned current_us)
{
    const struct peer *peer = SSL_get_app_data(ssl);

    (void)current_us;
    return peer->retransmit_us ? peer->retransmit_us : 3600U * 1000 * 1000;
}

static inline int peer_verify(X509_STORE_CTX *store, void *arg)
{
    (void)store;
    (void)arg;
    return 1;
}

static inline int peer_add_filler(SSL *ssl, unsigned type, unsigned context,
                                  const unsigned char **out, size_t *size, X509 *x, size_t chain,
                                  int *alert, void *arg)
{
    static const unsigned char zeros[4096];
    const struct peer *peer = arg;

    (void)ssl;
    (void)type;
    (void)context;
    (void)x;
    (void)chain;
    (void)alert;
    *out = zeros;
    *size = peer->filler_bytes;
    return 1;
}

static inline void peer_certify(struct peer *peer, bool is_used)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    unsigned size = 0;

    assert_non_null(key);
    assert_non_null(x);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 7);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(X509_digest(x, EVP_sha256(), peer->fingerprint, &size), 1);
    if (is_used) {
        assert_int_equal(SSL_CTX_use_certificate(peer->ctx, x), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey(peer->ctx, key), 1);
    }
    EVP_PKEY_free(key);
    peer->certificate = x;
}

static inline void peer_init(struct peer *peer, const struct peer_options *options)
{
    int version = options->version ? options->version : DTLS1_2_VERSION;

    memset(peer, 0, sizeof(*peer));
    peer->filler_bytes = options->filler_bytes;
    peer->retransmit_us = options->retransmit_us;
    peer->ctx = SSL_CTX_new(DTLS_client_method());
    assert_non_null(peer->ctx);
    SSL_CTX_set_security_level(peer->ctx, 0);
    assert_int_equal(SSL_CTX_set_min_proto_version(peer->ctx, version), 1);
    assert_int_equal(SSL_CTX_set_max_proto_version(peer->ctx, version), 1);
    if (options->ciphers)
        assert_int_equal(SSL_CTX_set_cipher_list(peer->ctx, options->ciphers), 1);
    if (options->srtp)
        assert_int_equal(SSL_CTX_set_tlsext_use_srtp(peer->ctx, options->srtp), 0);
    if (options->filler_bytes)
        assert_int_equal(SSL_CTX_add_custom_ext(peer->ctx, 0xfafa, SSL_EXT_CLIENT_HELLO,
                                                peer_add_filler, NULL, peer, NULL, NULL),
                         1);
    SSL_CTX_set_options(peer->ctx, SSL_OP_NO_QUERY_MTU);
    SSL_CTX_set_verify(peer->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_cert_verify_callback(peer->ctx, peer_verify, NULL);
    peer_certify(peer, !options->has_no_certificate);
    peer->ssl = SSL_new(peer->ctx);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    BIO_set_mem_eof_return(peer->in, -1);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    SSL_set_app_data(peer->ssl, peer);
    DTLS_set_link_mtu(peer->ssl, options->link_mtu ? options->link_mtu : 1200);
    DTLS_set_timer_cb(peer->ssl, peer_timer);
    SSL_set_connect_state(peer->ssl);
    if (options->resume)
        assert_int_equal(SSL_set_session(peer->ssl, options->resume), 1);
}

static inline void peer_deinit(struct peer *peer)
{
    SSL_free(peer->ssl);
    SSL_CTX_free(peer->ctx);
    X509_free(peer->certificate);
}

/* What OpenSSL wrote, a datagram per record. */
static inline void peer_flush(struct peer *peer, struct wire *to)
{
    char *text = NULL;
    long size = BIO_get_mem_data(peer->out, &text);
    const uint8_t *data = (const uint8_t *)text;

    while (size >= 13) {
        long record = 13 + (data[11] << 8 | data[12]);

        assert_true(record <= size);
        wire_push(to, data, (size_t)record);
        data += record;
        size -= record;
    }
    (void)BIO_reset(peer->out);
}

static inline void peer_step(struct peer *peer, struct wire *to)
{
    int result;

    ERR_clear_error();
    if (peer->is_failed)
        return;
    if (peer->is_done) {
        uint8_t data[2048];

        (void)SSL_read(peer->ssl, data, sizeof(data));
    } else {
        result = SSL_do_handshake(peer->ssl);
        peer->is_done = result == 1;
        peer->is_failed = result != 1 && SSL_get_error(peer->ssl, result) != SSL_ERROR_WANT_READ;
    }
    peer_flush(peer, to);
}

static inline void peer_receive(struct peer *peer, const struct datagram *datagram, struct wire *to)
{
    assert_int_equal(BIO_write(peer->in, datagram->data, (int)datagram->size), (int)datagram->size);
    peer_step(peer, to);
}

/* Wait until the client's retransmission timer runs out, then let it retransmit. */
static inline void peer_retransmit(struct peer *peer, struct wire *to)
{
    struct timeval left = {.tv_sec = 1};

    while (DTLSv1_get_timeout(peer->ssl, &left) && (left.tv_sec > 0 || left.tv_usec > 0))
        (void)poll(NULL, 0, 1);
    assert_true(DTLSv1_handle_timeout(peer->ssl) >= 0);
    peer_flush(peer, to);
}

#endif
