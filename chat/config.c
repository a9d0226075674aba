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
    {"admin.listen", JT_OPTION_TEXT, AT(admin_listen), "127.0.0.1:9083", 0, 0, NULL,
     "address of /healthz, /readyz and /metrics", false},
};

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
    err = jt_config_fill_path(config->http_socket, config->run_dir, "chat-http.sock");
    return err ? err : JT_CONFIG_RUN;
}
