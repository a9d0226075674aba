#include "chat/access/role.h"

#include <errno.h>
#include <string.h>

static const char *const names[ACCESS_ROLES] = {
    [ACCESS_GUEST] = "guest",       [ACCESS_BUYER] = "buyer", [ACCESS_CHAT_ONLY] = "chat_only",
    [ACCESS_MANAGER] = "manager",   [ACCESS_HOST] = "host",   [ACCESS_OWNER] = "owner",
    [ACCESS_OPERATOR] = "operator",
};

const char *access_role_name(enum access_role role)
{
    return (unsigned)role < ACCESS_ROLES ? names[role] : "unknown";
}

int access_role_parse(const char *name)
{
    for (int role = 0; role < ACCESS_ROLES; role++)
        if (!strcmp(name, names[role]))
            return role;
    return -EINVAL;
}
