#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
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
};

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

    (void)snprintf(out, capacity, offer_format, peer->ufrag, peer->pwd, dtls_fingerprint(),
                   feedback, peer->ufrag, peer->pwd, dtls_fingerprint());
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

static void settle(struct peer *peer, enum dtls_result result)
{
    if (result == DTLS_FAILED)
        peer->state = PEER_FAILED;
    if (result != DTLS_READY)
        return;
    peer->state = PEER_READY;
    peer->ready_at_us = now_us();
}

static void on_stun(struct peer *peer, const uint8_t *data, size_t size)
{
    int type = stun_type(data, size);
    struct sockaddr_in local;
    socklen_t local_size = sizeof(local);
    uint8_t out[256];

    if (type == 0x0101 && memcmp(data + 8, peer->stun_id, 12) == 0 &&
        peer->state == PEER_CHECKING) {
        peer->state = PEER_DTLS;
        settle(peer, dtls_start(&peer->dtls, peer->fd, peer->is_checked));
    }
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
    if (srtp_unprotect(peer->dtls.srtp_in, data, &size) != srtp_err_status_ok) {
        peer->media.counts->unprotect_failures++;
        return;
    }
    forward_rtp(&peer->media.session, data, (size_t)size);
    media_packet(&peer->media, data, (size_t)size, now);
}

static void count_media(struct peer *peer, const uint8_t *data, size_t size)
{
    tally_packet(&peer->tally, data, size);
    if (peer->options->twcc_ms)
        twcc_note(&peer->twcc, data, size, now_us());
}

static void check_rtcp(struct peer *peer, const uint8_t *data, size_t size)
{
    forward_rtcp(&peer->media.session, data, size);
    media_rtcp(&peer->media, data, size, now_us());
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
    else if (srtp_unprotect_rtcp(peer->dtls.srtp_in, data, &size) == srtp_err_status_ok)
        check_rtcp(peer, data, (size_t)size);
}

static void on_datagram(void *arg, uint8_t *data, size_t size)
{
    struct peer *peer = arg;

    if (data[0] >= 128) {
        on_media(peer, data, (int)size);
    } else if (data[0] < 4) {
        on_stun(peer, data, size);
    } else if (data[0] >= 20 && data[0] < 64 && peer->state == PEER_DTLS) {
        settle(peer, dtls_receive(&peer->dtls, peer->fd, peer->is_checked, data, size));
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

    if (size && srtp_protect_rtcp(peer->dtls.srtp_out, out, &protected_size) == srtp_err_status_ok)
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
    if (peer->state == PEER_DTLS)
        dtls_tick(&peer->dtls, peer->fd);
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
    dtls_free(&peer->dtls);
}
