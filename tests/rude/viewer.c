/* One viewer that connects as it should: offer, checks, DTLS, keys. What it then does is its act. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/rand.h>
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
    VIDEO_HZ = 90000,
    AUDIO_HZ = 48000,
};

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
    (void)snprintf(offer, sizeof(offer), offer_format, viewer->ufrag, viewer->pwd,
                   dtls_fingerprint(), viewer->ufrag, viewer->pwd, dtls_fingerprint());
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
    if (srtp_protect_rtcp(viewer->dtls.srtp_out, out, &sealed) == srtp_err_status_ok)
        rude_send(viewer, out, (size_t)sealed);
}

void rude_send_rtp(struct rude_viewer *viewer, const uint8_t *data, size_t size)
{
    uint8_t out[RUDE_DATAGRAM_MAX];
    int sealed = (int)size;

    memcpy(out, data, size);
    if (srtp_protect(viewer->dtls.srtp_out, out, &sealed) == srtp_err_status_ok)
        rude_send(viewer, out, (size_t)sealed);
}

static void settle(struct rude_viewer *viewer, enum dtls_result result)
{
    if (result == DTLS_FAILED)
        viewer->state = RUDE_FAILED;
    if (result != DTLS_READY)
        return;
    viewer->state = RUDE_READY;
    viewer->ready_at_us = now_us();
}

static void on_stun(struct rude_viewer *viewer, const uint8_t *data, size_t size)
{
    int type = stun_type(data, size);
    struct sockaddr_in to;
    socklen_t to_size = sizeof(to);
    uint8_t out[256];

    if (type == 0x0101 && memcmp(data + 8, viewer->check_id, 12) == 0 &&
        viewer->state == RUDE_CHECKING) {
        viewer->state = RUDE_DTLS;
        viewer->is_checked = true;
        settle(viewer, dtls_start(&viewer->dtls, viewer->fd, true));
    }
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

    if (srtp_unprotect_rtcp(viewer->dtls.srtp_in, data, &size) != srtp_err_status_ok || size < 28 ||
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
        } else if (data[0] >= 20 && data[0] < 64 && viewer->state == RUDE_DTLS) {
            settle(viewer, dtls_receive(&viewer->dtls, viewer->fd, true, data, (size_t)n));
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
    if (srtp_protect_rtcp(viewer->dtls.srtp_out, out, &size) == srtp_err_status_ok)
        (void)!send(viewer->fd, out, (size_t)size, 0);
}

void rude_tick(struct rude_viewer *viewer, int64_t now)
{
    viewer->act->tick(viewer, now);
    if (now >= viewer->check_at_us && !viewer->is_silent)
        send_check(viewer, now);
    if (viewer->state == RUDE_DTLS)
        dtls_tick(&viewer->dtls, viewer->fd);
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
    dtls_free(&viewer->dtls);
}
