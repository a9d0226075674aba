/**
 * Pictures over HTTP. Both handlers block (disk, child process): they have the shape of
 * jt_http_handler, but are to be called on a thread that may wait, not on the server's.
 *
 *   POST /api/v1/pictures           body_max_bytes = PICTURE_UPLOAD_MAX_BYTES   picture_upload
 *   GET  /pictures/:hash/:size      size: "large" or "small"                    picture_serve
 */
#ifndef CHAT_PICTURE_ROUTES_H
#define CHAT_PICTURE_ROUTES_H

#include <stdbool.h>

struct jt_http_request;
struct picture_store;

/** May this request add a picture? When not, it has answered the request and returns false. */
typedef bool (*picture_gate_fn)(void *arg, struct jt_http_request *request);

struct picture_desk {
    struct picture_store *store;
    picture_gate_fn may_upload; /* asked before anything of the body is looked at */
    void *arg;                  /* the gate's */
};

/**
 * `desk` is a struct picture_desk. Answers 201 {"hash","width","height"}; 415 picture_type, 413
 * body_too_large, 422 picture_unreadable, picture_too_many_pixels or picture_too_slow; 503 busy or
 * picture_failed.
 */
void picture_upload(void *desk, struct jt_http_request *request);

/** `desk` as above. Answers the JPEG, 304 to a matching If-None-Match, or 404 not_found. */
void picture_serve(void *desk, struct jt_http_request *request);

#endif
