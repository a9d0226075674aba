/**
 * People: guests (made at their first write, known by their session alone), buyers, operators; and the sessions by which
 * they are known again. Of a session only the hash of what the cookie holds is kept. Errors: store.h.
 */
#ifndef CHAT_STORE_ACCOUNT_H
#define CHAT_STORE_ACCOUNT_H

#include <stdint.h>

#include "base/base.h"

struct store;

enum {
    STORE_LOGIN_MAX_BYTES = 64 + 1, /* with NUL, as all of these */
    STORE_NAME_MAX_BYTES = 120 + 1, /* 40 Korean characters */
    STORE_PASSWORD_MAX_BYTES = 128, /* argon2id, as libsodium writes it */
    STORE_ROLE_MAX_BYTES = 12,
    STORE_HASH_BYTES = 32,
};

enum store_account_kind { STORE_GUEST, STORE_BUYER, STORE_OPERATOR };

/** Somebody with what a request needs to know of them, read in one go. */
struct store_person {
    int64_t account_id;
    enum store_account_kind kind;
    char login[STORE_LOGIN_MAX_BYTES]; /* "" for a guest */
    char name[STORE_NAME_MAX_BYTES];
    int64_t shop_id; /* the shop they work for, or 0 */
    char shop_role[STORE_ROLE_MAX_BYTES], shop_name[STORE_NAME_MAX_BYTES];
};

struct store_session {
    uint8_t hash[STORE_HASH_BYTES];
    int64_t expires_ms;
};

/** A guest and their session. */
JT_MUST_CHECK int store_guest_add(struct store *store, const char *name,
                                  const struct store_session *session, int64_t now_ms,
                                  int64_t *out_account_id);
/** The hash of the password that goes with a login (without regard to case). -ENOENT. */
JT_MUST_CHECK int store_account_password(struct store *store, const char *login,
                                         char out[STORE_PASSWORD_MAX_BYTES],
                                         int64_t *out_account_id);
/** How many operators there are. */
JT_MUST_CHECK int store_operators(struct store *store);

JT_MUST_CHECK int store_session_add(struct store *store, int64_t account_id,
                                    const struct store_session *session, int64_t now_ms);
/** Who that is; -ENOENT: nobody, or it is over. */
JT_MUST_CHECK int store_session_find(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                                     int64_t now_ms, struct store_person *out);
JT_MUST_CHECK int store_session_end(struct store *store, const uint8_t hash[STORE_HASH_BYTES]);
/** Forget the sessions whose time is over. */
JT_MUST_CHECK int store_sweep(struct store *store, int64_t now_ms);

#endif
