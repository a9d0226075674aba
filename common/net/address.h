/** Socket addresses: parsing, printing, comparing. IPv4-mapped IPv6 addresses are turned into IPv4 on receipt. */
#ifndef JT_NET_ADDRESS_H
#define JT_NET_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/base.h"

enum { JT_ADDRESS_TEXT_BYTES = 64 };

/** 28 bytes instead of sockaddr_storage's 128: viewers keep it in their hot state. */
struct jt_address {
    union {
        struct sockaddr sa;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
};

/** "127.0.0.1:80", "[::1]:80", "*:80" (IPv6 ANY, dual stack). Numbers only: nothing is resolved. 0 or -EINVAL. */
JT_MUST_CHECK int jt_address_parse(const char *text, struct jt_address *out);
/** Into `text`, as jt_address_parse takes it ("-" for an empty address). Returns `text`. */
const char *jt_address_print(const struct jt_address *address, char text[JT_ADDRESS_TEXT_BYTES]);
/** Same host and port. */
bool jt_address_equal(const struct jt_address *a, const struct jt_address *b);
/** For tables; `seed` is a secret random number, so that strangers can't choose addresses that collide. */
uint64_t jt_address_hash(const struct jt_address *address, uint64_t seed);
/** For the kernel, with `&address->sa`; 0 for an empty address. */
socklen_t jt_address_size(const struct jt_address *address);
/** In host order. */
uint16_t jt_address_port(const struct jt_address *address);
/** 127/8 or ::1. */
bool jt_address_is_loopback(const struct jt_address *address);
/** From the kernel's form, IPv4-mapped turned into IPv4. -EAFNOSUPPORT for other families, -EINVAL for a cut one. */
JT_MUST_CHECK int jt_address_from(const struct sockaddr *sa, socklen_t size,
                                  struct jt_address *out);
/** For sending from an IPv6 socket: an IPv4 address as IPv4-mapped IPv6 (RFC 4291 §2.5.5.2), others unchanged. */
struct jt_address jt_address_to_mapped(const struct jt_address *address);

#endif
