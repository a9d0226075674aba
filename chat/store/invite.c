#include "chat/store/invite.h"

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

struct put_invite {
    const uint8_t *hash;
    const char *kind;
    int64_t shop_id, by_id, now_ms, expires_ms; /* 0: none */
};

static int put_invite(struct store_db *db, const struct put_invite *invite)
{
    struct store_query q = store_query(
        db, "INSERT INTO invite (hash, kind, shop_id, created_by, created_ms, expires_ms)"
            " VALUES (?, ?, ?, ?, ?, ?)");

    store_put_blob(&q, invite->hash, STORE_HASH_BYTES);
    store_put_text(&q, invite->kind);
    store_put_id(&q, invite->shop_id);
    store_put_id(&q, invite->by_id);
    store_put_int(&q, invite->now_ms);
    store_put_int(&q, invite->expires_ms);
    return store_changed(store_query_run(&q));
}

static int invite_operator(struct store_db *db, void *arg)
{
    const struct put_invite *job = arg;
    struct store_query q =
        store_query(db, "DELETE FROM invite WHERE kind = 'operator' AND used_ms = 0");
    int err = store_changed(store_query_run(&q));

    return err ? err : put_invite(db, job);
}

int store_invite_operator(struct store *store, const uint8_t hash[STORE_HASH_BYTES], int64_t now_ms,
                          int64_t expires_ms)
{
    struct put_invite job = {
        .hash = hash, .kind = "operator", .now_ms = now_ms, .expires_ms = expires_ms};

    return store_write(store, invite_operator, &job);
}

/* ---- sellers ---- */

struct invite_seller {
    const struct store_seller_invite *invite;
    int64_t shop_id;
};

static int add_shop(struct store_db *db, const struct store_seller_invite *invite, int64_t *out_id)
{
    struct store_query q = store_query(db, "INSERT INTO shop (name, created_ms) VALUES (?, ?)");
    int err;

    store_put_text(&q, invite->shop_name);
    store_put_int(&q, invite->now_ms);
    err = store_changed(store_query_run(&q));
    *out_id = store_last_id(db);
    return err;
}

static int invite_seller(struct store_db *db, void *arg)
{
    struct invite_seller *job = arg;
    const struct store_seller_invite *invite = job->invite;
    struct put_invite row = {.hash = invite->hash,
                             .kind = "seller",
                             .by_id = invite->by_id,
                             .now_ms = invite->now_ms,
                             .expires_ms = invite->expires_ms};
    const struct store_new_audit audit = {.at_ms = invite->now_ms,
                                          .actor_id = invite->by_id,
                                          .operation = "seller.invite",
                                          .target = invite->shop_name};
    int err = add_shop(db, invite, &job->shop_id);

    row.shop_id = job->shop_id;
    if (!err)
        err = put_invite(db, &row);
    return err ? err : store_put_audit(db, &audit);
}

int store_invite_seller(struct store *store, const struct store_seller_invite *invite,
                        int64_t *out_shop_id)
{
    struct invite_seller job = {.invite = invite};
    int err = store_write(store, invite_seller, &job);

    if (!err)
        *out_shop_id = job.shop_id;
    return err;
}

/* ---- using a link ---- */

static int look(struct store_db *db, const uint8_t *hash, int64_t now_ms, struct store_invite *out)
{
    struct store_query q =
        store_query(db, "SELECT kind = 'operator', ifnull(shop_id, 0), ifnull(shop.name, ''),"
                        " expires_ms FROM invite LEFT JOIN shop ON shop.id = shop_id"
                        " WHERE hash = ? AND used_ms = 0 AND expires_ms > ?");
    int found;

    store_put_blob(&q, hash, STORE_HASH_BYTES);
    store_put_int(&q, now_ms);
    found = store_query_step(&q);
    if (found == 1) {
        out->is_operator = store_get_int(&q, 0);
        out->shop_id = store_get_int(&q, 1);
        store_get_text(&q, 2, out->shop_name, sizeof(out->shop_name));
        out->expires_ms = store_get_int(&q, 3);
    }
    return store_found(&q, found);
}

struct look {
    const uint8_t *hash;
    int64_t now_ms;
    struct store_invite *out;
};

static int run_look(struct store_db *db, void *arg)
{
    const struct look *job = arg;

    return look(db, job->hash, job->now_ms, job->out);
}

int store_invite_look(struct store *store, const uint8_t hash[STORE_HASH_BYTES], int64_t now_ms,
                      struct store_invite *out)
{
    struct look job = {hash, now_ms, out};

    return store_read(store, run_look, &job);
}

static int add_owner(struct store_db *db, int64_t shop_id, int64_t account_id, int64_t now_ms)
{
    struct store_query q = store_query(
        db, "INSERT INTO member (shop_id, account_id, role, created_ms) VALUES (?, ?, 'owner', ?)");

    store_put_int(&q, shop_id);
    store_put_int(&q, account_id);
    store_put_int(&q, now_ms);
    return store_changed(store_query_run(&q));
}

static int spend(struct store_db *db, const uint8_t *hash, int64_t account_id, int64_t now_ms)
{
    struct store_query q = store_query(
        db, "UPDATE invite SET used_ms = ?, used_by = ? WHERE hash = ? AND used_ms = 0");

    store_put_int(&q, now_ms);
    store_put_int(&q, account_id);
    store_put_blob(&q, hash, STORE_HASH_BYTES);
    return store_changed_one(store_query_run(&q));
}

static int accept(struct store_db *db, void *arg)
{
    const struct store_acceptance *a = arg;
    struct store_invite invite = {0};
    int err = look(db, a->hash, a->now_ms, &invite);
    struct store_new_account account = {
        .login = a->login, .password = a->password, .name = a->name, .now_ms = a->now_ms};
    struct store_new_audit audit = {.at_ms = a->now_ms, .operation = "invite.accept"};
    int64_t id = 0;

    account.kind = invite.is_operator ? STORE_OPERATOR : STORE_BUYER;
    if (!err)
        err = store_put_account(db, &account, &id);
    if (!err && !invite.is_operator)
        err = add_owner(db, invite.shop_id, id, a->now_ms);
    if (!err)
        err = spend(db, a->hash, id, a->now_ms);
    if (!err)
        err = store_put_session(db, id, a->session, a->now_ms);
    audit.actor_id = id;
    audit.shop_id = invite.shop_id;
    audit.target = a->login;
    return err ? err : store_put_audit(db, &audit);
}

int store_invite_accept(struct store *store, const struct store_acceptance *acceptance)
{
    struct store_acceptance job = *acceptance;

    return store_write(store, accept, &job);
}

/* ---- who sells here ---- */

struct list {
    store_seller_fn fn;
    void *arg;
};

static int list(struct store_db *db, void *arg)
{
    const struct list *job = arg;
    struct store_query q = store_query(
        db, "SELECT shop.id, shop.created_ms, shop.name, ifnull(account.login, '') FROM shop"
            " LEFT JOIN member ON member.shop_id = shop.id AND member.role = 'owner'"
            " LEFT JOIN account ON account.id = member.account_id ORDER BY shop.id DESC LIMIT ?");
    struct store_seller seller;

    store_put_int(&q, STORE_SELLERS_LISTED_MAX);
    while (store_query_step(&q) == 1) {
        seller.shop_id = store_get_int(&q, 0);
        seller.created_ms = store_get_int(&q, 1);
        store_get_text(&q, 2, seller.shop_name, sizeof(seller.shop_name));
        store_get_text(&q, 3, seller.login, sizeof(seller.login));
        if (!q.err)
            job->fn(job->arg, &seller);
    }
    return store_query_end(&q);
}

int store_seller_list(struct store *store, store_seller_fn fn, void *arg)
{
    struct list job = {fn, arg};

    return store_read(store, list, &job);
}
