/** What the main thread and the HTTP thread tell a worker, and workers tell each other. */
#ifndef RELAY_MESSAGE_H
#define RELAY_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "net/address.h"
#include "relay/access.h"
#include "ring/control.h"
#include "whip/resource.h"

enum relay_message_type {
    RELAY_SHOW,        /* show, epoch, state, access */
    RELAY_TRACK,       /* show, epoch, track, source, fd (owned by the message) */
    RELAY_TRACK_END,   /* show, track */
    RELAY_WARNING,     /* show, code */
    RELAY_INGEST_GONE, /* every show waits */
    RELAY_INGEST_BACK, /* what was not told again since RELAY_INGEST_GONE has ended */
    RELAY_OFFER,       /* show, id, pending, text (the SDP), ticket */
    RELAY_DELETE,      /* id */
    RELAY_DATAGRAM,    /* from, text (the bytes): came to another worker's socket */
};

struct relay_message {
    enum relay_message_type type;
    char show[JT_SHOW_NAME_MAX_BYTES];
    char id[JT_WHIP_ID_BYTES];
    char code[64];
    uint32_t epoch, track, source;
    enum jt_show_state state;
    enum jt_show_access access;
    struct relay_ticket ticket;
    int fd;
    struct jt_whip_pending *pending;
    struct jt_address from;
    int64_t at_us; /* when an offer came in: joins are measured from here */
    char *text;    /* malloc; owned by the message */
    size_t size;
};

#endif
