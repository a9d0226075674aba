#include "chat/picture/picture.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <openssl/evp.h>

#include "base/log.h"
#include "base/metrics.h"
#include "chat/picture/child.h"
#include "chat/picture/turns.h"

enum {
    HASH_BYTES = PICTURE_HASH_CHARS / 2,
    SHELF_CHARS = 2,                      /* of the hash: the folder a file is in */
    NAME_BYTES = PICTURE_HASH_CHARS + 32, /* "ab/HASH-large.jpg" */
};

#define INCOMING "incoming"

struct picture_store {
    int folder, incoming;
    char *decoder;
    int64_t timeout_ms;
    struct picture_turns turns;
    atomic_uint serial; /* of the next unfinished file */
};

static struct jt_metric uploads =
    JT_COUNTER("jangteo_chat_pictures_total", "Pictures uploaded.", "result");

static void count(int err)
{
    static const struct {
        int err;
        const char *result;
    } all[] = {{0, "kept"},
               {-EBADMSG, "not_a_picture"},
               {-E2BIG, "too_large"},
               {-EMSGSIZE, "too_many_pixels"},
               {-ETIMEDOUT, "too_slow"},
               {-EBUSY, "busy"}};
    const char *result = "failed";

    for (size_t i = 0; i < JT_COUNT(all); i++)
        if (all[i].err == err)
            result = all[i].result;
    jt_metric_add(&uploads, result, 1);
}

/* ---- folders ---- */

static int open_folder(int at, const char *name, int *out)
{
    if (mkdirat(at, name, 0700) < 0 && errno != EEXIST)
        return -errno;
    *out = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out < 0 ? -errno : 0;
}

/** What was being written when a process died. */
static int clear_incoming(const struct picture_store *store)
{
    int fd = openat(store->incoming, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    const struct dirent *entry;

    if (!dir) {
        int err = -errno;

        if (fd >= 0)
            (void)close(fd);
        return err;
    }
    while ((entry = readdir(dir)))
        if (entry->d_type == DT_REG)
            (void)unlinkat(store->incoming, entry->d_name, 0);
    (void)closedir(dir);
    return 0;
}

int picture_store_new(const struct picture_config *config, struct picture_store **out)
{
    struct picture_store *store = calloc(1, sizeof(*store));
    int err = 0;

    if (!store)
        return -ENOMEM;
    store->folder = store->incoming = -1;
    store->timeout_ms = config->timeout_ms ? config->timeout_ms : PICTURE_TIMEOUT_MS;
    picture_turns_init(&store->turns, PICTURE_CHILDREN_MAX, PICTURE_WAITING_MAX);
    atomic_init(&store->serial, 0);
    store->decoder = realpath(config->decoder, NULL); /* the child starts in another folder */
    if (!store->decoder || access(store->decoder, X_OK) < 0)
        err = -errno;
    if (!err)
        err = open_folder(AT_FDCWD, config->folder, &store->folder);
    if (!err)
        err = open_folder(store->folder, INCOMING, &store->incoming);
    if (!err)
        err = clear_incoming(store);
    if (err) {
        picture_store_free(store);
        return err;
    }
    jt_metric_register(&uploads, "kept");
    *out = store;
    return 0;
}

void picture_store_free(struct picture_store *store)
{
    if (!store)
        return;
    if (store->incoming >= 0)
        (void)close(store->incoming);
    if (store->folder >= 0)
        (void)close(store->folder);
    picture_turns_deinit(&store->turns);
    free(store->decoder);
    free(store);
}

/* ---- names ---- */

bool picture_is_hash(const char *text)
{
    return strspn(text, "0123456789abcdef") == PICTURE_HASH_CHARS && !text[PICTURE_HASH_CHARS];
}

/** `hash` is one. */
static void name_of(const char *hash, enum picture_size size, char out[NAME_BYTES])
{
    (void)snprintf(out, NAME_BYTES, "%.2s/%s-%s.jpg", hash, hash,
                   size == PICTURE_LARGE ? "large" : "small");
}

static int hash_of(const void *bytes, size_t size, char out[PICTURE_HASH_CHARS + 1])
{
    unsigned char digest[HASH_BYTES];

    if (!EVP_Digest(bytes, size, digest, NULL, EVP_sha256(), NULL))
        return -EIO;
    for (size_t i = 0; i < HASH_BYTES; i++)
        (void)snprintf(out + 2 * i, 3, "%02x", digest[i]);
    return 0;
}

bool picture_exists(const struct picture_store *store, const char *hash)
{
    char large[NAME_BYTES], small[NAME_BYTES];

    if (!picture_is_hash(hash))
        return false;
    name_of(hash, PICTURE_LARGE, large);
    name_of(hash, PICTURE_SMALL, small);
    return faccessat(store->folder, large, R_OK, 0) == 0 &&
           faccessat(store->folder, small, R_OK, 0) == 0;
}

int picture_open(const struct picture_store *store, const char *hash, enum picture_size size,
                 int *out)
{
    char name[NAME_BYTES];
    int fd;

    if (!picture_is_hash(hash))
        return -ENOENT;
    name_of(hash, size, name);
    fd = openat(store->folder, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return -errno;
    *out = fd;
    return 0;
}

/* ---- keeping ---- */

static int write_durably(int fd, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, bytes, size);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0) {
            bytes += n;
            size -= (size_t)n;
        }
    }
    return fsync(fd) < 0 ? -errno : 0;
}

/** Under its name only when it is whole and on disk. */
static int keep_file(struct picture_store *store, const char *name, const uint8_t *bytes,
                     size_t size)
{
    char unfinished[16];
    int fd, err;

    (void)snprintf(unfinished, sizeof(unfinished), "%u", atomic_fetch_add(&store->serial, 1));
    fd = openat(store->incoming, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return -errno;
    err = write_durably(fd, bytes, size);
    (void)close(fd);
    if (!err && renameat(store->incoming, unfinished, store->folder, name) < 0)
        err = -errno;
    if (err)
        (void)unlinkat(store->incoming, unfinished, 0);
    return err;
}

static int sync_names(const struct picture_store *store, int shelf)
{
    return fsync(shelf) < 0 || fsync(store->folder) < 0 ? -errno : 0;
}

/** The small one first: who sees the large one sees both. */
static int keep(struct picture_store *store, const char *hash, const struct picture_answer *answer)
{
    char shelf_name[SHELF_CHARS + 1], large[NAME_BYTES], small[NAME_BYTES];
    int shelf = -1, err;

    (void)snprintf(shelf_name, sizeof(shelf_name), "%.2s", hash);
    name_of(hash, PICTURE_LARGE, large);
    name_of(hash, PICTURE_SMALL, small);
    err = open_folder(store->folder, shelf_name, &shelf);
    if (!err)
        err = keep_file(store, small, answer->bytes + answer->large_bytes, answer->small_bytes);
    if (!err)
        err = keep_file(store, large, answer->bytes, answer->large_bytes);
    if (!err)
        err = sync_names(store, shelf);
    if (shelf >= 0)
        (void)close(shelf);
    if (!err)
        return 0;
    jt_error("picture.keep", KV("err", err));
    return err == -ENOSPC || err == -EDQUOT ? -ENOSPC : -EIO;
}

static int decode(struct picture_store *store, const void *bytes, size_t size,
                  struct picture_answer *out)
{
    int err = picture_turns_enter(&store->turns, store->timeout_ms);

    if (err)
        return err;
    err = picture_child_run(store->decoder, store->timeout_ms, bytes, size, out);
    picture_turns_leave(&store->turns);
    return err;
}

static int add(struct picture_store *store, const void *bytes, size_t size, struct picture *out)
{
    struct picture_answer answer;
    struct picture picture;
    int err;

    if (size > PICTURE_UPLOAD_MAX_BYTES)
        return -E2BIG;
    if (size == 0)
        return -EBADMSG;
    err = decode(store, bytes, size, &answer);
    if (err)
        return err;
    picture.width = answer.width;
    picture.height = answer.height;
    err = hash_of(answer.bytes, answer.large_bytes, picture.hash);
    if (!err && !picture_exists(store, picture.hash))
        err = keep(store, picture.hash, &answer);
    free(answer.bytes);
    if (!err)
        *out = picture;
    return err;
}

int picture_add(struct picture_store *store, const void *bytes, size_t size, struct picture *out)
{
    int err = add(store, bytes, size, out);

    count(err);
    return err;
}
