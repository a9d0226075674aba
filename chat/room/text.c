#include "chat/room/text.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <utf8proc.h>

#include "base/utf8.h"

enum {
    SPACE = 0x20,
    CGJ = 0x034f, /* combining grapheme joiner: a mark that shows nothing */
    ZWJ = 0x200d,
    TEXT_STYLE = 0xfe0e,
    EMOJI_STYLE = 0xfe0f,
};

/* Letters by their category that show nothing: a message of them would look empty. */
static const uint32_t invisible_letters[] = {
    0x115f, 0x1160, 0x17b4, 0x17b5, 0x2800, 0x3164, 0xffa0,
};

enum kind { KIND_SHOWN, KIND_SPACE, KIND_MARK, KIND_DROPPED };

static bool is_noncharacter(uint32_t c)
{
    return (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);
}

/* Of the variation selectors only the two that choose an emoji's style; the others hide data (256 values each). */
static bool is_hidden_mark(uint32_t c)
{
    return c == CGJ || (c >= 0x180b && c <= 0x180f) || (c >= 0xfe00 && c < TEXT_STYLE) ||
           (c >= 0xe0100 && c <= 0xe01ef);
}

static enum kind kind_of(uint32_t c)
{
    for (size_t i = 0; i < JT_COUNT(invisible_letters); i++)
        if (c == invisible_letters[i])
            return KIND_DROPPED;
    if (is_noncharacter(c) || is_hidden_mark(c))
        return KIND_DROPPED;
    switch (utf8proc_category((utf8proc_int32_t)c)) {
    case UTF8PROC_CATEGORY_CC:
        return c == '\t' || c == '\n' || c == '\r' ? KIND_SPACE : KIND_DROPPED;
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return KIND_SPACE;
    case UTF8PROC_CATEGORY_CF: /* zero width, bidi overrides and isolates, tags */
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
        return KIND_DROPPED;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
        return KIND_MARK;
    default: /* unassigned ones too: next year's emoji */
        return KIND_SHOWN;
    }
}

static bool is_skin_tone(uint32_t c)
{
    return c >= 0x1f3fb && c <= 0x1f3ff;
}

static bool is_picture(uint32_t c)
{
    int class = utf8proc_get_property((utf8proc_int32_t)c)->boundclass;

    return class == UTF8PROC_BOUNDCLASS_EXTENDED_PICTOGRAPHIC ||
           class == UTF8PROC_BOUNDCLASS_E_ZWG || is_skin_tone(c) || c == EMOJI_STYLE;
}

struct cleaner {
    uint32_t out[ROOM_TEXT_RAW_MAX_BYTES];
    size_t count;
    int marks;  /* on the character before */
    int joined; /* pictures joined so far */
};

static void add_space(struct cleaner *cleaner)
{
    if (cleaner->count && cleaner->out[cleaner->count - 1] != SPACE)
        cleaner->out[cleaner->count++] = SPACE;
    cleaner->marks = 0;
    cleaner->joined = 0;
}

static void add_mark(struct cleaner *cleaner, uint32_t c)
{
    if (!cleaner->count || cleaner->out[cleaner->count - 1] == SPACE ||
        cleaner->marks == ROOM_TEXT_MARKS_MAX)
        return;
    cleaner->marks++;
    cleaner->out[cleaner->count++] = c;
}

/* A joiner stays where it joins two pictures and nowhere else. */
static void add_joiner(struct cleaner *cleaner, uint32_t next)
{
    if (!cleaner->count || !is_picture(cleaner->out[cleaner->count - 1]) || !is_picture(next) ||
        next == EMOJI_STYLE || cleaner->joined == ROOM_TEXT_JOINED_MAX - 1)
        return;
    cleaner->joined++;
    cleaner->out[cleaner->count++] = ZWJ;
}

static void add(struct cleaner *cleaner, uint32_t c, uint32_t next)
{
    if (c == ZWJ) {
        add_joiner(cleaner, next);
        return;
    }
    switch (kind_of(c)) {
    case KIND_SPACE:
        add_space(cleaner);
        break;
    case KIND_MARK:
        add_mark(cleaner, c);
        break;
    case KIND_SHOWN:
        if (cleaner->count && cleaner->out[cleaner->count - 1] != ZWJ && !is_skin_tone(c))
            cleaner->joined = 0;
        cleaner->marks = 0;
        cleaner->out[cleaner->count++] = c;
        break;
    case KIND_DROPPED:
        break;
    }
}

static int clean(struct cleaner *cleaner, const char *raw, size_t size)
{
    uint32_t c, next = 0;
    size_t at = 0, n;

    if (size && !jt_utf8_is_valid(raw, size))
        return -EBADMSG;
    while (at < size) {
        n = jt_utf8_next(raw + at, size - at, &c);
        at += n;
        next = 0;
        if (at < size)
            (void)jt_utf8_next(raw + at, size - at, &next);
        add(cleaner, c, next);
    }
    if (cleaner->count && cleaner->out[cleaner->count - 1] == ZWJ)
        cleaner->count--;
    if (cleaner->count && cleaner->out[cleaner->count - 1] == SPACE)
        cleaner->count--;
    return cleaner->count ? 0 : -ENODATA;
}

/* Decompose, put the marks in order, compose. Long enough for all: no character that is left takes more than four. */
static int compose(const struct cleaner *cleaner, int32_t *out, size_t capacity)
{
    utf8proc_ssize_t count = 0, n;
    const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_DECOMPOSE;

    for (size_t i = 0; i < cleaner->count; i++) {
        n = utf8proc_decompose_char((utf8proc_int32_t)cleaner->out[i], out + count,
                                    (utf8proc_ssize_t)capacity - count, options, NULL);
        if (n < 0 || (size_t)(count + n) > capacity)
            return -EMSGSIZE;
        count += n;
    }
    for (utf8proc_ssize_t i = 1; i < count;
         i++) { /* canonical order: a bubble per mark, and marks are few */
        utf8proc_ssize_t at = i;
        int class = utf8proc_get_property(out[at])->combining_class;

        while (class && at && utf8proc_get_property(out[at - 1])->combining_class > class) {
            int32_t mark = out[at];

            out[at] = out[at - 1];
            out[--at] = mark;
        }
    }
    n = utf8proc_normalize_utf32(out, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    return n < 0 ? -EMSGSIZE : (int)n;
}

int room_text_clean(const char *raw, size_t size, size_t characters_max, char *out, size_t out_size)
{
    struct cleaner cleaner;
    int32_t composed[ROOM_TEXT_RAW_MAX_BYTES];
    size_t used = 0;
    int err, count;

    if (size > ROOM_TEXT_RAW_MAX_BYTES)
        return -EMSGSIZE;
    cleaner.count = 0;
    cleaner.marks = 0;
    cleaner.joined = 0;
    err = clean(&cleaner, raw, size);
    if (err)
        return err;
    count = compose(&cleaner, composed, JT_COUNT(composed));
    if (count < 0)
        return count;
    if ((size_t)count > characters_max)
        return -EMSGSIZE;
    for (int i = 0; i < count; i++) {
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t n = utf8proc_encode_char(composed[i], bytes);

        if (n <= 0 || used + (size_t)n + 1 > out_size)
            return -EMSGSIZE;
        memcpy(out + used, bytes, (size_t)n);
        used += (size_t)n;
    }
    out[used] = '\0';
    return (int)used;
}
