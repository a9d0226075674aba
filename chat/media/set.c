#include "chat/media/set.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct media_set {
    pthread_mutex_t lock;
    int64_t number;
    int parts, missing;
    json_t *part[MEDIA_PARTS_MAX];
};

int media_set_new(struct media_set **out)
{
    struct media_set *set = calloc(1, sizeof(*set));

    if (!set)
        return -ENOMEM;
    (void)pthread_mutex_init(&set->lock, NULL);
    set->number = -1;
    *out = set;
    return 0;
}

static void clear(struct media_set *set)
{
    for (int i = 0; i < set->parts; i++) {
        json_decref(set->part[i]);
        set->part[i] = NULL;
    }
    set->parts = 0;
}

void media_set_free(struct media_set *set)
{
    if (!set)
        return;
    clear(set);
    (void)pthread_mutex_destroy(&set->lock);
    free(set);
}

static json_t *join(struct media_set *set)
{
    json_t *all = json_array();

    for (int i = 0; all && i < set->parts; i++)
        if (json_array_extend(all, set->part[i])) {
            json_decref(all);
            all = NULL;
        }
    clear(set);
    return all;
}

json_t *media_set_add(struct media_set *set, const struct media_part *part)
{
    json_t *all = NULL;

    (void)pthread_mutex_lock(&set->lock);
    if (part->set != set->number || part->parts != set->parts) {
        clear(set);
        set->number = part->set;
        set->parts = set->missing = part->parts;
    }
    if (!set->part[part->part - 1]) {
        set->part[part->part - 1] = json_incref(part->shows);
        if (--set->missing == 0)
            all = join(set);
    }
    (void)pthread_mutex_unlock(&set->lock);
    return all;
}
