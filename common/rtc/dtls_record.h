/**
 * DTLS 1.2 records as they lie in a datagram (RFC 6347 §4.1), read without keys: to filter what may
 * reach OpenSSL and to cut what it wrote into datagrams. Any thread.
 */
#ifndef JT_RTC_DTLS_RECORD_H
#define JT_RTC_DTLS_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "base/reader.h"

enum jt_dtls_record_type {
    JT_DTLS_CHANGE_CIPHER_SPEC = 20,
    JT_DTLS_ALERT = 21,
    JT_DTLS_HANDSHAKE_MESSAGE = 22,
    JT_DTLS_APPLICATION_DATA = 23,
};

enum {
    JT_DTLS_MESSAGE_MAX_BYTES = 16384, /* threats: message 16 KiB */
    JT_DTLS_MESSAGES_MAX = 8,          /* ours: a client sends five, numbered from 0 */
    JT_DTLS_SEALED_MIN_BYTES = 8 + 16, /* explicit nonce and tag of our AEAD suites (RFC 5288 §3) */
};

struct jt_dtls_record {
    uint8_t type;
    uint16_t epoch;
    const uint8_t *bytes; /* header and body, borrowed */
    size_t size;
    struct jt_reader body;
};

/**
 * Take the next record. 0, or -EBADMSG: no whole record of DTLS 1.0 or 1.2 is there, and nothing
 * after it counts.
 */
JT_MUST_CHECK int jt_dtls_record_next(struct jt_reader *r, struct jt_dtls_record *out);

/**
 * Are all handshake fragments of this clear record whole, within their message and our limits, and
 * of a kind a client sends? OpenSSL answers most violations by ending the handshake, which a
 * stranger's forgery must not.
 */
bool jt_dtls_record_is_client_handshake(const struct jt_dtls_record *record);

/** Is its body the one byte it must be (RFC 5246 §7.1)? */
bool jt_dtls_record_is_change_cipher_spec(const struct jt_dtls_record *record);

#endif
