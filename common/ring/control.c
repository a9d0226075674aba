#include "ring/control.h"

#include <errno.h>
#include <string.h>

#include <jansson.h>

#include "base/json.h"

enum {
    MESSAGE_MAX_BYTES = 16 * 1024, /* as net/seqpacket.h */
    DEPTH_MAX =
        16, /* ours is 1; a newer peer's unknown keys may nest. jansson alone allows 2,048 */
    CODE_MAX_BYTES = 64,
};

/** Which fields a message has: all that its type lists, or it is malformed. */
enum fields {
    F_ROLE = 1 << 0,
    F_PID = 1 << 1,
    F_SHOW = 1 << 2,
    F_EPOCH = 1 << 3,
    F_TRACK = 1 << 4,
    F_SOURCE = 1 << 5,
    F_STATE = 1 << 6,
    F_ACCESS = 1 << 7,
    F_ON = 1 << 8,
    F_NAME = 1 << 9,
    F_REASON = 1 << 10,
    F_VALUE = 1 << 11,
    F_NAME_OPTIONAL = 1 << 12,   /* with F_NAME: left out when empty */
    F_REASON_OPTIONAL = 1 << 13, /* the same for F_REASON */
};

static const struct {
    const char *name;
    unsigned fields;
} types[JT_CONTROL_TYPE_COUNT] = {
    [JT_CONTROL_HELLO] = {"hello", F_ROLE | F_PID},
    [JT_CONTROL_READER] = {"reader", F_TRACK | F_ON},
    [JT_CONTROL_SHOW] = {"show", F_SHOW | F_EPOCH | F_STATE | F_ACCESS},
    [JT_CONTROL_TRACK] = {"track", F_SHOW | F_EPOCH | F_TRACK | F_SOURCE},
    [JT_CONTROL_TRACK_END] = {"track_end", F_SHOW | F_EPOCH | F_TRACK | F_REASON},
    [JT_CONTROL_TRACK_OFFER] = {"track_offer", F_SHOW | F_EPOCH | F_SOURCE},
    [JT_CONTROL_KEYFRAME] = {"keyframe", F_SHOW | F_TRACK},
    [JT_CONTROL_DEMAND] = {"demand", F_SHOW | F_TRACK | F_ON | F_NAME | F_NAME_OPTIONAL},
    [JT_CONTROL_STATS] = {"stats", F_SHOW | F_NAME | F_VALUE},
    [JT_CONTROL_COMMAND] = {"command", F_SHOW | F_NAME | F_ACCESS | F_REASON | F_REASON_OPTIONAL},
    [JT_CONTROL_WARNING] = {"warning", F_SHOW | F_NAME | F_REASON},
    [JT_CONTROL_BYE] = {"bye", F_REASON},
};

static const char *const role_names[JT_ROLE_COUNT] = {[JT_ROLE_INGEST] = "ingest",
                                                      [JT_ROLE_RELAY] = "relay",
                                                      [JT_ROLE_CHAT] = "chat",
                                                      [JT_ROLE_WORKER] = "worker"};
const char *const jt_show_state_names[JT_SHOW_STATE_COUNT] = {
    [JT_SHOW_LIVE] = "live", [JT_SHOW_WAITING] = "waiting", [JT_SHOW_ENDED] = "ended"};
const char *const jt_show_access_names[JT_SHOW_ACCESS_COUNT] = {
    [JT_ACCESS_PUBLIC] = "public", [JT_ACCESS_TOKEN] = "token", [JT_ACCESS_CLOSED] = "closed"};

const char *jt_control_type_name(enum jt_control_type type)
{
    return (unsigned)type < JT_CONTROL_TYPE_COUNT ? types[type].name : NULL;
}

int jt_control_fd_count(const struct jt_control *message)
{
    if (message->type == JT_CONTROL_TRACK || message->type == JT_CONTROL_TRACK_OFFER)
        return 1;
    return message->type == JT_CONTROL_READER && message->on ? 2 : 0;
}

/* ---- what strings may hold ---- */

static bool is_letter_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool jt_show_name_is_valid(const char *name, size_t size)
{
    if (size == 0 || size >= JT_SHOW_NAME_MAX_BYTES)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!is_letter_or_digit(name[i]) && name[i] != '_' && name[i] != '-')
            return false;
    return true;
}

/** A machine-readable code: [a-z0-9_.]{1,64}. */
static bool code_is_valid(const char *code, size_t size)
{
    if (size == 0 || size > CODE_MAX_BYTES)
        return false;
    for (size_t i = 0; i < size; i++)
        if (!(code[i] >= 'a' && code[i] <= 'z') && !(code[i] >= '0' && code[i] <= '9') &&
            code[i] != '_' && code[i] != '.')
            return false;
    return true;
}

/** Words for people: any UTF-8 (jansson has seen to that) without control characters; may be empty. */
static bool words_are_valid(const char *text, size_t size)
{
    if (size >= JT_CONTROL_TEXT_MAX_BYTES)
        return false;
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7f)
            return false;
    return true;
}

static bool pid_is_valid(int64_t pid)
{
    return pid >= 1 && pid <= INT32_MAX;
}

/* ---- struct to JSON ---- */

/** Adds to an object; the first failure sticks. */
struct json_out {
    json_t *object;
    bool failed;
};

/** Takes `value`, which may be NULL. */
static void put(struct json_out *out, const char *key, json_t *value)
{
    if (!value || json_object_set_new(out->object, key, value) < 0)
        out->failed = true;
}

/* `value` is one of `count` words. */
static void put_enum(struct json_out *out, const char *key, const char *const *names,
                     unsigned count, unsigned value)
{
    const char *name = value < count ? names[value] : NULL;

    put(out, key, name ? json_string(name) : NULL);
}

static void put_text(struct json_out *out, const char *key, const char *text, size_t capacity,
                     bool (*is_valid)(const char *, size_t))
{
    size_t size = strnlen(text, capacity);

    put(out, key, is_valid(text, size) ? json_stringn(text, size) : NULL);
}

static void put_fields(struct json_out *out, const struct jt_control *message, unsigned fields)
{
    if (fields & F_ROLE)
        put_enum(out, "role", role_names, JT_ROLE_COUNT, message->role);
    if (fields & F_PID)
        put(out, "pid", pid_is_valid(message->pid) ? json_integer(message->pid) : NULL);
    if (fields & F_SHOW)
        put_text(out, "show", message->show, sizeof(message->show), jt_show_name_is_valid);
    if (fields & F_EPOCH)
        put(out, "epoch", json_integer(message->epoch));
    if (fields & F_TRACK)
        put(out, "track", json_integer(message->track));
    if (fields & F_SOURCE)
        put(out, "source", json_integer(message->source));
    if (fields & F_STATE)
        put_enum(out, "state", jt_show_state_names, JT_SHOW_STATE_COUNT, message->state);
    if (fields & F_ACCESS)
        put_enum(out, "access", jt_show_access_names, JT_SHOW_ACCESS_COUNT, message->access);
    if (fields & F_ON)
        put(out, "on", json_boolean(message->on));
    if (fields & F_NAME && !(fields & F_NAME_OPTIONAL && !message->name[0]))
        put_text(out, "name", message->name, sizeof(message->name), code_is_valid);
    if (fields & F_REASON && !(fields & F_REASON_OPTIONAL && !message->reason[0]))
        put_text(out, "reason", message->reason, sizeof(message->reason), words_are_valid);
    if (fields & F_VALUE)
        put(out, "value", json_integer(message->value));
}

int jt_control_encode(const struct jt_control *message, char *out, size_t capacity)
{
    struct json_out json = {.object = json_object()};
    size_t size;

    if (!json.object)
        return -ENOMEM;
    put(&json, "v", json_integer(JT_CONTROL_VERSION));
    if ((unsigned)message->type >= JT_CONTROL_TYPE_COUNT) {
        json.failed = true;
    } else {
        put(&json, "type", json_string(types[message->type].name));
        put_fields(&json, message, types[message->type].fields);
    }
    size = json.failed ? 0 : json_dumpb(json.object, out, capacity, JSON_COMPACT);
    json_decref(json.object);
    if (json.failed)
        return -EINVAL;
    if (size == 0 || size >= capacity || size > MESSAGE_MAX_BYTES)
        return -EMSGSIZE;
    out[size] = '\0';
    return (int)size;
}

/* ---- JSON to struct ---- */

/** Takes from an object; the first missing or wrong field sticks. */
struct json_in {
    const json_t *object;
    bool failed;
};

static int64_t take_integer(struct json_in *in, const char *key, int64_t min, int64_t max)
{
    const json_t *value = json_object_get(in->object, key);
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < min || number > max) {
        in->failed = true;
        return 0;
    }
    return number;
}

static bool take_bool(struct json_in *in, const char *key)
{
    const json_t *value = json_object_get(in->object, key);

    if (!json_is_boolean(value))
        in->failed = true;
    return json_is_true(value);
}

static unsigned take_enum(struct json_in *in, const char *key, const char *const *names,
                          unsigned count)
{
    const char *text = json_string_value(json_object_get(in->object, key));

    for (unsigned i = 0; text && i < count; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    in->failed = true;
    return 0;
}

/** `capacity` is over the limit that `is_valid` holds. */
static void take_text(struct json_in *in, const char *key, char *out, size_t capacity,
                      bool (*is_valid)(const char *, size_t))
{
    const json_t *value = json_object_get(in->object, key);
    size_t size = json_string_length(value);

    if (!json_is_string(value) || size >= capacity || !is_valid(json_string_value(value), size)) {
        in->failed = true;
        return;
    }
    memcpy(out, json_string_value(value), size);
    out[size] = '\0';
}

static void take_fields(struct json_in *in, unsigned fields, struct jt_control *out)
{
    if (fields & F_ROLE)
        out->role = (enum jt_control_role)take_enum(in, "role", role_names, JT_ROLE_COUNT);
    if (fields & F_PID)
        out->pid = take_integer(in, "pid", 1, INT32_MAX);
    if (fields & F_SHOW)
        take_text(in, "show", out->show, sizeof(out->show), jt_show_name_is_valid);
    if (fields & F_EPOCH)
        out->epoch = (uint32_t)take_integer(in, "epoch", 0, UINT32_MAX);
    if (fields & F_TRACK)
        out->track = (uint32_t)take_integer(in, "track", 0, UINT32_MAX);
    if (fields & F_SOURCE)
        out->source = (uint32_t)take_integer(in, "source", 0, UINT32_MAX);
    if (fields & F_STATE)
        out->state =
            (enum jt_show_state)take_enum(in, "state", jt_show_state_names, JT_SHOW_STATE_COUNT);
    if (fields & F_ACCESS)
        out->access = (enum jt_show_access)take_enum(in, "access", jt_show_access_names,
                                                     JT_SHOW_ACCESS_COUNT);
    if (fields & F_ON)
        out->on = take_bool(in, "on");
    if (fields & F_NAME && !(fields & F_NAME_OPTIONAL && !json_object_get(in->object, "name")))
        take_text(in, "name", out->name, sizeof(out->name), code_is_valid);
    if (fields & F_REASON &&
        !(fields & F_REASON_OPTIONAL && !json_object_get(in->object, "reason")))
        take_text(in, "reason", out->reason, sizeof(out->reason), words_are_valid);
    if (fields & F_VALUE)
        out->value = take_integer(in, "value", INT64_MIN, INT64_MAX);
}

static int decode_object(const json_t *object, struct jt_control *out)
{
    struct json_in in = {.object = object};
    const char *name = json_string_value(json_object_get(object, "type"));
    struct jt_control message = {.type = JT_CONTROL_HELLO};
    unsigned type = 0;

    (void)take_integer(&in, "v", JT_CONTROL_VERSION, JT_CONTROL_VERSION);
    if (in.failed || !name)
        return -EBADMSG;
    while (type < JT_CONTROL_TYPE_COUNT && strcmp(types[type].name, name) != 0)
        type++;
    if (type == JT_CONTROL_TYPE_COUNT)
        return -EOPNOTSUPP;
    message.type = (enum jt_control_type)type;
    take_fields(&in, types[type].fields, &message);
    if (in.failed)
        return -EBADMSG;
    *out = message;
    return 0;
}

int jt_control_decode(const char *json, size_t size, struct jt_control *out)
{
    json_error_t error;
    json_t *root;
    int err;

    if (size > MESSAGE_MAX_BYTES || !jt_json_is_flat(json, size, DEPTH_MAX))
        return -EBADMSG;
    root = json_loadb(json, size, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        return -EBADMSG;
    err = json_is_object(root) ? decode_object(root, out) : -EBADMSG;
    json_decref(root);
    return err;
}
