/**
 * Who somebody is towards one shop. A person holds a set of roles, as a bit mask, and always with respect to the shop
 * the request names: without an account GUEST alone; any account BUYER, everywhere; a membership adds one of CHAT_ONLY,
 * MANAGER, HOST, OWNER in that one shop. An operator's account holds OPERATOR alone: whoever runs the platform neither
 * buys nor sells on it. The mask is computed for every request, never kept in a token or a page.
 */
#ifndef CHAT_ACCESS_ROLE_H
#define CHAT_ACCESS_ROLE_H

#include "base/base.h"

enum access_role {
    ACCESS_GUEST,     /* no account: watches, talks, buys, for as long as the session lives */
    ACCESS_BUYER,     /* has an account: as a guest, and is known again */
    ACCESS_CHAT_ONLY, /* helper of a shop: keeps its chat in order */
    ACCESS_MANAGER,   /* helper of a shop: second device, goods, stock, orders */
    ACCESS_HOST,      /* stands before the camera; sees no buyer's personal data */
    ACCESS_OWNER,     /* the shop's owner */
    ACCESS_OPERATOR,  /* runs the platform */
    ACCESS_ROLES
};

/** The mask of one role; masks are combined with |. */
static inline unsigned access_role_mask(enum access_role role)
{
    return 1U << role;
}

/** "guest", "buyer", "chat_only", "manager", "host", "owner", "operator"; "unknown" for anything else. */
const char *access_role_name(enum access_role role);

/** The role with that name (exact, lower case). Returns the role (0 or more) or -EINVAL. */
JT_MUST_CHECK int access_role_parse(const char *name);

#endif
