#include "whip/resource.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "whip/rate.h"
#include "whip/table.h"
#include "wire/sdp.h"
#include "wire/text.h"

enum {
    ICE_TEXT_BYTES = 257, /* RFC 8839 §5.4: up to 256 characters */
    PATTERN_BYTES = 64,
};

#define TYPE_SDP "application/sdp"
#define TYPE_FRAGMENT "application/trickle-ice-sdpfrag"

struct jt_whip {
    atomic_int refs; /* the owner's and each pending's */
    atomic_bool is_closed;
    struct jt_whip_config config;
    const struct jt_whip_ops *ops;
    void *arg;
    struct jt_whip_table *table;
    struct jt_rate_table rates;                           /* HTTP server's thread only */
    char endpoint[PATTERN_BYTES], session[PATTERN_BYTES]; /* route patterns */
};

struct jt_whip_pending {
    struct jt_whip *whip;
    struct jt_http_request *request;
    char id[JT_WHIP_ID_BYTES];
    bool is_restart;
};

static struct jt_metric refused =
    JT_COUNTER("jangteo_whip_refused_total", "WHIP and WHEP requests refused.", "reason");

static const struct jt_http_header expose = {"Access-Control-Expose-Headers",
                                             "Location, ETag, Link, Accept-Patch"},
                                   accept_post = {"Accept-Post", TYPE_SDP},
                                   accept_patch = {"Accept-Patch", TYPE_FRAGMENT},
                                   authenticate = {"WWW-Authenticate", "Bearer"};

static const struct jt_http_fault
    unknown = {404, "session_unknown", "No such session", 0},
    show_unknown = {404, "show_unknown", "No such show", 0},
    token_missing = {401, "token_missing", "A bearer token is needed", 0},
    token_foreign = {403, "token_foreign", "Not the session's token", 0},
    not_sdp = {415, "not_sdp", "An offer is " TYPE_SDP, 0},
    not_fragment = {415, "not_fragment", "A patch is " TYPE_FRAGMENT, 0},
    empty = {400, "body_missing", "No content", 0},
    fragment_malformed = {400, "fragment_malformed", "Malformed SDP fragment", 0},
    precondition_missing = {428, "if_match_missing", "If-Match is needed", 0},
    precondition_failed = {412, "if_match_stale", "Not the current ICE session", 0},
    no_restart = {422, "restart_unsupported", "ICE restart is not supported", 0},
    too_often = {429, "too_often", "Too many requests", 1},
    full = {503, "sessions_full", "No room for another session", 5},
    failing = {503, "unavailable", "Not available now", 1};

static void refuse(struct jt_http_request *request, const struct jt_http_fault *fault,
                   const struct jt_http_header *header)
{
    struct jt_http_header headers[2] = {expose};

    if (header)
        headers[1] = *header;
    jt_metric_add(&refused, fault->code, 1);
    jt_http_refuse(request, fault, headers, header ? 2 : 1);
}

static void whip_unref(struct jt_whip *whip)
{
    if (atomic_fetch_sub(&whip->refs, 1) > 1)
        return;
    jt_whip_table_free(whip->table);
    free(whip);
}

static void rate_default(struct jt_whip_rate *rate)
{
    if (rate->per_s <= 0)
        rate->per_s = 1; /* threat H7 */
    if (rate->burst <= 0)
        rate->burst = 5;
}

static void patterns(struct jt_whip *whip)
{
    const char *show = whip->config.has_show ? "/:show" : "";

    (void)snprintf(whip->endpoint, sizeof(whip->endpoint), "%s%s", whip->config.prefix, show);
    (void)snprintf(whip->session, sizeof(whip->session), "%s%s/:id", whip->config.prefix, show);
}

int jt_whip_new(const struct jt_whip_config *config, const struct jt_whip_ops *ops, void *arg,
                struct jt_whip **out)
{
    struct jt_whip *whip = calloc(1, sizeof(*whip));
    int err;

    if (!whip)
        return -ENOMEM;
    atomic_init(&whip->refs, 1);
    whip->config = *config;
    whip->ops = ops;
    whip->arg = arg;
    rate_default(&whip->config.token_post);
    rate_default(&whip->config.peer_post);
    if (config->sessions_max <= 0)
        whip->config.sessions_max = JT_WHIP_SESSIONS_MAX;
    patterns(whip);
    err = jt_whip_table_new(whip->config.sessions_max, &whip->table);
    if (!err && getrandom(&whip->rates.seed, sizeof(whip->rates.seed), 0) < 0)
        err = -errno;
    if (err) {
        whip_unref(whip);
        return err;
    }
    *out = whip;
    return 0;
}

void jt_whip_free(struct jt_whip *whip)
{
    if (!whip)
        return;
    atomic_store(&whip->is_closed, true);
    whip_unref(whip);
}

int jt_whip_count(struct jt_whip *whip)
{
    return jt_whip_table_count(whip->table);
}

void jt_whip_end(struct jt_whip *whip, const char *id)
{
    (void)jt_whip_table_remove(whip->table, id);
}

/* --- reading a request --- */

/** Is the field's media type this one, whatever its parameters (RFC 9110 §8.3.1)? */
static bool has_type(const struct jt_http_request *request, const char *type)
{
    const char *value = jt_http_request_header(request, "content-type");
    size_t size = strlen(type);

    return value && strncasecmp(value, type, size) == 0 && strchr("; \t", value[size]);
}

/** The token of "Authorization: Bearer TOKEN" (RFC 6750 §2.1), or NULL. `is_bad`: there is
 * something else. */
static const char *bearer(const struct jt_http_request *request, bool *is_bad)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    const char *value = jt_http_request_header(request, "authorization");

    *is_bad = false;
    if (!value)
        return NULL;
    if (strncasecmp(value, "Bearer ", 7) == 0) {
        const char *token = value + 7 + strspn(value + 7, " ");
        size_t size = strlen(token);

        if (size > 0 && size <= JT_WHIP_TOKEN_MAX_BYTES && strspn(token, allowed) == size)
            return token;
    }
    *is_bad = true;
    return NULL;
}

static bool is_name(const char *name)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    size_t size = strlen(name);

    return size > 0 && size <= JT_WHIP_NAME_MAX_BYTES && strspn(name, allowed) == size;
}

static bool is_local(const char *peer)
{
    return strncmp(peer, "127.", 4) == 0 || strcmp(peer, "::1") == 0 || strcmp(peer, "unix") == 0;
}

static bool is_rate_free(const struct jt_whip *whip, const struct jt_http_request *request)
{
    return whip->config.has_free_loopback && is_local(jt_http_request_peer(request));
}

static bool is_post_within(struct jt_whip *whip, const struct jt_http_request *request,
                           const char *token)
{
    struct jt_whip_rate rate = token ? whip->config.token_post : whip->config.peer_post;
    const char *key = token ? token : jt_http_request_peer(request);

    return is_rate_free(whip, request) ||
           jt_rate_table_take(&whip->rates, token ? 't' : 'p', key,
                              (struct jt_rate){rate.per_s, rate.burst}, jt_clock_mono_us());
}

/* --- answering --- */

static struct jt_whip_pending *pending_new(struct jt_whip *whip, struct jt_http_request *request)
{
    struct jt_whip_pending *pending = calloc(1, sizeof(*pending));

    if (!pending)
        return NULL;
    atomic_fetch_add(&whip->refs, 1);
    pending->whip = whip;
    pending->request = request;
    return pending;
}

static void pending_free(struct jt_whip_pending *pending)
{
    whip_unref(pending->whip);
    free(pending);
}

void jt_whip_refuse(struct jt_whip_pending *pending, int status, const char *code,
                    const char *title, int retry_after_s)
{
    struct jt_http_fault fault = {status, code, title, retry_after_s};

    refuse(pending->request, &fault, status == 401 ? &authenticate : NULL);
    pending_free(pending);
}

static int answer_offer(struct jt_whip_pending *pending, const char *body, size_t body_size)
{
    struct jt_whip *whip = pending->whip;
    struct jt_http_request *request = pending->request;
    bool is_bad;
    const struct jt_whip_access access = {
        .id = pending->id,
        .show = whip->config.has_show ? jt_http_request_param(request, "show") : NULL,
        .token = bearer(request, &is_bad),
    };
    char location[64 + JT_WHIP_NAME_MAX_BYTES + JT_WHIP_ID_BYTES], etag[JT_WHIP_ETAG_BYTES];
    const struct jt_http_header headers[] = {
        {"Location", location}, {"ETag", etag}, accept_patch, expose};
    int err = jt_whip_etag_make(etag);

    (void)snprintf(location, sizeof(location), "%s%s%s/%s", whip->config.prefix,
                   access.show ? "/" : "", access.show ? access.show : "", pending->id);
    if (!err)
        err = jt_whip_table_add(whip->table, &access, etag);
    if (err)
        refuse(request, err == -ENOSPC ? &full : &failing, NULL);
    else
        jt_http_respond(request, 201, headers, JT_COUNT(headers), TYPE_SDP, body, body_size);
    return err;
}

static int answer_restart(struct jt_whip_pending *pending, const char *body, size_t body_size)
{
    char etag[JT_WHIP_ETAG_BYTES];
    const struct jt_http_header headers[] = {{"ETag", etag}, accept_patch, expose};
    int err = jt_whip_etag_make(etag);

    if (!err)
        err = jt_whip_table_renew(pending->whip->table, pending->id, etag);
    if (err)
        refuse(pending->request, err == -ENOENT ? &unknown : &failing, NULL);
    else
        jt_http_respond(pending->request, 200, headers, JT_COUNT(headers), TYPE_FRAGMENT, body,
                        body_size);
    return err;
}

int jt_whip_answer(struct jt_whip_pending *pending, const char *body, size_t body_size)
{
    int err;

    if (atomic_load(&pending->whip->is_closed)) {
        refuse(pending->request, &failing, NULL);
        err = -ENOENT;
    } else if (pending->is_restart) {
        err = answer_restart(pending, body, body_size);
    } else {
        err = answer_offer(pending, body, body_size);
    }
    pending_free(pending);
    return err;
}

/* --- the endpoint: POST and OPTIONS --- */

static const struct jt_http_fault *
check_offer(struct jt_whip *whip, const struct jt_http_request *request, const char **token)
{
    const char *show = jt_http_request_param(request, "show");
    size_t size;
    bool is_bad;

    *token = bearer(request, &is_bad);
    if (!is_post_within(whip, request, *token))
        return &too_often;
    if (is_bad || (whip->config.has_required_token && !*token))
        return &token_missing;
    if (whip->config.has_show && !is_name(show))
        return &show_unknown;
    if (!has_type(request, TYPE_SDP))
        return &not_sdp;
    (void)jt_http_request_body(request, &size);
    return size == 0 ? &empty : NULL;
}

static void refuse_offer(struct jt_http_request *request, const struct jt_http_fault *fault)
{
    refuse(request, fault,
           fault->status == 401   ? &authenticate
           : fault->status == 415 ? &accept_post
                                  : NULL);
}

static void on_post(struct jt_whip *whip, struct jt_http_request *request)
{
    struct jt_whip_offer offer = {
        .show = jt_http_request_param(request, "show"),
        .peer = jt_http_request_peer(request),
        .is_secure = jt_http_request_is_secure(request),
    };
    const struct jt_http_fault *fault = check_offer(whip, request, &offer.token);
    struct jt_whip_pending *pending;

    if (fault) {
        refuse_offer(request, fault);
        return;
    }
    if (jt_whip_count(whip) >= whip->config.sessions_max) {
        refuse(request, &full, NULL); /* spare the owner the work; jt_whip_answer makes sure */
        return;
    }
    pending = pending_new(whip, request);
    if (!pending || jt_whip_id_make(pending->id) < 0) {
        refuse(request, &failing, NULL);
        if (pending)
            pending_free(pending);
        return;
    }
    offer.id = pending->id;
    offer.sdp = jt_http_request_body(request, &offer.sdp_size);
    whip->ops->offer(whip->arg, pending, &offer);
}

/* RFC 9725 §4.2 and the CORS preflight (Fetch §3.2.2); the server adds Access-Control-Allow-Origin.
 */
static void on_options(struct jt_http_request *request, const char *methods,
                       const struct jt_http_header *accept)
{
    const struct jt_http_header headers[] = {
        {"Allow", methods},
        *accept,
        {"Access-Control-Allow-Methods", methods},
        {"Access-Control-Allow-Headers", "Authorization, Content-Type, If-Match"},
        {"Access-Control-Max-Age", "600"},
        expose,
    };

    jt_http_respond(request, 204, headers, JT_COUNT(headers), NULL, NULL, 0);
}

static void on_endpoint(void *arg, struct jt_http_request *request)
{
    if (jt_http_request_method(request) == JT_HTTP_OPTIONS)
        on_options(request, "POST, OPTIONS", &accept_post);
    else
        on_post(arg, request);
}

/* --- a session: PATCH, DELETE and OPTIONS --- */

static const struct jt_http_fault *check_access(struct jt_whip *whip,
                                                const struct jt_http_request *request)
{
    static const struct jt_rate rate = {5, 5}; /* threat H7 */
    bool is_bad, is_free = is_rate_free(whip, request);
    const struct jt_whip_access access = {
        .id = jt_http_request_param(request, "id"),
        .show = whip->config.has_show ? jt_http_request_param(request, "show") : NULL,
        .token = bearer(request, &is_bad),
    };
    int err = jt_whip_table_check(whip->table, &access);

    /* Guesses count against the address, misuse of a session only against the session (threat H8).
     */
    if (err && !is_free &&
        !jt_rate_table_take(&whip->rates, 'g', jt_http_request_peer(request), rate,
                            jt_clock_mono_us()))
        return &too_often;
    if (err)
        return err == -ENOENT ? &unknown : err == -EACCES ? &token_missing : &token_foreign;
    if (!is_free && !jt_whip_table_is_within(whip->table, access.id, rate, jt_clock_mono_us()))
        return &too_often;
    return NULL;
}

static void on_delete(struct jt_whip *whip, struct jt_http_request *request)
{
    const char *id = jt_http_request_param(request, "id");

    if (!jt_whip_table_remove(whip->table, id)) { /* the owner ended it this moment */
        refuse(request, &unknown, NULL);
        return;
    }
    whip->ops->deleted(whip->arg, id);
    jt_http_respond(request, 200, &expose, 1, NULL, NULL, 0);
}

/** Is `etag` in the list of an If-Match field? Weak ones never are (RFC 9110 §13.1.1). */
static bool is_in_list(const char *list, const char *etag)
{
    struct jt_text rest = jt_text_of(list);

    while (rest.size > 0) {
        if (jt_text_is(jt_text_trim(jt_text_cut(&rest, ',')), etag))
            return true;
    }
    return false;
}

static bool copy_ice(const struct jt_sdp_fragment *fragment, char ufrag[ICE_TEXT_BYTES],
                     char pwd[ICE_TEXT_BYTES])
{
    /* RFC 8839 §5.4: at least 4 and 22 characters */
    return fragment->ice_ufrag.size >= 4 && fragment->ice_pwd.size >= 22 &&
           jt_text_copy(fragment->ice_ufrag, ufrag, ICE_TEXT_BYTES) == 0 &&
           jt_text_copy(fragment->ice_pwd, pwd, ICE_TEXT_BYTES) == 0;
}

static void on_restart(struct jt_whip *whip, struct jt_http_request *request,
                       const struct jt_sdp_fragment *fragment)
{
    char ufrag[ICE_TEXT_BYTES], pwd[ICE_TEXT_BYTES];
    struct jt_whip_restart restart = {.ufrag = ufrag, .pwd = pwd};
    struct jt_whip_pending *pending;

    if (!whip->ops->restart) {
        refuse(request, &no_restart, NULL);
        return;
    }
    if (!copy_ice(fragment, ufrag, pwd)) {
        refuse(request, &fragment_malformed, NULL);
        return;
    }
    pending = pending_new(whip, request);
    if (!pending) {
        refuse(request, &failing, NULL);
        return;
    }
    pending->is_restart = true;
    strcpy(pending->id, jt_http_request_param(request, "id")); /* it is in the table, so it fits */
    restart.id = pending->id;
    whip->ops->restart(whip->arg, pending, &restart);
}

/* RFC 9725 §4.3: "*" asks for a restart, the current tag comes with trickled candidates. */
static void on_patch(struct jt_whip *whip, struct jt_http_request *request)
{
    const char *match = jt_http_request_header(request, "if-match");
    char etag[JT_WHIP_ETAG_BYTES] = "";
    struct jt_sdp_fragment fragment;
    const char *body;
    size_t size;

    body = jt_http_request_body(request, &size);
    if (!has_type(request, TYPE_FRAGMENT))
        refuse(request, &not_fragment, &accept_patch);
    else if (size == 0)
        refuse(request, &empty, NULL);
    else if (!match)
        refuse(request, &precondition_missing, NULL);
    else if (jt_whip_table_etag(whip->table, jt_http_request_param(request, "id"), etag) < 0)
        refuse(request, &unknown, NULL);
    else if (strcmp(match, "*") != 0 && !is_in_list(match, etag))
        refuse(request, &precondition_failed, NULL);
    else if (jt_sdp_fragment_parse(body, size, &fragment) < 0)
        refuse(request, &fragment_malformed, NULL);
    else if (strcmp(match, "*") == 0)
        on_restart(whip, request, &fragment);
    else
        jt_http_respond(request, 204, &expose, 1, NULL, NULL, 0);
}

static void on_session(void *arg, struct jt_http_request *request)
{
    struct jt_whip *whip = arg;
    const struct jt_http_fault *fault;

    if (jt_http_request_method(request) == JT_HTTP_OPTIONS) {
        on_options(request, "PATCH, DELETE, OPTIONS", &accept_patch);
        return;
    }
    fault = check_access(whip, request);
    if (fault)
        refuse(request, fault, fault->status == 401 ? &authenticate : NULL);
    else if (jt_http_request_method(request) == JT_HTTP_DELETE)
        on_delete(whip, request);
    else
        on_patch(whip, request);
}

void jt_whip_routes(struct jt_whip *whip, struct jt_http_route out[JT_WHIP_ROUTES])
{
    out[0] = (struct jt_http_route){.methods = JT_HTTP_POST | JT_HTTP_OPTIONS,
                                    .pattern = whip->endpoint,
                                    .handler = on_endpoint,
                                    .arg = whip};
    out[1] = (struct jt_http_route){.methods = JT_HTTP_PATCH | JT_HTTP_DELETE | JT_HTTP_OPTIONS,
                                    .pattern = whip->session,
                                    .handler = on_session,
                                    .arg = whip};
}
