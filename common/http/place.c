#include "http/place.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/request.h"
#include "http/server.h"

enum { SLOTS = 1024 };

/** One address; held by all its connections together. */
struct jt_http_place {
    struct jt_http_place *next;
    struct jt_http_places *places;
    int count;
    char peer[JT_HTTP_PEER_MAX_BYTES];
};

struct jt_http_places {
    pthread_mutex_t lock;
    int count, max, peer_max;
    bool is_freed;
    struct jt_http_place *slots[SLOTS];
};

int jt_http_places_new(int max, int peer_max, struct jt_http_places **out)
{
    struct jt_http_places *places = calloc(1, sizeof(*places));

    if (!places)
        return -ENOMEM;
    (void)pthread_mutex_init(&places->lock, NULL);
    places->max = max;
    places->peer_max = peer_max;
    *out = places;
    return 0;
}

static void destroy(struct jt_http_places *places)
{
    (void)pthread_mutex_destroy(&places->lock);
    free(places);
}

void jt_http_places_free(struct jt_http_places *places)
{
    bool is_empty;

    if (!places)
        return;
    (void)pthread_mutex_lock(&places->lock);
    places->is_freed = true;
    is_empty = places->count == 0;
    (void)pthread_mutex_unlock(&places->lock);
    if (is_empty)
        destroy(places);
}

/** FNV-1a. Who has many addresses to choose from gains little: there are `max` at most. */
static struct jt_http_place **slot_of(struct jt_http_places *places, const char *peer)
{
    uint32_t hash = 2166136261U;

    for (const unsigned char *p = (const unsigned char *)peer; *p; p++)
        hash = (hash ^ *p) * 16777619U;
    return &places->slots[hash % SLOTS];
}

/** Where the pointer to the address is or would be. */
static struct jt_http_place **find(struct jt_http_places *places, const char *peer)
{
    struct jt_http_place **at = slot_of(places, peer);

    while (*at && strcmp((*at)->peer, peer) != 0)
        at = &(*at)->next;
    return at;
}

static int take(struct jt_http_places *places, const char *peer, struct jt_http_place **out)
{
    struct jt_http_place **at = find(places, peer);

    if (places->count >= places->max)
        return -EMFILE;
    if (*at && places->peer_max >= 0 && (*at)->count >= places->peer_max)
        return -EUSERS;
    if (!*at) {
        *at = calloc(1, sizeof(**at));
        if (!*at)
            return -ENOMEM;
        (*at)->places = places;
        strcpy((*at)->peer, peer); /* of JT_HTTP_PEER_MAX_BYTES, as all are */
    }
    places->count++;
    (*at)->count++;
    *out = *at;
    return 0;
}

int jt_http_place_take(struct jt_http_places *places, const char *peer, struct jt_http_place **out)
{
    int err;

    if (strlen(peer) >= JT_HTTP_PEER_MAX_BYTES)
        return -EINVAL;
    (void)pthread_mutex_lock(&places->lock);
    err = take(places, peer, out);
    (void)pthread_mutex_unlock(&places->lock);
    return err;
}

void jt_http_place_free(struct jt_http_place *place)
{
    struct jt_http_places *places;
    bool is_last;

    if (!place)
        return;
    places = place->places;
    (void)pthread_mutex_lock(&places->lock);
    if (--place->count == 0) {
        struct jt_http_place **at = find(places, place->peer);

        *at = place->next;
        free(place);
    }
    is_last = --places->count == 0 && places->is_freed;
    (void)pthread_mutex_unlock(&places->lock);
    if (is_last)
        destroy(places);
}
