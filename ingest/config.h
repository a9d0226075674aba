/** What an operator may set for jangteo-ingest; the table in config.c says default, range and meaning of each. */
#ifndef INGEST_CONFIG_H
#define INGEST_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/config.h"

enum ingest_auth { INGEST_AUTH_HOOK, INGEST_AUTH_OPEN };

struct ingest_config {
    int log_level; /* enum jt_log_level */
    char run_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char data_dir[JT_CONFIG_TEXT_MAX_BYTES];
    char control[JT_CONFIG_TEXT_MAX_BYTES];
    char http_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char http_socket[JT_CONFIG_TEXT_MAX_BYTES];
    char admin_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char rtmp_listen[JT_CONFIG_TEXT_MAX_BYTES];
    char rtmp_play_url[JT_CONFIG_TEXT_MAX_BYTES];
    int64_t rtmp_connections_max;
    int64_t rtmp_handshake_ms;
    int64_t rtmp_publish_ms;
    int64_t rtmp_first_media_ms;
    int64_t rtmp_silence_ms;
    int64_t rtmp_rate_max_bps;
    int auth_publish; /* enum ingest_auth */
    char auth_keys[JT_CONFIG_TEXT_MAX_BYTES];
    char hook_url[JT_CONFIG_TEXT_MAX_BYTES];
    bool hook_private;
    int64_t show_grace_ms;
    char worker_path[JT_CONFIG_TEXT_MAX_BYTES];
    int64_t worker_repair_max; /* -1: one per two cores */
    int64_t worker_repair_bitrate_kbps;
    int64_t worker_opus_bitrate_kbps;
};

/** As jt_config_load; also fills in what depends on other options (paths in the run directory). */
JT_MUST_CHECK int ingest_config_load(struct ingest_config *config, int argc, char **argv);

#endif
