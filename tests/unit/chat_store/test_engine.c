/* The engine under the store: batches, what a failing job leaves, snapshots, and files that are old, new, damaged or full. */
#include "shop_rig.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "chat/store/migrations.h"

static struct rig rig;

static int set_up(void **state)
{
    (void)state;
    rig_open(&rig);
    rig_sql(&rig, "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT");
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    rig_close(&rig);
    return 0;
}

static int64_t notes(void)
{
    return rig_value(&rig, "SELECT count(*) FROM note");
}

/* ---- jobs of the tests ---- */

struct note {
    char text[32];
    int result; /* the job's, after it wrote */
    int runs;
};

static int write_note(struct store_db *db, void *arg)
{
    struct note *note = arg;
    struct store_query q = store_query(db, "INSERT INTO note (text) VALUES (?)");
    int changed;

    note->runs++;
    store_put_text(&q, note->text);
    changed = store_query_run(&q);
    return changed < 0 ? changed : note->result;
}

/* A gate that holds the writer, so that a batch gathers behind it. */
struct gate {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool is_held, is_open;
};

static int hold(struct store_db *db, void *arg)
{
    struct gate *gate = arg;

    (void)db;
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_held = true;
    (void)pthread_cond_broadcast(&gate->changed);
    while (!gate->is_open)
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
    return 0;
}

static void *hold_writer(void *arg)
{
    assert_int_equal(store_write(rig.store, hold, arg), 0);
    return NULL;
}

static void close_gate(struct gate *gate, pthread_t *thread)
{
    *gate = (struct gate){.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};
    assert_int_equal(pthread_create(thread, NULL, hold_writer, gate), 0);
    (void)pthread_mutex_lock(&gate->lock);
    while (!gate->is_held)
        (void)pthread_cond_wait(&gate->changed, &gate->lock);
    (void)pthread_mutex_unlock(&gate->lock);
}

static void open_gate(struct gate *gate, pthread_t thread)
{
    (void)pthread_mutex_lock(&gate->lock);
    gate->is_open = true;
    (void)pthread_cond_broadcast(&gate->changed);
    (void)pthread_mutex_unlock(&gate->lock);
    (void)pthread_join(thread, NULL);
}

/* Store writes from many threads, each with its note. */
struct caller {
    pthread_t thread;
    struct note note;
    int result;
};

static atomic_int started;

static void wait_for_started(int count)
{
    int64_t end_us = jt_clock_mono_us() + INT64_C(60) * JT_USEC_PER_SEC;

    while (started < count) {
        assert_true(jt_clock_mono_us() < end_us);
        (void)usleep(1000);
    }
}

static void *call(void *arg)
{
    struct caller *caller = arg;

    started++;
    caller->result = store_write(rig.store, write_note, &caller->note);
    return NULL;
}

static void start(struct caller *caller, const char *text, int result)
{
    *caller = (struct caller){.note = {.result = result}};
    (void)snprintf(caller->note.text, sizeof(caller->note.text), "%s", text);
    assert_int_equal(pthread_create(&caller->thread, NULL, call, caller), 0);
}

/* ---- batches ---- */

static void test_a_failing_job_takes_only_its_own_writes_along(void **state)
{
    static struct caller callers[40];
    struct gate gate;
    pthread_t holder;
    char text[32];

    (void)state;
    started = 0;
    close_gate(&gate, &holder);
    for (int i = 0; i < 40; i++) {
        (void)snprintf(text, sizeof(text), "note %d", i);
        start(&callers[i], text, i % 4 == 3 ? -ECANCELED : i);
    }
    wait_for_started(40);
    open_gate(&gate, holder);
    for (int i = 0; i < 40; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].result, i % 4 == 3 ? -ECANCELED : i);
        assert_in_range(callers[i].note.runs, 1, 2); /* again, when its batch was spoilt */
    }
    assert_int_equal(notes(), 30);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM note WHERE CAST(substr(text, 6) AS"
                                     " INTEGER) % 4 = 3"),
                     0);
}

static void test_a_rule_of_a_table_says_why(void **state)
{
    struct note note = {.text = "one", .result = 7};

    (void)state;
    assert_int_equal(store_write(rig.store, write_note, &note), 7);
    assert_int_equal(store_write(rig.store, write_note, &note), -EEXIST);
    assert_int_equal(notes(), 1);
    assert_int_equal(store_errno(SQLITE_CONSTRAINT_FOREIGNKEY), -ENOENT);
    assert_int_equal(store_errno(SQLITE_CONSTRAINT_CHECK), -EDOM);
    assert_int_equal(store_errno(SQLITE_FULL), -ENOSPC);
    assert_int_equal(store_errno(SQLITE_CORRUPT_INDEX), -EBADMSG);
    assert_int_equal(store_errno(SQLITE_READONLY_DBMOVED), -EROFS);
}

/* ---- snapshots ---- */

static int count_twice(struct store_db *db, void *arg)
{
    struct note *note = arg;
    int64_t counts[2];

    for (int i = 0; i < 2; i++) {
        struct store_query q = store_query(db, "SELECT count(*) FROM note");

        counts[i] = store_query_step(&q) == 1 ? store_get_int(&q, 0) : -1;
        assert_int_equal(store_query_end(&q), 0);
        if (i == 0)
            assert_int_equal(store_write(rig.store, write_note, note), 0);
    }
    return counts[0] == counts[1] ? (int)counts[1] : -EIO;
}

static void test_a_reader_sees_one_snapshot(void **state)
{
    struct note note = {.text = "meanwhile"};

    (void)state;
    assert_int_equal(store_read(rig.store, count_twice, &note), 0);
    assert_int_equal(notes(), 1); /* the next one sees it */
}

static void test_a_reader_can_not_write(void **state)
{
    struct note note = {.text = "no"};

    (void)state;
    assert_int_equal(store_read(rig.store, write_note, &note), -EROFS);
    assert_int_equal(notes(), 0);
}

/* ---- too many ---- */

enum { CROWD = STORE_WAITING_MAX + 50 };

static void *call_quietly(void *arg)
{
    struct caller *caller = arg;

    caller->result = store_write(rig.store, write_note, &caller->note);
    started++;
    return NULL;
}

static void test_k7_who_finds_no_room_is_told_to_come_back(void **state)
{
    static struct caller callers[CROWD];
    struct gate gate;
    pthread_t holder;
    pthread_attr_t small;
    int refused = 0, made = 0;

    (void)state;
    started = 0;
    (void)pthread_attr_init(&small);
    (void)pthread_attr_setstacksize(&small, 256 * 1024);
    close_gate(&gate, &holder);
    for (; made < CROWD; made++) {
        callers[made] = (struct caller){0};
        (void)snprintf(callers[made].note.text, sizeof(callers[made].note.text), "%d", made);
        if (pthread_create(&callers[made].thread, &small, call_quietly, &callers[made]))
            break;
    }
    if (made ==
        CROWD) /* the last fifty, whoever they are, are answered while the writer stands still */
        wait_for_started(CROWD - STORE_WAITING_MAX);
    open_gate(&gate, holder);
    for (int i = 0; i < made; i++) {
        (void)pthread_join(callers[i].thread, NULL);
        assert_true(callers[i].result == 0 || callers[i].result == -EBUSY);
        refused += callers[i].result == -EBUSY;
    }
    assert_int_equal(refused, made > STORE_WAITING_MAX ? made - STORE_WAITING_MAX : 0);
    assert_int_equal(notes(), made - refused);
    (void)pthread_attr_destroy(&small);
}

/* ---- other forms of the file ---- */

static int shell(const char *command)
{
    int status = system(command);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* The first line a command prints. */
static void say(char *out, size_t size, const char *format, const char *argument)
{
    char command[512];
    FILE *pipe;

    (void)snprintf(command, sizeof(command), "%s%s", format, argument);
    pipe = popen(command, "r");
    assert_non_null(pipe);
    if (!fgets(out, (int)size, pipe))
        *out = '\0';
    (void)pclose(pipe);
}

/* Make the file as its first step left it, by the sqlite3 program, with a person in it. */
static void make_old(void)
{
    FILE *file;
    char script[96], command[256];

    store_close(rig.store);
    rig.store = NULL;
    (void)unlink(rig.path);
    (void)snprintf(script, sizeof(script), "%s/old.sql", rig.directory);
    file = fopen(script, "w");
    assert_non_null(file);
    (void)fprintf(file,
                  "%s\nPRAGMA user_version = 1;\n"
                  "INSERT INTO account (kind, name, created_ms) VALUES ('guest', '옛사람', 1);\n",
                  store_migrations[0].sql);
    (void)fclose(file);
    (void)snprintf(command, sizeof(command), "sqlite3 %s < %s", rig.path, script);
    assert_int_equal(shell(command), 0);
}

static void test_an_old_file_is_copied_and_brought_to_form(void **state)
{
    char name[160], line[64], command[256];

    (void)state;
    make_old();
    assert_int_equal(rig_reopen(&rig), 0);
    assert_int_equal(rig_value(&rig, "PRAGMA user_version"), store_migration_count);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM account WHERE name = '옛사람'"), 1);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), 0);
    (void)snprintf(command, sizeof(command), "ls %s/jangteo-*-v1.sqlite", rig.directory);
    say(name, sizeof(name), command, "");
    name[strcspn(name, "\n")] = '\0';
    assert_true(*name);
    (void)snprintf(command, sizeof(command), "sqlite3 %s ", name);
    say(line, sizeof(line), command, "'PRAGMA integrity_check'");
    assert_string_equal(line, "ok\n");
    say(line, sizeof(line), command, "'SELECT name FROM account'");
    assert_string_equal(line, "옛사람\n");
    say(line, sizeof(line), "stat -c %a ", name);
    assert_string_equal(line, "600\n");
    say(line, sizeof(line), "stat -c %a ", rig.path);
    assert_true(*line);
}

static void test_a_newer_file_is_left_alone(void **state)
{
    (void)state;
    rig_sql(&rig, "PRAGMA user_version = 999");
    store_close(rig.store);
    rig.store = NULL;
    assert_int_equal(rig_reopen(&rig), -ENOTSUP);
    assert_null(rig.store);
}

static void overwrite(off_t offset, size_t size)
{
    char junk[4096];
    int fd = open(rig.path, O_WRONLY | O_CLOEXEC);

    memset(junk, 0xa5, sizeof(junk));
    assert_true(fd >= 0 && size <= sizeof(junk));
    assert_int_equal(pwrite(fd, junk, size, offset), (ssize_t)size);
    (void)close(fd);
}

static void test_k7_a_damaged_file_is_said_to_be_damaged(void **state)
{
    (void)state;
    store_close(rig.store);
    rig.store = NULL;
    overwrite(0, 100); /* no database at all */
    assert_int_equal(rig_reopen(&rig), -EBADMSG);
    assert_null(rig.store);
}

/* A page of the table of orders: reads say so, they do not invent. */
static void test_k7_a_damaged_page_is_said_to_be_damaged(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 10, 5), page;
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 1000};
    struct store_order *order = calloc(1, sizeof(*order));
    struct store_checkout_result result;
    uint8_t id[16];

    (void)state;
    assert_non_null(order);
    rig_must_buy(&rig, &wish, id);
    page = rig_value(&rig, "SELECT rootpage FROM sqlite_schema WHERE name = 'purchase'");
    store_close(rig.store);
    rig.store = NULL;
    overwrite((off_t)(page - 1) * 4096, 4096);
    assert_int_equal(rig_reopen(&rig), 0);
    assert_int_equal(store_order_get(rig.store, id, order), -EBADMSG);
    assert_int_equal(rig_buy(&rig, &wish, &result), -EBADMSG);
    assert_int_equal(rig_left(&rig, variant), 9);
    free(order);
}

/* ---- a full disk ---- */

static void limit_files(rlim_t bytes)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

/* By a limit on the size of files: EFBIG, which to SQLite is a disk that can't take more. */
static void test_k7_a_full_disk_loses_nothing_and_heals(void **state)
{
    int64_t variant = rig_product(&rig, SHOP, 1000, 1000000, 5);
    struct rig_order wish = {.variant_id = variant, .quantity = 1, .price_won = 1000};
    struct store_checkout_result result;
    int made = 0, err = 0;
    char line[64], command[160];

    (void)state;
    (void)signal(SIGXFSZ, SIG_IGN);
    store_close(rig.store);
    assert_int_equal(rig_reopen(&rig), 0);
    limit_files(600 * 1024);
    while (!err && made < 10000) {
        err = rig_buy(&rig, &wish, &result);
        made += !err;
    }
    assert_true(err == -ENOSPC || err == -EIO);
    err = rig_buy(&rig, &wish, &result); /* and again; it is not stuck */
    assert_true(err == 0 || err == -ENOSPC || err == -EIO);
    made += !err;
    rig_check(&rig); /* reading goes on */
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), made);
    limit_files(RLIM_INFINITY);
    assert_int_equal(rig_buy(&rig, &wish, &result), 0);
    rig_check(&rig);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), made + 1);
    store_close(rig.store);
    (void)snprintf(command, sizeof(command), "sqlite3 %s 'PRAGMA integrity_check'", rig.path);
    say(line, sizeof(line), command, "");
    assert_string_equal(line, "ok\n");
    assert_int_equal(rig_reopen(&rig), 0);
    assert_int_equal(rig_value(&rig, "SELECT count(*) FROM purchase"), made + 1);
}

/* ---- life ---- */

static void test_writes_that_wait_are_done_before_it_closes(void **state)
{
    static struct caller callers[20];
    char text[32];

    (void)state;
    started = 0;
    for (int i = 0; i < 20; i++) {
        (void)snprintf(text, sizeof(text), "last %d", i);
        start(&callers[i], text, 0);
    }
    for (int i = 0; i < 20; i++)
        (void)pthread_join(callers[i].thread, NULL);
    store_close(rig.store);
    store_close(NULL);
    assert_int_equal(rig_reopen(&rig), 0);
    assert_int_equal(notes(), 20);
}

/* The settings that durability rests on, on the writer's connection. */
static int read_settings(struct store_db *db, void *arg)
{
    const char *const texts[] = {"PRAGMA synchronous", "PRAGMA foreign_keys"};
    int64_t *out = arg;

    for (int i = 0; i < 2; i++) {
        struct rig_value value = {texts[i], -1};
        int err = rig_read(db, &value);

        if (err)
            return err;
        out[i] = value.value;
    }
    return 0;
}

static void test_the_writer_syncs_in_full(void **state)
{
    int64_t settings[2] = {-1, -1};

    (void)state;
    assert_int_equal(store_write(rig.store, read_settings, settings), 0);
    assert_int_equal(settings[0], 2); /* FULL */
    assert_int_equal(settings[1], 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_failing_job_takes_only_its_own_writes_along),
        TEST(test_a_rule_of_a_table_says_why),
        TEST(test_a_reader_sees_one_snapshot),
        TEST(test_a_reader_can_not_write),
        TEST(test_k7_who_finds_no_room_is_told_to_come_back),
        TEST(test_an_old_file_is_copied_and_brought_to_form),
        TEST(test_a_newer_file_is_left_alone),
        TEST(test_k7_a_damaged_file_is_said_to_be_damaged),
        TEST(test_k7_a_damaged_page_is_said_to_be_damaged),
        TEST(test_k7_a_full_disk_loses_nothing_and_heals),
        TEST(test_writes_that_wait_are_done_before_it_closes),
        TEST(test_the_writer_syncs_in_full),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
