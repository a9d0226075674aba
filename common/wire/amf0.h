/**
 * AMF0 (Adobe, "Action Message Format AMF 0"), the language of RTMP commands and metadata. A
 * message is read into one flat array without recursion or allocation: a value's children stand
 * right after it, `next` leads past them. Any thread.
 */
#ifndef JT_WIRE_AMF0_H
#define JT_WIRE_AMF0_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/base.h"
#include "wire/text.h"

struct jt_reader;
struct jt_writer;

enum {
    JT_AMF0_DEPTH_MAX = 16,           /* ours: onMetaData nests 3 deep */
    JT_AMF0_VALUES_MAX = 1024,        /* ours: onMetaData holds 10 to 40 */
    JT_AMF0_STRING_MAX_BYTES = 16384, /* ours */
};

/** The markers of the wire (AMF0 §2.1). Reference, movie clip, record set and the switch to AMF3
 * are refused. */
enum jt_amf0_type {
    JT_AMF0_NUMBER = 0x00,
    JT_AMF0_BOOLEAN = 0x01,
    JT_AMF0_STRING = 0x02, /* long strings and XML documents too */
    JT_AMF0_OBJECT = 0x03, /* typed objects too; the class name is dropped */
    JT_AMF0_NULL = 0x05,
    JT_AMF0_UNDEFINED = 0x06, /* "unsupported" too */
    JT_AMF0_ECMA_ARRAY = 0x08,
    JT_AMF0_STRICT_ARRAY = 0x0a,
    JT_AMF0_DATE = 0x0b,
};

struct jt_amf0_value {
    enum jt_amf0_type type;
    uint16_t next; /* index of what follows this value and all its children */
    bool boolean;  /* BOOLEAN */
    double number; /* NUMBER; DATE in ms since 1970. May be NaN or infinite: see jt_amf0_integer */
    struct jt_text text; /* STRING; borrowed */
    struct jt_text name; /* in an object or ECMA array; borrowed */
};

/** About 56 KB: one per thread or connection, not for a small stack. */
struct jt_amf0 {
    size_t count;
    struct jt_amf0_value values[JT_AMF0_VALUES_MAX];
};

/**
 * Read values up to the reader's end. Counts in the data never size anything. Texts are borrowed
 * from the message. Returns 0, -EBADMSG when malformed or cut, -E2BIG past a limit; `out` is then
 * empty.
 */
JT_MUST_CHECK int jt_amf0_read(struct jt_reader *r, struct jt_amf0 *out);

/** The top-level value number `index`, or NULL. */
const struct jt_amf0_value *jt_amf0_at(const struct jt_amf0 *amf, size_t index);

/** The first child of an object or array, or the sibling after `value`; NULL when there is none. */
const struct jt_amf0_value *jt_amf0_child(const struct jt_amf0 *amf,
                                          const struct jt_amf0_value *parent);
const struct jt_amf0_value *jt_amf0_sibling(const struct jt_amf0 *amf,
                                            const struct jt_amf0_value *parent,
                                            const struct jt_amf0_value *value);

/** The first property of that name. `object` may be NULL or no object: then the answer is NULL. */
const struct jt_amf0_value *jt_amf0_find(const struct jt_amf0 *amf,
                                         const struct jt_amf0_value *object, const char *name);

/** The text of a STRING; empty for NULL and other types. */
struct jt_text jt_amf0_text(const struct jt_amf0_value *value);

/** A NUMBER cut to an integer and clamped into min..max; `min` for NULL, other types and NaN. Never
 * undefined. */
int64_t jt_amf0_integer(const struct jt_amf0_value *value, int64_t min, int64_t max);

struct jt_amf0_command {
    struct jt_text name;
    double transaction;
};
/** The command name and transaction id a command message starts with (RTMP 1.0 §7.2). 0 or
 * -EBADMSG. */
JT_MUST_CHECK int jt_amf0_command(const struct jt_amf0 *amf, struct jt_amf0_command *out);

/*
 * Writers. In objects and ECMA arrays each value is preceded by jt_amf0_write_name, and
 * jt_amf0_write_end closes.
 */
void jt_amf0_write_number(struct jt_writer *w, double number);
void jt_amf0_write_boolean(struct jt_writer *w, bool boolean);
void jt_amf0_write_string(struct jt_writer *w, const char *string);
void jt_amf0_write_text(struct jt_writer *w, struct jt_text text);
void jt_amf0_write_null(struct jt_writer *w);
void jt_amf0_write_object(struct jt_writer *w);
void jt_amf0_write_ecma_array(struct jt_writer *w, uint32_t count_hint);
/** Followed by exactly `count` values without names; no end. */
void jt_amf0_write_strict_array(struct jt_writer *w, uint32_t count);
void jt_amf0_write_name(struct jt_writer *w, const char *name);
void jt_amf0_write_end(struct jt_writer *w);

#endif
