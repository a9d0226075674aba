/**
 * Hooks in: what ingest and relay tell chat and ask of it, as signed POSTs (common/hook/sign.h).
 *
 *   POST /hooks/publish    {key | token, kind, peer}        → 200 {show, access}, or 403 {code}: may this one publish?
 *   POST /hooks/unpublish  {show, epoch, reason}            → 204
 *   POST /hooks/live       {set, part, parts, shows:[…]}    → 204: all shows of an ingest, at start and then each second
 *   POST /hooks/viewers    {set, part, parts, shows:[…]}    → 204: play sessions of a relay, each second
 *
 * They come by a unix socket of their own; the routes may stand on another server, too: without a valid signature nothing
 * of a request is looked at. The MAC is over the raw bytes, compared in constant time; a request is good for 300 s, once,
 * and not if it was signed before this process began (so that "once" holds across restarts).
 */
#ifndef CHAT_MEDIA_HOOKS_H
#define CHAT_MEDIA_HOOKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "http/server.h"
#include "media/track.h"
#include "ring/control.h"

struct jt_keyring;
struct media_hooks;

enum {
    MEDIA_HOOK_ROUTES = 4,
    MEDIA_IDS_MAX = 8192, /* ours: 600 s of a dozen hooks a second */
    MEDIA_PARTS_MAX = 64, /* of a set: 2,048 shows with 8 tracks fit in */
    MEDIA_SHOWS_MAX = 4096,
    MEDIA_TRACKS_MAX = 8,
    MEDIA_WARNINGS_MAX = 8,
    MEDIA_KEY_MAX_BYTES = 129, /* RTMP stream keys, with NUL */
    MEDIA_TOKEN_MAX_BYTES = 4097,
    MEDIA_CODE_MAX_BYTES = 65,
};

/** Who wants to publish. `key` and `token`: one of them is not empty. Neither may be logged or kept (threat A4). */
struct media_publish {
    const char *key;   /* RTMP stream key */
    const char *token; /* of WHIP */
    const char *kind;  /* "rtmp" or "whip" */
    const char *peer;  /* address */
};

struct media_admission {
    char show[JT_SHOW_NAME_MAX_BYTES];
    enum jt_show_access access;
    /* With -EACCES: why, [a-z0-9_]{1,64}: "unknown_key", "show_stopped", "no_show"… the encoder's user reads words for it */
    char code[MEDIA_CODE_MAX_BYTES];
};

struct media_track {
    enum jt_codec codec;
    int width, height; /* 0 for sound */
    int64_t bitrate_bps;
    int64_t capture_us;     /* of the newest frame, ingest's monotonic clock; 0: none yet */
    int64_t wall_offset_us; /* capture_us + this = wall time of the capture */
};

struct media_show {
    char show[JT_SHOW_NAME_MAX_BYTES];
    uint32_t epoch; /* grows with each return of the publisher */
    enum jt_show_state state;
    enum jt_show_access access; /* as ingest has it */
    struct media_track tracks[MEDIA_TRACKS_MAX];
    size_t track_count;
    char warnings[MEDIA_WARNINGS_MAX][MEDIA_CODE_MAX_BYTES];
    size_t warning_count;
};

struct media_audience {
    char show[JT_SHOW_NAME_MAX_BYTES];
    int sessions;
};

/** What the service does about it. Called on threads of its pool, several at a time: may block. All borrowed. */
struct media_events {
    /** 0: fill show and access. -EACCES: fill code. Other errors: 503, and the publisher may try again. */
    int (*publish)(void *arg, const struct media_publish *who, struct media_admission *out);
    /** The publisher of this epoch left ("left", the show waits for it) or the show ended ("ended", "stopped"). May come twice. */
    void (*unpublish)(void *arg, const char *show, uint32_t epoch, const char *reason);
    /** Everything ingest has: what is not in it is not on air. A show with an older epoch than one known is old news. */
    void (*live)(void *arg, const struct media_show *shows, size_t count);
    /** All shows with viewers: others have none. */
    void (*viewers)(void *arg, const struct media_audience *shows, size_t count);
};

typedef void (*media_job_fn)(void *arg, struct jt_http_request *request);
/** Run `fn(arg, request)` on a thread that may block. Negative: not now; the request is answered 503. As api_pool_submit. */
typedef int (*media_submit_fn)(void *pool, media_job_fn fn, void *arg,
                               struct jt_http_request *request);

struct media_hooks_config {
    const char *socket;         /* of the server of their own; "": none, only routes */
    struct jt_keyring *keyring; /* borrowed for life */
    media_submit_fn submit;
    void *pool;
    const struct media_events *events; /* borrowed for life */
    void *arg;
};

/** The config is copied. -EADDRINUSE etc. */
JT_MUST_CHECK int media_hooks_new(const struct media_hooks_config *config,
                                  struct media_hooks **out);
/** Before the pool goes: nothing comes in any more. After it: media_hooks_free. */
void media_hooks_stop(struct media_hooks *hooks);
/** No job may run any more. NULL is fine. */
void media_hooks_free(struct media_hooks *hooks);

/** The same routes for another server; that server has to go before `hooks`. */
void media_hooks_routes(struct media_hooks *hooks, struct jt_http_route out[MEDIA_HOOK_ROUTES]);

#endif
