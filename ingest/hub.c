#include "ingest/hub.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/log.h"
#include "base/metrics.h"
#include "ring/bells.h"
#include "ingest/messages.h"
#include "ingest/show.h"
#include "net/seqpacket.h"
#include "ring/link.h"

enum { PEER_BELLS_MAX = 64 };

static struct jt_metric peers_gauge =
    JT_GAUGE("jangteo_ingest_peers", "Services connected to the control socket.", "role");

struct peer {
    LIST_ENTRY(peer) link;
    struct ingest_hub *hub;
    struct jt_link *wire;
    enum jt_control_role role;
    bool is_known;
    uint32_t bells[PEER_BELLS_MAX];
    size_t bell_count;
};

struct ingest_hub {
    struct jt_loop *loop;
    struct jt_seq_listener *listener;
    struct ingest_shows *shows;
    struct jt_bells *bells;
    LIST_HEAD(, peer) peers;
    size_t peer_count;
    uint32_t last_bell;
    ingest_hub_bell_fn on_bell;
    void *on_bell_arg;
};

static const char *const role_names[] = {[JT_ROLE_INGEST] = "ingest",
                                         [JT_ROLE_RELAY] = "relay",
                                         [JT_ROLE_CHAT] = "chat",
                                         [JT_ROLE_WORKER] = "worker"};

static void tell_all(struct ingest_hub *hub, const struct jt_control *message, const int *fds)
{
    struct peer *peer;

    LIST_FOREACH (peer, &hub->peers, link)
        if (peer->is_known)
            jt_link_send(peer->wire, message, fds);
}

static void on_state(void *arg, const struct ingest_show *show)
{
    struct jt_control message = ingest_message_show(show);

    tell_all(arg, &message, NULL);
}

static void on_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct jt_control message = ingest_message_track(show, track);

    tell_all(arg, &message, &track->fd);
}

static void on_track_end(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track)
{
    struct jt_control message = ingest_message_track_end(show, track);

    tell_all(arg, &message, NULL);
}

static void on_warning(void *arg, const struct ingest_show *show, const char *code,
                       const char *words)
{
    struct jt_control message = ingest_message_warning(show, code, words);

    tell_all(arg, &message, NULL);
}

static const struct ingest_show_events show_events = {.on_state = on_state,
                                                      .on_access = on_state,
                                                      .on_track = on_track,
                                                      .on_track_end = on_track_end,
                                                      .on_warning = on_warning};

static void tell_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct jt_control message = ingest_message_track(show, track);
    struct peer *peer = arg;

    jt_link_send(peer->wire, &message, &track->fd);
}

static void tell_warning(void *arg, const struct ingest_show *show, const char *code,
                         const char *words)
{
    struct jt_control message = ingest_message_warning(show, code, words);
    struct peer *peer = arg;

    jt_link_send(peer->wire, &message, NULL);
}

static void tell_show(void *arg, const struct ingest_show *show)
{
    struct jt_control message = ingest_message_show(show);
    struct peer *peer = arg;

    jt_link_send(peer->wire, &message, NULL);
    ingest_show_each_track(show, tell_track, peer);
    ingest_show_each_warning(show, tell_warning, peer);
}

static void peer_free(struct peer *peer)
{
    struct ingest_hub *hub = peer->hub;

    for (size_t i = 0; i < peer->bell_count; i++) {
        jt_bells_remove(hub->bells, peer->bells[i]);
        if (hub->on_bell)
            hub->on_bell(hub->on_bell_arg, peer->bells[i], NULL);
    }
    if (peer->is_known)
        jt_metric_add(&peers_gauge, role_names[peer->role], -1);
    LIST_REMOVE(peer, link);
    hub->peer_count--;
    jt_link_free(peer->wire);
    free(peer);
}

static void on_hello(struct peer *peer, const struct jt_control *message)
{
    if (peer->is_known)
        return;
    peer->is_known = true;
    peer->role = message->role;
    jt_metric_add(&peers_gauge, role_names[peer->role], 1);
    jt_info("peer.hello", KV("role", role_names[peer->role]), KV("pid", message->pid));
    jt_link_hello(peer->wire, JT_ROLE_INGEST);
    ingest_shows_each(peer->hub->shows, tell_show, peer);
}

static void on_reader(struct peer *peer, const struct jt_control *message, int *fds)
{
    struct ingest_hub *hub = peer->hub;
    uint32_t number = hub->last_bell % INT32_MAX + 1;
    int pair[2] = {fds[0], fds[1]};
    int err;

    if (!message->on || peer->bell_count == PEER_BELLS_MAX)
        return;
    err = jt_bells_add(hub->bells, number, pair);
    if (err) {
        jt_warn("peer.bell_refused", KV("role", role_names[peer->role]), KV("err", err));
        return;
    }
    fds[0] = fds[1] = -1; /* taken */
    hub->last_bell = number;
    peer->bells[peer->bell_count++] = number;
    if (hub->on_bell)
        hub->on_bell(hub->on_bell_arg, number, pair);
}

static void on_command(struct peer *peer, const struct jt_control *message)
{
    struct ingest_show *show = ingest_show_find(peer->hub->shows, message->show);

    if (peer->role != JT_ROLE_CHAT || !show)
        return;
    if (strcmp(message->name, "stop") == 0)
        ingest_show_stop(show, "NetStream.Publish.Denied", message->reason);
    else if (strcmp(message->name, "access") == 0)
        ingest_show_set_access(show, message->access);
}

static void on_key_frame(struct peer *peer, const struct jt_control *message)
{
    struct ingest_show *show = ingest_show_find(peer->hub->shows, message->show);

    if (show)
        (void)ingest_show_request_key_frame(show);
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct peer *peer = arg;

    switch (message->type) {
    case JT_CONTROL_HELLO:
        on_hello(peer, message);
        break;
    case JT_CONTROL_READER:
        on_reader(peer, message, fds);
        break;
    case JT_CONTROL_KEYFRAME:
        on_key_frame(peer, message);
        break;
    case JT_CONTROL_COMMAND:
        on_command(peer, message);
        break;
    default: /* demand and stats change nothing yet for a show that is made anyway */
        break;
    }
}

static void on_end(void *arg, int error)
{
    struct peer *peer = arg;

    jt_info("peer.gone", KV("role", peer->is_known ? role_names[peer->role] : "unknown"),
            KV("err", error));
    peer_free(peer);
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void on_accept(void *arg, int fd)
{
    struct ingest_hub *hub = arg;
    struct peer *peer = hub->peer_count < INGEST_PEERS_MAX ? calloc(1, sizeof(*peer)) : NULL;

    if (!peer || jt_link_new(hub->loop, fd, &link_ops, peer, &peer->wire)) {
        jt_warn("peer.refused", KV("peers", hub->peer_count));
        free(peer);
        (void)close(fd);
        return;
    }
    peer->hub = hub;
    hub->peer_count++;
    LIST_INSERT_HEAD(&hub->peers, peer, link);
}

int ingest_hub_new(struct jt_loop *loop, const char *path, struct ingest_shows *shows,
                   struct jt_bells *bells, struct ingest_hub **out)
{
    struct ingest_hub *hub = calloc(1, sizeof(*hub));
    int err;

    if (!hub)
        return -ENOMEM;
    hub->loop = loop;
    hub->shows = shows;
    hub->bells = bells;
    LIST_INIT(&hub->peers);
    err = ingest_shows_listen(shows, &show_events, hub);
    if (!err)
        err = jt_seq_listen(loop, path, on_accept, hub, &hub->listener);
    if (err) {
        free(hub);
        return err;
    }
    *out = hub;
    return 0;
}

void ingest_hub_on_bell(struct ingest_hub *hub, ingest_hub_bell_fn fn, void *arg)
{
    hub->on_bell = fn;
    hub->on_bell_arg = arg;
}

void ingest_hub_free(struct ingest_hub *hub)
{
    struct peer *peer;

    if (!hub)
        return;
    hub->on_bell = NULL;
    while ((peer = LIST_FIRST(&hub->peers)))
        peer_free(peer);
    jt_seq_listener_free(hub->listener);
    free(hub);
}
