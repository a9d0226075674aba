/**
 * Everything the shop must not forget: people, shops, shows, products and orders, in one SQLite file. Another database
 * can stand behind the same functions: no SQL leaves this folder.
 *
 * Writes of many callers are gathered into one transaction and are durable when the call returns; reads see one
 * snapshot. All functions block and may be called from any thread but a loop's.
 *
 * Errors, everywhere in this folder: -ENOENT no such row (or not this owner's), -EEXIST a value that must be unique is
 * taken, -EDOM a rule of the table says no, -EBUSY too many wait or the file is locked, -ENOSPC, -EROFS, -EIO the disk,
 * -EBADMSG the file is damaged, -EMSGSIZE a value that does not fit, -EACCES, -ENOMEM. Times are milliseconds since 1970, given by the caller.
 */
#ifndef CHAT_STORE_STORE_H
#define CHAT_STORE_STORE_H

#include "base/base.h"

struct store;

enum {
    STORE_WAITING_MAX = 4096, /* ours: callers whose writes wait for the next batch */
    STORE_BATCH_MAX = 512,    /* ours: writes in one transaction */
    STORE_READERS = 8,        /* ours: reads at a time */
    STORE_BACKUPS_KEPT = 5,   /* ours */
};

struct store_config {
    const char *path;    /* the file; made with mode 0600 */
    const char *backups; /* a directory: a copy goes there before the file's form changes */
};

/**
 * Open, and bring the file to today's form. -ENOTSUP: the file is of a newer form than we know; else see above.
 */
JT_MUST_CHECK int store_open(const struct store_config *config, struct store **out);
/** Writes that wait are done first. NULL is fine. */
void store_close(struct store *store);

#endif
