#include "chat/store/audit.h"

#include <errno.h>

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

int store_changed(int changed)
{
    return changed < 0 ? changed : 0;
}

int store_changed_one(int changed)
{
    if (changed < 0)
        return changed;
    return changed ? 0 : -ENOENT;
}

int store_found(struct store_query *query, int found)
{
    int err = store_query_end(query);

    if (err)
        return err;
    return found == 1 ? 0 : -ENOENT;
}

void store_put_id(struct store_query *query, int64_t id)
{
    if (id)
        store_put_int(query, id);
    else
        store_put_text(query, NULL);
}

int store_put_audit(struct store_db *db, const struct store_new_audit *row)
{
    struct store_query q =
        store_query(db, "INSERT INTO audit (at_ms, actor_id, shop_id, operation, target, reason)"
                        " VALUES (?, ?, ?, ?, ?, ?)");

    store_put_int(&q, row->at_ms);
    store_put_id(&q, row->actor_id);
    store_put_id(&q, row->shop_id);
    store_put_text(&q, row->operation);
    store_put_text(&q, row->target);
    store_put_text(&q, row->reason ? row->reason : "");
    return store_changed(store_query_run(&q));
}

struct list {
    int64_t before_id;
    int limit;
    store_audit_fn fn;
    void *arg;
};

static int list(struct store_db *db, void *arg)
{
    const struct list *job = arg;
    struct store_query q = store_query(
        db, "SELECT audit.id, at_ms, ifnull(account.name, ''), operation, target, reason"
            " FROM audit LEFT JOIN account ON account.id = actor_id"
            " WHERE audit.id < ? ORDER BY audit.id DESC LIMIT ?");
    struct store_audit row;

    store_put_int(&q, job->before_id ? job->before_id : INT64_MAX);
    store_put_int(&q, job->limit);
    while (store_query_step(&q) == 1) {
        row.id = store_get_int(&q, 0);
        row.at_ms = store_get_int(&q, 1);
        store_get_text(&q, 2, row.actor, sizeof(row.actor));
        store_get_text(&q, 3, row.operation, sizeof(row.operation));
        store_get_text(&q, 4, row.target, sizeof(row.target));
        store_get_text(&q, 5, row.reason, sizeof(row.reason));
        if (!q.err)
            job->fn(job->arg, &row);
    }
    return store_query_end(&q);
}

int store_audit_list(struct store *store, int64_t before_id, int limit, store_audit_fn fn,
                     void *arg)
{
    struct list job = {before_id, limit, fn, arg};

    return store_read(store, list, &job);
}
