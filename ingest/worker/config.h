/** What ingest tells a media worker on its command line. */
#ifndef WORKER_CONFIG_H
#define WORKER_CONFIG_H

#include <stdint.h>

#include "base/config.h"

struct worker_config {
    int log_level; /* enum jt_log_level */
    int64_t repair_bitrate_kbps;
    int64_t opus_bitrate_kbps;
};

JT_MUST_CHECK int worker_config_load(struct worker_config *config, int argc, char **argv);

#endif
