#include "relay/worker.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "loop/loop.h"
#include "loop/mailbox.h"
#include "loop/thread.h"
#include "net/udp.h"
#include "relay/access.h"
#include "relay/audience.h"
#include "relay/batch.h"
#include "relay/candidates.h"
#include "relay/catchup.h"
#include "relay/config.h"
#include "relay/index.h"
#include "relay/message.h"
#include "relay/routes.h"
#include "relay/show.h"
#include "relay/viewer.h"
#include "relay/worker_private.h"
#include "ring/wake.h"
#include "rtc/ice.h"
#include "rtc/transport.h"
#include "wire/stun.h"

enum {
    ENFORCE_MS = 1000,  /* how long an expired play token may go on */
    RECEIVE_ROUNDS = 8, /* batches of datagrams before others get a turn */
};

struct jt_metric relay_viewers_gauge =
    JT_GAUGE("jangteo_relay_viewers", "WebRTC viewers now.", NULL);
static struct jt_metric ended_total =
    JT_COUNTER("jangteo_relay_viewers_ended_total", "Viewers that ended.", "reason");
static struct jt_metric offers_total =
    JT_COUNTER("jangteo_relay_offers_total", "WHEP offers.", "outcome");
static struct jt_metric datagrams_total =
    JT_COUNTER("jangteo_relay_datagrams_total", "Datagrams that came in.", "fate");

void relay_worker_set_path(struct relay_worker *worker, struct relay_viewer *viewer,
                           const struct jt_address *to)
{
    if (viewer->has_address)
        relay_batch_flush(worker->batch); /* it may hold the old address */
    viewer->address = *to;
    viewer->has_address = true;
    relay_index_own(worker->index, viewer, to);
}

/* ---- small services for the worker's files ---- */

const struct relay_config *relay_worker_config(const struct relay_worker *worker)
{
    return worker->all->setup.config;
}

struct relay_batch *relay_worker_batch(struct relay_worker *worker)
{
    return worker->batch;
}

struct jt_dtls_identity *relay_worker_identity(struct relay_worker *worker)
{
    return worker->all->setup.identity;
}

const char *relay_worker_prefix(const struct relay_worker *worker)
{
    return worker->prefix;
}

uint32_t relay_worker_next_source(struct relay_worker *worker)
{
    return ++worker->last_source;
}

void relay_worker_send(struct relay_worker *worker, const uint8_t *data, size_t size,
                       const struct jt_address *to)
{
    if (jt_udp_send_one(worker->udp, data, size, to))
        jt_metric_add(&datagrams_total, "reply_not_sent", 1);
}

void relay_worker_hurry(struct relay_worker *worker)
{
    if (!jt_timer_is_active(worker->tick))
        jt_timer_start(worker->tick, 0, (int64_t)RELAY_CATCHUP_TICK_MS * JT_USEC_PER_MSEC);
}

void relay_worker_count_watcher(struct relay_worker *worker, const struct relay_viewer *viewer,
                                int by)
{
    if (viewer->ticket.kind == RELAY_TICKET_GOOD)
        return; /* the shop's own look at its show, or a rehearsal: chat counts those */
    relay_audience_watch(worker->all->audience, relay_show_name(viewer->show), by);
}

/* ---- viewers end ---- */

void relay_worker_close_viewer(struct relay_worker *worker, struct relay_viewer *viewer)
{
    LIST_INSERT_HEAD(&worker->dead, viewer, as_dead);
}

static void bury(struct relay_worker *worker, struct relay_viewer *viewer)
{
    jt_metric_add(&ended_total, viewer->closing, 1);
    jt_info("viewer.leave", KV("show", relay_show_name(viewer->show)),
            KV("id", (const char *)viewer->id), KV("reason", viewer->closing));
    jt_whip_end(worker->all->whip, viewer->id);
    relay_index_remove(worker->index, viewer);
    relay_show_remove_viewer(viewer);
    if (viewer->is_ready)
        relay_worker_count_watcher(worker, viewer, -1);
    relay_audience_add(worker->all->audience, relay_show_name(viewer->show), -1);
    (void)atomic_fetch_sub(&worker->viewers, 1);
    jt_metric_add(&relay_viewers_gauge, NULL, -1);
    relay_viewer_free(viewer);
}

void relay_worker_bury_dead(struct relay_worker *worker)
{
    struct relay_viewer *viewer;

    if (LIST_EMPTY(&worker->dead))
        return;
    relay_batch_flush(worker->batch); /* it may point to their seals and addresses */
    while ((viewer = LIST_FIRST(&worker->dead))) {
        LIST_REMOVE(viewer, as_dead);
        bury(worker, viewer);
    }
}

/* ---- offers ---- */

static int write_answer(struct relay_worker *worker, const struct relay_message *offer,
                        const struct jt_answer_plan *plan, struct relay_viewer *viewer, char *out,
                        size_t capacity)
{
    const struct relay_candidates *candidates = &worker->all->candidates;
    struct jt_ice *ice = jt_transport_ice(viewer->transport);
    struct jt_answer_local local = {
        .ufrag = jt_ice_ufrag(ice),
        .pwd = jt_ice_pwd(ice),
        .fingerprint = jt_dtls_identity_fingerprint(worker->all->setup.identity),
        .cname = viewer->cname,
        .video_ssrc = viewer->streams[RELAY_VIDEO].rtp.ssrc,
        .video_rtx_ssrc = viewer->streams[RELAY_VIDEO].rtp.rtx_ssrc,
        .audio_ssrc = viewer->streams[RELAY_AUDIO].rtp.ssrc,
        .candidate_count = candidates->count,
        .session_id = ++worker->last_session,
    };

    for (int i = 0; i < candidates->count; i++) {
        memcpy(local.candidates[i].address, candidates->list[i].address,
               sizeof(local.candidates[i].address));
        local.candidates[i].port = candidates->list[i].port;
    }
    return jt_answer_write(offer->text, offer->size, plan, &local, out, capacity);
}

static void refuse(const struct relay_message *offer, const struct jt_answer_refusal *refusal,
                   int retry_after_s)
{
    jt_metric_add(&offers_total, refusal->code, 1);
    jt_whip_refuse(offer->pending, refusal->status, refusal->code, refusal->title, retry_after_s);
}

static void admit(struct relay_worker *worker, struct relay_show *show, struct relay_viewer *viewer)
{
    relay_index_add(worker->index, viewer);
    relay_show_add_viewer(show, viewer);
    relay_audience_add(worker->all->audience, relay_show_name(show), 1);
    (void)atomic_fetch_add(&worker->viewers, 1);
    jt_metric_add(&relay_viewers_gauge, NULL, 1);
}

static void accept_offer(struct relay_worker *worker, struct relay_show *show,
                         const struct relay_message *offer, const struct jt_answer_plan *plan)
{
    static const struct jt_answer_refusal no_room = {503, "no_room",
                                                     "The server can't take more viewers now"};
    char answer[JT_ANSWER_MAX_BYTES];
    struct relay_viewer *viewer;
    int size = relay_viewer_new(worker, show, plan, offer->id, offer->at_us, &viewer);

    if (size) {
        refuse(offer, &no_room, 1);
        return;
    }
    viewer->ticket = offer->ticket;
    size = write_answer(worker, offer, plan, viewer, answer, sizeof(answer));
    if (size < 0) {
        relay_viewer_free(viewer);
        refuse(offer, &no_room, 1);
        return;
    }
    admit(worker, show,
          viewer); /* before the answer: the peer's first check may be faster than our next line */
    if (plan->video.is_active && !plan->video.is_profile_exact)
        jt_metric_add(&offers_total, "profile_substituted", 1);
    jt_metric_add(&offers_total, "accepted", 1);
    if (jt_whip_answer(offer->pending, answer, (size_t)size))
        relay_viewer_close(viewer, "not_answered");
}

static void on_offer(struct relay_worker *worker, const struct relay_message *offer)
{
    static const struct jt_answer_refusal not_live = {404, "show_not_live",
                                                      "This show is not live"};
    struct relay_show *show = relay_shows_find(&worker->shows, offer->show);
    struct jt_answer_refusal refusal = not_live;
    struct jt_answer_source source;
    struct jt_answer_plan plan;

    if (show && !relay_access_allows(relay_show_access(show), &offer->ticket, jt_clock_wall_ms(),
                                     &refusal)) {
        refuse(offer, &refusal, 0);
        return;
    }
    if (!show || relay_show_source(show, jt_clock_mono_us(), &source, &refusal)) {
        refuse(offer, &refusal, refusal.status == 404);
        return;
    }
    if (jt_answer_choose(offer->text, offer->size, &source, &plan, &refusal)) {
        refuse(offer, &refusal, 0);
        return;
    }
    accept_offer(worker, show, offer, &plan);
}

/* ---- what others tell us ---- */

static void on_show(struct relay_worker *worker, const struct relay_message *message)
{
    struct relay_show *show = relay_shows_update(&worker->shows, worker, message);

    if (show)
        relay_show_enforce(show, jt_clock_wall_ms());
    if (show && message->state == JT_SHOW_ENDED) {
        relay_show_dismiss(show, "show_ended");
        relay_worker_bury_dead(worker);
        relay_show_free(show);
    }
}

static void end_untold(struct relay_worker *worker)
{
    struct relay_show *show, *next;
    struct relay_message ended = {.type = RELAY_SHOW, .state = JT_SHOW_ENDED};

    for (show = LIST_FIRST(&worker->shows); show; show = next) {
        next = relay_shows_next(show);
        if (relay_show_is_told(show))
            continue;
        (void)snprintf(ended.show, sizeof(ended.show), "%s", relay_show_name(show));
        on_show(worker, &ended);
    }
}

static void on_ingest_gone(struct relay_worker *worker)
{
    for (struct relay_show *show = LIST_FIRST(&worker->shows); show; show = relay_shows_next(show))
        relay_show_lose_ingest(show);
}

static void dispatch_datagram(struct relay_worker *worker, uint8_t *data, size_t size,
                              const struct jt_address *from, bool may_forward);

void relay_worker_on_mail(void *arg, void *mail)
{
    struct relay_worker *worker = arg;
    struct relay_message *message = mail;
    struct relay_show *show = relay_shows_find(&worker->shows, message->show);
    struct relay_viewer *viewer;

    switch (message->type) {
    case RELAY_SHOW:
        on_show(worker, message);
        break;
    case RELAY_TRACK:
        if (show)
            relay_show_add_track(show, message, message->fd, jt_clock_mono_us());
        else
            (void)close(message->fd);
        break;
    case RELAY_TRACK_END:
        if (show)
            relay_show_end_track(show, message->track);
        break;
    case RELAY_WARNING:
        if (show)
            relay_show_warn(show, message->code);
        break;
    case RELAY_INGEST_GONE:
        on_ingest_gone(worker);
        break;
    case RELAY_INGEST_BACK:
        end_untold(worker);
        break;
    case RELAY_OFFER:
        on_offer(worker, message);
        break;
    case RELAY_DELETE:
        viewer = relay_index_by_id(worker->index, message->id);
        if (viewer)
            relay_viewer_close(viewer, "deleted");
        break;
    case RELAY_DATAGRAM:
        dispatch_datagram(worker, (uint8_t *)message->text, message->size, &message->from, false);
        break;
    }
    free(message->text);
    relay_worker_bury_dead(worker);
}

/* ---- datagrams ---- */

/* The worker whose number our ufrag begins with, or who owns the address. */
static int owner_of(struct relay_worker *worker, const uint8_t *data, size_t size,
                    const struct jt_address *from, char ufrag[JT_ICE_UFRAG_BYTES])
{
    int number = -1;

    if (!jt_stun_is(data, size) || jt_ice_peek_ufrag(data, size, ufrag))
        return relay_routes_find(worker->all->routes,
                                 from); /* no request: media, or the answer to a check of ours */
    for (int i = 0; i < worker->all->count; i++)
        if (strncmp(ufrag, worker->all->list[i]->prefix, strlen(worker->all->list[i]->prefix)) == 0)
            number = i;
    return number;
}

static int post_if_open(struct relay_workers *all, int owner, const struct relay_message *message)
{
    int err = -EAGAIN;

    (void)pthread_rwlock_rdlock(&all->door);
    if (all->is_open)
        err = relay_workers_post(all, owner, message);
    (void)pthread_rwlock_unlock(&all->door);
    return err;
}

static void forward(struct relay_worker *worker, int owner, const uint8_t *data, size_t size,
                    const struct jt_address *from)
{
    struct relay_message message = {.type = RELAY_DATAGRAM, .from = *from, .size = size};

    message.text = malloc(size);
    if (!message.text)
        return;
    memcpy(message.text, data, size);
    if (post_if_open(worker->all, owner, &message)) {
        free(message.text);
        jt_metric_add(&datagrams_total, "forward_full", 1);
        return;
    }
    jt_metric_add(&datagrams_total, "forwarded", 1);
}

static void dispatch_datagram(struct relay_worker *worker, uint8_t *data, size_t size,
                              const struct jt_address *from, bool may_forward)
{
    char ufrag[JT_ICE_UFRAG_BYTES] = "";
    struct relay_viewer *viewer = NULL;
    int owner;

    if (!jt_stun_is(data, size))
        viewer = relay_index_by_address(worker->index, from);
    if (!viewer) {
        owner = owner_of(worker, data, size, from, ufrag);
        if (owner >= 0 && owner != worker->number) {
            if (may_forward)
                forward(worker, owner, data, size, from);
            return;
        }
        viewer = ufrag[0] ? relay_index_by_ufrag(worker->index, ufrag)
                          : relay_index_by_address(worker->index, from);
    }
    if (!viewer) {
        jt_metric_add(&datagrams_total, "unknown", 1);
        return;
    }
    relay_viewer_receive(viewer, data, size, from, jt_clock_mono_us());
    if (ufrag[0])
        relay_index_learn(worker->index, viewer, from);
}

void relay_worker_on_datagrams(void *arg, int events)
{
    struct relay_worker *worker = arg;
    struct jt_datagram batch[JT_UDP_BATCH_IN];
    uint8_t copy[JT_UDP_DATAGRAM_MAX_BYTES]; /* SRTCP is opened in place */

    (void)events;
    for (int round = 0; round < RECEIVE_ROUNDS; round++) {
        int n = jt_udp_receive(worker->udp, batch);

        for (int i = 0; i < n; i++) {
            if (batch[i].is_truncated || batch[i].size > sizeof(copy)) {
                jt_metric_add(&datagrams_total, "too_long", 1);
                continue;
            }
            memcpy(copy, batch[i].data, batch[i].size);
            dispatch_datagram(worker, copy, batch[i].size, &batch[i].from, true);
        }
        if (n < JT_UDP_BATCH_IN)
            break;
    }
    relay_worker_bury_dead(worker);
}

/* ---- frames ---- */

static bool pump(struct relay_worker *worker)
{
    int64_t now_us = jt_clock_mono_us();
    bool is_behind = false;

    for (struct relay_show *show = LIST_FIRST(&worker->shows); show; show = relay_shows_next(show))
        is_behind |= relay_show_pump(show, worker->batch, now_us);
    return is_behind;
}

/*
 * Asleep is said before the rings are looked at once more, so that no frame falls in between. With frames left it is the
 * others' turn first: a worker that can't keep up must still hear checks and answer offers.
 */
void relay_worker_on_bell(void *arg, int events)
{
    struct relay_worker *worker = arg;
    bool is_behind;

    (void)events;
    jt_bell_awake(worker->bell);
    is_behind = pump(worker);
    if (!is_behind) {
        jt_bell_sleep(worker->bell);
        is_behind = pump(worker);
    }
    if (is_behind)
        jt_bell_ring(worker->bell);
    relay_worker_bury_dead(worker);
}

void relay_worker_on_tick(void *arg)
{
    struct relay_worker *worker = arg;
    int64_t now_us = jt_clock_mono_us();
    int left = 0;

    for (struct relay_show *show = LIST_FIRST(&worker->shows); show; show = relay_shows_next(show))
        left += relay_show_catch_up(show, worker->batch, now_us);
    if (!left)
        jt_timer_stop(worker->tick);
    relay_worker_bury_dead(worker);
}

void relay_worker_on_poll(void *arg)
{
    struct relay_worker *worker = arg;
    int64_t now_us = jt_clock_mono_us();
    struct relay_show *show;

    for (show = LIST_FIRST(&worker->shows); show; show = relay_shows_next(show))
        relay_show_poll_viewers(show, now_us);
    if (now_us >= worker->enforce_at_us) {
        worker->enforce_at_us = now_us + (int64_t)ENFORCE_MS * JT_USEC_PER_MSEC;
        for (show = LIST_FIRST(&worker->shows); show; show = relay_shows_next(show))
            relay_show_enforce(show, jt_clock_wall_ms());
    }
    relay_worker_bury_dead(worker);
}
