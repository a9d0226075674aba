#include "token/keyring.h"

#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "token/key_file.h"
#include "token/mac.h"

struct jt_keyring {
    char *path;
    _Atomic int64_t looked_ms;
    pthread_rwlock_t lock;     /* for what follows */
    struct jt_key_set *keys;   /* guarded memory: locked, not in core dumps */
    struct jt_key_stamp stamp; /* of the file last tried, good or not */
};

static const char *const family_names[JT_KEY_FAMILIES] = {"token", "hook", "seal", "lookup"};

/* Whether a new key retires the one before: what was sealed or hashed stays for good. */
static bool retires(enum jt_key_family family)
{
    return family == JT_KEYS_TOKEN || family == JT_KEYS_HOOK;
}

/* Newest last, as in the file. */
static const struct jt_key *newest(const struct jt_key_set *set, enum jt_key_family family)
{
    for (size_t i = set->count; i-- > 0;)
        if (set->keys[i].family == family)
            return &set->keys[i];
    return NULL;
}

static int add_fresh(struct jt_key_set *set, enum jt_key_family family, int64_t now_ms)
{
    const struct jt_key *last = newest(set, family);
    struct jt_key *key;

    if (set->count == JT_KEYS_MAX || (last && last->id == UINT32_MAX))
        return -ENOSPC;
    key = &set->keys[set->count];
    *key = (struct jt_key){.family = family, .id = last ? last->id + 1 : 1, .made_ms = now_ms};
    randombytes_buf(key->bytes, sizeof(key->bytes));
    set->count++;
    return 0;
}

/* Of a family that retires only the newest two stay: this leaves the newest, before the next one comes. */
static void drop_old(struct jt_key_set *set, enum jt_key_family family)
{
    const uint32_t last = newest(set, family)->id;
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i].family != family || set->keys[i].id == last)
            set->keys[kept++] = set->keys[i];
    sodium_memzero(&set->keys[kept], (set->count - kept) * sizeof(set->keys[0]));
    set->count = kept;
}

static int make_first(const char *path, struct jt_key_set *set, int64_t now_ms)
{
    int err = 0;

    set->count = 0;
    for (int family = 0; family < JT_KEY_FAMILIES && !err; family++)
        err = add_fresh(set, (enum jt_key_family)family, now_ms);
    if (!err)
        err = jt_key_file_write(path, set);
    if (!err)
        jt_info("keyring.make", KV("path", path));
    return err;
}

static bool has_every_family(const struct jt_key_set *set)
{
    for (int family = 0; family < JT_KEY_FAMILIES; family++)
        if (!newest(set, (enum jt_key_family)family))
            return false;
    return true;
}

static int load(const char *path, struct jt_key_set *set, struct jt_key_stamp *stamp)
{
    int err = jt_key_file_read(path, set, stamp);

    return err ? err : has_every_family(set) ? 0 : -EBADMSG;
}

int jt_keyring_open(const char *path, bool may_create, int64_t now_ms, struct jt_keyring **out)
{
    struct jt_keyring *keyring;
    int err = -ENOMEM;

    if (sodium_init() < 0)
        return -EIO;
    keyring = calloc(1, sizeof(*keyring));
    if (!keyring)
        return -ENOMEM;
    (void)pthread_rwlock_init(&keyring->lock, NULL);
    keyring->path = strdup(path);
    keyring->keys = sodium_malloc(sizeof(*keyring->keys));
    if (!keyring->path || !keyring->keys)
        goto fail;
    err = load(path, keyring->keys, &keyring->stamp);
    if (err == -ENOENT && may_create) {
        err = make_first(path, keyring->keys, now_ms);
        if (!err)
            err = jt_key_file_look(path, &keyring->stamp);
    }
    if (err)
        goto fail;
    *out = keyring;
    return 0;

fail:
    jt_keyring_close(keyring);
    return err;
}

void jt_keyring_close(struct jt_keyring *keyring)
{
    if (!keyring)
        return;
    sodium_free(keyring->keys); /* wipes */
    free(keyring->path);
    (void)pthread_rwlock_destroy(&keyring->lock);
    free(keyring);
}

static int rotate_in(struct jt_key_set *set, enum jt_key_family family, int64_t now_ms,
                     int64_t overlap_ms)
{
    uint32_t before = newest(set, family)->id;
    int err;

    if (retires(family))
        drop_old(set, family);
    err = add_fresh(set, family, now_ms);
    if (err || !retires(family))
        return err;
    for (size_t i = 0; i < set->count; i++)
        if (set->keys[i].family == family && set->keys[i].id == before)
            set->keys[i].retire_ms = now_ms + overlap_ms;
    return 0;
}

/* From what the file says now, not from memory: nothing another process put there is lost. Write lock held. */
static int replace(struct jt_keyring *keyring, struct jt_key_set *next, enum jt_key_family family,
                   int64_t now_ms, int64_t overlap_ms)
{
    int err = load(keyring->path, next, &keyring->stamp);

    if (!err)
        err = rotate_in(next, family, now_ms, overlap_ms);
    if (!err)
        err = jt_key_file_write(keyring->path, next);
    if (err)
        return err;
    *keyring->keys = *next;
    return jt_key_file_look(keyring->path, &keyring->stamp);
}

int jt_keyring_rotate(struct jt_keyring *keyring, enum jt_key_family family, int64_t now_ms,
                      int64_t overlap_ms)
{
    struct jt_key_set *next;
    int err;

    if (family == JT_KEYS_LOOKUP)
        return -ENOTSUP;
    if ((unsigned)family >= JT_KEY_FAMILIES || overlap_ms < 0 || now_ms <= 0 ||
        overlap_ms > INT64_MAX - now_ms)
        return -EINVAL;
    next = sodium_malloc(sizeof(*next));
    if (!next)
        return -ENOMEM;
    (void)pthread_rwlock_wrlock(&keyring->lock); /* held over the fsync: a rotation is rare */
    err = replace(keyring, next, family, now_ms, overlap_ms);
    (void)pthread_rwlock_unlock(&keyring->lock);
    sodium_free(next);
    if (!err)
        jt_info("keyring.rotate", KV("family", family_names[family]), KV("overlap_ms", overlap_ms));
    return err;
}

/* Write lock held. */
static int read_again(struct jt_keyring *keyring)
{
    struct jt_key_set *next = sodium_malloc(sizeof(*next));
    int err;

    if (!next)
        return -ENOMEM;
    err = load(keyring->path, next, &keyring->stamp);
    if (!err)
        *keyring->keys = *next;
    sodium_free(next);
    return err;
}

int jt_keyring_reload(struct jt_keyring *keyring)
{
    int err;

    (void)pthread_rwlock_wrlock(&keyring->lock);
    err = read_again(keyring);
    (void)pthread_rwlock_unlock(&keyring->lock);
    return err;
}

/* A bad or missing file leaves the old keys, and is tried once. */
static void read_if_changed(struct jt_keyring *keyring)
{
    struct jt_key_stamp stamp;
    bool is_changed;
    int err = 0;

    if (jt_key_file_look(keyring->path, &stamp))
        return;
    (void)pthread_rwlock_wrlock(&keyring->lock);
    is_changed = !jt_key_stamp_is_equal(&stamp, &keyring->stamp);
    if (is_changed) {
        keyring->stamp = stamp; /* also when it can't even be opened */
        err = read_again(keyring);
    }
    (void)pthread_rwlock_unlock(&keyring->lock);
    if (is_changed && err)
        jt_warn("keyring.reload", KV("err", err));
    else if (is_changed)
        jt_info("keyring.reload");
}

/* Also when the key is known: it may have been revoked. */
static bool is_time_to_look(struct jt_keyring *keyring, int64_t now_ms)
{
    int64_t looked_ms = atomic_load(&keyring->looked_ms);

    if (now_ms <= 0 || (now_ms >= looked_ms && now_ms - looked_ms < JT_KEY_LOOK_EVERY_MS))
        return false;
    return atomic_compare_exchange_strong(&keyring->looked_ms, &looked_ms, now_ms);
}

uint32_t jt_keyring_current(struct jt_keyring *keyring, enum jt_key_family family)
{
    const struct jt_key *key;
    uint32_t id;

    (void)pthread_rwlock_rdlock(&keyring->lock);
    key = newest(keyring->keys, family);
    id = key ? key->id : 0;
    (void)pthread_rwlock_unlock(&keyring->lock);
    return id;
}

static const struct jt_key *find(const struct jt_key_set *set, enum jt_key_family family,
                                 uint32_t id, int64_t now_ms)
{
    if (id == 0)
        return newest(set, family);
    for (size_t i = 0; i < set->count; i++) {
        const struct jt_key *key = &set->keys[i];

        if (key->family == family && key->id == id)
            return key->retire_ms && now_ms >= key->retire_ms ? NULL : key;
    }
    return NULL;
}

static int copy_key(struct jt_keyring *keyring, enum jt_key_family family, uint32_t *id,
                    int64_t now_ms, uint8_t out[JT_KEY_BYTES])
{
    const struct jt_key *key;

    (void)pthread_rwlock_rdlock(&keyring->lock);
    key = find(keyring->keys, family, *id, now_ms);
    if (key) {
        *id = key->id;
        memcpy(out, key->bytes, JT_KEY_BYTES);
    }
    (void)pthread_rwlock_unlock(&keyring->lock);
    return key ? 0 : -ENOKEY;
}

int jt_keyring_key(struct jt_keyring *keyring, enum jt_key_family family, uint32_t *id,
                   int64_t now_ms, uint8_t out[JT_KEY_BYTES])
{
    int err;

    if (is_time_to_look(keyring, now_ms))
        read_if_changed(keyring);
    err = copy_key(keyring, family, id, now_ms, out);
    if (!err || now_ms <= 0)
        return err;
    read_if_changed(
        keyring); /* it may have been made a moment ago; or another thread has just read it */
    return copy_key(keyring, family, id, now_ms, out);
}
