#include "chat/store/sqlite.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "chat/store/wal_file.h"

enum {
    STATEMENTS_MAX = 256, /* a power of two; ours: texts of this folder */
    BUSY_TIMEOUT_MS = 5000,
};

struct store_db {
    sqlite3 *sql;
    struct statement {
        const char *text;
        sqlite3_stmt *stmt;
    } statements[STATEMENTS_MAX];
};

/* synchronous=FULL: what is acknowledged survives the loss of power, in WAL mode too. */
static const char settings[] = "PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON;"
                               "PRAGMA trusted_schema = OFF;"
                               "PRAGMA journal_size_limit = 67108864;";
static const char reader_settings[] = "PRAGMA query_only = ON;";
/* 64 MiB of pages; a checkpoint at 32 MiB, so that pages many batches change are copied once. */
static const char writer_settings[] = "PRAGMA cache_size = -65536;"
                                      "PRAGMA wal_autocheckpoint = 8192;";

int store_errno(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
        return 0;
    case SQLITE_CONSTRAINT:
        if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
            code == SQLITE_CONSTRAINT_ROWID)
            return -EEXIST;
        return code == SQLITE_CONSTRAINT_FOREIGNKEY ? -ENOENT : -EDOM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return -EBUSY;
    case SQLITE_FULL:
        return -ENOSPC;
    case SQLITE_READONLY:
        return -EROFS;
    case SQLITE_NOMEM:
        return -ENOMEM;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return -EBADMSG;
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return -EACCES;
    case SQLITE_TOOBIG:
        return -EMSGSIZE;
    default:
        return -EIO;
    }
}

/* ---- connections ---- */

/* SQLite gives its other files the mode of this one. */
static int make_private(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return -errno;
    (void)close(fd);
    return 0;
}

/* A connection is never used by two threads at a time, and nobody asks SQLite for its memory figures. */
static void configure(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

int store_db_open(const char *path, bool is_writer, struct store_db **out)
{
    enum { FLAGS = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE };
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct store_db *db = calloc(1, sizeof(*db));
    int err = db ? 0 : -ENOMEM;

    (void)pthread_once(&once, configure);
    if (!err && is_writer)
        err = make_private(path);
    if (!err)
        err =
            store_errno(sqlite3_open_v2(path, &db->sql, FLAGS, is_writer ? store_wal_vfs() : NULL));
    if (!err)
        err = store_errno(sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS));
    if (!err)
        err = store_errno(sqlite3_exec(db->sql, settings, NULL, NULL, NULL));
    if (!err)
        err = store_errno(
            sqlite3_exec(db->sql, is_writer ? writer_settings : reader_settings, NULL, NULL, NULL));
    if (err) {
        store_db_close(db);
        return err;
    }
    *out = db;
    return 0;
}

void store_db_close(struct store_db *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < STATEMENTS_MAX; i++)
        (void)sqlite3_finalize(db->statements[i].stmt);
    (void)sqlite3_close(db->sql);
    free(db);
}

sqlite3 *store_db_handle(struct store_db *db)
{
    return db->sql;
}

int64_t store_last_id(const struct store_db *db)
{
    return sqlite3_last_insert_rowid(db->sql);
}

/* ---- statements ---- */

/* The place of a text in the table, or where it would go; NULL when the table is full. */
static struct statement *statement_of(struct store_db *db, const char *text)
{
    size_t start = ((uintptr_t)text >> 3) * 0x9e3779b1U;

    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct statement *place = &db->statements[(start + i) % STATEMENTS_MAX];

        if (place->text == text || !place->text)
            return place;
    }
    return NULL;
}

struct store_query store_query(struct store_db *db, const char *text)
{
    struct store_query query = {.db = db};
    struct statement *place = statement_of(db, text);

    if (!place) {
        query.err = -ENOBUFS;
        return query;
    }
    if (!place->text) {
        query.err = store_errno(
            sqlite3_prepare_v3(db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, &place->stmt, NULL));
        if (query.err)
            return query;
        place->text = text;
    }
    assert(!sqlite3_stmt_busy(place->stmt)); /* one use at a time */
    query.stmt = place->stmt;
    return query;
}

static void note(struct store_query *query, int code)
{
    if (!query->err)
        query->err = store_errno(code);
}

void store_put_int(struct store_query *query, int64_t value)
{
    if (!query->err)
        note(query, sqlite3_bind_int64(query->stmt, ++query->parameters, value));
}

void store_put_text(struct store_query *query, const char *value)
{
    if (!query->err)
        note(query, sqlite3_bind_text(query->stmt, ++query->parameters, value, -1, SQLITE_STATIC));
}

void store_put_blob(struct store_query *query, const void *bytes, size_t size)
{
    if (!query->err)
        note(query,
             sqlite3_bind_blob64(query->stmt, ++query->parameters, bytes, size, SQLITE_STATIC));
}

int store_query_step(struct store_query *query)
{
    int code;

    if (query->err)
        return query->err;
    code = sqlite3_step(query->stmt);
    if (code == SQLITE_ROW)
        return 1;
    if (code != SQLITE_DONE)
        note(query, code);
    return query->err;
}

int64_t store_get_int(const struct store_query *query, int column)
{
    return query->err ? 0 : sqlite3_column_int64(query->stmt, column);
}

size_t store_get_blob(struct store_query *query, int column, void *out, size_t capacity)
{
    const void *bytes = query->err ? NULL : sqlite3_column_blob(query->stmt, column);
    size_t size = bytes ? (size_t)sqlite3_column_bytes(query->stmt, column) : 0;

    if (size > capacity) {
        query->err = -EMSGSIZE;
        return 0;
    }
    if (size)
        memcpy(out, bytes, size);
    return size;
}

void store_get_text(struct store_query *query, int column, char *out, size_t capacity)
{
    size_t size = store_get_blob(query, column, out, capacity - 1);

    out[size] = '\0';
}

int store_query_end(struct store_query *query)
{
    if (query->stmt) {
        (void)sqlite3_reset(query->stmt); /* its code repeats that of the step */
        (void)sqlite3_clear_bindings(query->stmt);
    }
    return query->err;
}

int store_query_run(struct store_query *query)
{
    int more = store_query_step(query);
    int err = store_query_end(query);

    if (err)
        return err;
    return more ? -EINVAL : sqlite3_changes(query->db->sql);
}
