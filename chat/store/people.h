/** What the files about people, shops and shows share within chat/store. Inside a job only. */
#ifndef CHAT_STORE_PEOPLE_H
#define CHAT_STORE_PEOPLE_H

#include <stdint.h>

#include "base/base.h"
#include "chat/store/account.h"

struct store_db;
struct store_query;

struct store_new_account {
    enum store_account_kind kind;
    const char *login, *password; /* NULL for a guest */
    const char *name;
    int64_t now_ms;
};

JT_MUST_CHECK int store_put_account(struct store_db *db, const struct store_new_account *account,
                                    int64_t *out_id);
JT_MUST_CHECK int store_put_session(struct store_db *db, int64_t account_id,
                                    const struct store_session *session, int64_t now_ms);

struct store_new_audit {
    int64_t at_ms, actor_id, shop_id;        /* 0: none */
    const char *operation, *target, *reason; /* operation: as chat/access names it */
};
JT_MUST_CHECK int store_put_audit(struct store_db *db, const struct store_new_audit *row);

/** A reference; 0 puts NULL. */
void store_put_id(struct store_query *query, int64_t id);

/** For a statement that may change any number of rows: 0 or the error. */
int store_changed(int changed);
/** For one that must change a row: -ENOENT if it did not. */
int store_changed_one(int changed);
/** End a query that looked for one row; `found` is what its step returned. -ENOENT for none. */
JT_MUST_CHECK int store_found(struct store_query *query, int found);

#endif
