/* One-time links: they carry a secret in the fragment, which browsers send to nobody (pitfall 24). */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "chat/access/password.h"
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/api/session.h"
#include "chat/store/invite.h"

/* A secret of wrong form has the hash of none. */
static void hash_of(const char *token, uint8_t out[ACCESS_HASH_BYTES])
{
    access_secret_hash(token, strlen(token), out);
}

static void refuse(struct api_call *call, int err)
{
    if (err == -ENOENT)
        api_refuse_call(call, API_PROBLEM_LINK_SPENT);
    else if (err == -EEXIST)
        api_refuse_call(call, API_PROBLEM_LOGIN_TAKEN);
    else
        api_refuse_errno(call, err);
}

static void read_token(struct api_body *body, void *arg)
{
    const char **token = arg;

    *token = api_body_text(body, "token", 1, 256);
}

static void look(struct api_call *call, const char *token)
{
    uint8_t hash[ACCESS_HASH_BYTES];
    struct store_invite invite;
    int err;

    hash_of(token, hash);
    err = store_invite_look(call->parts->store, hash, call->now_ms, &invite);
    if (err) {
        refuse(call, err);
        return;
    }
    api_answer(call, 200,
               json_pack("{s:s, s:s?, s:I}", "kind", invite.is_operator ? "operator" : "seller",
                         "shop_name", *invite.shop_name ? invite.shop_name : NULL, "expires_at",
                         (json_int_t)invite.expires_ms));
}

void api_invite_look(struct api_call *call)
{
    const char *token = NULL;
    struct api_body body;

    if (api_call_body(call, &body, read_token, &token))
        look(call, token);
    api_body_free(&body);
}

/* ---- using one ---- */

struct wanted {
    const char *token, *login, *password, *name;
};

static void read_wanted(struct api_body *body, void *arg)
{
    struct wanted *wanted = arg;

    wanted->token = api_body_text(body, "token", 1, 256);
    wanted->login = api_body_text(body, "login", 3, STORE_LOGIN_MAX_BYTES - 1);
    wanted->password = api_body_text(body, "password", 1, ACCESS_PASSWORD_MAX_BYTES);
    wanted->name = api_body_text(body, "name", 1, STORE_NAME_MAX_BYTES - 1);
}

/* Letters, digits and . _ - @ +: nothing that looks like another or has to be escaped anywhere. */
static bool is_login(const char *text)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-@+";

    return strspn(text, allowed) == strlen(text);
}

static void accept(struct api_call *call, const struct wanted *wanted)
{
    char password[ACCESS_PASSWORD_HASH_BYTES];
    uint8_t hash[ACCESS_HASH_BYTES];
    struct api_new_session session;
    struct store_invite invite;
    const struct store_acceptance acceptance = {
        .hash = hash,
        .login = wanted->login,
        .password = password,
        .name = wanted->name,
        .session = &session.stored,
        .now_ms = call->now_ms,
    };
    int err;

    hash_of(wanted->token, hash);
    err = store_invite_look(call->parts->store, hash, call->now_ms, &invite);
    if (!err) /* only then is a tenth of a second of hashing due */
        err = access_password_hash(wanted->password, strlen(wanted->password), password);
    api_session_prepare(call, &session);
    if (!err)
        err = store_invite_accept(call->parts->store, &acceptance);
    if (err)
        refuse(call, err);
    else
        api_session_begun(call, 201, &session);
}

void api_invite_accept(struct api_call *call)
{
    struct wanted wanted = {0};
    struct api_body body;

    if (api_call_body(call, &body, read_wanted, &wanted)) {
        if (!is_login(wanted.login))
            api_refuse_call(call, API_PROBLEM_FIELD_INVALID);
        else if (access_password_check(wanted.password, strlen(wanted.password), wanted.login))
            api_refuse_call(call, API_PROBLEM_PASSWORD_WEAK);
        else
            accept(call, &wanted);
    }
    api_body_free(&body);
}

/* ---- the operator's side ---- */

static void read_shop_name(struct api_body *body, void *arg)
{
    const char **name = arg;

    *name = api_body_text(body, "shop_name", 1, STORE_NAME_MAX_BYTES - 1);
}

static void invite_seller(struct api_call *call, const char *shop_name)
{
    char token[ACCESS_SECRET_CHARACTERS + 1], link[64];
    uint8_t hash[ACCESS_HASH_BYTES];
    const struct store_seller_invite invite = {
        .hash = hash,
        .shop_name = shop_name,
        .by_id = call->person.account_id,
        .now_ms = call->now_ms,
        .expires_ms = call->now_ms + API_SELLER_LINK_LIFE_MS,
    };
    int64_t shop_id;
    int err;

    access_secret_new(token);
    hash_of(token, hash);
    err = store_invite_seller(call->parts->store, &invite, &shop_id);
    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    (void)snprintf(link, sizeof(link), "/studio#invite=%s", token);
    api_answer(call, 201,
               json_pack("{s:s, s:I}", "link", link, "expires_at", (json_int_t)invite.expires_ms));
}

void api_seller_invite(struct api_call *call)
{
    const char *shop_name = NULL;
    struct api_body body;

    if (api_call_body(call, &body, read_shop_name, &shop_name))
        invite_seller(call, shop_name);
    api_body_free(&body);
}

static void append_seller(void *arg, const struct store_seller *seller)
{
    json_t *items = arg;

    (void)json_array_append_new(items,
                                json_pack("{s:{s:I, s:s}, s:s?, s:s, s:I}", "shop", "id",
                                          (json_int_t)seller->shop_id, "name", seller->shop_name,
                                          "login", *seller->login ? seller->login : NULL, "state",
                                          *seller->login ? "active" : "invited", "created_at",
                                          (json_int_t)seller->created_ms));
}

void api_seller_list(struct api_call *call)
{
    json_t *items = json_array();
    int err = store_seller_list(call->parts->store, append_seller, items);

    api_answer_items(call, err, items);
}
