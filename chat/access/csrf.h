/**
 * The token that a state-changing request carries besides the cookie (threat A7): bound to the session by HMAC, so that
 * nothing has to be stored. Fresh bytes each time it is written, so compression can't leak it.
 *
 *   base64url(key id u32, salt 12 bytes, HMAC-SHA256(key, "jtcsrf1" salt session-hash))
 */
#ifndef CHAT_ACCESS_CSRF_H
#define CHAT_ACCESS_CSRF_H

#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/access/secret.h"

struct jt_keyring;

enum { ACCESS_CSRF_CHARACTERS = 64 };

/** For the page of the session with that hash. Returns 0 or -EIO. Any thread. */
JT_MUST_CHECK int access_csrf_make(struct jt_keyring *keyring,
                                   const uint8_t session_hash[ACCESS_HASH_BYTES], int64_t now_ms,
                                   char out[ACCESS_CSRF_CHARACTERS + 1]);

/** 0, or -EACCES: wrong form, other session, retired key. Valid as long as the session and the key. */
JT_MUST_CHECK int access_csrf_check(struct jt_keyring *keyring,
                                    const uint8_t session_hash[ACCESS_HASH_BYTES], int64_t now_ms,
                                    const char *text, size_t size);

#endif
