#include "chat/store/store.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "chat/store/fail.h"
#include "chat/store/migrations.h"
#include "chat/store/sqlite.h"

/* One write on its caller's stack, until it is done. */
struct job {
    struct job *next;
    store_job_fn fn;
    void *arg;
    int result;
    sem_t done; /* not the store's lock: those who wake up need not queue for it */
};

struct store {
    pthread_mutex_t lock;
    pthread_t thread;
    bool has_thread, is_closing;

    pthread_cond_t has_jobs;
    struct job *first, **last;
    int waiting;
    struct store_db *writer; /* the thread's */

    pthread_cond_t has_reader;
    struct store_db *readers[STORE_READERS]; /* those not in use come first */
    int idle_readers, open_readers;
};

static const double batch_bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
static const double commit_bounds[] = {0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1};
static struct jt_metric batch_jobs =
    JT_HISTOGRAM("jangteo_chat_store_batch_jobs", "Writes in one transaction.", NULL, batch_bounds);
static struct jt_metric commit_seconds =
    JT_HISTOGRAM("jangteo_chat_store_commit_seconds", "From the start of a transaction to its end.",
                 NULL, commit_bounds);
static struct jt_metric reads =
    JT_COUNTER("jangteo_chat_store_reads_total", "Reads, each of one snapshot.", NULL);
static struct jt_metric failures =
    JT_COUNTER("jangteo_chat_store_failures_total", "Transactions that failed.", NULL);

static int run(struct store_db *db, const char *text)
{
    struct store_query query = store_query(db, text);
    int changed = store_query_run(&query);

    return changed < 0 ? changed : 0;
}

/* ---- the writer ---- */

/* What a batch is tried as. A savepoint per job costs a copy of each page the job touches, and failing is rare. */
enum trial {
    TRIAL_OPEN, /* no savepoints: a job that fails after it wrote something spoils the batch, -EAGAIN */
    TRIAL_SAVED, /* a savepoint each: one that fails leaves its neighbours alone */
};

/* A full disk or a failing one makes SQLite undo the whole transaction by itself: then there is no savepoint left either. */
static int lost(struct store_db *db, const struct job *job)
{
    if (!sqlite3_get_autocommit(store_db_handle(db)))
        return 0;
    return job->result < 0 ? job->result : -EIO;
}

static int run_open(struct store_db *db, struct job *job)
{
    int64_t before = sqlite3_total_changes64(store_db_handle(db));
    int err;

    job->result = job->fn(db, job->arg);
    err = lost(db, job);
    if (err || job->result >= 0)
        return err;
    return sqlite3_total_changes64(store_db_handle(db)) == before ? 0 : -EAGAIN;
}

static int run_saved(struct store_db *db, struct job *job)
{
    int err = run(db, "SAVEPOINT job");

    if (err)
        return err;
    job->result = job->fn(db, job->arg);
    err = lost(db, job);
    if (err)
        return err;
    if (job->result < 0)
        err = run(db, "ROLLBACK TO job");
    return err ? err : run(db, "RELEASE job");
}

/* Returns 0 when all of it is durable; else nothing of it is kept. */
static int try_batch(struct store_db *db, struct job *first, enum trial trial)
{
    int err = run(db, "BEGIN IMMEDIATE");

    for (struct job *job = first; !err && job; job = job->next)
        err = trial == TRIAL_OPEN ? run_open(db, job) : run_saved(db, job);
    if (!err)
        err = store_fail_point("batch.commit");
    if (!err)
        err = run(db, "COMMIT");
    if (!err)
        err = store_fail_point("batch.committed");
    if (err && !sqlite3_get_autocommit(store_db_handle(db)))
        (void)run(db, "ROLLBACK");
    return err;
}

static int run_batch(struct store_db *db, struct job *first)
{
    int err = try_batch(db, first, TRIAL_OPEN);

    return err == -EAGAIN ? try_batch(db, first, TRIAL_SAVED) : err;
}

/* Those that failed by themselves know why; the others learn that nothing was kept. */
static void settle(struct job *first, int err)
{
    while (first) {
        struct job *job = first;

        first = job->next;
        if (err && job->result >= 0)
            job->result = err;
        (void)sem_post(&job->done); /* afterwards it is gone */
    }
}

/* Wait for jobs and take them; NULL when the store closes and none is left. */
static struct job *take_batch(struct store *store, int *out_count)
{
    struct job *first, *end;
    int count = 1;

    (void)pthread_mutex_lock(&store->lock);
    while (!store->first && !store->is_closing)
        (void)pthread_cond_wait(&store->has_jobs, &store->lock);
    first = end = store->first;
    if (first) {
        for (; count < STORE_BATCH_MAX && end->next; count++)
            end = end->next;
        store->first = end->next;
        if (!store->first)
            store->last = &store->first;
        end->next = NULL;
        store->waiting -= count;
    }
    (void)pthread_mutex_unlock(&store->lock);
    *out_count = count;
    return first;
}

static void *write_batches(void *arg)
{
    struct store *store = arg;
    struct job *first;
    int count;

    while ((first = take_batch(store, &count))) {
        int64_t began_us = jt_clock_mono_us();
        int err = run_batch(store->writer, first);

        jt_metric_observe(&batch_jobs, NULL, count);
        jt_metric_observe(&commit_seconds, NULL, (double)(jt_clock_mono_us() - began_us) / 1e6);
        if (err) {
            jt_metric_add(&failures, NULL, 1);
            jt_error("store.commit", KV("err", (const char *)strerror(-err)), KV("jobs", count));
        }
        settle(first, err);
    }
    return NULL;
}

int store_write(struct store *store, store_job_fn fn, void *arg)
{
    struct job job = {.fn = fn, .arg = arg};

    (void)sem_init(&job.done, 0, 0);
    (void)pthread_mutex_lock(&store->lock);
    if (store->waiting >= STORE_WAITING_MAX || store->is_closing) {
        (void)pthread_mutex_unlock(&store->lock);
        return -EBUSY;
    }
    *store->last = &job;
    store->last = &job.next;
    if (store->waiting++ == 0)
        (void)pthread_cond_signal(&store->has_jobs);
    (void)pthread_mutex_unlock(&store->lock);
    while (sem_wait(&job.done)) /* a signal's handler ran */
        ;
    (void)sem_destroy(&job.done);
    return job.result;
}

/* ---- readers ---- */

static struct store_db *take_reader(struct store *store)
{
    struct store_db *db;

    (void)pthread_mutex_lock(&store->lock);
    while (!store->idle_readers)
        (void)pthread_cond_wait(&store->has_reader, &store->lock);
    db = store->readers[--store->idle_readers];
    (void)pthread_mutex_unlock(&store->lock);
    return db;
}

static void give_reader(struct store *store, struct store_db *db)
{
    (void)pthread_mutex_lock(&store->lock);
    store->readers[store->idle_readers++] = db;
    (void)pthread_cond_signal(&store->has_reader);
    (void)pthread_mutex_unlock(&store->lock);
}

int store_read(struct store *store, store_job_fn fn, void *arg)
{
    struct store_db *db = take_reader(store);
    int result = run(db, "BEGIN"), err;

    jt_metric_add(&reads, NULL, 1);
    if (!result) {
        result = fn(db, arg);
        err = run(db, "COMMIT");
        if (err && result >= 0)
            result = err;
    }
    give_reader(store, db);
    return result;
}

/* ---- life ---- */

static int open_connections(struct store *store, const struct store_config *config)
{
    int err = store_db_open(config->path, true, &store->writer);

    if (!err)
        err = store_migrate(store->writer, config->backups);
    while (!err && store->open_readers < STORE_READERS) {
        err = store_db_open(config->path, false, &store->readers[store->open_readers]);
        store->open_readers += !err;
    }
    store->idle_readers = store->open_readers;
    return err;
}

int store_open(const struct store_config *config, struct store **out)
{
    struct store *store = calloc(1, sizeof(*store));
    int err;

    if (!store)
        return -ENOMEM;
    (void)pthread_mutex_init(&store->lock, NULL);
    (void)pthread_cond_init(&store->has_jobs, NULL);
    (void)pthread_cond_init(&store->has_reader, NULL);
    store->last = &store->first;
    jt_metric_register(&reads, NULL);
    jt_metric_register(&failures, NULL);
    err = open_connections(store, config);
    if (!err)
        err = -pthread_create(&store->thread, NULL, write_batches, store);
    store->has_thread = !err;
    if (err) {
        store_close(store);
        return err;
    }
    *out = store;
    return 0;
}

static void wait_for_readers(struct store *store)
{
    (void)pthread_mutex_lock(&store->lock);
    while (store->idle_readers < store->open_readers)
        (void)pthread_cond_wait(&store->has_reader, &store->lock);
    (void)pthread_mutex_unlock(&store->lock);
}

void store_close(struct store *store)
{
    if (!store)
        return;
    (void)pthread_mutex_lock(&store->lock);
    store->is_closing = true;
    (void)pthread_cond_signal(&store->has_jobs);
    (void)pthread_mutex_unlock(&store->lock);
    if (store->has_thread)
        (void)pthread_join(store->thread, NULL);
    wait_for_readers(store);
    for (int i = 0; i < store->open_readers; i++)
        store_db_close(store->readers[i]);
    store_db_close(store->writer);
    (void)pthread_cond_destroy(&store->has_reader);
    (void)pthread_cond_destroy(&store->has_jobs);
    (void)pthread_mutex_destroy(&store->lock);
    free(store);
}
