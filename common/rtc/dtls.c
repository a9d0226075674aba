#include "rtc/dtls.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "base/clock.h"
#include "base/reader.h"
#include "rtc/dropped.h"
#include "rtc/dtls_identity.h"
#include "rtc/dtls_record.h"

enum {
    LINK_MTU_BYTES = 1200,
    RETRANSMIT_FIRST_US = 100 * JT_USEC_PER_MSEC, /* OpenSSL's own is 1 s: the picture's delay */
    RETRANSMIT_MAX_US = JT_USEC_PER_SEC,
    EARLY_RECORDS_MAX = 8,       /* threats: of the next epoch, before its keys are there */
    LAST_FLIGHT_MAX_BYTES = 160, /* ChangeCipherSpec 14, Finished 61 with GCM */
    REPEAT_INTERVAL_US = 100 * JT_USEC_PER_MSEC,
    EXPORT_MAX_BYTES = 2 * (JT_SRTP_KEY_BYTES + JT_SRTP_SALT_MAX_BYTES),
};

static const char EXPORT_LABEL[] = "EXTRACTOR-dtls_srtp"; /* RFC 5764 §4.2 */

struct jt_dtls {
    SSL *ssl;      /* NULL once shrunk or failed */
    BIO *in, *out; /* owned by ssl */
    const struct jt_dtls_ops *ops;
    void *arg;
    enum jt_dtls_state state;
    const char *failure;
    bool has_fingerprint_match, has_seen_alert;
    uint8_t early_records;
    int64_t deadline_us, retransmit_at_us, repeat_at_us;
    struct jt_srtp_keys ours, peers;
    size_t last_flight_size;
    uint8_t last_flight[LAST_FLIGHT_MAX_BYTES]; /* from our ChangeCipherSpec on */
    uint8_t peer_fingerprint[JT_DTLS_FINGERPRINT_BYTES];
};

bool jt_dtls_on_certificate(struct jt_dtls *dtls, const X509 *certificate)
{
    uint8_t digest[JT_DTLS_FINGERPRINT_BYTES];

    if (jt_dtls_certificate_digest(certificate, digest) ||
        CRYPTO_memcmp(digest, dtls->peer_fingerprint, sizeof(digest)) != 0) {
        dtls->failure = "fingerprint";
        return false;
    }
    dtls->has_fingerprint_match = true;
    return true;
}

void jt_dtls_on_no_srtp_profile(struct jt_dtls *dtls)
{
    dtls->failure = "no_srtp_profile";
}

static unsigned next_retransmit_us(SSL *ssl, unsigned current_us)
{
    (void)ssl;
    if (current_us == 0)
        return RETRANSMIT_FIRST_US;
    return JT_MIN(2 * current_us, RETRANSMIT_MAX_US);
}

int jt_dtls_new(struct jt_dtls_identity *identity,
                const uint8_t peer_fingerprint[JT_DTLS_FINGERPRINT_BYTES],
                const struct jt_dtls_ops *ops, void *arg, struct jt_dtls **out)
{
    struct jt_dtls *dtls = calloc(1, sizeof(*dtls));

    if (!dtls)
        return -ENOMEM;
    dtls->ops = ops;
    dtls->arg = arg;
    dtls->deadline_us = INT64_MAX;
    dtls->retransmit_at_us = INT64_MAX;
    memcpy(dtls->peer_fingerprint, peer_fingerprint, sizeof(dtls->peer_fingerprint));
    dtls->ssl = SSL_new(identity->ctx);
    dtls->in = BIO_new(BIO_s_mem());
    dtls->out = BIO_new(BIO_s_mem());
    if (!dtls->ssl || !dtls->in || !dtls->out) {
        BIO_free(dtls->in);
        BIO_free(dtls->out);
        jt_dtls_free(dtls);
        return -ENOMEM;
    }
    BIO_set_mem_eof_return(dtls->in, -1);
    SSL_set_bio(dtls->ssl, dtls->in, dtls->out);
    if (!SSL_set_app_data(dtls->ssl, dtls)) {
        jt_dtls_free(dtls);
        return -ENOMEM;
    }
    (void)DTLS_set_link_mtu(dtls->ssl, LINK_MTU_BYTES);
    DTLS_set_timer_cb(dtls->ssl, next_retransmit_us);
    SSL_set_accept_state(dtls->ssl);
    *out = dtls;
    return 0;
}

static void drop_ssl(struct jt_dtls *dtls)
{
    SSL_free(dtls->ssl); /* and both BIOs */
    dtls->ssl = NULL;
    dtls->in = NULL;
    dtls->out = NULL;
    dtls->retransmit_at_us = INT64_MAX;
}

void jt_dtls_free(struct jt_dtls *dtls)
{
    if (!dtls)
        return;
    drop_ssl(dtls);
    OPENSSL_cleanse(dtls, sizeof(*dtls));
    free(dtls);
}

/* Our last flight is ChangeCipherSpec and Finished, written together. */
static void keep_last_flight(struct jt_dtls *dtls, const struct jt_dtls_record *record)
{
    if (record->type == JT_DTLS_CHANGE_CIPHER_SPEC)
        dtls->last_flight_size = 0;
    else if (record->epoch == 0 || record->type != JT_DTLS_HANDSHAKE_MESSAGE)
        return;
    if (record->size > sizeof(dtls->last_flight) - dtls->last_flight_size)
        return;
    memcpy(dtls->last_flight + dtls->last_flight_size, record->bytes, record->size);
    dtls->last_flight_size += record->size;
}

/* OpenSSL joins a flight in a memory BIO: cut it at record boundaries, a datagram each. */
static void send_records(struct jt_dtls *dtls, const uint8_t *data, size_t size)
{
    struct jt_reader r = jt_reader_of(data, size);
    struct jt_dtls_record record;

    while (r.left > 0 && !jt_dtls_record_next(&r, &record)) {
        if (data != dtls->last_flight && dtls->state != JT_DTLS_DONE)
            keep_last_flight(dtls, &record);
        dtls->ops->send(dtls->arg, record.bytes, record.size);
    }
}

static void flush(struct jt_dtls *dtls)
{
    char *data = NULL;
    long size = BIO_get_mem_data(dtls->out, &data);

    if (size > 0)
        send_records(dtls, (const uint8_t *)data, (size_t)size);
    (void)BIO_reset(dtls->out);
}

static void schedule(struct jt_dtls *dtls, int64_t now_us)
{
    struct timeval left;

    dtls->retransmit_at_us = INT64_MAX;
    if (dtls->ssl && DTLSv1_get_timeout(dtls->ssl, &left))
        dtls->retransmit_at_us = now_us + (int64_t)left.tv_sec * JT_USEC_PER_SEC + left.tv_usec;
}

static const char *reason_of(unsigned long error)
{
    switch (ERR_GET_REASON(error)) {
    case SSL_R_NO_SHARED_CIPHER:
        return "no_shared_cipher";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_VERSION_TOO_LOW:
        return "version";
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
        return "no_certificate";
    case SSL_R_READ_TIMEOUT_EXPIRED:
        return "timeout";
    default:
        return ERR_GET_REASON(error) > SSL_AD_REASON_OFFSET ? "alert" : "protocol";
    }
}

static void fail(struct jt_dtls *dtls, const char *reason)
{
    if (!dtls->failure)
        dtls->failure = reason;
    dtls->state = JT_DTLS_FAILED;
    drop_ssl(dtls);
}

/* RFC 5764 §4.2: client key, server key, client salt, server salt. The client is the peer. */
static int export_keys(struct jt_dtls *dtls)
{
    const SRTP_PROTECTION_PROFILE *chosen = SSL_get_selected_srtp_profile(dtls->ssl);
    enum jt_srtp_profile profile = chosen ? (enum jt_srtp_profile)chosen->id : JT_SRTP_NONE;
    size_t salt_size = profile == JT_SRTP_AEAD_AES_128_GCM ? 12 : 14;
    uint8_t material[EXPORT_MAX_BYTES];
    struct jt_reader r = jt_reader_of(material, 2 * (JT_SRTP_KEY_BYTES + salt_size));

    if (profile != JT_SRTP_AEAD_AES_128_GCM && profile != JT_SRTP_AES128_CM_SHA1_80)
        return -EPROTO;
    if (!SSL_export_keying_material(dtls->ssl, material, r.left, EXPORT_LABEL,
                                    sizeof(EXPORT_LABEL) - 1, NULL, 0, 0))
        return -ENOMEM;
    dtls->ours.profile = profile;
    dtls->peers.profile = profile;
    memcpy(dtls->peers.key, jt_reader_take(&r, JT_SRTP_KEY_BYTES), JT_SRTP_KEY_BYTES);
    memcpy(dtls->ours.key, jt_reader_take(&r, JT_SRTP_KEY_BYTES), JT_SRTP_KEY_BYTES);
    memcpy(dtls->peers.salt, jt_reader_take(&r, salt_size), salt_size);
    memcpy(dtls->ours.salt, jt_reader_take(&r, salt_size), salt_size);
    OPENSSL_cleanse(material, sizeof(material));
    return 0;
}

static void finish(struct jt_dtls *dtls)
{
    int err = export_keys(dtls);

    if (!dtls->has_fingerprint_match) /* cannot be: the callback would have refused */
        fail(dtls, "fingerprint");
    else if (err)
        fail(dtls, err == -EPROTO ? "no_srtp_profile" : "memory");
    else
        dtls->state = JT_DTLS_DONE;
}

static void go_on(struct jt_dtls *dtls)
{
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(dtls->ssl);
    flush(dtls);
    if (result == 1)
        finish(dtls);
    else if (SSL_get_error(dtls->ssl, result) != SSL_ERROR_WANT_READ)
        fail(dtls, reason_of(ERR_peek_error()));
}

/* After the handshake only three things matter: a repeated Finished, which OpenSSL answers with our
 * last flight, an authenticated alert, and that nothing else has an effect (D4). */
static void read_after_done(struct jt_dtls *dtls)
{
    uint8_t data[2048];
    int result;

    ERR_clear_error();
    do {
        result = SSL_read(dtls->ssl, data, sizeof(data));
        if (result > 0)
            jt_rtc_drop("dtls_data");
    } while (result > 0);
    flush(dtls);
    if (SSL_get_shutdown(dtls->ssl) & SSL_RECEIVED_SHUTDOWN) {
        dtls->state = JT_DTLS_CLOSED;
        drop_ssl(dtls);
    } else if (SSL_get_error(dtls->ssl, result) != SSL_ERROR_WANT_READ) {
        jt_dtls_shrink(dtls); /* OpenSSL gave up on it; the keys are out, and media goes on */
    }
}

static void feed(struct jt_dtls *dtls, const struct jt_dtls_record *record)
{
    if (BIO_write(dtls->in, record->bytes, (int)record->size) != (int)record->size) {
        jt_rtc_drop("memory");
        return;
    }
    if (dtls->state == JT_DTLS_DONE)
        read_after_done(dtls);
    else
        go_on(dtls);
}

/* What may reach OpenSSL while the handshake runs. NULL: it may; else why not. */
static const char *refuse_in_handshake(struct jt_dtls *dtls, const struct jt_dtls_record *record)
{
    if (record->epoch > 1)
        return "dtls_epoch";
    if (record->type == JT_DTLS_APPLICATION_DATA)
        return "dtls_data";
    if (record->epoch == 1) {
        if (record->body.left < JT_DTLS_SEALED_MIN_BYTES)
            return "dtls_record";
        if (SSL_get_state(dtls->ssl) == TLS_ST_SR_CHANGE) /* keys are there */
            return NULL;
        if (dtls->early_records >= EARLY_RECORDS_MAX)
            return "dtls_early";
        dtls->early_records++;
        return NULL;
    }
    if (record->type == JT_DTLS_ALERT) {
        /* Anybody can write one; it only tells the deadline what to call it. */
        dtls->has_seen_alert = true;
        return "dtls_alert";
    }
    /* Whatever passes moves OpenSSL's replay window: nothing malformed may. */
    if (record->type == JT_DTLS_HANDSHAKE_MESSAGE && !jt_dtls_record_is_client_handshake(record))
        return "dtls_record";
    if (record->type == JT_DTLS_CHANGE_CIPHER_SPEC && !jt_dtls_record_is_change_cipher_spec(record))
        return "dtls_record";
    return NULL;
}

static const char *refuse_after_done(const struct jt_dtls_record *record)
{
    if (record->epoch != 1)
        return "dtls_late";
    if (record->type == JT_DTLS_APPLICATION_DATA)
        return "dtls_data";
    if (record->type == JT_DTLS_CHANGE_CIPHER_SPEC || record->body.left < JT_DTLS_SEALED_MIN_BYTES)
        return "dtls_record";
    return NULL;
}

static void repeat_last_flight(struct jt_dtls *dtls, const struct jt_dtls_record *record,
                               int64_t now_us)
{
    if (record->type != JT_DTLS_HANDSHAKE_MESSAGE || now_us < dtls->repeat_at_us) {
        jt_rtc_drop("dtls_late");
        return;
    }
    dtls->repeat_at_us = now_us + REPEAT_INTERVAL_US;
    send_records(dtls, dtls->last_flight, dtls->last_flight_size);
}

static void take_record(struct jt_dtls *dtls, const struct jt_dtls_record *record, int64_t now_us)
{
    const char *refused =
        dtls->state == JT_DTLS_DONE ? refuse_after_done(record) : refuse_in_handshake(dtls, record);

    if (refused)
        jt_rtc_drop(refused);
    else if (dtls->ssl)
        feed(dtls, record);
    else
        repeat_last_flight(dtls, record, now_us);
}

enum jt_dtls_state jt_dtls_receive(struct jt_dtls *dtls, const uint8_t *datagram, size_t size,
                                   int64_t now_us)
{
    struct jt_reader r = jt_reader_of(datagram, size);

    if (dtls->state == JT_DTLS_NEW) {
        dtls->state = JT_DTLS_HANDSHAKE;
        dtls->deadline_us = now_us + (int64_t)JT_DTLS_HANDSHAKE_TIMEOUT_MS * JT_USEC_PER_MSEC;
    }
    /* One record at a time, so that the filter sees OpenSSL's state as the record will meet it. */
    while (r.left > 0 && dtls->state < JT_DTLS_FAILED) {
        struct jt_dtls_record record;

        if (jt_dtls_record_next(&r, &record)) {
            jt_rtc_drop("dtls_record");
            break;
        }
        take_record(dtls, &record, now_us);
    }
    schedule(dtls, now_us);
    return dtls->state;
}

enum jt_dtls_state jt_dtls_poll(struct jt_dtls *dtls, int64_t now_us)
{
    if (dtls->state != JT_DTLS_HANDSHAKE)
        return dtls->state;
    if (now_us >= dtls->deadline_us) {
        fail(dtls, dtls->has_seen_alert ? "alert" : "timeout");
        return dtls->state;
    }
    if (now_us >= dtls->retransmit_at_us) {
        ERR_clear_error();
        if (DTLSv1_handle_timeout(dtls->ssl) < 0)
            fail(dtls, "timeout");
        else
            flush(dtls);
        schedule(dtls, now_us);
    }
    return dtls->state;
}

int64_t jt_dtls_next_timeout_us(const struct jt_dtls *dtls)
{
    if (dtls->state != JT_DTLS_HANDSHAKE)
        return INT64_MAX;
    return JT_MIN(dtls->deadline_us, dtls->retransmit_at_us);
}

int jt_dtls_keys(struct jt_dtls *dtls, struct jt_srtp_keys *ours, struct jt_srtp_keys *peers)
{
    if (dtls->state != JT_DTLS_DONE)
        return -ENOTCONN;
    *ours = dtls->ours;
    *peers = dtls->peers;
    return 0;
}

const char *jt_dtls_failure(const struct jt_dtls *dtls)
{
    return dtls->state == JT_DTLS_FAILED ? dtls->failure : NULL;
}

void jt_dtls_shrink(struct jt_dtls *dtls)
{
    if (dtls->state == JT_DTLS_DONE)
        drop_ssl(dtls);
}
