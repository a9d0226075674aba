#include "chat/live/owner.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "chat/live/private.h"
#include "chat/store/show.h"

struct kept {
    char link[STORE_LINK_CHARACTERS + 1];
    int64_t until_us; /* monotonic */
    struct live_owner owner;
};

struct live_owners {
    pthread_mutex_t lock;
    struct kept kept[LIVE_OWNERS_KEPT];
};

int live_owners_new(struct live_owners **out)
{
    struct live_owners *owners = calloc(1, sizeof(*owners));

    if (!owners)
        return -ENOMEM;
    (void)pthread_mutex_init(&owners->lock, NULL);
    *out = owners;
    return 0;
}

void live_owners_free(struct live_owners *owners)
{
    if (!owners)
        return;
    (void)pthread_mutex_destroy(&owners->lock);
    free(owners);
}

/* Links are random and ours, and only those that exist are kept: nobody aims. */
static struct kept *place_of(struct live_owners *owners, const char *link)
{
    uint32_t hash = 2166136261U; /* FNV-1a */

    for (; *link; link++)
        hash = (hash ^ (unsigned char)*link) * 16777619U;
    return &owners->kept[hash % LIVE_OWNERS_KEPT];
}

/* Whoever finds it out of date reads; the others go on with what there is meanwhile. */
static bool find(struct live_owners *owners, const char *link, struct live_owner *out)
{
    struct kept *place = place_of(owners, link);
    int64_t now_us = jt_clock_mono_us();
    bool is_here, is_good;

    (void)pthread_mutex_lock(&owners->lock);
    is_here = !strcmp(place->link, link);
    is_good = is_here && now_us < place->until_us;
    if (is_good)
        *out = place->owner;
    else if (is_here)
        place->until_us = now_us + LIVE_OWNER_KEPT_MS * JT_USEC_PER_MSEC;
    (void)pthread_mutex_unlock(&owners->lock);
    return is_good;
}

static void keep(struct live_owners *owners, const char *link, const struct live_owner *owner)
{
    struct kept *place = place_of(owners, link);

    (void)pthread_mutex_lock(&owners->lock);
    memcpy(place->link, link, strlen(link) + 1);
    place->until_us = jt_clock_mono_us() + LIVE_OWNER_KEPT_MS * JT_USEC_PER_MSEC;
    place->owner = *owner;
    (void)pthread_mutex_unlock(&owners->lock);
}

int live_owner_of(struct live *live, const char *link, struct live_owner *out)
{
    struct store_show show;
    int err;

    if (find(live->owners, link, out))
        return 0;
    err = store_show_get(live->parts.store, link, 0, &show);
    if (err)
        return err;
    out->shop_id = show.shop_id;
    memcpy(out->shop_name, show.shop_name, sizeof(out->shop_name));
    keep(live->owners, show.link, out);
    return 0;
}
