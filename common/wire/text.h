/**
 * A piece of text borrowed from a message: a pointer and a size, never terminated by a zero.
 * Parsers of text cut it smaller and smaller with jt_text_cut instead of walking pointers.
 */
#ifndef JT_WIRE_TEXT_H
#define JT_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"

struct jt_text {
    const char *data; /* borrowed; may be NULL when size is 0 */
    size_t size;
};

/** For "%.*s". Texts with a size above INT_MAX do not come out of our parsers. */
#define JT_TEXT_PRINT(text) (int)(text).size, (text).size ? (text).data : ""

/** Our own zero-terminated string as a text; not for input. */
struct jt_text jt_text_of(const char *string);

/** Are the bytes the same as `literal`? */
bool jt_text_is(struct jt_text text, const char *literal);

/** The same, with ASCII letters compared without regard to case. */
bool jt_text_is_nocase(struct jt_text text, const char *literal);

bool jt_text_equal(struct jt_text a, struct jt_text b);

/**
 * Take what stands before the first `separator` off the front of `rest`, and the separator with it.
 * Without one the whole rest is taken and `rest` is left empty.
 */
struct jt_text jt_text_cut(struct jt_text *rest, char separator);

/** The same without leading and trailing blanks and tabs. */
struct jt_text jt_text_trim(struct jt_text text);

/** If `text` begins with `prefix`, take it off and return true. */
bool jt_text_skip(struct jt_text *text, const char *prefix);

/** Decimal digits only, no sign, 1 to 20 of them, value at most `max`. Returns 0 or -EBADMSG. */
JT_MUST_CHECK int jt_text_number(struct jt_text text, uint64_t max, uint64_t *out);

/** Copy and terminate. Returns 0, or -ENAMETOOLONG when text and its zero do not fit. */
JT_MUST_CHECK int jt_text_copy(struct jt_text text, char *out, size_t capacity);

#endif
