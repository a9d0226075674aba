/**
 * The control protocol between ingest (server) and its peers: relay, chat and media workers. Messages are JSON of at
 * most 16 KiB with `"v":1` and `"type"`, over SOCK_SEQPACKET, descriptors by SCM_RIGHTS. Unknown types and unknown
 * keys are ignored (newer peers), a malformed message ends the link.
 *
 * This file is the codec: struct to JSON and back, every string within its limit, every number in its range.
 */
#ifndef JT_RING_CONTROL_H
#define JT_RING_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

enum {
    JT_CONTROL_VERSION = 1,
    JT_SHOW_NAME_MAX_BYTES = 129, /* with NUL; [A-Za-z0-9_-]{1,128} */
    JT_CONTROL_TEXT_MAX_BYTES = 256,
};

enum jt_control_type {
    JT_CONTROL_HELLO,       /* both ways, first: role, pid, version */
    JT_CONTROL_READER,      /* reader → writer: a bell (on: 2 fds) or its end */
    JT_CONTROL_SHOW,        /* ingest → all: a show's state */
    JT_CONTROL_TRACK,       /* ingest → all: a track of a show (1 fd) */
    JT_CONTROL_TRACK_END,   /* ingest → all; worker → ingest */
    JT_CONTROL_TRACK_OFFER, /* worker → ingest: a track it makes (1 fd) */
    JT_CONTROL_KEYFRAME,    /* relay → ingest → worker or publisher */
    JT_CONTROL_DEMAND,      /* relay → ingest: somebody wants / nobody wants a track any more */
    JT_CONTROL_STATS,       /* worker, relay → ingest: figures for a show */
    JT_CONTROL_COMMAND,     /* chat → ingest: stop, access */
    JT_CONTROL_WARNING,     /* ingest → relay, chat: for the seller or operator to read */
    JT_CONTROL_BYE,         /* both ways, last */
    JT_CONTROL_TYPE_COUNT,
};

enum jt_control_role { JT_ROLE_INGEST, JT_ROLE_RELAY, JT_ROLE_CHAT, JT_ROLE_WORKER, JT_ROLE_COUNT };
enum jt_show_state { JT_SHOW_LIVE, JT_SHOW_WAITING, JT_SHOW_ENDED, JT_SHOW_STATE_COUNT };
enum jt_show_access { JT_ACCESS_PUBLIC, JT_ACCESS_TOKEN, JT_ACCESS_CLOSED, JT_SHOW_ACCESS_COUNT };

/** One message; which fields count depends on `type`. Strings are NUL-terminated and valid for their kind. */
struct jt_control {
    enum jt_control_type type;
    enum jt_control_role role;         /* hello */
    int64_t pid;                       /* hello */
    char show[JT_SHOW_NAME_MAX_BYTES]; /* all but hello, reader, bye */
    uint32_t epoch;                    /* show, track, track_end, track_offer */
    /* track, track_end, keyframe, demand: ingest's number of the track, unique in its life; reader: the bell's number */
    uint32_t track;
    uint32_t source; /* track, track_offer: the track it was made from (0: from the publisher) */
    enum jt_show_state state;   /* show */
    enum jt_show_access access; /* show, command */
    bool on;                    /* demand, reader */
    /* A code, [a-z0-9_.]{1,64}. command: "stop", "access"; warning, stats: e.g. "gop_too_long"; demand to a worker: what
     * to make of the track, "opus" or "repair" (empty, and then left out, from a relay) */
    char name[JT_CONTROL_TEXT_MAX_BYTES];
    /* Words: bye, track_end, warning, command (why a show is stopped; left out when empty). May be empty; no control characters */
    char reason[JT_CONTROL_TEXT_MAX_BYTES];
    int64_t value; /* stats */
};

/** Their words, in messages, metrics and logs. */
extern const char *const jt_show_state_names[JT_SHOW_STATE_COUNT];
extern const char *const jt_show_access_names[JT_SHOW_ACCESS_COUNT];

const char *jt_control_type_name(enum jt_control_type type);

/** JSON into `out` (NUL-terminated). Returns its length, -EMSGSIZE, or -EINVAL for a field its type may not hold. */
JT_MUST_CHECK int jt_control_encode(const struct jt_control *message, char *out, size_t capacity);

/**
 * 0, or -EBADMSG: not JSON, too deep, wrong version, a field missing or out of its range, a name with characters a show
 * may not have. -EOPNOTSUPP: well-formed, but of an unknown type: ignore it.
 */
JT_MUST_CHECK int jt_control_decode(const char *json, size_t size, struct jt_control *out);

/** How many descriptors this message must carry: 1 for track and track_offer, 2 for a reader's bell that is on, else 0. */
int jt_control_fd_count(const struct jt_control *message);

/** Is it a show's name: [A-Za-z0-9_-]{1,128}? */
bool jt_show_name_is_valid(const char *name, size_t size);

#endif
