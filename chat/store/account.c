#include "chat/store/account.h"

#include <errno.h>
#include <string.h>

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

/* ---- shared with invite.c ---- */

static const char *const kinds[] = {
    [STORE_GUEST] = "guest", [STORE_BUYER] = "buyer", [STORE_OPERATOR] = "operator"};

int store_put_account(struct store_db *db, const struct store_new_account *account, int64_t *out_id)
{
    struct store_query q = store_query(db, "INSERT INTO account"
                                           " (kind, login, password, name, created_ms)"
                                           " VALUES (?, ?, ?, ?, ?)");
    int changed;

    store_put_text(&q, kinds[account->kind]);
    store_put_text(&q, account->login);
    store_put_text(&q, account->password);
    store_put_text(&q, account->name);
    store_put_int(&q, account->now_ms);
    changed = store_query_run(&q);
    if (changed < 0)
        return changed;
    *out_id = store_last_id(db);
    return 0;
}

int store_put_session(struct store_db *db, int64_t account_id, const struct store_session *session,
                      int64_t now_ms)
{
    struct store_query q = store_query(db, "INSERT INTO session"
                                           " (hash, account_id, created_ms, expires_ms)"
                                           " VALUES (?, ?, ?, ?)");

    store_put_blob(&q, session->hash, sizeof(session->hash));
    store_put_int(&q, account_id);
    store_put_int(&q, now_ms);
    store_put_int(&q, session->expires_ms);
    return store_changed(store_query_run(&q));
}

/* ---- guests ---- */

struct add_guest {
    const char *name;
    const struct store_session *session;
    int64_t now_ms, id;
};

static int add_guest(struct store_db *db, void *arg)
{
    struct add_guest *job = arg;
    const struct store_new_account guest = {
        .kind = STORE_GUEST, .name = job->name, .now_ms = job->now_ms};
    int err = store_put_account(db, &guest, &job->id);

    return err ? err : store_put_session(db, job->id, job->session, job->now_ms);
}

int store_guest_add(struct store *store, const char *name, const struct store_session *session,
                    int64_t now_ms, int64_t *out_account_id)
{
    struct add_guest job = {.name = name, .session = session, .now_ms = now_ms};
    int err = store_write(store, add_guest, &job);

    if (!err)
        *out_account_id = job.id;
    return err;
}

/* ---- accounts ---- */

struct find_password {
    const char *login;
    char *out;
    int64_t id;
};

static int find_password(struct store_db *db, void *arg)
{
    struct find_password *job = arg;
    struct store_query q = store_query(db, "SELECT id, password FROM account WHERE login = ?");
    int found;

    store_put_text(&q, job->login);
    found = store_query_step(&q);
    if (found == 1) {
        job->id = store_get_int(&q, 0);
        store_get_text(&q, 1, job->out, STORE_PASSWORD_MAX_BYTES);
    }
    return store_found(&q, found);
}

int store_account_password(struct store *store, const char *login,
                           char out[STORE_PASSWORD_MAX_BYTES], int64_t *out_account_id)
{
    struct find_password job = {.login = login, .out = out};
    int err = store_read(store, find_password, &job);

    if (!err)
        *out_account_id = job.id;
    return err;
}

static int count_operators(struct store_db *db, void *arg)
{
    struct store_query q = store_query(db, "SELECT count(*) FROM account WHERE kind = 'operator'");
    int count = 0, err;

    (void)arg;
    if (store_query_step(&q) == 1)
        count = (int)store_get_int(&q, 0);
    err = store_query_end(&q);
    return err ? err : count;
}

int store_operators(struct store *store)
{
    return store_read(store, count_operators, NULL);
}

/* ---- sessions ---- */

struct add_session {
    int64_t account_id;
    const struct store_session *session;
    int64_t now_ms;
};

static int add_session(struct store_db *db, void *arg)
{
    const struct add_session *job = arg;

    return store_put_session(db, job->account_id, job->session, job->now_ms);
}

int store_session_add(struct store *store, int64_t account_id, const struct store_session *session,
                      int64_t now_ms)
{
    struct add_session job = {account_id, session, now_ms};

    return store_write(store, add_session, &job);
}

struct find_session {
    const uint8_t *hash;
    int64_t now_ms;
    struct store_person *out;
};

static enum store_account_kind kind_of(struct store_query *q, int column)
{
    char text[STORE_ROLE_MAX_BYTES];

    store_get_text(q, column, text, sizeof(text));
    for (size_t i = 0; i < JT_COUNT(kinds); i++)
        if (!strcmp(text, kinds[i]))
            return (enum store_account_kind)i;
    return STORE_GUEST;
}

static int find_session(struct store_db *db, void *arg)
{
    const struct find_session *job = arg;
    struct store_person *out = job->out;
    struct store_query q =
        store_query(db, "SELECT a.id, a.kind, ifnull(a.login, ''), a.name,"
                        " ifnull(m.shop_id, 0), ifnull(m.role, ''), ifnull(s.name, '')"
                        " FROM session JOIN account a ON a.id = session.account_id"
                        " LEFT JOIN member m ON m.account_id = a.id"
                        " LEFT JOIN shop s ON s.id = m.shop_id"
                        " WHERE session.hash = ? AND session.expires_ms > ?"
                        " ORDER BY m.shop_id LIMIT 1");
    int found;

    store_put_blob(&q, job->hash, STORE_HASH_BYTES);
    store_put_int(&q, job->now_ms);
    found = store_query_step(&q);
    if (found == 1) {
        out->account_id = store_get_int(&q, 0);
        out->kind = kind_of(&q, 1);
        store_get_text(&q, 2, out->login, sizeof(out->login));
        store_get_text(&q, 3, out->name, sizeof(out->name));
        out->shop_id = store_get_int(&q, 4);
        store_get_text(&q, 5, out->shop_role, sizeof(out->shop_role));
        store_get_text(&q, 6, out->shop_name, sizeof(out->shop_name));
    }
    return store_found(&q, found);
}

int store_session_find(struct store *store, const uint8_t hash[STORE_HASH_BYTES], int64_t now_ms,
                       struct store_person *out)
{
    struct find_session job = {hash, now_ms, out};

    return store_read(store, find_session, &job);
}

static int end_session(struct store_db *db, void *arg)
{
    struct store_query q = store_query(db, "DELETE FROM session WHERE hash = ?");

    store_put_blob(&q, arg, STORE_HASH_BYTES);
    return store_changed(store_query_run(&q));
}

int store_session_end(struct store *store, const uint8_t hash[STORE_HASH_BYTES])
{
    uint8_t copy[STORE_HASH_BYTES];

    memcpy(copy, hash, sizeof(copy));
    return store_write(store, end_session, copy);
}

/* ---- what has had its time ---- */

static int sweep(struct store_db *db, void *arg)
{
    const int64_t *now_ms = arg;
    struct store_query q = store_query(db, "DELETE FROM session WHERE expires_ms <= ?");

    store_put_int(&q, *now_ms);
    return store_changed(store_query_run(&q));
}

int store_sweep(struct store *store, int64_t now_ms)
{
    return store_write(store, sweep, &now_ms);
}
