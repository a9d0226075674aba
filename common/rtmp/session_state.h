/** What session.c and session_commands.c share: the session and the moves it makes. Private to common/rtmp. */
#ifndef JT_RTMP_SESSION_STATE_H
#define JT_RTMP_SESSION_STATE_H

#include "rtmp/hold.h"
#include "rtmp/session.h"

struct jt_rtmp_chunk_reader;
struct jt_rtmp_handshake;
struct jt_rtmp_message;
struct jt_rtmp_status;
struct jt_writer;

enum jt_rtmp_state {
    JT_RTMP_HANDSHAKE,
    JT_RTMP_CONNECTING,    /* handshake done, `connect` is due */
    JT_RTMP_READY,         /* connected, no stream in use */
    JT_RTMP_ASKED_PUBLISH, /* the owner has not answered yet */
    JT_RTMP_PUBLISHING,
    JT_RTMP_ASKED_PLAY,
    JT_RTMP_PLAYING,
    JT_RTMP_CLOSED,
};

/** Counted over RATE_WINDOW_US, for the caps on what a peer can make us do. */
struct jt_rtmp_window {
    int64_t start_us;
    uint64_t bytes;
    uint32_t commands, pings;
};

struct jt_rtmp_session {
    struct jt_rtmp_limits limits;
    const struct jt_rtmp_ops *ops;
    void *arg;
    enum jt_rtmp_state state;
    int close_err;      /* negative errno, once closed */
    const char *reason; /* of the close */
    int64_t now_us;
    int64_t idle_since_us; /* the deadline for what the peer owes us runs from here */
    bool has_media;
    struct jt_rtmp_window window;
    struct jt_rtmp_handshake *handshake; /* until it is done */
    struct jt_rtmp_chunk_reader *reader; /* from then on */
    struct jt_rtmp_hold hold;            /* media in JT_RTMP_ASKED_PUBLISH */
    bool awaits_key_frame;               /* some of it was lost */
    uint64_t bytes_in, bytes_acknowledged;
    uint32_t acknowledge_every_bytes;
    uint32_t chunk_size_out;
    uint32_t streams_created;
    uint32_t stream_id;                    /* the one in use */
    char path[JT_RTMP_PATH_MAX_BYTES + 1]; /* of connect */
};

/** Make an allowed move. */
void jt_rtmp_session_move(struct jt_rtmp_session *session, enum jt_rtmp_state to);

/** Close for `reason` (a constant, the metric's label), once; returns the error of the first time. */
int jt_rtmp_session_close(struct jt_rtmp_session *session, int err, const char *reason);

/** Send one message. Returns 0 or the error that closed the session. */
int jt_rtmp_session_send(struct jt_rtmp_session *session, uint32_t chunk_stream,
                         const struct jt_rtmp_message *message);

/** Send the command in `body` on message stream `stream_id`. The same. */
int jt_rtmp_session_send_command(struct jt_rtmp_session *session, uint32_t stream_id,
                                 const struct jt_writer *body);

/** onStatus on the stream in use. The same. */
int jt_rtmp_session_send_status(struct jt_rtmp_session *session,
                                const struct jt_rtmp_status *status);

/** User control message with one 32-bit argument (§7.1.7). The same. */
int jt_rtmp_session_send_event(struct jt_rtmp_session *session, uint16_t event, uint32_t value);

/** The messages that answer `connect` before its result: windows, chunk size, stream 0. The same. */
int jt_rtmp_session_send_setup(struct jt_rtmp_session *session);

/** A command message of either AMF form. Returns 0 or the error that closed the session. */
int jt_rtmp_session_on_command(struct jt_rtmp_session *session,
                               const struct jt_rtmp_message *message);

#endif
