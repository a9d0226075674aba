#include "chat/store/outbox.h"

#include "chat/store/fail.h"
#include "chat/store/outbox_put.h"
#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

int store_put_event(struct store_db *db, const struct store_new_event *event)
{
    struct store_query q = store_query(
        db, "INSERT INTO outbox (at_ms, kind, state, shop_id, purchase_id, product_id, variant_id)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)");
    int err;

    store_put_int(&q, event->at_ms);
    store_put_text(&q, event->kind);
    store_put_text(&q, event->state);
    store_put_int(&q, event->shop_id);
    store_put_id(&q, event->purchase_id);
    store_put_id(&q, event->product_id);
    store_put_id(&q, event->variant_id);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("outbox");
}

struct reading {
    const char *reader;
    int limit;
    store_event_fn fn;
    void *arg;
};

static int read_event(struct store_query *q, const struct reading *reading)
{
    struct store_event event = {
        .id = store_get_int(q, 0),
        .at_ms = store_get_int(q, 1),
        .shop_id = store_get_int(q, 4),
        .product_id = store_get_int(q, 5),
        .variant_id = store_get_int(q, 6),
        .show_id = store_get_int(q, 7),
        .account_id = store_get_int(q, 8),
        .is_test = (int)store_get_int(q, 10),
    };

    store_get_text(q, 2, event.kind, sizeof(event.kind));
    store_get_text(q, 3, event.state, sizeof(event.state));
    (void)store_get_blob(q, 9, event.order, sizeof(event.order));
    return q->err ? q->err : reading->fn(&event, reading->arg);
}

static int read_events(struct store_db *db, void *arg)
{
    const struct reading *reading = arg;
    struct store_query q = store_query(
        db, "SELECT o.id, o.at_ms, o.kind, o.state, o.shop_id, o.product_id, o.variant_id,"
            " p.show_id, p.account_id, p.public_id, p.is_test"
            " FROM outbox o LEFT JOIN purchase p ON p.id = o.purchase_id"
            " WHERE o.id > coalesce((SELECT mark FROM outbox_reader WHERE name = ?), 0)"
            " ORDER BY o.id LIMIT ?");
    int count = 0, result = 0, err;

    store_put_text(&q, reading->reader);
    store_put_int(&q, reading->limit);
    while (!result && store_query_step(&q) == 1) {
        result = read_event(&q, reading);
        count++;
    }
    err = store_query_end(&q);
    if (err)
        return err;
    return result ? result : count;
}

int store_outbox_read(struct store *store, const char *reader, int limit, store_event_fn fn,
                      void *arg)
{
    struct reading reading = {.reader = reader, .limit = limit, .fn = fn, .arg = arg};

    return store_read(store, read_events, &reading);
}

struct marking {
    const char *reader;
    int64_t id;
};

static int mark(struct store_db *db, void *arg)
{
    const struct marking *marking = arg;
    struct store_query q =
        store_query(db, "INSERT INTO outbox_reader (name, mark) VALUES (?, ?)"
                        " ON CONFLICT (name) DO UPDATE SET mark = max(mark, excluded.mark)");

    store_put_text(&q, marking->reader);
    store_put_int(&q, marking->id);
    return store_changed(store_query_run(&q));
}

int store_outbox_mark(struct store *store, const char *reader, int64_t id)
{
    struct marking marking = {.reader = reader, .id = id};

    return store_write(store, mark, &marking);
}

/* The newest row stays: the next one's id counts on from it, so that ids are never used again. */
static int trim(struct store_db *db, void *arg)
{
    const int64_t *before_ms = arg;
    struct store_query q =
        store_query(db, "DELETE FROM outbox WHERE id IN (SELECT id FROM outbox WHERE at_ms < ?"
                        " AND id <= coalesce((SELECT min(mark) FROM outbox_reader), 0)"
                        " AND id < (SELECT max(id) FROM outbox) ORDER BY id LIMIT 1000)");

    store_put_int(&q, *before_ms);
    return store_query_run(&q);
}

int store_outbox_trim(struct store *store, int64_t before_ms)
{
    return store_write(store, trim, &before_ms);
}
