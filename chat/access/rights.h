/**
 * The one table of rights: operation × role (threat A6). Deny by default: a cell that isn't written is a refusal, and so
 * is an operation or a role this code doesn't know. The table says what a role may do at all; the scope says what the
 * handler still has to hold against the caller: that the thing is the caller's own, or belongs to the shop in which the
 * caller holds the role. A thing out of scope is answered as if absent (404, pitfall 46).
 *
 *   if (!access_may(ACCESS_CHAT_DELETE, roles_mask))
 *       return API_PROBLEM_FORBIDDEN;
 */
#ifndef CHAT_ACCESS_RIGHTS_H
#define CHAT_ACCESS_RIGHTS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/base.h"
#include "chat/access/role.h"

enum access_operation {
    /* anybody's */
    ACCESS_SESSION_READ,
    ACCESS_SESSION_CREATE,
    ACCESS_SESSION_END,
    ACCESS_GUEST_CREATE,
    ACCESS_INVITE_ACCEPT, /* the link is its own proof */
    ACCESS_SHOP_IDENTITY, /* who sells here: the law wants it shown */
    ACCESS_SHOW_READ,
    ACCESS_SHOW_WATCH, /* play token, socket ticket */
    ACCESS_PRODUCT_READ,
    ACCESS_CHAT_HEART,
    ACCESS_CHAT_SEND,
    /* one's own; an operator's account neither buys nor sells */
    ACCESS_CART_EDIT,
    ACCESS_ORDER_CREATE,
    ACCESS_ORDER_READ,
    ACCESS_ORDER_CANCEL,
    /* a shop's chat */
    ACCESS_CHAT_DELETE,
    ACCESS_CHAT_MUTE, /* and unmute */
    ACCESS_CHAT_BAN,  /* and unban */
    ACCESS_CHAT_SLOW,
    ACCESS_CHAT_FREEZE, /* silences all, so not by a helper */
    ACCESS_CHAT_SEND_FROZEN,
    ACCESS_NOTICE_EDIT,
    /* a shop's shows */
    ACCESS_SHOW_PREVIEW, /* the list with what is not live yet, and its picture */
    ACCESS_SHOW_CREATE,
    ACCESS_SHOW_EDIT, /* title, products */
    ACCESS_SHOW_START,
    ACCESS_SHOW_END,
    ACCESS_SHOW_REPORT,
    /* a shop's goods and orders */
    ACCESS_PRODUCT_EDIT, /* and the list with the stock */
    ACCESS_PRODUCT_PIN,
    ACCESS_STOCK_EDIT,
    ACCESS_PICTURE_UPLOAD,
    ACCESS_ORDER_LIST,    /* names, phones and addresses masked */
    ACCESS_ORDER_CONTACT, /* unmasked; a host may be hired for the day */
    ACCESS_ORDER_CONFIRM, /* the money came */
    ACCESS_ORDER_REFUSE,  /* the shop's own cancelling */
    ACCESS_ORDER_SHIP,    /* ready, shipped, picked up, delivered */
    /* the shop itself */
    ACCESS_SHOP_READ, /* the whole form */
    ACCESS_SHOP_EDIT,
    ACCESS_KEY_READ,   /* whoever has it can be the shop on air */
    ACCESS_KEY_ROTATE, /* answers with the new key */
    /* the platform */
    ACCESS_PLATFORM_READ, /* sellers, shows */
    ACCESS_SELLER_INVITE,
    ACCESS_SHOW_STOP, /* any show, with a reason */
    ACCESS_SALES_STOP,
    ACCESS_SALES_RESUME,
    ACCESS_AUDIT_READ,
    ACCESS_OPERATIONS
};

/** What a handler has to hold against the caller besides the role. */
enum access_scope {
    ACCESS_SCOPE_ANY, /* nothing: what everybody sees, or what comes with its own proof (a link, a password) */
    ACCESS_SCOPE_SELF, /* the thing is the caller's own: cart, order, account */
    ACCESS_SCOPE_SHOP, /* the thing belongs to the shop in which the caller holds the role; an operator: any shop */
    ACCESS_SCOPE_PLATFORM /* no shop at all */
};

/** Whether one of the roles in `roles_mask` may do it. False for unknown operations and for unknown bits. Any thread. */
bool access_may(enum access_operation operation, unsigned roles_mask);

enum access_scope access_operation_scope(enum access_operation operation);

/** "show.start": for audit rows and docs. "unknown" for anything else. */
const char *access_operation_name(enum access_operation operation);

/** The whole table as Markdown (docs/rights.md). Returns 0, or -EIO when `out` failed. */
JT_MUST_CHECK int access_rights_print(FILE *out);

#endif
