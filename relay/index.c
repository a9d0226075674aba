#include "relay/index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "relay/routes.h"
#include "relay/viewer.h"
#include "rtc/ice.h"
#include "rtc/transport.h"

enum { BUCKETS = 4096 }; /* power of two; viewers per worker are a few thousand at most */

LIST_HEAD(viewer_list, relay_viewer);
LIST_HEAD(path_list, relay_viewer_path);

struct relay_index {
    struct relay_routes *routes;
    int worker;
    struct viewer_list by_ufrag[BUCKETS], by_id[BUCKETS];
    struct path_list by_address[BUCKETS];
};

int relay_index_new(struct relay_routes *routes, int worker, struct relay_index **out)
{
    struct relay_index *index = calloc(1, sizeof(*index)); /* zeroed lists are empty ones */

    if (!index)
        return -ENOMEM;
    index->routes = routes;
    index->worker = worker;
    *out = index;
    return 0;
}

void relay_index_free(struct relay_index *index)
{
    free(index);
}

static size_t text_bucket(const char *text)
{
    uint32_t hash = 2166136261U; /* FNV-1a: the keys are random texts of ours */

    for (; *text; text++)
        hash = (hash ^ (uint8_t)*text) * 16777619U;
    return hash % BUCKETS;
}

static struct path_list *address_bucket(struct relay_index *index, const struct jt_address *address)
{
    return &index->by_address[jt_address_hash(address, 0) % BUCKETS];
}

struct relay_viewer *relay_index_by_ufrag(struct relay_index *index, const char *ufrag)
{
    struct relay_viewer *viewer;

    LIST_FOREACH (viewer, &index->by_ufrag[text_bucket(ufrag)], by_ufrag)
        if (strcmp(jt_ice_ufrag(jt_transport_ice(viewer->transport)), ufrag) == 0)
            return viewer;
    return NULL;
}

struct relay_viewer *relay_index_by_address(struct relay_index *index,
                                            const struct jt_address *from)
{
    struct relay_viewer_path *path;

    LIST_FOREACH (path, address_bucket(index, from), link)
        if (jt_address_equal(&path->address, from))
            return path->viewer;
    return NULL;
}

struct relay_viewer *relay_index_by_id(struct relay_index *index, const char *id)
{
    struct relay_viewer *viewer;

    LIST_FOREACH (viewer, &index->by_id[text_bucket(id)], by_id)
        if (strcmp(viewer->id, id) == 0)
            return viewer;
    return NULL;
}

void relay_index_add(struct relay_index *index, struct relay_viewer *viewer)
{
    const char *ufrag = jt_ice_ufrag(jt_transport_ice(viewer->transport));

    LIST_INSERT_HEAD(&index->by_ufrag[text_bucket(ufrag)], viewer, by_ufrag);
    LIST_INSERT_HEAD(&index->by_id[text_bucket(viewer->id)], viewer, by_id);
}

static void forget_path(struct relay_index *index, struct relay_viewer_path *path)
{
    LIST_REMOVE(path, link);
    path->viewer = NULL;
    if (!relay_index_by_address(index, &path->address))
        relay_routes_clear(index->routes, &path->address, index->worker);
}

/* The viewer's entry for `from`, made if need be. NULL: there are as many as ICE keeps. */
static struct relay_viewer_path *path_of(struct relay_index *index, struct relay_viewer *viewer,
                                         const struct jt_address *from)
{
    struct jt_ice *ice = jt_transport_ice(viewer->transport);
    struct relay_viewer_path *unused = NULL;

    for (size_t i = 0; i < JT_COUNT(viewer->paths); i++) {
        struct relay_viewer_path *path = &viewer->paths[i];

        if (path->viewer && jt_address_equal(&path->address, from))
            return path;
        if (path->viewer && !jt_ice_is_known(ice, &path->address))
            forget_path(index, path);
        if (!path->viewer)
            unused = path;
    }
    if (!unused)
        return NULL;
    *unused = (struct relay_viewer_path){.viewer = viewer, .address = *from};
    LIST_INSERT_HEAD(address_bucket(index, from), unused, link);
    return unused;
}

void relay_index_own(struct relay_index *index, struct relay_viewer *viewer,
                     const struct jt_address *from)
{
    struct relay_viewer_path *path = path_of(index, viewer, from);

    if (!path)
        return;
    LIST_REMOVE(path, link);
    LIST_INSERT_HEAD(address_bucket(index, from), path, link);
    relay_routes_set(index->routes, from, index->worker);
}

void relay_index_learn(struct relay_index *index, struct relay_viewer *viewer,
                       const struct jt_address *from)
{
    if (!jt_ice_is_known(jt_transport_ice(viewer->transport), from))
        return;
    if (viewer->has_address && jt_address_equal(&viewer->address, from)) {
        if (relay_index_by_address(index, from) != viewer ||
            relay_routes_find(index->routes, from) != index->worker)
            relay_index_own(index, viewer, from);
        return;
    }
    if (relay_index_by_address(index, from) || relay_routes_find(index->routes, from) >= 0)
        return;
    relay_index_own(index, viewer, from);
}

void relay_index_remove(struct relay_index *index, struct relay_viewer *viewer)
{
    LIST_REMOVE(viewer, by_ufrag);
    LIST_REMOVE(viewer, by_id);
    for (size_t i = 0; i < JT_COUNT(viewer->paths); i++)
        if (viewer->paths[i].viewer)
            forget_path(index, &viewer->paths[i]);
}
