#include "chat/store/reservation.h"

#include <assert.h>
#include <errno.h>

#include "chat/store/fail.h"
#include "chat/store/people.h"
#include "chat/store/sqlite.h"

/* ---- pieces held for an address bucket ---- */

int store_held(struct store_db *db, int64_t variant_id, const uint8_t *address_bucket, int64_t *out)
{
    struct store_query q =
        store_query(db, "SELECT quantity FROM held WHERE variant_id = ? AND address_bucket = ?");

    store_put_int(&q, variant_id);
    store_put_blob(&q, address_bucket, STORE_HASH_SIZE);
    *out = store_query_step(&q) == 1 ? store_get_int(&q, 0) : 0;
    return store_query_end(&q);
}

static int add_held(struct store_db *db, const struct store_reservation *wanted)
{
    struct store_query q =
        store_query(db, "INSERT INTO held (variant_id, address_bucket, quantity) VALUES (?, ?, ?)"
                        " ON CONFLICT DO UPDATE SET quantity = quantity + excluded.quantity");
    int err;

    store_put_int(&q, wanted->variant_id);
    store_put_blob(&q, wanted->address_bucket, STORE_HASH_SIZE);
    store_put_int(&q, wanted->quantity);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("reserve.held");
}

static int take_held(struct store_db *db, const struct store_reservation *taken)
{
    struct store_query q = store_query(
        db, "UPDATE held SET quantity = quantity - ? WHERE variant_id = ? AND address_bucket ="
            " (SELECT address_bucket FROM purchase WHERE id = ?)");

    store_put_int(&q, taken->quantity);
    store_put_int(&q, taken->variant_id);
    store_put_int(&q, taken->purchase_id);
    return store_changed_one(store_query_run(&q));
}

static int drop_empty(struct store_db *db, int64_t variant_id, int64_t purchase_id)
{
    struct store_query q = store_query(
        db, "DELETE FROM held WHERE quantity = 0 AND variant_id = ? AND address_bucket ="
            " (SELECT address_bucket FROM purchase WHERE id = ?)");

    store_put_int(&q, variant_id);
    store_put_int(&q, purchase_id);
    return store_changed(store_query_run(&q));
}

/* ---- stock ---- */

static int take_stock(struct store_db *db, const struct store_reservation *wanted)
{
    struct store_query q = store_query(
        db, "UPDATE variant SET reserved = reserved + ?1, version = version + 1, is_ordered = 1"
            " WHERE id = ?2 AND on_hand - reserved - sold >= ?1");
    int changed;

    store_put_int(&q, wanted->quantity);
    store_put_int(&q, wanted->variant_id);
    changed = store_query_run(&q);
    if (changed < 0)
        return changed;
    return changed ? store_fail_point("reserve.stock") : -ENODATA;
}

static int insert(struct store_db *db, const struct store_reservation *wanted)
{
    struct store_query q =
        store_query(db, "INSERT INTO reservation"
                        " (purchase_id, attempt, variant_id, quantity, state, expires_ms)"
                        " VALUES (?, ?, ?, ?, 'held', ?)");
    int err;

    store_put_int(&q, wanted->purchase_id);
    store_put_int(&q, wanted->attempt);
    store_put_int(&q, wanted->variant_id);
    store_put_int(&q, wanted->quantity);
    store_put_int(&q, wanted->expires_ms);
    err = store_changed(store_query_run(&q));
    return err ? err : store_fail_point("reserve.row");
}

int store_reserve(struct store_db *db, const struct store_reservation *wanted)
{
    int err = take_stock(db, wanted);

    if (!err)
        err = add_held(db, wanted);
    return err ? err : insert(db, wanted);
}

/* What a move does to the two counts of a variant, per piece. */
static int64_t reserved_by(enum store_reservation_state state)
{
    return state == STORE_HELD;
}

static int64_t sold_by(enum store_reservation_state state)
{
    return state == STORE_COMMITTED;
}

struct move {
    enum store_reservation_state from, to;
};

static int move_stock(struct store_db *db, const struct store_reservation *taken, struct move move)
{
    struct store_query q = store_query(
        db, "UPDATE variant SET reserved = reserved + ?, sold = sold + ?, version = version + 1"
            " WHERE id = ?");
    int err;

    store_put_int(&q, taken->quantity * (reserved_by(move.to) - reserved_by(move.from)));
    store_put_int(&q, taken->quantity * (sold_by(move.to) - sold_by(move.from)));
    store_put_int(&q, taken->variant_id);
    err = store_changed_one(store_query_run(&q));
    if (!err && move.from == STORE_HELD)
        err = take_held(db, taken);
    if (!err && move.from == STORE_HELD)
        err = drop_empty(db, taken->variant_id, taken->purchase_id);
    return err ? err : store_fail_point("reservation.stock");
}

static int read_taken(struct store_db *db, int64_t purchase_id, enum store_reservation_state state,
                      struct store_reservation *out, int *out_count)
{
    struct store_query q = store_query(
        db, "SELECT variant_id, quantity FROM reservation WHERE purchase_id = ? AND state = ?");

    store_put_int(&q, purchase_id);
    store_put_text(&q, store_reservation_state_name(state));
    for (*out_count = 0; *out_count < STORE_CART_MAX && store_query_step(&q) == 1; ++*out_count)
        out[*out_count] = (struct store_reservation){.purchase_id = purchase_id,
                                                     .variant_id = store_get_int(&q, 0),
                                                     .quantity = store_get_int(&q, 1)};
    return store_query_end(&q);
}

static int set_state(struct store_db *db, int64_t purchase_id, struct move move)
{
    struct store_query q =
        store_query(db, "UPDATE reservation SET state = ? WHERE purchase_id = ? AND state = ?");
    int changed;

    store_put_text(&q, store_reservation_state_name(move.to));
    store_put_int(&q, purchase_id);
    store_put_text(&q, store_reservation_state_name(move.from));
    changed = store_query_run(&q);
    return changed < 0 || !store_fail_point("reservation.state") ? changed : -EIO;
}

int store_reservations_move(struct store_db *db, int64_t purchase_id,
                            enum store_reservation_state from, enum store_reservation_state to)
{
    struct store_reservation taken[STORE_CART_MAX];
    struct move move = {from, to};
    int count = 0, err = read_taken(db, purchase_id, from, taken, &count);

    assert(store_reservation_may(from, to));
    for (int i = 0; !err && i < count; i++)
        err = move_stock(db, &taken[i], move);
    return err ? err : set_state(db, purchase_id, move);
}

int store_reservations_keep(struct store_db *db, int64_t purchase_id)
{
    struct store_query q = store_query(
        db, "UPDATE reservation SET expires_ms = 0 WHERE purchase_id = ? AND state = 'held'");

    store_put_int(&q, purchase_id);
    return store_changed(store_query_run(&q));
}
