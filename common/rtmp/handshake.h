/**
 * The RTMP handshake, both ends (Adobe RTMP 1.0 §5.2), and its unpublished second form in which each side proves with
 * an HMAC-SHA256 that it knows Adobe's constants ("digest" or "complex"; in two layouts). Peers that send a digest
 * are answered with one, since some go no further without. One thread.
 */
#ifndef JT_RTMP_HANDSHAKE_H
#define JT_RTMP_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_reader;
struct jt_writer;
struct jt_rtmp_handshake; /* about 1.6 KB */

enum {
    JT_RTMP_VERSION = 3,                                           /* §5.2.2 */
    JT_RTMP_HANDSHAKE_BYTES = 1536,                                /* §5.2.3: C1, C2, S1 and S2 */
    JT_RTMP_DIGEST_BYTES = 32,                                     /* SHA-256 */
    JT_RTMP_HANDSHAKE_OUT_BYTES = 1 + 2 * JT_RTMP_HANDSHAKE_BYTES, /* the most one call writes */
};

/** Where in C1 and S1 the digest stands: the byte offset of the four bytes that point at it, or nowhere. */
enum jt_rtmp_digest_scheme {
    JT_RTMP_DIGEST_NONE = 0,
    JT_RTMP_DIGEST_FIRST = 8,    /* pointer in bytes 8..11, digest in the first half */
    JT_RTMP_DIGEST_SECOND = 772, /* pointer in bytes 772..775, digest in the second half */
};

JT_MUST_CHECK int jt_rtmp_handshake_new(struct jt_rtmp_handshake **out);
/** Takes NULL. */
void jt_rtmp_handshake_free(struct jt_rtmp_handshake *handshake);

/**
 * Server: take bytes from `in`, which is left at the first byte after C2. S0, S1 and S2 are written to `w` (room for
 * JT_RTMP_HANDSHAKE_OUT_BYTES) once C1 is whole. What C2 holds is not looked at: clients in the field send an echo, a
 * digest or zeros, late or early, and nothing rests on it. Returns 1 when done, 0 for more, -EPROTO when the first
 * byte is not version 3 (nothing is written then), -EIO when OpenSSL fails.
 */
JT_MUST_CHECK int jt_rtmp_handshake_serve(struct jt_rtmp_handshake *handshake, struct jt_reader *in,
                                          struct jt_writer *w);

/** Client: write C0 and C1 (simple form). Returns 0, or -EIO when OpenSSL fails. */
JT_MUST_CHECK int jt_rtmp_handshake_hello(struct jt_rtmp_handshake *handshake, struct jt_writer *w);

/** Client: the same for S0, S1 and S2; writes C2, an echo of S1. Returns as the server side does. */
JT_MUST_CHECK int jt_rtmp_handshake_join(struct jt_rtmp_handshake *handshake, struct jt_reader *in,
                                         struct jt_writer *w);

/**
 * The scheme whose digest in `c1` (JT_RTMP_HANDSHAKE_BYTES) is that of a client. `digest` gets the offset of its
 * JT_RTMP_DIGEST_BYTES bytes. Any thread.
 */
enum jt_rtmp_digest_scheme jt_rtmp_handshake_find_digest(const uint8_t *c1, size_t *digest);

#endif
