#include "chat/store/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "chat/store/sqlite.h"
#include "chat/store/store.h"

enum { COPIES_A_SECOND_MAX = 10 };

static int name_of(const char *directory, int version, int number, char *out, size_t capacity)
{
    time_t now = time(NULL);
    struct tm when;
    char stamp[32];
    int size;

    (void)strftime(stamp, sizeof(stamp), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &when));
    size =
        snprintf(out, capacity, "%s/jangteo-%s-%d-v%d.sqlite", directory, stamp, number, version);
    return size < 0 || (size_t)size >= capacity ? -ENAMETOOLONG : 0;
}

static int copy(sqlite3 *from, const char *path)
{
    sqlite3 *to = NULL;
    sqlite3_backup *backup;
    int code = sqlite3_open_v2(path, &to, SQLITE_OPEN_READWRITE, NULL);

    if (code == SQLITE_OK) {
        backup = sqlite3_backup_init(to, "main", from, "main");
        if (backup) {
            (void)sqlite3_backup_step(backup, -1);
            (void)sqlite3_backup_finish(backup);
        }
        code = sqlite3_errcode(to);
    }
    (void)sqlite3_close(to);
    return store_errno(code);
}

/* Open a new file; a copy made in the same second has the name already, so a number is added. */
static int make_file(const char *directory, int version, char *path, size_t capacity)
{
    int fd = -1;

    for (int number = 0; number < COPIES_A_SECOND_MAX; number++) {
        int err = name_of(directory, version, number, path, capacity);

        if (err)
            return err;
        fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST)
            break;
    }
    if (fd < 0)
        return -errno;
    (void)close(fd);
    return 0;
}

/* SQLite has synced the file; its name must be durable as well. */
static int sync_directory(const char *directory)
{
    int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int err = fd < 0 || fsync(fd) ? -errno : 0;

    if (fd >= 0)
        (void)close(fd);
    return err;
}

static int is_backup(const struct dirent *entry)
{
    return strncmp(entry->d_name, "jangteo-", 8) == 0;
}

/* Names sort by time. */
static void drop_oldest(const char *directory)
{
    struct dirent **entries;
    char path[PATH_MAX];
    int count = scandir(directory, &entries, is_backup, alphasort);

    for (int i = 0; i < count; i++) {
        if (i < count - STORE_BACKUPS_KEPT && snprintf(path, sizeof(path), "%s/%s", directory,
                                                       entries[i]->d_name) < (int)sizeof(path))
            (void)unlink(path);
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

int store_backup(struct store_db *db, const char *directory, int version)
{
    char path[PATH_MAX];
    int err;

    if (mkdir(directory, 0700) && errno != EEXIST)
        return -errno;
    err = make_file(directory, version, path, sizeof(path));
    if (err)
        return err;
    err = copy(store_db_handle(db), path);
    if (!err)
        err = sync_directory(directory);
    if (err) {
        (void)unlink(path);
        return err;
    }
    drop_oldest(directory);
    jt_info("store.backup", KV("file", (const char *)path));
    return 0;
}
