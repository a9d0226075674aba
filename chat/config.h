/** What an operator may set for jangteo-chat; the table in config.c says default, range and meaning
 * of each. */
#ifndef CHAT_CONFIG_H
#define CHAT_CONFIG_H

#include <stdint.h>

#include "base/config.h"

struct chat_config {
    int log_level; /* enum jt_log_level */
    char run_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char data_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char http_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char http_socket[JT_CONFIG_TEXT_MAX_BYTES];
    char http_hosts[JT_CONFIG_TEXT_MAX_BYTES];
    char http_origins[JT_CONFIG_TEXT_MAX_BYTES];
    int64_t http_header_timeout_ms;
    int64_t http_body_timeout_ms;
    int64_t http_per_address, ws_per_address;
    char admin_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char auth_keys[JT_CONFIG_TEXT_MAX_BYTES];
    char hooks_socket[JT_CONFIG_TEXT_MAX_BYTES];
    char ingest_control[JT_CONFIG_TEXT_MAX_BYTES];
    char store_path[JT_CONFIG_TEXT_MAX_BYTES];
    char store_backups[JT_CONFIG_TEXT_MAX_BYTES];
    char pictures_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char picture_path[JT_CONFIG_TEXT_MAX_BYTES];
    char rtmp_url[JT_CONFIG_TEXT_MAX_BYTES];
    char operator_link[JT_CONFIG_TEXT_MAX_BYTES];
    int64_t show_grace_ms;
};

/** As jt_config_load; also fills in what depends on other options. */
JT_MUST_CHECK int chat_config_load(struct chat_config *config, int argc, char **argv);

#endif
