#include "chat/media/message.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base/json.h"

enum { BITRATE_MAX_BPS = 1000000000, SIDE_MAX = 65535, SESSIONS_MAX = 1000000 };

/* The first thing that is missing or wrong sticks. */
struct in {
    const json_t *object;
    bool failed;
};

static bool is_code(const char *text, size_t size)
{
    return size > 0 && strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_.") == size;
}

static bool is_print(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (text[i] < 0x21 || text[i] > 0x7e)
            return false;
    return true;
}

static int64_t take_integer(struct in *in, const char *name, int64_t min, int64_t max)
{
    const json_t *value = json_object_get(in->object, name);
    int64_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < min || number > max) {
        in->failed = true;
        return 0;
    }
    return number;
}

/* Borrowed; "" when it failed. `capacity` counts a NUL. */
static const char *look_text(struct in *in, const char *name, size_t capacity,
                             bool (*is_valid)(const char *, size_t))
{
    const json_t *value = json_object_get(in->object, name);
    size_t size = json_string_length(value);

    if (!json_is_string(value) || size >= capacity || !is_valid(json_string_value(value), size)) {
        in->failed = true;
        return "";
    }
    return json_string_value(value);
}

static void take_text(struct in *in, const char *name, char *out, size_t capacity,
                      bool (*is_valid)(const char *, size_t))
{
    const char *text = look_text(in, name, capacity, is_valid);

    memcpy(out, text, strlen(text) + 1);
}

static unsigned take_choice(struct in *in, const char *name, const char *const *names, size_t count)
{
    const char *text = json_string_value(json_object_get(in->object, name));

    for (unsigned i = 0; text && i < count; i++)
        if (strcmp(names[i], text) == 0)
            return i;
    in->failed = true;
    return 0;
}

int media_message_parse(const char *body, size_t size, json_t **out)
{
    json_error_t error;
    json_t *root;

    if (!jt_json_is_flat(body, size, MEDIA_MESSAGE_DEPTH_MAX))
        return -EBADMSG;
    root = json_loadb(body, size, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(root)) {
        json_decref(root);
        return -EBADMSG;
    }
    *out = root;
    return 0;
}

int media_message_publish(const json_t *root, struct media_publish *out)
{
    static const char *const kinds[] = {"rtmp", "whip"};
    struct in in = {.object = root};
    struct media_publish who = {.key = "", .token = ""};

    if (json_object_get(root, "key"))
        who.key = look_text(&in, "key", MEDIA_KEY_MAX_BYTES, jt_show_name_is_valid);
    else
        who.token = look_text(&in, "token", MEDIA_TOKEN_MAX_BYTES, is_print);
    who.kind = kinds[take_choice(&in, "kind", kinds, JT_COUNT(kinds))];
    who.peer = look_text(&in, "peer", MEDIA_PEER_MAX_BYTES, is_print);
    if (in.failed || (!who.key[0] && !who.token[0]))
        return -EBADMSG;
    *out = who;
    return 0;
}

int media_message_unpublish(const json_t *root, struct media_unpublish *out)
{
    struct in in = {.object = root};
    struct media_unpublish message;

    take_text(&in, "show", message.show, sizeof(message.show), jt_show_name_is_valid);
    message.epoch = (uint32_t)take_integer(&in, "epoch", 0, UINT32_MAX);
    take_text(&in, "reason", message.reason, sizeof(message.reason), is_code);
    if (in.failed)
        return -EBADMSG;
    *out = message;
    return 0;
}

int media_message_part(const json_t *root, struct media_part *out)
{
    struct in in = {.object = root};
    struct media_part part = {.shows = json_object_get(root, "shows")};

    part.set = take_integer(&in, "set", 0, INT64_MAX);
    part.parts = (int)take_integer(&in, "parts", 1, MEDIA_PARTS_MAX);
    part.part = (int)take_integer(&in, "part", 1, in.failed ? 1 : part.parts);
    if (in.failed || !json_is_array(part.shows))
        return -EBADMSG;
    *out = part;
    return 0;
}

static void take_track(const json_t *object, bool *failed, struct media_track *out)
{
    struct in in = {.object = object};

    out->codec =
        jt_codec_parse(look_text(&in, "codec", JT_TRACK_LAYER_MAX_BYTES, jt_show_name_is_valid));
    out->width = (int)take_integer(&in, "width", 0, SIDE_MAX);
    out->height = (int)take_integer(&in, "height", 0, SIDE_MAX);
    out->bitrate_bps = take_integer(&in, "bitrate_bps", 0, BITRATE_MAX_BPS);
    out->capture_us = take_integer(&in, "capture_us", 0, INT64_MAX / 2);
    out->wall_offset_us = take_integer(&in, "wall_offset_us", INT64_MIN / 2, INT64_MAX / 2);
    *failed |= in.failed || out->codec == JT_CODEC_NONE;
}

/* More of them than there is room for are passed over: a newer ingest may have more. */
static void take_tracks(struct in *in, struct media_show *out)
{
    const json_t *list = json_object_get(in->object, "tracks");

    if (!json_is_array(list))
        in->failed = true;
    for (size_t i = 0; i < json_array_size(list) && i < MEDIA_TRACKS_MAX; i++)
        take_track(json_array_get(list, i), &in->failed, &out->tracks[out->track_count++]);
}

static void take_warnings(struct in *in, struct media_show *out)
{
    const json_t *list = json_object_get(in->object, "warnings");

    if (!json_is_array(list))
        in->failed = true;
    for (size_t i = 0; i < json_array_size(list) && i < MEDIA_WARNINGS_MAX; i++) {
        const json_t *code = json_array_get(list, i);
        size_t size = json_string_length(code);

        if (!json_is_string(code) || size >= MEDIA_CODE_MAX_BYTES ||
            !is_code(json_string_value(code), size)) {
            in->failed = true;
            return;
        }
        memcpy(out->warnings[out->warning_count++], json_string_value(code), size + 1);
    }
}

int media_message_show(const json_t *object, struct media_show *out)
{
    struct in in = {.object = object};

    memset(out, 0, sizeof(*out));
    take_text(&in, "show", out->show, sizeof(out->show), jt_show_name_is_valid);
    out->epoch = (uint32_t)take_integer(&in, "epoch", 0, UINT32_MAX);
    out->state =
        (enum jt_show_state)take_choice(&in, "state", jt_show_state_names, JT_SHOW_STATE_COUNT);
    out->access =
        (enum jt_show_access)take_choice(&in, "access", jt_show_access_names, JT_SHOW_ACCESS_COUNT);
    take_tracks(&in, out);
    take_warnings(&in, out);
    return in.failed ? -EBADMSG : 0;
}

int media_message_audience(const json_t *object, struct media_audience *out)
{
    struct in in = {.object = object};

    memset(out, 0, sizeof(*out));
    take_text(&in, "show", out->show, sizeof(out->show), jt_show_name_is_valid);
    out->sessions = (int)take_integer(&in, "sessions", 0, SESSIONS_MAX);
    return in.failed ? -EBADMSG : 0;
}
