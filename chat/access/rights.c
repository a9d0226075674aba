#include "chat/access/rights.h"

#include <errno.h>

/* Groups of roles, so that a row of the table reads like a sentence. */
enum {
    G = 1U << ACCESS_GUEST,
    B = 1U << ACCESS_BUYER,
    C = 1U << ACCESS_CHAT_ONLY,
    M = 1U << ACCESS_MANAGER,
    H = 1U << ACCESS_HOST,
    O = 1U << ACCESS_OWNER,
    P = 1U << ACCESS_OPERATOR,
    CREW = M | H | O,       /* who runs a show */
    STAFF = C | CREW,       /* who keeps its chat in order */
    BUYERS = G | B | STAFF, /* who may buy: an operator's account may not */
    EVERYONE = BUYERS | P,
};

struct right {
    const char *name;
    enum access_scope scope;
    unsigned roles;
};

#define ANY ACCESS_SCOPE_ANY
#define SELF ACCESS_SCOPE_SELF
#define SHOP ACCESS_SCOPE_SHOP
#define PLATFORM ACCESS_SCOPE_PLATFORM

static const struct right rights[ACCESS_OPERATIONS] = {
    [ACCESS_SESSION_READ] = {"session.read", ANY, EVERYONE},
    [ACCESS_SESSION_CREATE] = {"session.create", ANY, EVERYONE},
    [ACCESS_SESSION_END] = {"session.end", SELF, EVERYONE},
    [ACCESS_GUEST_CREATE] = {"guest.create", ANY, G},
    [ACCESS_INVITE_ACCEPT] = {"invite.accept", ANY, EVERYONE},
    [ACCESS_SHOP_IDENTITY] = {"shop.identity", ANY, EVERYONE},
    [ACCESS_SHOW_READ] = {"show.read", ANY, EVERYONE},
    [ACCESS_SHOW_WATCH] = {"show.watch", ANY, EVERYONE},
    [ACCESS_PRODUCT_READ] = {"product.read", ANY, EVERYONE},
    [ACCESS_CHAT_HEART] = {"chat.heart", ANY, EVERYONE},
    [ACCESS_CHAT_SEND] = {"chat.send", SELF, EVERYONE},

    [ACCESS_CART_EDIT] = {"cart.edit", SELF, BUYERS},
    [ACCESS_ORDER_CREATE] = {"order.create", SELF, BUYERS},
    [ACCESS_ORDER_READ] = {"order.read", SELF, BUYERS},
    [ACCESS_ORDER_CANCEL] = {"order.cancel", SELF, BUYERS},

    [ACCESS_CHAT_DELETE] = {"chat.delete", SHOP, STAFF},
    [ACCESS_CHAT_MUTE] = {"chat.mute", SHOP, STAFF},
    [ACCESS_CHAT_BAN] = {"chat.ban", SHOP, STAFF},
    [ACCESS_CHAT_SLOW] = {"chat.slow", SHOP, STAFF},
    [ACCESS_CHAT_FREEZE] = {"chat.freeze", SHOP, CREW | P},
    [ACCESS_CHAT_SEND_FROZEN] = {"chat.send_frozen", SHOP, CREW | P},
    [ACCESS_NOTICE_EDIT] = {"notice.edit", SHOP, CREW},

    [ACCESS_SHOW_PREVIEW] = {"show.preview", SHOP, STAFF | P},
    [ACCESS_SHOW_CREATE] = {"show.create", SHOP, H | O},
    [ACCESS_SHOW_EDIT] = {"show.edit", SHOP, CREW},
    [ACCESS_SHOW_START] = {"show.start", SHOP, H | O},
    [ACCESS_SHOW_END] = {"show.end", SHOP, H | O},
    [ACCESS_SHOW_REPORT] = {"show.report", SHOP, CREW | P},

    [ACCESS_PRODUCT_EDIT] = {"product.edit", SHOP, CREW},
    [ACCESS_PRODUCT_PIN] = {"product.pin", SHOP, CREW},
    [ACCESS_STOCK_EDIT] = {"stock.edit", SHOP, CREW},
    [ACCESS_PICTURE_UPLOAD] = {"picture.upload", SHOP, CREW},
    [ACCESS_ORDER_LIST] = {"order.list", SHOP, CREW},
    [ACCESS_ORDER_CONTACT] = {"order.contact", SHOP, M | O},
    [ACCESS_ORDER_CONFIRM] = {"order.confirm", SHOP, M | O},
    [ACCESS_ORDER_REFUSE] = {"order.refuse", SHOP, M | O},
    [ACCESS_ORDER_SHIP] = {"order.ship", SHOP, M | O},

    [ACCESS_SHOP_READ] = {"shop.read", SHOP, CREW},
    [ACCESS_SHOP_EDIT] = {"shop.edit", SHOP, O},
    [ACCESS_KEY_READ] = {"key.read", SHOP, O},
    [ACCESS_KEY_ROTATE] = {"key.rotate", SHOP, O},

    [ACCESS_PLATFORM_READ] = {"platform.read", PLATFORM, P},
    [ACCESS_SELLER_INVITE] = {"seller.invite", PLATFORM, P},
    [ACCESS_SHOW_STOP] = {"show.stop", PLATFORM, P},
    [ACCESS_SALES_STOP] = {"sales.stop", PLATFORM, P},
    [ACCESS_SALES_RESUME] = {"sales.resume", PLATFORM, P},
    [ACCESS_AUDIT_READ] = {"audit.read", PLATFORM, P},
};

static bool is_known(enum access_operation operation)
{
    return (unsigned)operation < ACCESS_OPERATIONS && rights[operation].name;
}

bool access_may(enum access_operation operation, unsigned roles_mask)
{
    return is_known(operation) && (rights[operation].roles & roles_mask) != 0;
}

enum access_scope access_operation_scope(enum access_operation operation)
{
    return is_known(operation) ? rights[operation].scope : ACCESS_SCOPE_PLATFORM;
}

const char *access_operation_name(enum access_operation operation)
{
    return is_known(operation) ? rights[operation].name : "unknown";
}

int access_rights_print(FILE *out)
{
    static const char *const scopes[] = {
        [ANY] = "any", [SELF] = "own", [SHOP] = "shop", [PLATFORM] = "platform"};

    (void)fprintf(out, "| operation | whose |");
    for (int role = 0; role < ACCESS_ROLES; role++)
        (void)fprintf(out, " %s |", access_role_name((enum access_role)role));
    (void)fprintf(out, "\n|---|---|");
    for (int role = 0; role < ACCESS_ROLES; role++)
        (void)fprintf(out, ":-:|");
    for (int i = 0; i < ACCESS_OPERATIONS; i++) {
        (void)fprintf(out, "\n| `%s` | %s |", rights[i].name, scopes[rights[i].scope]);
        for (int role = 0; role < ACCESS_ROLES; role++)
            (void)fprintf(out, rights[i].roles >> role & 1U ? " yes |" : " |");
    }
    (void)fprintf(out, "\n");
    return ferror(out) ? -EIO : 0;
}
