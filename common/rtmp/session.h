/**
 * One RTMP connection as a state machine, server side: bytes in, events and bytes out. It sees no socket and no clock:
 * the owner feeds it, writes what it is given, and calls poll. Adobe RTMP 1.0; AMF0, and AMF3's command form.
 *
 * After any callback or call that returned an error the session is closed: feed it no more, free it. A callback may
 * call accept, refuse or redirect, but must not free the session; jt_rtmp_session_push returns and the owner frees it
 * then. Every close that is our decision adds one to jangteo_rtmp_refused_total{reason}. One thread.
 */
#ifndef JT_RTMP_SESSION_H
#define JT_RTMP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "rtmp/name.h" /* JT_RTMP_APP_MAX_BYTES, JT_RTMP_KEY_MAX_BYTES */

struct jt_rtmp_session;

/** Deadlines and sizes; jt_rtmp_limits_default gives those of the threat list. Times in microseconds. */
struct jt_rtmp_limits {
    int64_t handshake_us, publish_us, first_media_us, silence_us; /* 5 s, then 10 s, 10 s, 30 s */
    uint32_t video_message_max_bytes, other_message_max_bytes;    /* 4 MiB, 64 KiB */
    uint32_t partial_max_bytes;                                   /* 6 MiB of unfinished messages */
    uint32_t rate_max_bps;                                        /* 20 Mbps over 5 s */
};
struct jt_rtmp_limits jt_rtmp_limits_default(void);

struct jt_rtmp_ops {
    /**
     * Bytes for the peer. Returns 0 or a negative errno, which closes the session: -ENOBUFS when its queue is full
     * (close reason "write_queue"), any other when the connection is broken ("broken", not counted as refused).
     */
    int (*write)(void *arg, const uint8_t *data, size_t size);
    /**
     * The peer wants to publish; `app` and `key` have only [A-Za-z0-9_-] (query strings are cut off) and are borrowed
     * for the call. Answer now or later with jt_rtmp_session_accept or _refuse, within limits.publish_us. Media sent
     * before the answer is held back up to a limit (rtmp/hold.h), and handed out from within jt_rtmp_session_accept.
     */
    void (*on_publish)(void *arg, const char *app, const char *key);
    /** The peer wants to play: accept, refuse, or redirect. NULL: refused. */
    void (*on_play)(void *arg, const char *app, const char *key);
    /** A tag body (FLV 10.1 §E.4), complete, not empty; borrowed for the call. `time_ms` as sent: wraps, may jump. */
    void (*on_audio)(void *arg, uint32_t time_ms, const uint8_t *body, size_t size);
    void (*on_video)(void *arg, uint32_t time_ms, const uint8_t *body, size_t size);
    /** onMetaData as received (AMF0 after the name, well formed): hints only. */
    void (*on_metadata)(void *arg, const uint8_t *amf, size_t size);
    /**
     * FCUnpublish, deleteStream or closeStream ended the publishing or playing, or withdrew the wish for it before
     * the answer; the connection may publish again. Not called when the connection closes.
     */
    void (*on_unpublish)(void *arg);
};

JT_MUST_CHECK int jt_rtmp_session_new(const struct jt_rtmp_limits *limits,
                                      const struct jt_rtmp_ops *ops, void *arg, int64_t now_us,
                                      struct jt_rtmp_session **out);
/** Takes NULL. */
void jt_rtmp_session_free(struct jt_rtmp_session *session);

/** Feed bytes as they come. 0, or a negative errno: close the connection (what the peer should be told is written). */
JT_MUST_CHECK int jt_rtmp_session_push(struct jt_rtmp_session *session, const uint8_t *data,
                                       size_t size, int64_t now_us);

/** Deadlines; call at least every 250 ms. 0, or a negative errno: close. */
JT_MUST_CHECK int jt_rtmp_session_poll(struct jt_rtmp_session *session, int64_t now_us);

/**
 * Publishing or playing may begin (NetStream.Publish.Start or Play.Start is sent). Returns 0, -EINVAL when nobody
 * waits for an answer (withdrawn meanwhile), or the error that closed the session.
 */
JT_MUST_CHECK int jt_rtmp_session_accept(struct jt_rtmp_session *session);

/** Answer with an onStatus error ("NetStream.Publish.BadName", description for the seller's eyes); then close. */
void jt_rtmp_session_refuse(struct jt_rtmp_session *session, const char *code,
                            const char *description);

/** Tell a play request to go elsewhere (NetConnection.Connect.Rejected, ex.code 302, ex.redirect: as SRS and Flash). */
void jt_rtmp_session_redirect(struct jt_rtmp_session *session, const char *url);

/** The message stream of the publisher or player: what media to a player must carry. 0 before. */
uint32_t jt_rtmp_session_stream_id(const struct jt_rtmp_session *session);

/** Why it was closed, as a metric label: "handshake_timeout", "chunk_size", "amf_limit"…; NULL while it lives. */
const char *jt_rtmp_session_close_reason(const struct jt_rtmp_session *session);

/** Bytes received so far, for rates. */
uint64_t jt_rtmp_session_bytes_in(const struct jt_rtmp_session *session);

#endif
