/* What a rude viewer does beside watching. One act a threat or two; the ids are those of docs/threats.md. */
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "rude.h"

enum {
    SECOND_US = 1000000,
    FLOOD_PER_TICK = 400,  /* 80,000 a second */
    PACKETS_PER_TICK = 20, /* 4,000 a second */
    NACKS = 60,
    NACK_SPAN = 17, /* a packet and the 16 after it (RFC 4585 §6.2.1) */
    CHECK_STRAY_US = 100000,
};

static void put16(uint8_t *at, unsigned v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

static void put32(uint8_t *at, uint32_t v)
{
    put16(at, v >> 16);
    put16(at + 2, v & 0xffff);
}

/* ---- S1: a wrong tag, S2: none at all ---- */

static void tick_tags(struct rude_viewer *viewer, int64_t now)
{
    uint8_t rtcp[44] = {0x81, 206, 0, 2, 0, 0, 0, 1}, rtp[60] = {0x80, 96};

    (void)now;
    for (int i = 0; viewer->state == RUDE_READY && i < PACKETS_PER_TICK / 2; i++) {
        (void)RAND_bytes(rtcp + 8, sizeof(rtcp) - 8);
        (void)RAND_bytes(rtp + 2, sizeof(rtp) - 2);
        rtcp[28] |= 0x80; /* E */
        rude_send(viewer, rtcp, sizeof(rtcp));
        rude_send(viewer, rtp, sizeof(rtp));
    }
}

static size_t write_pli(const struct rude_viewer *viewer, uint8_t *out)
{
    static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 1},
                         pli[] = {0x81, 206, 0, 2, 0, 0, 0, 1};

    memcpy(out, rr, sizeof(rr));
    memcpy(out + 8, pli, sizeof(pli));
    put32(out + 16, viewer->session.video_ssrc);
    return 20;
}

static const uint8_t bye[] = {0x80, 201, 0, 1, 0, 0, 0, 1, 0x81, 203, 0, 1, 0, 0, 0, 1};

static void tick_clear(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[64] = {0};
    uint8_t rtp[60] = {0x80, 96};
    size_t size = write_pli(viewer, out);

    (void)now;
    if (!viewer->is_checked)
        return;
    rude_send(viewer, out, size);      /* bare */
    rude_send(viewer, out, size + 14); /* SRTCP index with E = 0, and a tag of zeros */
    rude_send(viewer, out, size + 20);
    rude_send(viewer, bye, sizeof(bye));
    rude_send(viewer, rtp, sizeof(rtp));
}

/* ---- S7: asking as often as one can ---- */

static void tick_pli(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[64];
    size_t size = write_pli(viewer, out);
    static const uint8_t fir[] = {0x84, 206, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0};

    (void)now;
    memcpy(out + size, fir, sizeof(fir));
    put32(out + size + 12, viewer->session.video_ssrc);
    put32(out + size + 16, viewer->step++ << 24);
    for (int i = 0; viewer->state == RUDE_READY && i < PACKETS_PER_TICK; i++)
        rude_send_rtcp(viewer, out, size + 20);
}

static void tick_nack(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[12 + 4 * NACKS + 8] = {0x80, 201, 0, 1,         0, 0, 0, 1,
                                       0x81, 205, 0, 2 + NACKS, 0, 0, 0, 1};

    (void)now;
    put32(out + 16, viewer->session.video_ssrc);
    for (unsigned i = 0; i < NACKS; i++) {
        put16(out + 20 + 4 * i, viewer->newest_sequence - NACK_SPAN * (i + 1));
        put16(out + 22 + 4 * i, 0xffff);
    }
    for (int i = 0;
         viewer->state == RUDE_READY && viewer->newest_sequence && i < PACKETS_PER_TICK / 5; i++)
        rude_send_rtcp(viewer, out, 20 + 4 * NACKS);
}

/* ---- S6: RTCP that lies, well sealed ---- */

/* VVVVVVVV: the video's SSRC. Each behind an empty receiver report, but for those that begin with "!". */
static const char *const lies[] = {
    "!80c9",                       /* cut */
    "!80c90001",                   /* no SSRC */
    "!9fc9000100000001",           /* 31 blocks announced, none there */
    "!81c9000700000001VVVVVVVVff", /* a block cut short */
    "!80c8000100000001",           /* SR without sender info */
    "81cb000100abcdef",            /* BYE of a foreign SSRC */
    "9fcb000100000002",            /* BYE of 31, one there */
    "81cb000300000002ff414243",    /* reason longer than the packet */
    "80c8000600000001ffffffffffffffffffffffffffffffffffffffff", /* NTP and RTP time at their end */
    "80c8000600000001000000000000000000000000000000000000000000", /* and at zero */
    "81c9000700000001VVVVVVVVffffffffffffffffffffffffffffffffffffffff", /* lost -1, times that cannot be */
    "81c9000700000001VVVVVVVV00000000000000000000000000000001ffffffff", /* DLSR of 18 hours */
    "8fcd000500000001VVVVVVVV0000ffff000000003fffffff", /* TWCC: 65,535 packets in two chunks */
    "8fcd000500000001VVVVVVVV000000000000000020002000", /* TWCC: no packet at all */
    "8fcd000500000001VVVVVVVVfff0001400000000bfff7fff", /* TWCC: deltas that are not there */
    "8fcd000300000001VVVVVVVV00010001",                 /* TWCC: cut */
    "8fce00050000000100000000"
    "52454d4201ffffffVVVVVVVV", /* REMB: exponent 63 */
    "8fce00050000000100000000"
    "52454d42ff000000VVVVVVVV", /* REMB: 255 sources */
    "8fce00030000000100000000"
    "52454d42",                                 /* REMB: cut */
    "81ce000200000001deadbeef",                 /* PLI for a foreign stream */
    "81cd000300000001deadbeef0001ffff",         /* NACK for one */
    "84ce000400000001000000000badcafe01000000", /* FIR for one */
    "81cd000200000001VVVVVVVV",                 /* NACK without items */
    "82cc000300000001414243440000ffff",         /* APP */
    "81ca0002000000010140",                     /* SDES item past its end */
    "81ca00020000000101ff4142",
    "40c9000100000001", /* version 1 */
    "a0c9000100000001", /* padding of 1: not a multiple of 4 */
    "80ffffff00000001", /* longer than everything */
};

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static size_t write_lie(const struct rude_viewer *viewer, const char *text, uint8_t *out)
{
    static const uint8_t rr[] = {0x80, 201, 0, 1, 0, 0, 0, 1};
    size_t size = 0;

    if (*text == '!')
        text++;
    else
        memcpy(out, rr, size = sizeof(rr));
    while (*text) {
        if (*text == 'V') {
            put32(out + size, viewer->session.video_ssrc);
            size += 4;
            text += 8;
        } else {
            out[size++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
            text += 2;
        }
    }
    return size;
}

static void tick_rtcp(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[256];

    (void)now;
    for (int i = 0; viewer->state == RUDE_READY && i < 4; i++) {
        size_t size = write_lie(viewer, lies[viewer->step % (sizeof(lies) / sizeof(lies[0]))], out);

        viewer->step++;
        if (size >= 8) /* what libsrtp can seal */
            rude_send_rtcp(viewer, out, size);
        else
            rude_send(viewer, out, size);
    }
}

/* ---- S8: media nobody asked for, of ever new sources ---- */

static void tick_spray(struct rude_viewer *viewer, int64_t now)
{
    uint8_t rtp[200] = {0x80, 96};

    (void)now;
    for (int i = 0; viewer->state == RUDE_READY && i < PACKETS_PER_TICK; i++) {
        put32(rtp + 8, ++viewer->step);
        rude_send_rtp(viewer, rtp, sizeof(rtp));
    }
}

/* ---- D4: records that nobody authenticated, S9: SCTP where there is none ---- */

static void send_record(struct rude_viewer *viewer, uint8_t type, uint8_t epoch,
                        const uint8_t *body, size_t size)
{
    uint8_t out[RUDE_DATAGRAM_MAX] = {type, 0xfe, 0xfd, 0, epoch, 0, 0, 0, 0};

    put16(out + 9, viewer->step++);
    put16(out + 11, (unsigned)size);
    memcpy(out + 13, body, size);
    rude_send(viewer, out, 13 + size);
}

static void tick_records(struct rude_viewer *viewer, int64_t now)
{
    static const uint8_t fatal[] = {2, 40}, close_notify[] = {1, 0};
    uint8_t noise[64];

    (void)now;
    if (viewer->state != RUDE_READY)
        return;
    (void)RAND_bytes(noise, sizeof(noise));
    send_record(viewer, 21, 0, fatal, sizeof(fatal));
    send_record(viewer, 21, 0, close_notify, sizeof(close_notify));
    send_record(viewer, 21, 1, noise, 26);
    send_record(viewer, 23, 1, noise, sizeof(noise));
    send_record(viewer, 23, 1, noise, 3); /* too short for a nonce and a tag */
    send_record(viewer, 22, 0, noise, sizeof(noise));
    send_record(viewer, 20, 7, noise, 1);
}

/* SCTP INIT with a length that lies (RFC 9260 §3.3.2), then DCEP OPEN (RFC 8832 §5.1). */
static const uint8_t sctp_init[] = {0x13, 0x88, 0x13, 0x88, 0,    0,    0, 0, 0, 0,
                                    0,    0,    1,    0,    0xff, 0xff, 1, 2, 3, 4};
static const uint8_t dcep_open[] = {
    0x13, 0x88, 0x13, 0x88, 0, 0, 0, 1,  0, 0, 0, 0, 0, 3, 0, 40, 0,    0,    0,    1,
    0,    0,    0,    0,    0, 0, 0, 50, 3, 0, 1, 0, 0, 0, 0, 0,  0xff, 0xff, 0xff, 0xff};

static void tick_sctp(struct rude_viewer *viewer, int64_t now)
{
    uint8_t record[512];
    int n;

    (void)now;
    if (viewer->state != RUDE_READY) {
        rude_send(viewer, sctp_init, sizeof(sctp_init));
        return;
    }
    (void)SSL_write(viewer->dtls.ssl, sctp_init, sizeof(sctp_init));
    (void)SSL_write(viewer->dtls.ssl, dcep_open, sizeof(dcep_open));
    n = BIO_read(viewer->dtls.out, record, sizeof(record));
    if (n > 0)
        rude_send(viewer, record, (size_t)n);
}

/* ---- I5: somebody else is first, and stays; D1: with a ClientHello ---- */

/* DTLS 1.2, one suite: TLS_RSA_WITH_NULL_SHA (RFC 5246 A.5, RFC 6347 §4.2.2). Returns its size. */
static size_t write_null_hello(uint8_t *out)
{
    enum { BODY = 2 + 32 + 1 + 1 + 2 + 2 + 2 };
    static const uint8_t suites[] = {0, 2, 0, 2, 1, 0};
    static const uint8_t record[] = {22, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12 + BODY};
    static const uint8_t message[] = {1, 0, 0, BODY, 0, 0, 0, 0, 0, 0, 0, BODY, 0xfe, 0xfd};
    size_t at = sizeof(record) + sizeof(message);

    memcpy(out, record, sizeof(record));
    memcpy(out + sizeof(record), message, sizeof(message));
    (void)RAND_bytes(out + at, 32);
    out[at + 32] = out[at + 33] = 0; /* no session, no cookie */
    memcpy(out + at + 34, suites, sizeof(suites));
    return at + 34 + sizeof(suites);
}

static void send_as_stranger(struct rude_viewer *viewer)
{
    uint8_t out[512], rtp[60] = {0x80, 96}, rtcp[28] = {0x80, 201, 0, 6}, id[12];

    (void)RAND_bytes(id, sizeof(id));
    rude_send_stray(viewer, out,
                    stun_request(viewer->username, "not the password of this session", id, out));
    rude_send_stray(viewer, out, write_null_hello(out));
    rude_send_stray(viewer, rtp, sizeof(rtp));
    rude_send_stray(viewer, rtcp, sizeof(rtcp));
}

static void tick_stranger(struct rude_viewer *viewer, int64_t now)
{
    (void)now;
    send_as_stranger(viewer);
}

/* ---- I6: a real viewer names a victim's address ---- */

static void tick_spoof(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[512], id[12];

    if (viewer->state != RUDE_READY || now < viewer->act_at_us)
        return;
    viewer->act_at_us = now + CHECK_STRAY_US;
    (void)RAND_bytes(id, sizeof(id));
    rude_send_stray(viewer, out, stun_request(viewer->username, viewer->session.pwd, id, out));
}

/* ---- I7: another port all at once; no sign of life ---- */

static void tick_rebind(struct rude_viewer *viewer, int64_t now)
{
    int fd;

    if (viewer->state != RUDE_READY || viewer->is_moved || now - viewer->ready_at_us < SECOND_US)
        return;
    fd = rude_socket(viewer, "127.0.0.1");
    if (fd < 0)
        return;
    (void)dup3(fd, viewer->fd, O_CLOEXEC); /* under the number that is polled */
    (void)close(fd);
    viewer->is_moved = true;
    viewer->check_at_us = now; /* nominates from there */
}

static void tick_mute(struct rude_viewer *viewer, int64_t now)
{
    if (viewer->state == RUDE_READY && now - viewer->ready_at_us > SECOND_US)
        viewer->is_silent = true;
}

/* ---- I3, I4: floods from an address of no session ---- */

static void tick_reflect(struct rude_viewer *viewer, int64_t now)
{
    uint8_t out[512], id[12];
    size_t size;

    (void)now;
    (void)RAND_bytes(id, sizeof(id));
    size = stun_request("00unknown:nobody", "not a password of any session", id, out);
    for (int i = 0; i < FLOOD_PER_TICK; i++)
        rude_send_stray(viewer, out,
                        i % 2 ? size : 20); /* every other one bare, of the header alone */
}

static void tick_junk(struct rude_viewer *viewer, int64_t now)
{
    static uint8_t junk[65507];
    static const size_t sizes[] = {0,  1,   3,    4,    11,   12,   13,   19,   20,   28,
                                   60, 200, 1200, 1472, 1500, 1501, 2048, 9000, 65507};
    enum { SIZES = sizeof(sizes) / sizeof(sizes[0]) };

    (void)now;
    for (int i = 0; i < FLOOD_PER_TICK; i++) {
        unsigned n = viewer->step++;
        size_t size =
            sizes[n % (n % 64 ? SIZES - 2
                              : SIZES)]; /* the huge ones seldom: they cost us more than it */

        if (n % 16 == 0)
            (void)RAND_bytes(junk + 1, 256);
        junk[0] = (uint8_t)(n / SIZES);
        if (n % 3 == 0)
            rude_send(viewer, junk, size);
        else
            rude_send_stray(viewer, junk, size);
    }
}

static void tick_none(struct rude_viewer *viewer, int64_t now)
{
    (void)viewer;
    (void)now;
}

static const struct rude_act acts[] = {
    {"none", false, NULL, tick_none},   {"tags", false, NULL, tick_tags},
    {"clear", false, NULL, tick_clear}, {"pli", false, NULL, tick_pli},
    {"nack", false, NULL, tick_nack},   {"rtcp", false, NULL, tick_rtcp},
    {"spray", false, NULL, tick_spray}, {"records", false, NULL, tick_records},
    {"sctp", false, NULL, tick_sctp},   {"stranger", true, send_as_stranger, tick_stranger},
    {"spoof", true, NULL, tick_spoof},  {"rebind", false, NULL, tick_rebind},
    {"mute", false, NULL, tick_mute},   {"reflect", true, NULL, tick_reflect},
    {"junk", true, NULL, tick_junk},
};

const struct rude_act *rude_act_find(const char *name)
{
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        if (strcmp(acts[i].name, name) == 0)
            return &acts[i];
    return NULL;
}

void rude_act_list(void)
{
    for (size_t i = 0; i < sizeof(acts) / sizeof(acts[0]); i++)
        (void)fprintf(stderr, " %s", acts[i].name);
    (void)fputc('\n', stderr);
}
