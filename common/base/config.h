/**
 * Configuration from one table. A service declares a struct and a table of options; flags, environment, file,
 * defaults, `--help`, `--check-config` and docs/configuration.md all come from the table.
 * Precedence: flag `--relay.workers=2` > environment `JANGTEO_RELAY_WORKERS` > file `[relay] workers = 2` > default.
 */
#ifndef JT_BASE_CONFIG_H
#define JT_BASE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/base.h"

enum { JT_CONFIG_TEXT_MAX_BYTES = 256, JT_CONFIG_FILE_MAX_BYTES = 256 * 1024 };

enum jt_option_type {
    JT_OPTION_INT,    /* int64_t, in [min, max] */
    JT_OPTION_BOOL,   /* bool: true/false, yes/no, on/off, 1/0 */
    JT_OPTION_TEXT,   /* char[JT_CONFIG_TEXT_MAX_BYTES] */
    JT_OPTION_CHOICE, /* int: index into `choices`, a "|"-separated list */
};

struct jt_option {
    const char *name; /* "relay.workers": section.key, lower case, underscores */
    enum jt_option_type type;
    size_t offset;        /* of the field in the service's config struct */
    const char *fallback; /* the default, as text; NULL means "" */
    int64_t min, max;     /* for JT_OPTION_INT; both inclusive */
    const char *choices;  /* for JT_OPTION_CHOICE */
    const char *help;     /* one sentence with the unit */
    bool secret;          /* never printed */
};

struct jt_config_spec {
    const char *program; /* "jangteo-relay" */
    const char *summary; /* one sentence for --help */
    const struct jt_option *options;
    size_t count;
};

/** What the start should do after reading the configuration. */
enum jt_config_action { JT_CONFIG_RUN, JT_CONFIG_EXIT_OK };

/**
 * Fill `config` (zeroed by the caller, of the struct the offsets refer to) from argv, the environment and the file
 * named by --config FILE or JANGTEO_CONFIG. Flags are `--section.key=value`, `--section.key value` and, for a bool,
 * `--section.key` alone. Handles --help, --version, --check-config (prints "configuration ok") and --config-reference
 * (Markdown) itself, on stdout. An unknown key, a value out of range, an unreadable file: -EINVAL with a message naming
 * source, key, value and what would be right written to `errors` (a stream; one line per fault; all faults, not just
 * the first). One file may configure all services: sections of the other services (ingest, relay, chat, worker …) that
 * this table does not use at all are passed over.
 * Returns an enum jt_config_action, or -EINVAL (`config` is then half filled).
 */
JT_MUST_CHECK int jt_config_load(const struct jt_config_spec *spec, void *config, int argc,
                                 char **argv, FILE *errors);

/**
 * The file's part of it alone: INI text of `size` bytes at `text` onto what `config` holds; `name` stands for the file
 * in messages. Returns 0 or -EINVAL.
 */
JT_MUST_CHECK int jt_config_read(const struct jt_config_spec *spec, void *config, const char *text,
                                 size_t size, const char *name, FILE *errors);

/** The table as Markdown, for docs/configuration.md. */
void jt_config_reference(const struct jt_config_spec *spec, FILE *out);

/** Give a path option that was left empty its default DIR/NAME. 0 or -ENAMETOOLONG. */
JT_MUST_CHECK int jt_config_fill_path(char field[JT_CONFIG_TEXT_MAX_BYTES], const char *dir,
                                      const char *name);

/** The same for a program: NAME beside this one. Also the errno of readlink. */
JT_MUST_CHECK int jt_config_fill_program(char field[JT_CONFIG_TEXT_MAX_BYTES], const char *name);

#endif
