#include "hook/hook.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "hook/target.h"
#include "hook/transfer.h"
#include "loop/mailbox.h"
#include "token/keyring.h"

enum {
    RESULTS_MAX = 2048,
    PATH_MAX_BYTES = 64,
    KEY_LOOK_MS = 1000, /* until chat has made the file */
    IDLE_MS = 60 * 1000,
};

static struct jt_metric hooks_total = JT_COUNTER("jangteo_hooks_total",
                                                 "Hooks by what became of "
                                                 "them.",
                                                 "outcome");
static struct jt_metric waiting_gauge =
    JT_GAUGE("jangteo_hooks_waiting", "Hooks that wait or run.", NULL);

struct job {
    TAILQ_ENTRY(job) link;
    char path[PATH_MAX_BYTES];
    char topic[JT_HOOK_TOPIC_MAX_BYTES];
    char *body;
    size_t size;
    enum jt_hook_retry retry;
    uint64_t tag;
    int64_t made_us, due_us;
    int failures;
    bool is_running, is_unwanted;
    struct jt_hook_transfer transfer;
};
TAILQ_HEAD(job_list, job);

struct jt_hooks {
    struct jt_hook_target target;
    char *key_path;
    jt_hook_fn on_result;
    void *arg;
    struct jt_mailbox *results;
    pthread_t thread;
    bool has_thread;
    CURLM *multi;
    _Atomic(struct jt_keyring *) keyring;
    int64_t key_look_us, begun_us; /* when it looked last for what is due */
    bool is_down;                  /* the last one was not delivered: said once */
    pthread_mutex_t lock;
    bool is_closing;
    struct job_list jobs; /* in the order they were posted */
    size_t count, bytes;
    int running;
};

/* ---- the queue; under the lock ---- */

static void job_free(struct job *job)
{
    if (job->body)
        explicit_bzero(job->body, job->size); /* it may hold a stream key (threat A4) */
    free(job->body);
    free(job);
}

static void forget(struct jt_hooks *hooks, struct job *job, const char *outcome)
{
    TAILQ_REMOVE(&hooks->jobs, job, link);
    hooks->count--;
    hooks->bytes -= job->size;
    jt_metric_set(&waiting_gauge, NULL, (int64_t)hooks->count);
    jt_metric_add(&hooks_total, outcome, 1);
    job_free(job);
}

static void supersede(struct jt_hooks *hooks, const char *topic)
{
    struct job *job, *next;

    if (!topic[0])
        return;
    for (job = TAILQ_FIRST(&hooks->jobs); job; job = next) {
        next = TAILQ_NEXT(job, link);
        if (strcmp(job->topic, topic) != 0)
            continue;
        if (job->is_running)
            job->is_unwanted = true;
        else
            forget(hooks, job, "superseded");
    }
}

/* Of one topic only one runs at a time, so that none overtakes another. */
static bool is_topic_running(struct jt_hooks *hooks, const char *topic)
{
    struct job *job;

    TAILQ_FOREACH (job, &hooks->jobs, link)
        if (job->is_running && topic[0] && strcmp(job->topic, topic) == 0)
            return true;
    return false;
}

static struct job *next_due(struct jt_hooks *hooks, int64_t now_us)
{
    struct job *job;

    if (hooks->running >= JT_HOOK_RUNNING_MAX)
        return NULL;
    TAILQ_FOREACH (job, &hooks->jobs, link)
        if (!job->is_running && job->due_us <= now_us && !is_topic_running(hooks, job->topic))
            return job;
    return NULL;
}

/* ---- what becomes of one ---- */

/* The message is a pointer; whoever takes it out frees it. */
static void on_mail(void *arg, void *message)
{
    struct jt_hooks *hooks = arg;
    struct jt_hook_result *result = *(struct jt_hook_result **)message;

    if (hooks->on_result)
        hooks->on_result(hooks->arg, result);
    explicit_bzero(result, sizeof(*result));
    free(result);
}

static void tell(struct jt_hooks *hooks, const struct job *job, int status)
{
    struct jt_hook_result *result;

    if (!job->tag || !hooks->results)
        return;
    result = calloc(1, sizeof(*result));
    if (!result)
        return; /* who waits has a deadline of its own */
    result->tag = job->tag;
    result->status = status;
    if (status) {
        result->size = job->transfer.answer_bytes;
        memcpy(result->body, job->transfer.answer, result->size);
    }
    if (jt_mailbox_post(hooks->results, &result))
        free(result);
}

static bool is_taken(int status)
{
    return status >= 200 && status < 300;
}

/* Would the same request fare better later? What was found wrong in itself stays wrong. */
static bool is_worth_a_retry(int status)
{
    return !status || status >= 500 || status == 401 || status == 403 || status == 408 ||
           status == 429;
}

static int64_t backoff_us(int failures)
{
    int64_t ms = (int64_t)JT_HOOK_RETRY_FIRST_MS << JT_MIN(failures - 1, 10);

    return JT_MIN(ms, JT_HOOK_RETRY_MAX_MS) * JT_USEC_PER_MSEC;
}

static void note_health(struct jt_hooks *hooks, const struct job *job, int status, const char *why)
{
    bool is_down = !status || status >= 500;

    if (is_down && !hooks->is_down)
        jt_warn("hook.down", KV("path", (const char *)job->path), KV("status", status),
                KV("reason", why));
    else if (!is_down && hooks->is_down)
        jt_info("hook.up", KV("path", (const char *)job->path), KV("status", status));
    else if (!is_down && !is_taken(status))
        jt_debug("hook.refused", KV("path", (const char *)job->path), KV("status", status));
    hooks->is_down = is_down;
}

static void finish(struct jt_hooks *hooks, struct job *job, int status, const char *why)
{
    int64_t now_us = jt_clock_mono_us();

    note_health(hooks, job, status, why);
    tell(hooks, job, status);
    (void)pthread_mutex_lock(&hooks->lock);
    hooks->running--;
    job->is_running = false;
    if (is_taken(status)) {
        forget(hooks, job, "taken");
    } else if (job->retry == JT_HOOK_UNTIL_DONE && is_worth_a_retry(status) && !job->is_unwanted &&
               now_us - job->made_us < (int64_t)JT_HOOK_RETRY_UNTIL_MS * JT_USEC_PER_MSEC) {
        job->due_us = now_us + backoff_us(++job->failures);
        jt_metric_add(&hooks_total, "retried", 1);
    } else {
        forget(hooks, job, status ? "refused" : "failed");
    }
    (void)pthread_mutex_unlock(&hooks->lock);
}

/* ---- the thread ---- */

/* Chat makes the file at its first start, which may be after ours. */
static struct jt_keyring *look_for_keys(struct jt_hooks *hooks, int64_t now_us)
{
    struct jt_keyring *keyring = atomic_load(&hooks->keyring);

    if (keyring || now_us < hooks->key_look_us)
        return keyring;
    hooks->key_look_us = now_us + (int64_t)KEY_LOOK_MS * JT_USEC_PER_MSEC;
    if (jt_keyring_open(hooks->key_path, false, jt_clock_wall_ms(), &keyring))
        return NULL;
    atomic_store(&hooks->keyring, keyring);
    jt_info("hook.keys", KV("path", (const char *)hooks->key_path));
    return keyring;
}

static void begin(struct jt_hooks *hooks, struct job *job, struct jt_keyring *keyring)
{
    const struct jt_hook_post post = {.path = job->path, .body = job->body, .size = job->size};
    int err = -ENOKEY;

    if (keyring)
        err = jt_hook_transfer_begin(&job->transfer, hooks->multi, &hooks->target, keyring, &post,
                                     job);
    if (err)
        finish(hooks, job, 0, strerror(-err));
}

static void begin_due(struct jt_hooks *hooks)
{
    int64_t now_us = jt_clock_mono_us();
    struct jt_keyring *keyring = look_for_keys(hooks, now_us);
    struct job *job;

    hooks->begun_us = now_us;
    do {
        (void)pthread_mutex_lock(&hooks->lock);
        job = hooks->is_closing ? NULL : next_due(hooks, now_us);
        if (job) {
            job->is_running = true;
            hooks->running++;
        }
        (void)pthread_mutex_unlock(&hooks->lock);
        if (job)
            begin(hooks, job, keyring);
    } while (job);
}

static void reap(struct jt_hooks *hooks)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(hooks->multi, &left))) {
        CURLcode result = message->data.result;
        struct job *job = NULL;
        int status;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&job);
        status = jt_hook_transfer_status(&job->transfer, result);
        jt_hook_transfer_end(&job->transfer);
        finish(hooks, job, status, curl_easy_strerror(result));
    }
}

/* What was due and did not begin waits for another to end, and that wakes us. */
static int wait_ms(struct jt_hooks *hooks)
{
    int64_t now_us = jt_clock_mono_us(), until_us = now_us + (int64_t)IDLE_MS * JT_USEC_PER_MSEC;
    struct job *job;

    if (!atomic_load(&hooks->keyring))
        until_us = hooks->key_look_us;
    (void)pthread_mutex_lock(&hooks->lock);
    TAILQ_FOREACH (job, &hooks->jobs, link)
        if (!job->is_running && job->due_us > hooks->begun_us)
            until_us = JT_MIN(until_us, job->due_us);
    if (hooks->is_closing)
        until_us = now_us;
    (void)pthread_mutex_unlock(&hooks->lock);
    return until_us <= now_us ? 1 : (int)((until_us - now_us) / JT_USEC_PER_MSEC) + 1;
}

static bool is_closing(struct jt_hooks *hooks)
{
    bool closing;

    (void)pthread_mutex_lock(&hooks->lock);
    closing = hooks->is_closing;
    (void)pthread_mutex_unlock(&hooks->lock);
    return closing;
}

static void *work(void *arg)
{
    struct jt_hooks *hooks = arg;
    int running;

    while (!is_closing(hooks)) {
        if (curl_multi_perform(hooks->multi, &running) != CURLM_OK)
            jt_error("hook.curl");
        reap(hooks);
        begin_due(hooks);
        (void)curl_multi_poll(hooks->multi, NULL, 0, wait_ms(hooks), NULL);
    }
    return NULL;
}

/* ---- for everybody ---- */

static int job_new(const struct jt_hook_post *post, struct job **out)
{
    const char *topic = post->topic ? post->topic : "";
    struct job *job;

    if (post->size > JT_HOOK_BODY_MAX_BYTES || strlen(post->path) >= sizeof(job->path) ||
        strlen(topic) >= sizeof(job->topic))
        return -EMSGSIZE;
    job = calloc(1, sizeof(*job));
    if (!job)
        return -ENOMEM;
    job->size = post->size;
    job->body = malloc(post->size + 1);
    if (!job->body) {
        free(job);
        return -ENOMEM;
    }
    memcpy(job->body, post->body, post->size);
    (void)snprintf(job->path, sizeof(job->path), "%s", post->path);
    (void)snprintf(job->topic, sizeof(job->topic), "%s", topic);
    job->retry = post->retry;
    job->tag = post->tag;
    job->made_us = jt_clock_mono_us();
    *out = job;
    return 0;
}

int jt_hooks_post(struct jt_hooks *hooks, const struct jt_hook_post *post)
{
    struct job *job;
    int err = job_new(post, &job);

    if (err)
        return err;
    (void)pthread_mutex_lock(&hooks->lock);
    supersede(hooks, job->topic);
    if (hooks->count >= JT_HOOK_QUEUE_MAX || hooks->bytes + job->size > JT_HOOK_QUEUE_MAX_BYTES) {
        err = -EAGAIN;
    } else {
        TAILQ_INSERT_TAIL(&hooks->jobs, job, link);
        hooks->count++;
        hooks->bytes += job->size;
        jt_metric_set(&waiting_gauge, NULL, (int64_t)hooks->count);
    }
    (void)pthread_mutex_unlock(&hooks->lock);
    if (err) {
        jt_metric_add(&hooks_total, "queue_full", 1);
        job_free(job);
        return err;
    }
    (void)curl_multi_wakeup(hooks->multi);
    return 0;
}

void jt_hooks_drop(struct jt_hooks *hooks, const char *topic)
{
    (void)pthread_mutex_lock(&hooks->lock);
    supersede(hooks, topic);
    (void)pthread_mutex_unlock(&hooks->lock);
}

struct jt_keyring *jt_hooks_keyring(struct jt_hooks *hooks)
{
    return atomic_load(&hooks->keyring);
}

/* ---- life ---- */

static int build(struct jt_hooks *hooks, const struct jt_hooks_config *config)
{
    int err = jt_hook_target_parse(config->url, config->may_private, &hooks->target);

    if (err)
        return err;
    hooks->on_result = config->on_result;
    hooks->arg = config->arg;
    hooks->key_path = strdup(config->key_path);
    hooks->multi = curl_multi_init();
    if (!hooks->key_path || !hooks->multi)
        return -ENOMEM;
    (void)look_for_keys(hooks, jt_clock_mono_us());
    if (config->loop)
        err = jt_mailbox_new(config->loop, "hook.results", sizeof(struct jt_hook_result *),
                             RESULTS_MAX, on_mail, hooks, &hooks->results);
    if (!err)
        err = -pthread_create(&hooks->thread, NULL, work, hooks);
    hooks->has_thread = !err;
    return err;
}

int jt_hooks_new(const struct jt_hooks_config *config, struct jt_hooks **out)
{
    struct jt_hooks *hooks;
    int err;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return -EIO;
    hooks = calloc(1, sizeof(*hooks));
    if (!hooks)
        return -ENOMEM;
    TAILQ_INIT(&hooks->jobs);
    (void)pthread_mutex_init(&hooks->lock, NULL);
    err = build(hooks, config);
    if (err) {
        jt_hooks_free(hooks);
        return err;
    }
    *out = hooks;
    return 0;
}

static void stop_thread(struct jt_hooks *hooks)
{
    (void)pthread_mutex_lock(&hooks->lock);
    hooks->is_closing = true;
    (void)pthread_mutex_unlock(&hooks->lock);
    (void)curl_multi_wakeup(hooks->multi);
    (void)pthread_join(hooks->thread, NULL);
}

void jt_hooks_free(struct jt_hooks *hooks)
{
    struct job *job;

    if (!hooks)
        return;
    if (hooks->has_thread)
        stop_thread(hooks);
    hooks->on_result = NULL;
    if (hooks->results)
        jt_mailbox_free(hooks->results);
    while ((job = TAILQ_FIRST(&hooks->jobs))) {
        if (job->is_running)
            jt_hook_transfer_end(&job->transfer);
        forget(hooks, job, "dropped");
    }
    if (hooks->multi)
        (void)curl_multi_cleanup(hooks->multi);
    jt_keyring_close(atomic_load(&hooks->keyring));
    free(hooks->key_path);
    (void)pthread_mutex_destroy(&hooks->lock);
    free(hooks);
}
