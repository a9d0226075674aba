#include "chat/store/show.h"

#include <errno.h>
#include <string.h>

#include "chat/store/people.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

static const char *const states[] = {
    [STORE_SHOW_SCHEDULED] = "scheduled",
    [STORE_SHOW_READY] = "ready",
    [STORE_SHOW_LIVE] = "live",
    [STORE_SHOW_ENDED] = "ended",
};

static const unsigned moves[] = {
    [STORE_SHOW_SCHEDULED] = 1U << STORE_SHOW_READY | 1U << STORE_SHOW_ENDED,
    [STORE_SHOW_READY] =
        1U << STORE_SHOW_SCHEDULED | 1U << STORE_SHOW_LIVE | 1U << STORE_SHOW_ENDED,
    [STORE_SHOW_LIVE] = 1U << STORE_SHOW_ENDED,
    [STORE_SHOW_ENDED] = 0,
};

const char *store_show_state_name(enum store_show_state state)
{
    return (unsigned)state < STORE_SHOW_STATES ? states[state] : "unknown";
}

/* ---- reading ---- */

/* A macro, because texts of statements are literals. */
/* What the front page shows of it: its first product that has a picture. */
#define COVER                                                                                      \
    "ifnull((SELECT picture FROM show_product sp JOIN product p ON p.id = sp.product_id"           \
    " WHERE sp.show_id = show.id AND p.picture <> '' ORDER BY sp.position LIMIT 1), '')"
#define SHOW                                                                                       \
    "SELECT show.id, shop_id, link, title, shop.name, state, access = 'token', is_chat_frozen,"    \
    " is_sales_stopped, starts_ms, started_ms, ended_ms, notice, ifnull(pin_product_id, 0),"       \
    " slow_s, version, peak_viewers, visitors, hearts, messages, " COVER                           \
    " FROM show JOIN shop ON shop.id = shop_id "

static enum store_show_state state_of(struct store_query *q, int column)
{
    char text[STORE_ROLE_MAX_BYTES];

    store_get_text(q, column, text, sizeof(text));
    for (int i = 0; i < STORE_SHOW_STATES; i++)
        if (!strcmp(text, states[i]))
            return (enum store_show_state)i;
    return STORE_SHOW_ENDED;
}

static void read_show(struct store_query *q, struct store_show *out)
{
    out->id = store_get_int(q, 0);
    out->shop_id = store_get_int(q, 1);
    store_get_text(q, 2, out->link, sizeof(out->link));
    store_get_text(q, 3, out->title, sizeof(out->title));
    store_get_text(q, 4, out->shop_name, sizeof(out->shop_name));
    out->state = state_of(q, 5);
    out->is_rehearsal = store_get_int(q, 6);
    out->is_chat_frozen = store_get_int(q, 7);
    out->is_sales_stopped = store_get_int(q, 8);
    out->starts_ms = store_get_int(q, 9);
    out->started_ms = store_get_int(q, 10);
    out->ended_ms = store_get_int(q, 11);
    store_get_text(q, 12, out->notice, sizeof(out->notice));
    out->pin_product_id = store_get_int(q, 13);
    out->slow_s = store_get_int(q, 14);
    out->version = store_get_int(q, 15);
    out->peak_viewers = store_get_int(q, 16);
    out->visitors = store_get_int(q, 17);
    out->hearts = store_get_int(q, 18);
    out->messages = store_get_int(q, 19);
    store_get_text(q, 20, out->cover, sizeof(out->cover));
}

static int read_one(struct store_query *q, struct store_show *out)
{
    int found = store_query_step(q);

    if (found == 1)
        read_show(q, out);
    return store_found(q, found);
}

static int find(struct store_db *db, const char *link, int64_t shop_id, struct store_show *out)
{
    struct store_query q = store_query(db, SHOW "WHERE link = ? AND shop_id = ifnull(?, shop_id)");

    store_put_text(&q, link);
    store_put_id(&q, shop_id);
    return read_one(&q, out);
}

struct get {
    const char *link;
    int64_t shop_id;
    struct store_show *out;
};

static int get(struct store_db *db, void *arg)
{
    const struct get *job = arg;

    return find(db, job->link, job->shop_id, job->out);
}

int store_show_get(struct store *store, const char *link, int64_t shop_id, struct store_show *out)
{
    struct get job = {link, shop_id, out};

    return store_read(store, get, &job);
}

static int next(struct store_db *db, void *arg)
{
    const struct get *job = arg;
    struct store_query q =
        store_query(db, SHOW "WHERE shop_id = ? AND state <> 'ended'"
                             " ORDER BY state = 'live' DESC, state = 'ready' DESC,"
                             " starts_ms, show.id LIMIT 1");

    store_put_int(&q, job->shop_id);
    return read_one(&q, job->out);
}

int store_show_next(struct store *store, int64_t shop_id, struct store_show *out)
{
    struct get job = {NULL, shop_id, out};

    return store_read(store, next, &job);
}

struct list {
    enum store_shows which;
    int64_t shop_id;
    store_show_fn fn;
    void *arg;
};

static struct store_query list_query(struct store_db *db, enum store_shows which)
{
#define IN_ORDER                                                                                   \
    " ORDER BY state = 'live' DESC, state = 'ready' DESC, state = 'scheduled' DESC,"               \
    " CASE WHEN state = 'ended' THEN -ended_ms ELSE starts_ms END, show.id DESC LIMIT ?"
    switch (which) {
    case STORE_SHOWS_OPEN:
        return store_query(db, SHOW "WHERE state IN ('ready', 'live')" IN_ORDER);
    case STORE_SHOWS_OF_SHOP:
        return store_query(db, SHOW "WHERE shop_id = ?" IN_ORDER);
    case STORE_SHOWS_PUBLIC:
    default:
        return store_query(db, SHOW "WHERE state <> 'ended' AND access = 'public'" IN_ORDER);
    }
#undef IN_ORDER
}

static int list(struct store_db *db, void *arg)
{
    const struct list *job = arg;
    struct store_query q = list_query(db, job->which);
    struct store_show show;

    if (job->which == STORE_SHOWS_OF_SHOP)
        store_put_int(&q, job->shop_id);
    store_put_int(&q, STORE_SHOWS_LISTED_MAX);
    while (store_query_step(&q) == 1) {
        read_show(&q, &show);
        if (!q.err)
            job->fn(job->arg, &show);
    }
    return store_query_end(&q);
}

int store_show_list(struct store *store, enum store_shows which, int64_t shop_id, store_show_fn fn,
                    void *arg)
{
    struct list job = {which, shop_id, fn, arg};

    return store_read(store, list, &job);
}

/* ---- writing ---- */

static int add(struct store_db *db, void *arg)
{
    const struct store_new_show *show = arg;
    struct store_query q =
        store_query(db, "INSERT INTO show (shop_id, link, title, access, starts_ms, created_ms)"
                        " VALUES (?, ?, ?, ?, ?, ?)");

    store_put_int(&q, show->shop_id);
    store_put_text(&q, show->link);
    store_put_text(&q, show->title);
    store_put_text(&q, show->is_rehearsal ? "token" : "public");
    store_put_int(&q, show->starts_ms);
    store_put_int(&q, show->now_ms);
    return store_changed(store_query_run(&q));
}

int store_show_add(struct store *store, const struct store_new_show *show)
{
    struct store_new_show job = *show;

    return store_write(store, add, &job);
}

struct audited {
    const char *operation, *reason;
    int64_t by_id, now_ms;
};

static int audit(struct store_db *db, const struct store_show *show, const struct audited *act)
{
    const struct store_new_audit row = {.at_ms = act->now_ms,
                                        .actor_id = act->by_id,
                                        .shop_id = show->shop_id,
                                        .operation = act->operation,
                                        .target = show->link,
                                        .reason = act->reason};

    return act->operation ? store_put_audit(db, &row) : 0;
}

static int write_state(struct store_db *db, const struct store_show *show,
                       const struct store_move *move)
{
    struct store_query q =
        store_query(db, "UPDATE show SET state = ?1, version = version + 1,"
                        " started_ms = CASE WHEN ?1 = 'live' THEN ?2 ELSE started_ms END,"
                        " ended_ms = CASE WHEN ?1 = 'ended' THEN ?2 ELSE ended_ms END"
                        " WHERE id = ?3");

    store_put_text(&q, states[move->to]);
    store_put_int(&q, move->now_ms);
    store_put_int(&q, show->id);
    return store_changed_one(store_query_run(&q));
}

struct run_move {
    const struct store_move *move;
    struct store_show *out;
};

static int run_move(struct store_db *db, void *arg)
{
    const struct run_move *job = arg;
    const struct store_move *move = job->move;
    const struct audited act = {move->operation, move->reason, move->by_id, move->now_ms};
    int err = find(db, move->link, move->shop_id, job->out);

    if (err)
        return err;
    if (job->out->state == move->to)
        return -EALREADY;
    if (!(moves[job->out->state] & 1U << move->to))
        return -EPERM;
    err = write_state(db, job->out, move);
    if (!err)
        err = audit(db, job->out, &act);
    return err ? err : find(db, move->link, move->shop_id, job->out);
}

int store_show_move(struct store *store, const struct store_move *move, struct store_show *out)
{
    struct run_move job = {move, out};

    return store_write(store, run_move, &job);
}

static struct store_query change_query(struct store_db *db, enum store_show_field field)
{
#define SET(what) "UPDATE show SET version = version + 1, " what " = ? WHERE id = ?"
    switch (field) {
    case STORE_SHOW_TITLE:
        return store_query(db, SET("title"));
    case STORE_SHOW_NOTICE:
        return store_query(db, SET("notice"));
    case STORE_SHOW_PIN:
        return store_query(db, SET("pin_product_id"));
    case STORE_SHOW_FREEZE:
        return store_query(db, SET("is_chat_frozen"));
    case STORE_SHOW_SALES:
        return store_query(db, SET("is_sales_stopped"));
    case STORE_SHOW_SLOW:
    default:
        return store_query(db, SET("slow_s"));
    }
#undef SET
}

static int write_field(struct store_db *db, const struct store_show *show,
                       const struct store_change *change)
{
    struct store_query q = change_query(db, change->field);

    if (change->field == STORE_SHOW_TITLE || change->field == STORE_SHOW_NOTICE)
        store_put_text(&q, change->text);
    else if (change->field == STORE_SHOW_PIN)
        store_put_id(&q, change->value);
    else
        store_put_int(&q, change->value);
    store_put_int(&q, show->id);
    return store_changed_one(store_query_run(&q));
}

struct run_change {
    const struct store_change *change;
    struct store_show *out;
};

static int run_change(struct store_db *db, void *arg)
{
    const struct run_change *job = arg;
    const struct store_change *change = job->change;
    const struct audited act = {change->operation, change->reason, change->by_id, change->now_ms};
    int err = find(db, change->link, change->shop_id, job->out);

    if (!err)
        err = write_field(db, job->out, change);
    if (!err)
        err = audit(db, job->out, &act);
    return err ? err : find(db, change->link, change->shop_id, job->out);
}

int store_show_change(struct store *store, const struct store_change *change,
                      struct store_show *out)
{
    struct run_change job = {change, out};

    return store_write(store, run_change, &job);
}

static int count(struct store_db *db, void *arg)
{
    const struct store_show_figures *figures = arg;
    struct store_query q = store_query(
        db, "UPDATE show SET peak_viewers = max(peak_viewers, ?), visitors = max(visitors, ?),"
            " hearts = max(hearts, ?), messages = max(messages, ?) WHERE link = ?");

    store_put_int(&q, figures->viewers);
    store_put_int(&q, figures->visitors);
    store_put_int(&q, figures->hearts);
    store_put_int(&q, figures->messages);
    store_put_text(&q, figures->link);
    return store_changed_one(store_query_run(&q));
}

int store_show_count(struct store *store, const struct store_show_figures *figures)
{
    struct store_show_figures job = *figures;

    return store_write(store, count, &job);
}
