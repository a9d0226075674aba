/**
 * One-time links: the first operator's, and those by which an operator invites a seller. The store keeps a hash of what the
 * link holds. Errors: store.h.
 */
#ifndef CHAT_STORE_INVITE_H
#define CHAT_STORE_INVITE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct store;

struct store_invite {
    bool is_operator;
    int64_t shop_id;
    char shop_name[STORE_NAME_MAX_BYTES]; /* "" for an operator's */
    int64_t expires_ms;
};

/** A link that makes an operator. Earlier ones that nobody used are void. */
JT_MUST_CHECK int store_invite_operator(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                                        int64_t now_ms, int64_t expires_ms);

struct store_seller_invite {
    const uint8_t *hash; /* STORE_HASH_BYTES */
    const char *shop_name;
    int64_t by_id; /* the operator */
    int64_t now_ms, expires_ms;
};

/** Make a shop, and a link for who shall own it. */
JT_MUST_CHECK int store_invite_seller(struct store *store, const struct store_seller_invite *invite,
                                      int64_t *out_shop_id);

/** -ENOENT: no such link, or used, or too old: not told apart. */
JT_MUST_CHECK int store_invite_look(struct store *store, const uint8_t hash[STORE_HASH_BYTES],
                                    int64_t now_ms, struct store_invite *out);

struct store_acceptance {
    const uint8_t *hash;                 /* of the link */
    const char *login, *password, *name; /* password: its argon2id hash */
    const struct store_session *session;
    int64_t now_ms;
};

/**
 * Use the link up: an account, what it may do, and its first session, at once. -ENOENT: the link is spent; -EEXIST: the
 * login is somebody's.
 */
JT_MUST_CHECK int store_invite_accept(struct store *store,
                                      const struct store_acceptance *acceptance);

struct store_seller {
    int64_t shop_id, created_ms;
    char shop_name[STORE_NAME_MAX_BYTES];
    char login[STORE_LOGIN_MAX_BYTES]; /* "" while the link is unused */
};
typedef void (*store_seller_fn)(void *arg, const struct store_seller *seller);

/** All shops and who owns them, the newest first, at most STORE_SELLERS_LISTED_MAX. */
JT_MUST_CHECK int store_seller_list(struct store *store, store_seller_fn fn, void *arg);

enum { STORE_SELLERS_LISTED_MAX = 1000 };

#endif
