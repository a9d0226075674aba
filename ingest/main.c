/* jangteo-ingest: live video in, shared memory out. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "http/admin.h"
#include "http/server.h"
#include "ring/bells.h"
#include "ingest/admission.h"
#include "ingest/config.h"
#include "ingest/hub.h"
#include "ingest/report.h"
#include "ingest/rtmp_server.h"
#include "ingest/show.h"
#include "ingest/worker_pool.h"
#include "loop/loop.h"

struct ingest {
    struct ingest_config config;
    struct jt_loop *loop;
    struct jt_signal *sigint, *sigterm;
    struct ingest_shows *shows;
    struct jt_bells *bells;
    struct ingest_workers *workers;
    struct ingest_hub *hub;
    struct ingest_admission *admission; /* NULL in open mode, as the report */
    struct ingest_report *report;
    struct ingest_rtmp *rtmp;
    struct jt_http_server *http, *admin;
};

static bool is_ready(void *arg, char *why, size_t capacity)
{
    (void)arg;
    (void)why;
    (void)capacity;
    return true; /* the admin listener starts last, when all else stands */
}

static void on_signal(void *arg, int signum)
{
    struct ingest *ingest = arg;

    jt_info("ingest.stop", KV("signal", signum));
    jt_loop_stop(ingest->loop);
}

static int step(int err, const char *what)
{
    if (err)
        jt_error("ingest.start", KV("part", what), KV("err", strerror(-err)));
    return err;
}

/* No routes yet: what asks for WHIP learns that nothing is there. */
static int start_http(struct ingest *in)
{
    const struct jt_http_config http = {
        .name = "http", .listen = in->config.http_listen, .unix_socket = in->config.http_socket};

    return jt_http_server_new(&http, &in->http);
}

/* In open mode there is nothing to ask of chat, and nothing it would want to know. */
static int start_hooks(struct ingest *in)
{
    int err;

    if (in->config.auth_publish == INGEST_AUTH_OPEN)
        return 0;
    err = ingest_admission_new(in->loop, &in->config, in->shows, &in->admission);
    if (!err)
        err = ingest_report_new(in->loop, in->shows, ingest_admission_hooks(in->admission),
                                &in->report);
    return err;
}

static int start_rtmp(struct ingest *in)
{
    const struct ingest_rtmp_setup setup = {
        .config = &in->config, .shows = in->shows, .bells = in->bells, .admission = in->admission};

    return ingest_rtmp_new(in->loop, &setup, &in->rtmp);
}

static int build(struct ingest *in)
{
    const struct ingest_config *config = &in->config;
    int err = step(jt_loop_new("ingest", &in->loop), "loop");

    if (!err)
        err = step(jt_signal_new(in->loop, SIGINT, on_signal, in, &in->sigint), "signals");
    if (!err)
        err = step(jt_signal_new(in->loop, SIGTERM, on_signal, in, &in->sigterm), "signals");
    if (!err)
        err = step(ingest_shows_new(in->loop, config->show_grace_ms, &in->shows), "shows");
    if (!err)
        err = step(jt_bells_new(&in->bells), "bells");
    if (!err)
        err = step(ingest_workers_new(in->loop, config, in->shows, in->bells, &in->workers),
                   "workers");
    if (!err)
        err = step(ingest_hub_new(in->loop, config->control, in->shows, in->bells, &in->hub),
                   "ingest.control");
    if (!err)
        err = step(start_hooks(in), "hook.url");
    if (!err)
        err = step(start_rtmp(in), "rtmp.listen");
    if (!err)
        err = step(start_http(in), "http.listen");
    if (!err)
        err = step(jt_admin_new(config->admin_listen, is_ready, in, &in->admin), "admin.listen");
    return err;
}

static void tear_down(struct ingest *in)
{
    jt_http_server_free(in->admin);
    jt_http_server_free(in->http);
    ingest_rtmp_free(in->rtmp);
    if (in->shows)
        ingest_shows_silence(in->shows);
    ingest_report_free(in->report);
    ingest_admission_free(in->admission);
    ingest_hub_free(in->hub);
    ingest_workers_free(in->workers);
    ingest_shows_free(in->shows);
    jt_bells_free(in->bells);
    jt_signal_free(in->sigterm);
    jt_signal_free(in->sigint);
    jt_loop_free(in->loop);
}

int main(int argc, char **argv)
{
    static struct ingest ingest;
    int action = ingest_config_load(&ingest.config, argc, argv);
    int err;

    if (action != JT_CONFIG_RUN)
        return action == JT_CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(007); /* sockets 0660 */
    jt_log_init("ingest", (enum jt_log_level)ingest.config.log_level);
    err = build(&ingest);
    if (!err) {
        ingest_hub_on_bell(ingest.hub, ingest_workers_on_bell, ingest.workers);
        jt_info("ingest.ready", KV("rtmp", (const char *)ingest.config.rtmp_listen));
        jt_loop_run(ingest.loop);
    }
    tear_down(&ingest);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
