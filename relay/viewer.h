/**
 * One WHEP viewer: a transport, a video and an audio stream, and what it told us. Worker thread only.
 */
#ifndef RELAY_VIEWER_H
#define RELAY_VIEWER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/base.h"
#include "net/address.h"
#include "relay/access.h"
#include "relay/batch.h"
#include "relay/stream.h"
#include "rtc/feedback.h"
#include "rtc/ice.h"
#include "whip/answer.h"
#include "whip/resource.h"

struct jt_transport;
struct relay_show;
struct relay_viewer;
struct relay_worker;

enum relay_stream_index { RELAY_VIDEO, RELAY_AUDIO, RELAY_STREAMS };

/** An address its authenticated checks came from: whatever comes from there is its. */
struct relay_viewer_path {
    LIST_ENTRY(relay_viewer_path) link; /* in the worker's table */
    struct relay_viewer *viewer;        /* NULL: not in use */
    struct jt_address address;
};

struct relay_viewer {
    LIST_ENTRY(relay_viewer) link;     /* in its show */
    LIST_ENTRY(relay_viewer) by_ufrag; /* in the worker's tables */
    LIST_ENTRY(relay_viewer) by_id;
    LIST_ENTRY(relay_viewer) as_dead; /* once closing */
    struct relay_worker *worker;
    struct relay_show *show;
    struct jt_transport *transport;
    struct relay_stream streams[RELAY_STREAMS];
    struct jt_feedback feedback;
    struct relay_target target; /* valid once ready */
    struct relay_viewer_path paths[JT_ICE_PATHS_MAX];
    struct jt_address address; /* of the path that media takes */
    bool has_address, is_ready;
    uint16_t next_twcc;
    struct relay_ticket ticket; /* set by who made it */
    char id[JT_WHIP_ID_BYTES];
    char cname[JT_ANSWER_CNAME_BYTES];
    int64_t joined_at_us; /* when its offer came */
    int64_t report_at_us; /* next sender report */
    const char *closing;  /* reason: it is to be freed at the end of the turn */
};

/** A viewer from an accepted plan; not yet in any table. */
JT_MUST_CHECK int relay_viewer_new(struct relay_worker *worker, struct relay_show *show,
                                   const struct jt_answer_plan *plan, const char *id,
                                   int64_t joined_at_us, struct relay_viewer **out);
void relay_viewer_free(struct relay_viewer *viewer);

/** A datagram of this viewer. */
void relay_viewer_receive(struct relay_viewer *viewer, uint8_t *data, size_t size,
                          const struct jt_address *from, int64_t now_us);

/** Timers of transport and sender reports: call every 50 ms or so. */
void relay_viewer_poll(struct relay_viewer *viewer, int64_t now_us);

/** May `bytes` go out now? False while the path has not been checked and the 3x limit is reached. */
bool relay_viewer_may_send(struct relay_viewer *viewer, size_t bytes);

/** Something left on a stream: time to first key frame is measured here. */
void relay_viewer_on_first_frame(struct relay_viewer *viewer);

/** Say goodbye (RTCP BYE) and free at the end of the turn. */
void relay_viewer_close(struct relay_viewer *viewer, const char *reason);

#endif
