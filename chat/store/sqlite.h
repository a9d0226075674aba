/**
 * Private to chat/store: one writer that gathers jobs into transactions, readers, and statements. A job is a function that
 * gets a connection; its statements are static texts, prepared once per connection.
 *
 *   static int add(struct store_db *db, void *arg)
 *   {
 *       const struct thing *thing = arg;
 *       struct store_query q = store_query(db, "INSERT INTO thing (name, price) VALUES (?, ?)");
 *
 *       store_put_text(&q, thing->name);
 *       store_put_int(&q, thing->price);
 *       return store_query_run(&q);
 *   }
 *
 * A query's error is sticky, as a cursor's: put everything, then look once.
 */
#ifndef CHAT_STORE_SQLITE_H
#define CHAT_STORE_SQLITE_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct store;
struct store_db;

/**
 * 0 or more is the caller's result. A negative errno undoes what this job wrote, and nothing else. It may run a second time
 * after what it wrote was undone, when another job of its batch failed: it sets what it tells its caller, never adds to it.
 */
typedef int (*store_job_fn)(struct store_db *db, void *arg);

/** On the writer's thread, together with others. Returns fn's value once it is durable, or why it is not: then nothing of it is kept. */
JT_MUST_CHECK int store_write(struct store *store, store_job_fn fn, void *arg);
/** On this thread, within one snapshot; `fn` must not write. */
JT_MUST_CHECK int store_read(struct store *store, store_job_fn fn, void *arg);

struct store_query {
    struct store_db *db;
    sqlite3_stmt *stmt;
    int parameters; /* put so far */
    int err;
};

/** `text` must be a literal: it is known again by its address. A query must be ended (store_query_end or _run) before its text is used again. */
struct store_query store_query(struct store_db *db, const char *text);
void store_put_int(struct store_query *query, int64_t value);
/** NULL puts NULL. Borrowed until the query ends. */
void store_put_text(struct store_query *query, const char *value);
void store_put_blob(struct store_query *query, const void *bytes, size_t size);

/** The next row: 1; no more: 0; or a negative errno. */
JT_MUST_CHECK int store_query_step(struct store_query *query);
/** Of the row at hand; columns count from 0. */
int64_t store_get_int(const struct store_query *query, int column);
/** Copies at most `capacity` - 1 bytes and a NUL; NULL gives "". What does not fit makes the query fail with -EMSGSIZE. */
void store_get_text(struct store_query *query, int column, char *out, size_t capacity);
/** Returns the size; 0 for NULL. What does not fit makes the query fail with -EMSGSIZE. */
size_t store_get_blob(struct store_query *query, int column, void *out, size_t capacity);
/** Returns 0, or what went wrong. */
JT_MUST_CHECK int store_query_end(struct store_query *query);

/** A statement without rows, from start to end. Returns how many rows it changed, or a negative errno. */
JT_MUST_CHECK int store_query_run(struct store_query *query);
/** The key of the row inserted last on this connection. */
int64_t store_last_id(const struct store_db *db);

/** SQLite's code, extended, as a negative errno. */
int store_errno(int code);

/* Below is what store.c, backups and migrations build on. */

/** Open a connection with its settings. `is_writer`: may change the file, and makes it. */
JT_MUST_CHECK int store_db_open(const char *path, bool is_writer, struct store_db **out);
void store_db_close(struct store_db *db);
sqlite3 *store_db_handle(struct store_db *db);

#endif
