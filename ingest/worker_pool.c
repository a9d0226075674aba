#include "ingest/worker_pool.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ring/bells.h"
#include "ingest/config.h"
#include "ingest/messages.h"
#include "ingest/show.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "ring/link.h"
#include "ring/ring.h"

enum {
    JOBS_MAX = 4,
    ARGUMENT_BYTES = 64,
    WORKER_BELL = 1, /* the number of its bell among its show's */
};

static struct jt_metric workers_gauge =
    JT_GAUGE("jangteo_ingest_workers", "Media workers running.", NULL);
static struct jt_metric crashes_total = JT_COUNTER(
    "jangteo_ingest_worker_exits_total", "Media workers that ended by themselves.", "reason");
static struct jt_metric repairs_gauge =
    JT_GAUGE("jangteo_ingest_repairs", "Streams with B-frames being re-encoded.", NULL);

enum product { PRODUCT_OPUS, PRODUCT_REPAIR };

static const char *const product_names[] = {[PRODUCT_OPUS] = "opus", [PRODUCT_REPAIR] = "repair"};

/** One thing a worker has to make. */
struct job {
    uint32_t track_id;
    enum product product;
};

struct worker {
    LIST_ENTRY(worker) link;
    struct ingest_workers *pool;
    char show[JT_SHOW_NAME_MAX_BYTES];
    struct jt_process *process; /* NULL: not running */
    struct jt_link *wire;
    bool has_hello; /* it may be told things: before, it learns all at its hello */
    struct jt_timer *restart;
    struct job jobs[JOBS_MAX];
    size_t job_count;
    int64_t crashed_at_us[INGEST_WORKER_CRASHES_MAX];
    bool is_given_up;
};

struct ingest_workers {
    struct jt_loop *loop;
    const struct ingest_config *config;
    struct ingest_shows *shows;
    struct jt_bells *bells; /* of relays: workers pull them */
    LIST_HEAD(, worker) list;
    int64_t repairs;
};

static struct worker *find(struct ingest_workers *pool, const char *show)
{
    struct worker *worker;

    LIST_FOREACH (worker, &pool->list, link)
        if (strcmp(worker->show, show) == 0)
            return worker;
    return NULL;
}

static void count_repairs(struct ingest_workers *pool, int64_t by)
{
    pool->repairs += by;
    jt_metric_set(&repairs_gauge, NULL, pool->repairs);
}

/* ---- talking to a worker ---- */

static void send_demand(struct worker *worker, const struct job *job, bool on)
{
    struct jt_control message = {.type = JT_CONTROL_DEMAND, .track = job->track_id, .on = on};

    (void)snprintf(message.show, sizeof(message.show), "%s", worker->show);
    (void)snprintf(message.name, sizeof(message.name), "%s", product_names[job->product]);
    jt_link_send(worker->wire, &message, NULL);
}

static void send_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct worker *worker = arg;
    struct jt_control message = ingest_message_track(show, track);

    if (!track->writer)
        return; /* its own */
    jt_link_send(worker->wire, &message, &track->fd);
    for (size_t i = 0; i < worker->job_count; i++)
        if (worker->jobs[i].track_id == track->id)
            send_demand(worker, &worker->jobs[i], true);
}

static void send_bell(void *arg, uint32_t number, const int fds[2])
{
    struct worker *worker = arg;

    jt_link_send(
        worker->wire,
        &(struct jt_control){.type = JT_CONTROL_READER, .track = number, .on = fds != NULL}, fds);
}

static void send_everything(struct worker *worker)
{
    struct ingest_show *show = ingest_show_find(worker->pool->shows, worker->show);
    struct jt_control message;

    jt_link_hello(worker->wire, JT_ROLE_INGEST);
    if (!show)
        return;
    message = ingest_message_show(show);
    jt_link_send(worker->wire, &message, NULL);
    jt_bells_each(worker->pool->bells, send_bell, worker);
    ingest_show_each_track(show, send_track, worker);
}

static void on_offer(struct worker *worker, const struct jt_control *message, int *fds)
{
    struct ingest_show *show = ingest_show_find(worker->pool->shows, worker->show);
    struct ingest_track offer = {.source = message->source, .epoch = message->epoch};
    struct jt_ring_reader *reader;
    uint32_t version;
    int fd = dup(fds[0]); /* a reader takes the descriptor it checks */
    int err = fd < 0 ? -errno : jt_ring_reader_new(fd, &reader);

    if (err) {
        if (fd >= 0)
            (void)close(fd);
    } else {
        err = jt_ring_reader_info(reader, &offer.info, &version);
        jt_ring_reader_free(reader);
    }
    if (!err)
        err = show ? ingest_show_offer_track(show, fds[0], &offer) : -ENOENT;
    if (err)
        jt_warn("worker.offer_refused", KV("show", worker->show), KV("err", err));
    else
        fds[0] = -1; /* the show has it */
}

/* It reads the rings of its show as relays do. */
static void on_worker_bell(struct worker *worker, int *fds)
{
    struct ingest_show *show = ingest_show_find(worker->pool->shows, worker->show);
    const int pair[2] = {fds[0], fds[1]};

    if (!show || fds[0] < 0)
        return;
    jt_bells_remove(ingest_show_bells(show), WORKER_BELL);
    if (jt_bells_add(ingest_show_bells(show), WORKER_BELL, pair) == 0)
        fds[0] = fds[1] = -1; /* taken */
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct worker *worker = arg;
    struct ingest_show *show;

    switch (message->type) {
    case JT_CONTROL_HELLO:
        if (!worker->has_hello) /* a second one would have every track sent again */
            send_everything(worker);
        worker->has_hello = true;
        break;
    case JT_CONTROL_READER:
        on_worker_bell(worker, fds);
        break;
    case JT_CONTROL_TRACK_OFFER:
        on_offer(worker, message, fds);
        break;
    case JT_CONTROL_WARNING:
        show = ingest_show_find(worker->pool->shows, worker->show);
        if (show)
            ingest_show_warn(show, message->name, message->reason);
        break;
    default:
        break;
    }
}

/* ---- the process ---- */

static void worker_stop(struct worker *worker)
{
    struct ingest_show *show = ingest_show_find(worker->pool->shows, worker->show);

    if (show)
        jt_bells_remove(ingest_show_bells(show), WORKER_BELL);
    if (worker->process)
        jt_metric_add(&workers_gauge, NULL, -1);
    jt_link_free(worker->wire);
    worker->wire = NULL;
    worker->has_hello = false;
    jt_process_free(worker->process);
    worker->process = NULL;
}

/* Only the last few crashes count; three within a minute and the stream is poison. */
static bool is_poison(struct worker *worker, int64_t now_us)
{
    int64_t *at = worker->crashed_at_us;

    memmove(at, at + 1, (INGEST_WORKER_CRASHES_MAX - 1) * sizeof(*at));
    at[INGEST_WORKER_CRASHES_MAX - 1] = now_us;
    return at[0] && now_us - at[0] < (int64_t)INGEST_WORKER_CRASH_WINDOW_MS * JT_USEC_PER_MSEC;
}

static void worker_crashed(struct worker *worker, const char *reason)
{
    struct ingest_show *show = ingest_show_find(worker->pool->shows, worker->show);

    worker_stop(worker);
    jt_metric_add(&crashes_total, reason, 1);
    jt_warn("worker.died", KV("show", worker->show), KV("reason", reason));
    if (show)
        ingest_show_end_worker_tracks(show);
    if (is_poison(worker, jt_clock_mono_us())) {
        worker->is_given_up = true;
        if (show)
            ingest_show_warn(
                show, "worker_given_up",
                "This stream crashes the converter: viewers may miss sound or picture. "
                "Restart the encoder with other settings.");
        return;
    }
    jt_timer_start(worker->restart, (int64_t)INGEST_WORKER_RESTART_MS * JT_USEC_PER_MSEC, 0);
}

static void on_exit_status(void *arg, int64_t status, int signum)
{
    (void)status;
    worker_crashed(arg, signum ? "signal" : "exit");
}

static void on_link_end(void *arg, int error)
{
    (void)error;
    worker_crashed(arg, "link");
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_link_end};

static int spawn(struct worker *worker, int child_fd)
{
    const struct ingest_config *config = worker->pool->config;
    char path[JT_CONFIG_TEXT_MAX_BYTES], repair[ARGUMENT_BYTES], opus[ARGUMENT_BYTES],
        level[ARGUMENT_BYTES];
    char *argv[] = {path, repair, opus, level, NULL};
    static const char *const levels[] = {"error", "warn", "info", "debug"};

    (void)snprintf(path, sizeof(path), "%s", config->worker_path);
    (void)snprintf(repair, sizeof(repair), "--worker.repair_bitrate_kbps=%lld",
                   (long long)config->worker_repair_bitrate_kbps);
    (void)snprintf(opus, sizeof(opus), "--worker.opus_bitrate_kbps=%lld",
                   (long long)config->worker_opus_bitrate_kbps);
    (void)snprintf(level, sizeof(level), "--log.level=%s", levels[config->log_level]);
    return jt_process_start(worker->pool->loop, argv, child_fd, on_exit_status, worker,
                            &worker->process);
}

static void worker_start(void *arg)
{
    struct worker *worker = arg;
    int pair[2];
    int err;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair)) {
        jt_warn("worker.start", KV("show", worker->show), KV("err", -errno));
        jt_timer_start(worker->restart, JT_USEC_PER_SEC, 0);
        return;
    }
    err = jt_link_new(worker->pool->loop, pair[0], &link_ops, worker, &worker->wire);
    if (err) {
        (void)close(pair[0]);
    } else {
        err = spawn(worker, pair[1]);
    }
    (void)close(pair[1]);
    if (err) {
        jt_warn("worker.start", KV("show", worker->show), KV("err", err));
        worker_stop(worker);
        jt_timer_start(worker->restart, JT_USEC_PER_SEC, 0);
        return;
    }
    jt_metric_add(&workers_gauge, NULL, 1);
    jt_info("worker.start", KV("show", worker->show),
            KV("pid", (int)jt_process_pid(worker->process)));
}

static int worker_new(struct ingest_workers *pool, const char *show, struct worker **out)
{
    struct worker *worker = calloc(1, sizeof(*worker));
    int err;

    if (!worker)
        return -ENOMEM;
    worker->pool = pool;
    (void)snprintf(worker->show, sizeof(worker->show), "%s", show);
    err = jt_timer_new(pool->loop, "worker.restart", worker_start, worker, &worker->restart);
    if (err) {
        free(worker);
        return err;
    }
    LIST_INSERT_HEAD(&pool->list, worker, link);
    worker_start(worker);
    *out = worker;
    return 0;
}

static void worker_free(struct worker *worker)
{
    for (size_t i = 0; i < worker->job_count; i++)
        if (worker->jobs[i].product == PRODUCT_REPAIR)
            count_repairs(worker->pool, -1);
    LIST_REMOVE(worker, link);
    jt_timer_free(worker->restart);
    worker_stop(worker);
    free(worker);
}

/* ---- what is to be made ---- */

static bool has_job(const struct worker *worker, uint32_t track_id, enum product product)
{
    for (size_t i = 0; i < worker->job_count; i++)
        if (worker->jobs[i].track_id == track_id && worker->jobs[i].product == product)
            return true;
    return false;
}

static void add_job(struct ingest_workers *pool, const struct ingest_show *show,
                    const struct ingest_track *track, enum product product)
{
    struct worker *worker = find(pool, ingest_show_name(show));
    struct job job = {.track_id = track->id, .product = product};

    if (!worker && worker_new(pool, ingest_show_name(show), &worker))
        return;
    if (worker->job_count == JOBS_MAX)
        return;
    worker->jobs[worker->job_count++] = job;
    if (product == PRODUCT_REPAIR)
        count_repairs(pool, 1);
    if (worker->has_hello)
        send_demand(worker, &job, true);
}

static void drop_job(struct worker *worker, size_t i, bool tell)
{
    if (worker->jobs[i].product == PRODUCT_REPAIR)
        count_repairs(worker->pool, -1);
    if (tell && worker->has_hello)
        send_demand(worker, &worker->jobs[i], false);
    worker->jobs[i] = worker->jobs[--worker->job_count];
}

static void want_repair(struct ingest_workers *pool, const struct ingest_show *show,
                        const struct ingest_track *track)
{
    struct worker *worker = find(pool, ingest_show_name(show));
    struct ingest_show *seller = ingest_show_find(pool->shows, ingest_show_name(show));

    if (worker && has_job(worker, track->id, PRODUCT_REPAIR))
        return;
    if (pool->repairs >= pool->config->worker_repair_max) {
        ingest_show_warn(
            seller, "b_frames",
            "The encoder sends B-frames, which browsers can't show live, and this server has no "
            "room to convert them. Set B-frames to 0 (x264: bframes=0 or tune zerolatency).");
        return;
    }
    add_job(pool, show, track, PRODUCT_REPAIR);
    ingest_show_warn(seller, "b_frames_repaired",
                     "The encoder sends B-frames: viewers see re-encoded video. Set B-frames to 0 "
                     "(x264: bframes=0 or tune zerolatency) for a sharper picture and less delay.");
}

static void on_track(void *arg, const struct ingest_show *show, const struct ingest_track *track)
{
    struct ingest_workers *pool = arg;
    struct worker *worker = find(pool, ingest_show_name(show));

    if (!track->writer)
        return;
    if (worker && worker->has_hello)
        send_track(worker, show, track);
    if (track->info.codec == JT_CODEC_AAC)
        add_job(pool, show, track, PRODUCT_OPUS);
    if (track->info.codec == JT_CODEC_H264 && track->info.has_b_frames)
        want_repair(pool, show, track);
}

static void on_track_changed(void *arg, const struct ingest_show *show,
                             const struct ingest_track *track)
{
    struct ingest_workers *pool = arg;
    struct worker *worker = find(pool, ingest_show_name(show));

    if (track->info.codec != JT_CODEC_H264)
        return;
    if (track->info.has_b_frames) {
        want_repair(pool, show, track);
        return;
    }
    for (size_t i = 0; worker && i < worker->job_count; i++)
        if (worker->jobs[i].track_id == track->id && worker->jobs[i].product == PRODUCT_REPAIR) {
            drop_job(worker, i, true);
            ingest_show_end_made(ingest_show_find(pool->shows, ingest_show_name(show)), track->id,
                                 JT_CODEC_H264);
            break;
        }
}

static void on_track_end(void *arg, const struct ingest_show *show,
                         const struct ingest_track *track)
{
    struct worker *worker = find(arg, ingest_show_name(show));
    struct jt_control message;

    if (!worker || !track->writer)
        return;
    for (size_t i = worker->job_count; i-- > 0;)
        if (worker->jobs[i].track_id == track->id)
            drop_job(worker, i, false);
    if (!worker->has_hello)
        return;
    message = ingest_message_track_end(show, track);
    jt_link_send(worker->wire, &message, NULL);
}

static void on_state(void *arg, const struct ingest_show *show)
{
    struct worker *worker = find(arg, ingest_show_name(show));
    struct jt_control message;

    if (!worker)
        return;
    if (ingest_show_state(show) == JT_SHOW_ENDED) {
        worker_free(worker);
        return;
    }
    if (ingest_show_state(show) == JT_SHOW_LIVE && worker->is_given_up) {
        worker->is_given_up = false; /* the publisher came anew, perhaps with other settings */
        memset(worker->crashed_at_us, 0, sizeof(worker->crashed_at_us));
        worker_start(worker);
    }
    if (worker->has_hello) {
        message = ingest_message_show(show);
        jt_link_send(worker->wire, &message, NULL);
    }
}

static const struct ingest_show_events show_events = {.on_state = on_state,
                                                      .on_track = on_track,
                                                      .on_track_changed = on_track_changed,
                                                      .on_track_end = on_track_end};

int ingest_workers_new(struct jt_loop *loop, const struct ingest_config *config,
                       struct ingest_shows *shows, struct jt_bells *bells,
                       struct ingest_workers **out)
{
    struct ingest_workers *pool = calloc(1, sizeof(*pool));
    int err;

    if (!pool)
        return -ENOMEM;
    pool->loop = loop;
    pool->config = config;
    pool->shows = shows;
    pool->bells = bells;
    LIST_INIT(&pool->list);
    err = ingest_shows_listen(shows, &show_events, pool);
    if (err) {
        free(pool);
        return err;
    }
    jt_metric_set(&workers_gauge, NULL, 0);
    *out = pool;
    return 0;
}

void ingest_workers_free(struct ingest_workers *pool)
{
    struct worker *worker;

    if (!pool)
        return;
    while ((worker = LIST_FIRST(&pool->list)))
        worker_free(worker);
    free(pool);
}

void ingest_workers_on_bell(void *arg, unsigned number, const int *fds)
{
    struct ingest_workers *pool = arg;
    struct worker *worker;

    LIST_FOREACH (worker, &pool->list, link)
        if (worker->has_hello)
            send_bell(worker, number, fds);
}
