/* A store in a directory of its own that is gone afterwards. */
#ifndef TESTS_CHAT_STORE_PLACE_H
#define TESTS_CHAT_STORE_PLACE_H

#include <assert.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "chat/store/store.h"

struct place {
    char directory[64], path[96], backups[96];
    struct store *store;
};

static int place_remove(const char *path, const struct stat *status, int kind, struct FTW *where)
{
    (void)status;
    (void)kind;
    (void)where;
    return remove(path);
}

static inline int place_reopen(struct place *place)
{
    const struct store_config config = {.path = place->path, .backups = place->backups};

    store_close(place->store);
    place->store = NULL;
    return store_open(&config, &place->store);
}

static inline int place_setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    if (!place)
        return -1;
    (void)snprintf(place->directory, sizeof(place->directory), "/tmp/jangteo-store-XXXXXX");
    if (!mkdtemp(place->directory))
        return -1;
    (void)snprintf(place->path, sizeof(place->path), "%s/shop.sqlite", place->directory);
    (void)snprintf(place->backups, sizeof(place->backups), "%s/backups", place->directory);
    *state = place;
    return place_reopen(place);
}

static inline int place_teardown(void **state)
{
    struct place *place = *state;

    store_close(place->store);
    (void)nftw(place->directory, place_remove, 8, FTW_DEPTH | FTW_PHYS);
    free(place);
    return 0;
}

#endif
