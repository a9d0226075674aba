#include "wire/amf0.h"

#include <errno.h>
#include <string.h>

#include "base/reader.h"
#include "base/writer.h"

/* Markers that need no value of their own in the header (AMF0 §2.1). */
enum {
    OBJECT_END = 0x09,
    LONG_STRING = 0x0c,
    UNSUPPORTED = 0x0d,
    XML_DOCUMENT = 0x0f,
    TYPED_OBJECT = 0x10,
};

/* An object or array that is being read. */
struct level {
    uint16_t index;    /* of its value */
    bool has_names;    /* object or ECMA array, closed by an end marker */
    uint32_t elements; /* of a strict array, still to come */
};

struct parse {
    struct jt_reader *r;
    struct jt_amf0 *out;
    unsigned depth;
    struct level levels[JT_AMF0_DEPTH_MAX];
};

/* Takes `size` bytes as a text; -E2BIG over our limit, before they are looked for. */
static int read_text(struct jt_reader *r, uint32_t size, struct jt_text *out)
{
    const uint8_t *data;

    if (size > JT_AMF0_STRING_MAX_BYTES)
        return -E2BIG;
    data = jt_reader_take(r, size);
    if (!data)
        return -EBADMSG;
    *out = (struct jt_text){.data = (const char *)data, .size = size};
    return 0;
}

static double read_double(struct jt_reader *r)
{
    uint64_t bits = jt_read_be64(r);
    double number;

    memcpy(&number, &bits, sizeof(number)); /* IEEE 754, like every machine we run on */
    return number;
}

static int open_level(struct parse *p, bool has_names, uint32_t elements)
{
    if (p->depth == JT_AMF0_DEPTH_MAX)
        return -E2BIG;
    p->levels[p->depth++] = (struct level){
        .index = (uint16_t)(p->out->count - 1), .has_names = has_names, .elements = elements};
    return 0;
}

static int read_container(struct parse *p, uint8_t marker, struct jt_amf0_value *value)
{
    struct jt_text class_name;
    int err;

    switch (marker) {
    case TYPED_OBJECT:
        err = read_text(p->r, jt_read_be16(p->r), &class_name);
        value->type = JT_AMF0_OBJECT;
        return err ? err : open_level(p, true, 0);
    case JT_AMF0_ECMA_ARRAY:
        jt_read_be32(p->r); /* a hint that encoders get wrong; the end marker decides */
        return open_level(p, true, 0);
    case JT_AMF0_STRICT_ARRAY:
        return open_level(p, false, jt_read_be32(p->r));
    default:
        return open_level(p, true, 0);
    }
}

/* Reads what follows the marker. `value` is the newest in the array. */
static int read_contents(struct parse *p, uint8_t marker, struct jt_amf0_value *value)
{
    value->type = (enum jt_amf0_type)marker;
    switch (marker) {
    case JT_AMF0_NUMBER:
        value->number = read_double(p->r);
        return 0;
    case JT_AMF0_BOOLEAN:
        value->boolean = jt_read_u8(p->r) != 0;
        return 0;
    case JT_AMF0_STRING:
        return read_text(p->r, jt_read_be16(p->r), &value->text);
    case LONG_STRING:
    case XML_DOCUMENT:
        value->type = JT_AMF0_STRING;
        return read_text(p->r, jt_read_be32(p->r), &value->text);
    case JT_AMF0_NULL:
    case JT_AMF0_UNDEFINED:
        return 0;
    case UNSUPPORTED:
        value->type = JT_AMF0_UNDEFINED;
        return 0;
    case JT_AMF0_DATE:
        value->number = read_double(p->r);
        jt_read_be16(p->r); /* time zone, reserved: §2.13 */
        return 0;
    case JT_AMF0_OBJECT:
    case TYPED_OBJECT:
    case JT_AMF0_ECMA_ARRAY:
    case JT_AMF0_STRICT_ARRAY:
        return read_container(p, marker, value);
    default:
        return -EBADMSG; /* reference, movie clip, record set, AMF3, an end marker astray */
    }
}

static int read_value(struct parse *p, struct jt_text name)
{
    uint8_t marker = jt_read_u8(p->r);
    struct jt_amf0_value *value;
    int err;

    if (p->out->count == JT_AMF0_VALUES_MAX)
        return -E2BIG;
    value = &p->out->values[p->out->count++];
    *value = (struct jt_amf0_value){.name = name, .next = (uint16_t)p->out->count};
    err = read_contents(p, marker, value);
    if (err)
        return err;
    return p->r->failed ? -EBADMSG : 0;
}

static void close_level(struct parse *p)
{
    struct level *level = &p->levels[--p->depth];

    p->out->values[level->index].next = (uint16_t)p->out->count;
}

/* One property, or the end marker: an empty name and 0x09. */
static int read_property(struct parse *p)
{
    struct jt_text name;
    int err = read_text(p->r, jt_read_be16(p->r), &name);

    if (p->r->failed)
        return -EBADMSG;
    if (err)
        return err;
    if (name.size == 0 && p->r->left > 0 && p->r->next[0] == OBJECT_END) {
        jt_reader_take(p->r, 1);
        close_level(p);
        return 0;
    }
    return read_value(p, name);
}

static int read_next(struct parse *p)
{
    struct level *level = p->depth ? &p->levels[p->depth - 1] : NULL;

    if (level && level->has_names)
        return read_property(p);
    if (level && level->elements == 0) {
        close_level(p);
        return 0;
    }
    if (level)
        level->elements--;
    return read_value(p, (struct jt_text){0});
}

int jt_amf0_read(struct jt_reader *r, struct jt_amf0 *out)
{
    struct parse p = {.r = r, .out = out};
    int err = r->failed ? -EBADMSG : 0;

    out->count = 0;
    while (!err && (r->left > 0 || p.depth > 0))
        err = read_next(&p);
    if (err)
        out->count = 0;
    return err;
}

const struct jt_amf0_value *jt_amf0_at(const struct jt_amf0 *amf, size_t index)
{
    size_t at = 0;

    while (at < amf->count && index-- > 0)
        at = amf->values[at].next;
    return at < amf->count ? &amf->values[at] : NULL;
}

static bool is_container(const struct jt_amf0_value *value)
{
    return value && (value->type == JT_AMF0_OBJECT || value->type == JT_AMF0_ECMA_ARRAY ||
                     value->type == JT_AMF0_STRICT_ARRAY);
}

static const struct jt_amf0_value *within(const struct jt_amf0 *amf,
                                          const struct jt_amf0_value *parent, size_t index)
{
    return index < parent->next ? &amf->values[index] : NULL;
}

const struct jt_amf0_value *jt_amf0_child(const struct jt_amf0 *amf,
                                          const struct jt_amf0_value *parent)
{
    if (!is_container(parent))
        return NULL;
    return within(amf, parent, (size_t)(parent - amf->values) + 1);
}

const struct jt_amf0_value *jt_amf0_sibling(const struct jt_amf0 *amf,
                                            const struct jt_amf0_value *parent,
                                            const struct jt_amf0_value *value)
{
    return within(amf, parent, value->next);
}

const struct jt_amf0_value *jt_amf0_find(const struct jt_amf0 *amf,
                                         const struct jt_amf0_value *object, const char *name)
{
    const struct jt_amf0_value *value = jt_amf0_child(amf, object);

    if (!value || object->type == JT_AMF0_STRICT_ARRAY)
        return NULL;
    while (value && !jt_text_is(value->name, name))
        value = jt_amf0_sibling(amf, object, value);
    return value;
}

struct jt_text jt_amf0_text(const struct jt_amf0_value *value)
{
    if (!value || value->type != JT_AMF0_STRING)
        return (struct jt_text){0};
    return value->text;
}

int64_t jt_amf0_integer(const struct jt_amf0_value *value, int64_t min, int64_t max)
{
    int64_t integer;

    if (!value || value->type != JT_AMF0_NUMBER)
        return min;
    if (!(value->number >= -0x1p62)) /* false for NaN too */
        return min;
    if (value->number >= 0x1p62) /* a cast beyond int64 is undefined */
        return max;
    integer = (int64_t)value->number;
    return JT_MAX(min, JT_MIN(max, integer));
}

int jt_amf0_command(const struct jt_amf0 *amf, struct jt_amf0_command *out)
{
    const struct jt_amf0_value *name = jt_amf0_at(amf, 0);
    const struct jt_amf0_value *transaction = jt_amf0_at(amf, 1);

    if (!name || name->type != JT_AMF0_STRING || !transaction ||
        transaction->type != JT_AMF0_NUMBER)
        return -EBADMSG;
    *out = (struct jt_amf0_command){.name = name->text, .transaction = transaction->number};
    return 0;
}

void jt_amf0_write_number(struct jt_writer *w, double number)
{
    uint64_t bits;

    memcpy(&bits, &number, sizeof(bits));
    jt_write_u8(w, JT_AMF0_NUMBER);
    jt_write_be64(w, bits);
}

void jt_amf0_write_boolean(struct jt_writer *w, bool boolean)
{
    jt_write_u8(w, JT_AMF0_BOOLEAN);
    jt_write_u8(w, boolean);
}

void jt_amf0_write_text(struct jt_writer *w, struct jt_text text)
{
    if (text.size <= UINT16_MAX) {
        jt_write_u8(w, JT_AMF0_STRING);
        jt_write_be16(w, (uint16_t)text.size);
    } else {
        jt_write_u8(w, LONG_STRING);
        jt_write_be32(w, (uint32_t)text.size);
    }
    jt_write_bytes(w, text.data, text.size);
}

void jt_amf0_write_string(struct jt_writer *w, const char *string)
{
    jt_amf0_write_text(w, jt_text_of(string));
}

void jt_amf0_write_null(struct jt_writer *w)
{
    jt_write_u8(w, JT_AMF0_NULL);
}

void jt_amf0_write_object(struct jt_writer *w)
{
    jt_write_u8(w, JT_AMF0_OBJECT);
}

void jt_amf0_write_ecma_array(struct jt_writer *w, uint32_t count_hint)
{
    jt_write_u8(w, JT_AMF0_ECMA_ARRAY);
    jt_write_be32(w, count_hint);
}

void jt_amf0_write_strict_array(struct jt_writer *w, uint32_t count)
{
    jt_write_u8(w, JT_AMF0_STRICT_ARRAY);
    jt_write_be32(w, count);
}

void jt_amf0_write_name(struct jt_writer *w, const char *name)
{
    struct jt_text text = jt_text_of(name);

    if (text.size > UINT16_MAX)
        w->failed = true;
    jt_write_be16(w, (uint16_t)text.size);
    jt_write_bytes(w, text.data, text.size);
}

void jt_amf0_write_end(struct jt_writer *w)
{
    jt_write_be16(w, 0);
    jt_write_u8(w, OBJECT_END);
}
