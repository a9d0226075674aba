/**
 * The HTTP conduct WHIP and WHEP share (RFC 9725; the WHEP draft keeps it): offers come in by POST,
 * sessions are resources with unguessable ids, trickle and ICE restarts come by PATCH, the end by
 * DELETE. The owner (relay, ingest) decides about offers and holds the media; here are the table of
 * ids, preconditions, tokens, CORS and rates (threats H7 to H10).
 *
 * Candidates of a PATCH are checked for form and then forgotten: our side is ICE-lite and never
 * sends because of a candidate line (threat H13).
 */
#ifndef JT_WHIP_RESOURCE_H
#define JT_WHIP_RESOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "http/server.h"

struct jt_whip;         /* an endpoint and its table of sessions */
struct jt_whip_pending; /* an offer or a restart that waits for its answer */

enum {
    JT_WHIP_ID_BYTES = 33,          /* 128 random bits as 32 hex digits, and NUL (threat H8) */
    JT_WHIP_TOKEN_MAX_BYTES = 4096, /* ours */
    JT_WHIP_NAME_MAX_BYTES = 128,   /* of a show */
    JT_WHIP_ROUTES = 2,
    JT_WHIP_SESSIONS_MAX = 16384, /* ours: descriptors end near 20,000 */
};

/** Everything is borrowed until the callback returns. */
struct jt_whip_offer {
    const char
        *id; /* the session will have this id if the answer is a 201: use it as your key at once */
    const char *show;  /* from the path, [A-Za-z0-9_-]{1,128}; NULL when the path has none (WHIP) */
    const char *token; /* of Authorization: Bearer, not checked; NULL without */
    const char *peer;  /* numeric address of who asks */
    bool is_secure;    /* came by https through the front door */
    const char *sdp;   /* NUL-terminated too */
    size_t sdp_size;
};

struct jt_whip_restart {
    const char *id;
    const char *ufrag, *pwd; /* the peer's new ones (RFC 8839 §5.4) */
};

/** All run on the HTTP server's thread and must not block. */
struct jt_whip_ops {
    /** A new offer. Answer exactly once with jt_whip_answer or jt_whip_refuse, now or later. */
    void (*offer)(void *arg, struct jt_whip_pending *pending, const struct jt_whip_offer *offer);
    /** An ICE restart of a living session; answer like an offer. NULL: not supported, answered 422.
     */
    void (*restart)(void *arg, struct jt_whip_pending *pending,
                    const struct jt_whip_restart *restart);
    /** The peer sent DELETE; the id is already unknown here. Not called for jt_whip_end. */
    void (*deleted)(void *arg, const char *id);
};

/** A token bucket; zeros mean the default. */
struct jt_whip_rate {
    int per_s, burst;
};

struct jt_whip_config {
    const char *prefix; /* "/whep" or "/whip"; borrowed for life */
    bool has_show; /* POST PREFIX/SHOW, session PREFIX/SHOW/ID; else POST PREFIX, session PREFIX/ID
                    */
    bool has_required_token;        /* POST without a bearer token is answered 401 */
    bool has_free_loopback;         /* open mode: no rates for loopback peers */
    struct jt_whip_rate token_post; /* per token: 1/s, burst 5 */
    struct jt_whip_rate peer_post;  /* per address, offers without a token: 1/s, burst 5 */
    int sessions_max;               /* 0: JT_WHIP_SESSIONS_MAX; above it POST is answered 503 */
};

/** The config is copied. `ops` is borrowed for life. */
JT_MUST_CHECK int jt_whip_new(const struct jt_whip_config *config, const struct jt_whip_ops *ops,
                              void *arg, struct jt_whip **out);

/**
 * Call after jt_http_server_free: no callback comes any more. Answers still due stay legal and are
 * dropped. NULL is fine.
 */
void jt_whip_free(struct jt_whip *whip);

/** The routes to give to jt_http_server_new; they refer to `whip`. */
void jt_whip_routes(struct jt_whip *whip, struct jt_http_route out[JT_WHIP_ROUTES]);

/**
 * Accept. For an offer `body` is the SDP answer: 201 with Location (path-absolute), ETag,
 * Accept-Patch, and the session is in the table before the peer can read it. For a restart `body`
 * is the fragment (RFC 8840 §9) with our new ufrag and pwd: 200 with a new ETag. Takes `pending`.
 * Any thread. If the peer went away meanwhile the session exists all the same: end it by your own
 * set-up deadline.
 *
 * Returns 0, or -ENOENT / -ENOMEM / -ENOSPC when the session could not be made or has ended
 * meanwhile: the peer has been told, drop your half.
 */
JT_MUST_CHECK int jt_whip_answer(struct jt_whip_pending *pending, const char *body,
                                 size_t body_size);

/**
 * Refuse with problem+json; no session is made, a restart keeps the old one. `retry_after_s` 0: no
 * such header. Takes `pending`. Any thread.
 */
void jt_whip_refuse(struct jt_whip_pending *pending, int status, const char *code,
                    const char *title, int retry_after_s);

/** The owner ended the session: from now on its id is 404. Unknown ids are passed over. Any thread.
 */
void jt_whip_end(struct jt_whip *whip, const char *id);

/** Sessions in the table. Any thread. */
int jt_whip_count(struct jt_whip *whip);

#endif
