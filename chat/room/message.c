#include "chat/room/message.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#include "base/json.h"

/* An object and how many of its fields have been asked for; sticky, as the cursor of base/reader.h. */
struct fields {
    const json_t *object;
    size_t asked;
    bool failed;
};

static struct fields fields_of(const json_t *value)
{
    return (struct fields){.object = value, .failed = !json_is_object(value)};
}

static const json_t *find(struct fields *fields, const char *name)
{
    const json_t *value = fields->failed ? NULL : json_object_get(fields->object, name);

    fields->asked += value != NULL;
    return value;
}

static const json_t *need(struct fields *fields, const char *name)
{
    const json_t *value = find(fields, name);

    fields->failed |= !value;
    return value;
}

static void end(struct fields *fields)
{
    fields->failed |= json_object_size(fields->object) != fields->asked;
}

static int64_t integer_of(struct fields *fields, const json_t *value, int64_t min, int64_t max)
{
    int64_t number = json_integer_value(value);

    if (json_is_integer(value) && number >= min && number <= max)
        return number;
    fields->failed = true;
    return 0;
}

static size_t text_of(struct fields *fields, const json_t *value, char *out, size_t max)
{
    const char *text = json_string_value(value);
    size_t size = json_string_length(value);

    if (!text || !size || size > max) {
        fields->failed = true;
        return 0;
    }
    memcpy(out, text, size + 1); /* no NUL inside: jansson refuses \u0000 unless told otherwise */
    return size;
}

bool room_is_token(const char *text, size_t size, size_t max)
{
    for (size_t i = 0; i < size; i++) {
        char c = text[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '-' || c == '_'))
            return false;
    }
    return size > 0 && size <= max;
}

static void token_of(struct fields *fields, const char *name, char *out, size_t max)
{
    size_t size = text_of(fields, need(fields, name), out, max);

    fields->failed |= !room_is_token(out, fields->failed ? 0 : size, max);
}

static void read_position(struct fields *d, struct room_message *out)
{
    const json_t *epoch = find(d, "ep"), *offsets = find(d, "o");
    struct fields o;

    d->failed |= !epoch != !offsets;
    if (!epoch || d->failed)
        return;
    o = fields_of(offsets);
    out->hello.has_position = true;
    (void)text_of(&o, epoch, out->hello.position.epoch, ROOM_EPOCH_MAX_BYTES);
    out->hello.position.ctl = integer_of(&o, need(&o, "ctl"), 0, ROOM_INTEGER_MAX);
    out->hello.position.chat = integer_of(&o, need(&o, "chat"), 0, ROOM_INTEGER_MAX);
    end(&o);
    d->failed |= o.failed;
}

static void read_hello(struct fields *d, struct room_message *out)
{
    size_t size = text_of(d, need(d, "ticket"), out->hello.ticket, ROOM_TICKET_MAX_BYTES);

    for (size_t i = 0; i < size; i++)
        d->failed |= out->hello.ticket[i] <= ' ' || out->hello.ticket[i] > '~';
    token_of(d, "show", out->hello.show, ROOM_SHOW_MAX_BYTES);
    out->hello.has_position = false;
    read_position(d, out);
}

static void read_heart(struct fields *d, struct room_message *out)
{
    out->hearts = (int)integer_of(d, need(d, "n"), 1, ROOM_HEARTS_MAX);
}

static void read_send(struct fields *d, struct room_message *out)
{
    out->send.size = text_of(d, need(d, "t"), out->send.text, ROOM_TEXT_RAW_MAX_BYTES);
}

static void read_mid(struct fields *d, struct room_message *out)
{
    token_of(d, "mid", out->mid, ROOM_MID_MAX_BYTES);
}

static void read_person(struct fields *d, struct room_message *out)
{
    token_of(d, "person", out->whom.person, ROOM_PERSON_MAX_BYTES);
    out->whom.seconds = 0;
}

static void read_mute(struct fields *d, struct room_message *out)
{
    const json_t *seconds = find(d, "s");

    read_person(d, out);
    if (seconds)
        out->whom.seconds = (int)integer_of(d, seconds, 1, 24 * 60 * 60);
}

static void read_slow(struct fields *d, struct room_message *out)
{
    out->slow_s = (int)integer_of(d, need(d, "s"), 0, ROOM_SLOW_MAX_S);
}

static void read_freeze(struct fields *d, struct room_message *out)
{
    const json_t *on = need(d, "on");

    d->failed |= !json_is_boolean(on);
    out->on = json_is_true(on);
}

static const struct {
    const char *name;
    void (*read)(struct fields *d, struct room_message *out);
} verbs[ROOM_VERBS] = {
    [ROOM_HELLO] = {"hello", read_hello},   [ROOM_HEART] = {"heart", read_heart},
    [ROOM_SEND] = {"chat.send", read_send}, [ROOM_DELETE] = {"chat.delete", read_mid},
    [ROOM_MUTE] = {"chat.mute", read_mute}, [ROOM_UNMUTE] = {"chat.unmute", read_person},
    [ROOM_BAN] = {"chat.ban", read_person}, [ROOM_UNBAN] = {"chat.unban", read_person},
    [ROOM_SLOW] = {"chat.slow", read_slow}, [ROOM_FREEZE] = {"chat.freeze", read_freeze},
};

const char *room_verb_name(enum room_verb verb)
{
    return verbs[verb].name;
}

static int find_verb(const char *name)
{
    for (int i = 0; name && i < ROOM_VERBS; i++)
        if (strcmp(verbs[i].name, name) == 0)
            return i;
    return -EBADMSG;
}

/* The key of a retry comes with chat.send and with nothing else. */
static void read_key(struct fields *fields, struct room_message *out)
{
    if (out->verb != ROOM_SEND)
        return;
    token_of(fields, "k", out->send.key, ROOM_KEY_MAX_BYTES);
    fields->failed |= !fields->failed && strlen(out->send.key) < ROOM_KEY_MIN_BYTES;
}

static int read_object(const json_t *object, struct room_message *out)
{
    struct fields fields = fields_of(object), d;
    const json_t *id = find(&fields, "id");
    int verb;

    if (id)
        out->id = integer_of(&fields, id, 0, ROOM_INTEGER_MAX);
    if (fields.failed)
        out->id = -1;
    verb = find_verb(json_string_value(need(&fields, "m")));
    if (verb < 0)
        return verb;
    out->verb = (enum room_verb)verb;
    fields.failed |= !id && verb != ROOM_HEART;
    d = fields_of(need(&fields, "d"));
    if (d.failed || fields.failed)
        return -EBADMSG;
    verbs[verb].read(&d, out);
    end(&d);
    read_key(&fields, out);
    end(&fields);
    return d.failed || fields.failed ? -EBADMSG : 0;
}

int room_message_read(const char *bytes, size_t size, struct room_message *out)
{
    json_t *object;
    int err;

    out->id = -1;
    if (size > ROOM_MESSAGE_MAX_BYTES)
        return -EMSGSIZE;
    if (!jt_json_is_flat(bytes, size, ROOM_MESSAGE_DEPTH_MAX)) /* jansson recurses */
        return -EBADMSG;
    object = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, NULL);
    if (!object)
        return -EBADMSG;
    err = read_object(object, out);
    json_decref(object);
    return err;
}
