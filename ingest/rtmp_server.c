#include "ingest/rtmp_server.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/descriptors.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ingest/admission.h"
#include "ingest/config.h"
#include "ingest/feed.h"
#include "ingest/show.h"
#include "loop/loop.h"
#include "net/address.h"
#include "net/tcp.h"
#include "rtmp/session.h"

enum {
    WRITE_QUEUE_MAX_BYTES =
        64 * 1024,      /* we say little; who does not read even that is cut (threat R17) */
    FAREWELL_MS = 2000, /* to send what a refused peer should read */
    POLL_MS = 100,
};

static struct jt_metric connections_gauge =
    JT_GAUGE("jangteo_rtmp_connections", "RTMP connections now.", NULL);
static struct jt_metric closed_total =
    JT_COUNTER("jangteo_rtmp_closed_total", "RTMP connections closed.", "reason");

struct connection {
    LIST_ENTRY(connection) link;
    struct ingest_rtmp *rtmp;
    struct jt_tcp *tcp;
    struct jt_rtmp_session *session;
    struct ingest_show *show; /* NULL: does not publish */
    struct ingest_feed *feed;
    struct ingest_question *question; /* NULL: nothing is asked of chat */
    struct jt_address from;
    const char *refused; /* we said no: close once it is written */
    bool is_in_session;  /* inside a session call: it may not be freed */
    bool has_failed;
};

struct ingest_rtmp {
    struct jt_loop *loop;
    const struct ingest_config *config;
    struct ingest_shows *shows;
    struct jt_bells *bells;
    struct ingest_admission *admission;
    struct jt_tcp_listener *listener;
    struct jt_timer *poll;
    struct jt_rtmp_limits limits;
    LIST_HEAD(, connection) connections;
    int64_t count;
    struct jt_log_gate full_gate;
};

static void stop_publishing(struct connection *c)
{
    struct ingest_show *show = c->show;

    if (c->question)
        ingest_admission_cancel(c->question);
    c->question = NULL;
    if (!show)
        return;
    c->show = NULL;
    ingest_feed_free(c->feed);
    c->feed = NULL;
    ingest_show_leave(show);
}

static void connection_close(struct connection *c, const char *reason)
{
    char from[JT_ADDRESS_TEXT_BYTES];

    jt_info("rtmp.close", KV("peer", jt_address_print(&c->from, from)), KV("reason", reason),
            KV("bytes_in", jt_rtmp_session_bytes_in(c->session)));
    jt_metric_add(&closed_total, reason, 1);
    jt_metric_add(&connections_gauge, NULL, -1);
    stop_publishing(c);
    LIST_REMOVE(c, link);
    c->rtmp->count--;
    jt_rtmp_session_free(c->session);
    if (c->rtmp->listener)
        jt_tcp_finish(c->tcp, (int64_t)FAREWELL_MS * JT_USEC_PER_MSEC);
    else /* shutting down: there is no loop to wait on */
        jt_tcp_free(c->tcp);
    free(c);
}

static const char *close_reason(const struct connection *c)
{
    const char *reason = c->refused ? c->refused : jt_rtmp_session_close_reason(c->session);

    return reason ? reason : "closed";
}

/* After a call into the session: was the connection given up meanwhile? */
static void settle(struct connection *c, int err)
{
    if (err || c->has_failed || c->refused)
        connection_close(c, close_reason(c));
}

static void refuse(struct connection *c, const char *reason, const char *code, const char *words)
{
    if (c->refused)
        return;
    c->refused = reason;
    jt_rtmp_session_refuse(c->session, code, words);
}

static void on_stop(void *arg, const char *code, const char *words)
{
    struct connection *c = arg;

    refuse(c, "stopped", code, words);
    stop_publishing(c);
    if (!c->is_in_session)
        connection_close(c, "stopped");
}

static const struct ingest_publisher_ops publisher_ops = {.stop = on_stop};

static int start_publishing(struct connection *c, const char *name, enum jt_show_access access)
{
    const struct ingest_arrival arrival = {
        .name = name, .access = access, .ops = &publisher_ops, .arg = c};
    int err = ingest_show_arrive(c->rtmp->shows, &arrival, &c->show);

    if (err)
        return err;
    err = ingest_feed_new(c->show, c->rtmp->bells, &c->feed);
    if (err) {
        struct ingest_show *show = c->show;

        c->show = NULL;
        ingest_show_leave(show);
    }
    return err;
}

static void admit(struct connection *c, const char *show, enum jt_show_access access)
{
    int err = start_publishing(c, show, access);

    if (err == -EBUSY)
        refuse(c, "already_live", "NetStream.Publish.BadName",
               "Somebody is already live with this stream key.");
    else if (err == -EINVAL)
        refuse(c, "bad_name", "NetStream.Publish.BadName",
               "A stream key has letters, digits, - and _ only.");
    else if (err)
        refuse(c, "no_room", "NetStream.Publish.Failed", "The server is full. Try again later.");
    else if (jt_rtmp_session_accept(c->session))
        c->has_failed = true;
}

/* Chat's answer, from the loop; or, when it could not be asked, from within the session. */
static void on_verdict(void *arg, const struct ingest_verdict *verdict)
{
    struct connection *c = arg;
    bool was_in_session = c->is_in_session;

    c->question = NULL;
    c->is_in_session = true;
    if (verdict->show)
        admit(c, verdict->show, verdict->access);
    else
        refuse(c, verdict->reason, verdict->code, verdict->words);
    c->is_in_session = was_in_session;
    if (!was_in_session)
        settle(c, 0);
}

/* The peer's address without its port. */
static const char *host_of(const struct jt_address *from, char text[JT_ADDRESS_TEXT_BYTES])
{
    const void *address = from->sa.sa_family == AF_INET6 ? (const void *)&from->v6.sin6_addr
                                                         : (const void *)&from->v4.sin_addr;
    const char *host =
        inet_ntop(from->sa.sa_family, address, text, (socklen_t)JT_ADDRESS_TEXT_BYTES);

    return host ? host : "-";
}

static void ask(struct connection *c, const char *key)
{
    char from[JT_ADDRESS_TEXT_BYTES];
    const struct ingest_request request = {
        .key = key, .peer = host_of(&c->from, from), .fn = on_verdict, .arg = c};

    if (ingest_admission_ask(c->rtmp->admission, &request, &c->question))
        refuse(c, "no_room", "NetStream.Publish.Failed", "The server is full. Try again later.");
}

static void on_publish(void *arg, const char *app, const char *key)
{
    struct connection *c = arg;

    (void)app;
    if (c->rtmp->admission)
        ask(c, key);
    else
        admit(c, key, JT_ACCESS_PUBLIC);
}

static void on_play(void *arg, const char *app, const char *key)
{
    struct connection *c = arg;
    char url[JT_CONFIG_TEXT_MAX_BYTES + 256];

    if (!c->rtmp->config->rtmp_play_url[0]) {
        refuse(c, "play", "NetStream.Play.Failed", "This server only takes publishers.");
        return;
    }
    (void)snprintf(url, sizeof(url), "%s/%s/%s", c->rtmp->config->rtmp_play_url, app, key);
    c->refused = "play_redirected";
    jt_rtmp_session_redirect(c->session, url);
}

static void media_done(struct connection *c, int err, const char *why)
{
    if (err == -EPROTONOSUPPORT)
        refuse(c, "codec", "NetStream.Publish.Rejected", why);
    else if (err == -EPROTO)
        refuse(c, "bad_frames", "NetStream.Publish.Rejected", "Too many broken frames.");
    else if (err)
        c->has_failed = true;
}

static void on_video(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct connection *c = arg;
    const char *why = "";

    if (c->feed)
        media_done(c, ingest_feed_video(c->feed, time_ms, body, size, jt_clock_mono_us(), &why),
                   why);
}

static void on_audio(void *arg, uint32_t time_ms, const uint8_t *body, size_t size)
{
    struct connection *c = arg;
    const char *why = "";

    if (c->feed)
        media_done(c, ingest_feed_audio(c->feed, time_ms, body, size, jt_clock_mono_us(), &why),
                   why);
}

/* Hints only: what a stream is, its own headers say. */
static void on_metadata(void *arg, const uint8_t *amf, size_t size)
{
    struct connection *c = arg;

    (void)amf;
    if (c->show)
        jt_debug("rtmp.metadata", KV("show", ingest_show_name(c->show)), KV("bytes", size));
}

static void on_unpublish(void *arg)
{
    stop_publishing(arg);
}

static int on_write(void *arg, const uint8_t *data, size_t size)
{
    struct connection *c = arg;

    return jt_tcp_write(c->tcp, data, size);
}

static const struct jt_rtmp_ops session_ops = {
    .write = on_write,
    .on_publish = on_publish,
    .on_play = on_play,
    .on_audio = on_audio,
    .on_video = on_video,
    .on_metadata = on_metadata,
    .on_unpublish = on_unpublish,
};

static void on_data(void *arg, const uint8_t *data, size_t size)
{
    struct connection *c = arg;
    int err;

    c->is_in_session = true;
    err = jt_rtmp_session_push(c->session, data, size, jt_clock_mono_us());
    c->is_in_session = false;
    settle(c, err);
}

static void on_end(void *arg, int error)
{
    connection_close(arg, error ? "broken" : "peer_closed");
}

static const struct jt_tcp_ops tcp_ops = {.on_data = on_data, .on_end = on_end};

static int connection_new(struct ingest_rtmp *rtmp, int fd, const struct jt_address *from)
{
    struct connection *c = calloc(1, sizeof(*c));
    int err;

    if (!c)
        return -ENOMEM;
    c->rtmp = rtmp;
    c->from = *from;
    err = jt_rtmp_session_new(&rtmp->limits, &session_ops, c, jt_clock_mono_us(), &c->session);
    if (err)
        goto fail;
    err = jt_tcp_new(rtmp->loop, fd, WRITE_QUEUE_MAX_BYTES, &tcp_ops, c, &c->tcp);
    if (err)
        goto fail;
    LIST_INSERT_HEAD(&rtmp->connections, c, link);
    rtmp->count++;
    jt_metric_add(&connections_gauge, NULL, 1);
    return 0;

fail:
    if (c->session)
        jt_rtmp_session_free(c->session);
    free(c);
    return err;
}

static void on_accept(void *arg, int fd, const struct jt_address *from)
{
    struct ingest_rtmp *rtmp = arg;
    int suppressed;

    if (rtmp->count < rtmp->config->rtmp_connections_max &&
        !jt_descriptor_is_reserved(fd, JT_DESCRIPTORS_RESERVE) &&
        connection_new(rtmp, fd, from) == 0)
        return;
    (void)close(fd);
    jt_metric_add(&closed_total, "no_room", 1);
    suppressed = jt_log_gate_pass(&rtmp->full_gate, jt_clock_mono_us());
    if (suppressed >= 0)
        jt_warn("rtmp.full", KV("connections", rtmp->count), KV("suppressed", suppressed));
}

static void on_poll(void *arg)
{
    struct ingest_rtmp *rtmp = arg;
    struct connection *c = LIST_FIRST(&rtmp->connections);

    while (c) {
        struct connection *next = LIST_NEXT(c, link);

        settle(c, jt_rtmp_session_poll(c->session, jt_clock_mono_us()));
        c = next;
    }
}

static struct jt_rtmp_limits limits_from(const struct ingest_config *config)
{
    struct jt_rtmp_limits limits = jt_rtmp_limits_default();

    limits.handshake_us = config->rtmp_handshake_ms * JT_USEC_PER_MSEC;
    limits.publish_us = config->rtmp_publish_ms * JT_USEC_PER_MSEC;
    limits.first_media_us = config->rtmp_first_media_ms * JT_USEC_PER_MSEC;
    limits.silence_us = config->rtmp_silence_ms * JT_USEC_PER_MSEC;
    limits.rate_max_bps = (uint32_t)config->rtmp_rate_max_bps;
    return limits;
}

int ingest_rtmp_new(struct jt_loop *loop, const struct ingest_rtmp_setup *setup,
                    struct ingest_rtmp **out)
{
    struct ingest_rtmp *rtmp = calloc(1, sizeof(*rtmp));
    struct jt_address address;
    int err;

    if (!rtmp)
        return -ENOMEM;
    rtmp->loop = loop;
    rtmp->config = setup->config;
    rtmp->shows = setup->shows;
    rtmp->bells = setup->bells;
    rtmp->admission = setup->admission;
    rtmp->limits = limits_from(setup->config);
    LIST_INIT(&rtmp->connections);
    err = jt_address_parse(setup->config->rtmp_listen, &address);
    if (!err)
        err = jt_timer_new(loop, "rtmp.poll", on_poll, rtmp, &rtmp->poll);
    if (!err)
        err = jt_tcp_listen(loop, &address, on_accept, rtmp, &rtmp->listener);
    if (err) {
        ingest_rtmp_free(rtmp);
        return err;
    }
    jt_timer_start(rtmp->poll, (int64_t)POLL_MS * JT_USEC_PER_MSEC,
                   (int64_t)POLL_MS * JT_USEC_PER_MSEC);
    *out = rtmp;
    return 0;
}

void ingest_rtmp_free(struct ingest_rtmp *rtmp)
{
    struct connection *c;

    if (!rtmp)
        return;
    if (rtmp->listener)
        jt_tcp_listener_free(rtmp->listener);
    rtmp->listener = NULL;
    if (rtmp->poll)
        jt_timer_free(rtmp->poll);
    while ((c = LIST_FIRST(&rtmp->connections)))
        connection_close(c, "shutdown");
    free(rtmp);
}
