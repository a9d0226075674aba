/**
 * RTP payloads of one frame, as the ring stores them: ready to send, equal in size so that UDP GSO
 * carries a frame.
 */
#ifndef JT_MEDIA_PACKET_H
#define JT_MEDIA_PACKET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "base/reader.h"

enum {
    JT_PAYLOAD_MAX_BYTES = 1140, /* 1,200 at the viewer less headers, extensions, OSN and tag */
    JT_FRAME_PACKETS_MAX = 4096, /* 4 MiB of frame */
    JT_PACKET_MARKER = 1 << 0,   /* RTP's M bit: last packet of the access unit */
    JT_PACKET_PADDING =
        1 << 1, /* the payload ends in RTP padding (P bit): its last byte is the count */
};

/**
 * A packer writes payloads through this, one at a time: `reserve` gives JT_PAYLOAD_MAX_BYTES of
 * room (a ring slot or any buffer), `commit` says how much of it was used and the packet's flags.
 * Both return NULL / negative errno on failure, and the packer gives up with that error.
 */
struct jt_packet_sink {
    uint8_t *(*reserve)(void *arg);
    int (*commit)(void *arg, uint16_t size, unsigned flags);
    void *arg;
};

/** A finished payload, borrowed. */
struct jt_payload {
    const uint8_t *data;
    uint16_t size;
    uint16_t flags;
};

/**
 * What is in a payload, without its RTP padding; failed from the start when the padding count is a
 * lie.
 */
struct jt_reader jt_payload_reader(const struct jt_payload *payload);

#endif
