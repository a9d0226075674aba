/* jangteo-worker: converts one show's media for ingest, which starts it. Ends with its link. */
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <unistd.h>

#include <gst/gst.h>

#include "base/log.h"
#include "ingest/worker/config.h"
#include "ingest/worker/product.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "ring/bells.h"
#include "ring/link.h"
#include "ring/wake.h"

enum {
    NICENESS = 5, /* what viewers get comes first */
    TRACKS_MAX = 8,
    PRODUCTS_MAX = 8,
};

struct product {
    uint32_t track;
    char name[16];
    struct worker_product *made;
};

struct worker {
    struct worker_config config;
    struct jt_loop *loop;
    struct jt_link *link;
    struct jt_bell *bell;
    struct jt_watch *bell_watch;
    struct jt_bells *bells;
    char show[JT_SHOW_NAME_MAX_BYTES];
    struct worker_origin tracks[TRACKS_MAX];
    size_t track_count;
    struct product products[PRODUCTS_MAX];
    size_t product_count;
    bool has_failed;
};

static void fail(void *arg, const char *what)
{
    struct worker *worker = arg;

    jt_error("worker.failed", KV("show", (const char *)worker->show), KV("what", what));
    worker->has_failed = true;
    jt_loop_stop(worker->loop);
}

/* ---- what ingest says ---- */

static void on_reader(struct worker *worker, const struct jt_control *message, int *fds)
{
    const int pair[2] = {message->on ? fds[0] : -1, message->on ? fds[1] : -1};

    if (!message->on)
        jt_bells_remove(worker->bells, message->track);
    else if (jt_bells_add(worker->bells, message->track, pair) == 0)
        fds[0] = fds[1] = -1; /* taken */
}

static void on_track(struct worker *worker, const struct jt_control *message, int *fds)
{
    if (worker->track_count == TRACKS_MAX)
        return;
    worker->tracks[worker->track_count++] =
        (struct worker_origin){.track = message->track, .epoch = message->epoch, .ring_fd = fds[0]};
    fds[0] = -1; /* taken */
}

static void drop_product(struct worker *worker, size_t i)
{
    worker_product_free(worker->products[i].made);
    worker->products[i] = worker->products[--worker->product_count];
}

static void on_track_end(struct worker *worker, const struct jt_control *message)
{
    for (size_t i = worker->product_count; i-- > 0;)
        if (worker->products[i].track == message->track)
            drop_product(worker, i);
    for (size_t i = 0; i < worker->track_count; i++)
        if (worker->tracks[i].track == message->track) {
            (void)close(worker->tracks[i].ring_fd);
            worker->tracks[i] = worker->tracks[--worker->track_count];
            return;
        }
}

static const struct worker_origin *find_track(const struct worker *worker, uint32_t track)
{
    for (size_t i = 0; i < worker->track_count; i++)
        if (worker->tracks[i].track == track)
            return &worker->tracks[i];
    return NULL;
}

static void add_product(struct worker *worker, const struct jt_control *message)
{
    const struct worker_context context = {.config = &worker->config,
                                           .loop = worker->loop,
                                           .link = worker->link,
                                           .bells = worker->bells,
                                           .show = worker->show,
                                           .on_failure = fail,
                                           .arg = worker};
    const struct worker_origin *origin = find_track(worker, message->track);
    struct product *product = &worker->products[worker->product_count];
    int err;

    if (!origin || worker->product_count == PRODUCTS_MAX)
        return;
    *product = (struct product){.track = message->track};
    (void)snprintf(product->name, sizeof(product->name), "%.15s", message->name);
    err = worker_product_new(&context, message->name, origin, &product->made);
    if (err)
        fail(worker, strerror(-err));
    else
        worker->product_count++;
}

static void on_demand(struct worker *worker, const struct jt_control *message)
{
    for (size_t i = 0; i < worker->product_count; i++)
        if (worker->products[i].track == message->track &&
            strcmp(worker->products[i].name, message->name) == 0) {
            if (!message->on)
                drop_product(worker, i);
            return;
        }
    if (message->on)
        add_product(worker, message);
}

static void on_message(void *arg, const struct jt_control *message, int *fds)
{
    struct worker *worker = arg;

    switch (message->type) {
    case JT_CONTROL_SHOW:
        (void)snprintf(worker->show, sizeof(worker->show), "%s", message->show);
        break;
    case JT_CONTROL_READER:
        on_reader(worker, message, fds);
        break;
    case JT_CONTROL_TRACK:
        on_track(worker, message, fds);
        break;
    case JT_CONTROL_TRACK_END:
        on_track_end(worker, message);
        break;
    case JT_CONTROL_DEMAND:
        on_demand(worker, message);
        break;
    case JT_CONTROL_KEYFRAME:
        for (size_t i = 0; i < worker->product_count; i++)
            worker_product_request_key_frame(worker->products[i].made);
        break;
    default:
        break;
    }
}

static void on_end(void *arg, int error)
{
    struct worker *worker = arg;

    (void)error; /* ingest is done with us, or gone: either way there is nothing left to do */
    jt_loop_stop(worker->loop);
}

static const struct jt_link_ops link_ops = {.on_message = on_message, .on_end = on_end};

static void pump(struct worker *worker)
{
    for (size_t i = 0; i < worker->product_count; i++)
        worker_product_pump(worker->products[i].made);
}

static void on_bell(void *arg, int events)
{
    struct worker *worker = arg;

    (void)events;
    jt_bell_awake(worker->bell);
    pump(worker);
    jt_bell_sleep(worker->bell);
    pump(worker);
}

/* ---- life ---- */

static int build(struct worker *worker)
{
    struct jt_control reader = {.type = JT_CONTROL_READER, .track = 1, .on = true};
    int fds[2];
    int err = jt_loop_new("worker", &worker->loop);

    if (!err)
        err = jt_bells_new(&worker->bells);
    if (!err)
        err = jt_bell_new(&worker->bell);
    if (!err)
        err = jt_watch_new(worker->loop, "worker.bell", jt_bell_fd(worker->bell), JT_READABLE,
                           on_bell, worker, &worker->bell_watch);
    if (!err)
        err = jt_link_new(worker->loop, JT_PROCESS_LINK_FD, &link_ops, worker, &worker->link);
    if (err)
        return err;
    jt_bell_sleep(worker->bell);
    jt_bell_fds(worker->bell, fds);
    jt_link_hello(worker->link, JT_ROLE_WORKER);
    jt_link_send(worker->link, &reader, fds);
    return 0;
}

static void tear_down(struct worker *worker)
{
    while (worker->product_count)
        drop_product(worker, worker->product_count - 1);
    while (worker->track_count)
        (void)close(worker->tracks[--worker->track_count].ring_fd);
    jt_link_free(worker->link);
    if (worker->bell_watch)
        jt_watch_free(worker->bell_watch);
    jt_bell_free(worker->bell);
    jt_bells_free(worker->bells);
    jt_loop_free(worker->loop);
}

int main(int argc, char **argv)
{
    static struct worker worker;
    int action = worker_config_load(&worker.config, argc, argv);
    int err;

    if (action != JT_CONFIG_RUN)
        return action == JT_CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)setpriority(PRIO_PROCESS, 0, NICENESS);
    jt_log_init("worker", (enum jt_log_level)worker.config.log_level);
    gst_init(NULL, NULL);
    err = build(&worker);
    if (err)
        jt_error("worker.start", KV("err", strerror(-err)));
    else
        jt_loop_run(worker.loop);
    tear_down(&worker);
    return err || worker.has_failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
