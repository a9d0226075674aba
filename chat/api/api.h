/** What the handlers of the API stand on, and the table of its routes. */
#ifndef CHAT_API_API_H
#define CHAT_API_API_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct access_limiter;
struct api;
struct api_pool;
struct channel;
struct jt_http_route;
struct jt_keyring;
struct live;
struct picture_store;
struct store;

enum {
    API_SESSION_LIFE_MS =
        14 * 24 * 3600 * 1000, /* ours: a buyer finds the cart again in two weeks */
    API_TICKET_LIFE_MS = 60 * 1000,
};
#define API_SELLER_LINK_LIFE_MS (7LL * 24 * 3600 * 1000)
#define API_OPERATOR_LINK_LIFE_MS (30LL * 60 * 1000) /* of the one-time link of the first start */

/** All borrowed, for the API's life. */
struct api_parts {
    struct store *store;
    struct jt_keyring *keyring;
    struct access_limiter *limiter;
    struct api_pool *pool;
    struct live *live;
    struct channel *channel;
    struct picture_store *pictures;
    const char *rtmp_url; /* told to sellers: "rtmp://HOST:1935/live" */
};

JT_MUST_CHECK int api_new(const struct api_parts *parts, struct api **out);
/** After the HTTP server and the pool are gone. NULL is fine. */
void api_free(struct api *api);
/** The routes for the HTTP server; they hold as long as the API. */
const struct jt_http_route *api_routes(const struct api *api, size_t *out_count);

#endif
