/**
 * One RTMP connection as a state machine, client side: connect, then publish or play one stream. For relay to relay
 * and for tests. Like the server's session it sees no socket and no clock; the owner keeps the deadline until
 * on_ready. A callback must not free the client. One thread.
 */
#ifndef JT_RTMP_CLIENT_H
#define JT_RTMP_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_rtmp_client;
struct jt_rtmp_message;

enum jt_rtmp_client_role { JT_RTMP_CLIENT_PUBLISH, JT_RTMP_CLIENT_PLAY };

enum { JT_RTMP_CLIENT_TEXT_MAX_BYTES = 512 }; /* app, stream and URL, each: ours */

/** Where to go; texts are copied. `url` is "rtmp://HOST:PORT/APP", as `connect` wants it. */
struct jt_rtmp_target {
    enum jt_rtmp_client_role role;
    const char *app, *stream, *url;
};

struct jt_rtmp_client_ops {
    /** Bytes for the peer. Returns 0 or a negative errno, which ends the client. */
    int (*write)(void *arg, const uint8_t *data, size_t size);
    /** Publishing or playing has begun. */
    void (*on_ready)(void *arg);
    /** Playing: audio, video, data and aggregate messages; borrowed for the call. NULL when publishing. */
    void (*on_media)(void *arg, const struct jt_rtmp_message *message);
};

/** Returns 0, -ENAMETOOLONG or -ENOMEM. */
JT_MUST_CHECK int jt_rtmp_client_new(const struct jt_rtmp_target *target,
                                     const struct jt_rtmp_client_ops *ops, void *arg,
                                     struct jt_rtmp_client **out);
/** Takes NULL. The stream's name, which may be a key, is wiped. */
void jt_rtmp_client_free(struct jt_rtmp_client *client);

/** Say hello, once the connection stands. 0 or a negative errno. */
JT_MUST_CHECK int jt_rtmp_client_start(struct jt_rtmp_client *client);

/** Feed bytes as they come. 0, or a negative errno: the client is over; -EACCES when the server said no. */
JT_MUST_CHECK int jt_rtmp_client_push(struct jt_rtmp_client *client, const uint8_t *data,
                                      size_t size);

/**
 * Send an audio, video or data message (its stream_id is filled in). Returns 0, -EAGAIN before on_ready, -EMSGSIZE for
 * a body over 16 MiB, or another negative errno that ends the client.
 */
JT_MUST_CHECK int jt_rtmp_client_send(struct jt_rtmp_client *client,
                                      const struct jt_rtmp_message *message);

/** End the stream in good order (FCUnpublish, deleteStream); the connection can be closed after. As send. */
JT_MUST_CHECK int jt_rtmp_client_finish(struct jt_rtmp_client *client);

/** After -EACCES: the server's code, as "NetStream.Publish.BadName", cut to what is printable. Else "". */
const char *jt_rtmp_client_refusal(const struct jt_rtmp_client *client);

#endif
