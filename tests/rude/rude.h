/* Shared by the files of rude-viewer; see README.md. Offers, answers, STUN and DTLS are tests/client's. */
#ifndef RUDE_H
#define RUDE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../client/client.h"

enum { RUDE_DATAGRAM_MAX = 2048, RUDE_TICK_MS = 5, RUDE_GAP_US = 300000 };

enum rude_state { RUDE_CHECKING, RUDE_DTLS, RUDE_READY, RUDE_FAILED };

struct rude_act;

struct rude_totals {
    uint64_t packets, bytes, rtx_packets, rtx_bytes;
    uint64_t sent, sent_bytes;              /* by the act */
    uint64_t stray_sent_bytes, stray_bytes; /* sent from and received at the second address */
    int64_t longest_gap_us;
    uint64_t gaps, reports;
    int64_t clock_step_us; /* the most that one stream's sender reports disagree with each other */
    int64_t
        av_step_us; /* the most that sound and picture move against each other, by their reports */
};

/* What a stream's sender reports say: RTP time against wall time (RFC 3550 §6.4.1). */
struct rude_clock {
    bool is_known;
    uint32_t first_stamp;
    int64_t first_us, step_us;
};

struct rude_viewer {
    const struct rude_act *act;
    struct rude_totals *totals;
    int fd;
    int stray_fd; /* bound to 127.0.0.2; -1 when the act needs none */
    enum rude_state state;
    struct session session;
    struct rude_clock video_clock, audio_clock;
    int number;
    char ufrag[16], pwd[32], username[128];
    uint8_t check_id[12];
    bool is_silent;  /* sends no checks and no reports any more */
    bool is_moved;   /* has changed its socket */
    bool is_checked; /* the first check was answered */
    int64_t check_at_us, ready_at_us, act_at_us, last_packet_us, report_at_us;
    uint16_t newest_sequence;
    unsigned step;
    struct dtls dtls;
};

/* ---- viewer.c ---- */

/* 0, the HTTP status that was not 201, or a negative errno. */
int rude_open(struct rude_viewer *viewer, const struct url *url, const struct rude_act *act,
              struct rude_totals *totals);
void rude_readable(struct rude_viewer *viewer, int64_t now_us);
void rude_tick(struct rude_viewer *viewer, int64_t now_us);
void rude_close(struct rude_viewer *viewer, const struct url *url);
/* A socket to the server from `address`; returns it or a negative errno. */
int rude_socket(const struct rude_viewer *viewer, const char *address);

/* From the viewer's own socket; counted. */
void rude_send(struct rude_viewer *viewer, const void *data, size_t size);
/* From the second address; counted. */
void rude_send_stray(struct rude_viewer *viewer, const void *data, size_t size);
/* Sealed with the session's keys. */
void rude_send_rtcp(struct rude_viewer *viewer, const uint8_t *data, size_t size);
void rude_send_rtp(struct rude_viewer *viewer, const uint8_t *data, size_t size);

/* ---- acts.c ---- */

struct rude_act {
    const char *name;
    bool has_stray;
    void (*open)(struct rude_viewer *viewer); /* before its first check; may be NULL */
    void (*tick)(struct rude_viewer *viewer, int64_t now_us); /* in every state */
};

/* NULL: no such act. */
const struct rude_act *rude_act_find(const char *name);
void rude_act_list(void);

#endif
