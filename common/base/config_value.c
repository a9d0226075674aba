/* Values of options: from text to the field, and what is right in words. */
#include "base/config_private.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"

enum { SHOWN_VALUE_MAX_BYTES = 80 };

size_t config_section_size(const char *name)
{
    return strcspn(name, ".");
}

const struct jt_option *config_find(const struct jt_config_spec *spec, const char *name,
                                    size_t size)
{
    for (size_t i = 0; i < spec->count; i++)
        if (strlen(spec->options[i].name) == size && memcmp(spec->options[i].name, name, size) == 0)
            return &spec->options[i];
    return NULL;
}

const char *config_env_name(const char *name, char out[CONFIG_NAME_MAX_BYTES])
{
    size_t i = (size_t)snprintf(out, CONFIG_NAME_MAX_BYTES, "JANGTEO_");

    for (; *name && i < CONFIG_NAME_MAX_BYTES - 1; name++)
        out[i++] = *name == '.' ? '_' : (char)toupper((unsigned char)*name);
    out[i] = '\0';
    return out;
}

const char *config_describe(const struct jt_option *option, char *out, size_t size)
{
    switch (option->type) {
    case JT_OPTION_INT:
        (void)snprintf(out, size, "a whole number from %" PRId64 " to %" PRId64, option->min,
                       option->max);
        break;
    case JT_OPTION_BOOL:
        (void)snprintf(out, size, "true or false");
        break;
    case JT_OPTION_TEXT:
        (void)snprintf(out, size, "text of at most %d bytes", JT_CONFIG_TEXT_MAX_BYTES - 1);
        break;
    case JT_OPTION_CHOICE:
        (void)snprintf(out, size, "one of %s", option->choices);
        break;
    }
    return out;
}

static bool parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
    const char *digits = text[0] == '-' ? text + 1 : text;
    long long value;

    if (!digits[0] || digits[strspn(digits, "0123456789")])
        return false;
    errno = 0;
    value = strtoll(text, NULL, 10);
    if (errno || value < min || value > max)
        return false;
    *out = value;
    return true;
}

static bool parse_bool(const char *text, bool *out)
{
    static const char *const words[][2] = {
        {"false", "true"}, {"no", "yes"}, {"off", "on"}, {"0", "1"}};

    for (size_t i = 0; i < JT_COUNT(words); i++)
        for (int value = 0; value < 2; value++)
            if (strcasecmp(text, words[i][value]) == 0) {
                *out = value;
                return true;
            }
    return false;
}

bool config_is_bool(const char *text)
{
    bool value;

    return parse_bool(text, &value);
}

static bool parse_choice(const char *text, const char *choices, int *out)
{
    size_t size = strlen(text);

    for (int i = 0; *choices; i++) {
        size_t n = strcspn(choices, "|");

        if (n == size && memcmp(choices, text, n) == 0) {
            *out = i;
            return true;
        }
        choices += n + (choices[n] == '|');
    }
    return false;
}

static bool parse_text(const char *text, char out[JT_CONFIG_TEXT_MAX_BYTES])
{
    size_t size = strlen(text);

    if (size >= JT_CONFIG_TEXT_MAX_BYTES || !jt_utf8_is_valid(text, size))
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    memcpy(out, text, size + 1);
    return true;
}

static bool parse_into(const struct jt_option *option, const char *text, char *config)
{
    void *field = config + option->offset;

    switch (option->type) {
    case JT_OPTION_INT:
        return parse_int(text, option->min, option->max, field);
    case JT_OPTION_BOOL:
        return parse_bool(text, field);
    case JT_OPTION_TEXT:
        return parse_text(text, field);
    case JT_OPTION_CHOICE:
        return parse_choice(text, option->choices, field);
    }
    return false;
}

void config_set(struct config_load *load, const struct jt_option *option, const char *text,
                const char *source)
{
    char right[JT_CONFIG_TEXT_MAX_BYTES];

    if (parse_into(option, text, load->config))
        return;
    (void)config_describe(option, right, sizeof(right));
    if (option->secret)
        config_fault(load, source, "%s (secret) must be %s", option->name, right);
    else
        config_fault(load, source, "%s = \"%.*s\" must be %s", option->name,
                     (int)SHOWN_VALUE_MAX_BYTES, text, right);
}

void config_fault(struct config_load *load, const char *source, const char *format, ...)
{
    char what[1024];
    va_list args;

    load->faults++;
    va_start(args, format);
    (void)vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    for (char *c = what; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f)
            *c = '?'; /* a terminal reads this */
    (void)fprintf(load->errors, "%s: %s: %s\n", load->spec->program, source, what);
}
