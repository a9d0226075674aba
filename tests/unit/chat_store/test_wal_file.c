/* The log that is written in one go: when its bytes get to the file, what a failed write does, and SQLite on top of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "chat/store/wal_file.h"

static char directory[64], path[96];

static int set_up(void **state)
{
    (void)state;
    (void)strcpy(directory, "/tmp/jangteo-wal-XXXXXX");
    assert_non_null(mkdtemp(directory));
    (void)snprintf(path, sizeof(path), "%s/a.sqlite", directory);
    (void)signal(SIGXFSZ, SIG_IGN);
    return 0;
}

static int tear_down(void **state)
{
    char command[96];

    (void)state;
    (void)snprintf(command, sizeof(command), "rm -rf %s", directory);
    return system(command);
}

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* ---- one file ---- */

static char wal_path[104];

static sqlite3_file *open_wal(void)
{
    sqlite3_vfs *vfs = sqlite3_vfs_find(store_wal_vfs());
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);

    /* SQLite looks at the database to give its log the same mode */
    (void)snprintf(wal_path, sizeof(wal_path), "%s/b", directory);
    (void)close(open(wal_path, O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    (void)snprintf(wal_path, sizeof(wal_path), "%s/b-wal", directory);
    assert_non_null(file);
    assert_int_equal(vfs->xOpen(vfs, wal_path, file,
                                SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL, NULL),
                     SQLITE_OK);
    return file;
}

static void close_wal(sqlite3_file *file)
{
    (void)file->pMethods->xClose(file);
    free(file);
}

static off_t size_of_file(void)
{
    struct stat about;

    assert_int_equal(stat(wal_path, &about), 0);
    return about.st_size;
}

static void test_bytes_get_there_by_a_sync_a_read_or_when_they_are_many(void **state)
{
    sqlite3_file *file = open_wal();
    char page[4096], out[4096];
    sqlite3_int64 size;

    (void)state;
    memset(page, 'a', sizeof(page));
    assert_int_equal(file->pMethods->xWrite(file, page, 4096, 0), SQLITE_OK);
    assert_int_equal(file->pMethods->xWrite(file, page, 24, 4096), SQLITE_OK);
    assert_int_equal(size_of_file(), 0);
    assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(size_of_file(), 4120);
    page[0] = 'b';
    assert_int_equal(file->pMethods->xWrite(file, page, 4096, 0), SQLITE_OK); /* not the next */
    assert_int_equal(file->pMethods->xRead(file, out, 4096, 0), SQLITE_OK);
    assert_memory_equal(out, page, 4096);
    assert_int_equal(file->pMethods->xWrite(file, page, 4096, 8192), SQLITE_OK);
    assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
    assert_int_equal(size, 12288);
    for (int i = 3; i < 300; i++)
        assert_int_equal(file->pMethods->xWrite(file, page, 4096, 4096 * i), SQLITE_OK);
    assert_true(size_of_file() > 4096 * 200); /* what is kept is bounded */
    close_wal(file);
    assert_int_equal(size_of_file(), 4096 * 300);
}

/* A full disk is found late: then everything says so that leans on the lost bytes, until they are written anew. */
static void test_k7_lost_bytes_are_not_forgotten(void **state)
{
    sqlite3_file *file = open_wal();
    char page[4096], out[4096];

    (void)state;
    memset(page, 'a', sizeof(page));
    for (int i = 0; i < 2; i++)
        assert_int_equal(file->pMethods->xWrite(file, page, 4096, 4096 * i), SQLITE_OK);
    assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
    limit_files(8192);
    assert_int_equal(file->pMethods->xWrite(file, page, 4096, 8192), SQLITE_OK); /* is kept */
    assert_int_not_equal(file->pMethods->xRead(file, out, 4096, 8192), SQLITE_OK);
    limit_files(RLIM_INFINITY);
    assert_int_not_equal(file->pMethods->xWrite(file, page, 4096, 12288), SQLITE_OK);
    assert_int_not_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(file->pMethods->xRead(file, out, 4096, 4096), SQLITE_OK); /* what was before */
    assert_int_equal(file->pMethods->xWrite(file, page, 4096, 8192), SQLITE_OK);
    assert_int_equal(file->pMethods->xSync(file, SQLITE_SYNC_NORMAL), SQLITE_OK);
    assert_int_equal(file->pMethods->xRead(file, out, 4096, 8192), SQLITE_OK);
    close_wal(file);
    assert_int_equal(size_of_file(), 12288);
}

/* ---- SQLite on it ---- */

static sqlite3 *open_database(const char *vfs)
{
    sqlite3 *database = NULL;

    assert_int_equal(
        sqlite3_open_v2(path, &database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, vfs),
        SQLITE_OK);
    return database;
}

static void execute(sqlite3 *database, const char *text)
{
    char *why = NULL;

    if (sqlite3_exec(database, text, NULL, NULL, &why) != SQLITE_OK)
        fail_msg("%s: %s", text, why);
}

static int64_t value_of(sqlite3 *database, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    int64_t value = -1;

    assert_int_equal(sqlite3_prepare_v2(database, text, -1, &stmt, NULL), SQLITE_OK);
    if (sqlite3_step(stmt) == SQLITE_ROW)
        value = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return value;
}

/* Transactions larger than the cache, which go to the log before they are committed, undone in part; and a reader beside. */
static void test_transactions_larger_than_the_cache(void **state)
{
    sqlite3 *writer = open_database(store_wal_vfs()), *reader;

    (void)state;
    execute(writer, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10;"
                    "PRAGMA wal_autocheckpoint = 200;"
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT, n INTEGER);"
                    "CREATE INDEX t_n ON t (n)");
    reader = open_database(NULL);
    for (int round = 1; round <= 12; round++) {
        execute(writer, "BEGIN IMMEDIATE;"
                        "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)"
                        " INSERT INTO t (text, n) SELECT hex(randomblob(400)), random() FROM n;"
                        "SAVEPOINT s; UPDATE t SET n = random(), text = 'x'; ROLLBACK TO s;");
        assert_int_equal(value_of(reader, "SELECT count(*) FROM t"), (round - 1) * 500);
        execute(writer, round % 3 ? "COMMIT" : "COMMIT; PRAGMA wal_checkpoint");
        assert_int_equal(value_of(reader, "SELECT count(*) FROM t WHERE text <> 'x'"), round * 500);
    }
    execute(writer, "BEGIN; UPDATE t SET n = 0, text = 'y'; ROLLBACK");
    assert_int_equal(value_of(reader, "SELECT count(*) FROM t WHERE text = 'y'"), 0);
    assert_int_equal(value_of(reader, "SELECT count(*) FROM pragma_integrity_check"
                                      " WHERE integrity_check = 'ok'"),
                     1);
    (void)sqlite3_close(reader);
    (void)sqlite3_close(writer);
    reader = open_database(NULL);
    assert_int_equal(value_of(reader, "SELECT count(*) FROM t"), 6000);
    (void)sqlite3_close(reader);
}

/* The disk fills while a large one is under way: it fails, what was committed stays, and it goes on when there is room. */
static void test_k7_a_large_transaction_on_a_full_disk(void **state)
{
    sqlite3 *writer = open_database(store_wal_vfs());
    const char large[] = "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)"
                         " INSERT INTO t (text) SELECT hex(randomblob(400)) FROM n";

    (void)state;
    execute(writer, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = 10;"
                    "CREATE TABLE t (id INTEGER PRIMARY KEY, text TEXT);"
                    "INSERT INTO t (text) VALUES ('kept')");
    for (rlim_t limit = 100 * 1024; limit < 1600 * 1024; limit += 100 * 1024) {
        limit_files(limit);
        assert_int_not_equal(sqlite3_exec(writer, large, NULL, NULL, NULL), SQLITE_OK);
        assert_int_equal(value_of(writer, "SELECT count(*) FROM t"), 1);
        limit_files(RLIM_INFINITY);
        assert_int_equal(value_of(writer, "SELECT count(*) FROM pragma_integrity_check"
                                          " WHERE integrity_check = 'ok'"),
                         1);
    }
    execute(writer, large);
    assert_int_equal(value_of(writer, "SELECT count(*) FROM t"), 2001);
    (void)sqlite3_close(writer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_bytes_get_there_by_a_sync_a_read_or_when_they_are_many),
        TEST(test_k7_lost_bytes_are_not_forgotten),
        TEST(test_transactions_larger_than_the_cache),
        TEST(test_k7_a_large_transaction_on_a_full_disk),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
