/**
 * STUN as ICE uses it (RFC 8489, RFC 8445 §7 and §16): Binding requests, answers and errors in one
 * datagram. HMAC-SHA1 comes in as a function, so that no crypto library is needed here; the CRC of
 * FINGERPRINT is done here. Any thread.
 */
#ifndef JT_WIRE_STUN_H
#define JT_WIRE_STUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/base.h"
#include "wire/text.h"

struct jt_writer;

enum {
    JT_STUN_HEADER_BYTES = 20,
    JT_STUN_TRANSACTION_BYTES = 12,
    JT_STUN_HMAC_BYTES = 20,
    JT_STUN_MESSAGE_MAX_BYTES = 1500, /* ours: one Ethernet frame */
    JT_STUN_ATTRIBUTES_MAX = 32,      /* ours: checks carry 6 to 8 */
    JT_STUN_USERNAME_MAX_BYTES = 508, /* RFC 8489 §14.3: fewer than 509 */
    JT_STUN_UNKNOWN_MAX = 8,          /* ours: reported in a 420; more are not named */
    JT_STUN_METHOD_BINDING = 1,
};

enum jt_stun_class {
    JT_STUN_REQUEST = 0,
    JT_STUN_INDICATION = 1,
    JT_STUN_SUCCESS = 2,
    JT_STUN_ERROR = 3,
};

enum jt_stun_role {
    JT_STUN_ROLE_NONE,
    JT_STUN_ROLE_CONTROLLED,
    JT_STUN_ROLE_CONTROLLING,
};

/** HMAC-SHA1 of `data`. Returns 0 or a negative errno value. */
typedef int (*jt_stun_hmac_fn)(const void *key, size_t key_size, const void *data, size_t data_size,
                               uint8_t out[JT_STUN_HMAC_BYTES]);

/** A short-term password (the ice-pwd, RFC 8489 §9.1.1) and how to compute with it. */
struct jt_stun_key {
    struct jt_text password;
    jt_stun_hmac_fn hmac;
};

struct jt_stun {
    enum jt_stun_class message_class;
    uint16_t method;
    uint8_t transaction[JT_STUN_TRANSACTION_BYTES];
    struct jt_text username; /* borrowed from the datagram, as are the two parts */
    struct jt_text to_ufrag; /* before the colon: ours, in a request we receive (RFC 8445 §7.2.2) */
    struct jt_text from_ufrag; /* after the colon: the sender's; both empty without a colon */
    enum jt_stun_role role;    /* of the sender */
    uint64_t tie_breaker;
    uint32_t priority; /* 0 when absent; legal ones are 1 to 2^31-1 */
    bool has_use_candidate;
    bool has_integrity;   /* the attribute is there; jt_stun_verify tells whether it is right */
    bool has_fingerprint; /* it is there and right: a wrong one is refused */
    bool has_mapped;
    uint16_t error_code;                   /* 300 to 699, or 0 */
    uint16_t unknown[JT_STUN_UNKNOWN_MAX]; /* comprehension-required attributes we do not know */
    uint8_t unknown_count;
    struct sockaddr_storage mapped; /* from XOR-MAPPED-ADDRESS */
    const uint8_t *message;         /* borrowed */
    size_t integrity_offset;        /* of the MESSAGE-INTEGRITY attribute in `message` */
};

/** Is it STUN: first byte 0 to 3 and the magic cookie (RFC 7983 §7)? */
bool jt_stun_is(const void *datagram, size_t size);

/**
 * Parse one datagram. The length field must be a multiple of 4 and reach exactly to the datagram's
 * end; FINGERPRINT, if there, must be last and right; what follows MESSAGE-INTEGRITY is otherwise
 * ignored; of duplicates the first counts. Unknown required attributes are listed, not an error:
 * answer 420 once the integrity is proven.
 *
 * `out` borrows from the datagram. Returns 0, -EBADMSG, or -EMSGSIZE above
 * JT_STUN_MESSAGE_MAX_BYTES.
 */
JT_MUST_CHECK int jt_stun_parse(const void *datagram, size_t size, struct jt_stun *out);

/** Is the MESSAGE-INTEGRITY there and made with this key? Compares in constant time. */
JT_MUST_CHECK bool jt_stun_verify(const struct jt_stun *stun, const struct jt_stun_key *key);

/*
 * The writers append one whole message at the writer's end (so that an RFC 4571 length may stand
 * before it), with MESSAGE-INTEGRITY and FINGERPRINT. Each returns 0, -ENOBUFS, -EINVAL for a bad
 * argument, or the hmac's error.
 */

/** Binding success with XOR-MAPPED-ADDRESS; `mapped` is AF_INET or AF_INET6. */
JT_MUST_CHECK int jt_stun_write_success(struct jt_writer *w, const uint8_t transaction[12],
                                        const struct sockaddr *mapped,
                                        const struct jt_stun_key *key);

struct jt_stun_error {
    uint16_t code;           /* 400, 401, 420, 487 or any of 300 to 699 */
    const uint16_t *unknown; /* the types for UNKNOWN-ATTRIBUTES; only with 420 */
    size_t unknown_count;
};
/** Binding error response. `key` NULL: without MESSAGE-INTEGRITY, as 400 and 401 are sent (RFC 8489
 * §9.1.3). */
JT_MUST_CHECK int jt_stun_write_error(struct jt_writer *w, const uint8_t transaction[12],
                                      const struct jt_stun_error *error,
                                      const struct jt_stun_key *key);

struct jt_stun_check {
    uint8_t transaction[JT_STUN_TRANSACTION_BYTES]; /* random, the caller's */
    struct jt_text to_ufrag;                        /* the receiver's */
    struct jt_text from_ufrag;
    uint32_t priority;
    uint64_t tie_breaker;
    enum jt_stun_role role; /* our servers are CONTROLLED; clients in tests are CONTROLLING */
    bool has_use_candidate;
};
/** Binding request: a connectivity check. `key` holds the receiver's password. */
JT_MUST_CHECK int jt_stun_write_check(struct jt_writer *w, const struct jt_stun_check *check,
                                      const struct jt_stun_key *key);

#endif
