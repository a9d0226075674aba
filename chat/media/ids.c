#include "chat/media/ids.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hook/sign.h"

struct id {
    char text[JT_HOOK_ID_MAX_BYTES + 1]; /* "": free */
    int64_t until_ms;
};

/* A ring in the order they came. A few come each second, so that looking at all of them costs nothing. */
struct media_ids {
    pthread_mutex_t lock;
    int capacity, next;
    struct id ring[];
};

int media_ids_new(int capacity, struct media_ids **out)
{
    struct media_ids *ids = calloc(1, sizeof(*ids) + (size_t)capacity * sizeof(ids->ring[0]));

    if (!ids)
        return -ENOMEM;
    (void)pthread_mutex_init(&ids->lock, NULL);
    ids->capacity = capacity;
    *out = ids;
    return 0;
}

void media_ids_free(struct media_ids *ids)
{
    if (!ids)
        return;
    (void)pthread_mutex_destroy(&ids->lock);
    free(ids);
}

static int take(struct media_ids *ids, const char *id, int64_t until_ms, int64_t now_ms)
{
    struct id *oldest = &ids->ring[ids->next];

    for (int i = 0; i < ids->capacity; i++)
        if (strcmp(ids->ring[i].text, id) == 0)
            return -EALREADY;
    if (oldest->text[0] && oldest->until_ms > now_ms)
        return -ENOSPC;
    (void)snprintf(oldest->text, sizeof(oldest->text), "%s", id);
    oldest->until_ms = until_ms;
    ids->next = (ids->next + 1) % ids->capacity;
    return 0;
}

int media_ids_take(struct media_ids *ids, const char *id, int64_t until_ms, int64_t now_ms)
{
    int err;

    (void)pthread_mutex_lock(&ids->lock);
    err = take(ids, id, until_ms, now_ms);
    (void)pthread_mutex_unlock(&ids->lock);
    return err;
}
