#include "chat/store/wal_file.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEPT_MAX_BYTES = 1 << 16
}; /* SQLite on unix can write no 128 KiB at once, and says the disk is full */

/* In the place SQLite keeps for a file. */
struct wal_file {
    sqlite3_file base;
    sqlite3_file *inner; /* the system's */
    sqlite3_int64 start; /* where the kept bytes belong */
    int kept_bytes;
    unsigned char *kept;
    int lost;                /* why bytes that SQLite takes for written are not: its code, or 0 */
    sqlite3_int64 lost_from; /* they, and what would have come after them */
};

static sqlite3_vfs *system_vfs;
static sqlite3_vfs vfs;

static struct wal_file *of(sqlite3_file *file)
{
    return (struct wal_file *)file;
}

static int flush(struct wal_file *file)
{
    int code;

    if (!file->kept_bytes)
        return file->lost;
    code = file->inner->pMethods->xWrite(file->inner, file->kept, file->kept_bytes, file->start);
    file->kept_bytes = 0;
    if (code != SQLITE_OK) {
        file->lost = code;
        file->lost_from = file->start;
    }
    return code;
}

/*
 * Bytes that are lost belong to a transaction that was not synced. It can't be any more, so SQLite will undo it, and write
 * again from where it began, which is not after them.
 */
static int on_write(sqlite3_file *base, const void *bytes, int size, sqlite3_int64 offset)
{
    struct wal_file *file = of(base);
    int code = SQLITE_OK;

    if (file->lost && offset <= file->lost_from)
        file->lost = 0;
    if (file->lost || offset != file->start + file->kept_bytes ||
        size > KEPT_MAX_BYTES - file->kept_bytes)
        code = flush(file);
    if (code != SQLITE_OK)
        return code;
    if (size > KEPT_MAX_BYTES)
        return file->inner->pMethods->xWrite(file->inner, bytes, size, offset);
    if (!file->kept_bytes)
        file->start = offset;
    memcpy(file->kept + file->kept_bytes, bytes, (size_t)size);
    file->kept_bytes += size;
    return SQLITE_OK;
}

static int on_read(sqlite3_file *base, void *out, int size, sqlite3_int64 offset)
{
    struct wal_file *file = of(base);
    int code = flush(file);

    if (code && offset + size > file->lost_from)
        return code;
    return file->inner->pMethods->xRead(file->inner, out, size, offset);
}

static int on_sync(sqlite3_file *base, int flags)
{
    int code = flush(of(base));

    return code ? code : of(base)->inner->pMethods->xSync(of(base)->inner, flags);
}

static int on_truncate(sqlite3_file *base, sqlite3_int64 size)
{
    int code = flush(of(base));

    if (code && size <= of(base)->lost_from)
        code = of(base)->lost = 0;
    return code ? code : of(base)->inner->pMethods->xTruncate(of(base)->inner, size);
}

static int on_file_size(sqlite3_file *base, sqlite3_int64 *out)
{
    int code = flush(of(base));

    return code ? code : of(base)->inner->pMethods->xFileSize(of(base)->inner, out);
}

static int on_close(sqlite3_file *base)
{
    struct wal_file *file = of(base);
    int code = flush(file), closed = file->inner->pMethods->xClose(file->inner);

    free(file->kept);
    free(file->inner);
    return code ? code : closed;
}

static int on_lock(sqlite3_file *base, int level)
{
    return of(base)->inner->pMethods->xLock(of(base)->inner, level);
}

static int on_unlock(sqlite3_file *base, int level)
{
    return of(base)->inner->pMethods->xUnlock(of(base)->inner, level);
}

static int on_check_reserved_lock(sqlite3_file *base, int *out)
{
    return of(base)->inner->pMethods->xCheckReservedLock(of(base)->inner, out);
}

static int on_file_control(sqlite3_file *base, int operation, void *arg)
{
    return of(base)->inner->pMethods->xFileControl(of(base)->inner, operation, arg);
}

static int on_sector_size(sqlite3_file *base)
{
    return of(base)->inner->pMethods->xSectorSize(of(base)->inner);
}

static int on_device_characteristics(sqlite3_file *base)
{
    return of(base)->inner->pMethods->xDeviceCharacteristics(of(base)->inner);
}

/* Version 1: a log is never mapped, and has no shared memory of its own. */
static const sqlite3_io_methods methods = {
    .iVersion = 1,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_file_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check_reserved_lock,
    .xFileControl = on_file_control,
    .xSectorSize = on_sector_size,
    .xDeviceCharacteristics = on_device_characteristics,
};

static int on_open(sqlite3_vfs *own, const char *name, sqlite3_file *base, int flags,
                   int *out_flags)
{
    struct wal_file *file = of(base);
    int code = SQLITE_NOMEM;

    (void)own;
    if (!(flags & SQLITE_OPEN_WAL))
        return system_vfs->xOpen(system_vfs, name, base, flags, out_flags);
    memset(file, 0, sizeof(*file));
    file->inner = calloc(1, (size_t)system_vfs->szOsFile);
    file->kept = malloc(KEPT_MAX_BYTES);
    if (file->inner && file->kept)
        code = system_vfs->xOpen(system_vfs, name, file->inner, flags, out_flags);
    if (code != SQLITE_OK) { /* without methods, SQLite does not close it */
        free(file->kept);
        free(file->inner);
        return code;
    }
    file->base.pMethods = &methods;
    return SQLITE_OK;
}

static void make(void)
{
    system_vfs = sqlite3_vfs_find(NULL);
    if (!system_vfs)
        return;
    vfs = *system_vfs;
    vfs.zName = "jangteo";
    vfs.pNext = NULL;
    vfs.szOsFile = JT_MAX(system_vfs->szOsFile, (int)sizeof(struct wal_file));
    vfs.xOpen = on_open;
    (void)sqlite3_vfs_register(&vfs, 0);
}

const char *store_wal_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    (void)pthread_once(&once, make);
    return vfs.zName;
}
