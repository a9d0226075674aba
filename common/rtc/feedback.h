/**
 * What a viewer's RTCP asks for and tells: parsed from a compound packet, checked against the
 * streams of this session only, throttled. Pure: the owner acts on the events.
 */
#ifndef JT_RTC_FEEDBACK_H
#define JT_RTC_FEEDBACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_rtp_out;

/** Any may be NULL: nobody wants to know. */
struct jt_feedback_ops {
    /**
     * The viewer misses this packet of `stream` (index into the streams given). Duplicates within
     * one RTT are filtered.
     */
    void (*on_nack)(void *arg, int stream, uint16_t sequence);
    /** PLI or FIR, at most one per 500 ms and stream. */
    void (*on_keyframe_request)(void *arg, int stream);
    /**
     * Receiver report block: loss fraction 0…255, cumulative loss, jitter in clock units, rtt_us
     * (0: not known yet).
     */
    void (*on_report)(void *arg, int stream, uint8_t fraction_lost, int32_t lost, uint32_t jitter,
                      int64_t rtt_us);
    /** One transport-cc feedback: packets reported, of them lost. */
    void (*on_transport_cc)(void *arg, uint16_t base_sequence, uint16_t reported, uint16_t lost);
    void (*on_remb)(void *arg, uint64_t bitrate_bps);
    /** RTCP BYE of one of the peer's SSRCs; called last, so that the session may be freed in it. */
    void (*on_bye)(void *arg);
};

enum {
    JT_FEEDBACK_KEYFRAME_INTERVAL_MS = 500, /* S7: one request per stream in that time */
    JT_FEEDBACK_REPEAT_FLOOR_MS = 20, /* no second resend of a packet sooner, whatever the RTT */
    JT_FEEDBACK_RECENT = 64,
    JT_FEEDBACK_PEER_SSRCS = 8, /* threats: 8 sources per session */
    JT_FEEDBACK_RTT_MAX_MS = 10000,
};

/** Throttling state per viewer; zero-initialised. A plain record. */
struct jt_feedback {
    int64_t keyframe_at_us[2];
    struct {
        uint16_t sequence;
        uint8_t stream;
        uint8_t used;
        int64_t at_us;
    } recent[JT_FEEDBACK_RECENT];                /* NACKs answered lately */
    int64_t rtt_us;                              /* smoothed over reports; 0: not known */
    uint32_t peer_ssrcs[JT_FEEDBACK_PEER_SSRCS]; /* senders of RTCP so far: only they can say BYE */
    uint8_t peer_ssrcs_used;
    uint8_t recent_next;
};

/**
 * `streams`: the session's outgoing streams (0 video, 1 audio; entries may be NULL), to which media
 * SSRCs must belong. `now_wall_us` for the round trip from LSR/DLSR. Returns 0, or -EBADMSG when
 * the compound is malformed (what came before the fault has been handled).
 */
int jt_feedback_handle(struct jt_feedback *feedback, const struct jt_rtp_out *const streams[2],
                       const uint8_t *data, size_t size, int64_t now_us, int64_t now_wall_us,
                       const struct jt_feedback_ops *ops, void *arg);

#endif
