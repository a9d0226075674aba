/** What an operator may set for jangteo-relay; the table in config.c says default, range and meaning of each. */
#ifndef RELAY_CONFIG_H
#define RELAY_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"

enum { RELAY_WORKERS_MAX = 64 };

struct relay_config {
    int log_level; /* enum jt_log_level */
    char run_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char data_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char control[JT_CONFIG_TEXT_MAX_BYTES];
    char http_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char http_socket[JT_CONFIG_TEXT_MAX_BYTES];
    char admin_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char auth_keys[JT_CONFIG_TEXT_MAX_BYTES];
    char hook_url[JT_CONFIG_TEXT_MAX_BYTES];
    bool hook_private;
    char rtc_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char rtc_advertise[JT_CONFIG_TEXT_MAX_BYTES];
    int64_t rtc_setup_ms;
    int64_t workers; /* 0: one per core */
    int64_t viewers_max;
    int64_t whep_posts_per_s, whep_posts_burst;
    int64_t grace_ms;
    int64_t rtx_percent;
    int64_t catchup_min_bps;
};

/** As jt_config_load; also fills in what depends on other options. */
JT_MUST_CHECK int relay_config_load(struct relay_config *config, int argc, char **argv);

#endif
