/**
 * Tokens we give out and take back: socket tickets, play and publish tokens, one-time links. One format, one algorithm
 * (HMAC-SHA256, RFC 2104); nothing in a token chooses how it is checked (RFC 8725 §3.1), so a JWT is never one of ours.
 *
 *   "jt1." base64url(claims) "." base64url(HMAC-SHA256(key, "jt1." base64url(claims)))       no padding, RFC 4648 §5
 *   claims: key id u32, purpose u8, issued u64 ms, expires u64 ms, nonce 16 bytes, audience u8 + text, subject u16 + text,
 *   numbers big-endian, nothing after the subject
 */
#ifndef JT_TOKEN_TOKEN_H
#define JT_TOKEN_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_keyring;

enum jt_token_purpose {
    JT_TOKEN_TICKET = 1, /* first message on the socket; one-time, 60 s */
    JT_TOKEN_PLAY,       /* watch one show; 12 h, and again and again */
    JT_TOKEN_PUBLISH,    /* the phone studio's publish token; one-time, 60 s */
    JT_TOKEN_INVITE,     /* a one-time link; 7 days (the first operator's: 30 min) */
    JT_TOKEN_PURPOSES_END
};

enum {
    JT_TOKEN_MAX_BYTES = 4096, /* threats: limits on the wire */
    JT_TOKEN_LEEWAY_MS = 30 * 1000,
    JT_TOKEN_NONCE_BYTES = 16,
    JT_TOKEN_AUDIENCE_MAX_BYTES = 64,
    JT_TOKEN_SUBJECT_MAX_BYTES = 1024,
};

struct jt_token {
    enum jt_token_purpose purpose;
    uint32_t key_id;
    int64_t issued_ms, expires_ms;       /* wall clock, milliseconds since 1970 UTC */
    uint8_t nonce[JT_TOKEN_NONCE_BYTES]; /* also its id */
    char audience[JT_TOKEN_AUDIENCE_MAX_BYTES + 1];
    char subject[JT_TOKEN_SUBJECT_MAX_BYTES +
                 1]; /* what it is about, "show:ID" or "session:ID"; the caller's own format */
};

/**
 * Make a token. Audience: who shall take it ("chat", "relay", "ingest", or a shop's name in front). Both texts are
 * printable ASCII (0x21 to 0x7e) and not empty. `out` gets a NUL-terminated text.
 * Returns its length without NUL; -EINVAL for a bad text, or a life of 0 or over what the purpose allows; -EMSGSIZE when
 * `capacity` is too small (JT_TOKEN_MAX_BYTES always is enough); -EIO without randomness. Any thread.
 */
JT_MUST_CHECK int jt_token_make(struct jt_keyring *keyring, enum jt_token_purpose purpose,
                                const char *audience, const char *subject, int64_t now_ms,
                                int64_t life_ms, char *out, size_t capacity);

/**
 * Check a token, read the claims into `out`. -EBADMSG: not one of ours in form; -EKEYREJECTED: unknown, retired or wrong
 * key; -EACCES: other purpose or audience; -EKEYEXPIRED: expired or not yet valid (30 s leeway each way), or a longer life
 * than its purpose has. To the outside all of them are one 401. Counts refusals by reason. A one-time token still has to
 * be used up by who keeps count (chat/access/used.h), after everything else about the request was found good. Any thread.
 */
JT_MUST_CHECK int jt_token_verify(struct jt_keyring *keyring, const char *text, size_t size,
                                  enum jt_token_purpose purpose, const char *audience,
                                  int64_t now_ms, struct jt_token *out);

/** "ticket", "play", "publish", "invite". */
const char *jt_token_purpose_name(enum jt_token_purpose purpose);

/** The longest life of a purpose, in ms. */
int64_t jt_token_purpose_life_ms(enum jt_token_purpose purpose);

#endif
