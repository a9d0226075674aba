/** The form of the store's file, by number: each step is one transaction, an existing file is copied before it. */
#ifndef CHAT_STORE_MIGRATIONS_H
#define CHAT_STORE_MIGRATIONS_H

#include "base/base.h"

struct store_db;

/** Steps in order; the first makes an empty file one of ours. Never edit one that was released: add another. */
struct store_migration {
    const char *name;
    const char *sql;
};

extern const struct store_migration store_migrations[];
extern const int store_migration_count;

/** Writer's connection, before anybody reads. -ENOTSUP when the file is of a later form. */
JT_MUST_CHECK int store_migrate(struct store_db *db, const char *backups);

#endif
