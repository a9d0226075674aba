#include "chat/config.h"

#include <errno.h>
#include <stdio.h>

#define AT(field) offsetof(struct chat_config, field)

static const struct jt_option options[] = {
    {"log.level", JT_OPTION_CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "most talkative level that is logged", false},
    {"run.dir", JT_OPTION_TEXT, AT(run_dir), "data/run", 0, 0, NULL,
     "directory of the unix sockets the services meet at", false},
    {"data.dir", JT_OPTION_TEXT, AT(data_dir), "data", 0, 0, NULL, "directory of everything kept",
     false},
    {"http.listen", JT_OPTION_TEXT, AT(http_listen), "127.0.0.1:8083", 0, 0, NULL,
     "own HTTP address; empty: none", false},
    {"http.socket", JT_OPTION_TEXT, AT(http_socket), "", 0, 0, NULL,
     "unix socket for the front door; empty: chat-http.sock in run.dir", false},
    {"http.hosts", JT_OPTION_TEXT, AT(http_hosts), "", 0, 0, NULL,
     "names in a Host field that are served beside loopback ones, separated by commas", false},
    {"http.origins", JT_OPTION_TEXT, AT(http_origins), "", 0, 0, NULL,
     "foreign origins whose pages may ask, separated by commas", false},
    {"http.header_timeout_ms", JT_OPTION_INT, AT(http_header_timeout_ms), "10000", 100, 60000, NULL,
     "milliseconds until a request's header fields must be there", false},
    {"http.body_timeout_ms", JT_OPTION_INT, AT(http_body_timeout_ms), "10000", 100, 60000, NULL,
     "milliseconds a request's content may stand still", false},
    {"http.per_address", JT_OPTION_INT, AT(http_per_address), "64", -1, 100000, NULL,
     "connections of one address on http.listen; -1: no cap", false},
    {"ws.per_address", JT_OPTION_INT, AT(ws_per_address), "256", -1, 100000, NULL,
     "WebSockets of one address; -1: no cap", false},
    {"admin.listen", JT_OPTION_TEXT, AT(admin_listen), "127.0.0.1:9083", 0, 0, NULL,
     "address of /healthz, /readyz and /metrics", false},
    {"auth.keys", JT_OPTION_TEXT, AT(auth_keys), "", 0, 0, NULL,
     "file of the keys the services share, made here; empty: keys/jangteo.keys in data.dir", false},
    {"hook.socket", JT_OPTION_TEXT, AT(hooks_socket), "", 0, 0, NULL,
     "unix socket for hooks of ingest and relay; empty: chat-hooks.sock in run.dir", false},
    {"ingest.control", JT_OPTION_TEXT, AT(ingest_control), "", 0, 0, NULL,
     "ingest's control socket; empty: ingest.sock in run.dir", false},
    {"store.path", JT_OPTION_TEXT, AT(store_path), "", 0, 0, NULL,
     "file of the store; empty: jangteo.sqlite in data.dir", false},
    {"store.backups", JT_OPTION_TEXT, AT(store_backups), "", 0, 0, NULL,
     "directory of the copies made before the store changes its form; empty: backups in data.dir",
     false},
    {"picture.dir", JT_OPTION_TEXT, AT(pictures_dir), "", 0, 0, NULL,
     "directory of products' pictures; empty: pictures in data.dir", false},
    {"picture.path", JT_OPTION_TEXT, AT(picture_path), "", 0, 0, NULL,
     "program that decodes pictures; empty: jangteo-picture beside this one", false},
    {"rtmp.url", JT_OPTION_TEXT, AT(rtmp_url), "rtmp://127.0.0.1:1935/live", 0, 0, NULL,
     "where sellers are told to publish", false},
    {"operator.link", JT_OPTION_TEXT, AT(operator_link), "", 0, 0, NULL,
     "file that the first operator's one-time link is written to while there is none; empty: "
     "operator-link in data.dir",
     false},
    {"show.grace_ms", JT_OPTION_INT, AT(show_grace_ms), "60000", 0, 1800000, NULL,
     "milliseconds a show waits for its picture to return before it is over", false},
};

static int fill_paths(struct chat_config *config)
{
    const struct {
        char *field;
        const char *dir, *name;
    } paths[] = {
        {config->http_socket, config->run_dir, "chat-http.sock"},
        {config->hooks_socket, config->run_dir, "chat-hooks.sock"},
        {config->ingest_control, config->run_dir, "ingest.sock"},
        {config->auth_keys, config->data_dir, "keys/jangteo.keys"},
        {config->store_path, config->data_dir, "jangteo.sqlite"},
        {config->store_backups, config->data_dir, "backups"},
        {config->pictures_dir, config->data_dir, "pictures"},
        {config->operator_link, config->data_dir, "operator-link"},
    };
    int err = 0;

    for (size_t i = 0; !err && i < JT_COUNT(paths); i++)
        err = jt_config_fill_path(paths[i].field, paths[i].dir, paths[i].name);
    return err ? err : jt_config_fill_program(config->picture_path, "jangteo-picture");
}

int chat_config_load(struct chat_config *config, int argc, char **argv)
{
    const struct jt_config_spec spec = {
        .program = "jangteo-chat",
        .summary = "carries talk, carts and orders of a live show",
        .options = options,
        .count = JT_COUNT(options),
    };
    int action, err;

    *config = (struct chat_config){0};
    action = jt_config_load(&spec, config, argc, argv, stderr);
    if (action != JT_CONFIG_RUN)
        return action;
    err = fill_paths(config);
    return err ? err : JT_CONFIG_RUN;
}
