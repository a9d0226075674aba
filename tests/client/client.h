/* Shared by the files of whep-client; see README.md. */
#ifndef WHEP_CLIENT_H
#define WHEP_CLIENT_H

#include <openssl/ssl.h>
#include <srtp2/srtp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    DATAGRAM_MAX = 2048,
    SEQUENCES = 8192, /* remembered per stream; power of two */
    RECOVERIES_MAX = 1 << 20,
    VIDEO_PT = 96,
    RTX_PT = 97,
    AUDIO_PT = 111,
};

/* ---- http.c ---- */

struct session {
    char location[512];
    char ufrag[64], pwd[64];
    char address[64];
    uint16_t port;
    uint32_t video_ssrc, rtx_ssrc, audio_ssrc;
};

struct url {
    char host[64];
    uint16_t port;
    char path[512];
};

int url_parse(const char *text, struct url *out);
/* 0, or the HTTP status that was not 201, or a negative errno. */
int session_open(const struct url *url, const char *offer, struct session *out);
void session_close(const struct url *url, const struct session *session);

/* ---- stun.c ---- */

size_t stun_request(const char *username, const char *key, const uint8_t id[12], uint8_t *out);
size_t stun_response(const uint8_t *request, const char *key, uint32_t address_be, uint16_t port_be,
                     uint8_t *out);
/* Message type, or -1 if it is no STUN message. */
int stun_type(const uint8_t *data, size_t size);

/* ---- media.c ---- */

enum packet_state { PACKET_NONE, PACKET_MISSING, PACKET_HERE };

struct packet {
    uint64_t sequence; /* extended */
    enum packet_state state;
    int64_t missing_since_us, asked_at_us;
    int asked;
    bool dropped_by_us, marker, starts_nal, ends_nal, is_idr;
    uint32_t timestamp;
};

struct stream {
    bool is_started;
    uint64_t first, highest, next_in_order;
    struct packet packets[SEQUENCES];
    uint64_t received, duplicates, lost, recovered;
};

struct counts {
    uint64_t video_packets, audio_packets, rtx_packets, dropped_by_us, recovered,
        recovered_in_100ms, lost, duplicates;
    uint64_t frames, broken_frames, keyframes, stamp_steps_back, unprotect_failures, reports;
    int64_t *recovery_us;
    size_t recovery_count;
};

struct media {
    struct session session;
    struct stream video, audio;
    struct counts *counts;
    int loss_percent;
    bool in_nal, frame_has_idr, has_key, frame_is_broken;
    uint32_t frame_timestamp, last_timestamp;
    bool has_timestamp;
    int64_t opened_at_us, first_key_us, last_frame_us, longest_gap_us;
    uint32_t last_sr;
    int64_t last_sr_at_us;
};

/* A clear RTP packet. */
void media_packet(struct media *media, const uint8_t *data, size_t size, int64_t now_us);
/* We threw this one away on its way in (the header is in clear). */
void media_drop(struct media *media, const uint8_t *data, int64_t now_us);
/* A compound of NACKs and a receiver report, if one is due; returns its size or 0. */
size_t media_feedback(struct media *media, uint8_t *out, size_t capacity, int64_t now_us);
void media_rtcp(struct media *media, const uint8_t *data, size_t size, int64_t now_us);
/* What is still missing counts as lost. */
void media_finish(struct media *media);

/* ---- peer.c ---- */

enum peer_state { PEER_CHECKING, PEER_DTLS, PEER_READY, PEER_FAILED };

struct peer {
    int fd;
    enum peer_state state;
    char ufrag[16], pwd[32], username[128];
    uint8_t stun_id[12];
    int64_t check_at_us, feedback_at_us, dtls_at_us;
    SSL *ssl;
    BIO *in, *out;
    srtp_t srtp_in, srtp_out;
    struct media media;
};

int peer_global_init(void);
const char *peer_fingerprint(void);
/* Offer, answer, socket. 0 or as session_open. */
int peer_open(struct peer *peer, const struct url *url, struct counts *counts, int loss_percent);
void peer_readable(struct peer *peer, int64_t now_us);
void peer_tick(struct peer *peer, int64_t now_us);
void peer_close(struct peer *peer, const struct url *url);

int64_t now_us(void);

#endif
