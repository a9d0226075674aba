#include "chat/store/shop.h"

#include <errno.h>
#include <string.h>

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

/* ---- what the owner fills in ---- */

static void read_shop(struct store_query *q, struct store_shop *out)
{
    const struct {
        char *text;
        size_t capacity;
    } texts[] = {
        {out->name, sizeof(out->name)},
        {out->representative, sizeof(out->representative)},
        {out->address, sizeof(out->address)},
        {out->phone, sizeof(out->phone)},
        {out->email, sizeof(out->email)},
        {out->business_number, sizeof(out->business_number)},
        {out->mail_order_number, sizeof(out->mail_order_number)},
        {out->returns_text, sizeof(out->returns_text)},
        {out->bank_name, sizeof(out->bank_name)},
        {out->bank_account, sizeof(out->bank_account)},
        {out->bank_holder, sizeof(out->bank_holder)},
        {out->pickup_place, sizeof(out->pickup_place)},
    };
    int column = 0;

    for (size_t i = 0; i < JT_COUNT(texts); i++)
        store_get_text(q, column++, texts[i].text, texts[i].capacity);
    out->transfer_hours = store_get_int(q, column++);
    out->shipping_won = store_get_int(q, column++);
    out->is_live_at_once = store_get_int(q, column);
}

static int get(struct store_db *db, void *arg)
{
    struct store_shop *out = arg;
    struct store_query q = store_query(
        db, "SELECT name, representative, address, phone, email, business_number,"
            " mail_order_number, returns_text, bank_name, bank_account, bank_holder, pickup_place,"
            " transfer_hours, shipping_won, live_at_once FROM shop WHERE id = ?");
    int found;

    store_put_int(&q, out->id);
    found = store_query_step(&q);
    if (found == 1)
        read_shop(&q, out);
    return store_found(&q, found);
}

int store_shop_get(struct store *store, int64_t id, struct store_shop *out)
{
    *out = (struct store_shop){.id = id};
    return store_read(store, get, out);
}

static int update(struct store_db *db, void *arg)
{
    const struct store_shop *shop = arg;
    const char *const texts[] = {
        shop->name,      shop->representative,  shop->address,           shop->phone,
        shop->email,     shop->business_number, shop->mail_order_number, shop->returns_text,
        shop->bank_name, shop->bank_account,    shop->bank_holder,       shop->pickup_place,
    };
    struct store_query q = store_query(
        db, "UPDATE shop SET name = ?, representative = ?, address = ?, phone = ?, email = ?,"
            " business_number = ?, mail_order_number = ?, returns_text = ?, bank_name = ?,"
            " bank_account = ?, bank_holder = ?, pickup_place = ?, transfer_hours = ?,"
            " shipping_won = ?, live_at_once = ? WHERE id = ?");

    for (size_t i = 0; i < JT_COUNT(texts); i++)
        store_put_text(&q, texts[i]);
    store_put_int(&q, shop->transfer_hours);
    store_put_int(&q, shop->shipping_won);
    store_put_int(&q, shop->is_live_at_once);
    store_put_int(&q, shop->id);
    return store_changed_one(store_query_run(&q));
}

int store_shop_update(struct store *store, const struct store_shop *shop)
{
    struct store_shop job = *shop;

    return store_write(store, update, &job);
}

/* ---- the stream key ---- */

struct find_key {
    int64_t id;
    struct store_stream_key *out;
};

static int find_key(struct store_db *db, void *arg)
{
    const struct find_key *job = arg;
    struct store_query q = store_query(
        db, "SELECT key_sealed, key_lookup FROM shop WHERE id = ? AND key_lookup IS NOT NULL");
    int found;

    store_put_int(&q, job->id);
    found = store_query_step(&q);
    if (found == 1) {
        job->out->sealed_size = store_get_blob(&q, 0, job->out->sealed, sizeof(job->out->sealed));
        (void)store_get_blob(&q, 1, job->out->lookup, sizeof(job->out->lookup));
    }
    return store_found(&q, found);
}

int store_shop_key(struct store *store, int64_t id, struct store_stream_key *out)
{
    struct find_key job = {id, out};

    return store_read(store, find_key, &job);
}

static int write_key(struct store_db *db, const struct store_key_change *change)
{
    struct store_query q =
        change->only_if_none
            ? store_query(db, "UPDATE shop SET key_sealed = ?, key_lookup = ?"
                              " WHERE id = ? AND key_lookup IS NULL")
            : store_query(db, "UPDATE shop SET key_sealed = ?, key_lookup = ? WHERE id = ?");
    int err;

    store_put_blob(&q, change->key->sealed, change->key->sealed_size);
    store_put_blob(&q, change->key->lookup, sizeof(change->key->lookup));
    store_put_int(&q, change->shop_id);
    err = store_changed_one(store_query_run(&q));
    return err == -ENOENT && change->only_if_none ? -EEXIST : err;
}

static int set_key(struct store_db *db, void *arg)
{
    const struct store_key_change *change = arg;
    const struct store_new_audit audit = {
        .at_ms = change->now_ms,
        .actor_id = change->by_id,
        .shop_id = change->shop_id,
        .operation = change->only_if_none ? "key.read" : "key.rotate",
        .target = "",
    };
    int err = write_key(db, change);

    return err ? err : store_put_audit(db, &audit);
}

int store_shop_set_key(struct store *store, const struct store_key_change *change)
{
    struct store_key_change job = *change;

    return store_write(store, set_key, &job);
}

struct by_key {
    const uint8_t *lookup;
    int64_t id;
};

static int by_key(struct store_db *db, void *arg)
{
    struct by_key *job = arg;
    struct store_query q = store_query(db, "SELECT id FROM shop WHERE key_lookup = ?");
    int found;

    store_put_blob(&q, job->lookup, STORE_HASH_BYTES);
    found = store_query_step(&q);
    job->id = found == 1 ? store_get_int(&q, 0) : 0;
    return store_found(&q, found);
}

int store_shop_by_key(struct store *store, const uint8_t lookup[STORE_HASH_BYTES],
                      int64_t *out_shop_id)
{
    struct by_key job = {.lookup = lookup};
    int err = store_read(store, by_key, &job);

    if (!err)
        *out_shop_id = job.id;
    return err;
}
