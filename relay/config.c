#include "relay/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hook/target.h"

#define AT(field) offsetof(struct relay_config, field)

static const struct jt_option options[] = {
    {"log.level", JT_OPTION_CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "most talkative level that is logged", false},
    {"run.dir", JT_OPTION_TEXT, AT(run_dir), "data/run", 0, 0, NULL,
     "directory of the unix sockets the services meet at", false},
    {"data.dir", JT_OPTION_TEXT, AT(data_dir), "data", 0, 0, NULL, "directory of everything kept",
     false},
    {"ingest.control", JT_OPTION_TEXT, AT(control), "", 0, 0, NULL,
     "ingest's control socket; empty: ingest.sock in run.dir", false},
    {"http.listen", JT_OPTION_TEXT, AT(http_listen), "127.0.0.1:8082", 0, 0, NULL,
     "own HTTP address; empty: none", false},
    {"http.socket", JT_OPTION_TEXT, AT(http_socket), "", 0, 0, NULL,
     "unix socket for the front door; empty: relay-http.sock in run.dir", false},
    {"admin.listen", JT_OPTION_TEXT, AT(admin_listen), "127.0.0.1:9082", 0, 0, NULL,
     "address of /healthz, /readyz and /metrics", false},
    {"auth.keys", JT_OPTION_TEXT, AT(auth_keys), "", 0, 0, NULL,
     "file of the keys the services share, made by chat; empty: keys/jangteo.keys in data.dir",
     false},
    {"hook.url", JT_OPTION_TEXT, AT(hook_url), "", 0, 0, NULL,
     "where hooks go: unix:PATH, or an http or https URL; empty: unix:chat-hooks.sock in run.dir",
     false},
    {"hook.private", JT_OPTION_BOOL, AT(hook_private), "no", 0, 0, NULL,
     "whether the name in hook.url may lead into a private network", false},
    {"rtc.listen", JT_OPTION_TEXT, AT(rtc_listen), "127.0.0.1:8190", 0, 0, NULL,
     "UDP address of WebRTC media; *:8190 is every address, IPv4 and IPv6", false},
    {"rtc.advertise", JT_OPTION_TEXT, AT(rtc_advertise), "", 0, 0, NULL,
     "addresses viewers are told, separated by commas; empty: the bound one, or those of all "
     "interfaces",
     false},
    {"rtc.setup_ms", JT_OPTION_INT, AT(rtc_setup_ms), "15000", 500, 60000, NULL,
     "milliseconds from the offer to a finished DTLS handshake", false},
    {"relay.workers", JT_OPTION_INT, AT(workers), "0", 0, RELAY_WORKERS_MAX, NULL,
     "threads that send media; 0: one per core", false},
    {"relay.viewers_max", JT_OPTION_INT, AT(viewers_max), "4000", 1, 16000, NULL,
     "viewers at a time; further ones get 503", false},
    {"whep.posts_per_s", JT_OPTION_INT, AT(whep_posts_per_s), "20", 1, 10000, NULL,
     "offers a second one address may make; carriers put many viewers behind one", false},
    {"whep.posts_burst", JT_OPTION_INT, AT(whep_posts_burst), "100", 1, 100000, NULL,
     "offers one address may make at once", false},
    {"relay.grace_ms", JT_OPTION_INT, AT(grace_ms), "60000", 0, 1800000, NULL,
     "milliseconds viewers are kept when ingest is gone", false},
    {"relay.rtx_percent", JT_OPTION_INT, AT(rtx_percent), "25", 0, 100, NULL,
     "resent bytes a viewer may cause, in percent of what it is sent", false},
    {"relay.catchup_min_bps", JT_OPTION_INT, AT(catchup_min_bps), "8000000", 500000, 1000000000,
     NULL,
     "bits per second at which a joining viewer is brought to the live edge, if four times the "
     "stream is less",
     false},
};

int relay_config_load(struct relay_config *config, int argc, char **argv)
{
    const struct jt_config_spec spec = {
        .program = "jangteo-relay",
        .summary = "reads live shows out of shared memory and fans them out to viewers",
        .options = options,
        .count = JT_COUNT(options),
    };
    int action;
    int err;

    memset(config, 0, sizeof(*config));
    action = jt_config_load(&spec, config, argc, argv, stderr);
    if (action != JT_CONFIG_RUN)
        return action;
    err = jt_config_fill_path(config->control, config->run_dir, "ingest.sock");
    if (!err)
        err = jt_config_fill_path(config->http_socket, config->run_dir, "relay-http.sock");
    if (!err)
        err = jt_config_fill_path(config->auth_keys, config->data_dir, "keys/jangteo.keys");
    if (!err)
        err = jt_hook_target_fill(config->hook_url, config->run_dir);
    if (config->workers == 0)
        config->workers = JT_MIN(JT_MAX(1, sysconf(_SC_NPROCESSORS_ONLN)), RELAY_WORKERS_MAX);
    return err ? err : JT_CONFIG_RUN;
}
