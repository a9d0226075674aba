#include "chat/api/session.h"

#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "chat/access/cookie.h"
#include "chat/access/csrf.h"
#include "chat/access/limiter.h"
#include "chat/access/password.h"
#include "chat/api/call.h"
#include "chat/api/handlers.h"
#include "chat/live/person.h"
#include "chat/room/channel.h"
#include "chat/store/cart.h"
#include "http/server.h"

/* ---- who am I ---- */

static const char *role_of(const struct store_person *person)
{
    if (person->kind == STORE_OPERATOR)
        return "operator";
    if (person->kind == STORE_BUYER)
        return "buyer";
    return "guest";
}

static json_t *shop_of(const struct store_person *person)
{
    if (!person->shop_id)
        return json_null();
    return json_pack("{s:I, s:s, s:s}", "id", (json_int_t)person->shop_id, "name",
                     person->shop_name, "role", person->shop_role);
}

static json_t *describe(const struct api_call *call)
{
    const struct store_person *person = &call->person;
    char csrf[ACCESS_CSRF_CHARACTERS + 1];
    bool has_csrf = call->has_session &&
                    !access_csrf_make(call->parts->keyring, call->session_hash, call->now_ms, csrf);

    return json_pack("{s:s, s:s, s:s?, s:s?, s:o}", "role", role_of(person), "name", person->name,
                     "login", *person->login ? person->login : NULL, "csrf", has_csrf ? csrf : NULL,
                     "shop", shop_of(person));
}

void api_session_read(struct api_call *call)
{
    api_answer(call, 200, describe(call));
}

/* ---- beginning and ending ---- */

void api_session_prepare(const struct api_call *call, struct api_new_session *out)
{
    access_secret_new(out->id);
    access_secret_hash(out->id, strlen(out->id), out->stored.hash);
    out->stored.expires_ms = call->now_ms + API_SESSION_LIFE_MS;
}

static enum access_transport transport_of(const struct api_call *call)
{
    return jt_http_request_is_secure(call->request) ? ACCESS_HTTPS : ACCESS_HTTP_LOOPBACK;
}

void api_session_begun(struct api_call *call, int status, const struct api_new_session *session)
{
    char cookie[ACCESS_COOKIE_MAX_BYTES];
    int err =
        store_session_find(call->parts->store, session->stored.hash, call->now_ms, &call->person);

    if (!err && access_cookie_write(transport_of(call), session->id, API_SESSION_LIFE_MS / 1000,
                                    cookie) < 0)
        err = -EIO;
    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    call->has_session = true;
    memcpy(call->session_hash, session->stored.hash, sizeof(call->session_hash));
    api_answer_cookie(call, status, cookie, describe(call));
}

/* An open socket would go on speaking for them. Pages that have another session of theirs come back with it. */
static void leave_rooms(struct api_call *call)
{
    char person[ROOM_PERSON_MAX_BYTES + 1];
    int err;

    live_person_write(call->person.account_id, person);
    err = channel_kick(call->parts->channel, person);
    if (err)
        jt_warn("session.kick", KV("err", (const char *)strerror(-err)));
}

void api_session_end(struct api_call *call)
{
    char cookie[ACCESS_COOKIE_MAX_BYTES];
    int err = store_session_end(call->parts->store, call->session_hash);
    struct jt_http_header header = {"set-cookie", cookie};

    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    leave_rooms(call);
    (void)access_cookie_clear(transport_of(call), cookie);
    jt_http_respond(call->request, 204, &header, 1, NULL, NULL, 0);
}

/* ---- guests ---- */

static int64_t mono_ms(void)
{
    return jt_clock_mono_us() / JT_USEC_PER_MSEC;
}

static void refuse_for_now(struct api_call *call, int64_t wait_ms)
{
    api_refuse(call->request, API_PROBLEM_TOO_MANY, (int)((wait_ms + 999) / 1000));
}

void api_guest_create(struct api_call *call)
{
    uint8_t address[ACCESS_ADDRESS_KEY_BYTES];
    struct api_new_session session;
    int64_t id, wait_ms;
    int err;

    if (!api_call_is_empty(call))
        return;
    if (call->has_session) { /* somebody already: a page that asks twice does no harm */
        api_answer(call, 200, describe(call));
        return;
    }
    access_place_key(jt_http_request_peer(call->request), address);
    wait_ms = access_limiter_try(call->parts->limiter, ACCESS_LIMIT_GUEST, address, sizeof(address),
                                 mono_ms());
    if (wait_ms) {
        refuse_for_now(call, wait_ms);
        return;
    }
    api_session_prepare(call, &session);
    err = store_guest_add(call->parts->store, "손님", &session.stored, call->now_ms, &id);
    if (err)
        api_refuse_errno(call, err);
    else
        api_session_begun(call, 201, &session);
}

/* ---- signing in ---- */

struct credentials {
    const char *login, *password;
};

static void read_credentials(struct api_body *body, void *arg)
{
    struct credentials *credentials = arg;

    credentials->login = api_body_text(body, "login", 1, STORE_LOGIN_MAX_BYTES - 1);
    credentials->password = api_body_text(body, "password", 1, ACCESS_PASSWORD_MAX_BYTES);
}

/* The limits count the attempt until it turns out good (threat A5). */
struct attempt {
    char login
        [STORE_LOGIN_MAX_BYTES]; /* lower case, as the store compares: else each spelling had limits of its own */
    uint8_t address[ACCESS_ADDRESS_KEY_BYTES];
};

static int64_t begin_attempt(struct api_call *call, const char *login, struct attempt *attempt)
{
    size_t i;

    for (i = 0; login[i] && i + 1 < sizeof(attempt->login); i++)
        attempt->login[i] = (char)(login[i] >= 'A' && login[i] <= 'Z' ? login[i] + 32 : login[i]);
    attempt->login[i] = '\0';
    access_place_key(jt_http_request_peer(call->request), attempt->address);
    return access_login_try(call->parts->limiter, attempt->login, attempt->address, mono_ms());
}

/* Also for one that was not looked at: the store or the hashing was too busy. */
static void take_back_attempt(struct api_call *call, const struct attempt *attempt)
{
    access_login_succeeded(call->parts->limiter, attempt->login, attempt->address, mono_ms());
}

/* As slow for a login that nobody has (threat H10). Returns -EACCES for a wrong one. */
static int find_account(struct api_call *call, const struct credentials *credentials, int64_t *id)
{
    char hash[STORE_PASSWORD_MAX_BYTES];
    int err = store_account_password(call->parts->store, credentials->login, hash, id);

    if (err && err != -ENOENT)
        return err;
    return access_password_verify(credentials->password, strlen(credentials->password),
                                  err ? NULL : hash);
}

/* What the guest had goes with them; a cart that could not be merged is not worth refusing for. */
static void leave_guest(struct api_call *call, int64_t account_id)
{
    int err;

    if (!call->has_session || call->person.kind != STORE_GUEST)
        return;
    err = store_cart_merge(call->parts->store, call->person.account_id, account_id, call->now_ms);
    if (err >= 0)
        err = store_session_end(call->parts->store, call->session_hash);
    if (err < 0)
        jt_warn("session.merge", KV("err", (const char *)strerror(-err)));
}

static void sign_in(struct api_call *call, const struct credentials *credentials)
{
    struct attempt attempt;
    int64_t id = 0, wait_ms = begin_attempt(call, credentials->login, &attempt);
    struct api_new_session session;
    int err;

    if (wait_ms) {
        refuse_for_now(call, wait_ms);
        return;
    }
    err = find_account(call, credentials, &id);
    if (err == -EACCES) {
        jt_info("session.refused", KV("peer", jt_http_request_peer(call->request)));
        api_refuse_call(call, API_PROBLEM_WRONG_LOGIN);
        return;
    }
    take_back_attempt(call, &attempt);
    api_session_prepare(call, &session);
    if (!err)
        err = store_session_add(call->parts->store, id, &session.stored, call->now_ms);
    if (err) {
        api_refuse_errno(call, err);
        return;
    }
    leave_guest(call, id);
    api_session_begun(call, 201, &session);
}

void api_session_create(struct api_call *call)
{
    struct credentials credentials = {0};
    struct api_body body;

    if (api_call_body(call, &body, read_credentials, &credentials))
        sign_in(call, &credentials);
    api_body_free(&body);
}
