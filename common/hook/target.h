/**
 * Where hooks go: a configured unix socket or URL, and which addresses that may turn out to be (threat H14). Pure; any
 * thread.
 */
#ifndef JT_HOOK_TARGET_H
#define JT_HOOK_TARGET_H

#include <stdbool.h>

#include "base/base.h"

struct sockaddr;

enum { JT_HOOK_URL_MAX_BYTES = 256 };

struct jt_hook_target {
    char socket[JT_HOOK_URL_MAX_BYTES]; /* path, or "" when it is a URL */
    char base
        [JT_HOOK_URL_MAX_BYTES]; /* what a hook's path is appended to, without a slash at its end */
    bool
        is_literal; /* the host is an address, or localhost: the operator said where, and that is where */
    bool may_private; /* a name may lead into a private network */
};

/**
 * "unix:/path", "http://HOST[:PORT][/PREFIX]" or "https://…". -EINVAL: anything else, a user, a query, a fragment; a unix
 * path that is too long for a socket.
 */
JT_MUST_CHECK int jt_hook_target_parse(const char *url, bool may_private,
                                       struct jt_hook_target *out);

/** The default of an empty `url`: chat's socket in the run directory. 0 or -ENAMETOOLONG. */
JT_MUST_CHECK int jt_hook_target_fill(char url[JT_HOOK_URL_MAX_BYTES], const char *run_dir);

/**
 * May a connection go to `address`, to which the name was resolved just now? A name never leads to loopback, link-local
 * (a cloud's metadata service is there), multicast, unspecified or reserved addresses (RFC 6890), nor to private ones
 * unless that was allowed; IPv6 forms of IPv4 addresses are judged by what they hold.
 */
bool jt_hook_target_allows(const struct jt_hook_target *target, const struct sockaddr *address);

#endif
