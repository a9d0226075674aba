/* The table of options in words: --help and the Markdown reference. */
#include "base/config_private.h"

#include <string.h>

static bool starts_section(const struct jt_config_spec *spec, size_t i)
{
    const char *name = spec->options[i].name;
    size_t size = config_section_size(name) + 1;

    return i == 0 || strncmp(spec->options[i - 1].name, name, size) != 0;
}

static const char *default_of(const struct jt_option *option)
{
    return option->fallback && option->fallback[0] ? option->fallback : "none";
}

void config_print_help(const struct jt_config_spec *spec, FILE *out)
{
    char env[CONFIG_NAME_MAX_BYTES], range[JT_CONFIG_TEXT_MAX_BYTES];

    (void)fprintf(
        out,
        "%s: %s\n\n"
        "usage: %s [--config FILE] [--SECTION.KEY=VALUE ...]\n\n"
        "  --config FILE        read FILE (INI) first; or JANGTEO_CONFIG\n"
        "  --check-config       read the configuration, tell its faults, and end\n"
        "  --config-reference   print all options as Markdown, and end\n"
        "  --version, --help\n\n"
        "A flag goes before the environment, that before the file, that before the default.\n",
        spec->program, spec->summary, spec->program);
    for (size_t i = 0; i < spec->count; i++) {
        const struct jt_option *option = &spec->options[i];

        if (starts_section(spec, i))
            (void)fprintf(out, "\n[%.*s]\n", (int)config_section_size(option->name), option->name);
        (void)fprintf(out, "  --%s=VALUE   %s\n        %s; default %s; %s\n", option->name,
                      option->help, config_describe(option, range, sizeof(range)),
                      default_of(option), config_env_name(option->name, env));
    }
}

/* A `|` would end the cell of a table. */
static void print_cell(FILE *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '|')
            (void)fputc('\\', out);
        (void)fputc(*text, out);
    }
}

void jt_config_reference(const struct jt_config_spec *spec, FILE *out)
{
    char env[CONFIG_NAME_MAX_BYTES], range[JT_CONFIG_TEXT_MAX_BYTES];

    (void)fprintf(out, "## %s\n\n%s\n", spec->program, spec->summary);
    for (size_t i = 0; i < spec->count; i++) {
        const struct jt_option *option = &spec->options[i];

        if (starts_section(spec, i))
            (void)fprintf(out,
                          "\n### [%.*s]\n\n"
                          "| option | meaning | values | default | environment |\n"
                          "|---|---|---|---|---|\n",
                          (int)config_section_size(option->name), option->name);
        (void)fprintf(out, "| `%s` | ", option->name);
        print_cell(out, option->help);
        (void)fputs(" | ", out);
        print_cell(out, config_describe(option, range, sizeof(range)));
        (void)fprintf(out, " | `%s` | `%s` |\n", default_of(option),
                      config_env_name(option->name, env));
    }
}
