#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/ec.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

enum {
    CHECK_EVERY_US = 50000,
    CONSENT_EVERY_US = 2500000,
    FEEDBACK_EVERY_US = 10000,
    REPORT_EVERY_US = 500000,
    KEY = 16
};

static SSL_CTX *context;
static char fingerprint[3 * EVP_MAX_MD_SIZE];

static const char offer_format[] =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 "
    "0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"
    "a=extmap:3 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    "a=rtpmap:96 H264/90000\r\na=fmtp:96 "
    "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n%s"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

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

int peer_global_init(void)
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

const char *peer_fingerprint(void)
{
    return fingerprint;
}

static void random_text(char *out, size_t size)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned char bytes[32];

    (void)RAND_bytes(bytes, (int)size);
    for (size_t i = 0; i < size; i++)
        out[i] = alphabet[bytes[i] % 64];
    out[size] = '\0';
}

static int open_socket(const struct session *session)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(session->port)};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int buffer = 4 << 20;

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
    inbox_wish_gro(fd);
    if (inet_pton(AF_INET, session->address, &to.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        (void)close(fd);
        return -EADDRNOTAVAIL;
    }
    return fd;
}

static void write_offer(const struct peer *peer, char *out, size_t capacity)
{
    const char *feedback =
        peer->options->twcc_ms ? "a=rtcp-fb:96 transport-cc\r\na=rtcp-fb:97 transport-cc\r\n" : "";

    (void)snprintf(out, capacity, offer_format, peer->ufrag, peer->pwd, fingerprint, feedback,
                   peer->ufrag, peer->pwd, fingerprint);
}

static void expect(struct peer *peer)
{
    const struct session *session = &peer->media.session;

    (void)snprintf(peer->username, sizeof(peer->username), "%s:%s", session->ufrag, peer->ufrag);
    peer->tally.video.ssrc = session->video_ssrc;
    peer->tally.rtx.ssrc = session->rtx_ssrc;
    peer->tally.audio.ssrc = session->audio_ssrc;
}

int peer_open(struct peer *peer, const struct options *options, bool is_checked,
              struct counts *counts)
{
    char offer[4096];
    int err;

    *peer = (struct peer){.fd = -1, .options = options, .is_checked = is_checked};
    err = is_checked ? media_init(&peer->media, counts, options->loss_percent) : 0;
    if (err)
        return err;
    peer->opened_at_us = now_us();
    random_text(peer->ufrag, 8);
    random_text(peer->pwd, 24);
    write_offer(peer, offer, sizeof(offer));
    err = session_open(&options->url, offer, &peer->media.session);
    if (err)
        return err;
    expect(peer);
    peer->fd = open_socket(&peer->media.session);
    return peer->fd < 0 ? peer->fd : 0;
}

static void send_datagram(struct peer *peer, const uint8_t *data, size_t size)
{
    (void)!send(peer->fd, data, size, 0);
}

static void flush_dtls(struct peer *peer)
{
    uint8_t flight[16384];
    int n = BIO_read(peer->out, flight, sizeof(flight));

    for (int at = 0; n - at >= 13;) { /* one record a datagram */
        int size = 13 + (flight[at + 11] << 8 | flight[at + 12]);

        send_datagram(peer, flight + at, (size_t)size);
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
static void take_keys(struct peer *peer)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(peer->ssl);
    bool gcm = profile && profile->id == SRTP_AEAD_AES_128_GCM;
    size_t salt = gcm ? 12 : 14;
    uint8_t material[2 * KEY + 2 * 14];

    peer->state = PEER_FAILED;
    if (!profile || SSL_export_keying_material(peer->ssl, material, 2 * KEY + 2 * salt,
                                               "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
        return;
    peer->srtp_out = make_srtp(material, material + 2 * KEY, salt, gcm, false);
    if (peer->is_checked)
        peer->srtp_in = make_srtp(material + KEY, material + 2 * KEY + salt, salt, gcm, true);
    if (!peer->srtp_out || (peer->is_checked && !peer->srtp_in))
        return;
    peer->state = PEER_READY;
    peer->ready_at_us = now_us();
}

static void step_dtls(struct peer *peer)
{
    int n = SSL_do_handshake(peer->ssl);

    flush_dtls(peer);
    if (n == 1)
        take_keys(peer);
    else if (SSL_get_error(peer->ssl, n) != SSL_ERROR_WANT_READ)
        peer->state = PEER_FAILED;
}

static void start_dtls(struct peer *peer)
{
    peer->state = PEER_DTLS;
    peer->ssl = SSL_new(context);
    peer->in = BIO_new(BIO_s_mem());
    peer->out = BIO_new(BIO_s_mem());
    (void)BIO_set_mem_eof_return(peer->in, -1);
    (void)BIO_set_mem_eof_return(peer->out, -1);
    SSL_set_bio(peer->ssl, peer->in, peer->out);
    (void)SSL_set_options(peer->ssl, SSL_OP_NO_QUERY_MTU);
    (void)DTLS_set_link_mtu(peer->ssl, 1200);
    SSL_set_connect_state(peer->ssl);
    step_dtls(peer);
}

static void on_stun(struct peer *peer, const uint8_t *data, size_t size)
{
    int type = stun_type(data, size);
    struct sockaddr_in local;
    socklen_t local_size = sizeof(local);
    uint8_t out[256];

    if (type == 0x0101 && memcmp(data + 8, peer->stun_id, 12) == 0 && peer->state == PEER_CHECKING)
        start_dtls(peer);
    if (type == 0x0001 && getpeername(peer->fd, (struct sockaddr *)&local, &local_size) == 0)
        send_datagram(peer, out,
                      stun_response(data, peer->pwd, local.sin_addr.s_addr, local.sin_port, out));
}

/* Video and its resends; sound has no RTX, its decoder conceals. */
static bool is_repairable(const struct peer *peer, const uint8_t *data)
{
    uint32_t ssrc =
        (uint32_t)data[8] << 24 | (uint32_t)data[9] << 16 | (uint32_t)data[10] << 8 | data[11];

    return ssrc != peer->media.session.audio_ssrc;
}

static void check_media(struct peer *peer, uint8_t *data, int size, int64_t now)
{
    if (peer->media.loss_percent && is_repairable(peer, data) &&
        rand() % 100 < peer->media.loss_percent) {
        media_drop(&peer->media, data, now);
        return;
    }
    if (peer->options->twcc_ms)
        twcc_note(&peer->twcc, data, (size_t)size, now);
    if (srtp_unprotect(peer->srtp_in, data, &size) == srtp_err_status_ok)
        media_packet(&peer->media, data, (size_t)size, now);
    else
        peer->media.counts->unprotect_failures++;
}

static void count_media(struct peer *peer, const uint8_t *data, size_t size)
{
    tally_packet(&peer->tally, data, size);
    if (peer->options->twcc_ms)
        twcc_note(&peer->twcc, data, size, now_us());
}

static void on_media(struct peer *peer, uint8_t *data, int size)
{
    bool is_rtcp = size > 1 && data[1] >= 192 && data[1] <= 223;

    if (peer->state != PEER_READY || size < RTP_HEADER_BYTES)
        return;
    if (!peer->is_checked) {
        if (!is_rtcp)
            count_media(peer, data, (size_t)size);
        return;
    }
    if (!is_rtcp)
        check_media(peer, data, size, now_us());
    else if (srtp_unprotect_rtcp(peer->srtp_in, data, &size) == srtp_err_status_ok)
        media_rtcp(&peer->media, data, (size_t)size, now_us());
}

static void on_datagram(void *arg, uint8_t *data, size_t size)
{
    struct peer *peer = arg;

    if (data[0] >= 128) {
        on_media(peer, data, (int)size);
    } else if (data[0] < 4) {
        on_stun(peer, data, size);
    } else if (data[0] >= 20 && data[0] < 64 && peer->ssl) {
        (void)BIO_write(peer->in, data, (int)size);
        if (peer->state == PEER_DTLS)
            step_dtls(peer);
    }
}

void peer_readable(struct peer *peer)
{
    inbox_read(peer->fd, on_datagram, peer);
}

/* ---- feedback ---- */

static void send_rtcp(struct peer *peer, uint8_t *out, size_t size)
{
    int protected_size = (int)size;

    if (size && srtp_protect_rtcp(peer->srtp_out, out, &protected_size) == srtp_err_status_ok)
        send_datagram(peer, out, (size_t)protected_size);
}

static uint32_t highest_video(const struct peer *peer)
{
    return (uint32_t)(peer->is_checked ? peer->media.video.highest : peer->tally.video.highest);
}

static void send_report(struct peer *peer, int64_t now)
{
    uint8_t out[DATAGRAM_MAX];

    send_rtcp(peer, out, media_report(&peer->media, highest_video(peer), out, now));
}

static void send_feedback(struct peer *peer, int64_t now)
{
    uint8_t out[DATAGRAM_MAX];
    size_t room = sizeof(out) - SRTP_MAX_TRAILER_LEN - 4;

    send_rtcp(peer, out, media_feedback(&peer->media, out, room, now));
}

static void send_twcc(struct peer *peer, int64_t now)
{
    uint8_t out[DATAGRAM_MAX];
    size_t report = media_report(&peer->media, highest_video(peer), out, now);
    size_t size = twcc_write(&peer->twcc, peer->media.session.video_ssrc, out + report,
                             sizeof(out) - report - SRTP_MAX_TRAILER_LEN - 4);

    if (size)
        send_rtcp(peer, out, report + size);
}

/* A checked viewer asks for what it misses, one that is counted only reports. */
static void feed_back(struct peer *peer, int64_t now)
{
    if (now >= peer->feedback_at_us) {
        peer->feedback_at_us = now + (peer->is_checked ? FEEDBACK_EVERY_US : REPORT_EVERY_US);
        if (peer->is_checked)
            send_feedback(peer, now);
        else
            send_report(peer, now);
    }
    if (peer->options->twcc_ms && now >= peer->twcc_at_us) {
        peer->twcc_at_us = now + (int64_t)peer->options->twcc_ms * 1000;
        send_twcc(peer, now);
    }
}

void peer_tick(struct peer *peer, int64_t now)
{
    uint8_t out[512];

    if (now >= peer->check_at_us) {
        peer->check_at_us = now + (peer->state == PEER_READY ? CONSENT_EVERY_US : CHECK_EVERY_US);
        if (peer->state == PEER_CHECKING || peer->state == PEER_READY)
            (void)RAND_bytes(peer->stun_id, sizeof(peer->stun_id));
        send_datagram(peer, out,
                      stun_request(peer->username, peer->media.session.pwd, peer->stun_id, out));
    }
    if (peer->state == PEER_DTLS && DTLSv1_handle_timeout(peer->ssl) > 0)
        flush_dtls(peer);
    if (peer->state == PEER_READY)
        feed_back(peer, now);
}

void peer_close(struct peer *peer, const struct url *url)
{
    if (!peer->options)
        return; /* never opened */
    session_close(url, &peer->media.session);
    media_deinit(&peer->media);
    if (peer->fd >= 0)
        (void)close(peer->fd);
    SSL_free(peer->ssl);
    if (peer->srtp_in)
        (void)srtp_dealloc(peer->srtp_in);
    if (peer->srtp_out)
        (void)srtp_dealloc(peer->srtp_out);
}
