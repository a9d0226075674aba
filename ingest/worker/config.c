#include "ingest/worker/config.h"

#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct worker_config, field)

static const struct jt_option options[] = {
    {"log.level", JT_OPTION_CHOICE, AT(log_level), "info", 0, 0, "error|warn|info|debug",
     "most talkative level that is logged", false},
    {"worker.repair_bitrate_kbps", JT_OPTION_INT, AT(repair_bitrate_kbps), "2500", 100, 20000, NULL,
     "bitrate of re-encoded video in kbit/s", false},
    {"worker.opus_bitrate_kbps", JT_OPTION_INT, AT(opus_bitrate_kbps), "96", 16, 320, NULL,
     "bitrate of Opus made from AAC in kbit/s", false},
};

int worker_config_load(struct worker_config *config, int argc, char **argv)
{
    const struct jt_config_spec spec = {
        .program = "jangteo-worker",
        .summary = "converts one show's media; started by jangteo-ingest with a control link as "
                   "descriptor 3",
        .options = options,
        .count = JT_COUNT(options),
    };

    memset(config, 0, sizeof(*config));
    return jt_config_load(&spec, config, argc, argv, stderr);
}
