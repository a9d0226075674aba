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
    SAMPLES_MAX = 1 << 20,
    OFFER_TWCC_ID = 3, /* of transport-wide-cc, in our offer */
    RTP_HEADER_BYTES = 12,
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
    const char *unix_path; /* dial this socket instead; we are a front door then */
    const char *token;     /* of Authorization: Bearer; NULL: none */
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

/* ---- samples.c ---- */

/* Measured times, to take percentiles of; full is full. */
struct samples {
    int64_t *list;
    size_t count, capacity;
};

int samples_init(struct samples *samples, size_t capacity);
void samples_deinit(struct samples *samples);
void samples_add(struct samples *samples, int64_t value_us);
/* Sorts them; p from 0 to 1. -1 if there are none. */
double samples_percentile_ms(struct samples *samples, double p);

/* ---- options.c ---- */

struct options {
    struct url url;
    int viewers, seconds, loss_percent;
    unsigned seed;
    int sample;       /* one viewer of so many is checked, the others are counted */
    int join_rate;    /* viewers a second; 0: as fast as answers come */
    int twcc_ms;      /* 0: no transport-cc feedback */
    int forward_port; /* where the first viewer's media goes on in clear; 0: nowhere */
    bool gro, events;
};

int options_parse(int argc, char **argv, struct options *out);

/* ---- inbox.c ---- */

typedef void (*datagram_fn)(void *arg, uint8_t *data, size_t size);

/* One for all sockets: what comes is looked at in its buffers. */
int inbox_init(bool gro);
/* Let the kernel hand over runs of equal datagrams in one piece (UDP_GRO). */
void inbox_wish_gro(int fd);
void inbox_read(int fd, datagram_fn each, void *arg);
/* How many datagrams the kernel threw away because we did not read in time. */
uint32_t inbox_drops(int fd);

/* ---- forward.c ---- */

/* Media of the viewer that calls first, deciphered, on the loopback as an SDP with four ports describes it: video RTP at `port`,
   its RTCP at port + 1, audio at port + 2 and + 3. So that another program may judge it. */
int forward_init(int port);
void forward_rtp(const struct session *session, const uint8_t *data, size_t size);
void forward_rtcp(const struct session *session, const uint8_t *data, size_t size);

/* ---- tally.c: what the clear header tells (RFC 3711 leaves it in clear) ---- */

struct tally_stream {
    uint32_t ssrc;
    bool is_started;
    uint64_t first, highest, received;
};

struct tally {
    struct tally_stream video, rtx, audio;
};

void tally_packet(struct tally *tally, const uint8_t *data, size_t size);
uint64_t tally_received(const struct tally *tally);
uint64_t tally_lost(const struct tally *tally);

/* ---- twcc.c: draft-holmer-rmcat-transport-wide-cc-extensions-01 ---- */

enum { TWCC_PACKETS_MAX = 512 };

struct twcc {
    uint8_t feedbacks;
    int count;
    struct {
        uint16_t sequence;
        int64_t at_us;
    } packets[TWCC_PACKETS_MAX];
};

void twcc_note(struct twcc *twcc, const uint8_t *data, size_t size, int64_t now_us);
/* A feedback message about what came since the last; 0 if nothing did. */
size_t twcc_write(struct twcc *twcc, uint32_t media_ssrc, uint8_t *out, size_t capacity);

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
    struct packet *packets; /* SEQUENCES of them */
    uint64_t received, duplicates, lost, recovered;
};

struct counts {
    uint64_t video_packets, audio_packets, rtx_packets, dropped_by_us, recovered,
        recovered_in_100ms, lost, duplicates;
    uint64_t frames, broken_frames, keyframes, stamp_steps_back, unprotect_failures, reports;
    struct samples recovery_us, lag_us, audio_lag_us, audio_gap_us;
};

/* What a sender report says: at this wall clock time the RTP time was this. */
struct mapping {
    int64_t wall_us; /* 0: none came yet */
    uint32_t timestamp;
};

struct media {
    struct session session;
    struct stream video, audio;
    struct counts *counts;
    int loss_percent;
    bool in_nal, frame_has_idr, has_key, frame_is_broken;
    uint32_t frame_timestamp, last_timestamp;
    bool has_timestamp;
    int64_t first_key_us, last_frame_us, longest_gap_us;
    uint32_t last_sr;
    int64_t last_sr_at_us, last_audio_us;
    struct mapping video_mapping, audio_mapping;
};

int media_init(struct media *media, struct counts *counts, int loss_percent);
void media_deinit(struct media *media);

/* A clear RTP packet. */
void media_packet(struct media *media, const uint8_t *data, size_t size, int64_t now_us);
/* We threw this one away on its way in (the header is in clear). */
void media_drop(struct media *media, const uint8_t *data, int64_t now_us);
/* A compound of NACKs and a receiver report, if one is due; returns its size or 0. */
size_t media_feedback(struct media *media, uint8_t *out, size_t capacity, int64_t now_us);
void media_rtcp(struct media *media, const uint8_t *data, size_t size, int64_t now_us);
/* What is still missing counts as lost. */
void media_finish(struct media *media);
/* A receiver report: `highest` sequence of the video. */
size_t media_report(struct media *media, uint32_t highest, uint8_t *out, int64_t now_us);

/* ---- dtls.c: the DTLS client's side, and the SRTP keys it agrees on ---- */

struct dtls {
    SSL *ssl; /* NULL before dtls_start */
    BIO *in, *out;
    srtp_t srtp_in, srtp_out;
};

enum dtls_result { DTLS_WAITS, DTLS_READY, DTLS_FAILED };

/* One certificate for all viewers; once, before all else. 0 or a negative errno. */
int dtls_global_init(void);
/* Of that certificate, as SDP writes it. */
const char *dtls_fingerprint(void);
/* `size` random characters of ICE's alphabet, and NUL. */
void random_text(char *out, size_t size);

/* Datagrams go out by `fd`, a connected socket. `opens`: make keys for what comes in, too. */
enum dtls_result dtls_start(struct dtls *dtls, int fd, bool opens);
/* Take a datagram; while the handshake runs, go on with it. */
enum dtls_result dtls_receive(struct dtls *dtls, int fd, bool opens, const uint8_t *data,
                              size_t size);
/* Repeat what got lost, if it is time to. */
void dtls_tick(struct dtls *dtls, int fd);
void dtls_free(struct dtls *dtls);

/* ---- peer.c ---- */

enum peer_state { PEER_CHECKING, PEER_DTLS, PEER_READY, PEER_FAILED };

struct peer {
    int fd;
    enum peer_state state;
    char ufrag[16], pwd[32], username[128];
    uint8_t stun_id[12];
    int64_t check_at_us, feedback_at_us, twcc_at_us;
    struct dtls dtls;
    const struct options *options;
    bool is_checked; /* else only counted */
    int64_t opened_at_us, ready_at_us;
    struct media media;
    struct tally tally;
    struct twcc twcc;
};

/* Offer, answer, socket. 0 or as session_open. */
int peer_open(struct peer *peer, const struct options *options, bool is_checked,
              struct counts *counts);
void peer_readable(struct peer *peer);
void peer_tick(struct peer *peer, int64_t now_us);
void peer_close(struct peer *peer, const struct url *url);

/* ---- joiner.c: offers go out from a thread, so that media is read meanwhile ---- */

struct joiner;

/* `fd` becomes readable when joiner_next has news. */
int joiner_start(const struct options *options, struct peer *peers, struct counts *counts,
                 struct joiner **out, int *fd);
/* 1: the next peer is open. 0: none yet. -1: all have been, or one failed and no more come. */
int joiner_next(struct joiner *joiner);
void joiner_stop(struct joiner *joiner);

/* ---- report.c ---- */

struct audience {
    const struct options *options;
    struct peer *peers;
    int opened;
    struct counts counts;
};

void report_joined(const struct audience *audience);
void report_mark(const struct audience *audience);
void report_end(struct audience *audience);

/* ---- main.c ---- */

int64_t now_us(void);
int64_t wall_us(void);

#endif
