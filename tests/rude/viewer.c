/* One viewer that connects as it should: offer, checks, DTLS, keys. What it then does is its act. */
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

#include "rude.h"

enum {
    CHECK_EVERY_US = 50000,
    CONSENT_EVERY_US = 2500000,
    REPORT_EVERY_US = 500000,
    SOCKET_BUFFER = 4 << 20,
    KEY = 16,
    VIDEO_HZ = 90000,
    AUDIO_HZ = 48000,
};

static SSL_CTX *context;
static char fingerprint[3 * EVP_MAX_MD_SIZE];

static const char offer_format[] =
    "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 "
    "0.0.0.0\r\na=mid:0\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"
    "a=rtpmap:96 H264/90000\r\n"
    "a=fmtp:96 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
    "a=rtcp-fb:96 nack\r\na=rtcp-fb:96 nack pli\r\na=rtcp-fb:96 ccm fir\r\n"
    "a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=recvonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:%s\r\na=ice-pwd:%s\r\na=fingerprint:sha-256 %s\r\na=setup:actpass\r\n"
    "a=rtpmap:111 opus/48000/2\r\n";

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

int rude_global_init(void)
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

int rude_socket(const struct rude_viewer *viewer, const char *address)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(viewer->session.port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int buffer = SOCKET_BUFFER;

    if (fd < 0)
        return -errno;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
    if (inet_pton(AF_INET, viewer->session.address, &to.sin_addr) != 1 ||
        inet_pton(AF_INET, address, &from.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&from, sizeof(from)) ||
        connect(fd, (struct sockaddr *)&to, sizeof(to))) {
        (void)close(fd);
        return -EADDRNOTAVAIL;
    }
    return fd;
}

static int open_sockets(struct rude_viewer *viewer)
{
    viewer->fd = rude_socket(viewer, "127.0.0.1");
    if (viewer->fd < 0)
        return viewer->fd;
    if (viewer->act->has_stray)
        viewer->stray_fd = rude_socket(viewer, "127.0.0.2");
    return viewer->act->has_stray && viewer->stray_fd < 0 ? viewer->stray_fd : 0;
}

int rude_open(struct rude_viewer *viewer, const struct url *url, const struct rude_act *act,
              struct rude_totals *totals)
{
    char offer[4096];
    int err;

    *viewer = (struct rude_viewer){.fd = -1, .stray_fd = -1, .act = act, .totals = totals};
    random_text(viewer->ufrag, 8);
    random_text(viewer->pwd, 24);
    (void)snprintf(offer, sizeof(offer), offer_format, viewer->ufrag, viewer->pwd, fingerprint,
                   viewer->ufrag, viewer->pwd, fingerprint);
    err = session_open(url, offer, &viewer->session);
    if (err)
        return err;
    (void)snprintf(viewer->username, sizeof(viewer->username), "%s:%s", viewer->session.ufrag,
                   viewer->ufrag);
    err = open_sockets(viewer);
    if (!err && act->open)
        act->open(viewer);
    return err;
}

void rude_send(struct rude_viewer *viewer, const void *data, size_t size)
{
    viewer->totals->sent++;
    viewer->totals->sent_bytes += size;
    (void)!send(viewer->fd, data, size, 0);
}

void rude_send_stray(struct rude_viewer *viewer, const void *data, size_t size)
{
    viewer->totals->sent++;
    if (send(viewer->stray_fd, data, size, 0) == (ssize_t)size)
        viewer->totals->stray_sent_bytes += size;
}

void rude_send_rtcp(struct rude_viewer *viewer, const uint8_t *data, size_t size)
{
    uint8_t out[RUDE_DATAGRAM_MAX];
    int sealed = (int)size;

    memcpy(out, data, size);
    if (srtp_protect_rtcp(viewer->srtp_out, out, &sealed) == srtp_err_status_ok)
        rude_send(viewer, out, (size_t)sealed);
}

void rude_send_rtp(struct rude_viewer *viewer, const uint8_t *data, size_t size)
{
    uint8_t out[RUDE_DATAGRAM_MAX];
    int sealed = (int)size;

    memcpy(out, data, size);
    if (srtp_protect(viewer->srtp_out, out, &sealed) == srtp_err_status_ok)
        rude_send(viewer, out, (size_t)sealed);
}

static void flush_dtls(struct rude_viewer *viewer)
{
    uint8_t flight[16384];
    int n = BIO_read(viewer->out, flight, sizeof(flight));

    for (int at = 0; n - at >= 13;) { /* one record a datagram */
        int size = 13 + (flight[at + 11] << 8 | flight[at + 12]);

        (void)!send(viewer->fd, flight + at, (size_t)size, 0);
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
static void take_keys(struct rude_viewer *viewer)
{
    const SRTP_PROTECTION_PROFILE *profile = SSL_get_selected_srtp_profile(viewer->ssl);
    bool gcm = profile && profile->id == SRTP_AEAD_AES_128_GCM;
    size_t salt = gcm ? 12 : 14;
    uint8_t material[2 * KEY + 2 * 14];

    viewer->state = RUDE_FAILED;
    if (!profile || SSL_export_keying_material(viewer->ssl, material, 2 * KEY + 2 * salt,
                                               "EXTRACTOR-dtls_srtp", 19, NULL, 0, 0) != 1)
        return;
    viewer->srtp_out = make_srtp(material, material + 2 * KEY, salt, gcm, false);
    viewer->srtp_in = make_srtp(material + KEY, material + 2 * KEY + salt, salt, gcm, true);
    if (!viewer->srtp_in || !viewer->srtp_out)
        return;
    viewer->state = RUDE_READY;
    viewer->ready_at_us = now_us();
}

static void step_dtls(struct rude_viewer *viewer)
{
    int n = SSL_do_handshake(viewer->ssl);

    flush_dtls(viewer);
    if (n == 1)
        take_keys(viewer);
    else if (SSL_get_error(viewer->ssl, n) != SSL_ERROR_WANT_READ)
        viewer->state = RUDE_FAILED;
}

static void start_dtls(struct rude_viewer *viewer)
{
    viewer->state = RUDE_DTLS;
    viewer->is_checked = true;
    viewer->ssl = SSL_new(context);
    viewer->in = BIO_new(BIO_s_mem());
    viewer->out = BIO_new(BIO_s_mem());
    (void)BIO_set_mem_eof_return(viewer->in, -1);
    (void)BIO_set_mem_eof_return(viewer->out, -1);
    SSL_set_bio(viewer->ssl, viewer->in, viewer->out);
    (void)SSL_set_options(viewer->ssl, SSL_OP_NO_QUERY_MTU);
    (void)DTLS_set_link_mtu(viewer->ssl, 1200);
    SSL_set_connect_state(viewer->ssl);
    step_dtls(viewer);
}

static void on_stun(struct rude_viewer *viewer, const uint8_t *data, size_t size)
{
    int type = stun_type(data, size);
    struct sockaddr_in to;
    socklen_t to_size = sizeof(to);
    uint8_t out[256];

    if (type == 0x0101 && memcmp(data + 8, viewer->check_id, 12) == 0 &&
        viewer->state == RUDE_CHECKING)
        start_dtls(viewer);
    if (type == 0x0001 && getpeername(viewer->fd, (struct sockaddr *)&to, &to_size) == 0)
        (void)!send(viewer->fd, out,
                    stun_response(data, viewer->pwd, to.sin_addr.s_addr, to.sin_port, out), 0);
}

static uint32_t be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void note_clock(struct rude_clock *line, const uint8_t *report, int clock_hz)
{
    uint32_t stamp = be32(report + 16);
    int64_t us = (int64_t)be32(report + 8) * 1000000 + ((int64_t)be32(report + 12) * 1000000 >> 32);

    if (!line->is_known)
        *line = (struct rude_clock){.is_known = true, .first_stamp = stamp, .first_us = us};
    line->step_us =
        (int64_t)(int32_t)(stamp - line->first_stamp) * 1000000 / clock_hz - (us - line->first_us);
}

static void on_rtcp(struct rude_viewer *viewer, uint8_t *data, int size)
{
    struct rude_totals *totals = viewer->totals;
    int64_t av_step;

    if (srtp_unprotect_rtcp(viewer->srtp_in, data, &size) != srtp_err_status_ok || size < 28 ||
        data[1] != 200)
        return;
    totals->reports++;
    if (be32(data + 4) == viewer->session.video_ssrc)
        note_clock(&viewer->video_clock, data, VIDEO_HZ);
    else
        note_clock(&viewer->audio_clock, data, AUDIO_HZ);
    av_step = viewer->audio_clock.step_us - viewer->video_clock.step_us;
    if (llabs(viewer->video_clock.step_us) > totals->clock_step_us)
        totals->clock_step_us = llabs(viewer->video_clock.step_us);
    if (viewer->audio_clock.is_known && viewer->video_clock.is_known &&
        llabs(av_step) > totals->av_step_us)
        totals->av_step_us = llabs(av_step);
}

static void note_gap(struct rude_viewer *viewer, int64_t now)
{
    int64_t gap = viewer->last_packet_us ? now - viewer->last_packet_us : 0;

    viewer->last_packet_us = now;
    if (gap > viewer->totals->longest_gap_us)
        viewer->totals->longest_gap_us = gap;
    if (gap <= RUDE_GAP_US)
        return;
    viewer->totals->gaps++;
    (void)printf("gap viewer=%d ms=%lld\n", viewer->number, (long long)gap / 1000);
    (void)fflush(stdout);
}

static void on_media(struct rude_viewer *viewer, uint8_t *data, size_t size, int64_t now)
{
    struct rude_totals *totals = viewer->totals;

    if (viewer->state != RUDE_READY || size < 12)
        return;
    if (data[1] >= 192 && data[1] <= 223) {
        on_rtcp(viewer, data, (int)size);
        return;
    }
    totals->packets++;
    totals->bytes += size;
    if (be32(data + 8) == viewer->session.rtx_ssrc) {
        totals->rtx_packets++;
        totals->rtx_bytes += size;
    }
    if (be32(data + 8) != viewer->session.video_ssrc)
        return;
    viewer->newest_sequence = (uint16_t)(data[2] << 8 | data[3]);
    note_gap(viewer, now);
}

void rude_readable(struct rude_viewer *viewer, int64_t now)
{
    uint8_t data[RUDE_DATAGRAM_MAX];
    ssize_t n;

    while (viewer->stray_fd >= 0 && (n = recv(viewer->stray_fd, data, sizeof(data), 0)) > 0)
        viewer->totals->stray_bytes += (uint64_t)n;
    while ((n = recv(viewer->fd, data, sizeof(data), 0)) > 0) {
        if (data[0] < 4) {
            on_stun(viewer, data, (size_t)n);
        } else if (data[0] >= 20 && data[0] < 64 && viewer->ssl) {
            (void)BIO_write(viewer->in, data, (int)n);
            if (viewer->state == RUDE_DTLS)
                step_dtls(viewer);
        } else if (data[0] >= 128) {
            on_media(viewer, data, (size_t)n, now);
        }
    }
}

static void send_check(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[512];

    viewer->check_at_us = now + (viewer->state == RUDE_READY ? CONSENT_EVERY_US : CHECK_EVERY_US);
    if (viewer->state != RUDE_DTLS)
        (void)RAND_bytes(viewer->check_id, sizeof(viewer->check_id));
    (void)!send(viewer->fd, out,
                stun_request(viewer->username, viewer->session.pwd, viewer->check_id, out), 0);
}

/* An empty receiver report: what an honest viewer says at least. */
static void send_report(struct rude_viewer *viewer, int64_t now)
{
    static const uint8_t report[] = {0x80, 201, 0, 1, 0, 0, 0, 1};
    uint8_t out[64];
    int size = sizeof(report);

    viewer->report_at_us = now + REPORT_EVERY_US;
    memcpy(out, report, sizeof(report));
    if (srtp_protect_rtcp(viewer->srtp_out, out, &size) == srtp_err_status_ok)
        (void)!send(viewer->fd, out, (size_t)size, 0);
}

void rude_tick(struct rude_viewer *viewer, int64_t now)
{
    viewer->act->tick(viewer, now);
    if (now >= viewer->check_at_us && !viewer->is_silent)
        send_check(viewer, now);
    if (viewer->state == RUDE_DTLS && DTLSv1_handle_timeout(viewer->ssl) > 0)
        flush_dtls(viewer);
    if (viewer->state == RUDE_READY && now >= viewer->report_at_us && !viewer->is_silent)
        send_report(viewer, now);
}

void rude_close(struct rude_viewer *viewer, const struct url *url)
{
    session_close(url, &viewer->session);
    if (viewer->fd >= 0)
        (void)close(viewer->fd);
    if (viewer->stray_fd >= 0)
        (void)close(viewer->stray_fd);
    SSL_free(viewer->ssl);
    if (viewer->srtp_in)
        (void)srtp_dealloc(viewer->srtp_in);
    if (viewer->srtp_out)
        (void)srtp_dealloc(viewer->srtp_out);
}
