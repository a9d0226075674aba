#include "chat/store/ban.h"

#include <errno.h>

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

static const char *kind_of(const struct store_ban *ban)
{
    return ban->is_mute ? "mute" : "ban";
}

static int find_show(struct store_db *db, const char *link, int64_t *out_id, int64_t *out_shop_id)
{
    struct store_query q = store_query(db, "SELECT id, shop_id FROM show WHERE link = ?");
    int found;

    store_put_text(&q, link);
    found = store_query_step(&q);
    *out_id = found == 1 ? store_get_int(&q, 0) : 0;
    *out_shop_id = found == 1 ? store_get_int(&q, 1) : 0;
    return store_found(&q, found);
}

static int audit(struct store_db *db, const struct store_ban *ban, int64_t shop_id,
                 const char *reason)
{
    const struct store_new_audit row = {.at_ms = ban->now_ms,
                                        .actor_id = ban->by_id,
                                        .shop_id = shop_id,
                                        .operation = ban->is_mute ? "chat.mute" : "chat.ban",
                                        .target = ban->link,
                                        .reason = reason};

    return store_put_audit(db, &row);
}

static int write_ban(struct store_db *db, const struct store_ban *ban, int64_t show_id,
                     int64_t shop_id)
{
    struct store_query q = store_query(
        db, "INSERT INTO ban (shop_id, account_id, show_id, kind, until_ms, by_id, at_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET until_ms = excluded.until_ms,"
            " by_id = excluded.by_id, at_ms = excluded.at_ms");

    store_put_int(&q, shop_id);
    store_put_int(&q, ban->account_id);
    store_put_int(&q, show_id);
    store_put_text(&q, kind_of(ban));
    store_put_int(&q, ban->until_ms);
    store_put_int(&q, ban->by_id);
    store_put_int(&q, ban->now_ms);
    return store_changed(store_query_run(&q));
}

static int put(struct store_db *db, void *arg)
{
    const struct store_ban *ban = arg;
    int64_t show_id, shop_id;
    int err = find_show(db, ban->link, &show_id, &shop_id);

    if (!err)
        err = write_ban(db, ban, show_id, shop_id);
    return err ? err : audit(db, ban, shop_id, "");
}

int store_ban_put(struct store *store, const struct store_ban *ban)
{
    struct store_ban job = *ban;

    return store_write(store, put, &job);
}

static int lift(struct store_db *db, void *arg)
{
    const struct store_ban *ban = arg;
    int64_t show_id, shop_id;
    int err = find_show(db, ban->link, &show_id, &shop_id);
    struct store_query q;

    if (err)
        return err;
    q = store_query(db, "DELETE FROM ban WHERE show_id = ? AND account_id = ? AND kind = ?");
    store_put_int(&q, show_id);
    store_put_int(&q, ban->account_id);
    store_put_text(&q, kind_of(ban));
    err = store_changed(store_query_run(&q));
    return err ? err : audit(db, ban, shop_id, "lifted");
}

int store_ban_lift(struct store *store, const struct store_ban *ban)
{
    struct store_ban job = *ban;

    return store_write(store, lift, &job);
}

struct list {
    const char *link;
    int64_t now_ms;
    store_ban_fn fn;
    void *arg;
};

static int list(struct store_db *db, void *arg)
{
    const struct list *job = arg;
    struct store_query q =
        store_query(db, "SELECT account_id, kind = 'mute', until_ms FROM ban"
                        " JOIN show ON show.id = show_id"
                        " WHERE link = ? AND (until_ms = 0 OR until_ms > ?) ORDER BY at_ms");

    store_put_text(&q, job->link);
    store_put_int(&q, job->now_ms);
    while (store_query_step(&q) == 1)
        job->fn(job->arg, store_get_int(&q, 0), store_get_int(&q, 1), store_get_int(&q, 2));
    return store_query_end(&q);
}

int store_ban_list(struct store *store, const char *link, int64_t now_ms, store_ban_fn fn,
                   void *arg)
{
    struct list job = {link, now_ms, fn, arg};

    return store_read(store, list, &job);
}

struct members {
    int64_t shop_id;
    store_member_fn fn;
    void *arg;
};

static int members(struct store_db *db, void *arg)
{
    const struct members *job = arg;
    struct store_query q = store_query(db, "SELECT account_id FROM member WHERE shop_id = ?");

    store_put_int(&q, job->shop_id);
    while (store_query_step(&q) == 1)
        job->fn(job->arg, store_get_int(&q, 0));
    return store_query_end(&q);
}

int store_member_list(struct store *store, int64_t shop_id, store_member_fn fn, void *arg)
{
    struct members job = {shop_id, fn, arg};

    return store_read(store, members, &job);
}
