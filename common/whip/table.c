#include "whip/table.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { BUCKETS = 4096 };

struct session {
    struct session *next;
    char id[JT_WHIP_ID_BYTES];
    char etag[JT_WHIP_ETAG_BYTES];
    int64_t bucket_us;
    char *show, *token; /* NULL: none */
};

struct jt_whip_table {
    pthread_mutex_t lock;
    int count, max;
    struct session *buckets[BUCKETS];
};

static int hex_random(char *out, size_t bytes)
{
    unsigned char random[16];

    if (getrandom(random, bytes, 0) != (ssize_t)bytes)
        return -errno;
    for (size_t i = 0; i < bytes; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", random[i]);
    return 0;
}

int jt_whip_id_make(char out[JT_WHIP_ID_BYTES])
{
    return hex_random(out, (JT_WHIP_ID_BYTES - 1) / 2);
}

int jt_whip_etag_make(char out[JT_WHIP_ETAG_BYTES])
{
    char text[JT_WHIP_ETAG_BYTES - 2];
    int err = hex_random(text, (sizeof(text) - 1) / 2);

    if (!err)
        (void)snprintf(out, JT_WHIP_ETAG_BYTES, "\"%s\"", text);
    return err;
}

/* Ids are random, so that any of their bits are a hash; made-up ones only find themselves a bucket.
 */
static struct session **place(struct jt_whip_table *table, const char *id)
{
    unsigned value = 0;
    struct session **at;

    for (int i = 0; i < 8 && id[i]; i++)
        value = value * 31 + (unsigned char)id[i];
    for (at = &table->buckets[value % BUCKETS]; *at && strcmp((*at)->id, id) != 0;
         at = &(*at)->next)
        ;
    return at;
}

static void session_free(struct session *session)
{
    if (session->token)
        explicit_bzero(session->token, strlen(session->token));
    free(session->token);
    free(session->show);
    free(session);
}

static struct session *session_new(const struct jt_whip_access *access, const char *etag)
{
    struct session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    strcpy(session->id, access->id);
    strcpy(session->etag, etag);
    session->show = access->show ? strdup(access->show) : NULL;
    session->token = access->token ? strdup(access->token) : NULL;
    if ((access->show && !session->show) || (access->token && !session->token)) {
        session_free(session);
        return NULL;
    }
    return session;
}

int jt_whip_table_new(int sessions_max, struct jt_whip_table **out)
{
    struct jt_whip_table *table = calloc(1, sizeof(*table));

    if (!table)
        return -ENOMEM;
    pthread_mutex_init(&table->lock, NULL);
    table->max = sessions_max;
    *out = table;
    return 0;
}

void jt_whip_table_free(struct jt_whip_table *table)
{
    if (!table)
        return;
    for (int i = 0; i < BUCKETS; i++) {
        while (table->buckets[i]) {
            struct session *session = table->buckets[i];

            table->buckets[i] = session->next;
            session_free(session);
        }
    }
    pthread_mutex_destroy(&table->lock);
    free(table);
}

int jt_whip_table_add(struct jt_whip_table *table, const struct jt_whip_access *access,
                      const char *etag)
{
    struct session *session = session_new(access, etag);
    int err = session ? 0 : -ENOMEM;

    if (err)
        return err;
    pthread_mutex_lock(&table->lock);
    if (table->count >= table->max) {
        err = -ENOSPC;
    } else {
        *place(table, session->id) = session;
        table->count++;
    }
    pthread_mutex_unlock(&table->lock);
    if (err)
        session_free(session);
    return err;
}

static bool same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* Takes as long for a wrong token as for the right one. */
static bool same_secret(const char *a, const char *b)
{
    size_t size = strlen(a);
    unsigned char difference = 0;

    if (strlen(b) != size)
        return false;
    for (size_t i = 0; i < size; i++)
        difference |= (unsigned char)(a[i] ^ b[i]);
    return difference == 0;
}

int jt_whip_table_check(struct jt_whip_table *table, const struct jt_whip_access *access)
{
    const struct session *session;
    int err = 0;

    pthread_mutex_lock(&table->lock);
    session = *place(table, access->id);
    if (!session || !same_text(session->show, access->show))
        err = -ENOENT;
    else if (session->token && !access->token)
        err = -EACCES;
    else if (session->token && !same_secret(session->token, access->token))
        err = -EPERM;
    pthread_mutex_unlock(&table->lock);
    return err;
}

bool jt_whip_table_is_within(struct jt_whip_table *table, const char *id, struct jt_rate rate,
                             int64_t now_us)
{
    struct session *session;
    bool is_within;

    pthread_mutex_lock(&table->lock);
    session = *place(table, id);
    is_within = session && jt_rate_take(&session->bucket_us, rate, now_us);
    pthread_mutex_unlock(&table->lock);
    return is_within;
}

int jt_whip_table_etag(struct jt_whip_table *table, const char *id, char out[JT_WHIP_ETAG_BYTES])
{
    const struct session *session;

    pthread_mutex_lock(&table->lock);
    session = *place(table, id);
    if (session)
        strcpy(out, session->etag);
    pthread_mutex_unlock(&table->lock);
    return session ? 0 : -ENOENT;
}

int jt_whip_table_renew(struct jt_whip_table *table, const char *id, const char *etag)
{
    struct session *session;

    pthread_mutex_lock(&table->lock);
    session = *place(table, id);
    if (session)
        strcpy(session->etag, etag);
    pthread_mutex_unlock(&table->lock);
    return session ? 0 : -ENOENT;
}

bool jt_whip_table_remove(struct jt_whip_table *table, const char *id)
{
    struct session **at, *session;

    pthread_mutex_lock(&table->lock);
    at = place(table, id);
    session = *at;
    if (session) {
        *at = session->next;
        table->count--;
    }
    pthread_mutex_unlock(&table->lock);
    if (session)
        session_free(session);
    return session != NULL;
}

int jt_whip_table_count(struct jt_whip_table *table)
{
    int count;

    pthread_mutex_lock(&table->lock);
    count = table->count;
    pthread_mutex_unlock(&table->lock);
    return count;
}
