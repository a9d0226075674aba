#include "wire/text.h"

#include <errno.h>
#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

struct jt_text jt_text_of(const char *string)
{
    return (struct jt_text){.data = string, .size = strlen(string)};
}

bool jt_text_equal(struct jt_text a, struct jt_text b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

bool jt_text_is(struct jt_text text, const char *literal)
{
    return jt_text_equal(text, jt_text_of(literal));
}

bool jt_text_is_nocase(struct jt_text text, const char *literal)
{
    if (text.size != strlen(literal))
        return false;
    for (size_t i = 0; i < text.size; i++)
        if (lower(text.data[i]) != lower(literal[i]))
            return false;
    return true;
}

struct jt_text jt_text_cut(struct jt_text *rest, char separator)
{
    const char *at = rest->size ? memchr(rest->data, separator, rest->size) : NULL;
    struct jt_text head = *rest;

    if (!at) {
        *rest = (struct jt_text){0};
        return head;
    }
    head.size = (size_t)(at - rest->data);
    rest->data += head.size + 1;
    rest->size -= head.size + 1;
    return head;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct jt_text jt_text_trim(struct jt_text text)
{
    while (text.size && is_blank(text.data[0])) {
        text.data++;
        text.size--;
    }
    while (text.size && is_blank(text.data[text.size - 1]))
        text.size--;
    return text;
}

bool jt_text_skip(struct jt_text *text, const char *prefix)
{
    size_t size = strlen(prefix);

    if (text->size < size || memcmp(text->data, prefix, size) != 0)
        return false;
    text->data += size;
    text->size -= size;
    return true;
}

int jt_text_number(struct jt_text text, uint64_t max, uint64_t *out)
{
    uint64_t value = 0;

    if (text.size == 0 || text.size > 20)
        return -EBADMSG;
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        uint64_t digit = (uint64_t)(c - '0');

        if (c < '0' || c > '9' || digit > max || value > (max - digit) / 10)
            return -EBADMSG;
        value = value * 10 + digit;
    }
    *out = value;
    return 0;
}

int jt_text_copy(struct jt_text text, char *out, size_t capacity)
{
    if (text.size >= capacity)
        return -ENAMETOOLONG;
    if (text.size)
        memcpy(out, text.data, text.size);
    out[text.size] = '\0';
    return 0;
}
