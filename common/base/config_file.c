/* The configuration file: INI, read by inih. */
#include "base/config_private.h"

#include <errno.h>
#include <ini.h>
#include <stdlib.h>
#include <string.h>

enum { LINE_MAX_BYTES = 1024 };

/* Sections that one file for all services may hold. */
static const char *const known_sections[] = {
    "front", "ingest", "relay", "chat", "worker", "rtmp", "whip", "whep",    "rtc",      "auth",
    "admin", "log",    "http",  "ring", "store",  "hook", "show", "picture", "operator", "ws",
};

/* Options of one service in a section that others have, too. tests/house/config.mjs finds what is missing here. */
static const char *const known_options[] = {
    "auth.publish",         "hook.private",
    "hook.socket",          "hook.url",
    "http.body_timeout_ms", "http.header_timeout_ms",
    "http.hosts",           "http.origins",
    "http.per_address",     "rtmp.connections_max",
    "rtmp.first_media_ms",  "rtmp.handshake_ms",
    "rtmp.listen",          "rtmp.play_url",
    "rtmp.publish_ms",      "rtmp.rate_max_bps",
    "rtmp.silence_ms",      "rtmp.url",
};

/* What inih's callbacks share: the text not read yet and where we are in it. */
struct file_reader {
    struct config_load *load;
    const char *path;
    const char *text;
    size_t left;
    int line;
    bool *is_set; /* per option: this file gave it already */
};

static const char *source_of(const struct file_reader *file, char out[CONFIG_SOURCE_MAX_BYTES])
{
    (void)snprintf(out, CONFIG_SOURCE_MAX_BYTES, "%s line %d", file->path, file->line);
    return out;
}

/* inih wants fgets: the next line, its newline included, in `line` of `size` bytes. */
static char *read_line(char *line, int size, void *arg)
{
    struct file_reader *file = arg;
    char source[CONFIG_SOURCE_MAX_BYTES];
    const char *newline;
    size_t n;

    if (file->left == 0)
        return NULL;
    newline = memchr(file->text, '\n', file->left);
    n = newline ? (size_t)(newline - file->text) + 1 : file->left;
    file->line++;
    if (n < (size_t)size && !memchr(file->text, '\0', n)) {
        memcpy(line, file->text, n);
        line[n] = '\0';
    } else {
        config_fault(file->load, source_of(file, source),
                     "the line is longer than %d bytes or holds a NUL byte", LINE_MAX_BYTES - 1);
        line[0] = '\n'; /* a blank line in its place, so that the rest is read too */
        line[1] = '\0';
    }
    file->text += n;
    file->left -= n;
    return line;
}

static bool table_has_section(const struct jt_config_spec *spec, const char *section)
{
    size_t size = strlen(section);

    for (size_t i = 0; i < spec->count; i++) {
        const char *name = spec->options[i].name;

        if (config_section_size(name) == size && memcmp(name, section, size) == 0)
            return true;
    }
    return false;
}

static bool is_other_services(const char *section)
{
    for (size_t i = 0; i < JT_COUNT(known_sections); i++)
        if (strcmp(section, known_sections[i]) == 0)
            return true;
    return false;
}

bool config_passes_over(const struct jt_config_spec *spec, const char *section)
{
    return !table_has_section(spec, section) && is_other_services(section);
}

bool config_is_elsewhere(const char *name)
{
    for (size_t i = 0; i < JT_COUNT(known_options); i++)
        if (strcmp(name, known_options[i]) == 0)
            return true;
    return false;
}

static int on_pair(void *arg, const char *section, const char *key, const char *value)
{
    struct file_reader *file = arg;
    struct config_load *load = file->load;
    char source[CONFIG_SOURCE_MAX_BYTES], name[CONFIG_NAME_MAX_BYTES];
    const struct jt_option *option;
    int size;

    if (config_passes_over(load->spec, section))
        return 1;
    (void)source_of(file, source);
    size = snprintf(name, sizeof(name), "%s.%s", section, key);
    option = size > 0 && (size_t)size < sizeof(name) ? config_find(load->spec, name, (size_t)size)
                                                     : NULL;
    if (!option && size > 0 && (size_t)size < sizeof(name) && config_is_elsewhere(name))
        return 1;
    if (!option) {
        if (table_has_section(load->spec, section))
            config_fault(load, source, "unknown key \"%s\" in [%s]", key, section);
        else
            config_fault(load, source, "unknown section [%s]", section);
        return 1;
    }
    if (file->is_set[option - load->spec->options])
        config_fault(load, source, "%s is given twice", option->name);
    file->is_set[option - load->spec->options] = true;
    config_set(load, option, value, source);
    return 1;
}

void config_read_text(struct config_load *load, const char *text, size_t size, const char *path)
{
    struct file_reader file = {.load = load, .path = path, .text = text, .left = size};
    char source[CONFIG_SOURCE_MAX_BYTES];
    int err;

    file.is_set = calloc(load->spec->count + 1, sizeof(*file.is_set));
    if (!file.is_set) {
        config_fault(load, path, "%s", strerror(ENOMEM));
        return;
    }
    ini_max_line = LINE_MAX_BYTES; /* Debian's inih has these as variables */
    ini_allow_multiline = false;   /* an indented line is a line like any other */
    err = ini_parse_stream(read_line, &file, on_pair, &file);
    if (err) {
        file.line = err > 0 ? err : file.line;
        config_fault(load, source_of(&file, source), "neither [section] nor key = value");
    }
    free(file.is_set);
}
