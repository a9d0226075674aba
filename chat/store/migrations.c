#include "chat/store/migrations.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "chat/store/backup.h"
#include "chat/store/schema.h"
#include "chat/store/sqlite.h"

const struct store_migration store_migrations[] = {
    {"people", store_schema_people},
    {"shows", store_schema_shows},
    {"catalogue", store_schema_catalogue},
    {"orders", store_schema_orders},
};
const int store_migration_count = JT_COUNT(store_migrations);

/* PRAGMA user_version: SQLite keeps a number for us in the file's header, under its transactions. */
static int read_version(struct store_db *db, int *out)
{
    struct store_query query = store_query(db, "PRAGMA user_version");

    if (store_query_step(&query) == 1)
        *out = (int)store_get_int(&query, 0);
    return store_query_end(&query);
}

static int execute(struct store_db *db, const char *sql)
{
    char *why = NULL;
    int err = store_errno(sqlite3_exec(store_db_handle(db), sql, NULL, NULL, &why));

    if (err)
        jt_error("store.migrate", KV("err", (const char *)strerror(-err)),
                 KV("why", (const char *)why));
    sqlite3_free(why);
    return err;
}

static int step(struct store_db *db, int number)
{
    char mark[64];
    int err = execute(db, "BEGIN IMMEDIATE");

    if (err)
        return err;
    (void)snprintf(mark, sizeof(mark), "PRAGMA user_version = %d", number + 1);
    err = execute(db, store_migrations[number].sql);
    if (!err)
        err = execute(db, mark);
    if (!err)
        err = execute(db, "COMMIT");
    if (err)
        (void)sqlite3_exec(store_db_handle(db), "ROLLBACK", NULL, NULL, NULL);
    return err;
}

int store_migrate(struct store_db *db, const char *backups)
{
    int version = 0, err = read_version(db, &version);
    bool is_fresh = version == 0;

    if (err)
        return err;
    if (version > store_migration_count) {
        jt_error("store.newer", KV("version", version), KV("known", store_migration_count));
        return -ENOTSUP;
    }
    for (; !err && version < store_migration_count; version++) {
        if (!is_fresh)
            err = store_backup(db, backups, version);
        if (!err)
            err = step(db, version);
        if (!err)
            jt_info("store.migrated", KV("to", version + 1),
                    KV("what", store_migrations[version].name));
    }
    return err;
}
