/**
 * What the fixed senders have in common: their arguments, the pace, the figures.
 *
 * The stream is always the same: 30 frames a second of 7 packets of 1,200 bytes, and 50 audio packets a second of 120
 * bytes (SRTP bytes, header and tag included): 260 packets, 2.1 Mbit/s a viewer.
 */
#ifndef BENCH_PACED_H
#define BENCH_PACED_H

#include <stdbool.h>
#include <stdint.h>

#include "destinations.h"

enum {
    FRAMES_PER_S = 30,
    FRAME_PACKETS = 7,
    AUDIO_PER_S = 50,
    VIDEO_PACKET_BYTES = 1200,
    AUDIO_PACKET_BYTES = 120,
    HEADER_BYTES = 20, /* with the extension of transport-cc, as viewers get it */
    SOURCE_FRAMES =
        64, /* different frames, so that the source does not sit in the first-level cache */
};

struct paced {
    int viewers, seconds;
    const char *address; /* NULL: loopback, with readers */
    uint16_t port;       /* of the sender; 0: any */
    struct destinations destinations;
    int fd; /* the one unconnected socket */
    uint8_t *source;
    uint64_t packets, sends, failed;
    double cpu_s, wall_s;
};

/* Parses --viewers, --seconds, --to ADDRESS, --port; opens socket and destinations. Exits with a message if it can't. */
void paced_open(struct paced *paced, int argc, char **argv);

/* The payload bytes of packet `packet` of frame `frame`; valid for VIDEO_PACKET_BYTES. */
const uint8_t *paced_payload(const struct paced *paced, unsigned frame, unsigned packet);

/* Writes an RTP header with the one-byte extension. */
void paced_header(uint8_t out[HEADER_BYTES], bool audio, uint32_t ssrc, uint16_t sequence,
                  uint32_t timestamp, uint16_t twcc);

/**
 * Calls `frame` for each frame in time, with how many audio packets are due by then (1 or 2). A sender that can't keep
 * the pace goes on as fast as it can: the CPU time per packet is what counts.
 */
void paced_run(struct paced *paced, void (*frame)(struct paced *paced, unsigned number, int audio));

/* Prints one JSON object. */
void paced_report(struct paced *paced, const char *name, const char *cipher);

#endif
