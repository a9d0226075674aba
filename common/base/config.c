#include "base/config.h"

#include <assert.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/config_private.h"
#include "base/version.h"

static const char env_prefix[] = "JANGTEO_";

enum flag_action { FLAG_NONE, FLAG_HELP, FLAG_VERSION, FLAG_CHECK, FLAG_REFERENCE };

/* What the command line says beside values of options. */
struct command_line {
    int argc;
    char **argv;
    const char *path;
    enum flag_action action;
};

/* ---- defaults ---- */

static void set_defaults(const struct jt_config_spec *spec, void *config)
{
    struct config_load load = {.spec = spec, .config = config, .errors = stderr};

    for (size_t i = 0; i < spec->count; i++)
        config_set(&load, &spec->options[i],
                   spec->options[i].fallback ? spec->options[i].fallback : "", "default");
    assert(load.faults == 0); /* the table is ours */
}

/* ---- the file ---- */

static void read_file(struct config_load *load, const char *path)
{
    char *text = malloc(JT_CONFIG_FILE_MAX_BYTES + 1);
    FILE *file = text ? fopen(path, "re") : NULL;
    size_t size;

    if (!file) {
        config_fault(load, path, "%s", strerror(text ? errno : ENOMEM));
        free(text);
        return;
    }
    size = fread(text, 1, JT_CONFIG_FILE_MAX_BYTES + 1, file);
    if (ferror(file))
        config_fault(load, path, "%s", strerror(errno));
    else if (size > JT_CONFIG_FILE_MAX_BYTES)
        config_fault(load, path, "larger than %d bytes", JT_CONFIG_FILE_MAX_BYTES);
    else
        config_read_text(load, text, size, path);
    (void)fclose(file);
    free(text);
}

/* ---- the environment ---- */

/* "JANGTEO_AUTH_PUBLISH" as "auth.publish". */
static bool is_elsewhere(const char *entry, size_t name_size)
{
    const char *from = entry + sizeof(env_prefix) - 1;
    size_t size = name_size - (sizeof(env_prefix) - 1);
    char name[CONFIG_NAME_MAX_BYTES], *section_end;

    if (size >= sizeof(name))
        return false;
    for (size_t i = 0; i < size; i++)
        name[i] = from[i] >= 'A' && from[i] <= 'Z' ? (char)(from[i] - 'A' + 'a') : from[i];
    name[size] = '\0';
    section_end = strchr(name, '_');
    if (section_end)
        *section_end = '.';
    return config_is_elsewhere(name);
}

/* JANGTEO_RELAY_WOKRERS is a fault; JANGTEO_CHAT_… is another service's, and JANGTEO_WORD no option at all. */
static void check_env_name(struct config_load *load, const char *entry)
{
    const char *section = entry + sizeof(env_prefix) - 1;
    size_t name_size = strcspn(entry, "="), section_size = strcspn(section, "_=");
    char word[CONFIG_NAME_MAX_BYTES];

    if (section[section_size] != '_' || section_size >= sizeof(word))
        return;
    for (size_t i = 0; i < load->spec->count; i++) {
        (void)config_env_name(load->spec->options[i].name, word);
        if (strlen(word) == name_size && memcmp(word, entry, name_size) == 0)
            return;
    }
    for (size_t i = 0; i < section_size; i++)
        word[i] = section[i] >= 'A' && section[i] <= 'Z' ? (char)(section[i] - 'A' + 'a') : '?';
    word[section_size] = '\0';
    if (!config_passes_over(load->spec, word) && !is_elsewhere(entry, name_size))
        config_fault(load, "environment", "unknown variable %.*s", (int)name_size, entry);
}

static void read_environment(struct config_load *load)
{
    char name[CONFIG_NAME_MAX_BYTES], source[CONFIG_SOURCE_MAX_BYTES];

    for (size_t i = 0; i < load->spec->count; i++) {
        const char *value = getenv(config_env_name(load->spec->options[i].name, name));

        (void)snprintf(source, sizeof(source), "environment %s", name);
        if (value)
            config_set(load, &load->spec->options[i], value, source);
    }
    for (char **entry = environ; entry && *entry; entry++)
        if (strncmp(*entry, env_prefix, sizeof(env_prefix) - 1) == 0)
            check_env_name(load, *entry);
}

/* ---- flags ---- */

static enum flag_action action_of(const char *flag)
{
    static const struct {
        const char *flag;
        enum flag_action action;
    } actions[] = {{"--help", FLAG_HELP},
                   {"-h", FLAG_HELP},
                   {"--version", FLAG_VERSION},
                   {"--check-config", FLAG_CHECK},
                   {"--config-reference", FLAG_REFERENCE}};

    for (size_t i = 0; i < JT_COUNT(actions); i++)
        if (strcmp(flag, actions[i].flag) == 0)
            return actions[i].action;
    return FLAG_NONE;
}

/* The value of the flag argv[*i], whose name ends at `end`; moves on when it is the next word. */
static const char *value_of(const struct command_line *line, int *i, const char *end, bool is_bool)
{
    const char *next = *i + 1 < line->argc ? line->argv[*i + 1] : NULL;

    if (*end == '=')
        return end + 1;
    if (is_bool && !(next && config_is_bool(next)))
        return "true";
    if (next)
        ++*i;
    return next;
}

static void read_flag(struct config_load *load, struct command_line *line, int *i)
{
    const char *flag = line->argv[*i], *end = flag + strcspn(flag, "="), *value;
    size_t size = (size_t)(end - flag);
    const struct jt_option *option;
    bool is_path = size == strlen("--config") && strncmp(flag, "--config", size) == 0;

    if (action_of(flag) != FLAG_NONE) {
        line->action = line->action == FLAG_NONE ? action_of(flag) : line->action;
        return;
    }
    option = size > 2 && strncmp(flag, "--", 2) == 0 ? config_find(load->spec, flag + 2, size - 2)
                                                     : NULL;
    if (!option && !is_path) {
        config_fault(load, "command line", "unknown argument \"%.*s\" (see --help)", (int)size,
                     flag);
        return;
    }
    value = value_of(line, i, end, option && option->type == JT_OPTION_BOOL);
    if (!value)
        config_fault(load, "command line", "%.*s needs a value", (int)size, flag);
    else if (is_path)
        line->path = value;
    else
        config_set(load, option, value, "command line");
}

static void read_flags(struct config_load *load, struct command_line *line)
{
    for (int i = 1; i < line->argc; i++)
        read_flag(load, line, &i);
}

/* The flags are read last, but they name the file, and may ask for help whatever else is wrong. */
static struct command_line look_ahead(const struct jt_config_spec *spec, void *config, int argc,
                                      char **argv)
{
    struct command_line line = {.argc = argc, .argv = argv, .path = getenv("JANGTEO_CONFIG")};
    char *ignored_text = NULL;
    size_t ignored_size;
    struct config_load load = {.spec = spec, .config = config};

    load.errors = open_memstream(&ignored_text, &ignored_size);
    if (load.errors) {
        read_flags(&load, &line);
        (void)fclose(load.errors);
    }
    free(ignored_text);
    return line;
}

/* ---- all of it ---- */

int jt_config_read(const struct jt_config_spec *spec, void *config, const char *text, size_t size,
                   const char *name, FILE *errors)
{
    struct config_load load = {.spec = spec, .config = config, .errors = errors};

    config_read_text(&load, text, size, name);
    return load.faults ? -EINVAL : 0;
}

int jt_config_load(const struct jt_config_spec *spec, void *config, int argc, char **argv,
                   FILE *errors)
{
    struct config_load load = {.spec = spec, .config = config, .errors = errors};
    struct command_line line = look_ahead(spec, config, argc, argv);

    switch (line.action) {
    case FLAG_HELP:
        config_print_help(spec, stdout);
        return JT_CONFIG_EXIT_OK;
    case FLAG_VERSION:
        (void)printf("%s %s\n", spec->program, jt_version());
        return JT_CONFIG_EXIT_OK;
    case FLAG_REFERENCE:
        jt_config_reference(spec, stdout);
        return JT_CONFIG_EXIT_OK;
    default:
        break;
    }
    set_defaults(spec, config);
    if (line.path && line.path[0])
        read_file(&load, line.path);
    read_environment(&load);
    read_flags(&load, &line);
    if (load.faults)
        return -EINVAL;
    if (line.action == FLAG_CHECK) {
        (void)printf("configuration ok\n");
        return JT_CONFIG_EXIT_OK;
    }
    return JT_CONFIG_RUN;
}

int jt_config_fill_path(char field[JT_CONFIG_TEXT_MAX_BYTES], const char *dir, const char *name)
{
    if (field[0])
        return 0;
    if (snprintf(field, JT_CONFIG_TEXT_MAX_BYTES, "%s/%s", dir, name) >= JT_CONFIG_TEXT_MAX_BYTES)
        return -ENAMETOOLONG;
    return 0;
}

int jt_config_fill_program(char field[JT_CONFIG_TEXT_MAX_BYTES], const char *name)
{
    char self[PATH_MAX];
    ssize_t n;

    if (field[0])
        return 0;
    n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    if (n < 0)
        return -errno;
    self[n] = '\0';
    return jt_config_fill_path(field, dirname(self), name);
}
