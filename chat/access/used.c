#include "chat/access/used.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "token/token.h"

/*
 * Rows of a few slots, the row chosen by the id itself: it is random and comes out of a token whose MAC was found good, so
 * nobody aims. Four times more slots than asked for keep a row from filling by chance.
 */
enum { SLOTS_PER_ROW = 16, SPACE = 4, CAPACITY_MAX = 1 << 24 };

struct slot {
    uint8_t nonce[JT_TOKEN_NONCE_BYTES];
    int64_t expires_ms; /* 0: never used */
};

struct access_used {
    pthread_mutex_t lock;
    size_t rows;
    struct slot slots[];
};

static struct jt_metric again =
    JT_COUNTER("jangteo_chat_tokens_used_twice_total", "One-time tokens shown again.", NULL);
static struct jt_metric full = JT_COUNTER("jangteo_chat_tokens_used_full_total",
                                          "One-time tokens refused for lack of memory.", NULL);

int access_used_new(size_t capacity, struct access_used **out)
{
    size_t rows = 1;
    struct access_used *used;

    if (capacity == 0)
        capacity = ACCESS_USED_DEFAULT;
    if (capacity > CAPACITY_MAX)
        return -ENOMEM;
    while (rows * SLOTS_PER_ROW < capacity * SPACE)
        rows *= 2;
    used = calloc(1, sizeof(*used) + rows * SLOTS_PER_ROW * sizeof(used->slots[0]));
    if (!used)
        return -ENOMEM;
    (void)pthread_mutex_init(&used->lock, NULL);
    used->rows = rows;
    *out = used;
    return 0;
}

void access_used_free(struct access_used *used)
{
    if (!used)
        return;
    (void)pthread_mutex_destroy(&used->lock);
    free(used);
}

/* An id found counts whatever its expiry: a wall clock set back must not make it new again (pitfall 47). */
static int mark(struct access_used *used, const uint8_t *nonce, int64_t expires_ms, int64_t now_ms)
{
    struct slot *row, *free_slot = NULL;
    uint64_t hash;

    memcpy(&hash, nonce, sizeof(hash));
    row = &used->slots[(hash & (used->rows - 1)) * SLOTS_PER_ROW];
    for (int i = 0; i < SLOTS_PER_ROW; i++) {
        if (row[i].expires_ms && !memcmp(row[i].nonce, nonce, sizeof(row[i].nonce)))
            return -EALREADY;
        if (now_ms - row[i].expires_ms >= JT_TOKEN_LEEWAY_MS &&
            (!free_slot || row[i].expires_ms < free_slot->expires_ms))
            free_slot = &row[i];
    }
    if (!free_slot)
        return -ENOSPC;
    memcpy(free_slot->nonce, nonce, sizeof(free_slot->nonce));
    free_slot->expires_ms = expires_ms;
    return 0;
}

int access_used_take(struct access_used *used, const struct jt_token *token, int64_t now_ms)
{
    int err;

    (void)pthread_mutex_lock(&used->lock);
    err = mark(used, token->nonce, token->expires_ms, now_ms);
    (void)pthread_mutex_unlock(&used->lock);
    if (err == -EALREADY)
        jt_metric_add(&again, NULL, 1);
    if (err == -ENOSPC)
        jt_metric_add(&full, NULL, 1);
    return err;
}
