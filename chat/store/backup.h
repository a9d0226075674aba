/** Copies of the store's file, made by SQLite while it is in use. */
#ifndef CHAT_STORE_BACKUP_H
#define CHAT_STORE_BACKUP_H

#include "base/base.h"

struct store_db;

/**
 * A whole, durable copy as `directory`/jangteo-TIME-NUMBER-vVERSION.sqlite (mode 0600; the directory is made). The oldest beyond
 * STORE_BACKUPS_KEPT go. A copy that could not be finished is removed.
 */
JT_MUST_CHECK int store_backup(struct store_db *db, const char *directory, int version);

#endif
