/**
 * The one table of rights: operation × role (threat A6). Deny by default: a cell that isn't written is a refusal, and so
 * is an operation or a role this code doesn't know. The table says what a role may do at all; the scope says what the
 * handler still has to hold against the caller: that the thing is the caller's own, or belongs to the shop in which the
 * caller holds the role. A thing out of scope is answered as if absent (404, pitfall 46).
 *
 *   if (!access_may(ACCESS_CHAT_DELETE, caller->roles_mask))
 *       return refuse(request, 403);
 */
#ifndef CHAT_ACCESS_RIGHTS_H
#define CHAT_ACCESS_RIGHTS_H

#include <stdbool.h>
#include <stdio.h>

#include "base/base.h"
#include "chat/access/role.h"

enum access_operation {
    /* anybody's */
    ACCESS_SHOP_READ,
    ACCESS_SHOW_READ,
    ACCESS_SHOW_WATCH,
    ACCESS_PRODUCT_READ,
    ACCESS_CHAT_READ,
    ACCESS_HEART_SEND,
    ACCESS_GUEST_CREATE,
    ACCESS_ACCOUNT_CREATE,
    ACCESS_INVITE_ACCEPT,
    ACCESS_SESSION_CREATE,
    ACCESS_SESSION_END,
    /* one's own */
    ACCESS_CART_EDIT,
    ACCESS_COUPON_CLAIM,
    ACCESS_ORDER_CREATE,
    ACCESS_ORDER_READ,
    ACCESS_ORDER_CANCEL,
    ACCESS_ORDER_WITHDRAW,
    ACCESS_FOLLOW_EDIT,
    ACCESS_CHAT_SEND,
    ACCESS_REPORT_CREATE,
    ACCESS_SELLER_APPLY,
    ACCESS_ACCOUNT_READ,
    ACCESS_ACCOUNT_EDIT,
    ACCESS_ACCOUNT_DELETE,
    /* a shop's chat */
    ACCESS_CHAT_DELETE,
    ACCESS_CHAT_MUTE,
    ACCESS_CHAT_BAN,
    ACCESS_CHAT_BAN_SHOP,
    ACCESS_CHAT_SLOW,
    ACCESS_CHAT_REVIEW,
    ACCESS_CHAT_PIN,
    ACCESS_CHAT_STAR,
    ACCESS_CHAT_FREEZE,
    ACCESS_CHAT_SEND_FROZEN,
    ACCESS_CHAT_WORDS,
    ACCESS_CHAT_EXPORT,
    ACCESS_NOTICE_EDIT,
    ACCESS_PROMPTER_WRITE,
    /* a shop's shows */
    ACCESS_SHOW_PREVIEW,
    ACCESS_SHOW_CREATE,
    ACCESS_SHOW_EDIT,
    ACCESS_SHOW_DELETE,
    ACCESS_SHOW_REHEARSE,
    ACCESS_SHOW_INVITE,
    ACCESS_SHOW_PUBLISH,
    ACCESS_SHOW_START,
    ACCESS_SHOW_PAUSE,
    ACCESS_SHOW_STOP,
    ACCESS_SHOW_REPLAY,
    ACCESS_SHOW_STATS,
    ACCESS_SHOW_REPORT,
    ACCESS_SALES_STOP,
    ACCESS_SALES_RESUME,
    /* a shop's goods and orders */
    ACCESS_PRODUCT_EDIT,
    ACCESS_PRODUCT_PIN,
    ACCESS_PRODUCT_DELETE,
    ACCESS_STOCK_EDIT,
    ACCESS_COUPON_EDIT,
    ACCESS_COUPON_PIN,
    ACCESS_ORDER_LIST,
    ACCESS_ORDER_CONTACT,
    ACCESS_ORDER_CONFIRM,
    ACCESS_ORDER_SHIP,
    ACCESS_ORDER_REFUND,
    ACCESS_ORDER_EXPORT,
    ACCESS_SETTLEMENT_READ,
    /* the shop itself */
    ACCESS_SHOP_EDIT,
    ACCESS_SHOP_CLOSE,
    ACCESS_SHOP_AUDIT,
    ACCESS_KEY_READ,
    ACCESS_KEY_ROTATE,
    ACCESS_MEMBER_LIST,
    ACCESS_MEMBER_INVITE,
    ACCESS_MEMBER_EDIT,
    ACCESS_MEMBER_REMOVE,
    /* the platform */
    ACCESS_PLATFORM_READ,
    ACCESS_PLATFORM_EDIT,
    ACCESS_SELLER_INVITE,
    ACCESS_SELLER_APPROVE,
    ACCESS_SHOP_SUSPEND,
    ACCESS_ACCOUNT_SUSPEND,
    ACCESS_PERSON_READ,
    ACCESS_REPORT_REVIEW,
    ACCESS_CAMPAIGN_EDIT,
    ACCESS_FILTER_EDIT,
    ACCESS_OPERATOR_INVITE,
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

/** The operation with that name. Returns it (0 or more) or -EINVAL. */
JT_MUST_CHECK int access_operation_parse(const char *name);

/** The whole table as Markdown (docs/rights.md). Returns 0, or -EIO when `out` failed. */
JT_MUST_CHECK int access_rights_print(FILE *out);

#endif
