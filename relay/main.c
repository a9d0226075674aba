/* jangteo-relay: live shows out of shared memory to viewers. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/log.h"
#include "http/admin.h"
#include "http/server.h"
#include "hook/hook.h"
#include "loop/loop.h"
#include "relay/config.h"
#include "relay/directory.h"
#include "relay/report.h"
#include "relay/whep.h"
#include "relay/worker.h"
#include "rtc/dtls.h"
#include "whip/resource.h"

struct relay {
    struct relay_config config;
    struct jt_loop *loop;
    struct jt_signal *sigint, *sigterm;
    struct jt_hooks *hooks;
    struct jt_dtls_identity *identity;
    struct relay_workers *workers;
    struct relay_whep *whep;
    struct relay_directory *directory;
    struct relay_report *report;
    struct jt_http_server *http, *admin;
};

static bool is_ready(void *arg, char *why, size_t capacity)
{
    struct relay *relay = arg;

    if (relay_directory_is_connected(relay->directory))
        return true;
    (void)strncpy(why, "ingest is not connected", capacity - 1);
    return false;
}

static void on_signal(void *arg, int signum)
{
    struct relay *relay = arg;

    jt_info("relay.stop", KV("signal", signum));
    jt_loop_stop(relay->loop);
}

static int step(int err, const char *what)
{
    if (err)
        jt_error("relay.start", KV("part", what), KV("err", strerror(-err)));
    return err;
}

static int start_http(struct relay *relay)
{
    struct jt_http_route routes[JT_WHIP_ROUTES + RELAY_DIRECTORY_ROUTES];
    const struct jt_http_config http = {.name = "http",
                                        .listen = relay->config.http_listen,
                                        .unix_socket = relay->config.http_socket,
                                        .routes = routes,
                                        .route_count = JT_COUNT(routes)};

    jt_whip_routes(relay_whep_endpoint(relay->whep), routes);
    relay_directory_routes(relay->directory, routes + JT_WHIP_ROUTES);
    return jt_http_server_new(&http, &relay->http);
}

/* Nobody waits for an answer. */
static int start_hooks(struct relay *relay)
{
    const struct jt_hooks_config hooks = {.url = relay->config.hook_url,
                                          .key_path = relay->config.auth_keys,
                                          .may_private = relay->config.hook_private};

    return jt_hooks_new(&hooks, &relay->hooks);
}

static int build(struct relay *relay)
{
    const struct relay_config *config = &relay->config;
    int err = step(jt_loop_new("relay", &relay->loop), "loop");

    if (!err)
        err = step(jt_signal_new(relay->loop, SIGINT, on_signal, relay, &relay->sigint), "signals");
    if (!err)
        err =
            step(jt_signal_new(relay->loop, SIGTERM, on_signal, relay, &relay->sigterm), "signals");
    if (!err)
        err = step(start_hooks(relay), "hook.url");
    if (!err)
        err = step(jt_dtls_identity_new(&relay->identity), "certificate");
    if (!err)
        err = step(relay_workers_new(&(struct relay_workers_setup){config, relay->identity},
                                     &relay->workers),
                   "rtc.listen");
    if (!err)
        err = step(relay_whep_new(config, relay->workers, relay->hooks, &relay->whep), "whep");
    if (!err)
        err = step(relay_directory_new(relay->loop, config, relay->workers, &relay->directory),
                   "ingest.control");
    if (!err)
        err = step(relay_report_new(relay->loop, relay_workers_audience(relay->workers),
                                    relay->hooks, &relay->report),
                   "report");
    if (!err)
        err = step(start_http(relay), "http.listen");
    if (!err)
        err = step(jt_admin_new(config->admin_listen, is_ready, relay, &relay->admin),
                   "admin.listen");
    return err;
}

static void tear_down(struct relay *relay)
{
    jt_http_server_free(relay->admin);
    jt_http_server_free(relay->http);
    relay_report_free(relay->report);
    relay_directory_free(relay->directory);
    relay_workers_free(relay->workers);
    relay_whep_free(relay->whep);
    jt_dtls_identity_free(relay->identity);
    jt_hooks_free(relay->hooks);
    jt_signal_free(relay->sigterm);
    jt_signal_free(relay->sigint);
    jt_loop_free(relay->loop);
}

int main(int argc, char **argv)
{
    static struct relay relay;
    int action = relay_config_load(&relay.config, argc, argv);
    int err;

    if (action != JT_CONFIG_RUN)
        return action == JT_CONFIG_EXIT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
    (void)signal(SIGPIPE, SIG_IGN);
    (void)umask(007); /* sockets 0660 */
    jt_log_init("relay", (enum jt_log_level)relay.config.log_level);
    err = build(&relay);
    if (!err) {
        jt_info("relay.ready", KV("rtc", (const char *)relay.config.rtc_listen),
                KV("workers", relay_workers_count(relay.workers)));
        jt_loop_run(relay.loop);
    }
    tear_down(&relay);
    return err ? EXIT_FAILURE : EXIT_SUCCESS;
}
