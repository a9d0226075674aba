#include "hook/set.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/hook.h"

enum { FRAME_MAX_BYTES = 128 }; /* what stands around the entries */

_Static_assert((int)JT_HOOK_SET_PART_BYTES + (int)FRAME_MAX_BYTES <= (int)JT_HOOK_BODY_MAX_BYTES,
               "a part fits a body");

struct part {
    char *text; /* entries with commas between them */
    size_t size;
};

struct jt_hook_set {
    struct part parts[JT_HOOK_SET_PARTS_MAX];
    int count;
};

int jt_hook_set_new(struct jt_hook_set **out)
{
    struct jt_hook_set *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    *out = set;
    return 0;
}

void jt_hook_set_free(struct jt_hook_set *set)
{
    if (!set)
        return;
    for (int i = 0; i < set->count; i++)
        free(set->parts[i].text);
    free(set);
}

static int new_part(struct jt_hook_set *set)
{
    char *text;

    if (set->count == JT_HOOK_SET_PARTS_MAX)
        return -ENOSPC;
    text = malloc(JT_HOOK_SET_PART_BYTES);
    if (!text)
        return -ENOMEM;
    set->parts[set->count++] = (struct part){.text = text};
    return 0;
}

int jt_hook_set_add(struct jt_hook_set *set, const char *json, size_t size)
{
    struct part *part = set->count ? &set->parts[set->count - 1] : NULL;
    int err;

    if (size + 1 > JT_HOOK_SET_PART_BYTES)
        return -EMSGSIZE;
    if (!part || size + 1 > JT_HOOK_SET_PART_BYTES - part->size) {
        err = new_part(set);
        if (err)
            return err;
        part = &set->parts[set->count - 1];
    }
    if (part->size)
        part->text[part->size++] = ',';
    memcpy(part->text + part->size, json, size);
    part->size += size;
    return 0;
}

static int post_part(const struct part *part, struct jt_hooks *hooks, struct jt_hook_post post,
                     const char *frame)
{
    size_t frame_size = strlen(frame);
    char *body = malloc(frame_size + part->size + 2);
    int err;

    if (!body)
        return -ENOMEM;
    memcpy(body, frame, frame_size);
    if (part->size)
        memcpy(body + frame_size, part->text, part->size);
    memcpy(body + frame_size + part->size, "]}", 2);
    post.body = body;
    post.size = frame_size + part->size + 2;
    err = jt_hooks_post(hooks, &post);
    free(body);
    return err;
}

int jt_hook_set_post(const struct jt_hook_set *set, struct jt_hooks *hooks, const char *path,
                     int64_t number)
{
    static const struct part empty;
    int parts = JT_MAX(set->count, 1);
    char frame[FRAME_MAX_BYTES], topic[JT_HOOK_TOPIC_MAX_BYTES];
    int err = 0;

    for (int i = 0; i < parts && !err; i++) {
        (void)snprintf(frame, sizeof(frame),
                       "{\"set\":%" PRId64 ",\"part\":%d,\"parts\":%d,\"shows\":[", number, i + 1,
                       parts);
        (void)snprintf(topic, sizeof(topic), "%s/%d", path, i + 1);
        err = post_part(set->count ? &set->parts[i] : &empty, hooks,
                        (struct jt_hook_post){.path = path, .topic = topic}, frame);
    }
    return err;
}
