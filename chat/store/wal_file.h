/**
 * SQLite's write-ahead log, written in one go: SQLite hands it over in two pieces per page, a system call each. Private to
 * chat/store.
 *
 * What is written is kept in memory until it is synced, read, or measured. That is safe with synchronous=FULL alone, as the
 * writer has it: SQLite publishes a commit to other connections after the sync that it waits for. Everything else is
 * the system's own VFS, untouched.
 */
#ifndef CHAT_STORE_WAL_FILE_H
#define CHAT_STORE_WAL_FILE_H

#include "base/base.h"

/** The name to open the writer's connection with; made at the first call. NULL: SQLite has no VFS or no memory. */
const char *store_wal_vfs(void);

#endif
