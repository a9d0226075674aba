#include "relay/whep.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "hook/hook.h"
#include "relay/access.h"
#include "relay/config.h"
#include "relay/message.h"
#include "relay/worker.h"
#include "whip/rate.h"
#include "whip/resource.h"

static struct jt_metric refused_total = JT_COUNTER(
    "jangteo_relay_whep_refused_total", "Offers refused before a worker saw them.", "reason");

struct relay_whep {
    const struct relay_config *config;
    struct relay_workers *workers;
    struct jt_hooks *hooks;
    struct jt_whip *endpoint;
    struct jt_rate_table guesses; /* by address; HTTP thread only */
};

static void refuse(struct jt_whip_pending *pending, const char *reason)
{
    jt_metric_add(&refused_total, reason, 1);
    jt_whip_refuse(pending, 503, reason, "The server can't take more viewers now", 1);
}

/* Here, for workers have no time for it; whether one is needed they know. A token in the URL is not looked at: URLs are logged. */
static struct relay_ticket read_ticket(struct relay_whep *whep, const struct jt_whip_offer *offer)
{
    return relay_ticket_read(jt_hooks_keyring(whep->hooks), offer->token, offer->show,
                             jt_clock_wall_ms());
}

static bool is_loopback(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strcmp(peer, "unix") == 0;
}

/* The endpoint gives each token a bucket of its own: an invented one is counted as if there were none (threat A5). */
static bool is_guess_within(struct relay_whep *whep, const struct jt_whip_offer *offer,
                            const struct relay_ticket *ticket)
{
    const struct jt_rate rate = {(int)whep->config->whep_posts_per_s,
                                 (int)whep->config->whep_posts_burst};

    if (ticket->kind != RELAY_TICKET_BAD || is_loopback(offer->peer))
        return true;
    return jt_rate_table_take(&whep->guesses, 'p', offer->peer, rate, jt_clock_mono_us());
}

static void on_offer(void *arg, struct jt_whip_pending *pending, const struct jt_whip_offer *offer)
{
    struct relay_whep *whep = arg;
    struct relay_message message = {.type = RELAY_OFFER,
                                    .pending = pending,
                                    .fd = -1,
                                    .at_us = jt_clock_mono_us(),
                                    .ticket = read_ticket(whep, offer),
                                    .size = offer->sdp_size};

    if (!is_guess_within(whep, offer, &message.ticket)) {
        jt_metric_add(&refused_total, "guessing", 1);
        jt_whip_refuse(pending, 429, "too_many_requests", "Too many requests", 1);
        return;
    }
    if (relay_workers_viewers(whep->workers) >= whep->config->viewers_max) {
        refuse(pending, "full");
        return;
    }
    message.text = malloc(offer->sdp_size + 1);
    if (!message.text) {
        refuse(pending, "no_memory");
        return;
    }
    memcpy(message.text, offer->sdp, offer->sdp_size);
    message.text[offer->sdp_size] = '\0';
    (void)snprintf(message.show, sizeof(message.show), "%s", offer->show);
    (void)snprintf(message.id, sizeof(message.id), "%s", offer->id);
    if (relay_workers_post(whep->workers, relay_workers_least(whep->workers), &message)) {
        free(message.text);
        refuse(pending, "busy");
    }
}

static void on_deleted(void *arg, const char *id)
{
    struct relay_whep *whep = arg;
    struct relay_message message = {.type = RELAY_DELETE, .fd = -1};

    (void)snprintf(message.id, sizeof(message.id), "%s", id);
    for (int i = 0; i < relay_workers_count(whep->workers); i++) /* whose it is only they know */
        if (relay_workers_post(whep->workers, i, &message))
            jt_metric_add(&refused_total, "delete_busy", 1);
}

static const struct jt_whip_ops ops = {.offer = on_offer, .deleted = on_deleted};

int relay_whep_new(const struct relay_config *config, struct relay_workers *workers,
                   struct jt_hooks *hooks, struct relay_whep **out)
{
    const struct jt_whip_config endpoint = {
        .prefix = "/whep",
        .has_show = true,
        .has_free_loopback = true,
        .peer_post = {(int)config->whep_posts_per_s, (int)config->whep_posts_burst},
        /* one link may be given to all who are invited to a rehearsal */
        .token_post = {(int)config->whep_posts_per_s, (int)config->whep_posts_burst},
        .sessions_max = (int)config->viewers_max};
    struct relay_whep *whep = calloc(1, sizeof(*whep));
    int err;

    if (!whep)
        return -ENOMEM;
    whep->config = config;
    whep->workers = workers;
    whep->hooks = hooks;
    err = getrandom(&whep->guesses.seed, sizeof(whep->guesses.seed), 0) < 0 ? -errno : 0;
    if (!err)
        err = jt_whip_new(&endpoint, &ops, whep, &whep->endpoint);
    if (err) {
        free(whep);
        return err;
    }
    relay_workers_set_whip(workers, whep->endpoint);
    *out = whep;
    return 0;
}

void relay_whep_free(struct relay_whep *whep)
{
    if (!whep)
        return;
    jt_whip_free(whep->endpoint);
    free(whep);
}

struct jt_whip *relay_whep_endpoint(struct relay_whep *whep)
{
    return whep->endpoint;
}
