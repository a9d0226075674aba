/**
 * Whose requests are served: the Host header against names and the Origin header against the Host
 * (threat H5). A loopback port is no fence: any page can reach it through its visitor's browser, by
 * DNS rebinding even as "same origin". Pure; any thread.
 */
#ifndef JT_HTTP_ORIGIN_H
#define JT_HTTP_ORIGIN_H

#include <stdbool.h>

/**
 * Is `host` ("name", "name:port", "[v6]:port"; any case) served? Served are localhost, 127.0.0.1,
 * [::1] and `listen_host` with any port, and the names in `list` (separated by commas): one with a
 * port only with that port. NULL and malformed hosts are not served.
 */
bool jt_http_host_is_served(const char *host, const char *listen_host, const char *list);

/**
 * May a page of `origin` ask? Yes when scheme, host and port are those of the request, or when
 * `list` has it ("*": any). "null" matches only "*". Compared without regard to case, default ports
 * left out.
 */
bool jt_http_origin_is_served(const char *origin, const char *host, bool is_secure,
                              const char *list);

/**
 * Who the front door says the peer is: of the list in X-Forwarded-For only the address that it added
 * itself, the last (threat H6). In the list, or NULL when there is none, or no numeric address.
 */
const char *jt_http_forwarded_peer(const char *list);
/** X-Forwarded-Proto; NULL: none. */
bool jt_http_forwarded_is_secure(const char *proto);

#endif
