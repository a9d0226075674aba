#include "relay/audience.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "ring/control.h"

struct entry {
    LIST_ENTRY(entry) link;
    char show[JT_SHOW_NAME_MAX_BYTES];
    int count, watching;
};

struct relay_audience {
    pthread_mutex_t lock;
    LIST_HEAD(, entry) entries; /* only shows with viewers */
};

int relay_audience_new(struct relay_audience **out)
{
    struct relay_audience *audience = calloc(1, sizeof(*audience));

    if (!audience)
        return -ENOMEM;
    (void)pthread_mutex_init(&audience->lock, NULL);
    LIST_INIT(&audience->entries);
    *out = audience;
    return 0;
}

void relay_audience_free(struct relay_audience *audience)
{
    struct entry *entry;

    if (!audience)
        return;
    while ((entry = LIST_FIRST(&audience->entries))) {
        LIST_REMOVE(entry, link);
        free(entry);
    }
    (void)pthread_mutex_destroy(&audience->lock);
    free(audience);
}

static struct entry *find(struct relay_audience *audience, const char *show)
{
    struct entry *entry;

    LIST_FOREACH (entry, &audience->entries, link)
        if (strcmp(entry->show, show) == 0)
            return entry;
    return NULL;
}

static struct entry *find_or_make(struct relay_audience *audience, const char *show)
{
    struct entry *entry = find(audience, show);

    if (entry)
        return entry;
    entry = calloc(1, sizeof(*entry));
    if (!entry)
        return NULL; /* a figure is missing, nothing else */
    (void)snprintf(entry->show, sizeof(entry->show), "%s", show);
    LIST_INSERT_HEAD(&audience->entries, entry, link);
    return entry;
}

void relay_audience_add(struct relay_audience *audience, const char *show, int by)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&audience->lock);
    entry = find_or_make(audience, show);
    if (entry) {
        entry->count += by;
        if (entry->count <= 0) {
            LIST_REMOVE(entry, link);
            free(entry);
        }
    }
    (void)pthread_mutex_unlock(&audience->lock);
}

int relay_audience_count(struct relay_audience *audience, const char *show)
{
    struct entry *entry;
    int count;

    (void)pthread_mutex_lock(&audience->lock);
    entry = find(audience, show);
    count = entry ? entry->count : 0;
    (void)pthread_mutex_unlock(&audience->lock);
    return count;
}

void relay_audience_watch(struct relay_audience *audience, const char *show, int by)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&audience->lock);
    entry = find(audience, show);
    if (entry)
        entry->watching += by;
    (void)pthread_mutex_unlock(&audience->lock);
}

void relay_audience_each_watched(struct relay_audience *audience, relay_audience_fn fn, void *arg)
{
    struct entry *entry;

    (void)pthread_mutex_lock(&audience->lock);
    LIST_FOREACH (entry, &audience->entries, link)
        if (entry->watching > 0)
            fn(arg, entry->show, entry->watching);
    (void)pthread_mutex_unlock(&audience->lock);
}
