/**
 * How a hook is signed, in the manner of Standard Webhooks: HMAC-SHA256 (RFC 2104) with the shared HOOK key over
 *
 *   id "." timestamp "." body          id: [A-Za-z0-9_-]{1,64}, timestamp: seconds since 1970, body: the raw bytes
 *
 * and "v1," with its base64 (RFC 4648 §4) in a header field. Neither key nor algorithm is named by the sender (threat
 * A1): the newest key and the one before it are tried. Any thread.
 */
#ifndef JT_HOOK_SIGN_H
#define JT_HOOK_SIGN_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_keyring;

#define JT_HOOK_HEADER_ID "jangteo-id"
#define JT_HOOK_HEADER_TIMESTAMP "jangteo-timestamp"
#define JT_HOOK_HEADER_SIGNATURE "jangteo-signature"

enum {
    JT_HOOK_WINDOW_S = 300, /* how far the sender's clock may be from ours */
    JT_HOOK_ID_MAX_BYTES = 64,
    JT_HOOK_ID_BYTES = 27,        /* of ours: "msg_", 128 random bits in base64url, NUL */
    JT_HOOK_SIGNATURE_BYTES = 48, /* "v1,", 44 characters, NUL */
};

/** What the three header fields of a request say; all NUL-terminated. */
struct jt_hook_stamp {
    char id[JT_HOOK_ID_BYTES];
    char timestamp[24];
    char signature[JT_HOOK_SIGNATURE_BYTES];
};

/** A fresh id, the time, and the signature for `body`. `now_ms` is wall time. 0, -EIO or -ENOKEY. */
JT_MUST_CHECK int jt_hook_sign(struct jt_keyring *keyring, const void *body, size_t size,
                               int64_t now_ms, struct jt_hook_stamp *out);

/** As it came: any of them may be NULL or malformed. */
struct jt_hook_claim {
    const char *id, *timestamp, *signature;
};

/**
 * Is it signed by one of us, and lately? Compares in constant time. `sent_ms` gets the time it was signed at. -EBADMSG:
 * a field is missing or malformed; -EKEYREJECTED: another key or other bytes; -EKEYEXPIRED: more than JT_HOOK_WINDOW_S
 * from `now_ms`. Whether the id came before is the caller's to know.
 */
JT_MUST_CHECK int jt_hook_verify(struct jt_keyring *keyring, const struct jt_hook_claim *claim,
                                 const void *body, size_t size, int64_t now_ms, int64_t *sent_ms);

#endif
