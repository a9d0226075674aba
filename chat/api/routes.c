/*
 * The table of the API: what is asked for, by what right, and who answers. docs/openapi.yaml has the same rows (a test holds
 * them against each other), docs/rights.md says who has which right.
 */
#include "chat/api/api.h"

#include <errno.h>
#include <stdlib.h>

#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/picture/picture.h"
#include "http/server.h"

#define GET JT_HTTP_GET
#define POST JT_HTTP_POST
#define PUT JT_HTTP_PUT
#define PATCH JT_HTTP_PATCH
#define DELETE JT_HTTP_DELETE
#define SESSION API_ROUTE_NEEDS_SESSION
#define FREE API_ROUTE_FREE_OF_CSRF

static const struct api_route table[] = {
    /* who am I */
    {GET, "/api/v1/session", ACCESS_SESSION_READ, 0, api_session_read, 0},
    {POST, "/api/v1/session", ACCESS_SESSION_CREATE, FREE, api_session_create, 0},
    {DELETE, "/api/v1/session", ACCESS_SESSION_END, SESSION, api_session_end, 0},
    {POST, "/api/v1/guests", ACCESS_GUEST_CREATE, FREE, api_guest_create, 0},
    {POST, "/api/v1/invites/look", ACCESS_INVITE_ACCEPT, FREE, api_invite_look, 0},
    {POST, "/api/v1/invites/accept", ACCESS_INVITE_ACCEPT, FREE, api_invite_accept, 0},

    /* the operator */
    {POST, "/api/v1/sellers/invites", ACCESS_SELLER_INVITE, SESSION, api_seller_invite, 0},
    {GET, "/api/v1/sellers", ACCESS_PLATFORM_READ, SESSION, api_seller_list, 0},
    {GET, "/api/v1/operator/shows", ACCESS_PLATFORM_READ, SESSION, api_show_list_all, 0},
    {GET, "/api/v1/audit", ACCESS_AUDIT_READ, SESSION, api_audit_list, 0},
    {POST, "/api/v1/shows/:show/stop", ACCESS_SHOW_STOP, SESSION, api_show_stop, 0},
    {POST, "/api/v1/shows/:show/freeze", ACCESS_CHAT_FREEZE, SESSION, api_show_freeze, 0},
    {POST, "/api/v1/shows/:show/sales", ACCESS_SALES_STOP, SESSION, api_show_sales, 0},

    /* the shop */
    {GET, "/api/v1/shop", ACCESS_SHOP_READ, SESSION, api_shop_read, 0},
    {PUT, "/api/v1/shop", ACCESS_SHOP_EDIT, SESSION, api_shop_write, 0},
    {GET, "/api/v1/shops/:shop", ACCESS_SHOP_IDENTITY, 0, api_shop_identity, 0},
    {POST, "/api/v1/shop/key/reveal", ACCESS_KEY_READ, SESSION, api_key_reveal, 0},
    {POST, "/api/v1/shop/key/rotate", ACCESS_KEY_ROTATE, SESSION, api_key_rotate, 0},

    /* shows */
    {GET, "/api/v1/shows", ACCESS_SHOW_READ, 0, api_show_list, 0},
    {GET, "/api/v1/shows/:show", ACCESS_SHOW_READ, 0, api_show_read, 0},
    {GET, "/api/v1/shop/shows", ACCESS_SHOW_PREVIEW, SESSION, api_show_list_own, 0},
    {POST, "/api/v1/shop/shows", ACCESS_SHOW_CREATE, SESSION, api_show_create, 0},
    {PATCH, "/api/v1/shows/:show", ACCESS_SHOW_EDIT, SESSION, api_show_edit, 0},
    {POST, "/api/v1/shows/:show/start", ACCESS_SHOW_START, SESSION, api_show_start, 0},
    {POST, "/api/v1/shows/:show/end", ACCESS_SHOW_END, SESSION, api_show_end, 0},
    {PUT, "/api/v1/shows/:show/products", ACCESS_SHOW_EDIT, SESSION, api_show_products, 0},
    {PUT, "/api/v1/shows/:show/pin", ACCESS_PRODUCT_PIN, SESSION, api_show_pin, 0},
    {PUT, "/api/v1/shows/:show/notice", ACCESS_NOTICE_EDIT, SESSION, api_show_notice, 0},
    {GET, "/api/v1/shows/:show/report", ACCESS_SHOW_REPORT, SESSION, api_show_report, 0},
    {POST, "/api/v1/shows/:show/play-token", ACCESS_SHOW_PREVIEW, SESSION, api_play_token_create,
     0},
    {POST, "/api/v1/tickets", ACCESS_SHOW_WATCH, FREE, api_ticket_create, 0},

    /* products */
    {GET, "/api/v1/shop/products", ACCESS_PRODUCT_EDIT, SESSION, api_product_list, 0},
    {POST, "/api/v1/shop/products", ACCESS_PRODUCT_EDIT, SESSION, api_product_create, 0},
    {PATCH, "/api/v1/shop/products/:product", ACCESS_PRODUCT_EDIT, SESSION, api_product_edit, 0},
    {DELETE, "/api/v1/shop/products/:product", ACCESS_PRODUCT_EDIT, SESSION, api_product_delete, 0},
    {POST, "/api/v1/shop/products/:product/stock", ACCESS_STOCK_EDIT, SESSION, api_stock_add, 0},

    {POST, "/api/v1/pictures", ACCESS_PICTURE_UPLOAD, SESSION, api_picture_upload,
     PICTURE_UPLOAD_MAX_BYTES},
    {GET, "/pictures/:hash/:size", ACCESS_PRODUCT_READ, 0, api_picture_serve, 0},

    /* buying */
    {GET, "/api/v1/cart", ACCESS_CART_EDIT, 0, api_cart_read, 0},
    {PUT, "/api/v1/cart/items/:variant", ACCESS_CART_EDIT, SESSION, api_cart_set, 0},
    {POST, "/api/v1/orders", ACCESS_ORDER_CREATE, SESSION, api_order_create, 0},
    {GET, "/api/v1/orders", ACCESS_ORDER_READ, SESSION, api_order_list, 0},
    {GET, "/api/v1/orders/:order", ACCESS_SHOW_READ, 0, api_order_read,
     0}, /* the link is the right */
    {POST, "/api/v1/orders/:order/cancel", ACCESS_ORDER_CANCEL, SESSION, api_order_cancel, 0},

    /* selling */
    {GET, "/api/v1/shop/orders", ACCESS_ORDER_LIST, SESSION, api_shop_order_list, 0},
    {GET, "/api/v1/shop/orders.csv", ACCESS_ORDER_CONTACT, SESSION, api_shop_order_table, 0},
    {POST, "/api/v1/shop/orders/:order/confirm", ACCESS_ORDER_CONFIRM, SESSION,
     api_shop_order_confirm, 0},
    {POST, "/api/v1/shop/orders/:order/cancel", ACCESS_ORDER_REFUSE, SESSION, api_shop_order_cancel,
     0},
    {POST, "/api/v1/shop/orders/:order/ready", ACCESS_ORDER_SHIP, SESSION, api_shop_order_move, 0},
    {POST, "/api/v1/shop/orders/:order/shipped", ACCESS_ORDER_SHIP, SESSION, api_shop_order_move,
     0},
    {POST, "/api/v1/shop/orders/:order/picked_up", ACCESS_ORDER_SHIP, SESSION, api_shop_order_move,
     0},
    {POST, "/api/v1/shop/orders/:order/delivered", ACCESS_ORDER_SHIP, SESSION, api_shop_order_move,
     0},
};

struct api {
    struct api_parts parts;
    struct api_bound bound[JT_COUNT(table)];
    struct jt_http_route routes[JT_COUNT(table)];
};

int api_new(const struct api_parts *parts, struct api **out)
{
    struct api *api = calloc(1, sizeof(*api));

    if (!api)
        return -ENOMEM;
    api->parts = *parts;
    for (size_t i = 0; i < JT_COUNT(table); i++) {
        api->bound[i] = (struct api_bound){.parts = &api->parts, .route = &table[i]};
        api->routes[i] = (struct jt_http_route){
            .methods = table[i].method,
            .pattern = table[i].path,
            .handler = api_call_serve,
            .arg = &api->bound[i],
            .body_max_bytes = table[i].body_max_bytes,
        };
    }
    *out = api;
    return 0;
}

void api_free(struct api *api)
{
    free(api);
}

const struct jt_http_route *api_routes(const struct api *api, size_t *out_count)
{
    *out_count = JT_COUNT(table);
    return api->routes;
}
