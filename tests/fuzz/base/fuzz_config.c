/* The configuration file's parser: whatever the bytes, a result within the table's ranges or a fault. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/config.h"

struct config {
    int64_t workers;
    bool is_open;
    char name[JT_CONFIG_TEXT_MAX_BYTES];
    int level;
};

static const struct jt_option options[] = {
    {"relay.workers", JT_OPTION_INT, offsetof(struct config, workers), "2", 1, 64, NULL, "", false},
    {"relay.open", JT_OPTION_BOOL, offsetof(struct config, is_open), "no", 0, 0, NULL, "", false},
    {"http.name", JT_OPTION_TEXT, offsetof(struct config, name), "", 0, 0, NULL, "", false},
    {"log.level", JT_OPTION_CHOICE, offsetof(struct config, level), "b", 0, 0, "a|b|c", "", false},
};
static const struct jt_config_spec spec = {"fuzz", "", options, JT_COUNT(options)};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config config = {.workers = 2, .level = 1};
    char *told = NULL;
    size_t told_size;
    FILE *errors = open_memstream(&told, &told_size);
    int err;

    if (!errors)
        abort();
    err = jt_config_read(&spec, &config, (const char *)data, size, "file", errors);
    (void)fclose(errors);
    if ((err == 0) != (told_size == 0))
        abort();
    if (config.workers < 1 || config.workers > 64 || config.level < 0 || config.level > 2 ||
        !memchr(config.name, '\0', sizeof(config.name)))
        abort();
    for (size_t i = 0; i < told_size; i++)
        if ((unsigned char)told[i] < 0x20 && told[i] != '\n')
            abort();
    free(told);
    return 0;
}
