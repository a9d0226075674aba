#include "ingest/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "hook/target.h"
#include "net/address.h"

#define AT(field) offsetof(struct ingest_config, field)

static const struct jt_option options[] = {
    {"log.level", JT_OPTION_CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "most talkative level that is logged", false},
    {"run.dir", JT_OPTION_TEXT, AT(run_dir), "data/run", 0, 0, NULL,
     "directory of the unix sockets the services meet at", false},
    {"data.dir", JT_OPTION_TEXT, AT(data_dir), "data", 0, 0, NULL, "directory of everything kept",
     false},
    {"ingest.control", JT_OPTION_TEXT, AT(control), "", 0, 0, NULL,
     "control socket for relay, chat and workers; empty: ingest.sock in run.dir", false},
    {"http.listen", JT_OPTION_TEXT, AT(http_listen), "127.0.0.1:8081", 0, 0, NULL,
     "own HTTP address; empty: none", false},
    {"http.socket", JT_OPTION_TEXT, AT(http_socket), "", 0, 0, NULL,
     "unix socket for the front door; empty: ingest-http.sock in run.dir", false},
    {"admin.listen", JT_OPTION_TEXT, AT(admin_listen), "127.0.0.1:9081", 0, 0, NULL,
     "address of /healthz, /readyz and /metrics", false},
    {"rtmp.listen", JT_OPTION_TEXT, AT(rtmp_listen), "127.0.0.1:1935", 0, 0, NULL,
     "address RTMP publishers connect to", false},
    {"rtmp.play_url", JT_OPTION_TEXT, AT(rtmp_play_url), "", 0, 0, NULL,
     "where a player that connects here is sent, e.g. rtmp://host:1937; empty: it is refused",
     false},
    {"rtmp.connections_max", JT_OPTION_INT, AT(rtmp_connections_max), "4096", 1, 15000, NULL,
     "RTMP connections at a time", false},
    {"rtmp.handshake_ms", JT_OPTION_INT, AT(rtmp_handshake_ms), "5000", 100, 60000, NULL,
     "milliseconds for the RTMP handshake", false},
    {"rtmp.publish_ms", JT_OPTION_INT, AT(rtmp_publish_ms), "10000", 100, 60000, NULL,
     "milliseconds from the handshake to publish", false},
    {"rtmp.first_media_ms", JT_OPTION_INT, AT(rtmp_first_media_ms), "10000", 100, 60000, NULL,
     "milliseconds from publish to the first audio or video", false},
    {"rtmp.silence_ms", JT_OPTION_INT, AT(rtmp_silence_ms), "30000", 100, 600000, NULL,
     "milliseconds without audio or video after which a publisher is given up", false},
    {"rtmp.rate_max_bps", JT_OPTION_INT, AT(rtmp_rate_max_bps), "20000000", 100000, 1000000000,
     NULL, "bits per second a publisher may send, over 5 s", false},
    {"auth.publish", JT_OPTION_CHOICE, AT(auth_publish), "hook", 0, 0, "hook|open",
     "who may publish: those the hook allows, or anybody (loopback only)", false},
    {"auth.keys", JT_OPTION_TEXT, AT(auth_keys), "", 0, 0, NULL,
     "file of the keys the services share, made by chat; empty: keys/jangteo.keys in data.dir",
     false},
    {"hook.url", JT_OPTION_TEXT, AT(hook_url), "", 0, 0, NULL,
     "where hooks go: unix:PATH, or an http or https URL; empty: unix:chat-hooks.sock in run.dir",
     false},
    {"hook.private", JT_OPTION_BOOL, AT(hook_private), "no", 0, 0, NULL,
     "whether the name in hook.url may lead into a private network", false},
    {"show.grace_ms", JT_OPTION_INT, AT(show_grace_ms), "60000", 0, 1800000, NULL,
     "milliseconds a show waits for its publisher to return", false},
    {"worker.path", JT_OPTION_TEXT, AT(worker_path), "", 0, 0, NULL,
     "media worker's program; empty: jangteo-worker beside this one", false},
    {"worker.repair_max", JT_OPTION_INT, AT(worker_repair_max), "-1", -1, 64, NULL,
     "streams with B-frames re-encoded at a time; -1: one per two cores", false},
    {"worker.repair_bitrate_kbps", JT_OPTION_INT, AT(worker_repair_bitrate_kbps), "2500", 100,
     20000, NULL, "bitrate of re-encoded video in kbit/s", false},
    {"worker.opus_bitrate_kbps", JT_OPTION_INT, AT(worker_opus_bitrate_kbps), "96", 16, 320, NULL,
     "bitrate of Opus made from AAC in kbit/s", false},
};

/* Anybody may publish only where nobody but this machine can reach us. */
static int check_open_mode(const struct ingest_config *config)
{
    const char *const listeners[] = {config->rtmp_listen, config->http_listen,
                                     config->admin_listen};
    struct jt_address address;

    if (config->auth_publish != INGEST_AUTH_OPEN)
        return 0;
    for (size_t i = 0; i < JT_COUNT(listeners); i++) {
        if (!listeners[i][0])
            continue;
        if (jt_address_parse(listeners[i], &address) || !jt_address_is_loopback(&address)) {
            (void)fprintf(stderr,
                          "auth.publish=open needs loopback listeners only, but there is %s\n",
                          listeners[i]);
            return -EINVAL;
        }
    }
    return 0;
}

int ingest_config_load(struct ingest_config *config, int argc, char **argv)
{
    const struct jt_config_spec spec = {
        .program = "jangteo-ingest",
        .summary = "takes sellers' live video by RTMP and publishes it into shared memory",
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
        err = jt_config_fill_path(config->http_socket, config->run_dir, "ingest-http.sock");
    if (!err)
        err = jt_config_fill_path(config->auth_keys, config->data_dir, "keys/jangteo.keys");
    if (!err)
        err = jt_hook_target_fill(config->hook_url, config->run_dir);
    if (!err)
        err = jt_config_fill_program(config->worker_path, "jangteo-worker");
    if (!err)
        err = check_open_mode(config);
    if (config->worker_repair_max < 0)
        config->worker_repair_max = JT_MAX(1, sysconf(_SC_NPROCESSORS_ONLN) / 2);
    return err ? err : JT_CONFIG_RUN;
}
