/** What the files of config share; not for others. */
#ifndef JT_BASE_CONFIG_PRIVATE_H
#define JT_BASE_CONFIG_PRIVATE_H

#include "base/config.h"

enum { CONFIG_NAME_MAX_BYTES = 64, CONFIG_SOURCE_MAX_BYTES = 320 };

/** One reading of the configuration: where values go and where faults are told. */
struct config_load {
    const struct jt_config_spec *spec;
    void *config;
    FILE *errors;
    int faults;
};

/** Tell a fault: `PROGRAM: SOURCE: WHAT`, on one line whatever the arguments hold. */
JT_PRINTF(3, 4)
void config_fault(struct config_load *load, const char *source, const char *format, ...);

/** The option called `name` ("section.key", `size` bytes), or NULL. */
const struct jt_option *config_find(const struct jt_config_spec *spec, const char *name,
                                    size_t size);

/** Parse `text` into the option's field, or tell a fault with what would be right. */
void config_set(struct config_load *load, const struct jt_option *option, const char *text,
                const char *source);

/** Whether `text` is a word for true or false. */
bool config_is_bool(const char *text);

/** What values the option takes: "a whole number from 1 to 64". Returns `out`. */
const char *config_describe(const struct jt_option *option, char *out, size_t size);

/** "relay.workers" as JANGTEO_RELAY_WORKERS. Returns `out`. */
const char *config_env_name(const char *name, char out[CONFIG_NAME_MAX_BYTES]);

/** Bytes of the section in "section.key". */
size_t config_section_size(const char *name);

/** Read INI text: every line of it, telling all faults. */
void config_read_text(struct config_load *load, const char *text, size_t size, const char *path);

/** Whether `section` is not this table's but known to be another service's. */
bool config_passes_over(const struct jt_config_spec *spec, const char *section);

/** Whether "section.key" is an option of another service in a section that several have. */
bool config_is_elsewhere(const char *name);

void config_print_help(const struct jt_config_spec *spec, FILE *out);

#endif
